//! Regular expressions of bounded size and linear time, and .NET's replacement texts.
//!
//! Entra uses .NET's engine. What is the same: classes, groups, `(?<name>…)`, lazy quantifiers, `(?i)`. What is not
//! there, because it cannot be matched in linear time: look-around (`(?=…)`) and back references (`\1`, `\k<name>`).
//! `\Z` is read as `\z`.

use std::collections::HashMap;

use regex::{Captures, Regex, RegexBuilder};

use super::tree::{Expr, Node};
use crate::limits;

pub(crate) type Pattern = Regex;

/// # Errors
/// What is wrong with the pattern and what to do.
pub(crate) fn compile(pattern: &str) -> Result<Pattern, String> {
    if pattern.chars().count() > limits::PATTERN_CHARS {
        return Err(format!("the pattern is longer than {} characters", limits::PATTERN_CHARS));
    }
    let pattern = pattern.replace("\\Z", "\\z");
    RegexBuilder::new(&pattern)
        .size_limit(limits::PATTERN_BYTES)
        .dfa_size_limit(limits::PATTERN_BYTES)
        .nest_limit(50)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "the pattern is too large when it is compiled; use smaller repetitions".into()
            }
            error => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("the pattern is not a regular expression: {reason}")
            }
        })
}

/// The constant patterns of an expression, compiled once.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns(HashMap<String, Pattern>);

impl Patterns {
    pub(super) fn of(root: &Expr) -> Self {
        let mut patterns = HashMap::new();
        root.visit(&mut |expr| {
            if let Node::Call(name, arguments) = &expr.node
                && name == "Replace"
                && let Some(Some(Expr { node: Node::Text(text), .. })) = arguments.get(2)
                && let Ok(pattern) = compile(text)
            {
                patterns.insert(text.clone(), pattern);
            }
        });
        Self(patterns)
    }

    pub(super) fn get(&self, pattern: &str) -> Option<&Pattern> {
        self.0.get(pattern)
    }
}

/// What a replacement text stands for: `$1`, `${name}`, `$&`, `$$`. What names no group stands for itself, as in .NET.
pub(super) fn expand(replacement: &str, pattern: &Pattern, captures: &Captures<'_>, out: &mut String) {
    let mut rest = replacement;
    while let Some(dollar) = rest.find('$') {
        let (before, from) = rest.split_at(dollar);
        out.push_str(before);
        let (length, text) = reference(from, pattern, captures).unwrap_or((1, "$"));
        out.push_str(text);
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// The reference at the start of `from`, which begins with `$`: its length and its text.
fn reference<'h>(from: &str, pattern: &Pattern, captures: &Captures<'h>) -> Option<(usize, &'h str)> {
    let after = from.get(1..)?;
    if after.starts_with('$') {
        return Some((2, "$"));
    }
    if after.starts_with('&') {
        return Some((2, captures.get(0).map_or("", |m| m.as_str())));
    }
    let (length, name) = match after.strip_prefix('{') {
        Some(inner) => {
            let name = inner.split_once('}')?.0;
            (name.len() + 3, name)
        }
        None => {
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (digits + 1, after.get(..digits)?)
        }
    };
    let matched = match name.parse::<usize>() {
        Ok(number) if number < pattern.captures_len() => captures.get(number),
        Ok(_) => return None,
        Err(_) if pattern.capture_names().flatten().any(|n| n == name) => captures.name(name),
        Err(_) => return None,
    };
    Some((length, matched.map_or("", |m| m.as_str())))
}
