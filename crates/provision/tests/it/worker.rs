//! The worker finds what is due, and changes that are to be pushed, and stops when it is told to.

use std::time::Duration;

use directory::Kind;
use provision::job::CycleOutcome;
use scim_client::FailureKind;
use serde_json::json;
use tokio::sync::watch;

use crate::target::fault::{Fault, What};
use crate::walk::Stage;

/// Until it holds; a test that never does ends by this, not by the runner's patience.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..300 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_job_runs_by_itself_and_changes_are_pushed() {
    let stage = Stage::new().await;
    let alice = stage.user("alice").await;
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(stage.house.provisioning.clone().work(stopped));
    // Not started, it does not run.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(stage.target.asked().is_empty());
    stage.start().await;
    until("the initial cycle", async || stage.job().await.state.last_completed.is_some()).await;
    assert_eq!(stage.target.ids(Kind::User).len(), 1);

    // The interval has not passed, and nothing is pushed.
    stage.change(Kind::User, &alice, json!({ "displayName": "Alicia" })).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let name = async || {
        stage.target.get_now(Kind::User, &stage.target_id(&alice).await).unwrap()["displayName"].clone()
    };
    assert_eq!(name().await, "alice");
    let mut config = stage.job().await.config;
    config.push = true;
    let epoch = stage.job().await.epoch;
    stage.house.provisioning.set_config(stage.house.cx(), &stage.app, epoch, config).await.unwrap();
    until("the change", async || name().await == "Alicia").await;
    let bob = stage.user("bob").await;
    until("who was assigned", async || stage.link(&bob).await.is_some()).await;

    stop.send(true).unwrap();
    working.await.unwrap();
    assert!(!stage.job().await.running, "the lease was given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_never_answers_keeps_no_worker_from_stopping() {
    let stage = Stage::new().await;
    stage.user("alice").await;
    stage.target.fail(Fault::always(&[], What::Refuse(FailureKind::Refused, None)));
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(stage.house.provisioning.clone().work(stopped));
    stage.start().await;
    until("a cycle that fails", async || stage.job().await.state.unreachable > 0).await;
    stop.send(true).unwrap();
    working.await.unwrap();
    let status = stage.house.provisioning.status(&stage.house.tenant, &stage.app).await.unwrap();
    assert_eq!(status.cycles[0].outcome.as_deref(), Some(CycleOutcome::Failed.as_str()));
}

/// The clock stands, so no lease runs out by itself.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_was_running_goes_on_at_once_and_nothing_else_does() {
    for (owner, taken_over) in [("gone run", true), ("there run", false), ("elsewhere", false)] {
        let process = provision::Process { name: "this".to_owned(), has_gone: |name| name == "gone" };
        let stage = Stage::in_process(process).await;
        stage.user("alice").await;
        stage.start().await;
        let (app, now) = (stage.app.clone(), directory::Clock::now(stage.clock().as_ref()));
        let claim = move |write: &store::TenantWrite<'_>| {
            write.claim_job(&app, owner, now, now + jiff::SignedDuration::from_secs(15))
        };
        assert!(stage.house.store.tenant(&stage.house.tenant).write(claim).await.unwrap().is_some());
        let (stop, stopped) = watch::channel(false);
        let working = tokio::spawn(stage.house.provisioning.clone().work(stopped));
        if taken_over {
            until("the cycle", async || stage.job().await.state.last_completed.is_some()).await;
        } else {
            tokio::time::sleep(Duration::from_millis(1_200)).await;
            assert!(stage.target.asked().is_empty(), "{owner} is running it");
        }
        stop.send(true).unwrap();
        working.await.unwrap();
    }
}
