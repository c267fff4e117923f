//! What targets say of themselves, as the attributes of mappings.

use provision::discovery::targets;
use provision::graph_schema::Rules;
use provision::target_schema::{TargetMutability, TargetSchema, TargetType};
use scim::Resource;
use serde_json::{Value, json};

fn resources(list: Value) -> Vec<Resource> {
    list.as_array().unwrap().iter().map(|one| one.as_object().cloned().unwrap()).collect()
}

fn names(target: &TargetSchema) -> Vec<&str> {
    target.attributes.iter().map(|attribute| attribute.name.as_str()).collect()
}

const ACME: &str = "urn:acme:2.0:User";

fn schemas() -> Vec<Resource> {
    let text = |name: &str| json!({ "name": name, "type": "string", "multiValued": false });
    resources(json!([
        { "id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": [
            { "name": "userName", "type": "string", "required": true, "caseExact": false },
            { "name": "name", "type": "complex", "multiValued": false, "mutability": "readOnly",
              "subAttributes": [text("givenName"), text("familyName")] },
            { "name": "active", "type": "boolean" },
            { "name": "profileUrl", "type": "reference", "referenceTypes": ["external"] },
            { "name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
                { "name": "value", "type": "string", "required": true },
                { "name": "type", "type": "string", "canonicalValues": ["work", "home"] },
                { "name": "display", "type": "string" },
                { "name": "primary", "type": "boolean" } ] },
            { "name": "phoneNumbers", "type": "complex", "multiValued": true,
              "subAttributes": [text("value"), text("type")] },
            { "name": "nickNames", "type": "string", "multiValued": true },
            { "name": "entitlements", "type": "complex", "multiValued": true, "subAttributes": [text("value")] },
            { "name": "groups", "type": "complex", "multiValued": true, "mutability": "readOnly",
              "subAttributes": [text("value"), { "name": "$ref", "type": "reference", "referenceTypes": ["User", "Group"] }] },
            { "name": "id", "type": "string" },
            { "name": "", "type": "string" },
            { "name": "od\"d", "type": "string" } ] },
        { "id": ACME, "attributes": [
            { "name": "badge", "type": "integer", "mutability": "immutable" },
            { "name": "secret", "type": "string", "mutability": "writeOnly" },
            { "name": "since", "type": "dateTime" },
            { "name": "boss", "type": "complex", "multiValued": false,
              "subAttributes": [text("value"), { "name": "$ref", "type": "reference", "referenceTypes": ["User"] }] } ] },
        { "id": "urn:ietf:params:scim:schemas:core:2.0:Group", "attributes": [
            { "name": "displayName", "type": "string", "required": true },
            { "name": "members", "type": "complex", "multiValued": true,
              "subAttributes": [text("value"), { "name": "$ref", "type": "reference", "referenceTypes": ["User", "Group"] }] } ] },
        { "id": "urn:other:2.0:Device", "attributes": [text("model")] },
    ]))
}

#[test]
fn schemas_become_attributes_that_can_be_mapped() {
    let found = targets(&[], &schemas(), &Rules::default());
    let [users, groups] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        names(users),
        [
            "id",
            "externalId",
            "userName",
            "name.givenName",
            "name.familyName",
            "active",
            "profileUrl",
            "emails[type eq \"work\"].value",
            "emails[type eq \"work\"].primary",
            "emails[type eq \"home\"].value",
            "emails[type eq \"home\"].primary",
            "phoneNumbers[type eq \"work\"].value",
            "phoneNumbers[type eq \"mobile\"].value",
            "phoneNumbers[type eq \"fax\"].value",
            "phoneNumbers[type eq \"home\"].value",
            "phoneNumbers[type eq \"other\"].value",
            "phoneNumbers[type eq \"pager\"].value",
            "nickNames",
            "entitlements",
            "groups",
            "urn:acme:2.0:User:badge",
            "urn:acme:2.0:User:secret",
            "urn:acme:2.0:User:since",
            "urn:acme:2.0:User:boss",
        ]
    );
    let of = |name: &str| users.find(name).unwrap();
    assert!(of("id").anchor && of("userName").required && of("nickNames").multi_valued);
    assert_eq!(of("active").kind, TargetType::Boolean);
    assert_eq!(of("profileUrl").kind, TargetType::String, "an address is a text");
    assert_eq!(of("name.givenName").mutability, TargetMutability::ReadOnly, "as the whole");
    assert!(!of("emails[type eq \"work\"].value").required, "nobody must have an address");
    assert_eq!(of("urn:acme:2.0:User:since").kind, TargetType::DateTime);
    let badge = of("urn:acme:2.0:User:badge");
    assert_eq!((badge.kind, badge.mutability), (TargetType::Integer, TargetMutability::Immutable));
    assert_eq!(of("urn:acme:2.0:User:secret").mutability, TargetMutability::WriteOnly);
    let boss = of("urn:acme:2.0:User:boss");
    assert_eq!(
        (boss.kind, boss.multi_valued, boss.referenced.as_slice()),
        (TargetType::Reference, false, &["User".to_owned()][..])
    );
    assert_eq!(names(groups), ["id", "externalId", "displayName", "members"]);
    assert!(groups.find("members").unwrap().is_members());
    // What was found can be kept as the target's attribute list.
    for target in &found {
        assert_eq!(target.problems(), Vec::<String>::new());
    }
}

#[test]
fn resource_types_say_what_belongs_together() {
    let types = resources(json!([
        { "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User" },
        { "name": "Crew", "endpoint": "/Groups", "schema": "urn:other:2.0:Device",
          "schemaExtensions": [{ "schema": ACME, "required": false }, { "schema": "urn:not:described" }] },
    ]));
    let found = targets(&types, &schemas(), &Rules::default());
    assert!(!names(&found[0]).iter().any(|name| name.starts_with(ACME)), "no extension of users");
    assert!(names(&found[1]).contains(&"model") && names(&found[1]).contains(&"urn:acme:2.0:User:badge"));
}

#[test]
fn what_says_nothing_of_users_and_groups_has_none() {
    for schemas in [json!([]), json!([{ "id": 1, "attributes": {} }]), json!([{ "attributes": [{}] }])] {
        assert_eq!(targets(&[], &resources(schemas), &Rules::default()), []);
    }
    let empty = json!([{ "id": "urn:ietf:params:scim:schemas:core:2.0:Group" }]);
    let found = targets(&[], &resources(empty), &Rules::default());
    assert_eq!(names(&found[0]), ["id", "externalId"]);
}
