//! Create a group, rename one.

use std::sync::Arc;

use axum::response::Response;
use directory::{Found, Kind, Precondition, Tags};
use http::StatusCode;
use maud::html;
use scim::Resource;
use serde_json::{Value, json};

use super::group::{load, name_of};
use super::person;
use crate::console::answer::{Answer, Failure};
use crate::console::component::button;
use crate::console::component::field::{self, Field};
use crate::console::component::shell::Page;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

struct Form<'a> {
    name: &'a str,
    external: &'a str,
    /// About the display name: the one thing that can be wrong.
    error: Option<&'a str>,
}

impl<'a> Form<'a> {
    fn typed(desk: &'a Desk) -> Self {
        Self { name: desk.form.text("displayName"), external: desk.form.text("externalId"), error: None }
    }

    fn status(&self) -> StatusCode {
        if self.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
    }

    fn send(&self, desk: &Desk, group: Option<(&Found, u64)>) -> Response {
        let back = group.map_or_else(|| desk.url("groups"), |(g, _)| desk.url(&format!("groups/{}", g.id)));
        let action = if group.is_some() { format!("{back}/edit") } else { format!("{back}/new") };
        let body = html! {
            form.form method="post" action=(action) {
                (field::csrf(desk.csrf()))
                @if let Some((_, version)) = group { input type="hidden" name="version" value=(version); }
                (Field::new("displayName", "Display name", self.name).required().error(self.error).autofocus()
                    .hint("Unique in this tenant, whatever its case.").input())
                (Field::new("externalId", "External id", self.external)
                    .hint("The identity provider's own id for this group. It matches groups by it; leave it alone unless you know.").input())
                div.end {
                    (button::submit(if group.is_some() { "Save" } else { "Create group" }))
                    (button::cancel(&back))
                }
            }
        };
        let page = Page::new(Section::Groups, if group.is_some() { "Edit group" } else { "New group" });
        let mut page = page.under("Groups", desk.url("groups")).status(self.status());
        if let Some((group, _)) = group {
            page = page.under(name_of(group), back);
        }
        page.send(desk, &body)
    }
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    Ok(Form { name: "", external: "", error: None }.send(&desk, None))
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let form = Form::typed(&desk);
    if form.name.is_empty() {
        return Ok(Form { error: Some("Type a display name."), ..form }.send(&desk, None));
    }
    let mut body = Resource::new();
    body.insert("schemas".to_owned(), json!([scim::urn::GROUP]));
    body.insert("displayName".to_owned(), json!(form.name));
    if !form.external.is_empty() {
        body.insert("externalId".to_owned(), json!(form.external));
    }
    match desk.app.directory.create(desk.context(), Kind::Group, body).await {
        Ok(written) => desk.done(&format!("groups/{}", written.id), format!("{} created.", form.name)),
        Err(error) => match explained(&error) {
            Some(text) => Ok(Form { error: Some(&text), ..form }.send(&desk, None)),
            None => Err(error.into()),
        },
    }
}

pub(crate) async fn edit(desk: Arc<Desk>) -> Answer {
    let (group, _) = load(&desk).await?;
    let external = person::text(&group.resource, "externalId");
    let form = Form { name: person::text(&group.resource, "displayName"), external, error: None };
    Ok(form.send(&desk, Some((&group, group.version))))
}

/// The PATCH for what differs; `None` if nothing does.
fn patch(group: &Resource, form: &Form<'_>) -> Option<Value> {
    let mut operations = Vec::new();
    for (path, wanted) in [("displayName", form.name), ("externalId", form.external)] {
        match (person::text(group, path), wanted) {
            (now, wanted) if now == wanted => {}
            (_, "") => operations.push(json!({ "op": "remove", "path": path })),
            (_, wanted) => operations.push(json!({ "op": "replace", "path": path, "value": wanted })),
        }
    }
    let body = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations });
    (!operations.is_empty()).then_some(body)
}

pub(crate) async fn save(desk: Arc<Desk>) -> Answer {
    let (group, _) = load(&desk).await?;
    let form = Form::typed(&desk);
    let version = desk.form.number("version").unwrap_or(group.version);
    if form.name.is_empty() {
        let form = Form { error: Some("Type a display name."), ..form };
        return Ok(form.send(&desk, Some((&group, version))));
    }
    let path = format!("groups/{}", group.id);
    let Some(body) = patch(&group.resource, &form) else { return desk.done(&path, "Nothing was changed.") };
    let request = scim::patch::parse(body).map_err(directory::Error::from)?;
    let condition = Precondition::IfMatch(Tags::List(vec![version.to_string()]));
    match desk.app.directory.patch(desk.context(), Kind::Group, &group.id, request, condition).await {
        Ok(_) => desk.done(&path, format!("{} saved.", form.name)),
        Err(error) => match explained(&error) {
            Some(text) => Ok(Form { error: Some(&text), ..form }.send(&desk, Some((&group, version)))),
            None => Err(Failure::from(error)),
        },
    }
}
