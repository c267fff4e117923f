//! One run: discover, run every case with its prerequisites, clean up, report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use scim_client::Request;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::case::{self, Case};
use crate::check::Need;
use crate::discover::discover;
use crate::event::Event;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::probe::Probe;
use crate::reply::Reply;
use crate::report::{CaseResult, Report, Target};
use crate::value::member;
use crate::verdict::{Deviation, Outcome, Stop, Verdict, VerdictKind};
use crate::wire::Wire;
use crate::world::World;

/// Why nothing was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the target cannot be used: {why}")]
    Target { why: String },
    #[error("the target cannot be reached: {why}")]
    Unreachable { why: String },
    #[error("the target refuses the credentials (status {status})")]
    Unauthorized { status: u16 },
    #[error(
        "the target has {found} users, more than {limit}: it is likely no scratch tenant. The run only deletes what it \
         creates; to run anyway, allow it explicitly"
    )]
    TooManyUsers { found: u64, limit: u64 },
    #[error("the schema file defines no User (urn:ietf:params:scim:schemas:core:2.0:User)")]
    SchemaFile,
    #[error("no check is left to run: see the names in the list of checks")]
    NothingToRun,
}

/// Run the checks against the target. Events are dropped when nobody receives them; a full channel is waited for.
///
/// When the options' `cancel` is used, running checks end, what was created is cleaned up and the report is partial.
/// Dropping the future instead leaves created resources behind.
///
/// # Errors
/// When the target cannot be tested at all.
pub async fn run(options: Options, events: mpsc::Sender<Event>) -> Result<Report, Refusal> {
    let wire = Wire::new(&options)?;
    let begun = Instant::now();
    let found = discover(&wire, &options).await?;
    let cases = case::select(&options, &found.schemas);
    if cases.is_empty() {
        return Err(Refusal::NothingToRun);
    }
    let existing_users = found.existing_users;
    let world = Arc::new(World {
        wire,
        options,
        schemas: found.schemas,
        features: found.features,
        ledger: Ledger::default(),
    });
    let started = Event::Started { cases: cases.len(), existing_users };
    let explained_by = cases.iter().map(|case| (case.id(), case.explained_by.clone())).collect();
    let mut runner =
        Runner { world: world.clone(), events, results: Vec::new(), total: cases.len(), explained_by };
    runner.tell(started).await;
    runner.all(&cases).await;
    let left_over = runner.clean_up().await;
    let report = Report {
        target: Target {
            url: world.wire.url(),
            existing_users,
            features: world.features.clone(),
            schemas: world.schemas.origin,
        },
        profile: world.options.profile,
        seed: world.options.seed,
        started: world.wire.started(),
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        requests: world.wire.requests(),
        created: world.ledger.counts().0,
        deleted: world.ledger.counts().1,
        left_over,
        unsure: world.ledger.unsure_ones().into_iter().map(|unsure| unsure.name).collect(),
        kept: world.options.keep,
        cancelled: world.options.cancel.is_cancelled(),
        results: case::in_order(&cases, std::mem::take(&mut runner.results)),
    };
    let finished =
        Event::Finished { deviations: report.count(VerdictKind::Deviation), cancelled: report.cancelled };
    runner.tell(finished).await;
    Ok(report)
}

struct Runner {
    world: Arc<World>,
    events: mpsc::Sender<Event>,
    results: Vec<CaseResult>,
    total: usize,
    /// By case: see [`Case::explained_by`].
    explained_by: HashMap<String, Vec<String>>,
}

/// What a prerequisite came to, by the check's id.
type Known = HashMap<&'static str, VerdictKind>;

impl Runner {
    async fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop.
        let _ = self.events.send(event).await;
    }

    /// Many at once, then, one after the other, those that look at the whole collection.
    async fn all(&mut self, cases: &[Case]) {
        let (alone, together): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|c| c.check.alone);
        let concurrency = self.world.options.concurrency.max(1);
        let mut known = Known::new();
        self.wave(together, concurrency, &mut known).await;
        self.wave(alone, 1, &mut known).await;
    }

    async fn wave(&mut self, mut waiting: Vec<&Case>, concurrency: usize, known: &mut Known) {
        let mut running = JoinSet::new();
        loop {
            while running.len() < concurrency {
                let ready = |case: &&Case| is_ready(case, &waiting, known) && self.may_be_explained(case);
                let Some(at) = waiting.iter().position(ready) else { break };
                let case = waiting.remove(at).clone();
                match self.verdict_without_running(&case, known) {
                    Some(verdict) => self.finish(CaseResult::new(&case, verdict, 0), known).await,
                    None => {
                        self.tell(Event::CheckStarted { id: case.id() }).await;
                        running.spawn(run_case(self.world.clone(), case));
                    }
                }
            }
            match running.join_next().await {
                Some(Ok(result)) => self.finish(result, known).await,
                // A panic in a check is our bug: its case is missing from the report and the run goes on.
                Some(Err(_)) => {}
                None if waiting.is_empty() => return,
                // What is left waits for something that is not here.
                None => {
                    for case in std::mem::take(&mut waiting) {
                        let why = "a check it needs did not run".to_owned();
                        let verdict = Verdict::CouldNotJudge { why, exchanges: Vec::new() };
                        self.finish(CaseResult::new(case, verdict, 0), known).await;
                    }
                    return;
                }
            }
        }
    }

    fn verdict_without_running(&self, case: &Case, known: &Known) -> Option<Verdict> {
        if self.world.options.cancel.is_cancelled() {
            let why = "the run was cancelled before it".to_owned();
            return Some(Verdict::CouldNotJudge { why, exchanges: Vec::new() });
        }
        for need in case.check.needs {
            if let Some(why) = self.world.missing(*need) {
                return Some(Verdict::NotApplicable { why });
            }
        }
        for need in case.check.needs {
            let Need::Check(id) = need else { continue };
            match known.get(id) {
                Some(VerdictKind::Deviation | VerdictKind::CouldNotJudge) => {
                    let why = format!("it needs {id}, which did not pass");
                    return Some(Verdict::CouldNotJudge { why, exchanges: Vec::new() });
                }
                Some(VerdictKind::NotApplicable) => {
                    return Some(Verdict::NotApplicable {
                        why: format!("it needs {id}, which does not apply"),
                    });
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the cases that may explain a deviation of this one have been judged.
    fn may_be_explained(&self, case: &Case) -> bool {
        case.explained_by.iter().all(|id| self.results.iter().any(|result| result.id == *id))
    }

    /// A deviation for a cause that another case has shown refers to that one.
    fn explain(&self, result: &mut CaseResult) {
        let Verdict::Deviation(found) = &mut result.verdict else { return };
        let Some(cause) = found.cause else { return };
        let Some(ids) = self.explained_by.get(&result.id) else { return };
        found.same_as = ids
            .iter()
            .find(|id| {
                self.results.iter().any(|other| {
                    other.id == **id
                        && matches!(&other.verdict, Verdict::Deviation(d) if d.cause == Some(cause))
                })
            })
            .cloned();
    }

    async fn finish(&mut self, mut result: CaseResult, known: &mut Known) {
        self.explain(&mut result);
        let kind = result.verdict.kind();
        // Of a repeated check the worst counts.
        let entry = known.entry(result.check).or_insert(kind);
        if kind == VerdictKind::Deviation {
            *entry = kind;
        }
        self.tell(Event::CheckFinished { result: Box::new(result.clone()) }).await;
        self.results.push(result);
        let (done, total) = (self.results.len(), self.total);
        self.tell(Event::Progress { done, total, requests: self.world.wire.requests() }).await;
    }

    /// Delete what is left in the ledger; gives what could not be deleted.
    async fn clean_up(&self) -> Vec<String> {
        if self.world.options.keep {
            return self.world.ledger.open();
        }
        self.look_for_unsure().await;
        // Twice: a member may have been in the way of its group, or the target was briefly busy.
        for _ in 0..2 {
            delete_all(&self.world, self.world.ledger.open()).await;
        }
        let left_over = self.world.ledger.open();
        let deleted = self.world.ledger.counts().1;
        self.tell(Event::CleanedUp { deleted, left_over: left_over.len() }).await;
        left_over
    }
}

impl Runner {
    /// A create that was never answered may have been carried out: what has a name that this run gave is its own.
    async fn look_for_unsure(&self) {
        let World { wire, ledger, features, .. } = &*self.world;
        if !features.filter {
            return;
        }
        for unsure in ledger.unsure_ones() {
            let request = Request::get(&unsure.endpoint).query("filter", unsure.filter());
            let reply = match wire.send(&request).await.answer {
                Ok(answer) => Reply::new(answer, 0),
                // Nobody is there any more, and each further question would wait as long.
                Err(_) => return,
            };
            if reply.status != 200 || reply.list().is_err() {
                continue;
            }
            let own = reply.resources().iter().filter(|resource| unsure.is(resource));
            let ids = own.filter_map(|r| member(r, "id").and_then(Value::as_str).map(str::to_owned));
            ledger.found(&unsure, &ids.collect::<Vec<_>>());
        }
    }
}

/// Whether everything the case stands on has been judged, or will not be judged at all.
fn is_ready(case: &Case, waiting: &[&Case], known: &Known) -> bool {
    case.check.needs.iter().all(|need| match need {
        Need::Check(id) => known.contains_key(id) && !waiting.iter().any(|w| w.check.id == *id && w.id() != case.id()),
        _ => true,
    } || matches!(need, Need::Check(id) if case.assumed.contains(id)))
}

async fn run_case(world: Arc<World>, case: Case) -> CaseResult {
    let begun = Instant::now();
    let mut probe = Probe::new(world.clone(), &case.id(), case.subject.clone());
    let outcome = (case.check.run)(&mut probe).await;
    let exchanges = std::mem::take(&mut probe.exchanges);
    let spent = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if !world.options.keep {
        let mut made = std::mem::take(&mut probe.made);
        made.retain(|path| world.ledger.is_open(path));
        made.reverse();
        delete_all(&world, made).await;
    }
    CaseResult::new(&case, verdict(&case, outcome, exchanges), spent)
}

fn verdict(case: &Case, outcome: Outcome, exchanges: Vec<crate::wire::Evidence>) -> Verdict {
    match outcome {
        Ok(()) => Verdict::Pass,
        Err(Stop::NotApplicable(why)) => Verdict::NotApplicable { why },
        Err(Stop::CannotJudge(why)) => Verdict::CouldNotJudge { why, exchanges },
        Err(Stop::Deviates(finding)) => {
            let culprit = finding.at.filter(|at| *at < exchanges.len()).or_else(|| {
                // Without a named one: the last change that was not preparation, else the last exchange.
                let change = exchanges.iter().rposition(|e| !e.preparation && e.exchange.method != "GET");
                change.or(exchanges.len().checked_sub(1))
            });
            Verdict::Deviation(Box::new(Deviation {
                expected: finding.expected,
                got: finding.got,
                clause: finding.clause.unwrap_or_else(|| case.check.clause.to_owned()),
                consequence: finding.consequence.unwrap_or_else(|| case.check.why.to_owned()),
                minimal: finding.minimal,
                same_as: None,
                cause: finding.cause,
                culprit,
                exchanges,
            }))
        }
    }
}

/// Only ever called with paths from the ledger.
async fn delete_all(world: &Arc<World>, paths: Vec<String>) {
    for chunk in paths.chunks(world.options.concurrency.max(1)) {
        let mut tasks = JoinSet::new();
        for path in chunk {
            let (world, path) = (world.clone(), path.clone());
            tasks.spawn(async move {
                let sent = world.wire.send(&Request::delete(&path)).await;
                if sent.answer.is_ok_and(|a| (200..300).contains(&a.status) || a.status == 404) {
                    world.ledger.gone(&path);
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }
}
