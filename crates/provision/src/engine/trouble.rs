//! Why an object could not be done, in Entra's codes and in words for the administrator who has to act.

use jiff::SignedDuration;
use scim_client::{Failure, FailureKind, Phase, Place};

use super::run::Walked;
use crate::escrow::{self, Escrow};
use crate::plan::FailureCode;

/// What an object is held for.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// As in Entra's provisioning logs.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What can be done about it.
    pub(crate) hint: Option<String>,
    /// It is about a manager or a member, not about the object itself.
    pub(crate) reference: bool,
    pub(crate) wait: Wait,
    pub(crate) failure: Option<Box<Failure>>,
}

/// When it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// At growing gaps; at least as long as the target asked for.
    Growing(Option<SignedDuration>),
    /// After a moment, or longer if the target asked for it, and no longer each time: it has too much to do just now.
    Steady(Option<SignedDuration>),
    /// After so long, because time alone settles it.
    Just(SignedDuration),
}

/// What the target was asked when it failed: the same status means different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Search,
    Object,
}

/// How long a target that throttles is left alone if it does not say.
const MOMENT: SignedDuration = SignedDuration::from_secs(30);

const INCOMPATIBLE: &str = "SystemForCrossDomainIdentityManagementServiceIncompatible";
const BAD_RESPONSE: &str = "SystemForCrossDomainIdentityManagementBadResponse";

impl Trouble {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            hint: None,
            reference: false,
            wait: Wait::Growing(None),
            failure: None,
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn after(mut self, wait: SignedDuration) -> Self {
        self.wait = Wait::Just(wait);
        self
    }

    #[must_use]
    pub(crate) fn of_reference(mut self) -> Self {
        self.reference = true;
        self
    }

    /// The target does not answer as SCIM asks.
    pub(crate) fn incompatible(message: impl Into<String>) -> Self {
        Self::new(INCOMPATIBLE, message).hint(
            "Run the validator on the endpoint and report what it finds to the vendor of the application.",
        )
    }

    pub(crate) fn bad_response(message: impl Into<String>) -> Self {
        Self::new(BAD_RESPONSE, message)
            .hint("Nothing was linked or changed. Report the exchange to the vendor of the application.")
    }

    pub(crate) fn decided(code: FailureCode, message: &str) -> Self {
        let trouble = Self::new(format!("{code:?}"), message);
        match remedy(code) {
            Some(hint) => trouble.hint(hint),
            None => trouble,
        }
    }

    pub(crate) fn target(failure: Failure, asked: Asked) -> Self {
        let wait = failure.retry_after().and_then(|wait| SignedDuration::try_from(wait).ok());
        Self {
            code: code(&failure, asked).to_owned(),
            message: failure.cause(),
            hint: Some(failure.hint().to_owned()),
            reference: false,
            wait: match failure.kind {
                FailureKind::RateLimited { .. } => Wait::Steady(wait),
                _ => Wait::Growing(wait),
            },
            failure: Some(Box::new(failure)),
        }
    }

    /// What became of the object with it.
    pub(crate) fn held(&self) -> Walked {
        match self.wait {
            Wait::Steady(_) => Walked::Throttled,
            _ => Walked::Held { reference: self.reference },
        }
    }

    /// Every request will fail like this.
    pub(crate) fn systemic(&self) -> Option<&Failure> {
        self.failure.as_deref().filter(|failure| failure.is_systemic())
    }

    pub(crate) fn escrow(
        &self,
        before: Option<&Escrow>,
        interval: SignedDuration,
        now: jiff::Timestamp,
    ) -> Escrow {
        let retry_after = match self.wait {
            Wait::Growing(asked) | Wait::Steady(asked) => asked,
            Wait::Just(_) => None,
        };
        let failure = escrow::Failure {
            code: &self.code,
            message: &self.message,
            reference: self.reference,
            retry_after,
        };
        let escrow = Escrow::after(before, &failure, interval, now);
        match self.wait {
            Wait::Growing(_) => escrow,
            Wait::Steady(_) => {
                let moment = interval.min(MOMENT);
                Escrow { next_try: Escrow::after(None, &failure, moment, now).next_try, ..escrow }
            }
            Wait::Just(wait) => {
                Escrow { next_try: now.checked_add(wait).unwrap_or(jiff::Timestamp::MAX), ..escrow }
            }
        }
    }
}

fn remedy(code: FailureCode) -> Option<&'static str> {
    Some(match code {
        FailureCode::InvalidAnchor => {
            "Restore the object at the target, or restart provisioning with Full so that it is matched anew."
        }
        FailureCode::DuplicateTargetEntries => {
            "Remove the duplicates at the target, or match by an attribute that is unique there."
        }
        FailureCode::DuplicateSourceEntries => {
            "Give the two objects of the directory different values of the matching attribute, or unassign one."
        }
        FailureCode::EntryConflict => {
            "Check the matching attributes, or change the value that is taken at the target."
        }
        FailureCode::MissingValues => "Give the object a value for a matching attribute.",
        FailureCode::MappingFailed => "Correct the attribute mapping, or the value in the directory.",
        FailureCode::InternalError => return None,
    })
}

fn code(failure: &Failure, asked: Asked) -> &'static str {
    if failure.place == Place::TokenEndpoint {
        return "CredentialValidationUnavailable";
    }
    match &failure.kind {
        FailureKind::Unauthorized => "SystemForCrossDomainIdentityManagementInvalidCredentials",
        FailureKind::Forbidden => "InsufficientRights",
        FailureKind::NotFound if asked == Asked::Search => INCOMPATIBLE,
        FailureKind::NotFound => "InvalidAnchor",
        FailureKind::Conflict => "EntryConflict",
        FailureKind::RateLimited { .. } => "TooManyRequests",
        FailureKind::ServerError { .. } => "InternalServerError",
        FailureKind::Timeout(Phase::Head | Phase::Body) => "Timeout",
        FailureKind::Unsupported if failure.status == Some(405) => "MethodNotAllowed",
        FailureKind::Unsupported => "NotImplemented",
        FailureKind::Rejected | FailureKind::PreconditionFailed | FailureKind::Unsendable(_) => {
            "UnprocessableEntity"
        }
        FailureKind::Malformed(_) | FailureKind::TooLarge { .. } | FailureKind::NotScim(_) => BAD_RESPONSE,
        FailureKind::BrokenHttp(_) | FailureKind::Redirect { .. } => "WebExceptionProtocolError",
        FailureKind::Blocked(_)
        | FailureKind::Dns(_)
        | FailureKind::Refused
        | FailureKind::Unreachable(_)
        | FailureKind::Tls(_)
        | FailureKind::Timeout(_)
        | FailureKind::Reset(_) => "WebException",
    }
}
