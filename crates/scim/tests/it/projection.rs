//! What responses show.

use scim::projection::Projection;
use scim::{limits, schema, urn};
use serde_json::{Value, json};

fn user() -> Value {
    json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER],
        "id": "u-1",
        "userName": "mira",
        "name": { "givenName": "Mira", "familyName": "Kovac" },
        "emails": [{ "value": "a", "type": "work" }, { "type": "home" }],
        (urn::ENTERPRISE_USER): { "department": "Works", "manager": { "value": "u-2", "$ref": "r" } },
        "groups": [{ "value": "g-1" }],
        "meta": { "resourceType": "User", "version": "W/\"1\"" },
    })
}

fn shown(attributes: &[&str], excluded: &[&str]) -> Value {
    let projection = Projection::new(attributes, excluded).unwrap();
    projection.apply(user().as_object().unwrap().clone(), schema::user()).into()
}

fn only(attributes: &str, mut expect: Value) {
    expect["schemas"] = json!([urn::USER, urn::ENTERPRISE_USER]);
    expect["id"] = "u-1".into();
    assert_eq!(shown(&[attributes], &[]), expect, "attributes={attributes}");
}

#[test]
fn attributes_select() {
    let work = json!([{ "value": "a" }]);
    for (attributes, expect) in [
        ("userName", json!({ "userName": "mira" })),
        ("USERNAME", json!({ "userName": "mira" })),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", json!({ "userName": "mira" })),
        ("userName,name.givenName", json!({ "userName": "mira", "name": { "givenName": "Mira" } })),
        ("name.givenName, name", json!({ "name": { "givenName": "Mira", "familyName": "Kovac" } })),
        ("emails.value", json!({ "emails": work })),
        ("emails[type eq \"a,b]\"].value", json!({ "emails": work })),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            json!({ (urn::ENTERPRISE_USER): { "department": "Works" } }),
        ),
        ("department", json!({ (urn::ENTERPRISE_USER): { "department": "Works" } })),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            json!({ (urn::ENTERPRISE_USER): { "manager": { "value": "u-2" } } }),
        ),
        (
            urn::ENTERPRISE_USER,
            json!({ (urn::ENTERPRISE_USER): { "department": "Works", "manager": { "value": "u-2", "$ref": "r" } } }),
        ),
        ("meta.version", json!({ "meta": { "version": "W/\"1\"" } })),
        ("id", json!({})),
        ("shoeSize,name.shoeSize", json!({})),
        ("urn:x:y:userName", json!({})),
    ] {
        only(attributes, expect);
    }
}

#[test]
fn excluded_attributes_drop() {
    let without = |names: &[&str]| {
        let mut expect = user();
        names.iter().for_each(|name| drop(expect.as_object_mut().unwrap().remove(*name)));
        expect
    };
    for (excluded, expect) in [
        ("groups", without(&["groups"])),
        ("id,schemas,GROUPS", without(&["groups"])),
        ("emails.shoeSize", without(&[])),
        ("groups.value", without(&["groups"])),
        (urn::ENTERPRISE_USER, without(&[urn::ENTERPRISE_USER])),
        ("department,manager", without(&[urn::ENTERPRISE_USER])),
        (
            urn::USER,
            json!({ "schemas": [urn::USER, urn::ENTERPRISE_USER], "id": "u-1", "meta": user()["meta"], (urn::ENTERPRISE_USER): user()[urn::ENTERPRISE_USER] }),
        ),
    ] {
        assert_eq!(shown(&[], &[excluded]), expect, "excludedAttributes={excluded}");
    }
    let mut expect = user();
    expect["name"] = json!({ "familyName": "Kovac" });
    expect["emails"] = json!([{ "type": "work" }, { "type": "home" }]);
    assert_eq!(shown(&[], &["name.givenName", "emails.value"]), expect);
}

#[test]
fn nothing_asked_shows_all() {
    assert_eq!(shown(&[], &[]), user());
    assert_eq!(shown(&["", " , "], &[]), user());
}

#[test]
fn wants_says_whether_it_must_be_loaded() {
    for (attributes, excluded, name, expect) in [
        ("", "", "members", true),
        ("members", "", "members", true),
        ("Members.value", "", "members", true),
        ("members.shoeSize", "", "members", false),
        ("displayName", "", "members", false),
        ("urn:ietf:params:scim:schemas:core:2.0:Group:members", "", "members", true),
        ("urn:ietf:params:scim:schemas:core:2.0:User:members", "", "members", false),
        (urn::GROUP, "", "members", true),
        (urn::USER, "", "members", false),
        (urn::USER, "", "groups", true),
        ("", "members", "members", false),
        ("", "members.value", "members", true),
        ("", "members", "groups", true),
        ("", urn::GROUP, "members", false),
        ("id", "", "groups", false),
        ("groups", "", "groups", true),
    ] {
        let projection = Projection::new(&[attributes], &[excluded]).unwrap();
        assert_eq!(projection.wants(name), expect, "{attributes:?} {excluded:?} {name}");
    }
}

#[test]
fn refused_lists() {
    let many = vec!["userName"; limits::PROJECTION_PATHS + 1].join(",");
    for (attributes, excluded, expect) in [
        ("userName", "groups", "exclude each other"),
        (many.as_str(), "", "attributes: at most 128 names"),
        ("", "a b", "excludedAttributes: \"a b\": "),
        ("user.name.x", "", "attributes: \"user.name.x\": "),
    ] {
        let error = Projection::new(&[attributes], &[excluded]).unwrap_err();
        assert!(error.detail.contains(expect), "{error}");
        assert_eq!(error.scim_type, scim::ScimType::InvalidValue);
    }
}
