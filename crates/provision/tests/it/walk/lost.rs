//! Creations whose outcome is not known: never two accounts, and never somebody else's.

use directory::Kind;
use jiff::SignedDuration;
use scim_client::{FailureKind, Phase};
use serde_json::json;
use store::Pass;

use super::{Stage, is_failure, outcome, steps};
use crate::target::fault::{Fault, Verb, What};

const NADIA: &str = "nadia@fabrikam.example";

fn accounts(stage: &Stage) -> Vec<String> {
    stage.target.having(Kind::User, "userName", NADIA)
}

/// Answers after which nobody knows.
fn ambiguous() -> Vec<(FailureKind, Option<u16>)> {
    vec![
        (FailureKind::Timeout(Phase::Head), None),
        (FailureKind::Timeout(Phase::Body), Some(201)),
        (FailureKind::Reset(Phase::Head), None),
        (FailureKind::Reset(Phase::Body), Some(201)),
        (FailureKind::ServerError { retry_after: None }, Some(500)),
        (FailureKind::ServerError { retry_after: None }, Some(503)),
        (FailureKind::Malformed("a resource has no id".into()), Some(201)),
        (FailureKind::TooLarge { limit: 1 }, Some(201)),
        (FailureKind::NotScim("a web page".into()), Some(200)),
        (FailureKind::BrokenHttp("nonsense".into()), None),
    ]
}

#[tokio::test]
async fn a_creation_that_was_carried_out_is_found_again() {
    for (kind, status) in ambiguous() {
        let stage = Stage::new().await;
        let nadia = stage.user("nadia").await;
        stage.target.fail(Fault::once(&[Verb::Create], What::ApplyThen(kind.clone(), status)));
        let report = stage.go(Kind::User, &nadia).await;
        assert!(is_failure(&report), "{kind:?}");
        assert!(stage.is_intended(&nadia).await, "{kind:?}");
        assert!(stage.work(Pass::Object, &nadia).await.unwrap().escrow.is_some(), "it does not get lost");
        let report = stage.go(Kind::User, &nadia).await;
        assert_eq!(outcome(&report), "success create", "{kind:?}");
        assert_eq!(accounts(&stage), [stage.target_id(&nadia).await]);
        assert_eq!(stage.target.count(Verb::Create), 1, "{kind:?}");
        assert!(!stage.is_intended(&nadia).await);
        assert!(stage.work(Pass::Object, &nadia).await.is_none());
    }
}

#[tokio::test]
async fn a_creation_that_was_not_carried_out_is_sent_again_but_not_at_once() {
    for (kind, status) in ambiguous() {
        let stage = Stage::new().await;
        let nadia = stage.user("nadia").await;
        stage.target.fail(Fault::once(&[Verb::Create], What::Refuse(kind.clone(), status)));
        assert!(is_failure(&stage.go(Kind::User, &nadia).await));
        // What is not there may only be not there yet.
        let report = stage.go(Kind::User, &nadia).await;
        assert!(is_failure(&report) && stage.target.count(Verb::Create) == 1, "{kind:?}: {report:?}");
        stage.wait(61);
        assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create", "{kind:?}");
        assert_eq!(accounts(&stage).len(), 1);
        assert_eq!(stage.target.count(Verb::Create), 2);
    }
}

#[tokio::test]
async fn a_target_that_shows_late_gets_no_second_account() {
    let stage = Stage::new().await;
    stage.target.habits(|habits| habits.lag = SignedDuration::from_secs(40));
    let nadia = stage.user("nadia").await;
    let lost = What::ApplyThen(FailureKind::Timeout(Phase::Head), None);
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    assert!(is_failure(&stage.go(Kind::User, &nadia).await));
    for _ in 0..12 {
        assert!(is_failure(&stage.go(Kind::User, &nadia).await));
    }
    stage.wait(10);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    assert_eq!((accounts(&stage).len(), stage.target.count(Verb::Create)), (1, 1));
    // And one that is linked but not seen yet is not taken for deleted.
    let omar = stage.user("omar").await;
    assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "success create");
    stage.change(Kind::User, &omar, json!({ "title": "Clerk" })).await;
    assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "failure update InvalidAnchor");
    stage.wait(40);
    assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "success update");
}

#[tokio::test]
async fn a_rename_in_between_makes_no_second_account() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    let lost = What::ApplyThen(FailureKind::Reset(Phase::Head), None);
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    assert!(is_failure(&stage.go(Kind::User, &nadia).await));
    stage.change(Kind::User, &nadia, json!({ "userName": "nadia.byrne@fabrikam.example" })).await;
    stage.wait(100);
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success create", "{report:?}");
    assert_eq!(stage.target.ids(Kind::User), [stage.target_id(&nadia).await]);
    assert_eq!(stage.target.having(Kind::User, "userName", "nadia.byrne@fabrikam.example").len(), 1);
}

#[tokio::test]
async fn who_leaves_in_between_is_disabled() {
    for found in [true, false] {
        let stage = Stage::new().await;
        let nadia = stage.user("nadia").await;
        let kind = FailureKind::Timeout(Phase::Head);
        let what = if found { What::ApplyThen(kind, None) } else { What::Refuse(kind, None) };
        stage.target.fail(Fault::once(&[Verb::Create], what));
        assert!(is_failure(&stage.go(Kind::User, &nadia).await));
        stage.unassign(&nadia).await;
        stage.wait(100);
        let report = stage.go(Kind::User, &nadia).await;
        let expected = if found { "success disable" } else { "skipped other NotEffectivelyEntitled" };
        assert_eq!(outcome(&report), expected, "{report:?}");
        for account in accounts(&stage) {
            assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["active"], false);
        }
        assert_eq!(stage.link(&nadia).await.is_some(), found);
        assert!(!stage.is_intended(&nadia).await);
    }
}

#[tokio::test]
async fn two_runs_at_the_same_moment_make_one_account() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    let run = || stage.try_go(Kind::User, &nadia, &[]);
    let (one, two, three) = tokio::join!(run(), run(), run());
    let outcomes = [one, two, three].map(|report| outcome(&report.unwrap()));
    // Who finds it before it is linked may take it for a lost one of his own, and calls that a creation too.
    assert!(outcomes.contains(&"success create".to_owned()), "{outcomes:?}");
    assert_eq!(stage.target.count(Verb::Create), 1, "{outcomes:?}");
    assert_eq!(accounts(&stage).len(), 1);
    stage.wait(100);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other RedundantExport");
}

#[tokio::test]
async fn an_answer_about_somebody_else_links_nobody_else() {
    for what in [What::OtherId, What::OtherObject] {
        let stage = Stage::new().await;
        let other = stage.user("omar").await;
        stage.go(Kind::User, &other).await;
        let others = stage.target_id(&other).await;
        let nadia = stage.user("nadia").await;
        stage.target.fail(Fault::once(&[Verb::Create], what.clone()));
        let report = stage.go(Kind::User, &nadia).await;
        assert!(is_failure(&report), "{what:?}");
        assert!(report.code.as_deref().unwrap().ends_with("BadResponse"), "{report:?}");
        assert!(stage.link(&nadia).await.is_none());
        stage.wait(100);
        assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create", "{what:?}");
        assert_eq!(accounts(&stage), [stage.target_id(&nadia).await]);
        let written = stage.target.done();
        let of_other = written.iter().filter(|done| done.id == others);
        assert_eq!(of_other.count(), 1, "only its own creation: {written:?}");
    }
}

/// The answer repeats what was sent under the id of an account that nobody here knows. It is looked behind if anything is odd:
/// the account is an old one, or the target does not read questions.
#[tokio::test]
async fn an_answer_with_the_id_of_a_strangers_account_is_looked_behind_when_it_is_odd() {
    for (created, ignores, seen_through) in [
        (Some("2020-01-01T00:00:00Z"), false, true),
        (None, true, true),
        // Nothing is odd: a read after each creation would be the only way to tell.
        (Some("2026-03-01T11:59:00Z"), false, false),
        (None, false, false),
    ] {
        let stage = Stage::new().await;
        let mut other = json!({ "userName": "omar@fabrikam.example" });
        if let Some(at) = created {
            other["meta"] = json!({ "created": at });
        }
        let other = stage.target.seed(Kind::User, other);
        stage.target.habits(|habits| habits.ignores_filters = ignores);
        let nadia = stage.user("nadia").await;
        stage.target.fail(Fault::once(&[Verb::Create], What::OtherId));
        let report = stage.go(Kind::User, &nadia).await;
        assert_eq!(is_failure(&report), seen_through, "{created:?} {ignores}: {report:?}");
        assert_eq!(stage.link(&nadia).await.is_none(), seen_through);
        if seen_through {
            stage.wait(100);
            assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
            assert_eq!(accounts(&stage), [stage.target_id(&nadia).await]);
            assert!(stage.target.done().iter().all(|done| done.id != other), "the stranger was left alone");
        }
    }
}

/// Nothing else says whose it is.
#[tokio::test]
async fn an_answer_with_an_id_alone_is_looked_behind() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.target.fail(Fault::once(&[Verb::Create], What::IdAlone));
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    let asked = stage.target.take_asked();
    assert_eq!(
        asked[1..],
        ["POST /Users".to_owned(), format!("GET /Users/{}", stage.target_id(&nadia).await)]
    );
}

#[tokio::test]
async fn an_account_found_by_its_address_is_ours_if_it_is_what_was_sent() {
    let stage = Stage::new().await;
    stage
        .remap(Kind::User, |mapping| {
            for attribute in &mut mapping.attributes {
                attribute.matching_priority = u32::from(attribute.target.starts_with("emails"));
            }
        })
        .await;
    // Without a lost creation, an address is not enough.
    let omar = stage.user("omar").await;
    stage.target.seed(
        Kind::User,
        json!({ "userName": "o", "emails": [{ "type": "work", "value": "omar@fabrikam.example" }] }),
    );
    assert_eq!(outcome(&stage.go(Kind::User, &omar).await), "failure create EntryConflict");
    let nadia = stage.user("nadia").await;
    let lost = What::ApplyThen(FailureKind::Timeout(Phase::Head), None);
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    assert!(is_failure(&stage.go(Kind::User, &nadia).await));
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success create");
    assert!(steps(&report).contains(&"EntryImport"));
    assert_eq!(accounts(&stage).len(), 1);
}

/// The process died between linking what a lost creation had made and writing about it.
#[tokio::test]
async fn a_creation_of_which_only_the_link_was_kept_is_logged_when_it_is_seen() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.go(Kind::User, &nadia).await;
    let (app, id, at) = (stage.app.clone(), nadia.clone(), directory::Clock::now(stage.clock().as_ref()));
    let document = json!({ "body": { "userName": NADIA } }).to_string();
    let intent = store::IntentRow { id, kind: Kind::User, at, document };
    let write = move |write: &store::TenantWrite<'_>| write.put_intent(&app, &intent);
    stage.house.store.tenant(&stage.house.tenant).write(write).await.unwrap();
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success create", "{report:?}");
    assert!(!stage.is_intended(&nadia).await);
    assert_eq!(stage.target.count(Verb::Create), 1);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other RedundantExport");
}
