//! The tests of Microsoft's SCIM Validator by their names and request shapes (users, then groups). Each case makes its
//! own resources. What Microsoft's gets wrong is not copied: see the notes at each.

use serde_json::{Map, Value, json};

use crate::check::{Check, Level::*, Need};
use crate::generate::PREFIX;
use crate::probe::{Made, Probe, has_members, member_ids};
use crate::reply::Reply;
use crate::value::{at, echoes, has, lacks, member};
use crate::verdict::{Outcome, ensure, not_applicable};

use super::patching::{Patching, Read};
use default_user::{default_body, default_values};

mod default_user;
mod group;

const CLAUSE: &str = "Microsoft SCIM Validator";
const FAILS: &str = "Microsoft's validator fails the endpoint, and Entra meets the same in production.";
const PREVIEW: &str = "Microsoft's validator shows a failed preview test, which does not count yet.";
const USER: &[Need] = &[Need::Check("user-create")];
const FILTER: &[Need] = &[Need::Check("user-create"), Need::Filter];
const PATCH: &[Need] = &[Need::Check("user-create"), Need::Patch];
const MANAGER_PATH: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
const MANAGER: &[Need] = &[
    Need::Check("user-create"),
    Need::Patch,
    Need::User("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"),
];
const GROUP: &[Need] = &[Need::Check("group-create")];
const GROUP_FILTER: &[Need] = &[Need::Check("group-create"), Need::Filter];
const GROUP_PATCH: &[Need] = &[Need::Check("group-create"), Need::Patch];
const MEMBER_PATCH: &[Need] = &[Need::Check("group-create"), Need::Check("user-create"), Need::Patch];

macro_rules! microsoft {
    ($id:literal, $name:literal, $description:literal, $needs:expr, $what:literal, $run:expr) => {
        Check::new($id, $description, Entra, CLAUSE)
            .what($what)
            .why(FAILS)
            .needs($needs)
            .microsoft($name, $description, false)
            .run($run)
    };
    (preview $id:literal, $name:literal, $description:literal, $needs:expr, $what:literal, $run:expr) => {
        Check::new($id, $description, Entra, CLAUSE)
            .what($what)
            .why(PREVIEW)
            .needs($needs)
            .microsoft($name, $description, true)
            .run($run)
    };
}

pub(super) const CHECKS: &[Check] = &[
    microsoft!(
        "ms-create-user",
        "POST /Users",
        "Create a new User",
        FILTER,
        "POST with the validator's default attributes; the user found by userName has every value that was sent.",
        |p| Box::pin(create_user(p))
    ),
    microsoft!(
        "ms-duplicate-user",
        "POST /Users",
        "Create a duplicate User",
        USER,
        "The same POST twice: 409.",
        |p| Box::pin(duplicate_user(p))
    ),
    microsoft!(
        "ms-filter-user",
        "Get /Users filter",
        "Filter for an existing user",
        FILTER,
        "filter=userName+eq+\"…\": a ListResponse with that user alone.",
        |p| Box::pin(filter_user(p, Letters::AsMade))
    ),
    microsoft!(
        "ms-filter-no-user",
        "Get /Users filter",
        "Filter for a non-existing user",
        FILTER,
        "filter=userName eq \"nonexistent…\": 200 with totalResults 0.",
        |p| Box::pin(filter_no_user(p))
    ),
    microsoft!(
        "ms-filter-user-case",
        "Get /Users filter",
        "Filter for an existing user with a different case",
        FILTER,
        "The value in capitals: a ListResponse with that user.",
        |p| Box::pin(filter_user(p, Letters::Upper))
    ),
    microsoft!(
        "ms-patch-user-verbose",
        "PATCH /Users/Id",
        "Patch User - Replace Attributes Verbose Request",
        PATCH,
        "One replace operation for each attribute; then every new value is found.",
        |p| Box::pin(replace_attributes(p, Style::Verbose))
    ),
    microsoft!(
        "ms-patch-user",
        "PATCH /Users/Id",
        "Patch User - Replace Attributes",
        PATCH,
        "One operation for each filtered value and one without a path for all others; then every new value is found.",
        |p| Box::pin(replace_attributes(p, Style::Compact))
    ),
    microsoft!(
        "ms-patch-user-add",
        "PATCH /Users/Id",
        "Patch User - Add Attributes",
        PATCH,
        "POST with userName alone, then add of all others; then every value is found.",
        |p| Box::pin(replace_attributes(p, Style::Add))
    ),
    microsoft!(
        "ms-update-user-name",
        "PATCH /Users/Id",
        "Update User userName",
        PATCH,
        "replace {\"userName\": …} without a path.",
        |p| Box::pin(update_user_name(p))
    ),
    microsoft!(
        "ms-disable-user",
        "PATCH /Users/Id",
        "Patch User - Disable User",
        &[Need::Check("user-create"), Need::Patch, Need::Filter, Need::User("active")],
        "replace active false; GET and the filter still give the user, with active false.",
        |p| Box::pin(disable_user(p))
    ),
    microsoft!(
        "ms-add-manager",
        "PATCH /Users/Id",
        "Patch User - Add Manager",
        MANAGER,
        "add of the manager as a string, and as an object as before April 2026.",
        |p| Box::pin(add_manager(p))
    ),
    microsoft!(
        "ms-replace-manager",
        "PATCH /Users/Id",
        "Patch User - Replace Manager",
        MANAGER,
        "add of one manager, then replace by another.",
        |p| Box::pin(replace_manager(p))
    ),
    microsoft!(
        "ms-remove-manager",
        "PATCH /Users/Id",
        "Patch User - Remove Manager",
        MANAGER,
        "replace with an empty string, and with an empty value as before April 2026.",
        |p| Box::pin(remove_manager(p))
    ),
    microsoft!(
        "ms-delete-user",
        "DELETE /Users/Id",
        "Delete a User",
        FILTER,
        "DELETE 204; GET 404; the filter finds nothing.",
        |p| Box::pin(delete_user(p))
    ),
    microsoft!(preview "ms-patch-user-different", "PATCH /Users/Id", "Patch User - Multiple Operations on different attributes", PATCH,
        "remove of one, add of another and replace of a third attribute in one PATCH.", |p| Box::pin(different_attributes(p))),
    microsoft!(preview "ms-patch-user-same", "PATCH /Users/Id", "Patch User - Multiple Operations on same attribute", PATCH,
        "remove, add and replace of one attribute in one PATCH: the last value stays.", |p| Box::pin(same_attribute(p))),
    microsoft!(preview "ms-delete-no-user", "DELETE /Users/Id", "Delete a non-existent User", &[],
        "DELETE of a random GUID: 404.", |p| Box::pin(delete_nothing(p, "User"))),
    microsoft!(preview "ms-delete-user-twice", "DELETE /Users/Id", "Delete the same User twice", USER,
        "DELETE 204, then 404.", |p| Box::pin(delete_twice(p, "User"))),
    microsoft!(
        "ms-get-group",
        "GET /Groups/Id",
        "Get group by id excluding members",
        GROUP,
        "GET ?excludedAttributes=members has no members, not even an empty array.",
        |p| Box::pin(group::get_group(p))
    ),
    microsoft!(
        "ms-filter-group-excluding",
        "Get /Groups filter",
        "Filter for an existing group by displayName excluding members",
        GROUP_FILTER,
        "GET ?excludedAttributes=members&filter=displayName eq.",
        |p| Box::pin(group::filter_group(p, Letters::AsMade, true))
    ),
    microsoft!(
        "ms-filter-group",
        "Get /Groups filter",
        "Filter for an existing group",
        GROUP_FILTER,
        "GET ?filter=displayName eq.",
        |p| Box::pin(group::filter_group(p, Letters::AsMade, false))
    ),
    microsoft!(
        "ms-filter-no-group",
        "Get /Groups filter",
        "Filter for a non-existing group",
        GROUP_FILTER,
        "filter=displayName eq \"nonexistent…\": 200 with totalResults 0.",
        |p| Box::pin(group::filter_no_group(p))
    ),
    microsoft!(
        "ms-filter-group-case",
        "Get /Groups filter",
        "Filter for an existing group with a different case",
        GROUP_FILTER,
        "The value in small letters.",
        |p| Box::pin(group::filter_group(p, Letters::Lower, false))
    ),
    microsoft!(
        "ms-create-group",
        "POST /Groups",
        "Create a new Group",
        GROUP_FILTER,
        "POST with displayName and externalId; found by filter with both.",
        |p| Box::pin(group::create_group(p))
    ),
    microsoft!(
        "ms-duplicate-group",
        "POST /Groups",
        "Create a duplicate Group",
        GROUP,
        "The same POST twice: 409. RFC 7643 does not ask for it; Entra's matching does.",
        |p| Box::pin(group::duplicate_group(p))
    ),
    microsoft!(
        "ms-patch-group",
        "PATCH /Groups/Id",
        "Patch Group - Replace Attributes",
        GROUP_PATCH,
        "replace {\"externalId\": …} without a path.",
        |p| Box::pin(group::patch_group(p, "externalId"))
    ),
    microsoft!(
        "ms-update-group-name",
        "PATCH /Groups/Id",
        "Update Group displayName",
        GROUP_PATCH,
        "replace {\"displayName\": …} without a path.",
        |p| Box::pin(group::patch_group(p, "displayName"))
    ),
    microsoft!(
        "ms-add-member",
        "PATCH /Groups/Id",
        "Patch Group - Add Member",
        MEMBER_PATCH,
        "replace members with one user; the member is read back, which Microsoft's does not do.",
        |p| Box::pin(group::add_member(p))
    ),
    microsoft!(
        "ms-remove-member",
        "PATCH /Groups/Id",
        "Patch Group - Remove Member",
        MEMBER_PATCH,
        "replace members with two users, then remove members[value eq …] of one.",
        |p| Box::pin(group::remove_member(p))
    ),
    microsoft!(
        "ms-delete-group",
        "DELETE /Groups/Id",
        "Delete a Group",
        GROUP_FILTER,
        "DELETE 204; GET 404; the filter finds nothing.",
        |p| Box::pin(group::delete_group(p))
    ),
    microsoft!(preview "ms-patch-group-same", "PATCH /Groups/Id", "Patch Group - Multiple Operations on same attribute", MEMBER_PATCH,
        "add and remove of one member in one PATCH: it is no member.", |p| Box::pin(group::group_same_attribute(p))),
    microsoft!(preview "ms-delete-no-group", "DELETE /Groups/Id", "Delete a non-existent Group", &[Need::Groups],
        "DELETE of a random GUID: 404.", |p| Box::pin(delete_nothing(p, "Group"))),
    microsoft!(preview "ms-delete-group-twice", "DELETE /Groups/Id", "Delete the same Group twice", GROUP,
        "DELETE 204, then 404.", |p| Box::pin(delete_twice(p, "Group"))),
    microsoft!(
        "ms-null-update",
        "PATCH /Users/Id",
        "SCIM_Null_Update_Test",
        PATCH,
        "replace of an attribute by \"\" and then by null: GET has no value.",
        |p| Box::pin(null_update(p))
    ),
    microsoft!(
        "ms-restore-user",
        "PATCH /Users/Id",
        "Restore_User_Test",
        &[Need::Check("user-create"), Need::Patch, Need::Filter, Need::User("active")],
        "Disable, find, enable: the user is back, with the same id.",
        |p| Box::pin(restore_user(p))
    ),
    microsoft!(
        "ms-connection-test",
        "Get /Users filter",
        "Test Connection",
        &[Need::Filter],
        "filter=userName eq a random GUID: 200 with totalResults 0; the same for groups with excludedAttributes=members.",
        |p| Box::pin(connection_test(p))
    ),
];

#[derive(Clone, Copy)]
enum Letters {
    AsMade,
    Upper,
    Lower,
}

impl Letters {
    fn of(self, text: &str) -> String {
        match self {
            Self::AsMade => text.to_owned(),
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Verbose,
    Compact,
    Add,
}

/// The validator's list assertions.
fn lists(reply: &Reply, expected: &[&Made]) -> Outcome {
    reply.is(&[200])?;
    reply.list()?;
    reply.finds(&expected.iter().map(|m| m.id.as_str()).collect::<Vec<_>>())?;
    for (resource, made) in reply.resources().iter().zip(expected) {
        let mut sent = made.sent.clone();
        sent.remove("roles");
        echoes(resource, &sent, &[])?;
    }
    Ok(())
}

async fn found(p: &mut Probe, name: &str) -> Outcome<Reply> {
    let path = p.users();
    p.query(&path, &[("filter", &format!("userName eq \"{name}\""))]).await
}

async fn create_user(p: &mut Probe) -> Outcome {
    let values = default_values(p);
    let body = default_body(p, &values);
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    let name = body["userName"].as_str().unwrap_or_default().to_owned();
    let found = found(p, &name).await?;
    let id = reply.id()?;
    found.finds(&[&id])?;
    let user = found.resources().first().cloned().unwrap_or_default();
    values
        .iter()
        .try_for_each(|(path, value)| has(&user, path, value))
        .map_err(|stop| stop.at(reply.exchange))
}

async fn duplicate_user(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let path = p.users();
    p.post(&path, &Value::Object(user.sent)).await?.is(&[409])
}

async fn filter_user(p: &mut Probe, letters: Letters) -> Outcome {
    let user = p.user().await?;
    let reply = found(p, &letters.of(user.name())).await?;
    lists(&reply, &[&user])
}

async fn filter_no_user(p: &mut Probe) -> Outcome {
    let name = format!("nonexistente997dccbd8b7_{}", p.generator().user_name());
    lists(&found(p, &name).await?, &[])
}

async fn replace_attributes(p: &mut Probe, style: Style) -> Outcome {
    let before = default_values(p);
    let body = if style == Style::Add { default_body(p, &[]) } else { default_body(p, &before) };
    let values = default_values(p);
    let op = if style == Style::Add { "add" } else { "replace" };
    let mut operations = Vec::new();
    let mut rest = Map::new();
    for (path, value) in &values {
        if style == Style::Verbose || path.contains('[') {
            operations.push(json!({ "op": op, "path": path, "value": value }));
        } else {
            rest.insert((*path).to_owned(), value.clone());
        }
    }
    if !rest.is_empty() {
        operations.push(json!({ "op": op, "value": rest }));
    }
    let expected = values.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
    Patching { body, operations, expected, read: Read::Filter }.judge(p).await
}

async fn update_user_name(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let name = p.generator().user_name();
    let reply = p.patch(&user.path, &json!([{ "op": "replace", "value": { "userName": name } }])).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&user).await?.body, "userName", &name.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn disable_user(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    let reply = p.patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": false }])).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&user).await?.body, "active", &false.into()).map_err(|stop| stop.at(reply.exchange))?;
    let found = found(p, user.name()).await?;
    found.finds(&[&user.id])?;
    has(found.resources().first().unwrap_or(&Value::Null), "active", &false.into())
}

async fn add_manager(p: &mut Probe) -> Outcome {
    for object in [false, true] {
        let (user, boss) = (p.user().await?, p.user().await?);
        let value = if object { json!({ "value": boss.id }) } else { json!(boss.id) };
        manager_becomes(
            p,
            &user,
            json!([{ "op": "add", "path": MANAGER_PATH, "value": value }]),
            Some(&boss),
        )
        .await?;
    }
    Ok(())
}

async fn manager_becomes(p: &mut Probe, user: &Made, operations: Value, boss: Option<&Made>) -> Outcome {
    let reply = p.patch(&user.path, &operations).await?;
    reply.is(&[200, 204])?;
    let body = p.read(user).await?.body;
    match boss {
        Some(boss) => has(&body, &format!("{MANAGER_PATH}.value"), &boss.id.clone().into()),
        // Microsoft's accepts {"value": ""} as gone; so is it taken here: nothing is in it.
        None => lacks(&body, MANAGER_PATH),
    }
    .map_err(|stop| stop.at(reply.exchange))
}

async fn replace_manager(p: &mut Probe) -> Outcome {
    let (user, one, two) = (p.user().await?, p.user().await?, p.user().await?);
    for (op, boss) in [("add", &one), ("replace", &two)] {
        let operations = json!([{ "op": op, "path": MANAGER_PATH, "value": boss.id }]);
        manager_becomes(p, &user, operations, Some(boss)).await?;
    }
    Ok(())
}

async fn remove_manager(p: &mut Probe) -> Outcome {
    for empty in [json!(""), json!({ "value": "" })] {
        let made_up = p.dice.letters(12);
        let manager = json!({ (scim::urn::ENTERPRISE_USER): { "manager": { "value": made_up } } });
        let user = p.user_with(manager).await?;
        let operations = json!([{ "op": "replace", "path": MANAGER_PATH, "value": empty }]);
        manager_becomes(p, &user, operations, None).await?;
    }
    Ok(())
}

async fn delete_user(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.delete(&user.path).await?.is(&[204])?;
    p.get(&user.path).await?.is(&[404])?;
    lists(&found(p, user.name()).await?, &[])
}

async fn different_attributes(p: &mut Probe) -> Outcome {
    let names = p.plain_attributes(3)?;
    let (a, b, c) = (&names[0], &names[1], &names[2]);
    let body = p.user_body_with(json!({ a: "ABEFORE", c: "CBEFORE" }));
    let operations = vec![
        json!({ "op": "remove", "path": a }),
        json!({ "op": "add", "value": { b: "BAFTER" } }),
        json!({ "op": "replace", "value": { c: "CAFTER" } }),
    ];
    let expected = vec![(a.clone(), Value::Null), (b.clone(), "BAFTER".into()), (c.clone(), "CAFTER".into())];
    Patching { body, operations, expected, read: Read::Get }.judge(p).await
}

async fn same_attribute(p: &mut Probe) -> Outcome {
    let name = p.plain_attribute()?;
    let body = p.user_body_with(json!({ (name.clone()): "BEFORE" }));
    let operations = vec![
        json!({ "op": "remove", "path": name }),
        json!({ "op": "add", "value": { (name.clone()): "XVALUE" } }),
        json!({ "op": "replace", "value": { (name.clone()): "YVALUE" } }),
    ];
    let expected = vec![(name, "YVALUE".into())];
    Patching { body, operations, expected, read: Read::Get }.judge(p).await
}

async fn delete_nothing(p: &mut Probe, kind: &str) -> Outcome {
    let path = format!("{}/{}", p.kind(kind)?.endpoint.clone(), p.dice.guid());
    p.delete(&path).await?.is(&[404])
}

async fn delete_twice(p: &mut Probe, kind: &str) -> Outcome {
    let made = if kind == "User" { p.user().await? } else { p.group().await? };
    p.delete(&made.path).await?.is(&[204])?;
    p.delete(&made.path).await?.is(&[404])
}

async fn null_update(p: &mut Probe) -> Outcome {
    let name = p.plain_attribute()?;
    for empty in [json!(""), Value::Null] {
        let user = p.user_with(json!({ (name.clone()): "BEFORE" })).await?;
        let reply = p.patch(&user.path, &json!([{ "op": "replace", "path": name, "value": empty }])).await?;
        reply.is(&[200, 204])?;
        lacks(&p.read(&user).await?.body, &name).map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

async fn restore_user(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    for active in [false, true] {
        p.patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": active }]))
            .await?
            .is(&[200, 204])?;
        let found = found(p, user.name()).await?;
        found.finds(&[&user.id])?;
        has(found.resources().first().unwrap_or(&Value::Null), "active", &active.into())?;
    }
    Ok(())
}

async fn connection_test(p: &mut Probe) -> Outcome {
    let name = p.dice.guid();
    lists(&found(p, &name).await?, &[])?;
    let path = p.groups();
    let filter = format!("displayName eq \"{name}\"");
    let reply = p.query(&path, &[("excludedAttributes", "members"), ("filter", &filter)]).await?;
    if !p.offers(Need::Groups) && at(&reply.body, "totalResults").is_none() {
        return Err(not_applicable(
            "the target serves no groups; Entra's test then needs the groups mapping off",
        ));
    }
    lists(&reply, &[])
}
