//! A SCIM client that behaves as Entra ID's, and notes what it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Requests under way at once.
const PARALLEL: usize = 8;

#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
    sent: Arc<AtomicU64>,
    bar: ProgressBar,
}

#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The request, for messages.
    asked: String,
}

pub(super) type Outcome<T = ()> = Result<T, String>;

impl Client {
    pub(super) fn new(base: &str, key: &str, bar: ProgressBar) -> Outcome<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build();
        Ok(Self {
            http: http.map_err(|e| e.to_string())?,
            base: base.to_owned(),
            key: key.to_owned(),
            sent: Arc::default(),
            bar,
        })
    }

    pub(super) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// `query` is as Entra writes it: a space is `+`, quotes stay, `@` is `%40`.
    pub(super) async fn get(&self, path_and_query: &str) -> Outcome<Reply> {
        self.send(Method::GET, path_and_query, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Outcome<Reply> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, operations: Value) -> Outcome<Reply> {
        let body = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations });
        self.send(Method::PATCH, path, Some(&body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Outcome<Reply> {
        self.send(Method::DELETE, path, None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Outcome<Reply> {
        let asked = format!("{method} {path}");
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(body) = body {
            request =
                request.header("content-type", "application/scim+json; charset=utf-8").body(body.to_string());
        }
        let answer = request.send().await.map_err(|e| format!("{asked}: {e}"))?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
        let status = answer.status().as_u16();
        let kind =
            answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let text = answer.text().await.map_err(|e| format!("{asked}: {e}"))?;
        if text.is_empty() {
            return Ok(Reply { status, body: Value::Null, asked });
        }
        if !kind.starts_with("application/scim+json") {
            return Err(format!("{asked}: the answer is {kind}, not application/scim+json"));
        }
        let body =
            serde_json::from_str(&text).map_err(|e| format!("{asked}: the answer is not JSON: {e}"))?;
        Ok(Reply { status, body, asked })
    }

    /// Do something for each item, several at once; one problem a failed item.
    pub(super) async fn each<I, T, F, Done>(&self, items: I, act: F) -> (Vec<T>, Vec<String>)
    where
        I: IntoIterator,
        F: Fn(Client, I::Item) -> Done,
        Done: Future<Output = Outcome<T>> + Send + 'static,
        T: Send + 'static,
    {
        let (mut done, mut problems, mut running) = (Vec::new(), Vec::new(), JoinSet::new());
        let mut take = |ended: Option<Result<Outcome<T>, tokio::task::JoinError>>| match ended {
            Some(Ok(Ok(value))) => done.push(value),
            Some(Ok(Err(problem))) => problems.push(problem),
            Some(Err(error)) => problems.push(error.to_string()),
            None => {}
        };
        for item in items {
            if running.len() >= PARALLEL {
                take(running.join_next().await);
            }
            running.spawn(act(self.clone(), item));
        }
        while !running.is_empty() {
            take(running.join_next().await);
        }
        (done, problems)
    }
}

impl Reply {
    /// The body, if the status is one of these.
    pub(super) fn expect(self, statuses: &[u16]) -> Outcome<Value> {
        if statuses.contains(&self.status) {
            return Ok(self.body);
        }
        let detail = self.body.get("detail").and_then(Value::as_str).unwrap_or("no detail");
        Err(format!("{}: {} instead of {statuses:?} ({detail})", self.asked, self.status))
    }

    /// The resources of a list answer that must hold so many.
    pub(super) fn expect_list(self, total: usize) -> Outcome<Vec<Value>> {
        let asked = self.asked.clone();
        let body = self.expect(&[200])?;
        if body["totalResults"] != json!(total) {
            return Err(format!("{asked}: totalResults is {} instead of {total}", body["totalResults"]));
        }
        Ok(body["Resources"].as_array().cloned().unwrap_or_default())
    }
}

/// That `body` holds this value at a JSON pointer.
pub(super) fn holds(body: &Value, pointer: &str, expected: &Value) -> Outcome {
    match body.pointer(pointer).unwrap_or(&Value::Null) {
        got if got == expected => Ok(()),
        got => Err(format!("{}{pointer} is {got} instead of {expected}", body["id"].as_str().unwrap_or("?"))),
    }
}

/// A filter value in a query as Entra encodes it.
pub(super) fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text + "\""
}
