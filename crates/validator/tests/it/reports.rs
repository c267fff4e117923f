//! Reports: nothing secret, nothing unescaped, and the structure that readers of each format ask for.

use serde_json::Value;
use validator::report::Format;
use validator::{Report, Verdict, VerdictKind};

use crate::broken::{Fault, TOKEN};
use crate::support::against;

/// Deviations, cases that could not be judged, and ones that do not apply.
async fn report() -> Report {
    against(Some(Fault::NumbersRefused)).await
}

async fn failing() -> Report {
    against(Some(Fault::TitleDropped)).await
}

#[tokio::test]
async fn no_report_has_the_token() {
    let report = against(Some(Fault::TokenEchoed)).await;
    assert!(report.count(VerdictKind::Deviation) > 0);
    for format in Format::ALL {
        assert!(!format.write(&report).contains(TOKEN), "{format:?}");
    }
}

#[tokio::test]
async fn a_deviation_says_everything() {
    let report = failing().await;
    let result = report.results.iter().find(|r| r.id == "user-create-full").unwrap();
    let Verdict::Deviation(deviation) = &result.verdict else { panic!("{:?}", result.verdict) };
    assert!(deviation.expected.contains("title") && deviation.got.contains("title"));
    assert!(!deviation.clause.is_empty() && !deviation.consequence.is_empty());
    // Reduced to what matters.
    let minimal = deviation.minimal.as_ref().unwrap().as_object().unwrap();
    let mut names: Vec<&str> = minimal.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["schemas", "title", "userName"]);
    let culprit = deviation.culprit().unwrap();
    assert_eq!(culprit.exchange.method, "POST");
    assert!(culprit.curl.starts_with("curl ") && culprit.curl.contains("$TOKEN"), "{}", culprit.curl);
    for format in Format::ALL {
        let text = format.write(&report);
        for part in ["user-create-full", "RFC 7644", "title"] {
            assert!(text.contains(part), "{format:?} lacks {part}");
        }
    }
}

#[tokio::test]
async fn json_can_be_read_again() {
    let report = report().await;
    let json: Value = serde_json::from_str(&Format::Json.write(&report)).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["results"].as_array().unwrap().len(), report.results.len());
    assert_eq!(json["summary"]["verdicts"]["deviation"], report.count(VerdictKind::Deviation));
    for result in json["results"].as_array().unwrap() {
        let verdict = result["verdict"].as_str().unwrap();
        assert!(["pass", "deviation", "not-applicable", "could-not-judge"].contains(&verdict), "{verdict}");
        assert!(result["id"].is_string() && result["level"].is_string() && result["clause"].is_string());
    }
}

/// What SARIF 2.1.0 requires of what is written: no more members than it knows, and those it asks for.
#[tokio::test]
async fn sarif_has_the_structure_of_its_schema() {
    let report = report().await;
    let sarif: Value = serde_json::from_str(&Format::Sarif.write(&report)).unwrap();
    let only = |value: &Value, allowed: &[&str]| {
        for name in value.as_object().unwrap().keys() {
            assert!(allowed.contains(&name.as_str()), "{name}");
        }
    };
    only(&sarif, &["$schema", "version", "runs"]);
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    only(run, &["tool", "invocations", "columnKind", "properties", "results"]);
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        only(
            rule,
            &[
                "id",
                "name",
                "shortDescription",
                "fullDescription",
                "help",
                "defaultConfiguration",
                "properties",
            ],
        );
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(
            ["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap())
        );
    }
    assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.count(VerdictKind::Deviation));
    for result in results {
        only(result, &["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"]);
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string());
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(url::Url::parse(uri).is_ok() && !uri.contains([' ', '"']), "{uri}");
    }
}

/// Depth, name and attributes.
type Element = (usize, String, Vec<(String, String)>);

/// A reader of just enough XML: names, attributes, nesting, entities.
fn elements(xml: &str) -> Vec<Element> {
    let (mut found, mut open, mut rest) = (Vec::new(), Vec::new(), xml);
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(
            !text.contains('>') && text.split('&').skip(1).all(|e| e.split_once(';').is_some()),
            "{text}"
        );
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('?') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "nesting");
            continue;
        }
        let (body, alone) = tag.strip_suffix('/').map_or((tag, false), |t| (t, true));
        let name = body.split_whitespace().next().unwrap().to_owned();
        let attributes = body[name.len()..].split("\" ").filter(|a| !a.trim().is_empty()).map(|a| {
            let (name, value) = a.trim().split_once("=\"").unwrap();
            assert!(!value.contains('<'), "{value}");
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        });
        found.push((open.len(), name.clone(), attributes.collect()));
        if !alone {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

/// The structure that the JUnit schema (xunit plugin) asks for.
#[tokio::test]
async fn junit_has_the_structure_of_its_schema() {
    let report = report().await;
    let xml = Format::JUnit.write(&report);
    let elements = elements(&xml);
    let number = |attributes: &[(String, String)], name: &str| -> usize {
        attributes.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1.parse().unwrap()
    };
    let of = |name: &str| elements.iter().filter(|(_, n, _)| n == name).collect::<Vec<_>>();
    assert_eq!(elements[0].1, "testsuites");
    assert_eq!(number(&elements[0].2, "tests"), report.results.len());
    assert_eq!(number(&elements[0].2, "failures"), report.count(VerdictKind::Deviation));
    let suites = of("testsuite");
    assert!(suites.iter().all(|(depth, ..)| *depth == 1));
    assert_eq!(suites.iter().map(|(_, _, a)| number(a, "tests")).sum::<usize>(), report.results.len());
    let cases = of("testcase");
    assert!(cases.iter().all(|(depth, _, a)| *depth == 2
        && ["name", "classname", "time"].iter().all(|n| a.iter().any(|(name, _)| name == n))));
    for (name, kind) in [
        ("failure", VerdictKind::Deviation),
        ("error", VerdictKind::CouldNotJudge),
        ("skipped", VerdictKind::NotApplicable),
    ] {
        assert_eq!(of(name).len(), report.count(kind), "{name}");
        assert!(
            of(name).iter().all(|(depth, _, a)| *depth == 3 && a.iter().any(|(n, _)| n == "message")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn html_stands_alone() {
    let report = failing().await;
    let html = Format::Html.write(&report);
    for never in ["<script", "src=", "<link", "@import", "url(", "javascript:"] {
        assert!(!html.contains(never), "{never}");
    }
    for always in [
        "<!DOCTYPE html>",
        "lang=\"en\"",
        "prefers-color-scheme: dark",
        "Content-Security-Policy",
        "<details",
    ] {
        assert!(html.contains(always), "{always}");
    }
    for result in &report.results {
        assert!(html.contains(&format!("id=\"{}\"", result.id)), "{}", result.id);
    }
    assert_eq!(html.matches("<details").count(), html.matches("</details>").count());
    assert_eq!(html.matches("<section>").count(), html.matches("</section>").count());
}

/// What a target sends is shown, never obeyed.
#[tokio::test]
async fn what_a_target_says_is_escaped() {
    let mut report = failing().await;
    let evil = "</pre><script>alert(1)</script>\u{1}`````\"'&";
    report.target.url = evil.to_owned();
    for result in &mut report.results {
        if let Verdict::Deviation(deviation) = &mut result.verdict {
            deviation.got = evil.to_owned();
            for evidence in &mut deviation.exchanges {
                evidence.exchange.response_body = Some(evil.to_owned());
                evidence.curl = evil.to_owned();
            }
        }
    }
    assert!(!Format::Html.write(&report).contains("<script>"));
    elements(&Format::JUnit.write(&report));
    assert!(!Format::JUnit.write(&report).contains('\u{1}'));
    let markdown = Format::Markdown.write(&report);
    assert!(markdown.contains("``````"), "a fence longer than any in the text");
    let _: Value = serde_json::from_str(&Format::Sarif.write(&report)).unwrap();
}

#[tokio::test]
async fn exit_codes() {
    let clean = against(None).await;
    assert_eq!(clean.exit_code(), 0);
    assert_eq!(failing().await.exit_code(), 1);
    let unjudged = Report {
        results: clean
            .results
            .into_iter()
            .map(|mut r| {
                r.verdict = Verdict::CouldNotJudge { why: "x".into(), exchanges: Vec::new() };
                r
            })
            .collect(),
        ..clean
    };
    assert_eq!(unjudged.exit_code(), 2);
}
