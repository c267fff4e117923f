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

async fn refuse(State(app): State<App>, endpoint: &'static Endpoint, request: Request) -> Response {
    exchange::run(app, endpoint, None, request).await
}
