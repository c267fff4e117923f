//! What Entra ID sends about users.

use serde_json::{Value, json};

use super::cast::{Cast, Dialect, Member};
use crate::demo::book::Tally;
use crate::demo::client::{Client, Outcome, holds, quoted};

const ENTERPRISE: &str = scim::urn::ENTERPRISE_USER;

/// Match by `userName`, find nobody, create. A user's id is known from then on.
pub(super) async fn create(client: &Client, cast: &mut Cast) -> Tally {
    let everybody: Vec<_> = cast.people.iter().cloned().enumerate().collect();
    let expected = everybody.len();
    let (made, problems) = client
        .each(everybody, |client, (number, member)| async move {
            let found = client.get(&match_path(&member.person.user_name)).await?;
            found.expect_list(0)?;
            let body = client.post("/Users", &new_user(&member)).await?.expect(&[201])?;
            holds(&body, "/userName", &json!(member.person.user_name))?;
            holds(&body, "/displayName", &json!(member.person.display_name()))?;
            holds(&body, "/phoneNumbers/0/value", &json!(member.person.phone))?;
            let id = body["id"].as_str().ok_or("a created user has no id")?;
            Ok((number, id.to_owned()))
        })
        .await;
    let got = made.len();
    for (number, id) in made {
        if let Some(member) = cast.people.get_mut(number) {
            member.id = id;
        }
    }
    Tally::new("users created", expected, got, problems)
}

fn match_path(user_name: &str) -> String {
    format!("/Users?filter=userName+eq+{}", quoted(user_name))
}

/// As Entra's default mapping writes it. The manager follows by PATCH, once everybody has an id.
fn new_user(member: &Member) -> Value {
    let person = &member.person;
    let mut enterprise = json!({ "employeeNumber": person.employee_number, "department": person.department });
    if member.dialect == Dialect::Flag {
        enterprise["organization"] = json!("Fabrikam");
    }
    json!({
        "schemas": [scim::urn::USER, ENTERPRISE],
        "externalId": person.external_id,
        "userName": person.user_name,
        "active": true,
        "displayName": person.display_name(),
        "title": person.title,
        "emails": [{ "primary": true, "type": "work", "value": member.email }],
        "addresses": [{ "primary": true, "type": "work", "locality": person.city, "country": person.country }],
        "phoneNumbers": [{ "primary": true, "type": "work", "value": person.phone }],
        "preferredLanguage": "en-IE",
        "name": {
            "formatted": person.display_name(),
            "familyName": person.family,
            "givenName": person.given,
        },
        "roles": [],
        ENTERPRISE: enterprise,
        "meta": { "resourceType": "User" },
    })
}

/// The next cycle matches again; the case of a user name must not matter.
pub(super) async fn match_again(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = cast.people.iter().step_by(3).cloned().collect();
    let expected = some.len();
    let (found, problems) = client
        .each(some, |client, member| async move {
            let path = match_path(&member.person.user_name.to_uppercase());
            let found = client.get(&path).await?.expect_list(1)?;
            holds(found.first().unwrap_or(&Value::Null), "/id", &json!(member.id))
        })
        .await;
    Tally::new("users found", expected, found.len(), problems)
}

/// The manager comes as a plain string, and must come back as an object.
pub(super) async fn set_managers(client: &Client, cast: &mut Cast) -> Tally {
    let id = |number: usize| cast.people.get(number).map(|m| m.id.clone());
    let with: Vec<_> = cast.people.iter().filter_map(|m| Some((m.clone(), id(m.person.manager?)?))).collect();
    let expected = with.len();
    let (set, problems) = client
        .each(with, |client, (member, manager)| async move {
            let op = member.dialect.op("add");
            let operations = json!([{ "op": op, "path": format!("{ENTERPRISE}:manager"), "value": manager }]);
            let body = patch_user(&client, &member, operations).await?;
            holds(&body, &format!("/{ENTERPRISE}/manager/value"), &json!(manager))?;
            holds(&body, &format!("/{ENTERPRISE}/department"), &json!(member.person.department))
        })
        .await;
    Tally::new("managers set", expected, set.len(), problems)
}

async fn patch_user(client: &Client, member: &Member, operations: Value) -> Outcome<Value> {
    client.patch(&format!("/Users/{}", member.id), operations).await?.expect(&[200])
}

/// Marriage: family name, display name and user name change, and nothing else.
pub(super) async fn rename(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = chosen(cast, 7, 3);
    let expected = some.len();
    let (renamed, problems) = client
        .each(some, |client, (number, mut member)| async move {
            member.person.family = format!("{}-Berg", member.person.family);
            member.person.user_name = format!("renamed.{}", member.person.user_name);
            let body = patch_user(&client, &member, rename_operations(&member)).await?;
            holds(&body, "/userName", &json!(member.person.user_name))?;
            holds(&body, "/name/familyName", &json!(member.person.family))?;
            holds(&body, "/name/givenName", &json!(member.person.given))?;
            holds(&body, "/title", &json!(member.person.title))?;
            Ok((number, member))
        })
        .await;
    Tally::new("users renamed", expected, keep(cast, renamed), problems)
}

fn rename_operations(member: &Member) -> Value {
    let person = &member.person;
    match member.dialect {
        Dialect::Legacy => json!([
            { "op": "Replace", "path": "displayName", "value": person.display_name() },
            { "op": "Replace", "path": "name.familyName", "value": person.family },
            { "op": "Replace", "path": "name.formatted", "value": person.display_name() },
            { "op": "Replace", "path": "userName", "value": person.user_name },
            { "op": "Replace", "path": format!("{ENTERPRISE}:employeeNumber"), "value": person.employee_number },
        ]),
        Dialect::Flag => json!([{ "op": "replace", "value": {
            "displayName": person.display_name(),
            "name.familyName": person.family,
            "name.formatted": person.display_name(),
            "userName": person.user_name,
            format!("{ENTERPRISE}:employeeNumber"): person.employee_number,
        }}]),
    }
}

/// An e-mail replaced through a filter, and a mobile number added through one that matches nothing yet.
pub(super) async fn change_contact(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = chosen(cast, 5, 1);
    let expected = some.len();
    let (changed, problems) = client
        .each(some, |client, (number, mut member)| async move {
            let mobile = member.person.phone.replace("555", "085");
            member.email = format!("new.{}", member.email);
            let operations = json!([
                { "op": member.dialect.op("replace"), "path": "emails[type eq \"work\"].value", "value": member.email },
                { "op": member.dialect.op("add"), "path": "phoneNumbers[type eq \"mobile\"].value", "value": mobile },
            ]);
            let body = patch_user(&client, &member, operations).await?;
            holds(&body, "/emails/0/value", &json!(member.email))?;
            holds(&body, "/phoneNumbers/1", &json!({ "type": "mobile", "value": mobile }))?;
            member.mobile = Some(mobile);
            Ok((number, member))
        })
        .await;
    Tally::new("users changed", expected, keep(cast, changed), problems)
}

/// Unassigned in Entra: `active` becomes false, as a string in the legacy dialect; the user can still be found.
pub(super) async fn disable(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = chosen(cast, 10, 4);
    let expected = some.len();
    let (disabled, problems) = client
        .each(some, |client, (number, member)| async move {
            let member = set_active(&client, member, false).await?;
            let found = client.get(&match_path(&member.person.user_name)).await?.expect_list(1)?;
            holds(found.first().unwrap_or(&Value::Null), "/active", &json!(false))?;
            Ok((number, member))
        })
        .await;
    Tally::new("users disabled", expected, keep(cast, disabled), problems)
}

pub(super) async fn enable(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> =
        cast.people.iter().cloned().enumerate().filter(|(_, m)| !m.active).step_by(2).collect();
    let expected = some.len();
    let (enabled, problems) = client
        .each(some, |client, (number, member)| async move {
            Ok((number, set_active(&client, member, true).await?))
        })
        .await;
    Tally::new("users enabled", expected, keep(cast, enabled), problems)
}

async fn set_active(client: &Client, mut member: Member, active: bool) -> Outcome<Member> {
    let value = match (member.dialect, active) {
        (Dialect::Flag, _) => json!(active),
        (Dialect::Legacy, true) => json!("True"),
        (Dialect::Legacy, false) => json!("False"),
    };
    let operations = json!([{ "op": member.dialect.op("replace"), "path": "active", "value": value }]);
    let body = patch_user(client, &member, operations).await?;
    holds(&body, "/active", &json!(active))?;
    member.active = active;
    Ok(member)
}

/// Disabled first, gone for good then: not found, not matched, and a second deletion is 404.
pub(super) async fn delete(client: &Client, cast: &mut Cast) -> Tally {
    let some: Vec<_> = chosen(cast, 20, 8);
    let expected = some.len();
    let (deleted, problems) = client
        .each(some, |client, (number, member)| async move {
            let mut member = set_active(&client, member, false).await?;
            let path = format!("/Users/{}", member.id);
            client.delete(&path).await?.expect(&[204])?;
            client.get(&path).await?.expect(&[404])?;
            client.get(&match_path(&member.person.user_name)).await?.expect_list(0)?;
            client.delete(&path).await?.expect(&[404])?;
            member.deleted = true;
            Ok((number, member))
        })
        .await;
    Tally::new("users deleted", expected, keep(cast, deleted), problems)
}

/// Each `step`th person from `first` on.
fn chosen(cast: &Cast, step: usize, first: usize) -> Vec<(usize, Member)> {
    cast.people.iter().cloned().enumerate().skip(first).step_by(step).collect()
}

/// Believe what was answered; how many.
fn keep(cast: &mut Cast, changed: Vec<(usize, Member)>) -> usize {
    let count = changed.len();
    for (number, member) in changed {
        if let Some(slot) = cast.people.get_mut(number) {
            *slot = member;
        }
    }
    count
}
