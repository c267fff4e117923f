//! Explain one user or group: why it is in scope or not, where each value comes from, what was done, what would be done now.

use std::process::ExitCode;

use directory::TenantId;
use provision::explain::{Explained, Waiting, Would};
use provision::plan::SourceState;
use serde_json::{Value, json};

use crate::output::{Output, Result, facts, printable, table};

use super::{Found, Object, entry, refused};

pub(super) async fn explain(found: &Found<'_>, text: &str, output: Output) -> Result<ExitCode> {
    let objects = match found.object(text).await {
        Ok(Object { kind, id, .. }) => vec![(kind, id)],
        // Of what has gone, links and log entries may be left: it is named by its id.
        Err(failure) => match TenantId::parse(text) {
            Some(_) => {
                [directory::Kind::User, directory::Kind::Group].map(|kind| (kind, text.to_owned())).into()
            }
            None => return Err(failure),
        },
    };
    let mut explained = None;
    for (kind, id) in objects {
        let asked = found.house.provisioning.explain(&found.tenant, found.id(), kind, &id, true).await;
        let done = asked.is_ok();
        explained = Some(asked);
        if done {
            break;
        }
    }
    let Some(explained) = explained else { return Ok(ExitCode::FAILURE) };
    let explained = explained.map_err(refused)?;
    output.answer(&document(&explained), || shown(&explained));
    Ok(ExitCode::SUCCESS)
}

fn document(explained: &Explained) -> Value {
    let entry = |row: &store::LogRow| {
        json!({
            "number": row.number,
            "at": row.entry.at.to_string(),
            "action": row.entry.action,
            "status": row.entry.status,
            "code": row.entry.code,
            "summary": row.entry.summary,
        })
    };
    let waiting = |waiting: &Waiting| {
        json!({
            "pass": format!("{:?}", waiting.pass).to_lowercase(),
            "due": waiting.due.to_string(),
            "held": waiting.escrow,
        })
    };
    json!({
        "kind": explained.kind.as_str(),
        "id": explained.id,
        "name": explained.name,
        "state": state(explained.state),
        "scope": explained.scope,
        "link": explained.link.as_ref().map(|link| json!({
            "target_id": link.target_id,
            "managed": link.managed,
            "disabled": link.disabled,
            "linked": link.linked.to_string(),
        })),
        "uncertain_since": explained.uncertain_since.map(|at| at.to_string()),
        "mapping": explained.mapping,
        "steps": explained.steps,
        "would": explained.would,
        "waiting": explained.waiting.iter().map(waiting).collect::<Vec<_>>(),
        "entries": explained.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn state(state: SourceState) -> &'static str {
    match state {
        SourceState::Present => "in the directory",
        SourceState::SoftDeleted => "deleted, can be restored",
        SourceState::Purged => "deleted for good",
    }
}

fn shown(explained: &Explained) -> String {
    let mut parts = vec![facts(&rows(explained)), mapping(&explained.mapping)];
    if let Some(would) = &explained.would {
        parts.push(would_text(would));
    }
    if !explained.waiting.is_empty() {
        let lines: Vec<String> = explained.waiting.iter().map(waits).collect();
        parts.push(lines.join("\n"));
    }
    if !explained.entries.is_empty() {
        parts.push(table(
            ["Number", "Time", "Action", "Status", "What happened"],
            explained.entries.iter().map(|row| {
                let entry = &row.entry;
                [
                    row.number.to_string(),
                    entry.at.to_string(),
                    entry.action.clone(),
                    entry.status.clone(),
                    entry.summary.clone(),
                ]
            }),
        ));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn rows(explained: &Explained) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        (
            if explained.kind == directory::Kind::User { "user" } else { "group" },
            format!("{} ({})", explained.name, explained.id),
        ),
        ("state", state(explained.state).to_owned()),
        ("in scope", if explained.scope.in_scope { "yes" } else { "no" }.to_owned()),
    ];
    rows.extend(explained.scope.reasons.iter().map(|reason| ("why", reason.clone())));
    rows.push((
        "target",
        match &explained.link {
            None => "not linked to an object of the target".to_owned(),
            Some(link) => {
                let care = if link.managed { "" } else { ", not looked after any more" };
                let active = if link.disabled { ", disabled" } else { "" };
                format!("{}{active}{care}", link.target_id)
            }
        },
    ));
    if let Some(at) = explained.uncertain_since {
        rows.push(("uncertain", format!("a creation was sent at {at} and its outcome is not known")));
    }
    rows
}

/// Attribute by attribute: what it reads, how, and what comes of it.
fn mapping(mapping: &Value) -> String {
    let values = mapping.get("values").and_then(Value::as_array);
    let rows = values.into_iter().flatten().map(|value| {
        let explanation = &value["explanation"];
        let source: Vec<String> = explanation["source"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some(format!("{} = {}", pair.get(0)?.as_str()?, entry::shown(pair.get(1)?))))
            .collect();
        let expression = explanation["expression"].as_str().unwrap_or_default();
        [
            value["target"].as_str().unwrap_or_default().to_owned(),
            flow(&value["flow"]),
            source.join(", "),
            expression.to_owned(),
        ]
    });
    table(["Target attribute", "Value", "From", "Expression"], rows)
}

/// The value, or why there is none.
fn flow(flow: &Value) -> String {
    if let Some(value) = flow.get("set") {
        return entry::shown(value);
    }
    let Some(nothing) = flow.get("nothing") else { return "(cleared)".to_owned() };
    let detail =
        nothing.get("detail").map(|detail| format!(": {}", entry::shown(detail))).unwrap_or_default();
    let why = match nothing["reason"].as_str().unwrap_or_default() {
        "noValue" => "no value",
        "onlyDuringCreation" => "only on creation",
        "notMapped" => "not mapped",
        "ignored" => "ignored while empty",
        "unresolvedReference" => "not at the target yet",
        "members" => "one by one",
        other => other,
    };
    format!("({why}{detail})")
}

fn would_text(would: &Would) -> String {
    let code = would.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
    let mut lines = vec![format!("Now it would be: {}{code} ({})", would.action, printable(&would.reason))];
    lines.extend(would.changes.iter().map(|change| format!("    {}", printable(&entry::change(change)))));
    lines.extend(would.recommendation.iter().map(|text| format!("    {}", printable(text))));
    lines.join("\n")
}

fn waits(waiting: &Waiting) -> String {
    match &waiting.escrow {
        Some(escrow) => format!("Held: {}; tried again at {}", printable(&escrow.message), waiting.due),
        None => format!("Waiting since {}", waiting.due),
    }
}
