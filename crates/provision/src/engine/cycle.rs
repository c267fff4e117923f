//! A cycle: claim the job, see that the target is there, read the source, work until nothing is due, let go.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{CycleRow, JobProgress, Kind, Pass, TenantId, TenantRead, TenantWrite};
use tokio::sync::watch;

use super::conclude::{End, Ended, conclude};
use super::probe::Obstacle;
use super::read::{beginning, queue_change, queue_object};
use super::run::{Departure, Run};
use crate::cycle_schedule::ScheduleState;
use crate::deletion_guard;
use crate::error::{Error, Result};
use crate::job::{CycleKind, CycleOutcome, CycleState, Job, Phase};
use crate::provisioning::{Provisioning, job_of, progress_of};
use crate::quarantine::{self, Counters, QuarantineReason};

/// A worker that does not renew its lease for so long has gone, and another may go on.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
const RENEW: Duration = Duration::from_secs(4);
/// Cycles of a job that are remembered.
pub(super) const CYCLES_KEPT: usize = 200;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// Somebody else runs it, or it has gone.
    NotClaimed,
    Cycle(CycleOutcome),
}

/// Which jobs begin a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Started ones: by the schedule.
    IfActive,
    /// Also one that is paused: an administrator asks for this one cycle.
    Anyway,
}

/// A cycle under way.
pub(super) struct Cycle {
    pub(super) run: Arc<Run>,
    /// As the cycle changes it.
    pub(super) job: Job,
    pub(super) state: CycleState,
    fence: u64,
    stop: watch::Receiver<bool>,
}

impl Provisioning {
    /// Run one cycle of a job, if nobody else does. `stop` turned true ends it early.
    ///
    /// # Errors
    /// [`Error::Internal`], [`Error::Busy`]: of the store. What goes wrong at the target is an outcome.
    pub async fn run_job(
        &self,
        tenant: &TenantId,
        application: &str,
        owner: &str,
        stop: watch::Receiver<bool>,
    ) -> Result<Ran> {
        self.run_claimed(tenant, application, owner, Begin::IfActive, stop).await
    }

    /// As [`Self::run_job`]; `begin` says whether a job that is not started runs too.
    pub(crate) async fn run_claimed(
        &self,
        tenant: &TenantId,
        application: &str,
        owner: &str,
        begin: Begin,
        stop: watch::Receiver<bool>,
    ) -> Result<Ran> {
        let now = self.now();
        let until = later(now, LEASE);
        let claim = {
            let (application, owner) = (application.to_owned(), owner.to_owned());
            let claim = move |write: &TenantWrite<'_>| {
                Ok::<_, Error>(write.claim_job(&application, &owner, now, until)?)
            };
            self.0.store.tenant(tenant).write(claim).await?
        };
        let Some(row) = claim else { return Ok(Ran::NotClaimed) };
        let fence = row.fence;
        let renewing = Renewing::begin(self, tenant, application, fence);
        let outcome = match job_of(&row, now) {
            // Paused between being found due and being claimed.
            Ok(job) if begin == Begin::IfActive && job.schedule != ScheduleState::Active => {
                Ok(Ran::Cycle(CycleOutcome::Interrupted))
            }
            Ok(job) if job.config.connection.is_none() => Ok(Ran::Cycle(CycleOutcome::Interrupted)),
            Ok(job) => self.cycle(tenant, job, fence, stop).await,
            Err(error) => Err(error),
        };
        drop(renewing);
        let application = application.to_owned();
        let release = move |write: &TenantWrite<'_>| Ok::<_, Error>(write.release_job(&application, fence)?);
        self.0.store.tenant(tenant).write(release).await?;
        outcome
    }

    async fn cycle(
        &self,
        tenant: &TenantId,
        mut job: Job,
        fence: u64,
        stop: watch::Receiver<bool>,
    ) -> Result<Ran> {
        let now = self.now();
        let (state, new) = match job.state.cycle.take() {
            Some(state) => (state, false),
            None => (self.begin(tenant, &job, now).await?, true),
        };
        let endpoint = self.endpoint(tenant, &job).await;
        job.state.cycle = Some(state.clone());
        if new {
            job.state.last_began = Some(now);
        }
        let endpoint = match endpoint {
            Ok(endpoint) => Ok(endpoint),
            // A connection that cannot work, or a secret that cannot be opened.
            Err(Error::Invalid { detail, .. } | Error::Conflict(detail)) => Err(detail),
            Err(error) => return Err(error),
        };
        let run = endpoint.map(|endpoint| Run::new(self, tenant, job.clone(), endpoint, "system".to_owned()));
        let mut run = match run {
            Ok(Ok(run)) => run,
            Ok(Err(Error::Invalid { detail, .. })) | Err(detail) => {
                let reason = QuarantineReason::EncounteredQuarantineException;
                return self.end(tenant, job, state, fence, End::Quarantine(reason, detail), &[]).await;
            }
            Ok(Err(error)) => return Err(error),
        };
        run.fence = Some(fence);
        run.cycle = Some(state.id.clone());
        let mut cycle = Cycle { run: Arc::new(run), job, state, fence, stop };
        if !cycle.save(new).await? {
            return Ok(Ran::Cycle(CycleOutcome::Interrupted));
        }
        let end = cycle.work().await?;
        // Groups wait until a target has them.
        let kinds: &[Kind] = match cycle.run.learnt.no_groups.load(Ordering::Relaxed) {
            true => &[Kind::User],
            false => &[Kind::User, Kind::Group],
        };
        let Cycle { job, state, .. } = cycle;
        self.end(tenant, job, state, fence, end, kinds).await
    }

    async fn begin(&self, tenant: &TenantId, job: &Job, now: Timestamp) -> Result<CycleState> {
        let kind = if job.watermark.is_none() { CycleKind::Initial } else { CycleKind::Incremental };
        Ok(CycleState {
            id: self.0.directory.random().resource_id(now),
            kind,
            began: now,
            phase: beginning(kind),
            head: self.0.directory.source_head(tenant).await?,
            counters: Counters::default(),
            read: 0,
        })
    }

    /// Write down how a cycle ended, and what follows from it.
    async fn end(
        &self,
        tenant: &TenantId,
        mut job: Job,
        state: CycleState,
        fence: u64,
        end: End,
        kinds: &'static [Kind],
    ) -> Result<Ran> {
        let now = self.now();
        let (outcome, message) = conclude(&mut job, &state, end, now);
        let before = self.job(tenant, &job.application).await?.state.quarantine;
        let progress = progress_of(&job, now)?;
        let (application, epoch) = (job.application.clone(), job.epoch);
        let quarantine = job.state.quarantine.clone().filter(|_| outcome == CycleOutcome::Quarantined);
        let row = Ended { cycle: state.id, outcome, message, quarantine: quarantine.clone() };
        let clock = self.clone();
        let written = move |write: &TenantWrite<'_>| {
            // An assignment that came while the last objects were worked on has not been seen by this cycle, and has woken
            // nobody: the job was running.
            let late = outcome == CycleOutcome::Completed
                && progress.listening
                && has_due_work(write, &application, kinds, clock.now())?;
            let next = match late {
                true => Some(clock.now()),
                // What is held for less than an interval is not to wait for the next one.
                false if outcome == CycleOutcome::Completed => {
                    let held = write.next_escrow(&application)?;
                    progress.next.map(|next| held.map_or(next, |held| next.min(held)))
                }
                false => progress.next,
            };
            let progress = JobProgress { next, ..progress };
            if !write.advance_job(&application, fence, epoch, &progress)? {
                return Ok::<_, Error>(false);
            }
            row.write(write, &application, now)?;
            Ok(true)
        };
        let written = self.0.store.tenant(tenant).write(written).await?;
        if written
            && let Some(quarantine) = quarantine
            && (quarantine.notifies(before.as_ref()) || job.schedule == ScheduleState::Disabled)
        {
            self.notify_quarantine(tenant, &job, &quarantine).await;
        }
        Ok(Ran::Cycle(if written { outcome } else { CycleOutcome::Interrupted }))
    }
}

impl Cycle {
    pub(super) fn provisioning(&self) -> &Provisioning {
        &self.run.provisioning
    }

    pub(super) fn now(&self) -> Timestamp {
        self.provisioning().now()
    }

    /// Whether the cycle may go on: nobody has stopped it, acted on the job, or taken it over.
    pub(super) async fn goes_on(&self) -> Result<bool> {
        if *self.stop.borrow() {
            return Ok(false);
        }
        let (application, expected) = (self.job.application.clone(), (self.fence, self.job.epoch));
        let read = move |read: &store::TenantRead<'_>| {
            Ok::<_, Error>(read.job_standing(&application)? == Some(expected))
        };
        match self.provisioning().0.store.tenant(&self.run.tenant).read(read).await {
            Err(Error::NoTenant) => Ok(false),
            other => other,
        }
    }

    /// Write the state, and with it what `also` writes. `false`: an administrator has acted, or somebody else runs the job.
    pub(super) async fn advance(
        &mut self,
        also: impl FnOnce(&TenantWrite<'_>) -> Result<()> + Send + 'static,
    ) -> Result<bool> {
        self.job.state.cycle = Some(self.state.clone());
        let progress = progress_of(&self.job, self.now())?;
        let (application, fence, epoch) = (self.job.application.clone(), self.fence, self.job.epoch);
        let write = move |write: &TenantWrite<'_>| {
            if !write.advance_job(&application, fence, epoch, &progress)? {
                return Ok::<_, Error>(false);
            }
            also(write)?;
            Ok(true)
        };
        self.provisioning().0.store.tenant(&self.run.tenant).write(write).await
    }

    async fn save(&mut self, new: bool) -> Result<bool> {
        let row = CycleRow {
            id: self.state.id.clone(),
            kind: self.state.kind.as_str().to_owned(),
            began: self.state.began,
            ended: None,
            outcome: None,
            message: None,
        };
        let application = self.job.application.clone();
        self.advance(move |write| {
            if new {
                write.insert_cycle(&application, &row)?;
            }
            Ok(())
        })
        .await
    }

    async fn work(&mut self) -> Result<End> {
        let nobody = self.provisioning().0.directory.random().resource_id(self.now());
        match self.run.probe(&nobody).await {
            Ok(()) => self.job.state.unreachable = 0,
            Err(Obstacle::Lasting(why)) => {
                return Ok(End::Quarantine(QuarantineReason::EncounteredQuarantineException, why));
            }
            Err(Obstacle::Passing(why)) => return Ok(End::Unreachable(why)),
        }
        if let Some(end) = self.read().await? {
            return Ok(end);
        }
        for pass in [Pass::Object, Pass::Reference] {
            for kind in [Kind::User, Kind::Group] {
                if let Some(end) = self.drain(pass, kind, Departure::Queue).await? {
                    return Ok(end);
                }
            }
        }
        if let Some(end) = self.departures().await? {
            return Ok(end);
        }
        let policy = &self.job.config.quarantine;
        Ok(match quarantine::assess(&self.state.counters, policy) {
            Some(reason) => End::Quarantine(reason, self.failures()),
            None => End::Completed,
        })
    }

    pub(super) fn failures(&self) -> String {
        let Counters { attempts, failures, consecutive, .. } = self.state.counters;
        format!("{failures} of {attempts} objects failed, {consecutive} of them one after the other")
    }

    /// Into the list of work; `Some`: it does not go on.
    async fn read(&mut self) -> Result<Option<End>> {
        if self.state.kind == CycleKind::Initial
            && self.job.watermark.is_none()
            && let Err(why) = self.source_is_there().await?
        {
            return Ok(Some(End::Quarantine(QuarantineReason::IngestionInterrupted, why)));
        }
        loop {
            if !self.goes_on().await? {
                return Ok(Some(End::Interrupted));
            }
            let more = match self.state.phase.clone() {
                Phase::Read { part, after, member } => {
                    let page = self
                        .provisioning()
                        .read_page(&self.run.tenant, &self.job, part, after, member)
                        .await?;
                    self.state.read += page.ids.len() as u64;
                    self.state.phase = page.next;
                    if self.state.phase == Phase::Work {
                        self.job.watermark = Some(self.state.head);
                    }
                    let (application, now) = (self.job.application.clone(), self.now());
                    self.advance(move |write| {
                        for id in &page.ids {
                            queue_object(write, &application, page.kind, id, now)?;
                        }
                        Ok(())
                    })
                    .await?
                    .then_some(true)
                }
                Phase::Work => self.read_changes().await?,
            };
            match more {
                None => return Ok(Some(End::Interrupted)),
                Some(true) => {}
                Some(false) => return Ok(None),
            }
        }
    }

    /// One page of changes: `Some(false)` when there are no more, `None` when it does not go on.
    async fn read_changes(&mut self) -> Result<Option<bool>> {
        let watermark = self.job.watermark.unwrap_or(self.state.head);
        let Some(rows) = self.provisioning().read_changes(&self.run.tenant, watermark).await? else {
            // The log does not reach back: everything is read anew.
            self.state.kind = CycleKind::Initial;
            self.state.head = self.provisioning().0.directory.source_head(&self.run.tenant).await?;
            self.state.phase = beginning(CycleKind::Initial);
            self.job.watermark = None;
            return Ok(self.advance(|_| Ok(())).await?.then_some(true));
        };
        let Some(last) = rows.last() else { return Ok(Some(false)) };
        self.job.watermark = Some(last.number);
        self.state.read += rows.len() as u64;
        let (job, now) = (self.job.clone(), self.now());
        let queue = move |write: &TenantWrite<'_>| {
            // An object that changed often is queued once.
            let mut seen = HashSet::new();
            for row in rows.iter().filter(|row| seen.insert((row.kind, row.id.clone()))) {
                queue_change(write, &job, row, now)?;
            }
            Ok(())
        };
        Ok(self.advance(queue).await?.then_some(true))
    }

    async fn source_is_there(&self) -> Result<Result<(), String>> {
        let (users, groups) = self.provisioning().0.directory.source_counts(&self.run.tenant).await?;
        let linked = self.linked().await?;
        Ok(deletion_guard::check_source(users + groups, linked))
    }

    /// Objects in care.
    pub(super) async fn linked(&self) -> Result<u64> {
        let application = self.job.application.clone();
        let read = move |read: &store::TenantRead<'_>| {
            let users = read.link_counts(&application, Kind::User)?;
            Ok::<_, Error>(users.managed + read.link_counts(&application, Kind::Group)?.managed)
        };
        self.provisioning().0.store.tenant(&self.run.tenant).read(read).await
    }
}

/// Departures apart: those may be held back.
fn has_due_work(read: &TenantRead<'_>, application: &str, kinds: &[Kind], now: Timestamp) -> Result<bool> {
    for pass in [Pass::Object, Pass::Reference] {
        for kind in kinds {
            if !read.due_work(application, pass, *kind, now, 1)?.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Keeps the lease while it lives.
struct Renewing(tokio::task::JoinHandle<()>);

impl Renewing {
    fn begin(provisioning: &Provisioning, tenant: &TenantId, application: &str, fence: u64) -> Self {
        let (provisioning, tenant, application) =
            (provisioning.clone(), tenant.clone(), application.to_owned());
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(RENEW);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let now = provisioning.now();
                let until = later(now, LEASE);
                let application = application.clone();
                let renew = move |write: &TenantWrite<'_>| {
                    Ok::<_, Error>(write.renew_lease(&application, fence, now, until)?)
                };
                if let Err(error) = provisioning.0.store.tenant(&tenant).write(renew).await {
                    tracing::warn!(%error, "the lease of a job could not be renewed; trying again");
                }
            }
        }))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
