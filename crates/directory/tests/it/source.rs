//! The directory as provisioning reads it.

use directory::{ChangeKind, Kind, SourceState};
use scim::projection::Projection;
use serde_json::json;

use crate::house::{House, house};

async fn changes(house: &House, after: u64) -> Vec<(Kind, String, ChangeKind)> {
    let changes = house.directory.source_changes(&house.tenant, after, 100).await.unwrap();
    assert!(changes.complete);
    changes.rows.into_iter().map(|row| (row.kind, row.id, row.change)).collect()
}

async fn head(house: &House) -> u64 {
    house.directory.source_head(&house.tenant).await.unwrap()
}

#[tokio::test]
async fn an_object_is_present_then_soft_deleted_then_purged() {
    let house = house().await;
    let user = house.user("nadia").await;
    let group = house.group("G", &[&user]).await;
    let read = async |kind, id: &str| house.directory.source_object(&house.tenant, kind, id).await.unwrap();
    let present = read(Kind::User, &user).await;
    assert_eq!((present.state, &present.resource["userName"]), (SourceState::Present, &json!("nadia")));
    let shown = house
        .directory
        .get(&house.tenant, Kind::User, &user, &Projection::new(&[], &["groups"]).unwrap())
        .await
        .unwrap();
    assert_eq!(present.resource, shown.resource, "with id and meta, without groups");
    assert!(!read(Kind::Group, &group).await.resource.contains_key("members"));

    house.delete(Kind::User, &user).await.unwrap();
    let gone = read(Kind::User, &user).await;
    assert_eq!((gone.state, &gone.resource["id"]), (SourceState::SoftDeleted, &json!(user)));
    house.directory.restore(house.cx(), Kind::User, &user).await.unwrap();
    assert_eq!(read(Kind::User, &user).await.state, SourceState::Present);
    house.delete(Kind::User, &user).await.unwrap();
    house.directory.purge(house.cx(), Kind::User, &user).await.unwrap();
    for id in [user.as_str(), "never", &group] {
        let purged = read(Kind::User, id).await;
        assert_eq!((purged.state, purged.resource.len()), (SourceState::Purged, 0), "{id}");
    }
}

#[tokio::test]
async fn every_write_is_a_change_and_nothing_else_is() {
    let house = house().await;
    let user = house.user("nadia").await;
    let group = house.group("G", &[]).await;
    let patch = async |kind, id: &str, operation| {
        let before = head(&house).await;
        house.patch(kind, id, json!([operation])).await.unwrap();
        changes(&house, before).await
    };
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": user }] });
    let remove = json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") });
    let updated = vec![(Kind::Group, group.clone(), ChangeKind::Updated)];
    assert_eq!(patch(Kind::Group, &group, add.clone()).await, updated);
    assert_eq!(patch(Kind::Group, &group, add.clone()).await, [], "it was a member already");
    assert_eq!(patch(Kind::Group, &group, remove).await, updated);
    patch(Kind::Group, &group, add).await;
    let title = json!({ "op": "replace", "path": "title", "value": "Chief" });
    assert_eq!(patch(Kind::User, &user, title).await, [(Kind::User, user.clone(), ChangeKind::Updated)]);

    let before = head(&house).await;
    house.delete(Kind::User, &user).await.unwrap();
    let left =
        [(Kind::User, user.clone(), ChangeKind::Deleted), (Kind::Group, group.clone(), ChangeKind::Updated)];
    assert_eq!(changes(&house, before).await, left);
    let before = head(&house).await;
    house.directory.restore(house.cx(), Kind::User, &user).await.unwrap();
    let back =
        [(Kind::User, user.clone(), ChangeKind::Restored), (Kind::Group, group.clone(), ChangeKind::Updated)];
    assert_eq!(changes(&house, before).await, back);
}

/// A hard delete has to reach targets, whoever made it.
#[tokio::test]
async fn a_purge_is_a_change_by_hand_and_by_age() {
    let house = house().await;
    let (by_hand, by_age, kept) = (house.user("a").await, house.group("b", &[]).await, house.user("c").await);
    house.delete(Kind::User, &by_hand).await.unwrap();
    house.delete(Kind::Group, &by_age).await.unwrap();
    let before = head(&house).await;
    house.directory.purge(house.cx(), Kind::User, &by_hand).await.unwrap();
    assert_eq!(changes(&house, before).await, [(Kind::User, by_hand, ChangeKind::Purged)]);

    let before = head(&house).await;
    house.clock.advance(jiff::SignedDuration::from_hours(24 * 29));
    house.delete(Kind::User, &kept).await.unwrap();
    house.clock.advance(jiff::SignedDuration::from_hours(24 * 2));
    house.directory.clean_up().await.unwrap();
    let expect = [(Kind::User, kept, ChangeKind::Deleted), (Kind::Group, by_age, ChangeKind::Purged)];
    assert_eq!(changes(&house, before).await, expect);
    let before = head(&house).await;
    house.directory.clean_up().await.unwrap();
    assert_eq!(changes(&house, before).await, []);
}

#[tokio::test]
async fn a_number_the_log_does_not_know_is_told() {
    let house = house().await;
    let complete = async |after| {
        let changes = house.directory.source_changes(&house.tenant, after, 10).await.unwrap();
        (changes.rows.len(), changes.complete)
    };
    assert_eq!(complete(0).await, (0, true), "an empty log is whole");
    assert_eq!(complete(1).await, (0, false), "a number from another life of the data");
    for name in ["a", "b", "c"] {
        house.user(name).await;
    }
    assert_eq!((complete(0).await, complete(2).await), ((3, true), (1, true)));
    assert_eq!((complete(3).await, complete(4).await), ((0, true), (0, false)));
    let two = house.directory.source_changes(&house.tenant, 0, 2).await.unwrap();
    assert_eq!(two.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn ids_and_members_come_in_pages() {
    let house = house().await;
    let mut users = Vec::new();
    for number in 0..7 {
        users.push(house.user(&format!("u{number}")).await);
    }
    let all: Vec<&str> = users.iter().map(String::as_str).collect();
    let group = house.group("G", &all).await;
    let (directory, tenant) = (&house.directory, &house.tenant);
    let mut paged = Vec::new();
    while let page =
        directory.source_ids(tenant, Kind::User, paged.last().map(String::as_str), 3).await.unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 3);
        paged.extend(page);
    }
    assert_eq!(paged, users);
    assert_eq!(
        directory.source_ids(tenant, Kind::Group, None, 9).await.unwrap(),
        std::slice::from_ref(&group)
    );
    let mut members = Vec::new();
    while let page =
        directory.source_members(tenant, &group, members.last().map(String::as_str), 3).await.unwrap()
        && !page.is_empty()
    {
        members.extend(page.into_iter().map(|row| row.member));
    }
    assert_eq!(members, users);
    assert_eq!(directory.source_counts(tenant).await.unwrap(), (7, 1));
    let groups = directory.source_groups(tenant, &users[0]).await.unwrap();
    assert_eq!(groups.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), [group.as_str()]);
}

/// Tenants never meet.
#[tokio::test]
async fn another_tenants_objects_are_nowhere() {
    let house = house().await;
    let user = house.user("nadia").await;
    let other = house.directory.create_tenant(crate::house::caller(), "Other").await.unwrap().id;
    let read = house.directory.source_object(&other, Kind::User, &user).await.unwrap();
    assert_eq!(read.state, SourceState::Purged);
    assert_eq!(house.directory.source_ids(&other, Kind::User, None, 9).await.unwrap(), Vec::<String>::new());
    assert_eq!(house.directory.source_changes(&other, 0, 9).await.unwrap().rows, []);
    assert_eq!(house.directory.source_groups(&other, &user).await.unwrap(), []);
}

/// Who moved stands in the audit log, whatever moved them; each is told as it is now.
#[tokio::test]
async fn moves_of_a_groups_members_are_told_from_a_place_in_the_logs() {
    use directory::{Heads, Move, MovePlace};
    let house = house().await;
    let mut users = Vec::new();
    for at in 0..5 {
        users.push(house.user(&format!("u{at}")).await);
    }
    let group = house.group("G", &[&users[0], &users[1]]).await;
    let heads = async || house.directory.source_heads(&house.tenant).await.unwrap();
    let moves = async |behind: Heads, from, limit| {
        house.directory.source_moves(&house.tenant, &group, behind.audit, from, limit).await.unwrap()
    };
    let came = |id: &String| Move { id: id.clone(), kind: Some(Kind::User), is_member: true };
    let left = |id: &String| Move { id: id.clone(), kind: Some(Kind::User), is_member: false };
    let genesis = Heads { change: 0, audit: 0 };
    assert_eq!(moves(genesis, None, 9).await.rows, [came(&users[0]), came(&users[1])], "of the creation");

    let before = heads().await;
    assert_eq!(before.change, head(&house).await);
    let add = |id: &String| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    let remove = |id: &String| json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    house.patch(Kind::Group, &group, add(&users[2])).await.unwrap();
    house.patch(Kind::Group, &group, add(&users[3])).await.unwrap();
    house.patch(Kind::Group, &group, remove(&users[3])).await.unwrap();
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "H" }]);
    house.patch(Kind::Group, &group, rename).await.unwrap();
    house.delete(Kind::User, &users[0]).await.unwrap();
    house.delete(Kind::User, &users[1]).await.unwrap();
    house.directory.restore(house.cx(), Kind::User, &users[1]).await.unwrap();
    let expect = [came(&users[1]), left(&users[0]), left(&users[3]), came(&users[2])];
    let found = moves(before, None, 9).await;
    assert!(found.complete && found.next.is_none());
    assert_eq!(found.rows, expect, "each once, the last to move first");
    // In pieces, of which one may repeat what another told.
    let (mut pieces, mut place) = (Vec::new(), None::<MovePlace>);
    loop {
        let piece = moves(before, place, 1).await;
        assert!(piece.rows.len() <= 1);
        pieces.extend(piece.rows);
        place = piece.next;
        if place.is_none() {
            break;
        }
    }
    pieces.dedup();
    assert_eq!(pieces, expect);

    assert_eq!(moves(heads().await, None, 9).await.rows, []);
    // Behind a place that the log has not reached the reader begins anew.
    let Heads { change, audit } = heads().await;
    assert!(!moves(Heads { change, audit: audit + 1 }, None, 9).await.complete);
}

#[tokio::test]
async fn a_request_that_moves_many_is_read_in_pieces() {
    let house = house().await;
    let mut users = Vec::new();
    for at in 0..30 {
        users.push(house.user(&format!("u{at}")).await);
    }
    let members: Vec<&str> = users.iter().map(String::as_str).collect();
    let group = house.group("G", &members).await;
    let (mut seen, mut place) = (Vec::new(), None);
    loop {
        let piece = house.directory.source_moves(&house.tenant, &group, 0, place, 7).await.unwrap();
        seen.extend(piece.rows.into_iter().map(|row| row.id));
        place = piece.next;
        if place.is_none() {
            break;
        }
    }
    assert_eq!(seen, users);
}
