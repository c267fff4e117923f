//! What a run tells while it runs.

use serde::Serialize;

use crate::report::CaseResult;
use crate::verdict::VerdictKind;

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The target is reachable and known; this many cases will run.
    Started {
        cases: usize,
        existing_users: Option<u64>,
    },
    CheckStarted {
        id: String,
    },
    CheckFinished {
        result: Box<CaseResult>,
    },
    Progress {
        done: usize,
        total: usize,
        requests: u64,
    },
    CleanedUp {
        deleted: usize,
        left_over: usize,
    },
    Finished {
        deviations: usize,
        cancelled: bool,
    },
}

impl Event {
    /// The verdict, if this ends a check.
    pub fn verdict(&self) -> Option<VerdictKind> {
        match self {
            Self::CheckFinished { result } => Some(result.verdict.kind()),
            _ => None,
        }
    }
}
