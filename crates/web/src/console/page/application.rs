//! The overview of one application: what it is, how provisioning stands, and what to do next.

use std::sync::Arc;

use directory::Permission;
use maud::{Markup, html};
use provision::job::JobStatus;
use provision::scope::SyncScope;
use provision::standing::Reach;

use super::application_frame::{Opened, Place};
use super::application_list::{assigned, cycle_words};
use crate::console::answer::Answer;
use crate::console::component::banner::{Tone, banner};
use crate::console::component::facts::{Fact, facts, flush};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::{button, copy, time};
use crate::console::visit::{Desk, stopped};

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let reach = desk.app.provisioning.reach(&desk.tenant.id, &opened.job).await?;
    let content = html! {
        div.stack.wide {
            @if let Some(quarantine) = &opened.job.state.quarantine {
                (banner(Tone::Bad, &html! {
                    strong { "Provisioning is in quarantine. " } (stopped(&quarantine.message)) " "
                    (quarantine.reason.advice()) " "
                    a href=(opened.url(&desk, "provisioning")) { "Provisioning" }
                }))
            }
            (flush("Essentials", None, &facts(&essentials(&desk, &opened))))
            (flush("Provisioning", Some(opened.status()), &standing(&desk, &opened, &reach)))
            (flush("Getting started", None, &steps(&desk, &opened, &reach)))
        }
    };
    let page = opened.page(&desk, Place::Overview).lead(html! {
        (opened.application.details.template.name()) " · " (opened.status())
    });
    Ok(page.send(&desk, &opened.frame(&desk, Place::Overview, &content)))
}

fn essentials(desk: &Desk, opened: &Opened) -> Vec<Fact> {
    let application = &opened.application;
    let mut list = vec![
        Fact::new("Name", html! { (application.name) }),
        Fact::new("Application id", copy::inline("application-id", "the application id", &application.id)),
        Fact::new("Template", html! { (application.details.template.name()) }),
        Fact::new("Created", time::ago(application.created, desk.now)),
    ];
    if !application.details.description.is_empty() {
        list.insert(1, Fact::new("Description", html! { (application.details.description) }));
    }
    list
}

fn standing(desk: &Desk, opened: &Opened, reach: &Reach) -> Markup {
    let users = opened.url(desk, "users");
    let provisioning = opened.url(desk, "provisioning");
    html! {
        div.tiles {
            a href=(users) {
                div.figure { (time::number(reach.in_scope)) }
                div.what {
                    "In scope: "
                    @match opened.job.config.scope {
                        SyncScope::All => "all users and groups",
                        SyncScope::Assigned => { (assigned(reach)) " assigned" },
                    }
                }
            }
            a href=(provisioning) { div.figure { (time::number(reach.provisioned_users)) } div.what { "Users provisioned" } }
            a href=(provisioning) { div.figure { (time::number(reach.provisioned_groups)) } div.what { "Groups provisioned" } }
            a href=(opened.url(desk, "provisioning/logs?status=failure")) {
                div.figure { (time::number(reach.held)) } div.what { "Objects that fail and are tried again" }
            }
        }
        (facts(&cycles(desk, opened, reach)))
    }
}

fn cycles(desk: &Desk, opened: &Opened, reach: &Reach) -> Vec<Fact> {
    let target = opened.job.config.connection.as_ref().map(|connection| connection.tenant_url.as_str());
    let last = reach.last_cycle.as_ref();
    vec![
        Fact::new(
            "Target",
            html! { @match target { Some(url) => code { (url) }, None => span.soft { "None yet" } } },
        ),
        Fact::new(
            "Last cycle",
            html! {
                @match last {
                    Some(cycle) => { (cycle_words(cycle)) ", " (time::ago(cycle.ended.unwrap_or(cycle.began), desk.now)) },
                    None => span.soft { "None yet" },
                }
            },
        ),
        Fact::new(
            "Next cycle",
            html! {
                @if opened.job.running { "A cycle is running now" }
                @else { (time::maybe(opened.job.next, desk.now, "None: provisioning does not run")) }
            },
        ),
    ]
}

/// The steps of the application, in Entra's words, with what is done of them.
fn steps(desk: &Desk, opened: &Opened, reach: &Reach) -> Markup {
    let may = desk.may(Permission::ManageApplications);
    let has_scope = reach.in_scope > 0;
    let state = opened.job.status();
    let begun = reach.last_cycle.is_some();
    let provisioning = opened.url(desk, "provisioning");
    // One thing is next, and only it is primary.
    let next = match state {
        _ if !may => None,
        _ if !has_scope => Some(1),
        JobStatus::NotConfigured | JobStatus::NotRun => Some(2),
        _ => None,
    };
    html! {
        ol.steps.start {
            (step(has_scope, &html! {
                p { strong { "Assign users and groups" } }
                p.soft {
                    @if opened.job.config.scope == SyncScope::All { "All users and groups are in scope." }
                    @else if has_scope { (assigned(reach)) " assigned, " (time::number(reach.in_scope)) " in scope." }
                    @else { "Nobody is in scope until users or groups are assigned." }
                }
                div.actions {
                    @if next == Some(1) { (button::primary_link(&opened.url(desk, "users/add"), Icon::Plus, "Add user/group")) }
                    @else { (button::link(&opened.url(desk, "users"), None, "Users and groups")) }
                }
            }))
            (step(!matches!(state, JobStatus::NotConfigured | JobStatus::NotRun), &html! {
                p { strong { "Provision user accounts" } }
                p.soft { (advice(state)) }
                div.actions {
                    @if next == Some(2) { a.button.primary href=(provisioning) { "Get started" } }
                    @else { (button::link(&provisioning, None, if state == JobStatus::NotConfigured { "Get started" } else { "Provisioning" })) }
                }
            }))
            (step(begun, &html! {
                p { strong { "Watch what is done" } }
                p.soft { "The provisioning logs have one entry for each object and action, with what was sent and answered." }
                div.actions { (button::link(&opened.url(desk, "provisioning/logs"), None, "Provisioning logs")) }
            }))
        }
    }
}

fn step(done: bool, content: &Markup) -> Markup {
    html! {
        li.done[done] {
            div {
                @if done { span.sr { "Done: " } span.tick { (icon(Icon::Check)) } }
                (content)
            }
        }
    }
}

fn advice(state: JobStatus) -> &'static str {
    match state {
        JobStatus::NotConfigured => {
            "Enter the Tenant URL and the secret token of the target, test the connection, and create the configuration."
        }
        JobStatus::NotRun => {
            "Everything is configured. Try one user with Provision on demand, then start provisioning."
        }
        JobStatus::Active => "Provisioning runs; changes reach the target with each cycle.",
        JobStatus::Paused => "Provisioning is paused: nothing reaches the target until it is started again.",
        JobStatus::Quarantine => {
            "Provisioning is in quarantine: it is tried again at longer and longer intervals."
        }
    }
}
