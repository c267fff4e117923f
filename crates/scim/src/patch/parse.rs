//! The PatchOp message (RFC 7644 §3.5.2), in whatever case its members are written.

use serde_json::{Map, Value};

use super::{Op, Operation, PatchRequest};
use crate::check::schemas;
use crate::check::value::{distinct_names, found};
use crate::error::{Error, Result};
use crate::limits;
use crate::path::{AttributePath, PatchPath, shown};
use crate::quirk::{Quirk, Quirks};
use crate::urn;

pub(super) fn request(body: Value) -> Result<PatchRequest> {
    let Value::Object(mut message) = body else {
        return Err(Error::invalid_syntax(format!(
            "expected a PatchOp message (an object), found {}",
            found(&body)
        )));
    };
    distinct_names(&message)?;
    let mut quirks = Quirks::default();
    if !says_patch_op(member(&mut message, "schemas", &mut quirks).as_ref()) {
        quirks.note(Quirk::MissingPatchSchema);
    }
    let sent = match member(&mut message, "Operations", &mut quirks) {
        Some(Value::Array(operations)) => operations,
        Some(Value::Object(one)) => {
            quirks.note(Quirk::SingleForMultiple);
            vec![Value::Object(one)]
        }
        Some(other) => {
            let found = found(&other);
            return Err(Error::invalid_syntax(format!("Operations: expected an array, found {found}")));
        }
        None => return Err(Error::invalid_syntax("a PATCH needs Operations, an array of operations")),
    };
    bounded(&sent)?;
    let mut operations = Vec::with_capacity(sent.len());
    for (index, value) in sent.into_iter().enumerate() {
        let place = format_args!("Operations[{index}]");
        operations.push(operation(value, &mut quirks).map_err(|e| e.at(place))?);
    }
    Ok(PatchRequest { operations, quirks })
}

/// Take a member of the message by its name; another case is noted.
fn member(object: &mut Map<String, Value>, name: &str, quirks: &mut Quirks) -> Option<Value> {
    if let Some(value) = object.remove(name) {
        return Some(value);
    }
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()?;
    quirks.note(Quirk::OperationsCase);
    object.remove(&key)
}

fn says_patch_op(sent: Option<&Value>) -> bool {
    let is_patch_op = |v: &Value| v.as_str().is_some_and(|uri| uri.eq_ignore_ascii_case(urn::PATCH_OP));
    match sent {
        Some(Value::Array(uris)) => uris.iter().any(is_patch_op),
        Some(other) => is_patch_op(other),
        None => false,
    }
}

fn bounded(operations: &[Value]) -> Result<()> {
    if operations.is_empty() {
        return Err(Error::invalid_syntax("Operations is empty; a PATCH carries one operation or more"));
    }
    if operations.len() > limits::PATCH_OPERATIONS {
        return Err(Error::invalid_value(format!(
            "{} operations; at most {} are accepted in one PATCH",
            operations.len(),
            limits::PATCH_OPERATIONS
        )));
    }
    let values: usize = operations
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|o| crate::check::value::by_name(o, "value"))
        .map(carried)
        .sum();
    if values > limits::PATCH_VALUES {
        return Err(Error::invalid_value(format!(
            "the operations carry {values} values; at most {} are accepted in one PATCH",
            limits::PATCH_VALUES
        )));
    }
    Ok(())
}

/// An array counts its elements, an object the values of its attributes.
fn carried(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(object) => object.values().map(|v| v.as_array().map_or(1, Vec::len)).sum(),
        _ => 1,
    }
}

fn operation(value: Value, quirks: &mut Quirks) -> Result<Operation> {
    let Value::Object(mut object) = value else {
        return Err(Error::invalid_syntax(format!("expected an object, found {}", found(&value))));
    };
    distinct_names(&object)?;
    let op = op(member(&mut object, "op", quirks), quirks)?;
    let path = match member(&mut object, "path", quirks) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(text)) => Some(path(&text, quirks)?),
        Some(other) => {
            return Err(Error::invalid_path(format!("path: expected a string, found {}", found(&other))));
        }
    };
    let value = member(&mut object, "value", quirks);
    // RFC 7644 §3.5.2.1: "The operation MUST contain a "value" member". null counts as one: Entra clears with it.
    if value.is_none() && op != Op::Remove {
        return Err(Error::invalid_value("add and replace need a value; null removes"));
    }
    Ok(Operation { op, path, value })
}

fn op(sent: Option<Value>, quirks: &mut Quirks) -> Result<Op> {
    let Some(Value::String(text)) = &sent else {
        return Err(Error::invalid_syntax("op is missing; expected \"add\", \"replace\" or \"remove\""));
    };
    let op = [("add", Op::Add), ("replace", Op::Replace), ("remove", Op::Remove)]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let Some((name, op)) = op else {
        return Err(Error::invalid_syntax(format!(
            "op: expected \"add\", \"replace\" or \"remove\", found \"{}\"",
            shown(text)
        )));
    };
    if name != text {
        quirks.note(Quirk::OpCase);
    }
    Ok(op)
}

fn path(text: &str, quirks: &mut Quirks) -> Result<PatchPath> {
    if schemas::is_urn(text) {
        return Ok(PatchPath { attribute: AttributePath::new(text), filter: None });
    }
    let (path, tolerated) = PatchPath::read(text)?;
    quirks.extend(&tolerated);
    Ok(path)
}
