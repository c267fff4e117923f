//! Groups and their members.

use std::collections::BTreeSet;

use directory::Kind;
use scim_client::FailureKind;
use serde_json::json;
use store::Pass;

use super::{Stage, outcome, steps};
use crate::target::fault::{Fault, Verb, What};

/// Three users and their group, everything provisioned but the members.
async fn works() -> (Stage, String, Vec<String>) {
    let stage = Stage::new().await;
    let mut users = Vec::new();
    for login in ["ann", "bob", "cid"] {
        let id = stage.user(login).await;
        stage.go(Kind::User, &id).await;
        users.push(id);
    }
    let ids: Vec<&str> = users.iter().map(String::as_str).collect();
    let group = stage.group("Works", &ids).await;
    (stage, group, users)
}

async fn at_target(stage: &Stage, users: &[String]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for user in users {
        ids.insert(stage.target_id(user).await);
    }
    ids
}

#[tokio::test]
async fn chosen_members_are_told_and_no_others() {
    let (stage, group, users) = works().await;
    let report = stage.go_with(Kind::Group, &group, &[&users[0], &users[1]]).await;
    assert_eq!(outcome(&report), "success create");
    assert_eq!(report.entries.len(), 2);
    let there = stage.target_id(&group).await;
    assert_eq!(stage.target.members(&there), at_target(&stage, &users[..2]).await);
    assert!(stage.work(Pass::Reference, &group).await.is_some(), "the others come with the next cycle");

    // One who leaves the group, chosen again.
    stage.house.directory.remove_members(stage.house.cx(), &group, vec![users[0].clone()]).await.unwrap();
    let report = stage.go_with(Kind::Group, &group, &[&users[0]]).await;
    assert_eq!(outcome(&report), "success update");
    assert_eq!(stage.target.members(&there), at_target(&stage, &users[1..2]).await);
}

#[tokio::test]
async fn members_who_are_not_provisioned_are_left_out_with_a_warning() {
    let (stage, group, users) = works().await;
    let stranger = stage.stranger("dan", json!({})).await;
    stage.house.directory.add_members(stage.house.cx(), &group, vec![stranger.clone()]).await.unwrap();
    let report = stage.go_with(Kind::Group, &group, &[&users[0], &stranger]).await;
    assert_eq!(outcome(&report), "warning update UnableToResolveReferenceAttributeValue");
    assert!(steps(&report).contains(&"UnableToResolveReferenceAttributeValue"));
    assert_eq!(stage.target.members(&stage.target_id(&group).await), at_target(&stage, &users[..1]).await);
    assert!(stage.link(&stranger).await.is_none(), "members are not created on the way");
}

#[tokio::test]
async fn six_members_are_too_many_and_users_have_none() {
    let (stage, group, users) = works().await;
    let six = [users[0].as_str(); 6];
    let error = stage.try_go(Kind::Group, &group, &six).await.unwrap_err();
    assert_eq!(error.status(), 400);
    let error = stage.try_go(Kind::User, &users[0], &[&users[1]]).await.unwrap_err();
    assert_eq!(error.status(), 400);
    assert!(stage.target.ids(Kind::Group).is_empty());
}

#[tokio::test]
async fn one_member_the_target_refuses_does_not_keep_the_others_out() {
    let (stage, group, users) = works().await;
    stage.target.habits(|habits| habits.refuses_unknown_members = true);
    stage.target.drop_object(Kind::User, &stage.target_id(&users[1]).await);
    let all: Vec<&str> = users.iter().map(String::as_str).collect();
    let report = stage.go_with(Kind::Group, &group, &all).await;
    assert_eq!(outcome(&report), "failure update UnprocessableEntity", "{report:?}");
    let expected = at_target(&stage, &[users[0].clone(), users[2].clone()]).await;
    assert_eq!(stage.target.members(&stage.target_id(&group).await), expected);
}

#[tokio::test]
async fn a_group_that_has_gone_at_the_target_is_noticed_by_its_members() {
    let (stage, group, users) = works().await;
    stage.go(Kind::Group, &group).await;
    stage.wait(100);
    let gone = What::Refuse(FailureKind::NotFound, Some(404));
    // The group is there when it is looked at, and gone when its members are sent.
    stage.target.fail(Fault::once(&[Verb::Change], gone.clone()).of(Kind::Group));
    stage.target.fail(Fault::once(&[Verb::Get], gone).of(Kind::Group).after(1));
    let report = stage.go_with(Kind::Group, &group, &[&users[0]]).await;
    assert!(report.document.exchanges.iter().any(|exchange| exchange.status == Some(404)));
    assert!(stage.work(Pass::Object, &group).await.is_some(), "it is looked at as an object");
}

#[tokio::test]
async fn without_patch_members_that_nobody_here_knows_stay() {
    let (stage, group, users) = works().await;
    stage.target.habits(|habits| habits.no_patch = true);
    stage.go(Kind::Group, &group).await;
    let there = stage.target_id(&group).await;
    let local = stage.target.seed(Kind::User, json!({ "userName": "local" }));
    stage.target.habits(|habits| habits.no_patch = false);
    let add = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [{ "op": "add", "path": "members", "value": [{ "value": local }] }] });
    provision::endpoint::Endpoint::patch(&stage.target, "/Groups", &there, &add).await.unwrap();
    stage.target.habits(|habits| habits.no_patch = true);
    let all: Vec<&str> = users.iter().map(String::as_str).collect();
    stage.go_with(Kind::Group, &group, &all).await;
    let mut expected = at_target(&stage, &users).await;
    expected.insert(local.clone());
    assert_eq!(stage.target.members(&there), expected);
    // A new name does not empty the group either.
    stage.change(Kind::Group, &group, json!({ "displayName": "Works and rail" })).await;
    assert_eq!(outcome(&stage.go(Kind::Group, &group).await), "success update");
    assert_eq!(stage.target.members(&there), expected);
    stage.house.directory.remove_members(stage.house.cx(), &group, vec![users[0].clone()]).await.unwrap();
    stage.go_with(Kind::Group, &group, &[&users[0]]).await;
    let mut expected = at_target(&stage, &users[1..]).await;
    expected.insert(local);
    assert_eq!(stage.target.members(&there), expected);
}

#[tokio::test]
async fn a_group_that_leaves_is_deleted_and_forgotten() {
    let (stage, group, users) = works().await;
    stage.go_with(Kind::Group, &group, &[&users[0]]).await;
    stage.unassign(&group).await;
    let report = stage.go(Kind::Group, &group).await;
    assert_eq!(outcome(&report), "success delete");
    assert!(stage.target.ids(Kind::Group).is_empty() && stage.link(&group).await.is_none());
    assert_eq!(stage.target.ids(Kind::User).len(), 3, "its members stay");
    // Assigned again, it is a new one with all its members to be told.
    stage.assign(Kind::Group, &group).await;
    stage.go_with(Kind::Group, &group, &[&users[0], &users[1]]).await;
    let there = stage.target_id(&group).await;
    assert_eq!(stage.target.members(&there), at_target(&stage, &users[..2]).await);
}

#[tokio::test]
async fn a_member_who_is_provisioned_later_is_told_to_the_group() {
    let (stage, group, users) = works().await;
    stage.go_with(Kind::Group, &group, &[&users[0], &users[1], &users[2]]).await;
    let dan = stage.stranger("dan", json!({})).await;
    stage.house.directory.add_members(stage.house.cx(), &group, vec![dan.clone()]).await.unwrap();
    stage.go(Kind::User, &dan).await;
    assert!(
        stage.link(&dan).await.unwrap().via.is_some_and(|via| via == group),
        "in scope through the group"
    );
    assert!(stage.work(Pass::Reference, &group).await.is_some());
}

#[tokio::test]
async fn missing_members_are_warned_of_once_and_again_when_others_are_missing() {
    let (stage, group, _) = works().await;
    // A group in a group that is not assigned: nobody in it comes into scope.
    let inner = stage.house.group("Inner", &[]).await;
    let add = |id: String| stage.house.directory.add_members(stage.house.cx(), &group, vec![id]);
    add(inner).await.unwrap();
    stage.start().await;
    stage.cycle().await;
    let warnings = |news: Vec<String>| news.iter().filter(|line| line.contains("UnableToResolve")).count();
    assert_eq!(warnings(stage.news().await), 1);
    stage.change(Kind::Group, &group, json!({ "displayName": "Works and rail" })).await;
    stage.cycle().await;
    let news = stage.news().await;
    assert!(news.contains(&"update success Works and rail".to_owned()), "{news:?}");
    assert_eq!(warnings(news), 0);
    let other = stage.house.group("Other", &[]).await;
    add(other).await.unwrap();
    stage.cycle().await;
    assert_eq!(warnings(stage.news().await), 1);
}
