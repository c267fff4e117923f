//! The `schemas` attribute (RFC 7643 §3): what a client declares, and what is really there.

use serde_json::Value;

use super::value;
use crate::Resource;
use crate::error::{Error, Result};
use crate::quirk::{Quirk, Quirks};
use crate::schema::{ResourceType, Schema};
use crate::urn;

/// Draft-era URNs, with and without the resource type behind the version. `true`: the enterprise extension.
const DRAFTS: &[(&str, bool)] = &[
    ("urn:scim:schemas:core:1.0", false),
    ("urn:scim:schemas:core:2.0", false),
    ("urn:scim:schemas:core:2.0:user", false),
    ("urn:scim:schemas:core:2.0:group", false),
    ("urn:scim:schemas:extension:enterprise:1.0", true),
    ("urn:scim:schemas:extension:enterprise:2.0", true),
    ("urn:scim:schemas:extension:enterprise:2.0:user", true),
];

/// What a URN stands for in a resource type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'a> {
    Core,
    Extension(&'a Schema),
}

/// Whether `text` is a schema URN and nothing else.
pub(crate) fn is_urn(text: &str) -> bool {
    crate::schema::known_urn_prefix(text).is_some_and(|urn| urn.len() == text.len()) || draft(text).is_some()
}

/// The schema of `resource_type` that `urn` names. Notes [`Quirk::DraftUrn`].
pub(crate) fn known<'a>(
    urn: &str,
    resource_type: &'a ResourceType,
    quirks: &mut Quirks,
) -> Option<Known<'a>> {
    if urn.eq_ignore_ascii_case(&resource_type.schema.id) {
        return Some(Known::Core);
    }
    if let Some(extension) = resource_type.extension(urn) {
        return Some(Known::Extension(extension));
    }
    // OneLogin sends draft-era URNs in bodies that are SCIM 2.0 otherwise.
    let known = match draft(urn)? {
        false => Known::Core,
        true => Known::Extension(resource_type.extension(urn::ENTERPRISE_USER)?),
    };
    quirks.note(Quirk::DraftUrn);
    Some(known)
}

fn draft(urn: &str) -> Option<bool> {
    DRAFTS.iter().find(|(draft, _)| draft.eq_ignore_ascii_case(urn)).map(|&(_, enterprise)| enterprise)
}

/// Read what a client lists in `schemas`: the ids of the extensions it declares. Nothing of it is stored, since
/// `schemas` follows from the attributes that are there.
pub(crate) fn declared(
    sent: &Value,
    resource_type: &ResourceType,
    quirks: &mut Quirks,
) -> Result<Vec<String>> {
    let single;
    let uris = match sent {
        Value::Null => return Ok(Vec::new()),
        Value::Array(uris) => uris,
        other => {
            quirks.note(Quirk::SingleForMultiple);
            single = vec![other.clone()];
            &single
        }
    };
    let mut extensions = Vec::new();
    for uri in uris {
        let Value::String(uri) = uri else {
            return Err(Error::invalid_value(format!(
                "schemas: expected an array of schema URIs, found {} in it",
                value::found(uri)
            )));
        };
        match known(uri, resource_type, quirks) {
            Some(Known::Core) => {}
            Some(Known::Extension(schema)) => extensions.push(schema.id.clone()),
            // Entra lists urn::MICROSOFT_GROUP in group creates.
            None => quirks.note(Quirk::UnknownSchema),
        }
    }
    Ok(extensions)
}

/// Put `schemas` in front: the core schema, then the extensions that have a value, in the order of the resource type.
pub(crate) fn rebuild(resource: &mut Resource, resource_type: &ResourceType) {
    let mut uris = vec![Value::from(resource_type.schema.id.as_str())];
    for extension in &resource_type.extensions {
        if resource.contains_key(&extension.id) {
            uris.push(extension.id.as_str().into());
        }
    }
    resource.shift_remove("schemas");
    resource.shift_insert(0, "schemas".into(), Value::Array(uris));
}
