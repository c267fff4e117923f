//! App roles: what an assignment can name besides the default access; made, changed, disabled, deleted.

use std::collections::HashSet;
use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::application::Role;
use provision::roles::RoleForm;

use super::application_frame::{Opened, Place};
use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::section;
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, empty};
use crate::console::link::encoded;
use crate::console::visit::{Desk, told};

/// Below the application.
fn tail(role: &Role, verb: &str) -> String {
    format!("roles/{}/{verb}", encoded(&role.id))
}

/// The role of the path.
fn named<'a>(desk: &Desk, opened: &'a Opened) -> Result<&'a Role, Failure> {
    let id = desk.parameter("role");
    opened.application.details.roles.iter().find(|role| role.id == id).ok_or(Failure::NotFound)
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let used = desk.app.provisioning.roles_in_use(&desk.tenant.id, opened.id()).await?;
    let roles = &opened.application.details.roles;
    let may = desk.may(Permission::ManageApplications);
    let create = || button::primary_link(&opened.url(&desk, "roles/new"), Icon::Plus, "Create app role");
    let content = html! {
        @if roles.is_empty() {
            (empty::empty(Icon::Shield, "No app roles",
                "Without them everybody who is assigned has default access. A role of the application can be named by an assignment and sent by the attribute mapping.",
                may.then(create)))
        } @else { (list(&desk, &opened, roles, &used, may)) }
    };
    let lead = html! { "Roles that assignments of users and groups to " (opened.name()) " can name, besides the default access." };
    let page = opened.page(&desk, Place::AppRoles).lead(lead);
    let page = if may && !roles.is_empty() { page.actions(create()) } else { page };
    Ok(page.send(&desk, &opened.frame(&desk, Place::AppRoles, &content)))
}

fn list(desk: &Desk, opened: &Opened, roles: &[Role], used: &HashSet<String>, may: bool) -> Markup {
    let columns = [
        Column::new("Display name"),
        Column::wide("Description"),
        Column::new("Value"),
        Column::wide("Assigned"),
        Column::new("State"),
    ];
    table(
        "App roles",
        &columns,
        &html! {
            @for role in roles {
                tr.off[!role.enabled] {
                    td.break {
                        @if may { a href=(opened.url(desk, &tail(role, "edit"))) data-row { (role.display_name) } }
                        @else { (role.display_name) }
                    }
                    td.hide-narrow.break { @if role.description.is_empty() { span.soft { "None" } } @else { (role.description) } }
                    td.break { @if role.value.is_empty() { span.soft { "None" } } @else { code { (role.value) } } }
                    td.hide-narrow { @if used.contains(&role.id) { "Yes" } @else { span.soft { "To nobody" } } }
                    td { (state(role)) }
                }
            }
        },
    )
}

fn state(role: &Role) -> Markup {
    if role.enabled { status("ok", Icon::Check, "Enabled") } else { status("idle", Icon::Idle, "Disabled") }
}

/// The panel, with what was typed.
struct Panel<'a> {
    /// The role that is edited; none: a new one.
    role: Option<&'a Role>,
    /// Somebody is assigned with it.
    used: bool,
    typed: RoleForm,
    /// About a field, or (without one) about the whole.
    error: Option<(&'static str, String)>,
}

impl Panel<'_> {
    fn about(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(of, _)| *of == field).map(|(_, text)| text.as_str())
    }

    fn send(&self, desk: &Desk, opened: &Opened) -> Response {
        let title = if self.role.is_some() { "Edit app role" } else { "Create app role" };
        let action = match self.role {
            Some(role) => opened.url(desk, &tail(role, "edit")),
            None => opened.url(desk, "roles/new"),
        };
        let content = html! {
            div.stack.wide {
                form.form method="post" action=(action) {
                    (field::csrf(desk.csrf()))
                    (Field::new("displayName", "Display name", &self.typed.display_name).required().autofocus()
                        .error(self.about("displayName")).hint("Shown where somebody is assigned.").input())
                    (Field::new("value", "Value", &self.typed.value).required().error(self.about("value"))
                        .hint("What the target is told, without spaces. Unique among the roles of this application.").input())
                    (Field::new("description", "Description", &self.typed.description).error(self.about("description"))
                        .hint("What whoever has this role may do.").textarea(false))
                    (field::check("enabled", "yes", "Enable this app role",
                        Some("Disabled, it stays with those who have it and can be given to nobody else."), self.typed.enabled))
                    div.end { (button::submit("Apply")) (button::cancel(&opened.url(desk, "roles"))) }
                }
                @if let Some(role) = self.role { (end(desk, opened, role, self.used)) }
            }
        };
        let status = if self.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let page = opened.under(desk, title).under("App roles", opened.url(desk, "roles")).status(status);
        page.send(desk, &opened.frame(desk, Place::AppRoles, &content))
    }
}

fn end(desk: &Desk, opened: &Opened, role: &Role, used: bool) -> Markup {
    section(
        "Delete this app role",
        None,
        &html! {
            div.stack {
                @if used {
                    p { "It is assigned to somebody, so it cannot be deleted. Assign another role to whoever has it, or disable it." }
                    div.actions { (button::link(&opened.url(desk, "users"), None, "Users and groups")) }
                } @else {
                    p { "It is assigned to nobody." }
                    div.actions { (button::asks(&opened.url(desk, &tail(role, "delete")), Icon::Trash, "Delete app role")) }
                }
            }
        },
    )
}

fn typed(desk: &Desk) -> RoleForm {
    RoleForm {
        display_name: desk.form.text("displayName").to_owned(),
        value: desk.form.text("value").to_owned(),
        description: desk.form.text("description").replace("\r\n", "\n"),
        enabled: desk.form.has("enabled"),
    }
}

/// The page again, with what was typed and why it was not done; other errors are pages of their own.
fn refused(desk: &Desk, opened: &Opened, panel: Panel<'_>, error: provision::Error) -> Answer {
    let field = match &error {
        provision::Error::Invalid { field, .. } => field,
        _ => "displayName",
    };
    match told(&error) {
        Some(why) => Ok(Panel { error: Some((field, why)), ..panel }.send(desk, opened)),
        None => Err(error.into()),
    }
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let typed = RoleForm { enabled: true, ..RoleForm::default() };
    Ok(Panel { role: None, used: false, typed, error: None }.send(&desk, &opened))
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let typed = typed(&desk);
    match desk.app.provisioning.create_role(desk.context(), opened.id(), typed.clone()).await {
        Ok(role) => desk.done(&opened.path("roles"), format!("App role {} created.", role.display_name)),
        Err(error) => refused(&desk, &opened, Panel { role: None, used: false, typed, error: None }, error),
    }
}

async fn in_use(desk: &Desk, opened: &Opened, role: &Role) -> Result<bool, Failure> {
    Ok(desk.app.provisioning.roles_in_use(&desk.tenant.id, opened.id()).await?.contains(&role.id))
}

pub(crate) async fn edit(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let role = named(&desk, &opened)?;
    let typed = RoleForm {
        display_name: role.display_name.clone(),
        value: role.value.clone(),
        description: role.description.clone(),
        enabled: role.enabled,
    };
    let used = in_use(&desk, &opened, role).await?;
    Ok(Panel { role: Some(role), used, typed, error: None }.send(&desk, &opened))
}

pub(crate) async fn apply(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let role = named(&desk, &opened)?;
    let typed = typed(&desk);
    match desk.app.provisioning.update_role(desk.context(), opened.id(), &role.id, typed.clone()).await {
        Ok(after) if after == *role => desk.done(&opened.path("roles"), "Nothing was changed."),
        Ok(after) => desk.done(&opened.path("roles"), format!("App role {} saved.", after.display_name)),
        Err(error) => {
            let used = in_use(&desk, &opened, role).await?;
            refused(&desk, &opened, Panel { role: Some(role), used, typed, error: None }, error)
        }
    }
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let role = named(&desk, &opened)?;
    let back = opened.url(&desk, &tail(role, "edit"));
    let ask = Confirm {
        title: &format!("Delete the app role {}?", role.display_name),
        content: html! {
            p { "Deletes 1 role of " strong { (opened.name()) } ", " strong { (role.display_name) } ". Nobody is assigned with it, and nothing is changed at the target." }
            p.soft { "A mapping that compares with its value finds nobody with it any more." }
        },
        action: &opened.url(&desk, &tail(role, "delete")),
        csrf: desk.csrf(),
        verb: "Delete app role",
        back: &back,
        danger: true,
    };
    let page = opened.under(&desk, "Delete app role").under("App roles", opened.url(&desk, "roles"));
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let role = named(&desk, &opened)?;
    let path = opened.path("roles");
    match desk.app.provisioning.delete_role(desk.context(), opened.id(), &role.id).await {
        Ok(gone) => desk.done(&path, format!("App role {} deleted.", gone.display_name)),
        Err(error) => desk.declined(&path, error),
    }
}
