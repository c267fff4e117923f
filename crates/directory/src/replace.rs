//! PUT (RFC 7644 §3.5.1).

use scim::Resource;
use scim::check::{Checked, Purpose, check};
use store::Kind;

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::Result;
use crate::location::scim_type;
use crate::membership;
use crate::representation::document;
use crate::transaction::{Members, Outcome, Transaction, Update};
use crate::version::Precondition;

impl Directory {
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::VersionMismatch`], `uniqueness`, `invalidValue`, `invalidSyntax`
    pub async fn replace(
        &self,
        cx: Context,
        kind: Kind,
        id: &str,
        body: Resource,
        if_match: Precondition,
    ) -> Result<Written> {
        let checked = check(body, scim_type(kind), Purpose::Replace)?;
        let id = id.to_owned();
        let (written, ()) =
            self.transact(cx, move |t| Ok((t.replace(kind, &id, checked, &if_match)?, ()))).await?;
        Ok(written)
    }
}

impl Transaction<'_> {
    fn replace(&self, kind: Kind, id: &str, checked: Checked, if_match: &Precondition) -> Result<Written> {
        let Checked { resource: mut after, quirks } = checked;
        let members = membership::take(&mut after)?;
        let stored = self.load(kind, id, if_match)?;
        let before = document(&stored)?;
        keep_active(kind, &before, &mut after);
        // RFC 7644 §3.5.1: what is left out of a PUT is unset; for a group that is its members too.
        let delta = self.set_members(id, members)?;
        let action = if kind == Kind::User { "user.update" } else { "group.update" };
        let version = stored.version;
        let stored =
            self.update(stored, Update { before: &before, after: &after, members: delta, action })?;
        let outcome = Outcome { created: false, changed: version != stored.version, quirks };
        self.written(&stored, outcome, Members::Always)
    }
}

/// A PUT that leaves `active` out keeps it: nobody comes back to life because a field was forgotten.
fn keep_active(kind: Kind, before: &Resource, after: &mut Resource) {
    if kind == Kind::User && !after.contains_key("active") {
        // Where a PATCH had removed it, it stays away too.
        if let Some(active) = before.get("active") {
            after.insert("active".to_owned(), active.clone());
        }
    }
}
