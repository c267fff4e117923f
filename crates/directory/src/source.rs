//! The directory as provisioning reads it: objects in whatever state they are, ids in order, and what has changed.
//!
//! Every write of a resource appends a change in its own transaction: created, updated (a group also when a member came or went),
//! deleted, restored, purged. The log is never cut, so a reader that remembers a number misses nothing.

use scim::{Resource, compare};
use store::{ChangeRow, GroupRef, Kind, MemberRow, Narrow, TenantId, TenantRead};

use crate::directory::Directory;
use crate::error::Result;
use crate::index::EXTERNAL_ID;
use crate::location::scim_type;
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

    /// The live object that an import means: the one of this id, else the only one that has it as `externalId`, else the one
    /// of this name (`userName`, a group's `displayName`; letter case does not count).
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_find(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Result<Option<String>> {
        let store = self.0.store.tenant(tenant);
        store
            .read(|read| {
                if let Some(id) = id
                    && let Some(found) = find_by_id(read, &[kind], id)?
                {
                    return Ok(Some(found));
                }
                name.map_or(Ok(None), |name| find_by_name(read, kind, name))
            })
            .await
    }

    /// The live user or group that each reference means: an id, an `externalId`, or the `userName` of a user.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_resolve(
        &self,
        tenant: &TenantId,
        kinds: &[Kind],
        references: &[String],
    ) -> Result<Vec<Option<String>>> {
        let store = self.0.store.tenant(tenant);
        store
            .read(|read| {
                let resolve = |reference: &String| match find_by_id(read, kinds, reference)? {
                    Some(id) => Ok(Some(id)),
                    None => find_by_name(read, Kind::User, reference),
                };
                references.iter().map(resolve).collect()
            })
            .await
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

fn find_by_id(read: &TenantRead<'_>, kinds: &[Kind], id: &str) -> Result<Option<String>> {
    if read.kind_of(id)?.is_some_and(|kind| kinds.contains(&kind)) {
        return Ok(Some(id.to_owned()));
    }
    let mut found = Vec::new();
    for kind in kinds {
        let same = Narrow::Value { path: EXTERNAL_ID, key: id.to_owned() };
        found.extend(read.scan(*kind, &same, None, 2)?.into_iter().map(|stored| stored.id));
    }
    // Of several nobody can say which is meant.
    Ok(found.pop().filter(|_| found.is_empty()))
}

fn find_by_name(read: &TenantRead<'_>, kind: Kind, name: &str) -> Result<Option<String>> {
    let key = scim_type(kind).unique().map(|attribute| compare::key(name, attribute));
    let found = key.map(|key| read.by_unique_key(kind, &key)).transpose()?.flatten();
    Ok(found.map(|stored| stored.id))
}
