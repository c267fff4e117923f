//! Application templates: what applications are made from.

use http::StatusCode;
use provision::application::Template;
use serde_json::{Value, json};

use super::exchange::{Answer, Call};
use super::principal;
use super::reply::{Failure, Reply};

const FILTERS: &[&str] = &["id", "displayName"];

pub(crate) async fn list(call: Call) -> Answer {
    if let Some(filter) = &call.options.filter {
        filter.check(FILTERS, false)?;
    }
    call.cut("applicationTemplates", Template::ALL.into_iter().map(shown).collect())
}

pub(crate) async fn get(call: Call) -> Answer {
    let template = named(&call)?;
    Ok(Reply::json(call.options.selected(shown(template), &[])?))
}

/// An application with its service principal, which are one here.
pub(crate) async fn instantiate(mut call: Call) -> Answer {
    let template = named(&call)?;
    let body = call.object()?;
    let Some(name) = body.get("displayName").and_then(Value::as_str) else {
        return Err(Failure::bad("displayName: give the application a name"));
    };
    let made = call.app.provisioning.create_application(call.context(), name, template).await;
    let made = made.map_err(|error| call.refused(error))?;
    Ok(Reply::created(json!({
        "application": principal::as_application(&made),
        "servicePrincipal": principal::as_principal(&made, call.tenant()),
    })))
}

fn named(call: &Call) -> Result<Template, Failure> {
    let id = call.part("template");
    Template::by_id(id)
        .ok_or_else(|| Failure::new(StatusCode::NOT_FOUND, format!("no application template {id}")))
}

fn shown(template: Template) -> Value {
    json!({
        "id": template.id(),
        "displayName": template.name(),
        "description": template.description(),
        "publisher": "Muster",
        "categories": [],
        "supportedProvisioningTypes": ["sync"],
        "supportedSingleSignOnModes": [],
        "homePageUrl": null,
        "logoUrl": null,
    })
}
