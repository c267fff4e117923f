//! Limits and corners of PATCH; what clients send is shown by the fixtures.

use scim::patch::{apply, parse};
use scim::{Resource, limits, schema, urn};
use serde_json::{Value, json};

fn user() -> Value {
    json!({
        "schemas": [urn::USER],
        "userName": "mira",
        "emails": [{ "value": "a@x.example", "type": "work", "primary": true }, { "value": "b@x.example", "type": "home" }],
    })
}

fn run(before: &Value, operations: Value) -> scim::Result<Value> {
    let before: &Resource = before.as_object().unwrap();
    let request = parse(json!({ "schemas": [urn::PATCH_OP], "Operations": operations }))?;
    apply(before, &request, schema::user()).map(|applied| applied.resource.into())
}

/// The value of `attribute` after the operations.
fn becomes(operations: Value, attribute: &str, expect: Value) {
    let after = run(&user(), operations.clone()).unwrap_or_else(|e| panic!("{operations}: {e}"));
    assert_eq!(after.get(attribute).cloned().unwrap_or_default(), expect, "{operations}");
}

fn refused(operations: Value, expect: &str) {
    let error = run(&user(), operations.clone()).expect_err(&operations.to_string());
    let shown = format!("{}: {}", error.scim_type.as_str(), error.detail);
    assert!(shown.contains(expect), "\"{shown}\" does not say \"{expect}\"");
}

#[test]
fn messages_that_are_none_are_refused() {
    for (body, expect) in [
        (json!([]), "invalidSyntax: expected a PatchOp message (an object), found an array of 0"),
        (json!({}), "invalidSyntax: a PATCH needs Operations"),
        (json!({ "Operations": 1 }), "invalidSyntax: Operations: expected an array, found 1"),
        (json!({ "Operations": [] }), "invalidSyntax: Operations is empty"),
        (json!({ "Operations": [1] }), "invalidSyntax: Operations[0]: expected an object, found 1"),
        (json!({ "Operations": [{}] }), "invalidSyntax: Operations[0]: op is missing"),
        (json!({ "Operations": [], "operations": [] }), "invalidSyntax: \"operations\" is there twice"),
        (
            json!({ "Operations": [{ "op": "add", "path": 1, "value": 1 }] }),
            "invalidPath: Operations[0]: path: expected a string",
        ),
        (
            json!({ "Operations": [{ "op": "add", "path": ".x", "value": 1 }] }),
            "invalidPath: Operations[0]: expected an attribute name",
        ),
    ] {
        let error = parse(body).unwrap_err();
        let shown = format!("{}: {}", error.scim_type.as_str(), error.detail);
        assert!(shown.contains(expect), "\"{shown}\" does not say \"{expect}\"");
    }
}

#[test]
fn a_message_is_bounded() {
    let operation = json!({ "op": "add", "path": "title", "value": "x" });
    let message =
        |operations: Vec<Value>| parse(json!({ "schemas": [urn::PATCH_OP], "Operations": operations }));
    assert!(message(vec![operation.clone(); limits::PATCH_OPERATIONS]).is_ok());
    let error = message(vec![operation; limits::PATCH_OPERATIONS + 1]).unwrap_err();
    assert!(error.detail.contains("1001 operations; at most 1000"), "{error}");

    let add = |path: Option<&str>, count: usize| {
        let values = vec![json!({ "value": "x" }); count];
        match path {
            Some(path) => json!({ "op": "add", "path": path, "value": values }),
            None => json!({ "op": "add", "value": { "members": values } }),
        }
    };
    assert!(message(vec![add(Some("members"), limits::PATCH_VALUES)]).is_ok());
    for operations in [
        vec![add(Some("members"), limits::PATCH_VALUES + 1)],
        vec![add(None, limits::PATCH_VALUES + 1)],
        vec![add(None, limits::PATCH_VALUES), add(Some("members"), 1)],
    ] {
        let error = message(operations).unwrap_err();
        assert!(error.detail.contains("carry 10001 values; at most 10000"), "{error}");
    }
}

#[test]
fn elements_are_bounded_over_all_operations() {
    let half = |from: usize| -> Vec<Value> {
        (from..from + limits::ATTRIBUTE_VALUES / 2).map(|i| json!({ "value": i.to_string() })).collect()
    };
    let add = |from| json!({ "op": "add", "path": "phoneNumbers", "value": half(from) });
    assert!(run(&user(), json!([add(0), add(500)])).is_ok());
    refused(json!([add(0), add(500), add(1000)]), "Operations[2]: phoneNumbers would have 1500 values");
    refused(
        json!([add(0), add(500), { "op": "add", "path": "phoneNumbers[type eq \"x\"].value", "value": "y" }]),
        "phoneNumbers[type eq \"x\"].value would have 1001 values",
    );
}

fn crowded() -> Value {
    let emails: Vec<Value> =
        (0..limits::ATTRIBUTE_VALUES).map(|i| json!({ "value": format!("é{i}"), "type": "work" })).collect();
    json!({ "schemas": [urn::USER], "userName": "mira", "emails": emails })
}

/// Many operations that each look at many elements cost the product of both.
#[test]
fn work_is_bounded_over_all_operations() {
    let replace = json!({ "op": "replace", "path": "emails[value eq \"É7\"].display", "value": "x" });
    assert_eq!(run(&crowded(), json!([replace])).unwrap()["emails"][7]["display"], "x");
    let remove = json!({ "op": "remove", "path": "emails", "value": vec![json!({ "type": "home" }); 10] });
    for operation in [replace, remove] {
        let error = run(&crowded(), json!(vec![operation; limits::PATCH_OPERATIONS])).unwrap_err();
        assert!(error.detail.contains("look at more than 16777216 bytes"), "{error}");
    }
}

#[test]
fn long_lists_of_values_are_removed_and_added_at_once() {
    let emails = crowded()["emails"].clone();
    let operations = json!([
        { "op": "remove", "path": "emails", "value": emails },
        { "op": "add", "path": "emails", "value": emails },
        { "op": "add", "path": "emails", "value": emails },
    ]);
    assert_eq!(run(&crowded(), operations).unwrap(), crowded());
}

#[test]
fn a_resource_does_not_outgrow_a_body() {
    let big = "x".repeat(limits::STRING_BYTES);
    let add = |i: usize| json!({ "op": "add", "path": "roles", "value": [{ "value": big, "display": i.to_string() }] });
    let operations: Vec<Value> = (0..limits::RESOURCE_BYTES / limits::STRING_BYTES).map(add).collect();
    refused(json!(operations), "invalidValue: the resource would be 10");
    assert!(run(&user(), json!(operations[1..])).is_ok());
}

#[test]
fn filters_select_elements() {
    let home = json!({ "value": "b@x.example", "type": "home" });
    let work = json!({ "value": "a@x.example", "type": "work", "primary": true });
    for (operation, expect) in [
        (json!({ "op": "remove", "path": "emails[type eq \"WORK\"]" }), json!([home])),
        (json!({ "op": "remove", "path": "emails[not (type eq \"work\")]" }), json!([work])),
        (json!({ "op": "remove", "path": "emails[type eq \"work\" or type eq \"home\"]" }), Value::Null),
        (json!({ "op": "remove", "path": "emails[type pr]" }), Value::Null),
        (
            json!({ "op": "remove", "path": "emails[type eq \"work\"].primary" }),
            json!([{ "value": "a@x.example", "type": "work" }, home]),
        ),
        (json!({ "op": "remove", "path": "emails[type eq \"home\"].value" }), json!([work])),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": { "value": "c@x.example" } }),
            json!([work, { "type": "home", "value": "c@x.example" }]),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": [{ "value": "c@x.example", "type": "other" }] }),
            json!([work, { "type": "other", "value": "c@x.example" }]),
        ),
        (
            json!({ "op": "add", "path": "emails[type eq \"home\"]", "value": { "display": "Home" } }),
            json!([work, { "type": "home", "value": "b@x.example", "display": "Home" }]),
        ),
        (json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": null }), json!([work])),
        (json!({ "op": "add", "path": "emails[type eq \"home\"]", "value": null }), json!([work, home])),
        (
            json!({ "op": "replace", "path": "emails[value ew \"x.example\"].display", "value": "X" }),
            json!([{ "value": "a@x.example", "type": "work", "primary": true, "display": "X" }, { "value": "b@x.example", "type": "home", "display": "X" }]),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }),
            json!([{ "value": "a@x.example", "type": "work", "primary": false }, { "value": "b@x.example", "type": "home", "primary": true }]),
        ),
        (
            json!({ "op": "remove", "path": "emails.type" }),
            json!([{ "value": "a@x.example", "primary": true }, { "value": "b@x.example" }]),
        ),
        (json!({ "op": "remove", "path": "emails", "value": [] }), json!([work, home])),
        (json!({ "op": "remove", "path": "emails", "value": null }), Value::Null),
        (json!({ "op": "remove", "path": "emails", "value": [{ "type": "home" }] }), json!([work])),
        (json!({ "op": "remove", "path": "emails", "value": ["B@x.example"] }), json!([work])),
        (
            json!({ "op": "remove", "path": "emails", "value": [{ "type": "home", "value": "a@x.example" }] }),
            json!([work, home]),
        ),
        (json!({ "op": "replace", "path": "emails", "value": [] }), Value::Null),
        (json!({ "op": "add", "path": "emails", "value": [] }), json!([work, home])),
        (json!({ "op": "add", "path": "emails", "value": "" }), json!([work, home])),
    ] {
        becomes(json!([operation]), "emails", expect);
    }
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    for (operation, expect) in [
        (
            json!({ "op": "replace", "path": "title[value eq \"x\"]", "value": "y" }),
            "invalidPath: Operations[0]: title[value eq \"x\"]: title has one value",
        ),
        (json!({ "op": "replace", "path": "emails[primary gt true].value", "value": "y" }), "invalidPath"),
        (
            json!({ "op": "replace", "path": "emails[type eq \"x\" or type eq \"y\"].value", "value": "z" }),
            "noTarget: Operations[0]: emails",
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"x\" and type eq \"y\"].value", "value": "z" }),
            "noTarget",
        ),
        (
            json!({ "op": "replace", "path": "emails[value pr].primary", "value": true }),
            "invalidValue: Operations[0]: emails[value pr].primary: 2 elements have primary true",
        ),
        (
            json!({ "op": "add", "path": "emails", "value": [{ "value": "x", "primary": true }, { "value": "y", "primary": true }] }),
            "2 elements have primary true",
        ),
        (
            json!({ "op": "replace", "path": "groups", "value": [] }),
            "mutability: Operations[0]: groups is set by the server",
        ),
        (json!({ "op": "remove", "path": "meta.created" }), "mutability: Operations[0]: meta.created"),
        (json!({ "op": "remove", "path": "schemas" }), "mutability: Operations[0]: schemas follows"),
        (json!({ "op": "remove", "path": urn::USER }), "mutability: Operations[0]: the attributes of"),
        (
            json!({ "op": "add", "path": format!("{}:manager.displayName", urn::ENTERPRISE_USER), "value": "x" }),
            "mutability",
        ),
        (
            json!({ "op": "add", "value": "x" }),
            "invalidValue: Operations[0]: without a path the value must be an object",
        ),
        (
            json!({ "op": "replace", "path": "userName", "value": null }),
            "invalidValue: Operations[0]: userName is required",
        ),
        (
            json!({ "op": "replace", "value": { "userName": [] } }),
            "invalidValue: Operations[0]: userName is required",
        ),
        (
            json!({ "op": "replace", "path": "userName", "value": "\t" }),
            "invalidValue: Operations[0]: userName is required",
        ),
    ] {
        refused(json!([operation]), expect);
    }
}

#[test]
fn complex_attributes_merge_and_vanish() {
    for (operations, expect) in [
        (
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "A" } }, { "op": "add", "path": "name", "value": { "familyName": "B" } }]),
            json!({ "givenName": "A", "familyName": "B" }),
        ),
        (
            json!([{ "op": "add", "path": "name.givenName", "value": "A" }, { "op": "remove", "path": "name.givenName" }]),
            Value::Null,
        ),
        (
            json!([{ "op": "add", "path": "name.givenName", "value": "A" }, { "op": "replace", "path": "name", "value": { "givenName": null } }]),
            Value::Null,
        ),
        (
            json!([{ "op": "add", "path": "name.givenName", "value": "A" }, { "op": "replace", "path": "name", "value": null }]),
            Value::Null,
        ),
        (json!([{ "op": "add", "path": "NAME.GIVENNAME", "value": "A" }]), json!({ "givenName": "A" })),
        (
            json!([{ "op": "add", "path": "", "value": { "name": { "givenName": "A" } } }]),
            json!({ "givenName": "A" }),
        ),
        (
            json!([{ "op": "add", "path": urn::USER, "value": { "name": { "givenName": "A" } } }]),
            json!({ "givenName": "A" }),
        ),
    ] {
        becomes(operations, "name", expect);
    }
}

#[test]
fn changed_is_false_when_nothing_changes() {
    let before = user();
    let before = before.as_object().unwrap();
    for (operation, expect) in [
        (json!({ "op": "replace", "path": "userName", "value": "mira" }), false),
        (
            json!({ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "b@x.example" }] }),
            false,
        ),
        (json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "b@x.example" }), false),
        (json!({ "op": "remove", "path": "title" }), false),
        (json!({ "op": "replace", "path": "userName", "value": "Mira" }), true),
    ] {
        let request = parse(json!({ "Operations": [operation] })).unwrap();
        assert_eq!(apply(before, &request, schema::user()).unwrap().changed, expect, "{operation}");
    }
}
