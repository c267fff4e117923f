//! The manager, in all forms that are sent, and references in general (RFC 7643 §4.3, §2.3.7).

use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::generate::Fill;
use crate::probe::{Made, Probe};
use crate::value::{at, has, lacks, shown};
use crate::verdict::{Outcome, deviates, ensure};

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
const NEEDS: &[Need] = &[
    Need::Check("patch-replace"),
    Need::User("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
];
const CREATE: &[Need] = &[
    Need::Check("user-create"),
    Need::User("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
];
const AGAIN: &str = "Entra sees no manager, or another one, and sends it again in every cycle.";
const STAYS: &str = "The old manager stays for ever, and with it what a manager may do.";

/// How the manager is written.
#[derive(Clone, Copy)]
enum Form {
    Object,
    Text,
    Array,
}

impl Form {
    fn of(self, id: &str) -> Value {
        match self {
            Self::Object => json!({ "value": id }),
            Self::Text => json!(id),
            Self::Array => json!([{ "value": id }]),
        }
    }
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("manager-create", "A user is created with a manager", Must, "RFC 7643 §4.3")
        .what("POST with manager {\"value\": id}; GET has it.")
        .why(AGAIN)
        .needs(CREATE)
        .run(|p| Box::pin(create(p, Form::Object))),
    Check::new("manager-create-string", "A manager as a string in a create", Entra, "Entra: requests as captured; SCIM-SDK#686")
        .what("POST with manager \"id\"; GET has {\"value\": id}.")
        .why(AGAIN)
        .needs(CREATE)
        .run(|p| Box::pin(create(p, Form::Text))),
    Check::new("manager-unknown", "A manager that does not exist is accepted in a create", Entra, "Microsoft SCIM Validator: random manager ids")
        .what("POST with a random id as manager answers 201.")
        .why("Microsoft's validator creates users so, and Entra may send users before their managers.")
        .needs(CREATE)
        .run(|p| Box::pin(unknown(p))),
    Check::new("manager-add-object", "add of a manager as an object", Must, "RFC 7644 §3.5.2.1, RFC 7643 §4.3")
        .what("PATCH add urn:…:User:manager {\"value\": id}.")
        .why(AGAIN)
        .needs(NEEDS)
        .run(|p| Box::pin(set(p, "add", MANAGER, Form::Object))),
    Check::new("manager-add-string", "Add of a manager as a string", Entra, "Entra: requests as captured; SCIM-SDK#686")
        .what("PATCH Add urn:…:User:manager \"id\".")
        .why(AGAIN)
        .needs(NEEDS)
        .run(|p| Box::pin(set(p, "Add", MANAGER, Form::Text))),
    Check::new("manager-replace-string", "Replace of a manager as a string", Entra, "Entra gallery: SCIM_Update_Manager_Test")
        .what("PATCH Replace urn:…:User:manager \"id\".")
        .why(AGAIN)
        .needs(NEEDS)
        .microsoft("SCIM_Update_Manager_Test", "Set, replace and clear the manager", false)
        .run(|p| Box::pin(set(p, "Replace", MANAGER, Form::Text))),
    Check::new("manager-add-array", "Add of a manager as an array", Entra, "Entra: use-scim, historic form")
        .what("PATCH Add manager [{\"value\": id}].")
        .why(AGAIN)
        .needs(NEEDS)
        .run(|p| Box::pin(set(p, "Add", "manager", Form::Array))),
    Check::new("manager-sub-path", "A manager by its value's path", Must, "RFC 7644 §3.5.2, §3.10")
        .what("PATCH replace urn:…:User:manager.value \"id\".")
        .why(AGAIN)
        .needs(NEEDS)
        .run(|p| Box::pin(set(p, "replace", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", Form::Text))),
    Check::new("manager-replace", "replace of a manager", Must, "RFC 7644 §3.5.2.3")
        .what("PATCH replace of one manager by another.")
        .why(STAYS)
        .needs(&[Need::Check("manager-add-object")])
        .run(|p| Box::pin(replace(p))),
    Check::new("manager-remove", "remove of a manager", Must, "RFC 7644 §3.5.2.2")
        .what("PATCH remove urn:…:User:manager; GET has no manager.")
        .why(STAYS)
        .needs(&[Need::Check("manager-add-object")])
        .run(|p| Box::pin(cleared(p, json!([{ "op": "remove", "path": MANAGER }])))),
    Check::new("manager-clear-string", "An empty string clears the manager", Entra, "Entra gallery: SCIM_Update_Manager_Test")
        .what("PATCH replace urn:…:User:manager \"\".")
        .why(STAYS)
        .needs(&[Need::Check("manager-add-object")])
        .run(|p| Box::pin(cleared(p, json!([{ "op": "replace", "path": MANAGER, "value": "" }])))),
    Check::new("manager-clear-object", "An empty value clears the manager", Entra, "Microsoft SCIM Validator, Remove Manager")
        .what("PATCH replace urn:…:User:manager {\"value\": \"\"}.")
        .why(STAYS)
        .needs(&[Need::Check("manager-add-object")])
        .run(|p| Box::pin(cleared(p, json!([{ "op": "replace", "path": MANAGER, "value": { "value": "" } }])))),
    Check::new("manager-clear-null", "null clears the manager", Entra, "Entra: requests as captured")
        .what("PATCH replace urn:…:User:manager null.")
        .why(STAYS)
        .needs(&[Need::Check("manager-add-object")])
        .run(|p| Box::pin(cleared(p, json!([{ "op": "replace", "path": MANAGER, "value": null }])))),
    Check::new("manager-shape", "The manager is an object with value", Must, "RFC 7643 §4.3")
        .what("GET has manager as an object, under the extension's URN; $ref where it is there ends in the manager's path.")
        .why("Entra's reader fails on a string, and looks in no other place.")
        .needs(&[Need::Check("manager-create")])
        .run(|p| Box::pin(shape(p))),
    Check::new("manager-filter", "A user is found by its manager", Entra, "Entra: use-scim, reference check")
        .what("GET ?filter=id eq \"u\" and urn:…:User:manager eq \"m\".")
        .why("Entra's check of the reference answers no, and it is sent again.")
        .needs(&[Need::Check("manager-create"), Need::Check("filter-and")])
        .run(|p| Box::pin(filter(p))),
    Check::new("reference-location", "meta.location can be read", Must, "RFC 7643 §3.1 meta.location")
        .what("GET of the path in meta.location gives the user.")
        .why("Clients that follow locations read something else.")
        .needs(&[Need::Check("user-create-location")])
        .for_profiles(&[Profile::Rfc, Profile::Entra, Profile::Okta])
        .run(|p| Box::pin(location(p))),
];

async fn with_manager(p: &mut Probe) -> Outcome<(Made, Made)> {
    let boss = p.user().await?;
    let user =
        p.user_with(json!({ (scim::urn::ENTERPRISE_USER): { "manager": { "value": boss.id } } })).await?;
    Ok((user, boss))
}

async fn create(p: &mut Probe, form: Form) -> Outcome {
    let boss = p.user().await?;
    let body = p.user_body_with(json!({ (scim::urn::ENTERPRISE_USER): { "manager": form.of(&boss.id) } }));
    let path = p.users();
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let read = p.get(&format!("{path}/{}", reply.id()?)).await?;
    has(&read.body, &format!("{MANAGER}.value"), &boss.id.into()).map_err(|stop| stop.at(reply.exchange))
}

async fn unknown(p: &mut Probe) -> Outcome {
    let mut body = p.user_body(Fill::Required);
    let made_up = p.dice.letters(12);
    crate::probe::merge(
        &mut body,
        json!({ (scim::urn::ENTERPRISE_USER): { "manager": { "value": made_up } } }),
    );
    let path = p.users();
    p.post(&path, &Value::Object(body)).await?.is(&[201])
}

async fn set(p: &mut Probe, op: &str, path: &str, form: Form) -> Outcome {
    let (user, boss) = (p.user().await?, p.user().await?);
    let reply = p.patch(&user.path, &json!([{ "op": op, "path": path, "value": form.of(&boss.id) }])).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&user).await?.body, &format!("{MANAGER}.value"), &boss.id.into())
        .map_err(|stop| stop.at(reply.exchange))
}

async fn replace(p: &mut Probe) -> Outcome {
    let (user, _) = with_manager(p).await?;
    let other = p.user().await?;
    let operations = json!([{ "op": "replace", "path": MANAGER, "value": { "value": other.id } }]);
    let reply = p.patch(&user.path, &operations).await?;
    reply.is(&[200, 204])?;
    has(&p.read(&user).await?.body, &format!("{MANAGER}.value"), &other.id.into())
        .map_err(|stop| stop.at(reply.exchange))
}

async fn cleared(p: &mut Probe, operations: Value) -> Outcome {
    let (user, _) = with_manager(p).await?;
    let reply = p.patch(&user.path, &operations).await?;
    reply.is(&[200, 204])?;
    lacks(&p.read(&user).await?.body, MANAGER).map_err(|stop| stop.at(reply.exchange))
}

async fn shape(p: &mut Probe) -> Outcome {
    let (user, boss) = with_manager(p).await?;
    let read = p.read(&user).await?;
    let Some(manager) = at(&read.body, MANAGER).filter(|m| m.is_object()) else {
        return Err(deviates("manager as an object", at(&read.body, MANAGER).map_or("none".into(), shown)));
    };
    has(manager, "value", &boss.id.clone().into())?;
    let reference = manager.get("$ref").and_then(Value::as_str);
    ensure(reference.is_none_or(|r| r.ends_with(&boss.path)), format!("$ref ending in {}", boss.path), || {
        reference.unwrap_or_default().to_owned()
    })
}

async fn filter(p: &mut Probe) -> Outcome {
    let (user, boss) = with_manager(p).await?;
    let path = p.users();
    for filter in [
        format!("id eq \"{}\" and {MANAGER} eq \"{}\"", user.id, boss.id),
        format!("{MANAGER}.value eq \"{}\" and id eq \"{}\"", boss.id, user.id),
    ] {
        p.find(&path, &filter).await?.finds(&[&user.id])?;
    }
    Ok(())
}

async fn location(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let location = at(&user.body, "meta.location").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(start) = location.find(&p.users()) else {
        return Err(deviates(format!("a location with {}", p.users()), location));
    };
    let path = location.get(start..).unwrap_or_default().to_owned();
    let reply = p.get(&path).await?;
    reply.is(&[200])?;
    has(&reply.body, "id", &user.id.into())
}
