//! Start, pause, restart.

use std::process::ExitCode;

use provision::control::ResetScope;
use provision::job::{Job, JobStatus};
use serde_json::json;

use crate::output::{Failure, Output, Result};

use super::register::status_word;
use super::{Found, refused};

pub(super) async fn start(found: &Found<'_>, output: Output) -> Result<ExitCode> {
    let job = found.house.provisioning.start(found.context(), found.id()).await.map_err(refused)?;
    present(found, &job, output, || match job.status() {
        JobStatus::Quarantine => format!(
            "{} is started and in quarantine; correct the cause, then: muster app restart {}",
            found.name(),
            found.flags()
        ),
        _ => format!(
            "{} is started; a running `muster serve` takes it up within a second\n\nNext: muster app status {} --watch",
            found.name(),
            found.flags()
        ),
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn pause(found: &Found<'_>, output: Output) -> Result<ExitCode> {
    let job = found.house.provisioning.pause(found.context(), found.id()).await.map_err(refused)?;
    present(found, &job, output, || format!("{} is paused; nothing is forgotten", found.name()));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restart(found: &Found<'_>, reset: &str, output: Output) -> Result<ExitCode> {
    let scope = ResetScope::parse(reset).map_err(|error| Failure { usage: true, ..refused(error) })?;
    let job = found.house.provisioning.restart(found.context(), found.id(), scope).await.map_err(refused)?;
    present(found, &job, output, || {
        format!(
            "{} is restarted ({scope}); a running `muster serve` takes it up within a second\n\nNext: muster app status {} --watch",
            found.name(),
            found.flags()
        )
    });
    Ok(ExitCode::SUCCESS)
}

fn present(found: &Found<'_>, job: &Job, output: Output, text: impl FnOnce() -> String) {
    let document = json!({
        "application": found.id(),
        "status": job.status(),
        "state": status_word(job),
        "next_cycle": job.next.map(|at| at.to_string()),
    });
    output.answer(&document, text);
}
