//! Groups: find one among many.

use std::sync::Arc;

use directory::{Found, Kind, ListSort, Permission};
use maud::{Markup, html};

use super::list::Asked;
use super::person;
use crate::console::answer::Answer;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let asked = Asked { active: None, ..Asked::read(&desk.query) };
    let path = desk.url("groups");
    let listing = desk.app.directory.list(&desk.tenant.id, Kind::Group, asked.query()).await?;
    if let Some(last) = asked.beyond(listing.total, &asked.link(&path)) {
        return Ok(last);
    }
    let body = html! {
        (asked.search(&path, "Search by display name", &html! {}))
        div #results {
            div.count-line {
                span { (time::counted(listing.total, "group", "groups")) }
                @if !asked.text.is_empty() {
                    (chip::removable("Search", &asked.text, &Asked { text: String::new(), page: 1, ..asked.clone() }.link(&path).to_string()))
                }
            }
            @if listing.rows.is_empty() { (nothing(&desk, &asked)) }
            @else {
                (table("Groups", &columns(&asked, &path), &html! { @for group in &listing.rows { (row(&desk, group)) } }))
                (asked.pager(listing.total, &path))
            }
        }
    };
    let page = Page::new(Section::Groups, "Groups").canonical(asked.link(&path));
    let page = if desk.may(Permission::ManageDirectory) {
        page.actions(button::primary_link(&desk.url("groups/new"), Icon::Plus, "New group"))
    } else {
        page
    };
    Ok(page.send(&desk, &body))
}

fn columns(asked: &Asked, path: &str) -> Vec<Column> {
    vec![
        asked.column(Column::new("Display name"), ListSort::Name, path),
        Column::wide("External id"),
        asked.column(Column::wide("Created"), ListSort::Created, path),
        asked.column(Column::new("Changed"), ListSort::Modified, path),
    ]
}

fn row(desk: &Desk, group: &Found) -> Markup {
    html! {
        tr {
            td.break {
                a href=(desk.url(&format!("groups/{}", group.id))) data-row { (person::text(&group.resource, "displayName")) }
            }
            td.hide-narrow.break { code { (person::text(&group.resource, "externalId")) } }
            td.hide-narrow { (time::maybe(person::meta_time(group, "created"), desk.now, "")) }
            td { (time::maybe(person::meta_time(group, "lastModified"), desk.now, "")) }
        }
    }
}

fn nothing(desk: &Desk, asked: &Asked) -> Markup {
    if !asked.text.is_empty() {
        let all = button::link(&desk.url("groups"), None, "Show all groups");
        return empty::empty(
            Icon::Search,
            "No group matches",
            "Searching finds any part of a display name.",
            Some(all),
        );
    }
    let text = "Groups arrive here when an identity provider provisions them, with their members, or when you create them by hand.";
    let connect = button::link(&desk.url("config/scim"), None, "Connect an identity provider");
    empty::empty(Icon::Groups, "No groups yet", text, Some(connect))
}
