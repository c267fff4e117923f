//! GET of one resource (RFC 7644 §3.4.1), and the names of some.

use std::collections::HashMap;

use scim::Resource;
use scim::projection::Projection;
use store::{Kind, TenantId, TenantRead};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::location::scim_type;
use crate::representation::{Links, Load};

/// A resource as it is returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub resource: Resource,
    pub id: String,
    pub kind: Kind,
    pub version: u64,
}

/// Members of a group that are read where they are asked for; more are read as a scan is, so that one huge group keeps
/// nobody from being answered.
pub(crate) const MEMBERS_AT_ONCE: u64 = 1_000;

impl Directory {
    /// A resource of another tenant is not found, as one that never existed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`]
    pub async fn get(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
        projection: &Projection,
    ) -> Result<Found> {
        self.get_then(tenant, kind, id, projection, |found| found).await
    }

    /// The same, with what is made of it. That is done where the resource is read: for a huge group not on a thread that
    /// answers others, and not for more of them at once than are scanned at once.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_then<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
        projection: &Projection,
        then: impl FnOnce(Found) -> T + Send + 'static,
    ) -> Result<T> {
        let asked = Asked {
            directory: self.clone(),
            tenant: tenant.clone(),
            kind,
            id: id.to_owned(),
            projection: projection.clone(),
        };
        let store = self.0.store.tenant(tenant);
        let found = store
            .read(|read| if asked.is_huge(read)? { Ok(None) } else { asked.find(read).map(Some) })
            .await?;
        match found {
            Some(found) => Ok(then(found)),
            None => store.scan(move |read| asked.find(read).map(then)).await,
        }
    }
}

/// Names read at once at most.
const NAMES_MAX: usize = 1_000;

impl Directory {
    /// What the resources with these ids are called, deleted ones that can be restored among them. Ids of none, and those
    /// beyond a thousand, are left out.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn names(&self, tenant: &TenantId, mut ids: Vec<String>) -> Result<HashMap<String, String>> {
        ids.truncate(NAMES_MAX);
        self.0.store.tenant(tenant).scan(move |read| Ok(read.names_of(&ids)?)).await
    }
}

struct Asked {
    directory: Directory,
    tenant: TenantId,
    kind: Kind,
    id: String,
    projection: Projection,
}

impl Asked {
    fn is_huge(&self, read: &TenantRead<'_>) -> Result<bool> {
        let members = self.kind == Kind::Group && self.projection.wants("members");
        Ok(members && read.member_count(&self.id)? > MEMBERS_AT_ONCE)
    }

    fn find(&self, read: &TenantRead<'_>) -> Result<Found> {
        let Self { directory, tenant, kind, id, projection } = self;
        let stored = read.resource(*kind, id)?.ok_or_else(|| Error::not_found(*kind, id))?;
        let links = Links { public_url: directory.public_url(), tenant };
        let resource = links.full(read, &stored, Load::for_projection(projection))?;
        let resource = projection.apply(resource, scim_type(*kind));
        Ok(Found { resource, id: id.clone(), kind: *kind, version: stored.version })
    }
}
