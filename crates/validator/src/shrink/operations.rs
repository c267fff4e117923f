//! The parts of a PATCH that may be left out while what is expected at one path stays the same.
//!
//! A part is an operation, or one member of the value of an operation without a path. Which parts bear on the path is
//! told from the paths alone: no model of what PATCH does, so that a target is not judged by this program's own.

use scim::filter::{Filter, Literal, Operator};
use scim::path::PatchPath;
use serde_json::{Map, Value};

/// One operation, or one member of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which operation it is of.
    pub operation: usize,
    /// Where in that operation's value it stands: `["name", "familyName"]`. Empty: the whole operation.
    pub keys: Vec<String>,
    pub value: Value,
}

/// All parts, in the order of the request.
pub fn parts(operations: &[Value]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (operation, value) in operations.iter().enumerate() {
        match value.get("value") {
            Some(Value::Object(members)) if value.get("path").is_none() && !members.is_empty() => {
                members_of(operation, &[], members, &mut parts);
            }
            _ => parts.push(Part { operation, keys: Vec::new(), value: value.clone() }),
        }
    }
    parts
}

fn members_of(operation: usize, above: &[String], members: &Map<String, Value>, parts: &mut Vec<Part>) {
    for (name, value) in members {
        let keys: Vec<String> = above.iter().chain([name]).cloned().collect();
        match value {
            Value::Object(inner) if !inner.is_empty() => members_of(operation, &keys, inner, parts),
            _ => parts.push(Part { operation, keys, value: value.clone() }),
        }
    }
}

/// The operations with only these parts.
pub fn operations(whole: &[Value], kept: &[Part]) -> Vec<Value> {
    let mut left = Vec::new();
    for (at, operation) in whole.iter().enumerate() {
        let mut of = kept.iter().filter(|part| part.operation == at).peekable();
        let Some(first) = of.peek() else { continue };
        if first.keys.is_empty() {
            left.push(operation.clone());
            continue;
        }
        let mut value = Value::Object(Map::new());
        of.for_each(|part| put(&mut value, &part.keys, part.value.clone()));
        let mut operation = operation.clone();
        operation["value"] = value;
        left.push(operation);
    }
    left
}

fn put(into: &mut Value, keys: &[String], value: Value) {
    let Value::Object(members) = into else { return };
    match keys {
        [] => {}
        [last] => drop(members.insert(last.clone(), value)),
        [first, rest @ ..] => {
            put(members.entry(first.clone()).or_insert_with(|| Value::Object(Map::new())), rest, value);
        }
    }
}

/// The parts that must stay so that `expected` (`null`: nothing) is still what `path` comes to, and those that may go.
pub fn split(operations: &[Value], path: &str, expected: &Value) -> (Vec<Part>, Vec<Part>) {
    let all = parts(operations);
    // It says by itself what the path comes to, whatever went before.
    let decisive = all.iter().rposition(|part| decides(operations, part, path, expected)).unwrap_or(0);
    let mut split = (Vec::new(), Vec::new());
    for (at, part) in all.into_iter().enumerate() {
        let stays = at >= decisive && bears_on(operations, &part, path);
        if stays { split.0.push(part) } else { split.1.push(part) }
    }
    split
}

/// The path that a part writes to: of its operation, or made of its keys.
fn target(operations: &[Value], part: &Part) -> String {
    let path = operations.get(part.operation).and_then(|o| o.get("path")).and_then(Value::as_str);
    match (path, part.keys.as_slice()) {
        (Some(path), _) => path.to_owned(),
        (None, [urn, rest @ ..]) if urn.starts_with("urn:") && !rest.is_empty() => {
            format!("{urn}:{}", rest.join("."))
        }
        (None, keys) => keys.join("."),
    }
}

/// Writes to the same value, as far as the paths tell; what they do not tell bears on everything.
fn bears_on(operations: &[Value], part: &Part, path: &str) -> bool {
    let (Ok(one), Ok(other)) = (PatchPath::parse(&target(operations, part)), PatchPath::parse(path)) else {
        return true;
    };
    if !one.attribute.name.eq_ignore_ascii_case(&other.attribute.name) || extension(&one) != extension(&other)
    {
        return false;
    }
    match (&one.attribute.sub, &other.attribute.sub) {
        (Some(a), Some(b)) if chooses(a) || chooses(b) => true,
        (Some(a), Some(b)) if !a.eq_ignore_ascii_case(b) => false,
        (Some(_), Some(_)) => match (element(&one), element(&other)) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => true,
        },
        _ => true,
    }
}

fn extension(path: &PatchPath) -> Option<String> {
    path.attribute.schema.as_deref().map(str::to_ascii_lowercase).filter(|urn| !urn.contains(":core:2.0:"))
}

/// Filters choose elements by it: a change of one element changes which is meant.
fn chooses(sub: &str) -> bool {
    ["type", "primary"].iter().any(|name| sub.eq_ignore_ascii_case(name))
}

/// `work` of `emails[type eq "work"]`
fn element(path: &PatchPath) -> Option<&str> {
    match &path.filter {
        Some(Filter::Compare(by, Operator::Eq, Literal::String(text)))
            if by.name.eq_ignore_ascii_case("type") =>
        {
            Some(text)
        }
        _ => None,
    }
}

/// It sets, or removes, exactly what is at the path.
fn decides(operations: &[Value], part: &Part, path: &str, expected: &Value) -> bool {
    let op =
        operations.get(part.operation).and_then(|o| o.get("op")).and_then(Value::as_str).unwrap_or_default();
    if !same_path(&target(operations, part), path) {
        return false;
    }
    if op.eq_ignore_ascii_case("remove") {
        return expected.is_null();
    }
    let value = if part.keys.is_empty() { part.value.get("value") } else { Some(&part.value) };
    // An array may be added to what is there.
    value.is_some_and(|value| value == expected && !value.is_array() && !value.is_object())
}

fn same_path(one: &str, other: &str) -> bool {
    let core = |path: &str| {
        let path = path.to_ascii_lowercase();
        ["user:", "group:"]
            .iter()
            .find_map(|kind| path.strip_prefix(&format!("urn:ietf:params:scim:schemas:core:2.0:{kind}")))
            .map_or(path.clone(), str::to_owned)
    };
    core(one) == core(other)
}
