//! Muster's own extension behaves as any other: written, changed, found, shown; and only under its URN.

use scim::check::{Purpose, check};
use scim::patch::{apply, parse};
use scim::projection::Projection;
use scim::quirk::Quirk;
use scim::schema::ResourceType;
use scim::{Resource, filter, schema, urn};
use serde_json::{Value, json};

fn object(value: Value) -> Resource {
    value.as_object().cloned().unwrap()
}

fn user() -> Resource {
    let body = json!({
        "schemas": [urn::USER, urn::DIRECTORY_USER],
        "userName": "nadia",
        (urn::DIRECTORY_USER): {
            "MAILNICKNAME": "nokafor",
            "proxyAddresses": "SMTP:nadia@x.example;smtp:n@x.example",
            "employeeHireDate": "2026-03-01T00:00:00Z",
            "extensionAttribute15": "blue",
        },
    });
    check(object(body), schema::user(), Purpose::Create).unwrap().resource
}

#[test]
fn a_body_is_stored_in_the_schemas_spelling() {
    assert_eq!(
        Value::Object(user()),
        json!({
            "schemas": [urn::USER, urn::DIRECTORY_USER],
            "userName": "nadia",
            (urn::DIRECTORY_USER): {
                "mailNickname": "nokafor",
                "proxyAddresses": "SMTP:nadia@x.example;smtp:n@x.example",
                "employeeHireDate": "2026-03-01T00:00:00Z",
                "extensionAttribute15": "blue",
            },
        })
    );
    let group = json!({ "displayName": "G", (urn::DIRECTORY_GROUP): { "securityEnabled": "True", "mail": "g@x.example" } });
    let group = check(object(group), schema::group(), Purpose::Create).unwrap().resource;
    assert_eq!(group[urn::DIRECTORY_GROUP], json!({ "securityEnabled": true, "mail": "g@x.example" }));
    let wrong = json!({ "displayName": "G", (urn::DIRECTORY_GROUP): { "mailEnabled": "perhaps" } });
    let error = check(object(wrong), schema::group(), Purpose::Create).unwrap_err();
    assert!(error.detail.contains("mailEnabled"), "{error}");
}

#[test]
fn each_form_of_patch_reaches_it() {
    let urn = urn::DIRECTORY_USER;
    let of = |name: &str| format!("{urn}:{name}");
    for (operation, name, expect) in [
        (json!({ "op": "replace", "path": of("mailNickname"), "value": "n" }), "mailNickname", json!("n")),
        (
            json!({ "op": "add", "value": { (of("extensionAttribute1")): "7" } }),
            "extensionAttribute1",
            json!("7"),
        ),
        (
            json!({ "op": "add", "value": { (urn): { "employeeType": "Vendor" } } }),
            "employeeType",
            json!("Vendor"),
        ),
        (
            json!({ "op": "add", "path": of("proxyAddresses"), "value": "smtp:o@x.example" }),
            "proxyAddresses",
            json!("smtp:o@x.example"),
        ),
        (json!({ "op": "remove", "path": of("extensionAttribute15") }), "extensionAttribute15", Value::Null),
    ] {
        let request = parse(json!({ "schemas": [urn::PATCH_OP], "Operations": [operation] })).unwrap();
        let after = apply(&user(), &request, schema::user()).unwrap().resource;
        let value = after[urn].get(name).cloned().unwrap_or_default();
        assert_eq!(value, expect, "{operation}");
    }
    let request = parse(json!({ "Operations": [{ "op": "remove", "path": urn }] })).unwrap();
    let after = apply(&user(), &request, schema::user()).unwrap().resource;
    assert_eq!(after["schemas"], json!([urn::USER]), "{after:?}");
}

#[test]
fn it_is_found_and_shown() {
    let urn = urn::DIRECTORY_USER;
    for (text, expect) in [
        ("mailNickname eq \"NOKAFOR\"", true),
        ("proxyAddresses co \"smtp:n@x.example\"", true),
        ("proxyAddresses co \"SMTP:n@x.example\"", false),
        ("employeeHireDate gt \"2026-01-01T00:00:00Z\"", true),
        ("extensionAttribute1 pr", false),
    ] {
        let (filter, _) = filter::read(&format!("{urn}:{text}"), schema::user()).unwrap();
        assert_eq!(filter.matches(&user(), schema::user()), expect, "{text}");
    }
    let projection = Projection::new(&[&format!("{urn}:mailNickname")], &[]).unwrap();
    let shown = projection.apply(user(), schema::user());
    assert_eq!(shown.get(urn), Some(&json!({ "mailNickname": "nokafor" })));
    assert!(!shown.contains_key("userName"));
}

/// `mail` and `description` mean something else to most clients; what they mean is not guessed.
#[test]
fn without_its_urn_it_is_not_there() {
    let check = |body: Value, resource_type: &ResourceType| {
        check(object(body), resource_type, Purpose::Create).unwrap()
    };
    for (body, resource_type) in [
        (json!({ "userName": "n", "mailNickname": "n", "extensionAttribute1": "7" }), schema::user()),
        (json!({ "displayName": "G", "description": "d", "mail": "g@x.example" }), schema::group()),
    ] {
        let checked = check(body, resource_type);
        assert_eq!(checked.resource.len(), 2, "{:?}", checked.resource);
        assert!(checked.quirks.contains(Quirk::UnknownAttribute));
    }
    assert!(filter::read("mailNickname eq \"n\"", schema::user()).is_err());
    // What Entra and OneLogin send without a URN is still understood.
    let checked = check(json!({ "userName": "n", "department": "Sea" }), schema::user());
    assert_eq!(checked.resource[urn::ENTERPRISE_USER], json!({ "department": "Sea" }));
}
