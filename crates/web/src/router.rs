//! The whole product as one service: SCIM, the Graph API, console, health. What every request goes through, whatever it is for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceExt;

use crate::app::App;
use crate::authenticate::Client;
use crate::client_address::{Peer, client_address};
use crate::guard;
use crate::panic::{CatchPanic, Panicked};
use crate::request_id::{self, Arrival, RequestId};
use crate::scim::reply::Refusal;

/// Until the last byte of a request's body.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// For the work itself.
pub(crate) const WORK_TIMEOUT: Duration = Duration::from_secs(30);

/// Put into a response: the route template that answered, for the metrics.
#[derive(Debug, Clone)]
pub(crate) struct Answered(pub(crate) Arc<str>);

/// Everything the server answers, as one thing to ask.
pub(crate) struct Product {
    app: App,
    scim: Router,
    graph: Router,
    site: Router,
    elsewhere: Arc<str>,
}

/// Everything the server answers.
pub fn router(app: App) -> Router {
    let product = Product::new(app);
    Router::new().fallback(move |request: Request| async move { product.answer(request).await })
}

impl Product {
    pub(crate) fn new(app: App) -> Arc<Self> {
        let site = Router::new()
            .merge(crate::health::router(app.clone()))
            .merge(crate::console::router(app.clone()))
            .layer(middleware::from_fn(note_route))
            .layer(DefaultBodyLimit::max(scim::limits::BODY_BYTES));
        let scim = crate::scim::router(app.clone());
        let graph = crate::graph::router(app.clone());
        Arc::new(Self { app, scim, graph, site, elsewhere: "elsewhere".into() })
    }
}

/// The console's and the health checks' part of [`Answered`].
async fn note_route(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(Answered(matched.as_str().into()));
    }
    response
}

/// Whose answers a path has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tree {
    Scim,
    Graph,
    Site,
}

impl Tree {
    fn of(path: &str) -> Self {
        match path {
            _ if guard::is_scim(path) => Self::Scim,
            _ if guard::is_graph(path) => Self::Graph,
            _ => Self::Site,
        }
    }

    fn refuse(self, refusal: Refusal, arrival: &Arrival) -> Response {
        match self {
            Self::Scim => refusal.into_response(),
            Self::Graph => crate::graph::reply::Failure::from(refusal).into_response(arrival, None),
            Self::Site => (refusal.status, refusal.detail).into_response(),
        }
    }
}

/// What the log line says about a request; no query values, which may hold personal data.
struct Line {
    method: Method,
    path: String,
    arrival: Arrival,
}

impl Product {
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let (mut head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0.ip());
        let arrival = Arrival {
            request_id: self.app.directory.request_id(),
            at: self.app.directory.now(),
            started: Instant::now(),
            address: client_address(peer, &head.headers, &self.app.options.trusted_proxies),
        };
        let line =
            Line { method: head.method.clone(), path: head.uri.path().to_owned(), arrival: arrival.clone() };
        let tree = Tree::of(head.uri.path());
        let mut response = match guard::check(&head) {
            Ok(()) => {
                if tree == Tree::Site {
                    head.extensions.insert(RequestId(arrival.request_id.clone()));
                }
                head.extensions.insert(arrival);
                self.route(tree, &line.arrival, Request::from_parts(head, body)).await
            }
            Err(malformed) => tree.refuse(Refusal::new(malformed.status, malformed.detail), &line.arrival),
        };
        self.finish(&line, &mut response);
        response
    }

    async fn route(&self, tree: Tree, arrival: &Arrival, request: Request) -> Response {
        let direct = match tree {
            Tree::Scim => crate::scim::direct(request.method(), request.uri().path()),
            Tree::Graph | Tree::Site => None,
        };
        let direct = direct.map(|(endpoint, id)| (endpoint, id.map(str::to_owned)));
        let work = CatchPanic::new(async move {
            if let Some(found) = direct {
                return crate::scim::answer(self.app.clone(), found, request).await;
            }
            let inner = match tree {
                Tree::Scim => &self.scim,
                Tree::Graph => &self.graph,
                Tree::Site => &self.site,
            };
            inner.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
        });
        let refusal = match tokio::time::timeout(BODY_TIMEOUT + WORK_TIMEOUT, work).await {
            Ok(Ok(response)) => return response,
            Ok(Err(Panicked)) => {
                self.app.metrics.panicked();
                Refusal::internal(&arrival.request_id)
            }
            Err(_) => {
                self.app.metrics.timed_out();
                Refusal::timed_out()
            }
        };
        tree.refuse(refusal, arrival)
    }

    fn finish(&self, line: &Line, response: &mut Response) {
        let took = line.arrival.started.elapsed();
        let status = response.status();
        let route = response.extensions().get::<Answered>().map_or(&self.elsewhere, |answered| &answered.0);
        self.app.metrics.answered(route, &line.method, status.as_u16(), took);
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.app.metrics.rate_limited();
        }
        let client = response.extensions().get::<Arc<Client>>();
        tracing::info!(
            target: "web::request",
            method = %line.method,
            path = line.path,
            status = status.as_u16(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            request_id = line.arrival.request_id,
            tenant = client.map(|c| c.tenant.as_ref()),
            key_id = client.map(|c| c.key.key_id.as_str()),
            "request"
        );
        self.add_headers(&line.arrival.request_id, response);
    }

    fn add_headers(&self, request_id: &str, response: &mut Response) {
        const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
        const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
        const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }
        if self.app.directory.public_url().is_https() {
            headers.insert(HeaderName::from_static("strict-transport-security"), HSTS);
        }
        if let Ok(value) = HeaderValue::from_str(request_id) {
            headers.insert(request_id::HEADER, value);
        }
    }
}
