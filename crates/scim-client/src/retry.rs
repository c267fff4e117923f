//! When to try again: exponential back-off with full jitter; randomness is an argument.

use std::time::Duration;

use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 never tries again.
    pub attempts: u32,
    /// The longest wait before the second attempt.
    pub base: Duration,
    /// The longest wait before any attempt.
    pub cap: Duration,
    /// A `Retry-After` longer than this is not waited for; the caller is told instead.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            patience: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    pub const NEVER: Self =
        Self { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO, patience: Duration::ZERO };

    /// The longest wait after `failed` attempts have failed.
    pub fn ceiling(&self, failed: u32) -> Duration {
        let factor = 1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.checked_mul(factor).unwrap_or(self.cap).min(self.cap)
    }

    /// Full jitter: anything between nothing and the ceiling. `random` is in `0.0..1.0`.
    pub fn delay(&self, failed: u32, random: f64) -> Duration {
        let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 1.0 };
        self.ceiling(failed).mul_f64(random)
    }

    /// How long to wait before the next attempt, or `None` to give up.
    ///
    /// Only what may pass is tried again, and what may already have been carried out only if doing it twice is the same
    /// as doing it once: a create whose answer was lost is looked up by the caller, never sent again blindly.
    pub fn decide(&self, failed: u32, failure: &Failure, repeatable: bool, random: f64) -> Option<Duration> {
        if failed >= self.attempts || !failure.is_transient() || (failure.is_ambiguous() && !repeatable) {
            return None;
        }
        let asked = failure.retry_after().unwrap_or(Duration::ZERO);
        (asked <= self.patience).then(|| asked.saturating_add(self.delay(failed, random)))
    }
}
