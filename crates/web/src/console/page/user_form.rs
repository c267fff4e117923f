//! Create a user, edit one by fields, edit one as JSON.

use std::sync::Arc;

use axum::response::Response;
use directory::{Found, Kind, Precondition, Tags};
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;

use super::person;
use super::user::load;
use super::user_fields::{FIELDS, UserField, new_user, patch};
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::button;
use crate::console::component::field::{self, Field};
use crate::console::component::shell::Page;
use crate::console::fields::Fields;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

/// What is wrong, and which field it is about.
struct Wrong {
    field: Option<&'static str>,
    text: String,
}

impl Wrong {
    fn of(error: &directory::Error) -> Option<Self> {
        let text = explained(error)?;
        let unique = matches!(error, directory::Error::Scim(e) if e.scim_type == scim::ScimType::Uniqueness);
        let named = FIELDS.iter().find(|field| text.contains(field.name)).map(|field| field.name);
        Some(Self { field: if unique { Some("userName") } else { named }, text })
    }
}

struct Form<'a> {
    action: &'a str,
    back: &'a str,
    submit: &'a str,
    version: Option<u64>,
    wrong: Option<Wrong>,
}

impl Form<'_> {
    fn markup(&self, desk: &Desk, value: &dyn Fn(&UserField) -> String, active: bool) -> Markup {
        let one = |index: usize| {
            FIELDS.get(index).map_or_else(Markup::default, |field| self.input(field, &value(field)))
        };
        html! {
            @if let Some(wrong) = self.wrong.as_ref().filter(|wrong| wrong.field.is_none()) {
                (banner::text(Tone::Bad, &wrong.text))
            }
            form.form method="post" action=(self.action) {
                (field::csrf(desk.csrf()))
                @if let Some(version) = self.version { input type="hidden" name="version" value=(version); }
                fieldset {
                    legend { "Identity" }
                    (one(0)) (one(1))
                    div.pair { (one(2)) (one(3)) }
                    (field::check("active", "on", "Active", Some("An inactive user keeps everything but may not be let in by applications."), active))
                }
                fieldset { legend { "Contact" } div.pair { (one(4)) (one(5)) } }
                fieldset {
                    legend { "Work" }
                    div.pair { (one(6)) (one(7)) }
                    div.pair { (one(8)) (one(9)) }
                }
                details.more open[self.wrong.is_some()] {
                    summary { "More attributes" }
                    fieldset {
                        div.pair { (one(10)) (one(11)) }
                        (one(12)) (one(13))
                    }
                }
                div.end { (button::submit(self.submit)) (button::cancel(self.back)) }
            }
        }
    }

    fn input(&self, field: &UserField, value: &str) -> Markup {
        let wrong = self.wrong.as_ref().filter(|wrong| wrong.field == Some(field.name));
        let mut input = Field::new(field.name, field.label, value).kind(field.kind);
        input = input.error(wrong.map(|wrong| wrong.text.as_str()));
        if let Some(hint) = field.hint {
            input = input.hint(hint);
        }
        if field.name == "userName" {
            input = input.required();
        }
        input.input()
    }
}

fn typed(form: &Fields) -> impl Fn(&UserField) -> String {
    move |field| form.text(field.name).to_owned()
}

fn new_page(desk: &Desk, form: &Fields, wrong: Option<Wrong>, active: bool) -> Response {
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (action, back) = (desk.url("users/new"), desk.url("users"));
    let shown = Form { action: &action, back: &back, submit: "Create user", version: None, wrong };
    let body = shown.markup(desk, &typed(form), active);
    Page::new(Section::Users, "New user").under("Users", &*back).status(status).send(desk, &body)
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    Ok(new_page(&desk, &desk.query, None, true))
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let active = desk.form.has("active");
    if desk.form.given("userName").is_none() {
        let wrong = Wrong { field: Some("userName"), text: "Type a user name.".to_owned() };
        return Ok(new_page(&desk, &desk.form, Some(wrong), active));
    }
    match desk.app.directory.create(desk.context(), Kind::User, new_user(&desk.form)).await {
        Ok(written) => {
            let name = person::name_of(&written.resource);
            desk.done(&format!("users/{}", written.id), format!("{name} created."))
        }
        Err(error) => match Wrong::of(&error) {
            Some(wrong) => Ok(new_page(&desk, &desk.form, Some(wrong), active)),
            None => Err(error.into()),
        },
    }
}

fn edit_page(
    desk: &Desk,
    user: &Found,
    form: Option<&Fields>,
    wrong: Option<Wrong>,
    status: StatusCode,
) -> Response {
    let back = desk.url(&format!("users/{}", user.id));
    let action = format!("{back}/edit");
    let version = form.and_then(|form| form.number("version")).unwrap_or(user.version);
    let shown = Form { action: &action, back: &back, submit: "Save", version: Some(version), wrong };
    let body = match form {
        Some(form) => shown.markup(desk, &typed(form), form.has("active")),
        None => shown.markup(desk, &|field| field.read(&user.resource), person::is_active(&user.resource)),
    };
    let body = html! {
        (body)
        p.soft.small { "Other attributes can be changed " a href={ (back) "/json" } { "as JSON" } "." }
    };
    Page::new(Section::Users, "Edit user")
        .under("Users", desk.url("users"))
        .under(person::name_of(&user.resource), back)
        .status(status)
        .send(desk, &body)
}

pub(crate) async fn edit(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    Ok(edit_page(&desk, &user, None, None, StatusCode::OK))
}

/// The version the form was made from, so that nobody's change is overwritten unseen.
fn condition(desk: &Desk) -> Precondition {
    match desk.form.given("version") {
        Some(version) => Precondition::IfMatch(Tags::List(vec![version.to_owned()])),
        None => Precondition::None,
    }
}

pub(crate) async fn save(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let path = format!("users/{}", user.id);
    if desk.form.given("userName").is_none() {
        let wrong = Wrong { field: Some("userName"), text: "Type a user name.".to_owned() };
        return Ok(edit_page(&desk, &user, Some(&desk.form), Some(wrong), StatusCode::BAD_REQUEST));
    }
    let Some(body) = patch(&user.resource, &desk.form) else {
        return desk.done(&path, "Nothing was changed.");
    };
    let saved = match scim::patch::parse(body) {
        Ok(request) => {
            desk.app.directory.patch(desk.context(), Kind::User, &user.id, request, condition(&desk)).await
        }
        Err(error) => Err(error.into()),
    };
    match saved {
        Ok(written) => desk.done(&path, format!("{} saved.", person::name_of(&written.resource))),
        Err(error) => match Wrong::of(&error) {
            Some(wrong) => Ok(edit_page(&desk, &user, Some(&desk.form), Some(wrong), status_of(&error))),
            None => Err(error.into()),
        },
    }
}

fn status_of(error: &directory::Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// What a client may write of a user, as it stands.
fn editable(user: &Found) -> String {
    let mut resource = user.resource.clone();
    for name in ["id", "meta", "groups"] {
        resource.shift_remove(name);
    }
    serde_json::to_string_pretty(&Value::Object(resource)).unwrap_or_default()
}

fn json_page(
    desk: &Desk,
    user: &Found,
    text: &str,
    version: u64,
    wrong: Option<&str>,
    status: StatusCode,
) -> Response {
    let back = desk.url(&format!("users/{}", user.id));
    let body = html! {
        form.form.wide method="post" action={ (back) "/json" } {
            (field::csrf(desk.csrf()))
            input type="hidden" name="version" value=(version);
            (Field::new("document", "User as JSON", text).required().error(wrong)
                .hint("Replaces the user as a SCIM PUT does. Attributes that are left out are removed; id, meta and groups cannot be set.")
                .textarea(true))
            div.end { (button::submit("Save")) (button::cancel(&back)) }
        }
    };
    Page::new(Section::Users, "Edit as JSON")
        .under("Users", desk.url("users"))
        .under(person::name_of(&user.resource), back)
        .status(status)
        .send(desk, &body)
}

pub(crate) async fn edit_json(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    Ok(json_page(&desk, &user, &editable(&user), user.version, None, StatusCode::OK))
}

pub(crate) async fn save_json(desk: Arc<Desk>) -> Answer {
    let user = load(&desk).await?;
    let typed = desk.form.raw("document");
    let saved = match scim::json::parse(typed.as_bytes()) {
        Ok(Value::Object(body)) => {
            desk.app.directory.replace(desk.context(), Kind::User, &user.id, body, condition(&desk)).await
        }
        Ok(_) => Err(scim::Error::invalid_syntax("the document must be a JSON object").into()),
        Err(error) => Err(error.into()),
    };
    match saved {
        Ok(written) => {
            desk.done(&format!("users/{}", user.id), format!("{} saved.", person::name_of(&written.resource)))
        }
        Err(error) => match explained(&error) {
            Some(text) => {
                let version = desk.form.number("version").unwrap_or(user.version);
                Ok(json_page(&desk, &user, typed, version, Some(&text), status_of(&error)))
            }
            None => Err(Failure::from(error)),
        },
    }
}
