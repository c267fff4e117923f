//! The last pass of a cycle: disables and deletes, once it is known how many there are.

use jiff::Timestamp;
use store::{Kind, Pass, TenantWrite};

use super::conclude::End;
use super::cycle::Cycle;
use super::run::Departure;
use super::walkers::BATCH;
use crate::deletion_guard::Verdict;
use crate::error::{Error, Result};
use crate::quarantine::QuarantineReason;

impl Cycle {
    /// Disables and deletes, once it is known how many there are.
    pub(super) async fn departures(&mut self) -> Result<Option<End>> {
        let waiting = self.departures_waiting().await?;
        if waiting == 0 {
            return Ok(None);
        }
        let allowed = self.job.state.allow_deletes || waiting <= self.job.state.approved_departures;
        let verdict = match allowed {
            true => Verdict::Proceed,
            false => self.job.config.guard.assess(waiting, self.linked().await?),
        };
        match verdict {
            Verdict::Proceed => {
                let (application, now) = (self.job.application.clone(), self.now());
                let release = move |write: &TenantWrite<'_>| {
                    write.release_work(&application, Pass::Departure, now)?;
                    Ok(())
                };
                if !self.advance(release).await? {
                    return Ok(Some(End::Interrupted));
                }
                for kind in [Kind::User, Kind::Group] {
                    if let Some(end) = self.drain(Pass::Departure, kind, Departure::CarryOut).await? {
                        return Ok(Some(end));
                    }
                }
                Ok(None)
            }
            Verdict::Stage { reason } => {
                self.job.state.staged = waiting;
                for kind in [Kind::User, Kind::Group] {
                    if let Some(end) = self.stage(kind).await? {
                        return Ok(Some(end));
                    }
                }
                Ok(Some(End::Quarantine(QuarantineReason::TooManyDeletes, reason)))
            }
        }
    }

    async fn departures_waiting(&self) -> Result<u64> {
        let application = self.job.application.clone();
        let read = move |read: &store::TenantRead<'_>| {
            Ok::<_, Error>(read.pass_count(&application, Pass::Departure)?)
        };
        self.provisioning().0.store.tenant(&self.run.tenant).read(read).await
    }

    /// Log what is held back, once, and let it wait for an administrator.
    async fn stage(&mut self, kind: Kind) -> Result<Option<End>> {
        loop {
            let (application, now) = (self.job.application.clone(), self.now());
            let read = move |read: &store::TenantRead<'_>| {
                Ok::<_, Error>(read.due_work(&application, Pass::Departure, kind, now, BATCH)?)
            };
            let rows = self.provisioning().0.store.tenant(&self.run.tenant).read(read).await?;
            if rows.is_empty() {
                return Ok(None);
            }
            let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
            if let Some(end) = self.work_on(rows, Departure::Stage).await? {
                return Ok(Some(end));
            }
            let application = self.job.application.clone();
            let wait = move |write: &TenantWrite<'_>| {
                for id in &ids {
                    write.postpone_work(&application, Pass::Departure, id, Timestamp::MAX)?;
                }
                Ok(())
            };
            if !self.advance(wait).await? {
                return Ok(Some(End::Interrupted));
            }
        }
    }
}
