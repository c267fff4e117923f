//! What a target says its users and groups have: its `/Schemas` (RFC 7643 §7), as the attributes that mappings write to.

use scim::Resource;
use scim_client::{Client, Failure, FailureKind, RetryPolicy};
use serde_json::Value as Json;
use store::TenantId;

use crate::alias::ObjectKind;
use crate::control::refuse_unconnected;
use crate::error::{Error, Result};
use crate::graph_schema::Rules;
use crate::limits;
use crate::provisioning::Provisioning;
use crate::target_path::TargetPath;
use crate::target_schema::{TargetAttribute, TargetMutability, TargetSchema, TargetType};

impl Provisioning {
    /// Asks the target of the job, with the credentials that are stored. Nothing is changed by it on either side. What the
    /// target does not describe is not in the answer.
    ///
    /// # Errors
    /// [`Error::Target`] when it describes nothing, with the cause; [`Error::Conflict`] without a connection;
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn discover(&self, tenant: &TenantId, application: &str) -> Result<Vec<TargetSchema>> {
        let job = self.job(tenant, application).await?;
        refuse_unconnected(&job)?;
        let Some(connection) = &job.config.connection else { return Ok(Vec::new()) };
        let secret = self.stored_secret(tenant, application, connection).await?;
        // Whoever asked waits for the answer: nothing is tried twice.
        let client = self.client_with(connection, secret.as_ref(), RetryPolicy::NEVER)?;
        let types = resource_types(&client).await?;
        let schemas = client.schemas().await?.value;
        let found = targets(&types, &schemas, &job.rules);
        if found.is_empty() {
            let why = "/Schemas describes neither users nor groups".to_owned();
            return Err(Failure::new(FailureKind::Malformed(why)).into());
        }
        Ok(found)
    }
}

/// None where the target has no list of them: what belongs together is then seen by the names of the schemas.
async fn resource_types(client: &Client) -> Result<Vec<Resource>> {
    match client.resource_types().await {
        Ok(answer) => Ok(answer.value),
        Err(failure) => match failure.kind {
            FailureKind::NotFound | FailureKind::Unsupported | FailureKind::Malformed(_) => Ok(Vec::new()),
            _ => Err(Error::from(failure)),
        },
    }
}

/// Pure: from what was answered to what mappings know; `rules` say what the job calls its objects.
pub fn targets(types: &[Resource], schemas: &[Resource], rules: &Rules) -> Vec<TargetSchema> {
    let one = |kind: ObjectKind| {
        let (core, extensions) = belonging(kind, types, schemas);
        let core = schemas.iter().find(|schema| is_named(schema, &core))?;
        let usual = TargetSchema::of(kind);
        // RFC 7643 §3.1: schemas do not repeat what every resource has.
        let mut found: Vec<TargetAttribute> =
            ["id", "externalId"].iter().filter_map(|name| usual.find(name).cloned()).collect();
        read(core, "", &usual, &mut found);
        for extension in extensions {
            if let Some(schema) = schemas.iter().find(|schema| is_named(schema, &extension)) {
                read(schema, &format!("{extension}:"), &usual, &mut found);
            }
        }
        let object_name = rules.target(kind).map_or(usual.object_name, |target| target.object_name.clone());
        let mut target = TargetSchema { kind, object_name, attributes: Vec::new() };
        for attribute in found.into_iter().take(limits::TARGET_ATTRIBUTES) {
            // A name that no mapping could write to is left out, and the first of two that are the same stays.
            if target.find(&attribute.name).is_none() && TargetPath::parse(&attribute.name).is_ok() {
                target.attributes.push(attribute);
            }
        }
        Some(target)
    };
    [ObjectKind::User, ObjectKind::Group].into_iter().filter_map(one).collect()
}

fn is_named(schema: &Resource, id: &str) -> bool {
    text(schema.get("id")).eq_ignore_ascii_case(id)
}

fn text(value: Option<&Json>) -> &str {
    value.and_then(Json::as_str).unwrap_or_default()
}

fn list(value: Option<&Json>) -> impl Iterator<Item = &Json> {
    value.and_then(Json::as_array).into_iter().flatten()
}

/// The core schema of a kind, and its extensions.
fn belonging(kind: ObjectKind, types: &[Resource], schemas: &[Resource]) -> (String, Vec<String>) {
    let known = types.iter().find(|t| {
        let endpoint = text(t.get("endpoint")).trim_matches('/');
        text(t.get("name")).eq_ignore_ascii_case(kind.as_str())
            || endpoint.strip_suffix('s').is_some_and(|name| name.eq_ignore_ascii_case(kind.as_str()))
    });
    if let Some(known) = known {
        let extension = |extension: &Json| text(extension.get("schema")).to_owned();
        return (
            text(known.get("schema")).to_owned(),
            list(known.get("schemaExtensions")).map(extension).collect(),
        );
    }
    let core = match kind {
        ObjectKind::User => scim::urn::USER,
        ObjectKind::Group => scim::urn::GROUP,
    };
    let ids = schemas.iter().map(|schema| text(schema.get("id")));
    let of_this_kind = |id: &&str| {
        !id.eq_ignore_ascii_case(core)
            && id.rsplit_once(':').is_some_and(|(_, last)| last.eq_ignore_ascii_case(kind.as_str()))
    };
    (core.to_owned(), ids.filter(of_this_kind).map(str::to_owned).collect())
}

/// The attributes of one schema; `prefix` is the extension's name with a colon.
fn read(schema: &Resource, prefix: &str, usual: &TargetSchema, found: &mut Vec<TargetAttribute>) {
    for attribute in list(schema.get("attributes")) {
        let name = format!("{prefix}{}", text(attribute.get("name")));
        let several = attribute.get("multiValued").and_then(Json::as_bool).unwrap_or(false);
        let subs: Vec<&Json> = list(attribute.get("subAttributes")).collect();
        let referenced = subs.iter().find(|sub| text(sub.get("name")) == "$ref").map(|sub| kinds(sub));
        if let Some(referenced) = referenced.filter(|kinds| !kinds.is_empty()) {
            let kind = TargetType::Reference;
            found.push(TargetAttribute { kind, referenced, ..made(name, attribute, several) });
        } else if subs.is_empty() {
            found.push(made(name, attribute, several));
        } else if several {
            several_values(&name, attribute, &subs, usual, found);
        } else {
            for sub in subs {
                let name = format!("{name}.{}", text(sub.get("name")));
                found.push(inherited(made(name, sub, false), attribute));
            }
        }
    }
}

/// `emails[type eq "work"].value`, for each type there is; or all values in one, where there are no types.
fn several_values(
    name: &str,
    attribute: &Json,
    subs: &[&Json],
    usual: &TargetSchema,
    found: &mut Vec<TargetAttribute>,
) {
    let typed = subs.iter().find(|sub| text(sub.get("name")) == "type");
    let mut types: Vec<&str> =
        list(typed.and_then(|sub| sub.get("canonicalValues"))).filter_map(Json::as_str).collect();
    if types.is_empty() && typed.is_some() {
        // RFC 7643 §8.7.1 leaves them to the server; then those that are usual.
        let start = format!("{name}[type eq \"");
        for usual in usual.attributes.iter().filter_map(|a| a.name.strip_prefix(&start)?.split('"').next()) {
            if !types.contains(&usual) {
                types.push(usual);
            }
        }
    }
    if types.is_empty() || types.iter().any(|one| one.contains(['"', '\\'])) {
        found.push(TargetAttribute { kind: TargetType::String, ..made(name.to_owned(), attribute, true) });
        return;
    }
    for one in types {
        let of_value = |sub: &&&Json| !["type", "display", "$ref"].contains(&text(sub.get("name")));
        for sub in subs.iter().filter(of_value) {
            let name = format!("{name}[type eq \"{one}\"].{}", text(sub.get("name")));
            found.push(inherited(made(name, sub, false), attribute));
        }
    }
}

/// Of what cannot be written no part can.
fn inherited(attribute: TargetAttribute, of: &Json) -> TargetAttribute {
    match mutability(of) {
        TargetMutability::ReadWrite => TargetAttribute { required: false, ..attribute },
        other => TargetAttribute { required: false, mutability: other, ..attribute },
    }
}

fn made(name: String, attribute: &Json, multi_valued: bool) -> TargetAttribute {
    let flag = |name: &str| attribute.get(name).and_then(Json::as_bool).unwrap_or(false);
    let referenced = kinds(attribute);
    let kind = match text(attribute.get("type")).to_ascii_lowercase().as_str() {
        "boolean" => TargetType::Boolean,
        "integer" => TargetType::Integer,
        "datetime" => TargetType::DateTime,
        "binary" => TargetType::Binary,
        "reference" if !referenced.is_empty() => TargetType::Reference,
        // RFC 7643 §2.3.7: other references are addresses.
        _ => TargetType::String,
    };
    TargetAttribute {
        multi_valued,
        required: flag("required"),
        case_exact: flag("caseExact"),
        mutability: mutability(attribute),
        referenced,
        ..TargetAttribute::new(name, kind)
    }
}

fn mutability(attribute: &Json) -> TargetMutability {
    match text(attribute.get("mutability")).to_ascii_lowercase().as_str() {
        "readonly" => TargetMutability::ReadOnly,
        "immutable" => TargetMutability::Immutable,
        "writeonly" => TargetMutability::WriteOnly,
        _ => TargetMutability::ReadWrite,
    }
}

/// Users and groups among the `referenceTypes`.
fn kinds(attribute: &Json) -> Vec<String> {
    let types = list(attribute.get("referenceTypes")).filter_map(Json::as_str);
    types.filter(|name| ["User", "Group"].contains(name)).map(str::to_owned).collect()
}
