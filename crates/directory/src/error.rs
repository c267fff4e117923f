//! Why something was not done.

use std::time::Duration;

use store::Kind;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A refusal with a `scimType`.
    #[error("{0}")]
    Scim(#[from] scim::Error),
    #[error("no {kind} has the id {id}", kind = kind.as_str())]
    NotFound { kind: Kind, id: String },
    /// 412
    #[error(
        "the resource has changed since: its version is now W/\"{current}\"; read it again before writing"
    )]
    VersionMismatch { current: u64 },
    /// 304
    #[error("the resource still has version W/\"{current}\"")]
    NotModified { current: u64 },
    /// 403; the text says what is missing.
    #[error("{0}")]
    Forbidden(String),
    #[error("no such tenant")]
    NoTenant,
    /// Something else that was named does not exist: an API key, an operator, a log entry.
    #[error("no {what} {name}")]
    Unknown { what: &'static str, name: String },
    /// A field of a form or an argument of a command is not acceptable.
    #[error("{field}: {detail}")]
    Invalid { field: &'static str, detail: String },
    /// 429
    #[error("too many attempts; try again in {} seconds", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },
    /// 503: more writes are waiting than can be taken in.
    #[error("the server is busy; try again in a second")]
    Busy,
    /// 500; for the server's log, never for the client.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    pub(crate) fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { field, detail: detail.into() }
    }

    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    pub(crate) fn not_found(kind: Kind, id: &str) -> Self {
        Self::NotFound { kind, id: id.to_owned() }
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Scim(error) => error.status(),
            Self::NotFound { .. } | Self::NoTenant | Self::Unknown { .. } => 404,
            Self::VersionMismatch { .. } => 412,
            Self::NotModified { .. } => 304,
            Self::Forbidden(_) => 403,
            Self::Invalid { .. } => 400,
            Self::Throttled { .. } => 429,
            Self::Busy => 503,
            Self::Internal(_) => 500,
        }
    }
}
