//! A PATCH that is accepted and gives a wrong value is reduced to what still gives it.

use serde_json::{Value, json};
use validator::shrink::{self, operations};
use validator::{Deviation, Verdict};

use crate::broken::{Fault, serve};
use crate::support::{options, run};

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

/// The deviation of one check.
async fn deviation(fault: Fault, check: &str) -> Deviation {
    let target = serve(Some(fault)).await;
    let mut options = options(&target);
    options.only = vec![check.to_owned()];
    let report = run(options.clone()).await.unwrap();
    assert_eq!(report.left_over, Vec::<String>::new());
    assert_eq!(report.created, report.deleted);
    options.only = vec!["user-read-unknown".to_owned()];
    assert_eq!(run(options).await.unwrap().target.existing_users, Some(0), "what was tried is gone");
    let result = report.results.into_iter().find(|r| r.id == check).unwrap();
    match result.verdict {
        Verdict::Deviation(found) => *found,
        other => panic!("{fault:?}, {check}: {other:?}"),
    }
}

async fn operations_left(fault: Fault, check: &str) -> Value {
    let found = deviation(fault, check).await;
    // POST, PATCH, GET and DELETE each.
    assert!(found.exchanges.len() <= 4 * (shrink::BUDGET + 1), "{}", found.exchanges.len());
    let minimal = found.minimal.clone().unwrap_or_else(|| panic!("{fault:?}, {check}: nothing was left out"));
    // The request that is shown is the reduced one.
    let culprit = found.culprit().unwrap();
    assert_eq!(culprit.exchange.method, "PATCH");
    let sent: Value = serde_json::from_str(culprit.exchange.request_body.as_deref().unwrap()).unwrap();
    assert_eq!(sent, minimal);
    minimal["Operations"].clone()
}

#[tokio::test]
async fn what_only_goes_wrong_together_stays_together() {
    let left = operations_left(Fault::ReplaceBesideRemove, "patch-order").await;
    let ops: Vec<&str> = left.as_array().unwrap().iter().map(|o| o["op"].as_str().unwrap()).collect();
    assert_eq!(ops, ["remove", "replace"], "{left}");
    assert_eq!(left[1]["value"], "Three");

    let left = operations_left(Fault::ReplaceBesideRemove, "ms-patch-user-different").await;
    let ops: Vec<&str> = left.as_array().unwrap().iter().map(|o| o["op"].as_str().unwrap()).collect();
    assert_eq!(ops, ["remove", "replace"], "the add beside them does not matter: {left}");
}

/// The control: what goes wrong alone is left alone.
#[tokio::test]
async fn what_goes_wrong_alone_is_left_alone() {
    let left = operations_left(Fault::DottedKeysIgnored, "patch-flag-dotted").await;
    assert_eq!(left, json!([{ "op": "replace", "value": { "name.familyName": "Lee" } }]));

    let left = operations_left(Fault::UrnKeysIgnored, "ms-patch-user").await;
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    let keys: Vec<&String> = left[0]["value"].as_object().unwrap().keys().collect();
    assert!(matches!(keys.as_slice(), [one] if one.starts_with("urn:")), "{left}");
}

/// A smaller request that is refused for another reason shows another deviation.
#[tokio::test]
async fn what_is_refused_stays_refused_for_the_same_reason() {
    let found = deviation(Fault::TwoRefusals, "ms-patch-user-add").await;
    assert!(found.got.contains("noTarget"), "{}", found.got);
    let left = found.minimal.unwrap()["Operations"].clone();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    assert!(left[0]["path"].as_str().unwrap().contains("[type eq"), "{left}");
}

#[tokio::test]
async fn what_cannot_be_smaller_stays_as_it_is() {
    assert_eq!(deviation(Fault::TitleDropped, "attribute-replace:User.title").await.minimal, None);
    assert_eq!(deviation(Fault::ComplexReplaced, "patch-complex-merges").await.minimal, None);
}

#[test]
fn parts_that_may_go() {
    let check = |operations: Value, path: &str, expected: Value, smallest: Value| {
        let operations = operations.as_array().unwrap();
        let (fixed, free) = operations::split(operations, path, &expected);
        assert_eq!(Value::from(operations::operations(operations, &fixed)), smallest, "{path}");
        let mut all = [fixed, free].concat();
        all.sort_by_key(|part| part.operation);
        let whole = Value::from(operations::operations(operations, &all));
        assert_eq!(whole, Value::from(operations.clone()), "nothing is lost");
    };
    let three = json!([
        { "op": "remove", "path": "title" },
        { "op": "add", "path": "title", "value": "2" },
        { "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:TITLE", "value": "3" },
    ]);
    check(three.clone(), "title", json!("3"), json!([three[2]]));
    // What comes after the operation that decides bears on the value.
    check(three.clone(), "title", json!("2"), json!([three[1], three[2]]));
    // No operation says it by itself: all that touch the attribute stay.
    check(three.clone(), "title", json!("9"), three.clone());
    check(json!([three[0], three[1]]), "nickName", json!("n"), json!([]));
    check(json!([three[1], three[0]]), "title", Value::Null, json!([three[0]]));

    let flat = json!([{ "op": "replace", "value": { "name.familyName": "Lee", "name.givenName": "Ida", DEPARTMENT: "Ops" } }]);
    check(
        flat.clone(),
        "name.familyName",
        json!("Lee"),
        json!([{ "op": "replace", "value": { "name.familyName": "Lee" } }]),
    );
    check(flat, DEPARTMENT, json!("Ops"), json!([{ "op": "replace", "value": { DEPARTMENT: "Ops" } }]));
    let nested = json!([{ "op": "add", "value": { "name": { "familyName": "Lee", "givenName": "Ida" }, "title": "t" } }]);
    check(
        nested,
        "name.familyName",
        json!("Lee"),
        json!([{ "op": "add", "value": { "name": { "familyName": "Lee" } } }]),
    );

    // Elements: another type is another value, a change of type or primary is not.
    let work = json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "w" });
    let home = json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "h" });
    let first = json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true });
    check(json!([work, home]), "emails[type eq \"work\"].value", json!("w"), json!([work]));
    check(json!([work, first]), "emails[primary eq true].value", json!("h"), json!([work, first]));
    // An array is added to what is there: everything before it counts.
    let array = json!({ "op": "add", "path": "emails", "value": [{ "value": "a" }] });
    check(json!([home, array]), "emails", json!([{ "value": "a" }]), json!([home, array]));
}
