//! What Entra ID sends about groups.

use serde_json::{Value, json};

use super::cast::{Cast, Dialect, Group};
use crate::demo::book::Tally;
use crate::demo::client::{Client, Outcome, holds, quoted};

/// Members of one PATCH.
const BATCH: usize = 20;

fn match_path(name: &str) -> String {
    format!("/Groups?excludedAttributes=members&filter=displayName+eq+{}", quoted(name))
}

/// Match by `displayName`, find none, create without members and with Microsoft's own schema URI.
pub(super) async fn create(client: &Client, cast: &mut Cast) -> Tally {
    let groups: Vec<_> = cast.groups.iter().cloned().enumerate().collect();
    let expected = groups.len();
    let (made, problems) = client
        .each(groups, |client, (number, group)| async move {
            client.get(&match_path(&group.name)).await?.expect_list(0)?;
            let body = json!({
                "schemas": [scim::urn::GROUP, scim::urn::MICROSOFT_GROUP],
                "externalId": group.external_id,
                "displayName": group.name,
                "meta": { "resourceType": "Group" },
            });
            let body = client.post("/Groups", &body).await?.expect(&[201])?;
            holds(&body, "/displayName", &json!(group.name))?;
            holds(&body, "/schemas", &json!([scim::urn::GROUP]))?;
            Ok((number, body["id"].as_str().ok_or("a created group has no id")?.to_owned()))
        })
        .await;
    let got = made.len();
    for (number, id) in made {
        if let Some(group) = cast.groups.get_mut(number) {
            group.id = id;
        }
    }
    Tally::new("groups created", expected, got, problems)
}

/// Several members in one operation; the answer may be 204.
pub(super) async fn add_members(client: &Client, cast: &mut Cast) -> Tally {
    let mut batches = Vec::new();
    for group in &cast.groups {
        let members: Vec<_> = cast.present_members(group).into_iter().collect();
        batches.extend(members.chunks(BATCH).map(|chunk| (group.clone(), chunk.to_vec())));
    }
    let expected: usize = batches.iter().map(|(_, members)| members.len()).sum();
    let (added, problems) = client
        .each(batches, |client, (group, members)| async move {
            let values: Vec<_> = members.iter().map(|id| member_value(group.dialect, id)).collect();
            let operations = json!([{ "op": group.dialect.op("add"), "path": "members", "value": values }]);
            patch_group(&client, &group, operations).await?;
            Ok(members.len())
        })
        .await;
    Tally::new("members added", expected, added.iter().sum(), problems)
}

fn member_value(dialect: Dialect, id: &str) -> Value {
    match dialect {
        Dialect::Legacy => json!({ "$ref": null, "value": id }),
        Dialect::Flag => json!({ "value": id }),
    }
}

async fn patch_group(client: &Client, group: &Group, operations: Value) -> Outcome {
    client.patch(&format!("/Groups/{}", group.id), operations).await?.expect(&[200, 204]).map(|_| ())
}

/// `id eq … and members eq …`, in both orders of the clauses, for one who is a member and one who is not.
pub(super) async fn ask_membership(client: &Client, cast: &mut Cast) -> Tally {
    let mut questions = Vec::new();
    for group in &cast.groups {
        let inside = cast.present_members(group);
        let outside = cast.people.iter().map(|m| &m.id).find(|id| !inside.contains(*id));
        questions.extend(inside.iter().next().map(|id| (group.clone(), id.clone(), 1)));
        questions.extend(outside.map(|id| (group.clone(), id.clone(), 0)));
    }
    let expected = questions.len();
    let (answered, problems) = client
        .each(questions, |client, (group, user, hits)| async move {
            let (id, user) = (quoted(&group.id), quoted(&user));
            let filter = match group.dialect {
                Dialect::Legacy => format!("id+eq+{id}+and+members+eq+{user}"),
                Dialect::Flag => format!("members+eq+{user}+and+id+eq+{id}"),
            };
            let path = format!("/Groups?excludedAttributes=members&filter={filter}");
            let found = client.get(&path).await?.expect_list(hits)?;
            match found.iter().any(|group| group.get("members").is_some()) {
                true => Err("members were not asked for".to_owned()),
                false => Ok(()),
            }
        })
        .await;
    Tally::new("answers right", expected, answered.len(), problems)
}

/// Two of each group go: by a value array in the legacy dialect, which must not empty the group, by a filter in the other.
pub(super) async fn remove_members(client: &Client, cast: &mut Cast) -> Tally {
    let mut removals = Vec::new();
    for (number, group) in cast.groups.iter().enumerate() {
        let leaving: Vec<usize> = group.members.iter().copied().skip(2).take(2).collect();
        let ids: Vec<_> = leaving.iter().filter_map(|n| cast.people.get(*n)).map(|m| m.id.clone()).collect();
        removals.push((number, group.clone(), leaving, ids));
    }
    let expected: usize = removals.iter().map(|(_, _, leaving, _)| leaving.len()).sum();
    let (removed, problems) = client
        .each(removals, |client, (number, group, leaving, ids)| async move {
            let operations: Value = match group.dialect {
                Dialect::Legacy => {
                    let values: Vec<_> = ids.iter().map(|id| member_value(group.dialect, id)).collect();
                    json!([{ "op": "Remove", "path": "members", "value": values }])
                }
                Dialect::Flag => {
                    let remove = |id: &String| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
                    ids.iter().map(remove).collect()
                }
            };
            if !ids.is_empty() {
                patch_group(&client, &group, operations).await?;
            }
            Ok((number, leaving))
        })
        .await;
    let mut got = 0;
    for (number, leaving) in removed {
        got += leaving.len();
        if let Some(group) = cast.groups.get_mut(number) {
            group.members.retain(|member| !leaving.contains(member));
        }
    }
    Tally::new("members removed", expected, got, problems)
}

pub(super) async fn rename(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = cast.groups.iter().cloned().enumerate().skip(2).take(2).collect();
    let expected = some.len();
    let (renamed, problems) = client
        .each(some, |client, (number, group)| async move {
            let name = format!("{} & Friends", group.name);
            let operations = match group.dialect {
                Dialect::Legacy => json!([{ "op": "Replace", "path": "displayName", "value": name }]),
                Dialect::Flag => json!([{ "op": "replace", "value": { "displayName": name } }]),
            };
            patch_group(&client, &group, operations).await?;
            client.get(&match_path(&group.name)).await?.expect_list(0)?;
            client.get(&match_path(&name)).await?.expect_list(1)?;
            Ok((number, name))
        })
        .await;
    let got = renamed.len();
    for (number, name) in renamed {
        if let Some(group) = cast.groups.get_mut(number) {
            group.name = name;
        }
    }
    Tally::new("groups renamed", expected, got, problems)
}

/// The last group goes again; its members stay.
pub(super) async fn delete(client: &Client, cast: &mut Cast) -> Tally {
    let mut problems = Vec::new();
    if let Some(group) = cast.groups.last_mut() {
        match delete_one(client, group).await {
            Ok(()) => group.deleted = true,
            Err(problem) => problems.push(problem),
        }
    }
    Tally::new("group deleted", 1, 1 - problems.len(), problems)
}

async fn delete_one(client: &Client, group: &Group) -> Outcome {
    let path = format!("/Groups/{}", group.id);
    client.delete(&path).await?.expect(&[204])?;
    client.get(&format!("{path}?excludedAttributes=members")).await?.expect(&[404])?;
    client.get(&match_path(&group.name)).await?.expect_list(0).map(|_| ())
}
