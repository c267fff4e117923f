//! The end of the story: everything is read back through SCIM and compared with what should be there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cast::{Cast, Group, Member};
use crate::demo::book::Tally;
use crate::demo::client::{Client, Outcome, holds};

const PAGE: usize = 50;

/// All pages by `startIndex`, each user compared; deleted ones must not be among them.
pub(super) async fn users(client: &Client, cast: &mut Cast) -> Tally {
    let living = cast.living().count();
    let mut problems = Vec::new();
    let mut found = BTreeMap::new();
    for start in (1..=living).step_by(PAGE) {
        match page(client, start, living).await {
            Ok(users) => {
                found.extend(users.into_iter().map(|u| (u["id"].as_str().unwrap_or("?").to_owned(), u)))
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut got = 0;
    for (_, member) in cast.living() {
        match found.remove(&member.id) {
            None => problems.push(format!("{} is missing", member.person.user_name)),
            Some(user) => match same_user(cast, member, &user) {
                Ok(()) => got += 1,
                Err(problem) => problems.push(problem),
            },
        }
    }
    problems.extend(found.keys().map(|id| format!("user {id} should not be there")));
    problems.extend(count_active(client, cast).await.err());
    Tally::new("users as they should be", living, got, problems)
}

async fn page(client: &Client, start: usize, total: usize) -> Outcome<Vec<Value>> {
    client.get(&format!("/Users?startIndex={start}&count={PAGE}")).await?.expect_list(total)
}

async fn count_active(client: &Client, cast: &Cast) -> Outcome {
    let path = "/Users?count=1&filter=active+eq+true";
    client.get(path).await?.expect_list(cast.active()).map(|_| ())
}

fn same_user(cast: &Cast, member: &Member, user: &Value) -> Outcome {
    let person = &member.person;
    let enterprise = scim::urn::ENTERPRISE_USER;
    let manager = person.manager.and_then(|number| cast.people.get(number)).map(|m| m.id.as_str());
    for (pointer, expected) in [
        ("/userName", json!(person.user_name)),
        ("/externalId", json!(person.external_id)),
        ("/displayName", json!(person.display_name())),
        ("/name/familyName", json!(person.family)),
        ("/title", json!(person.title)),
        ("/active", json!(member.active)),
        ("/emails/0/value", json!(member.email)),
        ("/phoneNumbers/1/value", json!(member.mobile)),
        (&format!("/{enterprise}/department"), json!(person.department)),
        (&format!("/{enterprise}/employeeNumber"), json!(person.employee_number)),
        (&format!("/{enterprise}/manager/value"), json!(manager)),
    ] {
        holds(user, pointer, &expected)?;
    }
    let groups: BTreeSet<_> = texts(user, "groups").collect();
    let expected: BTreeSet<_> = cast
        .groups
        .iter()
        .filter(|group| !group.deleted && cast.present_members(group).contains(&member.id))
        .map(|group| group.id.as_str())
        .collect();
    if groups == expected { Ok(()) } else { Err(format!("{} is in the wrong groups", person.user_name)) }
}

fn texts<'a>(resource: &'a Value, attribute: &str) -> impl Iterator<Item = &'a str> {
    resource[attribute].as_array().into_iter().flatten().filter_map(|element| element["value"].as_str())
}

/// Each group with its members; the count is of memberships.
pub(super) async fn groups(client: &Client, cast: &mut Cast) -> Tally {
    let living: Vec<_> = cast.groups.iter().filter(|group| !group.deleted).cloned().collect();
    let count = living.len();
    let expected: usize = living.iter().map(|group| cast.present_members(group).len()).sum();
    let wanted: Vec<_> = living.into_iter().map(|group| (cast.present_members(&group), group)).collect();
    let (read, mut problems) = client
        .each(
            wanted,
            |client, (members, group)| async move { group_members(&client, &group, &members).await },
        )
        .await;
    let listed = client.get("/Groups?excludedAttributes=members&count=1").await;
    problems.extend(listed.and_then(|reply| reply.expect_list(count)).err());
    Tally::new("memberships", expected, read.iter().sum(), problems)
}

async fn group_members(client: &Client, group: &Group, expected: &BTreeSet<String>) -> Outcome<usize> {
    let body = client.get(&format!("/Groups/{}", group.id)).await?.expect(&[200])?;
    holds(&body, "/displayName", &json!(group.name))?;
    let members: BTreeSet<String> = texts(&body, "members").map(str::to_owned).collect();
    if members == *expected {
        return Ok(members.len());
    }
    let (missing, extra) = (expected.difference(&members).count(), members.difference(expected).count());
    Err(format!("{}: {missing} members missing, {extra} too many", group.name))
}
