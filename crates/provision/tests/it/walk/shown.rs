//! What people are shown: entries, explanations, and nothing that was to be kept from logs.

use directory::Kind;
use provision::mapping::MappingSource;
use provision::{Error, LogQuery};
use scim_client::FailureKind;
use serde_json::json;

use super::{Stage, outcome};
use crate::target::fault::{Fault, Verb, What};

async fn log_text(stage: &Stage) -> String {
    let query = LogQuery { limit: 100, ..LogQuery::default() };
    let rows = stage.house.provisioning.logs(&stage.house.tenant, query).await.unwrap();
    rows.iter().map(|row| format!("{row:?}")).collect()
}

#[tokio::test]
async fn redacted_values_are_in_no_log() {
    for hide in [true, false] {
        let stage = Stage::new().await;
        stage
            .remap(Kind::User, |mapping| {
                let title = mapping.attributes.iter_mut().find(|m| m.target == "title").unwrap();
                let text = if hide { "Redact([jobTitle])" } else { "[jobTitle]" };
                title.source = MappingSource::Expression(text.into());
            })
            .await;
        let nadia = stage.stranger("nadia", json!({ "title": "Canary one" })).await;
        stage.assign(Kind::User, &nadia).await;
        let mut said = String::new();
        said.push_str(&format!("{:?}", stage.go(Kind::User, &nadia).await));
        stage.change(Kind::User, &nadia, json!({ "title": "Canary two" })).await;
        let tenant = &stage.house.tenant;
        let explained =
            stage.house.provisioning.explain(tenant, &stage.app, Kind::User, &nadia, true).await.unwrap();
        said.push_str(&format!("{explained:?}"));
        let refused = What::Refuse(FailureKind::Rejected, Some(400));
        stage.target.fail(Fault::once(&[Verb::Change], refused));
        said.push_str(&format!("{:?}", stage.go(Kind::User, &nadia).await));
        said.push_str(&format!("{:?}", stage.go(Kind::User, &nadia).await));
        said.push_str(&log_text(&stage).await);
        // The control: without Redact they are there.
        assert_eq!(!said.contains("Canary"), hide, "{said}");
        let account = stage.target_id(&nadia).await;
        assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["title"], "Canary two");
    }
}

#[tokio::test]
async fn a_lost_creation_does_not_keep_what_is_not_to_be_kept() {
    let stage = Stage::new().await;
    stage
        .remap(Kind::User, |mapping| {
            let title = mapping.attributes.iter_mut().find(|m| m.target == "title").unwrap();
            title.source = MappingSource::Expression("Redact(Join(\"\", [jobTitle], \"-sealed\"))".into());
        })
        .await;
    let nadia = stage.stranger("nadia", json!({ "title": "Canary" })).await;
    stage.assign(Kind::User, &nadia).await;
    let lost = What::ApplyThen(FailureKind::ServerError { retry_after: None }, Some(500));
    stage.target.fail(Fault::once(&[Verb::Create], lost));
    stage.go(Kind::User, &nadia).await;
    assert!(stage.is_intended(&nadia).await);
    assert!(!stage.house.dump().await.contains("Canary-sealed"));
}

#[tokio::test]
async fn an_explanation_says_why_and_what_would_be_done_and_does_nothing() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    let explain =
        |ask| stage.house.provisioning.explain(&stage.house.tenant, &stage.app, Kind::User, &nadia, ask);
    let before = stage.house.dump().await;
    let explained = explain(true).await.unwrap();
    assert_eq!(explained.would.as_ref().unwrap().action, "create");
    assert!(explained.scope.reasons.concat().contains("assigned directly"), "{:?}", explained.scope);
    assert!(explained.mapping.to_string().contains("userPrincipalName"), "{}", explained.mapping);
    assert_eq!(explained.waiting.len(), 1);
    stage.target.take_asked();
    let explained = explain(false).await.unwrap();
    assert!(explained.would.is_none() && stage.target.take_asked().is_empty());
    assert_eq!(stage.house.dump().await, before, "nothing was written");
    assert!(stage.target.done().is_empty());

    stage.target.fail(Fault::always(&[], What::Refuse(FailureKind::Rejected, Some(400))));
    stage.go(Kind::User, &nadia).await;
    stage.target.heal();
    stage.go(Kind::User, &nadia).await;
    let explained = explain(true).await.unwrap();
    assert_eq!(explained.entries.len(), 2);
    assert_eq!(explained.entries[0].entry.status, "success", "the newest first");
    assert_eq!(explained.would.unwrap().code.as_deref(), Some("RedundantExport"));
    assert!(explained.link.is_some() && explained.waiting.is_empty());
    let stranger = stage.stranger("sam", json!({})).await;
    let explained = stage
        .house
        .provisioning
        .explain(&stage.house.tenant, &stage.app, Kind::User, &stranger, true)
        .await
        .unwrap();
    assert!(!explained.scope.in_scope);
    let nobody =
        stage.house.provisioning.explain(&stage.house.tenant, &stage.app, Kind::User, "nobody", false);
    assert_eq!(nobody.await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn runs_on_demand_are_in_both_logs_and_not_too_many() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    for run in 0..5 {
        stage.try_go(Kind::User, &nadia, &[]).await.unwrap_or_else(|error| panic!("run {run}: {error}"));
    }
    assert!(matches!(stage.try_go(Kind::User, &nadia, &[]).await, Err(Error::TooOften(_))));
    let audit = stage.house.audit().await;
    let runs = audit.iter().filter(|row| row.action == "job.provisionOnDemand");
    assert_eq!(runs.count(), 5);
    let query = LogQuery { source_id: Some(nadia), limit: 100, ..LogQuery::default() };
    let rows = stage.house.provisioning.logs(&stage.house.tenant, query).await.unwrap();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.entry.cycle.is_none() && row.entry.actor.contains("nadia")));
}

#[tokio::test]
async fn an_application_that_was_deleted_meanwhile_gets_nothing() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    stage.house.provisioning.delete_application(stage.house.cx(), &stage.app).await.unwrap();
    let error = stage.try_go(Kind::User, &nadia, &[]).await.unwrap_err();
    assert_eq!(error.status(), 404);
}
