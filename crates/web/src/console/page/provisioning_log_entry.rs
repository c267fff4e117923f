//! One entry of the provisioning logs: steps, what to do about a failure, modified properties, summary, exchanges.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use provision::logs::{LogEntry, LogRow, document};
use provision::record::Document;

use super::application_frame::{Opened, Place};
use super::exchanges::object_path;
use super::history::actor;
use super::provisioning_exchange as exchange;
use super::provisioning_steps::{action_word, modified, status_named, steps};
use crate::console::answer::{self, Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::shell::Page;
use crate::console::component::tabs::{Tab, tabs};
use crate::console::component::{copy, time};
use crate::console::menu::Section;
use crate::console::visit::{Desk, stopped};

const STEPS: &str = "Steps";
const TROUBLE: &str = "Troubleshooting & recommendations";
const MODIFIED: &str = "Modified properties";
const SUMMARY: &str = "Summary";
/// Tabs and how the URL names them; the first needs no name.
const TABS: [(&str, &str); 4] =
    [(STEPS, ""), (TROUBLE, "trouble"), (MODIFIED, "modified"), (SUMMARY, "summary")];

async fn load(desk: &Desk) -> Result<LogRow, Failure> {
    let number = desk.parameter("number").parse().map_err(|_| Failure::NotFound)?;
    Ok(desk.app.provisioning.log(&desk.tenant.id, number).await?)
}

/// Under the application.
pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let row = load(&desk).await?;
    if row.entry.application != opened.id() {
        return Err(Failure::NotFound);
    }
    let url = opened.url(&desk, "provisioning/logs");
    let content = content(&desk, &row, &url)?;
    if desk.htmx {
        return Ok(panel(&desk, &row, &url, &content));
    }
    let page = opened.under(&desk, row.entry.source_name.clone()).under("Provisioning logs", url);
    let page = page.lead(lead(&desk, &row.entry));
    Ok(page.send(&desk, &opened.frame(&desk, Place::ProvisioningLogs, &content)))
}

/// Under Logs; its application may have been deleted since.
pub(crate) async fn of_tenant(desk: Arc<Desk>) -> Answer {
    let row = load(&desk).await?;
    let url = desk.url("logs/provisioning");
    let content = content(&desk, &row, &url)?;
    if desk.htmx {
        return Ok(panel(&desk, &row, &url, &content));
    }
    let page = Page::new(Section::ProvisioningLog, row.entry.source_name.clone())
        .under("Provisioning logs", url)
        .lead(lead(&desk, &row.entry));
    Ok(page.send(&desk, &content))
}

/// The same beside the list, which stays.
fn panel(desk: &Desk, row: &LogRow, list: &str, content: &Markup) -> Response {
    let markup = html! {
        div.entry {
            div.entry-head {
                div { h1 #entry-title { (row.entry.source_name) } p.soft { (lead(desk, &row.entry)) } }
                div.actions {
                    a.button.tiny href={ (list) "/" (row.number) } { "Open as a page" }
                    button.button.tiny type="button" data-cancel { (icon(Icon::Cross)) "Close" }
                }
            }
            (content)
        }
    };
    answer::html(StatusCode::OK, markup)
}

fn lead(desk: &Desk, entry: &LogEntry) -> Markup {
    html! { (action_word(&entry.action)) " · " (status_named(&entry.status)) " · " (time::ago(entry.at, desk.now)) }
}

fn content(desk: &Desk, row: &LogRow, list: &str) -> Result<Markup, Failure> {
    let document = document(&row.entry)?;
    let asked = desk.query.text("tab");
    let open = TABS.iter().find(|(_, name)| *name == asked).map_or(STEPS, |(label, _)| label);
    let all: Vec<Tab> = TABS
        .iter()
        .map(|(label, name)| Tab {
            label,
            href: if name.is_empty() {
                format!("{list}/{}", row.number)
            } else {
                format!("{list}/{}?tab={name}", row.number)
            },
            count: (*label == MODIFIED).then_some(document.modified.len() as u64),
        })
        .collect();
    let part = match open {
        TROUBLE => trouble(desk, &row.entry, &document),
        MODIFIED => modified(&document.modified),
        SUMMARY => facts_of(desk, row),
        _ => html! { (said(&row.entry)) (steps(&document.steps)) },
    };
    Ok(html! {
        // In the panel beside the list, a tab changes the panel.
        div hx-boost=[desk.htmx.then_some("true")] hx-target="#entry" hx-push-url="false" hx-swap="innerHTML" { (tabs("Entry", &all, open)) }
        div.stack.wide {
            (part)
            @if (open == STEPS || open == TROUBLE) && !document.exchanges.is_empty() {
                section.stack {
                    h2 { "Exchanges with the target" }
                    @for sent in &document.exchanges { (exchange::folded(sent)) }
                }
            }
        }
    })
}

/// What came of it, in one sentence.
fn said(entry: &LogEntry) -> Markup {
    let tone = match entry.status.as_str() {
        "failure" => Tone::Bad,
        "warning" => Tone::Warn,
        "success" => Tone::Ok,
        _ => Tone::Info,
    };
    html! {
        @if !entry.summary.is_empty() {
            (banner::banner(tone, &html! { (stopped(&entry.summary)) @if let Some(code) = &entry.code { " " code.soft.small { (code) } } }))
        }
    }
}

fn trouble(desk: &Desk, entry: &LogEntry, document: &Document) -> Markup {
    html! {
        (said(entry))
        @match &document.recommendation {
            Some(text) => { h2 { "What to do" } p { (stopped(text)) } },
            None if matches!(entry.status.as_str(), "failure" | "warning") => p.soft { "No recommendation is known for this. The steps say what happened, and the exchanges hold the target's own words." },
            None => p.soft { "There is nothing to be done." },
        }
        @if let Some(next) = document.next_try { p { "It is tried again by itself " (time::ago(next, desk.now)) "." } }
    }
}

fn facts_of(desk: &Desk, row: &LogRow) -> Markup {
    let entry = &row.entry;
    let source = desk.url(&object_path(entry.kind, &entry.source_id));
    let mut list = vec![
        Fact::new("Change id", html! { (row.number) }),
        Fact::new("Date", html! { (time::exact(entry.at)) }),
        Fact::new("Duration", html! { (time::duration(entry.duration_us)) }),
        Fact::new("Action", html! { (action_word(&entry.action)) }),
        Fact::new("Status", status_named(&entry.status)),
        Fact::new(
            "Source",
            html! { a href=(source) { (entry.source_name) } " " span.soft { (entry.kind.as_str()) } },
        ),
        Fact::new("Source id", copy::inline("source-id", "the source id", &entry.source_id)),
    ];
    if let Some(id) = &entry.target_id {
        list.push(Fact::new("Target id", copy::inline("target-id", "the target id", id)));
    }
    if let Some(code) = &entry.code {
        list.push(Fact::new("Code", html! { code { (code) } }));
    }
    if let Some(cycle) = &entry.cycle {
        list.push(Fact::new("Cycle id", copy::inline("cycle-id", "the cycle id", cycle)));
    }
    list.push(Fact::new(
        "Application id",
        copy::inline("application-id", "the application id", &entry.application),
    ));
    list.push(Fact::new("Initiated by", actor(&entry.actor)));
    html! { div.section { (facts(&list)) } }
}
