//! + New application: the gallery, and Create your own application.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use provision::application::Template;

use super::list::{search_box, search_form};
use crate::console::answer::Answer;
use crate::console::component::field::{self, Field};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::shell::Page;
use crate::console::component::{button, chip, empty, time};
use crate::console::link::{Link, encoded};
use crate::console::menu::Section;
use crate::console::visit::{Desk, told};

/// Characters of a search.
const TEXT: usize = 200;

pub(crate) async fn gallery(desk: Arc<Desk>) -> Answer {
    let path = desk.url("apps/new");
    let text: String = desk.query.text("q").chars().take(TEXT).collect();
    let sought = text.to_lowercase();
    let found: Vec<Template> = Template::ALL
        .into_iter()
        .filter(|template| {
            format!("{} {}", template.name(), template.description()).to_lowercase().contains(&sought)
        })
        .collect();
    let body = html! {
        (search_form(&path, &search_box(&text, "Search application templates")))
        div #results {
            div.count-line {
                span { (time::counted(found.len() as u64, "template", "templates")) }
                @if !text.is_empty() { (chip::removable("Search", &text, &path)) }
            }
            @if found.is_empty() {
                (empty::empty(Icon::Search, "No template matches",
                    "Any application with a SCIM 2.0 endpoint can be provisioned into: create your own application.",
                    Some(button::link(&own(&desk, Template::Scim), None, "Create your own application"))))
            } @else {
                ul.cards { @for template in found { li { (card(&desk, template)) } } }
            }
        }
    };
    let page = Page::new(Section::Applications, "Browse the gallery")
        .under("Enterprise apps", desk.url("apps"))
        .lead(html! { "Start from a template, or create your own application." })
        .actions(html! {
            a.button.primary href=(own(&desk, Template::Scim)) data-dialog { (icon(Icon::Plus)) "Create your own application" }
        })
        .canonical(Link::to(&path).with("q", text));
    Ok(page.send(&desk, &body))
}

fn own(desk: &Desk, template: Template) -> String {
    let path = desk.url("apps/new/own");
    if template == Template::default() { path } else { format!("{path}?template={}", encoded(template.id())) }
}

fn glyph(template: Template) -> Icon {
    match template {
        Template::Scim => Icon::Sync,
        Template::MusterTenant => Icon::Users,
    }
}

fn card(desk: &Desk, template: Template) -> Markup {
    html! {
        a.pick href=(own(desk, template)) data-dialog {
            span.sign { (icon(glyph(template))) }
            span {
                strong { (template.name()) }
                span.soft { (template.description()) }
            }
        }
    }
}

/// The panel, with what was typed.
struct Form<'a> {
    name: &'a str,
    template: Template,
    error: Option<&'a str>,
    status: StatusCode,
}

impl<'a> Form<'a> {
    fn new(name: &'a str, template: &str) -> Self {
        Self {
            name,
            template: Template::by_id(template).unwrap_or_default(),
            error: None,
            status: StatusCode::OK,
        }
    }

    fn send(&self, desk: &Desk) -> Response {
        let back = desk.url("apps/new");
        let title = if self.template == Template::Scim {
            "Create your own application"
        } else {
            self.template.name()
        };
        let main = html! {
            form.confirm method="post" action=(desk.url("apps/new/own")) data-confirm data-complete {
                (field::csrf(desk.csrf()))
                h1 #confirm-title { (title) }
                (Field::new("name", "What's the name of your app?", self.name).required().error(self.error).autofocus()
                    .hint("Unique among the applications of this tenant. It can be changed later.").input())
                fieldset {
                    legend.label { "What are you looking to do with your application?" }
                    (field::radio("template", Template::Scim.id(),
                        "Integrate any other application you don't find in the gallery (Non-gallery)",
                        Some(Template::Scim.description()), self.template == Template::Scim))
                    (field::radio("template", Template::MusterTenant.id(), Template::MusterTenant.name(),
                        Some(Template::MusterTenant.description()), self.template == Template::MusterTenant))
                }
                div.end {
                    (button::cancel(&back))
                    (button::submit("Add"))
                }
            }
        };
        Page::new(Section::Applications, title)
            .under("Enterprise apps", desk.url("apps"))
            .under("Browse the gallery", back)
            .status(self.status)
            .send_question(desk, &main)
    }
}

pub(crate) async fn own_form(desk: Arc<Desk>) -> Answer {
    Ok(Form::new("", desk.query.text("template")).send(&desk))
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let form = Form::new(desk.form.text("name"), desk.form.text("template"));
    let made = desk.app.provisioning.create_application(desk.context(), form.name, form.template).await;
    match made {
        Ok(application) => {
            desk.done(&format!("apps/{}", application.id), format!("{} created.", application.name))
        }
        Err(error) => match told(&error) {
            Some(text) => {
                let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
                Ok(Form { error: Some(&text), status, ..form }.send(&desk))
            }
            None => Err(error.into()),
        },
    }
}
