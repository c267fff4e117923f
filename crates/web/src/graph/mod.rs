//! Microsoft Graph's synchronization API over this product: `/graph/v1.0/…` and `/graph/beta/…`.
//!
//! | to … | see |
//! |---|---|
//! | know every endpoint, who may call it and which query options it has | [`endpoints`] |
//! | follow a request inwards | [`router`] → `authenticate` → `exchange` → the handler |
//! | read a query | `options`, `filter` |
//! | say no as Graph does | [`reply`] |
//!
//! Handlers are thin: what may be done is decided in `provision` and `directory`.

mod assignment;
mod authenticate;
mod credential;
mod delta;
mod directory_object;
mod endpoint;
mod exchange;
mod filter;
mod job;
mod job_change;
mod log;
mod member_delta;
mod object_connection;
mod on_demand;
mod options;
mod principal;
mod property;
mod query;
pub(crate) mod reply;
mod schema;
mod secret;
mod source_attribute;
mod template;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodFilter, on};

use crate::app::App;
use endpoint::Endpoint;
pub(crate) use endpoint::endpoints;

/// Everything under `/graph`, authentication outermost.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in endpoints() {
        let Ok(filter) = MethodFilter::try_from(endpoint.row.method.clone()) else { continue };
        let handler = move |State(app): State<App>, parameters: RawPathParams, request: Request| async move {
            let path = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            exchange::run(app, endpoint, path, request).await
        };
        router = router.route(&endpoint.path, on(filter, handler));
    }
    router
        .method_not_allowed_fallback(|state: State<App>, request: Request| async {
            refuse(state, endpoint::wrong_method(), request).await
        })
        .fallback(|state: State<App>, request: Request| async {
            refuse(state, endpoint::nowhere(), request).await
        })
        .layer(middleware::from_fn_with_state(app.clone(), authenticate::authenticate))
        .with_state(app)
}

async fn refuse(State(app): State<App>, endpoint: &'static Endpoint, request: Request) -> Response {
    exchange::run(app, endpoint, Vec::new(), request).await
}
