//! What is sent back: a [`Reply`] with a resource or a list, or a [`Refusal`] (RFC 7644 §3.12).

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use directory::Error;
use http::{HeaderName, HeaderValue, StatusCode, header};
use scim::ScimType;
use scim::quirk::Quirks;
use serde_json::Value;

/// RFC 7644 §3.1
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// A success. The bytes are made once: they are what is sent, and what the request log is made from.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) resource_id: Option<String>,
    pub(crate) quirks: Quirks,
    /// The request log has it: its entry committed with the write.
    pub(crate) recorded: bool,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::text(status, value.to_string())
    }

    /// With a body that is JSON already.
    pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self { body: text.into(), ..Self::empty(status) }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: Bytes::new(),
            etag: None,
            location: None,
            resource_id: None,
            quirks: Quirks::default(),
            recorded: false,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, SCIM_JSON);
        }
        let texts = [(header::ETAG, self.etag), (header::LOCATION, self.location)];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A refusal or a failure, with the sentence that an administrator reads in a provisioning log.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) scim_type: Option<ScimType>,
    pub(crate) detail: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into(), headers: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What went wrong is in the server's log under the same id, and nowhere else.
    pub(crate) fn internal(request_id: &str) -> Self {
        let detail = format!("internal error; the server's log has it under request id {request_id}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    pub(crate) fn timed_out() -> Self {
        let detail =
            "the request took too long; a write may still be carried out, so read before sending it again";
        Self::unavailable(detail)
    }

    pub(crate) fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    pub(crate) fn from_error(error: Error, request_id: &str) -> Self {
        match error {
            Error::Scim(error) => error.into(),
            Error::Internal(why) => {
                tracing::error!(request_id, why, "internal error");
                Self::internal(request_id)
            }
            Error::Busy => Self::unavailable("the server is busy; send the request again in a second"),
            Error::Throttled { retry_after } => {
                let wait = retry_after.max(Duration::from_secs(1)).as_secs();
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
                    .with(header::RETRY_AFTER, HeaderValue::from(wait))
            }
            other => {
                let status =
                    StatusCode::from_u16(other.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self::new(status, other.to_string())
            }
        }
    }

    pub(crate) fn body(&self) -> Value {
        scim::error::body(self.status.as_u16(), self.scim_type, &self.detail)
    }
}

impl From<scim::Error> for Refusal {
    fn from(error: scim::Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, scim_type: Some(error.scim_type), detail: error.detail, headers: Vec::new() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Reply::json(self.status, &self.body()).into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
