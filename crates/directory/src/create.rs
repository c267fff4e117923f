//! POST (RFC 7644 §3.3).

use scim::check::{Checked, Purpose, check};
use scim::{Resource, ScimType};
use serde_json::{Value, json};
use store::{ChangeKind, InactiveConflict, Kind, Narrow, Stored};

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::index::{EXTERNAL_ID, Indexed, external_id, unique_key};
use crate::location::scim_type;
use crate::membership::{self, Delta};
use crate::representation::document;
use crate::transaction::{Members, Outcome, Transaction, Update, taken};

impl Directory {
    /// Make a resource, or (if the tenant's settings say so) reactivate the inactive user that it would collide with.
    ///
    /// # Errors
    /// `uniqueness` (409), `invalidValue`, `invalidSyntax`; [`Error::NoTenant`]
    pub async fn create(&self, cx: Context, kind: Kind, body: Resource) -> Result<Written> {
        let checked = check(body, scim_type(kind), Purpose::Create)?;
        let (written, ()) = self.transact(cx, move |t| Ok((t.create(kind, checked)?, ()))).await?;
        Ok(written)
    }
}

impl Transaction<'_> {
    fn create(&self, kind: Kind, checked: Checked) -> Result<Written> {
        let Checked { mut resource, quirks } = checked;
        let members = membership::take(&mut resource)?;
        if kind == Kind::User && !resource.contains_key("active") {
            // Entra leaves `active` out when its mapping was removed; a user that is created is meant to work.
            resource.insert("active".to_owned(), true.into());
        }
        if let Some(existing) = self.in_the_way(kind, &resource)? {
            let outcome = Outcome { created: false, changed: true, quirks };
            return self.reactivate(existing, &resource, outcome);
        }
        let id = self.directory.random().resource_id(self.now);
        let indexed = Indexed::new(kind, &resource);
        self.write
            .insert(&indexed.entry(&id, kind, self.now))
            .map_err(|error| self.conflict(error, kind, &resource))?;
        let delta = self.set_members(&id, members)?;
        self.write.append_change(kind, &id, ChangeKind::Created, self.now)?;
        let mut detail = json!({ "after": resource });
        if !delta.is_empty() {
            detail["members"] = delta.to_json();
        }
        self.audit_resource(&format!("{}.create", membership::word(kind)), kind, &id, &resource, detail)?;
        let Indexed { name, document, .. } = indexed;
        let (created, modified) = (self.at(), self.at());
        let stored = Stored { id, kind, version: 1, name, created, modified, deleted: None, document };
        self.written(&stored, Outcome { created: true, changed: true, quirks }, Members::Always)
    }

    /// The inactive user whom the new one may take the place of; an error if another resource is in the way.
    fn in_the_way(&self, kind: Kind, resource: &Resource) -> Result<Option<Stored>> {
        let key = unique_key(scim_type(kind), resource).unwrap_or_default();
        let same_name = self.write.by_unique_key(kind, &key)?;
        if kind == Kind::Group {
            return same_name.map_or(Ok(None), |other| Err(taken(kind, resource, Some(&other.id))));
        }
        let reactivate = self.write.settings()?.inactive_conflict == InactiveConflict::Reactivate;
        if let Some(other) = same_name {
            let free = reactivate && !is_active(&other)?;
            return if free { Ok(Some(other)) } else { Err(taken(kind, resource, Some(&other.id))) };
        }
        let Some(external_id) = external_id(resource) else { return Ok(None) };
        // externalId need not be unique: of those that have it one is enough, and none is loaded in vain.
        let same_external_id = Narrow::Value { path: EXTERNAL_ID, key: external_id.to_owned() };
        let narrow = Narrow::And(vec![same_external_id, Narrow::Active(false)]);
        match self.write.scan(kind, &narrow, None, 1)?.pop() {
            Some(other) if !reactivate => {
                let detail = format!(
                    "externalId \"{external_id}\" belongs to the inactive User {}; set active to true there by PATCH, or \
                     let this tenant reactivate such users by its setting",
                    other.id
                );
                Err(Error::Scim(scim::Error::new(ScimType::Uniqueness, detail)))
            }
            other => Ok(other),
        }
    }

    /// The inactive user gets the attributes of the body; id and group memberships stay.
    fn reactivate(&self, stored: Stored, after: &Resource, outcome: Outcome) -> Result<Written> {
        let before = document(&stored)?;
        let update = Update { before: &before, after, members: Delta::default(), action: "user.reactivate" };
        let stored = self.update(stored, update)?;
        self.written(&stored, outcome, Members::Always)
    }
}

fn is_active(stored: &Stored) -> Result<bool> {
    Ok(document(stored)?.get("active").and_then(Value::as_bool).unwrap_or(false))
}
