//! [`Provisioning`]: the one door to applications and their jobs. Each subject adds its verbs in a file of its own.

use std::fmt;
use std::sync::Arc;

use directory::{Context, Directory};
use jiff::Timestamp;
use scim_client::{Network, Timeouts};
use serde_json::Value as Json;
use store::{AuditEntry, JobProgress, JobRow, Store, TenantId, TenantRead, TenantWrite};

use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::mail::Mailer;
use crate::notification::Notices;
use crate::on_demand::RunsOnDemand;
use crate::seal::Seal;
use crate::target::{Clients, Endpoints};

/// The provisioning service over a directory and its store. Cheap to clone.
#[derive(Clone)]
pub struct Provisioning(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) directory: Directory,
    pub(crate) store: Store,
    pub(crate) seal: Seal,
    pub(crate) options: Options,
    pub(crate) clients: Clients,
    pub(crate) runs_on_demand: RunsOnDemand,
    pub(crate) notices: Notices,
}

/// What the operator of the server decides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Networks that targets may be in though they are not public; for them plain http is allowed too.
    pub networks: Vec<Network>,
    /// `None`: no notification is sent, and each is noted as not sent.
    pub mail: Option<Mailer>,
    /// How long a target may take.
    pub timeouts: Timeouts,
    /// Instead of real targets; for simulations.
    pub endpoints: Option<Endpoints>,
    /// `None`: who died while running a job is noticed when its lease runs out.
    pub process: Option<Process>,
}

/// The process that works, so that what another one was running when it died is taken over at once.
#[derive(Debug, Clone)]
pub struct Process {
    /// Of this process and no other, now and later; without spaces.
    pub name: String,
    /// Whether the process of that name has certainly gone. In doubt it has not.
    pub has_gone: fn(&str) -> bool,
}

impl fmt::Debug for Provisioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provisioning").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Provisioning {
    pub fn new(directory: Directory, store: Store, seal: Seal, options: Options) -> Self {
        Self(Arc::new(Inner {
            directory,
            store,
            seal,
            options,
            clients: Clients::default(),
            runs_on_demand: RunsOnDemand::default(),
            notices: Notices::default(),
        }))
    }

    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// What a lease names; the process first.
    pub(crate) fn owner(&self) -> String {
        let run = self.0.directory.request_id();
        match &self.0.options.process {
            Some(process) => format!("{} {run}", process.name),
            None => run,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.directory.now()
    }

    /// A change by an administrator: all of it and its audit row, or nothing.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        cx: Context,
        job: impl FnOnce(&Administration<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.now();
        let tenant = self.0.store.tenant(&cx.tenant);
        tenant.write(move |write| job(&Administration { write, cx: &cx, now })).await
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn job(&self, tenant: &TenantId, application: &str) -> Result<Job> {
        let (application, now) = (application.to_owned(), self.now());
        self.0.store.tenant(tenant).read(move |read| load_job(read, &application, now)).await
    }
}

/// One change by an administrator, in one transaction.
pub(crate) struct Administration<'a> {
    pub(crate) write: &'a TenantWrite<'a>,
    pub(crate) cx: &'a Context,
    pub(crate) now: Timestamp,
}

impl Administration<'_> {
    /// `action` as in `application.create`; `detail` holds before and after, and no secret.
    pub(crate) fn audit(&self, action: &str, name: &str, detail: Json) -> Result<()> {
        let entry = AuditEntry {
            at: self.now,
            actor: self.cx.actor.to_string(),
            action: action.to_owned(),
            resource: None,
            name: Some(name.to_owned()),
            detail,
            request_id: self.cx.request_id.clone(),
            address: self.cx.address.map(|address| address.to_string()),
        };
        self.write.append_audit(entry)?;
        Ok(())
    }

    pub(crate) fn job(&self, application: &str) -> Result<Job> {
        load_job(self.write, application, self.now)
    }

    /// Save an administrator's change. The epoch grows, so a running cycle notices.
    pub(crate) fn save(&self, job: &Job) -> Result<()> {
        self.save_due(job, job.next_cycle(self.now))
    }

    /// [`Self::save`], with a time of its own for the next cycle.
    pub(crate) fn save_due(&self, job: &Job, next: Option<Timestamp>) -> Result<()> {
        let row = JobRow {
            application: job.application.clone(),
            id: job.id.clone(),
            config: text(&job.config)?,
            rules: text(&job.rules)?,
            epoch: job.epoch,
            schedule: schedule_text(job.schedule).to_owned(),
            watermark: job.watermark,
            state: text(&job.state)?,
            next,
            listening: job.is_listening(),
            // Neither is written by an update.
            fence: 0,
            lease_owner: None,
            lease_until: None,
        };
        if self.write.update_job(&row)? {
            return Ok(());
        }
        Err(Error::Conflict("somebody else has changed this job meanwhile; look at it again".into()))
    }
}

pub(crate) fn load_job(read: &TenantRead<'_>, application: &str, now: Timestamp) -> Result<Job> {
    let row = read.job(application)?.ok_or_else(|| Error::unknown("application", application))?;
    job_of(&row, now)
}

pub(crate) fn job_of(row: &JobRow, now: Timestamp) -> Result<Job> {
    Ok(Job {
        id: row.id.clone(),
        application: row.application.clone(),
        config: parsed(&row.config)?,
        rules: parsed(&row.rules)?,
        epoch: row.epoch,
        schedule: schedule_of(&row.schedule),
        watermark: row.watermark,
        state: parsed(&row.state)?,
        next: row.next,
        running: row.lease_until.is_some_and(|until| until > now),
    })
}

/// What the engine writes of a job.
pub(crate) fn progress_of(job: &Job, now: Timestamp) -> Result<JobProgress> {
    Ok(JobProgress {
        schedule: schedule_text(job.schedule).to_owned(),
        watermark: job.watermark,
        state: text(&job.state)?,
        next: job.next_cycle(now),
        listening: job.is_listening(),
    })
}

pub(crate) fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

pub(crate) fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}

pub(crate) fn schedule_text(schedule: ScheduleState) -> &'static str {
    match schedule {
        ScheduleState::Active => "Active",
        ScheduleState::Disabled => "Disabled",
        ScheduleState::Paused => "Paused",
    }
}

fn schedule_of(text: &str) -> ScheduleState {
    match text {
        "Active" => ScheduleState::Active,
        "Disabled" => ScheduleState::Disabled,
        _ => ScheduleState::Paused,
    }
}
