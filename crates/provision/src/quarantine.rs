//! When a job as a whole is put aside, how it is tried again, and when it is given up.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Graph's `quarantineReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuarantineReason {
    /// Credentials or compliance: at once.
    EncounteredQuarantineException,
    EncounteredEscrowProportionThreshold,
    EncounteredBaseEscrowThreshold,
    EncounteredTotalEscrowThreshold,
    TooManyDeletes,
    QuarantinedOnDemand,
    IngestionInterrupted,
    Unknown,
}

impl QuarantineReason {
    /// What it means and what to do, for the banner and the mail.
    pub fn advice(self) -> &'static str {
        match self {
            Self::EncounteredQuarantineException => {
                "The target refuses the credentials or does not answer as SCIM asks. Correct them, run Test Connection, then Restart provisioning."
            }
            Self::EncounteredEscrowProportionThreshold => {
                "Too large a part of the objects fails. Look at the failures in the provisioning logs, correct the cause, then Restart provisioning."
            }
            Self::EncounteredBaseEscrowThreshold | Self::EncounteredTotalEscrowThreshold => {
                "Too many objects fail. Look at the failures in the provisioning logs, correct the cause, then Restart provisioning."
            }
            Self::TooManyDeletes => {
                "More objects would be disabled or deleted than the threshold allows. Allow deletes if that is meant; else bring them back into scope and Restart provisioning."
            }
            Self::QuarantinedOnDemand => "An operator has put the job aside. Restart provisioning to go on.",
            Self::IngestionInterrupted => "The source was interrupted. The job is tried again by itself.",
            Self::Unknown => "The cause is not known. Look at the provisioning logs.",
        }
    }
}

/// What a cycle has counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Objects tried.
    pub attempts: u64,
    /// Of them failed, references (manager, member) apart.
    pub failures: u64,
    pub reference_failures: u64,
    /// Failures since the last success.
    pub consecutive: u64,
}

impl Counters {
    pub fn succeeded(&mut self) {
        self.attempts += 1;
        self.consecutive = 0;
    }

    pub fn failed(&mut self) {
        self.attempts += 1;
        self.failures += 1;
        self.consecutive += 1;
    }

    pub fn reference_failed(&mut self) {
        self.reference_failures += 1;
    }
}

/// Thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// A proportion says something from so many failures on …
    pub proportion_failures: u64,
    /// … and so many attempts …
    pub proportion_attempts: u64,
    /// … if more than so many of a hundred failed.
    pub proportion_percent: u64,
    /// So many failures one after the other, without a success between.
    pub consecutive: Option<u64>,
    /// More than so many failures, references apart.
    pub base: u64,
    /// More than so many failures, references included.
    pub total: u64,
}

impl Policy {
    /// As Entra documents it.
    pub const ENTRA: Self = Self {
        proportion_failures: 5_000,
        proportion_attempts: 0,
        proportion_percent: 40,
        consecutive: None,
        base: 40_000,
        total: 60_000,
    };

    /// The same for large tenants, and early enough for small ones.
    pub const DEFAULT: Self =
        Self { proportion_failures: 0, proportion_attempts: 20, consecutive: Some(10), ..Self::ENTRA };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether the job is to be put aside for its failures.
pub fn assess(counters: &Counters, policy: &Policy) -> Option<QuarantineReason> {
    let Counters { attempts, failures, reference_failures, consecutive } = *counters;
    if failures.saturating_add(reference_failures) > policy.total {
        return Some(QuarantineReason::EncounteredTotalEscrowThreshold);
    }
    if failures > policy.base {
        return Some(QuarantineReason::EncounteredBaseEscrowThreshold);
    }
    let many = failures >= policy.proportion_failures && attempts >= policy.proportion_attempts;
    let proportion = failures.saturating_mul(100) > attempts.saturating_mul(policy.proportion_percent);
    let row = policy.consecutive.is_some_and(|limit| consecutive >= limit);
    ((many && failures > 0 && proportion) || row)
        .then_some(QuarantineReason::EncounteredEscrowProportionThreshold)
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Hours until the first, second and every further attempt.
const GAPS: [i32; 3] = [6, 12, 24];
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Graph's `synchronizationQuarantine`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    pub reason: QuarantineReason,
    pub message: String,
    /// When this reason began.
    pub current_began: Timestamp,
    /// When the job last worked and then did not.
    pub series_began: Timestamp,
    /// Attempts that failed since.
    pub series_count: u32,
    pub next_attempt: Timestamp,
}

/// What becomes of a job whose attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Quarantined(Quarantine),
    /// After 28 days: the schedule is disabled.
    Disabled(Quarantine),
}

impl Quarantine {
    pub fn begin(reason: QuarantineReason, message: impl Into<String>, now: Timestamp) -> Self {
        Self {
            reason,
            message: message.into(),
            current_began: now,
            series_began: now,
            series_count: 1,
            next_attempt: later(now, HOUR * gap(1)),
        }
    }

    /// Another attempt failed.
    #[must_use]
    pub fn again(self, reason: QuarantineReason, message: impl Into<String>, now: Timestamp) -> Verdict {
        let series_count = self.series_count.saturating_add(1);
        let end = later(self.series_began, GIVEN_UP_AFTER);
        let quarantine = Self {
            reason,
            message: message.into(),
            current_began: if reason == self.reason { self.current_began } else { now },
            series_began: self.series_began,
            series_count,
            next_attempt: later(now, HOUR * gap(series_count)).min(end),
        };
        if now >= end { Verdict::Disabled(quarantine) } else { Verdict::Quarantined(quarantine) }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.next_attempt
    }

    /// Whether a mail is sent: when a quarantine begins and when its reason changes.
    pub fn notifies(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|before| before.reason != self.reason)
    }
}

fn gap(attempt: u32) -> i32 {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    GAPS.get(index).or(GAPS.last()).copied().unwrap_or(24)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
