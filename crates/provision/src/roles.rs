//! App roles: what assignments to an application may name, besides the default access.

use std::collections::HashSet;

use directory::Context;
use scim::compare::fold;
use scim::invisible::is_deceptive;
use serde_json::json;
use store::TenantId;

use crate::application::{Application, Role};
use crate::applications::{differences, load, stored};
use crate::error::{Error, Result};
use crate::limits;
use crate::provisioning::{Administration, Provisioning};

/// What is typed of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleForm {
    pub display_name: String,
    pub value: String,
    pub description: String,
    pub enabled: bool,
}

impl Provisioning {
    /// A role more, with an id of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn create_role(&self, cx: Context, application: &str, form: RoleForm) -> Result<Role> {
        let (application, id) = (application.to_owned(), self.directory().random().resource_id(self.now()));
        self.administer(cx, move |a| {
            let mut app = load(a.write, &application)?;
            if app.details.roles.len() >= limits::ROLES {
                let why = format!("an application has at most {} roles; delete one first", limits::ROLES);
                return Err(Error::invalid("displayName", why));
            }
            let role = acceptable(&app, id, form)?;
            app.details.roles.push(role.clone());
            a.keep(&app)?;
            a.audit(
                "appRole.create",
                &app.name,
                json!({ "application": app.id, "name": role.display_name, "value": role.value }),
            )?;
            Ok(role)
        })
        .await
    }

    /// Its name, value, description, and whether it can be assigned. Whoever has it keeps it.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn update_role(
        &self,
        cx: Context,
        application: &str,
        id: &str,
        form: RoleForm,
    ) -> Result<Role> {
        let (application, id) = (application.to_owned(), id.to_owned());
        self.administer(cx, move |a| {
            let mut app = load(a.write, &application)?;
            let after = acceptable(&app, id.clone(), form)?;
            let role = app.details.roles.iter_mut().find(|role| role.id == id);
            let role = role.ok_or_else(|| Error::unknown("role", &id))?;
            let before = std::mem::replace(role, after.clone());
            if before == after {
                return Ok(after);
            }
            a.keep(&app)?;
            let side = |role: &Role| serde_json::to_value(role).map_err(Error::internal);
            let changes = differences(&side(&before)?, &side(&after)?);
            a.audit(
                "appRole.update",
                &app.name,
                json!({ "application": app.id, "name": before.display_name, "changes": changes }),
            )?;
            Ok(after)
        })
        .await
    }

    /// Only a role that nobody is assigned with can go.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn delete_role(&self, cx: Context, application: &str, id: &str) -> Result<Role> {
        let (application, id) = (application.to_owned(), id.to_owned());
        self.administer(cx, move |a| {
            let mut app = load(a.write, &application)?;
            let at = app.details.roles.iter().position(|role| role.id == id);
            let at = at.ok_or_else(|| Error::unknown("role", &id))?;
            let role = app.details.roles.remove(at);
            if a.write.is_role_assigned(&application, &id)? {
                return Err(Error::Conflict(still_assigned(&role)));
            }
            a.keep(&app)?;
            a.audit(
                "appRole.delete",
                &app.name,
                json!({ "application": app.id, "name": role.display_name, "value": role.value }),
            )?;
            Ok(role)
        })
        .await
    }

    /// The ids of roles that somebody is assigned with.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn roles_in_use(&self, tenant: &TenantId, application: &str) -> Result<HashSet<String>> {
        let find = |read: &store::TenantRead<'_>| {
            let mut used = HashSet::new();
            for role in load(read, application)?.details.roles {
                if read.is_role_assigned(application, &role.id)? {
                    used.insert(role.id);
                }
            }
            Ok(used)
        };
        self.0.store.tenant(tenant).read(find).await
    }
}

impl Administration<'_> {
    fn keep(&self, application: &Application) -> Result<()> {
        self.write.update_application(&stored(application)?)?;
        Ok(())
    }
}

pub(crate) fn still_assigned(role: &Role) -> String {
    format!(
        "the role \"{}\" is assigned to somebody; assign another role first, then remove it",
        role.display_name
    )
}

/// Trimmed and bounded, with a name and a value that no other role of the application has.
fn acceptable(app: &Application, id: String, form: RoleForm) -> Result<Role> {
    let role = Role {
        id,
        display_name: bounded("displayName", &form.display_name, limits::NAME_CHARS)?,
        value: bounded("value", &form.value, limits::NAME_CHARS)?,
        description: bounded("description", &form.description, limits::DESCRIPTION_CHARS)?,
        enabled: form.enabled,
    };
    let taken = |of: fn(&Role) -> &String| {
        let others = app.details.roles.iter().filter(|other| other.id != role.id);
        others.into_iter().any(|other| fold(of(other)) == fold(of(&role)))
    };
    let invalid = |field, why: String| Err(Error::invalid(field, why));
    let (name, value) = (&role.display_name, &role.value);
    if name.is_empty() {
        return invalid("displayName", "give the role a display name".to_owned());
    }
    if taken(|role| &role.display_name) {
        return invalid(
            "displayName",
            format!("there is a role named \"{name}\" already; choose another name"),
        );
    }
    if value.is_empty() {
        return invalid("value", "give the role a value: what the target is told".to_owned());
    }
    if value.chars().any(char::is_whitespace) {
        return invalid("value", "spaces cannot be part of a value".to_owned());
    }
    if taken(|role| &role.value) {
        return invalid("value", format!("another role has the value \"{value}\"; choose another value"));
    }
    Ok(role)
}

/// A description may have lines; nothing may look like something else.
fn bounded(field: &'static str, text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Error::invalid(field, format!("use at most {most} characters")));
    }
    let lines = |c: char| field == "description" && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| is_deceptive(c) && !lines(c)) {
        return Err(Error::invalid(field, "control characters cannot be part of it"));
    }
    Ok(text.to_owned())
}
