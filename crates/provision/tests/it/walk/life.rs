//! From the first match to the last delete.

use directory::Kind;
use provision::mapping::{AttributeMapping, FlowType, MappingSource};
use provision::record::LogStatus;
use provision::scope::{Clause, ScopeFilter, ScopeOperator};
use serde_json::json;
use store::Pass;

use super::{Stage, outcome, steps};
use crate::target::fault::Verb;

const NADIA: &str = "nadia@fabrikam.example";

#[tokio::test]
async fn a_user_is_created_changed_left_alone_disabled_enabled_and_deleted() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;

    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success create");
    assert_eq!(
        stage.target.take_asked(),
        ["GET /Users?filter=userName eq \"nadia@fabrikam.example\"", "POST /Users"]
    );
    assert_eq!(
        steps(&report),
        [
            "EntryImport",
            "EntrySynchronizationScoping",
            "EntryImportObjectNotFound",
            "EntrySynchronizationAdd",
            "EntryExportAdd"
        ]
    );
    let link = stage.link(&nadia).await.unwrap();
    assert_eq!(stage.target.ids(Kind::User), [link.target_id.as_str()]);
    assert!(link.managed && !link.disabled, "{link:?}");
    assert!(!stage.is_intended(&nadia).await);
    assert!(stage.work(Pass::Object, &nadia).await.is_none(), "what was asked for by assigning is done");

    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "skipped other RedundantExport");
    assert_eq!(stage.target.take_asked(), [format!("GET /Users/{}", link.target_id)]);

    stage.change(Kind::User, &nadia, json!({ "title": "Site engineer" })).await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success update");
    let changed: Vec<_> = report.document.modified.iter().map(|m| (m.name.as_str(), m.new.clone())).collect();
    assert_eq!(changed, [("title", Some(json!("Site engineer")))]);

    stage.change(Kind::User, &nadia, json!({ "active": false })).await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success disable");
    assert_eq!(steps(&report).last(), Some(&"EntryExportUpdateSoftDelete"));
    assert!(stage.link(&nadia).await.unwrap().disabled);
    assert_eq!(stage.target.get_now(Kind::User, &link.target_id).unwrap()["active"], false);

    stage.change(Kind::User, &nadia, json!({ "active": true })).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    assert!(!stage.link(&nadia).await.unwrap().disabled);

    stage.delete(Kind::User, &nadia).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success disable");
    let kept = stage.link(&nadia).await.unwrap();
    assert!(kept.managed && kept.disabled, "deleted users can come back");

    stage.house.directory.restore(stage.house.cx(), Kind::User, &nadia).await.unwrap();
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    assert_eq!(stage.target.get_now(Kind::User, &link.target_id).unwrap()["active"], true);

    stage.delete(Kind::User, &nadia).await;
    stage.house.directory.purge(stage.house.cx(), Kind::User, &nadia).await.unwrap();
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success delete");
    assert_eq!(report.name, "nadia", "the name is remembered when the directory has forgotten it");
    assert!(stage.target.ids(Kind::User).is_empty());
    assert!(stage.link(&nadia).await.is_none());
    assert!(stage.try_go(Kind::User, &nadia, &[]).await.is_err(), "nobody knows it any more");
}

#[tokio::test]
async fn an_account_that_is_there_is_adopted() {
    let stage = Stage::new().await;
    let same = json!({ "userName": "NADIA@fabrikam.example", "displayName": "somebody", "active": true });
    let account = stage.target.seed(Kind::User, same);
    let bystander = stage.target.seed(Kind::User, json!({ "userName": "nadia@fabrikam.example.org" }));
    let nadia = stage.user("nadia").await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success update");
    assert_eq!(stage.target_id(&nadia).await, account);
    assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["displayName"], "nadia");
    assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["userName"], "NADIA@fabrikam.example");
    assert!(stage.target.done().iter().all(|done| done.id != bystander));

    // Two people of the directory cannot be one account: names that only the mapping makes equal.
    stage
        .remap(Kind::User, |mapping| {
            let by = mapping.attributes.iter_mut().find(|m| m.target == "userName").unwrap();
            let alike = format!("Switch([displayName], [userPrincipalName], \"other\", \"{NADIA}\")");
            by.source = MappingSource::Expression(alike);
        })
        .await;
    let other = stage.user("other").await;
    let report = stage.go(Kind::User, &other).await;
    assert_eq!(outcome(&report), "failure create DuplicateSourceEntries");
    assert!(stage.link(&other).await.is_none());
}

#[tokio::test]
async fn several_accounts_that_match_are_nobodys() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        stage.target.seed(Kind::User, json!({ "userName": NADIA }));
    }
    let nadia = stage.user("nadia").await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "failure create DuplicateTargetEntries");
    assert!(report.document.recommendation.is_some());
    assert!(stage.target.done().is_empty());
}

#[tokio::test]
async fn who_is_not_in_scope_and_was_never_there_is_skipped_without_a_request() {
    let stage = Stage::new().await;
    let stranger = stage.stranger("sam", json!({})).await;
    let report = stage.go(Kind::User, &stranger).await;
    assert_eq!(outcome(&report), "skipped other NotEffectivelyEntitled");
    assert!(report.summary.contains("neither assigned"), "{}", report.summary);
    let inactive = stage.stranger("ina", json!({ "active": false })).await;
    stage.assign(Kind::User, &inactive).await;
    let report = stage.go(Kind::User, &inactive).await;
    assert_eq!(outcome(&report), "skipped other NotActiveInSource");
    stage
        .remap(Kind::User, |mapping| {
            let clause = Clause {
                attribute: "department".into(),
                operator: ScopeOperator::Equals,
                value: "Works".into(),
            };
            mapping.scope.filters = vec![ScopeFilter { name: "Works only".into(), clauses: vec![clause] }];
        })
        .await;
    let filtered = stage.user("fil").await;
    stage.target.take_asked();
    let report = stage.go(Kind::User, &filtered).await;
    assert_eq!(outcome(&report), "skipped other NotInScope");
    assert!(stage.target.take_asked().is_empty());
    assert!(stage.target.done().is_empty());
}

#[tokio::test]
async fn who_is_unassigned_is_disabled_once_and_left_alone_then() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.go(Kind::User, &nadia).await;
    let account = stage.target_id(&nadia).await;
    stage.unassign(&nadia).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success disable");
    let link = stage.link(&nadia).await.unwrap();
    assert!(!link.managed && link.disabled, "{link:?}");
    stage.target.take_asked();
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other NotManaged");
    assert!(stage.target.take_asked().is_empty());
    // Assigned again, it is the same account.
    stage.assign(Kind::User, &nadia).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    let link = stage.link(&nadia).await.unwrap();
    assert!(link.managed && !link.disabled && link.target_id == account, "{link:?}");
}

#[tokio::test]
async fn accounts_are_left_alone_if_that_is_wanted() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.go(Kind::User, &nadia).await;
    let account = stage.target_id(&nadia).await;
    stage.configure(|config| config.settings.skip_out_of_scope_deletions = true).await;
    stage.unassign(&nadia).await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other SkipOutOfScopeDeletions");
    assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["active"], true);
    assert!(!stage.link(&nadia).await.unwrap().managed);
}

#[tokio::test]
async fn a_manager_who_comes_later_is_told_later() {
    let stage = Stage::new().await;
    let boss = stage.stranger("boss", json!({})).await;
    let extension = scim::urn::ENTERPRISE_USER;
    let nadia = stage.stranger("nadia", json!({ extension: { "manager": { "value": boss } } })).await;
    stage.assign(Kind::User, &nadia).await;
    let report = stage.go(Kind::User, &nadia).await;
    assert_eq!(outcome(&report), "success create");
    let missing =
        report.document.steps.iter().find(|s| s.name == "UnableToResolveReferenceAttributeValue").unwrap();
    assert_eq!(missing.status, LogStatus::Warning);
    let account = stage.target_id(&nadia).await;
    assert!(!stage.target.get_now(Kind::User, &account).unwrap().contains_key(extension));
    assert!(stage.work(Pass::Reference, &nadia).await.is_none());

    stage.assign(Kind::User, &boss).await;
    stage.go(Kind::User, &boss).await;
    assert!(stage.work(Pass::Reference, &nadia).await.is_some(), "she is looked at again");
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    let manager = &stage.target.get_now(Kind::User, &account).unwrap()[extension]["manager"]["value"];
    assert_eq!(manager, &json!(stage.target_id(&boss).await));
    assert!(stage.work(Pass::Reference, &nadia).await.is_none());
}

#[tokio::test]
async fn a_value_that_must_be_unique_is_asked_for() {
    let stage = Stage::new().await;
    stage
        .remap(Kind::User, |mapping| {
            let nick =
                r#"SelectUniqueValue(Join("", "n-", [displayName]), Join("", "n-", [displayName], "1"))"#;
            let mut unique = AttributeMapping::expression("nickName", nick);
            unique.flow = FlowType::ObjectAddOnly;
            mapping.attributes.push(unique);
        })
        .await;
    stage.target.seed(Kind::User, json!({ "userName": "x", "nickName": "N-nadia" }));
    let nadia = stage.user("nadia").await;
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success create");
    let account = stage.target_id(&nadia).await;
    assert_eq!(stage.target.get_now(Kind::User, &account).unwrap()["nickName"], "n-nadia1");
    assert_eq!(stage.target.count(Verb::Query), 3);
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "skipped other RedundantExport");
}

#[tokio::test]
async fn what_somebody_changed_at_the_target_is_put_right_when_the_object_is_processed() {
    let stage = Stage::new().await;
    let nadia = stage.user("nadia").await;
    stage.go(Kind::User, &nadia).await;
    let account = stage.target_id(&nadia).await;
    stage.target.set(Kind::User, &account, "displayName", json!("Somebody else"));
    stage.target.set(Kind::User, &account, "nickName", json!("Nad"));
    assert_eq!(outcome(&stage.go(Kind::User, &nadia).await), "success update");
    let now = stage.target.get_now(Kind::User, &account).unwrap();
    assert_eq!((&now["displayName"], &now["nickName"]), (&json!("nadia"), &json!("Nad")));
}
