//! `provisionOnDemand`: one object now, with its steps; key and value of the answer are JSON inside texts, as in Graph.

use directory::Kind;
use provision::job::Job;
use provision::on_demand::OnDemandReport;
use provision::record::{LogStatus, Step};
use serde_json::{Map, Value, json};

use super::exchange::{Answer, Call};
use super::log::{plain, properties};
use super::reply::{Failure, Reply};

struct Subject {
    kind: Kind,
    id: String,
    members: Vec<String>,
}

pub(crate) async fn run(mut call: Call) -> Answer {
    let (application, job) = call.job().await?;
    let body = call.object()?;
    let Subject { kind, id, members } = subject(&body, &job)?;
    let began = call.app.directory.now();
    let report = call.app.provisioning.on_demand(call.context(), &application.id, kind, &id, members).await;
    let report = report.map_err(|error| call.refused(error))?;
    let ended = call.app.directory.now();
    let (key, value) = (key(&report), value(&report, &job, [began, ended]));
    Ok(Reply::json(json!({ "key": key.to_string(), "value": value.to_string() })))
}

/// Exactly one rule and one subject a run.
fn subject(body: &Map<String, Value>, job: &Job) -> Result<Subject, Failure> {
    let parameters = body.get("parameters").and_then(Value::as_array);
    let [parameter] = parameters.map_or(&[][..], Vec::as_slice) else {
        return Err(Failure::bad("parameters: expected one entry, with ruleId and subjects"));
    };
    let subjects = parameter.get("subjects").and_then(Value::as_array);
    let [subject] = subjects.map_or(&[][..], Vec::as_slice) else {
        return Err(Failure::bad("subjects: name one object; each run takes one"));
    };
    let (kind, id) = reference(subject)?;
    let rule = parameter.get("ruleId").and_then(Value::as_str).unwrap_or_default();
    let mapping = job.rules.mappings.iter().find(|mapping| mapping.id.eq_ignore_ascii_case(rule));
    let mapping =
        mapping.ok_or_else(|| Failure::bad("ruleId: the job's schema has no such synchronization rule"))?;
    if Kind::from(mapping.kind) != kind {
        return Err(Failure::bad(format!("ruleId: that rule is not about a {}", kind.as_str())));
    }
    let members = match subject.get("links") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(links)) => members(links)?,
        Some(_) => return Err(Failure::bad("links: expected an object")),
    };
    Ok(Subject { kind, id, members })
}

fn members(links: &Map<String, Value>) -> Result<Vec<String>, Failure> {
    let mut members = Vec::new();
    for (name, list) in links {
        match (name.as_str(), list) {
            (_, Value::Null) => {}
            ("members", Value::Array(list)) => {
                for member in list {
                    members.push(reference(member)?.1);
                }
            }
            (_, Value::Array(list)) if list.is_empty() => {}
            _ if name.starts_with('@') => {}
            _ => {
                return Err(Failure::bad(format!(
                    "links/{name} cannot be provisioned on demand; members can"
                )));
            }
        }
    }
    Ok(members)
}

fn reference(object: &Value) -> Result<(Kind, String), Failure> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let id = text("objectId").ok_or_else(|| Failure::bad("objectId: name a user or group"))?;
    let kind = match text("objectTypeName") {
        Some(name) if name.eq_ignore_ascii_case("user") => Kind::User,
        Some(name) if name.eq_ignore_ascii_case("group") => Kind::Group,
        _ => return Err(Failure::bad("objectTypeName is User or Group")),
    };
    Ok((kind, id.to_ascii_lowercase()))
}

fn key(report: &OnDemandReport) -> Value {
    let trouble = report.status != LogStatus::Success;
    let details = match (&report.code, trouble) {
        (Some(code), true) => json!({ "errorCode": code, "errorMessage": report.summary }),
        _ => json!({}),
    };
    json!({ "result": capital(report.status.as_str()), "details": details })
}

fn value(report: &OnDemandReport, job: &Job, [began, ended]: [jiff::Timestamp; 2]) -> Value {
    let step = |step: &Step| {
        let kind = serde_json::to_value(step.kind).unwrap_or_default();
        let details: Map<String, Value> =
            step.details.iter().map(|(name, value)| (name.clone(), json!(plain(value)))).collect();
        json!({
            "name": step.name,
            "type": capital(kind.as_str().unwrap_or_default()),
            "status": capital(step.status.as_str()),
            "description": step.description,
            "timestamp": ended,
            "details": details,
        })
    };
    let target = job.rules.targets.iter().find(|target| target.kind.as_str() == report.kind);
    let failed = matches!(report.status, LogStatus::Failure);
    json!({
        "action": capital(report.action.as_str()),
        "changeId": report.entries.first().map(u64::to_string),
        "startTime": began,
        "endTime": ended,
        "reportableIdentifier": report.name,
        "modifiedProperties": properties(&report.document.modified),
        "provisioningSteps": report.document.steps.iter().map(step).collect::<Vec<_>>(),
        "statusInfo": {
            "status": capital(report.status.as_str()),
            "errorCode": report.code,
            "reason": report.summary,
            "additionalDetails": null,
            "errorCategory": failed.then_some("NonServiceFailure"),
            "recommendedAction": report.document.recommendation,
        },
        "sourceIdentity": { "id": report.id, "type": report.kind, "displayName": report.name, "details": null },
        "sourceSystem": { "id": null, "name": provision::graph_schema::SOURCE_DIRECTORY, "details": null },
        "targetIdentity": {
            "id": report.target_id.as_deref().unwrap_or_default(),
            "type": target.map(|target| target.object_name.as_str()),
            "displayName": null,
            "details": null,
        },
        "targetSystem": { "id": null, "name": provision::graph_schema::TARGET_DIRECTORY, "details": null },
    })
}

/// Words begin with capitals here, and with small letters in the logs; so it is in Graph.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
