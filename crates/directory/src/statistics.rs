//! What the console's home page shows of a tenant.

use jiff::Timestamp;
use store::TenantId;

use crate::directory::Directory;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    pub users: u64,
    pub active_users: u64,
    pub groups: u64,
    pub deleted_users: u64,
    /// Neither revoked nor expired.
    pub live_keys: u64,
    pub last_key_use: Option<Timestamp>,
    /// Reads left out of the request log since the server started.
    pub left_out_reads: u64,
}

impl Directory {
    /// # Errors
    /// [`crate::Error::NoTenant`]
    pub async fn statistics(&self, tenant: &TenantId) -> Result<Statistics> {
        let now = self.now();
        let left_out_reads = self.left_out_reads(tenant);
        let keys = self.keys(tenant).await?;
        self.0
            .store
            .tenant(tenant)
            .read(move |read| {
                let stats = read.stats()?;
                let live =
                    |key: &&store::KeyRow| key.revoked.is_none() && key.expires.is_none_or(|at| now < at);
                Ok(Statistics {
                    users: stats.users,
                    active_users: stats.active_users,
                    groups: stats.groups,
                    deleted_users: stats.deleted_users,
                    live_keys: keys.iter().filter(live).count() as u64,
                    last_key_use: keys.iter().filter_map(|key| key.last_used).max(),
                    left_out_reads,
                })
            })
            .await
    }
}
