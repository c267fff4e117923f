//! Links: counted as they change, one target object to one source object, and what groups and members mean with them.

use proptest::prelude::*;
use store::{Conflict, Error, Kind, LinkCounts, LinkQuery, LinkRow, TenantStore};

use super::{APP, OTHER, link, put_link};
use crate::store::{Thing, fresh, insert};

fn group(id: &str) -> LinkRow {
    LinkRow { kind: Kind::Group, ..link(id) }
}

#[tokio::test]
async fn one_target_object_is_linked_to_one_source_object() {
    let (_store, tenant) = fresh().await;
    put_link(&tenant, link("u1")).await;
    let thief = LinkRow { target_id: "t-u1".into(), ..link("u2") };
    let again = thief.clone();
    let refused = tenant.write(move |w| w.put_link(APP, &thief)).await;
    assert_eq!(refused, Err(Error::Conflict(Conflict::Id)));
    assert_eq!(counts(&tenant, Kind::User).await.total, 1, "refused and not counted");
    // Of another kind, or of another application, it is another object.
    put_link(&tenant, LinkRow { target_id: "t-u1".into(), ..group("g1") }).await;
    tenant.write(move |w| w.put_link(OTHER, &again)).await.expect("another application");
    let found = tenant.read(|r| r.link_by_target(APP, Kind::Group, "t-u1")).await.expect("read");
    assert_eq!(found.map(|link| link.source_id), Some("g1".into()));
    let everywhere = tenant.read(|r| r.links_of("u2")).await.expect("links");
    assert_eq!(everywhere.into_iter().map(|(application, _)| application).collect::<Vec<_>>(), [OTHER]);
    // The first time it was linked is not forgotten.
    let later = LinkRow { linked: crate::store::at(9), updated: crate::store::at(9), ..link("u1") };
    put_link(&tenant, later).await;
    let kept = tenant.read(|r| r.link(APP, "u1")).await.expect("read").expect("a link");
    assert_eq!((kept.linked, kept.updated), (crate::store::at(1), crate::store::at(9)));
}

#[tokio::test]
async fn links_are_listed_by_name_and_by_id() {
    let (_store, tenant) = fresh().await;
    for (id, name, managed) in
        [("u1", "mo", true), ("u2", "kim", true), ("u3", "lee", false), ("u4", "100%", true)]
    {
        put_link(&tenant, LinkRow { name: name.into(), managed, ..link(id) }).await;
    }
    put_link(&tenant, LinkRow { name: "team".into(), ..group("g1") }).await;
    let names = |query: LinkQuery| {
        let tenant = tenant.clone();
        async move {
            let rows = tenant.read(|r| r.links(APP, &query)).await.expect("links");
            rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
        }
    };
    let all = LinkQuery { limit: 9, ..LinkQuery::default() };
    assert_eq!(names(all.clone()).await, ["100%", "kim", "lee", "mo", "team"]);
    assert_eq!(
        names(LinkQuery { kind: Some(Kind::User), managed: Some(false), ..all.clone() }).await,
        ["lee"]
    );
    assert_eq!(names(LinkQuery { text: Some("%".into()), ..all.clone() }).await, ["100%"]);
    assert_eq!(names(LinkQuery { offset: 3, limit: 1, ..all }).await, ["mo"]);
    let ids = tenant.read(|r| r.linked_ids(APP, Kind::User, Some("u1"), 2)).await;
    assert_eq!(ids, Ok(vec!["u2".into(), "u3".into()]));
}

async fn counts(tenant: &TenantStore, kind: Kind) -> LinkCounts {
    tenant.read(|r| r.link_counts(APP, kind)).await.expect("counts")
}

#[derive(Debug, Clone)]
enum Act {
    Put { id: u8, group: bool, managed: bool, disabled: bool },
    Remove(u8),
    Clear,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let put = (0..6u8, any::<bool>(), any::<bool>()).prop_map(|(id, managed, disabled)| Act::Put {
        id,
        group: id % 3 == 0,
        managed,
        disabled,
    });
    let act = prop_oneof![8 => put, 3 => (0..6u8).prop_map(Act::Remove), 1 => Just(Act::Clear)];
    proptest::collection::vec(act, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is kept as a number is what one would count.
    #[test]
    fn counters_equal_counts(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (_store, tenant) = fresh().await;
            for act in acts {
                tenant.write(move |w| match act {
                    Act::Put { id, group, managed, disabled } => {
                        let kind = if group { Kind::Group } else { Kind::User };
                        w.put_link(APP, &LinkRow { kind, managed, disabled, ..link(&format!("o{id}")) })
                    }
                    Act::Remove(id) => w.remove_link(APP, &format!("o{id}")),
                    Act::Clear => w.clear_links(APP),
                }).await.expect("done");
                for kind in Kind::ALL {
                    let query = LinkQuery { kind: Some(kind), limit: 100, ..LinkQuery::default() };
                    let rows = tenant.read(|r| r.links(APP, &query)).await.expect("links");
                    let number = |test: fn(&LinkRow) -> bool| rows.iter().filter(|row| test(row)).count() as u64;
                    let counted = LinkCounts {
                        total: rows.len() as u64,
                        managed: number(|row| row.managed),
                        disabled: number(|row| row.disabled),
                    };
                    assert_eq!(counts(&tenant, kind).await, counted);
                }
            }
        });
    }
}

/// u1, u2, u3 and an unknown id in g1; u1 is linked through g1, u2 not at all, u3 managed otherwise, gone linked through g1
/// and a member no more, idle linked and not acted upon, and a member.
async fn staffed() -> (store::Store, TenantStore) {
    let (store, tenant) = fresh().await;
    for id in ["u1", "u2", "u3", "gone", "idle"] {
        insert(&tenant, Thing::user(id, id)).await.expect("inserted");
    }
    for id in ["g1", "g2"] {
        insert(&tenant, Thing::group(id, id)).await.expect("inserted");
    }
    let user = |id: &str| (id.to_owned(), Some(Kind::User));
    let members = [user("u1"), user("u2"), user("u3"), user("idle"), ("x".to_owned(), None)];
    tenant.write(move |w| w.add_members("g1", &members)).await.expect("added");
    tenant.write(move |w| w.add_members("g2", &[("u1".to_owned(), Some(Kind::User))])).await.expect("added");
    put_link(&tenant, LinkRow { via: Some("g1".into()), ..link("u1") }).await;
    put_link(&tenant, link("u3")).await;
    put_link(&tenant, LinkRow { via: Some("g1".into()), ..link("gone") }).await;
    put_link(&tenant, LinkRow { managed: false, ..link("idle") }).await;
    put_link(&tenant, group("g1")).await;
    (store, tenant)
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test]
async fn whom_a_change_of_a_group_concerns() {
    let (_store, tenant) = staffed().await;
    // Who came and is not acted upon yet, and who left; nobody for whom nothing changes.
    let touched = tenant.read(|r| r.touched_by_group(APP, "g1")).await.expect("ids");
    assert_eq!(sorted(touched), ["gone", "idle", "u2"]);
    let dependent = tenant.read(|r| r.dependent_on_group(APP, "g1")).await.expect("ids");
    assert_eq!(sorted(dependent), ["gone", "idle", "u1", "u2", "u3"]);
    assert!(tenant.read(|r| r.touched_by_group(OTHER, "nope")).await.expect("ids").is_empty());
}

#[tokio::test]
async fn members_a_target_has_not_been_told_of() {
    let (_store, tenant) = staffed().await;
    let to_add = || async {
        let rows = tenant.read(|r| r.members_to_add(APP, "g1", 9)).await.expect("members");
        rows.into_iter().map(|member| (member.source_id, member.target_id)).collect::<Vec<_>>()
    };
    let pair = |id: &str| (id.to_owned(), format!("t-{id}"));
    assert_eq!(to_add().await, [pair("u1"), pair("u3")], "linked and acted upon");
    assert_eq!(tenant.read(|r| r.members_to_add(APP, "g1", 1)).await.expect("members").len(), 1);
    // g2 is not at the target, so nobody misses anybody there.
    assert_eq!(tenant.read(|r| r.groups_missing_member(APP, "u1")).await, Ok(vec!["g1".into()]));
    let told = ["u1".to_owned(), "u3".to_owned(), "gone".to_owned()];
    tenant.write(move |w| w.put_sent_members(APP, "g1", &told)).await.expect("told");
    assert!(to_add().await.is_empty());
    assert!(tenant.read(|r| r.groups_missing_member(APP, "u1")).await.expect("groups").is_empty());
    let to_remove = || async { tenant.read(|r| r.members_to_remove(APP, "g1", 9)).await.expect("members") };
    assert_eq!(to_remove().await, [("gone".to_owned(), Some("t-gone".to_owned()))]);
    // Members that leave the directory's group; one is not at the target any more.
    tenant.write(|w| w.remove_members("g1", &["u3".to_owned()])).await.expect("removed");
    assert_eq!(to_remove().await.len(), 2);
    tenant.write(|w| w.remove_sent_members(APP, "g1", &["gone".to_owned()])).await.expect("told");
    assert_eq!(to_remove().await, [("u3".to_owned(), Some("t-u3".to_owned()))]);
    // A link that goes takes along what was told of its object.
    tenant.write(|w| w.remove_link(APP, "u3")).await.expect("removed");
    assert!(to_remove().await.is_empty());
    tenant.write(|w| w.remove_link(APP, "g1")).await.expect("removed");
    put_link(&tenant, group("g1")).await;
    assert_eq!(to_add().await, [pair("u1")], "a new group knows nobody");
}

#[tokio::test]
async fn why_a_user_is_in_scope_and_how_many_are() {
    let (_store, tenant) = staffed().await;
    let assign = |kind: Kind, id: &str| {
        let row = store::AssignmentRow { kind, id: id.into(), role: "r".into(), at: crate::store::at(1) };
        let tenant = tenant.clone();
        async move { tenant.write(move |w| w.assign(APP, &row)).await.expect("assigned") }
    };
    assert!(assign(Kind::Group, "g1").await);
    assert!(!assign(Kind::Group, "g1").await);
    assert!(assign(Kind::User, "u1").await);
    // g1 with its four users; u1 is counted once, and who is no user not at all.
    assert_eq!(tenant.read(|r| r.entitled_count(APP)).await, Ok(5));
    let through = |user: &'static str| {
        let tenant = tenant.clone();
        async move { tenant.read(|r| r.assigned_through(APP, user)).await.expect("read") }
    };
    assert_eq!(through("u2").await, Some(("g1".to_owned(), "g1".to_owned())));
    assert_eq!(through("gone").await, None);
    assert_eq!(tenant.read(|r| r.is_role_assigned(APP, "r")).await, Ok(true));
    assert_eq!(tenant.read(|r| r.is_role_assigned(APP, "")).await, Ok(false));
    assert_eq!(tenant.read(|r| r.applications_of("u1")).await, Ok(vec![APP.to_owned()]));
    assert_eq!(tenant.read(|r| r.assigned_ids(APP, Kind::User, "", 9)).await, Ok(vec!["u1".to_owned()]));
}
