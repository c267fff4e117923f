//! JSON as people read it: indented, coloured by classes, escaped.

use maud::{Markup, html};
use serde_json::Value;

/// A body of the request log, or any stored text: pretty if it is JSON, as it is otherwise.
pub(crate) fn body(text: &str) -> Markup {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => pretty(&value),
        Err(_) => html! { pre.json tabindex="0" { (text) } },
    }
}

/// An indented document.
pub(crate) fn pretty(value: &Value) -> Markup {
    html! { pre.json tabindex="0" { (node(value, 0)) } }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth.min(40))
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn node(value: &Value, depth: usize) -> Markup {
    html! {
        @match value {
            Value::Object(map) if map.is_empty() => "{}",
            Value::Array(items) if items.is_empty() => "[]",
            Value::Object(map) => {
                "{\n"
                @for (index, (key, value)) in map.iter().enumerate() {
                    (indent(depth + 1)) span.k { (quoted(key)) } ": " (node(value, depth + 1))
                    @if index + 1 < map.len() { "," }
                    "\n"
                }
                (indent(depth)) "}"
            },
            Value::Array(items) => {
                "[\n"
                @for (index, value) in items.iter().enumerate() {
                    (indent(depth + 1)) (node(value, depth + 1))
                    @if index + 1 < items.len() { "," }
                    "\n"
                }
                (indent(depth)) "]"
            },
            Value::String(text) => (quoted(text)),
            Value::Number(number) => span.n { (number) },
            Value::Bool(flag) => span.l { (flag) },
            Value::Null => span.l { "null" },
        }
    }
}
