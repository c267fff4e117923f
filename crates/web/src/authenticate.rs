//! The outermost layer of the SCIM tree: who asks. Nothing below it, the answers 404 and 405 included, is reached without a
//! valid API key of the addressed tenant.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use directory::context::network_of;
use directory::{AuthError, Authenticated, TenantId};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::app::App;
use crate::rate_limit::{Rate, RetryAfter};
use crate::request_id::Arrival;
use crate::request_log::{Draft, Facts};
use crate::scim::reply::Refusal;

/// The holder of the key a request came with.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) tenant: TenantId,
    pub(crate) key: Arc<Authenticated>,
}

pub(crate) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    authenticated(app, request, |request| next.run(request)).await
}

/// What `next` answers to the holder of a key of the addressed tenant.
pub(crate) async fn authenticated<F: Future<Output = Response>>(
    app: App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    // The body cannot be shared between threads, so what is looked at while waiting is the head alone.
    let (mut head, body) = request.into_parts();
    let Some(arrival) = head.extensions.get::<Arrival>().cloned() else {
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response();
    };
    let client = match identify(&app, &head, &arrival).await {
        Ok(client) => Arc::new(client),
        Err(refusal) => {
            if refusal.status == StatusCode::UNAUTHORIZED {
                app.metrics.unauthenticated();
            }
            return refusal.into_response();
        }
    };
    let mut response = match limit_tenant(&app, &client, &arrival) {
        Ok(()) => {
            head.extensions.insert(client.clone());
            next(Request::from_parts(head, body)).await
        }
        Err(refusal) => {
            note(&app, &client.tenant, (&client.key.key_id, &client.key.key_name), &head, &refusal);
            refusal.into_response()
        }
    };
    response.extensions_mut().insert(client);
    response
}

async fn identify(app: &App, head: &Parts, arrival: &Arrival) -> Result<Client, Refusal> {
    let Some(bearer) = bearer(&head.headers) else { return Err(missing()) };
    // The tenant is part of what the key is checked against; a path without one is as good as an unknown key.
    let Some(tenant) = tenant(head.uri.path()) else { return Err(failed(app, arrival.address)) };
    match app.directory.verify_key(&tenant, bearer, arrival.address).await {
        Ok(key) if !key.may_read() => {
            let refusal = insufficient("the API key has no scope that allows SCIM; it needs SCIM2");
            note(app, &tenant, (&key.key_id, &key.key_name), head, &refusal);
            Err(refusal)
        }
        Ok(key) => Ok(Client { tenant, key }),
        Err(AuthError::Invalid) => Err(failed(app, arrival.address)),
        Err(AuthError::Expired { key_id, name }) => {
            Err(lapsed(app, &tenant, (&key_id, &name), head, "the API key has expired; create a new one"))
        }
        Err(AuthError::Revoked { key_id, name }) => Err(lapsed(
            app,
            &tenant,
            (&key_id, &name),
            head,
            "the API key has been revoked; create a new one",
        )),
        Err(AuthError::Failed(error)) => Err(Refusal::from_error(error, &arrival.request_id)),
    }
}

/// RFC 6750 §2.1: `Authorization: Bearer …`; the scheme in any case (RFC 9110 §11.1). `None` for any other scheme.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The tenant that a path addresses: `/scim/v2/{tenant}…`.
fn tenant(path: &str) -> Option<TenantId> {
    TenantId::parse(path.strip_prefix("/scim/v2/")?.split('/').next()?)
}

/// RFC 6750 §3: no error code when the request carries no credentials.
fn missing() -> Refusal {
    const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"scim\"");
    Refusal::new(StatusCode::UNAUTHORIZED, "send an API key of this tenant: Authorization: Bearer <key>")
        .with(header::WWW_AUTHENTICATE, CHALLENGE)
}

fn invalid(detail: &'static str) -> Refusal {
    const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"scim\", error=\"invalid_token\"");
    Refusal::new(StatusCode::UNAUTHORIZED, detail).with(header::WWW_AUTHENTICATE, CHALLENGE)
}

/// RFC 6750 §3.1
pub(crate) fn insufficient(detail: &'static str) -> Refusal {
    const CHALLENGE: HeaderValue =
        HeaderValue::from_static("Bearer realm=\"scim\", error=\"insufficient_scope\", scope=\"SCIM2\"");
    Refusal::new(StatusCode::FORBIDDEN, detail).with(header::WWW_AUTHENTICATE, CHALLENGE)
}

/// One answer, to the byte, for a key that is malformed, unknown or of another tenant and for a tenant that is unknown: it tells
/// nothing about which. A client that fails often is told to wait; one with a right key never is, even behind the same address.
pub(crate) fn failed(app: &App, address: Option<IpAddr>) -> Refusal {
    let per_second = app.options.failed_keys;
    let rate = Rate { per_second, burst: per_second.saturating_mul(3) };
    match app.limits.addresses.take(address.map(network_of), rate, app.directory.now()) {
        Ok(()) => invalid("the API key is not valid for this SCIM Base URL"),
        Err(wait) => too_many(wait, "too many requests with a wrong API key from this address"),
    }
}

/// The holder knew the whole key, so the answer may say what became of it, and the tenant's administrator sees it in the log.
fn lapsed(app: &App, tenant: &TenantId, key: (&str, &str), head: &Parts, detail: &'static str) -> Refusal {
    let refusal = invalid(detail);
    note(app, tenant, key, head, &refusal);
    refusal
}

pub(crate) fn limit_tenant(app: &App, client: &Client, arrival: &Arrival) -> Result<(), Refusal> {
    let per_second = client.key.settings.rate_limit.unwrap_or(app.options.rate_limit);
    let rate = Rate { per_second, burst: per_second };
    let taken = app.limits.tenants.take(client.tenant.clone(), rate, arrival.at);
    taken.map_err(|wait| {
        too_many(wait, "this tenant's rate limit is reached; wait and send the request again")
    })
}

fn too_many(RetryAfter(seconds): RetryAfter, detail: &'static str) -> Refusal {
    // RFC 9110 §10.2.3, RFC 6585 §4
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, detail).with(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Into the request log: each one, or, as these come as fast as a client can send them, how many there were.
fn note(app: &App, tenant: &TenantId, key: (&str, &str), head: &Parts, refusal: &Refusal) {
    let Some(arrival) = head.extensions.get::<Arrival>() else { return };
    app.directory.record_refusal(tenant, Some(key.0), refusal.status.as_u16(), || {
        let draft = Draft::new(arrival, Some(key.into()), &head.method, &head.uri, &head.headers);
        draft.finish(Facts::of_refusal(refusal))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_without_case_of_the_scheme() {
        let table = [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER   abc ", Some("abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Basic YWJj", None),
            ("abc", None),
            ("", None),
        ];
        for (value, expect) in table {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(bearer(&headers), expect, "{value:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn the_tenant_is_the_segment_behind_the_version() {
        let id = "019a2f6e-0000-7000-8000-000000000001";
        for path in [format!("/scim/v2/{id}"), format!("/scim/v2/{id}/"), format!("/scim/v2/{id}/Users/x")] {
            assert_eq!(tenant(&path).as_ref().map(AsRef::as_ref), Some(id), "{path}");
        }
        for path in ["/scim", "/scim/v2", "/scim/v2/", "/scim/v2//x", "/scim/v1/x", "/scim/v2/x"] {
            assert_eq!(tenant(path), None, "{path}");
        }
    }
}
