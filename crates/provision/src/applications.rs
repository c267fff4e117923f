//! Enterprise applications: made, listed, described, deleted.

use directory::Context;
use scim::compare::fold;
use scim::invisible::is_deceptive;
use serde_json::{Value as Json, json};
use store::{ApplicationRow, JobRow, TenantId, TenantRead};

use crate::application::{Application, Details, Template};
use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::graph_schema::Rules;
use crate::job::{Job, JobConfig, JobState};
use crate::limits;
use crate::provisioning::{Administration, Provisioning, job_of, parsed, schedule_text, text};
use crate::roles::still_assigned;

impl Provisioning {
    /// An application with its job: default mappings, nobody assigned, no connection, not started.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Conflict`] when the name is taken, [`Error::NoTenant`]
    pub async fn create_application(
        &self,
        cx: Context,
        name: &str,
        template: Template,
    ) -> Result<Application> {
        let name = acceptable_name(name)?;
        let now = self.now();
        let random = self.directory().random();
        let details = Details { template, ..Details::default() };
        let application = Application { id: random.resource_id(now), name, created: now, details };
        let job = job_id(&cx.tenant, &random.resource_id(now));
        let made = application.clone();
        self.administer(cx, move |a| {
            a.refuse_taken(&made.name, None)?;
            a.write.insert_application(&stored(&made)?)?;
            a.write.insert_job(&new_job(&made.id, job)?)?;
            a.audit(
                "application.create",
                &made.name,
                json!({ "application": made.id, "template": made.details.template.name() }),
            )
        })
        .await?;
        Ok(application)
    }

    /// By name, each with its job.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn applications(&self, tenant: &TenantId) -> Result<Vec<(Application, Job)>> {
        let now = self.now();
        let list = move |read: &TenantRead<'_>| {
            let mut jobs = std::collections::HashMap::new();
            for row in read.jobs()? {
                jobs.insert(row.application.clone(), job_of(&row, now)?);
            }
            let mut list = Vec::new();
            for row in read.applications()? {
                let application = application_of(row)?;
                // Both are made and deleted together.
                if let Some(job) = jobs.remove(&application.id) {
                    list.push((application, job));
                }
            }
            Ok(list)
        };
        self.0.store.tenant(tenant).scan(list).await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn application(&self, tenant: &TenantId, id: &str) -> Result<Application> {
        self.0.store.tenant(tenant).read(|read| load(read, id)).await
    }

    /// By its id, or by its name in any letter case.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn application_named(&self, tenant: &TenantId, name_or_id: &str) -> Result<Application> {
        let find = |read: &TenantRead<'_>| {
            if let Some(row) = read.application(name_or_id)? {
                return application_of(row);
            }
            let row = read.application_by_name(&fold(name_or_id.trim()))?;
            row.map_or_else(|| Err(Error::unknown("application", name_or_id)), application_of)
        };
        self.0.store.tenant(tenant).read(find).await
    }

    /// Name, description and roles. What it was made from stays; a role that somebody is assigned with cannot go.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Conflict`], [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn update_application(
        &self,
        cx: Context,
        id: &str,
        name: &str,
        details: Details,
    ) -> Result<Application> {
        let name = acceptable_name(name)?;
        let details = acceptable_details(details)?;
        let id = id.to_owned();
        self.administer(cx, move |a| {
            let before = load(a.write, &id)?;
            let details = Details { template: before.details.template, ..details };
            let after = Application { name, details, ..before.clone() };
            if after == before {
                return Ok(after);
            }
            a.refuse_taken(&after.name, Some(&id))?;
            for gone in
                before.details.roles.iter().filter(|r| !after.details.roles.iter().any(|o| o.id == r.id))
            {
                if a.write.is_role_assigned(&id, &gone.id)? {
                    return Err(Error::Conflict(still_assigned(gone)));
                }
            }
            a.write.update_application(&stored(&after)?)?;
            let detail =
                json!({ "application": id, "changes": differences(&shown(&before)?, &shown(&after)?) });
            a.audit("application.update", &after.name, detail)?;
            Ok(after)
        })
        .await
    }

    /// With its job, links, assignments and stored secrets; a running cycle stops. Its provisioning log stays until its time
    /// has come, and nothing is changed at the target.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn delete_application(&self, cx: Context, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.administer(cx, move |a| {
            let application = load(a.write, &id)?;
            let (users, groups) = a.write.assignment_counts(&id)?;
            a.write.delete_application(&id)?;
            let detail = json!({ "application": id, "assignedUsers": users, "assignedGroups": groups });
            a.audit("application.delete", &application.name, detail)
        })
        .await
    }
}

impl Administration<'_> {
    /// The name of an application, for the audit log.
    ///
    /// # Errors
    /// [`Error::Unknown`]
    pub(crate) fn application(&self, id: &str) -> Result<Application> {
        load(self.write, id)
    }

    fn refuse_taken(&self, name: &str, own: Option<&str>) -> Result<()> {
        let holder = self.write.application_by_name(&fold(name))?;
        if holder.is_some_and(|row| Some(row.id.as_str()) != own) {
            return Err(Error::Conflict(format!(
                "there is an application named \"{name}\" already; choose another name"
            )));
        }
        Ok(())
    }
}

pub(crate) fn load(read: &TenantRead<'_>, id: &str) -> Result<Application> {
    let row = read.application(id)?.ok_or_else(|| Error::unknown("application", id))?;
    application_of(row)
}

fn application_of(row: ApplicationRow) -> Result<Application> {
    let ApplicationRow { id, name, created, document, .. } = row;
    Ok(Application { id, name, created, details: parsed(&document)? })
}

/// As it is kept.
pub(crate) fn stored(application: &Application) -> Result<ApplicationRow> {
    Ok(ApplicationRow {
        id: application.id.clone(),
        name: application.name.clone(),
        name_key: fold(&application.name),
        created: application.created,
        document: text(&application.details)?,
    })
}

/// Entra's form: template, tenant without dashes, an id of its own.
fn job_id(tenant: &TenantId, own: &str) -> String {
    format!("scim.{}.{own}", tenant.as_str().replace('-', ""))
}

fn new_job(application: &str, id: String) -> Result<JobRow> {
    Ok(JobRow {
        application: application.to_owned(),
        id,
        config: text(&JobConfig::default())?,
        rules: text(&Rules::default())?,
        epoch: 1,
        schedule: schedule_text(ScheduleState::Paused).to_owned(),
        watermark: None,
        state: text(&JobState::default())?,
        next: None,
        listening: false,
        fence: 0,
        lease_owner: None,
        lease_until: None,
    })
}

/// Trimmed, of bearable length, and not able to forge a log line or to look like another name.
fn acceptable_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::invalid("name", "give the application a name"));
    }
    if name.chars().count() > limits::NAME_CHARS {
        return Err(Error::invalid("name", format!("use at most {} characters", limits::NAME_CHARS)));
    }
    if name.chars().any(is_deceptive) {
        return Err(Error::invalid("name", "control characters cannot be part of a name"));
    }
    Ok(name.to_owned())
}

fn acceptable_details(mut details: Details) -> Result<Details> {
    details.description = details.description.trim().to_owned();
    if details.description.chars().count() > limits::DESCRIPTION_CHARS {
        let most = limits::DESCRIPTION_CHARS;
        return Err(Error::invalid("description", format!("use at most {most} characters")));
    }
    if details.description.chars().any(|c| is_deceptive(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid("description", "control characters cannot be part of a description"));
    }
    if details.roles.len() > limits::ROLES {
        return Err(Error::invalid("roles", format!("there are more than {}", limits::ROLES)));
    }
    let mut ids = std::collections::HashSet::new();
    let mut values = std::collections::HashSet::new();
    for role in &details.roles {
        for part in [&role.id, &role.display_name] {
            let length = part.trim().chars().count();
            if length == 0 || length > limits::NAME_CHARS || part.chars().any(is_deceptive) {
                return Err(Error::invalid(
                    "roles",
                    "each role needs an id and a name, without control characters",
                ));
            }
        }
        if role.value.chars().count() > limits::NAME_CHARS || role.value.chars().any(is_deceptive) {
            return Err(Error::invalid(
                "roles",
                format!("the value of the role \"{}\" cannot be used", role.display_name),
            ));
        }
        if !ids.insert(role.id.as_str()) {
            return Err(Error::invalid("roles", format!("two roles have the id {}", role.id)));
        }
        if !role.value.is_empty() && !values.insert(fold(&role.value)) {
            return Err(Error::invalid("roles", format!("two roles have the value \"{}\"", role.value)));
        }
    }
    Ok(details)
}

/// What the audit log compares.
fn shown(application: &Application) -> Result<Json> {
    let mut shown = serde_json::to_value(&application.details).map_err(Error::internal)?;
    if let Json::Object(fields) = &mut shown {
        fields.insert("name".to_owned(), json!(application.name));
    }
    Ok(shown)
}

/// Before and after of what differs, by field.
pub(crate) fn differences(before: &Json, after: &Json) -> Json {
    let (Json::Object(before), Json::Object(after)) = (before, after) else { return Json::Null };
    let gone = before.iter().filter(|(field, _)| !after.contains_key(*field));
    let gone = gone.map(|(field, value)| (field.clone(), json!({ "before": value, "after": null })));
    after
        .iter()
        .filter(|(field, value)| before.get(*field) != Some(value))
        .map(|(field, value)| (field.clone(), json!({ "before": before.get(field), "after": value })))
        .chain(gone)
        .collect::<serde_json::Map<_, _>>()
        .into()
}
