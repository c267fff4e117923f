//! What the server remembers.

use std::sync::atomic::{AtomicUsize, Ordering};

use scim::Resource;
use scim::schema::{self, ResourceType};
use serde_json::{Value, json};

use super::fault::Fault;

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) group: bool,
    pub(crate) document: Resource,
    pub(crate) members: Vec<String>,
    pub(crate) version: u64,
    /// Milliseconds after the first moment.
    pub(crate) created: u64,
    pub(crate) modified: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) records: Vec<Record>,
    pub(crate) deleted: Vec<Record>,
    pub(crate) ticks: u64,
    pub(crate) ids: u64,
}

impl Data {
    pub(crate) fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    pub(crate) fn new_id(&mut self, group: bool) -> String {
        self.ids += 1;
        format!("{}{:08}", if group { "g" } else { "u" }, self.ids)
    }

    pub(crate) fn position(&self, group: bool, id: &str) -> Option<usize> {
        self.records.iter().position(|r| r.group == group && r.id == id)
    }
}

pub(crate) fn kind(group: bool) -> &'static ResourceType {
    if group { schema::group() } else { schema::user() }
}

pub(crate) fn endpoint(group: bool) -> &'static str {
    if group { "/Groups" } else { "/Users" }
}

pub(crate) fn date(ticks: u64) -> String {
    let at = jiff::Timestamp::from_millisecond(1_780_000_000_000 + i64::try_from(ticks).unwrap()).unwrap();
    at.to_string()
}

pub(crate) fn etag(record: &Record, fault: Option<Fault>) -> String {
    static READS: AtomicUsize = AtomicUsize::new(0);
    match fault {
        Some(Fault::EtagConstant) => "W/\"1\"".into(),
        Some(Fault::EtagMoves) => format!("W/\"{}\"", READS.fetch_add(1, Ordering::Relaxed)),
        _ => format!("W/\"{}\"", record.version),
    }
}

/// The whole resource, as filters and projections see it.
pub(crate) fn whole(data: &Data, record: &Record, base: &str, fault: Option<Fault>) -> Resource {
    let mut resource = Resource::new();
    if fault != Some(Fault::NoSchemas) {
        resource.insert("schemas".into(), record.document.get("schemas").cloned().unwrap_or_default());
    }
    resource.insert("id".into(), record.id.clone().into());
    for (name, value) in &record.document {
        if name != "schemas" {
            resource.insert(name.clone(), value.clone());
        }
    }
    let place = |group: bool, id: &str| format!("{base}{}/{id}", endpoint(group));
    if record.group && !record.members.is_empty() {
        let members = record.members.iter().map(|id| {
            let group = id.starts_with('g');
            let reference = if fault == Some(Fault::MemberReferenceWrong) {
                place(group, "else")
            } else {
                place(group, id)
            };
            json!({ "value": id, "$ref": reference, "type": kind(group).name })
        });
        resource.insert("members".into(), members.collect());
    }
    if !record.group && fault != Some(Fault::GroupsNotShown) {
        let groups: Vec<Value> = data
            .records
            .iter()
            .filter(|g| g.group && g.members.contains(&record.id))
            .map(|g| json!({ "value": g.id, "$ref": place(true, &g.id), "display": g.document.get("displayName") }))
            .collect();
        if !groups.is_empty() {
            resource.insert("groups".into(), groups.into());
        }
    }
    let created = if fault == Some(Fault::CreatedMoves) { record.modified } else { record.created };
    let mut meta = json!({
        "resourceType": kind(record.group).name,
        "created": date(created),
        "lastModified": date(record.modified),
        "location": place(record.group, &record.id),
        "version": etag(record, fault),
    });
    match fault {
        Some(Fault::NoResourceType) => drop(meta.as_object_mut().unwrap().remove("resourceType")),
        Some(Fault::VersionMissing) => drop(meta.as_object_mut().unwrap().remove("version")),
        Some(Fault::LocationWrong) => meta["location"] = "https://elsewhere.example/x/1".into(),
        _ => {}
    }
    resource.insert("meta".into(), meta);
    resource
}
