//! What a page gives back: a response, or a failure that is shown in the same shell.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::Markup;

use super::cookie::Cookie;
use super::flash::Flash;
use super::visit::sentence;

/// The result of a page.
pub(crate) type Answer = Result<Response, Failure>;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The thing does not exist in this tenant, or may not be known to exist.
    NotFound,
    /// The role does not allow it; the text says which role does.
    Forbidden(String),
    /// The form did not come from this session's page.
    Csrf,
    BadRequest(String),
    /// The password is asked for again; the page to come back to.
    SignInAgain(String),
    Directory(directory::Error),
    Provisioning(provision::Error),
}

impl From<directory::Error> for Failure {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::NotFound { .. }
            | directory::Error::NoTenant
            | directory::Error::Unknown { .. } => Self::NotFound,
            other => Self::Directory(other),
        }
    }
}

impl From<provision::Error> for Failure {
    fn from(error: provision::Error) -> Self {
        match error {
            provision::Error::NoTenant | provision::Error::Unknown { .. } => Self::NotFound,
            other => Self::Provisioning(other),
        }
    }
}

/// What an error page says.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn told(&self) -> Told {
        let told = |status, title, text: &str| Told { status, title, text: text.to_owned() };
        match self {
            Self::NotFound => told(
                StatusCode::NOT_FOUND,
                "Not found",
                "There is nothing at this address. It may have been deleted, or it belongs to a tenant that you cannot see.",
            ),
            Self::Forbidden(why) => told(StatusCode::FORBIDDEN, "Not allowed", why),
            Self::Csrf => told(
                StatusCode::FORBIDDEN,
                "This form is no longer valid",
                "It was not sent from a page of your present session, so nothing was changed. Go back, reload the page and send it again.",
            ),
            Self::SignInAgain(_) => {
                told(StatusCode::FORBIDDEN, "Confirm your password", "This asks for your password again.")
            }
            Self::BadRequest(why) => told(StatusCode::BAD_REQUEST, "This cannot be read", why),
            Self::Directory(error) => of_directory(error),
            Self::Provisioning(error) => of_provisioning(error),
        }
    }
}

fn of_directory(error: &directory::Error) -> Told {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match error {
        directory::Error::Internal(why) => broken(why),
        directory::Error::VersionMismatch { .. } => Told {
            status,
            title: "Changed by somebody else",
            text: "This was changed since you opened it, so your change was not made. Open it again and repeat your change."
                .to_owned(),
        },
        directory::Error::Forbidden(why) => Told { status, title: "Not allowed", text: why.clone() },
        other => Told { status, title: "This was not done", text: other.to_string() },
    }
}

fn of_provisioning(error: &provision::Error) -> Told {
    match error {
        provision::Error::Internal(why) => broken(why),
        other => Told {
            status: StatusCode::from_u16(other.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            title: "This was not done",
            text: sentence(&other.to_string()),
        },
    }
}

/// The server's own fault: the cause is for its log.
fn broken(why: &str) -> Told {
    tracing::error!(why, "a console page failed");
    Told {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Something went wrong",
        text: "The server could not do this; nothing was changed. The request id below finds the cause in the server's log."
            .to_owned(),
    }
}

/// A page as HTML.
pub(crate) fn html(status: StatusCode, markup: Markup) -> Response {
    (status, Html(markup.into_string())).into_response()
}

/// On to another page of the console (303, so that a reload does not send a form again).
pub(crate) fn redirect(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// On to another page, which says what happened.
pub(crate) fn told(to: &str, https: bool, flash: &Flash) -> Response {
    let mut response = redirect(to);
    if let Some(cookie) = Cookie::Flash.set(&flash.to_cookie(), https) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What every answer of the console carries, so that a browser keeps its pages to itself (ASVS 3.4, 14.3.2).
pub(super) fn secured(mut response: Response, https: bool) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // "no-referrer" would make browsers send "Origin: null" with our own forms, which we check.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
