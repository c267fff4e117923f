//! Servers of one database behind a proxy are killed and paused at random, under a mixed load and in the middle of provisioning
//! cycles. Whatever happens: what was acknowledged is there, nobody is sent to the target twice, nothing older follows something
//! newer there, and what a server did that is gone or stands still, another takes over.
//!
//! `MUSTER_ROUNDS` is the number of faults.

use std::time::{Duration, Instant};

use cluster::Cluster;

use crate::client::Client;
use crate::dice::{Dice, seed};
use crate::journal::{Journal, Load, check_all, lies_are_seen};
use crate::nodes::{Database, Nodes};
use crate::server::{PATIENCE, Server};
use crate::stage::{ALLOW, APP, END, Stage};

const CLIENTS: usize = 6;
/// More than clients: who does not know what became of a write goes on with another one.
const JOURNALS: usize = 24;
/// Rounds until the journals are put aside for the last look, and new ones begun: each look costs a request a user.
const ROUNDS_OF_JOURNALS: u64 = 4;
/// A client breathes that long between two requests.
const PACE: Duration = Duration::from_millis(20);
/// Longer than the lease of a worker, which is 15 seconds.
const PAUSE: Duration = Duration::from_secs(17);
/// Until the proxy tells a client that nobody knows.
const ANSWER: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Kill(Vec<usize>),
    Pause(Vec<usize>),
}

impl Fault {
    /// One node, or all but one; killed also all of them.
    fn draw(dice: &mut Dice, count: usize) -> Self {
        let one = dice.roll(count as u64) as usize;
        let others: Vec<usize> = (0..count).filter(|number| *number != one).collect();
        match dice.roll(5) {
            0 => Self::Kill(vec![one]),
            1 => Self::Kill((0..count).collect()),
            2 if !others.is_empty() => Self::Kill(others),
            3 if !others.is_empty() => Self::Pause(others),
            _ => Self::Pause(vec![one]),
        }
    }

    fn victims(&self) -> &[usize] {
        match self {
            Self::Kill(victims) | Self::Pause(victims) => victims,
        }
    }
}

struct Chaos {
    nodes: Nodes,
    stage: Stage,
    load: Client,
    journals: Vec<Journal>,
    finished: Vec<Journal>,
    dice: Dice,
    seed: u64,
    _target: Server,
}

impl Chaos {
    async fn begin(database: &Database, count: usize) -> Self {
        let seed = seed();
        let target = Server::start(&["--log", "error"]);
        let nodes =
            Nodes::start(database, count, ANSWER, &["--log", "warn", "--provision-allow", ALLOW]).await;
        let stage = Stage::set(&nodes.data(0), nodes.tenant("Contoso"), &target).await;
        let load = nodes.tenant("Load").client;
        let journals = Vec::new();
        let finished = Vec::new();
        let mut chaos =
            Self { nodes, stage, load, journals, finished, dice: Dice::new(seed), seed, _target: target };
        chaos.new_journals().await;
        chaos
    }

    async fn new_journals(&mut self) {
        self.finished.append(&mut self.journals);
        for number in self.finished.len()..self.finished.len() + JOURNALS {
            let group = self.load.create_group(&format!("Group {number}")).await;
            self.journals.push(Journal::new(number, group).doubting(&[502, 503, 504]));
        }
    }

    async fn round(&mut self, round: u64) {
        self.stage.hire(3).await;
        self.stage.rename(5, &mut self.dice).await;
        let journals = std::mem::take(&mut self.journals);
        let load = Load::begin(journals, CLIENTS, PACE, &self.load, self.seed.wrapping_add(round));
        tokio::time::sleep(Duration::from_millis(self.dice.roll(900))).await;
        let fault = Fault::draw(&mut self.dice, self.nodes.count());
        let when = format!("seed {}, round {round}, {fault:?}", self.seed);
        let began = Instant::now();
        let paused = matches!(fault, Fault::Pause(_));
        for victim in fault.victims() {
            match paused {
                true => self.nodes.signal(*victim, "STOP"),
                false => self.nodes.kill(*victim),
            }
        }
        let somebody_is_left = fault.victims().len() < self.nodes.count();
        tokio::time::sleep(Duration::from_millis(200 + self.dice.roll(2_000))).await;
        if somebody_is_left {
            if paused {
                tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
            }
            self.mirrored(&format!("{when}, while they are away")).await;
        }
        let took_over = began.elapsed();
        if paused {
            fault.victims().iter().for_each(|victim| self.nodes.signal(*victim, "CONT"));
            // What they held in their hands goes on, or is refused, while others write.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        load.stop();
        let journals = load.journals().await;
        self.nodes.all_ready().await;
        self.journals = check_all(journals, &self.load, &when).await;
        self.mirrored(&when).await;
        println!("{when}: all there after {:.1} s", took_over.as_secs_f64());
        if (round + 1).is_multiple_of(ROUNDS_OF_JOURNALS) {
            self.new_journals().await;
        }
    }

    /// Until the target shows the company as it is.
    async fn mirrored(&self, when: &str) {
        let began = Instant::now();
        while let Err(why) = self.stage.check().await {
            let status = || self.stage.app(&["status", APP]).stdout;
            assert!(began.elapsed() < END, "{when}: {why}\n{}\n{}", status(), self.nodes.logs());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(self.stage.relay.conflicts(), 0, "{when}: nobody is sent a second time");
        assert_eq!(self.stage.stale_writes(), Vec::<String>::new(), "{when}: nothing old follows");
    }

    async fn end(mut self) {
        self.finished.append(&mut self.journals);
        let when = format!("seed {}, at the end", self.seed);
        let journals = check_all(std::mem::take(&mut self.finished), &self.load, &when).await;
        let verified = self.nodes.muster(&["audit", "verify", "--json"]).json();
        assert_eq!(verified["intact"], true, "{verified:#}");
        let acknowledged: u64 = journals.iter().map(|journal| journal.acknowledged).sum();
        let unanswered: u64 = journals.iter().map(|journal| journal.unanswered).sum();
        println!(
            "{acknowledged} writes acknowledged, none lost; of {unanswered} nobody knew, each is whole or not there"
        );
        assert!(acknowledged > 20, "there was load: {acknowledged}");
        lies_are_seen(&journals, &self.load).await;
        self.stage.a_stranger_is_seen().await;
    }
}

async fn nothing_is_lost(database: &Database, count: usize) {
    let rounds: u64 = std::env::var("MUSTER_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let mut chaos = Chaos::begin(database, count).await;
    for round in 0..rounds {
        chaos.round(round).await;
    }
    chaos.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_on_sqlite_loses_nothing() {
    nothing_is_lost(&Database::Embedded, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_on_postgresql_lose_nothing() {
    nothing_is_lost(&Database::Url(Cluster::shared().database().unwrap()), 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_of_three_nodes_is_not_noticed() {
    a_rolling_restart_is_not_noticed(&Database::Url(Cluster::shared().database().unwrap()), 3).await;
}

/// One node after the other is told to end and started again, and no client notices: each request has its answer.
async fn a_rolling_restart_is_not_noticed(database: &Database, count: usize) {
    assert!(count > 1);
    let seed = seed();
    let mut nodes = Nodes::start(database, count, PATIENCE, &["--log", "warn"]).await;
    let client = nodes.tenant("Load").client;
    let mut journals = Vec::new();
    for number in 0..CLIENTS {
        let group = client.create_group(&format!("Group {number}")).await;
        journals.push(Journal::new(number, group));
    }
    // Whoever is not answered, or not well, panics in the load.
    let load = Load::begin(journals, CLIENTS, PACE, &client, seed);
    for number in 0..count {
        tokio::time::sleep(Duration::from_millis(500)).await;
        nodes.signal(number, "TERM");
        let server = nodes.server(number);
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        nodes.restart(number);
        nodes.proxy.sees(&(0..count).collect::<Vec<_>>()).await;
    }
    load.stop();
    let journals = load.journals().await;
    assert_eq!(journals.iter().map(|journal| journal.unanswered).sum::<u64>(), 0, "{}", nodes.logs());
    let acknowledged: u64 = journals.iter().map(|journal| journal.acknowledged).sum();
    println!("{count} nodes restarted, {acknowledged} writes acknowledged meanwhile");
    check_all(journals, &client, &format!("seed {seed}, after the restart")).await;
}
