//! Keep secrets out of the request log.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::attribute::{Attribute, Mutability, Returned};
use crate::schema;

/// Shown in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// How a name that carries a secret ends, in lower case and without `_` and `-`: `clientSecret`, `access_token` too.
const SECRET_ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "authorization",
    "apikey",
    "privatekey",
    "credential",
    "credentials",
];

/// Attributes that a schema says are never shown.
static SECRET_ATTRIBUTES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    fn collect(attributes: &[Attribute], names: &mut HashSet<String>) {
        for attribute in attributes {
            if attribute.mutability == Mutability::WriteOnly || attribute.returned == Returned::Never {
                names.insert(plain(&attribute.name));
            }
            collect(&attribute.sub_attributes, names);
        }
    }
    let mut names = HashSet::new();
    for resource_type in schema::resource_types() {
        collect(&resource_type.common, &mut names);
        collect(&resource_type.schema.attributes, &mut names);
        resource_type.extensions.iter().for_each(|e| collect(&e.attributes, &mut names));
    }
    names
});

/// A copy of a request or response body in which the value of every attribute that a schema defines as
/// `writeOnly` or `returned: never`, and of every name that is known to carry a secret (`password`, `secret`, `token`,
/// `authorization`, `apiKey` … at any depth, also as the last step of a PATCH path), is replaced by [`REDACTED`].
pub fn body(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(members(object)),
        Value::Array(items) => items.into_iter().map(body).collect(),
        Value::String(text) => Value::String(document(text)),
        other => other,
    }
}

fn members(object: Map<String, Value>) -> Map<String, Value> {
    let path =
        object.iter().find(|(name, _)| name.eq_ignore_ascii_case("path")).and_then(|(_, v)| v.as_str());
    let secret_target = path.is_some_and(names_secret);
    object
        .into_iter()
        .map(|(name, value)| {
            let secret = names_secret(&name) || (secret_target && name.eq_ignore_ascii_case("value"));
            let value = if secret && !value.is_null() { REDACTED.into() } else { body(value) };
            (name, value)
        })
        .collect()
}

/// Entra sends JSON documents inside strings (roles).
fn document(text: String) -> String {
    if !text.trim_start().starts_with(['{', '[']) {
        return text;
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => {
            let shown = body(value.clone());
            if shown == value { text } else { shown.to_string() }
        }
        Err(_) => text,
    }
}

/// Whether a step of a name or path (`urn:…:User:password`, `password.value`) names a secret.
fn names_secret(path: &str) -> bool {
    outside_brackets(path).split(['.', ':']).any(|step| {
        let step = plain(step);
        SECRET_ENDINGS.iter().any(|ending| step.ends_with(ending)) || SECRET_ATTRIBUTES.contains(&step)
    })
}

fn outside_brackets(path: &str) -> String {
    let mut depth = 0usize;
    path.chars()
        .filter(|&c| {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}
