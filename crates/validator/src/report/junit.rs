//! The report as JUnit XML (the schema of Jenkins' xunit plugin): a suite a theme, a test case a case.
//!
//! A deviation is a failure, a case that could not be judged an error, one that does not apply is skipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::report::{CaseResult, Report};
use crate::verdict::{Verdict, VerdictKind};

pub fn write(report: &Report) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut themes: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for result in &report.results {
        if !order.contains(&result.theme) {
            order.push(result.theme);
        }
        themes.entry(result.theme).or_default().push(result);
    }
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"SCIM validation of {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        escaped(&report.target.url),
        report.results.len(),
        report.count(VerdictKind::Deviation),
        report.count(VerdictKind::CouldNotJudge),
        seconds(report.duration_ms),
    );
    for theme in order {
        if let Some(results) = themes.get(theme) {
            suite(&mut xml, theme, results, report);
        }
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, theme: &str, results: &[&CaseResult], report: &Report) {
    let count = |kind| results.iter().filter(|r| r.verdict.kind() == kind).count();
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\" timestamp=\"{}\">",
        escaped(theme),
        results.len(),
        count(VerdictKind::Deviation),
        count(VerdictKind::CouldNotJudge),
        count(VerdictKind::NotApplicable),
        seconds(results.iter().map(|r| r.duration_ms).sum()),
        report.started.strftime("%Y-%m-%dT%H:%M:%S"),
    );
    for result in results {
        case(xml, result);
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, result: &CaseResult) {
    let _ = write!(
        xml,
        "    <testcase name=\"{}\" classname=\"scim.{}.{}\" time=\"{}\"",
        escaped(&result.title()),
        escaped(result.theme),
        escaped(&result.id),
        seconds(result.duration_ms),
    );
    let reason = result.verdict.reason();
    match &result.verdict {
        Verdict::Pass => xml.push_str("/>\n"),
        Verdict::Deviation(deviation) => {
            let _ = writeln!(
                xml,
                ">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>",
                escaped(&reason),
                result.level,
                escaped(&super::plain(result, deviation)),
            );
        }
        Verdict::CouldNotJudge { .. } => {
            let _ = writeln!(
                xml,
                ">\n      <error message=\"{}\" type=\"could-not-judge\"/>\n    </testcase>",
                escaped(&reason)
            );
        }
        Verdict::NotApplicable { .. } => {
            let _ = writeln!(xml, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(&reason));
        }
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// For text and attributes; what XML 1.0 cannot hold becomes U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if u32::from(c) < 0x20 || matches!(u32::from(c), 0xfffe | 0xffff) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
