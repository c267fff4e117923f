//! `cargo xtask bench provision`: whole cycles of a directory, each beside what its target can take by itself.
//!
//! | target | beside |
//! |---|---|
//! | `constant` answers a constant | bare creations a second by the engine's client |
//! | `slow` does so after 20 ms | the least time that so many requests take, so many in flight |
//! | `muster` is another tenant of the same server | creations a second by the engine's client into a third tenant |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::Connection;
use super::server::Muster;
use target::{Constant, create_rate};

mod target;

const IN_FLIGHT: usize = 16;
const MEMBERS: usize = 100;
/// Of the slow target, for each answer.
const DELAY: Duration = Duration::from_millis(20);
/// Creations by which a target's own rate is measured.
const RATE: usize = 4_000;
const APP: &str = "Bench";
const CYCLES: [&str; 3] = ["initial", "1 % changed", "no change"];
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Users in the directory, one pass a size; with a group for each hundred of them
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    sizes: Vec<usize>,
    /// Passes of each size and target; the medians are reported
    #[arg(long, default_value_t = 1)]
    passes: usize,
    /// Only these targets
    #[arg(long, value_delimiter = ',', default_values_t = ["constant".to_owned(), "slow".into(), "muster".into()])]
    targets: Vec<String>,
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
    target: String,
    cycle: &'static str,
    objects: u64,
    requests: u64,
    seconds: f64,
    /// Creations a second that the target takes by itself.
    rate: f64,
    memory_mib: u64,
}

impl Row {
    fn per_second(&self) -> f64 {
        self.objects as f64 / self.seconds
    }

    /// How it stands beside the target by itself; nothing to compare when nothing was sent.
    fn ratio(&self) -> Option<f64> {
        let least = self.requests as f64 * DELAY.as_secs_f64() / IN_FLIGHT as f64;
        (self.objects > 0).then(|| match self.target.as_str() {
            "slow" => self.seconds / least,
            "muster" => self.per_second() / self.rate,
            _ => self.requests as f64 / self.seconds / self.rate,
        })
    }

    fn beside(&self) -> String {
        let Some(ratio) = self.ratio() else { return "-".into() };
        match self.target.as_str() {
            "slow" => format!("{ratio:.2} x the least time"),
            "muster" => format!("{:.0} % of {:.0} creations/s", ratio * 100.0, self.rate),
            _ => format!("{:.0} % of {:.0} bare requests/s", ratio * 100.0, self.rate),
        }
    }

    fn requests_per_object(&self) -> Option<f64> {
        (self.objects > 0).then(|| self.requests as f64 / self.objects as f64)
    }

    fn json(&self) -> Value {
        json!({
            "users": self.size, "target": self.target, "cycle": self.cycle, "objects": self.objects,
            "seconds": self.seconds, "objects_per_second": self.per_second(), "requests": self.requests,
            "requests_per_object": self.requests_per_object(), "target_rate": self.rate, "ratio": self.ratio(),
            "peak_memory_mib": self.memory_mib,
        })
    }

    fn text(&self) -> String {
        let per_object = self.requests_per_object().map_or("-".to_owned(), |number| format!("{number:.1}"));
        let per_second = if self.objects > 0 { format!("{:.0}", self.per_second()) } else { "-".into() };
        format!(
            "{:>7} users  {:<8} {:<11} {:>7} objects {:>8.2} s {:>7}/s {:>5} requests/object  {:<31} {:>5} MiB",
            self.size,
            self.target,
            self.cycle,
            self.objects,
            self.seconds,
            per_second,
            per_object,
            self.beside(),
            self.memory_mib
        )
    }
}

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let (quick, slow) = (Constant::start(Duration::ZERO).await?, Constant::start(DELAY).await?);
    let mut all = Vec::new();
    for &size in &options.sizes {
        for target in &options.targets {
            let constant = match target.as_str() {
                "constant" => Some(&quick),
                "slow" => Some(&slow),
                "muster" => None,
                other => anyhow::bail!("{other}: the targets are constant, slow and muster"),
            };
            let mut cycles: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
            for _ in 0..options.passes.max(1) {
                for (n, row) in pass(size, target, constant).await?.into_iter().enumerate() {
                    cycles.entry(n).or_default().push(row);
                }
            }
            for row in cycles.into_values().filter_map(median) {
                if !options.json {
                    println!("{}", row.text());
                }
                all.push(row.json());
            }
        }
    }
    if options.json {
        println!("{:#}", json!({ "in_flight": IN_FLIGHT, "passes": options.passes, "cycles": all }));
    }
    Ok(())
}

/// By the ratio, or the time where there is none.
fn median(mut rows: Vec<Row>) -> Option<Row> {
    let key = |row: &Row| row.ratio().unwrap_or(row.seconds);
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = rows.len() / 2;
    rows.into_iter().nth(middle)
}

/// Initial cycle, one per cent changed, nothing changed.
async fn pass(size: usize, target: &str, constant: Option<&Constant>) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let flags = ["--provision-allow", "127.0.0.0/8"];
    let mut muster = Muster::start_with(folder.path(), &flags).await?;
    let users = fill(&muster, size).await?;
    let (url, secret, rate) = match constant {
        Some(constant) => {
            let rate = create_rate(&constant.url, "constant", RATE).await?;
            (constant.url.clone(), "constant".to_owned(), rate)
        }
        None => {
            let (url, key) = muster.tenant(folder.path(), "Rate").await?;
            let rate = create_rate(&url, &key, RATE).await?;
            let (url, key) = muster.tenant(folder.path(), "Target").await?;
            (url, key, rate)
        }
    };
    let app = async |arguments: &[&str]| muster.app(folder.path(), arguments, &secret).await;
    let in_flight = IN_FLIGHT.to_string();
    let connection =
        ["--target-url", &url, "--secret-env", "BENCH_SECRET", "--dialect", "rfc", "--in-flight", &in_flight];
    app(&[&["create", APP], &connection[..]].concat()).await?;
    app(&["scope", "all", APP]).await?;
    let mut rows = Vec::new();
    for cycle in CYCLES {
        if cycle == "1 % changed" {
            change(&muster, &users[..size.div_ceil(100)]).await?;
        }
        app(&["pause", APP]).await?;
        let before = newest(&app(&["status", APP]).await?);
        let requests = requests(&muster, constant).await?;
        muster.forget_peak_memory();
        app(&["start", APP]).await?;
        let ended = ended(&muster, folder.path(), &secret, &before, size).await?;
        let counts = ended["counts"].as_array().cloned().unwrap_or_default();
        let time =
            |name: &str| ended[name].as_str().context("a time")?.parse::<jiff::Timestamp>().context("a time");
        rows.push(Row {
            size,
            target: target.to_owned(),
            cycle,
            objects: counts.iter().filter_map(|count| count["n"].as_u64()).sum(),
            requests: self::requests(&muster, constant).await? - requests,
            seconds: time("ended")?.duration_since(time("began")?).as_secs_f64(),
            rate,
            memory_mib: muster.peak_memory_kib().unwrap_or(0) / 1024,
        });
    }
    muster.stop().await?;
    Ok(rows)
}

/// The cycle after `before`, once it has ended well.
async fn ended(
    muster: &Muster,
    folder: &Path,
    secret: &str,
    before: &Value,
    size: usize,
) -> anyhow::Result<Value> {
    // Asking costs the cycle time: it starts a process.
    let pause = Duration::from_millis((size as u64 / 10).clamp(300, 3_000));
    let ended = loop {
        tokio::time::sleep(pause).await;
        let cycle = newest(&muster.app(folder, &["status", APP], secret).await?);
        if cycle["id"] != before["id"] && !cycle["ended"].is_null() {
            break cycle;
        }
    };
    anyhow::ensure!(ended["outcome"] == "completed", "the cycle ended otherwise: {ended}");
    let counts = ended["counts"].as_array().cloned().unwrap_or_default();
    let failed = counts.iter().any(|count| count["status"] == "failure");
    anyhow::ensure!(!failed, "objects failed: {ended}");
    Ok(ended)
}

/// Requests that the target has answered so far.
async fn requests(muster: &Muster, constant: Option<&Constant>) -> anyhow::Result<u64> {
    match constant {
        Some(constant) => Ok(constant.requests()),
        // Nobody else asks the server anything during a cycle.
        None => muster.scim_requests().await,
    }
}

fn person(name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": format!("{name}@bench.example"), "displayName": format!("Person {name}"),
        "name": { "givenName": "Person", "familyName": name }, "active": true, "title": "Clerk",
        "emails": [{ "type": "work", "value": format!("{name}@bench.example") }],
    })
}

fn newest(status: &Value) -> Value {
    status["cycles"][0].clone()
}

/// Users and groups of a hundred of them; the ids of the users.
async fn fill(muster: &Muster, size: usize) -> anyhow::Result<Vec<String>> {
    let users =
        send(muster, size, |n| muster.request("POST", "/Users", Some(&person(&format!("person{n}")))))
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
