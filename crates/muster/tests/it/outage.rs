//! kill -9 of the database's server under load, whole or one of its backends, and of Muster on it: what was acknowledged is there.
//!
//! `MUSTER_KILLS` is the number of points.

use std::time::Duration;

use cluster::{Cluster, Options};

use crate::dice::{Dice, seed};
use crate::journal::{Journal, Load, check_all, lies_are_seen};
use crate::nodes::{Database, Nodes};
use crate::server::PATIENCE;

const CLIENTS: usize = 8;
/// Who does not know what became of a write goes on with another journal.
const JOURNALS: usize = 24;

/// A server whose database is gone says 500 or 503; of a write that was under way it does not know more than its client.
const DOUBTFUL: &[u16] = &[500, 502, 503, 504];

#[derive(Debug, Clone, Copy)]
enum Victim {
    /// One of PostgreSQL's backends; PostgreSQL ends all connections and recovers.
    Backend,
    /// PostgreSQL.
    Server,
    Muster,
}

impl Victim {
    fn draw(dice: &mut Dice) -> Self {
        match dice.roll(5) {
            0 | 1 => Self::Backend,
            2 => Self::Server,
            _ => Self::Muster,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_on_postgresql() {
    let kills: u64 = std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let seed = seed();
    let mut dice = Dice::new(seed);
    let cluster = Cluster::start(Options::default()).unwrap();
    let database = Database::Url(cluster.database().unwrap());
    let mut nodes = Nodes::start(&database, 1, PATIENCE, &["--log", "warn"]).await;
    let client = nodes.tenant("T").client;
    let mut journals = Vec::new();
    for number in 0..JOURNALS {
        let group = client.create_group(&format!("Group {number}")).await;
        journals.push(Journal::new(number, group).doubting(DOUBTFUL));
    }
    let mut killed = [0_u64; 3];
    for kill in 0..kills {
        let load = Load::begin(journals, CLIENTS, Duration::from_millis(2), &client, seed.wrapping_add(kill));
        tokio::time::sleep(Duration::from_millis(5 + dice.roll(800))).await;
        let victim = Victim::draw(&mut dice);
        let when = format!("seed {seed}, kill {kill}, {victim:?}");
        match victim {
            Victim::Backend => {
                assert!(cluster.kill_backend(dice.roll(1_000)).unwrap(), "{when}: Muster is connected");
                tokio::time::sleep(Duration::from_millis(dice.roll(300))).await;
                cluster.ready().unwrap();
            }
            Victim::Server => {
                cluster.kill_server().unwrap();
                tokio::time::sleep(Duration::from_millis(dice.roll(300))).await;
                cluster.start_again().unwrap();
            }
            Victim::Muster => nodes.kill(0),
        }
        killed[victim as usize] += 1;
        load.stop();
        journals = load.journals().await;
        nodes.all_ready().await;
        journals = check_all(journals, &client, &when).await;
    }
    let verified = nodes.muster(&["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified:#}");
    let acknowledged: u64 = journals.iter().map(|journal| journal.acknowledged).sum();
    let [backends, servers, musters] = killed;
    println!(
        "{backends} backends, {servers} times PostgreSQL, {musters} times Muster; \
         {acknowledged} writes acknowledged, none lost"
    );
    assert!(acknowledged > kills, "there was load: {acknowledged}");
    lies_are_seen(&journals, &client).await;
}
