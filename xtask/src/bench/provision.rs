//! `cargo xtask bench provision`: cycles of a directory into Muster's own identity provider and into a target that answers a
//! constant, beside the rate of bare requests that the same client reaches there.

use std::path::PathBuf;
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

use super::client::Connection;
use super::server::Muster;

const IN_FLIGHT: usize = 16;
const MEMBERS: usize = 100;
const APP: &str = "Bench";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Users in the directory, one pass a size; with a group for each hundred of them
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// A muster binary instead of a release build made now
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
}

/// One cycle, measured.
struct Row {
    size: usize,
    target: &'static str,
    cycle: &'static str,
    objects: u64,
    /// Counted by the constant target.
    requests: Option<u64>,
    seconds: f64,
    memory_mib: u64,
}

impl Row {
    fn per_second(&self) -> f64 {
        self.objects as f64 / self.seconds
    }

    fn json(&self, raw: f64) -> Value {
        let requests = self.requests.map(|requests| requests as f64);
        json!({
            "users": self.size, "target": self.target, "cycle": self.cycle, "objects": self.objects,
            "seconds": self.seconds, "objects_per_second": self.per_second(),
            "requests_per_object": requests.filter(|_| self.objects > 0).map(|r| r / self.objects as f64),
            "of_raw_request_rate": requests.map(|r| r / self.seconds / raw), "memory_mib": self.memory_mib,
        })
    }

    fn text(&self, raw: f64) -> String {
        let figures = self.json(raw);
        let figure = |name: &str, factor: f64| {
            figures[name].as_f64().map_or("-".to_owned(), |number| format!("{:.1}", number * factor))
        };
        format!(
            "{:>7} users  {:<8} {:<11} {:>7} objects {:>8.2} s {:>8.0}/s  {:>5} requests/object  {:>6} % of raw  {:>5} MiB",
            self.size,
            self.target,
            self.cycle,
            self.objects,
            self.seconds,
            self.per_second(),
            figure("requests_per_object", 1.0),
            figure("of_raw_request_rate", 100.0),
            self.memory_mib
        )
    }
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let constant = Constant::start().await?;
    let raw = constant.raw_rate().await?;
    if !options.json {
        println!(
            "{raw:.0} bare requests/s by the same client into the constant target, {IN_FLIGHT} in flight"
        );
    }
    let mut rows = Vec::new();
    for &size in &options.sizes {
        for target in ["muster", "constant"] {
            for row in pass(size, target, &constant).await? {
                if !options.json {
                    println!("{}", row.text(raw));
                }
                rows.push(row.json(raw));
            }
        }
    }
    if options.json {
        println!("{:#}", json!({ "raw_requests_per_second": raw, "in_flight": IN_FLIGHT, "cycles": rows }));
    }
    Ok(())
}

/// Initial cycle, one per cent changed, nothing changed.
async fn pass(size: usize, target: &'static str, constant: &Constant) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let mut muster = Muster::start_with(folder.path(), &["--provision-allow", "127.0.0.0/8"]).await?;
    let users = fill(&muster, size).await?;
    let (url, secret) = match target {
        "muster" => muster.second_tenant(folder.path()).await?,
        _ => (constant.url.clone(), "constant".to_owned()),
    };
    let app = async |arguments: &[&str]| muster.app(folder.path(), arguments, &secret).await;
    let in_flight = IN_FLIGHT.to_string();
    let connection =
        ["--target-url", &url, "--secret-env", "BENCH_SECRET", "--dialect", "rfc", "--in-flight", &in_flight];
    app(&[&["create", APP], &connection[..]].concat()).await?;
    app(&["scope", "all", APP]).await?;
    let mut rows = Vec::new();
    for cycle in ["initial", "1 % changed", "no change"] {
        if cycle == "1 % changed" {
            change(&muster, &users[..size.div_ceil(100)]).await?;
        }
        app(&["pause", APP]).await?;
        let (before, requests) =
            (newest(&app(&["status", APP]).await?), constant.requests.load(Ordering::Relaxed));
        app(&["start", APP]).await?;
        let ended = loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let status = app(&["status", APP]).await?;
            let cycle = newest(&status);
            if cycle["id"] != before["id"] && !cycle["ended"].is_null() {
                break cycle;
            }
        };
        anyhow::ensure!(ended["outcome"] == "completed", "the cycle ended otherwise: {ended}");
        let counts = ended["counts"].as_array().cloned().unwrap_or_default();
        let failed = counts.iter().any(|count| count["status"] == "failure");
        anyhow::ensure!(!failed, "objects failed: {ended}");
        let time =
            |name: &str| ended[name].as_str().context("a time")?.parse::<jiff::Timestamp>().context("a time");
        rows.push(Row {
            size,
            target,
            cycle,
            objects: counts.iter().filter_map(|count| count["n"].as_u64()).sum(),
            requests: (target == "constant").then(|| constant.requests.load(Ordering::Relaxed) - requests),
            seconds: time("ended")?.duration_since(time("began")?).as_secs_f64(),
            memory_mib: muster.peak_memory_kib().unwrap_or(0) / 1024,
        });
    }
    muster.stop().await?;
    Ok(rows)
}

fn newest(status: &Value) -> Value {
    status["cycles"][0].clone()
}

/// Users and groups of a hundred of them; the ids of the users.
async fn fill(muster: &Muster, size: usize) -> anyhow::Result<Vec<String>> {
    let users = send(muster, size, |n| {
        let body = json!({
            "schemas": [USER], "userName": format!("person{n}@bench.example"), "displayName": format!("Person {n}"),
            "name": { "givenName": "Person", "familyName": n.to_string() }, "active": true, "title": "Clerk",
            "emails": [{ "type": "work", "value": format!("person{n}@bench.example") }],
        });
        muster.request("POST", "/Users", Some(&body))
    })
    .await?;
    let users: Vec<String> = users.iter().filter_map(|user| user["id"].as_str().map(str::to_owned)).collect();
    let groups: Vec<&[String]> = users.chunks(MEMBERS).collect();
    send(muster, groups.len(), |n| {
        let members: Vec<Value> =
            groups.get(n).into_iter().flat_map(|ids| ids.iter()).map(|id| json!({ "value": id })).collect();
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        let body = json!({ "schemas": schemas, "displayName": format!("Group {n}"), "members": members });
        muster.request("POST", "/Groups", Some(&body))
    })
    .await?;
    Ok(users)
}

async fn change(muster: &Muster, users: &[String]) -> anyhow::Result<()> {
    let operations = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    let body = json!({ "schemas": [PATCH], "Operations": operations });
    send(muster, users.len(), |n| {
        let id = users.get(n).map_or("", String::as_str);
        muster.request("PATCH", &format!("/Users/{id}"), Some(&body))
    })
    .await?;
    Ok(())
}

/// So many requests over several connections; the answers in no order.
async fn send(
    muster: &Muster,
    count: usize,
    request: impl Fn(usize) -> Vec<u8>,
) -> anyhow::Result<Vec<Value>> {
    let mut running = JoinSet::new();
    for lane in 0..IN_FLIGHT {
        let requests: Vec<Vec<u8>> = (lane..count).step_by(IN_FLIGHT).map(&request).collect();
        let address = muster.address;
        running.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = Vec::new();
            for request in requests {
                let answer = connection.send(&request).await?;
                anyhow::ensure!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
                answers.push(serde_json::from_slice(&answer.body).unwrap_or(Value::Null));
            }
            Ok(answers)
        });
    }
    let mut all = Vec::new();
    while let Some(done) = running.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

/// Takes everything and keeps nothing.
struct Constant {
    url: String,
    requests: Arc<AtomicU64>,
}

impl Constant {
    async fn start() -> anyhow::Result<Self> {
        let requests = Arc::new(AtomicU64::new(0));
        let router = Router::new()
            .route("/scim/{kind}", get(nothing_found).post(created))
            .route("/scim/{kind}/{id}", get(shown).patch(changed).put(changed).delete(changed))
            .with_state(requests.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/scim", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, requests })
    }

    /// Creations a second by the engine's client.
    async fn raw_rate(&self) -> anyhow::Result<f64> {
        let transport = scim_client::Transport::new(
            scim_client::AddressPolicy::loopback(),
            || jiff::Timestamp::UNIX_EPOCH,
            || 0.5,
        );
        let target = scim_client::Target::parse(&self.url, &transport.policy)?;
        let client =
            Arc::new(scim_client::Client::new(target, transport, scim_client::client::Options::default())?);
        let body = json!({ "schemas": [USER], "userName": "person@bench.example", "displayName": "Person", "active": true });
        let body = body.as_object().cloned().context("an object")?;
        let (began, before) = (Instant::now(), self.requests.load(Ordering::Relaxed));
        let mut running = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let (client, body) = (client.clone(), body.clone());
            running.spawn(async move {
                while began.elapsed() < Duration::from_secs(3) {
                    client
                        .create("Users", &body)
                        .await
                        .map_err(|failure| anyhow::anyhow!(failure.cause()))?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok((self.requests.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64())
    }
}

fn scim(status: StatusCode, body: &Value) -> impl IntoResponse + use<> {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string())
}

async fn nothing_found(State(requests): State<Arc<AtomicU64>>) -> impl IntoResponse {
    requests.fetch_add(1, Ordering::Relaxed);
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
    scim(StatusCode::OK, &json!({ "schemas": schemas, "totalResults": 0, "Resources": [] }))
}

async fn created(State(requests): State<Arc<AtomicU64>>, body: axum::body::Bytes) -> impl IntoResponse {
    let number = requests.fetch_add(1, Ordering::Relaxed);
    let mut object: Value = serde_json::from_slice(&body).unwrap_or_default();
    object["id"] = format!("constant-{number}").into();
    scim(StatusCode::CREATED, &object)
}

async fn shown(
    State(requests): State<Arc<AtomicU64>>,
    Path((_, id)): Path<(String, String)>,
) -> impl IntoResponse {
    requests.fetch_add(1, Ordering::Relaxed);
    scim(StatusCode::OK, &json!({ "schemas": [USER], "id": id }))
}

async fn changed(State(requests): State<Arc<AtomicU64>>) -> StatusCode {
    requests.fetch_add(1, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}
