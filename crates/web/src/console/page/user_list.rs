//! Users: find one among many.

use std::sync::Arc;

use directory::{Found, Kind, ListSort, Permission};
use maud::{Markup, html};

use super::list::Asked;
use super::person;
use crate::console::answer::Answer;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, status, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let asked = Asked::read(&desk.query);
    let path = desk.url("users");
    let listing = desk.app.directory.list(&desk.tenant.id, Kind::User, asked.query()).await?;
    if let Some(last) = asked.beyond(listing.total, &asked.link(&path)) {
        return Ok(last);
    }
    let may = desk.may(Permission::ManageDirectory);
    let body = html! {
        (asked.search(&path, "Search by name, user name or e-mail", &html! {}))
        div #results {
            div.count-line {
                span { (time::counted(listing.total, "user", "users")) }
                (filters(&asked, &path))
            }
            @if listing.rows.is_empty() { (nothing(&desk, &asked)) }
            @else {
                (table("Users", &columns(&asked, &path), &html! { @for user in &listing.rows { (row(&desk, user)) } }))
                (asked.pager(listing.total, &path))
            }
        }
    };
    let page = Page::new(Section::Users, "Users").canonical(asked.link(&path));
    let page = if may {
        page.actions(button::primary_link(&desk.url("users/new"), Icon::Plus, "New user"))
    } else {
        page
    };
    Ok(page.send(&desk, &body))
}

fn filters(asked: &Asked, path: &str) -> Markup {
    let only = |active| Asked { active, page: 1, ..asked.clone() }.link(path).to_string();
    html! {
        span.chips {
            (chip::choice("All", &only(None), asked.active.is_none()))
            (chip::choice("Active", &only(Some(true)), asked.active == Some(true)))
            (chip::choice("Inactive", &only(Some(false)), asked.active == Some(false)))
            @if !asked.text.is_empty() {
                (chip::removable("Search", &asked.text, &Asked { text: String::new(), page: 1, ..asked.clone() }.link(path).to_string()))
            }
        }
    }
}

fn columns(asked: &Asked, path: &str) -> Vec<Column> {
    vec![
        asked.column(Column::new("Name"), ListSort::Name, path),
        Column::wide("User name"),
        Column::wide("E-mail"),
        Column::new("Status"),
        asked.column(Column::wide("Created"), ListSort::Created, path),
        asked.column(Column::wide("Changed"), ListSort::Modified, path),
    ]
}

fn row(desk: &Desk, user: &Found) -> Markup {
    let active = person::is_active(&user.resource);
    let login = person::text(&user.resource, "userName");
    html! {
        tr.off[!active] {
            td { (person::cell(&user.resource, &desk.url(&format!("users/{}", user.id)))) }
            td.hide-narrow.long { (login) }
            td.hide-narrow.long { (person::email_of(&user.resource)) }
            td { (status::active(active)) }
            td.hide-narrow { (time::maybe(person::meta_time(user, "created"), desk.now, "")) }
            td.hide-narrow { (time::maybe(person::meta_time(user, "lastModified"), desk.now, "")) }
        }
    }
}

fn nothing(desk: &Desk, asked: &Asked) -> Markup {
    if !asked.text.is_empty() || asked.active.is_some() {
        let all = button::link(&desk.url("users"), None, "Show all users");
        return empty::empty(
            Icon::Search,
            "No user matches",
            "Searching finds any part of a name, and the beginning of a user name or an e-mail address.",
            Some(all),
        );
    }
    let text = "Users arrive here when an identity provider such as Entra ID or Okta provisions them, or when you create them by hand.";
    let connect = button::link(&desk.url("config/scim"), None, "Connect an identity provider");
    empty::empty(Icon::Users, "No users yet", text, Some(connect))
}
