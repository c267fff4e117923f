//! Deleted users and groups: what can still be restored.

use std::sync::Arc;

use directory::{Kind, Permission, Stored};
use maud::{Markup, html};
use scim::Resource;

use super::person;
use crate::console::answer::Answer;
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

/// How the pages of one kind are called.
struct Words {
    kind: Kind,
    section: Section,
    one: &'static str,
    many: &'static str,
    /// The list of the live ones.
    list: &'static str,
    folder: &'static str,
    title: &'static str,
    /// What is removed with it.
    with: &'static str,
}

static USERS: Words = Words {
    kind: Kind::User,
    section: Section::DeletedUsers,
    one: "user",
    many: "users",
    list: "Users",
    folder: "users",
    title: "Deleted users",
    with: "all its attributes",
};

static GROUPS: Words = Words {
    kind: Kind::Group,
    section: Section::DeletedGroups,
    one: "group",
    many: "groups",
    list: "Groups",
    folder: "groups",
    title: "Deleted groups",
    with: "all its attributes and the list of its members. The members themselves stay",
};

pub(crate) async fn users(desk: Arc<Desk>) -> Answer {
    USERS.show(&desk).await
}

pub(crate) async fn groups(desk: Arc<Desk>) -> Answer {
    GROUPS.show(&desk).await
}

pub(crate) async fn restore_user(desk: Arc<Desk>) -> Answer {
    USERS.restore(&desk).await
}

pub(crate) async fn restore_group(desk: Arc<Desk>) -> Answer {
    GROUPS.restore(&desk).await
}

pub(crate) async fn ask_purge_user(desk: Arc<Desk>) -> Answer {
    USERS.ask_purge(&desk).await
}

pub(crate) async fn ask_purge_group(desk: Arc<Desk>) -> Answer {
    GROUPS.ask_purge(&desk).await
}

pub(crate) async fn purge_user(desk: Arc<Desk>) -> Answer {
    USERS.purge(&desk).await
}

pub(crate) async fn purge_group(desk: Arc<Desk>) -> Answer {
    GROUPS.purge(&desk).await
}

impl Words {
    /// Below the tenant.
    fn path(&self) -> String {
        format!("{}/deleted", self.folder)
    }

    async fn show(&self, desk: &Desk) -> Answer {
        let after = desk.query.given("after").map(ToOwned::to_owned);
        let first = after.is_none();
        let mut rows = desk.app.directory.deleted(&desk.tenant.id, self.kind, after, ROWS + 1).await?;
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        let days = desk.app.directory.settings(&desk.tenant.id).await?.restore_days;
        let path = desk.url(&self.path());
        let next =
            rows.last().filter(|_| more).map(|last| Link::to(&path).with("after", &*last.id).to_string());
        let nothing = format!("No deleted {}", self.many);
        let why =
            format!("A deleted {} is kept here for the restore window, and then removed for good.", self.one);
        let body = html! {
            @if rows.is_empty() {
                (empty::empty(Icon::Trash, &nothing, &why, None))
            } @else {
                (table(self.title, &columns(), &html! { @for stored in &rows { (self.row(desk, stored, days)) } }))
                (forth(rows.len(), (!first).then(|| path.clone()), next))
            }
        };
        let lead = html! {
            "Kept for " (time::counted(u64::from(days), "day", "days")) " after deletion, then removed for good. "
            a href=(desk.url("config/limits")) { "Limits and retention" }
        };
        let page = Page::new(self.section, self.title).under(self.list, desk.url(self.folder)).lead(lead);
        Ok(page.send(desk, &body))
    }

    fn row(&self, desk: &Desk, stored: &Stored, days: u32) -> Markup {
        let resource = document(stored);
        let url = |tail: &str| desk.url(&format!("{}/{}/{tail}", self.folder, stored.id));
        let gone = stored
            .deleted
            .and_then(|at| at.checked_add(jiff::SignedDuration::from_hours(24 * i64::from(days))).ok());
        html! {
            tr {
                td.break { strong { (person::name_of(&resource)) } div.soft { (person::text(&resource, "userName")) } }
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

    async fn restore(&self, desk: &Desk) -> Answer {
        let id = desk.parameter("id");
        match desk.app.directory.restore(desk.context(), self.kind, id).await {
            Ok(written) => {
                let said = format!("{} restored.", person::name_of(&written.resource));
                desk.done(&format!("{}/{id}", self.folder), said)
            }
            Err(error) => desk.refused(&self.path(), error),
        }
    }

    async fn ask_purge(&self, desk: &Desk) -> Answer {
        let id = desk.parameter("id");
        let resource = document(&desk.app.directory.tombstone(&desk.tenant.id, self.kind, id).await?);
        let name = person::name_of(&resource);
        let login = person::text(&resource, "userName");
        let back = desk.url(&self.path());
        let ask = Confirm {
            title: &format!("Remove {name} for good?"),
            content: html! {
                p {
                    "Removes 1 deleted " (self.one) ", "
                    strong { (if login.is_empty() { name.as_str() } else { login }) } ", with " (self.with) "."
                }
                p { "This cannot be undone." }
            },
            action: &desk.url(&format!("{}/{id}/purge", self.folder)),
            csrf: desk.csrf(),
            verb: "Remove for good",
            back: &back,
            danger: true,
        };
        let page = Page::new(self.section, "Remove for good").under(self.title, &*back);
        Ok(page.send_question(desk, &confirm(&ask)))
    }

    async fn purge(&self, desk: &Desk) -> Answer {
        match desk.app.directory.purge(desk.context(), self.kind, desk.parameter("id")).await {
            Ok(()) => desk.done(&self.path(), format!("The {} is removed for good.", self.one)),
            Err(error) => desk.refused(&self.path(), error),
        }
    }
}

fn document(stored: &Stored) -> Resource {
    serde_json::from_str(&stored.document).unwrap_or_default()
}

fn columns() -> [Column; 4] {
    [Column::new("Name"), Column::new("Deleted"), Column::wide("Removed for good"), Column::unseen("Actions")]
}
