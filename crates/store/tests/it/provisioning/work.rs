//! The list of work: asked for again it stays, done it goes, failed it waits.

use store::{IntentRow, Kind, Pass, TenantStore, WorkRow};

use super::{APP, OTHER, link, put_link};
use crate::store::{Thing, at, fresh, insert};

async fn queue(tenant: &TenantStore, pass: Pass, id: &'static str, due: i64) {
    tenant.write(move |w| w.queue(APP, pass, Kind::User, id, at(due))).await.expect("queued");
}

async fn row(tenant: &TenantStore, id: &str) -> Option<WorkRow> {
    tenant.read(|r| r.work(APP, Pass::Object, id)).await.expect("a row or none")
}

async fn due(tenant: &TenantStore, pass: Pass, now: i64) -> Vec<String> {
    let rows = tenant.read(|r| r.due_work(APP, pass, Kind::User, at(now), 100)).await.expect("rows");
    rows.into_iter().map(|row| row.id).collect()
}

async fn hold(tenant: &TenantStore, id: &str, stamp: u64, due: i64) {
    let escrow = Some(r#"{"code":"x"}"#.to_owned());
    let row = WorkRow { pass: Pass::Object, kind: Kind::User, id: id.into(), due: at(due), stamp, escrow };
    tenant.write(move |w| w.hold_work(APP, &row)).await.expect("held");
}

#[tokio::test]
async fn work_comes_in_the_order_it_is_due() {
    let (store, tenant) = fresh().await;
    for (id, when) in [("c", 30), ("a", 20), ("b", 20), ("d", 10), ("later", 99)] {
        queue(&tenant, Pass::Object, id, when).await;
    }
    queue(&tenant, Pass::Reference, "r", 1).await;
    tenant.write(|w| w.queue(APP, Pass::Object, Kind::Group, "g", at(1))).await.expect("queued");
    tenant.write(|w| w.queue(OTHER, Pass::Object, Kind::User, "o", at(1))).await.expect("queued");
    assert_eq!(due(&tenant, Pass::Object, 50).await, ["d", "a", "b", "c"]);
    assert_eq!(due(&tenant, Pass::Reference, 50).await, ["r"]);
    assert_eq!(tenant.read(|r| r.due_work_count(APP, Pass::Object, at(50))).await, Ok(5));
    assert_eq!(tenant.read(|r| r.pass_count(APP, Pass::Object)).await, Ok(6));
    let two = tenant.read(|r| r.due_work(APP, Pass::Object, Kind::User, at(50), 2)).await.expect("rows");
    assert_eq!(two.len(), 2);
    let other = store.tenant(&crate::store::tenant_id(crate::store::B));
    assert_eq!(other.read(|r| r.pass_count(APP, Pass::Object)).await, Ok(0));
}

#[tokio::test]
async fn asked_for_again_it_keeps_its_place_and_gets_a_new_stamp() {
    let (_store, tenant) = fresh().await;
    queue(&tenant, Pass::Object, "u", 20).await;
    queue(&tenant, Pass::Object, "u", 30).await;
    let found = row(&tenant, "u").await.expect("a row");
    assert_eq!((found.due, found.stamp), (at(20), 2));
    queue(&tenant, Pass::Object, "u", 10).await;
    let found = row(&tenant, "u").await.expect("a row");
    assert_eq!((found.due, found.stamp), (at(10), 3));
}

/// A change that comes while the object is at work is not lost.
#[tokio::test]
async fn what_was_asked_for_meanwhile_is_not_finished() {
    let (_store, tenant) = fresh().await;
    queue(&tenant, Pass::Object, "u", 1).await;
    let taken = row(&tenant, "u").await.expect("a row");
    queue(&tenant, Pass::Object, "u", 5).await;
    let finish = |stamp: u64| tenant.write(move |w| w.finish_work(APP, Pass::Object, "u", stamp));
    finish(taken.stamp).await.expect("finished");
    let again = row(&tenant, "u").await.expect("it stays");
    assert_eq!((again.due, again.stamp), (at(1), 2));
    finish(again.stamp).await.expect("finished");
    assert_eq!(row(&tenant, "u").await, None);
    finish(7).await.expect("finishing nothing is harmless");
}

#[tokio::test]
async fn finishing_an_older_attempt_drops_its_escrow_and_nothing_else() {
    let (_store, tenant) = fresh().await;
    queue(&tenant, Pass::Object, "u", 1).await;
    hold(&tenant, "u", 1, 50).await;
    queue(&tenant, Pass::Object, "u", 5).await;
    tenant.write(|w| w.finish_work(APP, Pass::Object, "u", 1)).await.expect("finished");
    let found = row(&tenant, "u").await.expect("it stays");
    assert_eq!((found.due, found.stamp, found.escrow), (at(5), 2, None));
}

#[tokio::test]
async fn what_failed_is_held_unless_it_was_asked_for_meanwhile() {
    let (_store, tenant) = fresh().await;
    queue(&tenant, Pass::Object, "u", 1).await;
    hold(&tenant, "u", 1, 50).await;
    assert!(due(&tenant, Pass::Object, 49).await.is_empty());
    assert_eq!(due(&tenant, Pass::Object, 50).await, ["u"]);
    // Asked for again it is due at once, and is remembered as having failed.
    queue(&tenant, Pass::Object, "u", 5).await;
    let found = row(&tenant, "u").await.expect("a row");
    assert_eq!((found.due, found.stamp, found.escrow.is_some()), (at(5), 2, true));
    // The attempt that was under way fails: what was asked for since stays due.
    hold(&tenant, "u", 1, 90).await;
    assert_eq!(row(&tenant, "u").await.expect("a row").due, at(5));
    // A failure of what is not in the list (on demand) is held too.
    hold(&tenant, "new", 1, 70).await;
    assert_eq!(tenant.read(|r| r.escrow_count(APP)).await, Ok(2));
    assert_eq!(tenant.read(|r| r.next_escrow(APP)).await, Ok(Some(at(5))));
    let held = tenant.read(|r| r.escrows(APP, 1, 9)).await.expect("rows");
    assert_eq!(held.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["new"]);
}

#[tokio::test]
async fn escrows_are_released_or_dropped_apart_from_the_rest() {
    let (_store, tenant) = fresh().await;
    queue(&tenant, Pass::Object, "waits", 60).await;
    queue(&tenant, Pass::Departure, "leaves", 60).await;
    for id in ["early", "late"] {
        queue(&tenant, Pass::Object, id, 1).await;
    }
    hold(&tenant, "early", 1, 3).await;
    hold(&tenant, "late", 1, 50).await;
    tenant.write(|w| w.release_escrows(APP, at(10))).await.expect("released");
    assert_eq!(due(&tenant, Pass::Object, 10).await, ["early", "late"]);
    let late = row(&tenant, "late").await.expect("a row");
    assert_eq!((late.due, late.stamp, late.escrow.is_some()), (at(10), 2, true));
    assert_eq!(
        row(&tenant, "early").await.expect("a row").due,
        at(3),
        "what was due earlier keeps its place"
    );
    tenant.write(|w| w.release_work(APP, Pass::Departure, at(10))).await.expect("released");
    assert_eq!(due(&tenant, Pass::Departure, 10).await, ["leaves"]);
    tenant.write(|w| w.postpone_work(APP, Pass::Departure, "leaves", at(80))).await.expect("postponed");
    assert!(due(&tenant, Pass::Departure, 79).await.is_empty());
    assert_eq!(tenant.write(|w| w.clear_work(APP, true)).await, Ok(2));
    assert_eq!(tenant.write(|w| w.clear_work(APP, false)).await, Ok(2));
    assert_eq!(tenant.read(|r| r.pass_count(APP, Pass::Object)).await, Ok(0));
}

#[tokio::test]
async fn a_group_brings_its_dependents() {
    let (_store, tenant) = fresh().await;
    for id in ["u1", "u2"] {
        insert(&tenant, Thing::user(id, id)).await.expect("inserted");
    }
    insert(&tenant, Thing::group("g1", "g1")).await.expect("inserted");
    let members =
        [("u1".to_owned(), Some(Kind::User)), ("g9".to_owned(), Some(Kind::Group)), ("x".to_owned(), None)];
    tenant.write(move |w| w.add_members("g1", &members)).await.expect("added");
    put_link(&tenant, store::LinkRow { via: Some("g1".into()), ..link("left") }).await;
    put_link(&tenant, store::LinkRow { via: Some("g2".into()), ..link("elsewhere") }).await;
    hold(&tenant, "u1", 1, 50).await;
    assert_eq!(tenant.read(|r| r.dependent_on_group(APP, "g1")).await, Ok(vec!["left".into(), "u1".into()]));
    assert_eq!(tenant.write(|w| w.queue_dependents(APP, "g1", at(5))).await, Ok(2));
    assert_eq!(due(&tenant, Pass::Object, 9).await, ["left", "u1"]);
    let held = row(&tenant, "u1").await.expect("a row");
    assert_eq!((held.stamp, held.escrow.is_some()), (2, true));
}

#[tokio::test]
async fn intents_and_what_waits_for_a_link() {
    let (_store, tenant) = fresh().await;
    let intent =
        |document: &str| IntentRow { id: "u".into(), kind: Kind::User, at: at(3), document: document.into() };
    for document in ["{}", r#"{"a":1}"#] {
        let row = intent(document);
        tenant.write(move |w| w.put_intent(APP, &row)).await.expect("put");
        assert_eq!(tenant.read(|r| r.intent(APP, "u")).await, Ok(Some(intent(document))));
    }
    tenant.write(|w| w.remove_intent(APP, "u")).await.expect("removed");
    assert_eq!(tenant.read(|r| r.intent(APP, "u")).await, Ok(None));
    for id in ["a", "b", "a"] {
        tenant.write(move |w| w.await_link(APP, "boss", id)).await.expect("awaits");
    }
    let mut taken = tenant.write(|w| w.take_awaiting(APP, "boss")).await.expect("taken");
    taken.sort();
    assert_eq!(taken, ["a", "b"]);
    assert_eq!(tenant.write(|w| w.take_awaiting(APP, "boss")).await, Ok(Vec::new()));
}
