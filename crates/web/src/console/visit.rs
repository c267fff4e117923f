//! What a page is given: the request, then who is signed in, then the tenant they are in. Each holds the one before.

use std::net::IpAddr;
use std::ops::Deref;

use directory::{Caller, Context, Permission, Session, Tenant};
use http::HeaderMap;
use jiff::Timestamp;

use super::answer::{self, Answer, Failure};
use super::cookie::Cookie;
use super::fields::Fields;
use super::flash::Flash;
use crate::App;

/// A request from anybody.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) app: App,
    pub(crate) method: http::Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) query: Fields,
    pub(crate) form: Fields,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) request_id: String,
    pub(crate) address: Option<IpAddr>,
    pub(crate) flash: Option<Flash>,
    /// Asked for by htmx: a part of the page is enough, and the URL is to be the list's own.
    pub(crate) htmx: bool,
    pub(crate) now: Timestamp,
    pub(super) headers: HeaderMap,
}

impl Guest {
    pub(crate) fn https(&self) -> bool {
        self.app.directory.public_url().is_https()
    }

    pub(super) fn cookie(&self, cookie: Cookie) -> Option<String> {
        cookie.read(&self.headers, self.https())
    }

    /// A part of the path by its name in the route.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// A request from a signed-in operator.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) guest: Guest,
    pub(crate) session: Session,
    /// The cookie's value.
    pub(super) token: String,
    /// The tenants this operator may see, by name.
    pub(crate) tenants: Vec<Tenant>,
}

impl Deref for Visit {
    type Target = Guest;

    fn deref(&self) -> &Guest {
        &self.guest
    }
}

impl Visit {
    pub(crate) fn csrf(&self) -> &str {
        &self.session.csrf
    }

    pub(crate) fn caller(&self) -> Caller {
        self.session.caller(&*self.request_id, self.address)
    }

    /// The tenants in which the operator may do this.
    pub(crate) fn tenants_where(&self, permission: Permission) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().filter(move |tenant| self.session.operator.may(permission, &tenant.id))
    }

    pub(crate) fn may_everywhere(&self, permission: Permission) -> bool {
        self.session.operator.may_everywhere(permission)
    }

    /// The tenant to open when none is named: the one looked at last, or the first.
    pub(crate) fn usual_tenant(&self) -> Option<&Tenant> {
        let last = self.session.tenant.as_ref();
        self.tenants.iter().find(|tenant| Some(&tenant.id) == last).or(self.tenants.first())
    }
}

/// A request from an operator at work in a tenant that they may see.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) visit: Visit,
    pub(crate) tenant: Tenant,
}

impl Deref for Desk {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Desk {
    /// The URL of a page of this tenant: `users/new`.
    pub(crate) fn url(&self, path: &str) -> String {
        match path {
            "" => format!("/t/{}", self.tenant.id),
            path => format!("/t/{}/{path}", self.tenant.id),
        }
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.session.operator.may(permission, &self.tenant.id)
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(self.tenant.id.clone(), self.caller())
    }

    /// Back to a page of this tenant, with a message.
    pub(crate) fn done(&self, path: &str, text: impl Into<String>) -> Answer {
        Ok(answer::told(&self.url(path), self.https(), &Flash::ok(text)))
    }

    /// Back to a page of this tenant, with a message that nothing was done.
    pub(crate) fn not_done(&self, path: &str, why: impl Into<String>) -> Answer {
        Ok(answer::told(&self.url(path), self.https(), &Flash::bad(why)))
    }

    /// What makes a secret or changes who may do what asks for the password again when it was given long ago
    /// (ASVS 7.5.1). `next` is the page to come back to.
    pub(crate) fn signed_in_lately(&self, next: &str) -> Result<(), Failure> {
        if self.session.recent { Ok(()) } else { Err(Failure::SignInAgain(next.to_owned())) }
    }

    /// Back to a page of this tenant, saying why something was not done; other errors are pages of their own.
    pub(crate) fn refused(&self, path: &str, error: directory::Error) -> Answer {
        match explained(&error) {
            Some(text) => Ok(answer::told(&self.url(path), self.https(), &Flash::bad(text))),
            None => Err(Failure::from(error)),
        }
    }

    /// The same for the provisioning service.
    pub(crate) fn declined(&self, path: &str, error: provision::Error) -> Answer {
        match told(&error) {
            Some(text) => Ok(answer::told(&self.url(path), self.https(), &Flash::bad(text))),
            None => Err(Failure::from(error)),
        }
    }
}

/// An error that is the operator's to mend, in words.
pub(crate) fn explained(error: &directory::Error) -> Option<String> {
    match error {
        directory::Error::Scim(error) => Some(error.detail.clone()),
        directory::Error::Invalid { detail, .. } => Some(sentence(detail)),
        directory::Error::Forbidden(why) => Some(sentence(why)),
        directory::Error::Busy | directory::Error::Throttled { .. } => Some(sentence(&error.to_string())),
        directory::Error::VersionMismatch { .. } => {
            Some("It was changed by somebody else since you opened this page. Look at it again and repeat your change.".to_owned())
        }
        _ => None,
    }
}

/// The same for the provisioning service.
pub(crate) fn told(error: &provision::Error) -> Option<String> {
    match error {
        provision::Error::Invalid { detail, .. } => Some(stopped(detail)),
        provision::Error::Conflict(_)
        | provision::Error::TooOften(_)
        | provision::Error::Target(_)
        | provision::Error::Busy => Some(stopped(&error.to_string())),
        _ => None,
    }
}

/// A message that begins one on a page.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The same with its full stop: a message that stands by itself.
pub(crate) fn stopped(text: &str) -> String {
    let text = sentence(text.trim());
    if text.is_empty() || text.ends_with(['.', '!', '?', ':', ')']) { text } else { text + "." }
}
