//! What came of it: a table by theme, every deviation with its proof, and what could not be judged and why.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use validator::{CaseResult, Report, Verdict, VerdictKind};

use crate::output::{facts, printable, table};

use super::live::shortened;

/// Of what was sent or came back, in the summary; reports have it whole.
const PROOF_CHARACTERS: usize = 600;

pub(super) fn document(report: &Report) -> Value {
    let counts: serde_json::Map<String, Value> = VerdictKind::ALL
        .into_iter()
        .map(|kind| (kind.as_str().to_owned(), report.count(kind).into()))
        .collect();
    json!({ "exitCode": report.exit_code(), "verdicts": counts })
}

pub(super) fn text(report: &Report, files: &[String]) -> String {
    let mut parts = vec![by_theme(report)];
    parts.extend(report.causes().map(|result| deviation(report, result)));
    parts.extend(not_judged(report));
    parts.push(run_facts(report, files));
    parts.push(conclusion(report));
    parts.join("\n\n")
}

fn by_theme(report: &Report) -> String {
    let mut themes: Vec<&str> = Vec::new();
    for result in &report.results {
        if !themes.contains(&result.theme) {
            themes.push(result.theme);
        }
    }
    let row = |name: &str, of: &dyn Fn(&&CaseResult) -> bool| {
        let count = |kind: VerdictKind| {
            let n = report.results.iter().filter(|r| of(r) && r.verdict.kind() == kind).count();
            if n == 0 { "·".to_owned() } else { n.to_string() }
        };
        let [deviations, unjudged, passed, absent] = VerdictKind::ALL.map(count);
        [name.to_owned(), passed, deviations, unjudged, absent]
    };
    let rows = themes.iter().map(|theme| row(theme, &|r| r.theme == *theme));
    let levels = report
        .by_level()
        .into_iter()
        .filter(|(_, cases, _)| *cases > 0)
        .map(|(level, ..)| row(&format!("all {level}"), &move |r| r.level == level));
    let all = row("all", &|_| true);
    table(
        ["Theme", "Pass", "Deviation", "Could not judge", "Not applicable"],
        rows.chain(levels).chain(std::iter::once(all)),
    )
}

fn deviation(report: &Report, result: &CaseResult) -> String {
    let Verdict::Deviation(found) = &result.verdict else { return String::new() };
    let mut rows = vec![
        ("  expected", found.expected.clone()),
        ("  got", shortened(&found.got, PROOF_CHARACTERS)),
        ("  clause", found.clause.clone()),
        ("  consequence", found.consequence.clone()),
    ];
    if let Some(minimal) = &found.minimal {
        rows.push(("  smallest body", shortened(&minimal.to_string(), PROOF_CHARACTERS)));
    }
    let same: Vec<&str> = report.explained_by(&result.id).map(|r| r.id.as_str()).collect();
    if !same.is_empty() {
        rows.push(("  same cause", format!("{} more: {}", same.len(), same.join(", "))));
    }
    if let Some(evidence) = found.culprit() {
        rows.push(("  again", evidence.curl.replace('\n', " ")));
    }
    let head = format!("✗ {} {}: {}", result.level, printable(&result.id), printable(&result.title()));
    format!("{head}\n{}", facts(&rows))
}

/// By reason: one failed prerequisite stands for all that need it.
fn not_judged(report: &Report) -> Option<String> {
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for result in &report.results {
        if let Verdict::CouldNotJudge { why, .. } = &result.verdict {
            by_reason.entry(why.clone()).or_default().push(&result.id);
        }
    }
    if by_reason.is_empty() {
        return None;
    }
    let lines = by_reason.iter().map(|(why, ids)| {
        format!("? {}: {}", printable(&ids.join(", ")), printable(&shortened(why, PROOF_CHARACTERS)))
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn run_facts(report: &Report, files: &[String]) -> String {
    let mut rows = vec![
        ("target", report.target.url.clone()),
        ("seed", report.seed.to_string()),
        ("time", format!("{}.{} s", report.duration_ms / 1000, report.duration_ms % 1000 / 100)),
        ("requests", report.requests.to_string()),
        ("created", format!("{}, deleted {}", report.created, report.deleted)),
    ];
    if !report.left_over.is_empty() {
        let why = if report.kept { "kept" } else { "not deleted" };
        rows.push(("left there", format!("{} ({why})", report.left_over.len())));
        if !report.kept {
            rows.push(("", shortened(&report.left_over.join(" "), PROOF_CHARACTERS)));
        }
    }
    if !report.unsure.is_empty() {
        rows.push((
            "perhaps there",
            format!("{} (the create was not answered, and nothing could be looked up)", report.unsure.len()),
        ));
        rows.push(("", shortened(&report.unsure.join(" "), PROOF_CHARACTERS)));
    }
    if !files.is_empty() {
        rows.push(("reports", files.join(", ")));
    }
    facts(&rows)
}

fn conclusion(report: &Report) -> String {
    let cancelled = if report.cancelled { "Stopped before the end. " } else { "" };
    let verdict = match report.exit_code() {
        0 => "No deviation",
        1 => "NOT clean",
        _ => "No deviation, but not everything could be judged",
    };
    format!("{cancelled}{verdict}: {}.", report.summary())
}
