//! When the next cycle begins.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::quarantine::Quarantine;

pub const INTERVAL_MIN: SignedDuration = SignedDuration::from_secs(10);
/// As Entra.
pub const INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_mins(40);
pub const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24);

/// The time between the starts of two cycles, within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval(SignedDuration);

impl Default for Interval {
    fn default() -> Self {
        Self(INTERVAL_DEFAULT)
    }
}

impl Interval {
    /// # Errors
    /// If it is shorter than 10 seconds or longer than a day.
    pub fn new(duration: SignedDuration) -> Result<Self, String> {
        if (INTERVAL_MIN..=INTERVAL_MAX).contains(&duration) {
            Ok(Self(duration))
        } else {
            Err(format!("{duration} is no interval: it is from 10 seconds to 24 hours"))
        }
    }

    /// From ISO 8601 (`PT40M`), as Graph writes it.
    ///
    /// # Errors
    /// As [`Interval::new`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let duration = text
            .parse::<SignedDuration>()
            .map_err(|_| format!("\"{text}\" is no interval; write it as in PT40M"))?;
        Self::new(duration)
    }

    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        f.write_str("PT")?;
        for (number, unit) in [(hours, 'H'), (minutes, 'M'), (seconds, 'S')] {
            if number > 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

/// Graph's `synchronizationScheduleState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ScheduleState {
    Active,
    /// After 28 days of quarantine.
    Disabled,
    #[default]
    Paused,
}

/// What the next start depends on.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    pub state: ScheduleState,
    pub interval: Interval,
    /// When the last cycle began; none if none ever did.
    pub last_began: Option<Timestamp>,
    /// A cycle is running, or was when the process ended.
    pub unfinished: bool,
    pub quarantine: Option<&'a Quarantine>,
}

/// When the next cycle may begin; `None`: not by itself. A cycle that took longer than the interval is followed at once by
/// the next, and an unfinished one goes on at once.
pub fn next_cycle(schedule: &Schedule<'_>, now: Timestamp) -> Option<Timestamp> {
    if schedule.state != ScheduleState::Active {
        return None;
    }
    if let Some(quarantine) = schedule.quarantine {
        return Some(quarantine.next_attempt.max(now));
    }
    let Some(began) = schedule.last_began.filter(|_| !schedule.unfinished) else { return Some(now) };
    Some(began.checked_add(schedule.interval.duration()).unwrap_or(Timestamp::MAX).max(now))
}
