//! Whether the provider holds what is assigned, field by field (item 33): worked out from the company's own SCIM answers, not
//! from what the service says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cast::{APP, Walk};

/// What both sides show under the same name, `title` excepted, which the walk takes out of the mapping.
const SAME: [&str; 14] = [
    "/userName",
    "/active",
    "/displayName",
    "/preferredLanguage",
    "/name/givenName",
    "/name/familyName",
    "/emails/0/value",
    "/emails/0/type",
    "/phoneNumbers/0/value",
    "/addresses/0/streetAddress",
    "/addresses/0/locality",
    "/addresses/0/country",
    "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/employeeNumber",
    "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
];

pub(super) async fn must_agree(walk: &Walk, when: &str) {
    let found = differences(walk).await;
    assert!(found.is_empty(), "{when}:\n{}", found.join("\n"));
}

fn ids(resource: &Value, list: &str) -> BTreeSet<String> {
    let all = resource[list].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|one| one["value"].as_str().map(ToOwned::to_owned)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn listed(client: &crate::client::Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = format!("{path}?count=500&startIndex={}", all.len() + 1);
        let list = client.get(&page).await.expect(200);
        let rows = list["Resources"].as_array().cloned().unwrap_or_default();
        let is_last = rows.is_empty();
        all.extend(rows);
        if is_last || list["totalResults"].as_u64() == Some(all.len() as u64) {
            assert_eq!(list["totalResults"], all.len(), "{path}: all pages");
            return all;
        }
    }
}

/// In words; empty if there is none.
pub(super) async fn differences(walk: &Walk) -> Vec<String> {
    let source: BTreeMap<String, Value> = listed(&walk.company.client, "/Users")
        .await
        .into_iter()
        .map(|user| (text(&user["id"]), user))
        .collect();
    let groups: BTreeMap<String, Value> = listed(&walk.company.client, "/Groups")
        .await
        .into_iter()
        .map(|group| (text(&group["id"]), group))
        .collect();
    let assigned: BTreeSet<String> = walk.command(&["assignments", APP])["assignments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| text(&row["id"]))
        .collect();
    let mut wanted: BTreeSet<&String> = source.keys().filter(|id| assigned.contains(*id)).collect();
    for (id, group) in groups.iter().filter(|(id, _)| assigned.contains(*id)) {
        let members = ids(group, "members");
        assert!(!members.is_empty(), "{id} has members");
        wanted.extend(source.keys().filter(|user| members.contains(*user)));
    }
    let shown: BTreeMap<String, Value> = listed(&walk.provider.client, "/Users")
        .await
        .into_iter()
        .map(|user| (text(&user["userName"]), user))
        .collect();
    let names: BTreeMap<&String, String> = source
        .iter()
        .map(|(id, user)| {
            (id, shown.get(&text(&user["userName"])).map_or_else(String::new, |u| text(&u["id"])))
        })
        .collect();

    let mut found = Vec::new();
    for id in &wanted {
        let user = &source[*id];
        match shown.get(&text(&user["userName"])) {
            None => found.push(format!("{} is missing", user["userName"])),
            Some(there) => found.extend(unlike(user, there, &names)),
        }
    }
    let expected: BTreeSet<String> = wanted.iter().map(|id| text(&source[*id]["userName"])).collect();
    let others = shown.iter().filter(|(name, user)| !expected.contains(*name) && user["active"] != false);
    found.extend(others.map(|(name, _)| format!("{name} is there and active")));
    found.extend(group_differences(walk, &groups, &assigned, &names).await);
    found
}

fn unlike(user: &Value, there: &Value, names: &BTreeMap<&String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, wanted: Value, got: Value| {
        if wanted != got {
            found
                .push(format!("{} {what}: {wanted} at the company, {got} at the provider", user["userName"]));
        }
    };
    for path in SAME {
        let of = |side: &Value| side.pointer(path).cloned().unwrap_or(Value::Null);
        same(path, of(user), of(there));
    }
    let name = &user["name"];
    let formatted = format!("{} {}", text(&name["givenName"]), text(&name["familyName"]));
    same("name.formatted", json!(formatted), there["name"]["formatted"].clone());
    same("externalId", user[scim::urn::DIRECTORY_USER]["mailNickname"].clone(), there["externalId"].clone());
    let manager =
        |side: &Value| side[scim::urn::ENTERPRISE_USER]["manager"]["value"].as_str().map(ToOwned::to_owned);
    let wanted = manager(user).and_then(|id| names.get(&id).cloned()).filter(|id| !id.is_empty());
    same("manager", json!(wanted), json!(manager(there)));
    found
}

async fn group_differences(
    walk: &Walk,
    groups: &BTreeMap<String, Value>,
    assigned: &BTreeSet<String>,
    names: &BTreeMap<&String, String>,
) -> Vec<String> {
    type Groups = BTreeMap<String, (Value, BTreeSet<String>)>;
    let wanted: Groups = groups
        .iter()
        .filter(|(id, _)| assigned.contains(*id))
        .map(|(id, group)| {
            let members = ids(group, "members")
                .iter()
                .filter_map(|id| names.get(id).cloned())
                .filter(|id| !id.is_empty())
                .collect();
            (text(&group["displayName"]), (json!(id), members))
        })
        .collect();
    let shown: Groups = listed(&walk.provider.client, "/Groups")
        .await
        .iter()
        .map(|group| (text(&group["displayName"]), (group["externalId"].clone(), ids(group, "members"))))
        .collect();
    if wanted == shown {
        Vec::new()
    } else {
        vec![format!("groups: {wanted:?} at the company, {shown:?} at the provider")]
    }
}
