//! Plan before apply: a whole cycle without a write, and the cycle that a plan allows.

use std::process::ExitCode;

use provision::cycle_plan::{PlanEntry, PlanSummary};
use provision::job::CycleOutcome;
use serde_json::json;

use crate::output::{Output, Result, printable};
use crate::progress;

use super::status::done;
use super::{Found, entry, refused};

/// Something would change.
const CHANGES: u8 = 3;
/// Entries of one read.
const PAGE: usize = 500;
/// Values shown of what would be created.
const VALUES: usize = 4;

pub(super) async fn plan(found: &Found<'_>, all: bool, limit: usize, output: Output) -> Result<ExitCode> {
    let bar = progress::objects();
    bar.set_message("plan");
    let provisioning = &found.house.provisioning;
    let look = |looked, total| {
        bar.set_length(total);
        bar.set_position(looked);
    };
    let summary = provisioning.plan(found.context(), found.id(), all, &look).await.map_err(refused);
    bar.finish_and_clear();
    let summary = summary?;
    let (entries, more) = entries(found, &summary.id, limit).await?;
    let document =
        json!({ "plan": summary, "entries": entries, "more": more, "changes": summary.changes_anything() });
    output.answer(&document, || text(found, &summary, &entries, more));
    let failures = summary.counts.get("fail").copied().unwrap_or_default();
    Ok(match (summary.changes_anything(), failures) {
        (true, _) => ExitCode::from(CHANGES),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    })
}

/// What would be done, without what would be skipped; and whether there is more of it.
async fn entries(found: &Found<'_>, plan: &str, limit: usize) -> Result<(Vec<PlanEntry>, bool)> {
    let mut entries = Vec::new();
    let mut after = 0;
    loop {
        let page = found.house.provisioning.plan_entries(&found.tenant, found.id(), plan, None, after, PAGE);
        let page = page.await.map_err(refused)?;
        let Some((last, _)) = page.last() else { return Ok((entries, false)) };
        after = *last;
        for (_, entry) in page {
            if entry.action == "skip" {
                continue;
            }
            if entries.len() == limit {
                return Ok((entries, true));
            }
            entries.push(entry);
        }
    }
}

fn text(found: &Found<'_>, summary: &PlanSummary, entries: &[PlanEntry], more: bool) -> String {
    let counts: Vec<String> =
        summary.counts.iter().filter(|(_, n)| **n > 0).map(|(action, n)| format!("{n} {action}")).collect();
    let counts = if counts.is_empty() { "nothing to look at".to_owned() } else { counts.join(", ") };
    let mut lines = vec![
        format!("plan {}", summary.id),
        format!("{} cycle, {} objects looked at: {counts}", summary.kind.as_str(), summary.objects),
    ];
    if let Some(why) = &summary.held_back {
        lines.push(format!(
            "accidental-deletions prevention would hold the deletions of a scheduled cycle back: {why}"
        ));
    }
    if !entries.is_empty() {
        lines.push(String::new());
    }
    lines.extend(entries.iter().map(diff));
    if more {
        lines.push("… and more: --limit N".to_owned());
    }
    lines.push(String::new());
    lines.push(match summary.changes_anything() {
        true => format!("Nothing was sent. To do it: muster app apply {} {}", found.flags(), summary.id),
        false => "Nothing to do.".to_owned(),
    });
    lines.join("\n")
}

fn diff(planned: &PlanEntry) -> String {
    let sign = match planned.action.as_str() {
        "create" => '+',
        "disable" | "delete" => '-',
        "fail" => '!',
        _ => '~',
    };
    let mut lines = vec![format!(
        "{sign} {:<8}{:<6}{}  ({})",
        planned.action,
        planned.kind.as_str().to_lowercase(),
        printable(&planned.name),
        printable(&planned.reason)
    )];
    match planned.action.as_str() {
        // Everything of it is new: the first values say who it is, and `--json` has them all.
        "create" => lines.push(format!("    {}", printable(&values(planned)))),
        _ => lines.extend(
            planned.changes.iter().map(|change| format!("    {}", printable(&entry::change(change)))),
        ),
    }
    lines.join("\n")
}

fn values(planned: &PlanEntry) -> String {
    let values = planned.changes.iter().take(VALUES).filter_map(|change| {
        let value = change.new.as_ref()?;
        Some(format!("{} {}", change.name, entry::shown(value)))
    });
    let more = if planned.changes.len() > VALUES { ", …" } else { "" };
    values.collect::<Vec<_>>().join(", ") + more
}

/// Exit code 0 only if the cycle completed.
pub(super) async fn apply(found: &Found<'_>, plan: &str, output: Output) -> Result<ExitCode> {
    let bar = progress::objects();
    bar.set_message("checking the plan");
    let provisioning = &found.house.provisioning;
    let look = |looked, total| {
        bar.set_length(total);
        bar.set_position(looked);
        if looked == total {
            bar.set_message("applying");
        }
    };
    let outcome = provisioning.apply(found.context(), found.id(), plan, &look).await.map_err(refused);
    bar.finish_and_clear();
    let outcome = outcome?;
    let view = provisioning.status(&found.tenant, found.id()).await.map_err(refused)?;
    let cycle = view.cycles.first();
    let document = json!({ "plan": plan, "outcome": outcome, "cycle": cycle });
    output.answer(&document, || {
        let counts = cycle.map(|cycle| done(&cycle.counts)).unwrap_or_default();
        let why =
            cycle.and_then(|cycle| cycle.message.as_ref()).map(|why| format!("\n{why}")).unwrap_or_default();
        format!("{}: {counts}{why}", outcome.as_str())
    });
    Ok(if outcome == CycleOutcome::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
