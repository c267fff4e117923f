//! Failures in words: a cause, and what an administrator can do.

use crate::failure::{Failure, FailureKind, Phase, Place, TlsProblem};

pub(crate) fn cause(failure: &Failure) -> String {
    let who = match failure.place {
        Place::Target => "the target",
        Place::TokenEndpoint => "the token endpoint",
    };
    let sentence = sentence(failure, who);
    let mut letters = sentence.chars();
    let capital = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{capital}{}", letters.as_str())
}

fn sentence(failure: &Failure, who: &str) -> String {
    match &failure.kind {
        FailureKind::Unsendable(why) => format!("the request for {who} cannot be sent: {why}."),
        FailureKind::Blocked(blocked) => format!("{blocked}, which this server does not connect to."),
        FailureKind::Dns(why) => format!("the name of {who} could not be resolved: {why}."),
        FailureKind::Refused => format!("{who} refused the connection."),
        FailureKind::Unreachable(why) => format!("{who} cannot be reached: {why}."),
        FailureKind::Tls(problem) => tls(problem, who),
        FailureKind::Timeout(phase) => timeout(*phase, who),
        FailureKind::Reset(Phase::Body) => {
            format!("{who} closed the connection in the middle of its answer.")
        }
        FailureKind::Reset(Phase::Head) => format!("{who} closed the connection without an answer."),
        FailureKind::Reset(_) => format!("{who} closed the connection before anything was sent."),
        FailureKind::Redirect { location: Some(location) } => {
            format!("{who} answered {} and points to {location}.", status(failure))
        }
        FailureKind::Redirect { location: None } => format!("{who} answered {}.", status(failure)),
        FailureKind::RateLimited { .. } if failure.status.is_none() => {
            format!("{who} has asked for a pause that is not over.{}", wait(failure))
        }
        FailureKind::RateLimited { .. } => {
            format!("{who} limits the rate of requests (429).{}{}", wait(failure), words(failure))
        }
        FailureKind::NotScim(what) => format!("{who} answered {} with {what}.", status(failure)),
        FailureKind::TooLarge { limit } => format!("{who} sent an answer of more than {limit} bytes."),
        FailureKind::Malformed(why) => {
            format!("{who} answered {} in a form that cannot be used: {why}.", status(failure))
        }
        FailureKind::BrokenHttp(why) => format!("{who} did not answer in HTTP: {why}."),
        _ => format!("{who} answered {}.{}", status(failure), words(failure)),
    }
}

fn tls(problem: &TlsProblem, who: &str) -> String {
    match problem {
        TlsProblem::Expired => format!("the certificate of {who} has expired."),
        TlsProblem::NotYetValid => format!("the certificate of {who} is not valid yet."),
        TlsProblem::WrongName => format!("the certificate of {who} is for another host name."),
        TlsProblem::Untrusted => {
            format!("the certificate of {who} is not signed by an authority this server trusts.")
        }
        TlsProblem::Revoked => format!("the certificate of {who} has been revoked."),
        TlsProblem::NotTls => format!("{who} does not speak TLS on this port."),
        TlsProblem::Other(why) => format!("no secure connection to {who}: {why}."),
    }
}

fn timeout(phase: Phase, who: &str) -> String {
    match phase {
        Phase::Resolve => format!("the name of {who} was not resolved in time."),
        Phase::Connect => format!("{who} did not accept the connection in time."),
        Phase::Handshake => format!("{who} did not agree on TLS in time."),
        Phase::Head => format!("{who} did not answer in time; the request may have been carried out."),
        Phase::Body => format!("{who} began an answer and did not finish it in time."),
    }
}

fn status(failure: &Failure) -> String {
    let Some(status) = failure.status else { return "nothing".to_owned() };
    let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

fn wait(failure: &Failure) -> String {
    failure.retry_after().map(|w| format!(" It asks to wait {} s.", w.as_secs())).unwrap_or_default()
}

/// The target's own words.
fn words(failure: &Failure) -> String {
    let scim_type = failure.scim_type().map(|t| format!(" ({t})")).unwrap_or_default();
    failure.detail().map(|detail| format!(" It says{scim_type}: \"{detail}\".")).unwrap_or(scim_type)
}

pub(crate) fn hint(failure: &Failure) -> &'static str {
    if failure.place == Place::TokenEndpoint
        && let Some(hint) = token_hint(&failure.kind)
    {
        return hint;
    }
    match &failure.kind {
        FailureKind::Unsendable(_) => "Check the value named in the message.",
        FailureKind::Blocked(_) => {
            "Private addresses are refused by default; the operator of this server can allow this address or host."
        }
        FailureKind::Dns(_) => {
            "Check the host name in the Tenant URL for typing errors, and the DNS of this server."
        }
        FailureKind::Refused => "Check the port in the Tenant URL, and whether the application is running.",
        FailureKind::Unreachable(_) => {
            "Check the network and the firewall between this server and the application."
        }
        FailureKind::Tls(problem) => tls_hint(problem),
        FailureKind::Timeout(Phase::Resolve) => "Check the DNS of this server.",
        FailureKind::Timeout(Phase::Connect | Phase::Handshake) => {
            "Check the host and port in the Tenant URL; a firewall may be dropping the connection."
        }
        FailureKind::Timeout(_) => "The application is slow or overloaded; see its own log for this request.",
        FailureKind::Reset(_) => "See the log of the application or of the proxy in front of it.",
        FailureKind::Redirect { .. } => {
            "Redirects are never followed; enter the final address of the SCIM endpoint as Tenant URL."
        }
        FailureKind::Unauthorized => {
            "The secret token is wrong, expired or revoked; create a new one in the application and enter it."
        }
        FailureKind::Forbidden => {
            "The credentials are accepted but lack a permission; allow them to read and write users and groups."
        }
        FailureKind::NotFound => {
            "Check the path of the Tenant URL; a query without a match must be answered with 200 and an empty list."
        }
        FailureKind::Conflict => {
            "Another object has this unique value; check the matching attributes, or change the value."
        }
        FailureKind::PreconditionFailed => "The object was changed meanwhile; it is read again and retried.",
        FailureKind::Unsupported => {
            "The application does not support this operation; see its documentation for what it supports."
        }
        FailureKind::Rejected => {
            "The application does not accept the request; compare the message with the attribute mappings."
        }
        FailureKind::RateLimited { .. } => {
            "Requests continue by themselves at a lower rate; ask the vendor for a higher limit if it is too slow."
        }
        FailureKind::ServerError { .. } => {
            "The application failed; it is retried, and its own log tells more."
        }
        FailureKind::NotScim(_) => {
            "The Tenant URL leads to something else than a SCIM endpoint, often a login page or a proxy; check its path."
        }
        FailureKind::TooLarge { .. } => {
            "The application ignores paging or attribute selection; report it to its vendor."
        }
        FailureKind::Malformed(_) => {
            "The answer departs from SCIM; run the validator on the endpoint and report it to its vendor."
        }
        FailureKind::BrokenHttp(_) => "Check that the port in the Tenant URL is that of an HTTP server.",
    }
}

fn tls_hint(problem: &TlsProblem) -> &'static str {
    match problem {
        TlsProblem::Expired => "Renew the certificate of the application.",
        TlsProblem::NotYetValid => "Check the clock of this server and the dates of the certificate.",
        TlsProblem::WrongName => {
            "Use the host name that the certificate was issued for, or get a certificate for this one."
        }
        TlsProblem::Untrusted => {
            "If the application has a private certificate authority, add its certificate to the connection; otherwise install the missing intermediate certificates there."
        }
        TlsProblem::Revoked => "Get a new certificate for the application.",
        TlsProblem::NotTls => "Check the port in the Tenant URL; https is usually at 443.",
        TlsProblem::Other(_) => "The application must offer TLS 1.2 or 1.3.",
    }
}

fn token_hint(kind: &FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Unauthorized | FailureKind::Rejected | FailureKind::Forbidden => Some(
            "Check client identifier and client secret, and whether they are sent in the header or in the body.",
        ),
        FailureKind::NotFound | FailureKind::Unsupported | FailureKind::NotScim(_) => {
            Some("Check the address of the token endpoint.")
        }
        FailureKind::Malformed(_) => {
            Some("The token endpoint must answer as RFC 6749 §5.1 says, with an access_token.")
        }
        _ => None,
    }
}
