//! The second reading: who reports to whom, and who is in which group.

use directory::{Kind, Precondition};
use serde_json::json;

use super::attribute::word;
use super::upsert::{Place, fault, request};
use super::{Fault, Manager, Record, Setting};

/// Members added in one write.
const MEMBERS_AT_ONCE: usize = 1_000;

/// What a line came to.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Referred {
    /// Managers set or taken away.
    pub(crate) managers: u64,
    /// Members added.
    pub(crate) members: u64,
    pub(crate) faults: Vec<Fault>,
}

impl Place {
    /// Members are added and never taken away: a group may stand on several lines, and a file may know a part of it.
    pub(crate) async fn refer(&self, record: &Record) -> Referred {
        let mut referred = Referred::default();
        let id = match self.find(record).await {
            Ok(Some(id)) => Some(id),
            // In a preview it is yet to be made; else its line has failed and was told.
            Ok(None) if self.is_preview => None,
            Ok(None) => return referred,
            Err(fault) => {
                referred.faults.push(fault);
                return referred;
            }
        };
        let outcome = match &record.manager {
            Some(manager) => self.set_manager(record, id.as_deref(), manager).await,
            None => Ok(0),
        };
        match outcome {
            Ok(managers) => referred.managers = managers,
            Err(fault) => referred.faults.push(fault),
        }
        for members in record.members.chunks(MEMBERS_AT_ONCE) {
            match self.add_members(record, id.as_deref(), members, &mut referred.faults).await {
                Ok(added) => referred.members += added,
                Err(fault) => referred.faults.push(fault),
            }
        }
        referred
    }

    async fn set_manager(&self, record: &Record, id: Option<&str>, manager: &Manager) -> Result<u64, Fault> {
        let path = format!("{}:manager", scim::urn::ENTERPRISE_USER);
        let value = match manager {
            Manager::Nobody => None,
            Manager::Is(who) => {
                let found = self.resolve(record, &[Kind::User], std::slice::from_ref(who)).await?;
                let Some(found) = found.into_iter().next().flatten() else {
                    return Err(missing(record, "manager", who, "no user"));
                };
                Some(found)
            }
        };
        let Some(id) = id else { return Ok(u64::from(value.is_some())) };
        let read = self.directory.source_object(&self.tenant, record.kind, id).await;
        let current = read.map_err(|error| fault(record, "manager", &error))?.resource;
        let now =
            current.get(scim::urn::ENTERPRISE_USER).and_then(|e| e.get("manager")?.get("value")?.as_str());
        if now == value.as_deref() {
            return Ok(0);
        }
        if self.is_preview {
            return Ok(1);
        }
        let value = value.map(|id| json!({ "value": id }));
        let setting = Setting { label: "manager".to_owned(), path, value };
        let request = request(&[setting]).map_err(|error| fault(record, "manager", &error.into()))?;
        let written =
            self.directory.patch(self.context(), record.kind, id, request, Precondition::None).await;
        written.map(|written| u64::from(written.changed)).map_err(|error| fault(record, "manager", &error))
    }

    /// Those that are found; each of the others is a fault.
    async fn add_members(
        &self,
        record: &Record,
        group: Option<&str>,
        members: &[String],
        faults: &mut Vec<Fault>,
    ) -> Result<u64, Fault> {
        if record.kind == Kind::User {
            return Err(Fault::new(
                record.line,
                "members",
                "a user has no members",
                "put them on a group's line",
            ));
        }
        let resolved = self.resolve(record, &Kind::ALL, members).await?;
        let mut found = Vec::with_capacity(resolved.len());
        for (who, id) in members.iter().zip(resolved) {
            match id {
                Some(id) if !found.contains(&id) => found.push(id),
                Some(_) => {}
                None => faults.push(missing(record, "members", who, "no user or group")),
            }
        }
        if found.is_empty() {
            return Ok(0);
        }
        let Some(group) = group else { return Ok(found.len() as u64) };
        let new = self.not_yet_members(record, group, &found).await?;
        if new > 0 && !self.is_preview {
            let written = self.directory.add_members(self.context(), group, found).await;
            written.map_err(|error| fault(record, "members", &error))?;
        }
        Ok(new)
    }

    async fn not_yet_members(&self, record: &Record, group: &str, found: &[String]) -> Result<u64, Fault> {
        let mut new = 0;
        for id in found {
            let groups = self.directory.source_groups(&self.tenant, id).await;
            let groups = groups.map_err(|error| fault(record, "members", &error))?;
            new += u64::from(!groups.iter().any(|one| one.id == group));
        }
        Ok(new)
    }

    async fn resolve(
        &self,
        record: &Record,
        kinds: &[Kind],
        who: &[String],
    ) -> Result<Vec<Option<String>>, Fault> {
        let resolved = self.directory.source_resolve(&self.tenant, kinds, who).await;
        resolved.map_err(|error| fault(record, "", &error))
    }
}

fn missing(record: &Record, attribute: &str, who: &str, what: &str) -> Fault {
    let shown: String = who.chars().take(200).collect();
    let error = format!("{what} has the id or name \"{shown}\"");
    let hint = format!("import it first, or correct it; the {} itself is imported", word(record.kind));
    Fault { wanted: Some(who.to_owned()), ..Fault::new(record.line, attribute, error, hint) }
}
