//! For the machinery around the server: is it alive, can it work, what has it done.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::{StatusCode, header};

use crate::app::App;
use crate::metrics::Reading;

pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    handler: fn() -> MethodRouter<App>,
}

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint { path: "/healthz", handler: || get(healthz) },
    Endpoint { path: "/readyz", handler: || get(readyz) },
    Endpoint { path: "/metrics", handler: || get(metrics) },
];

pub(crate) fn router(app: App) -> Router {
    let routes = ENDPOINTS.iter().fold(Router::new(), |router, e| router.route(e.path, (e.handler)()));
    routes.with_state(app)
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: the database takes writes, and it is not about to end.
async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else if app.directory.health().is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not take writes\n")
    }
}

async fn metrics(State(app): State<App>) -> Response {
    let readings = [Reading {
        name: "muster_request_log_dropped_total",
        kind: "counter",
        help: "Reads that the request log left out because they came too fast.",
        value: app.directory.left_out_reads_in_all(),
    }];
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, app.metrics.render(&readings)).into_response()
}
