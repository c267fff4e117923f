//! Reports of the validator.

use store::{ValidationDocument, ValidationRow};

use crate::store::{A, B, at, fresh, tenant_id};

fn row(id: &str) -> ValidationRow {
    ValidationRow {
        id: id.into(),
        started: at(5),
        started_by: "operator:1 Ada".into(),
        target: "https://scim.example/v2".into(),
        profile: "all".into(),
        seed: 7,
        duration_ms: 1_500,
        requests: 900,
        deviations: 3,
        not_judged: 1,
        passed: 200,
        not_applicable: 20,
        cancelled: true,
    }
}

fn documents(body: &str) -> Vec<ValidationDocument> {
    ["json", "html"]
        .map(|form| ValidationDocument { form: form.into(), body: format!("{form} {body}") })
        .into()
}

#[tokio::test]
async fn a_report_is_listed_and_read_whole_in_its_tenant_only() {
    let (store, tenant) = fresh().await;
    let other = store.tenant(&tenant_id(B));
    for id in ["1", "3", "2"] {
        tenant.write(move |w| w.insert_validation(&row(id), &documents(id))).await.expect("stored");
    }
    let listed = tenant.read(|r| r.validations(2)).await.expect("a list");
    assert_eq!(listed, [row("3"), row("2")], "the newest first");
    assert_eq!(tenant.read(|r| r.validation("1")).await.expect("a row"), Some(row("1")));
    let document = tenant.read(|r| r.validation_document("2", "html")).await.expect("a document");
    assert_eq!(document.as_deref(), Some("html 2"));
    assert_eq!(tenant.read(|r| r.validation_document("2", "sarif")).await.expect("none"), None);

    assert!(other.read(|r| r.validations(9)).await.expect("a list").is_empty());
    assert_eq!(other.read(|r| r.validation("1")).await.expect("none"), None);
    assert_eq!(other.read(|r| r.validation_document("1", "html")).await.expect("none"), None);
    assert!(!other.write(|w| w.delete_validation("1")).await.expect("nothing deleted"));
    assert_eq!(other.write(|w| w.prune_validations(0)).await.expect("nothing pruned"), 0);
    assert_eq!(tenant.read(|r| r.validations(9)).await.expect("a list").len(), 3);
}

#[tokio::test]
async fn the_oldest_go_with_their_documents() {
    let (store, tenant) = fresh().await;
    for id in ["1", "2", "3"] {
        tenant.write(move |w| w.insert_validation(&row(id), &documents(id))).await.expect("stored");
    }
    assert_eq!(tenant.write(|w| w.prune_validations(2)).await.expect("pruned"), 1);
    assert_eq!(tenant.read(|r| r.validations(9)).await.expect("a list"), [row("3"), row("2")]);
    assert!(tenant.write(|w| w.delete_validation("3")).await.expect("deleted"));
    assert!(!tenant.write(|w| w.delete_validation("3")).await.expect("gone"));
    let dump = store.dump().await.expect("a dump");
    let left: Vec<&str> = dump.lines().filter(|l| l.starts_with("validation_document")).collect();
    assert_eq!(left.len(), 2, "both forms of report 2: {left:?}");
}

#[tokio::test]
async fn a_deleted_tenant_takes_its_reports_along() {
    let (store, tenant) = fresh().await;
    tenant.write(|w| w.insert_validation(&row("1"), &documents("1"))).await.expect("stored");
    assert!(store.write(|w| w.delete_tenant(&tenant_id(A))).await.expect("deleted"));
    while store.write(|w| w.sweep(100)).await.expect("swept") > 0 {}
    let dump = store.dump().await.expect("a dump");
    assert!(!dump.contains("validation"), "{dump}");
}
