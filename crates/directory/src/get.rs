//! GET of one resource (RFC 7644 §3.4.1), and the names of some.

use std::collections::HashMap;

use scim::Resource;
use scim::projection::Projection;
use store::{Kind, Stored, TenantId, TenantRead};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::location::scim_type;
use crate::representation::{Links, Load};
use crate::shown::{Shape, Shower};
use crate::version::Precondition;

/// A resource as it is sent: JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: Vec<u8>,
    pub version: u64,
}

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
        let asked = self.asked(tenant, kind, id, Precondition::None);
        let store = self.0.store.tenant(tenant);
        let huge = |read: &TenantRead<'_>| asked.is_huge(read, projection.wants("members"));
        let found = store
            .read(|read| if huge(read)? { Ok(None) } else { asked.find(read, projection).map(Some) })
            .await?;
        if let Some(found) = found {
            return Ok(found);
        }
        let projection = projection.clone();
        store.scan(move |read| asked.find(read, &projection)).await
    }

    /// The same as it is sent, if the condition holds, with what `then` makes of it. That is made where it is read: for a huge group not on a thread that
    /// answers others, and not for more of them at once than are scanned at once.
    ///
    /// # Errors
    /// As [`Self::get`]; [`Error::NotModified`], [`Error::VersionMismatch`]
    pub async fn get_text<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        kind: Kind,
        id: &str,
        projection: &Projection,
        condition: Precondition,
        then: impl FnOnce(Text) -> T + Send + 'static,
    ) -> Result<T> {
        let asked = self.asked(tenant, kind, id, condition);
        let shape = Shape::new(projection);
        let store = self.0.store.tenant(tenant);
        let huge = |read: &TenantRead<'_>| asked.is_huge(read, shape.load().members);
        let text = store
            .read(|read| if huge(read)? { Ok(None) } else { asked.text(read, &shape).map(Some) })
            .await?;
        match text {
            Some(text) => Ok(then(text)),
            None => store.scan(move |read| asked.text(read, &shape).map(then)).await,
        }
    }

    fn asked(&self, tenant: &TenantId, kind: Kind, id: &str, condition: Precondition) -> Asked {
        Asked { directory: self.clone(), tenant: tenant.clone(), kind, id: id.to_owned(), condition }
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
    condition: Precondition,
}

impl Asked {
    fn is_huge(&self, read: &TenantRead<'_>, with_members: bool) -> Result<bool> {
        Ok(self.kind == Kind::Group && with_members && read.member_count(&self.id)? > MEMBERS_AT_ONCE)
    }

    fn stored(&self, read: &TenantRead<'_>) -> Result<Stored> {
        let stored = read.resource(self.kind, &self.id)?;
        let stored = stored.ok_or_else(|| Error::not_found(self.kind, &self.id))?;
        self.condition.check_read(stored.version)?;
        Ok(stored)
    }

    fn links(&self) -> Links<'_> {
        Links { public_url: self.directory.public_url(), tenant: &self.tenant }
    }

    fn find(&self, read: &TenantRead<'_>, projection: &Projection) -> Result<Found> {
        let stored = self.stored(read)?;
        let resource = self.links().full(read, &stored, Load::for_projection(projection))?;
        let resource = projection.apply(resource, scim_type(self.kind));
        Ok(Found { resource, id: self.id.clone(), kind: self.kind, version: stored.version })
    }

    fn text(&self, read: &TenantRead<'_>, shape: &Shape) -> Result<Text> {
        let stored = self.stored(read)?;
        let mut text = Vec::with_capacity(stored.document.len() + 512);
        Shower::new(self.links(), shape).write(read, &stored, &mut text)?;
        Ok(Text { text, version: stored.version })
    }
}
