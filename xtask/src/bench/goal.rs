//! The figures to reach, held against a report.

use super::report::{Report, Row, cost, grouped};
use super::scenario::Beside;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Reached,
    NotReached,
    NotMeasured,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) work: &'static str,
    pub(super) goal: &'static str,
    pub(super) found: String,
    pub(super) verdict: Verdict,
}

const LOOK_UPS: [&str; 4] = ["userName.hit", "userName.miss", "externalId.hit", "externalId.miss"];

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::NotReached => "**not reached**",
            Self::NotMeasured => "not measured",
        }
    }

    pub(super) fn known(self) -> Option<bool> {
        match self {
            Self::Reached => Some(true),
            Self::NotReached => Some(false),
            Self::NotMeasured => None,
        }
    }

    fn of(reached: bool) -> Self {
        if reached { Self::Reached } else { Self::NotReached }
    }
}

/// What a judgement looks at.
struct Place<'a> {
    report: &'a Report,
    /// The size that most goals speak of: 100,000, or the largest that was measured.
    users: usize,
    smallest: usize,
    largest: usize,
    in_flight: usize,
}

pub(super) fn goals(report: &Report) -> Vec<Goal> {
    let sizes = report.sizes();
    let (Some(&smallest), Some(&largest)) = (sizes.first(), sizes.last()) else { return Vec::new() };
    let users = if sizes.contains(&100_000) { 100_000 } else { largest };
    let most = report.rows.iter().map(|row| row.in_flight).max().unwrap_or(1);
    let in_flight = if report.rows.iter().any(|row| row.in_flight == 16) { 16 } else { most };
    let place = Place { report, users, smallest, largest, in_flight };
    let mut goals = vec![
        place.share("GET by id", "≥ 60 % of the bare server", &["get"], Beside::Bare, 0.6),
        place.share(
            "userName eq, externalId eq, hit and miss: the worst",
            "≥ 50 % of the bare server",
            &LOOK_UPS,
            Beside::Bare,
            0.5,
        ),
        place.flat(),
        place.share("durable create", "≥ 60 % of the bare write set", &["create"], Beside::CreateSet, 0.6),
        place.share("PATCH active", "≥ 60 % of the bare write set", &["patch.active"], Beside::PatchSet, 0.6),
        place.share(
            "page of 100",
            "≥ 30 % of the bare server with the same bytes",
            &["page.first"],
            Beside::Bare,
            0.3,
        ),
        place.late_page(),
        place.members(),
        place.share(
            "add one member: the worst",
            "≥ 60 % of the create rate",
            &["member.add"],
            Beside::OwnCreate,
            0.6,
        ),
        place.share(
            "id eq and members eq: the worst",
            "≥ 50 % of the bare server",
            &["membership"],
            Beside::Bare,
            0.5,
        ),
        place.scan(),
        place.neighbour(),
        place.share("PostgreSQL: GET by id", "≥ 60 % of pgbench", &["get"], Beside::Pgbench, 0.6),
        place.share("PostgreSQL: create", "≥ 70 % of pgbench", &["create"], Beside::Pgbench, 0.7),
    ];
    goals.extend(place.memory());
    goals
}

impl Place<'_> {
    fn rows(&self, ids: &[&str], kind: Beside) -> Vec<&Row> {
        let is_meant = |row: &&Row| {
            row.users == self.users
                && row.in_flight == self.in_flight
                && row.kind == kind
                && ids.contains(&row.id)
        };
        self.report.rows.iter().filter(is_meant).collect()
    }

    /// The worst of these rows is at least so much of what stands beside it.
    fn share(&self, work: &'static str, goal: &'static str, ids: &[&str], kind: Beside, least: f64) -> Goal {
        let rows = self.rows(ids, kind);
        let worst =
            rows.iter().filter_map(|row| Some((row.ratio()?, *row))).min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((ratio, row)) = worst else { return none(work, goal) };
        let beside = row.beside().unwrap_or_default();
        let mut found = format!("{:.0} % of {beside:.0}/s at {} users", ratio * 100.0, grouped(self.users));
        if rows.len() > 1 {
            found += &format!(" ({})", row.name);
        }
        if let Some(share) = row.ratio_of_cpu() {
            found += &format!("; by processor time {:.0} %", share * 100.0);
        }
        let is_right = rows.iter().all(|row| row.measured().is_some_and(|m| m.errors == 0));
        if !is_right {
            found += ", with wrong answers";
        }
        Goal { work, goal, found, verdict: Verdict::of(ratio >= least && is_right) }
    }

    fn flat(&self) -> Goal {
        let (work, goal) =
            ("the same look-ups as the tenant fills: the worst", "within 1.3× from 1,000 to 1,000,000 users");
        let grown = LOOK_UPS.iter().filter_map(|id| {
            let small = self.report.find(id, None, self.smallest, self.in_flight)?;
            cost(small, self.report.find(id, None, self.largest, self.in_flight)?)
        });
        match grown.max_by(f64::total_cmp) {
            Some(cost) if self.smallest < self.largest => {
                let found =
                    format!("{cost:.2}× from {} to {}", grouped(self.smallest), grouped(self.largest));
                Goal { work, goal, found, verdict: Verdict::of(cost <= 1.3) }
            }
            _ => none(work, goal),
        }
    }

    fn late_page(&self) -> Goal {
        let (work, goal) = ("a late page by cursor", "page 1,000 within 1.5× of page 1");
        let page = |id| self.report.find(id, None, self.users, self.in_flight);
        match (page("page.cursor"), page("page.cursor.deep")) {
            (Some(first), Some(late)) if first.measured().is_some() => {
                let Some(cost) = plain_cost(first, late) else { return none(work, goal) };
                let found = format!("{cost:.2}× ({})", late.name);
                Goal { work, goal, found, verdict: Verdict::of(cost <= 1.5) }
            }
            _ => none(work, goal),
        }
    }

    /// Among the users of the largest size, so that both are measured within minutes.
    fn members(&self) -> Goal {
        let (work, goal) = ("add one member, as the group fills", "within 1.2× from 10 to 1,000,000 members");
        let is_meant = |row: &&Row| {
            row.id == "member.add" && row.users == self.largest && row.in_flight == self.in_flight
        };
        let mut rows: Vec<_> = self.report.rows.iter().filter(is_meant).collect();
        rows.sort_by_key(|row| row.members);
        let (Some(small), Some(large)) = (rows.first(), rows.last()) else { return none(work, goal) };
        match plain_cost(small, large) {
            Some(cost) if rows.len() > 1 => {
                let of = |row: &Row| grouped(row.members.unwrap_or_default());
                let found = format!("{cost:.2}× from {} to {} members", of(small), of(large));
                Goal { work, goal, found, verdict: Verdict::of(cost <= 1.2) }
            }
            _ => none(work, goal),
        }
    }

    fn scan(&self) -> Goal {
        let (work, goal) =
            ("emails.value co, 1 % hits, 1 in flight", "≤ 3× a byte scan of the same documents");
        let row = self.report.find("contains.hits", None, self.users, 1);
        let Some((row, ratio)) = row.and_then(|row| Some((row, row.ratio()?))) else {
            return none(work, goal);
        };
        let scan = row.beside().map_or(0.0, |rate| 1_000.0 / rate);
        let found = format!("{:.1}× {scan:.0} ms at {} users", 1.0 / ratio, grouped(self.users));
        Goal { work, goal, found, verdict: Verdict::of(ratio >= 1.0 / 3.0) }
    }

    fn neighbour(&self) -> Goal {
        let (work, goal) = ("another tenant's reads meanwhile", "none waits for a filter");
        let found = self.report.neighbours.iter().find(|n| n.users == self.users);
        let Some(n) = found else { return none(work, goal) };
        let text = format!(
            "slowest read {:.1} ms, p99 {:.1} ms, while a filter takes {:.0} ms; {:.0} % of the rate alone",
            f64::from(n.meanwhile.max_us) / 1e3,
            f64::from(n.meanwhile.p99_us) / 1e3,
            f64::from(n.filters.p50_us) / 1e3,
            100.0 * n.meanwhile.per_second / n.alone.per_second.max(1.0)
        );
        let is_right = n.meanwhile.errors == 0 && n.filters.errors == 0 && n.meanwhile.operations > 0;
        Goal {
            work,
            goal,
            found: text,
            verdict: Verdict::of(is_right && n.meanwhile.max_us < n.filters.p50_us),
        }
    }

    fn memory(&self) -> Vec<Goal> {
        let judge = |work, goal, bytes: Option<u64>, most: u64| match bytes {
            Some(bytes) => {
                let found = format!("{:.0} MB", bytes as f64 / 1e6);
                Goal { work, goal, found, verdict: Verdict::of(bytes <= most * 1_000_000) }
            }
            None => none(work, goal),
        };
        let at = |users| self.report.memory.iter().find(|(size, _)| *size == users).map(|(_, bytes)| *bytes);
        vec![
            judge("anonymous memory, idle", "< 40 MB", self.report.idle, 40),
            judge("anonymous memory, 100,000 users under load", "≤ 200 MB", at(100_000), 200),
            judge("anonymous memory, 1,000,000 users under load", "≤ 300 MB", at(1_000_000), 300),
        ]
    }
}

/// Of two rows that were measured close to each other.
fn plain_cost(small: &Row, large: &Row) -> Option<f64> {
    let rate = large.measured()?.per_second;
    (rate > 0.0).then_some(small.measured()?.per_second / rate)
}

fn none(work: &'static str, goal: &'static str) -> Goal {
    Goal { work, goal, found: "not in this run".into(), verdict: Verdict::NotMeasured }
}

#[cfg(test)]
mod tests {
    use super::super::figure::Measured;
    use super::super::report::{Neighbouring, Outcome};
    use super::*;

    fn row(users: usize, id: &'static str, members: Option<usize>, kind: Beside, rates: (f64, f64)) -> Row {
        let measured = Measured {
            per_second: rates.0,
            p50_us: 1,
            p95_us: 1,
            p99_us: 1,
            max_us: 1,
            operations: 1,
            errors: 0,
            first_error: None,
            answer_bytes: 1,
            cpu_us: None,
        };
        let share = rates.0 / rates.1;
        let beside = Neighbouring { per_second: rates.1, share, share_of_cpu: None };
        let outcome = Outcome::Measured { measured, beside: Some(beside) };
        Row { users, in_flight: 16, id, name: id.into(), members, kind, outcome }
    }

    fn verdict(report: &Report, work: &str) -> Verdict {
        let goals = goals(report);
        goals.iter().find(|goal| goal.work.starts_with(work)).map(|goal| goal.verdict).expect("a goal")
    }

    #[test]
    fn a_share_is_judged_by_the_worst_row_of_the_size_that_is_meant() {
        let mut report = Report::default();
        report.rows.push(row(1_000, "get", None, Beside::Bare, (10.0, 100.0)));
        report.rows.push(row(100_000, "get", None, Beside::Bare, (60.0, 100.0)));
        for (id, rate) in [("userName.hit", 70.0), ("userName.miss", 49.0), ("externalId.hit", 80.0)] {
            report.rows.push(row(100_000, id, None, Beside::Bare, (rate, 100.0)));
        }
        assert_eq!(verdict(&report, "GET by id"), Verdict::Reached);
        assert_eq!(verdict(&report, "userName eq"), Verdict::NotReached);
        assert_eq!(verdict(&report, "durable create"), Verdict::NotMeasured);
        assert_eq!(verdict(&report, "PostgreSQL: GET"), Verdict::NotMeasured);
    }

    #[test]
    fn a_wrong_answer_reaches_nothing() {
        let mut report = Report::default();
        report.rows.push(row(100_000, "get", None, Beside::Bare, (90.0, 100.0)));
        assert_eq!(verdict(&report, "GET by id"), Verdict::Reached);
        if let Outcome::Measured { measured, .. } = &mut report.rows[0].outcome {
            measured.errors = 1;
        }
        assert_eq!(verdict(&report, "GET by id"), Verdict::NotReached);
    }

    #[test]
    fn growth_is_seen_through_the_moods_of_the_machine() {
        let mut report = Report::default();
        // Half as fast, but so is the bare server.
        report.rows.push(row(1_000, "userName.hit", None, Beside::Bare, (70.0, 100.0)));
        report.rows.push(row(1_000_000, "userName.hit", None, Beside::Bare, (35.0, 50.0)));
        assert_eq!(verdict(&report, "the same look-ups"), Verdict::Reached);
        report.rows[1] = row(1_000_000, "userName.hit", None, Beside::Bare, (35.0, 100.0));
        assert_eq!(verdict(&report, "the same look-ups"), Verdict::NotReached);
    }

    #[test]
    fn members_and_memory() {
        let mut report = Report::default();
        report.rows.push(row(1_000, "member.add", Some(10), Beside::OwnCreate, (100.0, 100.0)));
        report.rows.push(row(1_000, "member.add", Some(1_000), Beside::OwnCreate, (90.0, 100.0)));
        (report.idle, report.memory) = (Some(41_000_000), vec![(100_000, 200_000_000)]);
        assert_eq!(verdict(&report, "add one member, as"), Verdict::Reached);
        assert_eq!(verdict(&report, "anonymous memory, idle"), Verdict::NotReached);
        assert_eq!(verdict(&report, "anonymous memory, 100,000"), Verdict::Reached);
        assert_eq!(verdict(&report, "anonymous memory, 1,000,000"), Verdict::NotMeasured);
    }

    #[test]
    fn a_report_of_nothing_has_no_goals() {
        assert!(goals(&Report::default()).is_empty());
    }
}
