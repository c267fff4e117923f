//! JSON from a client: one value, bounded depth, no duplicate keys, no NUL (RFC 7644 §3.12 `invalidSyntax`).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};
use crate::limits;

/// # Errors
/// `invalidSyntax` with line and column.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Error::invalid_syntax(format!("the body is not UTF-8: byte {} cannot be read", e.valid_up_to()))
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Node { depth: limits::JSON_DEPTH }.deserialize(&mut json).map_err(refused)?;
    json.end().map_err(refused)?;
    Ok(value)
}

/// The body as a resource.
///
/// # Errors
/// `invalidSyntax` when it is not a JSON object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>> {
    match parse(bytes)? {
        Value::Object(object) => Ok(object),
        other => Err(Error::invalid_syntax(format!("the body is {}; expected a JSON object", kind(&other)))),
    }
}

/// What a value is, in words for an error message.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn refused(error: serde_json::Error) -> Error {
    Error::invalid_syntax(format!("the body is not acceptable JSON: {error}"))
}

/// One value with at most `depth` levels of nesting left.
struct Node {
    depth: usize,
}

impl Node {
    fn inner<E: serde::de::Error>(&self) -> Result<Node, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Node { depth }),
            None => Err(E::custom(format_args!("nested deeper than {} levels", limits::JSON_DEPTH))),
        }
    }

    fn text<E: serde::de::Error>(text: &str) -> Result<String, E> {
        if text.contains('\0') { Err(E::custom("a string contains NUL")) } else { Ok(text.to_owned()) }
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        Self::text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inner()?)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let key = Self::text(&key)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key \"{}\" is given twice",
                    crate::path::shown(&key)
                )));
            }
            let value = map.next_value_seed(self.inner()?)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
