//! Everything that a target can answer to the requests about one object, and what is made of it.

use std::time::Duration;

use directory::Kind;
use provision::mapping::MappingSource;
use scim_client::{FailureKind, Phase, TlsProblem};
use serde_json::json;
use store::Pass;

use super::{Stage, is_failure, outcome, steps};
use crate::target::fault::{Fault, Paging, Verb, What};

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The object is held and tried again.
    Retry,
    /// No request will succeed until somebody acts.
    Stop,
}

/// Fault, its status, Entra's code, and the class.
fn failures() -> Vec<(FailureKind, Option<u16>, &'static str, Class)> {
    use Class::{Retry, Stop};
    use FailureKind as F;
    let minute = Some(Duration::from_secs(60));
    vec![
        (F::Refused, None, "WebException", Retry),
        (F::Dns("no such host".into()), None, "WebException", Retry),
        (F::Timeout(Phase::Connect), None, "WebException", Retry),
        (F::Unreachable("no route".into()), None, "WebException", Retry),
        (F::Tls(TlsProblem::Expired), None, "WebException", Stop),
        (F::Tls(TlsProblem::WrongName), None, "WebException", Stop),
        (F::Reset(Phase::Connect), None, "WebException", Retry),
        (F::Timeout(Phase::Head), None, "Timeout", Retry),
        (F::ServerError { retry_after: None }, Some(500), "InternalServerError", Retry),
        (F::ServerError { retry_after: minute }, Some(503), "InternalServerError", Retry),
        (F::RateLimited { retry_after: None }, Some(429), "TooManyRequests", Retry),
        (F::RateLimited { retry_after: minute }, Some(429), "TooManyRequests", Retry),
        (F::Unauthorized, Some(401), "SystemForCrossDomainIdentityManagementInvalidCredentials", Stop),
        (F::Forbidden, Some(403), "InsufficientRights", Stop),
        (F::PreconditionFailed, Some(412), "UnprocessableEntity", Retry),
        (F::Rejected, Some(400), "UnprocessableEntity", Retry),
        (F::Redirect { location: None }, Some(302), "WebExceptionProtocolError", Stop),
        (
            F::NotScim("a web page".into()),
            Some(200),
            "SystemForCrossDomainIdentityManagementBadResponse",
            Stop,
        ),
        (F::Malformed("deep".into()), Some(200), "SystemForCrossDomainIdentityManagementBadResponse", Retry),
        (F::TooLarge { limit: 9 }, Some(200), "SystemForCrossDomainIdentityManagementBadResponse", Retry),
        (F::BrokenHttp("nonsense".into()), None, "WebExceptionProtocolError", Retry),
    ]
}

/// Wherever it happens, nothing is lost, nothing is there twice, and nobody else is touched; when it is over, all is well.
#[tokio::test]
async fn each_failure_has_its_code_and_its_class_and_passes() {
    for verb in [Verb::Query, Verb::Create, Verb::Get, Verb::Change, Verb::Delete] {
        for (kind, status, code, class) in failures() {
            let what = format!("{verb:?} {kind:?}");
            let stage = Stage::new().await;
            let bystander = stage.target.seed(Kind::User, json!({ "userName": "by@stander.example" }));
            let nadia = stage.user("nadia").await;
            let linked = !matches!(verb, Verb::Query | Verb::Create);
            if linked {
                stage.go(Kind::User, &nadia).await;
                stage.change(Kind::User, &nadia, json!({ "title": "Clerk" })).await;
            }
            if verb == Verb::Delete {
                stage.delete(Kind::User, &nadia).await;
                stage.house.directory.purge(stage.house.cx(), Kind::User, &nadia).await.unwrap();
            }
            stage.target.fail(Fault::always(&[verb], What::Refuse(kind, status)));
            for _ in 0..3 {
                let report = stage.go(Kind::User, &nadia).await;
                assert!(is_failure(&report), "{what}: {report:?}");
                if stage.target.count(Verb::Create) <= 1 {
                    assert!(report.document.recommendation.is_some(), "{what}");
                }
                let stops = steps(&report)[0] == "TestConnection";
                if report.code.as_deref() == Some(code) {
                    assert_eq!(stops, class == Class::Stop, "{what}: {report:?}");
                } else {
                    // A creation whose outcome is not known is looked up first.
                    assert!(verb == Verb::Create && stage.is_intended(&nadia).await, "{what}: {report:?}");
                }
            }
            stage.target.heal();
            stage.wait(100);
            let report = stage.go(Kind::User, &nadia).await;
            assert!(!is_failure(&report), "{what}: {report:?}");
            let accounts = stage.target.having(Kind::User, "userName", "nadia@fabrikam.example");
            assert_eq!(accounts.len(), usize::from(verb != Verb::Delete), "{what}");
            assert!(stage.target.done().iter().all(|done| done.id != bystander), "{what}");
            assert!(!stage.is_intended(&nadia).await, "{what}");
        }
    }
}

/// The first of these has been done although it failed; doing it again is harmless.
#[tokio::test]
async fn changes_and_deletes_may_be_sent_twice() {
    for verb in [Verb::Change, Verb::Delete] {
        let stage = Stage::new().await;
        let nadia = stage.user("nadia").await;
        stage.go(Kind::User, &nadia).await;
        stage.change(Kind::User, &nadia, json!({ "title": "Clerk" })).await;
        if verb == Verb::Delete {
            stage.delete(Kind::User, &nadia).await;
            stage.house.directory.purge(stage.house.cx(), Kind::User, &nadia).await.unwrap();
        }
        let lost = What::ApplyThen(FailureKind::Timeout(Phase::Head), None);
        stage.target.fail(Fault::once(&[verb], lost));
        assert!(is_failure(&stage.go(Kind::User, &nadia).await));
        let expected = if verb == Verb::Delete { "success delete" } else { "skipped other RedundantExport" };
        assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), expected);
        assert_eq!(stage.target.done().iter().filter(|done| done.verb == verb).count(), 1);
    }
}

/// 409 to a creation although nothing was found before.
#[tokio::test]
async fn what_is_said_to_be_there_is_looked_for() {
    for plain in [false, true] {
        let stage = Stage::new().await;
        stage.target.habits(|habits| habits.plain_conflicts = plain);
        // It is not to be found: a name that is taken in a way that only the target knows.
        let omar = stage.user("omar").await;
        let conflict = What::Refuse(FailureKind::Conflict, Some(409));
        stage.target.fail(Fault::once(&[Verb::Create], conflict));
        let report = stage.go(Kind::User, &omar).await;
        assert_eq!(outcome(&report), "failure create EntryConflict");
        assert!(!stage.is_intended(&omar).await, "it was certainly not created");
        assert!(stage.link(&omar).await.is_none());
        assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "success create");
    }
}

#[tokio::test]
async fn what_was_made_in_between_is_adopted() {
    let stage = Stage::new().await;
    // Late to show, so that the first look-up finds nothing.
    let nadia = stage.user("nadia").await;
    stage.target.habits(|habits| habits.lag = jiff::SignedDuration::from_secs(2));
    let lost = What::ApplyThen(FailureKind::Rejected, Some(400));
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    assert!(is_failure(&stage.go(Kind::User, &nadia).await), "refused, so nothing is remembered of it");
    assert!(!stage.is_intended(&nadia).await);
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success other", "{report:?}");
    assert_eq!(stage.target.ids(Kind::User), [stage.target_id(&nadia).await]);
}

#[tokio::test]
async fn what_was_deleted_at_the_target_is_reported_or_made_again() {
    for recreate in [false, true] {
        for at in [Verb::Get, Verb::Change] {
            let stage = Stage::new().await;
            stage.configure(|config| config.settings.recreate_missing = recreate).await;
            let nadia = stage.user("nadia").await;
            stage.go(Kind::User, &nadia).await;
            let account = stage.target_id(&nadia).await;
            stage.wait(100);
            stage.change(Kind::User, &nadia, json!({ "title": "Clerk" })).await;
            match at {
                Verb::Get => stage.target.drop_object(Kind::User, &account),
                _ => {
                    let gone = What::Refuse(FailureKind::NotFound, Some(404));
                    stage.target.fail(Fault::once(&[Verb::Change], gone));
                }
            }
            let report = stage.go(Kind::User, &nadia).await;
            if !recreate {
                assert_eq!(outcome(&report), "failure update InvalidAnchor", "{at:?}");
                assert_eq!(stage.target_id(&nadia).await, account);
                continue;
            }
            if at == Verb::Get {
                assert_eq!(outcome(&report), "success create", "{at:?}");
                assert_ne!(stage.target_id(&nadia).await, account);
                assert_eq!(stage.target.ids(Kind::User), [stage.target_id(&nadia).await]);
            } else {
                // It is there all the same: the name is taken, by the object it was linked to.
                assert!(!is_failure(&report), "{report:?}");
                assert_eq!(stage.target.ids(Kind::User), [account.as_str()]);
            }
        }
    }
}

#[tokio::test]
async fn a_target_that_ignores_filters_is_looked_through() {
    let stage = Stage::new().await;
    for n in 0..450 {
        stage.target.seed(Kind::User, json!({ "userName": format!("u{n}@fabrikam.example") }));
    }
    let account = stage.target.seed(Kind::User, json!({ "userName": "Nadia@fabrikam.example" }));
    stage.target.habits(|habits| habits.ignores_filters = true);
    let nadia = stage.user("nadia").await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    assert_eq!(stage.target_id(&nadia).await, account);
    let omar = stage.user("omar").await;
    assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "success create");
    let ours = [account, stage.target_id(&omar).await];
    assert!(stage.target.done().iter().all(|done| ours.contains(&done.id)), "{:?}", stage.target.done());
    // Two that match, pages apart.
    stage.target.seed(Kind::User, json!({ "userName": "kim@fabrikam.example" }));
    for n in 450..900 {
        stage.target.seed(Kind::User, json!({ "userName": format!("u{n}@fabrikam.example") }));
    }
    stage.target.seed(Kind::User, json!({ "userName": "kim@fabrikam.example" }));
    let kim = stage.user("kim").await;
    assert_eq!(outcome(&stage.go(Kind::User, &kim).await), "failure create DuplicateTargetEntries");
}

#[tokio::test]
async fn pages_that_cannot_be_looked_through_are_refused() {
    let incompatible = "failure create SystemForCrossDomainIdentityManagementServiceIncompatible";
    // Paging, how many others there are, whether filters are ignored, and what comes of it.
    let cases = [
        (Paging::Right, 5_001, true, incompatible),
        (Paging::Right, 4_900, true, "success create"),
        (Paging::Repeats, 300, true, incompatible),
        (Paging::Endless, 0, true, incompatible),
        (Paging::Endless, 0, false, incompatible),
        (Paging::Untold, 300, true, "success create"),
        (Paging::Miscounts(7), 300, true, "success create"),
        (Paging::Untold, 300, false, "success create"),
        (Paging::Miscounts(3), 300, false, "success create"),
        (Paging::Repeats, 300, false, "success create"),
    ];
    for (paging, others, ignores, expected) in cases {
        let stage = Stage::new().await;
        for n in 0..others {
            stage.target.seed(Kind::User, json!({ "userName": format!("u{n}@fabrikam.example") }));
        }
        stage.target.habits(|habits| {
            habits.ignores_filters = ignores;
            habits.paging = paging;
            habits.page_size = 200;
        });
        let nadia = stage.user("nadia").await;
        let report = stage.go(Kind::User, &nadia).await;
        assert_eq!(outcome(&report), expected, "{paging:?} {others} {ignores}: {}", report.summary);
    }
}

#[tokio::test]
async fn nothing_found_is_no_404() {
    let stage = Stage::new().await;
    stage.target.habits(|habits| habits.not_found_for_no_match = true);
    let nadia = stage.user("nadia").await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "failure create SystemForCrossDomainIdentityManagementServiceIncompatible");
    assert!(stage.target.done().is_empty());
}

#[tokio::test]
async fn a_question_about_one_answered_about_another_changes_nobody() {
    let stage = Stage::new().await;
    let omar = stage.user("omar").await;
    stage.go(Kind::User, &omar).await;
    let nadia = stage.user("nadia").await;
    stage.go(Kind::User, &nadia).await;
    stage.change(Kind::User, &nadia, json!({ "title": "Clerk" })).await;
    let before = stage.target.done();
    stage.target.fail(Fault::once(&[Verb::Get], What::OtherObject));
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "failure update SystemForCrossDomainIdentityManagementBadResponse");
    assert_eq!(stage.target.done(), before);
}

#[tokio::test]
async fn without_patch_the_whole_is_put_and_nothing_unmapped_goes() {
    let stage = Stage::new().await;
    let there = json!({ "userName": "nadia@fabrikam.example", "nickName": "Nad", "x509Certificates": [{ "value": "MA==" }] });
    let account = stage.target.seed(Kind::User, there);
    stage.target.habits(|habits| habits.no_patch = true);
    let nadia = stage.user("nadia").await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    let now = stage.target.get_now(Kind::User, &account).unwrap();
    assert_eq!((&now["displayName"], &now["nickName"]), (&json!("nadia"), &json!("Nad")));
    assert!(now.contains_key("x509Certificates"), "{now:?}");
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other RedundantExport");
}

#[tokio::test]
async fn names_in_other_letters_and_forgotten_attributes_make_no_loop() {
    let stage = Stage::new().await;
    stage.target.habits(|habits| {
        habits.upper_cases_user_names = true;
        habits.drops = vec!["title".into(), "externalId".into()];
    });
    let nadia = stage.stranger("nadia", json!({ "title": "Clerk" })).await;
    stage.assign(Kind::User, &nadia).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    // What it forgets is said again with the next change, once, as Entra does.
    stage.go(Kind::User, &nadia).await;
    let bodies = stage.target.bodies(Verb::Change);
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let sent = bodies[0].to_string();
    assert!(sent.contains("title") && !sent.contains("userName"), "{sent}");
}

#[tokio::test]
async fn a_mapping_without_a_result_fails_the_object_and_sends_nothing() {
    let stage = Stage::new().await;
    stage
        .remap(Kind::User, |mapping| {
            let by = mapping.attributes.iter_mut().find(|m| m.target == "displayName").unwrap();
            by.source = MappingSource::Expression("Mid([userName], 0, 5)".into());
        })
        .await;
    let nadia = stage.user("nadia").await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "failure create MappingFailed", "{}", report.summary);
    assert_eq!(stage.target.count(Verb::Create), 0);
    assert!(stage.work(Pass::Object, &nadia).await.is_some(), "what was asked for by assigning stays due");
}
