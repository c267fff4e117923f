//! Answers as values: lenient where a target's habit does no harm, strict where a guess could hit the wrong person.

use std::fmt;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, LOCATION};
use serde_json::{Map, Value};

use scim::Resource;

use crate::exchange::Exchange;
use crate::failure::{ErrorMessage, Failure, FailureKind};
use crate::limits;
use crate::wire::Reply;

/// A value with how it was had.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    pub value: T,
    pub status: u16,
    /// Departures from SCIM that were tolerated.
    pub oddities: Vec<Oddity>,
    pub exchange: Exchange,
}

impl<T> Answer<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        let Self { value, status, oddities, exchange } = self;
        Answer { value: change(value), status, oddities, exchange }
    }
}

/// A resource as a target knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub id: String,
    pub resource: Resource,
    /// `ETag`, or `meta.version`.
    pub version: Option<String>,
}

/// One page of a query. The numbers are the target's claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub items: Vec<Object>,
    pub total_results: Option<u64>,
    pub start_index: Option<u64>,
    pub items_per_page: Option<u64>,
    pub next_cursor: Option<String>,
}

/// A departure that was tolerated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// RFC 7644 §3.1: `application/scim+json`
    ContentType(String),
    /// Another success than the RFC's.
    Status { expected: u16, found: u16 },
    /// RFC 7643 §3.1: `id` is a string
    IdNotString,
    /// The id differs from the one asked for in case only.
    IdCase(String),
    /// RFC 7644 §3.4.2: `totalResults` is required
    TotalMissing,
    /// A PATCH answered 200 without a resource in the body.
    NoResource,
    /// Discovery answered with something else than RFC 7644 §4 says, but legible.
    Shape(&'static str),
    /// A field of ServiceProviderConfig that is missing or cannot be read.
    Unknown(&'static str),
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType(found) => {
                write!(f, "Content-Type is \"{found}\" instead of application/scim+json")
            }
            Self::Status { expected, found } => write!(f, "status {found} instead of {expected}"),
            Self::IdNotString => f.write_str("id is not a string"),
            Self::IdCase(found) => write!(f, "id \"{found}\" differs in case from the one asked for"),
            Self::TotalMissing => f.write_str("totalResults is missing"),
            Self::NoResource => f.write_str("the body has no resource"),
            Self::Shape(what) => f.write_str(what),
            Self::Unknown(field) => write!(f, "{field} is missing or cannot be read"),
        }
    }
}

/// Names of SCIM attributes are compared without case (RFC 7643 §2.1).
pub(crate) trait Text {
    fn named(&self, name: &str) -> Option<&Value>;
    fn text(&self, name: &str) -> Option<&str>;
    fn number(&self, name: &str) -> Option<u64>;
}

impl Text for Map<String, Value> {
    fn named(&self, name: &str) -> Option<&Value> {
        self.get(name)
            .or_else(|| self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
            .filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.named(name)?.as_str()
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.named(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// The reply if it is a success, else what its status means.
///
/// # Errors
/// The classified [`Failure`].
pub fn success(reply: Reply) -> Result<Reply, Failure> {
    let Some(kind) = refused(&reply) else { return Ok(reply) };
    // From the evidence, where secrets have been taken out: targets echo what they were sent, and these words go into logs.
    let message = error_message(reply.exchange.response_body.as_deref().unwrap_or_default().as_bytes());
    let mut failure = Failure::new(kind).with_exchange(reply.exchange);
    failure.message = (message != ErrorMessage::default()).then(|| Box::new(message));
    Err(failure)
}

fn refused(reply: &Reply) -> Option<FailureKind> {
    Some(match reply.status {
        200..=299 => return None,
        300..=399 => FailureKind::Redirect {
            location: reply.exchange.response_header(LOCATION.as_str()).map(|value| short(value, 200)),
        },
        401 => FailureKind::Unauthorized,
        403 => FailureKind::Forbidden,
        404 | 410 => FailureKind::NotFound,
        405 | 501 => FailureKind::Unsupported,
        409 => FailureKind::Conflict,
        412 => FailureKind::PreconditionFailed,
        429 => FailureKind::RateLimited { retry_after: reply.retry_after() },
        400..=499 => FailureKind::Rejected,
        500..=599 => FailureKind::ServerError { retry_after: reply.retry_after() },
        other => FailureKind::BrokenHttp(format!("the status {other} means nothing")),
    })
}

/// Whatever can be read of an error message; targets put their words in many places.
fn error_message(body: &[u8]) -> ErrorMessage {
    let Ok(Value::Object(body)) = scim::json::parse(unmarked(body)) else { return ErrorMessage::default() };
    let body = match body.named("Errors") {
        // SCIM 1.1
        Some(Value::Array(errors)) => errors.first().and_then(Value::as_object).unwrap_or(&body),
        _ => &body,
    };
    let words = ["detail", "description", "error_description", "message", "error"];
    ErrorMessage {
        scim_type: body.text("scimType").map(|text| short(text, 64)),
        detail: words.iter().find_map(|name| body.text(name)).map(|text| short(text, limits::DETAIL_BYTES)),
    }
}

/// Without control characters: it goes into logs and pages.
fn short(text: &str, bytes: usize) -> String {
    let kept = text.get(..text.floor_char_boundary(bytes)).unwrap_or(text);
    kept.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The body as JSON within the limits of [`scim::json`].
pub(crate) fn json(reply: &Reply) -> Result<Value, FailureKind> {
    let encoding = reply.header(CONTENT_ENCODING.as_str()).unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        // Nothing is decompressed: a few kilobytes could become gigabytes.
        return Err(FailureKind::NotScim("a compressed body, which was not asked for".to_owned()));
    }
    let body = unmarked(&reply.body);
    let kind = reply.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if kind.contains("html") || first == Some(&b'<') {
        return Err(FailureKind::NotScim("a web page".to_owned()));
    }
    match scim::json::parse(body) {
        Ok(value) => Ok(value),
        Err(_) if !body.is_empty() && !kind.contains("json") && !kind.is_empty() => {
            Err(FailureKind::NotScim(format!("content of type {}", short(&kind, 64))))
        }
        Err(_) if body.is_empty() => Err(FailureKind::Malformed("the body is empty".to_owned())),
        Err(error) => Err(FailureKind::Malformed(short(&error.detail, 300))),
    }
}

pub(crate) fn object(reply: &Reply) -> Result<Map<String, Value>, FailureKind> {
    match json(reply)? {
        Value::Object(object) => Ok(object),
        other => Err(FailureKind::Malformed(format!(
            "the body is {}; expected a JSON object",
            scim::json::kind(&other)
        ))),
    }
}

/// What can be said of any successful answer with a body.
pub(crate) fn oddities(reply: &Reply, expected: u16) -> Vec<Oddity> {
    let mut found = Vec::new();
    if reply.status != expected {
        found.push(Oddity::Status { expected, found: reply.status });
    }
    let kind = reply.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    if !reply.body.is_empty() && !media.eq_ignore_ascii_case("application/scim+json") {
        found.push(Oddity::ContentType(short(kind, 64)));
    }
    found
}

/// The `id` of a resource: a string of sane length. Some servers number their objects.
pub(crate) fn id_of(resource: &Resource, oddities: &mut Vec<Oddity>) -> Result<String, FailureKind> {
    let id = match resource.named("id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => {
            if !oddities.contains(&Oddity::IdNotString) {
                oddities.push(Oddity::IdNotString);
            }
            id.to_string()
        }
        Some(_) => return Err(FailureKind::Malformed("the id of a resource is not a string".to_owned())),
        None => return Err(FailureKind::Malformed("a resource has no id".to_owned())),
    };
    if crate::target::segment(&id).is_err() {
        return Err(FailureKind::Malformed("the id of a resource cannot be used".to_owned()));
    }
    Ok(id)
}

pub(crate) fn object_of(
    reply: &Reply,
    resource: Resource,
    oddities: &mut Vec<Oddity>,
) -> Result<Object, FailureKind> {
    let id = id_of(&resource, oddities)?;
    let version = reply.header(ETAG.as_str()).map(|tag| short(tag, limits::ID_BYTES));
    let version = version.or_else(|| version_of(&resource));
    Ok(Object { id, resource, version })
}

fn version_of(resource: &Resource) -> Option<String> {
    let meta = resource.named("meta")?.as_object()?;
    meta.text("version").map(|tag| short(tag, limits::ID_BYTES))
}

/// The answer must be about the object that was asked for: whose account is this?
pub(crate) fn same_id(asked: &str, object: &Object, oddities: &mut Vec<Oddity>) -> Result<(), FailureKind> {
    if object.id == asked {
        return Ok(());
    }
    if object.id.eq_ignore_ascii_case(asked) {
        oddities.push(Oddity::IdCase(object.id.clone()));
        return Ok(());
    }
    Err(FailureKind::Malformed("it is about another object than the one asked for".to_owned()))
}

/// A ListResponse (RFC 7644 §3.4.2). An answer that is not one is refused: taking it for "no match" would create
/// a second account.
pub(crate) fn page(reply: &Reply, oddities: &mut Vec<Oddity>) -> Result<Page, FailureKind> {
    let malformed = |why: &str| FailureKind::Malformed(why.to_owned());
    let body = object(reply)?;
    let total_results = body.number("totalResults");
    let resources = match body.named("Resources") {
        Some(Value::Array(resources)) => resources.as_slice(),
        // RFC 7644 §3.4.2: may be absent if there are none.
        None if total_results == Some(0) => &[],
        None => return Err(malformed("it is not a ListResponse: it has no Resources")),
        Some(_) => return Err(malformed("Resources is not an array")),
    };
    if resources.len() > limits::PAGE_ITEMS {
        return Err(malformed("a page has too many resources"));
    }
    if total_results.is_none() {
        oddities.push(Oddity::TotalMissing);
    }
    let mut items = Vec::with_capacity(resources.len());
    for resource in resources {
        let Value::Object(resource) = resource else {
            return Err(malformed("Resources has an element that is not an object"));
        };
        let id = id_of(resource, oddities)?;
        let version = version_of(resource);
        items.push(Object { id, resource: resource.clone(), version });
    }
    let next_cursor = match body.text("nextCursor") {
        Some(cursor) if cursor.len() > limits::CURSOR_BYTES => {
            return Err(malformed("nextCursor is too long"));
        }
        cursor => cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned),
    };
    Ok(Page {
        items,
        total_results,
        start_index: body.number("startIndex"),
        items_per_page: body.number("itemsPerPage"),
        next_cursor,
    })
}
