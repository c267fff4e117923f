//! What `PATCH` of a job may change: its schedule and its settings.

use jiff::SignedDuration;
use provision::cycle_schedule::Interval;
use provision::job::{Job, JobConfig};
use provision::reconfiguration::Change;
use serde_json::{Map, Value, json};

use super::credential::{Credentials, NOTIFICATION, SKIP_DELETIONS, SYNC_ALL, notification_text};
use super::reply::Failure;

/// Of accidental-deletions prevention.
const DELETIONS: &str = "QuarantineTooManyDeletesThreshold";

/// The settings as a job shows them; what is shown can be sent back.
pub(crate) fn settings(job: &Job) -> Vec<Value> {
    let config = &job.config;
    let all = config.scope == provision::scope::SyncScope::All;
    let deletions = config.guard.enabled.then(|| (DELETIONS, config.guard.count.to_string()));
    let more = [
        (SYNC_ALL, all.to_string()),
        (SKIP_DELETIONS, config.settings.skip_out_of_scope_deletions.to_string()),
        (NOTIFICATION, notification_text(config)),
    ];
    deletions.into_iter().chain(more).map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// `now` is the job as it is shown. Parts that are not named stay.
pub(crate) fn read(body: &Map<String, Value>, job: &Job, now: &Value) -> Result<Change, Failure> {
    let (mut config, mut runs) = (job.config.clone(), None);
    for (name, value) in body {
        match name.as_str() {
            _ if name.starts_with("@odata.") => {}
            "schedule" => runs = schedule(value, now, &mut config)?,
            "synchronizationJobSettings" => config = with_settings(value, now, config)?,
            // A client that writes back what it read sends these too.
            "id" | "templateId" if now.get(name) == Some(value) => {}
            "status" if value.is_null() || value.pointer("/code") == now.pointer("/status/code") => {}
            "status" => {
                return Err(Failure::bad("status: it is what the job reports; use start, pause or restart"));
            }
            "id" | "templateId" => return Err(Failure::bad(format!("{name} cannot be changed"))),
            "schema" | "bulkUpload" if value.is_null() => {}
            "schema" => return Err(Failure::bad("schema: write it at …/schema")),
            _ => {
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::bad(format!(
                    "\"{shown}\" cannot be changed here; there are: schedule, synchronizationJobSettings"
                )));
            }
        }
    }
    Ok(Change { connection: None, config: Some(config), runs })
}

/// Gives whether the job is to run or to stand, where that is another than now.
fn schedule(value: &Value, now: &Value, config: &mut JobConfig) -> Result<Option<bool>, Failure> {
    let Value::Object(schedule) = value else { return Err(Failure::bad("schedule: expected an object")) };
    let mut runs = None;
    for (name, value) in schedule {
        let text = || value.as_str().ok_or_else(|| Failure::bad(format!("schedule/{name}: expected a text")));
        match name.as_str() {
            _ if name.starts_with("@odata.") => {}
            "interval" | "state" if value.is_null() => {}
            "interval" => config.interval = interval(text()?)?,
            "state" => {
                let state = text()?;
                let same = now.pointer("/schedule/state").and_then(Value::as_str);
                runs = match state.to_ascii_lowercase().as_str() {
                    _ if same.is_some_and(|same| same.eq_ignore_ascii_case(state)) => None,
                    "active" => Some(true),
                    "paused" | "disabled" => Some(false),
                    _ => return Err(Failure::bad("schedule/state is Active, Paused or Disabled")),
                };
            }
            "expiration" if value.is_null() => {}
            "expiration" => return Err(Failure::bad("schedule/expiration: a job here has no end; pause it")),
            _ => {
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::bad(format!(
                    "schedule/{shown} is unknown; there are: interval, state, expiration"
                )));
            }
        }
    }
    Ok(runs)
}

/// `PT40M`; or `0:40:00`, which is how Graph's SDK for Python writes what it read as `PT40M`.
fn interval(text: &str) -> Result<Interval, Failure> {
    let parsed = match clock(text) {
        Some(duration) => Interval::new(duration),
        None => Interval::parse(text),
    };
    parsed.map_err(|why| Failure::bad(format!("schedule/interval: {why}")))
}

/// `1 day, 0:00:00`
fn clock(text: &str) -> Option<SignedDuration> {
    let (days, time) = match text.split_once(", ") {
        Some((days, time)) => (days.strip_suffix(" day").or(days.strip_suffix(" days"))?.parse().ok()?, time),
        None => (0_i64, text),
    };
    let numbers: Vec<i64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = numbers[..] else { return None };
    let seconds = days
        .checked_mul(86_400)?
        .checked_add(hours.checked_mul(3_600)?)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(seconds)?;
    Some(SignedDuration::from_secs(seconds))
}

/// A setting that is not named stays; one that is sent as it was shown says nothing, so that another may speak for the same.
fn with_settings(value: &Value, now: &Value, mut config: JobConfig) -> Result<JobConfig, Failure> {
    const PLACE: &str = "synchronizationJobSettings";
    let list = match value {
        Value::Array(list) => list,
        Value::Null => return Ok(config),
        _ => return Err(Failure::bad(format!("{PLACE}: expected a list of pairs of name and value"))),
    };
    let shown = now.get(PLACE).and_then(Value::as_array);
    let same = |name: &str, value: &str| {
        shown
            .into_iter()
            .flatten()
            .any(|one| one.get("name") == Some(&json!(name)) && one.get("value") == Some(&json!(value)))
    };
    let (mut deletions, mut others) = (None, Vec::new());
    for setting in list {
        let text = |name: &str| setting.get(name).and_then(Value::as_str);
        let (Some(name), Some(value)) = (text("name"), text("value")) else {
            return Err(Failure::bad(format!(
                "{PLACE}: each setting has a name and a value, which are texts"
            )));
        };
        if same(name, value) {
            continue;
        }
        if name.eq_ignore_ascii_case(DELETIONS) {
            let number = value.trim().parse::<u64>();
            deletions = Some(number.map_err(|_| Failure::bad(format!("{DELETIONS} is a number")))?);
        } else if [SYNC_ALL, SKIP_DELETIONS, NOTIFICATION]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            others.push(json!({ "key": name, "value": value }));
        } else {
            let shown: String = name.chars().take(60).collect();
            return Err(Failure::bad(format!(
                "{PLACE}: \"{shown}\" is unknown; there are: {DELETIONS}, {SYNC_ALL}, {SKIP_DELETIONS}, {NOTIFICATION}"
            )));
        }
    }
    config = Credentials::read(Some(&Value::Array(others)))?.settings(&config)?;
    if let Some(count) = deletions {
        config.guard.enabled = true;
        config.guard.count = count;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_as_clients_write_them() {
        let table = [
            ("PT20M", Some("PT20M")),
            ("0:20:00", Some("PT20M")),
            ("1 day, 0:00:00", Some("PT24H")),
            ("2 days, 0:00:00", None),
            ("0:00:01", None),
            ("20:00", None),
            ("9999999999999999 days, 0:00:00", None),
            ("", None),
        ];
        for (text, expect) in table {
            assert_eq!(interval(text).ok().map(|i| i.to_string()).as_deref(), expect, "{text}");
        }
    }
}
