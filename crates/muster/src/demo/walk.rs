//! The walk-through, as an administrator makes it: key, application, Test Connection, mapping, assignment, on demand, start,
//! initial cycle, changes, incremental cycles, provisioning logs; after each cycle the target is compared with the company.

use std::time::{Duration, Instant};

use directory::{ExchangeQuery, Kind, TenantId};
use provision::application::Template;
use provision::connection::Connection;
use provision::control::StatusView;
use provision::cycle_schedule::ScheduleState;
use provision::job::JobConfig;
use provision::record::LogStatus;
use provision::{Exchange, LogQuery, Secret};

use super::book::{Book, Tally};
use super::client::{Client, Outcome};
use super::company::Company;
use super::fill::{Office, fill};
use super::report::{Section, Step};
use super::{changes, verify};
use crate::command::app::{mapping, on_demand, status};
use crate::house::House;
use crate::output::{Failure, Result, table};
use crate::progress;

pub(super) const APPLICATION: &str = "Visual Passcodes";

/// How often the state of a cycle is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A cycle that has not come to its end after so long never will.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// Rows of the log that are shown.
const LOG_ROWS: usize = 12;

/// The two ends.
pub(super) struct Ends {
    pub(super) company: TenantId,
    pub(super) provider: TenantId,
    /// SCIM Base URL of the identity provider's tenant, and a key of it.
    pub(super) base: String,
    pub(super) key: String,
}

struct Walk<'a> {
    house: &'a House,
    office: Office,
    company: &'a mut Company,
    client: Client,
    ends: &'a Ends,
    /// Id of the application, once it is there.
    application: String,
    sections: Vec<Section>,
    /// Requests in the provisioning logs that changed something at the target.
    written: usize,
    /// The department that is taken out of scope, and put back.
    leaving: Option<usize>,
}

pub(super) async fn walk(house: &House, ends: &Ends, users: u32) -> Result<(Vec<Step>, Vec<Section>)> {
    let bar = progress::objects();
    let client =
        Client::new(&ends.base, &ends.key, indicatif::ProgressBar::hidden()).map_err(Failure::new)?;
    let mut company = Company::new(users);
    let mut book = Book::new(client.clone(), bar.clone());
    let leaving = company.department_to_leave();
    let mut walk = Walk {
        house,
        office: Office::new(house, &ends.company),
        company: &mut company,
        client,
        ends,
        application: String::new(),
        sections: Vec::new(),
        written: 0,
        leaving,
    };
    let w = &mut walk;
    book.write("Fill the company directory", fill(&w.office, w.company)).await;
    book.write("Create application, Test Connection", Box::pin(w.connect())).await;
    book.write("Assign groups", w.assign()).await;
    book.write("Provision one user on demand", Box::pin(w.on_demand())).await;
    book.note("Start provisioning: initial cycle", w.initial(&bar)).await;
    book.write("Compare target, users", verify::users(&w.client, w.company)).await;
    book.write("Compare target, groups", verify::groups(&w.client, w.company)).await;
    book.write("Change people and groups", changes::directory(&w.office, w.company, w.leaving)).await;
    book.write("Unassign a department", w.unassign()).await;
    book.note("Incremental cycles, pushed", w.incremental(&bar, 0)).await;
    book.write("Compare target, users", verify::users(&w.client, w.company)).await;
    book.write("Compare target, groups", verify::groups(&w.client, w.company)).await;
    book.write("Assign it again, unblock a user", w.assign_again()).await;
    book.note("Incremental cycles, pushed", w.incremental(&bar, 1)).await;
    book.write("Compare target, users", verify::users(&w.client, w.company)).await;
    book.write("Compare target, groups", verify::groups(&w.client, w.company)).await;
    book.write("Plan a whole cycle", Box::pin(w.plan(&bar))).await;
    book.write("Provisioning logs", w.logs()).await;
    book.write("Compare with the target's request log", w.requests()).await;
    Ok((book.close(), walk.sections))
}

impl Walk<'_> {
    fn context(&self) -> directory::Context {
        self.house.context(&self.ends.company)
    }

    async fn view(&self) -> Outcome<StatusView> {
        let view = self.house.provisioning.status(&self.ends.company, &self.application).await;
        view.map_err(|e| e.to_string())
    }

    /// Tested before it is saved, as the console does it.
    async fn connect(&mut self) -> Tally {
        match self.try_connect().await {
            Ok((expected, got, problems)) => Tally::new("checks passed", expected, got, problems),
            Err(problem) => Tally::failed("checks passed", problem),
        }
    }

    async fn try_connect(&mut self) -> Outcome<(usize, usize, Vec<String>)> {
        let provisioning = &self.house.provisioning;
        let tenant = &self.ends.company;
        let application = provisioning.create_application(self.context(), APPLICATION, Template::Scim).await;
        let id = application.map_err(|e| e.to_string())?.id;
        let connection = Connection::new(&self.ends.base);
        let secret = Secret::new(&self.ends.key);
        let test = provisioning.test_connection(tenant, Some(&id), &connection, Some(secret.clone())).await;
        let report = test.map_err(|e| e.to_string())?;
        let good = |check: &&provision::test_connection::Check| check.ok && !check.warning;
        let passed = report.checks.iter().filter(good).count();
        let problems = report.checks.iter().filter(|c| !good(c)).map(|c| c.message.clone()).collect();
        let ticket = report.ticket.unwrap_or_default();
        let set = provisioning.set_connection(self.context(), &id, connection, Some(secret), ticket).await;
        let job = set.map_err(|e| e.to_string())?;
        let mut config = JobConfig { push: true, ..job.config };
        // A department of a large company may go too; the percentage stays.
        config.guard.count = config.guard.count.max(self.company.people.len() as u64 / 5);
        let set = provisioning.set_config(self.context(), &id, job.epoch, config).await;
        let job = set.map_err(|e| e.to_string())?;
        let mappings: Vec<String> = job.rules.mappings.iter().map(mapping::text).collect();
        self.sections.push(Section { title: "Attribute mapping", text: mappings.join("\n\n") });
        self.application = id;
        Ok((report.checks.len(), passed, problems))
    }

    async fn assign(&mut self) -> Tally {
        let assigned = self.company.assigned.iter().filter_map(|number| self.company.teams.get(*number));
        let groups: Vec<_> = assigned.map(|team| (Kind::Group, team.id.clone())).collect();
        let expected = groups.len();
        match self.house.provisioning.assign(self.context(), &self.application, groups, "").await {
            Ok(got) => {
                Tally::new("groups assigned", expected, usize::try_from(got).unwrap_or_default(), Vec::new())
            }
            Err(error) => Tally::failed("groups assigned", error.to_string()),
        }
    }

    /// Somebody whose manager is not at the target yet: the reference follows with the cycle.
    async fn on_demand(&mut self) -> Tally {
        let scope = self.company.in_scope();
        let chosen = scope.iter().copied().find(|number| {
            self.company.people.get(*number).is_some_and(|employee| employee.person.manager.is_some())
        });
        let Some(employee) = chosen.and_then(|number| self.company.people.get_mut(number)) else {
            return Tally::failed("user created", "nobody is in scope");
        };
        let ran = self.house.provisioning.on_demand(
            self.house.context(&self.ends.company),
            &self.application,
            Kind::User,
            &employee.id,
            Vec::new(),
        );
        let report = match ran.await {
            Ok(report) => report,
            Err(error) => return Tally::failed("user created", error.to_string()),
        };
        employee.linked = true;
        self.company.created += 1;
        self.sections.push(Section { title: "Provision on demand", text: on_demand::text(&report) });
        let target = report.target_id.clone().unwrap_or_default();
        let there = self.client.get(&format!("/Users/{target}")).await.and_then(|reply| reply.expect(&[200]));
        let mut problems: Vec<String> = there.err().into_iter().collect();
        if report.status != LogStatus::Success {
            problems.push(report.summary);
        }
        Tally::new("user created", 1, usize::from(problems.is_empty()), problems)
    }

    async fn initial(&mut self, bar: &indicatif::ProgressBar) -> (Tally, String) {
        if let Err(error) = self.house.provisioning.start(self.context(), &self.application).await {
            return (Tally::failed("objects created", error.to_string()), String::new());
        }
        let groups = self.company.assigned.len();
        let expected = self.company.settle(groups);
        let view = match self.settled(bar).await {
            Ok(view) => view,
            Err(problem) => return (Tally::failed("objects created", problem), String::new()),
        };
        let created =
            |count: &&provision::control::Count| count.action == "create" && count.status == "success";
        let counts = view.cycles.iter().flat_map(|cycle| &cycle.counts);
        let got: u64 = counts.filter(created).map(|count| count.n).sum();
        let note = view.cycles.last().map(|cycle| status::done(&cycle.counts)).unwrap_or_default();
        (Tally::new("objects created", expected, usize::try_from(got).unwrap_or_default(), Vec::new()), note)
    }

    /// Wait until everything that was changed has reached the target.
    async fn incremental(&mut self, bar: &indicatif::ProgressBar, groups: usize) -> (Tally, String) {
        self.company.settle(groups);
        let before = self.view().await.ok().and_then(|view| Some(view.cycles.first()?.id.clone()));
        let view = match self.settled(bar).await {
            Ok(view) => view,
            Err(problem) => return (Tally::failed("up to date", problem), String::new()),
        };
        let new = view.cycles.iter().take_while(|cycle| Some(&cycle.id) != before.as_ref());
        let counts: Vec<_> = new.flat_map(|cycle| cycle.counts.clone()).collect();
        let notes = if counts.is_empty() { String::new() } else { status::done(&counts) };
        (Tally::new("up to date", 1, 1, Vec::new()), notes)
    }

    /// Until the job has read all changes and nothing is left to do; the bar shows how far it is.
    async fn settled(&self, bar: &indicatif::ProgressBar) -> Outcome<StatusView> {
        let began = Instant::now();
        anew(bar);
        let head = self.house.directory.source_head(&self.ends.company).await.map_err(|e| e.to_string())?;
        loop {
            let view = self.view().await?;
            let job = &view.job;
            if let Some(quarantine) = &job.state.quarantine {
                return Err(format!("in quarantine: {}", quarantine.message));
            }
            if job.schedule != ScheduleState::Active {
                return Err("the job is not started".to_owned());
            }
            let waits = job.next.is_none_or(|next| next > self.house.directory.now());
            let idle = !job.running && view.progress.is_none() && waits;
            if idle && job.watermark.is_some_and(|watermark| watermark >= head) {
                return match view.escrows {
                    0 => Ok(view),
                    n => Err(format!("{n} objects failed; see the provisioning logs")),
                };
            }
            if began.elapsed() > PATIENCE {
                return Err("the cycle does not end".to_owned());
            }
            status::advance(bar, &view);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn unassign(&mut self) -> Tally {
        let Some(team) = self.leaving.and_then(|number| self.company.teams.get(number)) else {
            return Tally::failed("group unassigned", "no department is assigned");
        };
        let ids = vec![team.id.clone()];
        match self.house.provisioning.unassign(self.context(), &self.application, ids).await {
            Ok(got) => {
                self.leaving.map(|number| self.company.assigned.remove(&number));
                Tally::new("group unassigned", 1, usize::try_from(got).unwrap_or_default(), Vec::new())
            }
            Err(error) => Tally::failed("group unassigned", error.to_string()),
        }
    }

    async fn assign_again(&mut self) -> Tally {
        let team = self.leaving.and_then(|number| Some((number, self.company.teams.get(number)?.id.clone())));
        let Some((number, id)) = team else {
            return Tally::failed("group assigned", "no department was unassigned");
        };
        let groups = vec![(Kind::Group, id)];
        let mut problems = Vec::new();
        let assigned = self.house.provisioning.assign(self.context(), &self.application, groups, "").await;
        problems.extend(assigned.err().map(|error| error.to_string()));
        self.company.assigned.insert(number);
        problems.extend(changes::unblock(&self.office, self.company).await.err());
        Tally::new("changes", 2, 2 - problems.len(), problems)
    }

    /// What a whole cycle would do now: nothing.
    async fn plan(&mut self, bar: &indicatif::ProgressBar) -> Tally {
        anew(bar);
        let look = |looked, total| {
            bar.set_length(total);
            bar.set_position(looked);
        };
        let planned = self.house.provisioning.plan(self.context(), &self.application, true, &look);
        match planned.await {
            Ok(plan) => {
                let idle = |action: &str| action == "skip";
                let n: u64 = plan.counts.iter().filter(|(action, _)| !idle(action)).map(|(_, n)| *n).sum();
                let problems = match n {
                    0 => Vec::new(),
                    _ => vec![format!("it would do: {:?}", plan.counts)],
                };
                Tally::new("objects to change", 0, usize::try_from(n).unwrap_or_default(), problems)
            }
            Err(error) => Tally::failed("objects to change", error.to_string()),
        }
    }

    /// Every creation has its entry, and nothing failed.
    async fn logs(&mut self) -> Tally {
        let mut query = LogQuery {
            application: Some(self.application.clone()),
            limit: provision::limits::PAGE,
            ..LogQuery::default()
        };
        let (mut created, mut problems, mut shown) = (0, Vec::new(), Vec::new());
        loop {
            let rows = match self.house.provisioning.logs(&self.ends.company, query.clone()).await {
                Ok(rows) => rows,
                Err(error) => return Tally::failed("creations logged", error.to_string()),
            };
            let Some(last) = rows.last() else { break };
            query.before = Some(last.number);
            for row in rows {
                let entry = row.entry;
                let exchanges = provision::logs::document(&entry).map(|record| record.exchanges);
                let writes = |e: &&Exchange| e.status.is_some_and(|status| is_write(&e.method, status));
                self.written += exchanges.unwrap_or_default().iter().filter(writes).count();
                created += usize::from(entry.action == "create" && entry.status == "success");
                if entry.status == "failure" {
                    problems.push(format!("{}: {}", entry.source_name, entry.summary));
                }
                if shown.len() < LOG_ROWS && entry.status != "skipped" {
                    let time = entry.at.strftime("%H:%M:%S").to_string();
                    let kind = entry.kind.as_str().to_owned();
                    shown.push([time, entry.action, entry.status, kind, entry.source_name, entry.summary]);
                }
            }
        }
        let head = ["Time", "Action", "Status", "Kind", "Name", "What happened"];
        self.sections.push(Section { title: "Provisioning logs, the newest", text: table(head, shown) });
        Tally::new("creations logged", self.company.created, created, problems)
    }

    /// Everything that changed the target stands in the provisioning logs, and nothing stands there that it did not see.
    async fn requests(&mut self) -> Tally {
        let mut query = ExchangeQuery { limit: usize::MAX, ..ExchangeQuery::default() };
        let mut seen = 0;
        loop {
            let rows = match self.house.directory.request_log(&self.ends.provider, query.clone()).await {
                Ok(rows) => rows,
                Err(error) => return Tally::failed("writes in both", error.to_string()),
            };
            let Some(last) = rows.last() else { break };
            query.before = Some(last.number);
            seen += rows.iter().filter(|row| is_write(&row.exchange.method, row.exchange.status)).count();
        }
        Tally::new("writes in both", seen, self.written, Vec::new())
    }
}

fn is_write(method: &str, status: u16) -> bool {
    method != "GET" && (200..300).contains(&status)
}

/// The next thing to be counted.
fn anew(bar: &indicatif::ProgressBar) {
    bar.reset();
    bar.set_length(0);
}
