//! A database copied whole: from a file into PostgreSQL and back, broken off, into one that is in use, and with a row that
//! differs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cluster::Cluster;
use store::{Copied, Error, Options, Store, TenantRow, copy};

use crate::store::{A, B, Thing, add_tenant, at, tenant_id};

const KEY: [u8; 32] = [7; 32];

fn with_key(options: Options) -> Options {
    Options { master_key: Some(KEY), ..options }
}

fn server() -> (String, Options) {
    let url = Cluster::shared().database().expect("a database");
    let options = Options::at(&url).expect("a URL");
    (url, options)
}

/// 2,500 users, so that there is more than one page.
async fn filled(file: &Path) -> String {
    let store = Store::open(with_key(Options::file(file))).expect("a store");
    add_tenant(&store, A).await;
    add_tenant(&store, B).await;
    let tenant = store.tenant(&tenant_id(A));
    let fill = |w: &store::TenantWrite<'_>| {
        for n in 0..2_500 {
            let id = format!("{n:08}");
            let user =
                Thing::user(&id, &format!("user{n}")).with("emails.value", &format!("ß{n}@example.com"));
            w.insert(&user.entry())?;
            w.append_change(store::Kind::User, &id, store::ChangeKind::Created, at(n))?;
        }
        let group = Thing::group("g", "everybody");
        w.insert(&group.entry())?;
        w.add_members("g", &[("00000001".into(), Some(store::Kind::User))])
    };
    tenant.write(fill).await.expect("filled");
    let dump = store.dump().await.expect("a dump");
    store.close();
    dump
}

async fn dump(options: Options) -> String {
    let store = Store::open(with_key(options)).expect("the copy opens");
    let dump = store.dump().await.expect("a dump");
    store.close();
    dump
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_the_same_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let before = filled(&file).await;
    let (_, into) = server();
    let mut told = Vec::new();
    let rows = copy(&Options::file(&file), &into, &mut |copied: Copied| told.push(copied)).expect("copied");
    let last = told.last().expect("progress");
    assert!(last.is_compared && last.rows == rows && last.total == rows, "{last:?} of {rows}");
    assert_eq!(dump(into.clone()).await, before);

    let again = copy(&Options::file(&file), &into, &mut |_| {});
    assert!(matches!(&again, Err(Error::Unsupported(why)) if why.contains("in use")), "{again:?}");
    let back = folder.path().join("back.db");
    copy(&into, &Options::file(&back), &mut |_| {}).expect("copied back");
    assert_eq!(dump(Options::file(&back)).await, before);

    let store = Store::open(with_key(into)).expect("a store");
    let third = "0198a000-0000-7000-8000-00000000000c";
    let row = TenantRow { id: tenant_id(third), name: "Third".into(), created: at(0) };
    store.write(move |w| w.insert_tenant(&row)).await.expect("the next tenant has a number of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_broken_off_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    let before = filled(&file).await;
    for stop in [1, 5] {
        let (_, into) = server();
        let mut steps = 0;
        let broken = catch_unwind(AssertUnwindSafe(|| {
            copy(&Options::file(&file), &into, &mut |_| {
                steps += 1;
                assert!(steps < stop, "broken off");
            })
        }));
        assert!(broken.is_err(), "it was broken off at step {stop}");
        copy(&Options::file(&file), &into, &mut |_| {}).expect("goes on");
        assert_eq!(dump(into).await, before, "broken off at step {stop}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_differs_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    filled(&file).await;
    let (url, into) = server();
    let mut steps = 0;
    let broken = catch_unwind(AssertUnwindSafe(|| {
        copy(&Options::file(&file), &into, &mut |_| {
            steps += 1;
            assert!(steps < 8, "broken off");
        })
    }));
    assert!(broken.is_err());
    let edit = "UPDATE resource SET name = 'else' WHERE id = '00000003'";
    Cluster::shared().psql(&url, edit).expect("an edit");
    let copied = copy(&Options::file(&file), &into, &mut |_| {});
    assert!(matches!(&copied, Err(Error::Corrupt(why)) if why.contains("resource")), "{copied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("muster.db");
    filled(&file).await;
    let other = Options { master_key: Some([8; 32]), ..Options::file(&file) };
    assert_eq!(Store::open(other).err(), Some(Error::OtherKey));
    assert!(Store::open(with_key(Options::file(&file))).is_ok());
}
