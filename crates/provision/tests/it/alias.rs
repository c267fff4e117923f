//! Entra's names for a tenant's attributes.

use std::collections::HashSet;

use provision::Value;
use provision::alias::{self, Direction, ObjectKind, SourceAttributes};
use provision::expression::{Attributes, Source};
use scim::attribute::AttributeType;
use serde_json::json;

use crate::world::{cork, nadia, resource};

#[test]
fn each_alias_names_an_attribute_that_exists() {
    for kind in [ObjectKind::User, ObjectKind::Group] {
        let mut names = HashSet::new();
        for alias in alias::aliases(kind) {
            assert!(names.insert(alias.name.to_ascii_lowercase()), "{} is there twice", alias.name);
            assert_eq!(alias.path.is_empty(), alias.direction == Direction::Computed, "{}", alias.name);
            if alias.path.is_empty() {
                continue;
            }
            let through = SourceAttributes(kind).attribute(alias.path);
            let through = through.unwrap_or_else(|| panic!("{} stands for nothing", alias.name));
            assert_eq!(through.multi_valued, alias.multi_valued && !alias.is_joined(), "{}", alias.name);
            assert_eq!(through.reference, alias.kind == "Reference", "{}", alias.name);
        }
    }
}

#[test]
fn the_documented_names_are_there() {
    let names = "userPrincipalName mail accountEnabled jobTitle department employeeId mailNickname objectId manager \
        IsSoftDeleted givenName surname telephoneNumber mobile streetAddress city state country postalCode \
        physicalDeliveryOfficeName preferredLanguage displayName facsimileTelephoneNumber extensionAttribute1 \
        extensionAttribute15 appRoleAssignments companyName originalUserPrincipalName";
    for name in names.split_whitespace() {
        assert!(alias::find(ObjectKind::User, name).is_some(), "{name}");
    }
    assert!(alias::find(ObjectKind::User, "extensionAttribute16").is_none());
}

#[test]
fn source_values_are_read_by_alias_and_by_path() {
    let user = nadia();
    let check = |name: &str, expect: &[&str]| assert_eq!(user.value(name).texts(), expect, "{name}");
    check("userPrincipalName", &["nadia.okafor@fabrikam.example"]);
    check("USERPRINCIPALNAME", &["nadia.okafor@fabrikam.example"]);
    check("objectId", &["s-1"]);
    check("id", &["s-1"]);
    check("mail", &["nadia.okafor@fabrikam.example"]);
    check("emails[type eq \"home\"].value", &["n@home.example"]);
    check("emails.value", &["n@home.example", "nadia.okafor@fabrikam.example"]);
    check("mobile", &["+353 85 555 0102"]);
    check("city", &["Cork"]);
    check("manager", &["s-2"]);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", &["s-2"]);
    check("accountEnabled", &["True"]);
    check("IsSoftDeleted", &["False"]);
    check("mailNickname", &["nokafor"]);
    check("extensionAttribute1", &["7"]);
    check("proxyAddresses", &["SMTP:a@x", "smtp:b@x"]);
    check("streetAddress", &[]);
    check("nonsense", &[]);
    assert_eq!(cork().value("accountEnabled"), Value::Null);
}

#[test]
fn soft_deleted_is_computed() {
    let mut user = nadia();
    user.removed = true;
    assert_eq!(user.value("IsSoftDeleted"), Value::text("True"));
    user.removed = false;
    user.resource.insert("active".into(), json!(false));
    assert_eq!(user.value("IsSoftDeleted"), Value::text("True"));
    assert_eq!(user.value("accountEnabled"), Value::text("False"));
    user.resource.shift_remove("active");
    assert_eq!(user.value("IsSoftDeleted"), Value::text("False"));
}

#[test]
fn guests_flow_with_their_outside_name() {
    let mut user = nadia();
    user.resource = resource(json!({ "userName": "kim_lee_partner.example#EXT#@fabrikam.example" }));
    assert_eq!(user.value("userPrincipalName"), Value::text("kim_lee@partner.example"));
    assert_eq!(
        user.value("originalUserPrincipalName"),
        Value::text("kim_lee_partner.example#EXT#@fabrikam.example")
    );
}

/// One truth: the schema that SCIM clients see and the names that mappings use never part ways.
#[test]
fn aliases_and_the_directory_schema_say_the_same() {
    for (object_kind, urn) in
        [(ObjectKind::User, alias::DIRECTORY_USER), (ObjectKind::Group, alias::DIRECTORY_GROUP)]
    {
        let schema = alias::directory_schema(object_kind);
        assert_eq!(schema.id, urn);
        let named: Vec<_> = alias::aliases(object_kind)
            .iter()
            .filter_map(|alias| Some((alias.path.strip_prefix(urn)?.strip_prefix(':')?, alias)))
            .collect();
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let defined: Vec<&str> = schema.attributes.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, defined, "{urn}");
        for (name, alias) in named {
            let attribute = schema.attribute(name).unwrap();
            assert_eq!(alias.name, name, "the attribute has Entra's name");
            assert!(!attribute.multi_valued, "{name}");
            assert_eq!(alias.multi_valued, alias.is_joined(), "{name}");
            assert_eq!(alias.direction, Direction::Both, "{name}");
            // scim2-tester sends any string as a dateTime and stumbles over its own echo, so SCIM clients see strings.
            let kind = match alias.kind {
                "Boolean" => AttributeType::Boolean,
                _ => AttributeType::String,
            };
            assert_eq!(attribute.kind, kind, "{name}");
            assert!(!attribute.required, "{name}");
            assert!(object_kind.resource_type().core(name).is_none(), "{name} has a home in SCIM");
        }
    }
}
