//! The company's directory, filled and changed as its administrators would.

use std::sync::Arc;

use directory::{Directory, Kind, Precondition, TenantId};
use scim::patch::parse;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::book::Tally;
use super::company::{Company, Employee, Team};
use crate::house::House;

const ENTERPRISE: &str = scim::urn::ENTERPRISE_USER;
/// Writes that wait for the same commit.
const PARALLEL: usize = 64;

/// The way into one tenant's directory.
#[derive(Clone)]
pub(super) struct Office {
    pub(super) directory: Directory,
    pub(super) caller: directory::Caller,
    pub(super) tenant: TenantId,
}

impl Office {
    pub(super) fn new(house: &House, tenant: &TenantId) -> Self {
        Self { directory: house.directory.clone(), caller: house.caller(), tenant: tenant.clone() }
    }

    fn context(&self) -> directory::Context {
        directory::Context::new(self.tenant.clone(), self.caller.clone())
    }

    pub(super) async fn patch(&self, kind: Kind, id: &str, operations: Value) -> Result<(), String> {
        let body = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations });
        let request = parse(body).map_err(|e| e.to_string())?;
        let patched = self.directory.patch(self.context(), kind, id, request, Precondition::None).await;
        patched.map(drop).map_err(|e| e.to_string())
    }

    pub(super) async fn add_members(&self, group: &str, members: Vec<String>) -> Result<(), String> {
        let added = self.directory.add_members(self.context(), group, members).await;
        added.map(drop).map_err(|e| e.to_string())
    }

    pub(super) async fn remove_members(&self, group: &str, members: Vec<String>) -> Result<(), String> {
        let removed = self.directory.remove_members(self.context(), group, members).await;
        removed.map(drop).map_err(|e| e.to_string())
    }

    /// Deleted, and deleted from the bin too.
    pub(super) async fn delete_for_good(&self, id: &str) -> Result<(), String> {
        let deleted = self.directory.delete(self.context(), Kind::User, id, Precondition::None).await;
        deleted.map_err(|e| e.to_string())?;
        self.directory.purge(self.context(), Kind::User, id).await.map_err(|e| e.to_string())
    }

    async fn create(&self, kind: Kind, body: Value) -> Result<String, String> {
        let Value::Object(body) = body else { return Err("not an object".to_owned()) };
        let written = self.directory.create(self.context(), kind, body).await;
        written.map(|written| written.id).map_err(|e| e.to_string())
    }

    /// Create many at once: each with its number, so that its id finds its place.
    async fn create_all(
        &self,
        kind: Kind,
        bodies: Vec<(usize, Value)>,
    ) -> (Vec<(usize, String)>, Vec<String>) {
        let turns = Arc::new(Semaphore::new(PARALLEL));
        let mut running = JoinSet::new();
        for (number, body) in bodies {
            let (office, turns) = (self.clone(), turns.clone());
            running.spawn(async move {
                let _turn = turns.acquire().await;
                office.create(kind, body).await.map(|id| (number, id))
            });
        }
        let (mut made, mut problems) = (Vec::new(), Vec::new());
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(done)) => made.push(done),
                Ok(Err(problem)) => problems.push(problem),
                Err(error) => problems.push(error.to_string()),
            }
        }
        (made, problems)
    }
}

/// Everybody after the person they report to, then the groups with their members.
pub(super) async fn fill(office: &Office, company: &mut Company) -> Tally {
    let expected = company.people.len() + company.teams.len();
    let (mut got, mut problems) = (0, Vec::new());
    let mut from = 0;
    while from < company.people.len() && problems.is_empty() {
        // All whose managers are there.
        let ready = |e: &Employee| e.person.manager.is_none_or(|m| m < from);
        let until = company.people.iter().skip(from).take_while(|e| ready(e)).count().max(1) + from;
        let bodies = (from..until).filter_map(|number| Some((number, user(company, number)?))).collect();
        let (made, failed) = office.create_all(Kind::User, bodies).await;
        got += made.len();
        problems.extend(failed);
        for (number, id) in made {
            if let Some(employee) = company.people.get_mut(number) {
                employee.id = id;
            }
        }
        from = until;
    }
    let bodies = company.teams.iter().map(|team| group(company, team)).enumerate().collect();
    let (made, failed) = office.create_all(Kind::Group, bodies).await;
    got += made.len();
    problems.extend(failed);
    for (number, id) in made {
        if let Some(team) = company.teams.get_mut(number) {
            team.id = id;
        }
    }
    Tally::new("people and groups", expected, got, problems)
}

fn user(company: &Company, number: usize) -> Option<Value> {
    let Employee { person, mail, .. } = company.people.get(number)?;
    let manager = person.manager.and_then(|manager| company.people.get(manager));
    let mut enterprise = json!({
        "employeeNumber": person.employee_number,
        "department": person.department,
        "organization": "Fabrikam",
    });
    if let Some(manager) = manager {
        enterprise["manager"] = json!({ "value": manager.id });
    }
    Some(json!({
        "schemas": [scim::urn::USER, ENTERPRISE],
        "userName": person.user_name,
        "displayName": person.display_name(),
        "name": { "givenName": person.given, "familyName": person.family },
        "title": person.title,
        "preferredLanguage": "en-IE",
        "userType": "Member",
        "active": true,
        "emails": [{ "type": "work", "primary": true, "value": mail }],
        "phoneNumbers": [{ "type": "work", "value": person.phone }],
        "addresses": [{
            "type": "work",
            "formatted": format!("{} Office", person.city),
            "locality": person.city,
            "country": person.country,
        }],
        ENTERPRISE: enterprise,
    }))
}

fn group(company: &Company, team: &Team) -> Value {
    let members = team.members.iter().filter_map(|number| company.people.get(*number));
    let members: Vec<Value> = members.map(|employee| json!({ "value": employee.id })).collect();
    json!({ "schemas": [scim::urn::GROUP], "displayName": team.name, "members": members })
}
