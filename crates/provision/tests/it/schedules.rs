//! Quarantine, escrow, deletion guard, cycle schedule.

use jiff::{SignedDuration, Timestamp};
use provision::cycle_schedule::{Interval, Schedule, ScheduleState, next_cycle};
use provision::deletion_guard::{self, DeletionGuard, check_source};
use provision::escrow::{Escrow, Failure};
use provision::quarantine::{Counters, Policy, Quarantine, QuarantineReason as Reason, Verdict, assess};

use crate::world::now;

fn after(minutes: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn assessed(
    attempts: u64,
    failures: u64,
    references: u64,
    consecutive: u64,
    policy: Policy,
) -> Option<Reason> {
    assess(&Counters { attempts, failures, reference_failures: references, consecutive }, &policy)
}

#[test]
fn thresholds_hold_at_one_more() {
    let entra = |attempts, failures, references| assessed(attempts, failures, references, 0, Policy::ENTRA);
    assert_eq!(entra(10_000, 4_999, 0), None);
    assert_eq!(entra(12_500, 5_000, 0), None, "40 % is not more than 40 %");
    assert_eq!(entra(12_499, 5_000, 0), Some(Reason::EncounteredEscrowProportionThreshold));
    assert_eq!(entra(1_000_000, 40_000, 0), None);
    assert_eq!(entra(1_000_000, 40_001, 0), Some(Reason::EncounteredBaseEscrowThreshold));
    assert_eq!(entra(1_000_000, 10, 59_990), None);
    assert_eq!(entra(1_000_000, 10, 59_991), Some(Reason::EncounteredTotalEscrowThreshold));
    let small =
        |attempts, failures, consecutive| assessed(attempts, failures, 0, consecutive, Policy::DEFAULT);
    assert_eq!(small(19, 19, 9), None);
    assert_eq!(small(20, 8, 0), None);
    assert_eq!(small(20, 9, 0), Some(Reason::EncounteredEscrowProportionThreshold));
    assert_eq!(small(1_000, 10, 9), None);
    assert_eq!(small(1_000, 10, 10), Some(Reason::EncounteredEscrowProportionThreshold));
    assert_eq!(assessed(100, 0, 50, 0, Policy::DEFAULT), None, "references do not count");
}

#[test]
fn counters_count() {
    let mut counters = Counters::default();
    counters.failed();
    counters.failed();
    counters.reference_failed();
    assert_eq!(counters, Counters { attempts: 2, failures: 2, reference_failures: 1, consecutive: 2 });
    counters.succeeded();
    assert_eq!(counters.consecutive, 0);
}

#[test]
fn twenty_eight_days_of_quarantine_pass() {
    let reason = Reason::EncounteredQuarantineException;
    let mut quarantine = Quarantine::begin(reason, "401", now());
    let mut gaps = Vec::new();
    let mut at = now();
    let disabled = loop {
        gaps.push((quarantine.next_attempt.as_second() - at.as_second()) / 3600);
        assert!(
            !quarantine.is_due(quarantine.next_attempt.checked_sub(SignedDuration::from_secs(1)).unwrap())
        );
        at = quarantine.next_attempt;
        assert!(quarantine.is_due(at));
        match quarantine.again(reason, "401", at) {
            Verdict::Quarantined(next) => quarantine = next,
            Verdict::Disabled(last) => break last,
        }
    };
    assert_eq!(gaps[..5], [6, 12, 24, 24, 24]);
    assert_eq!(gaps.iter().sum::<i64>(), 28 * 24);
    assert_eq!(disabled.series_began, now());
    assert_eq!(disabled.current_began, now());
    assert_eq!(disabled.series_count as usize, gaps.len() + 1);
}

#[test]
fn a_new_reason_begins_anew_within_the_series() {
    let first = Quarantine::begin(Reason::TooManyDeletes, "many", now());
    assert!(first.notifies(None));
    let Verdict::Quarantined(second) =
        first.clone().again(Reason::EncounteredQuarantineException, "401", after(360))
    else {
        panic!("not yet disabled")
    };
    assert_eq!((second.series_began, second.current_began), (now(), after(360)));
    assert!(second.notifies(Some(&first)));
    let Verdict::Quarantined(third) =
        second.clone().again(Reason::EncounteredQuarantineException, "401", after(900))
    else {
        panic!("not yet disabled")
    };
    assert_eq!(third.current_began, after(360));
    assert!(!third.notifies(Some(&second)));
}

#[test]
fn escrows_are_tried_at_growing_gaps() {
    let failure = Failure { code: "Timeout", message: "slow", reference: false, retry_after: None };
    let forty = SignedDuration::from_mins(40);
    let mut escrow = None;
    let mut gaps = Vec::new();
    for _ in 0..10 {
        let next = Escrow::after(escrow.as_ref(), &failure, forty, now());
        gaps.push((next.next_try.as_second() - now().as_second()) / 60);
        escrow = Some(next);
    }
    assert_eq!(gaps, [40, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]);
    let escrow = escrow.unwrap();
    assert_eq!(escrow.attempts, 10);
    assert_eq!(escrow.first_failed, now());
    assert!(!escrow.is_due(after(1439), false));
    assert!(escrow.is_due(after(1439), true), "a change of the source is a reason to try");
    assert!(escrow.is_due(after(1440), false));
    let asked = Failure { retry_after: Some(SignedDuration::from_hours(2)), ..failure.clone() };
    assert_eq!(Escrow::after(None, &asked, forty, now()).next_try, after(120));
    let long = Failure { retry_after: Some(SignedDuration::from_hours(2_000)), ..failure.clone() };
    assert_eq!(Escrow::after(None, &long, forty, now()).next_try, after(1440));
    let huge = Escrow { attempts: u32::MAX, ..escrow };
    assert_eq!(Escrow::after(Some(&huge), &failure, forty, now()).next_try, after(1440));
}

#[test]
fn deletions_are_counted_and_weighed() {
    let guard = DeletionGuard { enabled: true, count: 500, percent: Some(20), percent_from: 10 };
    let staged = |guard: &DeletionGuard, deletions, linked| {
        matches!(guard.assess(deletions, linked), deletion_guard::Verdict::Stage { .. })
    };
    assert!(!staged(&guard, 500, 1_000_000));
    assert!(staged(&guard, 501, 1_000_000));
    assert!(!staged(&guard, 20, 100));
    assert!(staged(&guard, 21, 100));
    assert!(!staged(&guard, 10, 12), "a few may always go");
    assert!(staged(&guard, 11, 12));
    assert!(!staged(&DeletionGuard { enabled: false, ..guard }, 12, 12));
    assert!(!staged(&DeletionGuard { percent: None, ..guard }, 500, 500));
    assert!(staged(&DeletionGuard { count: 0, percent: None, ..guard }, 1, 500));
    assert!(guard.admits(19, 100));
    assert!(!guard.admits(20, 100));
    let deletion_guard::Verdict::Stage { reason } = guard.assess(21, 100) else { panic!("staged") };
    assert_eq!(reason, "21 objects would be disabled or deleted; the threshold is 20 (20% of 100)");
}

#[test]
fn an_empty_source_is_an_error() {
    assert!(check_source(0, 1).is_err());
    assert!(check_source(0, 0).is_ok());
    assert!(check_source(1, 1_000).is_ok());
}

#[test]
fn intervals_have_bounds_and_graphs_form() {
    for (text, shown) in [
        ("PT40M", Ok("PT40M")),
        ("PT10S", Ok("PT10S")),
        ("PT9S", Err(())),
        ("PT24H", Ok("PT24H")),
        ("PT24H1S", Err(())),
        ("PT90M", Ok("PT1H30M")),
        ("PT3661S", Ok("PT1H1M1S")),
        ("soon", Err(())),
        ("-PT40M", Err(())),
    ] {
        let found = Interval::parse(text).map(|i| i.to_string()).map_err(|_| ());
        assert_eq!(found, shown.map(str::to_owned), "{text}");
    }
    assert_eq!(Interval::default().to_string(), "PT40M");
}

#[test]
fn the_next_cycle_follows_the_rules() {
    let schedule = Schedule {
        state: ScheduleState::Active,
        interval: Interval::default(),
        last_began: Some(now()),
        unfinished: false,
        quarantine: None,
    };
    assert_eq!(next_cycle(&schedule, after(5)), Some(after(40)));
    assert_eq!(next_cycle(&schedule, after(100)), Some(after(100)), "it took longer than the interval");
    assert_eq!(next_cycle(&Schedule { last_began: None, ..schedule }, after(5)), Some(after(5)));
    assert_eq!(next_cycle(&Schedule { unfinished: true, ..schedule }, after(5)), Some(after(5)));
    assert_eq!(next_cycle(&Schedule { state: ScheduleState::Paused, ..schedule }, after(5)), None);
    assert_eq!(next_cycle(&Schedule { state: ScheduleState::Disabled, ..schedule }, after(5)), None);
    let quarantine = Quarantine::begin(Reason::Unknown, "", now());
    let held = Schedule { quarantine: Some(&quarantine), ..schedule };
    assert_eq!(next_cycle(&held, after(5)), Some(after(360)));
}
