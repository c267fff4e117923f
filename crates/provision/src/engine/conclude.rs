//! What the end of a cycle means for its job, and what is written of it.

use jiff::Timestamp;
use serde_json::json;
use store::{AuditEntry, TenantWrite};

use super::cycle::CYCLES_KEPT;
use super::entry::sentence;
use crate::cycle_schedule::ScheduleState;
use crate::error::Result;
use crate::job::{Completed, CycleOutcome, CycleState, Job};
use crate::quarantine::{Quarantine, QuarantineReason, Verdict};

/// Cycles in a row that may fail to reach the target before the job is put aside.
const UNREACHABLE_MAX: u32 = 3;

/// Why a cycle does not go on.
#[derive(Debug)]
pub(super) enum End {
    Completed,
    /// By an administrator, another worker or the server's end: whoever comes next goes on.
    Interrupted,
    Quarantine(QuarantineReason, String),
    Unreachable(String),
}

/// What is written when a cycle ends.
pub(super) struct Ended {
    pub(super) cycle: String,
    pub(super) outcome: CycleOutcome,
    pub(super) message: Option<String>,
    pub(super) quarantine: Option<Quarantine>,
}

impl Ended {
    pub(super) fn write(&self, write: &TenantWrite<'_>, application: &str, now: Timestamp) -> Result<()> {
        if self.outcome == CycleOutcome::Interrupted {
            return Ok(());
        }
        write.end_cycle(application, &self.cycle, now, self.outcome.as_str(), self.message.as_deref())?;
        write.prune_cycles(application, CYCLES_KEPT)?;
        if let Some(quarantine) = &self.quarantine {
            write.append_audit(AuditEntry {
                at: now,
                actor: directory::Actor::System.to_string(),
                action: "job.quarantine".to_owned(),
                resource: None,
                name: write.application(application)?.map(|row| row.name),
                detail: json!({ "application": application, "reason": quarantine.reason, "message": quarantine.message }),
                request_id: self.cycle.clone(),
                address: None,
            })?;
        }
        Ok(())
    }
}

/// What the end of a cycle means for the job: pure.
pub(super) fn conclude(
    job: &mut Job,
    state: &CycleState,
    end: End,
    now: Timestamp,
) -> (CycleOutcome, Option<String>) {
    match end {
        End::Interrupted => (CycleOutcome::Interrupted, None),
        End::Completed => {
            job.state.cycle = None;
            job.state.quarantine = None;
            job.state.allow_deletes = false;
            job.state.approved_departures = 0;
            job.state.unreachable = 0;
            job.state.staged = 0;
            job.state.steady_first.get_or_insert(now);
            job.state.steady_last = Some(now);
            job.state.last_completed =
                Some(Completed { cycle: state.id.clone(), kind: state.kind, began: state.began, ended: now });
            (CycleOutcome::Completed, None)
        }
        End::Unreachable(message) => {
            job.state.unreachable += 1;
            if job.state.unreachable >= UNREACHABLE_MAX || job.state.quarantine.is_some() {
                let reason = QuarantineReason::EncounteredQuarantineException;
                return conclude(job, state, End::Quarantine(reason, message), now);
            }
            // What was read stays in the list of work. Without a watermark the next cycle reads everything again.
            job.state.cycle = None;
            (CycleOutcome::Failed, Some(sentence(&message)))
        }
        End::Quarantine(reason, message) => {
            job.state.cycle = None;
            let message = sentence(&message);
            let verdict = match job.state.quarantine.take() {
                Some(quarantine) => quarantine.again(reason, message.clone(), now),
                None => Verdict::Quarantined(Quarantine::begin(reason, message.clone(), now)),
            };
            let quarantine = match verdict {
                Verdict::Quarantined(quarantine) => quarantine,
                Verdict::Disabled(quarantine) => {
                    job.schedule = ScheduleState::Disabled;
                    quarantine
                }
            };
            job.state.quarantine = Some(quarantine);
            (CycleOutcome::Quarantined, Some(message))
        }
    }
}
