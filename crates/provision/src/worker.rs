//! The worker: finds jobs that are due and runs them, each in a task of its own, so that one dead target delays no other.

use std::sync::Arc;
use std::time::Duration;

use store::DueJob;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::provisioning::Provisioning;

/// How often it looks. A change is pushed to its targets within about that time.
const LOOK: Duration = Duration::from_millis(500);
/// Jobs that run at the same time in one process.
const AT_ONCE: usize = 32;

impl Provisioning {
    /// Runs until `stop` turns true and what runs has come to a halt; spawn it.
    pub async fn work(self, mut stop: watch::Receiver<bool>) {
        let owner = self.owner();
        if let Err(error) = self.release_orphans().await {
            tracing::error!(%error, "looking for jobs of a process that died failed; their leases run out by themselves");
        }
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                changed = stop.changed() => if changed.is_err() || *stop.borrow() { break },
            }
            while running.try_join_next().is_some() {}
            let due = match self.due(turns.available_permits()).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "looking for due jobs failed; trying again");
                    continue;
                }
            };
            for job in due {
                let Ok(turn) = turns.clone().try_acquire_owned() else { break };
                let (provisioning, owner, stop) = (self.clone(), owner.clone(), stop.clone());
                running.spawn(async move {
                    provisioning.run_due(&job, &owner, stop).await;
                    drop(turn);
                });
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Jobs that a process was running when it died: the fence keeps out what it may have left, so nobody has to wait for
    /// the lease.
    async fn release_orphans(&self) -> Result<()> {
        let Some(process) = self.0.options.process.clone() else { return Ok(()) };
        let now = self.now();
        let leases = self.0.store.read(move |read| Ok::<_, Error>(read.leases(now)?)).await?;
        for lease in leases {
            let gone = lease.owner.split(' ').next().is_some_and(process.has_gone);
            if !gone {
                continue;
            }
            tracing::info!(application = %lease.application, "the process that ran a cycle has gone; it goes on here");
            let release = move |write: &store::TenantWrite<'_>| {
                Ok::<_, Error>(write.release_job(&lease.application, lease.fence)?)
            };
            self.0.store.tenant(&lease.tenant).write(release).await?;
        }
        Ok(())
    }

    async fn due(&self, limit: usize) -> Result<Vec<DueJob>> {
        let now = self.now();
        self.0.store.read(move |read| Ok::<_, Error>(read.due_jobs(now, limit)?)).await
    }

    async fn run_due(&self, job: &DueJob, owner: &str, stop: watch::Receiver<bool>) {
        match self.run_job(&job.tenant, &job.application, owner, stop).await {
            Ok(ran) => tracing::debug!(application = %job.application, ?ran, "cycle"),
            Err(error) => {
                tracing::error!(%error, application = %job.application, "a cycle was cut off; it goes on later");
            }
        }
    }
}
