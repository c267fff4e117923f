//! DELETE (RFC 7644 §3.6): the resource is gone for clients; a tombstone stays for the restore window.

use serde_json::json;
use store::{ChangeKind, Kind};

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::membership::word;
use crate::representation::document;
use crate::transaction::{Members, Outcome, Transaction};
use crate::version::Precondition;

impl Directory {
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`]
    pub async fn delete(&self, cx: Context, kind: Kind, id: &str, if_match: Precondition) -> Result<()> {
        let id = id.to_owned();
        self.transact(cx, move |t| Ok((t.delete(kind, &id, &if_match)?, ()))).await?;
        Ok(())
    }

    /// Take a tombstone away before its time; nothing of the resource is left but its audit trail.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the resource was deleted.
    pub async fn purge(&self, cx: Context, kind: Kind, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.transact(cx, move |t| Ok((t.purge(kind, &id)?, ()))).await?;
        Ok(())
    }
}

impl Transaction<'_> {
    fn delete(&self, kind: Kind, id: &str, if_match: &Precondition) -> Result<Written> {
        let stored = self.load(kind, id, if_match)?;
        let outcome = Outcome { created: false, changed: true, quirks: Default::default() };
        let written = self.written(&stored, outcome, Members::IfFew)?;
        let groups = self.write.leave_all(id)?;
        self.write.bury(kind, id, self.now, &groups)?;
        self.write.append_change(kind, id, ChangeKind::Deleted, self.now)?;
        let before = document(&stored)?;
        let detail = json!({ "before": before, "groups": groups });
        self.audit_resource(&format!("{}.delete", word(kind)), kind, id, &before, detail)?;
        for group in &groups {
            if self.write.resource(Kind::Group, group)?.is_none() {
                continue;
            }
            self.member_moved(group, json!({ "removed": [id] }))?;
        }
        Ok(written)
    }

    fn purge(&self, kind: Kind, id: &str) -> Result<Written> {
        let stored = self.write.tombstone(kind, id)?.ok_or_else(|| Error::not_found(kind, id))?;
        let outcome = Outcome { created: false, changed: true, quirks: Default::default() };
        let written = self.written(&stored, outcome, Members::IfFew)?;
        self.write.purge(kind, id)?;
        self.write.append_change(kind, id, ChangeKind::Purged, self.now)?;
        self.audit(&format!("{}.purge", word(kind)), Some((kind, id.to_owned())), None, json!({}))?;
        Ok(written)
    }
}
