//! What is sent back: a [`Reply`], or a [`Failure`] in Graph's error body.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::request_id::Arrival;
use crate::scim::reply::Refusal;

/// Graph's clients parse nothing else.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// Characters of a `client-request-id` that are repeated.
const CLIENT_REQUEST_ID_CHARS: usize = 64;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// `None`: no body.
    pub(crate) value: Option<Value>,
}

impl Reply {
    pub(crate) fn json(value: Value) -> Self {
        Self { status: StatusCode::OK, value: Some(value) }
    }

    pub(crate) fn created(value: Value) -> Self {
        Self { status: StatusCode::CREATED, value: Some(value) }
    }

    pub(crate) fn list(values: Vec<Value>) -> Self {
        Self::json(json!({ "value": values }))
    }

    pub(crate) fn done() -> Self {
        Self { status: StatusCode::NO_CONTENT, value: None }
    }

    pub(crate) fn into_response(self, arrival: &Arrival, asked_as: Option<&str>) -> Response {
        respond(self.status, self.value.as_ref(), arrival, asked_as)
    }
}

/// A refusal, or a failure.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// Graph's name for it.
    pub(crate) code: String,
    pub(crate) message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::coded(status, code(status), message)
    }

    pub(crate) fn coded(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), headers: Vec::new() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn missing(what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no {what} {id}"))
    }

    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn of_directory(error: directory::Error, request_id: &str) -> Self {
        Refusal::from_error(error, request_id).into()
    }

    pub(crate) fn of_provisioning(error: provision::Error, request_id: &str) -> Self {
        use provision::Error;
        match error {
            Error::Internal(why) => {
                tracing::error!(request_id, why, "internal error");
                Refusal::internal(request_id).into()
            }
            Error::Busy => {
                Refusal::unavailable("the server is busy; send the request again in a second").into()
            }
            Error::TooOften(why) => Self::new(StatusCode::TOO_MANY_REQUESTS, why)
                .with(header::RETRY_AFTER, HeaderValue::from_static("10")),
            Error::Target(failure) => {
                let message = format!("{} {}", failure.cause(), failure.hint());
                Self::coded(StatusCode::BAD_REQUEST, failure.code(), message.trim_end())
            }
            other => {
                let status =
                    StatusCode::from_u16(other.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self::new(status, other.to_string())
            }
        }
    }

    pub(crate) fn into_response(self, arrival: &Arrival, asked_as: Option<&str>) -> Response {
        let asked = asked_as.unwrap_or(&arrival.request_id);
        let body = json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": graph_date(arrival.at),
                "request-id": arrival.request_id,
                "client-request-id": asked,
            },
        }});
        let mut response = respond(self.status, Some(&body), arrival, asked_as);
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, detail, headers, .. } = refusal;
        Self { headers, ..Self::new(status, detail) }
    }
}

impl From<scim::Error> for Failure {
    fn from(error: scim::Error) -> Self {
        Refusal::from(error).into()
    }
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "Request_BadRequest",
        StatusCode::UNAUTHORIZED => "InvalidAuthenticationToken",
        StatusCode::FORBIDDEN => "Authorization_RequestDenied",
        StatusCode::NOT_FOUND => "Request_ResourceNotFound",
        StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
        StatusCode::REQUEST_TIMEOUT => "RequestTimeout",
        StatusCode::CONFLICT => "Request_Conflict",
        StatusCode::GONE => "syncStateNotFound",
        StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLarge",
        StatusCode::URI_TOO_LONG => "UriTooLong",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaType",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::NOT_IMPLEMENTED => "NotImplemented",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "InternalServerError",
    }
}

/// Graph writes it without a zone; it is UTC.
fn graph_date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// For a request that lacks what every request has been given: nothing is answered.
pub(crate) fn broken() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// What the client calls its request, as far as it can be repeated safely.
pub(crate) fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CLIENT_REQUEST_ID)?.to_str().ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain && !text.is_empty() && text.len() <= CLIENT_REQUEST_ID_CHARS).then(|| text.to_owned())
}

fn respond(status: StatusCode, value: Option<&Value>, arrival: &Arrival, asked_as: Option<&str>) -> Response {
    let mut response = Response::new(value.map_or_else(Body::empty, |value| Body::from(value.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if value.is_some() {
        headers.insert(header::CONTENT_TYPE, JSON);
    }
    for (name, text) in [(REQUEST_ID, Some(arrival.request_id.as_str())), (CLIENT_REQUEST_ID, asked_as)] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    response
}
