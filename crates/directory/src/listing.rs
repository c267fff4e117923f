//! Lists for the console: search as you type, members in pages, what was deleted.

use store::{GroupRef, Kind, ListSort, MemberRow, SearchQuery, Stored, TenantId};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::get::Found;
use crate::representation::Links;

/// Rows of one page at most.
pub const LIST_MAX: usize = 500;

#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Beginning of a name or an e-mail address; empty for all.
    pub text: String,
    pub active: Option<bool>,
    pub sort: ListSort,
    pub descending: bool,
    pub offset: u64,
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// Without `groups` and `members`.
    pub rows: Vec<Found>,
    pub total: u64,
}

/// A page of a group's members.
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    pub rows: Vec<MemberRow>,
    /// Members of the group, whatever was searched for.
    pub total: u64,
}

impl Directory {
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn list(&self, tenant: &TenantId, kind: Kind, query: ListQuery) -> Result<Listing> {
        let ListQuery { text, active, sort, descending, offset, limit } = query;
        let text = scim::compare::fold(text.trim());
        let query = SearchQuery { text, active, sort, descending, offset, limit: limit.min(LIST_MAX) };
        let (directory, owner) = (self.clone(), tenant.clone());
        self.0
            .store
            .tenant(tenant)
            .scan(move |read| {
                let (stored, total) = read.search(kind, &query)?;
                let links = Links { public_url: directory.public_url(), tenant: &owner };
                let rows = stored.iter().map(|row| found(links, row)).collect::<Result<_>>()?;
                Ok(Listing { rows, total })
            })
            .await
    }

    /// Deleted resources that can still be restored, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn deleted(
        &self,
        tenant: &TenantId,
        kind: Kind,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        let limit = limit.min(LIST_MAX);
        self.0
            .store
            .tenant(tenant)
            .read(move |read| Ok(read.tombstones(kind, after.as_deref(), limit)?))
            .await
    }

    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`]
    pub async fn members(
        &self,
        tenant: &TenantId,
        group: &str,
        after: Option<String>,
        search: Option<String>,
        limit: usize,
    ) -> Result<Members> {
        let (group, limit) = (group.to_owned(), limit.min(LIST_MAX));
        self.0
            .store
            .tenant(tenant)
            .scan(move |read| {
                if read.resource(Kind::Group, &group)?.is_none() {
                    return Err(Error::not_found(Kind::Group, &group));
                }
                let rows = read.members(&group, after.as_deref(), limit, search.as_deref())?;
                Ok(Members { rows, total: read.member_count(&group)? })
            })
            .await
    }

    /// The groups that hold the user or group as a direct member.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn groups_of(&self, tenant: &TenantId, id: &str) -> Result<Vec<GroupRef>> {
        let id = id.to_owned();
        self.0.store.tenant(tenant).read(move |read| Ok(read.groups_of(&id)?)).await
    }
}

fn found(links: Links<'_>, row: &Stored) -> Result<Found> {
    let resource = links.plain(row)?;
    Ok(Found { resource, id: row.id.clone(), kind: row.kind, version: row.version })
}
