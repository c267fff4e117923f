//! Reports hold to the schemas that others publish, judged by validators that are not ours. `tests/schemas/README.md`
//! says where the schemas are from.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use validator::report::Format;
use validator::{Report, Verdict, VerdictKind};

use crate::broken::Fault;
use crate::support::against;

/// A run with each kind of verdict.
async fn report() -> Report {
    let report = against(Some(Fault::StringBooleansRefused)).await;
    for kind in
        [VerdictKind::Pass, VerdictKind::Deviation, VerdictKind::NotApplicable, VerdictKind::CouldNotJudge]
    {
        assert!(report.count(kind) > 0, "no {kind:?} to write");
    }
    report
}

/// The same, from a target whose URL and words try every character that a format could choke on.
async fn hostile() -> Report {
    let evil = "</pre>]]>\u{1}\u{fffe}\r\n\t\"'&<!-- é 😀";
    let url = "http://[::1]:8080/v2/Users?filter=emails[type eq \"wörk\"]&x=100%|{}^`\\";
    let mut report = report().await;
    report.target.url = url.to_owned();
    for result in &mut report.results {
        match &mut result.verdict {
            Verdict::Deviation(deviation) => {
                deviation.got = evil.to_owned();
                for evidence in &mut deviation.exchanges {
                    evidence.exchange.url = url.to_owned();
                    evidence.exchange.response_body = Some(evil.to_owned());
                    evidence.curl = evil.to_owned();
                }
            }
            Verdict::NotApplicable { why } | Verdict::CouldNotJudge { why, .. } => *why = evil.to_owned(),
            Verdict::Pass => {}
        }
    }
    report
}

/// What the SARIF 2.1.0 schema has against a document, formats of strings included.
fn sarif_errors(document: &Value) -> Vec<String> {
    let text = include_str!("../schemas/sarif-schema-2.1.0.json");
    // As published, the pattern of two `language` members (never written here) has a bracket too many; a strict reader of
    // expressions refuses the whole schema for it.
    let (slip, meant) = ("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    assert_eq!(text.matches(slip).count(), 2);
    let schema: Value = serde_json::from_str(&text.replace(slip, meant)).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[tokio::test]
async fn sarif_validates() {
    for report in [report().await, hostile().await] {
        let document = serde_json::from_str(&Format::Sarif.write(&report)).unwrap();
        assert_eq!(sarif_errors(&document), [""; 0]);
    }
}

#[tokio::test]
async fn broken_sarif_does_not_validate() {
    let document: Value = serde_json::from_str(&Format::Sarif.write(&report().await)).unwrap();
    for (at, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/tool", json!({})),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({ "words": "no such member" })),
        ("/runs/0/results/0/ruleIndex", json!("0")),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("http://a/b c")),
        ("/runs/0/invocations/0/startTimeUtc", json!("yesterday")),
        ("/runs/0/invocations/0/toolExecutionNotifications/0/message", Value::Null),
    ] {
        let mut broken = document.clone();
        *broken.pointer_mut(at).unwrap_or_else(|| panic!("nothing at {at}")) = wrong;
        let errors = sarif_errors(&broken);
        assert!(errors.iter().any(|e| e.starts_with(at)), "{at}: {errors:?}");
    }
}

/// What xmllint says of a document held to the JUnit schema.
fn junit_validates(document: &str) -> Result<(), String> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/junit-10.xsd");
    let mut child = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("this test needs xmllint (apt-get install libxml2-utils): {e}"));
    // Where it stops reading, its own words below say why.
    let _ = child.stdin.take().unwrap().write_all(document.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        // 1: not well formed; 3: not valid. Anything else is about the schema or the program.
        Some(1 | 3) => Err(said),
        _ => panic!("xmllint could not judge ({}): {said}", output.status),
    }
}

#[tokio::test]
async fn junit_validates_too() {
    for report in [report().await, hostile().await] {
        assert_eq!(junit_validates(&Format::JUnit.write(&report)), Ok(()));
    }
}

#[tokio::test]
async fn broken_junit_does_not_validate() {
    let document = Format::JUnit.write(&report().await);
    for (right, wrong) in [
        ("<testsuite name=", "<testsuite title="),
        (" time=\"", " time=\"about "),
        ("<failure ", "<failure severity=\"high\" "),
        ("<skipped message=", "<ignored message="),
        ("<error message=", "<error why="),
        ("</testsuites>", ""),
    ] {
        let broken = document.replacen(right, wrong, 1);
        assert_ne!(broken, document, "nothing to break: {right}");
        assert!(junit_validates(&broken).is_err(), "{right} as {wrong} passes");
    }
}
