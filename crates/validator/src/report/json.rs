//! The report as JSON: everything, for programs and for comparing two runs.

use serde_json::{Value, json};

use crate::report::Report;
use crate::verdict::VerdictKind;

/// Changes when the form does.
pub const VERSION: u32 = 1;

pub fn value(report: &Report) -> Value {
    let mut body = serde_json::to_value(report).unwrap_or_default();
    let counts: serde_json::Map<String, Value> =
        VerdictKind::ALL.into_iter().map(|k| (k.as_str().to_owned(), report.count(k).into())).collect();
    body["version"] = VERSION.into();
    body["summary"] = json!({ "verdicts": counts, "exitCode": report.exit_code() });
    body
}

pub fn write(report: &Report) -> String {
    serde_json::to_string_pretty(&value(report)).unwrap_or_default()
}
