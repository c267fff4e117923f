//! Provisioning → Overview: how it stands, and the buttons that start, stop and restart it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use directory::Permission;
use maud::{Markup, html};
use provision::control::{ResetScope, StatusView};
use provision::cycle_schedule::ScheduleState;
use provision::job::JobStatus;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application_frame::{Opened, Place};
use super::provisioning_configuration as configuration;
use super::provisioning_status as standing;
use super::validator_run::{event, streamed};
use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::{button, empty, field, time};
use crate::console::visit::Desk;

/// Between two looks of a stream.
const LOOK: Duration = Duration::from_secs(1);
/// Then the stream ends, and the browser comes back through the gate: a role that was taken away does not watch on.
const STREAM_MAX: Duration = Duration::from_secs(60);
/// Seconds after which the page without script is loaded again while a cycle runs.
const REFRESH: u32 = 5;

async fn view(desk: &Desk, opened: &Opened) -> Result<StatusView, Failure> {
    Ok(desk.app.provisioning.status(&desk.tenant.id, opened.id()).await?)
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let view = view(&desk, &opened).await?;
    let page = opened.page(&desk, Place::Provisioning);
    if view.status == JobStatus::NotConfigured {
        let content = empty::empty(
            Icon::Sync,
            "Provisioning is not configured",
            "Tell the service where the application's SCIM endpoint is and how it proves who it is. Nobody is provisioned before you start it.",
            configuration::button(&desk, &opened),
        );
        return Ok(page.send(&desk, &opened.frame(&desk, Place::Provisioning, &content)));
    }
    let content = html! {
        div.stack.wide {
            (bar(&desk, &opened, &view))
            div.stack.wide data-live=[stream(&desk, &opened, &view)] { (standing::part(&desk, &opened, &view, desk.now)) }
        }
    };
    let page = page.lead(html! { (opened.status()) " · " (standing::target(&view)) });
    let page = if view.progress.is_some() && view.job.running { page.refresh(REFRESH) } else { page };
    Ok(page.send(&desk, &opened.frame(&desk, Place::Provisioning, &content)))
}

/// What the page says that only a reload changes: its buttons.
fn state(view: &StatusView) -> &'static str {
    match (view.status, view.job.schedule) {
        (JobStatus::Quarantine, ScheduleState::Active) => "quarantine",
        (_, ScheduleState::Active) => "active",
        (_, ScheduleState::Paused) => "paused",
        (_, ScheduleState::Disabled) => "disabled",
    }
}

/// Only what goes on by itself is watched.
fn stream(desk: &Desk, opened: &Opened, view: &StatusView) -> Option<String> {
    let goes_on = view.job.schedule == ScheduleState::Active || view.job.running;
    goes_on.then(|| opened.url(desk, &format!("provisioning/events?state={}", state(view))))
}

fn bar(desk: &Desk, opened: &Opened, view: &StatusView) -> Markup {
    let url = |tail: &str| opened.url(desk, &format!("provisioning/{tail}"));
    let may = desk.may(Permission::ManageApplications);
    let active = view.job.schedule == ScheduleState::Active;
    html! {
        div.actions.bar {
            @if may {
                @if active { (button::act(&url("stop"), desk.csrf(), Icon::Pause, "Stop provisioning")) }
                @else {
                    form.inline method="post" action=(url("start")) {
                        (field::csrf(desk.csrf()))
                        button.button.primary type="submit" { (icon(Icon::Sync)) "Start provisioning" }
                    }
                }
                a.button href=(url("restart")) data-dialog { (icon(Icon::Undo)) "Restart provisioning" }
                (button::link(&url("on-demand"), Some(Icon::Person), "Provision on demand"))
            }
            (button::link(&url("plan"), Some(Icon::Logs), "Plan"))
            @if may { (button::link(&url("configuration"), Some(Icon::Edit), "Edit configuration")) }
        }
    }
}

pub(crate) async fn start(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let path = opened.path("provisioning");
    let first = opened.job.state.last_began.is_none();
    match desk.app.provisioning.start(desk.context(), opened.id()).await {
        Ok(_) if first => desk.done(&path, "Provisioning started. The initial cycle begins now."),
        Ok(_) => desk.done(&path, "Provisioning started."),
        Err(error) => desk.declined(&path, error),
    }
}

pub(crate) async fn stop(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let path = opened.path("provisioning");
    match desk.app.provisioning.pause(desk.context(), opened.id()).await {
        Ok(_) => desk
            .done(&path, "Provisioning stopped. Nothing is forgotten; Start provisioning goes on from here."),
        Err(error) => desk.declined(&path, error),
    }
}

/// What of a restart can be chosen: the field, its words, and what it does.
const FORGETS: [(&str, &str, &str); 4] = [
    (
        "watermark",
        "Look at everything again",
        "The next cycle is an initial cycle over every user and group in scope.",
    ),
    (
        "escrows",
        "Drop stored failures",
        "Objects that failed are no longer retried by themselves; the initial cycle meets them again.",
    ),
    ("quarantine", "Lift the quarantine", "The job runs at its usual interval again."),
    (
        "links",
        "Forget links",
        "Every object is matched anew with the target. Use it when the target was exchanged or emptied.",
    ),
];

pub(crate) async fn ask_restart(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let view = view(&desk, &opened).await?;
    let back = opened.url(&desk, "provisioning");
    let objects = view.users.total + view.groups.total;
    let usual = |name: &str| name != "links";
    let ask = Confirm {
        title: "Restart provisioning?",
        content: html! {
            p { "Provisioning starts at once. Nobody is created twice: " (time::counted(objects, "object is", "objects are")) " linked with the target, and links stay unless you forget them." }
            @for (name, label, hint) in FORGETS { (field::check(name, "yes", label, Some(hint), usual(name))) }
            @if view.escrows > 0 { p.soft { (time::counted(view.escrows, "stored failure", "stored failures")) " at the moment." } }
        },
        action: &opened.url(&desk, "provisioning/restart"),
        csrf: desk.csrf(),
        verb: "Restart provisioning",
        back: &back,
        danger: false,
    };
    let page = opened.under(&desk, "Restart provisioning").under("Provisioning", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn restart(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let path = opened.path("provisioning");
    let mut scope = ResetScope {
        watermark: desk.form.has("watermark"),
        escrows: desk.form.has("escrows"),
        quarantine: desk.form.has("quarantine"),
        links: desk.form.has("links"),
        force_deletes: false,
    };
    // The button on the banner names nothing and means the usual.
    if desk.form.has("usual") {
        scope = ResetScope::RESTART;
    }
    match desk.app.provisioning.restart(desk.context(), opened.id(), scope).await {
        Ok(_) => desk.done(&path, "Provisioning restarted."),
        Err(error) => desk.declined(&path, error),
    }
}

const NONE_HELD: &str = "No deletes are held back any more, so nothing was allowed.";

pub(crate) async fn ask_deletes(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let back = opened.url(&desk, "provisioning");
    let staged = opened.job.state.staged;
    if staged == 0 {
        return desk.not_done(&opened.path("provisioning"), NONE_HELD);
    }
    let number = time::counted(staged, "user or group", "users and groups");
    let logs = opened.url(&desk, "provisioning/logs?action=stagedDelete");
    let ask = Confirm {
        title: &format!("Allow {} to be disabled or deleted?", number),
        content: html! {
            p { "Accidental deletions prevention holds them back. Allowed, they are disabled or deleted in " strong { (opened.name()) } " with the cycle that starts now. It counts for this once." }
            p { "If that is not meant, bring them back into scope and restart provisioning instead. " a href=(logs) { "Who they are" } }
        },
        action: &opened.url(&desk, "provisioning/allow-deletes"),
        csrf: desk.csrf(),
        verb: &format!("Allow {}", time::counted(staged, "delete", "deletes")),
        back: &back,
        danger: true,
    };
    let page = opened.under(&desk, "Allow deletes").under("Provisioning", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn allow_deletes(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let path = opened.path("provisioning");
    if opened.job.state.staged == 0 {
        return desk.not_done(&path, NONE_HELD);
    }
    match desk.app.provisioning.restart(desk.context(), opened.id(), ResetScope::ALLOW_DELETES).await {
        Ok(_) => desk.done(&path, "The deletes are allowed; they go through with the cycle that starts now."),
        Err(error) => desk.declined(&path, error),
    }
}

/// How it stands as server-sent events: `progress` with the changed part of the page, and `finished` when its buttons change.
pub(crate) async fn events(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(feed(desk, opened, sender));
    Ok(streamed(receiver))
}

async fn feed(desk: Arc<Desk>, opened: Opened, sender: mpsc::Sender<Bytes>) {
    let end = Instant::now() + STREAM_MAX;
    let mut last = String::new();
    while Instant::now() < end && !desk.app.is_draining() {
        let Ok(view) = view(&desk, &opened).await else { break };
        if state(&view) != desk.query.text("state") {
            break;
        }
        let part = standing::part(&desk, &opened, &view, desk.app.directory.now()).into_string();
        // A comment keeps the connection awake, and notices when nobody listens any more.
        let next = if part == last { Bytes::from_static(b": \n\n") } else { event("progress", &part) };
        last = part;
        if sender.send(next).await.is_err() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    if Instant::now() < end && !desk.app.is_draining() {
        let _ = sender.send(event("finished", "")).await;
    }
}
