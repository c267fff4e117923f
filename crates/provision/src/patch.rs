//! What is sent: bodies of POST, PATCH and PUT, in the dialects of Entra's generations of jobs and in plain RFC.

mod members;
mod render;

use scim::Resource;
use scim::urn;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::alias::ObjectKind;
use crate::mapping::{Flow, Mapper, Rule, TargetObject};
use crate::plan::Change;
use crate::target_schema::TargetType;

pub use members::{MemberChanges, member_patches};
pub use render::update_body;

/// How requests are worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dialect {
    /// What Entra sends without a feature flag: `Replace`, booleans as text.
    #[default]
    Legacy,
    /// With `?aadOptscim062020` in the Tenant URL.
    AadOptscim062020,
    /// RFC 7644 to the letter.
    Rfc,
}

impl Dialect {
    /// The dialect that a Tenant URL asks for, as Entra reads it.
    pub fn of_tenant_url(url: &str) -> Self {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let flag = query.split(['&', '?']).any(|p| p.split('=').next() == Some("aadOptscim062020"));
        if flag { Self::AadOptscim062020 } else { Self::Legacy }
    }

    fn is_entra(self) -> bool {
        self != Self::Rfc
    }
}

/// What Entra gives the roles it sends.
const ROLE_TYPE: &str = "WindowsAzureActiveDirectoryRole";

/// The body of a POST: every attribute that has a value.
pub fn create_body(mapper: &Mapper, wanted: &TargetObject, dialect: Dialect) -> Resource {
    let mut body = Resource::new();
    body.insert("schemas".into(), Json::Array(Vec::new()));
    for value in &wanted.values {
        let (Some(rule), Flow::Set(json)) = (mapper.find(&value.target), &value.flow) else { continue };
        rule.path.write(&mut body, shaped(rule, json, dialect));
    }
    if dialect.is_entra() {
        complete_elements(&mut body);
        body.insert("meta".into(), json!({ "resourceType": mapper.kind.as_str() }));
    }
    let schemas = schemas(mapper.kind, &body, dialect);
    body.insert("schemas".into(), schemas);
    body
}

/// Entra names core and enterprise schema always, and custom extensions never; RFC 7643 §3: those in use.
fn schemas(kind: ObjectKind, body: &Resource, dialect: Dialect) -> Json {
    let core = match kind {
        ObjectKind::User => urn::USER,
        ObjectKind::Group => urn::GROUP,
    };
    match (kind, dialect.is_entra()) {
        (ObjectKind::User, true) => json!([core, urn::ENTERPRISE_USER]),
        (ObjectKind::Group, true) => json!([core, urn::MICROSOFT_GROUP]),
        (_, false) => {
            let used = body.keys().filter(|key| key.contains(':')).map(String::as_str);
            std::iter::once(core).chain(used).collect()
        }
    }
}

/// Work addresses are the primary ones, and roles have Entra's type.
fn complete_elements(body: &mut Resource) {
    for name in ["emails", "addresses", "phoneNumbers", "roles"] {
        for element in body.get_mut(name).and_then(Json::as_array_mut).into_iter().flatten() {
            let Some(object) = element.as_object_mut() else { continue };
            if name == "roles" {
                if object.contains_key("value") {
                    object.entry("type").or_insert_with(|| ROLE_TYPE.into());
                }
            } else if object.get("type").is_some_and(|kind| kind == "work") {
                object.entry("primary").or_insert(Json::Bool(true));
            }
        }
    }
}

/// A reference is the id alone from Entra, an object with `value` by RFC 7643 §4.3.
fn shaped(rule: &Rule, json: &Json, dialect: Dialect) -> Json {
    let whole = rule.attribute.kind == TargetType::Reference && rule.path.sub.is_none();
    if whole && !dialect.is_entra() && !rule.attribute.multi_valued {
        return json!({ "value": json });
    }
    json.clone()
}

/// The body of a PUT, for targets without PATCH: what is there with the changes made, so that unmapped attributes stay.
pub fn replace_body(mapper: &Mapper, changes: &[Change], current: &Resource) -> Resource {
    let mut body = current.clone();
    for read_only in ["meta", "groups"] {
        body.retain(|key, _| !key.eq_ignore_ascii_case(read_only));
    }
    for change in changes {
        let Some(rule) = mapper.find(&change.target) else { continue };
        match &change.after {
            None => rule.path.remove(&mut body),
            Some(Json::Array(new)) if change.additive => {
                let mut all = rule.path.read(&body).and_then(|v| v.as_array().cloned()).unwrap_or_default();
                all.extend(new.iter().cloned());
                rule.path.write(&mut body, Json::Array(all));
            }
            Some(after) => rule.path.write(&mut body, shaped(rule, after, Dialect::Rfc)),
        }
    }
    // RFC 7643 §3: an extension that is used is named.
    let used: Vec<String> = body.keys().filter(|key| key.contains(':')).cloned().collect();
    if let Some(schemas) = body.get_mut("schemas").and_then(Json::as_array_mut) {
        for urn in used {
            let known = |s: &Json| s.as_str().is_some_and(|s| s.eq_ignore_ascii_case(&urn));
            if !schemas.iter().any(known) {
                schemas.push(urn.into());
            }
        }
    }
    body
}

fn message(operations: Vec<Json>) -> Json {
    let mut body = Map::new();
    body.insert("schemas".into(), json!([urn::PATCH_OP]));
    body.insert("Operations".into(), Json::Array(operations));
    Json::Object(body)
}
