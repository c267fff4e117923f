//! The outermost layer of the Graph tree: who asks. The tenant is that of the key; no address names one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use directory::{AuthError, TenantId};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};

use super::reply::{Failure, broken, client_request_id};
use crate::app::App;
use crate::authenticate::{Client, bearer, failed, limit_tenant};
use crate::request_id::Arrival;
use crate::request_log::{Draft, Facts};

/// Graph's code for 401.
const INVALID_TOKEN: &str = "InvalidAuthenticationToken";

pub(super) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let Some(arrival) = head.extensions.get::<Arrival>().cloned() else {
        return broken();
    };
    let asked_as = client_request_id(&head.headers);
    let client = match identify(&app, &head, &arrival).await {
        Ok(client) => Arc::new(client),
        Err(failure) => {
            if failure.status == StatusCode::UNAUTHORIZED {
                app.metrics.unauthenticated();
            }
            return failure.into_response(&arrival, asked_as.as_deref());
        }
    };
    let mut response = match limit_tenant(&app, &client, &arrival) {
        Ok(()) => {
            head.extensions.insert(client.clone());
            next.run(Request::from_parts(head, body)).await
        }
        Err(refusal) => {
            let failure = Failure::from(refusal);
            note(&app, &client.tenant, (&client.key.key_id, &client.key.key_name), &head, &failure);
            failure.into_response(&arrival, asked_as.as_deref())
        }
    };
    response.extensions_mut().insert(client);
    response
}

async fn identify(app: &App, head: &Parts, arrival: &Arrival) -> Result<Client, Failure> {
    let Some(bearer) = bearer(&head.headers) else {
        return Err(unauthenticated(
            "send an API key: Authorization: Bearer <key>",
            "Bearer realm=\"graph\"",
        ));
    };
    match app.directory.identify_key(bearer, arrival.address).await {
        Ok((tenant, key)) if !key.may_provision() => {
            let failure = insufficient("the API key has no scope for provisioning; it needs PROVISIONING");
            note(app, &tenant, (&key.key_id, &key.key_name), head, &failure);
            Err(failure)
        }
        Ok((tenant, key)) => Ok(Client { tenant, key }),
        // One answer for a key that is malformed and one that is unknown; who fails often is told to wait.
        Err(AuthError::Invalid) => {
            let refusal = failed(app, arrival.address);
            Err(match refusal.status {
                StatusCode::UNAUTHORIZED => invalid("the API key is not valid"),
                _ => refusal.into(),
            })
        }
        // The holder knew the whole key, so the answer may say what became of it.
        Err(AuthError::Expired { .. }) => Err(invalid("the API key has expired; create a new one")),
        Err(AuthError::Revoked { .. }) => Err(invalid("the API key has been revoked; create a new one")),
        Err(AuthError::Failed(error)) => Err(Failure::of_directory(error, &arrival.request_id)),
    }
}

/// RFC 6750 §3.1; without `claims`, upon which Graph's clients would ask for another token.
fn invalid(detail: &'static str) -> Failure {
    unauthenticated(detail, "Bearer realm=\"graph\", error=\"invalid_token\"")
}

fn unauthenticated(detail: &'static str, challenge: &'static str) -> Failure {
    Failure::coded(StatusCode::UNAUTHORIZED, INVALID_TOKEN, detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// RFC 6750 §3.1
pub(super) fn insufficient(detail: &'static str) -> Failure {
    const CHALLENGE: HeaderValue = HeaderValue::from_static(
        "Bearer realm=\"graph\", error=\"insufficient_scope\", scope=\"PROVISIONING\"",
    );
    Failure::new(StatusCode::FORBIDDEN, detail).with(header::WWW_AUTHENTICATE, CHALLENGE)
}

/// Into the tenant's request log, without bodies, which may hold secrets.
pub(super) fn note(app: &App, tenant: &TenantId, key: (&str, &str), head: &Parts, failure: &Failure) {
    let Some(arrival) = head.extensions.get::<Arrival>() else { return };
    app.directory.record_refusal(tenant, Some(key.0), failure.status.as_u16(), || {
        let draft = Draft::new(arrival, Some(key.into()), &head.method, &head.uri, &head.headers);
        draft.finish(Facts::without_bodies(failure.status, &failure.message))
    });
}
