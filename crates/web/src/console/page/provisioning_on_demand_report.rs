//! What came of Provision on demand: steps as cards, modified attributes, how each value came about, exchanges.

use directory::Kind;
use maud::{Markup, html};
use provision::on_demand::OnDemandReport;
use provision::record::LogStatus;
use serde_json::Value;

use super::application_frame::Opened;
use super::provisioning_exchange as exchange;
use super::provisioning_steps::{action_word, modified, status_of, steps};
use crate::console::component::banner::{self, Tone};
use crate::console::component::diff::short;
use crate::console::component::facts::section;
use crate::console::component::icon::Icon;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, copy, field};
use crate::console::visit::{Desk, stopped};

pub(super) fn shown(desk: &Desk, opened: &Opened, done: &OnDemandReport, kind: Kind, path: &str) -> Markup {
    let tone = match done.status {
        LogStatus::Success => Tone::Ok,
        LogStatus::Skipped => Tone::Info,
        LogStatus::Warning => Tone::Warn,
        LogStatus::Failure => Tone::Bad,
    };
    html! {
        div.stack.wide {
            (banner::banner(tone, &html! {
                p { strong { (done.name) } ": " (action_word(done.action.as_str())) " " (status_of(done.status)) }
                p { (stopped(&done.summary)) @if let Some(code) = &done.code { " " code.soft.small { (code) } } }
                @if let Some(text) = &done.document.recommendation { p { (stopped(text)) } }
                @if let Some(id) = &done.target_id { p.small { "At the target: " (copy::inline("target-id", "the target id", id)) } }
            }))
            (again(desk, opened, done, kind, path))
            (section("Steps", None, &steps(&done.document.steps)))
            (section("Modified attributes", None, &modified(&done.document.modified)))
            @if let Some(values) = done.document.mapping.as_ref().and_then(|m| m.get("values")).and_then(Value::as_array) {
                details.more { summary { "How each value came about" } (values_of(values)) }
            }
            @if !done.document.exchanges.is_empty() {
                section.stack { h2 { "Exchanges with the target" } @for sent in &done.document.exchanges { (exchange::folded(sent)) } }
            }
        }
    }
}

fn again(desk: &Desk, opened: &Opened, done: &OnDemandReport, kind: Kind, path: &str) -> Markup {
    let word = if kind == Kind::Group { "groups" } else { "users" };
    html! {
        div.actions {
            (button::primary_link(path, Icon::Person, "Provision another object"))
            form.inline method="post" action=(path) {
                (field::csrf(desk.csrf()))
                input type="hidden" name="kind" value=(word);
                input type="hidden" name="object" value=(done.id);
                @for member in desk.form.all("member") { input type="hidden" name="member" value=(member); }
                button.button type="submit" { "Provision again" }
            }
            @if let Some(number) = done.entries.first() {
                (button::link(&opened.url(desk, &format!("provisioning/logs/{number}")), Some(Icon::Logs), "View in the logs"))
            }
        }
    }
}

/// `mapping::TargetObject` as it is kept: target attribute, result, and what it was made from.
fn values_of(values: &[Value]) -> Markup {
    let columns = [Column::new("Target attribute"), Column::new("Value"), Column::wide("From")];
    table(
        "How each value came about",
        &columns,
        &html! {
            @for value in values {
                @let explanation = value.get("explanation").unwrap_or(&Value::Null);
                tr {
                    td.break { code { (value.get("target").and_then(Value::as_str).unwrap_or_default()) } }
                    td.break { (result(value.get("flow").unwrap_or(&Value::Null))) }
                    td.hide-narrow.break {
                        @if let Some(text) = explanation.get("expression").and_then(Value::as_str) { code { (text) } div.soft.small { (sources(explanation)) } }
                        @else { (sources(explanation)) }
                    }
                }
            }
        },
    )
}

/// `{"set": …}`, `"clear"`, `{"nothing": {"reason": …, "detail": …}}`
fn result(flow: &Value) -> Markup {
    html! {
        @if let Some(value) = flow.get("set") { (short(value)) }
        @else if let Some(why) = flow.get("nothing") {
            span.soft {
                (words(why.get("reason").and_then(Value::as_str).unwrap_or_default()))
                @if let Some(detail) = why.get("detail").and_then(Value::as_str) { ": " (detail) }
            }
        }
        @else { span.soft { "cleared" } }
    }
}

fn words(reason: &str) -> &str {
    match reason {
        "noValue" => "no value in the source",
        "onlyDuringCreation" => "only during object creation",
        "notMapped" => "not mapped",
        "ignored" => "left out by the expression",
        "unresolvedReference" => "not at the target yet",
        "members" => "members travel one by one",
        "failed" => "no result",
        _ => reason,
    }
}

fn sources(explanation: &Value) -> Markup {
    let list = explanation.get("source").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    html! {
        @for (index, pair) in list.iter().enumerate() {
            @if index > 0 { ", " }
            @if let (Some(name), Some(value)) = (pair.get(0).and_then(Value::as_str), pair.get(1)) {
                (name) " = " (short(value))
            }
        }
    }
}
