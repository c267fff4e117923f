//! Group commit: all or nothing for each write, together for the batch, on disk before it is acknowledged.

use store::{Conflict, Error, Kind, Location, Options, Store, Synchronous};

use crate::store::{A, Thing, add_tenant, fresh, insert, tenant_id};

#[tokio::test]
async fn a_refused_write_takes_only_itself_back() {
    let (store, tenant) = fresh().await;
    let before = store.dump().await.expect("a dump");
    let refused: Result<(), Error> = tenant
        .write(|w| {
            w.insert(&Thing::user("u1", "k1").entry())?;
            Err(Error::Conflict(Conflict::Version))
        })
        .await;
    assert_eq!(refused, Err(Error::Conflict(Conflict::Version)));
    assert_eq!(store.dump().await.expect("a dump"), before);
}

#[tokio::test]
async fn a_panic_takes_only_its_own_write_back() {
    let (store, tenant) = fresh().await;
    let before = store.dump().await.expect("a dump");
    let broken: Result<(), Error> = tenant
        .write(|w| {
            w.insert(&Thing::user("u1", "k1").entry())?;
            panic!("a bug, on purpose");
        })
        .await;
    assert!(matches!(broken, Err(Error::Unavailable(_))), "{broken:?}");
    assert_eq!(store.dump().await.expect("a dump"), before);
    insert(&tenant, Thing::user("u1", "k1")).await.expect("the writer goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_gets_the_key() {
    let (_store, tenant) = fresh().await;
    let tasks = (0..64).map(|n| {
        let tenant = tenant.clone();
        tokio::spawn(async move { insert(&tenant, Thing::user(&format!("u{n}"), "k")).await })
    });
    let mut outcomes = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outcomes.push(task.await.expect("a task"));
    }
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    let refused = Err(Error::Conflict(Conflict::UniqueKey));
    assert_eq!(outcomes.iter().filter(|o| **o == refused).count(), 63);
}

#[tokio::test]
async fn a_write_nobody_waits_for_is_carried_out() {
    let (_store, tenant) = fresh().await;
    {
        let mut write = Box::pin(insert(&tenant, Thing::user("u1", "k1")));
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx).is_ready())).await;
        let _ = polled;
    }
    // The writer works in order, so when this one is done the other is.
    insert(&tenant, Thing::user("u2", "k2")).await.expect("inserted");
    assert!(tenant.read(|r| r.resource(Kind::User, "u1")).await.expect("a read").is_some());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options::file(folder.path().join("deep/er/muster.db"));
    assert_eq!(options.synchronous, Synchronous::Full);
    let store = Store::open(options.clone()).expect("a store");
    add_tenant(&store, A).await;
    let tenant = store.tenant(&tenant_id(A));
    insert(&tenant, Thing::user("u1", "k1")).await.expect("inserted");
    let beside = Store::open(options.clone()).expect("a second process may open it");
    let seen = beside.tenant(&tenant_id(A)).read(|r| r.resource(Kind::User, "u1")).await.expect("a read");
    assert!(seen.is_some());
    insert(&beside.tenant(&tenant_id(A)), Thing::user("u2", "k2")).await.expect("inserted");
    assert_eq!(tenant.read(|r| r.count(Kind::User)).await, Ok(2));
    store.close();
    assert!(matches!(insert(&tenant, Thing::user("u3", "k3")).await, Err(Error::Unavailable(_))));
    drop((store, tenant, beside));
    let again = Store::open(options).expect("a store");
    assert_eq!(again.tenant(&tenant_id(A)).read(|r| r.count(Kind::User)).await, Ok(2));
}

#[tokio::test]
async fn a_value_too_big_to_keep_is_an_error_and_no_acknowledgement() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let store = Store::open(Options::file(&file)).expect("a store");
    add_tenant(&store, A).await;
    let tenant = store.tenant(&tenant_id(A));
    insert(&tenant, Thing::user("u1", "k1")).await.expect("inserted");
    let refused: Result<(), Error> = tenant
        .write(|w| {
            let huge = "x".repeat(1_100_000_000);
            let thing = Thing::user("u2", "k2");
            w.insert(&store::Entry { document: &huge, ..thing.entry() })
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(tenant.read(|r| r.count(Kind::User)).await, Ok(1));
    insert(&tenant, Thing::user("u3", "k3")).await.expect("the writer goes on");
}

#[cfg(unix)]
#[test]
fn a_new_database_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let store = Store::open(Options::file(&file)).expect("a store");
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
    drop(store);
}

#[test]
fn a_newer_or_edited_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    drop(Store::open(Options::file(&file)).expect("a store"));
    drop(Store::open(Options::file(&file)).expect("opening twice migrates once"));
    let raw = rusqlite::Connection::open(&file).expect("a connection");
    raw.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (9999, 'future', x'00')", [])
        .expect("inserted");
    assert!(matches!(Store::open(Options::file(&file)), Err(Error::Unsupported(_))));
    raw.execute_batch(
        "DELETE FROM schema_migration WHERE number = 9999; UPDATE schema_migration SET checksum = x'00'",
    )
    .expect("edited");
    assert!(matches!(Store::open(Options::file(&file)), Err(Error::Corrupt(_))));
}

#[test]
fn locations_are_read() {
    assert_eq!(Location::parse("sqlite::memory:"), Ok(Location::Memory));
    assert_eq!(Location::parse("sqlite:/a/b.db"), Ok(Location::File("/a/b.db".into())));
    for server in
        ["postgres://h/db", "postgresql://u:p@h:1/db?sslmode=require", "postgres:///db?host=/run/postgresql"]
    {
        let location = Location::parse(server);
        assert!(matches!(location, Ok(Location::Postgres(_))), "{server}");
        assert_eq!(format!("{location:?}"), "Ok(Postgres(ServerUrl(…)))", "a password is not shown");
    }
    let wrong =
        ["postgres://", "postgres:h", "postgresql://h:port/db", "mysql://x", "", "sqlite:", "sqlite://"];
    for wrong in wrong {
        assert!(matches!(Location::parse(wrong), Err(Error::Unsupported(_))), "{wrong}");
    }
}
