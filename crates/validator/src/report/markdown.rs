//! The report as Markdown, for pull requests and tickets.

use std::fmt::Write as _;

use crate::report::{CaseResult, Report};
use crate::verdict::{Deviation, Verdict, VerdictKind};

pub fn write(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "# SCIM validation of {}\n", report.target.url);
    let _ = writeln!(
        text,
        "{}. Profile {}, seed {}, {} requests in {}.{} s, begun {}.\n",
        report.summary(),
        report.profile.as_str(),
        report.seed,
        report.requests,
        report.duration_ms / 1000,
        report.duration_ms % 1000 / 100,
        report.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    if report.cancelled {
        text.push_str("The run was cancelled; what follows is a part.\n\n");
    }
    text.push_str("| level | cases | deviations |\n|---|---:|---:|\n");
    for (level, cases, deviations) in report.by_level() {
        let _ = writeln!(text, "| {level} | {cases} | {deviations} |");
    }
    section(&mut text, report, VerdictKind::Deviation, "Deviations");
    section(&mut text, report, VerdictKind::CouldNotJudge, "Could not be judged");
    section(&mut text, report, VerdictKind::NotApplicable, "Not applicable");
    if !report.left_over.is_empty() {
        let _ = writeln!(text, "\n## Left over\n");
        for path in &report.left_over {
            let _ = writeln!(text, "- `{path}`");
        }
    }
    if !report.unsure.is_empty() {
        let _ = writeln!(
            text,
            "\n## Perhaps left over\n\nThese creates were not answered and could not be looked up.\n"
        );
        for name in &report.unsure {
            let _ = writeln!(text, "- `{name}`");
        }
    }
    text
}

fn section(text: &mut String, report: &Report, kind: VerdictKind, title: &str) {
    let results: Vec<&CaseResult> = report.results.iter().filter(|r| r.verdict.kind() == kind).collect();
    if results.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title} ({})\n", results.len());
    for result in results {
        match &result.verdict {
            Verdict::Deviation(found) if found.same_as.is_some() => {}
            Verdict::Deviation(deviation) => finding(text, report, result, deviation),
            other => {
                let _ = writeln!(text, "- `{}`: {}", result.id, line(&other.reason()));
            }
        }
    }
}

fn finding(text: &mut String, report: &Report, result: &CaseResult, deviation: &Deviation) {
    let _ = writeln!(text, "### {} `{}`\n", line(&result.title()), result.id);
    let _ = writeln!(text, "- **{}**, {}", result.level, deviation.clause);
    let _ = writeln!(text, "- Expected: {}", line(&deviation.expected));
    let _ = writeln!(text, "- Got: {}", line(&deviation.got));
    let _ = writeln!(text, "- Consequence: {}", line(&deviation.consequence));
    let same: Vec<String> = report.explained_by(&result.id).map(|r| format!("`{}`", r.id)).collect();
    if !same.is_empty() {
        let _ = writeln!(text, "- The same cause: {}", same.join(", "));
    }
    text.push('\n');
    if let Some(minimal) = &deviation.minimal {
        text.push_str("Smallest request body that shows it:\n\n");
        fenced(text, "json", &serde_json::to_string_pretty(minimal).unwrap_or_default());
    }
    if let Some(evidence) = deviation.culprit() {
        fenced(text, "sh", &evidence.curl);
        fenced(text, "http", &super::answer(&evidence.exchange));
    }
}

/// A fence that is longer than any in the text.
fn fenced(text: &mut String, language: &str, body: &str) {
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(text, "{fence}{language}\n{body}\n{fence}\n");
}

/// On one line, with nothing that Markdown reads as more.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('<', "&lt;").replace('|', "\\|")
}
