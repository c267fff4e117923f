//! A request with its response, kept as evidence; secrets are taken out when it is made, not when it is shown.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use scim::redact::REDACTED;

use crate::limits;
use crate::secret::Secret;

/// Stands for the credential in a reproducing command line.
pub const TOKEN: &str = "$TOKEN";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    pub at: Timestamp,
    pub method: String,
    pub url: String,
    pub request_headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_body: Option<String>,
    /// `None` when there was no answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub response_headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_body: Option<String>,
    /// Whether a body is longer than what is kept of it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub truncated: bool,
    pub timings: Timings,
    /// What went wrong below HTTP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// Until the head of the answer was there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head_us: Option<u64>,
    pub total_us: u64,
}

impl Exchange {
    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(&self.request_headers, name)
    }

    pub fn response_header(&self, name: &str) -> Option<&str> {
        header(&self.response_headers, name)
    }

    /// A command line that sends the same request, with the credential in the variable `TOKEN`.
    pub fn curl(&self) -> String {
        let mut line = format!("curl -i --path-as-is -X {} {}", self.method, with_token(&self.url));
        for (name, value) in &self.request_headers {
            if matches!(name.as_str(), "host" | "content-length" | "accept-encoding") {
                continue;
            }
            let _ = write!(line, " -H {}", with_token(&format!("{name}: {value}")));
        }
        if let Some(body) = &self.request_body {
            let _ = write!(line, " --data-raw {}", with_token(body));
        }
        line
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// In single quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quoted, but for the variable.
fn with_token(text: &str) -> String {
    let quoted = |part: &str| if part.is_empty() { String::new() } else { quoted(part) };
    let parts: Vec<String> = text.split(TOKEN).map(quoted).collect();
    parts.join("\"$TOKEN\"")
}

/// Finds what must not be shown.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    needles: Vec<(Secret, &'static str)>,
}

impl Redactor {
    /// The credential itself: a variable in its place keeps the request reproducible.
    pub(crate) fn credential(&mut self, secret: &str) {
        self.add(secret, TOKEN);
    }

    pub(crate) fn hidden(&mut self, secret: &str) {
        self.add(secret, REDACTED);
    }

    fn add(&mut self, secret: &str, shown: &'static str) {
        // A shorter "secret" would tear up every text, and hides nothing.
        if secret.len() < 4 {
            return;
        }
        let forms = [secret.to_owned(), form(secret), json(secret), STANDARD.encode(secret)];
        for form in forms {
            if !self.needles.iter().any(|(needle, _)| needle.expose() == form) {
                self.needles.push((form.into(), shown));
            }
        }
        // A needle that contains another one goes first.
        self.needles.sort_by_key(|(needle, _)| std::cmp::Reverse(needle.expose().len()));
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (needle, shown) in &self.needles {
            if text.contains(needle.expose()) {
                text = text.replace(needle.expose(), shown);
            }
        }
        text
    }

    /// What is kept of a body, and whether that is less than all of it.
    pub(crate) fn body(&self, body: &[u8], limit: usize) -> (Option<String>, bool) {
        if body.is_empty() {
            return (None, false);
        }
        let hidden = if mentions_secret(body) { hide(body) } else { None };
        let body = hidden.as_deref().unwrap_or(body);
        // What is cut off must not leave half a secret behind: replace first.
        let text = self.text(&String::from_utf8_lossy(body));
        let kept = cut(&text, limit);
        (Some(kept.to_owned()), kept.len() < text.len())
    }

    pub(crate) fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|(name, value)| {
                let shown = match name.as_str() {
                    "set-cookie" | "cookie" | "proxy-authorization" => REDACTED.to_owned(),
                    _ => self
                        .text(cut(&String::from_utf8_lossy(value.as_bytes()), limits::EVIDENCE_HEADER_BYTES)),
                };
                (name.as_str().to_owned(), shown)
            })
            .collect()
    }
}

/// Names that [`scim::redact`] looks for; most bodies have none, and are spared the parsing.
fn mentions_secret(body: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] =
        [b"pass", b"secret", b"token", b"authorization", b"apikey", b"privatekey", b"credential"];
    let initials = b"pstackPSTACK";
    body.iter().enumerate().any(|(at, byte)| {
        initials.contains(byte)
            && NAMES
                .iter()
                .any(|name| body.get(at..at + name.len()).is_some_and(|part| part.eq_ignore_ascii_case(name)))
    }) || body.windows(4).any(|part| part.eq_ignore_ascii_case(b"_key") || part.eq_ignore_ascii_case(b"-key"))
}

fn hide(body: &[u8]) -> Option<Vec<u8>> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let shown = scim::redact::body(value.clone());
    // Unchanged bodies keep their exact bytes.
    if shown == value { None } else { serde_json::to_vec(&shown).ok() }
}

fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

fn form(secret: &str) -> String {
    crate::auth::form_encoded(secret)
}

fn json(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted.trim_matches('"').to_owned()
}
