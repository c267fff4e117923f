//! Scans: bounded in number, and none runs on for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store::{Error, Kind, Narrow, TenantStore};

use crate::store::{B, Thing, fresh, insert, tenant_id};

/// Counts a scan as ended, however it ends.
struct Ends(Arc<AtomicUsize>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A scan that runs until nobody waits for it, and says at its start how many have ended before. It does not run for ever, so
/// that a test fails, and does not hang, when nothing stops it.
async fn endless(
    tenant: &TenantStore,
    ended: &Arc<AtomicUsize>,
    started: tokio::sync::oneshot::Sender<usize>,
) -> Result<(), Error> {
    let (ends, before) = (Ends(ended.clone()), ended.clone());
    tenant
        .scan(move |r| {
            let _ends = ends;
            let _ = started.send(before.load(Ordering::SeqCst));
            (0..1_000_000).try_for_each(|_| r.scan(Kind::User, &Narrow::All, None, 100).map(drop))
        })
        .await
}

#[tokio::test]
async fn a_scan_that_nobody_waits_for_ends_and_counts_until_then() {
    let (_store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u", "k")).await.expect("inserted");
    let ended = Arc::new(AtomicUsize::new(0));
    for given_up in 0..8 {
        let (started, has_started) = tokio::sync::oneshot::channel();
        // Two may run at once; the others only begin when one that was given up has ended.
        let before = tokio::select! {
            ended = endless(&tenant, &ended, started) => panic!("it runs until nobody waits: {ended:?}"),
            before = has_started => before.expect("started"),
        };
        assert!(given_up < before + 2, "{given_up} were given up, {before} of them had ended");
    }
    let seen = tenant.scan(|r| r.count(Kind::User)).await;
    assert_eq!(seen, Ok(1), "a connection of a scan that was stopped serves others");
}

#[tokio::test]
async fn the_scans_of_one_tenant_leave_room_for_another() {
    let (store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u", "k")).await.expect("inserted");
    let ended = Arc::new(AtomicUsize::new(0));
    let busy: Vec<_> = (0..16)
        .map(|_| {
            let (tenant, ended) = (tenant.clone(), ended.clone());
            let (started, has_started) = tokio::sync::oneshot::channel();
            (tokio::spawn(async move { endless(&tenant, &ended, started).await }), has_started)
        })
        .collect();
    let mut tasks = Vec::new();
    for (at, (task, has_started)) in busy.into_iter().enumerate() {
        if at < 2 {
            has_started.await.expect("started");
        }
        tasks.push(task);
    }
    assert_eq!(store.tenant(&tenant_id(B)).scan(|r| r.count(Kind::User)).await, Ok(0));
    assert_eq!(ended.load(Ordering::SeqCst), 0, "nothing had to end for it");
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}
