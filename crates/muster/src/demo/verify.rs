//! Target = mapping of who is in scope: everything is read through the target's SCIM API and compared field by field with what
//! the default mapping makes of the company.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::book::Tally;
use super::client::{Client, Outcome, holds};
use super::company::{Company, Employee, Team};

const PAGE: usize = 100;
const ENTERPRISE: &str = scim::urn::ENTERPRISE_USER;

/// Each user with every mapped attribute; those who left the scope are there and inactive; nobody else is.
pub(super) async fn users(client: &Client, company: &mut Company) -> Tally {
    let expected = company.provisioned().count();
    let mut found = match all(client, "/Users").await {
        Ok(found) => found,
        Err(problem) => return Tally::new("users as mapped", expected, 0, vec![problem]),
    };
    let ids: BTreeMap<usize, String> = company
        .provisioned()
        .filter_map(|(number, employee)| {
            let user = found.get(&employee.person.user_name)?;
            Some((number, user["id"].as_str()?.to_owned()))
        })
        .collect();
    let scope = company.in_scope();
    let (mut got, mut problems) = (0, Vec::new());
    for (number, employee) in company.provisioned() {
        let name = &employee.person.user_name;
        let Some(user) = found.remove(name) else {
            problems.push(format!("{name} is missing"));
            continue;
        };
        let active = scope.contains(&number) && !employee.blocked;
        match same_user(employee, &user, active, &ids) {
            Ok(()) => got += 1,
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
    }
    problems.extend(found.keys().map(|name| format!("{name} should not be there")));
    for (number, id) in ids {
        if let Some(employee) = company.people.get_mut(number) {
            employee.target = Some(id);
        }
    }
    Tally::new("users as mapped", expected, got, problems)
}

/// All pages of a collection, by userName or displayName.
async fn all(client: &Client, path: &str) -> Outcome<BTreeMap<String, Value>> {
    let mut found = BTreeMap::new();
    let mut start = 1;
    loop {
        let page = client.get(&format!("{path}?startIndex={start}&count={PAGE}")).await?.expect(&[200])?;
        let resources = page["Resources"].as_array().cloned().unwrap_or_default();
        let total = page["totalResults"].as_u64().unwrap_or_default() as usize;
        start += resources.len();
        let done = resources.is_empty() || start > total;
        for resource in resources {
            let name = resource["userName"].as_str().or_else(|| resource["displayName"].as_str());
            let name = name.unwrap_or_default().to_owned();
            if found.insert(name.clone(), resource).is_some() {
                return Err(format!("there are two named {name}"));
            }
        }
        if done {
            return Ok(found);
        }
    }
}

fn same_user(employee: &Employee, user: &Value, active: bool, ids: &BTreeMap<usize, String>) -> Outcome {
    let person = &employee.person;
    let nickname = person.user_name.split('@').next().unwrap_or_default();
    let manager = person.manager.and_then(|manager| ids.get(&manager));
    for (pointer, expected) in [
        ("/userName", json!(person.user_name)),
        ("/externalId", json!(nickname)),
        ("/active", json!(active)),
        ("/displayName", json!(person.display_name())),
        ("/name/givenName", json!(person.given)),
        ("/name/familyName", json!(person.family)),
        ("/name/formatted", json!(person.display_name())),
        ("/title", json!(person.title)),
        ("/preferredLanguage", json!("en-IE")),
        ("/emails/0/value", json!(employee.mail)),
        ("/emails/0/type", json!("work")),
        ("/emails/1", json!(null)),
        ("/phoneNumbers/0/value", json!(person.phone)),
        ("/addresses/0/formatted", json!(format!("{} Office", person.city))),
        ("/addresses/0/locality", json!(person.city)),
        ("/addresses/0/country", json!(person.country)),
        (&format!("/{ENTERPRISE}/employeeNumber"), json!(person.employee_number)),
        (&format!("/{ENTERPRISE}/department"), json!(person.department)),
        (&format!("/{ENTERPRISE}/manager/value"), json!(manager)),
    ] {
        holds(user, pointer, &expected)?;
    }
    match &employee.target {
        Some(before) if user["id"] != json!(before) => Err(format!("is another user than {before}")),
        _ => Ok(()),
    }
}

/// Each assigned group with its members, and no other group; the count is of memberships.
pub(super) async fn groups(client: &Client, company: &Company) -> Tally {
    let wanted: Vec<(&Team, BTreeSet<String>)> = company
        .assigned
        .iter()
        .filter_map(|number| company.teams.get(*number))
        .map(|team| (team, members(company, team)))
        .collect();
    let expected = wanted.iter().map(|(_, members)| members.len()).sum();
    let mut found = match all(client, "/Groups").await {
        Ok(found) => found,
        Err(problem) => return Tally::new("memberships", expected, 0, vec![problem]),
    };
    let (mut got, mut problems) = (0, Vec::new());
    for (team, members) in wanted {
        let name = &team.name;
        let Some(group) = found.remove(name) else {
            problems.push(format!("the group {name} is missing"));
            continue;
        };
        problems.extend(holds(&group, "/externalId", &json!(team.id)).err());
        let there = group["members"].as_array().into_iter().flatten().filter_map(|m| m["value"].as_str());
        let there: BTreeSet<String> = there.map(str::to_owned).collect();
        got += there.intersection(&members).count();
        let (missing, extra) = (members.difference(&there).count(), there.difference(&members).count());
        if missing + extra > 0 {
            problems.push(format!("{name}: {missing} members missing, {extra} too many"));
        }
    }
    problems.extend(found.keys().map(|name| format!("the group {name} should not be there")));
    Tally::new("memberships", expected, got, problems)
}

/// By their ids at the target.
fn members(company: &Company, team: &Team) -> BTreeSet<String> {
    let employees = team.members.iter().filter_map(|number| company.people.get(*number));
    employees.filter(|employee| !employee.gone).filter_map(|employee| employee.target.clone()).collect()
}
