//! The report as SARIF 2.1.0: a rule a check, a result a deviation, for code scanning in CI.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::check::{Check, Level};
use crate::checks;
use crate::report::{CaseResult, Report};
use crate::verdict::{Deviation, Verdict, VerdictKind};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn write(report: &Report) -> String {
    serde_json::to_string_pretty(&value(report)).unwrap_or_default()
}

pub fn value(report: &Report) -> Value {
    let used: Vec<&Check> =
        checks::all().iter().filter(|c| report.results.iter().any(|r| r.check == c.id)).collect();
    let results: Vec<Value> = report
        .results
        .iter()
        .filter_map(|result| match &result.verdict {
            Verdict::Deviation(deviation) => Some(finding(report, result, deviation, &used)),
            _ => None,
        })
        .collect();
    let notes: Vec<Value> = report
        .results
        .iter()
        .filter(|r| r.verdict.kind() == VerdictKind::CouldNotJudge)
        .map(|r| {
            json!({
                "level": "warning",
                "message": { "text": format!("{}: {}", r.id, r.verdict.reason()) },
                "associatedRule": { "id": r.check },
            })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Muster validator",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://www.rfc-editor.org/rfc/rfc7644",
                "rules": used.iter().map(|c| rule(c)).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": !report.cancelled,
                "exitCode": report.exit_code(),
                "startTimeUtc": report.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "toolExecutionNotifications": notes,
            }],
            "columnKind": "unicodeCodePoints",
            "properties": { "target": report.target.url, "seed": report.seed.to_string(), "summary": report.summary() },
            "results": results,
        }],
    })
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Must | Level::Entra | Level::Okta => "error",
        Level::Should => "warning",
        Level::May => "note",
    }
}

fn rule(check: &Check) -> Value {
    json!({
        "id": check.id,
        "name": check.name,
        "shortDescription": { "text": check.name },
        "fullDescription": { "text": check.what },
        "help": { "text": format!("{} ({}). {}", check.clause, check.level, check.why) },
        "defaultConfiguration": { "level": severity(check.level) },
        "properties": { "tags": [check.theme, check.level.as_str()] },
    })
}

fn finding(report: &Report, result: &CaseResult, deviation: &Deviation, used: &[&Check]) -> Value {
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": result.id, "kind": "resource" }],
    });
    // Code scanning wants a place; the request's URL is the one there is.
    let uri = deviation.culprit().map_or_else(|| report.target.url.clone(), |e| e.exchange.url.clone());
    location["physicalLocation"] = json!({ "artifactLocation": { "uri": encoded(&uri) } });
    json!({
        "ruleId": result.check,
        "ruleIndex": used.iter().position(|c| c.id == result.check),
        "level": severity(result.level),
        "message": { "text": super::plain(result, deviation) },
        "locations": [location],
        "partialFingerprints": { "case/v1": result.id },
    })
}

/// A URL as people and browsers write it, as the URI reference (RFC 3986) that the schema asks for: what it may not hold
/// is encoded. Brackets stay where they are an IPv6 address's.
fn encoded(uri: &str) -> String {
    let start = uri.find("://").map_or(0, |at| at + "://".len());
    let path = uri[start..].find(['/', '?', '#']).map_or(uri.len(), |at| start + at);
    let mut out = String::with_capacity(uri.len());
    for (at, byte) in uri.bytes().enumerate() {
        let may = match byte {
            b'%' => {
                uri.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
            }
            b'[' | b']' => at < path && start > 0,
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte),
        };
        if may {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
