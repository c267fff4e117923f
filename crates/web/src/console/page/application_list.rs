//! Enterprise apps → All applications: what is provisioned into, and how each of them stands.

use std::sync::Arc;

use directory::{ListSort, Permission};
use maud::{Markup, html};
use provision::application::Application;
use provision::job::{Job, JobStatus};
use provision::scope::SyncScope;
use provision::standing::{LastCycle, Reach};

use super::application_frame::{job_status, status_word};
use super::list::Asked;
use crate::console::answer::Answer;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, time};
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;

/// The states that the list can be narrowed to, as the URL names them.
const STATES: [(&str, JobStatus); 5] = [
    ("not-configured", JobStatus::NotConfigured),
    ("not-run", JobStatus::NotRun),
    ("active", JobStatus::Active),
    ("paused", JobStatus::Paused),
    ("quarantine", JobStatus::Quarantine),
];

/// What of the list is asked for.
struct Wanted {
    asked: Asked,
    state: Option<(&'static str, JobStatus)>,
}

impl Wanted {
    fn read(desk: &Desk) -> Self {
        let named = desk.query.text("status");
        Self {
            asked: Asked { active: None, ..Asked::read(&desk.query) },
            state: STATES.into_iter().find(|(name, _)| *name == named),
        }
    }

    fn link(&self, path: &str) -> Link {
        self.asked.link(path).with("status", self.state.map_or("", |(name, _)| name))
    }

    fn takes(&self, (application, job): &(Application, Job)) -> bool {
        let text = self.asked.text.to_lowercase();
        let found = application.name.to_lowercase().contains(&text)
            || application.details.description.to_lowercase().contains(&text)
            || application.id == self.asked.text;
        found && self.state.is_none_or(|(_, state)| job.status() == state)
    }

    fn sort(&self, list: &mut [(Application, Job)]) {
        // They come by name.
        if self.asked.sort == ListSort::Created {
            list.sort_by_key(|(application, _)| application.created);
        }
        if self.asked.descending {
            list.reverse();
        }
    }

    fn narrows(&self) -> bool {
        !self.asked.text.is_empty() || self.state.is_some()
    }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let wanted = Wanted::read(&desk);
    let path = desk.url("apps");
    let all = desk.app.provisioning.applications(&desk.tenant.id).await?;
    let counts = STATES.map(|(_, state)| all.iter().filter(|(_, job)| job.status() == state).count() as u64);
    let mut found: Vec<_> = all.into_iter().filter(|entry| wanted.takes(entry)).collect();
    let total = found.len() as u64;
    if let Some(last) = wanted.asked.beyond(total, &wanted.link(&path)) {
        return Ok(last);
    }
    wanted.sort(&mut found);
    let offset = usize::try_from(wanted.asked.slice(total).offset()).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for (application, job) in found.into_iter().skip(offset).take(wanted.asked.size) {
        let reach = desk.app.provisioning.reach(&desk.tenant.id, &job).await?;
        rows.push(row(&desk, &application, &job, &reach));
    }
    let hidden =
        html! { @if let Some((name, _)) = wanted.state { input type="hidden" name="status" value=(name); } };
    let some = !rows.is_empty() || wanted.narrows();
    let body = html! {
        @if some { (wanted.asked.search(&path, "Search by name or description", &hidden)) }
        div #results {
            @if some {
                div.count-line {
                    span { (time::counted(total, "application", "applications")) }
                    (filters(&wanted, &counts, &path))
                }
            }
            @if rows.is_empty() { (nothing(&desk, &wanted)) }
            @else {
                (table("Applications", &columns(&wanted.asked, &path), &html! { @for row in &rows { (row) } }))
                (wanted.asked.pager(total, &path))
            }
        }
    };
    let lead = html! { "Applications that users and groups of " (desk.tenant.name) " are provisioned into." };
    let page = Page::new(Section::Applications, "Enterprise apps").lead(lead).canonical(wanted.link(&path));
    let page = if desk.may(Permission::ManageApplications) && some { page.actions(new(&desk)) } else { page };
    Ok(page.send(&desk, &body))
}

fn new(desk: &Desk) -> Markup {
    button::primary_link(&desk.url("apps/new"), Icon::Plus, "New application")
}

fn filters(wanted: &Wanted, counts: &[u64; 5], path: &str) -> Markup {
    let base = wanted.link(path).without("page");
    let narrowed = |name: &str| base.with("status", name).to_string();
    html! {
        span.chips {
            (chip::choice("All", &narrowed(""), wanted.state.is_none()))
            @for ((name, state), count) in STATES.iter().zip(counts) {
                @let chosen = wanted.state.is_some_and(|(_, chosen)| chosen == *state);
                @if *count > 0 || chosen {
                    (chip::choice(&format!("{} ({})", status_word(*state), time::number(*count)), &narrowed(name), chosen))
                }
            }
            @if !wanted.asked.text.is_empty() {
                (chip::removable("Search", &wanted.asked.text, &base.without("q").to_string()))
            }
        }
    }
}

fn columns(asked: &Asked, path: &str) -> Vec<Column> {
    vec![
        asked.column(Column::new("Name"), ListSort::Name, path),
        Column::wide("Template"),
        Column::new("Provisioning"),
        Column::wide("Users and groups"),
        Column::wide("Last cycle"),
        asked.column(Column::wide("Created"), ListSort::Created, path),
    ]
}

fn row(desk: &Desk, application: &Application, job: &Job, reach: &Reach) -> Markup {
    html! {
        tr {
            td.break { a href=(desk.url(&format!("apps/{}", application.id))) data-row { (application.name) } }
            td.hide-narrow { (application.details.template.name()) }
            td {
                (job_status(job.status()))
                @if job.running { div.soft { "A cycle is running" } }
                @else if reach.held > 0 { div.soft { (time::counted(reach.held, "object fails", "objects fail")) } }
            }
            td.hide-narrow { (in_scope(job.config.scope, reach)) }
            td.hide-narrow { (last_cycle(desk, reach.last_cycle.as_ref())) }
            td.hide-narrow { (time::ago(application.created, desk.now)) }
        }
    }
}

/// Who is assigned, and how many that brings into scope.
fn in_scope(scope: SyncScope, reach: &Reach) -> Markup {
    html! {
        @match scope {
            SyncScope::All => { "Everyone" div.soft { (time::number(reach.in_scope)) " in scope" } },
            SyncScope::Assigned if reach.assigned_users + reach.assigned_groups == 0 => span.soft { "None assigned" },
            SyncScope::Assigned => {
                (assigned(reach))
                div.soft { (time::number(reach.in_scope)) " in scope" }
            },
        }
    }
}

/// `2 users, 1 group`
pub(super) fn assigned(reach: &Reach) -> String {
    objects(reach.assigned_users, reach.assigned_groups)
}

/// `2 users, 1 group`; what there is none of is left out.
pub(super) fn objects(users: u64, groups: u64) -> String {
    match (users, groups) {
        (0, 1..) => time::counted(groups, "group", "groups"),
        (_, 0) => time::counted(users, "user", "users"),
        _ => {
            format!("{}, {}", time::counted(users, "user", "users"), time::counted(groups, "group", "groups"))
        }
    }
}

fn last_cycle(desk: &Desk, cycle: Option<&LastCycle>) -> Markup {
    html! {
        @match cycle {
            None => span.soft { "None yet" },
            Some(cycle) => {
                (time::ago(cycle.ended.unwrap_or(cycle.began), desk.now))
                div.soft { (cycle_words(cycle)) }
            },
        }
    }
}

/// `Initial, completed`
pub(super) fn cycle_words(cycle: &LastCycle) -> String {
    let kind = match cycle.kind.as_str() {
        "initial" => "Initial",
        "incremental" => "Incremental",
        _ => "On demand",
    };
    let outcome = match cycle.outcome.as_deref() {
        None => "running",
        Some("completed") => "completed",
        Some("interrupted") => "interrupted",
        Some("quarantined") => "quarantined",
        Some(_) => "failed",
    };
    format!("{kind}, {outcome}")
}

fn nothing(desk: &Desk, wanted: &Wanted) -> Markup {
    if wanted.narrows() {
        let all = button::link(&desk.url("apps"), None, "Show all applications");
        let text = "Searching finds any part of a name or a description, and a whole id.";
        return empty::empty(Icon::Search, "No application matches", text, Some(all));
    }
    let text = "An enterprise application is a target with a SCIM endpoint. Users and groups that are assigned to it are created, updated and disabled there by themselves.";
    let first = desk.may(Permission::ManageApplications).then(|| new(desk));
    empty::empty(Icon::Apps, "No applications yet", text, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_counted_in_words() {
        for (users, groups, expect) in
            [(0, 0, "0 users"), (1, 0, "1 user"), (0, 2, "2 groups"), (1_200, 1, "1,200 users, 1 group")]
        {
            assert_eq!(objects(users, groups), expect);
        }
    }
}
