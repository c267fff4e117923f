//! The functions as a page of documentation, made from the registry.

use std::fmt::Write;

use super::registry::{Example, functions};

/// Markdown: each function with its signature, what it does and its examples.
pub fn reference() -> String {
    let mut page = String::new();
    for function in functions() {
        // Writing to a string does not fail.
        let _ = writeln!(page, "## {}\n\n`{}`\n\n{}\n", function.name, function.signature(), function.doc);
        for example in function.examples {
            let _ = writeln!(page, "- {}", shown(example));
        }
        page.push('\n');
    }
    page
}

fn shown(example: &Example) -> String {
    let source: Vec<String> =
        example.source.iter().map(|(name, value)| format!("`{name}` = `{value}`")).collect();
    let with = if source.is_empty() { String::new() } else { format!(" with {}", source.join(", ")) };
    let result = match example.result {
        [] => "null".to_owned(),
        texts => texts.iter().map(|text| format!("`\"{text}\"`")).collect::<Vec<_>>().join(", "),
    };
    let gives = if example.varies { "gives for example" } else { "gives" };
    format!("`{}`{with} {gives} {result}", example.expression)
}
