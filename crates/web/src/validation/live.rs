//! A run that is under way, or just ended: what those who watch it see. Its size has a bound, however much is found.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use directory::TenantId;
use jiff::Timestamp;
use tokio::sync::watch;
use validator::{Cancel, Event, Level, Verdict, VerdictKind};

/// Results shown as they come.
const LATEST: usize = 8;
/// Deviations listed while the run goes on; the report has all.
const FINDINGS: usize = 100;
/// Characters of a reason.
const REASON: usize = 240;

/// What is run, for people. No token is in here.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) target: String,
    pub(crate) origin: String,
    pub(crate) profile: &'static str,
    pub(crate) seed: u64,
    pub(crate) keep: bool,
    /// The tenant's own endpoint.
    pub(crate) own: bool,
    /// The form the audit log keeps of who did it.
    pub(crate) by: String,
}

#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) id: String,
    pub(crate) tenant: TenantId,
    pub(crate) plan: Plan,
    pub(crate) started: Timestamp,
    pub(crate) cancel: Cancel,
    begun: Instant,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting,
    Running,
    CleaningUp,
    /// The report is in the store.
    Kept,
    /// There is no report; why.
    Failed(String),
}

/// One result on one line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) title: String,
    pub(crate) level: Level,
    pub(crate) kind: VerdictKind,
    pub(crate) reason: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    pub(crate) done: usize,
    pub(crate) total: usize,
    pub(crate) requests: u64,
    /// In the order of [`VerdictKind::ALL`].
    pub(crate) counts: [usize; 4],
    /// The newest first.
    pub(crate) latest: VecDeque<Line>,
    pub(crate) findings: Vec<Line>,
    pub(crate) took: Option<Duration>,
}

impl Live {
    pub(crate) fn new(id: String, tenant: TenantId, plan: Plan, started: Timestamp) -> Self {
        let progress = Progress {
            phase: Phase::Connecting,
            done: 0,
            total: 0,
            requests: 0,
            counts: [0; 4],
            latest: VecDeque::new(),
            findings: Vec::new(),
            took: None,
        };
        let progress = watch::Sender::new(progress);
        Self { id, tenant, plan, started, cancel: Cancel::default(), begun: Instant::now(), progress }
    }

    pub(crate) fn now(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.progress.borrow().took.unwrap_or_else(|| self.begun.elapsed())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.progress.borrow().has_ended()
    }

    pub(crate) async fn ended(&self) {
        // The sender is in self, so waiting cannot fail before it is asked for.
        drop(self.watch().wait_for(Progress::has_ended).await);
    }

    pub(crate) fn end(&self, phase: Phase) {
        let took = self.begun.elapsed();
        self.progress.send_modify(|progress| {
            progress.phase = phase;
            progress.took = Some(took);
        });
    }

    pub(crate) fn note(&self, event: Event) {
        self.progress.send_modify(|progress| progress.note(event));
    }
}

impl Progress {
    fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Kept | Phase::Failed(_))
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Started { cases, .. } => {
                self.total = cases;
                self.phase = Phase::Running;
            }
            Event::CheckFinished { result } => {
                let kind = result.verdict.kind();
                let at = VerdictKind::ALL.iter().position(|known| *known == kind);
                if let Some(count) = at.and_then(|at| self.counts.get_mut(at)) {
                    *count += 1;
                }
                let line = Line {
                    title: result.title(),
                    level: result.level,
                    kind,
                    reason: reason(&result.verdict),
                };
                if kind == VerdictKind::Deviation && self.findings.len() < FINDINGS {
                    self.findings.push(line.clone());
                }
                self.latest.push_front(line);
                self.latest.truncate(LATEST);
            }
            Event::Progress { done, total, requests } => {
                (self.done, self.total, self.requests) = (done, total, requests);
                if done >= total {
                    self.phase = Phase::CleaningUp;
                }
            }
            Event::CheckStarted { .. } | Event::CleanedUp { .. } | Event::Finished { .. } => {}
        }
    }

    pub(crate) fn count(&self, kind: VerdictKind) -> usize {
        let mut counted = VerdictKind::ALL.iter().zip(self.counts);
        counted.find(|(known, _)| **known == kind).map_or(0, |(_, count)| count)
    }
}

fn reason(verdict: &Verdict) -> String {
    let reason = verdict.reason();
    let mut short: String = reason.chars().take(REASON).collect();
    if short.len() < reason.len() {
        short.push('…');
    }
    short
}
