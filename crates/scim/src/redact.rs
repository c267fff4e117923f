//! Keep secrets out of the request log.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::attribute::{Attribute, Mutability, Returned};
use crate::{schema, text};

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

/// [`body`] of a JSON text that was printed without white space. Nearly every text holds no secret and stays as it is, which
/// takes one look at its names.
pub fn text(text: &str) -> Cow<'_, str> {
    if text::names(text, is_harmless).is_some() {
        return Cow::Borrowed(text);
    }
    match serde_json::from_str(text) {
        Ok(value) => Cow::Owned(body(value).to_string()),
        Err(_) => Cow::Owned(Value::from(REDACTED).to_string()),
    }
}

/// Whether a member of an object, or a text that is no member, is shown as it is.
fn is_harmless(name: Option<&str>, value: &str) -> bool {
    let text = value.strip_prefix('"');
    if let Some(name) = name {
        if !HARMLESS.contains(name) && names_secret(name) {
            return false;
        }
        let target = text.and_then(|text| text.strip_suffix('"'));
        if name.eq_ignore_ascii_case("path")
            && target.is_some_and(|target| target.contains('\\') || names_secret(target))
        {
            return false;
        }
    }
    // Anything but a plain first character could begin a document in a string.
    text.is_none_or(|text| text.starts_with(|c: char| c.is_alphanumeric() || "\"+/_-.:@(<#*".contains(c)))
}

/// Names that schemas and messages use, none of which carries a secret.
static HARMLESS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    fn collect(attributes: &'static [Attribute], names: &mut HashSet<&'static str>) {
        for attribute in attributes {
            names.insert(&attribute.name);
            collect(&attribute.sub_attributes, names);
        }
    }
    let mut names: HashSet<&'static str> = HashSet::new();
    for resource_type in schema::resource_types() {
        collect(&resource_type.common, &mut names);
        collect(&resource_type.schema.attributes, &mut names);
        names.extend(resource_type.urns());
        resource_type.extensions.iter().for_each(|e| collect(&e.attributes, &mut names));
    }
    names.extend(["totalResults", "itemsPerPage", "startIndex", "Resources", "Operations", "op"]);
    names.retain(|name| !names_secret(name));
    names
});

fn members(object: Map<String, Value>) -> Map<String, Value> {
    let path =
        object.iter().find(|(name, _)| name.eq_ignore_ascii_case("path")).and_then(|(_, v)| v.as_str());
    let secret_target = path.is_some_and(names_secret);
    object
        .into_iter()
        .map(|(name, value)| {
            let named_so = !HARMLESS.contains(name.as_str()) && names_secret(&name);
            let secret = named_so || (secret_target && name.eq_ignore_ascii_case("value"));
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
