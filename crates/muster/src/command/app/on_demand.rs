//! Provision on demand: one user or group now, each step shown.

use std::process::ExitCode;

use directory::Kind;
use provision::on_demand::OnDemandReport;
use provision::record::LogStatus;
use serde_json::json;

use crate::output::{Failure, Output, Result, facts};

use super::{Found, entry, refused};

/// Exit code 1 if it failed; what is skipped is as it should be.
pub(super) async fn run(
    found: &Found<'_>,
    object: &str,
    members: &[String],
    output: Output,
) -> Result<ExitCode> {
    let object = found.object(object).await?;
    let mut ids = Vec::new();
    for member in members {
        let member = found.object(member).await?;
        if member.kind != Kind::User {
            return Err(Failure::usage(format!("{} is a group", member.name)).hint("--member names users"));
        }
        ids.push(member.id);
    }
    let provisioning = &found.house.provisioning;
    let ran = provisioning.on_demand(found.context(), found.id(), object.kind, &object.id, ids).await;
    let report = ran.map_err(refused)?;
    output.answer(&json!(report), || text(&report));
    Ok(match report.status {
        LogStatus::Failure => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

pub(crate) fn text(report: &OnDemandReport) -> String {
    let mut rows = vec![
        (if report.kind == "Group" { "group" } else { "user" }, report.name.clone()),
        ("action", report.action.as_str().to_owned()),
        ("status", report.status.as_str().to_owned()),
        ("what happened", report.summary.clone()),
    ];
    rows.extend(report.code.iter().map(|code| ("code", code.clone())));
    rows.extend(report.target_id.iter().map(|id| ("target", id.clone())));
    rows.extend(report.document.recommendation.iter().map(|text| ("what to do", text.clone())));
    let numbers: Vec<String> = report.entries.iter().map(ToString::to_string).collect();
    rows.push(("log entry", numbers.join(", ")));
    let document = &report.document;
    format!("{}\n\n{}", facts(&rows), entry::tree(&document.steps, &document.modified, &document.exchanges))
}
