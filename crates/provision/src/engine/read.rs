//! Read the source into the list of work: everything in an initial cycle, what has changed in an incremental one.
//!
//! Each step queues what it has read and moves the position in one transaction, so that a cycle that is cut off goes on where
//! it was.

use directory::{Kind, TenantId};
use jiff::Timestamp;
use store::{ChangeRow, Pass, TenantRead, TenantWrite};

use crate::error::Result;
use crate::job::{CycleKind, Job, Part, Phase};
use crate::provisioning::Provisioning;
use crate::scope::SyncScope;

/// Ids that are read and queued together.
const PAGE: usize = 500;
/// Changes that are read and queued together.
const CHANGES: usize = 1_000;

/// What one step has read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) kind: Kind,
    pub(crate) ids: Vec<String>,
    /// Where reading goes on.
    pub(crate) next: Phase,
}

impl Provisioning {
    /// The next page of an initial cycle.
    pub(crate) async fn read_page(
        &self,
        tenant: &TenantId,
        job: &Job,
        part: Part,
        after: Option<String>,
        member: Option<String>,
    ) -> Result<Page> {
        let kind = match part {
            Part::Users | Part::Members | Part::LinkedUsers => Kind::User,
            Part::Groups | Part::LinkedGroups => Kind::Group,
        };
        if part == Part::Members {
            return self.read_members(tenant, job, after, member).await;
        }
        let ids = match (part, job.config.scope) {
            (Part::Users | Part::Groups, SyncScope::All) => {
                self.0.directory.source_ids(tenant, kind, after.as_deref(), PAGE).await?
            }
            (Part::Users | Part::Groups, SyncScope::Assigned) => {
                let application = job.application.clone();
                let read = move |read: &TenantRead<'_>| {
                    Ok::<_, crate::Error>(read.assigned_ids(
                        &application,
                        kind,
                        after.as_deref().unwrap_or_default(),
                        PAGE,
                    )?)
                };
                self.0.store.tenant(tenant).read(read).await?
            }
            _ => {
                let application = job.application.clone();
                let read = move |read: &TenantRead<'_>| {
                    Ok::<_, crate::Error>(read.linked_ids(&application, kind, after.as_deref(), PAGE)?)
                };
                self.0.store.tenant(tenant).read(read).await?
            }
        };
        let next = match ids.last() {
            Some(last) if ids.len() == PAGE => Phase::Read { part, after: Some(last.clone()), member: None },
            _ => behind(part),
        };
        Ok(Page { kind, ids, next })
    }

    /// Direct members of assigned groups: `after` is the last group read whole, `member` the last member read of the next.
    async fn read_members(
        &self,
        tenant: &TenantId,
        job: &Job,
        after: Option<String>,
        member: Option<String>,
    ) -> Result<Page> {
        let done = Page { kind: Kind::User, ids: Vec::new(), next: behind(Part::Members) };
        if job.config.scope == SyncScope::All {
            return Ok(done);
        }
        let (application, last) = (job.application.clone(), after.clone().unwrap_or_default());
        let groups = self
            .0
            .store
            .tenant(tenant)
            .read(move |read| {
                Ok::<_, crate::Error>(read.assigned_ids(&application, Kind::Group, &last, 1)?)
            })
            .await?;
        let Some(group) = groups.into_iter().next() else { return Ok(done) };
        let members = self.0.directory.source_members(tenant, &group, member.as_deref(), PAGE).await?;
        let next = match members.last() {
            Some(last) if members.len() == PAGE => {
                Phase::Read { part: Part::Members, after, member: Some(last.member.clone()) }
            }
            _ => Phase::Read { part: Part::Members, after: Some(group), member: None },
        };
        // Entra reads no nested groups.
        let ids = members.into_iter().filter(|m| m.kind == Some(Kind::User)).map(|m| m.member).collect();
        Ok(Page { kind: Kind::User, ids, next })
    }

    /// Changes behind the watermark; `None`: the log does not reach back so far, and everything has to be read.
    pub(crate) async fn read_changes(
        &self,
        tenant: &TenantId,
        watermark: u64,
    ) -> Result<Option<Vec<ChangeRow>>> {
        let changes = self.0.directory.source_changes(tenant, watermark, CHANGES).await?;
        Ok(changes.complete.then_some(changes.rows))
    }
}

fn behind(part: Part) -> Phase {
    let next = match part {
        Part::Users => Part::Members,
        Part::Members => Part::LinkedUsers,
        Part::LinkedUsers => Part::Groups,
        Part::Groups => Part::LinkedGroups,
        Part::LinkedGroups => return Phase::Work,
    };
    Phase::Read { part: next, after: None, member: None }
}

/// Where an initial cycle begins to read.
pub(crate) fn beginning(kind: CycleKind) -> Phase {
    match kind {
        CycleKind::Initial => Phase::Read { part: Part::Users, after: None, member: None },
        CycleKind::Incremental | CycleKind::OnDemand => Phase::Work,
    }
}

/// Objects that a change concerns, and none that has nothing to do with the application.
pub(crate) fn concerns(read: &TenantRead<'_>, job: &Job, change: &ChangeRow) -> Result<Vec<(Kind, String)>> {
    let (application, id) = (job.application.as_str(), change.id.as_str());
    let everyone = job.config.scope == SyncScope::All;
    let concerned = everyone
        || read.link(application, id)?.is_some()
        || read.assignment(application, id)?.is_some()
        || (change.kind == Kind::User && read.assigned_through(application, id)?.is_some());
    let mut objects = Vec::new();
    if concerned {
        objects.push((change.kind, id.to_owned()));
    }
    if change.kind == Kind::Group && !everyone && read.assignment(application, id)?.is_some() {
        let users = read.touched_by_group(application, id)?;
        objects.extend(users.into_iter().map(|user| (Kind::User, user)));
    }
    Ok(objects)
}

/// Queue what a change concerns.
pub(crate) fn queue_change(
    write: &TenantWrite<'_>,
    job: &Job,
    change: &ChangeRow,
    now: Timestamp,
) -> Result<()> {
    for (kind, id) in concerns(write, job, change)? {
        queue_object(write, &job.application, kind, &id, now)?;
    }
    Ok(())
}

/// Queue an object, and of a group that is at the target its members. Those of one that is not yet are queued when it is.
pub(crate) fn queue_object(
    write: &TenantWrite<'_>,
    application: &str,
    kind: Kind,
    id: &str,
    now: Timestamp,
) -> Result<()> {
    write.queue(application, Pass::Object, kind, id, now)?;
    if kind == Kind::Group && write.link(application, id)?.is_some() {
        write.queue(application, Pass::Reference, kind, id, now)?;
    }
    Ok(())
}
