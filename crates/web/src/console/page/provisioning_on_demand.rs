//! Provision on demand: one user, or one group with a few members, at once, with every step shown.

use std::sync::Arc;

use axum::response::Response;
use directory::{Found, Kind};
use http::StatusCode;
use maud::{Markup, html};
use provision::limits::ON_DEMAND_MEMBERS;
use scim::projection::Projection;

use super::application_frame::{Opened, Place};
use super::list::{Asked, search_box, search_form};
use super::person;
use super::provisioning_on_demand_report as report;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::section;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, field, time};
use crate::console::link::Link;
use crate::console::visit::{Desk, told};

/// Members to choose from; the search finds the others.
const MEMBERS: usize = 50;

fn kind_of(word: &str) -> Kind {
    if word == "groups" { Kind::Group } else { Kind::User }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    match desk.query.given("object") {
        Some(id) => {
            let kind = kind_of(desk.query.text("kind"));
            chosen(&desk, &opened, kind, id, None).await
        }
        None => search(&desk, &opened).await,
    }
}

fn frame(desk: &Desk, opened: &Opened, status: StatusCode, content: &Markup) -> Response {
    let lead = html! { "Provision one user or group now, and see each step. It works whether or not provisioning is started." };
    let page = opened.page(desk, Place::ProvisionOnDemand).lead(lead).status(status);
    page.send(desk, &opened.frame(desk, Place::ProvisionOnDemand, content))
}

fn url(desk: &Desk, opened: &Opened) -> String {
    opened.url(desk, "provisioning/on-demand")
}

async fn search(desk: &Desk, opened: &Opened) -> Answer {
    let path = url(desk, opened);
    if opened.job.config.connection.is_none() {
        let action = super::provisioning_configuration::button(desk, opened);
        let text = "There is nothing to provision into before a configuration has been created.";
        let content = empty::empty(Icon::Sync, "Provisioning is not configured", text, action);
        return Ok(frame(desk, opened, StatusCode::OK, &content));
    }
    let asked = Asked::read(&desk.query);
    let kind = kind_of(desk.query.text("kind"));
    let listing = desk.app.directory.list(&desk.tenant.id, kind, asked.query()).await?;
    let of_kind = |kind: Kind| Link::to(&path).with("kind", if kind == Kind::Group { "groups" } else { "" });
    let hidden = html! { @if kind == Kind::Group { input type="hidden" name="kind" value="groups"; } };
    let content = html! {
        div.count-line { span.chips {
            (chip::choice("Users", &of_kind(Kind::User).to_string(), kind == Kind::User))
            (chip::choice("Groups", &of_kind(Kind::Group).to_string(), kind == Kind::Group))
        } }
        (search_form(&path, &html! { (search_box(&asked.text, "Search a user or group")) (hidden) }))
        div #results {
            @if listing.rows.is_empty() { (empty::empty(Icon::Search, "Nobody matches", "Searching finds any part of a name.", None)) }
            @else {
                (table("Users and groups", &[Column::new("Name"), Column::wide("User name"), Column::unseen("Select")], &html! {
                    @for found in &listing.rows { (candidate(found, &of_kind(kind).with("object", &*found.id).to_string())) }
                }))
                @if listing.total > listing.rows.len() as u64 {
                    p.soft.small { "The first " (listing.rows.len()) " are shown; type more of the name to find others." }
                }
            }
        }
    };
    Ok(frame(desk, opened, StatusCode::OK, &content))
}

fn name(found: &Found) -> String {
    match found.kind {
        Kind::User => person::name_of(&found.resource),
        Kind::Group => person::text(&found.resource, "displayName").to_owned(),
    }
}

fn candidate(found: &Found, url: &str) -> Markup {
    html! {
        tr {
            td { a href=(url) data-row { (name(found)) } }
            td.hide-narrow.long { (person::text(&found.resource, "userName")) }
            td.cell-actions { a.button.tiny href=(url) aria-label={ "Select " (name(found)) } { "Select" } }
        }
    }
}

/// The selected object with the button Provision.
async fn chosen(desk: &Desk, opened: &Opened, kind: Kind, id: &str, refused: Option<&str>) -> Answer {
    let found = desk.app.directory.get(&desk.tenant.id, kind, id, &Projection::default()).await?;
    let path = url(desk, opened);
    let members = match kind {
        Kind::Group => Some(members(desk, id).await?),
        Kind::User => None,
    };
    let word = if kind == Kind::Group { "groups" } else { "users" };
    let content = html! {
        @if let Some(why) = refused { (banner::text(Tone::Bad, why)) }
        form.form.wide method="post" action=(path) {
            (field::csrf(desk.csrf()))
            input type="hidden" name="kind" value=(word);
            input type="hidden" name="object" value=(found.id);
            (section("Selected", None, &html! {
                p { (icon(if kind == Kind::Group { Icon::Groups } else { Icon::Person })) " " strong { (name(&found)) } " " span.soft { (person::text(&found.resource, "userName")) } }
                p.soft.small { code { (found.id) } }
            }))
            @if let Some(members) = &members { (members) }
            div.end { (button::submit("Provision")) a.button href=(path) { "Select another" } }
        }
    };
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(frame(desk, opened, status, &content))
}

async fn members(desk: &Desk, id: &str) -> Result<Markup, Failure> {
    let list = desk.app.directory.members(&desk.tenant.id, id, None, None, MEMBERS).await?;
    let ticked = desk.form.all("member");
    Ok(section(
        "Members",
        None,
        &html! { div.stack {
            p.soft { "Choose up to " (ON_DEMAND_MEMBERS) " members to be provisioned into the group; none is all right too. A member that is not at the target yet is left out." }
            div.columns {
                @for member in &list.rows {
                    (field::check("member", &member.member, member.name.as_deref().unwrap_or(&member.member), None, ticked.contains(&member.member)))
                }
            }
            @if list.total > list.rows.len() as u64 { p.soft.small { "The first " (list.rows.len()) " of " (time::counted(list.total, "member", "members")) " are shown." } }
        } },
    ))
}

pub(crate) async fn provision(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let kind = kind_of(desk.form.text("kind"));
    let Some(id) = desk.form.given("object") else {
        return Err(Failure::BadRequest("Select a user or group first.".to_owned()));
    };
    let members = desk.form.all("member");
    let done = desk.app.provisioning.on_demand(desk.context(), opened.id(), kind, id, members).await;
    match done {
        Ok(done) => {
            let path = url(&desk, &opened);
            let content = report::shown(&desk, &opened, &done, kind, &path);
            Ok(frame(&desk, &opened, StatusCode::OK, &content))
        }
        Err(error) => match told(&error) {
            Some(why) => chosen(&desk, &opened, kind, id, Some(&why)).await,
            None => Err(error.into()),
        },
    }
}
