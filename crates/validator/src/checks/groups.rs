//! Groups and their members (RFC 7643 §4.2).

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::{Made, Probe, has_members, member_ids, member_values, patch_body};
use crate::reply::Reply;
use crate::value::{at, has, lacks, member, shown};
use crate::verdict::{Outcome, ensure};

const GROUP: &[Need] = &[Need::Check("group-create")];
const MEMBERS: &[Need] = &[Need::Check("group-members-add")];
const PATCH: &[Need] =
    &[Need::Check("group-create"), Need::Check("user-create"), Need::Patch, Need::Group("members.value")];
const RIGHTS: &str = "People keep or miss the rights the group gives, and the client believes it is done.";
const WIPED: &str = "One member leaves and the whole group is emptied.";
const MATCH: &str = "Entra does not find the group and creates it again.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("group-create", "A group is created", Must, "RFC 7644 §3.3, RFC 7643 §4.2")
        .what("POST /Groups with displayName answers 201 with the group and its id.")
        .why("No group can be provisioned.")
        .needs(&[Need::Groups])
        .run(|p| Box::pin(create(p))),
    Check::new("group-create-with-members", "A group is created with members", Must, "RFC 7644 §3.3")
        .what("POST with two members; GET has both.")
        .why("Okta pushes groups with their members: the group stays empty.")
        .needs(&[Need::Check("group-create"), Need::Check("user-create")])
        .run(|p| Box::pin(create_with_members(p))),
    Check::new("group-create-no-name", "A group without displayName is refused", Must, "RFC 7643 §4.2")
        .what("POST without displayName answers 400.")
        .why("A group that cannot be found again is created a second time.")
        .needs(GROUP)
        .run(|p| Box::pin(create_no_name(p))),
    Check::new("group-create-microsoft-schema", "Microsoft's own schema URN is tolerated", Entra, "Entra: use-scim, create group")
        .what("POST whose schemas also names http://schemas.microsoft.com/2006/11/…/Group.")
        .why("Every group that Entra creates is refused.")
        .needs(GROUP)
        .run(|p| Box::pin(microsoft_schema(p))),
    Check::new("group-external-id", "externalId of a group comes back", Must, "RFC 7643 §3.1")
        .what("POST with externalId; GET has it.")
        .why("Entra sends it again in every cycle.")
        .needs(GROUP)
        .run(|p| Box::pin(external_id(p))),
    Check::new("group-delete", "A group is deleted and its members stay", Must, "RFC 7644 §3.6")
        .what("DELETE answers 204, GET of the group 404, GET of the member 200.")
        .why("Users disappear with a group.")
        .needs(&[Need::Check("group-create"), Need::Check("user-create")])
        .run(|p| Box::pin(delete(p))),
    Check::new("group-filter", "A group is found by displayName without case", Must, "RFC 7643 §8.7.1, RFC 7644 §3.4.2.2")
        .what("GET ?filter=displayName eq, as written, in capitals and in small letters.")
        .why(MATCH)
        .needs(&[Need::Check("group-create"), Need::Filter])
        .run(|p| Box::pin(filter(p))),
    Check::new("group-excluded-members", "excludedAttributes=members leaves members out", Must, "RFC 7644 §3.9")
        .what("GET and a filtered query with excludedAttributes=members have no members key, not even an empty one.")
        .why("Entra reads groups only so; large groups time out.")
        .needs(&[Need::Check("group-filter"), Need::Check("user-create")])
        .run(|p| Box::pin(excluded_members(p))),
    Check::new("group-members-add", "add appends members", Must, "RFC 7644 §3.5.2.1")
        .what("PATCH add of one member to a group with one: both are members.")
        .why(RIGHTS)
        .needs(PATCH)
        .run(|p| Box::pin(add(p))),
    Check::new("group-members-add-several", "add takes several members", Must, "RFC 7644 §3.5.2.1")
        .what("PATCH add with three members in one operation.")
        .why("Entra's gallery asks for PATCH with several members.")
        .needs(MEMBERS)
        .run(|p| Box::pin(add_several(p))),
    Check::new("group-members-add-operations", "Several operations on members", Must, "RFC 7644 §3.5.2")
        .what("PATCH with two add operations on members.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(add_operations(p))),
    Check::new("group-members-add-entra", "Add of members as Entra sends it", Entra, "Entra: use-scim, add members")
        .what("PATCH Add members with $ref null.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(add_entra(p))),
    Check::new("group-members-add-twice", "A member that is there is no error and stays once", Should, "RFC 7644 §3.5.2.1")
        .what("PATCH add of a member twice answers with success; it is a member once.")
        .why("Repeated requests fail for ever, or members pile up.")
        .needs(MEMBERS)
        .run(|p| Box::pin(add_twice(p))),
    Check::new("group-members-no-path", "Members in a value without path", Must, "RFC 7644 §3.5.2.1")
        .what("PATCH add {\"members\": […]} without a path appends.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(no_path(p))),
    Check::new("group-members-remove", "remove by filter removes one member", Must, "RFC 7644 §3.5.2.2")
        .what("PATCH remove members[value eq \"id\"]: the other stays.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(remove(p))),
    Check::new("group-members-remove-array", "Remove with a value array removes only those", Entra, "Entra: use-scim, remove members")
        .what("PATCH Remove path members with value [{\"value\": id}]: the other stays.")
        .why(WIPED)
        .needs(MEMBERS)
        .run(|p| Box::pin(remove_array(p))),
    Check::new("group-members-remove-absent", "Removing who is no member is no error", Entra, "Entra: retries make it necessary")
        .what("PATCH remove of a member that was removed answers with success.")
        .why("Repeated requests fail for ever.")
        .needs(&[Need::Check("group-members-remove")])
        .run(|p| Box::pin(remove_absent(p))),
    Check::new("group-members-remove-all", "remove without a value empties the group", Must, "RFC 7644 §3.5.2.2")
        .what("PATCH remove path members: no member is left.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(remove_all(p))),
    Check::new("group-members-replace", "replace sets the members", Must, "RFC 7644 §3.5.2.3")
        .what("PATCH replace members with one of two others: it is the only one.")
        .why(RIGHTS)
        .needs(MEMBERS)
        .run(|p| Box::pin(replace(p))),
    Check::new("group-members-put", "PUT sets the members", Must, "RFC 7644 §3.5.1")
        .what("PUT with one member where there were two.")
        .why("Okta pushes groups with PUT.")
        .needs(MEMBERS)
        .for_profiles(&[Profile::Rfc, Profile::Okta])
        .run(|p| Box::pin(put(p))),
    Check::new("group-rename-keeps-members", "Renaming keeps the members", Must, "RFC 7644 §3.5.2.3")
        .what("PATCH replace displayName; the members are as before.")
        .why("Everybody loses the rights the group gives.")
        .needs(MEMBERS)
        .run(|p| Box::pin(rename(p))),
    Check::new("group-members-type", "A member says where it is", Should, "RFC 7643 §4.2")
        .what("Each member has value, and $ref or type where it has one fits a user.")
        .why("Clients cannot tell users from nested groups.")
        .needs(MEMBERS)
        .run(|p| Box::pin(member_type(p))),
    Check::new("group-nested", "A group can be a member", Should, "RFC 7643 §4.2")
        .what("PATCH add of a group's id as a member; GET has it.")
        .why("Nested groups are flattened or lost.")
        .needs(MEMBERS)
        .run(|p| Box::pin(nested(p))),
    Check::new("group-user-groups", "A user shows its groups", Should, "RFC 7643 §4.1.2 groups")
        .what("GET of a member has the group in groups; after the removal it has not.")
        .why("Clients that decide by the user's groups decide wrongly.")
        .needs(&[Need::Check("group-members-remove"), Need::User("groups.value")])
        .run(|p| Box::pin(user_groups(p))),
    Check::new("group-members-filter", "Groups are found by their members", Entra, "Entra: use-scim, membership check")
        .what("GET ?filter=id eq \"g\" and members eq \"u\", in both orders, and members.value eq.")
        .why("Entra's check of a membership answers wrongly.")
        .needs(&[Need::Check("group-members-add"), Need::Check("filter-and")])
        .run(|p| Box::pin(members_filter(p))),
    Check::new("group-members-filter-exact", "A group is not found by who is no member", Must, "RFC 7644 §3.4.2.2")
        .what("GET ?filter=id eq \"g\" and members.value eq a user that is none: nothing.")
        .why("A check of a membership says yes for everybody.")
        .needs(&[Need::Check("group-members-add"), Need::Check("filter-and")])
        .run(|p| Box::pin(members_filter_exact(p))),
    Check::new("group-patch-answer", "The answer to PATCH of a group is 204 or the group", Must, "RFC 7644 §3.5.2")
        .what("200 comes with the group, 204 without a body.")
        .why("Entra reads a 200 without a resource as a failure.")
        .needs(MEMBERS)
        .run(|p| Box::pin(patch_answer(p))),
    Check::new("group-parallel-adds", "Parallel adds lose nobody", Must, "RFC 7644 §3.5.2")
        .what("Sixteen PATCHes at once, each adding another user: all sixteen are members.")
        .why("Entra works in parallel: members are missing without any error.")
        .needs(MEMBERS)
        .run(|p| Box::pin(parallel_adds(p))),
    Check::new("group-parallel-add-remove", "Parallel adds and removes lose nothing", Must, "RFC 7644 §3.5.2")
        .what("Eight PATCHes that add and eight that remove others, at once.")
        .why("Entra works in parallel: members stay or are missing without any error.")
        .needs(&[Need::Check("group-parallel-adds"), Need::Check("group-members-remove")])
        .run(|p| Box::pin(parallel_add_remove(p))),
    Check::new("group-large", "Adding a member costs the same in a large group", Entra, "Entra: throughput; no clause")
        .what("Members are added in steps up to thousands; the median time of single adds must not grow tenfold.")
        .why("Large groups take hours, and requests time out.")
        .needs(MEMBERS)
        .run(|p| Box::pin(large(p))),
];

async fn create(p: &mut Probe) -> Outcome {
    let (body, path) = (p.group_body(), p.groups());
    let reply = p.post(&path, &Value::Object(body.clone())).await?;
    reply.is(&[201])?;
    reply.id()?;
    has(&reply.body, "displayName", &body.get("displayName").cloned().unwrap_or_default())
}

async fn create_with_members(p: &mut Probe) -> Outcome {
    let users = p.several_users(2).await?;
    let mut body = p.group_body();
    body.insert("members".into(), member_values(&users.iter().collect::<Vec<_>>()));
    let path = p.groups();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has_members(&read.body, &users.iter().collect::<Vec<_>>()).map_err(|stop| stop.at(reply.exchange))
}

async fn create_no_name(p: &mut Probe) -> Outcome {
    let mut body = p.group_body();
    body.remove("displayName");
    let path = p.groups();
    p.post(&path, &Value::Object(body)).await?.refuses(&[400], "a group without displayName")
}

async fn microsoft_schema(p: &mut Probe) -> Outcome {
    let mut body = p.group_body();
    body.insert("schemas".into(), json!([scim::urn::GROUP, scim::urn::MICROSOFT_GROUP]));
    body.insert("externalId".into(), p.dice.guid().into());
    body.insert("meta".into(), json!({ "resourceType": "Group" }));
    let path = p.groups();
    p.post(&path, &Value::Object(body)).await?.is(&[201])
}

async fn external_id(p: &mut Probe) -> Outcome {
    let mut body = p.group_body();
    let external = Value::from(p.dice.guid());
    body.insert("externalId".into(), external.clone());
    let path = p.groups();
    let group = p.make(&path, body).await?;
    has(&p.read(&group).await?.body, "externalId", &external)
}

async fn delete(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let group = p.group_of(&[&user]).await?;
    p.delete(&group.path).await?.is(&[204])?;
    p.get(&group.path).await?.is(&[404])?;
    p.get(&user.path).await?.is(&[200])
}

async fn filter(p: &mut Probe) -> Outcome {
    let group = p.group().await?;
    let (path, name) = (p.groups(), group.name().to_owned());
    for name in [name.clone(), name.to_uppercase(), name.to_lowercase()] {
        p.find(&path, &format!("displayName eq \"{name}\"")).await?.finds(&[&group.id])?;
    }
    Ok(())
}

async fn excluded_members(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let group = p.group_of(&[&user]).await?;
    let reply = p.query(&group.path, &[("excludedAttributes", "members")]).await?;
    reply.is(&[200])?;
    without_members(&reply.body, &reply)?;
    let (path, filter) = (p.groups(), format!("displayName eq \"{}\"", group.name()));
    let reply = p.query(&path, &[("excludedAttributes", "members"), ("filter", &filter)]).await?;
    reply.is(&[200])?;
    reply.finds(&[&group.id])?;
    without_members(reply.resources().first().unwrap_or(&Value::Null), &reply)
}

fn without_members(group: &Value, reply: &Reply) -> Outcome {
    ensure(member(group, "members").is_none(), "no members key", || {
        member(group, "members").map(shown).unwrap_or_default()
    })
    .map_err(|stop| stop.at(reply.exchange))
}

/// A group with the first `inside` of `count` users.
async fn prepared(p: &mut Probe, count: usize, inside: usize) -> Outcome<(Made, Vec<Made>)> {
    let mut users = Vec::new();
    for _ in 0..count {
        users.push(p.user().await?);
    }
    let group = p.group_of(&users.iter().take(inside).collect::<Vec<_>>()).await?;
    Ok((group, users))
}

/// PATCH, then the members must be these.
async fn becomes(p: &mut Probe, group: &Made, operations: Value, expected: &[&Made]) -> Outcome {
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    has_members(&p.read(group).await?.body, expected).map_err(|stop| stop.at(reply.exchange))
}

async fn add(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 1).await?;
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": users[1].id }] }]);
    becomes(p, &group, operations, &users.iter().collect::<Vec<_>>()).await
}

async fn add_several(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 3, 0).await?;
    let all: Vec<&Made> = users.iter().collect();
    becomes(p, &group, json!([{ "op": "add", "path": "members", "value": member_values(&all) }]), &all).await
}

async fn add_operations(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 0).await?;
    let operations: Value = users
        .iter()
        .map(|u| json!({ "op": "add", "path": "members", "value": [{ "value": u.id }] }))
        .collect();
    becomes(p, &group, operations, &users.iter().collect::<Vec<_>>()).await
}

async fn add_entra(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 0).await?;
    let value: Value = users.iter().map(|u| json!({ "$ref": null, "value": u.id })).collect();
    let operations = json!([{ "op": "Add", "path": "members", "value": value }]);
    becomes(p, &group, operations, &users.iter().collect::<Vec<_>>()).await
}

async fn add_twice(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 1, 1).await?;
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": users[0].id }] }]);
    becomes(p, &group, operations, &[&users[0]]).await
}

async fn no_path(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 1).await?;
    let operations = json!([{ "op": "add", "value": { "members": [{ "value": users[1].id }] } }]);
    becomes(p, &group, operations, &users.iter().collect::<Vec<_>>()).await
}

fn remove_one(user: &Made) -> Value {
    json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", user.id) }])
}

async fn remove(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 2).await?;
    becomes(p, &group, remove_one(&users[0]), &[&users[1]]).await
}

async fn remove_array(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 3, 3).await?;
    let value = json!([{ "$ref": null, "value": users[0].id }]);
    let operations = json!([{ "op": "Remove", "path": "members", "value": value }]);
    becomes(p, &group, operations, &[&users[1], &users[2]]).await
}

async fn remove_absent(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 1).await?;
    becomes(p, &group, remove_one(&users[1]), &[&users[0]]).await
}

async fn remove_all(p: &mut Probe) -> Outcome {
    let (group, _) = prepared(p, 2, 2).await?;
    becomes(p, &group, json!([{ "op": "remove", "path": "members" }]), &[]).await
}

async fn replace(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 3, 2).await?;
    let operations = json!([{ "op": "replace", "path": "members", "value": [{ "value": users[2].id }] }]);
    becomes(p, &group, operations, &[&users[2]]).await
}

async fn put(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 2).await?;
    let mut body = group.sent.clone();
    body.insert("id".into(), group.id.clone().into());
    body.insert("members".into(), json!([{ "value": users[1].id }]));
    let reply = p.put(&group.path, &Value::Object(body)).await?;
    reply.is(&[200])?;
    has_members(&p.read(&group).await?.body, &[&users[1]]).map_err(|stop| stop.at(reply.exchange))
}

async fn rename(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 2).await?;
    let name = p.generator().group_name();
    let operations = json!([{ "op": "replace", "path": "displayName", "value": name }]);
    becomes(p, &group, operations, &users.iter().collect::<Vec<_>>()).await?;
    has(&p.read(&group).await?.body, "displayName", &name.into())
}

async fn member_type(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 1, 1).await?;
    let body = p.read(&group).await?.body;
    let first =
        at(&body, "members").and_then(Value::as_array).and_then(|m| m.first()).cloned().unwrap_or_default();
    if let Some(kind) = member(&first, "type") {
        ensure(kind == "User", "type User", || shown(kind))?;
    }
    if let Some(reference) = member(&first, "$ref").and_then(Value::as_str) {
        ensure(reference.ends_with(&users[0].path), format!("$ref ending in {}", users[0].path), || {
            reference.to_owned()
        })?;
    }
    has(&first, "value", &users[0].id.clone().into())
}

async fn nested(p: &mut Probe) -> Outcome {
    let (inner, outer) = (p.group().await?, p.group().await?);
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": inner.id }] }]);
    becomes(p, &outer, operations, &[&inner]).await
}

async fn user_groups(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 1, 1).await?;
    let read = p.read(&users[0]).await?;
    has(&read.body, "groups", &json!([{ "value": group.id }]))?;
    p.prepare_patch(&group.path, &remove_one(&users[0])).await?;
    lacks(&p.read(&users[0]).await?.body, "groups")
}

async fn members_filter(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 1, 1).await?;
    let (path, g, u) = (p.groups(), &group.id, &users[0].id);
    for filter in [
        format!("id eq \"{g}\" and members eq \"{u}\""),
        format!("members eq \"{u}\" and id eq \"{g}\""),
        format!("members.value eq \"{u}\""),
    ] {
        p.find(&path, &filter).await?.finds(&[g])?;
    }
    Ok(())
}

async fn members_filter_exact(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 2, 1).await?;
    let filter = format!("id eq \"{}\" and members.value eq \"{}\"", group.id, users[1].id);
    let path = p.groups();
    p.find(&path, &filter).await?.finds(&[])
}

async fn patch_answer(p: &mut Probe) -> Outcome {
    let (group, users) = prepared(p, 1, 0).await?;
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": users[0].id }] }]);
    let reply = p.patch(&group.path, &operations).await?;
    reply.is(&[200, 204])?;
    match reply.status {
        204 => ensure(reply.text.is_empty(), "no body with 204", || reply.text.clone()),
        _ => has(&reply.body, "id", &group.id.into()),
    }
}

fn adding(group: &Made, user: &Made) -> Request {
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": user.id }] }]);
    Request::patch(&group.path, &patch_body(&operations))
}

fn all_done(replies: Vec<Result<Reply, String>>) -> Outcome {
    for reply in replies {
        // A server may ask the client to come again; that loses nothing.
        let reply = reply.map_err(crate::verdict::cannot_judge)?;
        reply.is(&[200, 204])?;
    }
    Ok(())
}

async fn parallel_adds(p: &mut Probe) -> Outcome {
    let users = p.several_users(16).await?;
    let group = p.group().await?;
    let replies = p.send_all(users.iter().map(|u| adding(&group, u)).collect()).await?;
    all_done(replies)?;
    has_members(&p.read(&group).await?.body, &users.iter().collect::<Vec<_>>())
}

async fn parallel_add_remove(p: &mut Probe) -> Outcome {
    let users = p.several_users(16).await?;
    let (stay, go) = users.split_at(8);
    let group = p.group_of(&go.iter().collect::<Vec<_>>()).await?;
    let mut requests: Vec<Request> = stay.iter().map(|u| adding(&group, u)).collect();
    requests.extend(go.iter().map(|u| Request::patch(&group.path, &patch_body(&remove_one(u)))));
    let replies = p.send_all(requests).await?;
    all_done(replies)?;
    has_members(&p.read(&group).await?.body, &stay.iter().collect::<Vec<_>>())
}

/// Members need not exist for the cost of adding them: ids are made up where the target takes them.
async fn large(p: &mut Probe) -> Outcome {
    let size = p.large_group();
    let user = p.user().await?;
    let group = p.group().await?;
    let small = median_add(p, &group, &user).await?;
    let made_up: Vec<Value> = (0..size).map(|_| json!({ "value": p.dice.guid() })).collect();
    for chunk in made_up.chunks(500) {
        let operations = json!([{ "op": "add", "path": "members", "value": chunk }]);
        p.prepare_patch(&group.path, &operations).await?;
    }
    let read = p.read(&group).await?;
    if member_ids(&read.body).len() < size {
        return Err(crate::verdict::not_applicable(
            "the target does not keep members that do not exist; making thousands of users would be a load test",
        ));
    }
    let large = median_add(p, &group, &user).await?;
    // Tolerant: ten times, and at least 50 ms, so that a busy machine is no deviation.
    let limit = (small * 10).max(50_000);
    ensure(large <= limit, format!("a median of at most {} ms for one add", limit / 1000), || {
        format!("{} ms with {size} members, {} ms with none", large / 1000, small / 1000)
    })
}

/// Microseconds, median of seven pairs of add and remove.
async fn median_add(p: &mut Probe, group: &Made, user: &Made) -> Outcome<u64> {
    let mut times = Vec::new();
    for _ in 0..7 {
        let reply = p.send(adding(group, user)).await?;
        reply.is(&[200, 204])?;
        times.push(p.exchanges.get(reply.exchange).map_or(0, |e| e.exchange.timings.total_us));
        p.prepare_patch(&group.path, &remove_one(user)).await?;
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or(0))
}
