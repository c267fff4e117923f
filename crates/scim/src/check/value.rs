//! One value as a client sent it, read as its attribute's definition wants it.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use crate::attribute::{Attribute, AttributeType, Mutability, Uniqueness};
use crate::compare;
use crate::error::{Error, Result};
use crate::invisible::{is_bidi_control, is_bidi_override, is_unseen};
use crate::limits;
use crate::path::shown;
use crate::quirk::{Quirk, Quirks};

/// The sub-attributes of a complex value as sent; `None` unassigns one (RFC 7643 §2.5).
pub(crate) type Fields<'a> = Vec<(&'a Attribute, Option<Value>)>;

/// What was found, for an error message.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => format!("{value}"),
        Value::String(text) => format!("the string \"{}\"", shown(text)),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".into(),
    }
}

fn expected(place: &str, what: &str, value: &Value) -> Error {
    Error::invalid_value(format!("{place}: expected {what}, found {}", found(value)))
}

/// A single-valued complex attribute that points at a resource: `manager`.
pub(crate) fn is_reference(attribute: &Attribute) -> bool {
    attribute.is_complex() && !attribute.multi_valued && attribute.sub("value").is_some()
}

/// A value that other systems find the resource by.
fn is_key(attribute: &Attribute) -> bool {
    attribute.uniqueness != Uniqueness::None || attribute.name == "externalId"
}

/// No two names of an object may differ by case alone: attribute names are case-insensitive (RFC 7643 §2.1).
pub(crate) fn distinct_names(object: &Map<String, Value>) -> Result<()> {
    let mut seen = HashSet::with_capacity(object.len());
    for name in object.keys() {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(Error::invalid_syntax(format!(
                "\"{}\" is there twice in another spelling; attribute names are case-insensitive, send it once",
                shown(name)
            )));
        }
    }
    Ok(())
}

/// The value of a simple attribute or sub-attribute; `None` if it is unassigned.
pub(crate) fn scalar(
    value: Value,
    attribute: &Attribute,
    place: &str,
    quirks: &mut Quirks,
) -> Result<Option<Value>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => {
            quirks.note(Quirk::EmptyRemoves);
            Ok(None)
        }
        Value::Array(items) => match one_of(items, place)? {
            None => Ok(None),
            Some(Value::Array(inner)) => Err(expected(place, kind_name(attribute), &Value::Array(inner))),
            // Entra (2018 jobs) sends [{"$ref": null, "value": …}] for simple attributes, too.
            Some(Value::Object(mut object)) if object.contains_key("value") => {
                quirks.note(Quirk::ScalarArray);
                scalar(object.remove("value").unwrap_or_default(), attribute, place, quirks)
            }
            Some(inner) => {
                quirks.note(Quirk::ScalarArray);
                scalar(inner, attribute, place, quirks)
            }
        },
        value => typed(value, attribute, place, quirks).map(Some),
    }
}

fn one_of(mut items: Vec<Value>, place: &str) -> Result<Option<Value>> {
    if items.len() > 1 {
        return Err(Error::invalid_value(format!("{place} takes one value; {} were sent", items.len())));
    }
    Ok(items.pop())
}

fn kind_name(attribute: &Attribute) -> &'static str {
    match attribute.kind {
        AttributeType::Boolean => "true or false",
        AttributeType::Decimal => "a number",
        AttributeType::Integer => "an integer",
        AttributeType::Complex => "an object",
        // Entra and its validator store what is no URL in `profileUrl`: references are strings, and so are
        // dates and binaries; values are kept as sent.
        AttributeType::String
        | AttributeType::Reference
        | AttributeType::DateTime
        | AttributeType::Binary => "a string",
    }
}

fn typed(value: Value, attribute: &Attribute, place: &str, quirks: &mut Quirks) -> Result<Value> {
    let mismatch = |value: &Value| expected(place, kind_name(attribute), value);
    match attribute.kind {
        AttributeType::Boolean => {
            let boolean = compare::boolean(&value).ok_or_else(|| mismatch(&value))?;
            if value.is_string() {
                quirks.note(Quirk::BooleanString);
            }
            Ok(boolean.into())
        }
        AttributeType::Decimal | AttributeType::Integer => {
            let (number, converted) = match &value {
                Value::Number(number) => (Some(number.clone()), false),
                Value::String(text) => (text.trim().parse::<Number>().ok(), true),
                _ => (None, false),
            };
            let whole = attribute.kind == AttributeType::Integer;
            let number =
                number.filter(|n| !whole || n.is_i64() || n.is_u64()).ok_or_else(|| mismatch(&value))?;
            if converted {
                quirks.note(Quirk::ScalarType);
            }
            Ok(Value::Number(number))
        }
        AttributeType::Complex => Err(mismatch(&value)),
        AttributeType::String
        | AttributeType::Reference
        | AttributeType::DateTime
        | AttributeType::Binary => {
            let text = match value {
                Value::String(text) => text,
                Value::Number(_) | Value::Bool(_) => {
                    quirks.note(Quirk::ScalarType);
                    value.to_string()
                }
                _ => return Err(mismatch(&value)),
            };
            if is_key(attribute) {
                key(&text, attribute.required, place)?;
                if attribute.uniqueness != Uniqueness::None {
                    distinguishable(&text, attribute, place)?;
                }
            } else {
                bounded(&text, place)?;
            }
            Ok(text.into())
        }
    }
}

fn bounded(text: &str, place: &str) -> Result<()> {
    too_long(text, limits::STRING_BYTES, place)
}

fn too_long(text: &str, limit: usize, place: &str) -> Result<()> {
    if text.len() > limit {
        return Err(Error::invalid_value(format!(
            "{place} is {} bytes long; at most {limit} are accepted",
            text.len()
        )));
    }
    Ok(())
}

/// A value that takes part in uniqueness or matching.
pub(crate) fn key(text: &str, required: bool, place: &str) -> Result<()> {
    too_long(text, limits::KEY_BYTES, place)?;
    if required && text.trim().is_empty() {
        return Err(Error::invalid_value(format!("{place} is required and must not be blank")));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(Error::invalid_value(format!(
            "{place} holds the control character U+{:04X}; remove it",
            u32::from(control)
        )));
    }
    Ok(())
}

/// Two values of an attribute that tells resources apart do not look alike to those who read them. `userName` is an
/// identifier and has no use for what is not seen (RFC 8265 §3.3 knows none of it in a username, joiners aside). A group's
/// `displayName` is a name: joiners, marks and isolates belong to the writing of some, an override to none.
fn distinguishable(text: &str, attribute: &Attribute, place: &str) -> Result<()> {
    let deceives = if attribute.name == "userName" { is_unseen } else { is_bidi_override };
    match text.chars().find(|&c| deceives(c)) {
        None => Ok(()),
        Some(c) => {
            let what =
                if is_bidi_control(c) { "changes the direction of the text" } else { "cannot be seen" };
            Err(Error::invalid_value(format!(
                "{place} holds the character U+{:04X}, which {what} and makes one name look like another; remove it",
                u32::from(c)
            )))
        }
    }
}

/// The object of a complex value (or of one element), whatever form it was sent in; `None` if it is unassigned.
pub(crate) fn object(
    value: Value,
    attribute: &Attribute,
    place: &str,
    quirks: &mut Quirks,
) -> Result<Option<Map<String, Value>>> {
    let reference = is_reference(attribute);
    let object = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => {
            quirks.note(if reference { Quirk::ManagerEmpty } else { Quirk::EmptyRemoves });
            return Ok(None);
        }
        Value::Object(object) if attribute.multi_valued => unpacked(object, quirks),
        Value::Object(object) => object,
        Value::Array(items) if !attribute.multi_valued => match one_of(items, place)? {
            None => return Ok(None),
            Some(Value::Array(inner)) => return Err(expected(place, "an object", &Value::Array(inner))),
            Some(inner) => {
                quirks.note(if reference { Quirk::ManagerArray } else { Quirk::ScalarArray });
                return self::object(inner, attribute, place, quirks);
            }
        },
        value => wrapped(value, attribute, place, quirks)?,
    };
    // The validator removes a manager with {"value": ""}.
    if reference && by_name(&object, "value").is_some_and(|v| v.is_null() || v == "") {
        quirks.note(Quirk::ManagerEmpty);
        return Ok(None);
    }
    Ok(Some(object))
}

/// A scalar for a complex value: a JSON document in a string, or the `value` alone.
fn wrapped(
    value: Value,
    attribute: &Attribute,
    place: &str,
    quirks: &mut Quirks,
) -> Result<Map<String, Value>> {
    let document = value.as_str().is_some_and(|text| text.trim_start().starts_with('{'));
    if let Some(text) = value.as_str().filter(|_| document)
        && let Ok(object) = serde_json::from_str::<Map<String, Value>>(text)
        && object.keys().any(|name| attribute.sub(name).is_some())
    {
        quirks.note(Quirk::ComplexString);
        return Ok(object);
    }
    if attribute.sub("value").is_none() || value.is_array() {
        return Err(expected(place, "an object of sub-attributes", &value));
    }
    quirks.note(match (document, attribute.multi_valued) {
        (true, _) => Quirk::ComplexString,
        (false, true) => Quirk::StringElement,
        (false, false) => Quirk::ManagerString,
    });
    Ok(Map::from_iter([("value".to_owned(), value)]))
}

/// Entra's default role assignment: the `value` alone, and in it a JSON document with the real `value`.
fn unpacked(object: Map<String, Value>, quirks: &mut Quirks) -> Map<String, Value> {
    if object.len() == 1
        && let Some(inner) = object.get("value").and_then(Value::as_str).and_then(document)
    {
        quirks.note(Quirk::ComplexString);
        return inner;
    }
    object
}

/// The member of an object by its case-insensitive name.
pub(crate) fn by_name<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// The value of one sub-attribute of `attribute`.
pub(crate) fn sub_value(
    value: Value,
    attribute: &Attribute,
    sub: &Attribute,
    place: &str,
    quirks: &mut Quirks,
) -> Result<Option<Value>> {
    let mut value = scalar(value, sub, place, quirks)?;
    if attribute.multi_valued && sub.name == "value" {
        let inner = |value: &Option<Value>| document(value.as_ref()?.as_str()?)?.remove("value");
        while let Some(inner) = inner(&value) {
            quirks.note(Quirk::ComplexString);
            value = scalar(inner, sub, place, quirks)?;
        }
    }
    Ok(value)
}

/// The JSON document in a role's `value`, as Entra sends it: an object with a `value` of its own.
fn document(text: &str) -> Option<Map<String, Value>> {
    if !text.starts_with('{') {
        return None;
    }
    let document = serde_json::from_str::<Map<String, Value>>(text).ok()?;
    document.get("value").is_some_and(|v| v.as_str().is_some_and(|v| !v.is_empty())).then_some(document)
}

/// Entra's AppRoleAssignmentsComplex names a role in `displayName`, where RFC 7643 §2.4 has `display`.
fn display<'a>(name: &str, attribute: &'a Attribute, quirks: &mut Quirks) -> Option<&'a Attribute> {
    let display = attribute.sub("display").filter(|_| attribute.multi_valued && name == "displayName")?;
    quirks.note(Quirk::DisplayName);
    Some(display)
}

/// The sub-attributes of a complex value.
pub(crate) fn fields<'a>(
    object: Map<String, Value>,
    attribute: &'a Attribute,
    place: &str,
    quirks: &mut Quirks,
) -> Result<Fields<'a>> {
    distinct_names(&object)?;
    let mut fields = Vec::with_capacity(object.len());
    for (name, value) in object {
        let Some(sub) = attribute.sub(&name).or_else(|| display(&name, attribute, quirks)) else {
            quirks.note(Quirk::UnknownAttribute);
            continue;
        };
        if sub.mutability == Mutability::ReadOnly {
            if !value.is_null() {
                quirks.note(Quirk::ReadOnlyIgnored);
            }
            continue;
        }
        let place = format!("{place}.{}", sub.name);
        fields.push((sub, sub_value(value, attribute, sub, &place, quirks)?));
    }
    Ok(fields)
}

/// Whether an element says no more than which one it is: only `type` and `primary` are left.
pub(crate) fn is_hollow(element: &Value) -> bool {
    element.as_object().is_some_and(|object| object.keys().all(|name| name == "type" || name == "primary"))
}

/// Fields as an object; `None` if nothing is in it, or nothing but `type` and `primary` because the rest was emptied.
pub(crate) fn assembled(fields: Fields<'_>) -> Option<Value> {
    let emptied = fields.iter().any(|(_, value)| value.is_none());
    let mut object = Map::with_capacity(fields.len());
    for (sub, value) in fields {
        if let Some(value) = value {
            object.insert(sub.name.clone(), value);
        }
    }
    if object.is_empty() {
        return None;
    }
    let element = Value::Object(object);
    if emptied && is_hollow(&element) { None } else { Some(element) }
}

fn element(value: Value, attribute: &Attribute, place: &str, quirks: &mut Quirks) -> Result<Option<Value>> {
    if !attribute.is_complex() {
        return scalar(value, attribute, place, quirks);
    }
    let Some(object) = object(value, attribute, place, quirks)? else { return Ok(None) };
    Ok(assembled(fields(object, attribute, place, quirks)?))
}

/// The elements of a multi-valued attribute. One value in place of a list is noted unless `single` says it is fine.
pub(crate) fn elements(
    value: Value,
    attribute: &Attribute,
    place: &str,
    single: bool,
    quirks: &mut Quirks,
) -> Result<Vec<Value>> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => {
            quirks.note(Quirk::EmptyRemoves);
            Vec::new()
        }
        Value::Array(items) => items,
        one => {
            if !single {
                quirks.note(Quirk::SingleForMultiple);
            }
            vec![one]
        }
    };
    within_limit(items.len(), place)?;
    let mut elements = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        elements.extend(element(item, attribute, &format!("{place}[{index}]"), quirks)?);
    }
    one_primary(&elements, place)?;
    Ok(elements)
}

pub(crate) fn within_limit(count: usize, place: &str) -> Result<()> {
    if count > limits::ATTRIBUTE_VALUES {
        return Err(Error::invalid_value(format!(
            "{place} would have {count} values; at most {} are kept",
            limits::ATTRIBUTE_VALUES
        )));
    }
    Ok(())
}

pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// RFC 7643 §2.4: "The primary attribute value "true" MUST appear no more than once."
pub(crate) fn one_primary<'v>(elements: impl IntoIterator<Item = &'v Value>, place: &str) -> Result<()> {
    let count = elements.into_iter().filter(|e| is_primary(e)).count();
    if count > 1 {
        return Err(Error::invalid_value(format!(
            "{place}: {count} elements have primary true; at most one may (RFC 7643 §2.4)"
        )));
    }
    Ok(())
}

/// About how many bytes the value takes as JSON.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(object) => 2 + object.iter().map(|(name, v)| name.len() + 4 + size(v)).sum::<usize>(),
    }
}
