//! One request with its answer, as the tenant's request log keeps it: redacted, bounded in size.

use std::time::Instant;

use directory::Exchange;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use scim::ScimType;
use scim::quirk::Quirks;
use serde_json::Value;

use crate::request_id::Arrival;
use crate::scim::reply::{Refusal, Reply};

/// Bytes of a body that are kept.
pub(crate) const BODY_BYTES: usize = 32 * 1024;

/// The request's half of an exchange.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    exchange: Exchange,
    started: Instant,
}

/// The answer's half.
#[derive(Debug)]
pub(crate) struct Facts {
    status: StatusCode,
    scim_type: Option<ScimType>,
    detail: Option<String>,
    resource_id: Option<String>,
    quirks: Vec<String>,
    body: Option<String>,
}

impl Draft {
    pub(crate) fn new(
        arrival: &Arrival,
        key: Option<(&str, &str)>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Self {
        let user_agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        let exchange = Exchange {
            at: arrival.at,
            request_id: arrival.request_id.clone(),
            method: method.as_str().to_owned(),
            path: target(uri),
            status: 0,
            duration_us: 0,
            key_id: key.map(|(id, _)| id.to_owned()),
            key_name: key.map(|(_, name)| name.to_owned()),
            address: arrival.address.map(|a| a.to_string()),
            user_agent: user_agent.map(|text| truncated(text.to_owned(), 512)),
            resource_id: None,
            quirks: Vec::new(),
            scim_type: None,
            detail: None,
            request_body: None,
            response_body: None,
        };
        Self { exchange, started: arrival.started }
    }

    /// A body that could be read.
    pub(crate) fn set_body(&mut self, body: &Value) {
        self.exchange.request_body = Some(text_of(body.clone()));
    }

    /// A body that could not; it may hold anything, so none of it is kept.
    pub(crate) fn set_unreadable_body(&mut self, bytes: usize) {
        self.exchange.request_body = Some(format!("«{bytes} bytes, not JSON»"));
    }

    pub(crate) fn set_resource(&mut self, id: Option<&str>) {
        self.exchange.resource_id = id.map(str::to_owned);
    }

    pub(crate) fn finish(&self, facts: Facts) -> Exchange {
        let mut exchange = self.exchange.clone();
        exchange.status = facts.status.as_u16();
        exchange.duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        exchange.scim_type = facts.scim_type.map(|t| t.as_str().to_owned());
        exchange.detail = facts.detail;
        exchange.resource_id = facts.resource_id.or(exchange.resource_id);
        exchange.quirks = facts.quirks;
        exchange.response_body = facts.body;
        exchange
    }
}

impl Facts {
    pub(crate) fn of_reply(reply: &Reply) -> Self {
        Self {
            status: reply.status,
            scim_type: None,
            detail: None,
            resource_id: reply.resource_id.clone(),
            quirks: ids(&reply.quirks),
            body: reply.value.clone().map(text_of),
        }
    }

    /// A refusal of which no body is kept.
    pub(crate) fn without_bodies(status: StatusCode, detail: &str) -> Self {
        Self {
            status,
            scim_type: None,
            detail: Some(truncated(detail.to_owned(), 2048)),
            resource_id: None,
            quirks: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status,
            scim_type: refusal.scim_type,
            detail: Some(truncated(refusal.detail.clone(), 2048)),
            resource_id: None,
            quirks: Vec::new(),
            body: Some(text_of(refusal.body())),
        }
    }
}

fn ids(quirks: &Quirks) -> Vec<String> {
    quirks.iter().map(|quirk| quirk.id().to_owned()).collect()
}

/// Of an answer of so many bytes as much as can be shown: what would be cut off need not be copied and redacted before.
pub(crate) fn excerpt(mut value: Value, bytes: usize) -> Value {
    if bytes > BODY_BYTES {
        let mut left = BODY_BYTES;
        shorten(&mut value, &mut left);
    }
    value
}

/// End every list where the bytes that are `left` end.
fn shorten(value: &mut Value, left: &mut usize) {
    match value {
        Value::Array(items) => {
            let mut kept = 0;
            for item in items.iter_mut() {
                if *left == 0 {
                    break;
                }
                shorten(item, left);
                kept += 1;
            }
            items.truncate(kept);
        }
        Value::Object(object) => object.values_mut().for_each(|value| shorten(value, left)),
        Value::String(text) => *left = left.saturating_sub(text.len() + 2),
        Value::Null | Value::Bool(_) | Value::Number(_) => *left = left.saturating_sub(1),
    }
}

fn text_of(body: Value) -> String {
    truncated(scim::redact::body(body).to_string(), BODY_BYTES)
}

fn truncated(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = text.floor_char_boundary(bytes);
        let cut = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("… «{cut} bytes more»"));
    }
    text
}

/// Path and query; a value that the redaction would hide in a body is hidden here too.
fn target(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return uri.path().to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name, value) => format!("{name}={}", scim::redact::REDACTED),
        _ => pair.to_owned(),
    });
    format!("{}?{}", uri.path(), pairs.collect::<Vec<_>>().join("&"))
}

fn is_secret(name: &str, value: &str) -> bool {
    if name.eq_ignore_ascii_case("filter") {
        // The terms are not told apart: a filter on a secret is refused anyway.
        let filter = value.to_ascii_lowercase();
        return ["password", "secret", "token"].iter().any(|word| filter.contains(word));
    }
    let probe = Value::Object([(name.to_owned(), Value::from("x"))].into_iter().collect());
    scim::redact::body(probe.clone()) != probe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_in_a_url_are_hidden() {
        let table = [
            ("/Users", "/Users"),
            ("/Users?filter=userName+eq+%22a%22&count=1", "/Users?filter=userName+eq+%22a%22&count=1"),
            ("/Users?access_token=abc&count=1", "/Users?access_token=[redacted]&count=1"),
            ("/Users?filter=Password+eq+%22abc%22", "/Users?filter=[redacted]"),
            ("/Users?aadOptscim062020", "/Users?aadOptscim062020"),
        ];
        for (uri, expect) in table {
            assert_eq!(target(&uri.parse().unwrap()), expect);
        }
    }

    #[test]
    fn bodies_are_redacted_and_bounded() {
        assert_eq!(text_of(json!({"password": "abc"})), r#"{"password":"[redacted]"}"#);
        let long = text_of(json!("ü".repeat(BODY_BYTES)));
        assert!(long.len() <= BODY_BYTES + 40 && long.ends_with("bytes more»"), "{}", long.len());
    }

    /// The text that is kept is the same as if the whole had been made into text first.
    #[test]
    fn a_long_answer_is_cut_before_it_is_redacted() {
        let user = json!({ "userName": "a".repeat(1000), "roles": [{"value": 1}, {"value": null}] });
        let member = json!({ "value": "ü".repeat(20), "type": "User" });
        let page = json!({ "totalResults": 1000, "Resources": vec![user; 1000] });
        let group = json!({ "displayName": "g", "members": vec![member; 100_000], "meta": {"version": 1} });
        for (whole, list, most) in [(page, "Resources", 40), (group, "members", 2_000)] {
            let text = whole.to_string();
            let cut = excerpt(whole.clone(), text.len());
            assert!(cut[list].as_array().unwrap().len() <= most, "{list}");
            let kept = |text: &str| text[..text.floor_char_boundary(BODY_BYTES)].to_owned();
            assert_eq!(kept(&cut.to_string()), kept(&text), "{list}");
        }
        let short = json!({ "Resources": [1, 2] });
        assert_eq!(excerpt(short.clone(), 20), short);
    }
}
