//! What went wrong, named: what it means for the request, whether it may pass, and what an administrator can do.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Blocked;
use crate::exchange::Exchange;

/// How far a request had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Resolving the name.
    Resolve,
    /// Opening the connection.
    Connect,
    /// Agreeing on TLS.
    Handshake,
    /// Waiting for the head of the answer; the request has been sent.
    Head,
    /// Reading the body of the answer.
    Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TlsProblem {
    Expired,
    NotYetValid,
    WrongName,
    Untrusted,
    Revoked,
    /// Whatever answered does not speak TLS.
    NotTls,
    Other(String),
}

/// Which of the two servers a target may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    Target,
    /// Where OAuth 2.0 access tokens are had.
    TokenEndpoint,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The request cannot be put into HTTP (an id or header that no encoding can carry).
    Unsendable(String),
    /// Refused by [`crate::address::AddressPolicy`].
    Blocked(Box<Blocked>),
    /// The name has no address, or its servers do not answer.
    Dns(String),
    /// Nothing listens there.
    Refused,
    /// No way to the address.
    Unreachable(String),
    Tls(TlsProblem),
    Timeout(Phase),
    /// The connection ended before the answer did.
    Reset(Phase),
    /// 3xx: never followed, because credentials and personal data would go where nobody has allowed.
    Redirect {
        location: Option<String>,
    },
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404, 410
    NotFound,
    /// 409
    Conflict,
    /// 412
    PreconditionFailed,
    /// 405, 501
    Unsupported,
    /// Any other 4xx
    Rejected,
    /// 429, or a pause that the target asked for earlier
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// 5xx
    ServerError {
        retry_after: Option<Duration>,
    },
    /// An answer that is not SCIM at all: a login page, plain text, a compressed body nobody asked for.
    NotScim(String),
    /// The answer is larger than allowed.
    TooLarge {
        limit: usize,
    },
    /// SCIM by its type, but wrong: broken JSON, no id, another resource's id.
    Malformed(String),
    /// HTTP itself is broken.
    BrokenHttp(String),
}

/// The error message of the target (RFC 7644 §3.12), as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    pub scim_type: Option<String>,
    pub detail: Option<String>,
}

/// A request that did not do what it should, with the evidence.
#[derive(Debug, Clone)]
pub struct Failure {
    pub kind: FailureKind,
    pub place: Place,
    /// The status, when there was an answer.
    pub status: Option<u16>,
    pub message: Option<Box<ErrorMessage>>,
    pub exchange: Option<Box<Exchange>>,
}

impl Failure {
    pub fn new(kind: FailureKind) -> Self {
        Self { kind, place: Place::Target, status: None, message: None, exchange: None }
    }

    #[must_use]
    pub fn with_exchange(mut self, exchange: Exchange) -> Self {
        self.status = self.status.or(exchange.status);
        self.exchange = Some(Box::new(exchange));
        self
    }

    #[must_use]
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Whether the request may have been carried out although it failed: then it is looked up before it is sent again.
    pub fn is_ambiguous(&self) -> bool {
        // At the token endpoint nothing is created, and the request proper was never sent.
        if self.place == Place::TokenEndpoint {
            return false;
        }
        match &self.kind {
            FailureKind::Timeout(phase) | FailureKind::Reset(phase) => {
                matches!(phase, Phase::Head | Phase::Body)
            }
            // A server may fail after it has stored; a proxy may fail after it has passed on.
            FailureKind::ServerError { .. } => true,
            // Something answered with success or with nothing legible.
            FailureKind::NotScim(_) | FailureKind::TooLarge { .. } | FailureKind::Malformed(_) => {
                self.status.is_none_or(|status| (200..300).contains(&status) || status >= 500)
            }
            FailureKind::BrokenHttp(_) => true,
            _ => false,
        }
    }

    /// Whether the same request may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match &self.kind {
            FailureKind::Dns(_)
            | FailureKind::Refused
            | FailureKind::Unreachable(_)
            | FailureKind::Timeout(_)
            | FailureKind::Reset(_)
            | FailureKind::BrokenHttp(_)
            | FailureKind::RateLimited { .. }
            | FailureKind::ServerError { .. } => true,
            // Request Timeout, Too Early
            FailureKind::Rejected => matches!(self.status, Some(408 | 425)),
            _ => false,
        }
    }

    /// Whether every request will fail like this until somebody acts: the job, not the object, is at fault.
    pub fn is_systemic(&self) -> bool {
        self.place == Place::TokenEndpoint && !self.is_transient()
            || matches!(
                self.kind,
                FailureKind::Blocked(_)
                    | FailureKind::Tls(_)
                    | FailureKind::Redirect { .. }
                    | FailureKind::Unauthorized
                    | FailureKind::Forbidden
                    | FailureKind::NotScim(_)
            )
    }

    /// RFC 7644 §3.12 `scimType: uniqueness`, or a 409 that says nothing about itself.
    pub fn is_uniqueness(&self) -> bool {
        let named = self.scim_type().map(|t| t.eq_ignore_ascii_case("uniqueness"));
        self.kind == FailureKind::Conflict && named.unwrap_or(true)
    }

    pub fn scim_type(&self) -> Option<&str> {
        self.message.as_ref()?.scim_type.as_deref()
    }

    /// The target's own words.
    pub fn detail(&self) -> Option<&str> {
        self.message.as_ref()?.detail.as_deref()
    }

    /// What the target asked for, already within one second and one day.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            FailureKind::RateLimited { retry_after } | FailureKind::ServerError { retry_after } => {
                retry_after
            }
            _ => None,
        }
    }

    /// A name that logs and programs can rely on.
    pub fn code(&self) -> &'static str {
        match &self.kind {
            FailureKind::Unsendable(_) => "Unsendable",
            FailureKind::Blocked(_) => "AddressBlocked",
            FailureKind::Dns(_) => "NameNotResolved",
            FailureKind::Refused => "ConnectionRefused",
            FailureKind::Unreachable(_) => "Unreachable",
            FailureKind::Tls(problem) => problem.code(),
            FailureKind::Timeout(Phase::Head | Phase::Body) => "ResponseTimeout",
            FailureKind::Timeout(_) => "ConnectTimeout",
            FailureKind::Reset(_) => "ConnectionReset",
            FailureKind::Redirect { .. } => "Redirected",
            FailureKind::Unauthorized => "Unauthorized",
            FailureKind::Forbidden => "Forbidden",
            FailureKind::NotFound => "NotFound",
            FailureKind::Conflict => "Conflict",
            FailureKind::PreconditionFailed => "PreconditionFailed",
            FailureKind::Unsupported => "NotImplemented",
            FailureKind::Rejected => "Rejected",
            FailureKind::RateLimited { .. } => "TooManyRequests",
            FailureKind::ServerError { .. } => "ServerError",
            FailureKind::NotScim(_) => "NotScim",
            FailureKind::TooLarge { .. } => "ResponseTooLarge",
            FailureKind::Malformed(_) => "BadResponse",
            FailureKind::BrokenHttp(_) => "BrokenHttp",
        }
    }

    /// One sentence: what happened.
    pub fn cause(&self) -> String {
        crate::hint::cause(self)
    }

    /// One sentence: what an administrator can do about it.
    pub fn hint(&self) -> &'static str {
        crate::hint::hint(self)
    }
}

impl TlsProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Expired => "CertificateExpired",
            Self::NotYetValid => "CertificateNotYetValid",
            Self::WrongName => "CertificateWrongName",
            Self::Untrusted => "CertificateUntrusted",
            Self::Revoked => "CertificateRevoked",
            Self::NotTls => "NotTls",
            Self::Other(_) => "TlsFailed",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause())
    }
}

impl std::error::Error for Failure {}
