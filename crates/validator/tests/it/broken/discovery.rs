//! What the server says it is.

use serde_json::{Value, json};

use super::fault::Fault;
use super::server::{Answer, BULK_BYTES, BULK_MAX, PAGE_MAX};

/// As many attributes as the matrix needs: each has several cases, and the matrix runs all of them for each fault.
const SERVED: &[&str] = &[
    "userName",
    "name",
    "displayName",
    "nickName",
    "title",
    "active",
    "emails",
    "phoneNumbers",
    "addresses",
    "groups",
    "roles",
    "department",
    "manager",
    "members",
];

pub(crate) fn answer(path: &[&str], filtered: bool, base: &str, fault: Option<Fault>) -> Option<Answer> {
    let is = |f: Fault| fault == Some(f);
    let first = *path.first()?;
    if !["ServiceProviderConfig", "Schemas", "ResourceTypes"].contains(&first) {
        return None;
    }
    if first == "ServiceProviderConfig" && is(Fault::NoConfig) {
        return Some(Answer::error(404, None, "nothing here"));
    }
    if filtered && !is(Fault::DiscoveryFilterIgnored) {
        return Some(Answer::error(403, None, "discovery cannot be filtered"));
    }
    let list = match first {
        "ServiceProviderConfig" => return Some(Answer::ok(config(base, fault))),
        "Schemas" => schemas(base, fault),
        _ => types(base, fault),
    };
    let Some(id) = path.get(1) else {
        if first == "Schemas" && is(Fault::SchemasArray) {
            return Some(Answer::ok(list.into()));
        }
        return Some(Answer::ok(json!({
            "schemas": [scim::urn::LIST_RESPONSE], "totalResults": list.len(), "itemsPerPage": list.len(),
            "startIndex": 1, "Resources": list,
        })));
    };
    if first == "Schemas" && is(Fault::SchemaById404) {
        return Some(Answer::error(404, None, "no such schema"));
    }
    let found = list.into_iter().find(|r| r["id"] == *id || r["name"] == *id);
    Some(match found {
        Some(found) => Answer::ok(found),
        None if is(Fault::UnknownSchemaFound) => Answer::ok(json!({ "id": id, "attributes": [] })),
        None => Answer::error(404, None, "no such schema or resource type"),
    })
}

fn config(base: &str, fault: Option<Fault>) -> Value {
    let mut config = scim::discovery::service_provider_config(base);
    config["bulk"] = json!({ "supported": true, "maxOperations": BULK_MAX, "maxPayloadSize": BULK_BYTES });
    config["changePassword"] = json!({ "supported": true });
    config["filter"]["maxResults"] = PAGE_MAX.into();
    match fault {
        Some(Fault::ConfigIncomplete) => config["sort"] = json!({}),
        Some(Fault::PatchNotAdvertised) => config["patch"]["supported"] = false.into(),
        Some(Fault::SchemesUndescribed) => {
            config["authenticationSchemes"][0].as_object_mut().unwrap().remove("description");
        }
        _ => {}
    }
    config
}

fn schemas(base: &str, fault: Option<Fault>) -> Vec<Value> {
    let mut schemas = scim::discovery::schemas(base);
    for schema in &mut schemas {
        schema["attributes"]
            .as_array_mut()
            .unwrap()
            .retain(|a| SERVED.contains(&a["name"].as_str().unwrap()));
    }
    let attributes = schemas[0]["attributes"].as_array_mut().unwrap();
    attributes.push(json!({
        "name": "password", "type": "string", "multiValued": false, "required": false, "caseExact": true,
        "mutability": "writeOnly", "returned": "never", "uniqueness": "none",
    }));
    match fault {
        Some(Fault::SchemaKeywords) => attributes[2]["mutability"] = "READWRITE".into(),
        Some(Fault::SchemaNulls) => attributes[2]["canonicalValues"] = Value::Null,
        Some(Fault::UserNameCaseExactDeclared) => {
            for a in attributes.iter_mut().filter(|a| a["name"] == "userName") {
                a["caseExact"] = true.into();
            }
        }
        Some(Fault::UnmappedSchema) => attributes.retain(|a| a["name"] != "emails"),
        _ => {}
    }
    without_locations(schemas, fault)
}

fn types(base: &str, fault: Option<Fault>) -> Vec<Value> {
    let mut types = scim::discovery::resource_types(base);
    match fault {
        Some(Fault::ResourceTypeLacksSchema) => drop(types[0].as_object_mut().unwrap().remove("schema")),
        Some(Fault::ExtensionUndefined) => {
            types[0]["schemaExtensions"]
                .as_array_mut()
                .unwrap()
                .push(json!({ "schema": "urn:example:undefined:User", "required": false }));
        }
        _ => {}
    }
    without_locations(types, fault)
}

fn without_locations(mut resources: Vec<Value>, fault: Option<Fault>) -> Vec<Value> {
    if fault == Some(Fault::DiscoveryLocations) {
        resources.iter_mut().for_each(|r| drop(r.as_object_mut().unwrap().remove("meta")));
    }
    resources
}
