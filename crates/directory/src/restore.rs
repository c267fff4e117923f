//! Bring a deleted resource back, with its id and its groups; and look at it before.

use serde_json::json;
use store::{ChangeKind, Kind, Stored, TenantId};

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::membership::word;
use crate::representation::document;
use crate::transaction::{Members, Outcome, Transaction};

impl Directory {
    /// A deleted resource that can still be restored.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`]
    pub async fn tombstone(&self, tenant: &TenantId, kind: Kind, id: &str) -> Result<Stored> {
        let id = id.to_owned();
        let store = self.0.store.tenant(tenant);
        store.read(move |read| read.tombstone(kind, &id)?.ok_or_else(|| Error::not_found(kind, &id))).await
    }

    /// # Errors
    /// [`Error::NotFound`] when there is no tombstone (any more); `uniqueness` when the name was given away meanwhile.
    pub async fn restore(&self, cx: Context, kind: Kind, id: &str) -> Result<Written> {
        let id = id.to_owned();
        let (written, ()) = self.transact(cx, move |t| Ok((t.restore(kind, &id)?, ()))).await?;
        Ok(written)
    }
}

impl Transaction<'_> {
    fn restore(&self, kind: Kind, id: &str) -> Result<Written> {
        let tombstone = self.write.tombstone(kind, id)?.ok_or_else(|| Error::not_found(kind, id))?;
        let resource = document(&tombstone)?;
        let (_, left) = self
            .write
            .restore(kind, id, self.now)
            .map_err(|error| self.conflict(error, kind, &resource))?
            .ok_or_else(|| Error::not_found(kind, id))?;
        self.write.append_change(kind, id, ChangeKind::Restored, self.now)?;
        let mut groups = Vec::new();
        for group in left {
            if self.write.resource(Kind::Group, &group)?.is_none() {
                continue;
            }
            self.write.add_members(&group, &[(id.to_owned(), Some(kind))])?;
            self.member_moved(&group, json!({ "added": [id] }))?;
            groups.push(group);
        }
        let detail = json!({ "after": resource, "groups": groups });
        self.audit_resource(&format!("{}.restore", word(kind)), kind, id, &resource, detail)?;
        let outcome = Outcome { created: false, changed: true, quirks: Default::default() };
        self.written(&self.reload(kind, id)?, outcome, Members::Always)
    }
}
