//! A reverse proxy in front of several servers, as an operator would have one: they take turns, one that cannot be connected to
//! or is not ready is left out, and a write is sent once. Of a write whose answer does not come nobody knows what became of it,
//! and the client is told so (502, 504); a read is asked again of the next one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use reqwest::StatusCode;
use tokio::net::TcpListener;

use crate::server::PATIENCE;

const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
const LOOK: Duration = Duration::from_millis(100);
/// Who does not say within this that it is ready, is not.
const READY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Default)]
struct Node {
    /// `http://127.0.0.1:PORT`
    url: String,
    is_up: bool,
}

struct Inner {
    nodes: Mutex<Vec<Node>>,
    turn: AtomicUsize,
    /// Requests that a server has and has not answered; also those whose client was told that nobody knows.
    in_flight: AtomicUsize,
    /// Until a client is told that an answer did not come.
    patience: Duration,
    http: reqwest::Client,
}

#[derive(Clone)]
pub(crate) struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    inner: Arc<Inner>,
}

/// No answer: nothing was sent, or nobody knows.
enum Failure {
    NotSent,
    Unknown,
}

struct InFlight(Arc<Inner>);

impl InFlight {
    fn one_more(inner: &Arc<Inner>) -> Self {
        inner.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(inner.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Proxy {
    /// In front of so many servers, of which none is known yet.
    pub(crate) async fn start(count: usize, patience: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // A connection for each request: none is met that the other side is just closing.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let inner = Arc::new(Inner {
            nodes: Mutex::new(vec![Node::default(); count]),
            turn: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            patience,
            http,
        });
        let router = Router::new().fallback(pass).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        for number in 0..count {
            tokio::spawn(look(Arc::downgrade(&inner), number));
        }
        Self { url, inner }
    }

    /// Where a server is now.
    pub(crate) fn place(&self, number: usize, url: &str) {
        self.inner.nodes.lock().unwrap()[number] = Node { url: url.to_owned(), is_up: false };
    }

    /// Until it has seen these servers as ready, and no others.
    pub(crate) async fn sees(&self, numbers: &[usize]) {
        let began = Instant::now();
        loop {
            let nodes = self.inner.nodes.lock().unwrap().clone();
            if nodes.iter().enumerate().all(|(number, node)| node.is_up == numbers.contains(&number)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{nodes:?} instead of {numbers:?}");
            tokio::time::sleep(LOOK / 4).await;
        }
    }

    /// Until no server has a request that it has not answered: what a paused one held is done then, or refused.
    pub(crate) async fn quiet(&self) {
        let began = Instant::now();
        while self.inner.in_flight.load(Ordering::SeqCst) > 0 {
            assert!(began.elapsed() < PATIENCE, "a request is not answered");
            tokio::time::sleep(LOOK / 4).await;
        }
    }
}

impl Inner {
    /// The next in turn that is up and was not tried; if none is up, any.
    fn choose(&self, tried: &[String]) -> Option<String> {
        let nodes = self.nodes.lock().unwrap();
        let fresh = |node: &&Node| !node.url.is_empty() && !tried.contains(&node.url);
        let up: Vec<&Node> = nodes.iter().filter(fresh).filter(|node| node.is_up).collect();
        let any: Vec<&Node> = nodes.iter().filter(fresh).collect();
        let among = if up.is_empty() { any } else { up };
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        among.get(turn.checked_rem(among.len())?).map(|node| node.url.clone())
    }

    fn mark(&self, url: &str, is_up: bool) {
        for node in self.nodes.lock().unwrap().iter_mut().filter(|node| node.url == url) {
            node.is_up = is_up;
        }
    }
}

/// Is it ready? Asked again and again as long as there is a proxy.
async fn look(inner: std::sync::Weak<Inner>, number: usize) {
    while let Some(inner) = inner.upgrade() {
        let url = inner.nodes.lock().unwrap()[number].url.clone();
        if !url.is_empty() {
            let asked = inner.http.get(format!("{url}/readyz")).timeout(READY).send().await;
            inner.mark(&url, asked.is_ok_and(|answer| answer.status() == 200));
        }
        drop(inner);
        tokio::time::sleep(LOOK).await;
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let is_read = parts.method == "GET";
    let mut tried = Vec::new();
    while let Some(url) = inner.choose(&tried) {
        // A task of its own: it goes on when the client is told that nobody knows.
        let sent = tokio::spawn(forward(inner.clone(), url.clone(), parts.clone(), body.clone()));
        match tokio::time::timeout(inner.patience, sent).await {
            Ok(Ok(Ok(answer))) => return answer,
            Ok(Ok(Err(Failure::NotSent))) => inner.mark(&url, false),
            Ok(_) if is_read => {}
            Ok(_) => return StatusCode::BAD_GATEWAY.into_response(),
            Err(_) if is_read => {}
            Err(_) => return StatusCode::GATEWAY_TIMEOUT.into_response(),
        }
        tried.push(url);
    }
    StatusCode::BAD_GATEWAY.into_response()
}

async fn forward(inner: Arc<Inner>, url: String, parts: Parts, body: Bytes) -> Result<Response, Failure> {
    let _in_flight = InFlight::one_more(&inner);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    for name in ["host", "content-length", "connection"] {
        headers.remove(name);
    }
    let request = inner.http.request(parts.method, format!("{url}{path}")).headers(headers).body(body);
    let failure = |error: reqwest::Error| match error.is_connect() {
        true => Failure::NotSent,
        false => Failure::Unknown,
    };
    let answer = request.send().await.map_err(failure)?;
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !["content-length", "connection", "transfer-encoding"].contains(&name.as_str()) {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.map_err(|_| Failure::Unknown)?;
    response.body(Body::from(body)).map_err(|_| Failure::Unknown)
}
