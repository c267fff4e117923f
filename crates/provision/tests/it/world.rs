//! A user, a group and a job's rules that tests start from.

use jiff::Timestamp;
use provision::alias::ObjectKind;
use provision::mapping::{Inputs, Mapper, ObjectMapping, Purpose, TargetObject, defaults};
use provision::scope::{CompiledFilters, Entitlement, Scope};
use provision::source::SourceObject;
use provision::target_schema::TargetSchema;
use serde_json::{Value as Json, json};

pub(crate) fn resource(json: Json) -> scim::Resource {
    json.as_object().unwrap().clone()
}

pub(crate) fn nadia() -> SourceObject {
    SourceObject::new(
        ObjectKind::User,
        "s-1",
        resource(json!({
            "userName": "nadia.okafor@fabrikam.example",
            "displayName": "Nadia Okafor",
            "title": "Site Engineer",
            "active": true,
            "name": { "givenName": "Nadia", "familyName": "Okafor" },
            "preferredLanguage": "en-IE",
            "emails": [
                { "type": "home", "value": "n@home.example" },
                { "type": "work", "value": "nadia.okafor@fabrikam.example", "primary": true }
            ],
            "phoneNumbers": [{ "type": "mobile", "value": "+353 85 555 0102" }],
            "addresses": [{ "type": "work", "locality": "Cork", "country": "IE" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "employeeNumber": "40771", "department": "Works", "manager": { "value": "s-2" }
            },
            "urn:muster:schemas:extension:directory:2.0:User": {
                "mailNickname": "nokafor", "extensionAttribute1": "7", "proxyAddresses": "SMTP:a@x; smtp:b@x;"
            }
        })),
    )
}

pub(crate) fn cork() -> SourceObject {
    SourceObject::new(ObjectKind::Group, "sg-1", resource(json!({ "displayName": "Cork staff" })))
}

pub(crate) fn users() -> ObjectMapping {
    defaults::users("r-1")
}

pub(crate) fn mapper() -> Mapper {
    Mapper::new(&users(), &TargetSchema::users()).unwrap()
}

pub(crate) fn group_mapper() -> Mapper {
    Mapper::new(&defaults::groups("r-2"), &TargetSchema::groups()).unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

/// Everybody's manager is linked as `t-…` of the source id.
pub(crate) fn target(mapper: &Mapper, source: &SourceObject, purpose: Purpose) -> TargetObject {
    mapper.target(source, purpose, &inputs())
}

pub(crate) fn inputs() -> Inputs<'static> {
    Inputs {
        now: now(),
        seed: 1,
        default_domain: None,
        taken: &|_, _| false,
        link: &|id| (id != "nobody").then(|| format!("t-{id}")),
    }
}

pub(crate) fn in_scope(source: &SourceObject) -> Scope {
    Scope::evaluate(source, Entitlement::Direct, &CompiledFilters::default())
}

pub(crate) fn unassigned(source: &SourceObject) -> Scope {
    Scope::evaluate(source, Entitlement::NotAssigned, &CompiledFilters::default())
}
