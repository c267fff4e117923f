//! `Retry-After` in every form, and the back-off.

use std::time::Duration;

use proptest::prelude::*;
use scim_client::{Failure, FailureKind, Phase, RetryPolicy, TlsProblem, retry_after};

use crate::server::now;

#[test]
fn every_form_of_retry_after_is_read() {
    let check = |value: &str, expect: Option<u64>| {
        assert_eq!(retry_after::parse(value, now()), expect.map(Duration::from_secs), "{value:?}");
    };
    const DAY: u64 = 86_400;
    for (value, seconds) in [
        ("120", 120),
        (" 120 ", 120),
        ("0", 1),
        ("1", 1),
        ("1.5", 2),
        ("2.0", 2),
        ("86400", DAY),
        ("86401", DAY),
        ("31536000", DAY),
        ("99999999999999999999999999", DAY),
        // IMF-fixdate, RFC 850, asctime
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60),
        ("Sun Mar  1 12:01:00 2026", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 1),
        ("Mon, 01 Mar 2027 12:00:00 GMT", DAY),
    ] {
        check(value, Some(seconds));
    }
    for garbage in [
        "",
        " ",
        "-1",
        "+5",
        "soon",
        "1e3",
        "0x10",
        "NaN",
        "inf",
        "12 s",
        "1,5",
        ".",
        "1.x",
        "2026-03-01T12:01:00Z",
    ] {
        check(garbage, None);
    }
}

fn failure(kind: FailureKind, status: Option<u16>) -> Failure {
    let mut failure = Failure::new(kind);
    failure.status = status;
    failure
}

#[test]
fn only_what_may_pass_and_does_no_harm_is_tried_again() {
    let policy = RetryPolicy::default();
    let check = |kind: FailureKind, repeatable: bool, expect: bool| {
        let shown = format!("{kind:?}");
        let decided = policy.decide(1, &failure(kind, Some(500)), repeatable, 0.5);
        assert_eq!(decided.is_some(), expect, "{shown} repeatable {repeatable}");
    };
    // Never sent, or refused: any request.
    for kind in [
        FailureKind::Refused,
        FailureKind::Dns(String::new()),
        FailureKind::Timeout(Phase::Connect),
        FailureKind::Reset(Phase::Handshake),
        FailureKind::RateLimited { retry_after: None },
    ] {
        check(kind.clone(), true, true);
        check(kind, false, true);
    }
    // Perhaps carried out: only what may be done twice.
    for kind in [
        FailureKind::Timeout(Phase::Head),
        FailureKind::Timeout(Phase::Body),
        FailureKind::Reset(Phase::Head),
        FailureKind::Reset(Phase::Body),
        FailureKind::ServerError { retry_after: None },
    ] {
        check(kind.clone(), true, true);
        check(kind, false, false);
    }
    // Will not pass by itself.
    for kind in [
        FailureKind::Unauthorized,
        FailureKind::Forbidden,
        FailureKind::NotFound,
        FailureKind::Conflict,
        FailureKind::Tls(TlsProblem::Expired),
        FailureKind::Redirect { location: None },
        FailureKind::NotScim(String::new()),
        FailureKind::TooLarge { limit: 1 },
        FailureKind::Malformed(String::new()),
        FailureKind::Rejected,
    ] {
        check(kind.clone(), true, false);
        check(kind, false, false);
    }
}

#[test]
fn attempts_and_patience_end() {
    let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let refused = failure(FailureKind::Refused, None);
    assert!(policy.decide(2, &refused, true, 0.0).is_some());
    assert!(policy.decide(3, &refused, true, 0.0).is_none());
    let limited = |seconds| {
        failure(FailureKind::RateLimited { retry_after: Some(Duration::from_secs(seconds)) }, Some(429))
    };
    // Never sooner than asked.
    assert_eq!(policy.decide(1, &limited(30), true, 0.0), Some(Duration::from_secs(30)));
    assert_eq!(policy.decide(1, &limited(31), true, 0.0), None);
    assert!(RetryPolicy::NEVER.decide(1, &refused, true, 0.0).is_none());
}

#[test]
fn waits_double_up_to_the_cap() {
    let policy = RetryPolicy::default();
    let ceilings: Vec<u64> = (1..8).map(|failed| policy.ceiling(failed).as_secs()).collect();
    assert_eq!(ceilings, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(policy.ceiling(u32::MAX), policy.cap);
    assert_eq!(policy.delay(3, 0.0), Duration::ZERO);
    assert_eq!(policy.delay(3, 0.5), Duration::from_secs(2));
}

proptest! {
    #[test]
    fn a_wait_is_within_its_ceiling(failed: u32, random: f64) {
        let policy = RetryPolicy::default();
        prop_assert!(policy.delay(failed, random) <= policy.cap);
    }

    #[test]
    fn no_header_panics_or_leaves_its_bounds(value: String, digits in "[0-9]{1,40}(\\.[0-9]{0,5})?") {
        for text in [value, digits] {
            if let Some(wait) = retry_after::parse(&text, now()) {
                prop_assert!(wait >= Duration::from_secs(1) && wait <= Duration::from_secs(86_400));
            }
        }
    }
}
