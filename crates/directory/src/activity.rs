//! What clients asked lately, counted from the request log.

use jiff::Timestamp;
use store::{Activity, TenantId};

use crate::directory::Directory;
use crate::error::Result;

impl Directory {
    /// Exchanges at `since` and later by hour, and the clients that were refused or failed. Reads of the last second may
    /// still wait in their buffer.
    ///
    /// # Errors
    /// [`crate::Error::NoTenant`]
    pub async fn activity(&self, tenant: &TenantId, since: Timestamp) -> Result<Activity> {
        self.0.store.tenant(tenant).scan(move |read| Ok(read.activity(since)?)).await
    }
}
