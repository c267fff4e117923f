//! The directory as provisioning reads it: objects in whatever state they are, ids in order, and what has changed.
//!
//! Every write of a resource appends a change in its own transaction: created, updated (a group also when a member came or went),
//! deleted, restored, purged. The log is never cut, so a reader that remembers a number misses nothing.

use scim::Resource;
use store::{ChangeRow, GroupRef, Kind, MemberRow, TenantId, TenantRead};

use crate::directory::Directory;
use crate::error::Result;
use crate::representation::Links;

/// An object of the directory as provisioning reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRead {
    pub kind: Kind,
    pub id: String,
    pub state: SourceState,
    /// With `id` and `meta`; without members and groups. Empty if purged.
    pub resource: Resource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    Present,
    /// Deleted, and kept for the restore window.
    SoftDeleted,
    /// Nowhere: deleted for good, or never there.
    Purged,
}

/// What has changed behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Oldest first.
    pub rows: Vec<ChangeRow>,
    /// Whether these are all up to the last of them. If not, the log does not reach back to the number, or was put back to
    /// before it with an older copy of the data: the reader begins anew.
    pub complete: bool,
}

impl Directory {
    /// One snapshot; an object that is nowhere is purged, never an error.
    ///
    /// # Errors
    /// [`crate::Error::NoTenant`], [`crate::Error::Internal`]
    pub async fn source_object(&self, tenant: &TenantId, kind: Kind, id: &str) -> Result<SourceRead> {
        self.0.store.tenant(tenant).read(|read| self.source_in(read, tenant, kind, id)).await
    }

    /// The same within a snapshot that is open already; `tenant` is the tenant of `read`.
    ///
    /// # Errors
    /// [`crate::Error::Internal`]
    pub fn source_in(
        &self,
        read: &TenantRead<'_>,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
    ) -> Result<SourceRead> {
        let links = Links { public_url: self.public_url(), tenant };
        let (state, stored) = match read.resource(kind, id)? {
            Some(stored) => (SourceState::Present, Some(stored)),
            None => match read.tombstone(kind, id)? {
                Some(stored) => (SourceState::SoftDeleted, Some(stored)),
                None => (SourceState::Purged, None),
            },
        };
        let resource = stored.map(|stored| links.plain(&stored)).transpose()?.unwrap_or_default();
        Ok(SourceRead { kind, id: id.to_owned(), state, resource })
    }

    /// Ids of live objects behind `after`, in order.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_ids(
        &self,
        tenant: &TenantId,
        kind: Kind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        self.0.store.tenant(tenant).read(|read| Ok(read.ids(kind, after, limit)?)).await
    }

    /// Changes behind number `after`, oldest first, and whether the log still reaches back to it.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_changes(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Changes> {
        let store = self.0.store.tenant(tenant);
        store
            .read(|read| {
                let rows = read.changes(after, limit)?;
                let reaches = read.oldest_change()?.is_none_or(|oldest| oldest <= after.saturating_add(1));
                let complete = reaches && after <= read.newest_change()?;
                Ok(Changes { rows, complete })
            })
            .await
    }

    /// The number of the newest change; 0 before the first.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_head(&self, tenant: &TenantId) -> Result<u64> {
        self.0.store.tenant(tenant).read(|read| Ok(read.newest_change()?)).await
    }

    /// The groups that have the user directly.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_groups(&self, tenant: &TenantId, user: &str) -> Result<Vec<GroupRef>> {
        self.0.store.tenant(tenant).read(|read| Ok(read.groups_of(user)?)).await
    }

    /// Direct members of a group behind `after`, in order of id. A deleted group keeps its members for a restore; whether
    /// the group is there says [`Self::source_object`].
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_members(
        &self,
        tenant: &TenantId,
        group: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<MemberRow>> {
        self.0.store.tenant(tenant).read(|read| Ok(read.members(group, after, limit, None)?)).await
    }

    /// How many live users and groups there are.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_counts(&self, tenant: &TenantId) -> Result<(u64, u64)> {
        let stats = self.0.store.tenant(tenant).read(|read| Ok::<_, crate::Error>(read.stats()?)).await?;
        Ok((stats.users, stats.groups))
    }
}
