//! PATCH (RFC 7644 §3.5.2).
//!
//! The walk of one request, all of it in one transaction: load, compare versions, [`scim::patch::apply`] on a copy,
//! [`scim::check`], uniqueness, member rows, document and index values, change, audit, request-log entry.

use scim::check::{Purpose, check};
use scim::patch::{Applied, PatchRequest, apply};
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
    /// [`crate::Error::NotFound`], [`crate::Error::VersionMismatch`], `uniqueness`, `mutability`, `invalidPath`,
    /// `invalidValue`, `noTarget`; nothing has changed then.
    pub async fn patch(
        &self,
        cx: Context,
        kind: Kind,
        id: &str,
        request: PatchRequest,
        if_match: Precondition,
    ) -> Result<Written> {
        let id = id.to_owned();
        let (written, ()) =
            self.transact(cx, move |t| Ok((t.patch(kind, &id, &request, &if_match)?, ()))).await?;
        Ok(written)
    }
}

impl Transaction<'_> {
    pub(crate) fn patch(
        &self,
        kind: Kind,
        id: &str,
        request: &PatchRequest,
        if_match: &Precondition,
    ) -> Result<Written> {
        let resource_type = scim_type(kind);
        let stored = self.load(kind, id, if_match)?;
        let before = document(&stored)?;
        let Applied { resource: mut after, changed, members, quirks } =
            apply(&before, request, resource_type)?;
        if changed {
            after = check(after, resource_type, Purpose::Replace)?.resource;
            membership::take(&mut after)?;
        }
        let delta = self.change_members(id, members)?;
        let action = if kind == Kind::User { "user.update" } else { "group.update" };
        let version = stored.version;
        let stored =
            self.update(stored, Update { before: &before, after: &after, members: delta, action })?;
        let outcome = Outcome { created: false, changed: version != stored.version, quirks };
        self.written(&stored, outcome, Members::IfFew)
    }
}
