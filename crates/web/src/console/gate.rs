//! The way in: session, then CSRF, then tenant, then role, and only then the page.
//!
//! Every endpoint of the table passes through [`serve`]; there is no other way to a page.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::response::Response;
use directory::{Permission, Tenant, TenantId};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};

use super::answer::{self, Failure};
use super::cookie::Cookie;
use super::fields::Fields;
use super::flash::Flash;
use super::link;
use super::page;
use super::table::{Endpoint, Need, Run};
use super::visit::{Desk, Guest, Visit};
use crate::client_address::{Peer, client_address};
use crate::{App, RequestId};

/// Answer one request to an endpoint.
pub(super) async fn serve(app: App, endpoint: &'static Endpoint, request: Request) -> Response {
    let https = app.directory.public_url().is_https();
    let response = match guest(app, request).await {
        Ok(guest) => {
            let flash = endpoint.method == Method::GET && guest.flash.is_some();
            let mut response = Box::pin(admit(endpoint, guest)).await;
            // It has been shown; a redirect on the way to the page that shows it keeps it.
            if flash && !response.status().is_redirection() {
                clear(&mut response, Cookie::Flash, https);
            }
            response
        }
        Err(status) => page::failure::plain(status),
    };
    answer::secured(response, https)
}

/// A path that no endpoint has: the console's 404, in the shell for those who are signed in.
pub(super) async fn not_found(State(app): State<App>, request: Request) -> Response {
    let https = app.directory.public_url().is_https();
    let response = match guest(app, request).await {
        Ok(guest) => match sign_in(guest).await {
            Ok(visit) => page::failure::page(&visit, None, &Failure::NotFound),
            Err(_) => page::failure::plain(StatusCode::NOT_FOUND),
        },
        Err(status) => page::failure::plain(status),
    };
    answer::secured(response, https)
}

fn clear(response: &mut Response, cookie: Cookie, https: bool) {
    if let Some(value) = cookie.clear(https) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

async fn guest(app: App, request: Request) -> Result<Guest, StatusCode> {
    let (mut head, body) = request.into_parts();
    let query = Fields::of_query(&head.uri).ok_or(StatusCode::BAD_REQUEST)?;
    let parameters = parameters(&mut head).await?;
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0.ip());
    let https = app.directory.public_url().is_https();
    let mut guest = Guest {
        method: head.method.clone(),
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        query,
        form: Fields::default(),
        parameters,
        request_id: head
            .extensions
            .get::<RequestId>()
            .map_or_else(|| app.directory.request_id(), |id| id.0.clone()),
        address: client_address(peer, &head.headers, &app.options.trusted_proxies),
        flash: Cookie::Flash.read(&head.headers, https).and_then(|value| Flash::from_cookie(&value)),
        htmx: head.headers.contains_key("hx-request"),
        now: app.directory.now(),
        headers: head.headers.clone(),
        app,
    };
    if head.method == Method::POST {
        guest.form = Fields::of_form(Request::from_parts(head, body)).await?;
    }
    Ok(guest)
}

async fn parameters(head: &mut Parts) -> Result<Vec<(String, String)>, StatusCode> {
    match RawPathParams::from_request_parts(head, &()).await {
        Ok(found) => Ok(found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()),
        Err(_) => Err(StatusCode::NOT_FOUND),
    }
}

async fn admit(endpoint: &'static Endpoint, guest: Guest) -> Response {
    let post = endpoint.method == Method::POST;
    if post && !same_origin(&guest) {
        return page::failure::page_for_guest(&guest, &Failure::Csrf);
    }
    let run = match endpoint.run {
        Run::Open(run) => {
            if post && !form_token_matches(&guest) {
                return page::failure::page_for_guest(&guest, &Failure::Csrf);
            }
            let guest = Arc::new(guest);
            let shown = run(Arc::clone(&guest)).await;
            return shown.unwrap_or_else(|failure| page::failure::page_for_guest(&guest, &failure));
        }
        ref run => run,
    };
    let visit = match sign_in(guest).await {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    if post && !visit.app.directory.csrf_matches(&visit.token, visit.form.raw("csrf")) {
        return page::failure::page(&visit, None, &Failure::Csrf);
    }
    match run {
        Run::Open(_) => page::failure::plain(StatusCode::NOT_FOUND),
        Run::Visit(run) => {
            let visit = Arc::new(visit);
            let shown = run(Arc::clone(&visit)).await;
            shown.unwrap_or_else(|failure| page::failure::page(&visit, None, &failure))
        }
        Run::Desk(need, run) => at_desk(*need, *run, visit).await,
    }
}

/// Find the tenant among those the operator may see (one that exists and one that does not look the same from outside),
/// ask for the role, and run the page.
async fn at_desk(need: Need, run: super::table::DeskPage, visit: Visit) -> Response {
    let named = TenantId::parse(visit.parameter("tenant"));
    let found = named.and_then(|id| visit.tenants.iter().find(|tenant| tenant.id == id).cloned());
    let Some(tenant) = found else { return page::failure::page(&visit, None, &Failure::NotFound) };
    remember(&visit, &tenant).await;
    let desk = Desk { visit, tenant };
    if let Err(failure) = allowed(need, &desk) {
        return page::failure::page(&desk.visit, Some(&desk.tenant), &failure);
    }
    let desk = Arc::new(desk);
    match run(Arc::clone(&desk)).await {
        Ok(response) => response,
        Err(failure) => page::failure::page(&desk.visit, Some(&desk.tenant), &failure),
    }
}

/// The tenant looked at last is opened at the next sign-in. Not worth an error.
async fn remember(visit: &Visit, tenant: &Tenant) {
    if visit.session.tenant.as_ref() != Some(&tenant.id) {
        let kept = visit.app.directory.select_tenant(&visit.token, Some(tenant.id.clone())).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "the selected tenant was not remembered");
        }
    }
}

fn allowed(need: Need, desk: &Desk) -> Result<(), Failure> {
    let (permission, may) = match need {
        Need::InTenant(permission) => (permission, desk.may(permission)),
        Need::Everywhere(permission) => (permission, desk.may_everywhere(permission)),
    };
    if may { Ok(()) } else { Err(Failure::Forbidden(refusal(permission).to_owned())) }
}

/// Which role is missing.
pub(super) fn refusal(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "Your roles do not include this tenant. A Global Administrator can grant one.",
        Permission::ManageDirectory => {
            "Changing users and groups takes the role Application Administrator or Tenant Administrator in this tenant."
        }
        Permission::ManageKeys | Permission::ManageSettings => {
            "This takes the role Tenant Administrator in this tenant."
        }
        Permission::ManageApplications => "This takes the role Application Administrator in this tenant.",
        Permission::ManageTenants | Permission::ManageOperators => {
            "This takes the role Global Administrator."
        }
    }
}

/// The session of the cookie, or the way to the sign-in page and back.
async fn sign_in(guest: Guest) -> Result<Visit, Box<Response>> {
    let Some(token) = guest.cookie(Cookie::Session) else { return Err(Box::new(to_sign_in(&guest))) };
    let session = match guest.app.directory.session(&token).await {
        Ok(Some(session)) => session,
        Ok(None) => {
            let mut response = to_sign_in(&guest);
            clear(&mut response, Cookie::Session, guest.https());
            return Err(Box::new(response));
        }
        Err(error) => return Err(Box::new(page::failure::page_for_guest(&guest, &error.into()))),
    };
    let mut tenants = match guest.app.directory.tenants().await {
        Ok(tenants) => tenants,
        Err(error) => return Err(Box::new(page::failure::page_for_guest(&guest, &error.into()))),
    };
    tenants.retain(|tenant| session.operator.may(Permission::Read, &tenant.id));
    tenants.sort_by_key(|tenant| tenant.name.to_lowercase());
    Ok(Visit { guest, session, token, tenants })
}

fn to_sign_in(guest: &Guest) -> Response {
    // What a form was about is lost with its session, and its address need not have a page to come back to.
    let next =
        Some(guest.path.as_str()).filter(|path| guest.method == Method::GET && path.starts_with("/t/"));
    let to = match next.and_then(safe_next) {
        Some(next) => format!("/sign-in?next={}", link::encoded(next)),
        None => "/sign-in".to_owned(),
    };
    let mut response = answer::redirect(&to);
    if guest.htmx {
        // A redirect would be followed inside the page; this one changes the page.
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().remove(header::LOCATION);
        if let Ok(to) = HeaderValue::from_str(&to) {
            response.headers_mut().insert("hx-redirect", to);
        }
    }
    response
}

/// A path of this console; never another site (`//host`, `/\host`), never a control character.
pub(super) fn safe_next(next: &str) -> Option<&str> {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    (local && !next.chars().any(char::is_control)).then_some(next)
}

/// A browser says where a form comes from: `Sec-Fetch-Site` on secure origins, `Origin` everywhere. A POST that says
/// neither is none of ours (ASVS 3.5.1).
fn same_origin(guest: &Guest) -> bool {
    if let Some(site) = guest.headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = guest.headers.get(header::ORIGIN).and_then(text) else { return false };
    let host = guest.headers.get(header::HOST).and_then(text).unwrap_or_default();
    let of_host = origin.split_once("://").is_some_and(|(_, rest)| !host.is_empty() && rest == host);
    of_host || origin == guest.app.directory.public_url().origin()
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

/// Before there is a session: the form's token belongs to the cookie that was set with the form.
fn form_token_matches(guest: &Guest) -> bool {
    let cookie = guest.cookie(Cookie::Form);
    cookie.is_some_and(|cookie| guest.app.directory.csrf_matches(&cookie, guest.form.raw("csrf")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_console_are_returned_to() {
        for next in ["/t/1/users?q=a", "/", "/t/1/users?next=//x"] {
            assert_eq!(safe_next(next), Some(next));
        }
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "", "t/1", "/t\n"] {
            assert_eq!(safe_next(next), None, "{next}");
        }
    }
}
