//! One request with its answer, as the tenant's request log keeps it: redacted, bounded in size.

use std::borrow::Cow;
use std::sync::Arc;

use directory::Exchange;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use scim::quirk::Quirks;
use scim::{ScimType, redact};
use serde_json::Value;

use crate::authenticate::Client;
use crate::request_id::Arrival;
use crate::scim::reply::{Refusal, Reply};

/// Bytes of a body that are kept.
pub(crate) const BODY_BYTES: usize = 32 * 1024;

/// The request's half of an exchange. Most reads are never written down, so it is kept as it came.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    arrival: Arrival,
    key: Option<Holder>,
    method: Method,
    uri: Uri,
    user_agent: Option<HeaderValue>,
    resource_id: Option<String>,
    body: Option<String>,
}

/// Whose key a request came with.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    Client(Arc<Client>),
    /// Id and name of a key that is not good.
    Refused(String, String),
}

impl Holder {
    fn id(&self) -> &str {
        match self {
            Self::Client(client) => &client.key.key_id,
            Self::Refused(id, _) => id,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Client(client) => &client.key.key_name,
            Self::Refused(_, name) => name,
        }
    }
}

impl From<(&str, &str)> for Holder {
    fn from((id, name): (&str, &str)) -> Self {
        Self::Refused(id.to_owned(), name.to_owned())
    }
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
        key: Option<Holder>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Self {
        Self {
            arrival: arrival.clone(),
            key,
            method: method.clone(),
            uri: uri.clone(),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            resource_id: None,
            body: None,
        }
    }

    /// A body that could be read.
    pub(crate) fn set_body(&mut self, body: &Value) {
        let text = body.to_string();
        let whole = text.len();
        self.body = Some(truncated(redacted(text), whole, whole));
    }

    /// A body that could not; it may hold anything, so none of it is kept.
    pub(crate) fn set_unreadable_body(&mut self, bytes: usize) {
        self.body = Some(format!("«{bytes} bytes, not JSON»"));
    }

    pub(crate) fn set_resource(&mut self, id: Option<&str>) {
        self.resource_id = id.map(str::to_owned);
    }

    pub(crate) fn finish(&self, facts: Facts) -> Exchange {
        let duration = self.arrival.started.elapsed();
        let user_agent = self.user_agent.as_ref().and_then(|v| v.to_str().ok());
        Exchange {
            at: self.arrival.at,
            request_id: self.arrival.request_id.clone(),
            method: self.method.as_str().to_owned(),
            path: target(&self.uri),
            status: facts.status.as_u16(),
            duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            key_id: self.key.as_ref().map(|key| key.id().to_owned()),
            key_name: self.key.as_ref().map(|key| key.name().to_owned()),
            address: self.arrival.address.map(|a| a.to_string()),
            user_agent: user_agent.map(|text| short(text, 512)),
            resource_id: facts.resource_id.or_else(|| self.resource_id.clone()),
            quirks: facts.quirks,
            scim_type: facts.scim_type.map(|t| t.as_str().to_owned()),
            detail: facts.detail,
            request_body: self.body.clone(),
            response_body: facts.body,
        }
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
            body: std::str::from_utf8(&reply.body).ok().filter(|text| !text.is_empty()).map(kept),
        }
    }

    /// A refusal of which no body is kept.
    pub(crate) fn without_bodies(status: StatusCode, detail: &str) -> Self {
        Self {
            status,
            scim_type: None,
            detail: Some(short(detail, 2048)),
            resource_id: None,
            quirks: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status,
            scim_type: refusal.scim_type,
            detail: Some(short(&refusal.detail, 2048)),
            resource_id: None,
            quirks: Vec::new(),
            body: Some(kept(&refusal.body().to_string())),
        }
    }
}

fn ids(quirks: &Quirks) -> Vec<String> {
    quirks.iter().map(|quirk| quirk.id().to_owned()).collect()
}

/// An answer as it is kept. Of a long one no more is redacted than is shown.
fn kept(body: &str) -> String {
    if body.len() <= BODY_BYTES {
        return truncated(redact::text(body).into_owned(), body.len(), body.len());
    }
    let cut = scim::text::cut(body, BODY_BYTES);
    truncated(redact::text(&cut).into_owned(), cut.len(), body.len())
}

fn redacted(text: String) -> String {
    match redact::text(&text) {
        Cow::Owned(shown) => shown,
        Cow::Borrowed(_) => text,
    }
}

fn short(text: &str, bytes: usize) -> String {
    let text = text.to_owned();
    let whole = text.len();
    cut_off(text, bytes, whole.saturating_sub(bytes))
}

/// The first bytes of what is shown of the first `looked_at` bytes of a body, and how many bytes of it are left out.
fn truncated(shown: String, looked_at: usize, whole: usize) -> String {
    let left_out = shown.len().saturating_sub(BODY_BYTES) + whole.saturating_sub(looked_at);
    cut_off(shown, BODY_BYTES, left_out)
}

fn cut_off(mut text: String, bytes: usize, left_out: usize) -> String {
    if left_out > 0 {
        let end = text.floor_char_boundary(bytes);
        let cut = left_out + text.len().min(bytes) - end;
        text.truncate(end);
        text.push_str(&format!("… «{cut} bytes more»"));
    }
    text
}

/// Path and query; a value that the redaction would hide in a body is hidden here too.
fn target(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return uri.path().to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name, value) => format!("{name}={}", redact::REDACTED),
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
    redact::body(probe.clone()) != probe
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
        assert_eq!(kept(r#"{"password":"abc"}"#), r#"{"password":"[redacted]"}"#);
        let long = kept(&json!("ü".repeat(BODY_BYTES)).to_string());
        assert!(
            long.len() <= BODY_BYTES + 40 && long.ends_with("… «32771 bytes more»"),
            "{}",
            &long[BODY_BYTES - 9..]
        );
    }

    /// The text that is kept is the same as if the whole had been redacted first, and says how much is missing.
    #[test]
    fn a_long_answer_is_cut_before_it_is_redacted() {
        let user = json!({ "userName": "a".repeat(1000), "roles": [{"value": 1}, {"value": null}] });
        let member = json!({ "value": "ü".repeat(20), "type": "User" });
        let page = json!({ "totalResults": 1000, "Resources": vec![user; 1000] });
        let group = json!({ "displayName": "g", "members": vec![member; 100_000], "meta": {"version": 1} });
        for whole in [page, group] {
            let text = whole.to_string();
            let end = text.floor_char_boundary(BODY_BYTES);
            // The brackets that close what was cut count for a byte each.
            let kept = kept(&text);
            let (shown, note) = kept.split_at(end);
            assert_eq!(shown, &text[..end]);
            let bytes: usize = note.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
            assert!((text.len() - end..text.len() - end + 4).contains(&bytes), "{note}");
        }
    }
}
