//! Disable, enable, delete, create again: what joiners, movers and leavers need.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need};
use crate::probe::{Probe, has_members, member_ids, patch_body};
use crate::value::{cut, has};
use crate::verdict::{Outcome, ensure};

const DELETE: &[Need] = &[Need::Check("user-create"), Need::Check("user-delete")];
const DISABLE: &[Need] = &[Need::Check("user-create"), Need::Patch, Need::User("active")];
const LEAVERS: &str = "A leaver keeps access: Entra believes the account is disabled.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("user-delete", "A user is deleted", Must, "RFC 7644 §3.6")
        .what("DELETE answers 204; GET of the user then answers 404.")
        .why("A leaver keeps the account.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(delete(p))),
    Check::new("user-delete-no-body", "The answer to DELETE has no body", Must, "RFC 7644 §3.6")
        .what("204 comes without a body.")
        .why("Bytes behind a 204 are read as the next answer on the connection.")
        .needs(DELETE)
        .run(|p| Box::pin(delete_no_body(p))),
    Check::new("user-deleted-not-found", "A deleted user is not in queries", Must, "RFC 7644 §3.6")
        .what("After DELETE a filter on userName finds nothing.")
        .why("Entra matches the new user with the deleted one.")
        .needs(&[Need::Check("user-delete"), Need::Filter])
        .run(|p| Box::pin(deleted_not_found(p))),
    Check::new("user-deleted-twice", "A second DELETE is 404", Must, "RFC 7644 §3.6")
        .what("DELETE of a deleted user answers 404.")
        .why("Clients cannot tell a user that is gone from one they deleted.")
        .needs(DELETE)
        .run(|p| Box::pin(deleted_twice(p))),
    Check::new("user-deleted-no-writes", "A deleted user cannot be changed", Must, "RFC 7644 §3.6")
        .what("PUT and PATCH of a deleted user answer 404.")
        .why("Clients believe the change was made.")
        .needs(DELETE)
        .run(|p| Box::pin(deleted_no_writes(p))),
    Check::new("user-delete-unknown", "DELETE of an unknown id is 404", Must, "RFC 7644 §3.6")
        .what("DELETE of a random id answers 404.")
        .why("Clients cannot tell that the user was never there.")
        .run(|p| Box::pin(delete_unknown(p))),
    Check::new("user-recreate", "A deleted user's userName is free again", Must, "RFC 7644 §3.6")
        .what("POST with the userName of a deleted user answers 201 with another id.")
        .why("Whoever comes back cannot be provisioned: 409 in every cycle.")
        .needs(DELETE)
        .run(|p| Box::pin(recreate(p))),
    Check::new("user-deleted-leaves-groups", "A deleted user leaves its groups", May, "RFC 7643 §2.3.7")
        .what("After DELETE the user is not among the members of its group.")
        .why("The group has a member that does not exist; a new user with a recycled id would inherit its rights.")
        .needs(&[Need::Check("user-delete"), Need::Check("group-create")])
        .run(|p| Box::pin(leaves_groups(p))),
    Check::new("user-disable", "A user is disabled", Must, "RFC 7643 §4.1.1, RFC 7644 §3.5.2.3")
        .what("PATCH replace active false; GET shows active false.")
        .why(LEAVERS)
        .needs(DISABLE)
        .run(|p| Box::pin(disable(p, json!([{ "op": "replace", "path": "active", "value": false }])))),
    Check::new("user-disable-string", "active \"False\" disables", Entra, "Entra: app-provisioning, SCIM compliance")
        .what("PATCH Replace active \"False\", as Entra's default dialect sends it.")
        .why(LEAVERS)
        .needs(DISABLE)
        .run(|p| Box::pin(disable(p, json!([{ "op": "Replace", "path": "active", "value": "False" }])))),
    Check::new("user-disable-lower-string", "active \"false\" disables", Entra, "Entra: app-provisioning, SCIM compliance")
        .what("PATCH replace active \"false\".")
        .why(LEAVERS)
        .needs(DISABLE)
        .run(|p| Box::pin(disable(p, json!([{ "op": "replace", "path": "active", "value": "false" }])))),
    Check::new("user-disable-no-path", "active in a value without path disables", Must, "RFC 7644 §3.5.2.3")
        .what("PATCH replace {\"active\": false} without a path, as Okta sends it.")
        .why("Okta deactivates this way only: a leaver keeps access.")
        .needs(DISABLE)
        .run(|p| Box::pin(disable(p, json!([{ "op": "replace", "value": { "active": false } }])))),
    Check::new("user-disable-no-path-string", "active \"False\" without path disables", Entra, "Entra: app-provisioning, aadOptscim062020")
        .what("PATCH Replace {\"active\": \"False\"} without a path.")
        .why(LEAVERS)
        .needs(DISABLE)
        .run(|p| Box::pin(disable(p, json!([{ "op": "Replace", "value": { "active": "False" } }])))),
    Check::new("user-disabled-found", "A disabled user is still found", Entra, "Entra: use-scim, soft delete")
        .what("After active false, the filter on userName and GET still give the user.")
        .why("Entra takes the user as gone and creates a second one.")
        .needs(&[Need::Check("user-disable"), Need::Filter])
        .run(|p| Box::pin(disabled_found(p))),
    Check::new("user-enable", "A disabled user is enabled again", Must, "RFC 7643 §4.1.1")
        .what("PATCH active false, then true; GET shows active true.")
        .why("Whoever comes back stays locked out.")
        .needs(&[Need::Check("user-disable")])
        .run(|p| Box::pin(enable(p))),
    Check::new("user-disabled-keeps-groups", "A disabled user stays in its groups", Entra, "Entra: how-provisioning-works, re-enable")
        .what("After active false and true again the user is a member as before.")
        .why("Entra does not add it again after re-activation: the user comes back without rights.")
        .needs(&[Need::Check("user-disable"), Need::Check("group-create")])
        .run(|p| Box::pin(keeps_groups(p))),
    Check::new("user-disabled-keeps-values", "Disabling changes nothing else", Must, "RFC 7644 §3.5.2.3")
        .what("After active false every other attribute is as it was.")
        .why("The user comes back without its data.")
        .needs(&[Need::Check("user-disable")])
        .run(|p| Box::pin(keeps_values(p))),
    Check::new("user-modified-moves", "lastModified follows a change", Must, "RFC 7643 §3.1")
        .what("After a PATCH meta.lastModified is not before what it was, and meta.created is unchanged.")
        .why("Clients that ask for what changed since miss the user.")
        .needs(&[Need::Check("user-create"), Need::Patch])
        .run(|p| Box::pin(modified_moves(p))),
];

async fn delete(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.delete(&user.path).await?.is(&[204])?;
    p.get(&user.path).await?.is(&[404])
}

async fn delete_no_body(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply = p.delete(&user.path).await?;
    ensure(reply.text.is_empty(), "no body", || cut(&reply.text, 120))
}

async fn deleted_not_found(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.prepare(Request::delete(&user.path), &[204]).await?;
    let path = p.users();
    p.find(&path, &format!("userName eq \"{}\"", user.name())).await?.finds(&[])
}

async fn deleted_twice(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.prepare(Request::delete(&user.path), &[204]).await?;
    p.delete(&user.path).await?.is(&[404])
}

async fn deleted_no_writes(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.prepare(Request::delete(&user.path), &[204]).await?;
    p.put(&user.path, &Value::Object(user.sent.clone())).await?.is(&[404])?;
    let plain = p.plain_attribute()?;
    p.patch(&user.path, &json!([{ "op": "replace", "path": plain, "value": "x" }])).await?.is(&[404])
}

async fn delete_unknown(p: &mut Probe) -> Outcome {
    let path = format!("{}/{}", p.users(), p.dice.guid());
    p.delete(&path).await?.is(&[404])
}

async fn recreate(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    p.prepare(Request::delete(&user.path), &[204]).await?;
    let path = p.users();
    let reply = p.post(&path, &Value::Object(user.sent.clone())).await?;
    reply.is(&[201])?;
    let id = reply.id()?;
    ensure(id != user.id, "another id", || "the id of the deleted user".to_owned())
}

async fn leaves_groups(p: &mut Probe) -> Outcome {
    let (user, other) = (p.user().await?, p.user().await?);
    let group = p.group_of(&[&user, &other]).await?;
    p.prepare(Request::delete(&user.path), &[204]).await?;
    has_members(&p.read(&group).await?.body, &[&other])
}

async fn disable(p: &mut Probe, operations: Value) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    let reply = p.patch(&user.path, &operations).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&user).await?.body, "active", &false.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn disabled_found(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    p.prepare_patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": false }])).await?;
    let path = p.users();
    let found = p.find(&path, &format!("userName eq \"{}\"", user.name())).await?;
    found.finds(&[&user.id])?;
    p.get(&user.path).await?.is(&[200])
}

async fn enable(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    p.prepare_patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": false }])).await?;
    p.patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": true }]))
        .await?
        .is(&[200, 204])?;
    has(&p.read(&user).await?.body, "active", &true.into())
}

async fn keeps_groups(p: &mut Probe) -> Outcome {
    let user = p.user_with(json!({ "active": true })).await?;
    let group = p.group_of(&[&user]).await?;
    for active in [false, true] {
        p.prepare_patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": active }])).await?;
        let members = member_ids(&p.read(&group).await?.body);
        ensure(
            members.contains(&user.id),
            format!("the user in its group while active is {active}"),
            || "it is not among the members".to_owned(),
        )?;
    }
    Ok(())
}

async fn keeps_values(p: &mut Probe) -> Outcome {
    let user = p.full_user().await?;
    let before = p.read(&user).await?.body;
    p.prepare_patch(&user.path, &json!([{ "op": "replace", "path": "active", "value": false }])).await?;
    let after = p.read(&user).await?.body;
    for (name, value) in before.as_object().into_iter().flatten() {
        if !["active", "meta"].contains(&name.as_str()) {
            has(&after, name, value)?;
        }
    }
    Ok(())
}

async fn modified_moves(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let plain = p.plain_attribute()?;
    let date = |body: &Value, name: &str| {
        crate::value::at(body, name).and_then(Value::as_str).and_then(scim::compare::date)
    };
    let before = p.read(&user).await?.body;
    let body = patch_body(&json!([{ "op": "replace", "path": plain, "value": "Changed" }]));
    p.prepare(Request::patch(&user.path, &body), &[200, 204]).await?;
    let after = p.read(&user).await?.body;
    ensure(
        date(&after, "meta.lastModified") >= date(&before, "meta.lastModified")
            && date(&after, "meta.lastModified").is_some(),
        "lastModified not before the change",
        || format!("{} then {}", before["meta"], after["meta"]),
    )?;
    ensure(date(&after, "meta.created") == date(&before, "meta.created"), "meta.created unchanged", || {
        format!("{} then {}", before["meta"], after["meta"])
    })
}
