//! The walks of a cycle that are under way at the same time.
//!
//! As many objects are between their first request and their last answer as requests may be in flight. What an object leaves
//! behind is written while the next one has its place already, so a target never waits for the disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::{Kind, Pass, TenantRead, WorkRow};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};

use super::conclude::End;
use super::cycle::Cycle;
use super::run::{Departure, Item, Walked};
use crate::error::{Error, Result};
use crate::quarantine::{self, QuarantineReason};
use crate::record::LogStatus;

/// Rows of work taken from the list at a time.
pub(super) const BATCH: usize = 256;
/// Objects whose outcome may wait to be written, beside those that have a place at the target.
const LEAVING: usize = 64;

/// A place among the objects that the target is asked about; dropped, the next one may be.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

/// What came of a walk, and of which object.
type Outcome = (String, Result<Walked>);

/// Objects that are walked now.
pub(super) struct Walkers {
    places: Arc<Semaphore>,
    most: usize,
    tasks: JoinSet<Outcome>,
    ids: HashSet<String>,
}

/// What there is to do next.
enum Turn {
    Begin(Place),
    Count(std::result::Result<Outcome, JoinError>),
}

impl Walkers {
    fn new(in_flight: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(in_flight)),
            most: in_flight + LEAVING,
            tasks: JoinSet::new(),
            ids: HashSet::new(),
        }
    }

    /// A place for one more, or somebody who is through.
    async fn turn(&mut self) -> Result<Turn> {
        if let Some(outcome) = self.tasks.try_join_next() {
            return Ok(Turn::Count(outcome));
        }
        let room = self.tasks.len() < self.most;
        tokio::select! {
            biased;
            place = self.places.clone().acquire_owned(), if room => {
                place.map(|permit| Turn::Begin(Place(permit))).map_err(Error::internal)
            }
            Some(outcome) = self.tasks.join_next() => Ok(Turn::Count(outcome)),
        }
    }
}

impl Cycle {
    /// Work on what is due of one pass and kind; `Some`: it does not go on.
    pub(super) async fn drain(
        &mut self,
        pass: Pass,
        kind: Kind,
        departure: Departure,
    ) -> Result<Option<End>> {
        if kind == Kind::Group && self.run.learnt.no_groups.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut walkers = self.walkers();
        loop {
            let rows = self.due_work(pass, kind, &walkers).await?;
            if rows.is_empty() && walkers.tasks.is_empty() {
                return Ok(None);
            }
            // Whoever was asked for again while being walked is due again afterwards.
            let end = match rows.is_empty() {
                true => self.finish(&mut walkers, None).await?,
                false => self.walk(&mut walkers, rows, departure).await?,
            };
            if end.is_some() {
                return self.finish(&mut walkers, end).await;
            }
            if !self.advance(|_| Ok(())).await? {
                return self.finish(&mut walkers, Some(End::Interrupted)).await;
            }
        }
    }

    /// Work on these and wait for all of them.
    pub(super) async fn work_on(&mut self, rows: Vec<WorkRow>, departure: Departure) -> Result<Option<End>> {
        let mut walkers = self.walkers();
        let end = self.walk(&mut walkers, rows, departure).await?;
        self.finish(&mut walkers, end).await
    }

    fn walkers(&self) -> Walkers {
        Walkers::new(self.job.config.connection.as_ref().map_or(1, |c| c.pace.in_flight.max(1)) as usize)
    }

    /// The next due rows, without those that are walked now.
    async fn due_work(&self, pass: Pass, kind: Kind, walkers: &Walkers) -> Result<Vec<WorkRow>> {
        let (application, now) = (self.job.application.clone(), self.now());
        let limit = BATCH + walkers.ids.len();
        let read = move |read: &TenantRead<'_>| {
            Ok::<_, Error>(read.due_work(&application, pass, kind, now, limit)?)
        };
        let rows = self.provisioning().0.store.tenant(&self.run.tenant).read(read).await?;
        Ok(rows.into_iter().filter(|row| !walkers.ids.contains(&row.id)).collect())
    }

    /// Begin with all of these; they may be under way still when this returns.
    async fn walk(
        &mut self,
        walkers: &mut Walkers,
        rows: Vec<WorkRow>,
        departure: Departure,
    ) -> Result<Option<End>> {
        for row in rows {
            let place = loop {
                match walkers.turn().await? {
                    Turn::Begin(place) => break place,
                    Turn::Count(outcome) => {
                        let end = self.count(walkers, outcome)?;
                        if end.is_some() {
                            return Ok(end);
                        }
                    }
                }
            };
            if !self.goes_on().await? {
                return Ok(Some(End::Interrupted));
            }
            let (run, item) = (self.run.clone(), item(&row)?);
            walkers.ids.insert(row.id);
            walkers.tasks.spawn(async move {
                let walked = run.walk(&item, departure, place).await;
                (item.id, walked)
            });
        }
        Ok(None)
    }

    /// What is under way is let finish, whatever has ended the cycle: its outcome must not be lost.
    async fn finish(&mut self, walkers: &mut Walkers, mut end: Option<End>) -> Result<Option<End>> {
        while let Some(outcome) = walkers.tasks.join_next().await {
            let more = self.count(walkers, outcome)?;
            end = end.or(more);
        }
        Ok(end)
    }

    /// Count an outcome; `Some`: the cycle does not go on.
    fn count(
        &mut self,
        walkers: &mut Walkers,
        outcome: std::result::Result<Outcome, JoinError>,
    ) -> Result<Option<End>> {
        let (id, walked) = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                // A bug with one object must not end the others; it stays in the list of work and is met again next time.
                tracing::error!(%error, application = %self.job.application, "a bug stopped the work on an object");
                return Ok(Some(End::Quarantine(
                    QuarantineReason::Unknown,
                    "a bug stopped the work on an object; the server's log says where".into(),
                )));
            }
        };
        walkers.ids.remove(&id);
        match walked? {
            Walked::Done(LogStatus::Failure) | Walked::Held { reference: false } => {
                self.state.counters.failed();
            }
            Walked::Held { reference: true } => self.state.counters.reference_failed(),
            Walked::Done(_) | Walked::Departing => self.state.counters.succeeded(),
            Walked::Throttled => {}
            Walked::Superseded => return Ok(Some(End::Interrupted)),
            Walked::Systemic(failure) => {
                let why = format!("{} {}", failure.cause(), failure.hint());
                return Ok(Some(End::Quarantine(QuarantineReason::EncounteredQuarantineException, why)));
            }
        }
        let reason = quarantine::assess(&self.state.counters, &self.job.config.quarantine);
        Ok(reason.map(|reason| End::Quarantine(reason, self.failures())))
    }
}

fn item(row: &WorkRow) -> Result<Item> {
    Ok(Item {
        pass: row.pass,
        kind: row.kind,
        id: row.id.clone(),
        stamp: Some(row.stamp),
        escrow: row.escrow.as_deref().map(crate::provisioning::parsed).transpose()?,
    })
}
