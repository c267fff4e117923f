//! Synchronization jobs: what an administrator configures, and the state that the engine keeps between steps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::cycle_schedule::{Interval, Schedule, ScheduleState, next_cycle};
use crate::deletion_guard::DeletionGuard;
use crate::graph_schema::Rules;
use crate::plan::Settings;
use crate::quarantine::{Counters, Policy, Quarantine};
use crate::scope::SyncScope;

/// What an administrator configures, mappings apart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JobConfig {
    /// None until the first configuration has been created.
    pub connection: Option<Connection>,
    pub scope: SyncScope,
    pub interval: Interval,
    /// A change of the directory reaches the target at once, not only with the next cycle.
    pub push: bool,
    /// Object actions (`settings.actions`) are those of the mappings; what is here is not read.
    pub settings: Settings,
    pub guard: DeletionGuard,
    pub notification: Notification,
    pub quarantine: Policy,
}

/// Notification e-mail when the job goes into quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Notification {
    pub enabled: bool,
    pub recipient: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CycleKind {
    Initial,
    Incremental,
    OnDemand,
}

impl CycleKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Incremental => "incremental",
            Self::OnDemand => "onDemand",
        }
    }
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CycleOutcome {
    Completed,
    /// Stopped by an administrator or by the server's end; what is left is done when the job goes on.
    Interrupted,
    Quarantined,
    /// The target could not be reached; tried again after the interval.
    Failed,
}

impl CycleOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Quarantined => "quarantined",
            Self::Failed => "failed",
        }
    }
}

/// What the engine keeps between steps; kept with every step, so that a cycle that was cut off goes on where it was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JobState {
    pub cycle: Option<CycleState>,
    pub quarantine: Option<Quarantine>,
    /// An administrator has allowed the deletions that were held back.
    pub allow_deletes: bool,
    /// So many may go in the next cycle: those of a plan that was applied.
    pub approved_departures: u64,
    /// Cycles in a row that could not reach the target.
    pub unreachable: u32,
    /// Deletions held back by the deletion guard.
    pub staged: u64,
    pub last_began: Option<Timestamp>,
    /// The id and end of the last cycle that completed.
    pub last_completed: Option<Completed>,
    /// When the first cycle completed since which every change has reached the target.
    pub steady_first: Option<Timestamp>,
    pub steady_last: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completed {
    pub cycle: String,
    pub kind: CycleKind,
    pub began: Timestamp,
    pub ended: Timestamp,
}

/// A cycle that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleState {
    pub id: String,
    pub kind: CycleKind,
    pub began: Timestamp,
    pub phase: Phase,
    /// The change number that an initial cycle accounts for once everything has been read.
    pub head: u64,
    pub counters: Counters,
    /// Objects read from the source so far.
    pub read: u64,
}

/// Where a cycle is. Reading and working alternate: what has been read stands in the list of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "camelCase")]
pub enum Phase {
    /// Objects of the source are read, from behind `after`, in this part of it.
    #[serde(rename_all = "camelCase")]
    Read { part: Part, after: Option<String>, member: Option<String> },
    /// Everything is read; what is left is work.
    Work,
}

/// Parts of the source that an initial cycle reads, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// All users, or those assigned directly.
    Users,
    /// Members of assigned groups; `after` is the group, `member` the member.
    Members,
    /// Users linked before, whether or not they are still there.
    LinkedUsers,
    /// All groups, or those assigned.
    Groups,
    LinkedGroups,
}

/// Graph's `synchronizationStatusCode`, as far as Muster has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    NotConfigured,
    /// Configured, never started.
    NotRun,
    Active,
    Paused,
    Quarantine,
}

/// A job as loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: String,
    pub application: String,
    pub config: JobConfig,
    pub rules: Rules,
    pub epoch: u64,
    pub schedule: ScheduleState,
    pub watermark: Option<u64>,
    pub state: JobState,
    pub next: Option<Timestamp>,
    /// Somebody runs a cycle of it now.
    pub running: bool,
}

impl Job {
    pub fn status(&self) -> JobStatus {
        match self.schedule {
            _ if self.config.connection.is_none() => JobStatus::NotConfigured,
            _ if self.state.quarantine.is_some() => JobStatus::Quarantine,
            ScheduleState::Active => JobStatus::Active,
            ScheduleState::Paused | ScheduleState::Disabled if self.state.last_began.is_none() => {
                JobStatus::NotRun
            }
            ScheduleState::Paused | ScheduleState::Disabled => JobStatus::Paused,
        }
    }

    /// When the next cycle begins by itself.
    pub fn next_cycle(&self, now: Timestamp) -> Option<Timestamp> {
        self.config.connection.as_ref()?;
        let schedule = Schedule {
            state: self.schedule,
            interval: self.config.interval,
            last_began: self.state.last_began,
            unfinished: self.state.cycle.is_some(),
            quarantine: self.state.quarantine.as_ref(),
        };
        next_cycle(&schedule, now)
    }

    /// Whether a change of the directory starts a cycle at once.
    pub fn is_listening(&self) -> bool {
        self.config.push
            && self.config.connection.is_some()
            && self.schedule == ScheduleState::Active
            && self.state.quarantine.is_none()
            && self.watermark.is_some()
    }
}
