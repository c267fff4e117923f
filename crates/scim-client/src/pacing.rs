//! How fast a target is asked: more while it answers well, half when it does not (AIMD), and not at all while it asks
//! for a pause. [`Pace`] is the rule, with the time as an argument; [`Pacer`] is where requests wait.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacingOptions {
    /// Requests in flight to begin with.
    pub start: u32,
    /// Requests in flight at most.
    pub ceiling: u32,
    /// Requests begun per second at most.
    pub per_second_max: Option<u32>,
    /// An answer slower than this counts as a sign of overload.
    pub slow: Duration,
    /// Without `Retry-After`: the pause after the first throttled answer in a row; doubled with each further one.
    pub pause: Duration,
    /// A pause longer than this is not waited for; the caller is told instead.
    pub patience: Duration,
}

impl Default for PacingOptions {
    fn default() -> Self {
        Self {
            start: 4,
            ceiling: 16,
            per_second_max: None,
            slow: Duration::from_secs(5),
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(60),
        }
    }
}

impl PacingOptions {
    /// As many in flight as given from the first request on; the target can still slow it down.
    pub fn fixed(in_flight: u32) -> Self {
        Self { start: in_flight, ceiling: in_flight, ..Self::default() }
    }
}

/// Whether a request may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes; it counts as begun.
    Go,
    /// Not before another one has ended.
    Full,
    /// Not before this moment.
    Wait(Instant),
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Answered,
    /// 429 or 503, with what `Retry-After` said.
    Throttled(Option<Duration>),
    TimedOut,
    /// Says nothing about the target's load: given up by us, or never reached it.
    Void,
}

/// The longest pause that is made without being asked.
const PAUSE_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct Pace {
    options: PacingOptions,
    limit: f64,
    in_flight: u32,
    /// Until the first sign of overload the limit grows with every answer, afterwards with every round of answers.
    settled: bool,
    shrunk_at: Option<Instant>,
    resume_at: Option<Instant>,
    next_start: Option<Instant>,
    throttled_in_a_row: u32,
}

impl Pace {
    pub fn new(options: PacingOptions) -> Self {
        let ceiling = options.ceiling.max(1);
        let options = PacingOptions { ceiling, start: options.start.clamp(1, ceiling), ..options };
        Self {
            limit: f64::from(options.start),
            options,
            in_flight: 0,
            settled: false,
            shrunk_at: None,
            resume_at: None,
            next_start: None,
            throttled_in_a_row: 0,
        }
    }

    /// Requests that may be in flight now.
    pub fn limit(&self) -> u32 {
        // Between 1 and the ceiling, which is a u32.
        self.limit as u32
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// When the target may be asked again, if it has asked for a pause.
    pub fn resumes_at(&self, now: Instant) -> Option<Instant> {
        self.resume_at.filter(|at| *at > now)
    }

    pub fn admit(&mut self, now: Instant) -> Admission {
        if let Some(at) = self.resumes_at(now) {
            return Admission::Wait(at);
        }
        if self.in_flight >= self.limit() {
            return Admission::Full;
        }
        if let Some(per_second) = self.options.per_second_max {
            if let Some(at) = self.next_start.filter(|at| *at > now) {
                return Admission::Wait(at);
            }
            let start = self.next_start.unwrap_or(now).max(now);
            self.next_start = Some(start + Duration::from_secs(1) / per_second.max(1));
        }
        self.in_flight += 1;
        Admission::Go
    }

    /// A request that began at `started` has ended.
    pub fn ended(&mut self, started: Instant, now: Instant, signal: Signal) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match signal {
            Signal::Answered if now.saturating_duration_since(started) > self.options.slow => {
                self.throttled_in_a_row = 0;
                self.shrink(started, now);
            }
            Signal::Answered => {
                self.throttled_in_a_row = 0;
                let step = if self.settled { 1.0 / self.limit } else { 1.0 };
                self.limit = (self.limit + step).min(f64::from(self.options.ceiling));
            }
            Signal::Throttled(asked) => {
                let doubled = self.options.pause.saturating_mul(1 << self.throttled_in_a_row.min(6));
                let pause = asked.unwrap_or(doubled.min(PAUSE_MAX));
                // The answers of one burst are one sign.
                if self.shrink(started, now) {
                    self.throttled_in_a_row = self.throttled_in_a_row.saturating_add(1);
                }
                self.resume_at = self.resume_at.max(now.checked_add(pause));
            }
            Signal::TimedOut => {
                self.shrink(started, now);
            }
            Signal::Void => {}
        }
    }

    /// Half, once for all requests that were in flight together.
    fn shrink(&mut self, started: Instant, now: Instant) -> bool {
        self.settled = true;
        if self.shrunk_at.is_some_and(|at| started <= at) {
            return false;
        }
        self.shrunk_at = Some(now);
        self.limit = (self.limit / 2.0).max(1.0);
        true
    }
}

/// Where the requests to one target wait for their turn. Clones share the turn.
#[derive(Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
}

struct Shared {
    pace: Mutex<Pace>,
    freed: Notify,
    patience: Duration,
}

/// The target has asked for a pause longer than the caller's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paused {
    pub remaining: Duration,
}

impl Pacer {
    pub fn new(options: PacingOptions) -> Self {
        let pace = Mutex::new(Pace::new(options));
        Self { shared: Arc::new(Shared { pace, freed: Notify::new(), patience: options.patience }) }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Paused`] at once when the target has asked for a longer pause than the options' patience.
    pub async fn turn(&self) -> Result<Turn, Paused> {
        loop {
            let freed = self.shared.freed.notified();
            let now = Instant::now();
            let admission = self.shared.with(|pace| pace.admit(now));
            match admission {
                Admission::Go => {
                    return Ok(Turn { shared: Arc::clone(&self.shared), started: now, ended: false });
                }
                Admission::Full => freed.await,
                Admission::Wait(until) => {
                    let remaining = until.saturating_duration_since(now);
                    if remaining > self.shared.patience {
                        return Err(Paused { remaining });
                    }
                    tokio::time::sleep_until(until).await;
                }
            }
        }
    }

    /// For progress and metrics.
    pub fn limit(&self) -> u32 {
        self.shared.with(|pace| pace.limit())
    }

    pub fn in_flight(&self) -> u32 {
        self.shared.with(|pace| pace.in_flight())
    }

    /// When the target may be asked again, if it has asked for a pause.
    pub fn resumes_at(&self) -> Option<Instant> {
        self.shared.with(|pace| pace.resumes_at(Instant::now()))
    }
}

impl Shared {
    fn with<T>(&self, f: impl FnOnce(&mut Pace) -> T) -> T {
        f(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request's place among those in flight; dropped, it is free again.
pub struct Turn {
    shared: Arc<Shared>,
    started: Instant,
    ended: bool,
}

impl Turn {
    pub fn end(mut self, signal: Signal) {
        self.finish(signal);
    }

    fn finish(&mut self, signal: Signal) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.shared.with(|pace| pace.ended(self.started, Instant::now(), signal));
        // One place has become free, and the limit may have grown by one.
        self.shared.freed.notify_one();
        self.shared.freed.notify_one();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.finish(Signal::Void);
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.with(|pace| pace.fmt(f))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}
