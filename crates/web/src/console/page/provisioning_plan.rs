//! Plan: a whole cycle computed without sending a write; made, watched, looked through, applied.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use directory::Permission;
use maud::{Markup, html};
use provision::cycle_plan::PlanSummary;
use provision::job::{CycleKind, CycleOutcome};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application_frame::{Opened, Place};
use super::history::actor;
use super::provisioning_status::kind_words;
use super::validator_run::{event, streamed};
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::section;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::table::{Column, table};
use crate::console::component::{empty, field, time};
use crate::console::visit::{Desk, stopped};
use crate::provisioning::plans::{Full, Phase, Progress, Task, Work};

const LOOK: Duration = Duration::from_millis(500);
/// Then the stream ends, and the browser comes back through the gate.
const STREAM_MAX: Duration = Duration::from_secs(60);
/// Seconds after which the page without script is loaded again.
const REFRESH: u32 = 3;

/// What a plan may do about an object, in the order pages show it.
pub(super) const ACTIONS: [(&str, &str); 8] = [
    ("create", "Create"),
    ("adopt", "Take over"),
    ("update", "Update"),
    ("enable", "Enable"),
    ("disable", "Disable"),
    ("delete", "Delete"),
    ("fail", "Fail"),
    ("skip", "Skip"),
];

pub(super) fn count(plan: &PlanSummary, action: &str) -> u64 {
    plan.counts.get(action).copied().unwrap_or(0)
}

/// `2 create, 1 disable`: what would be sent, in numbers.
fn numbers(plan: &PlanSummary) -> String {
    let words: Vec<String> = ACTIONS
        .iter()
        .map(|(action, word)| (count(plan, action), word.to_lowercase()))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", time::number(n)))
        .collect();
    if words.is_empty() { "nothing to do".to_owned() } else { words.join(", ") }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let plans = desk.app.provisioning.plans(&desk.tenant.id, opened.id()).await?;
    let work = desk.app.plans.of(&desk.tenant.id, opened.id());
    let running = work.as_ref().is_some_and(|work| work.is_running());
    let url = opened.url(&desk, "provisioning/plan");
    let connected = opened.job.config.connection.is_some();
    let content = html! {
        div.stack.wide {
            @if let Some(work) = &work {
                div data-live=[running.then(|| format!("{url}/events"))] { (part(&desk, &opened, work)) }
            }
            @if !connected { (unconfigured(&desk, &opened)) }
            @else if desk.may(Permission::ManageApplications) && !running { (make(&desk, &url, &plans)) }
            @if plans.is_empty() { @if connected && !running { p.soft { "No plan has been made yet." } } }
            @else { (list(&desk, &url, &plans)) }
        }
    };
    let lead = html! { "See what the next cycle would do before it does it. The target is asked, and nothing is changed." };
    let page = opened.page(&desk, Place::Plan).lead(lead);
    let page = if running { page.refresh(REFRESH) } else { page };
    Ok(page.send(&desk, &opened.frame(&desk, Place::Plan, &content)))
}

fn unconfigured(desk: &Desk, opened: &Opened) -> Markup {
    let text = "A plan compares the directory with the target; there is no target before a configuration has been created.";
    let action = super::provisioning_configuration::button(desk, opened);
    empty::empty(Icon::Sync, "Provisioning is not configured", text, action)
}

fn make(desk: &Desk, url: &str, plans: &[PlanSummary]) -> Markup {
    section(
        "Make a plan",
        None,
        &html! {
            form.stack method="post" action=(url) {
                (field::csrf(desk.csrf()))
                (field::check("everything", "yes", "Look at everything", Some("As an initial cycle does; otherwise at what has changed since the last cycle."), plans.is_empty()))
                div.actions { button.button.primary type="submit" { (icon(Icon::Logs)) "Compute plan" } }
            }
        },
    )
}

fn list(desk: &Desk, url: &str, plans: &[PlanSummary]) -> Markup {
    let columns = [Column::new("Plan"), Column::new("It would"), Column::wide("Of"), Column::wide("Made by")];
    table(
        "Plans",
        &columns,
        &html! {
            @for plan in plans {
                tr {
                    td { a href={ (url) "/" (plan.id) } data-row { code { (plan.id.get(..8).unwrap_or(&plan.id)) } } div.soft.small { (time::ago(plan.made, desk.now)) } }
                    td { (numbers(plan)) @if plan.held_back.is_some() { div.small.note.warn { (icon(Icon::Alert)) span { "Deletes would be held back" } } } }
                    td.hide-narrow { (cycle_words(plan.kind)) ", " (time::counted(plan.objects, "object", "objects")) }
                    td.hide-narrow { (actor(&plan.made_by)) }
                }
            }
        },
    )
}

pub(super) fn cycle_words(kind: CycleKind) -> &'static str {
    kind_words(kind.as_str())
}

/// The task that runs, or how the last one ended.
fn part(desk: &Desk, opened: &Opened, work: &Work) -> Markup {
    let Progress { phase, done, total } = work.now();
    match phase {
        Phase::Running => html! {
            div.progress {
                progress max=(total.max(1)) value=(done.min(total)) aria-label="Objects looked at" {}
                p.count-line {
                    strong { @match work.task { Task::Compute { .. } => "Computing the plan", Task::Apply(_) => "Applying the plan" } }
                    span { (time::number(done)) " of " (time::counted(total, "object", "objects")) }
                }
            }
        },
        Phase::Computed(id) => banner::banner(
            Tone::Ok,
            &html! {
                "The plan is made. " a href=(opened.url(desk, &format!("provisioning/plan/{id}"))) { "Look at it" } "."
            },
        ),
        Phase::Applied(CycleOutcome::Completed) => banner::banner(
            Tone::Ok,
            &html! {
                "The plan was applied. " a href=(opened.url(desk, "provisioning/logs")) { "Provisioning logs" } "."
            },
        ),
        Phase::Applied(outcome) => banner::banner(
            Tone::Warn,
            &html! {
                "The cycle that applied the plan ended: " (outcome.as_str()) ". " a href=(opened.url(desk, "provisioning")) { "Provisioning" } "."
            },
        ),
        Phase::Refused(why) => {
            banner::banner(Tone::Bad, &html! { strong { "It was not done. " } (stopped(&why)) })
        }
        Phase::Broken => banner::text(
            Tone::Bad,
            "Something went wrong on the server; its log says what. Nothing was sent, or what was sent is in the provisioning logs.",
        ),
    }
}

/// Begin, and go to the page that shows it.
fn begin(desk: &Desk, opened: &Opened, task: Task, said: &str) -> Answer {
    let path = opened.path("provisioning/plan");
    match desk.app.plans.begin(&desk.app.provisioning, desk.context(), opened.id(), task) {
        Ok(()) => desk.done(&path, said),
        Err(Full::Application) => {
            desk.not_done(&path, "A plan of this application is being worked on. Wait for its end.")
        }
        Err(Full::Server) => desk
            .not_done(&path, "This server works on as many plans as it does at once. Try again in a minute."),
    }
}

pub(crate) async fn compute(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let everything = desk.form.has("everything");
    begin(
        &desk,
        &opened,
        Task::Compute { everything },
        "Computing the plan has begun. You may leave this page.",
    )
}

async fn named(desk: &Desk, opened: &Opened) -> Result<PlanSummary, Failure> {
    let id = desk.parameter("plan");
    Ok(desk.app.provisioning.plan_summary(&desk.tenant.id, opened.id(), id).await?)
}

pub(crate) async fn ask_apply(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let plan = named(&desk, &opened).await?;
    let back = opened.url(&desk, &format!("provisioning/plan/{}", plan.id));
    let departures = plan.departures;
    let ask = Confirm {
        title: "Apply this plan?",
        content: html! {
            p { "In " strong { (opened.name()) } " it does: " strong { (numbers(&plan)) } "." }
            @if departures > 0 {
                p { (time::counted(departures, "user or group is", "users and groups are")) " disabled or deleted." }
                @if let Some(why) = &plan.held_back { p { "Accidental deletions prevention would hold that back (" (why) "). Applying the plan allows it for this once." } }
            }
            p.soft { "The plan is computed again first. If anything has changed at the source or the target since, nothing is sent and you are told so." }
        },
        action: &opened.url(&desk, &format!("provisioning/plan/{}/apply", plan.id)),
        csrf: desk.csrf(),
        verb: "Apply plan",
        back: &back,
        danger: departures > 0,
    };
    let list = opened.url(&desk, "provisioning/plan");
    let page = opened.under(&desk, "Apply plan").under("Plan", list);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn apply(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let plan = named(&desk, &opened).await?;
    begin(&desk, &opened, Task::Apply(plan.id), "Applying the plan has begun. You may leave this page.")
}

/// The task as server-sent events.
pub(crate) async fn events(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(feed(desk, opened, sender));
    Ok(streamed(receiver))
}

async fn feed(desk: Arc<Desk>, opened: Opened, sender: mpsc::Sender<Bytes>) {
    let end = Instant::now() + STREAM_MAX;
    while let Some(work) = desk.app.plans.of(&desk.tenant.id, opened.id()).filter(|work| work.is_running()) {
        let sent = sender.send(event("progress", &part(&desk, &opened, &work).into_string())).await;
        if sent.is_err() || Instant::now() >= end || desk.app.is_draining() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
    let _ = sender.send(event("finished", "")).await;
}
