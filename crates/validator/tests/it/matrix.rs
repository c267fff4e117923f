//! No fault, no deviation; each fault is found, and only by checks that may see it.

use std::collections::HashMap;

use validator::{Report, VerdictKind};

use crate::broken::Fault;
use crate::support::against;

fn is_expected(fault: Fault, case: &str, theme: &str) -> bool {
    fault.expected().iter().any(|pattern| {
        pattern.split_once('*').map_or_else(
            || case == *pattern || case.split(':').next() == Some(pattern),
            |(head, tail)| case.starts_with(head) && case.ends_with(tail) || theme == *pattern,
        )
    })
}

fn kinds(report: &Report) -> HashMap<String, VerdictKind> {
    report.results.iter().map(|r| (r.id.clone(), r.verdict.kind())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_server_has_no_deviation() {
    let report = against(None).await;
    let found: Vec<String> = report
        .results
        .iter()
        .filter(|r| matches!(r.verdict.kind(), VerdictKind::Deviation | VerdictKind::CouldNotJudge))
        .map(|r| format!("{}: {}", r.id, r.verdict.reason()))
        .collect();
    assert!(found.is_empty(), "seed {}\n{}", report.seed, found.join("\n"));
    assert_eq!(report.left_over, Vec::<String>::new());
    println!("{} in {} ms, {} requests", report.summary(), report.duration_ms, report.requests);
}

/// What is wrong with one row of the matrix.
async fn row(fault: Fault, baseline: &HashMap<String, VerdictKind>) -> Vec<String> {
    let report = against(Some(fault)).await;
    let mut wrong = Vec::new();
    let red: Vec<_> = report.deviations().collect();
    if !red.iter().any(|r| is_expected(fault, &r.id, r.theme)) {
        wrong.push(format!("{fault:?} ({}) is not found", fault.what()));
    }
    for result in red {
        if !is_expected(fault, &result.id, result.theme) {
            wrong.push(format!("{fault:?}: {} should not care: {}", result.id, result.verdict.reason()));
        }
    }
    for (id, kind) in kinds(&report) {
        let before = baseline.get(&id).copied();
        let settled =
            matches!(kind, VerdictKind::Deviation | VerdictKind::CouldNotJudge | VerdictKind::NotApplicable);
        if !settled && before.is_some_and(|before| before != kind) {
            wrong.push(format!("{fault:?}: {id} was {before:?} and is {kind:?}"));
        }
    }
    wrong
}

/// The matrix in parts, so that as many run at once as there are cores. `FAULT=Name` runs one row.
const PARTS: usize = 4;

async fn part(number: usize) {
    let baseline = kinds(&against(None).await);
    let only = std::env::var("FAULT").ok();
    let mut wrong = Vec::new();
    for fault in Fault::ALL.iter().skip(number).step_by(PARTS) {
        if only.as_ref().is_none_or(|only| *only == format!("{fault:?}")) {
            wrong.extend(row(*fault, &baseline).await);
        }
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_faults_enough() {
    assert!(Fault::ALL.len() >= 60, "{}", Fault::ALL.len());
}

/// A check that no fault could fail would prove nothing.
#[test]
fn every_check_may_see_a_fault() {
    // Its fault would be a server that cannot do two things at once, which no other check could bear.
    const WITHOUT: &[&str] = &["parallel-creates"];
    for check in validator::checks::all().iter().filter(|check| !WITHOUT.contains(&check.id)) {
        let seen = Fault::ALL.iter().any(|fault| {
            let by_id = is_expected(*fault, check.id, check.theme);
            by_id || fault.expected().iter().any(|p| p.split([':', '*']).next() == Some(check.id))
        });
        assert!(seen, "{}", check.id);
    }
}

#[tokio::test]
async fn each_fault_is_found_by_those_who_should_1() {
    part(0).await;
}

#[tokio::test]
async fn each_fault_is_found_by_those_who_should_2() {
    part(1).await;
}

#[tokio::test]
async fn each_fault_is_found_by_those_who_should_3() {
    part(2).await;
}

#[tokio::test]
async fn each_fault_is_found_by_those_who_should_4() {
    part(3).await;
}
