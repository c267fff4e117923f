//! What the end of assignments would mean, and why somebody is in scope.

use jiff::Timestamp;
use store::{AssignmentRow, Kind, Leaving, LinkRow, TenantStore};

use crate::store::{Thing, fresh, insert};

const APP: &str = "a1";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("a time")
}

async fn assign(tenant: &TenantStore, kind: Kind, id: &str) {
    let row = AssignmentRow { kind, id: id.into(), role: String::new(), at: now() };
    tenant.write(move |w| w.assign(APP, &row)).await.expect("assigned");
}

async fn link(tenant: &TenantStore, id: &str, managed: bool) {
    let row = LinkRow {
        source_id: id.into(),
        kind: Kind::User,
        target_id: format!("t-{id}"),
        name: id.into(),
        managed,
        disabled: false,
        via: None,
        linked: now(),
        updated: now(),
    };
    tenant.write(move |w| w.put_link(APP, &row)).await.expect("linked");
}

/// u1 and u2 in g1, u2 and u3 in g2, g3 (with g1) nested; g1, g2, u1 and u4 are assigned.
async fn assigned() -> (store::Store, TenantStore) {
    let (store, tenant) = fresh().await;
    for id in ["u1", "u2", "u3", "u4"] {
        insert(&tenant, Thing::user(id, &format!("name of {id}"))).await.expect("inserted");
    }
    for id in ["g1", "g2", "g3"] {
        insert(&tenant, Thing::group(id, id)).await.expect("inserted");
    }
    for (group, members) in [("g1", ["u1", "u2"]), ("g2", ["u2", "u3"])] {
        let members = members.map(|id| (id.to_owned(), Some(Kind::User)));
        tenant.write(move |w| w.add_members(group, &members)).await.expect("added");
    }
    tenant.write(|w| w.add_members("g2", &[("g3".into(), Some(Kind::Group))])).await.expect("added");
    for (kind, id) in [(Kind::Group, "g1"), (Kind::Group, "g2"), (Kind::User, "u1"), (Kind::User, "u4")] {
        assign(&tenant, kind, id).await;
    }
    link(&tenant, "u3", true).await;
    link(&tenant, "u4", false).await;
    (store, tenant)
}

#[tokio::test]
async fn who_is_in_scope_otherwise_does_not_leave() {
    let (_store, tenant) = assigned().await;
    for (ids, users, provisioned) in [
        (vec![], 0, 0),
        (vec!["g1"], 0, 0),
        (vec!["g1", "u1"], 1, 0),
        (vec!["g2"], 1, 1),
        (vec!["g1", "g2"], 2, 1),
        (vec!["g1", "g2", "u1", "u4"], 4, 1),
        (vec!["u4"], 1, 0),
        (vec!["u2", "g3", "nobody"], 0, 0),
    ] {
        let named: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let leaving = tenant.read(move |r| r.leaving(APP, &named)).await;
        assert_eq!(leaving, Ok(Leaving { users, provisioned }), "{ids:?}");
    }
    let other = tenant.read(|r| r.leaving("a2", &["g2".into(), "u4".into()])).await;
    assert_eq!(other, Ok(Leaving::default()), "another application");
}

#[tokio::test]
async fn reasons_are_the_assigned_groups_with_this_member() {
    let (_store, tenant) = assigned().await;
    for (user, expected) in [("u1", vec!["g1"]), ("u2", vec!["g1", "g2"]), ("u4", vec![])] {
        let groups = tenant.read(move |r| r.assigned_groups_of(APP, user)).await.expect("groups");
        assert_eq!(groups.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), expected, "{user}");
    }
}

#[tokio::test]
async fn matches_are_counted_as_they_are_listed() {
    let (_store, tenant) = assigned().await;
    for (text, expected) in [("name of", 2), ("G", 2), ("%", 0), ("u4", 1)] {
        assert_eq!(tenant.read(move |r| r.assignment_matches(APP, text)).await, Ok(expected), "{text}");
        let listed = tenant.read(move |r| r.assignments(APP, Some(text), 0, 9)).await.expect("a page");
        assert_eq!(listed.len() as u64, expected, "{text}");
    }
}
