//! SCIM 2.0 over HTTP (RFC 7644): `/scim/v2/{tenant}/…`.
//!
//! [`ENDPOINTS`] is the whole of it: the router is built from this table, and each endpoint's access class is what is enforced.

pub(crate) mod body;
mod discovery;
mod endpoint;
pub(crate) mod exchange;
pub(crate) mod media;
pub(crate) mod parameters;
pub(crate) mod reply;
mod resource;
mod search;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::app::App;
pub(crate) use endpoint::ENDPOINTS;
use endpoint::Endpoint;

/// Everything under `/scim`, authentication outermost.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in ENDPOINTS {
        let Ok(filter) = MethodFilter::try_from(endpoint.method.clone()) else { continue };
        let handler = move |State(app): State<App>, parameters: RawPathParams, request: Request| async move {
            let id = parameters.iter().find_map(|(name, value)| (name == "id").then(|| value.to_owned()));
            exchange::run(app, endpoint, id, request).await
        };
        router = router.route(endpoint.path, on(filter, handler));
    }
    router
        .method_not_allowed_fallback(|state: State<App>, request: Request| async {
            refuse(state, &endpoint::WRONG_METHOD, request).await
        })
        .fallback(|state: State<App>, request: Request| async {
            refuse(state, &endpoint::NOWHERE, request).await
        })
        .layer(middleware::from_fn_with_state(app.clone(), crate::authenticate::authenticate))
        .with_state(app)
}

/// What is asked most is answered without the router, which would say the same: a resource or a list in plain spelling.
/// `None` for all else.
pub(crate) fn direct<'a>(method: &Method, path: &'a str) -> Option<(&'static Endpoint, Option<&'a str>)> {
    let (tenant, rest) = path.strip_prefix("/scim/v2/")?.split_once('/')?;
    let (kind, id) = rest.split_once('/').map_or((rest, None), |(kind, id)| (kind, Some(id)));
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '%']);
    if !is_plain(tenant) || !id.is_none_or(is_plain) {
        return None;
    }
    let template = match (kind, id) {
        ("Users", Some(_)) => endpoint::USER,
        ("Users", None) => endpoint::USERS,
        ("Groups", Some(_)) => endpoint::GROUP,
        ("Groups", None) => endpoint::GROUPS,
        _ => return None,
    };
    let endpoint = ENDPOINTS.iter().find(|e| e.path == template && e.method == *method)?;
    Some((endpoint, id))
}

/// The request that [`direct`] found the endpoint of.
pub(crate) async fn answer(
    app: App,
    (endpoint, id): (&'static Endpoint, Option<String>),
    request: Request,
) -> Response {
    let next = |request| exchange::run(app.clone(), endpoint, id, request);
    crate::authenticate::authenticated(app.clone(), request, next).await
}

async fn refuse(State(app): State<App>, endpoint: &'static Endpoint, request: Request) -> Response {
    exchange::run(app, endpoint, None, request).await
}
