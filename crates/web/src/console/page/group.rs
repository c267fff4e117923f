//! One group: what is known, its history, the requests about it, deleting it. Members have a page of their own.

use std::sync::Arc;

use directory::{Found, Kind, Permission, Precondition};
use maud::{Markup, html};
use scim::projection::Projection;

use super::application_standing;
use super::attributes::attributes;
use super::person;
use super::user::{history_rows, identity, request_rows};
use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::{Fact, facts, flush, split};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::tabs::{Tab, tabs};
use crate::console::component::{button, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;

/// A group without its members, and how many there are. Members are never all loaded.
pub(crate) async fn load(desk: &Desk) -> Result<(Found, u64), Failure> {
    let without = Projection::new(&[], &["members"]).map_err(directory::Error::from)?;
    let id = desk.parameter("id");
    let group = desk.app.directory.get(&desk.tenant.id, Kind::Group, id, &without).await?;
    let members = desk.app.directory.members(&desk.tenant.id, id, None, None, 1).await?;
    Ok((group, members.total))
}

pub(crate) fn name_of(group: &Found) -> String {
    person::text(&group.resource, "displayName").to_owned()
}

pub(crate) fn page(desk: &Desk, group: &Found, members: u64, tab: &'static str) -> (Page, Markup) {
    let url = |tail: &str| desk.url(&format!("groups/{}{tail}", group.id));
    let mut page = Page::new(Section::Groups, name_of(group))
        .under("Groups", desk.url("groups"))
        .lead(html! { (time::counted(members, "member", "members")) });
    if desk.may(Permission::ManageDirectory) {
        page = page.actions(html! {
            (button::link(&url("/members/add"), Some(Icon::Plus), "Add members"))
            (button::link(&url("/edit"), Some(Icon::Edit), "Edit"))
            (button::asks(&url("/delete"), Icon::Trash, "Delete"))
        });
    }
    let tabs = tabs(
        "Group",
        &[
            Tab { label: "Overview", href: url(""), count: None },
            Tab { label: "Members", href: url("/members"), count: Some(members) },
            Tab { label: "Applications", href: url("/applications"), count: None },
            Tab { label: "History", href: url("/history"), count: None },
            Tab { label: "Requests", href: url("/requests"), count: None },
        ],
        tab,
    );
    (page, tabs)
}

pub(crate) async fn overview(desk: Arc<Desk>) -> Answer {
    let (group, members) = load(&desk).await?;
    let (page, tabs) = page(&desk, &group, members, "Overview");
    let mut list = identity(&desk, &group);
    let link = desk.url(&format!("groups/{}/members", group.id));
    list.push(Fact::new(
        "Members",
        html! { a href=(link) { (time::counted(members, "member", "members")) } },
    ));
    let body = html! {
        (tabs)
        (split(&attributes(&group.resource, Kind::Group, None), &flush("Identity", None, &facts(&list))))
    };
    Ok(page.send(&desk, &body))
}

pub(crate) async fn applications(desk: Arc<Desk>) -> Answer {
    let (group, members) = load(&desk).await?;
    let (page, tabs) = page(&desk, &group, members, "Applications");
    let list = application_standing::applications(&desk, Kind::Group, &group.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (list) }))
}

pub(crate) async fn history(desk: Arc<Desk>) -> Answer {
    let (group, members) = load(&desk).await?;
    let (page, tabs) = page(&desk, &group, members, "History");
    let rows = history_rows(&desk, Kind::Group, &group.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (rows) }))
}

pub(crate) async fn requests(desk: Arc<Desk>) -> Answer {
    let (group, members) = load(&desk).await?;
    let (page, tabs) = page(&desk, &group, members, "Requests");
    let rows = request_rows(&desk, &group.id).await?;
    Ok(page.send(&desk, &html! { (tabs) (rows) }))
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    let (group, members) = load(&desk).await?;
    let name = name_of(&group);
    let days = desk.app.directory.settings(&desk.tenant.id).await?.restore_days;
    let back = desk.url(&format!("groups/{}", group.id));
    let ask = Confirm {
        title: &format!("Delete {name}?"),
        content: html! {
            p { "Deletes 1 group and takes " (time::counted(members, "member", "members")) " out of it. The members themselves stay." }
            p.soft { "It can be restored for " (time::counted(u64::from(days), "day", "days")) " under Deleted groups, with the members that are still there." }
            p.soft { "An identity provider that manages this group may create it again." }
        },
        action: &format!("{back}/delete"),
        csrf: desk.csrf(),
        verb: "Delete group",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::Groups, "Delete").under("Groups", desk.url("groups")).under(name, &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    let (group, _) = load(&desk).await?;
    match desk.app.directory.delete(desk.context(), Kind::Group, &group.id, Precondition::None).await {
        Ok(()) => desk
            .done("groups", format!("{} deleted. It can be restored under Deleted groups.", name_of(&group))),
        Err(error) => desk.refused(&format!("groups/{}", group.id), error),
    }
}
