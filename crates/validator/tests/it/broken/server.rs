//! The server's front: credentials, routes, bodies, answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use scim::message::SearchRequest;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::discovery;
use super::fault::Fault;
use super::store::{Data, Record, endpoint, etag, whole};

pub(crate) const TOKEN: &str = "the-right-token-of-the-broken-server";
pub(crate) const PAGE_MAX: u64 = 30;
pub(crate) const BULK_MAX: usize = 20;
pub(crate) const BULK_BYTES: usize = 100_000;

pub(crate) struct App {
    data: Mutex<Data>,
    pub(crate) fault: Option<Fault>,
    pub(crate) base: String,
    turns: AtomicUsize,
    /// Of so many creates one is carried out and never answered.
    unanswered: Option<usize>,
}

/// What is answered; `Err` of an answer is one too.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    pub(crate) fn error(status: u16, scim_type: Option<&str>, detail: &str) -> Self {
        let mut body =
            json!({ "schemas": [scim::urn::ERROR], "status": status.to_string(), "detail": detail });
        if let Some(scim_type) = scim_type {
            body["scimType"] = scim_type.into();
        }
        Self::new(status, body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<&scim::Error> for Answer {
    fn from(error: &scim::Error) -> Self {
        Self::error(error.status(), Some(error.scim_type.as_str()), &error.detail)
    }
}

/// One request, taken apart.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    fn list(&self, name: &str) -> Vec<&str> {
        self.parameter(name).into_iter().collect()
    }
}

/// Serve on a port of loopback's own choice; gives the base URL.
pub(crate) async fn serve(fault: Option<Fault>) -> String {
    serve_with(fault, None).await
}

/// Every so manyth create is carried out, and the connection dropped before the answer.
pub(crate) async fn serve_with(fault: Option<Fault>, unanswered: Option<usize>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/scim", listener.local_addr().unwrap());
    let turns = AtomicUsize::new(0);
    let app = Arc::new(App { data: Mutex::default(), fault, base: base.clone(), turns, unanswered });
    let router = Router::new().fallback(handle).with_state(app);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 * 1024 * 1024).await.map(|b| b.to_vec()).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let query = if app.is(Fault::PlusKept) { query.replace('+', "%2B") } else { query.to_owned() };
    let call = Call {
        method: head.method,
        path: head
            .uri
            .path()
            .trim_start_matches("/scim")
            .split('/')
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect(),
        parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body,
    };
    let answer = app.answer(&call).await.unwrap_or_else(|refusal| refusal);
    if let Some(every) = app.unanswered
        && call.method == Method::POST
        && matches!(call.path.as_slice(), [one] if one == "Users" || one == "Groups" || one == "Bulk")
        && app.turn() % every == every - 1
    {
        std::panic::resume_unwind(Box::new("the connection is dropped"));
    }
    app.respond(answer)
}

impl App {
    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap()
    }

    async fn answer(&self, call: &Call) -> Result<Answer, Answer> {
        if self.is(Fault::AuthAfterParsing) && !call.body.is_empty() {
            self.parse(call)?;
        }
        self.authenticate(call)?;
        let known = [
            "attributes",
            "excludedattributes",
            "filter",
            "startindex",
            "count",
            "sortby",
            "sortorder",
            "cursor",
        ];
        if self.is(Fault::FlagRefused)
            && call.parameters.iter().any(|(n, _)| !known.contains(&n.to_ascii_lowercase().as_str()))
        {
            return Err(Answer::error(400, Some("invalidValue"), "unknown query parameter"));
        }
        if self.is(Fault::AcceptScimRefused)
            && call.header("accept").is_some_and(|a| a == "application/scim+json")
        {
            return Err(Answer::error(406, None, "not acceptable"));
        }
        if self.is(Fault::AcceptRefused) && call.header("accept").is_some_and(|a| a == "application/json") {
            return Err(Answer::error(406, None, "not acceptable"));
        }
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        if self.is(Fault::DiscoveryWritable) && call.method == Method::POST && path == ["Schemas"] {
            return Ok(Answer::new(201, json!({})));
        }
        if call.method == Method::GET
            && let Some(answer) =
                discovery::answer(&path, call.parameter("filter").is_some(), &self.base, self.fault)
        {
            return Ok(answer);
        }
        match path.as_slice() {
            ["Bulk"] if call.method == Method::POST => self.bulk(call).await,
            [".search"] if call.method == Method::POST => self.search(call, None),
            ["Users", rest @ ..] => self.resources(call, false, rest).await,
            ["Groups", rest @ ..] => self.resources(call, true, rest).await,
            ["Schemas" | "ResourceTypes" | "ServiceProviderConfig", ..] => {
                Err(Answer::error(405, None, "discovery is read-only"))
            }
            _ if self.is(Fault::UnknownEndpoint200) => Ok(Answer::ok(json!({}))),
            _ => Err(Answer::error(404, None, "no such endpoint")),
        }
    }

    fn authenticate(&self, call: &Call) -> Result<(), Answer> {
        let sent = call.header("authorization").unwrap_or_default();
        let right = sent.strip_prefix("Bearer ").is_some_and(|token| token == TOKEN);
        let let_in = match self.fault {
            Some(Fault::AuthNotRequired) => true,
            Some(Fault::AnyTokenAccepted) => sent.starts_with("Bearer"),
            Some(Fault::BasicAccepted) => sent.starts_with("Basic"),
            Some(Fault::WritesOpen) => call.method != Method::GET,
            Some(Fault::TokenInQuery) => call.parameter("access_token").is_some(),
            _ => false,
        };
        if right || let_in {
            return Ok(());
        }
        let detail = if self.is(Fault::TokenEchoed) {
            format!("unknown: {sent}")
        } else {
            "credentials needed".to_owned()
        };
        let answer = Answer::error(401, None, &detail);
        Err(if self.is(Fault::NoChallenge) {
            answer
        } else {
            answer.with("www-authenticate", "Bearer".to_owned())
        })
    }

    pub(crate) fn parse(&self, call: &Call) -> Result<Value, Answer> {
        let kind = call.header("content-type").unwrap_or("application/json");
        if self.is(Fault::JsonTypeRefused)
            && call.header("content-type").is_some_and(|k| k.starts_with("application/json"))
        {
            return Err(Answer::error(415, None, "the type must be application/scim+json"));
        }
        if !kind.contains("json") && !self.is(Fault::XmlAccepted) {
            return Err(Answer::error(415, None, "the type must be application/scim+json"));
        }
        let text = String::from_utf8_lossy(&call.body);
        if self.is(Fault::DeepJsonDrops) && text.contains("[[[[[[") {
            std::panic::resume_unwind(Box::new("the stack is full"));
        }
        if self.is(Fault::NulCrash) && text.contains("\\u0000") {
            return Err(Answer::error(500, None, "invalid byte sequence 0x00"));
        }
        scim::json::parse(&call.body).map_err(|error| match self.fault {
            Some(Fault::BrokenJson500) => Answer::error(500, None, "unexpected end"),
            Some(Fault::XmlAccepted) if !kind.contains("json") => Answer::error(500, None, "unexpected <"),
            _ => Answer::from(&error),
        })
    }

    fn search(&self, call: &Call, group: Option<bool>) -> Result<Answer, Answer> {
        let mut request = SearchRequest::from_body(self.parse(call)?).map_err(|e| Answer::from(&e))?;
        if self.is(Fault::SearchIgnoresFilter) {
            request.filter = None;
        }
        self.query(&self.data(), group, &request)
    }

    async fn resources(&self, call: &Call, group: bool, rest: &[&str]) -> Result<Answer, Answer> {
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let pairs = call.parameters.iter().map(|(n, v)| (n.as_str(), v.as_str()));
                let request = SearchRequest::from_query(pairs).map_err(|e| match self.fault {
                    Some(Fault::TextCount500) => Answer::error(500, None, "NaN"),
                    _ => Answer::from(&e),
                })?;
                self.query(&self.data(), Some(group), &request)
            }
            ("POST", []) => self.create(call, group, self.parse(call)?).await,
            ("POST", [".search"]) => self.search(call, Some(group)),
            ("GET", [id]) => self.read(call, group, id),
            ("PUT", [id]) => self.replace(call, group, id, self.parse(call)?),
            ("PATCH", [id]) => self.patch(call, group, id, self.parse(call)?).await,
            ("DELETE", [id]) => self.delete(call, group, id),
            (_, []) | (_, [_]) => Err(Answer::error(405, None, "not with this method")),
            _ => Err(Answer::error(404, None, "no such endpoint")),
        }
    }

    fn read(&self, call: &Call, group: bool, id: &str) -> Result<Answer, Answer> {
        if self.is(Fault::OddIds500) && id.contains('%') {
            return Err(Answer::error(500, None, "bad id"));
        }
        let data = self.data();
        let Some(at) = data.position(group, id) else { return Err(self.missing()) };
        let record = &data.records[at];
        let tag = etag(record, self.fault);
        if call.header("if-none-match") == Some(tag.as_str()) && !self.is(Fault::IfNoneMatchIgnored) {
            return Ok(Answer::empty(304));
        }
        self.show(call, &data, record, 200)
    }

    pub(crate) fn missing(&self) -> Answer {
        if self.is(Fault::UnknownIdEmpty) {
            return Answer::ok(json!({ "schemas": [] }));
        }
        Answer::error(404, None, "no such resource")
    }

    /// The resource as an answer.
    pub(crate) fn show(
        &self,
        call: &Call,
        data: &Data,
        record: &Record,
        status: u16,
    ) -> Result<Answer, Answer> {
        let resource = whole(data, record, &self.base, self.fault);
        let body =
            self.project(resource, record.group, &call.list("attributes"), &call.list("excludedAttributes"))?;
        let mut answer = Answer::new(status, body);
        if !self.is(Fault::NoEtag) {
            answer = answer.with("etag", etag(record, self.fault));
        }
        if status == 201 && !self.is(Fault::NoLocation) {
            answer =
                answer.with("location", format!("{}{}/{}", self.base, endpoint(record.group), record.id));
        }
        Ok(answer)
    }

    fn respond(&self, answer: Answer) -> Response {
        let Answer { status, mut body, headers } = answer;
        let failed = status >= 400;
        let mut kind = "application/scim+json";
        if failed && let Some(body) = &mut body {
            match self.fault {
                Some(Fault::ErrorStatusNumber) => body["status"] = status.into(),
                Some(Fault::ErrorNoDetail) => drop(body.as_object_mut().unwrap().remove("detail")),
                Some(Fault::ErrorOddType) if status != 404 => body["scimType"] = "badRequest".into(),
                Some(Fault::ErrorMediaType) => kind = "application/json",
                Some(Fault::ErrorTrace) => body["detail"] = "at java.lang.Thread.run(Thread.java:833)".into(),
                _ => {}
            }
        }
        if !failed && self.is(Fault::ResourceMediaType) {
            kind = "application/json";
        }
        let text = match body {
            Some(_) if failed && self.is(Fault::ErrorsPlain) => "something went wrong".to_owned(),
            Some(body) => body.to_string(),
            None => String::new(),
        };
        let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
        if !text.is_empty() {
            response = response.header("content-type", kind);
        }
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(Body::from(text)).unwrap()
    }
}
