//! What a restart may not change, whatever the clock does meanwhile.

use std::path::Path;
use std::sync::Arc;

use directory::{Context, Directory, FixedClock, Kind, Precondition, PublicUrl, Random, Secret};
use jiff::Timestamp;
use serde_json::json;
use store::{Options, Store};

use crate::house::{USER, caller, object};

fn open(file: &Path, seed: u64, now: &str) -> (Store, Directory) {
    let store = Store::open(Options::file(file)).unwrap();
    let clock = Arc::new(FixedClock::at(now.parse::<Timestamp>().unwrap()));
    let url = PublicUrl::parse("https://muster.example").unwrap();
    let directory = Directory::new(store.clone(), clock, Random::seeded(seed), &Secret::new([7; 32]), url);
    (store, directory)
}

async fn make(directory: &Directory, cx: Context, name: &str) -> String {
    let body = object(json!({ "schemas": [USER], "userName": name }));
    directory.create(cx, Kind::User, body).await.unwrap().id
}

/// Paging, by index and by cursor, rests on ids being in the order of creation.
#[tokio::test(flavor = "multi_thread")]
async fn ids_are_in_order_though_the_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let (store, directory) = open(&file, 1, "2026-03-02T12:00:00Z");
    assert_eq!(store.greatest_id(), None);
    let tenant = directory.create_tenant(caller(), "Fabrikam").await.unwrap().id;
    let other = directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let cx = || Context::new(tenant.clone(), caller());
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        ids.push(make(&directory, cx(), name).await);
    }
    // The greatest of all is deleted, and of another tenant.
    let gone = make(&directory, Context::new(other.clone(), caller()), "gone").await;
    directory
        .delete(Context::new(other.clone(), caller()), Kind::User, &gone, Precondition::None)
        .await
        .unwrap();
    store.close();
    drop((store, directory));

    let (store, directory) = open(&file, 2, "2026-03-01T12:00:00Z");
    assert_eq!(store.greatest_id(), Some(gone.as_str()));
    ids.push(make(&directory, cx(), "c").await);
    assert!(ids[2] > gone, "also behind what could be restored");
    assert!(ids.is_sorted(), "{ids:?}");
}
