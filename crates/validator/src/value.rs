//! Looking into resources as a client does, whatever schema they have: by path, without case in names.

use scim::compare;
use scim::filter::{Filter, Literal, Operator};
use scim::path::PatchPath;
use serde_json::{Map, Value};

use crate::verdict::{Outcome, deviates};

/// A member of an object by name, without case (RFC 7643 §2.1).
pub fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let object = object.as_object()?;
    object.get(name).or_else(|| object.iter().find_map(|(k, v)| k.eq_ignore_ascii_case(name).then_some(v)))
}

/// The first value at a path: `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department`.
pub fn at<'a>(resource: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(whole) = member(resource, path) {
        return Some(whole);
    }
    let path = PatchPath::parse(path).ok()?;
    let holder = match &path.attribute.schema {
        Some(urn) if !urn.to_ascii_lowercase().contains(":core:2.0:") => member(resource, urn)?,
        _ => resource,
    };
    let mut value = member(holder, &path.attribute.name)?;
    if let Some(filter) = &path.filter {
        value = value.as_array()?.iter().find(|element| selects(filter, element))?;
    }
    match &path.attribute.sub {
        None => Some(value),
        Some(sub) => match value {
            Value::Array(elements) => elements.iter().find_map(|e| member(e, sub)),
            one => member(one, sub),
        },
    }
}

fn selects(filter: &Filter, element: &Value) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|p| selects(p, element)),
        Filter::Or(parts) => parts.iter().any(|p| selects(p, element)),
        Filter::Not(inner) => !selects(inner, element),
        Filter::Present(path) => member(element, &path.name).is_some_and(|v| !is_unassigned(v)),
        Filter::Compare(path, Operator::Eq, literal) => {
            let value = member(element, &path.name);
            match literal {
                Literal::String(text) => value.is_some_and(|v| match v {
                    Value::Bool(b) => text.eq_ignore_ascii_case(&b.to_string()),
                    other => other.as_str().is_some_and(|s| compare::fold(s) == compare::fold(text)),
                }),
                Literal::Boolean(wanted) => value.and_then(compare::boolean) == Some(*wanted),
                Literal::Number(n) => value.and_then(Value::as_f64) == n.as_f64(),
                Literal::Null => value.is_none_or(is_unassigned),
            }
        }
        _ => false,
    }
}

/// RFC 7643 §2.5: null and the empty array are "unassigned"; an empty string or object shows nothing either.
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() || members.values().all(is_unassigned),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// The members of an object without an extension's URN that are unassigned at this path.
pub fn is_absent(resource: &Value, path: &str) -> bool {
    at(resource, path).is_none_or(is_unassigned)
}

/// Whether `got` holds everything `sent` says; it may hold more. Arrays in any order, dates as instants.
pub fn holds(got: &Value, sent: &Value) -> bool {
    match (got, sent) {
        (Value::Object(_), Value::Object(sent)) => sent
            .iter()
            .all(|(name, value)| is_unassigned(value) || member(got, name).is_some_and(|g| holds(g, value))),
        (Value::Array(got), Value::Array(sent)) => sent.iter().all(|s| got.iter().any(|g| holds(g, s))),
        (Value::String(a), Value::String(b)) => {
            a == b || matches!((compare::date(a), compare::date(b)), (Some(a), Some(b)) if a == b)
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (got, sent) => got == sent,
    }
}

/// Both ways: nothing more and nothing less.
pub fn same(a: &Value, b: &Value) -> bool {
    holds(a, b) && holds(b, a)
}

/// The value at the path is this one.
pub fn has(resource: &Value, path: &str, expected: &Value) -> Outcome {
    match at(resource, path) {
        Some(got) if holds(got, expected) => Ok(()),
        Some(got) => Err(deviates(format!("{path} to be {}", shown(expected)), shown(got))),
        None => Err(deviates(format!("{path} to be {}", shown(expected)), format!("no {path}"))),
    }
}

/// Nothing is at the path.
pub fn lacks(resource: &Value, path: &str) -> Outcome {
    match at(resource, path) {
        Some(got) if !is_unassigned(got) => {
            Err(deviates(format!("no {path}"), format!("{path} {}", shown(got))))
        }
        _ => Ok(()),
    }
}

/// Every member of `sent` is in `got` with the same value; `schemas` and what is named in `except` apart.
pub fn echoes(got: &Value, sent: &Map<String, Value>, except: &[&str]) -> Outcome {
    for (name, value) in sent {
        if name == "schemas" || except.contains(&name.as_str()) || is_unassigned(value) {
            continue;
        }
        let Some(found) = member(got, name) else {
            return Err(deviates(format!("{name} to be {}", shown(value)), format!("no {name}")));
        };
        if !holds(found, value) {
            return Err(deviates(format!("{name} to be {}", shown(value)), shown(found)));
        }
    }
    Ok(())
}

/// A value in at most 300 characters.
pub fn shown(value: &Value) -> String {
    cut(&value.to_string(), 300)
}

pub fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
