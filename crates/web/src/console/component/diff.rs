//! What a change did: before → after, attribute by attribute.

use maud::{Markup, html};
use serde_json::Value;

/// One attribute's value on both sides.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// A value on one line: text without quotes, elements of lists by their own value and type.
pub(crate) fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(", "),
        Value::Object(map) => element(map),
        other => other.to_string(),
    }
}

fn element(map: &serde_json::Map<String, Value>) -> String {
    let main = map.get("value").or_else(|| map.get("formatted")).or_else(|| map.get("displayName"));
    match (main, map.get("type").and_then(Value::as_str)) {
        (Some(main), Some(kind)) => format!("{} ({kind})", short(main)),
        (Some(main), None) => short(main),
        (None, _) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| format!("{key}: {}", short(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn cell(value: Option<&Value>, class: &str) -> Markup {
    html! {
        @match value {
            Some(value) if class == "before" => td.before { del { (short(value)) } },
            Some(value) => td.after { ins { (short(value)) } },
            None => td.none { "—" },
        }
    }
}

/// `department` of `urn:…:enterprise:2.0:User:department`; the whole path is on hover.
fn short_path(path: &str) -> &str {
    match scim::schema::known_urn_prefix(path) {
        Some(urn) => path.get(urn.len() + 1..).unwrap_or(path),
        None => path,
    }
}

/// The table of differences. Where nothing was before, or nothing is after, there is no column for it.
pub(crate) fn diff(differences: &[Difference]) -> Markup {
    let (before, after) =
        (differences.iter().any(|d| d.before.is_some()), differences.iter().any(|d| d.after.is_some()));
    html! {
        div.table-wrap {
            table.diff {
                caption.sr { "What changed" }
                thead { tr {
                    th scope="col" { "Attribute" }
                    @if before { th scope="col" { "Before" } }
                    @if after { th scope="col" { "After" } }
                } }
                tbody {
                    @for difference in differences {
                        tr {
                            th scope="row" { code title=(difference.path) { (short_path(&difference.path)) } }
                            @if before { (cell(difference.before.as_ref(), "before")) }
                            @if after { (cell(difference.after.as_ref(), "after")) }
                        }
                    }
                }
            }
        }
    }
}
