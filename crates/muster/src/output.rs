//! What a command prints: text for people, or one JSON document, and errors with a hint.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Table};
use serde_json::{Value, json};

/// Why a command failed, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error: String,
    pub(crate) hint: Option<String>,
    pub(crate) usage: bool,
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), hint: None, usage: false }
    }

    /// What was asked makes no sense as asked: exit code 2.
    pub(crate) fn usage(error: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(error) }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Adds what was being done to an error of the operating system or of a library.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl std::fmt::Display) -> Result<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl std::fmt::Display) -> Result<T> {
        self.map_err(|e| Failure::new(format!("{what}: {e}")))
    }
}

/// Where a command's answer goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// One answer in both forms; the text is not made when it is not shown.
    pub(crate) fn answer(self, document: &Value, text: impl FnOnce() -> String) {
        let text = if self.json { format!("{document:#}") } else { text() };
        print_line(&text);
    }

    /// Report a failure: text on standard error and, with `--json`, the document on standard output.
    pub(crate) fn failed(self, failure: &Failure) -> ExitCode {
        let hint = failure.hint.as_deref().unwrap_or("add --help to the command to see what it takes");
        if self.json {
            print_line(&format!("{:#}", json!({ "error": failure.error, "hint": hint })));
        }
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "error: {}\nhint: {hint}", failure.error);
        ExitCode::from(if failure.usage { 2 } else { 1 })
    }
}

/// A line on standard output. A reader that went away (`| head`) is no error.
pub(crate) fn print_line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}");
    let _ = stdout.flush();
}

/// Ask a yes-or-no question on the terminal; `None` when there is nobody to ask.
pub(crate) fn confirm(question: &str) -> Option<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    stdin.read_line(&mut answer).ok()?;
    Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Columns without lines, as `ls` and `git` print them.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(head.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// `name: value` lines, aligned.
pub(crate) fn facts(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let lines: Vec<_> = rows
        .iter()
        .map(|(name, value)| format!("{:<width$}{}", format!("{name}:"), printable(value)))
        .collect();
    lines.join("\n")
}

/// Names come from clients: no control character of theirs reaches the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = facts(&[("name", "a\u{1b}[2Jb".to_owned()), ("id", "1".to_owned())]);
        assert_eq!(shown, "name: a\u{fffd}[2Jb\nid:   1");
        assert!(!table(["Name"], [["\u{7}x".to_owned()]]).contains('\u{7}'));
    }
}
