//! Scans: bounded in number, and none runs on for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store::{Kind, Narrow};

use crate::store::{Thing, fresh, insert};

/// Counts a scan as ended, however it ends.
struct Ends(Arc<AtomicUsize>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_scan_that_nobody_waits_for_ends_and_counts_until_then() {
    let (_store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u", "k")).await.expect("inserted");
    let ended = Arc::new(AtomicUsize::new(0));
    let mut given_up = 0;
    for _ in 0..8 {
        let (started, has_started) = tokio::sync::oneshot::channel();
        let ends = Ends(ended.clone());
        let before = ended.clone();
        let scan = tenant.scan(move |r| {
            let _ends = ends;
            let _ = started.send(before.load(Ordering::SeqCst));
            // Not for ever, so that this test fails, and does not hang, when nothing stops it.
            (0..1_000_000).try_for_each(|_| r.scan(Kind::User, &Narrow::All, None, 100).map(drop))
        });
        // Two may run at once; the others only begin when one that was given up has ended.
        let before = tokio::select! {
            ended = scan => panic!("it runs until nobody waits: {ended:?}"),
            before = has_started => before.expect("started"),
        };
        assert!(given_up < before + 2, "{given_up} were given up, {before} of them had ended");
        given_up += 1;
    }
    let seen = tenant.scan(|r| r.count(Kind::User)).await;
    assert_eq!(seen, Ok(1), "a connection of a scan that was stopped serves others");
}
