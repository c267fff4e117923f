//! The applications of one user or group: in scope of which and why, what it is there, and what was done last.

use std::fmt::Write as _;

use directory::Kind;
use maud::{Markup, html};
use provision::LogRow;
use provision::job::JobStatus;
use provision::standing::{Entitlement, Provisioned, Standing};

use super::application_frame::job_status;
use super::provisioning_steps::{action_word, status_named};
use crate::console::answer::Failure;
use crate::console::component::facts::{Fact, facts, flush};
use crate::console::component::icon::Icon;
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, copy, empty, time};
use crate::console::visit::Desk;

/// The tab's content.
pub(super) async fn applications(desk: &Desk, kind: Kind, id: &str) -> Result<Markup, Failure> {
    let standings = desk.app.provisioning.standings(&desk.tenant.id, kind, id).await?;
    Ok(html! {
        @if standings.is_empty() { (nothing(desk, kind)) }
        @else {
            div.stack.wide { @for (index, standing) in standings.iter().enumerate() { (one(desk, standing, index)) } }
        }
    })
}

fn nothing(desk: &Desk, kind: Kind) -> Markup {
    let (title, text) = match kind {
        Kind::User => (
            "In scope of no application",
            "A user is provisioned into an application when it is assigned to it, or when a group that has it as a direct member is.",
        ),
        Kind::Group => (
            "In scope of no application",
            "A group is provisioned into an application when it is assigned to it.",
        ),
    };
    empty::empty(Icon::Apps, title, text, Some(button::link(&desk.url("apps"), None, "Enterprise apps")))
}

fn one(desk: &Desk, standing: &Standing, index: usize) -> Markup {
    let url = |tail: &str| desk.url(&format!("apps/{}{tail}", standing.application.id));
    let state = standing.job.status();
    let link = html! { (job_status(state)) a.button.tiny href=(url("")) { "Open application" } };
    let list = [
        Fact::new("In scope", because(desk, standing)),
        Fact::new("Provisioned as", provisioned(desk, standing.provisioned.as_ref(), state, index)),
    ];
    let body = html! {
        (facts(&list))
        @if !standing.entries.is_empty() { (entries(desk, standing)) }
    };
    flush(&standing.application.name, Some(link), &body)
}

fn because(desk: &Desk, standing: &Standing) -> Markup {
    html! {
        @match &standing.entitlement {
            None => { (status("idle", Icon::Idle, "No")) ": not assigned any more" },
            Some(Entitlement::Everyone) => { (status("ok", Icon::Check, "Yes")) ": all users and groups are in scope" },
            Some(Entitlement::Assigned { role }) => {
                (status("ok", Icon::Check, "Yes")) ": assigned directly"
                @if let Some(role) = role { " as " (role) }
            },
            Some(Entitlement::Through(groups)) => {
                (status("ok", Icon::Check, "Yes")) ": assigned through "
                (if groups.len() == 1 { "group " } else { "groups " })
                @for (index, (id, name)) in groups.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href=(desk.url(&format!("groups/{id}"))) { (name) }
                }
            },
        }
        @if standing.entitlement.is_some() && has_filters(standing) {
            div.soft.small { "Scoping filters apply and may still leave it out." }
        }
    }
}

fn has_filters(standing: &Standing) -> bool {
    standing.job.rules.mappings.iter().any(|mapping| !mapping.scope.filters.is_empty())
}

fn provisioned(desk: &Desk, link: Option<&Provisioned>, state: JobStatus, index: usize) -> Markup {
    html! {
        @match link {
            None => span.soft {
                "Not yet"
                @match state {
                    JobStatus::NotConfigured => ": provisioning is not configured",
                    JobStatus::NotRun => ": provisioning has not been started",
                    JobStatus::Paused => ": provisioning is paused",
                    JobStatus::Quarantine => ": provisioning is in quarantine",
                    JobStatus::Active => {},
                }
            },
            Some(link) => {
                (copy::inline(&format!("target-{index}"), "the id at the target", &link.target_id))
                div.soft.small {
                    @if link.disabled { (status("idle", Icon::Idle, "Disabled")) ", " }
                    @if !link.managed { "left alone since it left scope, " }
                    "linked " (time::ago(link.linked, desk.now)) ", last written " (time::ago(link.updated, desk.now))
                }
            },
        }
    }
}

fn entries(desk: &Desk, standing: &Standing) -> Markup {
    let columns =
        [Column::new("When"), Column::new("Action"), Column::new("Status"), Column::wide("What happened")];
    let rows = html! { @for row in &standing.entries { (entry(desk, row)) } };
    let mut all = desk.url(&format!("apps/{}/provisioning/logs", standing.application.id));
    if let Some(row) = standing.entries.first() {
        let _ = write!(all, "?object={}", row.entry.source_id);
    }
    html! {
        (table("Last provisioning log entries", &columns, &rows))
        p.beneath { a href=(all) { "Provisioning logs of this object" } }
    }
}

fn entry(desk: &Desk, row: &LogRow) -> Markup {
    let url = desk.url(&format!("apps/{}/provisioning/logs/{}", row.entry.application, row.number));
    html! {
        tr {
            td { a href=(url) data-row { (time::ago(row.entry.at, desk.now)) } }
            td { (action_word(&row.entry.action)) }
            td { (status_named(&row.entry.status)) }
            td.hide-narrow.break { (row.entry.summary) @if let Some(code) = &row.entry.code { div.soft { code { (code) } } } }
        }
    }
}
