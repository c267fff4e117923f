//! What a target says it can do (RFC 7643 §5), read field by field: what cannot be read is unknown, never "no".

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{Oddity, Text as _};
use crate::failure::FailureKind;
use crate::limits;

/// `None` everywhere means that the target did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capabilities {
    pub patch: Option<bool>,
    pub bulk: Option<bool>,
    pub bulk_operations_max: Option<u64>,
    pub bulk_payload_max: Option<u64>,
    pub filter: Option<bool>,
    pub filter_results_max: Option<u64>,
    pub change_password: Option<bool>,
    pub sort: Option<bool>,
    pub etag: Option<bool>,
    /// RFC 9865 §4
    pub pagination_cursor: Option<bool>,
    pub pagination_index: Option<bool>,
    pub page_size_max: Option<u64>,
    /// Their `type`s.
    pub authentication_schemes: Vec<String>,
}

/// From the body of `GET /ServiceProviderConfig`.
pub fn capabilities(body: &Map<String, Value>) -> (Capabilities, Vec<Oddity>) {
    let mut oddities = Vec::new();
    let body = unwrapped(body, &mut oddities);
    let field = |name: &str| body.named(name).and_then(Value::as_object);
    let number = |name: &str, field_name: &str| field(name).and_then(|f| f.number(field_name));
    let mut supported = |name: &'static str| {
        let known = body.named(name).and_then(truth);
        if known.is_none() {
            oddities.push(Oddity::Unknown(name));
        }
        known
    };
    let found = Capabilities {
        patch: supported("patch"),
        bulk: supported("bulk"),
        filter: supported("filter"),
        change_password: supported("changePassword"),
        sort: supported("sort"),
        etag: supported("etag"),
        bulk_operations_max: number("bulk", "maxOperations"),
        bulk_payload_max: number("bulk", "maxPayloadSize"),
        filter_results_max: number("filter", "maxResults"),
        pagination_cursor: field("pagination").and_then(|p| p.named("cursor")).and_then(truth),
        pagination_index: field("pagination").and_then(|p| p.named("index")).and_then(truth),
        page_size_max: number("pagination", "maxPageSize"),
        authentication_schemes: schemes(body.named("authenticationSchemes")),
    };
    (found, oddities)
}

/// Some servers answer with a ListResponse of one.
fn unwrapped<'a>(body: &'a Map<String, Value>, oddities: &mut Vec<Oddity>) -> &'a Map<String, Value> {
    match body.named("Resources").and_then(Value::as_array).and_then(|list| list.first()) {
        Some(Value::Object(first)) => {
            oddities.push(Oddity::Shape("ServiceProviderConfig is wrapped in a list"));
            first
        }
        _ => body,
    }
}

/// `{"supported": true}`, `true`, `"true"`
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Object(object) => object.named("supported").filter(|v| !v.is_object()).and_then(truth),
        _ => None,
    }
}

fn schemes(value: Option<&Value>) -> Vec<String> {
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let scheme = |value: &Value| value.as_object().and_then(|s| s.text("type")).map(str::to_owned);
    list.iter().take(16).filter_map(scheme).filter(|scheme| scheme.len() <= 64).collect()
}

/// The resources of `GET /Schemas` or `/ResourceTypes`: a ListResponse (RFC 7644 §4), or a bare array or object.
pub(crate) fn resources(body: Value, oddities: &mut Vec<Oddity>) -> Result<Vec<scim::Resource>, FailureKind> {
    let malformed = |why: &str| FailureKind::Malformed(why.to_owned());
    let list = match body {
        Value::Array(list) => {
            oddities.push(Oddity::Shape("the list is a bare array instead of a ListResponse"));
            list
        }
        Value::Object(mut body) => {
            let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
            match key.and_then(|key| body.remove(&key)) {
                Some(Value::Array(list)) => list,
                Some(_) => return Err(malformed("Resources is not an array")),
                None if body.named("id").is_some() || body.named("endpoint").is_some() => {
                    oddities.push(Oddity::Shape("one resource instead of a ListResponse"));
                    vec![Value::Object(body)]
                }
                None if body.number("totalResults") == Some(0) => Vec::new(),
                None => return Err(malformed("it is not a ListResponse: it has no Resources")),
            }
        }
        _ => return Err(malformed("it is not a ListResponse")),
    };
    if list.len() > limits::PAGE_ITEMS {
        return Err(malformed("a page has too many resources"));
    }
    list.into_iter()
        .map(|value| match value {
            Value::Object(resource) => Ok(resource),
            _ => Err(malformed("Resources has an element that is not an object")),
        })
        .collect()
}
