//! A stored document as it is returned: with `id`, `meta`, a user's `groups`, a group's `members`.

use scim::Resource;
use scim::projection::Projection;
use serde_json::{Value, json};
use store::{Kind, MemberRow, Stored, TenantId, TenantRead};

use crate::error::{Error, Result};
use crate::location::{PublicUrl, scim_type};
use crate::version::etag;

/// Members read in one step; a group's members are never asked for all at once.
pub(crate) const MEMBERS_CHUNK: usize = 1_000;

/// Where links lead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links<'a> {
    pub(crate) public_url: &'a PublicUrl,
    pub(crate) tenant: &'a TenantId,
}

/// What is loaded beside the document, because it will be shown or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) groups: bool,
    pub(crate) members: bool,
}

impl Load {
    /// RFC 7644 §3.9; Entra reads groups with `excludedAttributes=members`: what is not shown is not loaded.
    pub(crate) fn for_projection(projection: &Projection) -> Self {
        Self { groups: projection.wants("groups"), members: projection.wants("members") }
    }
}

impl Links<'_> {
    /// The resource in full, as far as `load` asks.
    pub(crate) fn full(&self, read: &TenantRead<'_>, stored: &Stored, load: Load) -> Result<Resource> {
        let mut resource = self.plain(stored)?;
        match stored.kind {
            Kind::User if load.groups => self.add_groups(read, &stored.id, &mut resource)?,
            Kind::Group if load.members => self.add_members(read, &stored.id, &mut resource)?,
            _ => {}
        }
        // RFC 7643 §3.1: `meta` comes last by custom.
        if let Some(meta) = resource.shift_remove("meta") {
            resource.insert("meta".to_owned(), meta);
        }
        Ok(resource)
    }

    /// Without what other rows say: the document, `id` and `meta`.
    pub(crate) fn plain(&self, stored: &Stored) -> Result<Resource> {
        let document = document(stored)?;
        let mut resource = Resource::with_capacity(document.len() + 3);
        if let Some(schemas) = document.get("schemas") {
            resource.insert("schemas".to_owned(), schemas.clone());
        }
        resource.insert("id".to_owned(), stored.id.as_str().into());
        resource.extend(document.into_iter().filter(|(name, _)| name != "schemas"));
        resource.insert("meta".to_owned(), self.meta(stored));
        Ok(resource)
    }

    fn meta(&self, stored: &Stored) -> Value {
        json!({
            "resourceType": scim_type(stored.kind).name,
            "created": date_time(stored.created),
            "lastModified": date_time(stored.modified),
            "location": self.public_url.location(self.tenant, stored.kind, &stored.id),
            "version": etag(stored.version),
        })
    }

    /// RFC 7643 §4.1.2: `groups` is read-only and derived from the groups' members; only direct membership is shown.
    fn add_groups(&self, read: &TenantRead<'_>, id: &str, resource: &mut Resource) -> Result<()> {
        let groups: Vec<Value> = read
            .groups_of(id)?
            .into_iter()
            .map(|group| {
                json!({
                    "value": group.id,
                    "$ref": self.public_url.location(self.tenant, Kind::Group, &group.id),
                    "display": group.name,
                    "type": "direct",
                })
            })
            .collect();
        if !groups.is_empty() {
            resource.insert("groups".to_owned(), groups.into());
        }
        Ok(())
    }

    fn add_members(&self, read: &TenantRead<'_>, id: &str, resource: &mut Resource) -> Result<()> {
        let mut members: Vec<Value> = Vec::new();
        each_member(read, id, |member| members.push(self.member(member)))?;
        if !members.is_empty() {
            resource.insert("members".to_owned(), members.into());
        }
        Ok(())
    }

    /// RFC 7643 §4.2. A member that is not known here has neither a type nor a place.
    pub(crate) fn member(&self, row: MemberRow) -> Value {
        let mut member = json!({ "value": row.member });
        if let Some(kind) = row.kind {
            member["$ref"] = self.public_url.location(self.tenant, kind, &row.member).into();
            member["type"] = scim_type(kind).name.into();
        }
        if let Some(name) = row.name {
            member["display"] = name.into();
        }
        member
    }
}

/// All members of a group in the order of their ids, read in steps.
pub(crate) fn each_member(
    read: &TenantRead<'_>,
    group: &str,
    mut visit: impl FnMut(MemberRow),
) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let rows = read.members(group, after.as_deref(), MEMBERS_CHUNK, None)?;
        let more = rows.len() == MEMBERS_CHUNK;
        after = rows.last().map(|row| row.member.clone());
        rows.into_iter().for_each(&mut visit);
        if !more {
            return Ok(());
        }
    }
}

/// The stored document as a resource.
pub(crate) fn document(stored: &Stored) -> Result<Resource> {
    serde_json::from_str(&stored.document)
        .map_err(|why| Error::internal(format_args!("the document of {} cannot be read: {why}", stored.id)))
}

/// RFC 7643 §2.3.5: an xsd:dateTime, in UTC, always with milliseconds.
pub(crate) fn date_time(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}
