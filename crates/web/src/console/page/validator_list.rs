//! The validator: what ran here and what came of it; the way to a new run; the end of a report.

use std::sync::Arc;
use std::time::Duration;

use directory::{Permission, ValidationRow, validation};
use maud::{Markup, html};

use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::section;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, empty, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;
use crate::validation::live::Live;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let reports = desk.app.directory.validations(&desk.tenant.id).await?;
    let live = desk.app.runs.of(&desk.tenant.id).filter(|live| !live.has_ended());
    let may = desk.may(Permission::ManageSettings);
    let body = html! {
        div.stack.wide {
            @if let Some(live) = &live { (running(&desk, live)) }
            @if reports.is_empty() && live.is_none() {
                (empty::empty(Icon::Shield, "No runs yet",
                    "The validator sends a SCIM endpoint what Microsoft Entra ID and Okta send, and what the RFCs ask for, and says what would go wrong, with the exchange that shows it.",
                    may.then(|| html! { (own(&desk)) })))
            } @else if !reports.is_empty() {
                (table("Reports", &columns(may), &html! { @for report in &reports { (row(&desk, report, may)) } }))
                p.soft.small { "The newest " (validation::KEPT) " reports of a tenant are kept." }
                @if reports.len() > 1 { (section("Compare two runs", None, &choice(&desk, &reports, None))) }
            }
        }
    };
    let lead = html! { "What identity providers and the RFCs would trip over at a SCIM endpoint: this tenant's own, or another's." };
    let page = Page::new(Section::Validator, "Validator").lead(lead);
    let page = if may {
        page.actions(html! { (other(&desk)) @if !reports.is_empty() || live.is_some() { (own(&desk)) } })
    } else {
        page
    };
    Ok(page.send(&desk, &body))
}

fn own(desk: &Desk) -> Markup {
    button::primary_link(&desk.url("validator/own/new"), Icon::Shield, "Validate this tenant's endpoint")
}

fn other(desk: &Desk) -> Markup {
    button::link(&desk.url("validator/new"), Some(Icon::Plus), "Run the validator")
}

fn running(desk: &Desk, live: &Live) -> Markup {
    let progress = live.now();
    html! {
        div.banner.info role="status" {
            (crate::console::component::icon::icon(Icon::Clock))
            div {
                strong { "A run is under way: " } span.break { (live.plan.target) } ", "
                (time::number(progress.done as u64)) " of " (time::number(progress.total as u64)) " checks. "
                a href=(desk.url(&format!("validator/{}", live.id))) { "Watch it" }
            }
        }
    }
}

fn columns(may: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("Target"),
        Column::wide("Profile"),
        Column::new("Result"),
        Column::wide("When"),
        Column::wide("Duration").numeric(),
    ];
    if may {
        columns.push(Column::unseen("Actions"));
    }
    columns
}

fn row(desk: &Desk, report: &ValidationRow, may: bool) -> Markup {
    let url = desk.url(&format!("validator/{}", report.id));
    html! {
        tr {
            td.break {
                a href=(url) data-row { (report.target) }
                div.soft.only-narrow { (time::ago(report.started, desk.now)) }
            }
            td.hide-narrow { (report.profile) }
            td { (verdict(report)) div.soft.small { (summary(report)) } }
            td.hide-narrow { (time::ago(report.started, desk.now)) div.soft.break { "by " (maker(&report.started_by)) } }
            td.num.hide-narrow { (took(Duration::from_millis(report.duration_ms))) }
            @if may {
                td.cell-actions { span.row-actions { a.button.tiny.danger href={ (url) "/delete" } data-dialog { "Delete" } } }
            }
        }
    }
}

/// How a report stands, as a word.
pub(super) fn verdict(report: &ValidationRow) -> Markup {
    let deviations = time::counted(report.deviations, "deviation", "deviations");
    html! {
        @if report.deviations > 0 { (status("bad", Icon::Error, &deviations)) }
        @else if report.cancelled { (status("warn", Icon::Alert, "Stopped")) }
        @else if report.not_judged > 0 { (status("warn", Icon::Alert, "Not all judged")) }
        @else { (status("ok", Icon::Check, "No deviation")) }
    }
}

/// The rest of the counts in one line.
pub(super) fn summary(report: &ValidationRow) -> String {
    let stopped = if report.cancelled && report.deviations > 0 { ", stopped" } else { "" };
    format!(
        "{} passed, {} not judged, {} not applicable{stopped}",
        time::number(report.passed),
        time::number(report.not_judged),
        time::number(report.not_applicable)
    )
}

/// `operator:ID name` as `name`.
pub(super) fn maker(actor: &str) -> &str {
    actor.split_once(':').map_or(actor, |(_, rest)| rest.split_once(' ').map_or(rest, |(_, name)| name))
}

/// `12.3 s`, `2 min 5 s`
pub(super) fn took(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// The form that asks for two reports; `chosen` are the two compared now.
pub(super) fn choice(desk: &Desk, reports: &[ValidationRow], chosen: Option<(&str, &str)>) -> Markup {
    let usual = |at: usize| reports.get(at).map_or("", |report| report.id.as_str());
    let (before, after) = chosen.unwrap_or((usual(1), usual(0)));
    let select = |name: &str, label: &str, chosen: &str| {
        html! {
            div.field {
                label for=(name) { (label) }
                select.select id=(name) name=(name) {
                    @for report in reports {
                        option value=(report.id) selected[report.id == chosen] {
                            (time::utc(report.started)) " · " (report.target) " · " (time::counted(report.deviations, "deviation", "deviations"))
                        }
                    }
                }
            }
        }
    };
    html! {
        form.form.compare method="get" action=(desk.url("validator/compare")) {
            div.pair { (select("before", "Before", before)) (select("after", "After", after)) }
            div.end { button.button type="submit" { "Compare" } }
        }
    }
}

/// The report of the id in the path.
pub(super) async fn find(desk: &Desk) -> Result<ValidationRow, Failure> {
    let found = desk.app.directory.validation(&desk.tenant.id, desk.parameter("id")).await?;
    found.ok_or(Failure::NotFound)
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    let report = find(&desk).await?;
    let back = desk.url(&format!("validator/{}", report.id));
    let ask = Confirm {
        title: "Delete this report?",
        content: html! {
            p { "1 report of " strong.break { (report.target) } " from " (time::exact(report.started)) " is deleted, in every form." }
            p.soft { "This cannot be undone. That the run took place stays in the audit log." }
        },
        action: &format!("{back}/delete"),
        csrf: desk.csrf(),
        verb: "Delete report",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::Validator, "Delete")
        .under("Validator", desk.url("validator"))
        .under("Report", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    let report = find(&desk).await?;
    match desk.app.directory.delete_validation(desk.context(), &report.id).await {
        Ok(()) => desk.done("validator", "The report is deleted."),
        Err(error) => desk.refused("validator", error),
    }
}
