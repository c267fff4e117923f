//! A plain SCIM client for tests: sends what it is told, judges nothing.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) key: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// `null` for an empty or non-JSON body
    pub(crate) body: Value,
}

impl Reply {
    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The number in `ETag: W/"7"`.
    pub(crate) fn version(&self) -> Option<u64> {
        self.header("etag").strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok()
    }
}

impl Client {
    pub(crate) fn new(base: &str, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(crate::server::PATIENCE).build().unwrap();
        Self { http, base: base.to_owned(), key: key.to_owned() }
    }

    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> reqwest::Result<Reply> {
        let method: Method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status, headers, text, body })
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.try_send(method, path, &[], body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, operations: &Value) -> Reply {
        self.send("PATCH", path, Some(&patch_body(operations))).await
    }

    /// Create and give the id.
    pub(crate) async fn create_user(&self, user_name: &str) -> String {
        id_of(&self.post("/Users", &user(user_name)).await.expect(201))
    }

    pub(crate) async fn create_group(&self, name: &str) -> String {
        id_of(
            &self
                .post("/Groups", &json!({ "schemas": [scim::urn::GROUP], "displayName": name }))
                .await
                .expect(201),
        )
    }
}

pub(crate) fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

pub(crate) fn user(user_name: &str) -> Value {
    json!({ "schemas": [scim::urn::USER], "userName": user_name, "displayName": user_name, "active": true })
}

pub(crate) fn patch_body(operations: &Value) -> Value {
    json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations })
}

/// Text for a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
