//! The tenant's request log.

use std::sync::Arc;

use axum::body::Body;
use directory::{ExchangeQuery, ExchangeRow, KeyScope, Settings};
use http::Method;
use parking_lot::Mutex;
use serde_json::json;
use web::WebOptions;

use super::{House, group, patch_op, user};

/// Oldest first.
async fn entries(house: &House) -> Vec<ExchangeRow> {
    entries_of(house, 100).await
}

async fn entries_of(house: &House, limit: usize) -> Vec<ExchangeRow> {
    house.directory.flush().await.unwrap();
    let query = ExchangeQuery { limit, ..ExchangeQuery::default() };
    let mut rows = Vec::new();
    for row in house.directory.request_log(&house.tenant, query).await.unwrap().into_iter().rev() {
        rows.push(house.directory.exchange(&house.tenant, row.number).await.unwrap());
    }
    rows
}

#[tokio::test]
async fn a_write_is_logged_with_what_was_sent_and_answered() {
    let house = House::new().await;
    let body = user("ada");
    let request = house.request(Method::POST, "/Users?attributes=userName").header("user-agent", "curl/8");
    let made = house.send(request.body(Body::from(body.to_string())).unwrap()).await;
    let rows = entries(&house).await;
    assert_eq!(rows.len(), 1);
    let entry = &rows[0].exchange;
    assert_eq!((entry.method.as_str(), entry.status), ("POST", 201));
    assert_eq!(entry.path, format!("{}/Users?attributes=userName", house.base()));
    assert_eq!(entry.request_body.as_deref(), Some(body.to_string().as_str()));
    assert_eq!(entry.response_body.as_deref(), Some(made.text.as_str()), "the bytes that were sent");
    assert_eq!(Some(entry.request_id.as_str()), made.header("x-request-id"));
    assert_eq!(entry.resource_id.as_deref(), Some(made.id().as_str()));
    assert_eq!(entry.user_agent.as_deref(), Some("curl/8"));
    assert_eq!(entry.key_name.as_deref(), Some("test"));
    assert!(entry.key_id.as_deref().is_some_and(|id| house.key.contains(id)));
    assert_eq!(entry.at, house.directory.now());
}

#[tokio::test]
async fn quirks_are_named() {
    let house = House::new().await;
    let id = house.new_user("ada").await;
    let disable = patch_op(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    house.patch(&format!("/Users/{id}"), &disable).await;
    house.get("/Users?filter=active+eq+\"True\"").await;
    house.delete(&format!("/Users/{id}")).await;
    let rows = entries(&house).await;
    assert_eq!(rows[1].exchange.quirks, ["op-case", "boolean-string"]);
    let read = rows.iter().find(|row| row.exchange.method == "GET").unwrap();
    assert_eq!(read.exchange.quirks, ["boolean-string-filter"]);
    let deleted = rows.iter().find(|row| row.exchange.method == "DELETE").unwrap();
    assert_eq!((deleted.exchange.status, deleted.exchange.resource_id.as_deref()), (204, Some(id.as_str())));
}

#[tokio::test]
async fn errors_are_always_logged() {
    let house = House::new().await;
    let settings = Settings { log_reads: false, ..Settings::default() };
    house.directory.set_settings(house.context(), settings).await.unwrap();
    house.get("/Users").await;
    house.get("/Users/nobody").await;
    house.get("/Users?filter=nosuch+pr").await;
    house.post("/Users", "{\"password\": \"hunter2\"").await;
    house.get("/Nothing").await;
    house.delete("/Users").await;
    let rows = entries(&house).await;
    let seen: Vec<(u16, Option<&str>)> =
        rows.iter().map(|r| (r.exchange.status, r.exchange.scim_type.as_deref())).collect();
    assert_eq!(
        seen,
        [(404, None), (400, Some("invalidFilter")), (400, Some("invalidSyntax")), (404, None), (405, None)],
        "the successful read is not there: the tenant turned reads off"
    );
    assert_eq!(rows[0].exchange.resource_id.as_deref(), Some("nobody"));
    assert!(rows[1].exchange.detail.as_deref().is_some_and(|d| d.contains("nosuch")));
    assert_eq!(rows[2].exchange.request_body.as_deref(), Some("«22 bytes, not JSON»"));
}

/// Refused at the door, by a key that is known: each is in the log, and of a flood how many there were.
#[tokio::test]
async fn refusals_at_the_door_are_always_logged() {
    let house = House::with(WebOptions { rate_limit: 1, failed_keys: 0, ..WebOptions::default() }).await;
    for _ in 0..300 {
        house.get("/Users").await;
    }
    let (revoked, value) = house.new_key(&[KeyScope::Scim2]).await;
    house.directory.revoke_key(house.context(), &revoked).await.unwrap();
    let door = House { key: value, ..house };
    door.get("/Users").await;
    let rows = entries_of(&door, 500).await;
    let of = |status: u16| rows.iter().map(|row| &row.exchange).filter(move |e| e.status == status);
    assert_eq!(of(200).count(), 1);
    assert_eq!(of(429).count(), 101);
    let counted: Vec<&str> =
        of(429).filter_map(|e| e.detail.as_deref()).filter(|detail| detail.contains("more")).collect();
    let [counted] = counted[..] else { panic!("{counted:?}") };
    assert!(counted.ends_with("(198 more requests of this API key answered 429 came with it)"), "{counted}");
    assert_eq!(of(401).map(|e| e.key_id.clone().unwrap()).collect::<Vec<_>>(), [revoked]);
    assert_eq!(door.directory.left_out_reads(&door.tenant), 0);
}

#[tokio::test]
async fn reads_are_logged_when_the_buffer_is_written_down() {
    let house = House::new().await;
    house.get("/Users?count=1").await;
    let rows = entries(&house).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].exchange.status, 200);
    assert!(rows[0].exchange.response_body.as_deref().is_some_and(|b| b.contains("totalResults")));
}

/// The canary must be nowhere: not in a body, a URL, an error's detail.
#[tokio::test]
async fn no_secret_is_in_the_log() {
    const CANARY: &str = "hunter2canary";
    let house = House::new().await;
    let mut body = user("ada");
    body["password"] = CANARY.into();
    let id = house.post("/Users", &body).await.id();
    let one = format!("/Users/{id}");
    house.put(&one, &body).await;
    for operations in [
        json!([{ "op": "replace", "path": "password", "value": CANARY }]),
        json!([{ "op": "replace", "value": { "password": CANARY, "displayName": "Ada" } }]),
        json!([{ "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": CANARY }]),
    ] {
        house.patch(&one, patch_op(operations)).await;
    }
    house.post("/Users", format!("{{\"password\":\"{CANARY}\"")).await;
    house.get(&format!("/Users?filter=password+eq+\"{CANARY}\"")).await;
    house.get(&format!("/Users?access_token={CANARY}")).await;
    house.post("/Users/.search", json!({ "filter": "userName pr", "token": CANARY })).await;
    house.get(&one).await;
    let rows = entries(&house).await;
    assert_eq!(rows.len(), 10);
    for row in rows {
        let shown = format!("{:?}", row.exchange);
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(!shown.contains(&house.key[20..]), "{shown}");
    }
}

/// What all tests of the process log, from the first call on.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn listen() -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
        lines
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The server's own log: a line a request, with ids, without secrets and query values.
#[tokio::test]
async fn the_servers_log_has_a_line_a_request_and_no_secrets() {
    const CANARY: &str = "canary-in-the-mine";
    let lines = Lines::listen();
    let house = House::seeded(99, WebOptions { rate_limit: 0, ..WebOptions::default() }).await;
    let mut body = user(CANARY);
    body["password"] = CANARY.into();
    let made = house.post(&format!("/Users?attributes={CANARY}"), &body).await;
    house.get(&format!("/Users?filter=userName+eq+\"{CANARY}\"")).await;
    let log = lines.text();
    assert!(!log.contains(CANARY) && !log.contains(&house.key[20..]), "{log}");
    let id = made.header("x-request-id").unwrap();
    let line = log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{log}"));
    for part in ["POST", "status=201", house.tenant.as_str(), "/Users\"", "duration_us="] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn bodies_in_the_log_are_bounded() {
    let house = House::new().await;
    let ids: Vec<String> = (0..1_000).map(|n| format!("00000000-0000-7000-8000-{n:012}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    house.post("/Groups", group("Everybody", &ids)).await;
    let rows = entries(&house).await;
    let entry = &rows[0].exchange;
    for body in [&entry.request_body, &entry.response_body] {
        let body = body.as_deref().unwrap();
        assert!(body.len() <= 33 * 1024 && body.contains("bytes more"), "{}", body.len());
    }
}
