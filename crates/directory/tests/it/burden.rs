//! What is large or slow for one must not be felt by others.

use std::thread;

use directory::{Kind, Precondition, Scope};
use scim::message::SearchRequest;
use scim::projection::Projection;
use serde_json::{Value, json};

use crate::house::{GROUP, House, USER, caller, house, refusal};

async fn group_of(house: &House, name: &str, members: usize) -> String {
    let members: Vec<_> = (0..members).map(|n| json!({ "value": format!("m{n}") })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    house.create(Kind::Group, body).await.unwrap().id
}

/// This runtime has one thread; whatever is not done on it leaves it free for others.
#[tokio::test]
async fn a_huge_group_is_read_and_written_out_elsewhere() {
    let house = house().await;
    let here = thread::current().id();
    for (name, members, elsewhere) in [("small", 1_000, false), ("huge", 1_001, true)] {
        let id = group_of(&house, name, members).await;
        let all = Projection::Default;
        let without = Projection::new(&[], &["members"]).unwrap();
        for (projection, elsewhere) in [(&all, elsewhere), (&without, false)] {
            let then = |found: directory::Text| (found.text, thread::current().id());
            let always = Precondition::None;
            let asked = house.directory.get_text(&house.tenant, Kind::Group, &id, projection, always, then);
            let (group, at) = asked.await.unwrap();
            let group: Value = serde_json::from_slice(&group).unwrap();
            assert_eq!(group.get("members").map(|m| m.as_array().unwrap().len()), {
                (*projection == all).then_some(members)
            });
            assert_eq!(at != here, elsewhere, "get {name} {projection:?}");
        }
        for (excluded, elsewhere) in [(vec![], elsewhere), (vec!["members".to_owned()], false)] {
            let filter = Some(format!("displayName eq \"{name}\""));
            let request =
                SearchRequest { filter, excluded_attributes: excluded.clone(), ..SearchRequest::default() };
            let then = |list: directory::ListText| (list.text, thread::current().id());
            let asked = house.directory.query_text(&house.tenant, Scope::Kind(Kind::Group), request, then);
            let (list, at) = asked.await.unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&list).unwrap()["totalResults"], 1);
            assert_eq!(at != here, elsewhere, "query {name} without {excluded:?}");
        }
    }
}

#[tokio::test]
async fn a_page_behind_the_last_is_empty_and_its_total_true() {
    let house = house().await;
    for n in 0..5 {
        house.user(&format!("user{n}")).await;
    }
    for start in [6, 5_000, i64::MAX] {
        let request = SearchRequest {
            sort_by: Some("userName".into()),
            start_index: Some(start),
            ..SearchRequest::default()
        };
        let list = house.search(Scope::Kind(Kind::User), request).await.unwrap().list;
        assert_eq!((list.total_results, list.resources.len()), (5, 0), "startIndex {start}");
    }
}

#[tokio::test]
async fn the_inactive_one_is_found_among_many_with_its_external_id() {
    let house = house().await;
    let user = |name: &str, active: bool| json!({ "schemas": [USER], "userName": name, "externalId": "x", "active": active });
    for name in ["a", "b", "c"] {
        house.create(Kind::User, user(name, true)).await.unwrap();
    }
    house.create(Kind::User, user("d", false)).await.unwrap();
    assert_eq!(refusal(house.create(Kind::User, user("e", true)).await), (409, "uniqueness"));
}

#[tokio::test]
async fn what_a_deletion_left_behind_is_swept_up() {
    let house = house().await;
    let other = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let before = house.dump().await;
    house.user("ada").await;
    group_of(&house, "g", 10).await;
    // As when the server ended in the middle of a deletion.
    let tenant = house.tenant.clone();
    house.store.write(move |w| w.delete_tenant(&tenant)).await.unwrap();
    assert_eq!(refusal(house.directory.settings(&house.tenant).await), (404, ""));
    assert_ne!(house.dump().await.lines().filter(|l| l.starts_with("resource\t")).count(), 0);
    house.directory.clean_up().await.unwrap();
    let left = house.dump().await;
    let expected: Vec<_> = before
        .lines()
        .filter(|l| !l.starts_with("head\t1\t") && (!l.starts_with("tenant\t") || l.contains(other.as_ref())))
        .collect();
    assert_eq!(left.lines().collect::<Vec<_>>(), expected);
}
