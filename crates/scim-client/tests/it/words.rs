//! Every failure has a code, a cause and a hint, in words for an administrator.

use std::time::Duration;

use scim_client::address::{Blocked, Special};
use scim_client::failure::ErrorMessage;
use scim_client::{Failure, FailureKind, Phase, Place, TlsProblem};

#[test]
fn causes_name_what_happened() {
    let check = |kind: FailureKind, status: Option<u16>, expect: &str| {
        let mut failure = Failure::new(kind);
        failure.status = status;
        assert_eq!(failure.cause(), expect);
    };
    let address = "10.0.0.5".parse().unwrap();
    let blocked = Blocked { host: "a.example".into(), address, special: Special::Private };
    check(
        FailureKind::Blocked(Box::new(blocked)),
        None,
        "A.example is at 10.0.0.5, a private address, which this server does not connect to.",
    );
    check(FailureKind::Refused, None, "The target refused the connection.");
    check(FailureKind::Unauthorized, Some(401), "The target answered 401 Unauthorized.");
    check(FailureKind::NotFound, Some(404), "The target answered 404 Not Found.");
    check(FailureKind::Tls(TlsProblem::Expired), None, "The certificate of the target has expired.");
    check(
        FailureKind::NotScim("a web page".into()),
        Some(200),
        "The target answered 200 OK with a web page.",
    );
    check(
        FailureKind::RateLimited { retry_after: Some(Duration::from_secs(30)) },
        Some(429),
        "The target limits the rate of requests (429). It asks to wait 30 s.",
    );
    check(
        FailureKind::RateLimited { retry_after: Some(Duration::from_secs(30)) },
        None,
        "The target has asked for a pause that is not over. It asks to wait 30 s.",
    );
    check(
        FailureKind::Timeout(Phase::Head),
        None,
        "The target did not answer in time; the request may have been carried out.",
    );
}

#[test]
fn the_targets_own_words_are_passed_on() {
    let mut failure = Failure::new(FailureKind::Conflict);
    failure.status = Some(409);
    failure.message = Some(Box::new(ErrorMessage {
        scim_type: Some("uniqueness".into()),
        detail: Some("userName mira is taken".into()),
    }));
    assert_eq!(
        failure.cause(),
        "The target answered 409 Conflict. It says (uniqueness): \"userName mira is taken\"."
    );
}

#[test]
fn the_token_endpoint_has_hints_of_its_own() {
    let mut failure = Failure::new(FailureKind::Unauthorized);
    let target = failure.hint();
    failure.place = Place::TokenEndpoint;
    assert_ne!(failure.hint(), target);
    assert!(failure.hint().contains("client secret"));
}
