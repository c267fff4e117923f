//! AIMD with the time as an argument.

use std::time::Duration;

use proptest::prelude::*;
use scim_client::pacing::{Admission, Pace, Pacer, PacingOptions, Paused, Signal};
use tokio::time::Instant;

const ANSWER: Duration = Duration::from_millis(20);

/// Begins as many as are admitted, and says how many.
fn fill(pace: &mut Pace, now: Instant) -> u32 {
    let mut begun = 0;
    while pace.admit(now) == Admission::Go {
        begun += 1;
    }
    begun
}

fn round(pace: &mut Pace, now: Instant, signal: Signal) -> u32 {
    let begun = fill(pace, now);
    for _ in 0..begun {
        pace.ended(now, now + ANSWER, signal);
    }
    begun
}

#[test]
fn it_doubles_until_the_first_trouble_and_then_grows_by_one() {
    let mut now = Instant::now();
    let mut pace = Pace::new(PacingOptions { start: 4, ceiling: 64, ..PacingOptions::default() });
    let mut sizes = Vec::new();
    for _ in 0..5 {
        sizes.push(round(&mut pace, now, Signal::Answered));
        now += ANSWER;
    }
    assert_eq!(sizes, [4, 8, 16, 32, 64]);

    // A whole burst of 429 halves it once.
    round(&mut pace, now, Signal::Throttled(Some(Duration::from_secs(2))));
    assert_eq!(pace.limit(), 32);
    assert_eq!(fill(&mut pace, now + ANSWER), 0, "the target has asked for a pause");
    now += ANSWER + Duration::from_secs(2);

    assert_eq!(round(&mut pace, now, Signal::Answered), 32);
    assert!((32..=33).contains(&pace.limit()), "one more after a round, not twice as many");
}

#[test]
fn slow_answers_and_timeouts_halve_it_too() {
    let options = PacingOptions { start: 16, ceiling: 16, ..PacingOptions::default() };
    let now = Instant::now();
    let mut pace = Pace::new(options);
    assert_eq!(pace.admit(now), Admission::Go);
    pace.ended(now, now + options.slow + ANSWER, Signal::Answered);
    assert_eq!(pace.limit(), 8);
    let later = now + Duration::from_secs(60);
    assert_eq!(pace.admit(later), Admission::Go);
    pace.ended(later, later + ANSWER, Signal::TimedOut);
    assert_eq!(pace.limit(), 4);
}

#[test]
fn pauses_without_retry_after_double() {
    let mut now = Instant::now();
    let mut pace = Pace::new(PacingOptions::default());
    let mut pauses = Vec::new();
    for _ in 0..9 {
        assert_eq!(pace.admit(now), Admission::Go);
        pace.ended(now, now + ANSWER, Signal::Throttled(None));
        let until = pace.resumes_at(now + ANSWER).unwrap();
        pauses.push(until.duration_since(now + ANSWER).as_secs());
        now = until;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(pace.limit(), 1, "never less than one");
}

#[test]
fn the_rate_has_a_ceiling() {
    let options = PacingOptions { per_second_max: Some(10), ..PacingOptions::fixed(100) };
    let start = Instant::now();
    let mut pace = Pace::new(options);
    let mut begun = 0;
    for tick in 0..1000 {
        let now = start + Duration::from_millis(tick);
        while pace.admit(now) == Admission::Go {
            begun += 1;
            pace.ended(now, now, Signal::Answered);
        }
    }
    assert_eq!(begun, 10);
}

proptest! {
    /// Whatever happens, it admits no more than its ceiling, always lets at least one through after the pauses, and
    /// forgets nobody.
    #[test]
    fn bounds_hold(
        ceiling in 1u32..40,
        steps in prop::collection::vec((0u8..5, 0u64..10_000), 1..200),
    ) {
        let mut now = Instant::now();
        let mut pace = Pace::new(PacingOptions { start: 4, ceiling, ..PacingOptions::default() });
        let mut running = Vec::new();
        for (what, amount) in steps {
            now += Duration::from_millis(amount);
            let signal = match what {
                0 => { if pace.admit(now) == Admission::Go { running.push(now); } continue; }
                1 => Signal::Answered,
                2 => Signal::Throttled(Some(Duration::from_millis(amount))),
                3 => Signal::TimedOut,
                _ => Signal::Void,
            };
            if let Some(started) = running.pop() {
                pace.ended(started, now, signal);
            }
            prop_assert!(pace.limit() >= 1 && pace.limit() <= ceiling);
            prop_assert_eq!(pace.in_flight() as usize, running.len());
            prop_assert!(running.len() <= ceiling as usize);
        }
        for started in running.drain(..) {
            pace.ended(started, now, Signal::Void);
        }
        let resumed = pace.resumes_at(now).unwrap_or(now);
        prop_assert_eq!(pace.admit(resumed), Admission::Go);
    }
}

#[tokio::test(start_paused = true)]
async fn waiters_get_their_turn() {
    let pacer = Pacer::new(PacingOptions::fixed(2));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let pacer = pacer.clone();
        tasks.spawn(async move {
            let turn = pacer.turn().await.unwrap();
            assert!(pacer.in_flight() <= 2);
            tokio::time::sleep(ANSWER).await;
            turn.end(Signal::Answered);
        });
    }
    assert_eq!(tasks.join_all().await.len(), 50);
    assert_eq!(pacer.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_turn_is_free_again() {
    let pacer = Pacer::new(PacingOptions::fixed(1));
    drop(pacer.turn().await.unwrap());
    let turn = pacer.turn().await.unwrap();
    let waiting = pacer.clone();
    let waiter = tokio::spawn(async move { waiting.turn().await.is_ok() });
    tokio::task::yield_now().await;
    drop(turn);
    assert!(waiter.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_short_pause_is_waited_for_and_a_long_one_is_told() {
    let pacer = Pacer::new(PacingOptions { patience: Duration::from_secs(10), ..PacingOptions::default() });
    pacer.turn().await.unwrap().end(Signal::Throttled(Some(Duration::from_secs(10))));
    let before = Instant::now();
    pacer.turn().await.unwrap().end(Signal::Throttled(Some(Duration::from_secs(3600))));
    assert_eq!(before.elapsed().as_secs(), 10);
    let Err(Paused { remaining }) = pacer.turn().await else { panic!("a pause of an hour was waited for") };
    assert_eq!(remaining.as_secs(), 3600);
}
