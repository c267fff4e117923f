//! Entra's names for a tenant's attributes.

use std::collections::HashSet;

use provision::Value;
use provision::alias::{self, Direction, ObjectKind, SourceAttributes};
use provision::expression::{Attributes, Source};
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
            assert_eq!(through.multi_valued, alias.multi_valued, "{}", alias.name);
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

#[test]
fn the_directory_schema_holds_what_has_no_other_home() {
    let schema = alias::directory_schema(ObjectKind::User);
    assert_eq!(schema.id, alias::DIRECTORY_USER);
    assert!(schema.attribute("extensionAttribute15").is_some());
    assert!(schema.attribute("proxyAddresses").unwrap().multi_valued);
    assert!(schema.attribute("title").is_none());
}
