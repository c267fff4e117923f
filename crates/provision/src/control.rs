//! Start, pause, restart, and how a job stands.

use std::fmt;

use directory::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{CycleRow, Kind, LinkCounts, Pass, TenantId, TenantRead};

use crate::applications;
use crate::connection::SecretName;
use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::job::{CycleKind, CycleOutcome, Job, JobStatus};
use crate::notification::Notice;
use crate::provisioning::{Administration, Provisioning, load_job};
use crate::scope::SyncScope;

/// Cycles that a status shows.
const CYCLES: usize = 10;

/// What a restart forgets or allows; Graph's `resetScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResetScope {
    /// Everything is looked at again.
    pub watermark: bool,
    /// Failures that are held are dropped and not retried.
    pub escrows: bool,
    pub quarantine: bool,
    /// Links: every object is matched again.
    pub links: bool,
    /// Deletions held back by accidental-deletions prevention go through once.
    pub force_deletes: bool,
}

impl ResetScope {
    /// What the button Restart provisioning means, and a restart that names nothing.
    pub const RESTART: Self =
        Self { watermark: true, escrows: true, quarantine: true, links: false, force_deletes: false };
    pub const FULL: Self = Self { links: true, ..Self::RESTART };
    /// The button Allow deletes.
    pub const ALLOW_DELETES: Self =
        Self { watermark: false, escrows: false, quarantine: true, links: false, force_deletes: true };

    /// From Graph's text: names joined by commas, in any letter case; nothing is [`ResetScope::RESTART`].
    ///
    /// # Errors
    /// Names that do not exist, with those that do.
    pub fn parse(text: &str) -> Result<Self> {
        let mut scope = Self::default();
        let mut named = false;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            named = true;
            match name.to_ascii_lowercase().as_str() {
                "none" => {}
                "watermark" => scope.watermark = true,
                "escrows" => scope.escrows = true,
                "quarantinestate" => scope.quarantine = true,
                "connectordatastore" => scope.links = true,
                "full" => scope = Self { force_deletes: scope.force_deletes, ..Self::FULL },
                "forcedeletes" => scope.force_deletes = true,
                _ => {
                    let known =
                        "None, Watermark, Escrows, QuarantineState, ConnectorDataStore, Full, ForceDeletes";
                    let shown: String = name.chars().take(60).collect();
                    return Err(Error::invalid(
                        "resetScope",
                        format!("\"{shown}\" is unknown; there are: {known}"),
                    ));
                }
            }
        }
        Ok(if named { scope } else { Self::RESTART })
    }
}

impl fmt::Display for ResetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.watermark, "Watermark"),
            (self.escrows, "Escrows"),
            (self.quarantine, "QuarantineState"),
            (self.links, "ConnectorDataStore"),
            (self.force_deletes, "ForceDeletes"),
        ];
        let names: Vec<&str> = names.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
        f.write_str(if names.is_empty() { "None" } else { "" })?;
        f.write_str(&names.join(","))
    }
}

/// How a job stands, for pages and the API.
#[derive(Debug, Clone)]
pub struct StatusView {
    pub job: Job,
    pub status: JobStatus,
    /// Of the cycle that runs, or was cut off and goes on.
    pub progress: Option<Progress>,
    pub users: Linked,
    pub groups: Linked,
    /// Objects that failed and are held.
    pub escrows: u64,
    pub next_escrow: Option<Timestamp>,
    /// The newest first, ten at most.
    pub cycles: Vec<Cycle>,
    /// Secrets that are stored: name and when each was set.
    pub secrets: Vec<(SecretName, Timestamp)>,
    /// What became of the last notification, since this server was started.
    pub notice: Option<Notice>,
    pub assigned_users: u64,
    pub assigned_groups: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub kind: CycleKind,
    pub began: Timestamp,
    /// Objects there are to read, as far as that is known.
    pub expected: u64,
    /// Objects read so far.
    pub read: u64,
    /// Objects done so far, those that failed too.
    pub done: u64,
    /// Objects read and not done.
    pub waiting: u64,
    /// Objects done a second since the cycle began; none before the first.
    pub rate: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Linked {
    pub total: u64,
    /// Of them acted upon.
    pub managed: u64,
    pub disabled: u64,
}

impl From<LinkCounts> for Linked {
    fn from(counts: LinkCounts) -> Self {
        let LinkCounts { total, managed, disabled } = counts;
        Self { total, managed, disabled }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cycle {
    pub id: String,
    /// `initial`, `incremental`, `onDemand`
    pub kind: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    /// `completed`, `interrupted`, `quarantined`, `failed`
    pub outcome: Option<String>,
    pub message: Option<String>,
    pub counts: Vec<Count>,
}

/// How often something was done in a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// `User`, `Group`
    pub kind: &'static str,
    pub action: String,
    pub status: String,
    pub n: u64,
}

impl Provisioning {
    /// Let cycles run. Harmless if they do already; a job in quarantine stays in it.
    ///
    /// # Errors
    /// [`Error::Conflict`] without a connection, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn start(&self, cx: Context, application: &str) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            refuse_unconnected(&job)?;
            if job.schedule == ScheduleState::Active {
                return Ok(job);
            }
            job.schedule = ScheduleState::Active;
            let at_once = job.state.quarantine.is_none().then_some(a.now);
            a.save_due(&job, at_once.or_else(|| job.next_cycle(a.now)))?;
            a.audit("job.start", &app.name, json!({ "application": application }))?;
            a.job(&application)
        })
        .await
    }

    /// No cycle runs until the job is started again; a running one stops after what it is doing. Nothing is forgotten.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn pause(&self, cx: Context, application: &str) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            if job.schedule == ScheduleState::Paused {
                return Ok(job);
            }
            job.schedule = ScheduleState::Paused;
            a.save(&job)?;
            a.audit("job.pause", &app.name, json!({ "application": application }))?;
            a.job(&application)
        })
        .await
    }

    /// Forget what `scope` names, and run: at once, also if the job was paused or disabled.
    ///
    /// # Errors
    /// [`Error::Conflict`] without a connection, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn restart(&self, cx: Context, application: &str, scope: ResetScope) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            refuse_unconnected(&job)?;
            job.schedule = ScheduleState::Active;
            if scope.watermark {
                a.forget_watermark(&mut job, "restarted")?;
            }
            if scope.escrows {
                a.write.clear_work(&application, true)?;
                a.write.queue_intents(&application, a.now)?;
            }
            if scope.links {
                a.write.clear_links(&application)?;
            }
            if scope.quarantine || scope.force_deletes {
                job.state.quarantine = None;
                // Whoever corrects the scope and restarts has not allowed what an earlier cycle held back.
                job.state.allow_deletes = false;
                job.state.approved_departures = 0;
                job.state.staged = 0;
                job.state.unreachable = 0;
            }
            if scope.force_deletes {
                job.state.allow_deletes = true;
            }
            let at_once = job.state.quarantine.is_none().then_some(a.now);
            a.save_due(&job, at_once.or_else(|| job.next_cycle(a.now)))?;
            let detail = json!({ "application": application, "resetScope": scope.to_string() });
            a.audit("job.restart", &app.name, detail)?;
            a.job(&application)
        })
        .await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn status(&self, tenant: &TenantId, application: &str) -> Result<StatusView> {
        let (application, now) = (application.to_owned(), self.now());
        let notice = self.0.notices.get(tenant, &application);
        let mut view = self.0.store.tenant(tenant).scan(move |read| view(read, &application, now)).await?;
        view.notice = notice;
        Ok(view)
    }
}

impl Administration<'_> {
    /// The next cycle is an initial one; one that runs, or was cut off, is over.
    pub(crate) fn forget_watermark(&self, job: &mut Job, why: &str) -> Result<()> {
        job.watermark = None;
        if let Some(cycle) = job.state.cycle.take() {
            let outcome = CycleOutcome::Interrupted.as_str();
            self.write.end_cycle(&job.application, &cycle.id, self.now, outcome, Some(why))?;
        }
        Ok(())
    }
}

pub(crate) fn refuse_unconnected(job: &Job) -> Result<()> {
    match job.config.connection {
        Some(_) => Ok(()),
        None => Err(Error::Conflict(
            "nothing is configured yet; enter a Tenant URL and a secret token, run Test Connection, and create the configuration"
                .into(),
        )),
    }
}

fn view(read: &TenantRead<'_>, application: &str, now: Timestamp) -> Result<StatusView> {
    applications::load(read, application)?;
    let job = load_job(read, application, now)?;
    let counts = |kind| Ok::<_, Error>(Linked::from(read.link_counts(application, kind)?));
    let (assigned_users, assigned_groups) = read.assignment_counts(application)?;
    let cycles = read.cycles(application, CYCLES)?;
    let cycles = cycles.into_iter().map(|row| cycle(read, application, row)).collect::<Result<_>>()?;
    Ok(StatusView {
        status: job.status(),
        progress: progress(read, &job, now)?,
        users: counts(Kind::User)?,
        groups: counts(Kind::Group)?,
        escrows: read.escrow_count(application)?,
        next_escrow: read.next_escrow(application)?,
        cycles,
        secrets: secrets(read, application)?,
        notice: None,
        assigned_users,
        assigned_groups,
        job,
    })
}

pub(crate) fn secrets(read: &TenantRead<'_>, application: &str) -> Result<Vec<(SecretName, Timestamp)>> {
    let stored = read.application_secrets(application)?;
    let known = |text: &str| SecretName::ALL.into_iter().find(|name| name.as_str() == text);
    Ok(stored.into_iter().filter_map(|(name, at)| Some((known(&name)?, at))).collect())
}

fn cycle(read: &TenantRead<'_>, application: &str, row: CycleRow) -> Result<Cycle> {
    let counts = read.cycle_counts(application, &row.id)?;
    let count =
        |c: store::CycleCount| Count { kind: c.kind.as_str(), action: c.action, status: c.status, n: c.n };
    let CycleRow { id, kind, began, ended, outcome, message } = row;
    Ok(Cycle { id, kind, began, ended, outcome, message, counts: counts.into_iter().map(count).collect() })
}

fn progress(read: &TenantRead<'_>, job: &Job, now: Timestamp) -> Result<Option<Progress>> {
    let Some(cycle) = &job.state.cycle else { return Ok(None) };
    let mut waiting = 0;
    for pass in Pass::ALL {
        waiting += read.due_work_count(&job.application, pass, now)?;
    }
    let expected = match (cycle.kind, job.config.scope) {
        (CycleKind::Initial, SyncScope::All) => {
            let stats = read.stats()?;
            stats.users + stats.groups
        }
        (CycleKind::Initial, SyncScope::Assigned) => read.entitled_count(&job.application)?,
        (CycleKind::Incremental | CycleKind::OnDemand, _) => 0,
    };
    let done = cycle.counters.attempts;
    let seconds = now.duration_since(cycle.began).as_secs_f64();
    let rate =
        (seconds > 0.0 && done > 0).then(|| f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / seconds);
    Ok(Some(Progress {
        kind: cycle.kind,
        began: cycle.began,
        expected: expected.max(cycle.read),
        read: cycle.read,
        done,
        waiting,
        rate,
    }))
}
