//! A company that does not exist: who works there, in which groups, and what of it an application is to have. The demo changes
//! it together with the directory, so it knows what the target must hold.

use std::collections::BTreeSet;

use super::people::{CITIES, DEPARTMENTS, Person, people};

/// Department that is not assigned to the application.
const UNASSIGNED: &str = "Legal";
/// Projects that are assigned.
const PROJECTS_ASSIGNED: usize = 8;

const PROJECTS: [&str; 42] = [
    "Aurora",
    "Basalt",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbour",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Meridian",
    "Nimbus",
    "Orchid",
    "Pioneer",
    "Quartz",
    "Ridge",
    "Saffron",
    "Tundra",
    "Umbra",
    "Vertex",
    "Willow",
    "Xenon",
    "Yarrow",
    "Zephyr",
    "Anchor",
    "Beacon",
    "Compass",
    "Driftwood",
    "Equinox",
    "Falcon",
    "Glacier",
    "Horizon",
    "Isthmus",
    "Jasper",
    "Keystone",
    "Lighthouse",
    "Monsoon",
    "North Star",
    "Obsidian",
    "Peregrine",
];

#[derive(Debug, Clone)]
pub(super) struct Employee {
    pub(super) person: Person,
    pub(super) mail: String,
    /// In the directory.
    pub(super) id: String,
    /// Sign-in is blocked.
    pub(super) blocked: bool,
    /// Deleted for good.
    pub(super) gone: bool,
    /// Has been provisioned.
    pub(super) linked: bool,
    /// At the target, once it has been read.
    pub(super) target: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) name: String,
    pub(super) id: String,
    /// Numbers of people.
    pub(super) members: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) people: Vec<Employee>,
    pub(super) teams: Vec<Team>,
    /// Numbers of the teams that are assigned to the application.
    pub(super) assigned: BTreeSet<usize>,
    /// Creations that the application has been asked for.
    pub(super) created: usize,
}

impl Company {
    pub(super) fn new(count: u32) -> Self {
        let employee = |person: Person| Employee {
            mail: person.user_name.clone(),
            person,
            id: String::new(),
            blocked: false,
            gone: false,
            linked: false,
            target: None,
        };
        let people: Vec<_> = people(count as usize).into_iter().map(employee).collect();
        let teams = teams(&people);
        let assigned = |(_, team): &(usize, &Team)| is_assigned(&team.name);
        let assigned = teams.iter().enumerate().filter(assigned).map(|(number, _)| number).collect();
        Self { people, teams, assigned, created: 0 }
    }

    /// Direct members of assigned groups.
    pub(super) fn in_scope(&self) -> BTreeSet<usize> {
        let members =
            self.assigned.iter().filter_map(|number| self.teams.get(*number)).flat_map(|t| &t.members);
        members.copied().filter(|number| self.people.get(*number).is_some_and(|e| !e.gone)).collect()
    }

    /// What the target must have created once it has been brought up to date from `before`, which is noted; users then groups.
    pub(super) fn settle(&mut self, groups: usize) -> usize {
        let scope = self.in_scope();
        let mut new = groups;
        for (number, employee) in self.people.iter_mut().enumerate() {
            if scope.contains(&number) && !employee.linked {
                employee.linked = true;
                new += 1;
            }
        }
        self.created += new;
        new
    }

    /// Everybody the target must know.
    pub(super) fn provisioned(&self) -> impl Iterator<Item = (usize, &Employee)> {
        self.people.iter().enumerate().filter(|(_, employee)| employee.linked && !employee.gone)
    }

    /// The assigned department whose going takes the most people out of scope.
    pub(super) fn department_to_leave(&self) -> Option<usize> {
        let departments = self.assigned.iter().copied().filter(|number| self.is_department(*number));
        departments.max_by_key(|number| self.without(*number).len())
    }

    fn is_department(&self, number: usize) -> bool {
        self.teams.get(number).is_some_and(|team| DEPARTMENTS.iter().any(|(name, _)| *name == team.name))
    }

    /// Who would leave the scope with an assigned team.
    pub(super) fn without(&self, team: usize) -> BTreeSet<usize> {
        let mut rest = self.clone();
        rest.assigned.remove(&team);
        self.in_scope().difference(&rest.in_scope()).copied().collect()
    }

    /// Who nobody reports to.
    pub(super) fn is_leaf(&self, number: usize) -> bool {
        self.people.iter().all(|employee| employee.person.manager != Some(number))
    }
}

fn is_assigned(name: &str) -> bool {
    let projects = PROJECTS.iter().take(PROJECTS_ASSIGNED);
    name == "People Managers"
        || DEPARTMENTS.iter().any(|(department, _)| *department == name && name != UNASSIGNED)
        || projects.into_iter().any(|project| name.strip_prefix("Project ") == Some(project))
}

/// Sixty: everybody, the managers, one a department, one an office, and projects across them.
fn teams(people: &[Employee]) -> Vec<Team> {
    let numbers = |is: &dyn Fn(&Person) -> bool| -> BTreeSet<usize> {
        people.iter().enumerate().filter(|(_, e)| is(&e.person)).map(|(number, _)| number).collect()
    };
    let mut named = vec![
        ("All Employees".to_owned(), numbers(&|_| true)),
        ("People Managers".to_owned(), people.iter().filter_map(|e| e.person.manager).collect()),
    ];
    for (department, _) in &DEPARTMENTS {
        named.push(((*department).to_owned(), numbers(&|person| person.department == *department)));
    }
    for (city, _) in &CITIES {
        named.push((format!("{city} Office"), numbers(&|person| person.city == *city)));
    }
    for (at, project) in PROJECTS.iter().enumerate() {
        // Three to fourteen people, fewer in a small company, spread over it.
        let size = (3 + at * 5 % 12).min((people.len() / 20).max(3));
        let member = |n: usize| (at * 37 + n * (11 + at % 7)) % people.len().max(1);
        named.push((format!("Project {project}"), (0..size).map(member).collect()));
    }
    named.into_iter().map(|(name, members)| Team { name, id: String::new(), members }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_groups_and_somebody_in_each_part_of_the_story() {
        for count in [20, 40, 300, 1_000] {
            let company = Company::new(count);
            assert_eq!(company.teams.len(), 60);
            let names: BTreeSet<_> = company.teams.iter().map(|team| &team.name).collect();
            assert_eq!(names.len(), 60);
            let scope = company.in_scope().len();
            assert!(scope < count as usize && scope > count as usize / 2, "{count}: {scope} in scope");
            let leaving = company.department_to_leave().map(|team| company.without(team).len()).unwrap();
            assert!(leaving > 0, "{count}");
            // Accidental-deletions prevention must not see more than it lets go.
            assert!(leaving + 3 <= (scope / 5).max(10), "{count}: {leaving} of {scope} leave");
            assert!(
                company.teams.iter().filter(|t| t.name.starts_with("Project")).all(|t| t.members.len() >= 3)
            );
        }
    }
}
