//! The outcome of a run, as values; and as text, Markdown and JSON.

use serde_json::{Value, json};

use super::figure::Measured;
use super::goal::{Goal, goals};
use super::neighbour::Neighbour;
use super::scenario::{Beside, Scenario};

#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Measured {
        measured: Measured,
        beside: Option<Neighbouring>,
    },
    /// The server does not do it, and said so.
    Unsupported(String),
}

/// What stands beside a figure, measured in turn with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbouring {
    pub(super) per_second: f64,
    /// The median of the slices' shares: two slices that follow each other meet the machine in the same mood.
    pub(super) share: f64,
    /// The share that the processor time of client and server would give on a machine with nothing else to do.
    pub(super) share_of_cpu: Option<f64>,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) users: usize,
    pub(super) in_flight: usize,
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) members: Option<usize>,
    pub(super) kind: Beside,
    pub(super) outcome: Outcome,
}

/// How the users came to be there.
#[derive(Debug, Clone)]
pub(super) struct Filling {
    pub(super) users: usize,
    pub(super) added: usize,
    pub(super) seconds: f64,
    pub(super) how: &'static str,
}

impl std::fmt::Display for Filling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { users, added, seconds, how } = self;
        let rate = *added as f64 / seconds.max(0.001);
        write!(f, "{users} users: {added} {how} in {seconds:.1} s, {rate:.0}/s")
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    /// Where the data is, or whose server it is.
    pub(super) storage: String,
    pub(super) rows: Vec<Row>,
    pub(super) fillings: Vec<Filling>,
    /// Anonymous bytes of the server that just started.
    pub(super) idle: Option<u64>,
    /// Users, and the most anonymous bytes while they were worked with.
    pub(super) memory: Vec<(usize, u64)>,
    pub(super) neighbours: Vec<Neighbour>,
    /// Users, and durable 4 KiB writes a second before that size was measured.
    pub(super) fsyncs: Vec<(usize, f64)>,
    /// Load average before and after.
    pub(super) load: (String, String),
    /// Users, what was not measured, and why.
    pub(super) refused: Vec<(usize, String, String)>,
}

impl Row {
    pub(super) fn new(users: usize, in_flight: usize, scenario: &Scenario) -> Self {
        let Scenario { id, name, members, beside, .. } = scenario;
        let outcome = Outcome::Unsupported("not measured".into());
        Self { users, in_flight, id, name: name.clone(), members: *members, kind: *beside, outcome }
    }

    pub(super) fn measured(&self) -> Option<&Measured> {
        match &self.outcome {
            Outcome::Measured { measured, .. } => Some(measured),
            Outcome::Unsupported(_) => None,
        }
    }

    fn neighbouring(&self) -> Option<&Neighbouring> {
        match &self.outcome {
            Outcome::Measured { beside, .. } => beside.as_ref(),
            Outcome::Unsupported(_) => None,
        }
    }

    pub(super) fn beside(&self) -> Option<f64> {
        self.neighbouring().map(|beside| beside.per_second)
    }

    /// Throughput as a share of what stands beside it.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.neighbouring().map(|beside| beside.share).filter(|share| share.is_finite())
    }

    pub(super) fn ratio_of_cpu(&self) -> Option<f64> {
        self.neighbouring()?.share_of_cpu
    }

    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            Beside::Bare => "bare server",
            Beside::CreateSet | Beside::PatchSet => "bare write set",
            Beside::Scan => "byte scan",
            Beside::OwnCreate => "own create",
            Beside::Pgbench => "pgbench",
        }
    }

    pub(super) fn line(&self) -> String {
        let name = format!("{:<38} {:>2} in flight", self.name, self.in_flight);
        let measured = match &self.outcome {
            Outcome::Measured { measured, .. } => measured,
            Outcome::Unsupported(why) => return format!("{name}  not supported: {why}"),
        };
        let Measured { per_second, p50_us, p95_us, p99_us, errors, .. } = measured;
        let mut line = format!(
            "{name} {per_second:>8.0}/s  p50 {p50_us:>6} p95 {p95_us:>6} p99 {p99_us:>6} µs  {:>7} µs CPU",
            measured.cpu_us.map_or("-".into(), |us| format!("{us:.0}"))
        );
        if let (Some(beside), Some(ratio)) = (self.beside(), self.ratio()) {
            line += &format!("  {:>4.0} % of {} {beside:.0}/s", ratio * 100.0, self.what());
            if let Some(share) = self.ratio_of_cpu() {
                line += &format!(", by CPU {:.0} %", share * 100.0);
            }
        }
        if *errors > 0 {
            let first = measured.first_error.as_deref().unwrap_or_default();
            line += &format!("  {errors} errors: {first}");
        }
        line
    }
}

impl Report {
    /// The rate of the same server's create stands beside what is compared with it.
    pub(super) fn with_create(&self, mut row: Row) -> Row {
        let create = self.find("create", None, row.users, row.in_flight);
        if let (Beside::OwnCreate, Outcome::Measured { measured, beside }) = (row.kind, &mut row.outcome) {
            *beside = create.and_then(Row::measured).map(|create| Neighbouring {
                per_second: create.per_second,
                share: measured.per_second / create.per_second,
                share_of_cpu: None,
            });
        }
        row
    }

    pub(super) fn find(
        &self,
        id: &str,
        members: Option<usize>,
        users: usize,
        in_flight: usize,
    ) -> Option<&Row> {
        self.rows.iter().find(|row| {
            row.id == id
                && row.users == users
                && row.in_flight == in_flight
                && (members.is_none() || row.members == members)
        })
    }

    /// Sizes that were measured, smallest first.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.rows.iter().map(|row| row.users).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    pub(super) fn errors(&self) -> u64 {
        self.rows.iter().filter_map(Row::measured).map(|measured| measured.errors).sum()
    }

    fn conditions(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let fsyncs: Vec<_> = self.fsyncs.iter().map(|(_, rate)| format!("{rate:.0}")).collect();
        format!(
            "{}; {cores} processors, client beside server; load average {} before and {} after; durable 4 KiB writes a second \
             before each size: {}",
            self.storage,
            self.load.0,
            self.load.1,
            fsyncs.join(", ")
        )
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.conditions() + "\n";
        for size in self.sizes() {
            text += &format!("\n{size} users\n");
            for row in self.rows.iter().filter(|row| row.users == size) {
                text += &format!("  {}\n", row.line());
            }
        }
        text += "\n";
        for (size, bytes) in &self.memory {
            text += &format!("anonymous memory with {size} users, at most: {} MB\n", bytes / 1_000_000);
        }
        for neighbour in &self.neighbours {
            text += &format!("{}\n", neighbour.line());
        }
        for (size, what, why) in &self.refused {
            text += &format!("not measured with {size} users: {what}: {why}\n");
        }
        text += &self
            .growth()
            .iter()
            .fold("\ngrowth: cost at the largest size, 1.00 is flat\n".to_owned(), |text, line| {
                format!("{text}  {:<38} {:>2} in flight  {:.2}\n", line.0, line.1, line.2)
            });
        text += "\nfigures to reach\n";
        for goal in goals(self) {
            text +=
                &format!("  {:<14} {}: {}; goal {}\n", goal.verdict.word(), goal.work, goal.found, goal.goal);
        }
        text
    }

    /// Name, requests in flight, and how much more it costs among the most users than among the fewest, the machine's
    /// moods taken out by what stands beside it.
    pub(super) fn growth(&self) -> Vec<(String, usize, f64)> {
        let sizes = self.sizes();
        let (Some(&first), Some(&last)) = (sizes.first(), sizes.last()) else { return Vec::new() };
        if first == last {
            return Vec::new();
        }
        let small = self.rows.iter().filter(|row| row.users == first);
        let grown = small.filter_map(|small| {
            let large = self.find(small.id, small.members, last, small.in_flight)?;
            Some((small.name.clone(), small.in_flight, cost(small, large)?))
        });
        grown.collect()
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("{}.\n\n### Figures to reach\n\n", self.conditions());
        text += "| work | goal | measured | |\n|---|---|---|---|\n";
        for Goal { work, goal, found, verdict } in goals(self) {
            text += &format!("| {work} | {goal} | {found} | {} |\n", verdict.word());
        }
        for size in self.sizes() {
            text += &format!("\n### {} users\n\n", grouped(size));
            text += "| request | in flight | requests/s | p50 µs | p95 µs | p99 µs | CPU µs | beside it | of that | by CPU |\n";
            text += "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
            for row in self.rows.iter().filter(|row| row.users == size) {
                text += &row_markdown(row);
            }
        }
        text += "\n### Memory\n\n";
        if let Some(idle) = self.idle {
            text += &format!("Anonymous memory of the server: {} MB idle", idle / 1_000_000);
        }
        for (size, bytes) in &self.memory {
            text += &format!("; at most {} MB with {} users", bytes / 1_000_000, grouped(*size));
        }
        text += ".\n";
        for neighbour in &self.neighbours {
            text += &format!("\nWith {} users, {}.\n", grouped(neighbour.users), neighbour.line());
        }
        let growth = self.growth();
        if !growth.is_empty() {
            text += "\n### Growth\n\nCost at the largest size as a multiple of that at the smallest; 1.00 is flat.\n\n";
            text += "| request | in flight | cost |\n|---|---:|---:|\n";
            for (name, in_flight, cost) in growth {
                text += &format!("| {name} | {in_flight} | {cost:.2} |\n");
            }
        }
        for filling in &self.fillings {
            text += &format!("\n{filling}.\n");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(row_json).collect();
        let goals: Vec<_> = goals(self)
            .into_iter()
            .map(
                |g| json!({ "work": g.work, "goal": g.goal, "found": g.found, "reached": g.verdict.known() }),
            )
            .collect();
        let memory: Vec<_> = self
            .memory
            .iter()
            .map(|(users, bytes)| json!({ "users": users, "anonymous_bytes": bytes }))
            .collect();
        let fillings: Vec<_> = self
            .fillings
            .iter()
            .map(|f| json!({ "users": f.users, "added": f.added, "seconds": f.seconds, "how": f.how }))
            .collect();
        let neighbours: Vec<_> = self
            .neighbours
            .iter()
            .map(|n| {
                json!({ "users": n.users, "alone": figures(&n.alone), "meanwhile": figures(&n.meanwhile),
                        "filters": figures(&n.filters) })
            })
            .collect();
        let fsyncs: Vec<_> =
            self.fsyncs.iter().map(|(users, rate)| json!({ "users": users, "per_second": rate })).collect();
        let refused: Vec<_> = self
            .refused
            .iter()
            .map(|(users, what, why)| json!({ "users": users, "what": what, "why": why }))
            .collect();
        json!({
            "storage": self.storage, "load_average": { "before": self.load.0, "after": self.load.1 },
            "fsyncs": fsyncs, "idle_anonymous_bytes": self.idle, "memory": memory, "fillings": fillings,
            "rows": rows, "neighbours": neighbours, "not_measured": refused, "figures_to_reach": goals,
        })
    }
}

/// How much more the same operation costs in the second row than in the first.
pub(super) fn cost(small: &Row, large: &Row) -> Option<f64> {
    match (small.kind, small.ratio(), large.ratio()) {
        // The byte scan and the own create grow or shrink themselves.
        (Beside::Bare | Beside::CreateSet | Beside::PatchSet | Beside::Pgbench, Some(small), Some(large))
            if large > 0.0 =>
        {
            Some(small / large)
        }
        _ => {
            let large = large.measured()?.per_second;
            (large > 0.0).then_some(small.measured()?.per_second / large)
        }
    }
}

fn row_markdown(row: &Row) -> String {
    let Some(m) = row.measured() else {
        let Outcome::Unsupported(why) = &row.outcome else { return String::new() };
        return format!(
            "| {} | {} | not supported: {} | | | | | | | |\n",
            row.name,
            row.in_flight,
            why.replace('|', "/")
        );
    };
    let name = match m.errors {
        0 => row.name.clone(),
        errors => format!("{} (**{errors} errors**)", row.name),
    };
    let beside = row.beside().map_or(String::new(), |rate| format!("{} {rate:.0}/s", row.what()));
    let ratio = row.ratio().map_or(String::new(), |ratio| format!("{:.0} %", ratio * 100.0));
    let by_cpu = row.ratio_of_cpu().map_or(String::new(), |share| format!("{:.0} %", share * 100.0));
    let cpu = m.cpu_us.map_or(String::new(), |us| format!("{us:.0}"));
    format!(
        "| {name} | {} | {:.0} | {} | {} | {} | {cpu} | {beside} | {ratio} | {by_cpu} |\n",
        row.in_flight, m.per_second, m.p50_us, m.p95_us, m.p99_us
    )
}

fn figures(m: &Measured) -> Value {
    json!({ "per_second": m.per_second, "p50_us": m.p50_us, "p95_us": m.p95_us, "p99_us": m.p99_us, "max_us": m.max_us,
            "operations": m.operations, "errors": m.errors, "first_error": m.first_error,
            "answer_bytes": m.answer_bytes, "cpu_us": m.cpu_us })
}

fn row_json(row: &Row) -> Value {
    let mut value = json!({ "users": row.users, "in_flight": row.in_flight, "id": row.id, "request": row.name,
                            "members": row.members });
    match &row.outcome {
        Outcome::Measured { measured, .. } => {
            value["measured"] = figures(measured);
            value["beside"] = json!({ "what": row.what(), "per_second": row.beside(), "ratio": row.ratio(),
                                      "ratio_of_cpu": row.ratio_of_cpu() });
        }
        Outcome::Unsupported(why) => value["not_supported"] = why.clone().into(),
    }
    value
}

/// With commas, as numbers are written in prose.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
