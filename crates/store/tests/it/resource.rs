//! Resources, their index, tombstones, counters, scans.

use proptest::prelude::*;
use store::{Conflict, Error, Kind, ListSort, Narrow, SearchQuery, TenantStore};

use crate::store::{A, B, Thing, at, fresh, insert, tenant_id};

async fn ids(tenant: &TenantStore, kind: Kind, narrow: Narrow) -> Vec<String> {
    let found = tenant.read(|r| r.scan(kind, &narrow, None, 1000)).await.expect("a scan");
    let counted = tenant.read(|r| r.count_where(kind, &narrow)).await.expect("a count");
    assert_eq!(found.len() as u64, counted, "{narrow:?}");
    found.into_iter().map(|s| s.id).collect()
}

#[tokio::test]
async fn what_is_inserted_is_found_in_its_tenant_only() {
    let (store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u1", "nadia").with("externalId", "N1")).await.expect("inserted");
    let other = store.tenant(&tenant_id(B));
    for (view, expected) in [(&tenant, true), (&other, false)] {
        let found = view
            .read(|r| {
                Ok::<_, Error>([
                    r.resource(Kind::User, "u1")?.is_some(),
                    r.by_unique_key(Kind::User, "nadia")?.is_some(),
                    !r.by_value(Kind::User, "externalId", "N1")?.is_empty(),
                    r.kind_of("u1")? == Some(Kind::User),
                    r.count(Kind::User)? == 1,
                ])
            })
            .await
            .expect("a read");
        assert_eq!(found, [expected; 5]);
    }
    assert!(tenant.read(|r| r.resource(Kind::Group, "u1")).await.expect("a read").is_none());
    insert(&other, Thing::user("u1", "nadia")).await.expect("another tenant may have the same");
}

#[tokio::test]
async fn a_unique_key_is_taken_until_its_holder_is_buried() {
    let (_store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u1", "k")).await.expect("inserted");
    assert_eq!(insert(&tenant, Thing::user("u2", "k")).await, Err(Error::Conflict(Conflict::UniqueKey)));
    assert_eq!(insert(&tenant, Thing::user("u1", "other")).await, Err(Error::Conflict(Conflict::Id)));
    insert(&tenant, Thing::group("g1", "k")).await.expect("another kind may have it");
    assert!(tenant.write(|w| w.bury(Kind::User, "u1", at(5), &["g1".into()])).await.expect("buried"));
    assert!(!tenant.write(|w| w.bury(Kind::User, "u1", at(5), &[])).await.expect("nothing left to bury"));
    insert(&tenant, Thing::user("u2", "k")).await.expect("the key is free");
    assert_eq!(insert(&tenant, Thing::user("u1", "x")).await, Err(Error::Conflict(Conflict::Id)));
    let restore = tenant.write(|w| w.restore(Kind::User, "u1", at(6))).await;
    assert_eq!(restore, Err(Error::Conflict(Conflict::UniqueKey)));
    tenant.write(|w| w.bury(Kind::User, "u2", at(7), &[])).await.expect("buried");
    let (restored, left) =
        tenant.write(|w| w.restore(Kind::User, "u1", at(8))).await.expect("restored").expect("one");
    assert_eq!((restored.version, left), (2, vec!["g1".to_owned()]));
    assert_eq!(tenant.read(|r| r.tombstones_before(at(7), 9)).await, Ok(Vec::new()));
    assert_eq!(tenant.read(|r| r.tombstones_before(at(8), 9)).await, Ok(vec![(Kind::User, "u2".to_owned())]));
    assert_eq!(tenant.write(|w| w.purge(Kind::User, "u2")).await, Ok(true));
    assert_eq!(tenant.read(|r| r.tombstones_before(at(8), 9)).await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_update_needs_the_version_and_moves_the_index() {
    let (_store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u1", "k").with("externalId", "a").with("emails.value", "m"))
        .await
        .expect("inserted");
    let changed =
        Thing { active: false, ..Thing::user("u1", "k2").with("emails.value", "m").with("externalId", "b") };
    let again = changed.clone();
    assert_eq!(tenant.write(move |w| w.update(&changed.entry(), 1)).await, Ok(2));
    assert_eq!(
        tenant.write(move |w| w.update(&again.entry(), 1)).await,
        Err(Error::Conflict(Conflict::Version))
    );
    let of = |path, key: &str| Narrow::Value { path, key: key.into() };
    assert!(ids(&tenant, Kind::User, of("externalId", "a")).await.is_empty());
    assert_eq!(ids(&tenant, Kind::User, of("externalId", "b")).await, ["u1"]);
    assert_eq!(ids(&tenant, Kind::User, of("emails.value", "m")).await, ["u1"]);
    assert_eq!(ids(&tenant, Kind::User, Narrow::UniqueKey("k2".into())).await, ["u1"]);
    assert!(ids(&tenant, Kind::User, Narrow::Active(true)).await.is_empty());
    let stats = tenant.read(|r| r.stats()).await.expect("stats");
    assert_eq!((stats.users, stats.active_users), (1, 0));
}

#[tokio::test]
async fn narrows_mean_what_they_say() {
    let (_store, tenant) = fresh().await;
    for (id, key) in [("u1", "ab"), ("u2", "a%"), ("u3", "b")] {
        insert(&tenant, Thing::user(id, key).with("externalId", key)).await.expect("inserted");
    }
    insert(&tenant, Thing::group("g1", "g")).await.expect("inserted");
    tenant.write(|w| w.add_members("g1", &[("u1".into(), Some(Kind::User))])).await.expect("added");
    let id = |id: &str| Narrow::Id(id.into());
    let prefix = |p: &str| Narrow::ValuePrefix { path: "externalId", prefix: p.into() };
    for (narrow, expected) in [
        (Narrow::All, vec!["u1", "u2", "u3"]),
        (Narrow::Nothing, vec![]),
        (id("u2"), vec!["u2"]),
        (Narrow::UniqueKeyPrefix("a".into()), vec!["u1", "u2"]),
        (Narrow::UniqueKeyPrefix("a%".into()), vec!["u2"]),
        (Narrow::UniqueKeyPrefix("a_".into()), vec![]),
        (prefix("b"), vec!["u3"]),
        (Narrow::GroupOf("g1".into()), vec!["u1"]),
        (Narrow::And(vec![id("u1"), Narrow::GroupOf("g1".into())]), vec!["u1"]),
        (Narrow::And(vec![id("u2"), Narrow::GroupOf("g1".into())]), vec![]),
        (Narrow::Or(vec![id("u3"), Narrow::GroupOf("g1".into())]), vec!["u1", "u3"]),
        (Narrow::And(vec![]), vec!["u1", "u2", "u3"]),
        (Narrow::Or(vec![]), vec![]),
    ] {
        assert_eq!(ids(&tenant, Kind::User, narrow.clone()).await, expected, "{narrow:?}");
    }
    assert_eq!(ids(&tenant, Kind::Group, Narrow::Member("u1".into())).await, ["g1"]);
    let both = Narrow::And(vec![id("g1"), Narrow::Member("u2".into())]);
    assert!(ids(&tenant, Kind::Group, both).await.is_empty());
}

#[tokio::test]
async fn pages_and_scans_are_in_order_and_complete() {
    let (_store, tenant) = fresh().await;
    for n in 0..25 {
        insert(&tenant, Thing::user(&format!("u{n:02}"), &format!("k{:02}", 99 - n)))
            .await
            .expect("inserted");
    }
    let mut seen = Vec::new();
    for page in 0..4 {
        let rows = tenant.read(|r| r.page(Kind::User, &Narrow::All, page * 7, 7)).await.expect("a page");
        seen.extend(rows.into_iter().map(|s| s.id));
    }
    let all: Vec<String> = (0..25).map(|n| format!("u{n:02}")).collect();
    assert_eq!(seen, all);
    let behind = tenant.read(|r| r.scan(Kind::User, &Narrow::All, Some("u23"), 10)).await.expect("a scan");
    assert_eq!(behind.len(), 1);
    let query = SearchQuery {
        text: "k9".into(),
        sort: ListSort::Name,
        limit: 3,
        offset: 1,
        ..SearchQuery::default()
    };
    let (rows, total) = tenant.read(|r| r.search(Kind::User, &query)).await.expect("a search");
    assert_eq!((rows.len(), total, rows[0].id.as_str()), (3, 10, "u08"));
}

/// The shown name is searched without regard to case in every script, as `userName` is.
#[tokio::test]
async fn names_are_searched_whatever_their_case() {
    let (_store, tenant) = fresh().await;
    insert(&tenant, Thing::user("u1", "Maria Ángel")).await.expect("inserted");
    insert(&tenant, Thing::user("u2", "Mário Angel")).await.expect("inserted");
    for (text, found) in [("ángel", 1), ("ángela", 0), ("mar", 1), ("angel", 1), ("má", 1)] {
        let query = SearchQuery { text: text.into(), limit: 9, ..SearchQuery::default() };
        let (rows, total) = tenant.read(move |r| r.search(Kind::User, &query)).await.expect("a search");
        assert_eq!((rows.len(), total), (found, found as u64), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The counters are kept, not counted; they must equal a count whatever happened.
    #[test]
    fn counters_equal_a_count(steps in proptest::collection::vec((0u8..5, 0u8..6, any::<bool>()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (store, tenant) = fresh().await;
            for (step, number, active) in steps {
                let thing = Thing { active, ..Thing::user(&format!("u{number}"), &format!("k{number}")) };
                let id = thing.id.clone();
                drop(tenant.write(move |w| match step {
                    0 => w.insert(&thing.entry()),
                    1 => match w.resource(Kind::User, &id)? {
                        Some(stored) => w.update(&thing.entry(), stored.version).map(drop),
                        None => Ok(()),
                    },
                    2 => w.bury(Kind::User, &id, at(1), &[]).map(drop),
                    3 => w.restore(Kind::User, &id, at(2)).map(drop),
                    _ => w.purge(Kind::User, &id).map(drop),
                }).await);
            }
            let stats = tenant.read(|r| r.stats()).await.expect("stats");
            let live = tenant.read(|r| r.scan(Kind::User, &Narrow::All, None, 100)).await.expect("a scan");
            let active = tenant.read(|r| r.scan(Kind::User, &Narrow::Active(true), None, 100)).await.expect("a scan");
            let dead = tenant.read(|r| r.tombstones(Kind::User, None, 100)).await.expect("tombstones");
            assert_eq!(
                (stats.users, stats.active_users, stats.deleted_users),
                (live.len() as u64, active.len() as u64, dead.len() as u64)
            );
            let _ = (store, A);
        });
    }
}
