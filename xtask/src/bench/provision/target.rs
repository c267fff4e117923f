//! A target that takes everything and keeps nothing: what is left of a cycle's time is the engine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{IN_FLIGHT, USER};

#[derive(Clone)]
pub(super) struct Constant {
    pub(super) url: String,
    asked: Asked,
}

/// Requests so far, and how long each takes.
#[derive(Clone)]
struct Asked {
    count: Arc<AtomicU64>,
    delay: Duration,
}

impl Asked {
    async fn next(&self) -> u64 {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        number
    }
}

impl Constant {
    pub(super) async fn start(delay: Duration) -> anyhow::Result<Self> {
        let asked = Asked { count: Arc::default(), delay };
        let router = Router::new()
            .route("/scim/{kind}", get(nothing_found).post(created))
            .route("/scim/{kind}/{id}", get(shown).patch(changed).put(changed).delete(changed))
            .with_state(asked.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/scim", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, asked })
    }

    pub(super) fn requests(&self) -> u64 {
        self.asked.count.load(Ordering::Relaxed)
    }
}

/// Creations a second by the engine's client, with as many in flight as a cycle may have.
pub(super) async fn create_rate(url: &str, key: &str, count: usize) -> anyhow::Result<f64> {
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let transport = scim_client::Transport::new(scim_client::AddressPolicy::loopback(), clock, || 0.5);
    let target = scim_client::Target::parse(url, &transport.policy)?;
    let credentials = scim_client::Credentials::Bearer(key.to_owned().into());
    let options = scim_client::Options { credentials, ..scim_client::Options::default() };
    let client = Arc::new(scim_client::Client::new(target, transport, options)?);
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, next) = (client.clone(), next.clone());
        running.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count as u64 {
                    return anyhow::Ok(());
                }
                let body =
                    super::person(&format!("rate{number}")).as_object().cloned().context("an object")?;
                let created = client.create("Users", &body).await;
                created.map_err(|failure| anyhow::anyhow!(failure.cause()))?;
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn scim(status: StatusCode, body: &Value) -> impl IntoResponse + use<> {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string())
}

async fn nothing_found(State(asked): State<Asked>) -> impl IntoResponse {
    asked.next().await;
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
    scim(StatusCode::OK, &json!({ "schemas": schemas, "totalResults": 0, "Resources": [] }))
}

async fn created(State(asked): State<Asked>, body: axum::body::Bytes) -> impl IntoResponse {
    let number = asked.next().await;
    let mut object: Value = serde_json::from_slice(&body).unwrap_or_default();
    object["id"] = format!("constant-{number}").into();
    scim(StatusCode::CREATED, &object)
}

async fn shown(State(asked): State<Asked>, Path((_, id)): Path<(String, String)>) -> impl IntoResponse {
    asked.next().await;
    scim(StatusCode::OK, &json!({ "schemas": [USER], "id": id }))
}

async fn changed(State(asked): State<Asked>) -> StatusCode {
    asked.next().await;
    StatusCode::NO_CONTENT
}
