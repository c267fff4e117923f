//! Users and groups that are being chosen: carried from page to page in the form itself, so that leaving assigns nobody.

use directory::{Found, Kind};
use maud::{Markup, html};
use provision::limits::ASSIGNED_AT_ONCE;
use scim::projection::Projection;

use super::exchanges::object_path;
use super::person;
use crate::console::answer::Failure;
use crate::console::component::time;
use crate::console::visit::Desk;

/// Chosen objects that a page names; the rest are counted.
pub(super) const NAMED: usize = 50;

/// What is chosen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) objects: Vec<(Kind, String)>,
    /// Empty: default access.
    pub(super) role: String,
    /// What was chosen when the picker was opened, for those who cancel it.
    before: Option<Vec<String>>,
}

/// One of them, with what the directory calls it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) name: String,
}

/// As a form names an object: `users/…`, `groups/…`.
pub(super) fn value_of(kind: Kind, id: &str) -> String {
    object_path(kind, id)
}

fn object_of(value: &str) -> Option<(Kind, String)> {
    let (folder, id) = value.split_once('/')?;
    let kind = match folder {
        "users" => Kind::User,
        "groups" => Kind::Group,
        _ => return None,
    };
    (!id.is_empty() && id.len() <= 200).then(|| (kind, id.to_owned()))
}

impl Choice {
    /// What the form holds, without what its button takes away.
    pub(super) fn of_form(desk: &Desk) -> Result<Self, Failure> {
        let form = &desk.form;
        let before = form.has("picking").then(|| form.all("before"));
        let values = match &before {
            Some(before) if form.has("cancel") => before.clone(),
            _ => form.all("member"),
        };
        let choice = Self::of_values(&values, form.text("drop"), form.text("role"))?;
        Ok(Self { before, ..choice })
    }

    fn of_values(values: &[String], dropped: &str, role: &str) -> Result<Self, Failure> {
        let mut choice = Self { objects: Vec::new(), role: role.to_owned(), before: None };
        let mut seen = std::collections::HashSet::new();
        for value in values.iter().filter(|value| *value != dropped) {
            if let Some(object) = object_of(value).filter(|_| seen.insert(value.as_str())) {
                choice.objects.push(object);
            }
        }
        if choice.objects.len() > ASSIGNED_AT_ONCE {
            return Err(Failure::BadRequest(format!(
                "At most {} users and groups can be assigned at once. Go back, choose fewer, and assign the others afterwards; or assign a group that has them.",
                time::number(ASSIGNED_AT_ONCE as u64)
            )));
        }
        Ok(choice)
    }

    pub(super) fn has(&self, kind: Kind, id: &str) -> bool {
        self.objects.iter().any(|(k, i)| *k == kind && i == id)
    }

    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.objects.iter().filter(|(k, _)| *k == kind).count() as u64
    }

    /// `2 users and 1 group selected`
    pub(super) fn words(&self) -> String {
        let (users, groups) = (self.count(Kind::User), self.count(Kind::Group));
        match (users, groups) {
            (0, 0) => "None Selected".to_owned(),
            (_, 0) => format!("{} selected", time::counted(users, "user", "users")),
            (0, _) => format!("{} selected", time::counted(groups, "group", "groups")),
            _ => format!(
                "{} and {} selected",
                time::counted(users, "user", "users"),
                time::counted(groups, "group", "groups")
            ),
        }
    }

    /// The fields that carry it on; `except` are those that the form has boxes for.
    pub(super) fn hidden(&self, except: &dyn Fn(Kind, &str) -> bool) -> Markup {
        html! {
            @for (kind, id) in self.objects.iter().filter(|(kind, id)| !except(*kind, id)) {
                input type="hidden" name="member" value=(value_of(*kind, id));
            }
        }
    }

    /// The fields of an open picker that remember what was chosen before it.
    pub(super) fn kept(&self) -> Markup {
        let now = || self.objects.iter().map(|(kind, id)| value_of(*kind, id)).collect();
        let before: Vec<String> = self.before.clone().unwrap_or_else(now);
        html! {
            input type="hidden" name="picking" value="yes";
            @for value in before { input type="hidden" name="before" value=(value); }
        }
    }

    /// The first of them by name. Those that are gone from the directory are taken out of the choice.
    pub(super) async fn named(&mut self, desk: &Desk) -> Result<Vec<Chosen>, Failure> {
        let mut list = Vec::new();
        let mut gone = Vec::new();
        for (kind, id) in self.objects.iter().take(NAMED) {
            match name_of(desk, *kind, id).await? {
                Some(name) => list.push(Chosen { kind: *kind, id: id.clone(), name }),
                None => gone.push(id.clone()),
            }
        }
        self.objects.retain(|(_, id)| !gone.contains(id));
        Ok(list)
    }
}

/// What the directory calls it; none if it is not there.
pub(super) async fn name_of(desk: &Desk, kind: Kind, id: &str) -> Result<Option<String>, Failure> {
    let few = Projection::new(&["displayName", "userName", "name"], &[]).map_err(directory::Error::from)?;
    match desk.app.directory.get(&desk.tenant.id, kind, id, &few).await {
        Ok(found) => Ok(Some(called(&found))),
        Err(directory::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn called(found: &Found) -> String {
    match found.kind {
        Kind::User => person::name_of(&found.resource),
        Kind::Group => person::text(&found.resource, "displayName").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(values: &[&str], dropped: &str) -> Choice {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        Choice::of_values(&values, dropped, "").unwrap()
    }

    #[test]
    fn a_form_is_read_without_doubles_and_nonsense() {
        let chosen = choice(&["users/a", "groups/b", "users/a", "roles/c", "users/", "d"], "");
        assert_eq!(chosen.objects, [(Kind::User, "a".to_owned()), (Kind::Group, "b".to_owned())]);
        assert_eq!(choice(&["users/a", "groups/b"], "users/a").objects, [(Kind::Group, "b".to_owned())]);
    }

    #[test]
    fn a_choice_says_how_many() {
        for (values, expect) in [
            (&[][..], "None Selected"),
            (&["users/a"], "1 user selected"),
            (&["groups/a", "groups/b"], "2 groups selected"),
            (&["users/a", "groups/b"], "1 user and 1 group selected"),
        ] {
            assert_eq!(choice(values, "").words(), expect);
        }
    }

    #[test]
    fn more_than_can_be_assigned_at_once_is_refused() {
        let of = |count: usize| {
            let values: Vec<String> = (0..count).map(|index| format!("users/{index}")).collect();
            Choice::of_values(&values, "", "")
        };
        assert!(of(ASSIGNED_AT_ONCE).is_ok());
        assert!(of(ASSIGNED_AT_ONCE + 1).is_err());
    }
}
