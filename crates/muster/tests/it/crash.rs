//! SIGKILL at random moments under load: what was acknowledged is there, what was not is there whole or not at all.

use std::path::Path;
use std::time::Duration;

use crate::client::Client;
use crate::dice::{Dice, seed};
use crate::journal::{Journal, Load, check_all, lies_are_seen};
use crate::server::{Server, muster};

const CLIENTS: usize = 8;

fn integrity(data: &Path) {
    let database = rusqlite::Connection::open(data.join("muster.db")).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() {
    let kills: u64 = std::env::var("MUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let seed = seed();
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start_in(&data, &["--log", "error"]);
    let tenant = server.tenant("T");
    let mut journals = Vec::new();
    for number in 0..CLIENTS {
        let group = tenant.client.create_group(&format!("Group {number}")).await;
        journals.push(Journal::new(number, group));
    }
    let mut client = tenant.client.clone();
    for kill in 0..kills {
        let load = Load::begin(journals, CLIENTS, Duration::ZERO, &client, seed.wrapping_add(kill));
        tokio::time::sleep(Duration::from_millis(5 + dice.roll(800))).await;
        server.kill();
        journals = load.journals().await;
        integrity(&data);
        server = Server::start_in(&data, &["--log", "error"]);
        let base = format!("{}/scim/v2/{}", server.url, tenant.id);
        client = Client::new(&base, &tenant.client.key);
        journals = check_all(journals, &client, &format!("after kill {kill} of seed {seed}")).await;
    }
    let verified = muster(&data, &["audit", "verify", "--json"]).json();
    assert_eq!(verified["intact"], true, "{verified:#}");
    let acknowledged: u64 = journals.iter().map(|journal| journal.acknowledged).sum();
    println!("{kills} kills, {acknowledged} writes acknowledged, none lost");
    assert!(acknowledged > kills * 4, "there was load: {acknowledged}");
    lies_are_seen(&journals, &client).await;
}
