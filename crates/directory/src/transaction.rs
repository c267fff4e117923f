//! One write: everything it does, in one transaction of the store, on the writer's thread.

use jiff::Timestamp;
use scim::Resource;
use scim::quirk::Quirks;
use serde_json::{Value, json};
use store::{AuditEntry, ChangeKind, Kind, Stored, TenantWrite};

use crate::context::{Context, Written};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::index::{Indexed, unique_key};
use crate::location::scim_type;
use crate::membership::Delta;
use crate::representation::{Links, Load};
use crate::shown::{Shape, Shower};
use crate::version::Precondition;

/// Members of a group that a PATCH still returns; above that it answers 204, so that its cost does not grow.
pub(crate) const MEMBERS_RETURNED: u64 = 100;

pub(crate) struct Transaction<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) write: &'a TenantWrite<'a>,
    pub(crate) cx: &'a Context,
    pub(crate) now: Timestamp,
}

impl Directory {
    /// Run `job` in a transaction of the tenant. The entry of the request log commits with what it records.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        mut cx: Context,
        job: impl FnOnce(&Transaction<'_>) -> Result<(Written, T)> + Send + 'static,
    ) -> Result<(Written, T)> {
        let directory = self.clone();
        let record = cx.record.take();
        let tenant = self.0.store.tenant(&cx.tenant);
        tenant
            .write(move |write| {
                let now = directory.now();
                let transaction = Transaction { directory: &directory, write, cx: &cx, now };
                let (written, more) = job(&transaction)?;
                if let Some(record) = record {
                    write.append_exchange(&record(&written))?;
                }
                Ok((written, more))
            })
            .await
    }
}

/// What an update leaves behind.
pub(crate) struct Update<'a> {
    pub(crate) before: &'a Resource,
    pub(crate) after: &'a Resource,
    pub(crate) members: Delta,
    pub(crate) action: &'static str,
}

impl Transaction<'_> {
    pub(crate) fn links(&self) -> Links<'_> {
        Links { public_url: self.directory.public_url(), tenant: &self.cx.tenant }
    }

    /// The resource that a request addresses, if its condition holds.
    pub(crate) fn load(&self, kind: Kind, id: &str, precondition: &Precondition) -> Result<Stored> {
        let stored = self.write.resource(kind, id)?.ok_or_else(|| Error::not_found(kind, id))?;
        precondition.check_write(stored.version)?;
        Ok(stored)
    }

    /// The moment of this write, as the store keeps it.
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.as_millisecond()).unwrap_or(self.now)
    }

    /// Write what differs: document, version, change and audit row. Nothing at all when nothing differs; the version stays.
    /// Gives what is stored now.
    pub(crate) fn update(&self, stored: Stored, update: Update<'_>) -> Result<Stored> {
        let (kind, id) = (stored.kind, stored.id.as_str());
        let Update { before, after, members, action } = update;
        let document_changed = before != after;
        if !document_changed && members.is_empty() {
            return Ok(stored);
        }
        let (version, indexed) = if document_changed {
            self.refuse_taken(kind, id, before, after)?;
            let indexed = Indexed::new(kind, after);
            let version = self
                .write
                .update(&indexed.entry(id, kind, self.now), stored.version)
                .map_err(|error| self.conflict(error, kind, after))?;
            (version, Some(indexed))
        } else {
            (self.write.touch(kind, id, self.now)?, None)
        };
        self.write.append_change(kind, id, ChangeKind::Updated, self.now)?;
        let mut detail = json!({ "changes": scim::diff::changes(before, after) });
        if !members.is_empty() {
            detail["members"] = members.to_json();
        }
        self.audit_resource(action, kind, id, after, detail)?;
        let stored = Stored { version, modified: self.at(), ..stored };
        Ok(match indexed {
            Some(Indexed { name, document, .. }) => Stored { name, document, ..stored },
            None => stored,
        })
    }

    /// RFC 7644 §3.3, §3.12: 409 `uniqueness`. Within the tenant only: other tenants' names are nobody's business.
    fn refuse_taken(&self, kind: Kind, id: &str, before: &Resource, after: &Resource) -> Result<()> {
        let resource_type = scim_type(kind);
        let key = unique_key(resource_type, after);
        if key == unique_key(resource_type, before) {
            return Ok(());
        }
        match self.write.by_unique_key(kind, key.as_deref().unwrap_or_default())? {
            Some(other) if other.id != id => Err(taken(kind, after, Some(&other.id))),
            _ => Ok(()),
        }
    }

    pub(crate) fn conflict(&self, error: store::Error, kind: Kind, resource: &Resource) -> Error {
        match error {
            store::Error::Conflict(_) => taken(kind, resource, None),
            other => other.into(),
        }
    }

    pub(crate) fn audit_resource(
        &self,
        action: &str,
        kind: Kind,
        id: &str,
        resource: &Resource,
        detail: Value,
    ) -> Result<()> {
        let indexed_name = Indexed::name(resource);
        self.audit(action, Some((kind, id.to_owned())), Some(indexed_name), scim::redact::body(detail))
    }

    pub(crate) fn audit(
        &self,
        action: &str,
        resource: Option<(Kind, String)>,
        name: Option<String>,
        detail: Value,
    ) -> Result<()> {
        self.write.append_audit(AuditEntry {
            at: self.now,
            actor: self.cx.actor.to_string(),
            action: action.to_owned(),
            resource,
            name,
            detail,
            request_id: self.cx.request_id.clone(),
            address: self.cx.address.map(|a| a.to_string()),
        })?;
        Ok(())
    }

    /// The outcome, with the resource as it is returned. A large group's members are loaded only when they must be.
    pub(crate) fn written(&self, stored: &Stored, outcome: Outcome, members: Members) -> Result<Written> {
        let is_group = stored.kind == Kind::Group;
        let member_count = if is_group { Some(self.write.member_count(&stored.id)?) } else { None };
        let load = Load {
            groups: true,
            members: members == Members::Always || member_count.is_some_and(|n| n <= MEMBERS_RETURNED),
        };
        let mut text = Vec::new();
        let resource = match &self.cx.shown_by {
            None => self.links().full(self.write, stored, load)?,
            Some(projection) => {
                let shape = Shape::new(projection).loading(load);
                Shower::new(self.links(), &shape).write(self.write, stored, &mut text)?;
                Resource::new()
            }
        };
        Ok(Written {
            resource,
            text,
            id: stored.id.clone(),
            kind: stored.kind,
            version: stored.version,
            created: outcome.created,
            changed: outcome.changed,
            members_loaded: is_group && load.members,
            member_count,
            quirks: outcome.quirks,
        })
    }

    /// The resource again, after it was written.
    pub(crate) fn reload(&self, kind: Kind, id: &str) -> Result<Stored> {
        self.write.resource(kind, id)?.ok_or_else(|| Error::not_found(kind, id))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// POST and PUT return the whole resource (RFC 7644 §3.3, §3.5.1).
    Always,
    /// PATCH may answer 204 (RFC 7644 §3.5.2).
    IfFew,
}

pub(crate) struct Outcome {
    pub(crate) created: bool,
    pub(crate) changed: bool,
    pub(crate) quirks: Quirks,
}

/// 409, naming the attribute, the value and who has it.
pub(crate) fn taken(kind: Kind, resource: &Resource, by: Option<&str>) -> Error {
    let attribute = scim_type(kind).unique().map_or("id", |a| a.name.as_str());
    let value = resource.get(attribute).and_then(Value::as_str).unwrap_or_default();
    let owner = by.map_or(String::new(), |id| format!(" by {} {id}", kind.as_str()));
    let detail = format!("{attribute} \"{value}\" is taken{owner}; it must be unique, whatever the case");
    Error::Scim(scim::Error::new(scim::ScimType::Uniqueness, detail))
}
