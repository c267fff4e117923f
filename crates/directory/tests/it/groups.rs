//! Groups and their members.

use directory::{Kind, Scope, Settings, UnknownMembers};
use scim::message::SearchRequest;
use scim::projection::Projection;
use serde_json::{Value, json};

use crate::house::{GROUP, House, house, refusal};

async fn version(house: &House, group: &str) -> Value {
    house.get(Kind::Group, group).await.unwrap()["meta"]["version"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_groups_show_each_other() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let inner = house.group("Inner", &[&nadia]).await;
    let outer = house.group("Outer", &[&inner, &nadia, "unknown-1"]).await;
    let everything =
        Projection::new(&["members.value", "members.$ref", "members.type", "members.display"], &[]).unwrap();
    let found = house.directory.get(&house.tenant, Kind::Group, &outer, &everything).await.unwrap().resource;
    let base = format!("https://muster.example/scim/v2/{}", house.tenant);
    assert_eq!(
        found["members"],
        json!([
            { "value": nadia, "$ref": format!("{base}/Users/{nadia}"), "type": "User", "display": "nadia" },
            { "value": inner, "$ref": format!("{base}/Groups/{inner}"), "type": "Group", "display": "Inner" },
            { "value": "unknown-1" },
        ])
    );
    let user = house.get(Kind::User, &nadia).await.unwrap();
    let groups: Vec<&str> =
        user["groups"].as_array().unwrap().iter().map(|g| g["display"].as_str().unwrap()).collect();
    assert_eq!(groups, ["Inner", "Outer"], "direct membership, in the order of ids");
    assert_eq!(user["groups"][0]["type"], "direct");
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_of_members() {
    let house = house().await;
    let mut u = Vec::new();
    for name in ["a", "b", "c", "d"] {
        u.push(house.user(name).await);
    }
    let members =
        |ids: &[usize]| -> Value { ids.iter().map(|&i| json!({ "$ref": null, "value": u[i] })).collect() };
    let group = house.group("Rail", &[]).await;
    let by_filter = |i: usize| format!("members[value eq \"{}\"]", u[i]);
    // Operations, the members afterwards, and whether anything changed.
    let steps: Vec<(Value, Vec<usize>, bool)> = vec![
        (json!([{ "op": "Add", "path": "members", "value": members(&[0, 1]) }]), vec![0, 1], true),
        (json!([{ "op": "Add", "path": "members", "value": members(&[1]) }]), vec![0, 1], false),
        (json!([{ "op": "Remove", "path": "members", "value": members(&[1]) }]), vec![0], true),
        (json!([{ "op": "Remove", "path": "members", "value": members(&[3]) }]), vec![0], false),
        (json!([{ "op": "add", "value": { "members": members(&[2]) } }]), vec![0, 2], true),
        (json!([{ "op": "remove", "path": by_filter(2) }]), vec![0], true),
        (json!([{ "op": "remove", "path": by_filter(2) }]), vec![0], false),
        (json!([{ "op": "replace", "path": "members", "value": members(&[0, 1, 2]) }]), vec![0, 1, 2], true),
        (json!([{ "op": "replace", "path": "members", "value": members(&[2, 1, 0]) }]), vec![0, 1, 2], false),
        (
            json!([{ "op": "remove", "path": "members[display sw \"B\" or type eq \"Group\"]" }]),
            vec![0, 2],
            true,
        ),
        (
            json!([
                { "op": "add", "path": "members", "value": members(&[3]) },
                { "op": "remove", "path": by_filter(3) },
            ]),
            vec![0, 2],
            false,
        ),
        (
            json!([
                { "op": "replace", "path": "displayName", "value": "Rail & Signal" },
                { "op": "add", "path": "members", "value": members(&[3]) },
            ]),
            vec![0, 2, 3],
            true,
        ),
        (json!([{ "op": "remove", "path": "members" }]), vec![], true),
    ];
    for (at, (operations, expected, changed)) in steps.into_iter().enumerate() {
        let before = version(&house, &group).await;
        let written = house.patch(Kind::Group, &group, operations).await.unwrap();
        let expected: Vec<&str> = expected.iter().map(|&i| u[i].as_str()).collect();
        assert_eq!(house.members(&group).await, expected, "step {at}");
        assert_eq!(written.changed, changed, "step {at}");
        assert_eq!(version(&house, &group).await != before, changed, "step {at}");
        assert_eq!(written.member_count, Some(expected.len() as u64));
        assert!(written.members_loaded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_member_changes_change_nothing() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let group = house.group("Rail", &[&nadia]).await;
    house.group("Road", &[]).await;
    let before = house.dump().await;
    let add = |id: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    assert_eq!(refusal(house.patch(Kind::Group, &group, add(&group)).await), (400, "invalidValue"));
    let taken = json!([
        { "op": "remove", "path": "members" },
        { "op": "replace", "path": "displayName", "value": "ROAD" },
    ]);
    assert_eq!(refusal(house.patch(Kind::Group, &group, taken).await), (409, "uniqueness"));
    assert_eq!(
        refusal(house.create(Kind::Group, json!({ "schemas": [GROUP], "displayName": "rail" })).await),
        (409, "uniqueness")
    );
    assert_eq!(house.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_kept_or_dropped() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let group = house.group("Rail", &[&nadia, "ghost"]).await;
    assert_eq!(house.members(&group).await, [nadia.as_str(), "ghost"]);
    let settings = Settings { unknown_members: UnknownMembers::Drop, ..Settings::default() };
    house.directory.set_settings(house.cx(), settings).await.unwrap();
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": "ghost-2" }] }]);
    assert!(!house.patch(Kind::Group, &group, add).await.unwrap().changed);
    assert_eq!(house.members(&group).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_sets_the_members() {
    let house = house().await;
    let (a, b) = (house.user("a").await, house.user("b").await);
    let group = house.group("Rail", &[&a]).await;
    let put = json!({ "schemas": [GROUP], "displayName": "Rail", "members": [{ "value": b }] });
    let written = house.replace(Kind::Group, &group, put.clone()).await.unwrap();
    assert_eq!(crate::house::values(&written.resource["members"]), [b.as_str()]);
    assert!(!house.replace(Kind::Group, &group, put).await.unwrap().changed);
    house.replace(Kind::Group, &group, json!({ "schemas": [GROUP], "displayName": "Rail" })).await.unwrap();
    assert!(house.members(&group).await.is_empty(), "RFC 7644 §3.5.1: what is left out is unset");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_of_a_large_group_does_not_load_it() {
    let house = house().await;
    let many: Vec<String> = (0..100).map(|i| format!("ghost-{i:03}")).collect();
    let group = house.group("Large", &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let at_limit = house
        .patch(Kind::Group, &group, json!([{ "op": "replace", "path": "displayName", "value": "L" }]))
        .await;
    let at_limit = at_limit.unwrap();
    assert!(at_limit.members_loaded);
    assert_eq!(at_limit.resource["members"].as_array().unwrap().len(), 100);
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": "one-more" }] }]);
    let above = house.patch(Kind::Group, &group, add).await.unwrap();
    assert!(!above.members_loaded && !above.resource.contains_key("members"));
    assert_eq!(above.member_count, Some(101));
    let page =
        house.directory.members(&house.tenant, &group, Some("ghost-097".into()), None, 2).await.unwrap();
    assert_eq!(page.rows.iter().map(|r| r.member.as_str()).collect::<Vec<_>>(), ["ghost-098", "ghost-099"]);
    assert_eq!(page.total, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_group_is_in_nobodys_groups_and_comes_back_with_its_members() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let group = house.group("Rail", &[&nadia, "ghost"]).await;
    let parent = house.group("All", &[&group]).await;
    house.delete(Kind::Group, &group).await.unwrap();
    assert!(house.get(Kind::User, &nadia).await.unwrap().get("groups").is_none());
    let of_group = format!("groups eq \"{group}\"");
    assert!(house.find(Scope::Kind(Kind::User), &of_group).await.unwrap().is_empty());
    assert!(house.members(&parent).await.is_empty());
    let back = house.directory.restore(house.cx(), Kind::Group, &group).await.unwrap();
    assert_eq!(crate::house::values(&back.resource["members"]), [nadia.as_str(), "ghost"]);
    assert_eq!(back.member_count, Some(2));
    assert_eq!(house.members(&parent).await, [group.as_str()]);
    assert_eq!(house.find(Scope::Kind(Kind::User), &of_group).await.unwrap(), [nadia.as_str()]);
    // A member that goes while the group is deleted is not a member when it comes back.
    house.delete(Kind::Group, &group).await.unwrap();
    house.delete(Kind::User, &nadia).await.unwrap();
    let back = house.directory.restore(house.cx(), Kind::Group, &group).await.unwrap();
    assert_eq!(crate::house::values(&back.resource["members"]), ["ghost"]);
    assert_eq!(back.member_count, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_moves_members_by_the_same_rules() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let group = house.group("Rail", &[]).await;
    let add = |ids: Vec<String>| house.directory.add_members(house.cx(), &group, ids);
    assert_eq!(add(vec![nadia.clone()]).await.unwrap().member_count, Some(1));
    assert_eq!(refusal(add(vec![group.clone()]).await), (400, "invalidValue"));
    let removed =
        house.directory.remove_members(house.cx(), &group, vec![nadia.clone(), "x".into()]).await.unwrap();
    assert_eq!((removed.member_count, removed.version), (Some(0), 3));
    assert_eq!(house.directory.groups_of(&house.tenant, &nadia).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn excluded_members_are_not_shown() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    house.group("Rail", &[&nadia]).await;
    let request = |excluded: &[&str]| SearchRequest {
        filter: Some("displayName eq \"RAIL\"".into()),
        excluded_attributes: excluded.iter().map(|e| (*e).to_owned()).collect(),
        ..SearchRequest::default()
    };
    let shown = house.search(Scope::Kind(Kind::Group), request(&[])).await.unwrap().list;
    assert!(shown.resources[0].contains_key("members"));
    let hidden = house.search(Scope::Kind(Kind::Group), request(&["members"])).await.unwrap().list;
    assert_eq!(hidden.total_results, 1);
    assert!(!hidden.resources[0].contains_key("members"));
}
