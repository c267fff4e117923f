//! The members of a group: looked through page by page, added through a search, taken out.

use std::sync::Arc;

use directory::{Found, Kind, MemberRow, Permission};
use maud::{Markup, html};

use super::exchanges::object_path;
use super::group::{load, name_of, page};
use super::list::{Asked, search_box, search_form};
use super::person;
use crate::console::answer::{Answer, Failure};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::pager::forth;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, field, status, time};
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;

const ROWS: usize = 50;

/// Members that one form may name.
const NAMED: usize = 1_000;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let (group, total) = load(&desk).await?;
    let path = desk.url(&format!("groups/{}/members", group.id));
    let search: String = desk.query.text("q").chars().take(200).collect();
    let after = desk.query.given("after").map(ToOwned::to_owned);
    let first = after.is_none();
    let asked = Some(search.clone()).filter(|text| !text.is_empty());
    let found = desk.app.directory.members(&desk.tenant.id, &group.id, after, asked, ROWS + 1).await?;
    let mut rows = found.rows;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let here = Link::to(&path).with("q", &*search);
    let next = rows.last().filter(|_| more).map(|last| here.with("after", &*last.member).to_string());
    let may = desk.may(Permission::ManageDirectory);
    let (page, tabs) = page(&desk, &group, total, "Members");
    let body = html! {
        (tabs)
        (search_form(&path, &search_box(&search, "Search members by name")))
        div #results {
            div.count-line {
                span { (time::counted(total, "member", "members")) " in all" }
                @if !search.is_empty() { (chip::removable("Search", &search, &path)) }
            }
            @if rows.is_empty() { (nothing(&desk, &group, &search)) }
            @else if may { (removable(&desk, &group, &rows)) }
            @else { (table("Members", &columns(false), &html! { @for row in &rows { (line(&desk, row, false)) } })) }
            @if !rows.is_empty() { (forth(rows.len(), (!first).then(|| here.to_string()), next)) }
        }
    };
    Ok(page.canonical(here).send(&desk, &body))
}

fn columns(boxes: bool) -> Vec<Column> {
    let mut columns = vec![Column::new("Name"), Column::new("Type"), Column::wide("Id")];
    if boxes {
        columns.insert(0, Column::unseen("Select"));
    }
    columns
}

fn removable(desk: &Desk, group: &Found, rows: &[MemberRow]) -> Markup {
    html! {
        form method="post" action=(desk.url(&format!("groups/{}/members/remove", group.id))) {
            (field::csrf(desk.csrf()))
            (table("Members", &columns(true), &html! { @for row in rows { (line(desk, row, true)) } }))
            div.pager { button.button.tiny.danger type="submit" { (icon(Icon::Cross)) "Remove selected from the group" } }
        }
    }
}

fn line(desk: &Desk, row: &MemberRow, boxes: bool) -> Markup {
    let name = row.name.as_deref().unwrap_or(&row.member);
    html! {
        tr {
            @if boxes {
                td.cell-check { input type="checkbox" name="member" value=(row.member) aria-label={ "Select " (name) }; }
            }
            td.break {
                @match row.kind {
                    Some(kind) => a href=(desk.url(&object_path(kind, &row.member))) data-row { (name) },
                    None => span.soft { "Not in this tenant" },
                }
            }
            td { @match row.kind { Some(kind) => (kind.as_str()), None => (status::status("warn", Icon::Alert, "Unknown")) } }
            td.hide-narrow { code { (row.member) } }
        }
    }
}

fn nothing(desk: &Desk, group: &Found, search: &str) -> Markup {
    if !search.is_empty() {
        return empty::empty(Icon::Search, "No member matches", "Searching finds any part of a name.", None);
    }
    let add = desk.may(Permission::ManageDirectory).then(|| {
        button::link(&desk.url(&format!("groups/{}/members/add", group.id)), Some(Icon::Plus), "Add members")
    });
    empty::empty(Icon::Users, "No members", "Users and groups of this tenant can be members.", add)
}

/// Users or groups to tick, found by searching.
pub(crate) async fn pick(desk: Arc<Desk>) -> Answer {
    let (group, _) = load(&desk).await?;
    let back = desk.url(&format!("groups/{}/members", group.id));
    let path = format!("{back}/add");
    let asked = Asked::read(&desk.query);
    let kind = if desk.query.text("kind") == "groups" { Kind::Group } else { Kind::User };
    let listing = desk.app.directory.list(&desk.tenant.id, kind, asked.query()).await?;
    let of_kind = |kind: Kind| Link::to(&path).with("kind", if kind == Kind::Group { "groups" } else { "" });
    let here = of_kind(kind).with("q", &*asked.text);
    let hidden = html! { @if kind == Kind::Group { input type="hidden" name="kind" value="groups"; } };
    let body = html! {
        div.count-line {
            span.chips {
                (chip::choice("Users", &of_kind(Kind::User).to_string(), kind == Kind::User))
                (chip::choice("Groups", &of_kind(Kind::Group).to_string(), kind == Kind::Group))
            }
        }
        (search_form(&path, &html! { (search_box(&asked.text, "Search by name, user name or e-mail")) (hidden) }))
        div #results {
            div.count-line { span { (time::counted(listing.total, "match", "matches")) } }
            @if listing.rows.is_empty() {
                (empty::empty(Icon::Search, "Nobody matches", "Searching finds any part of a name.", None))
            } @else {
                form method="post" action=(path) {
                    (field::csrf(desk.csrf()))
                    (table("Candidates", &[Column::unseen("Select"), Column::new("Name"), Column::wide("User name"), Column::wide("Id")], &html! {
                        @for found in listing.rows.iter().filter(|found| found.id != group.id) { (candidate(&desk, found)) }
                    }))
                    @if listing.total > listing.rows.len() as u64 {
                        p.soft.small { "The first " (listing.rows.len()) " are shown; type more of the name to find others." }
                    }
                    div.pager { (button::submit("Add selected")) (button::cancel(&back)) }
                }
            }
        }
    };
    let page = Page::new(Section::Groups, "Add members").canonical(here);
    let page = page.under("Groups", desk.url("groups")).under(name_of(&group), back);
    Ok(page.send(&desk, &body))
}

fn candidate(desk: &Desk, found: &Found) -> Markup {
    let name = match found.kind {
        Kind::User => person::name_of(&found.resource),
        Kind::Group => name_of(found),
    };
    let url = desk.url(&object_path(found.kind, &found.id));
    html! {
        tr {
            td.cell-check { input type="checkbox" name="member" value=(found.id) aria-label={ "Select " (name) }; }
            td {
                @match found.kind {
                    Kind::User => (person::cell(&found.resource, &url)),
                    Kind::Group => a href=(url) data-row { (name) },
                }
            }
            td.hide-narrow.long { (person::text(&found.resource, "userName")) }
            td.hide-narrow { code { (found.id) } }
        }
    }
}

fn named(desk: &Desk) -> Result<Vec<String>, Failure> {
    let members = desk.form.all("member");
    if members.len() > NAMED {
        return Err(Failure::BadRequest(format!("At most {NAMED} members can be named at once.")));
    }
    Ok(members)
}

pub(crate) async fn add(desk: Arc<Desk>) -> Answer {
    let members = named(&desk)?;
    let id = desk.parameter("id");
    let path = format!("groups/{id}/members");
    if members.is_empty() {
        return desk.done(&path, "Nobody was selected, so nothing was changed.");
    }
    let count = members.len() as u64;
    match desk.app.directory.add_members(desk.context(), id, members).await {
        Ok(_) => desk.done(&path, format!("{} added.", time::counted(count, "member", "members"))),
        Err(error) => desk.refused(&path, error),
    }
}

pub(crate) async fn remove(desk: Arc<Desk>) -> Answer {
    let members = named(&desk)?;
    let id = desk.parameter("id");
    let path = format!("groups/{id}/members");
    if members.is_empty() {
        return desk.done(&path, "Nobody was selected, so nothing was changed.");
    }
    let count = members.len() as u64;
    match desk.app.directory.remove_members(desk.context(), id, members).await {
        Ok(_) => {
            desk.done(&path, format!("{} removed from the group.", time::counted(count, "member", "members")))
        }
        Err(error) => desk.refused(&path, error),
    }
}
