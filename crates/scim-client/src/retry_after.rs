//! `Retry-After` (RFC 9110 §10.2.3): seconds or a date, and whatever else targets write there.

use std::time::Duration;

use jiff::Timestamp;

use crate::limits::{RETRY_AFTER_MAX, RETRY_AFTER_MIN};

/// How long to wait: between one second and a day. `None` for what cannot be read.
///
/// `now` should be the answer's own `Date` where it has one, so that a wrong clock on either side does no harm.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = seconds(value).or_else(|| date(value, now))?;
    Some(wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX))
}

fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // A fraction is rounded up; a number too large to read is a long wait, not no wait.
    let up = u64::from(fraction.bytes().any(|b| b != b'0'));
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(up);
    Some(Duration::from_secs(seconds))
}

fn date(value: &str, now: Timestamp) -> Option<Duration> {
    let until = timestamp(value)?;
    // A moment that has passed means: now.
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// The three forms of RFC 9110 §5.6.7.
pub fn timestamp(value: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()
}
