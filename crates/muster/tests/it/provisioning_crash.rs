//! kill -9 of the real server in the middle of cycles. The next one goes on; at the end nobody is missing, nobody is there twice,
//! and the provisioning log says what the target says.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::dice::{Dice, seed};
use crate::server::{PATIENCE, Server};
use crate::stage::{ALLOW, APP, END, Stage};

fn start(data: &Path) -> Server {
    Server::start_in(data, &["--provision-allow", ALLOW])
}

/// Kill, and start again on the same data. What the log said until then.
fn restart(server: &mut Server, stage: &mut Stage) -> String {
    server.kill();
    let (log, old) = (server.log(), server.url.clone());
    *server = start(&server.data);
    stage.company.base = stage.company.base.replace(&old, &server.url);
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_that_is_killed_goes_on_without_loss_or_duplicate() {
    let kills: u64 = std::env::var("MUSTER_CYCLE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let seed = seed();
    let mut dice = Dice::new(seed);
    let target = Server::start(&["--log", "error"]);
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&folder.path().join("data"));
    let company = server.tenant("Contoso");
    let mut stage = Stage::set(&server.data, company, &target).await;
    // The first in the middle for certain.
    let began = Instant::now();
    let mut posts = 0;
    while posts < 5 {
        posts += stage.relay.taken().iter().filter(|line| line.starts_with("POST ")).count();
        assert!(began.elapsed() < PATIENCE, "no cycle began");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut taken_over = 0;
    for kill in 0..kills {
        if kill > 0 {
            stage.hire(4).await;
            stage.rename(3, &mut dice).await;
            tokio::time::sleep(Duration::from_millis(dice.roll(900))).await;
        }
        let log = restart(&mut server, &mut stage);
        taken_over += log.matches("the process that ran a cycle has gone").count();
    }
    let began = Instant::now();
    while let Err(why) = stage.check().await {
        assert!(began.elapsed() < END, "seed {seed}: {why}\n{}", stage.app(&["status", APP]).stdout);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    taken_over += server.log().matches("the process that ran a cycle has gone").count();
    assert!(taken_over > 0, "a cycle whose process has gone is taken over at once");
    assert_eq!(stage.relay.conflicts(), 0, "nobody was sent a second time");
    assert_eq!(stage.stale_writes(), Vec::<String>::new());
    let status = stage.app(&["status", APP, "--json"]).json();
    assert_eq!((&status["held"]["objects"], &status["status"]), (&json!(0), &json!("Active")), "{status:#}");
    println!("{kills} kills, {taken_over} cycles taken over, {} people", stage.count());
    stage.a_stranger_is_seen().await;
}
