//! Synchronization jobs: each application has one, made with it.

use http::StatusCode;
use jiff::Timestamp;
use provision::application::Application;
use provision::control::{Cycle, Linked, ResetScope, StatusView};
use provision::graph_schema;
use provision::job::{Job, JobStatus};
use serde_json::{Value, json};

use super::exchange::{Answer, Call};
use super::job_change;
use super::reply::{Failure, Reply};

/// The one synchronization template: SCIM.
pub(crate) const TEMPLATE: &str = "scim";
/// Graph's "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

pub(crate) async fn templates(call: Call) -> Answer {
    let application = call.application().await?;
    Ok(Reply::list(vec![template_of(&application)]))
}

pub(crate) async fn template(call: Call) -> Answer {
    let application = call.application().await?;
    check_template(&call)?;
    Ok(Reply::json(template_of(&application)))
}

pub(crate) async fn template_schema(call: Call) -> Answer {
    call.application().await?;
    check_template(&call)?;
    Ok(Reply::json(json!(graph_schema::to_graph(&graph_schema::Rules::default(), TEMPLATE, "1"))))
}

pub(crate) async fn list(call: Call) -> Answer {
    let application = call.application().await?;
    Ok(Reply::list(vec![current(&call, &application).await?]))
}

/// The job is there already; asking for it again changes nothing.
pub(crate) async fn create(mut call: Call) -> Answer {
    let application = call.application().await?;
    match call.object()?.get("templateId").and_then(Value::as_str) {
        Some(id) if id.eq_ignore_ascii_case(TEMPLATE) => {}
        Some(_) | None => return Err(Failure::bad("templateId: the one template there is is \"scim\"")),
    }
    Ok(Reply::created(current(&call, &application).await?))
}

pub(crate) async fn get(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    Ok(Reply::json(current(&call, &application).await?))
}

/// Schedule and settings; whatever else of a job is sent must be what it is already.
pub(crate) async fn update(mut call: Call) -> Answer {
    let (application, job) = call.job().await?;
    let body = call.object()?;
    let view = call.app.provisioning.status(call.tenant(), &application.id).await;
    let view = view.map_err(|error| call.refused(error))?;
    let change = job_change::read(&body, &job, &shown(&view, call.arrival.at))?;
    let done = call.app.provisioning.reconfigure(call.context(), &application.id, job.epoch, change).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::json(current(&call, &application).await?))
}

/// Graph ingests people of HR systems here; a job of Muster leads out of the tenant, and nothing comes in by it.
pub(crate) async fn bulk_upload(call: Call) -> Answer {
    call.job().await?;
    Err(Failure::new(
        StatusCode::NOT_IMPLEMENTED,
        "a job leads out of this tenant and takes nothing in; write users through SCIM (POST, PATCH /scim/v2/{tenant}/Users \
         with an API key of scope SCIM2), or from a file with muster import",
    ))
}

pub(crate) async fn delete(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let done = call.app.provisioning.reset_job(call.context(), &application.id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn start(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let done = call.app.provisioning.start(call.context(), &application.id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn pause(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let done = call.app.provisioning.pause(call.context(), &application.id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn restart(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let scope = match call.body.get("criteria").and_then(|criteria| criteria.get("resetScope")) {
        None | Some(Value::Null) => ResetScope::RESTART,
        Some(Value::String(text)) => ResetScope::parse(text).map_err(|error| call.refused(error))?,
        Some(_) => return Err(Failure::bad("criteria/resetScope: expected names joined by commas")),
    };
    let done = call.app.provisioning.restart(call.context(), &application.id, scope).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

fn check_template(call: &Call) -> Result<(), Failure> {
    let id = call.part("template");
    if id.eq_ignore_ascii_case(TEMPLATE) {
        Ok(())
    } else {
        Err(Failure::missing("synchronization template", id))
    }
}

fn template_of(application: &Application) -> Value {
    json!({
        "id": TEMPLATE,
        "applicationId": application.id,
        "default": true,
        "description": "SCIM 2.0",
        "discoverable": false,
        "factoryTag": "customappsso",
        "metadata": [],
    })
}

async fn current(call: &Call, application: &Application) -> Result<Value, Failure> {
    let view = call.app.provisioning.status(call.tenant(), &application.id).await;
    Ok(shown(&view.map_err(|error| call.refused(error))?, call.arrival.at))
}

fn shown(view: &StatusView, now: Timestamp) -> Value {
    let job = &view.job;
    json!({
        "id": job.id,
        "templateId": TEMPLATE,
        "schedule": { "expiration": null, "interval": job.config.interval.to_string(), "state": schedule(view) },
        "status": status(view, now),
        "synchronizationJobSettings": job_change::settings(job),
    })
}

/// What was never started is disabled in Graph's words.
fn schedule(view: &StatusView) -> &'static str {
    use provision::cycle_schedule::ScheduleState;
    match (view.status, view.job.schedule) {
        (JobStatus::NotConfigured | JobStatus::NotRun, ScheduleState::Paused) => "Disabled",
        (_, ScheduleState::Active) => "Active",
        (_, ScheduleState::Disabled) => "Disabled",
        (_, ScheduleState::Paused) => "Paused",
    }
}

fn status(view: &StatusView, now: Timestamp) -> Value {
    let state = &view.job.state;
    let ended = view.cycles.iter().filter(|cycle| cycle.ended.is_some() && cycle.kind != "onDemand");
    let completed = |cycle: &&Cycle| cycle.outcome.as_deref() == Some("completed");
    let progress = view.progress.as_ref().map(|progress| {
        json!({
            "completedUnits": progress.done,
            "totalUnits": progress.expected,
            "units": "objects",
            "progressObservationDateTime": now,
        })
    });
    json!({
        "code": status_code(view.status),
        "countSuccessiveCompleteFailures": state.quarantine.as_ref().map_or(state.unreachable, |q| q.series_count),
        "escrowsPruned": false,
        "steadyStateFirstAchievedTime": or_never(state.steady_first),
        "steadyStateLastAchievedTime": or_never(state.steady_last),
        "troubleshootingUrl": "",
        "quarantine": quarantine(&view.job),
        "lastExecution": ended.clone().next().map(execution),
        "lastSuccessfulExecution": ended.clone().find(completed).map(execution),
        "lastSuccessfulExecutionWithExports":
            ended.clone().find(|cycle| completed(cycle) && exported(cycle) > 0).map(execution),
        "progress": progress.into_iter().collect::<Vec<_>>(),
        "synchronizedEntryCountByType": entries(&view.job, &[("User", view.users), ("Group", view.groups)]),
    })
}

fn status_code(status: JobStatus) -> &'static str {
    match status {
        JobStatus::NotConfigured => "NotConfigured",
        JobStatus::NotRun => "NotRun",
        JobStatus::Active => "Active",
        JobStatus::Paused => "Paused",
        JobStatus::Quarantine => "Quarantine",
    }
}

fn or_never(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NEVER.to_owned(), |at| at.to_string())
}

fn quarantine(job: &Job) -> Value {
    let Some(quarantine) = &job.state.quarantine else { return Value::Null };
    json!({
        "currentBegan": quarantine.current_began,
        "nextAttempt": quarantine.next_attempt,
        "reason": quarantine.reason,
        "seriesBegan": quarantine.series_began,
        "seriesCount": quarantine.series_count,
        "error": {
            "code": quarantine.reason,
            "message": format!("{} {}", quarantine.message, quarantine.reason.advice()),
            "tenantActionable": true,
        },
    })
}

fn exported(cycle: &Cycle) -> u64 {
    let changed = |action: &str| matches!(action, "create" | "update" | "disable" | "delete");
    cycle.counts.iter().filter(|c| c.status == "success" && changed(&c.action)).map(|c| c.n).sum()
}

fn execution(cycle: &Cycle) -> Value {
    let all: u64 = cycle.counts.iter().map(|count| count.n).sum();
    let failed: u64 =
        cycle.counts.iter().filter(|count| count.status == "failure").map(|count| count.n).sum();
    let exported = exported(cycle);
    let completed = cycle.outcome.as_deref() == Some("completed");
    let error = (!completed).then(|| {
        json!({
            "code": cycle.outcome,
            "message": cycle.message,
            "tenantActionable": true,
        })
    });
    json!({
        "activityIdentifier": cycle.id,
        "countEntitled": all,
        "countEntitledForProvisioning": all,
        "countEscrowed": failed,
        "countEscrowedRaw": failed,
        "countExported": exported,
        "countExports": exported,
        "countImported": all,
        "countImportedDeltas": all,
        "countImportedReferenceDeltas": 0,
        "state": match (completed, failed) {
            (true, 0) => "Succeeded",
            (true, _) => "EntryLevelErrors",
            (false, _) => "Failed",
        },
        "error": error,
        "timeBegan": cycle.began,
        "timeEnded": cycle.ended,
    })
}

fn entries(job: &Job, linked: &[(&str, Linked)]) -> Vec<Value> {
    let targets = &job.rules.targets;
    let entry = |(kind, linked): &(&str, Linked)| {
        let target = targets.iter().find(|target| target.kind.as_str() == *kind)?;
        Some(json!({ "key": format!("{kind} to {}", target.object_name), "value": linked.managed }))
    };
    linked.iter().filter_map(entry).collect()
}
