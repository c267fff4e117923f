//! `auditLogs/provisioning`: what was done for each object, the newest first.

use std::collections::HashMap;

use directory::TenantId;
use jiff::Timestamp;
use provision::application::Application;
use provision::job::Job;
use provision::record::{Document, LogStatus, Modified, Step};
use provision::{LogQuery, LogRow};
use serde_json::{Map, Value, json};

use super::exchange::{Answer, Call};
use super::filter::{Filter, Literal, Test};
use super::reply::{Failure, Reply};

const LIST: &str = "provisioning";
const FILTERS: &[&str] = &[
    "id",
    "activityDateTime",
    "jobId",
    "cycleId",
    "changeId",
    "tenantId",
    "provisioningAction",
    "action",
    "durationInMilliseconds",
    "provisioningStatusInfo/status",
    "statusInfo/status",
    "provisioningStatusInfo/errorInformation/errorCode",
    "servicePrincipal/id",
    "servicePrincipal/displayName",
    "sourceIdentity/id",
    "sourceIdentity/displayName",
    "sourceIdentity/identityType",
    "targetIdentity/id",
    "initiatedBy/id",
    "initiatedBy/displayName",
    "initiatedBy/initiatorType",
];
/// Entries looked through for one page of a filter that no index helps; the next page goes on behind them.
const LOOKED_AT: usize = 100_000;

type Applications = HashMap<String, (Application, Job)>;

pub(crate) async fn list(call: Call) -> Answer {
    if let Some(filter) = &call.options.filter {
        filter.check(FILTERS, true)?;
    }
    match &call.options.order_by {
        None => {}
        Some((path, true)) if path.eq_ignore_ascii_case("activityDateTime") => {}
        Some(_) => return Err(Failure::bad("$orderby: entries come in one order, activityDateTime desc")),
    }
    let key = &call.client.key;
    let list =
        call.app.provisioning.applications(call.tenant()).await.map_err(|error| call.refused(error))?;
    let applications: Applications =
        list.into_iter().map(|(app, job)| (app.id.clone(), (app, job))).collect();
    let mut query = narrowed(call.options.filter.as_ref(), &applications);
    query.before = call.position(LIST)?.and_then(|at| at.parse().ok());
    let page = call.options.page();
    let (mut values, mut looked_at, mut more) = (Vec::new(), 0, true);
    while more && values.len() < page && looked_at < LOOKED_AT {
        query.limit = provision::limits::PAGE;
        let rows = call.app.provisioning.logs(call.tenant(), query.clone()).await;
        let rows = rows.map_err(|error| call.refused(error))?;
        more = rows.len() >= query.limit;
        looked_at += rows.len();
        for (at, row) in rows.iter().enumerate() {
            query.before = Some(row.number);
            // An application that is gone has left its entries; a key for one application sees those of that one.
            if !key.may_read_application(&row.entry.application) {
                continue;
            }
            let value = shown(row, &applications, call.tenant()).map_err(|error| call.refused(error))?;
            if call.options.filter.as_ref().is_none_or(|filter| filter.holds(&value)) {
                values.push(call.options.selected(value, &[])?);
            }
            if values.len() >= page {
                more |= at + 1 < rows.len();
                break;
            }
        }
    }
    let next = query.before.filter(|_| more).map(|before| call.token(LIST, &before.to_string()));
    Ok(call.page(values, next.as_deref(), None))
}

/// What of the filter the log can be narrowed by; all of it is asked of each entry afterwards.
fn narrowed(filter: Option<&Filter>, applications: &Applications) -> LogQuery {
    let mut query = LogQuery::default();
    for (path, test, value) in filter.map(Filter::conjuncts).unwrap_or_default() {
        let Some(text) = value.text().map(str::to_owned) else { continue };
        match (path.to_ascii_lowercase().as_str(), test) {
            ("jobid", Test::Eq) => {
                let found = applications.values().find(|(_, job)| job.id == text);
                query.application = Some(found.map(|(app, _)| app.id.clone()).unwrap_or_default());
            }
            ("serviceprincipal/id", Test::Eq) => query.application = Some(text),
            ("cycleid", Test::Eq) => query.cycle = Some(text),
            ("provisioningaction" | "action", Test::Eq) => query.action = Some(text),
            ("provisioningstatusinfo/status" | "statusinfo/status", Test::Eq) => query.status = Some(text),
            ("sourceidentity/id", Test::Eq) => query.source_id = Some(text),
            ("sourceidentity/displayname" | "targetidentity/id", Test::Eq | Test::Contains)
                if !text.is_empty() =>
            {
                query.text = Some(text);
            }
            ("activitydatetime", test) => narrow_time(&mut query, test, value),
            _ => {}
        }
    }
    query
}

/// The log keeps milliseconds, so a bound is taken a little wider than it is.
fn narrow_time(query: &mut LogQuery, test: Test, value: &Literal) {
    let Some(at) = value.text().and_then(|text| text.parse::<Timestamp>().ok()) else { return };
    let second = jiff::SignedDuration::from_secs(1);
    if matches!(test, Test::Gt | Test::Ge | Test::Eq) {
        query.since = at.checked_sub(second).ok().max(query.since);
    }
    if matches!(test, Test::Lt | Test::Le | Test::Eq) {
        let until = at.checked_add(second).unwrap_or(Timestamp::MAX);
        query.until = Some(query.until.map_or(until, |known| known.min(until)));
    }
}

fn shown(row: &LogRow, applications: &Applications, tenant: &TenantId) -> provision::Result<Value> {
    let LogRow { number, entry } = row;
    let document: Document = provision::logs::document(entry)?;
    let known = applications.get(&entry.application);
    let name = known.map(|(app, _)| app.name.as_str()).unwrap_or_default();
    let id = number.to_string();
    Ok(json!({
        "id": id,
        "activityDateTime": entry.at,
        "tenantId": tenant.as_str(),
        "jobId": known.map(|(_, job)| job.id.as_str()).unwrap_or_default(),
        "cycleId": entry.cycle.as_deref().unwrap_or_default(),
        "changeId": id,
        "action": entry.action,
        "provisioningAction": entry.action,
        "durationInMilliseconds": entry.duration_us / 1_000,
        "provisioningStatusInfo": {
            "status": entry.status,
            "errorInformation": error(entry.status.as_str(), entry.code.as_deref(), &entry.summary, &document),
        },
        "provisioningSteps": document.steps.iter().map(step).collect::<Vec<_>>(),
        "modifiedProperties": properties(&document.modified),
        "servicePrincipal": { "id": entry.application, "displayName": name },
        "sourceSystem": {
            "id": tenant.as_str(),
            "displayName": provision::graph_schema::SOURCE_DIRECTORY,
            "details": {},
        },
        "targetSystem": {
            "id": entry.application,
            "displayName": name,
            "details": {
                "ApplicationId": entry.application,
                "ServicePrincipalId": entry.application,
                "ServicePrincipalDisplayName": name,
            },
        },
        "sourceIdentity": {
            "id": entry.source_id,
            "displayName": entry.source_name,
            "identityType": entry.kind.as_str(),
            "details": {},
        },
        "targetIdentity": {
            "id": entry.target_id.as_deref().unwrap_or_default(),
            "displayName": "",
            "identityType": entry.kind.as_str(),
            "details": {},
        },
        "initiatedBy": initiator(&entry.actor),
    }))
}

fn error(status: &str, code: Option<&str>, summary: &str, document: &Document) -> Value {
    let Some(code) = code else { return Value::Null };
    let failed = status == LogStatus::Failure.as_str();
    json!({
        "errorCode": code,
        "errorCategory": if failed { "nonServiceFailure" } else { "success" },
        "reason": summary,
        "additionalDetails": null,
        "recommendedAction": document.recommendation,
    })
}

fn step(step: &Step) -> Value {
    let details: Map<String, Value> =
        step.details.iter().map(|(name, value)| (name.clone(), json!(plain(value)))).collect();
    json!({
        "name": step.name,
        "provisioningStepType": step.kind,
        "status": step.status,
        "description": step.description,
        "details": details,
    })
}

pub(crate) fn properties(modified: &[Modified]) -> Vec<Value> {
    let text = |value: &Option<Value>| value.as_ref().filter(|value| !value.is_null()).map(plain);
    let shown = |change: &Modified| {
        json!({
            "displayName": change.name,
            "oldValue": text(&change.old),
            "newValue": text(&change.new),
        })
    };
    modified.iter().map(shown).collect()
}

/// Graph has texts: booleans in words, and what has parts as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The form that the audit log keeps, taken apart: `key:ID name`, `operator:ID name`, `cli:USER`, `system`.
fn initiator(actor: &str) -> Value {
    let (kind, rest) = actor.split_once(':').unwrap_or((actor, ""));
    let (id, name) = rest.split_once(' ').unwrap_or((rest, rest));
    match kind {
        "key" => json!({ "id": id, "displayName": name, "initiatorType": "application" }),
        "operator" | "cli" => json!({ "id": id, "displayName": name, "initiatorType": "user" }),
        _ => json!({ "id": "", "displayName": "Muster provisioning", "initiatorType": "system" }),
    }
}

/// An entry as it is answered, for one that is asked for by its id.
pub(crate) async fn get(call: Call) -> Answer {
    let id = call.part("entry");
    let missing = || Failure::missing("provisioning log entry", id);
    let number = id.parse().map_err(|_| missing())?;
    let row = match call.app.provisioning.log(call.tenant(), number).await {
        Ok(row) if call.client.key.may_read_application(&row.entry.application) => row,
        Ok(_) | Err(provision::Error::Unknown { .. }) => return Err(missing()),
        Err(error) => return Err(call.refused(error)),
    };
    let list =
        call.app.provisioning.applications(call.tenant()).await.map_err(|error| call.refused(error))?;
    let applications: Applications =
        list.into_iter().map(|(app, job)| (app.id.clone(), (app, job))).collect();
    let value = shown(&row, &applications, call.tenant()).map_err(|error| call.refused(error))?;
    Ok(Reply::json(call.options.selected(value, &[])?))
}
