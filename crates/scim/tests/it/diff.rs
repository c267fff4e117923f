//! Changes between two versions.

use scim::diff::changes;
use scim::urn::ENTERPRISE_USER as E;
use serde_json::{Value, json};

fn check(before: Value, after: Value, expect: Value) {
    let found = changes(before.as_object().unwrap(), after.as_object().unwrap());
    let found: Vec<Value> = found.into_iter().map(|c| json!([c.path, c.before, c.after])).collect();
    assert_eq!(Value::from(found), expect, "{before} → {after}");
}

#[test]
fn each_attribute_is_told_apart() {
    let department = format!("{E}:department");
    let manager = format!("{E}:manager.value");
    for (before, after, expect) in [
        (json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 }), json!([])),
        (json!({ "title": "a" }), json!({ "title": "b" }), json!([["title", "a", "b"]])),
        (json!({}), json!({ "title": "b" }), json!([["title", null, "b"]])),
        (json!({ "title": "a" }), json!({}), json!([["title", "a", null]])),
        (
            json!({ "name": { "givenName": "A", "x": 1 } }),
            json!({ "name": { "givenName": "B", "x": 1 } }),
            json!([["name.givenName", "A", "B"]]),
        ),
        (
            json!({}),
            json!({ "name": { "givenName": "B", "familyName": "C" } }),
            json!([["name.givenName", null, "B"], ["name.familyName", null, "C"]]),
        ),
        (
            json!({ "emails": [{ "value": "a" }] }),
            json!({ "emails": [] }),
            json!([["emails", [{ "value": "a" }], []]]),
        ),
        (
            json!({ (E): { "department": "A", "d": 1 } }),
            json!({ (E): { "department": "B", "d": 1 } }),
            json!([[department, "A", "B"]]),
        ),
        (json!({}), json!({ (E): { "manager": { "value": "u" } } }), json!([[manager, null, "u"]])),
        (json!({ (E): { "manager": { "value": "u" } } }), json!({}), json!([[manager, "u", null]])),
        (json!({ "name": {} }), json!({}), json!([["name", {}, null]])),
        (json!({ "name": 1 }), json!({ "name": { "a": 1 } }), json!([["name", 1, { "a": 1 }]])),
    ] {
        check(before, after, expect);
    }
}
