//! Users and groups: who is assigned to an application.

use directory::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{AssignedRow, AssignmentRow, Kind, Pass, TenantId, TenantRead};

use crate::application::{Application, Role};
use crate::applications;
use crate::error::{Error, Result};
use crate::limits;
use crate::provisioning::{Administration, Provisioning};

/// An assignment as pages list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// `User`, `Group`
    pub kind: &'static str,
    pub id: String,
    /// `None`: it is not in the directory any more.
    pub name: Option<String>,
    /// Empty: default access.
    pub role: String,
    pub role_name: Option<String>,
    pub at: Timestamp,
}

impl Provisioning {
    /// Assign live users and groups, and give `role` (empty: default access) to those that were assigned already. They, and
    /// the members of the groups, are looked at with the next cycle; at once if the job pushes changes. Gives how many were
    /// not assigned before.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an object that is not in the directory, with nobody assigned; [`Error::Invalid`] for a role
    /// that the application has not; [`Error::NoTenant`]
    pub async fn assign(
        &self,
        cx: Context,
        application: &str,
        objects: Vec<(Kind, String)>,
        role: &str,
    ) -> Result<u64> {
        let (application, role) = (application.to_owned(), role.trim().to_owned());
        bounded(objects.len())?;
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            may_be_assigned(&app, &role)?;
            let (mut new, mut changed) = (0, Vec::new());
            for (kind, id) in objects {
                let found = a.write.resource(kind, &id)?;
                let found = found.ok_or_else(|| Error::unknown(kind.as_str(), &id))?;
                let before = a.write.assignment(&application, &id)?;
                if before.as_ref().is_some_and(|before| before.role == role) {
                    continue;
                }
                new += u64::from(before.is_none());
                let row = AssignmentRow { kind, id: id.clone(), role: role.clone(), at: a.now };
                a.write.assign(&application, &row)?;
                a.queue_assigned(&application, kind, &id)?;
                changed.push(named(kind, &id, Some(&found.name)));
            }
            if changed.is_empty() {
                return Ok(0);
            }
            a.write.wake_job(&application, a.now)?;
            a.audit(
                "application.assign",
                &app.name,
                detail(&application, &changed, &[("role", json!(role))]),
            )?;
            Ok(new)
        })
        .await
    }

    /// Take assignments back. What is at the target is disabled, or deleted if it is a group, with the next cycle. Gives how
    /// many there were.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn unassign(&self, cx: Context, application: &str, ids: Vec<String>) -> Result<u64> {
        let application = application.to_owned();
        bounded(ids.len())?;
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut changed = Vec::new();
            for id in ids {
                let Some(AssignmentRow { kind, .. }) = a.write.assignment(&application, &id)? else {
                    continue;
                };
                a.write.unassign(&application, &id)?;
                a.queue_assigned(&application, kind, &id)?;
                let name = a.write.resource(kind, &id)?.map(|found| found.name);
                changed.push(named(kind, &id, name.as_deref()));
            }
            if changed.is_empty() {
                return Ok(0);
            }
            a.write.wake_job(&application, a.now)?;
            a.audit("application.unassign", &app.name, detail(&application, &changed, &[]))?;
            Ok(changed.len() as u64)
        })
        .await
    }

    /// Groups before users, by name; `text` is looked for in the names.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn assignments(
        &self,
        tenant: &TenantId,
        application: &str,
        text: Option<&str>,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<Assignment>> {
        let (application, text) = (application.to_owned(), text.map(str::to_owned));
        let list = move |read: &TenantRead<'_>| {
            let roles = applications::load(read, &application)?.details.roles;
            let text = text.as_deref().filter(|text| !text.trim().is_empty());
            let rows = read.assignments(&application, text, offset, limit.min(limits::PAGE))?;
            Ok(rows.into_iter().map(|row| shown(row, &roles)).collect())
        };
        self.0.store.tenant(tenant).scan(list).await
    }

    /// The assignment of one object; `None`: it is not assigned itself.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn assignment(
        &self,
        tenant: &TenantId,
        application: &str,
        id: &str,
    ) -> Result<Option<Assignment>> {
        let find = |read: &TenantRead<'_>| {
            let roles = applications::load(read, application)?.details.roles;
            let Some(row) = read.assignment(application, id)? else { return Ok(None) };
            let name = read.resource(row.kind, id)?.map(|found| found.name);
            Ok(Some(shown(AssignedRow { assignment: row, name }, &roles)))
        };
        self.0.store.tenant(tenant).read(find).await
    }

    /// Assigned users and groups, each counted.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn assignment_counts(&self, tenant: &TenantId, application: &str) -> Result<(u64, u64)> {
        self.0.store.tenant(tenant).read(|read| Ok(read.assignment_counts(application)?)).await
    }
}

impl Administration<'_> {
    /// What an assignment, or its end, concerns: the object, and who is in scope through a group.
    fn queue_assigned(&self, application: &str, kind: Kind, id: &str) -> Result<()> {
        self.write.queue(application, Pass::Object, kind, id, self.now)?;
        if kind == Kind::Group {
            self.write.queue_dependents(application, id, self.now)?;
        }
        Ok(())
    }
}

fn shown(row: AssignedRow, roles: &[Role]) -> Assignment {
    let AssignmentRow { kind, id, role, at } = row.assignment;
    let role_name = roles.iter().find(|known| known.id == role).map(|known| known.display_name.clone());
    Assignment { kind: kind.as_str(), id, name: row.name, role, role_name, at }
}

/// Default access, or a role of the application that is enabled.
fn may_be_assigned(app: &Application, role: &str) -> Result<()> {
    if role.is_empty() {
        return Ok(());
    }
    let why = match app.details.roles.iter().find(|known| known.id == role) {
        Some(known) if known.enabled => return Ok(()),
        Some(known) => {
            format!("the role \"{}\" is disabled; enable it first, or choose another", known.display_name)
        }
        None => format!("{} has no role {role}; leave it empty for default access", app.name),
    };
    Err(Error::invalid("role", why))
}

fn bounded(count: usize) -> Result<()> {
    if count > limits::ASSIGNED_AT_ONCE {
        let most = limits::ASSIGNED_AT_ONCE;
        return Err(Error::invalid("ids", format!("name at most {most} users and groups at once")));
    }
    Ok(())
}

fn named(kind: Kind, id: &str, name: Option<&str>) -> Json {
    json!({ "kind": kind.as_str(), "id": id, "name": name })
}

/// The first names, and how many there are.
fn detail(application: &str, changed: &[Json], more: &[(&str, Json)]) -> Json {
    let mut detail = json!({
        "application": application,
        "count": changed.len(),
        "objects": changed.iter().take(limits::NAMES_IN_AUDIT).collect::<Vec<_>>(),
    });
    if let Json::Object(fields) = &mut detail {
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    detail
}
