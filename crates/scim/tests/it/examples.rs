//! The RFCs' examples that are more than one request's effect: exchanges, discovery documents, schemas.
//!
//! | member | meaning |
//! |---|---|
//! | `given`, `method`, `path`, `headers`, `body`, `status`, `answer` | an exchange: what there is, what is asked, what is answered |
//! | `more` | what our answer has beyond the example, as paths |
//! | `discovery`, `answer` | a discovery endpoint and its answer |
//! | `schemas` | definitions of schemas |
//!
//! Here the exchanges are held against the protocol's values; `crates/web` sends the same ones over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use scim::attribute::{Attribute, AttributeType, Uniqueness};
use scim::check::{self, Purpose};
use scim::message::{ListResponse, SearchRequest};
use scim::projection::Projection;
use scim::schema::{self, ResourceType, Schema};
use scim::{Resource, ScimType, discovery, filter, json, patch};
use serde_json::Value;

use crate::fixtures::Fixture;

const BASE: &str = "https://example.com/v2";

/// Where our schemas are not the RFC's (RFC 7643 §8.7.1), and why.
const SCHEMA_DEVIATIONS: [(&str, &str); 14] = [
    ("User.password", "never stored, so not promised; a value that is sent is ignored and noted"),
    ("User.addresses.primary", "RFC 7643 §2.4: primary is a sub-attribute of every multi-valued attribute"),
    ("User.groups.value caseExact", "an id (RFC 7643 §3.1: ids are case-exact)"),
    ("User.groups.$ref caseExact", "a URI (RFC 7643 §2.3.7: references are case-exact)"),
    ("User.groups.$ref referenceTypes", "a user is in groups, never in a user"),
    ("User.groups.type canonicalValues", "only direct membership is listed"),
    ("User.x509Certificates.value caseExact", "base64 (RFC 7643 §2.3.6: binary values are case-exact)"),
    ("Group.displayName required", "Entra finds groups by it; RFC 7643 §4.2 says REQUIRED in its text"),
    ("Group.displayName uniqueness", "Entra finds groups by it"),
    ("Group.members.value caseExact", "an id"),
    ("Group.members.$ref caseExact", "a URI"),
    ("Group.members.display", "shown on request, as RFC 7644 §3.5.2 does in its examples"),
    ("EnterpriseUser.manager.value caseExact", "an id"),
    ("EnterpriseUser.manager.$ref caseExact", "a URI"),
];

/// Where our discovery documents are not of the form of the schemas in RFC 7643 §8.7.2, and why. Most of it is the RFC's: its
/// own examples in §8.5 and §8.6 are not of that form either.
const FORM_DEVIATIONS: [(&str, &str); 7] = [
    ("ServiceProviderConfig.authenticationSchemes.primary", "RFC 7643 §2.4, and in the example of §8.5"),
    ("ServiceProviderConfig.authenticationSchemes.type", "RFC 7643 §5 requires it; the schema forgot it"),
    ("ServiceProviderConfig.etag", "RFC 7643 §5 requires it; the schema forgot it"),
    ("ServiceProviderConfig.pagination", "RFC 9865 §4"),
    ("ResourceType.schemaExtensions plural", "RFC 7643 §6: a list; the example's User has one"),
    ("Schema.attributes.subAttributes.referenceTypes plural", "RFC 7643 §7: a list, as at the level above"),
    ("Schema.attributes.subAttributes.type binary", "RFC 7643 §2.3.6; the schema's list of types forgot it"),
];

/// What the examples of RFC 7643 §8.5 and §8.6 show and we do not, and why.
const DISCOVERY_DEVIATIONS: [(&str, &str); 7] = [
    ("ResourceType.schemaExtensions.required", "a user without enterprise attributes is a user"),
    ("ServiceProviderConfig.authenticationSchemes httpbasic", "not offered"),
    ("ServiceProviderConfig.authenticationSchemes.documentationUri", "optional"),
    ("ServiceProviderConfig.documentationUri", "optional; the guide comes with the program"),
    ("ServiceProviderConfig.meta.created", "the document is the program's own and has no history"),
    ("ServiceProviderConfig.meta.lastModified", "the same"),
    ("ServiceProviderConfig.meta.version", "the same"),
];

pub(crate) fn run(fixture: &Fixture) {
    let content = &fixture.content;
    if content.get("schemas").is_some() {
        definitions(content);
    } else if content.get("discovery").is_some() {
        discovered(content);
    } else {
        exchange(fixture);
    }
}

fn exchange(fixture: &Fixture) {
    let content = &fixture.content;
    let query = fixture.text("path").split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut search = SearchRequest::from_query(pairs).unwrap();
    if fixture.text("path").ends_with("/.search") {
        search = SearchRequest::from_body(content["body"].clone()).unwrap();
    }
    let attributes: Vec<&str> = search.attributes.iter().map(String::as_str).collect();
    let projection = Projection::new(&attributes, &[]).unwrap();
    // A 304 has no body; what it depends on is the version alone, which only HTTP has.
    let Some(answer) = content.get("answer") else { return assert_eq!(content["status"], 304) };
    let ours = match answer["schemas"][0].as_str().unwrap() {
        scim::urn::LIST_RESPONSE => listed(content, &search, &projection),
        scim::urn::ERROR => refused(content, answer),
        _ if content["method"] == "POST" => created(content, answer),
        _ => {
            let given = given(content).find(|one| one["id"] == answer["id"]).unwrap();
            Value::Object(projection.apply(given.clone(), type_of(given)))
        }
    };
    let mut ours = ours;
    for path in content["more"].as_array().unwrap() {
        remove(&mut ours, path.as_str().unwrap());
    }
    assert_eq!(&ours, answer, "{}", fixture.name);
}

fn given(content: &Value) -> impl Iterator<Item = &Resource> {
    content["given"].as_array().unwrap().iter().map(|one| one.as_object().unwrap())
}

fn type_of(resource: &Resource) -> &'static ResourceType {
    schema::resource_types().into_iter().find(|t| resource["schemas"][0] == t.schema.id).unwrap()
}

fn listed(content: &Value, search: &SearchRequest, projection: &Projection) -> Value {
    let found = given(content).filter(|one| {
        let matches = |text| filter::read(text, type_of(one)).unwrap().0.matches(one, type_of(one));
        search.filter.as_deref().is_none_or(matches)
    });
    let resources: Vec<Resource> = found.map(|one| projection.apply(one.clone(), type_of(one))).collect();
    let total_results = resources.len() as u64;
    ListResponse { total_results, start_index: Some(1), resources, ..ListResponse::default() }.into_body()
}

/// The example's own words in our form; where a message is refused, ours is refused with the same keyword.
fn refused(content: &Value, answer: &Value) -> Value {
    let mut keyword = None;
    if content["method"] == "PATCH" {
        let before = given(content).next().unwrap();
        let message = patch::parse(content["body"].clone()).unwrap();
        let error = patch::apply(before, &message, type_of(before)).unwrap_err();
        keyword = Some(error.scim_type);
    }
    assert_eq!(keyword.map(ScimType::as_str), answer["scimType"].as_str());
    let status = u16::try_from(content["status"].as_u64().unwrap()).unwrap();
    scim::error::body(status, keyword, answer["detail"].as_str().unwrap())
}

/// What a create leaves, with what a server adds.
fn created(content: &Value, answer: &Value) -> Value {
    let body = content["body"].as_object().unwrap();
    let checked = check::check(body.clone(), type_of(body), Purpose::Create).unwrap();
    let mut made = Value::Object(checked.resource);
    made["id"] = answer["id"].clone();
    made["meta"] = answer["meta"].clone();
    made
}

/// Take away what a path names, in every element of a list on the way.
fn remove(value: &mut Value, path: &str) {
    match (value, path.split_once('.')) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| remove(item, path)),
        (Value::Object(object), None) => drop(object.shift_remove(path)),
        (Value::Object(object), Some((name, rest))) => {
            if let Some(inner) = object.get_mut(name) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

fn definitions(content: &Value) {
    let schemas: Vec<Schema> = serde_json::from_value(content["schemas"].clone()).unwrap();
    let mut found = BTreeSet::new();
    let of_resources = schemas.iter().any(|theirs| theirs.id == scim::urn::USER);
    for theirs in &schemas {
        let bodies = match theirs.id.as_str() {
            scim::urn::SERVICE_PROVIDER_CONFIG => vec![discovery::service_provider_config(BASE)],
            scim::urn::RESOURCE_TYPE => discovery::resource_types(BASE),
            scim::urn::SCHEMA => discovery::schemas(BASE),
            _ => {
                let ours = own(&theirs.id);
                differences(&short(theirs), &theirs.attributes, &ours.attributes, &mut found);
                continue;
            }
        };
        let kind = theirs.id.rsplit(':').next().unwrap();
        for body in bodies {
            let mut members = body.as_object().unwrap().clone();
            // RFC 7643 §3.1: the common attributes are in no schema.
            ["schemas", "meta"].iter().for_each(|common| drop(members.shift_remove(*common)));
            if theirs.attribute("id").is_none() {
                members.shift_remove("id");
            }
            misfits(kind, &theirs.attributes, &members, &mut found);
        }
    }
    let table: &[(&str, &str)] = if of_resources { &SCHEMA_DEVIATIONS } else { &FORM_DEVIATIONS };
    let named: BTreeSet<String> = table.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, named, "what is found, and what the table names");
}

/// `EnterpriseUser` and `User` end alike, so the name decides.
fn short(schema: &Schema) -> String {
    schema.name.replace(' ', "")
}

fn own(id: &str) -> &'static Schema {
    let mut all =
        schema::resource_types().into_iter().flat_map(|t| std::iter::once(&t.schema).chain(&t.extensions));
    all.find(|schema| schema.id == id).unwrap_or_else(|| panic!("{id} is not one of our schemas"))
}

/// Every attribute and every characteristic that only one side has or that they have in different ways.
fn differences(at: &str, theirs: &[Attribute], ours: &[Attribute], found: &mut BTreeSet<String>) {
    let by_name = |all: &[Attribute]| -> BTreeMap<String, Attribute> {
        all.iter().map(|a| (a.name.clone(), a.clone())).collect()
    };
    let (theirs, ours) = (by_name(theirs), by_name(ours));
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for name in names {
        let path = format!("{at}.{name}");
        let (Some(theirs), Some(ours)) = (theirs.get(name), ours.get(name)) else {
            found.insert(path);
            continue;
        };
        let (left, right) = (characteristics(theirs), characteristics(ours));
        let differing = left.iter().filter(|(key, value)| right.get(*key) != Some(*value));
        found.extend(differing.map(|(key, _)| format!("{path} {key}")));
        differences(&path, &theirs.sub_attributes, &ours.sub_attributes, found);
    }
}

/// RFC 7643 §7, all of them but the description, which each server writes for its readers.
fn characteristics(attribute: &Attribute) -> BTreeMap<String, Value> {
    let mut alone = attribute.clone();
    alone.sub_attributes = Vec::new();
    let Value::Object(members) = serde_json::to_value(&alone).unwrap() else { unreachable!() };
    let mut all: BTreeMap<String, Value> = members.into_iter().collect();
    all.remove("description");
    // Left out when empty, which is a value too.
    for list in ["canonicalValues", "referenceTypes"] {
        all.entry(list.to_owned()).or_insert_with(|| Vec::<Value>::new().into());
    }
    all
}

/// Whatever a document lacks that its schema requires, has that no schema defines, or has in another form.
fn misfits(at: &str, attributes: &[Attribute], members: &Resource, found: &mut BTreeSet<String>) {
    for attribute in attributes.iter().filter(|a| a.required && !members.contains_key(&a.name)) {
        found.insert(format!("{at}.{} missing", attribute.name));
    }
    for (name, value) in members {
        let path = format!("{at}.{name}");
        let Some(attribute) = attributes.iter().find(|a| &a.name == name) else {
            found.insert(path);
            continue;
        };
        let elements = match value {
            Value::Array(elements) => elements.as_slice(),
            one => std::slice::from_ref(one),
        };
        if value.is_array() != attribute.multi_valued {
            found.insert(format!("{path} plural"));
        }
        for element in elements {
            if !is_of(attribute.kind, element) {
                found.insert(format!("{path} type"));
            }
            let canonical = &attribute.canonical_values;
            if !canonical.is_empty() && canonical.iter().all(|one| element != one) {
                found.insert(format!("{path} {}", element.as_str().unwrap_or_default()));
            }
            if let Value::Object(inner) = element {
                misfits(&path, &attribute.sub_attributes, inner, found);
            }
        }
    }
}

fn is_of(kind: AttributeType, value: &Value) -> bool {
    use AttributeType as T;
    match kind {
        T::Boolean => value.is_boolean(),
        T::Integer => value.is_i64() || value.is_u64(),
        T::Decimal => value.is_number(),
        T::Complex => value.is_object(),
        T::String | T::DateTime | T::Binary | T::Reference => value.is_string(),
    }
}

/// Our discovery has what the example has, as the same kind of value.
fn discovered(content: &Value) {
    let (kind, ours) = match content["discovery"].as_str().unwrap() {
        "/ServiceProviderConfig" => ("ServiceProviderConfig", discovery::service_provider_config(BASE)),
        "/ResourceTypes" => ("ResourceType", discovery::resource_types(BASE).into()),
        other => panic!("{other}"),
    };
    let mut found = BTreeSet::new();
    lacks(kind, &content["answer"], &ours, &mut found);
    let table = DISCOVERY_DEVIATIONS.iter().map(|(path, _)| (*path).to_owned());
    let named: BTreeSet<String> = table.filter(|path| path.starts_with(kind)).collect();
    assert_eq!(found, named, "what is found, and what the table names");
}

/// Members whose values are not the server's to choose.
const FIXED: [&str; 6] = ["schema", "endpoint", "id", "type", "resourceType", "required"];

fn lacks(at: &str, theirs: &Value, ours: &Value, found: &mut BTreeSet<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, value) in theirs {
                let path = format!("{at}.{name}");
                match ours.get(name) {
                    Some(own) if FIXED.contains(&name.as_str()) && own != value => drop(found.insert(path)),
                    Some(own) => lacks(&path, value, own, found),
                    None => drop(found.insert(path)),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            for element in theirs {
                let name = identity(element);
                match ours.iter().find(|own| identity(own) == name) {
                    Some(own) => lacks(at, element, own, found),
                    None => drop(found.insert(format!("{at} {name}"))),
                }
            }
        }
        _ => assert_eq!(json::kind(theirs), json::kind(ours), "{at}: {ours} instead of {theirs}"),
    }
}

/// What tells the elements of a list apart.
fn identity(element: &Value) -> &str {
    let named = ["id", "schema", "type"].iter().find_map(|member| element[member].as_str());
    named.or(element.as_str()).unwrap_or_default()
}

/// The negative control: a schema that says something else than the RFC's is told, characteristic by characteristic.
#[test]
fn a_changed_characteristic_is_a_difference() {
    let ours = schema::user().schema.attributes.clone();
    let mut theirs = ours.clone();
    let name = theirs.iter_mut().find(|a| a.name == "userName").unwrap();
    name.uniqueness = Uniqueness::None;
    name.case_exact = true;
    theirs.iter_mut().find(|a| a.name == "name").unwrap().sub_attributes.pop();
    theirs.retain(|a| a.name != "title");
    let mut found = BTreeSet::new();
    differences("User", &theirs, &ours, &mut found);
    let expected =
        ["User.name.honorificSuffix", "User.title", "User.userName caseExact", "User.userName uniqueness"];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let mut none = BTreeSet::new();
    differences("User", &ours, &ours, &mut none);
    assert!(none.is_empty(), "{none:?}");
}
