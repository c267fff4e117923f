//! Rules about one source file.

use super::Finding;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
/// The store writes SQL; the validator looks for it in what others answer; this rule names it.
const MAY_NAME_SQL: [&str; 3] = ["crates/store/", "crates/validator/", "xtask/"];

pub(super) fn check(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_test = name.contains("/tests/");
    if !text.starts_with("//!") {
        findings.push(Finding::new(name, "begins without a //! line that says what the file is"));
    }
    let lines: Vec<_> = text.lines().collect();
    if !is_test && lines.len() > FILE_LINES_MAX {
        findings.push(Finding::new(
            name,
            format!("{} lines; above {FILE_LINES_MAX} it wants a second noun", lines.len()),
        ));
    }
    for (at, line) in lines.iter().enumerate() {
        let place = format!("{name}:{}", at + 1);
        if line.contains(concat!("FIX", "ME")) {
            findings.push(Finding::new(&place, concat!("FIX", "ME: do it, or file it")));
        }
        if !is_test && !MAY_NAME_SQL.iter().any(|room| name.starts_with(room)) && is_sql(line) {
            findings.push(Finding::new(&place, "SQL outside the store"));
        }
        if cites_badly(line) {
            findings.push(Finding::new(&place, "cite an RFC by number and §section, with its section sign"));
        }
    }
    if !is_test {
        findings.extend(long_functions(name, &lines));
    }
    findings
}

fn is_sql(line: &str) -> bool {
    let words = [
        "\"SELECT ",
        "\"INSERT INTO ",
        "\"UPDATE ",
        "\"DELETE FROM ",
        "\"select ",
        "\"insert into ",
        "use rusqlite",
    ];
    words.iter().any(|w| line.contains(w))
}

/// A section number without its sign, which no search for the section would find.
fn cites_badly(line: &str) -> bool {
    line.match_indices(concat!("RFC", " 76")).any(|(at, _)| {
        let rest = line.get(at + "RFC 7644".len()..).unwrap_or_default();
        let mut words = rest.trim_start_matches([':', ',']).split_whitespace();
        words.next().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.'))
    })
}

/// In formatted code a function ends at the first closing brace that stands as far in as its `fn`.
fn long_functions(name: &str, lines: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) async fn ",
            "pub(super) async fn ",
        ]
        .iter()
        .any(|p| body.starts_with(p));
        if !is_function {
            continue;
        }
        let indent = line.len() - body.len();
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[at..].iter().position(|l| **l == close).map_or(0, |n| n + 1);
        if length > FUNCTION_LINES_MAX {
            findings.push(Finding::new(
                format!("{name}:{}", at + 1),
                format!("a function of {length} lines; above {FUNCTION_LINES_MAX} it does two things"),
            ));
        }
    }
    findings
}
