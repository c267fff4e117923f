//! Properties of one application: name and description; and the end of it.

use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::application::Details;
use provision::standing::Reach;

use super::application_frame::{Opened, Place};
use super::application_list::{assigned, objects};
use crate::console::answer::Answer;
use crate::console::component::banner::{Tone, text};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::{button, copy, time};
use crate::console::visit::{Desk, told};

/// What is in the form, and what is wrong with it.
struct Form<'a> {
    name: &'a str,
    description: &'a str,
    /// About a field, or (without one) about the whole.
    error: Option<(&'static str, String)>,
}

impl Form<'_> {
    fn about(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(of, _)| *of == field).map(|(_, text)| text.as_str())
    }

    fn send(&self, desk: &Desk, opened: &Opened) -> Response {
        let may = desk.may(Permission::ManageApplications);
        let content = html! {
            div.stack.wide {
                @if let Some(why) = self.about("") { (text(Tone::Bad, why)) }
                (flush("Application", None, &facts(&known(opened))))
                @if may { (section("Name and description", None, &self.fields(desk, opened))) (end(desk, opened)) }
            }
        };
        let status = if self.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let page = opened.page(desk, Place::Properties).status(status);
        page.send(desk, &opened.frame(desk, Place::Properties, &content))
    }

    fn fields(&self, desk: &Desk, opened: &Opened) -> Markup {
        html! {
            form.form method="post" action=(opened.url(desk, "properties")) {
                (field::csrf(desk.csrf()))
                (Field::new("name", "Name", self.name).required().error(self.about("name"))
                    .hint("Unique among the applications of this tenant.").input())
                (Field::new("description", "Description", self.description).error(self.about("description"))
                    .hint("For operators: what this application is, who is responsible for it.").textarea(false))
                div.end { (button::submit("Save")) }
            }
        }
    }
}

fn known(opened: &Opened) -> Vec<Fact> {
    let application = &opened.application;
    vec![
        Fact::new("Name", html! { (application.name) }),
        Fact::new(
            "Description",
            html! {
                @if application.details.description.is_empty() { span.soft { "None" } }
                @else { span.lines { (application.details.description) } }
            },
        ),
        Fact::new("Application id", copy::inline("application-id", "the application id", &application.id)),
        Fact::new("Job id", copy::inline("job-id", "the id of the provisioning job", &opened.job.id)),
        Fact::new("Template", html! { (application.details.template.name()) }),
        Fact::new("Created", time::exact(application.created)),
    ]
}

fn end(desk: &Desk, opened: &Opened) -> Markup {
    section(
        "Delete this application",
        None,
        &html! {
            div.stack {
                p { "Ends provisioning and deletes the application with its assignments, mappings and stored credentials. Nothing is changed at the target." }
                div.actions { (button::asks(&opened.url(desk, "delete"), Icon::Trash, "Delete application")) }
            }
        },
    )
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let (name, description) = (opened.name(), opened.application.details.description.as_str());
    Ok(Form { name, description, error: None }.send(&desk, &opened))
}

pub(crate) async fn save(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let (name, description) = (desk.form.text("name"), desk.form.text("description").replace("\r\n", "\n"));
    let details = Details { description: description.clone(), ..opened.application.details.clone() };
    let saved = desk.app.provisioning.update_application(desk.context(), opened.id(), name, details).await;
    match saved {
        Ok(after) if after == opened.application => {
            desk.done(&opened.path("properties"), "Nothing was changed.")
        }
        Ok(after) => desk.done(&opened.path("properties"), format!("{} saved.", after.name)),
        Err(error) => {
            let field = match &error {
                provision::Error::Invalid { field: "description", .. } => "description",
                provision::Error::Invalid { .. } | provision::Error::Conflict(_) => "name",
                _ => "",
            };
            match told(&error) {
                Some(why) => {
                    Ok(Form { name, description: &description, error: Some((field, why)) }
                        .send(&desk, &opened))
                }
                None => Err(error.into()),
            }
        }
    }
}

async fn question(desk: &Desk, opened: &Opened, error: Option<&str>) -> Answer {
    let reach = desk.app.provisioning.reach(&desk.tenant.id, &opened.job).await?;
    let back = opened.url(desk, "properties");
    let ask = Confirm {
        title: &format!("Delete {}?", opened.name()),
        content: html! {
            (losses(&reach))
            p { strong { "This cannot be undone." } }
            // Not "name": as a dialog it stands over the form that has that.
            (Field::new("confirmation", "Type the application's name to confirm", desk.form.text("confirmation")).required().error(error).input())
        },
        action: &opened.url(desk, "delete"),
        csrf: desk.csrf(),
        verb: "Delete application",
        back: &back,
        danger: true,
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(opened.under(desk, "Delete application").status(status).send_question(desk, &confirm(&ask)))
}

fn losses(reach: &Reach) -> Markup {
    let (users, groups) = (reach.provisioned_users, reach.provisioned_groups);
    let assignments = reach.assigned_users + reach.assigned_groups;
    html! {
        p {
            "Deletes 1 application with its mappings, its stored credentials and "
            (time::counted(assignments, "assignment", "assignments"))
            @if assignments > 0 { " (" (assigned(reach)) ")" }
            "."
        }
        p {
            @if users + groups == 0 { "Nothing has been provisioned. " }
            @else { (objects(users, groups)) " stay at the target as they are, and are not kept up to date any more. " }
            "The provisioning logs stay until their time has come."
        }
    }
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    question(&desk, &opened, None).await
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    if desk.form.text("confirmation") != opened.name() {
        let why = "This is not the application's name; nothing was deleted.";
        return question(&desk, &opened, Some(why)).await;
    }
    match desk.app.provisioning.delete_application(desk.context(), opened.id()).await {
        Ok(()) => desk.done("apps", format!("{} deleted.", opened.name())),
        Err(error) => desk.declined(&opened.path("properties"), error),
    }
}
