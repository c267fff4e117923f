//! How a job stands, and a bar to follow its cycle with.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use provision::control::{Count, Cycle, Progress, StatusView};
use provision::cycle_schedule::ScheduleState;
use serde_json::{Value, json};

use crate::house::House;
use crate::output::{Failure, Output, Result, facts, table};
use crate::progress;

use super::register::status_word;
use super::{Found, refused};

const LOOK: Duration = Duration::from_millis(200);
/// Looks without a cycle after which it is said that nobody may be working.
const PATIENCE: u32 = 50;

/// With `watch`: exit code 0 only if the cycle completed.
pub(super) async fn status(found: &Found<'_>, watch: bool, output: Output) -> Result<ExitCode> {
    let view = if watch { followed(found).await? } else { view(found).await? };
    output.answer(&document(found, &view), || text(found, &view));
    let completed = view.cycles.first().and_then(|cycle| cycle.outcome.as_deref()) == Some("completed");
    Ok(if watch && !completed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn view(found: &Found<'_>) -> Result<StatusView> {
    found.house.provisioning.status(&found.tenant, found.id()).await.map_err(refused)
}

async fn followed(found: &Found<'_>) -> Result<StatusView> {
    let first = view(found).await?;
    if !is_awaited(found.house, &first) {
        return Ok(first);
    }
    let before = first.cycles.first().filter(|cycle| cycle.ended.is_some()).map(|cycle| cycle.id.clone());
    let bar = progress::objects();
    let mut idle = 0;
    loop {
        let view = view(found).await?;
        let newest = view.cycles.first();
        if newest.is_some_and(|cycle| cycle.ended.is_some() && Some(&cycle.id) != before.as_ref()) {
            bar.finish_and_clear();
            return Ok(view);
        }
        if view.job.schedule != ScheduleState::Active && !view.job.running {
            bar.finish_and_clear();
            return Err(Failure::new(format!("{} was paused before the cycle ended", found.name()))
                .hint(format!("muster app start {}", found.flags())));
        }
        idle = if view.job.running { 0 } else { idle + 1 };
        if idle == PATIENCE {
            bar.suspend(|| {
                eprintln!("no cycle has begun yet; is `muster serve` running on this data folder?")
            });
        }
        advance(&bar, &view);
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a cycle runs or is about to.
fn is_awaited(house: &House, view: &StatusView) -> bool {
    view.job.running
        || view.progress.is_some() && view.job.schedule == ScheduleState::Active
        || view.job.next.is_some_and(|next| next <= house.directory.now())
}

/// The bar says what is known: how many there are is a guess while the source is read.
pub(crate) fn advance(bar: &ProgressBar, view: &StatusView) {
    let Some(progress) = &view.progress else { return };
    let (done, total) = advanced(view, progress);
    bar.set_length(total);
    bar.set_position(done);
    bar.set_message(format!("{} cycle", progress.kind.as_str()));
}

/// How many are done, and of how many. The job is saved from time to time, what was done in the cycle with each object.
fn advanced(view: &StatusView, progress: &Progress) -> (u64, u64) {
    let running = view.cycles.first().filter(|cycle| cycle.ended.is_none());
    let counted = running.map_or(0, |cycle| cycle.counts.iter().map(|count| count.n).sum());
    let done = progress.done.max(counted);
    (done, progress.expected.max(done + progress.waiting))
}

fn document(found: &Found<'_>, view: &StatusView) -> Value {
    let job = &view.job;
    json!({
        "application": { "id": found.id(), "name": found.name() },
        "status": view.status,
        "state": status_word(job),
        "schedule": job.schedule,
        "running": job.running,
        "next_cycle": job.next.map(|at| at.to_string()),
        "progress": view.progress,
        "quarantine": job.state.quarantine,
        "staged_deletes": job.state.staged,
        "users": view.users,
        "groups": view.groups,
        "assigned": { "users": view.assigned_users, "groups": view.assigned_groups },
        "held": { "objects": view.escrows, "next_try": view.next_escrow.map(|at| at.to_string()) },
        "cycles": view.cycles,
    })
}

fn text(found: &Found<'_>, view: &StatusView) -> String {
    let rows = rows(found, view);
    let rows: Vec<(&str, String)> = rows.into_iter().collect();
    if view.cycles.is_empty() {
        return facts(&rows);
    }
    let cycles = table(
        ["Began", "Cycle", "Took", "Outcome", "What was done"],
        view.cycles.iter().map(|cycle| {
            let outcome = cycle.outcome.clone().unwrap_or_else(|| "running".to_owned());
            let why = cycle.message.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            [cycle.began.to_string(), cycle.kind.clone(), took(cycle), outcome, done(&cycle.counts) + &why]
        }),
    );
    format!("{}\n\n{cycles}", facts(&rows))
}

fn rows(found: &Found<'_>, view: &StatusView) -> Vec<(&'static str, String)> {
    let job = &view.job;
    let next = match (&job.next, job.running) {
        (_, true) => String::new(),
        (Some(at), false) => format!(", next cycle {at}"),
        (None, false) => String::new(),
    };
    let mut rows =
        vec![("application", found.name().to_owned()), ("status", format!("{}{next}", status_word(job)))];
    if let Some(quarantine) = &job.state.quarantine {
        rows.push(("quarantine", format!("since {}: {}", quarantine.current_began, quarantine.message)));
        rows.push(("what to do", quarantine.reason.advice().to_owned()));
        if job.state.staged > 0 {
            let allow = format!("muster app restart {} --reset ForceDeletes", found.flags());
            rows.push(("allow deletes", allow));
        }
    }
    if let Some(progress) = &view.progress {
        rows.push(("progress", sentence(view, progress)));
    }
    rows.extend([
        ("users", format!("{} provisioned, {} of them disabled", view.users.managed, view.users.disabled)),
        ("groups", format!("{} provisioned", view.groups.managed)),
        ("assigned", format!("{} users, {} groups", view.assigned_users, view.assigned_groups)),
    ]);
    if view.escrows > 0 {
        let next = view.next_escrow.map(|at| format!(", the first at {at}")).unwrap_or_default();
        rows.push(("failed", format!("{} objects are held and tried again{next}", view.escrows)));
    }
    rows
}

fn sentence(view: &StatusView, progress: &Progress) -> String {
    let (done, total) = advanced(view, progress);
    let rate = progress.rate.map(|rate| format!(", {rate:.0} a second")).unwrap_or_default();
    format!("{} cycle, {done} of {total} objects{rate}", progress.kind.as_str())
}

fn took(cycle: &Cycle) -> String {
    let Some(ended) = cycle.ended else { return "-".to_owned() };
    format!("{:.1} s", ended.duration_since(cycle.began).as_secs_f64())
}

/// `1000 created, 3 updated, 2 skipped`, users and groups together.
pub(crate) fn done(counts: &[Count]) -> String {
    let words = [
        ("create", "created"),
        ("update", "updated"),
        ("disable", "disabled"),
        ("delete", "deleted"),
        ("stagedDelete", "held back"),
        ("other", "otherwise"),
    ];
    let total = |is: &dyn Fn(&&Count) -> bool| counts.iter().filter(is).map(|count| count.n).sum::<u64>();
    let good = |count: &Count| matches!(count.status.as_str(), "success" | "warning");
    let mut parts: Vec<String> = words
        .iter()
        .map(|(action, word)| (total(&|count| good(count) && count.action == *action), *word))
        .chain([
            (total(&|count| count.status == "skipped"), "skipped"),
            (total(&|count| count.status == "failure"), "failed"),
        ])
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_in_a_line() {
        let count = |action: &str, status: &str, n| Count {
            kind: "User",
            action: action.to_owned(),
            status: status.to_owned(),
            n,
        };
        assert_eq!(done(&[]), "nothing to do");
        let counts = [
            count("create", "success", 3),
            count("create", "failure", 1),
            count("update", "skipped", 2),
            count("update", "warning", 4),
        ];
        assert_eq!(done(&counts), "3 created, 4 updated, 2 skipped, 1 failed");
    }
}
