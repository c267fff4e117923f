//! Deleted users: what can still be restored.

use std::sync::Arc;

use directory::{Kind, Permission, Stored};
use maud::{Markup, html};
use scim::Resource;

use super::person;
use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::pager::forth;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{empty, field, time};
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;

const ROWS: usize = 50;

fn document(stored: &Stored) -> Resource {
    serde_json::from_str(&stored.document).unwrap_or_default()
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let after = desk.query.given("after").map(ToOwned::to_owned);
    let first = after.is_none();
    let mut rows = desk.app.directory.deleted(&desk.tenant.id, Kind::User, after, ROWS + 1).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let days = desk.app.directory.settings(&desk.tenant.id).await?.restore_days;
    let path = desk.url("users/deleted");
    let next = rows.last().filter(|_| more).map(|last| Link::to(&path).with("after", &*last.id).to_string());
    let body = html! {
        @if rows.is_empty() {
            (empty::empty(Icon::Trash, "No deleted users", "A deleted user is kept here for the restore window, and then removed for good.", None))
        } @else {
            (table("Deleted users", &columns(), &html! { @for stored in &rows { (row(&desk, stored, days)) } }))
            (forth(rows.len(), (!first).then(|| path.clone()), next))
        }
    };
    let lead = html! {
        "Kept for " (time::counted(u64::from(days), "day", "days")) " after deletion, then removed for good. "
        a href=(desk.url("config/limits")) { "Limits and retention" }
    };
    let page = Page::new(Section::DeletedUsers, "Deleted users").under("Users", desk.url("users")).lead(lead);
    Ok(page.send(&desk, &body))
}

fn columns() -> [Column; 4] {
    [Column::new("Name"), Column::new("Deleted"), Column::wide("Removed for good"), Column::unseen("Actions")]
}

fn row(desk: &Desk, stored: &Stored, days: u32) -> Markup {
    let user = document(stored);
    let name = person::name_of(&user);
    let url = |tail: &str| desk.url(&format!("users/{}/{tail}", stored.id));
    let gone = stored
        .deleted
        .and_then(|at| at.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(days))).ok());
    html! {
        tr {
            td { strong { (name) } div.soft { (person::text(&user, "userName")) } }
            td { (time::maybe(stored.deleted, desk.now, "unknown")) }
            td.hide-narrow { (time::maybe(gone, desk.now, "unknown")) }
            td.cell-actions {
                @if desk.may(Permission::ManageDirectory) {
                    form.row-actions method="post" action=(url("restore")) {
                        (field::csrf(desk.csrf()))
                        button.button.tiny type="submit" { (icon(Icon::Undo)) "Restore" }
                        a.button.tiny.danger href=(url("purge")) data-dialog { "Remove now" }
                    }
                }
            }
        }
    }
}

pub(crate) async fn restore(desk: Arc<Desk>) -> Answer {
    let id = desk.parameter("id");
    match desk.app.directory.restore(desk.context(), Kind::User, id).await {
        Ok(written) => {
            desk.done(&format!("users/{id}"), format!("{} restored.", person::name_of(&written.resource)))
        }
        Err(error) => desk.refused("users/deleted", error),
    }
}

/// The tombstone of the id in the path.
async fn find(desk: &Desk) -> Result<Stored, Failure> {
    // A page that ends with exactly this id: there is no other way to ask for one tombstone.
    let id = desk.parameter("id");
    let mut after: Option<String> = None;
    loop {
        let rows = desk.app.directory.deleted(&desk.tenant.id, Kind::User, after, 500).await?;
        if let Some(found) = rows.iter().find(|stored| stored.id == id) {
            return Ok(found.clone());
        }
        match rows.last() {
            Some(last) if rows.len() == 500 => after = Some(last.id.clone()),
            _ => return Err(Failure::NotFound),
        }
    }
}

pub(crate) async fn ask_purge(desk: Arc<Desk>) -> Answer {
    let user = document(&find(&desk).await?);
    let name = person::name_of(&user);
    let back = desk.url("users/deleted");
    let ask = Confirm {
        title: &format!("Remove {name} for good?"),
        content: html! {
            p { "Removes 1 deleted user, " strong { (person::text(&user, "userName")) } ", with all its attributes." }
            p { "This cannot be undone." }
        },
        action: &desk.url(&format!("users/{}/purge", desk.parameter("id"))),
        csrf: desk.csrf(),
        verb: "Remove for good",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::DeletedUsers, "Remove for good").under("Deleted users", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn purge(desk: Arc<Desk>) -> Answer {
    match desk.app.directory.purge(desk.context(), Kind::User, desk.parameter("id")).await {
        Ok(()) => desk.done("users/deleted", "The user is removed for good."),
        Err(error) => desk.refused("users/deleted", error),
    }
}
