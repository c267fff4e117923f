//! Keeping house: what is buffered is written down, what has had its time goes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{ChangeKind, TenantId, TenantWrite};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::session;

const FLUSH_LOG: Duration = Duration::from_secs(1);
const FLUSH_LAST_USED_EVERY: u32 = 60;
const CLEAN_UP_EVERY: u32 = 3_600;
const PURGED_AT_ONCE: usize = 1_000;

impl Directory {
    /// Runs for ever; spawn it. What waits for the request log is written each second, last use of keys each minute, and each
    /// hour what is past its time is removed.
    pub async fn maintain(&self) {
        let mut ticks = tokio::time::interval(FLUSH_LOG);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut second: u32 = 0;
        loop {
            ticks.tick().await;
            self.flush_log().await;
            if second.is_multiple_of(FLUSH_LAST_USED_EVERY) {
                log_failure("the last use of API keys", self.flush_last_used().await);
            }
            if second.is_multiple_of(CLEAN_UP_EVERY) {
                log_failure("clean-up", self.clean_up().await);
            }
            second = second.wrapping_add(1);
        }
    }

    /// Write down what is buffered: at shutdown.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn flush(&self) -> Result<()> {
        self.flush_log().await;
        self.flush_last_used().await
    }

    async fn flush_last_used(&self) -> Result<()> {
        for (tenant, used) in self.0.last_used.take() {
            let written = self
                .0
                .store
                .tenant(&tenant)
                .write(move |write| Ok::<_, Error>(write.touch_keys(&used).map(drop)?))
                .await;
            match written {
                Ok(()) | Err(Error::NoTenant) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Remove tombstones and entries of the request and provisioning logs that are older than their tenant's settings keep them, what is left of deleted
    /// tenants, and sessions that have ended.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn clean_up(&self) -> Result<()> {
        let now = self.now();
        for tenant in self.tenants().await? {
            match self.clean_up_tenant(&tenant.id, now).await {
                Ok(()) | Err(Error::NoTenant) => {}
                Err(error) => return Err(error),
            }
        }
        self.sweep().await?;
        let oldest = now.saturating_sub(session::LIFETIME).map_err(Error::internal)?;
        let idle = now.saturating_sub(session::IDLE).map_err(Error::internal)?;
        self.0.store.write(move |write| Ok(write.purge_sessions(oldest, idle).map(drop)?)).await
    }

    async fn clean_up_tenant(&self, tenant: &TenantId, now: Timestamp) -> Result<()> {
        let settings = self.settings(tenant).await?;
        let before = |days: u32| {
            now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).map_err(Error::internal)
        };
        let (tombstones, exchanges) = (before(settings.restore_days)?, before(settings.request_log_days)?);
        let provisioning = before(settings.provisioning_log_days)?;
        let store = self.0.store.tenant(tenant);
        // In steps, so that no request waits long behind the broom.
        while store.write(move |write| purge_tombstones(write, tombstones, now)).await? > 0 {}
        while store.write(move |write| Ok::<_, Error>(write.purge_exchanges(exchanges)?)).await? > 0 {}
        while store.write(move |write| Ok::<_, Error>(write.purge_provisioning_log(provisioning)?)).await? > 0
        {
        }
        Ok(())
    }
}

/// What is deleted for good is a change, too: targets hear of it.
fn purge_tombstones(write: &TenantWrite<'_>, before: Timestamp, now: Timestamp) -> Result<usize> {
    let due = write.tombstones_before(before, PURGED_AT_ONCE)?;
    for (kind, id) in &due {
        write.purge(*kind, id)?;
        write.append_change(*kind, id, ChangeKind::Purged, now)?;
    }
    Ok(due.len())
}

fn log_failure(what: &str, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "{what} failed; it is tried again");
    }
}
