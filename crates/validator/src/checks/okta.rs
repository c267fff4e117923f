//! Okta's SCIM 2.0 specification tests and the requests of its provisioning, by their names and shapes.

use scim_client::{Authorization, Request};
use serde_json::{Map, Value, json};

use crate::check::{Check, Level::*, Need};
use crate::probe::{Made, Probe, has_members};
use crate::value::{at, has, shown};
use crate::verdict::{Outcome, ensure, not_applicable};

const SPEC: &str = "Okta: SCIM 2.0 specification test";
const FAILS: &str = "Okta's specification test fails, and with it the integration's submission.";
const PUSH: &str = "Okta reports the push as failed; people lack the group.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("okta-users-endpoint", "Required Test: Test Users endpoint", Okta, SPEC)
        .what("GET /Users?count=1&startIndex=1: 200, a ListResponse with numbers, and a user with id, userName and active.")
        .why(FAILS)
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(users_endpoint(p))),
    Check::new("okta-get-by-id", "Required Test: Get Users/{{id}}", Okta, SPEC)
        .what("GET of a user with a name and an e-mail: both are there.")
        .why(FAILS)
        .needs(&[Need::Check("user-read"), Need::User("name.familyName"), Need::User("emails.value")])
        .run(|p| Box::pin(get_by_id(p))),
    Check::new("okta-invalid-user-by-name", "Required Test: Test invalid User by username", Okta, SPEC)
        .what("GET ?filter=userName eq of nobody: 200 with totalResults 0.")
        .why(FAILS)
        .needs(&[Need::Filter])
        .run(|p| Box::pin(invalid_by_name(p))),
    Check::new("okta-invalid-user-by-id", "Required Test: Test invalid User by ID", Okta, SPEC)
        .what("GET of an id that does not exist: 404 with an error message that has a detail.")
        .why(FAILS)
        .run(|p| Box::pin(invalid_by_id(p))),
    Check::new("okta-create", "Required Test: Create Okta user with realistic values", Okta, SPEC)
        .what("POST as Okta sends it, with locale, externalId, groups [] and a password: 201 with active true, and no password.")
        .why("No user is provisioned from Okta.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(create(p))),
    Check::new("okta-recreate", "Required Test: Expect failure when recreating user with same values", Okta, SPEC)
        .what("The same POST again: 409.")
        .why(FAILS)
        .needs(&[Need::Check("okta-create")])
        .run(|p| Box::pin(recreate(p))),
    Check::new("okta-name-case", "Required Test: Username Case Sensitivity Check", Okta, SPEC)
        .what("GET ?filter=userName eq in capitals finds the user.")
        .why(FAILS)
        .needs(&[Need::Check("filter-eq")])
        .run(|p| Box::pin(name_case(p))),
    Check::new("okta-groups-endpoint", "Optional Test: Verify Groups endpoint", Okta, SPEC)
        .what("GET /Groups answers 200 with a ListResponse.")
        .why("Group push cannot be switched on.")
        .needs(&[Need::Groups])
        .run(|p| Box::pin(groups_endpoint(p))),
    Check::new("okta-unauthorized", "Required Test: Check status 401", Okta, SPEC)
        .what("GET ?filter=id eq without credentials: 401.")
        .why(FAILS)
        .run(|p| Box::pin(unauthorized(p))),
    Check::new("okta-not-found", "Required Test: Check status 404", Okta, SPEC)
        .what("GET /Users/00919288221112222: 404.")
        .why(FAILS)
        .run(|p| Box::pin(not_found(p))),
    Check::new("okta-put-profile", "Update a user's profile with PUT", Okta, "Okta: SCIM 2.0, update user")
        .what("GET, then PUT of the whole user with a changed name: 200, and GET has the change.")
        .why("Profile changes do not arrive.")
        .needs(&[Need::Check("put-replace"), Need::User("name.familyName")])
        .run(|p| Box::pin(put_profile(p))),
    Check::new("okta-put-deactivate", "Deactivate with PUT", Okta, "Okta: SCIM 2.0, deactivate")
        .what("PUT of the whole user with active false: GET has active false.")
        .why("A leaver keeps access.")
        .needs(&[Need::Check("put-replace"), Need::User("active")])
        .run(|p| Box::pin(put_deactivate(p))),
    Check::new("okta-password", "Set a password with PATCH", Okta, "Okta: SCIM 2.0, sync password")
        .what("PATCH replace {\"password\": …} without a path succeeds, and the answer has no password.")
        .why("Password sync fails.")
        .needs(&[Need::Check("patch-replace"), Need::ChangePassword])
        .run(|p| Box::pin(password(p))),
    Check::new("okta-group-push", "Push a group with members", Okta, "Okta: SCIM 2.0, create group")
        .what("POST of a group whose members have value and display: 201, both are members.")
        .why(PUSH)
        .needs(&[Need::Check("group-create"), Need::Check("user-create")])
        .run(|p| Box::pin(group_push(p))),
    Check::new("okta-group-rename", "Rename a group without a path", Okta, "Okta: SCIM 2.0, update group name")
        .what("PATCH replace {\"id\": …, \"displayName\": …}: 200 or 204, the members stay.")
        .why(PUSH)
        .needs(&[Need::Check("group-members-add")])
        .run(|p| Box::pin(group_rename(p))),
    Check::new("okta-group-members", "Change members in one PATCH", Okta, "Okta: SCIM 2.0, update group membership")
        .what("PATCH with remove members[value eq …] and add of another member with display.")
        .why(PUSH)
        .needs(&[Need::Check("group-members-remove")])
        .run(|p| Box::pin(group_members(p))),
    Check::new("okta-import", "Import in pages of 100", Okta, "Okta: SCIM 2.0, import")
        .what("GET /Users?startIndex=1&count=100: itemsPerPage and totalResults fit, and every user has id and userName.")
        .why("The import stops, or loops.")
        .needs(&[Need::Check("paging-list")])
        .run(|p| Box::pin(import(p))),
];

async fn users_endpoint(p: &mut Probe) -> Outcome {
    p.user().await?;
    let path = p.users();
    let reply = p.query(&path, &[("count", "1"), ("startIndex", "1")]).await?;
    reply.is(&[200])?;
    reply.list()?;
    for name in ["itemsPerPage", "startIndex", "totalResults"] {
        ensure(reply.number(name).is_some(), format!("{name} to be a number"), || "none".to_owned())?;
    }
    let Some(user) = reply.resources().first() else {
        return Err(crate::verdict::deviates("a user", "no resource"));
    };
    for name in ["id", "userName"] {
        let there = at(user, name).and_then(Value::as_str).is_some_and(|v| !v.is_empty());
        ensure(there, format!("a user with {name}"), || shown(user))?;
    }
    Ok(())
}

async fn get_by_id(p: &mut Probe) -> Outcome {
    let mail = p.generator().email();
    let more = json!({
        "name": { "familyName": "Roe", "givenName": "Ida" },
        "emails": [{ "primary": true, "value": mail, "type": "work" }],
    });
    let user = p.user_with(more).await?;
    let body = p.read(&user).await?.body;
    has(&body, "name.familyName", &"Roe".into())?;
    has(&body, "name.givenName", &"Ida".into())?;
    has(&body, "emails.value", &mail.into())
}

async fn invalid_by_name(p: &mut Probe) -> Outcome {
    let (path, nobody) = (p.users(), p.dice.guid());
    p.find(&path, &format!("userName eq \"abcdefgh@{nobody}.example\"")).await?.finds(&[])
}

async fn invalid_by_id(p: &mut Probe) -> Outcome {
    let path = format!("{}/{}", p.users(), p.dice.base36(20));
    let reply = p.get(&path).await?;
    reply.is(&[404])?;
    has(&reply.body, "schemas", &json!([scim::urn::ERROR]))?;
    ensure(reply.body["detail"].as_str().is_some_and(|d| !d.is_empty()), "a detail", || reply.summary())
}

fn okta_user(p: &mut Probe) -> Map<String, Value> {
    let mail = p.generator().email();
    let all = json!({
        "name": { "givenName": "Ida", "familyName": "Roe" },
        "emails": [{ "primary": true, "value": mail, "type": "work" }],
        "displayName": "Ida Roe",
        "locale": "en-US",
        "externalId": p.dice.base36(20),
        "groups": [],
        "password": format!("Mu-{}!7a", p.dice.base36(12)),
        "active": true,
    });
    p.user_body_with(all)
}

async fn create(p: &mut Probe) -> Outcome {
    let (body, path) = (okta_user(p), p.users());
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    reply.id()?;
    has(&reply.body, "userName", &body["userName"])?;
    has(&reply.body, "active", &true.into())?;
    ensure(at(&reply.body, "password").is_none(), "no password in the answer", || "a password".to_owned())
}

async fn recreate(p: &mut Probe) -> Outcome {
    let (body, path) = (okta_user(p), p.users());
    p.make(&path, body.clone()).await?;
    p.post(&path, &Value::Object(body)).await?.is(&[409])
}

async fn name_case(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let path = p.users();
    p.find(&path, &format!("userName eq \"{}\"", user.name().to_uppercase())).await?.finds(&[&user.id])
}

async fn groups_endpoint(p: &mut Probe) -> Outcome {
    let path = p.groups();
    let reply = p.get(&path).await?;
    reply.is(&[200])?;
    reply.list().map(drop)
}

async fn unauthorized(p: &mut Probe) -> Outcome {
    let request = Request::get(p.users())
        .query("filter", "id eq \"00919288221112222\"")
        .authorization(Authorization::None);
    p.send(request).await?.is(&[401])
}

async fn not_found(p: &mut Probe) -> Outcome {
    let path = format!("{}/00919288221112222", p.users());
    p.get(&path).await?.is(&[404])
}

/// The user as GET gives it, ready to be sent back changed.
async fn round(p: &mut Probe) -> Outcome<(Made, Value)> {
    let user = p.user_with(json!({ "active": true })).await?;
    let body = p.read(&user).await?.body;
    Ok((user, body))
}

async fn put_profile(p: &mut Probe) -> Outcome {
    let (user, mut body) = round(p).await?;
    body["name"] = json!({ "familyName": "Changed", "givenName": "Ida" });
    let reply = p.put(&user.path, &body).await?;
    reply.is(&[200])?;
    has(&p.read(&user).await?.body, "name.familyName", &"Changed".into())
        .map_err(|stop| stop.at(reply.exchange))
}

async fn put_deactivate(p: &mut Probe) -> Outcome {
    let (user, mut body) = round(p).await?;
    body["active"] = false.into();
    let reply = p.put(&user.path, &body).await?;
    reply.is(&[200])?;
    has(&p.read(&user).await?.body, "active", &false.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn password(p: &mut Probe) -> Outcome {
    if p.user_kind().find("password").is_none() {
        return Err(not_applicable("the User schema has no password"));
    }
    let user = p.user().await?;
    let secret = format!("Mu-{}!7a", p.dice.base36(12));
    let reply = p.patch(&user.path, &json!([{ "op": "replace", "value": { "password": secret } }])).await?;
    reply.is(&[200, 204])?;
    ensure(at(&reply.body, "password").is_none(), "no password in the answer", || "a password".to_owned())
}

async fn group_push(p: &mut Probe) -> Outcome {
    let (one, two) = (p.user().await?, p.user().await?);
    let mut body = p.group_body();
    let members: Value = [&one, &two].iter().map(|u| json!({ "value": u.id, "display": u.name() })).collect();
    body.insert("members".into(), members);
    let path = p.groups();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has_members(&read.body, &[&one, &two]).map_err(|stop| stop.at(reply.exchange))
}

async fn group_rename(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let group = p.group_of(&[&user]).await?;
    let name = p.generator().group_name();
    let operations = json!([{ "op": "replace", "value": { "id": group.id, "displayName": name } }]);
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    let read = p.read(&group).await?;
    has(&read.body, "displayName", &name.into()).map_err(|stop| stop.at(reply.exchange))?;
    has_members(&read.body, &[&user]).map_err(|stop| stop.at(reply.exchange))
}

async fn group_members(p: &mut Probe) -> Outcome {
    let (one, two) = (p.user().await?, p.user().await?);
    let group = p.group_of(&[&one]).await?;
    let operations = json!([
        { "op": "remove", "path": format!("members[value eq \"{}\"]", one.id) },
        { "op": "add", "path": "members", "value": [{ "value": two.id, "display": two.name() }] },
    ]);
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    has_members(&p.read(&group).await?.body, &[&two]).map_err(|stop| stop.at(reply.exchange))
}

async fn import(p: &mut Probe) -> Outcome {
    p.user().await?;
    let path = p.users();
    let reply = p.query(&path, &[("startIndex", "1"), ("count", "100")]).await?;
    reply.is(&[200])?;
    let list = reply.list()?;
    let shown_count = i64::try_from(list.len()).unwrap_or(0);
    ensure(reply.items_per_page() == Some(shown_count), format!("itemsPerPage {shown_count}"), || {
        reply.says("itemsPerPage")
    })?;
    match list.iter().find(|u| at(u, "id").is_none() || at(u, "userName").is_none()) {
        None => Ok(()),
        Some(user) => Err(crate::verdict::deviates("every user with id and userName", shown(user))),
    }
}
