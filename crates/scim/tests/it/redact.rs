//! Secrets do not reach the request log.

use scim::redact::{REDACTED, body};
use serde_json::{Value, json};

fn check(sent: Value, expect: Value) {
    assert_eq!(body(sent.clone()), expect, "{sent}");
}

#[test]
fn secrets_are_replaced_wherever_they_stand() {
    let r = REDACTED;
    for (sent, expect) in [
        (json!({ "password": "x", "userName": "mira" }), json!({ "password": r, "userName": "mira" })),
        (json!({ "PassWord": ["x"] }), json!({ "PassWord": r })),
        (json!({ "password": null }), json!({ "password": null })),
        (json!({ "a": [{ "client_secret": { "b": 1 } }] }), json!({ "a": [{ "client_secret": r }] })),
        (
            json!({ "accessToken": "x", "api-key": "y", "Authorization": "z" }),
            json!({ "accessToken": r, "api-key": r, "Authorization": r }),
        ),
        (
            json!({ "urn:ietf:params:scim:schemas:core:2.0:User:password": "x" }),
            json!({ "urn:ietf:params:scim:schemas:core:2.0:User:password": r }),
        ),
        (
            json!({ "Operations": [{ "op": "replace", "path": "password", "value": "x" }, { "op": "Add", "Path": "x:password[a eq \"b\"].value", "Value": ["y"] }] }),
            json!({ "Operations": [{ "op": "replace", "path": "password", "value": r }, { "op": "Add", "Path": "x:password[a eq \"b\"].value", "Value": r }] }),
        ),
        (
            json!({ "Operations": [{ "op": "replace", "value": { "password": "x", "title": "t" } }] }),
            json!({ "Operations": [{ "op": "replace", "value": { "password": r, "title": "t" } }] }),
        ),
        (json!({ "roles": ["{\"token\":\"x\"}"] }), json!({ "roles": ["{\"token\":\"[redacted]\"}"] })),
    ] {
        check(sent, expect);
    }
}

#[test]
fn what_is_no_secret_stays() {
    for sent in [
        json!({ "userName": "password", "title": "{not json", "passwordHint": "x", "tokens": 1 }),
        json!({ "op": "replace", "path": "emails[type eq \"password\"].value", "value": "x" }),
        json!({ "roles": ["{ \"value\" : 1 }"] }),
        json!([1, null, true, "x"]),
    ] {
        check(sent.clone(), sent);
    }
}
