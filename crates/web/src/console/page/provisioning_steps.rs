//! What happened to one object, step by step: in a log entry and after Provision on demand.

use maud::{Markup, html};
use provision::record::{LogStatus, Modified, Step, StepKind};
use serde_json::Value;

use super::provisioning_mapping_table::breakable;
use crate::console::component::diff::{Difference, diff, short};
use crate::console::component::icon::Icon;
use crate::console::component::status::status;
use crate::console::visit::stopped;

pub(super) fn status_of(word: LogStatus) -> Markup {
    match word {
        LogStatus::Success => status("ok", Icon::Check, "Success"),
        LogStatus::Failure => status("bad", Icon::Error, "Failure"),
        LogStatus::Skipped => status("idle", Icon::Idle, "Skipped"),
        LogStatus::Warning => status("warn", Icon::Alert, "Warning"),
    }
}

/// The same of the word that a log entry keeps.
pub(super) fn status_named(word: &str) -> Markup {
    match LogStatus::ALL.into_iter().find(|known| known.as_str() == word) {
        Some(known) => status_of(known),
        None => html! { (word) },
    }
}

pub(super) fn action_word(action: &str) -> &str {
    match action {
        "create" => "Create",
        "update" => "Update",
        "disable" => "Disable",
        "delete" => "Delete",
        "stagedDelete" => "Staged delete",
        "other" => "Other",
        _ => action,
    }
}

fn title_of(step: &Step) -> &'static str {
    match step.kind {
        _ if step.name == "TestConnection" => "Test connection",
        StepKind::Import => "Import",
        StepKind::Scoping => "Determine if in scope",
        StepKind::Matching => "Match between source and target",
        StepKind::Processing => "Compute values",
        StepKind::ReferenceResolution => "Resolve references",
        StepKind::Export => "Perform action",
    }
}

/// Cards in the order it happened.
pub(super) fn steps(steps: &[Step]) -> Markup {
    html! {
        @if steps.is_empty() { p.soft { "No steps are kept." } }
        @else { ol.steps.walk { @for step in steps { li { (card(step)) } } } }
    }
}

fn card(step: &Step) -> Markup {
    html! {
        div {
            p.line { strong { (title_of(step)) } " " (status_of(step.status)) " " code.soft.small { (breakable(&step.name)) } }
            p.break { (stopped(&step.description)) }
            @if !step.details.is_empty() {
                details.more {
                    summary { "View details" }
                    dl.details { @for (name, value) in &step.details { div { dt { (name) } dd { (detail(value)) } } } }
                }
            }
        }
    }
}

fn detail(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Null => span.soft { "null" },
            Value::Bool(true) => "Yes",
            Value::Bool(false) => "No",
            Value::String(text) if text.is_empty() => span.soft { "empty" },
            other => (short(other)),
        }
    }
}

/// Target attributes before and after.
pub(super) fn modified(modified: &[Modified]) -> Markup {
    let differences: Vec<Difference> = modified
        .iter()
        .map(|m| Difference { path: m.name.clone(), before: m.old.clone(), after: m.new.clone() })
        .collect();
    html! { @if differences.is_empty() { p.soft { "No attribute was changed." } } @else { (diff(&differences)) } }
}
