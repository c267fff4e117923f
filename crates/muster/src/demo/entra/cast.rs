//! What the demo believes the tenant holds: kept while the requests are sent, compared with what is read back.

use std::collections::BTreeSet;

use crate::demo::people::{DEPARTMENTS, Person, people};

/// The two forms in which Entra ID writes a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Capitalised operations, booleans as strings, a path each.
    Legacy,
    /// With `?aadOptscim062020` on the Tenant URL: as the RFC has it, collapsed into one path-less operation.
    Flag,
}

impl Dialect {
    pub(super) fn op(self, name: &str) -> String {
        match self {
            Self::Flag => name.to_owned(),
            Self::Legacy => {
                let (first, rest) = name.split_at(1);
                first.to_uppercase() + rest
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) person: Person,
    pub(super) dialect: Dialect,
    pub(super) id: String,
    pub(super) email: String,
    pub(super) mobile: Option<String>,
    pub(super) active: bool,
    pub(super) deleted: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) external_id: String,
    pub(super) dialect: Dialect,
    pub(super) id: String,
    /// Indexes of people.
    pub(super) members: BTreeSet<usize>,
    pub(super) deleted: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) people: Vec<Member>,
    pub(super) groups: Vec<Group>,
}

impl Cast {
    pub(super) fn new(count: u32) -> Self {
        let people = people(count as usize).into_iter().enumerate().map(|(number, person)| Member {
            email: person.user_name.clone(),
            dialect: dialect(number),
            person,
            id: String::new(),
            mobile: None,
            active: true,
            deleted: false,
        });
        let people: Vec<_> = people.collect();
        let groups = groups(&people);
        Self { people, groups }
    }

    pub(super) fn living(&self) -> impl Iterator<Item = (usize, &Member)> {
        self.people.iter().enumerate().filter(|(_, member)| !member.deleted)
    }

    pub(super) fn active(&self) -> usize {
        self.living().filter(|(_, member)| member.active).count()
    }

    /// Who is left of a group's members: a deleted user leaves its groups.
    pub(super) fn present_members(&self, group: &Group) -> BTreeSet<String> {
        let present = |number: &usize| self.people.get(*number).filter(|m| !m.deleted).map(|m| m.id.clone());
        group.members.iter().filter_map(present).collect()
    }
}

fn dialect(number: usize) -> Dialect {
    if number.is_multiple_of(2) { Dialect::Legacy } else { Dialect::Flag }
}

/// Everybody, the managers, one group a department, and one that goes again.
fn groups(people: &[Member]) -> Vec<Group> {
    let all = 0..people.len();
    let managers = people.iter().filter_map(|m| m.person.manager).collect();
    let of = |name: &str| {
        let matching = people.iter().enumerate().filter(|(_, m)| m.person.department == name);
        matching.map(|(number, _)| number).collect::<BTreeSet<_>>()
    };
    let mut named = vec![
        ("All Employees".to_owned(), all.collect::<BTreeSet<_>>()),
        ("People Managers".to_owned(), managers),
    ];
    named.extend(DEPARTMENTS.iter().map(|(name, _)| ((*name).to_owned(), of(name))));
    named.push(("Project Aurora".to_owned(), (0..people.len().min(9)).collect()));
    let group = |(number, (name, members)): (usize, (String, BTreeSet<usize>))| Group {
        name,
        external_id: format!("b7d4b0c2-6a63-4a7c-8b1e-{number:012x}"),
        dialect: dialect(number),
        id: String::new(),
        members,
        deleted: false,
    };
    named.into_iter().enumerate().map(group).collect()
}
