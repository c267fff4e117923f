//! Why something was not done.

use scim_client::Failure;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("no such tenant")]
    NoTenant,
    #[error("no {what} {name}")]
    Unknown { what: &'static str, name: String },
    /// A field is not acceptable.
    #[error("{field}: {detail}")]
    Invalid { field: &'static str, detail: String },
    /// It does not fit the state of things: somebody else changed it, a cycle runs, a test has not passed.
    #[error("{0}")]
    Conflict(String),
    /// The target, or the way to it.
    #[error("{}", .0.cause())]
    Target(Box<Failure>),
    #[error("the server is busy; try again in a second")]
    Busy,
    /// More often than allowed.
    #[error("{0}")]
    TooOften(String),
    /// For the server's log, never for the client.
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

    pub(crate) fn unknown(what: &'static str, name: impl Into<String>) -> Self {
        Self::Unknown { what, name: name.into() }
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoTenant | Self::Unknown { .. } => 404,
            Self::Invalid { .. } => 400,
            Self::Conflict(_) => 409,
            Self::TooOften(_) => 429,
            Self::Target(_) => 502,
            Self::Busy => 503,
            Self::Internal(_) => 500,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NoTenant => Self::NoTenant,
            store::Error::Busy => Self::Busy,
            store::Error::Away(why) => {
                tracing::error!(why, "the database cannot be reached");
                Self::Busy
            }
            other => Self::internal(other),
        }
    }
}

impl From<directory::Error> for Error {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::NoTenant => Self::NoTenant,
            directory::Error::Busy => Self::Busy,
            directory::Error::NotFound { kind, id } => Self::unknown(kind.as_str(), id),
            directory::Error::Unknown { what, name } => Self::unknown(what, name),
            directory::Error::Invalid { field, detail } => Self::invalid(field, detail),
            other => Self::internal(other),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Target(Box::new(failure))
    }
}
