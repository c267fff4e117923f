//! Limits and refusals of whole resources; what is accepted is shown by the fixtures.

use scim::check::{Purpose, check};
use scim::{Resource, limits, schema};
use serde_json::{Value, json};

fn object(value: Value) -> Resource {
    value.as_object().unwrap().clone()
}

fn with(mut extra: Value) -> Resource {
    extra["schemas"] = json!([scim::urn::USER]);
    if extra.get("userName").is_none() {
        extra["userName"] = "mira".into();
    }
    object(extra)
}

fn refused(body: Value, expect: &str) {
    let error = check(with(body), schema::user(), Purpose::Create).unwrap_err();
    let shown = format!("{}: {}", error.scim_type.as_str(), error.detail);
    assert!(shown.contains(expect), "\"{shown}\" does not say \"{expect}\"");
}

fn accepted(body: Value) -> Resource {
    check(with(body), schema::user(), Purpose::Create).unwrap().resource
}

#[test]
fn errors_name_the_attribute_what_is_expected_and_what_was_found() {
    for (body, expect) in [
        (json!({ "title": {} }), "invalidValue: title: expected a string, found an object"),
        (json!({ "title": ["a", "b"] }), "invalidValue: title takes one value; 2 were sent"),
        (json!({ "title": [["a"]] }), "invalidValue: title: expected a string, found an array"),
        (json!({ "active": 1 }), "invalidValue: active: expected true or false, found 1"),
        (
            json!({ "name": "Mira" }),
            "invalidValue: name: expected an object of sub-attributes, found the string",
        ),
        (json!({ "addresses": ["x"] }), "invalidValue: addresses[0]: expected an object of sub-attributes"),
        (
            json!({ "emails": [{ "value": {} }] }),
            "invalidValue: emails[0].value: expected a string, found an object",
        ),
        (
            json!({ "emails": [[]] }),
            "invalidValue: emails[0]: expected an object of sub-attributes, found an array",
        ),
        (json!({ "emails": [{ "value": "a", "VALUE": "b" }] }), "invalidSyntax: \"VALUE\" is there twice"),
        (
            json!({ "name": { "givenName": "a", "givenname": "b" } }),
            "invalidSyntax: \"givenname\" is there twice",
        ),
        (json!({ "externalId": "a\u{7}" }), "invalidValue: externalId holds the control character U+0007"),
        (
            json!({ "userName": "ad\u{200b}a" }),
            "invalidValue: userName holds the character U+200B, which cannot be seen",
        ),
        (json!({ "userName": "ada\u{feff}" }), "invalidValue: userName holds the character U+FEFF"),
        (json!({ "userName": "a\u{200d}da" }), "invalidValue: userName holds the character U+200D"),
        (json!({ "userName": "\u{202a}ada" }), "U+202A, which changes the direction of the text"),
        (json!({ "userName": "ada\u{202e}moc" }), "invalidValue: userName holds the character U+202E"),
        (json!({ "userName": "" }), "invalidValue: userName is required"),
        (json!({ "userName": null }), "invalidValue: userName is required"),
        (json!({ "userName": "\u{2003}" }), "invalidValue: userName is required"),
        (
            json!({ (scim::urn::ENTERPRISE_USER): 5 }),
            "enterprise:2.0:User: expected an object of attributes, found 5",
        ),
        (
            json!({ (scim::urn::ENTERPRISE_USER): { "manager": [{}, {}] } }),
            "User:manager takes one value; 2 were sent",
        ),
        (
            json!({ "userName": "a".repeat(limits::KEY_BYTES + 1) }),
            "invalidValue: userName is 1025 bytes long; at most 1024",
        ),
        (json!({ "title": "a".repeat(limits::STRING_BYTES + 1) }), "invalidValue: title is 65537 bytes long"),
        (
            json!({ "emails": vec![json!({ "value": "a" }); limits::ATTRIBUTE_VALUES + 1] }),
            "emails would have 1001 values",
        ),
    ] {
        refused(body, expect);
    }
}

#[test]
fn limits_are_met_not_undercut() {
    let name = "a".repeat(limits::KEY_BYTES);
    assert_eq!(accepted(json!({ "userName": name }))["userName"], *name);
    let emails: Vec<Value> =
        (0..limits::ATTRIBUTE_VALUES).map(|i| json!({ "value": i.to_string() })).collect();
    assert_eq!(accepted(json!({ "emails": emails }))["emails"], json!(emails));
}

#[test]
fn an_identical_element_is_kept_once() {
    let emails =
        json!([{ "value": "a", "type": "work" }, { "type": "work", "value": "a" }, { "value": "a" }]);
    let expect = json!([{ "value": "a", "type": "work" }, { "value": "a" }]);
    assert_eq!(accepted(json!({ "emails": emails }))["emails"], expect);
}

#[test]
fn members_are_read_as_references() {
    let group = |members: Value| {
        check(object(json!({ "displayName": "G", "members": members })), schema::group(), Purpose::Create)
    };
    let many: Vec<Value> =
        (0..limits::ATTRIBUTE_VALUES * 3).map(|i| json!({ "value": i.to_string() })).collect();
    assert_eq!(
        group(json!(many)).unwrap().resource["members"],
        json!(many),
        "members are not bounded as values are"
    );
    for (members, expect) in [
        (json!([{ "display": "x" }]), "members[0].value: send the id of the user or group"),
        (json!([{ "value": "" }]), "members[0].value: send the id"),
        (json!([{ "value": "a\n" }]), "members[0].value holds the control character U+000A"),
        (json!([true]), "members[0]: expected a member such as {\"value\": \"id\"}, found true"),
    ] {
        let error = group(members).unwrap_err();
        assert!(error.detail.contains(expect), "{error}");
    }
}

#[test]
fn a_group_has_no_attributes_of_a_user() {
    let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "G", "userName": "x", (scim::urn::ENTERPRISE_USER): { "department": "d" } });
    let checked = check(object(body), schema::group(), Purpose::Create).unwrap();
    assert_eq!(Value::from(checked.resource), json!({ "schemas": [scim::urn::GROUP], "displayName": "G" }));
}
