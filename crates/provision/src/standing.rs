//! How one user or group stands towards each application, and how far each application reaches.

use jiff::Timestamp;
use store::{CycleRow, Kind, LinkRow, LogQuery, LogRow, TenantId, TenantRead};

pub use store::Leaving;

use crate::application::Application;
use crate::applications;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::limits;
use crate::provisioning::Provisioning;
use crate::scope::SyncScope;

/// Log entries that a standing shows.
const ENTRIES: usize = 5;

/// Why an object is in scope, scoping filters apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// All users and groups are.
    Everyone,
    /// By itself, with this role; none is default access.
    Assigned { role: Option<String> },
    /// As a direct member of these assigned groups: ids and names.
    Through(Vec<(String, String)>),
}

/// One object and one application.
#[derive(Debug, Clone)]
pub struct Standing {
    pub application: Application,
    pub job: Job,
    pub entitlement: Option<Entitlement>,
    /// What it is at the target.
    pub provisioned: Option<Provisioned>,
    /// The newest first.
    pub entries: Vec<LogRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    pub target_id: String,
    /// `false`: it has left scope and is not acted upon any more.
    pub managed: bool,
    pub disabled: bool,
    pub linked: Timestamp,
    pub updated: Timestamp,
}

/// How far an application reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    pub assigned_users: u64,
    pub assigned_groups: u64,
    /// Users and groups, members of assigned groups among them, scoping filters apart.
    pub in_scope: u64,
    pub provisioned_users: u64,
    pub provisioned_groups: u64,
    /// Objects that failed and are held.
    pub held: u64,
    pub last_cycle: Option<LastCycle>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCycle {
    /// `initial`, `incremental`, `onDemand`
    pub kind: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    /// `completed`, `interrupted`, `quarantined`, `failed`
    pub outcome: Option<String>,
}

impl Provisioning {
    /// The applications that a user or group is in scope of, or has been provisioned into, by name.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn standings(&self, tenant: &TenantId, kind: Kind, id: &str) -> Result<Vec<Standing>> {
        let id = id.to_owned();
        let mut list = Vec::new();
        for (application, job) in self.applications(tenant).await? {
            let id = id.clone();
            let read = move |read: &TenantRead<'_>| standing(read, application, job, kind, &id);
            list.extend(self.0.store.tenant(tenant).read(read).await?);
        }
        Ok(list)
    }

    /// How far one application reaches.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn reach(&self, tenant: &TenantId, job: &Job) -> Result<Reach> {
        let (application, scope) = (job.application.clone(), job.config.scope);
        self.0.store.tenant(tenant).scan(move |read| reach(read, &application, scope)).await
    }

    /// What it would mean if these assignments ended.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NoTenant`]
    pub async fn leaving(&self, tenant: &TenantId, application: &str, ids: Vec<String>) -> Result<Leaving> {
        if ids.len() > limits::ASSIGNED_AT_ONCE {
            return Err(Error::invalid(
                "ids",
                format!("name at most {} assignments", limits::ASSIGNED_AT_ONCE),
            ));
        }
        let application = application.to_owned();
        self.0.store.tenant(tenant).scan(move |read| Ok(read.leaving(&application, &ids)?)).await
    }

    /// Those of the ids that are assigned already.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn assigned_among(
        &self,
        tenant: &TenantId,
        application: &str,
        ids: Vec<String>,
    ) -> Result<Vec<String>> {
        let application = application.to_owned();
        let find = move |read: &TenantRead<'_>| {
            let mut assigned = Vec::new();
            for id in ids {
                if read.assignment(&application, &id)?.is_some() {
                    assigned.push(id);
                }
            }
            Ok(assigned)
        };
        self.0.store.tenant(tenant).scan(find).await
    }

    /// How many assignments [`Provisioning::assignments`] finds for this text.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn assignment_matches(&self, tenant: &TenantId, application: &str, text: &str) -> Result<u64> {
        let (application, text) = (application.to_owned(), text.to_owned());
        self.0.store.tenant(tenant).scan(move |read| Ok(read.assignment_matches(&application, &text)?)).await
    }
}

/// None if the object has nothing to do with the application.
fn standing(
    read: &TenantRead<'_>,
    application: Application,
    job: Job,
    kind: Kind,
    id: &str,
) -> Result<Option<Standing>> {
    let entitlement = entitlement(read, &application, job.config.scope, kind, id)?;
    let provisioned = read.link(&application.id, id)?.filter(|link| link.kind == kind).map(provisioned);
    if entitlement.is_none() && provisioned.is_none() {
        return Ok(None);
    }
    let query = LogQuery {
        application: Some(application.id.clone()),
        source_id: Some(id.to_owned()),
        limit: ENTRIES,
        ..LogQuery::default()
    };
    let entries = read.provisioning_log(&query)?;
    Ok(Some(Standing { application, job, entitlement, provisioned, entries }))
}

/// The nearest reason: an assignment of its own before those of groups, both before "everyone".
fn entitlement(
    read: &TenantRead<'_>,
    application: &Application,
    scope: SyncScope,
    kind: Kind,
    id: &str,
) -> Result<Option<Entitlement>> {
    if let Some(row) = read.assignment(&application.id, id)?.filter(|row| row.kind == kind) {
        let role = application.details.roles.iter().find(|role| role.id == row.role);
        return Ok(Some(Entitlement::Assigned { role: role.map(|role| role.display_name.clone()) }));
    }
    if kind == Kind::User {
        let groups = read.assigned_groups_of(&application.id, id)?;
        if !groups.is_empty() {
            return Ok(Some(Entitlement::Through(groups)));
        }
    }
    Ok((scope == SyncScope::All).then_some(Entitlement::Everyone))
}

fn provisioned(link: LinkRow) -> Provisioned {
    let LinkRow { target_id, managed, disabled, linked, updated, .. } = link;
    Provisioned { target_id, managed, disabled, linked, updated }
}

fn reach(read: &TenantRead<'_>, application: &str, scope: SyncScope) -> Result<Reach> {
    applications::load(read, application)?;
    let (assigned_users, assigned_groups) = read.assignment_counts(application)?;
    let in_scope = match scope {
        SyncScope::Assigned => read.entitled_count(application)?,
        SyncScope::All => {
            let all = read.stats()?;
            all.users + all.groups
        }
    };
    let last_cycle = read.cycles(application, 1)?.into_iter().next().map(|row| {
        let CycleRow { kind, began, ended, outcome, .. } = row;
        LastCycle { kind, began, ended, outcome }
    });
    Ok(Reach {
        assigned_users,
        assigned_groups,
        in_scope,
        provisioned_users: read.link_counts(application, Kind::User)?.managed,
        provisioned_groups: read.link_counts(application, Kind::Group)?.managed,
        held: read.escrow_count(application)?,
        last_cycle,
    })
}
