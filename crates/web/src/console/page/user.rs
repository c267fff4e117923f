//! One user: what is known, its groups, its history, the requests about it; and the small things done to it.

use std::sync::Arc;

use directory::{AuditQuery, ExchangeQuery, Found, Kind, Permission, Precondition};
use maud::{Markup, html};
use scim::projection::Projection;
use serde_json::json;

use super::application_standing;
use super::assignment_choice::name_of;
use super::attributes::attributes;
use super::exchanges::exchanges;
use super::history::{Names, timeline};
use super::person;
use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::{Fact, facts, flush, split};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::tabs::{Tab, tabs};
use crate::console::component::{button, copy, empty, status, time};
use crate::console::link::encoded;
use crate::console::menu::Section;
use crate::console::visit::Desk;

/// Rows of history and requests on a user's own page; the logs have the rest.
const ROWS: usize = 50;

pub(crate) async fn load(desk: &Desk) -> Result<Found, Failure> {
    let everything = Projection::default();
    Ok(desk.app.directory.get(&desk.tenant.id, Kind::User, desk.parameter("id"), &everything).await?)
}

fn page(desk: &Desk, user: &Found, tab: &'static str) -> (Page, Markup) {
    let url = |tail: &str| desk.url(&format!("users/{}{tail}", user.id));
    let active = person::is_active(&user.resource);
    let mut page = Page::new(Section::Users, person::name_of(&user.resource))
        .under("Users", desk.url("users"))
        .lead(html! { (person::text(&user.resource, "userName")) " · " (status::active(active)) });
    if desk.may(Permission::ManageDirectory) {
        page = page.actions(html! {
            (button::link(&url("/edit"), Some(Icon::Edit), "Edit"))
            @if active { (button::asks(&url("/deactivate"), Icon::Idle, "Deactivate")) }
            @else { (button::act(&url("/activate"), desk.csrf(), Icon::Check, "Activate")) }
            (button::asks(&url("/delete"), Icon::Trash, "Delete"))
        });
    }
    let groups = user.resource.get("groups").and_then(|g| g.as_array()).map(|g| g.len() as u64);
    let tabs = tabs(
        "User",
        &[
            Tab { label: "Overview", href: url(""), count: None },
            Tab { label: "Groups", href: url("/groups"), count: Some(groups.unwrap_or(0)) },
            Tab { label: "Applications", href: url("/applications"), count: None },
            Tab { label: "History", href: url("/history"), count: None },
            Tab { label: "Requests", href: url("/requests"), count: None },
        ],
        tab,
    );
    (page, tabs)
}

pub(crate) async fn overview(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let manager = manager(&desk, &user).await?;
    let (page, tabs) = page(&desk, &user, "Overview");
    let body = html! {
        (tabs)
        (split(&attributes(&user.resource, Kind::User, manager.as_ref()), &flush("Identity", None, &facts(&identity(&desk, &user)))))
    };
    Ok(page.send(&desk, &body))
}

/// The manager by name, with a link to their page.
async fn manager(desk: &Desk, user: &Found) -> Result<Option<Markup>, Failure> {
    let manager = user.resource.get(scim::urn::ENTERPRISE_USER).and_then(|e| e.get("manager"));
    let id = manager.and_then(|manager| manager.get("value")).and_then(|value| value.as_str());
    let Some(id) = id else { return Ok(None) };
    let name = name_of(desk, Kind::User, id).await?;
    Ok(Some(html! {
        @match name {
            Some(name) => a href=(desk.url(&format!("users/{}", encoded(id)))) { (name) },
            None => { code { (id) } " " span.soft { "not in the directory" } },
        }
    }))
}

/// Id, version and times: what every object has.
pub(super) fn identity(desk: &Desk, found: &Found) -> Vec<Fact> {
    let location = found.resource.get("meta").and_then(|meta| meta.get("location")).and_then(|l| l.as_str());
    let mut list = vec![
        Fact::new("Id", copy::inline("object-id", "the id", &found.id)),
        Fact::new("Created", time::maybe(person::meta_time(found, "created"), desk.now, "unknown")),
        Fact::new("Changed", time::maybe(person::meta_time(found, "lastModified"), desk.now, "unknown")),
        Fact::new("Version", html! { code { (directory::etag(found.version)) } }),
    ];
    if let Some(location) = location {
        list.push(Fact::new("SCIM address", copy::inline("object-location", "the SCIM address", location)));
    }
    list
}

pub(crate) async fn groups(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let groups = desk.app.directory.groups_of(&desk.tenant.id, &user.id).await?;
    let (page, tabs) = page(&desk, &user, "Groups");
    let body = html! {
        (tabs)
        @if groups.is_empty() {
            (empty::empty(Icon::Groups, "In no group", "Groups this user is a direct member of appear here.", None))
        } @else {
            (table("Groups", &[Column::new("Group"), Column::wide("Id")], &html! {
                @for group in &groups {
                    tr {
                        td { a href=(desk.url(&format!("groups/{}", group.id))) data-row { (group.name) } }
                        td.hide-narrow { code { (group.id) } }
                    }
                }
            }))
        }
    };
    Ok(page.send(&desk, &body))
}

pub(crate) async fn applications(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let (page, tabs) = page(&desk, &user, "Applications");
    let list = application_standing::applications(&desk, Kind::User, &user.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (list) }))
}

pub(crate) async fn history(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let (page, tabs) = page(&desk, &user, "History");
    let rows = history_rows(&desk, Kind::User, &user.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (rows) }))
}

pub(super) async fn history_rows(desk: &Desk, kind: Kind, id: &str) -> Result<Markup, Failure> {
    let query = AuditQuery { resource: Some((kind, id.to_owned())), limit: ROWS, ..AuditQuery::default() };
    let rows = desk.app.directory.audit(&desk.tenant.id, query).await?;
    let names = Names::of(desk, &rows).await?;
    Ok(html! {
        @if rows.is_empty() {
            (empty::empty(Icon::Clock, "No history", "Changes appear here with who made them and what was before and after.", None))
        } @else {
            (timeline(desk, &rows, &names))
            @if rows.len() == ROWS { p.pager { a href=(desk.url(&format!("logs/audit?id={id}&kind={}", kind.as_str()))) { "All of it in the audit log" } } }
        }
    })
}

pub(crate) async fn requests(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let (page, tabs) = page(&desk, &user, "Requests");
    let rows = request_rows(&desk, &user.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (rows) }))
}

pub(super) async fn request_rows(desk: &Desk, id: &str) -> Result<Markup, Failure> {
    let query = ExchangeQuery { resource_id: Some(id.to_owned()), limit: ROWS, ..ExchangeQuery::default() };
    let rows = desk.app.directory.request_log(&desk.tenant.id, query).await?;
    Ok(html! {
        @if rows.is_empty() {
            (empty::empty(Icon::Logs, "No requests", "SCIM requests that name this object appear here for as long as the request log is kept.", None))
        } @else {
            (exchanges(desk, &rows))
            @if rows.len() == ROWS { p.pager { a href=(desk.url(&format!("logs/requests?resource={id}"))) { "All of them in the request log" } } }
        }
    })
}

async fn set_active(desk: &Desk, active: bool) -> Answer {
    let id = desk.parameter("id");
    let body = json!({
        "schemas": [scim::urn::PATCH_OP],
        "Operations": [{ "op": "replace", "path": "active", "value": active }],
    });
    let request = scim::patch::parse(body).map_err(directory::Error::from)?;
    let written = desk.app.directory.patch(desk.context(), Kind::User, id, request, Precondition::None).await;
    let path = format!("users/{id}");
    match written {
        Ok(written) => {
            let name = person::name_of(&written.resource);
            desk.done(&path, format!("{name} is {}.", if active { "active" } else { "inactive" }))
        }
        Err(error) => desk.refused(&path, error),
    }
}

pub(crate) async fn activate(desk: Arc<Desk>) -> Answer {
    set_active(&desk, true).await
}

pub(crate) async fn deactivate(desk: Arc<Desk>) -> Answer {
    set_active(&desk, false).await
}

pub(crate) async fn ask_deactivate(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let name = person::name_of(&user.resource);
    let back = desk.url(&format!("users/{}", user.id));
    let ask = Confirm {
        title: &format!("Deactivate {name}?"),
        content: html! {
            p { "Sets 1 user inactive: " strong { (person::text(&user.resource, "userName")) } ". Attributes and groups stay as they are." }
            p.soft { "This can be undone with Activate. An identity provider that manages this user may set it active again." }
        },
        action: &format!("{back}/deactivate"),
        csrf: desk.csrf(),
        verb: "Deactivate",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::Users, "Deactivate").under("Users", desk.url("users")).under(name, &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let name = person::name_of(&user.resource);
    let groups = desk.app.directory.groups_of(&desk.tenant.id, &user.id).await?;
    let days = desk.app.directory.settings(&desk.tenant.id).await?.restore_days;
    let back = desk.url(&format!("users/{}", user.id));
    let ask = Confirm {
        title: &format!("Delete {name}?"),
        content: html! {
            p {
                "Deletes 1 user, " strong { (person::text(&user.resource, "userName")) }
                @if groups.is_empty() { ", which is in no group." }
                @else { ", and takes it out of " (time::counted(groups.len() as u64, "group", "groups")) "." }
            }
            p.soft {
                "It can be restored for " (time::counted(u64::from(days), "day", "days")) " under Deleted users"
                @if !groups.is_empty() { ", with its groups" }
                "."
            }
        },
        action: &format!("{back}/delete"),
        csrf: desk.csrf(),
        verb: "Delete user",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::Users, "Delete").under("Users", desk.url("users")).under(name, &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let deleted = desk.app.directory.delete(desk.context(), Kind::User, &user.id, Precondition::None).await;
    match deleted {
        Ok(()) => desk.done(
            "users",
            format!("{} deleted. It can be restored under Deleted users.", person::name_of(&user.resource)),
        ),
        Err(error) => desk.refused(&format!("users/{}", user.id), error),
    }
}
