//! Load that does not wait: requests are sent at their times, whether those before were answered or not, and a latency is counted
//! from the time a request was due. A server that stands still for a second is seen with all the requests of that second.
//!
//! Nothing here is held to a time; the figures are printed. Held are: no 5xx, no refusal, nothing lost on the wire, memory flat.

mod arrivals;
mod people;
mod tally;

use std::path::Path;
use std::time::Duration;

use cluster::Cluster;
use serde_json::json;

use self::arrivals::{Arrivals, Share};
use self::people::People;
use self::tally::{Memory, Tally};
use crate::nodes::{Database, data_on};
use crate::server::{Server, Tenant};

const TENANTS: usize = 20;
const PEOPLE: usize = 50;
/// What one tenant may send a second in the test of neighbours; the noisy one sends ten times that.
const LIMIT: u32 = 20;

/// A number from the environment, for the long form: `MUSTER_LOAD_SECONDS=1800 MUSTER_LOAD_RATE=500`.
fn size(name: &str, short: u64) -> u64 {
    std::env::var(name).ok().map_or(short, |text| text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

fn seconds() -> u64 {
    size("MUSTER_LOAD_SECONDS", 20)
}

/// A development build serves a fraction of what a release build does.
fn rate() -> u64 {
    size("MUSTER_LOAD_RATE", if cfg!(debug_assertions) { 100 } else { 500 })
}

async fn settle(tenants: &[Tenant], count: usize) -> Vec<People> {
    let mut moving_in = tokio::task::JoinSet::new();
    for tenant in tenants {
        let client = tenant.client.clone();
        moving_in.spawn(async move { People::settle(client, count).await });
    }
    moving_in.join_all().await
}

async fn load_is_held(data: &Path) {
    let server = Server::start_in(data, &["--log", "warn", "--rate-limit", "200"]);
    let tenants: Vec<Tenant> = (0..TENANTS).map(|n| server.tenant(&format!("Tenant {n}"))).collect();
    let people = settle(&tenants, PEOPLE).await;
    let (seconds, rate) = (seconds(), rate());
    let shares = people.into_iter().map(|people| Share { people, per_second: rate as f64 / TENANTS as f64 });
    let memory = Memory::of(server.pid());
    let watched = memory.watch(Duration::from_secs(seconds));
    let arrivals = Arrivals::seeded();
    let tallies = arrivals.send(shares.collect(), Duration::from_secs(seconds)).await;
    let watched = watched.await.unwrap();
    let all = Tally::sum(&tallies);
    println!("{rate} requests/s for {seconds} s over {TENANTS} tenants, database {}", database(data));
    println!("{}", all.table());
    println!(
        "anonymous memory: {} KiB at a quarter of the time, {} KiB at the end",
        watched.quarter, watched.end
    );
    assert_eq!(all.faults(), Vec::<String>::new(), "log: {}", server.log());
    assert!(watched.is_flat(), "{watched:?}");
}

/// How the database is called in the figures.
fn database(data: &Path) -> &'static str {
    if data.join("muster.db").exists() { "SQLite" } else { "PostgreSQL" }
}

async fn a_noisy_neighbour_is_alone_with_it(data: &Path) {
    let server = Server::start_in(data, &["--log", "warn", "--rate-limit", "0"]);
    let tenants: Vec<Tenant> = (0..10).map(|n| server.tenant(&format!("Tenant {n}"))).collect();
    for tenant in &tenants {
        server.muster(&["tenant", "settings", &tenant.id, &format!("rate_limit={LIMIT}"), "--json"]).json();
    }
    // People move in below the limit, too.
    let people = settle(&tenants, 12).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let per_second = |n: usize| if n == 0 { f64::from(LIMIT) * 10.0 } else { f64::from(LIMIT) / 4.0 };
    let shares =
        people.into_iter().enumerate().map(|(n, people)| Share { people, per_second: per_second(n) });
    let seconds = seconds().min(600);
    let tallies = Arrivals::seeded().send(shares.collect(), Duration::from_secs(seconds)).await;
    let (noisy, others) = (&tallies[0], Tally::sum(&tallies[1..]));
    println!("noisy: {} sent, {} refused, {} taken", noisy.sent(), noisy.refused(), noisy.taken());
    println!("noisy:\n{}", noisy.table());
    println!("others:\n{}", others.table());
    assert_eq!(others.faults(), Vec::<String>::new(), "the others notice nothing; log: {}", server.log());
    assert!(noisy.refused() > noisy.taken(), "ten times the limit is refused for the most part");
    assert_eq!(noisy.faults_but_refusals(), Vec::<String>::new(), "log: {}", server.log());
    assert_eq!(noisy.refusals_without_advice(), 0, "each 429 says when to come back");
    // A bucket of one second's size, and one second's more for each second that passed on the server's clock.
    let most = u64::from(LIMIT) * (noisy.elapsed().as_secs() + 2);
    assert!(noisy.taken() <= most, "{} taken; {most} are allowed", noisy.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn load_is_held_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    load_is_held(&folder.path().join("data")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_neighbour_is_alone_with_it_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_noisy_neighbour_is_alone_with_it(&folder.path().join("data")).await;
}

fn on_postgresql(folder: &Path) -> std::path::PathBuf {
    let data = folder.join("data");
    data_on(&data, &Database::Url(Cluster::shared().database().unwrap()));
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn load_is_held_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    load_is_held(&on_postgresql(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_neighbour_is_alone_with_it_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    a_noisy_neighbour_is_alone_with_it(&on_postgresql(folder.path())).await;
}

/// What judges must be able to say no.
#[test]
fn the_judges_see_what_they_are_for() {
    let with = |status: u16| {
        let mut tally = Tally::default();
        tally.answer(true, Duration::from_millis(1), status, Some(1));
        tally
    };
    assert!(with(200).faults().is_empty() && with(404).faults().is_empty());
    for status in [400, 401, 409, 429, 500, 503] {
        assert!(!with(status).faults().is_empty(), "{status}");
    }
    assert!(with(429).faults_but_refusals().is_empty());
    let mut silent = Tally::default();
    silent.lost(&json!("reset").to_string());
    assert!(!silent.faults().is_empty(), "a request without an answer");
    let watched = |quarter, end| tally::Watched { quarter, end };
    assert!(watched(60_000, 64_000).is_flat());
    assert!(!watched(60_000, 120_000).is_flat(), "memory that doubles");
}
