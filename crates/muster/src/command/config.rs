//! `muster config`: what is in effect and why.

use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::output::{Output, table};

pub(crate) fn run(config: &Config, output: Output) {
    let shown = config.shown();
    let document: Map<String, Value> = shown
        .iter()
        .map(|(name, value, source)| {
            ((*name).to_owned(), json!({ "value": value, "source": source.to_string() }))
        })
        .collect();
    output.answer(&Value::Object(document), || {
        table(
            ["Setting", "Value", "From"],
            shown.iter().map(|(name, value, source)| [(*name).to_owned(), text(value), source.to_string()]),
        )
    });
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
