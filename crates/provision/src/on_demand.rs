//! Provision on demand: one object at once, with everything that was found out and sent on the way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use directory::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{Kind, Pass, TenantId};

use crate::engine::entry::Entry;
use crate::engine::look::not_provisioned;
use crate::engine::object::Walk;
use crate::engine::run::{Departure, Item, Run, Walked};
use crate::engine::steps;
use crate::error::{Error, Result};
use crate::limits;
use crate::plan::SourceState;
use crate::provisioning::Provisioning;
use crate::record::{Document, LogAction, LogStatus};

/// What has come of it: the same that its entry in the log says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnDemandReport {
    /// `User`, `Group`
    pub kind: String,
    pub id: String,
    pub name: String,
    pub target_id: Option<String>,
    pub action: LogAction,
    pub status: LogStatus,
    /// Error code or skip reason.
    pub code: Option<String>,
    /// One sentence.
    pub summary: String,
    /// Steps in the order of Entra's page, with mapping, changes and exchanges.
    pub document: Document,
    /// Numbers of the entries in the log.
    pub entries: Vec<u64>,
}

/// When each application was last run on demand.
#[derive(Debug, Default)]
pub(crate) struct RunsOnDemand(Mutex<HashMap<(TenantId, String), VecDeque<Timestamp>>>);

impl RunsOnDemand {
    /// Count one more, if it is not too often.
    fn admit(&self, tenant: &TenantId, application: &str, now: Timestamp) -> Result<()> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Timestamp| now.duration_since(*at) < limits::ON_DEMAND_WINDOW;
        runs.retain(|_, times| times.back().is_some_and(recent));
        let times = runs.entry((tenant.clone(), application.to_owned())).or_default();
        times.retain(recent);
        if times.len() >= limits::ON_DEMAND_RUNS {
            return Err(Error::TooOften(format!(
                "{} runs on demand within {} seconds are the most that one application takes. Try again in a moment.",
                limits::ON_DEMAND_RUNS,
                limits::ON_DEMAND_WINDOW.as_secs()
            )));
        }
        times.push_back(now);
        Ok(())
    }
}

impl Provisioning {
    /// Bring one object in line now, with what is configured, whether or not the job is started. Of a group, `members` are
    /// told to the target too, as far as they are there.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Invalid`] for what cannot run or more than 5 members, [`Error::TooOften`],
    /// [`Error::NoTenant`]. What is wrong with the target is no error but in the report.
    pub async fn on_demand(
        &self,
        cx: Context,
        application: &str,
        kind: Kind,
        id: &str,
        members: Vec<String>,
    ) -> Result<OnDemandReport> {
        if kind == Kind::User && !members.is_empty() {
            return Err(Error::invalid("members", "a user has no members"));
        }
        if members.len() > limits::ON_DEMAND_MEMBERS {
            let most = limits::ON_DEMAND_MEMBERS;
            return Err(Error::invalid(
                "members",
                format!("at most {most} members can be provisioned on demand"),
            ));
        }
        let tenant = cx.tenant.clone();
        let job = self.job(&tenant, application).await?;
        let endpoint = self.endpoint(&tenant, &job).await?;
        let run = Run::new(self, &tenant, job, endpoint, cx.actor.to_string())?;
        run.side(kind).ok_or_else(|| not_provisioned(kind))?;
        let looked = run.look_at(kind, id, false).await?;
        if looked.state == SourceState::Purged && looked.link.is_none() && looked.intent.is_none() {
            return Err(Error::unknown(kind.as_str(), id));
        }
        self.0.runs_on_demand.admit(&tenant, application, self.now())?;
        self.note_run(cx, application, kind, id, &members).await?;
        let item = |pass| Item { pass, kind, id: id.to_owned(), stamp: None, escrow: None };
        let walk = run.walk_through(&item(Pass::Object), Departure::CarryOut, None, None).await?;
        let there = matches!(walk.walked, Walked::Done(_));
        let mut report = report(walk)?;
        if there && !members.is_empty() {
            let walk =
                run.walk_through(&item(Pass::Reference), Departure::CarryOut, Some(&members), None).await?;
            report.add(walk)?;
        }
        Ok(report)
    }

    /// Who has asked for it is in the audit log, whatever comes of it.
    async fn note_run(
        &self,
        cx: Context,
        application: &str,
        kind: Kind,
        id: &str,
        members: &[String],
    ) -> Result<()> {
        let detail =
            json!({ "application": application, "kind": kind.as_str(), "id": id, "members": members });
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let name = a.write.application(&application)?.map_or(application, |row| row.name);
            a.audit("job.provisionOnDemand", &name, detail)
        })
        .await
    }
}

fn report(walk: Walk) -> Result<OnDemandReport> {
    let Walk { walked, entry, number } = walk;
    let Some(entry) = entry else {
        return Err(match walked {
            Walked::Superseded => Error::Conflict("the application was deleted meanwhile".into()),
            _ => Error::internal(format!("a run on demand ended without an entry: {walked:?}")),
        });
    };
    let Entry { kind, source_id, source_name, target_id, action, status, code, summary, mut document } =
        entry;
    // Entra shows the test of the connection only when it has failed.
    if let Walked::Systemic(failure) = &walked {
        document.steps.insert(0, steps::connection(failure));
    }
    Ok(OnDemandReport {
        kind: kind.as_str().to_owned(),
        id: source_id,
        name: source_name,
        target_id,
        action,
        status,
        code,
        summary,
        document,
        entries: number.into_iter().collect(),
    })
}

impl OnDemandReport {
    /// What has come of the members.
    fn add(&mut self, walk: Walk) -> Result<()> {
        if walk.entry.is_none() {
            return match walk.walked {
                Walked::Done(_) => Ok(()),
                Walked::Superseded => Err(Error::Conflict("the application was deleted meanwhile".into())),
                other => Err(Error::internal(format!("members ended without an entry: {other:?}"))),
            };
        }
        let mut members = report(walk)?;
        // Import and scope stand there already.
        let own: Vec<_> =
            members.document.steps.drain(..).filter(|s| !self.document.steps.contains(s)).collect();
        self.document.steps.extend(own);
        self.document.exchanges.append(&mut members.document.exchanges);
        self.document.recommendation =
            members.document.recommendation.or(self.document.recommendation.take());
        self.entries.append(&mut members.entries);
        if weight(members.status) > weight(self.status) {
            self.status = members.status;
            self.action = members.action;
            self.code = members.code;
            self.summary = members.summary;
        }
        Ok(())
    }
}

fn weight(status: LogStatus) -> u8 {
    match status {
        LogStatus::Skipped => 0,
        LogStatus::Success => 1,
        LogStatus::Warning => 2,
        LogStatus::Failure => 3,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn five_runs_within_ten_seconds_and_no_sixth() {
        let runs = RunsOnDemand::default();
        let tenant = TenantId::parse("0190163d-8694-739b-aea5-966c26f8ad90").unwrap();
        let at = |ms: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms);
        for n in 0..5 {
            assert!(runs.admit(&tenant, "a", at(n * 1_000)).is_ok(), "run {n}");
        }
        assert!(matches!(runs.admit(&tenant, "a", at(9_999)), Err(Error::TooOften(_))));
        // Another application has its own count.
        assert!(runs.admit(&tenant, "b", at(9_999)).is_ok());
        assert!(runs.admit(&tenant, "a", at(10_000)).is_ok(), "the first is long enough ago");
        assert!(runs.admit(&tenant, "a", at(10_001)).is_err());
    }
}
