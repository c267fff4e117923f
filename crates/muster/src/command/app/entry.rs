//! What happened to one object, as a tree: steps with their details, modified attributes, requests.

use provision::record::{Document, LogStatus, Modified, Step};
use scim_client::Exchange;
use serde_json::Value;
use store::LogRow;

use crate::output::{facts, printable};

/// Characters of a value in a tree.
const VALUE: usize = 120;

/// A log entry with everything in it.
pub(super) fn text(row: &LogRow, record: &Document) -> String {
    let LogRow { number, entry } = row;
    let mut rows = vec![
        ("number", number.to_string()),
        ("time", entry.at.to_string()),
        ("action", entry.action.clone()),
        ("status", entry.status.clone()),
        ("source", format!("{} {} ({})", entry.kind.as_str(), entry.source_name, entry.source_id)),
    ];
    rows.extend(entry.target_id.iter().map(|id| ("target", id.clone())));
    rows.extend(entry.cycle.iter().map(|id| ("cycle", id.clone())));
    rows.extend(entry.code.iter().map(|code| ("code", code.clone())));
    rows.push(("what happened", entry.summary.clone()));
    rows.extend(record.recommendation.iter().map(|text| ("what to do", text.clone())));
    rows.extend(record.next_try.iter().map(|at| ("next try", at.to_string())));
    rows.push(("started by", entry.actor.clone()));
    format!("{}\n\n{}", facts(&rows), tree(&record.steps, &record.modified, &record.exchanges))
}

/// Steps first, then what was modified, then what was sent.
pub(super) fn tree(steps: &[Step], modified: &[Modified], exchanges: &[Exchange]) -> String {
    let mut branches: Vec<Branch> = steps.iter().map(step).collect();
    if !modified.is_empty() {
        branches.push(Branch { text: "modified".to_owned(), leaves: modified.iter().map(change).collect() });
    }
    if !exchanges.is_empty() {
        branches.push(Branch { text: "sent".to_owned(), leaves: exchanges.iter().map(exchange).collect() });
    }
    drawn(&branches)
}

struct Branch {
    text: String,
    leaves: Vec<String>,
}

fn drawn(branches: &[Branch]) -> String {
    let mut lines = Vec::new();
    for (at, branch) in branches.iter().enumerate() {
        let last = at + 1 == branches.len();
        lines.push(format!("{} {}", if last { "└─" } else { "├─" }, printable(&branch.text)));
        let margin = if last { "   " } else { "│  " };
        lines.extend(branch.leaves.iter().map(|leaf| format!("{margin}   {}", printable(leaf))));
    }
    lines.join("\n")
}

fn step(step: &Step) -> Branch {
    Branch {
        text: format!("{} {}: {}", sign(step.status), step.name, step.description),
        leaves: step.details.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect(),
    }
}

pub(super) fn sign(status: LogStatus) -> char {
    match status {
        LogStatus::Success => '✓',
        LogStatus::Failure => '✗',
        LogStatus::Skipped => '–',
        LogStatus::Warning => '!',
    }
}

/// `title: "Engineer" → "Lead"`
pub(super) fn change(modified: &Modified) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), quoted);
    format!("{}: {} → {}", modified.name, side(&modified.old), side(&modified.new))
}

fn exchange(exchange: &Exchange) -> String {
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let milliseconds = exchange.timings.total_us / 1_000;
    format!("{} {} → {status} in {milliseconds} ms", exchange.method, exchange.url)
}

/// A text without its quotes.
pub(super) fn shown(value: &Value) -> String {
    shortened(match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn quoted(value: &Value) -> String {
    shortened(value.to_string())
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use provision::record::StepKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_and_changes_as_a_tree() {
        let steps = [
            Step {
                name: "EntryImport".into(),
                kind: StepKind::Import,
                status: LogStatus::Success,
                description: "read".into(),
                details: vec![("id".into(), json!("7"))],
            },
            Step {
                name: "EntryExportUpdate".into(),
                kind: StepKind::Export,
                status: LogStatus::Failure,
                description: "refused\u{7}".into(),
                details: Vec::new(),
            },
        ];
        let modified = [Modified { name: "title".into(), old: None, new: Some(json!("Lead")) }];
        let expected = "├─ ✓ EntryImport: read\n│     id: 7\n├─ ✗ EntryExportUpdate: refused\u{fffd}\n└─ modified\n      title: nothing → \"Lead\"";
        assert_eq!(tree(&steps, &modified, &[]), expected);
    }
}
