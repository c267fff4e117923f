//! An object that failed, held for retry at growing gaps.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest gap between two attempts.
pub const GAP_MAX: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Escrow {
    pub code: String,
    pub message: String,
    /// It is about a reference of the object (manager, member), not about the object.
    pub reference: bool,
    pub attempts: u32,
    pub first_failed: Timestamp,
    pub last_failed: Timestamp,
    pub next_try: Timestamp,
}

/// A failure to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure<'a> {
    pub code: &'a str,
    pub message: &'a str,
    pub reference: bool,
    /// The target asked to wait as long.
    pub retry_after: Option<SignedDuration>,
}

impl Escrow {
    /// The entry after a failure; `before` is what was held of the object until now. The first two gaps are one interval of
    /// the job; then they double, up to a day.
    pub fn after(
        before: Option<&Self>,
        failure: &Failure<'_>,
        interval: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let attempts = before.map_or(0, |escrow| escrow.attempts).saturating_add(1);
        let wait = gap(attempts, interval).max(failure.retry_after.unwrap_or_default().min(GAP_MAX));
        Self {
            code: failure.code.to_owned(),
            message: failure.message.to_owned(),
            reference: failure.reference,
            attempts,
            first_failed: before.map_or(now, |escrow| escrow.first_failed),
            last_failed: now,
            next_try: now.checked_add(wait).unwrap_or(Timestamp::MAX),
        }
    }

    /// A change of the object at the source makes it due at once.
    pub fn is_due(&self, now: Timestamp, source_changed: bool) -> bool {
        source_changed || now >= self.next_try
    }
}

fn gap(attempts: u32, interval: SignedDuration) -> SignedDuration {
    let doublings = attempts.saturating_sub(2).min(30);
    let factor = 1_i32.checked_shl(doublings).unwrap_or(i32::MAX);
    interval.checked_mul(factor).unwrap_or(GAP_MAX).clamp(SignedDuration::ZERO, GAP_MAX)
}
