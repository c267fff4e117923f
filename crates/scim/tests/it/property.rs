//! Properties that hold for any input.

use proptest::prelude::*;
use scim::check::{Purpose, check};
use scim::patch::{apply, parse};
use scim::{Resource, diff, projection::Projection, redact, schema, urn};
use serde_json::{Map, Value, json};

/// Names that mean something, so that arbitrary documents reach the interesting code.
const NAMES: &[&str] = &[
    "schemas",
    "id",
    "userName",
    "USERNAME",
    "displayName",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails.value",
    "emails[type eq \"work\"].value",
    "emails[value co \"a\"]",
    "roles",
    "addresses",
    "members",
    "members[value eq \"a\"]",
    "members.value",
    "meta",
    "groups",
    "password",
    "manager",
    "department",
    "externalId",
    "value",
    "type",
    "primary",
    "display",
    "$ref",
    "displayName",
    "givenName",
    "familyName",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    "urn:scim:schemas:core:2.0",
    "Operations",
    "op",
    "path",
    "nonsense",
    "",
    "a b",
    "emails[",
    "x509Certificates",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec!["", "a", "b", "A", "True", "work", "home", "{\"value\":\"a\"}", "{", "add", "Remove"])
            .prop_map(str::to_owned),
        2 => proptest::sample::select(NAMES).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        5 => text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object_of(inner, 5).prop_map(Value::from),
        ]
    })
}

fn object_of(value: impl Strategy<Value = Value>, size: usize) -> impl Strategy<Value = Resource> {
    proptest::collection::vec((name(), value), 0..size).prop_map(|pairs| pairs.into_iter().collect())
}

/// A body that tends to pass.
fn body() -> impl Strategy<Value = Resource> {
    object_of(json_value(), 8).prop_map(|mut body| {
        body.retain(|name, _| !name.eq_ignore_ascii_case("userName"));
        body.insert("userName".into(), "mira".into());
        body
    })
}

fn message() -> impl Strategy<Value = Value> {
    let op = proptest::sample::select(vec!["add", "replace", "remove", "Add"]);
    let operation = (op, proptest::option::of(name()), proptest::option::of(json_value())).prop_map(
        |(op, path, value)| {
            let mut operation = Map::new();
            operation.insert("op".into(), op.into());
            path.map(|path| operation.insert("path".into(), path.into()));
            value.map(|value| operation.insert("value".into(), value));
            Value::from(operation)
        },
    );
    proptest::collection::vec(operation, 1..4)
        .prop_map(|o| json!({ "schemas": [urn::PATCH_OP], "Operations": o }))
}

fn element() -> impl Strategy<Value = Value> {
    ("[a-d]{1,2}", proptest::sample::select(vec!["work", "home", "other"]))
        .prop_map(|(value, kind)| json!({ "value": value, "type": kind }))
}

fn stored() -> impl Strategy<Value = Resource> {
    proptest::collection::vec(element(), 0..5).prop_map(|emails| {
        let body = json!({ "userName": "mira", "title": "t", "emails": emails });
        check(body.as_object().unwrap().clone(), schema::user(), Purpose::Create).unwrap().resource
    })
}

fn patched(before: &Resource, operations: Value) -> scim::Result<Resource> {
    Ok(apply(before, &parse(json!({ "Operations": operations }))?, schema::user())?.resource)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_panics(value in json_value(), message in message(), stored in body()) {
        let _ = redact::body(value.clone());
        let _ = parse(value.clone());
        let object = value.as_object().cloned().unwrap_or_default();
        for resource_type in schema::resource_types() {
            let _ = check(object.clone(), resource_type, Purpose::Create);
            if let Ok(request) = parse(message.clone()) {
                let _ = apply(&object, &request, resource_type);
                let _ = apply(&stored, &request, resource_type);
            }
            let _ = Projection::Default.apply(object.clone(), resource_type);
        }
    }

    #[test]
    fn a_checked_body_is_checked(body in body()) {
        if let Ok(once) = check(body, schema::user(), Purpose::Create) {
            let twice = check(once.resource.clone(), schema::user(), Purpose::Replace).unwrap();
            prop_assert_eq!(&twice.resource, &once.resource);
            prop_assert!(twice.quirks.is_empty(), "{:?}", twice.quirks);
        }
    }

    #[test]
    fn a_patched_document_is_checked(body in body(), message in message()) {
        let Ok(before) = check(body, schema::user(), Purpose::Create) else { return Ok(()) };
        let Ok(request) = parse(message) else { return Ok(()) };
        if let Ok(applied) = apply(&before.resource, &request, schema::user()) {
            let checked = check(applied.resource.clone(), schema::user(), Purpose::Replace);
            prop_assert!(checked.is_ok(), "{:?}: {:?}", checked, applied.resource);
            let checked = checked.unwrap();
            prop_assert_eq!(&checked.resource, &applied.resource);
            prop_assert!(checked.quirks.is_empty(), "{:?}", checked.quirks);
            prop_assert_eq!(applied.changed, applied.resource != before.resource);
        }
    }

    #[test]
    fn replace_is_idempotent(stored in stored(), path in proptest::sample::select(vec![
        "title", "emails", "name", "emails[type eq \"work\"]", "emails[type eq \"home\"].value", "name.givenName", "manager",
    ]), value in element()) {
        let value = if path.ends_with("value") || path.ends_with("Name") || path == "title" { value["value"].clone() } else { value };
        let value = if path.contains('[') && value.is_object() { json!({ "value": value["value"] }) } else { value };
        let operations = json!([{ "op": "replace", "path": path, "value": value }]);
        let once = patched(&stored, operations.clone()).unwrap();
        prop_assert_eq!(&patched(&once, operations).unwrap(), &once);
    }

    #[test]
    fn add_is_idempotent(stored in stored(), values in proptest::collection::vec(element(), 1..4)) {
        let operations = json!([{ "op": "add", "path": "emails", "value": values }]);
        let once = patched(&stored, operations.clone()).unwrap();
        prop_assert_eq!(&patched(&once, operations).unwrap(), &once);
    }

    #[test]
    fn add_then_remove_is_identity(stored in stored(), values in proptest::collection::vec(element(), 1..4)) {
        let has = |v: &Value| stored.get("emails").and_then(Value::as_array).is_some_and(|e| e.contains(v));
        let new: Vec<Value> = values.into_iter().filter(|v| !has(v)).collect();
        let both = json!([{ "op": "add", "path": "emails", "value": new }, { "op": "remove", "path": "emails", "value": new }]);
        prop_assert_eq!(&patched(&stored, both).unwrap(), &stored);
    }

    /// What is made from the text is, to the byte, what is made from the values.
    #[test]
    fn a_text_is_shown_as_its_values_are(
        checked in body(), wild in object_of(json_value(), 10), named in proptest::collection::vec(name(), 0..3),
        how in 0..3, whole in any::<bool>(),
    ) {
        let checked = check(checked, schema::user(), Purpose::Create).map(|c| c.resource).unwrap_or_default();
        let names: Vec<&str> = named.iter().map(String::as_str).collect();
        let projection = match how {
            0 => Ok(Projection::Default),
            1 => Projection::new(&names, &[]),
            _ => Projection::new(&[], &names),
        };
        let Ok(projection) = projection else { return Ok(()) };
        for resource_type in schema::resource_types() {
            for (document, must) in [(&checked, true), (&wild, false)] {
                let text = Value::from(document.clone()).to_string();
                let mut out = b"before".to_vec();
                let meta = json!({ "resourceType": "User", "created": "c", "location": "l", "version": "v" }).to_string();
                let groups = json!([{ "value": "a,]}\"\\", "type": "direct" }]).to_string();
                let more = [("groups", groups.as_str()), ("meta", meta.as_str())];
                let more = if whole { &more[..] } else { &more[1..] };
                let made = projection.mask(resource_type).write(&text, "\"i-1\"", more, &mut out);
                if made.is_none() {
                    prop_assert!(!must, "{text}");
                    prop_assert_eq!(&out, b"before");
                    continue;
                }
                let mut full = Resource::new();
                document.get("schemas").map(|schemas| full.insert("schemas".into(), schemas.clone()));
                full.insert("id".into(), "i-1".into());
                full.extend(document.clone().into_iter().filter(|(name, _)| name != "schemas"));
                for (name, value) in more {
                    full.insert((*name).to_owned(), serde_json::from_str(value).unwrap());
                }
                let expect = Value::from(projection.apply(full, resource_type)).to_string();
                prop_assert_eq!(std::str::from_utf8(&out).unwrap(), format!("before{expect}"));
            }
        }
    }

    #[test]
    fn a_text_is_redacted_as_its_value_is(value in json_value(), message in message()) {
        for value in [value, message] {
            let text = value.to_string();
            prop_assert_eq!(redact::text(&text).into_owned(), redact::body(value).to_string());
        }
    }

    #[test]
    fn a_text_that_is_cut_is_a_text(value in json_value(), bytes in 0..200_usize) {
        let text = value.to_string();
        let cut = scim::text::cut(&text, bytes);
        prop_assert!(serde_json::from_str::<Value>(&cut).is_ok(), "{cut}");
        prop_assert!(cut.len() >= bytes.min(text.len()));
        let same = cut.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        prop_assert!(same >= bytes.min(text.len()), "{text} {cut}");
    }

    #[test]
    fn no_changes_means_equal(a in object_of(json_value(), 6), b in object_of(json_value(), 6)) {
        prop_assert_eq!(diff::changes(&a, &b).is_empty(), a == b);
        prop_assert!(diff::changes(&a, &a).is_empty());
    }
}
