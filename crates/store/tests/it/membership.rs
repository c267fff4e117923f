//! Members are rows: idempotent, indexed both ways, counted.

use store::{Kind, TenantStore};

use crate::store::{Thing, fresh, insert};

async fn group_of_three() -> (store::Store, TenantStore) {
    let (store, tenant) = fresh().await;
    for id in ["u1", "u2", "u3"] {
        insert(&tenant, Thing::user(id, &format!("name of {id}"))).await.expect("inserted");
    }
    for id in ["g1", "g2"] {
        insert(&tenant, Thing::group(id, id)).await.expect("inserted");
    }
    let members = ["u1", "u2", "u3"].map(|id| (id.to_owned(), Some(Kind::User)));
    tenant.write(move |w| w.add_members("g1", &members)).await.expect("added");
    (store, tenant)
}

#[tokio::test]
async fn adding_and_removing_twice_is_once() {
    let (_store, tenant) = group_of_three().await;
    let again = [("u1".to_owned(), Some(Kind::User)), ("x".to_owned(), None)];
    let added = tenant.write(move |w| w.add_members("g1", &again)).await.expect("added");
    assert_eq!(added, ["x"]);
    assert_eq!(tenant.read(|r| r.member_count("g1")).await, Ok(4));
    for expected in [vec!["u2"], vec![]] {
        let removed = tenant.write(|w| w.remove_members("g1", &["u2".into(), "nobody".into()])).await;
        assert_eq!(removed.expect("removed"), expected);
    }
    assert_eq!(tenant.read(|r| r.member_count("g1")).await, Ok(3));
    assert_eq!(tenant.read(|r| r.is_member("g1", "u2")).await, Ok(false));
    assert_eq!(tenant.read(|r| r.is_member("g1", "u1")).await, Ok(true));
    assert_eq!(tenant.write(|w| w.clear_members("g1")).await, Ok(3));
    assert_eq!(tenant.read(|r| r.member_count("g1")).await, Ok(0));
}

#[tokio::test]
async fn members_are_paged_and_searched() {
    let (_store, tenant) = group_of_three().await;
    let first = tenant.read(|r| r.members("g1", None, 2, None)).await.expect("a page");
    assert_eq!(first.iter().map(|m| m.member.as_str()).collect::<Vec<_>>(), ["u1", "u2"]);
    assert_eq!(first[0].name.as_deref(), Some("name of u1"));
    let rest = tenant.read(|r| r.members("g1", Some("u2"), 2, None)).await.expect("a page");
    assert_eq!(rest.len(), 1);
    assert_eq!(tenant.read(|r| r.members("g1", None, 9, Some("of u3"))).await.expect("a page").len(), 1);
    assert_eq!(tenant.read(|r| r.members("g1", None, 9, Some("%"))).await.expect("a page").len(), 0);
}

#[tokio::test]
async fn who_leaves_leaves_every_group() {
    let (_store, tenant) = group_of_three().await;
    tenant.write(|w| w.add_members("g2", &[("u1".into(), Some(Kind::User))])).await.expect("added");
    let groups = tenant.read(|r| r.groups_of("u1")).await.expect("groups");
    assert_eq!(groups.iter().map(|g| g.id.as_str()).collect::<Vec<_>>(), ["g1", "g2"]);
    assert_eq!(tenant.write(|w| w.leave_all("u1")).await.expect("left"), ["g1", "g2"]);
    assert!(tenant.read(|r| r.groups_of("u1")).await.expect("groups").is_empty());
    assert_eq!(tenant.read(|r| r.member_count("g1")).await, Ok(2));
}
