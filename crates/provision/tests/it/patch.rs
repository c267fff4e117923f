//! Wire shapes, byte for byte as the reference has them.

use provision::mapping::{AttributeMapping, Mapper, Purpose};
use provision::patch::{Dialect, MemberChanges, create_body, member_patches, replace_body, update_body};
use provision::plan::diff;
use provision::target_schema::TargetSchema;
use serde_json::{Value as Json, json};

use crate::world::{cork, group_mapper, mapper, nadia, resource, target, users};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[test]
fn a_users_creation_is_entras() {
    let body = create_body(&mapper(), &target(&mapper(), &nadia(), Purpose::Create), Dialect::Legacy);
    assert_eq!(
        Json::Object(body),
        json!({
            "schemas": [USER, ENTERPRISE],
            "userName": "nadia.okafor@fabrikam.example",
            "active": true,
            "displayName": "Nadia Okafor",
            "title": "Site Engineer",
            "emails": [{ "type": "work", "value": "nadia.okafor@fabrikam.example", "primary": true }],
            "preferredLanguage": "en-IE",
            "name": { "givenName": "Nadia", "familyName": "Okafor", "formatted": "Nadia Okafor" },
            "addresses": [{ "type": "work", "locality": "Cork", "country": "IE", "primary": true }],
            "phoneNumbers": [{ "type": "mobile", "value": "+353 85 555 0102" }],
            "externalId": "nokafor",
            ENTERPRISE: { "employeeNumber": "40771", "department": "Works", "manager": "t-s-2" },
            "meta": { "resourceType": "User" }
        })
    );
}

#[test]
fn a_users_creation_by_the_rfc() {
    let body = create_body(&mapper(), &target(&mapper(), &nadia(), Purpose::Create), Dialect::Rfc);
    assert_eq!(body["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(body[ENTERPRISE]["manager"], json!({ "value": "t-s-2" }));
    assert!(body.get("meta").is_none());
    assert_eq!(body["emails"], json!([{ "type": "work", "value": "nadia.okafor@fabrikam.example" }]));
}

#[test]
fn a_groups_creation_is_entras() {
    let body =
        create_body(&group_mapper(), &target(&group_mapper(), &cork(), Purpose::Create), Dialect::Legacy);
    assert_eq!(
        Json::Object(body),
        json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
            ],
            "displayName": "Cork staff",
            "externalId": "sg-1",
            "meta": { "resourceType": "Group" }
        })
    );
}

#[test]
fn custom_extensions_are_keys_and_not_schemas_with_entra() {
    let custom = "urn:ietf:params:scim:schemas:extension:Acme:2.0:User";
    let mut schema = TargetSchema::users();
    let name = format!("{custom}:badge");
    schema.add(provision::target_schema::TargetAttribute::new(&name, Default::default())).unwrap();
    let mut rules = users();
    rules.attributes.push(AttributeMapping::direct(&name, "employeeId"));
    let mapper = Mapper::new(&rules, &schema).unwrap();
    let wanted = target(&mapper, &nadia(), Purpose::Create);
    let entra = create_body(&mapper, &wanted, Dialect::Legacy);
    assert_eq!(entra[custom], json!({ "badge": "40771" }));
    assert_eq!(entra["schemas"], json!([USER, ENTERPRISE]));
    let rfc = create_body(&mapper, &wanted, Dialect::Rfc);
    assert_eq!(rfc["schemas"], json!([USER, ENTERPRISE, custom]));
}

#[test]
fn a_single_role_has_entras_type() {
    let mut rules = users();
    rules.attributes.push(AttributeMapping::expression(
        "roles[primary eq \"True\"].value",
        "SingleAppRoleAssignment([appRoleAssignments])",
    ));
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let mut user = nadia();
    user.app_roles = vec!["{\"value\":\"Admin\"}".into()];
    let body = create_body(&mapper, &target(&mapper, &user, Purpose::Create), Dialect::Legacy);
    assert_eq!(
        body["roles"],
        json!([{ "primary": true, "value": "Admin", "type": "WindowsAzureActiveDirectoryRole" }])
    );
}

/// Nadia marries and moves; she had no office and no department before.
fn update(dialect: Dialect) -> Json {
    let mapper = mapper();
    let mut current = create_body(&mapper, &target(&mapper, &nadia(), Purpose::Create), Dialect::Rfc);
    current[ENTERPRISE].as_object_mut().unwrap().shift_remove("department");
    current.shift_remove("phoneNumbers");
    let mut user = nadia();
    user.resource.insert("displayName".into(), json!("Nadia Byrne"));
    user.resource["name"]["familyName"] = json!("Byrne");
    user.resource["emails"][1]["value"] = json!("nadia.byrne@fabrikam.example");
    user.resource["addresses"][0]["formatted"] = json!("C-03");
    user.resource.insert("active".into(), json!(false));
    user.resource[ENTERPRISE]["manager"]["value"] = json!("s-3");
    let changes = diff(&mapper, &target(&mapper, &user, Purpose::Update), &current);
    update_body(&mapper, &changes, &current, dialect)
}

#[test]
fn an_update_in_the_legacy_dialect() {
    assert_eq!(
        update(Dialect::Legacy),
        json!({
            "schemas": [PATCH_OP],
            "Operations": [
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Replace", "path": "displayName", "value": "Nadia Byrne" },
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "nadia.byrne@fabrikam.example" },
                { "op": "Replace", "path": "name.familyName", "value": "Byrne" },
                { "op": "Replace", "path": "name.formatted", "value": "Nadia Byrne" },
                { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "C-03" },
                { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+353 85 555 0102" },
                { "op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Works" },
                { "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": "t-s-3" }
            ]
        })
    );
}

#[test]
fn an_update_in_the_flag_dialect() {
    assert_eq!(
        update(Dialect::AadOptscim062020),
        json!({
            "schemas": [PATCH_OP],
            "Operations": [
                { "op": "replace", "path": "active", "value": false },
                { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "nadia.byrne@fabrikam.example" },
                { "op": "add", "path": "addresses[type eq \"work\"].formatted", "value": "C-03" },
                { "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+353 85 555 0102" },
                { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Works" },
                { "op": "replace", "value": {
                    "displayName": "Nadia Byrne",
                    "name.familyName": "Byrne",
                    "name.formatted": "Nadia Byrne",
                    format!("{ENTERPRISE}:manager"): "t-s-3"
                } }
            ]
        })
    );
}

#[test]
fn an_update_by_the_rfc() {
    assert_eq!(
        update(Dialect::Rfc),
        json!({
            "schemas": [PATCH_OP],
            "Operations": [
                { "op": "replace", "path": "active", "value": false },
                { "op": "replace", "path": "displayName", "value": "Nadia Byrne" },
                { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "nadia.byrne@fabrikam.example" },
                { "op": "replace", "path": "name.familyName", "value": "Byrne" },
                { "op": "replace", "path": "name.formatted", "value": "Nadia Byrne" },
                { "op": "add", "path": "addresses[type eq \"work\"].formatted", "value": "C-03" },
                { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Works" },
                { "op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": { "value": "t-s-3" } },
                { "op": "add", "path": "phoneNumbers", "value": [{ "type": "mobile", "value": "+353 85 555 0102" }] }
            ]
        })
    );
}

#[test]
fn values_that_go() {
    let mut rules = users();
    rules.attributes[3].flow_null = true;
    let mapper = Mapper::new(&rules, &TargetSchema::users()).unwrap();
    let mut user = nadia();
    user.resource.shift_remove("title");
    let current = create_body(&mapper, &target(&mapper, &nadia(), Purpose::Create), Dialect::Rfc);
    let changes = diff(&mapper, &target(&mapper, &user, Purpose::Update), &current);
    let operations = |dialect| update_body(&mapper, &changes, &current, dialect)["Operations"].clone();
    assert_eq!(operations(Dialect::Legacy), json!([{ "op": "Replace", "path": "title", "value": "" }]));
    assert_eq!(operations(Dialect::AadOptscim062020), json!([{ "op": "replace", "value": { "title": "" } }]));
    assert_eq!(operations(Dialect::Rfc), json!([{ "op": "remove", "path": "title" }]));
}

#[test]
fn a_put_keeps_what_is_not_mapped() {
    let mapper = mapper();
    let current = resource(json!({
        "schemas": [USER],
        "id": "t-1",
        "userName": "nadia.okafor@fabrikam.example",
        "nickName": "Nad",
        "emails": [{ "type": "home", "value": "h@x" }],
        "groups": [{ "value": "g" }],
        "meta": { "version": "1" }
    }));
    let changes = diff(&mapper, &target(&mapper, &nadia(), Purpose::Update), &current);
    let body = replace_body(&mapper, &changes, &current);
    assert_eq!(body["nickName"], "Nad");
    assert_eq!(body["id"], "t-1");
    assert_eq!(body["emails"][0], json!({ "type": "home", "value": "h@x" }));
    assert_eq!(body["emails"][1]["value"], "nadia.okafor@fabrikam.example");
    assert_eq!(body["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(body[ENTERPRISE]["manager"], json!({ "value": "t-s-2" }));
    assert!(body.get("meta").is_none() && body.get("groups").is_none());
}

#[test]
fn members_travel_in_each_dialect() {
    let changes =
        MemberChanges { add: vec!["a".into(), "b".into(), "c".into()], remove: vec!["x\"y".into()] };
    let operations = |dialect, batch| -> Vec<Json> {
        member_patches(&changes, dialect, batch).into_iter().map(|body| body["Operations"].clone()).collect()
    };
    let listed = |id: &str| json!({ "$ref": null, "value": id });
    assert_eq!(
        operations(Dialect::Legacy, 2),
        [
            json!([{ "op": "Add", "path": "members", "value": [listed("a"), listed("b")] }]),
            json!([{ "op": "Add", "path": "members", "value": [listed("c")] }]),
            json!([{ "op": "Remove", "path": "members", "value": [listed("x\"y")] }]),
        ]
    );
    assert_eq!(
        operations(Dialect::AadOptscim062020, 100),
        [
            json!([{ "op": "add", "path": "members", "value": [listed("a"), listed("b"), listed("c")] }]),
            json!([{ "op": "remove", "path": "members[value eq \"x\\\"y\"]" }]),
        ]
    );
    assert_eq!(
        operations(Dialect::Rfc, 0)[0],
        json!([{ "op": "add", "path": "members", "value": [{ "value": "a" }] }])
    );
    assert!(member_patches(&MemberChanges::default(), Dialect::Legacy, 10).is_empty());
}

#[test]
fn the_tenant_url_chooses_the_dialect() {
    for (url, expect) in [
        ("https://a.example/scim", Dialect::Legacy),
        ("https://a.example/scim?aadOptscim062020", Dialect::AadOptscim062020),
        ("https://a.example/scim/?x=1&aadOptscim062020", Dialect::AadOptscim062020),
        ("https://a.example/aadOptscim062020", Dialect::Legacy),
    ] {
        assert_eq!(Dialect::of_tenant_url(url), expect, "{url}");
    }
}
