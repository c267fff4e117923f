//! Flat paths: reading, writing, removing.

use provision::target_path::TargetPath;
use serde_json::{Value as Json, json};

use crate::world::resource;

fn reads(path: &str, from: Json, expect: Option<Json>) {
    assert_eq!(TargetPath::parse(path).unwrap().read(&resource(from)), expect, "{path}");
}

fn writes(path: &str, into: Json, value: Json, expect: Json) {
    let mut body = resource(into);
    TargetPath::parse(path).unwrap().write(&mut body, value);
    assert_eq!(Json::Object(body), expect, "{path}");
}

fn removes(path: &str, from: Json, expect: Json) {
    let mut body = resource(from);
    TargetPath::parse(path).unwrap().remove(&mut body);
    assert_eq!(Json::Object(body), expect, "{path}");
}

const WORK: &str = "emails[type eq \"work\"].value";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn reading() {
    reads("userName", json!({ "userName": "a" }), Some(json!("a")));
    reads("USERNAME", json!({ "userName": "a" }), Some(json!("a")));
    reads("userName", json!({ "userName": "" }), None);
    reads("userName", json!({ "userName": null }), None);
    reads("name.givenName", json!({ "name": { "givenName": "a" } }), Some(json!("a")));
    reads(
        WORK,
        json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "Work", "value": "w" }] }),
        Some(json!("w")),
    );
    reads(WORK, json!({ "emails": [{ "type": "home", "value": "h" }] }), None);
    reads(WORK, json!({ "emails": "x" }), None);
    reads(WORK, json!({}), None);
    reads(
        "roles[primary eq \"True\"].value",
        json!({ "roles": [{ "primary": true, "value": "A" }] }),
        Some(json!("A")),
    );
    reads(
        "roles[primary eq \"True\"].value",
        json!({ "roles": [{ "primary": "true", "value": "A" }] }),
        Some(json!("A")),
    );
    reads("emails.value", json!({ "emails": [{ "value": "a" }, { "value": "b" }] }), Some(json!(["a", "b"])));
    reads(
        &format!("{ENTERPRISE}:department"),
        json!({ ENTERPRISE: { "department": "d" } }),
        Some(json!("d")),
    );
    reads(
        &format!("{ENTERPRISE}:manager.value"),
        json!({ ENTERPRISE: { "manager": "m" } }),
        Some(json!("m")),
    );
    reads(
        &format!("{ENTERPRISE}:manager"),
        json!({ ENTERPRISE: { "manager": { "value": "m" } } }),
        Some(json!({ "value": "m" })),
    );
    reads("urn:x:Any:2.0:User:a", json!({ "urn:x:Any:2.0:User": { "a": 1 } }), Some(json!(1)));
    reads("urn:ietf:params:scim:schemas:core:2.0:User:title", json!({ "title": "t" }), Some(json!("t")));
}

#[test]
fn writing() {
    writes("title", json!({}), json!("t"), json!({ "title": "t" }));
    writes("TITLE", json!({ "title": "s" }), json!("t"), json!({ "title": "t" }));
    writes(
        "name.givenName",
        json!({ "name": { "familyName": "f" } }),
        json!("g"),
        json!({ "name": { "familyName": "f", "givenName": "g" } }),
    );
    writes(WORK, json!({}), json!("w"), json!({ "emails": [{ "type": "work", "value": "w" }] }));
    writes(
        WORK,
        json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "work", "value": "x" }] }),
        json!("w"),
        json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "work", "value": "w" }] }),
    );
    writes(
        "roles[primary eq \"True\"].value",
        json!({}),
        json!("A"),
        json!({ "roles": [{ "primary": true, "value": "A" }] }),
    );
    writes(
        &format!("{ENTERPRISE}:department"),
        json!({}),
        json!("d"),
        json!({ ENTERPRISE: { "department": "d" } }),
    );
    writes("urn:x:Any:2.0:User:a", json!({}), json!(true), json!({ "urn:x:Any:2.0:User": { "a": true } }));
    writes(
        "emails[type eq \"a\" and primary eq true].value",
        json!({}),
        json!("w"),
        json!({ "emails": [{ "type": "a", "primary": true, "value": "w" }] }),
    );
}

#[test]
fn removing() {
    removes("title", json!({ "title": "t", "a": 1 }), json!({ "a": 1 }));
    removes("name.givenName", json!({ "name": { "givenName": "g" } }), json!({}));
    removes(WORK, json!({ "emails": [{ "type": "work", "value": "w", "primary": true }] }), json!({}));
    removes(
        WORK,
        json!({ "emails": [{ "type": "work", "value": "w", "display": "d" }, { "type": "home" }] }),
        json!({ "emails": [{ "type": "work", "display": "d" }, { "type": "home" }] }),
    );
    removes(
        &format!("{ENTERPRISE}:department"),
        json!({ ENTERPRISE: { "department": "d" } }),
        json!({ ENTERPRISE: {} }),
    );
    removes(WORK, json!({}), json!({}));
}

#[test]
fn what_cannot_be_written_is_no_path() {
    for path in [
        "",
        "a b",
        "emails[type eq \"work\"",
        "emails[type ne \"work\"].value",
        "emails[not (type eq \"a\")].value",
        "emails[type eq \"a\" or type eq \"b\"].value",
        "emails[type pr].value",
        "a.b.c",
        "emails[type eq null].value",
    ] {
        assert!(TargetPath::parse(path).is_err(), "{path}");
    }
}
