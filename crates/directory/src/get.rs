//! GET of one resource (RFC 7644 §3.4.1).

use scim::Resource;
use scim::projection::Projection;
use store::{Kind, TenantId};

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
        let (directory, id, projection) = (self.clone(), id.to_owned(), projection.clone());
        let owner = tenant.clone();
        self.0
            .store
            .tenant(tenant)
            .read(move |read| {
                let stored = read.resource(kind, &id)?.ok_or_else(|| Error::not_found(kind, &id))?;
                let links = Links { public_url: directory.public_url(), tenant: &owner };
                let resource = links.full(read, &stored, Load::for_projection(&projection))?;
                let resource = projection.apply(resource, scim_type(kind));
                Ok(Found { resource, id, kind, version: stored.version })
            })
            .await
    }
}
