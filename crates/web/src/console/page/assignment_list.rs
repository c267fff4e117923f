//! Users and groups of one application: who is assigned, and the end of assignments.

use std::sync::Arc;

use directory::{Kind, Permission};
use maud::{Markup, html};
use provision::assignments::Assignment;
use provision::scope::SyncScope;
use provision::standing::Leaving;

use super::application_frame::{Opened, Place};
use super::application_list::objects;
use super::assignment_choice::name_of;
use super::exchanges::object_path;
use super::list::Asked;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{Tone, banner};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, field, time};
use crate::console::visit::Desk;

/// Names of those who are taken out that the question lists.
const LISTED: usize = 10;

pub(super) fn glyph(kind: Kind) -> Icon {
    match kind {
        Kind::User => Icon::Person,
        Kind::Group => Icon::Groups,
    }
}

fn kind_of(assignment: &Assignment) -> Kind {
    if assignment.kind == Kind::Group.as_str() { Kind::Group } else { Kind::User }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let asked = Asked { active: None, ..Asked::read(&desk.query) };
    let path = opened.url(&desk, "users");
    let provisioning = &desk.app.provisioning;
    let (users, groups) = provisioning.assignment_counts(&desk.tenant.id, opened.id()).await?;
    let total = match asked.text.as_str() {
        "" => users + groups,
        text => provisioning.assignment_matches(&desk.tenant.id, opened.id(), text).await?,
    };
    if let Some(last) = asked.beyond(total, &asked.link(&path)) {
        return Ok(last);
    }
    let text = Some(asked.text.as_str()).filter(|text| !text.is_empty());
    let offset = asked.slice(total).offset();
    let rows = provisioning.assignments(&desk.tenant.id, opened.id(), text, offset, asked.size).await?;
    let may = desk.may(Permission::ManageApplications);
    let some = users + groups > 0;
    let content = html! {
        @if opened.job.config.scope == SyncScope::All {
            (banner(Tone::Info, &html! {
                "All users and groups are in scope of provisioning, assigned or not. "
                a href=(opened.url(&desk, "provisioning/properties")) { "Provisioning properties" }
            }))
        }
        @if some { (asked.search(&path, "Search by name", &html! {})) }
        div #results {
            @if some {
                div.count-line {
                    span { @if asked.text.is_empty() { (objects(users, groups)) } @else { (time::counted(total, "match", "matches")) } " assigned" }
                    @if !asked.text.is_empty() {
                        (chip::removable("Search", &asked.text, &Asked { text: String::new(), page: 1, ..asked.clone() }.link(&path).to_string()))
                    }
                }
            }
            @if rows.is_empty() { (nothing(&desk, &opened, &asked)) }
            @else {
                (list(&desk, &opened, &rows, may))
                (asked.pager(total, &path))
            }
        }
    };
    let page = opened
        .page(&desk, Place::UsersAndGroups)
        .lead(html! { "Users and groups that are provisioned into " (opened.name()) ". Direct members of an assigned group are in scope, members of groups inside it are not." })
        .canonical(asked.link(&path));
    let page = if may && some { page.actions(add(&desk, &opened)) } else { page };
    Ok(page.send(&desk, &opened.frame(&desk, Place::UsersAndGroups, &content)))
}

fn add(desk: &Desk, opened: &Opened) -> Markup {
    button::primary_link(&opened.url(desk, "users/add"), Icon::Plus, "Add user/group")
}

fn columns(boxes: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("Display name"),
        Column::new("Object type"),
        Column::wide("Role assigned"),
        Column::wide("Assigned"),
    ];
    if boxes {
        columns.insert(0, Column::unseen("Select"));
    }
    columns
}

fn list(desk: &Desk, opened: &Opened, rows: &[Assignment], may: bool) -> Markup {
    let lines = html! { @for row in rows { (line(desk, row, may)) } };
    let table = table("Assignments", &columns(may), &lines);
    html! {
        @if may {
            form method="post" action=(opened.url(desk, "users/remove")) {
                (field::csrf(desk.csrf()))
                (table)
                div.pager { button.button.tiny.danger type="submit" { (icon(Icon::Cross)) "Remove selected" } }
            }
        } @else { (table) }
    }
}

fn line(desk: &Desk, row: &Assignment, boxes: bool) -> Markup {
    let kind = kind_of(row);
    let name = row.name.as_deref().unwrap_or(&row.id);
    html! {
        tr.off[row.name.is_none()] {
            @if boxes {
                td.cell-check { input type="checkbox" name="member" value=(row.id) aria-label={ "Select " (name) }; }
            }
            td.break {
                span.object {
                    (icon(glyph(kind)))
                    @match &row.name {
                        Some(name) => a href=(desk.url(&object_path(kind, &row.id))) data-row { (name) },
                        None => span { "Not in the directory any more" div.soft { code { (row.id) } } },
                    }
                }
            }
            td { (row.kind) }
            td.hide-narrow { (row.role_name.as_deref().unwrap_or("Default Access")) }
            td.hide-narrow { (time::ago(row.at, desk.now)) }
        }
    }
}

fn nothing(desk: &Desk, opened: &Opened, asked: &Asked) -> Markup {
    if !asked.text.is_empty() {
        let all = button::link(&opened.url(desk, "users"), None, "Show all assignments");
        return empty::empty(
            Icon::Search,
            "No assignment matches",
            "Searching finds any part of a name.",
            Some(all),
        );
    }
    let text = "Nobody is provisioned until users or groups are assigned. Assigning a group brings its direct members into scope.";
    let first = desk.may(Permission::ManageApplications).then(|| add(desk, opened));
    empty::empty(Icon::Users, "No users or groups assigned", text, first)
}

/// Without `sure` it asks first, and says what it means in numbers.
pub(crate) async fn remove(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let ids = desk.form.all("member");
    if ids.is_empty() {
        return desk.done(&opened.path("users"), "Nobody was selected, so nothing was changed.");
    }
    if !desk.form.has("sure") {
        return ask(&desk, &opened, ids).await;
    }
    match desk.app.provisioning.unassign(desk.context(), opened.id(), ids).await {
        Ok(count) => {
            let removed = time::counted(count, "assignment", "assignments");
            desk.done(&opened.path("users"), format!("{removed} removed."))
        }
        Err(error) => desk.declined(&opened.path("users"), error),
    }
}

async fn ask(desk: &Desk, opened: &Opened, ids: Vec<String>) -> Answer {
    let provisioning = &desk.app.provisioning;
    let leaving = match provisioning.leaving(&desk.tenant.id, opened.id(), ids.clone()).await {
        Ok(leaving) => leaving,
        Err(error) => return desk.declined(&opened.path("users"), error),
    };
    let assigned = provisioning.assigned_among(&desk.tenant.id, opened.id(), ids).await?;
    if assigned.is_empty() {
        return desk
            .not_done(&opened.path("users"), "Those are not assigned any more, so nothing was changed.");
    }
    let names = names(desk, &assigned).await?;
    let count = time::counted(assigned.len() as u64, "assignment", "assignments");
    let back = opened.url(desk, "users");
    let ask = Confirm {
        title: &format!("Remove {count} from {}?", opened.name()),
        content: html! {
            ul.plain {
                @for name in &names { li { (name) } }
                @if assigned.len() > names.len() { li.soft { "and " (time::number((assigned.len() - names.len()) as u64)) " more" } }
            }
            p { (meaning(opened, leaving)) }
            p.soft { "This can be undone by assigning them again." }
            input type="hidden" name="sure" value="yes";
            @for id in &assigned { input type="hidden" name="member" value=(id); }
        },
        action: &opened.url(desk, "users/remove"),
        csrf: desk.csrf(),
        verb: if assigned.len() == 1 { "Remove assignment" } else { "Remove assignments" },
        back: &back,
        danger: true,
    };
    let page = opened.under(desk, "Remove assignments").under("Users and groups", &*back);
    Ok(page.send_question(desk, &confirm(&ask)))
}

async fn names(desk: &Desk, ids: &[String]) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for id in ids.iter().take(LISTED) {
        let name = match name_of(desk, Kind::Group, id).await? {
            Some(name) => Some(name),
            None => name_of(desk, Kind::User, id).await?,
        };
        names.push(name.unwrap_or_else(|| format!("{id}, not in the directory any more")));
    }
    Ok(names)
}

/// What becomes of those who lose their assignment.
fn meaning(opened: &Opened, leaving: Leaving) -> Markup {
    let config = &opened.job.config;
    let leave = time::counted(leaving.users, "user leaves", "users leave");
    html! {
        @if config.scope == SyncScope::All {
            "Nobody leaves scope: all users and groups are in scope, assigned or not."
        } @else if leaving.users == 0 {
            "No user leaves scope: there is none, or each is assigned otherwise or through another group."
        } @else {
            (leave) " scope, since nothing else brings them into it. "
            @if leaving.provisioned == 0 { "None of them has been provisioned." }
            @else if config.settings.skip_out_of_scope_deletions {
                (time::counted(leaving.provisioned, "account stays", "accounts stay")) " at the target as they are."
            } @else {
                "The next cycle disables " (time::counted(leaving.provisioned, "account", "accounts")) " at the target."
            }
        }
    }
}
