//! What happens in a company in a week: people marry, move, leave, come back; groups are renamed and change.

use directory::Kind;
use serde_json::json;

use super::book::Tally;
use super::company::Company;
use super::fill::Office;

/// Changes of each sort.
const EACH: usize = 3;
/// The projects that are renamed, and whose members change.
const RENAMED: &str = "Project Aurora";
const REGROUPED: &str = "Project Basalt";

/// What one change came to.
type Done = Result<(), String>;

struct Changes<'a> {
    office: &'a Office,
    company: &'a mut Company,
    done: Vec<Done>,
}

/// Everything but who is assigned.
pub(super) async fn directory(office: &Office, company: &mut Company, leaving: Option<usize>) -> Tally {
    let mut staying = company.in_scope();
    for number in leaving.map(|team| company.without(team)).unwrap_or_default() {
        staying.remove(&number);
    }
    let regrouped = team_named(company, REGROUPED).and_then(|team| company.teams.get(team));
    let regrouped = regrouped.map(|team| team.members.clone()).unwrap_or_default();
    // Each of them lives through one change, so that what is expected stays plain.
    let mut pool =
        staying.into_iter().filter(|number| !regrouped.contains(number)).collect::<Vec<_>>().into_iter();
    let mut changes = Changes { office, company, done: Vec::new() };
    for number in pool.by_ref().take(EACH).collect::<Vec<_>>() {
        changes.rename(number).await;
    }
    for number in pool.by_ref().take(EACH).collect::<Vec<_>>() {
        changes.move_mail(number).await;
    }
    for number in pool.by_ref().take(EACH).collect::<Vec<_>>() {
        changes.block(number, true).await;
    }
    if let Some(number) = pool.rev().find(|number| changes.company.is_leaf(*number)) {
        changes.delete(number).await;
    }
    changes.rename_group().await;
    changes.regroup().await;
    changes.tally()
}

/// One of the blocked may sign in again.
pub(super) async fn unblock(office: &Office, company: &mut Company) -> Done {
    let blocked = company.people.iter().position(|employee| employee.blocked);
    let mut changes = Changes { office, company, done: Vec::new() };
    if let Some(number) = blocked {
        changes.block(number, false).await;
    }
    changes.done.into_iter().collect()
}

impl Changes<'_> {
    fn tally(self) -> Tally {
        let expected = self.done.len();
        let problems: Vec<String> = self.done.into_iter().filter_map(Result::err).collect();
        Tally::new("changes", expected, expected - problems.len(), problems)
    }

    /// Marriage: family name, display name and user name.
    async fn rename(&mut self, number: usize) {
        let Some(employee) = self.company.people.get_mut(number) else { return };
        let person = &mut employee.person;
        person.family = format!("{}-Berg", person.family);
        person.user_name = format!("renamed.{}", person.user_name);
        let operations = json!([
            { "op": "replace", "path": "userName", "value": person.user_name },
            { "op": "replace", "path": "displayName", "value": person.display_name() },
            { "op": "replace", "path": "name.familyName", "value": person.family },
        ]);
        let done = self.office.patch(Kind::User, &employee.id, operations).await;
        self.done.push(done);
    }

    async fn move_mail(&mut self, number: usize) {
        let Some(employee) = self.company.people.get_mut(number) else { return };
        employee.mail = format!("new.{}", employee.mail);
        let path = "emails[type eq \"work\"].value";
        let operations = json!([{ "op": "replace", "path": path, "value": employee.mail }]);
        let done = self.office.patch(Kind::User, &employee.id, operations).await;
        self.done.push(done);
    }

    async fn block(&mut self, number: usize, blocked: bool) {
        let Some(employee) = self.company.people.get_mut(number) else { return };
        employee.blocked = blocked;
        let operations = json!([{ "op": "replace", "path": "active", "value": !blocked }]);
        let done = self.office.patch(Kind::User, &employee.id, operations).await;
        self.done.push(done);
    }

    async fn delete(&mut self, number: usize) {
        let Some(employee) = self.company.people.get_mut(number) else { return };
        employee.gone = true;
        let done = self.office.delete_for_good(&employee.id).await;
        self.done.push(done);
    }

    async fn rename_group(&mut self) {
        let Some(team) = team_named(self.company, RENAMED) else { return };
        let Some(team) = self.company.teams.get_mut(team) else { return };
        team.name = format!("{} Borealis", team.name);
        let operations = json!([{ "op": "replace", "path": "displayName", "value": team.name }]);
        let done = self.office.patch(Kind::Group, &team.id, operations).await;
        self.done.push(done);
    }

    /// Two join who were not provisioned if there are such, and one leaves.
    async fn regroup(&mut self) {
        let scope = self.company.in_scope();
        let Some(number) = team_named(self.company, REGROUPED) else { return };
        let Company { people, teams, .. } = &mut *self.company;
        let Some(team) = teams.get_mut(number) else { return };
        let others = |number: &usize| !team.members.contains(number);
        let mut joining: Vec<usize> = (0..people.len()).filter(others).collect();
        joining
            .retain(|number| people.get(*number).is_some_and(|employee| !employee.gone && !employee.blocked));
        // Those out of scope first.
        joining.sort_by_key(|number| (scope.contains(number), *number));
        joining.truncate(2);
        let leaving: Vec<usize> = team.members.iter().copied().take(1).collect();
        let ids = |numbers: &[usize]| -> Vec<String> {
            numbers
                .iter()
                .filter_map(|number| people.get(*number))
                .map(|employee| employee.id.clone())
                .collect()
        };
        let (add, remove) = (ids(&joining), ids(&leaving));
        team.members.extend(joining);
        team.members.retain(|member| !leaving.contains(member));
        let done = [
            self.office.add_members(&team.id, add).await,
            self.office.remove_members(&team.id, remove).await,
        ];
        self.done.extend(done);
    }
}

fn team_named(company: &Company, name: &str) -> Option<usize> {
    company.teams.iter().position(|team| team.name == name)
}
