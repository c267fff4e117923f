//! What a caller is told when a request cannot be carried out (RFC 7644 §3.12).

use serde_json::{Value, json};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The `scimType` keywords of RFC 7644 §3.12 and RFC 9865 §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimType {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
    InvalidVers,
    Sensitive,
    /// RFC 9865 §2.2: the cursor is not one of ours, or belongs to another query.
    InvalidCursor,
    /// RFC 9865 §2.2
    ExpiredCursor,
    /// RFC 9865 §2.2
    InvalidCount,
}

impl ScimType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }

    /// RFC 7644 §3.12: `uniqueness` is 409, `sensitive` 403, everything else here 400.
    pub fn status(self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            Self::Sensitive => 403,
            _ => 400,
        }
    }
}

/// A refusal: the keyword, and a sentence for the administrator who reads it in a provisioning log.
///
/// The sentence names the attribute and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    pub scim_type: ScimType,
    pub detail: String,
}

impl Error {
    pub fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { scim_type, detail: detail.into() }
    }

    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(ScimType::NoTarget, detail)
    }

    pub fn status(&self) -> u16 {
        self.scim_type.status()
    }

    pub fn body(&self) -> Value {
        body(self.status(), Some(self.scim_type), &self.detail)
    }

    /// The same error with the place it happened in front: `Operations[2]: …`.
    #[must_use]
    pub fn at(mut self, place: impl std::fmt::Display) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }
}

/// The error message body of RFC 7644 §3.12; `status` is a string there.
pub fn body(status: u16, scim_type: Option<ScimType>, detail: &str) -> Value {
    let mut body = json!({ "schemas": [crate::urn::ERROR], "status": status.to_string() });
    if let Some(scim_type) = scim_type {
        body["scimType"] = scim_type.as_str().into();
    }
    body["detail"] = detail.into();
    body
}
