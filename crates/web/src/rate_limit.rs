//! How often somebody may ask: one token bucket a tenant, one a client address for failed authentications.
//!
//! A bucket is a single number, the moment at which it would be full again ("generic cell rate algorithm"), so that a
//! hundred thousand of them cost little and none needs a timer.

use std::collections::HashMap;
use std::hash::Hash;

use jiff::Timestamp;
use parking_lot::Mutex;

/// Buckets kept before those that are full again are forgotten.
const BUCKETS: usize = 10_000;

/// Microseconds by which a request may come later than one whose time was taken after its own: it waited for its key to be
/// looked up.
const LATE: i64 = 60_000_000;

/// So many a second, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

impl Rate {
    /// Microseconds in which one token comes back; at least one.
    fn interval(self) -> i64 {
        (1_000_000 / i64::from(self.per_second.max(1))).max(1)
    }
}

/// Seconds to wait, at least one (RFC 9110 §10.2.3 `Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryAfter(pub(crate) u64);

#[derive(Debug)]
pub(crate) struct Buckets<K> {
    /// When each bucket is full again, in microseconds of the clock.
    full_at: Mutex<HashMap<K, i64>>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { full_at: Mutex::default() }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Take one token of `key`'s bucket. A rate of 0 is no limit.
    pub(crate) fn take(&self, key: K, rate: Rate, now: Timestamp) -> Result<(), RetryAfter> {
        if rate.per_second == 0 {
            return Ok(());
        }
        let (now, interval) = (now.as_microsecond(), rate.interval());
        let depth = interval * i64::from(rate.burst.max(1));
        let mut full_at = self.full_at.lock();
        if full_at.len() >= BUCKETS && !full_at.contains_key(&key) {
            forget(&mut full_at, now);
        }
        let at = full_at.entry(key).or_insert(now);
        // Much further ahead than a bucket is deep: the clock was set back. Begin anew rather than refuse for hours.
        if *at < now || *at > now + depth + LATE {
            *at = now;
        }
        let wait = *at + interval - depth - now;
        if wait > 0 {
            return Err(RetryAfter(u64::try_from((wait + 999_999) / 1_000_000).unwrap_or(1).max(1)));
        }
        *at += interval;
        Ok(())
    }
}

/// Drop the buckets that are full, which is the same as never having been used; if none is, drop them all: an attacker with ten
/// thousand addresses is not stopped by this limit, and memory is.
fn forget<K: Eq + Hash>(full_at: &mut HashMap<K, i64>, now: i64) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() >= BUCKETS {
        full_at.clear();
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(milliseconds: i64) -> Timestamp {
        START.checked_add(milliseconds.milliseconds()).unwrap()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (buckets, rate) = (Buckets::default(), Rate { per_second: 10, burst: 3 });
        for _ in 0..3 {
            assert_eq!(buckets.take("a", rate, at(0)), Ok(()));
        }
        assert_eq!(buckets.take("a", rate, at(0)), Err(RetryAfter(1)));
        assert_eq!(buckets.take("b", rate, at(0)), Ok(()), "each key has its own bucket");
        assert_eq!(buckets.take("a", rate, at(99)), Err(RetryAfter(1)));
        assert_eq!(buckets.take("a", rate, at(100)), Ok(()));
        assert_eq!(buckets.take("a", rate, at(100)), Err(RetryAfter(1)));
        assert_eq!((0..9).filter(|_| buckets.take("a", rate, at(10_000)).is_ok()).count(), 3);
    }

    #[test]
    fn zero_is_no_limit() {
        let buckets = Buckets::default();
        assert!((0..10_000).all(|_| buckets.take("a", Rate { per_second: 0, burst: 0 }, at(0)).is_ok()));
    }

    #[test]
    fn a_clock_set_back_does_not_refuse_for_hours() {
        let (buckets, rate) = (Buckets::default(), Rate { per_second: 1, burst: 1 });
        assert_eq!(buckets.take("a", rate, at(3_600_000)), Ok(()));
        assert_eq!(buckets.take("a", rate, at(0)), Ok(()));
        assert_eq!(buckets.take("a", rate, at(0)), Err(RetryAfter(1)));
    }

    #[test]
    fn a_request_that_comes_late_fills_no_bucket() {
        let (buckets, rate) = (Buckets::default(), Rate { per_second: 10, burst: 3 });
        for _ in 0..3 {
            assert_eq!(buckets.take("a", rate, at(5_000)), Ok(()));
        }
        for _ in 0..3 {
            assert!(buckets.take("a", rate, at(4_900)).is_err());
            assert!(buckets.take("a", rate, at(5_000)).is_err());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (buckets, rate) = (Buckets::default(), Rate { per_second: 1, burst: 1 });
        for key in 0..3 * BUCKETS {
            let _ = buckets.take(key, rate, at(0));
        }
        assert!(buckets.full_at.lock().len() <= BUCKETS);
    }
}
