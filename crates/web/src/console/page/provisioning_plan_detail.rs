//! One plan: what it would do in numbers, and object by object as a diff.

use std::sync::Arc;

use directory::Permission;
use maud::{Markup, html};
use provision::cycle_plan::{PlanEntry, PlanSummary};

use super::application_frame::{Opened, Place};
use super::exchanges::object_path;
use super::history::actor;
use super::provisioning_plan::{ACTIONS, count, cycle_words};
use super::provisioning_steps::modified;
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::pager::forth;
use crate::console::component::status::status;
use crate::console::component::{chip, copy, time};
use crate::console::link::Link;
use crate::console::visit::{Desk, stopped};

const ROWS: usize = 50;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let id = desk.parameter("plan");
    let plan = desk.app.provisioning.plan_summary(&desk.tenant.id, opened.id(), id).await?;
    let named = desk.query.text("action");
    let action = ACTIONS.iter().find(|(action, _)| *action == named).map(|(action, _)| *action);
    let after = desk.query.number("after").unwrap_or(0);
    let entries =
        desk.app.provisioning.plan_entries(&desk.tenant.id, opened.id(), id, action, after, ROWS + 1);
    let mut entries = entries.await?;
    let more = entries.len() > ROWS;
    entries.truncate(ROWS);
    let here = Link::to(opened.url(&desk, &format!("provisioning/plan/{id}")))
        .with("action", action.unwrap_or_default());
    let next =
        entries.last().filter(|_| more).map(|(number, _)| here.with("after", number.to_string()).to_string());
    let first = (after > 0).then(|| here.to_string());
    let content = html! {
        div.stack.wide {
            (head(&plan))
            section {
                div.filters { div.chips { (filters(&plan, &here, action)) } }
                @if entries.is_empty() { p.soft { "No object is concerned." } }
                @else {
                    ul.timeline.section { @for (_, entry) in &entries { (line(&desk, entry)) } }
                    (forth(entries.len(), first, next))
                }
            }
        }
    };
    let list = opened.url(&desk, "provisioning/plan");
    let page =
        opened.under(&desk, format!("Plan {}", plan.id.get(..8).unwrap_or(&plan.id))).under("Plan", list);
    let page = page.lead(html! {
        (cycle_words(plan.kind)) " over " (time::counted(plan.objects, "object", "objects")) ", made " (time::ago(plan.made, desk.now)) " by " (actor(&plan.made_by))
    });
    let page = if desk.may(Permission::ManageApplications) && plan.changes_anything() {
        let url = opened.url(&desk, &format!("provisioning/plan/{}/apply", plan.id));
        page.actions(html! { a.button.primary href=(url) data-dialog { (icon(Icon::Check)) "Apply plan" } })
    } else {
        page
    };
    Ok(page.send(&desk, &opened.frame(&desk, Place::Plan, &content)))
}

fn head(plan: &PlanSummary) -> Markup {
    html! {
        @if !plan.changes_anything() { (banner::text(Tone::Ok, "Nothing would be changed: the target says already what it should.")) }
        @if let Some(why) = &plan.held_back {
            (banner::banner(Tone::Warn, &html! { strong { "Accidental deletions prevention would hold deletes back. " } (stopped(why)) }))
        }
        @if count(plan, "fail") > 0 {
            (banner::banner(Tone::Warn, &html! { (time::counted(count(plan, "fail"), "object", "objects")) " would fail; the reasons are below." }))
        }
        p { "Hash: " (copy::inline("plan-hash", "the hash", &plan.id)) " " span.soft { "muster app apply takes it; it is refused when source or target have moved since " (time::utc(plan.made)) "." } }
    }
}

fn filters(plan: &PlanSummary, here: &Link, chosen: Option<&str>) -> Markup {
    html! {
        (chip::choice(&format!("All {}", time::number(plan.objects)), &here.without("action").to_string(), chosen.is_none()))
        @for (action, word) in ACTIONS {
            @if count(plan, action) > 0 {
                (chip::choice(&format!("{word} {}", time::number(count(plan, action))), &here.with("action", action).to_string(), chosen == Some(action)))
            }
        }
    }
}

fn mark(action: &str) -> Markup {
    let (class, glyph) = match action {
        "create" | "adopt" | "enable" => ("ok", Icon::Plus),
        "update" => ("ok", Icon::Edit),
        "disable" => ("warn", Icon::Pause),
        "delete" => ("bad", Icon::Trash),
        "fail" => ("bad", Icon::Error),
        _ => ("idle", Icon::Idle),
    };
    let word = ACTIONS.iter().find(|(known, _)| *known == action).map_or(action, |(_, word)| word);
    status(class, glyph, word)
}

fn line(desk: &Desk, entry: &PlanEntry) -> Markup {
    let url = desk.url(&object_path(entry.kind.into(), &entry.id));
    html! {
        li {
            div.line {
                (mark(&entry.action))
                strong { a href=(url) { (entry.name) } }
                span.soft { (entry.kind.as_str()) }
                @if entry.departs { (chip::tag("counts as deletion")) }
            }
            p.soft.break { (stopped(&entry.reason)) }
            @if !entry.changes.is_empty() { (modified(&entry.changes)) }
        }
    }
}
