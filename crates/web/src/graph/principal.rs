//! Applications and service principals: two views of one enterprise application, under one id.

use directory::TenantId;
use http::Method;
use provision::application::{Application, Details};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::exchange::{Answer, Call};
use super::reply::{Failure, Reply};

const FILTERS: &[&str] = &["id", "appId", "displayName", "applicationTemplateId", "createdDateTime"];
/// The role of who is assigned without one.
pub(crate) const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) async fn applications(call: Call) -> Answer {
    let rows = visible(&call).await?;
    call.cut("applications", rows.iter().map(as_application).collect())
}

pub(crate) async fn application(call: Call) -> Answer {
    let found = call.application().await?;
    Ok(Reply::json(call.options.selected(as_application(&found), &[])?))
}

pub(crate) async fn list(call: Call) -> Answer {
    let rows = visible(&call).await?;
    call.cut("servicePrincipals", rows.iter().map(|row| as_principal(row, call.tenant())).collect())
}

pub(crate) async fn get(call: Call) -> Answer {
    let found = call.application().await?;
    Ok(Reply::json(call.options.selected(as_principal(&found, call.tenant()), &[])?))
}

/// Name and description; what else a service principal has in Graph, Muster has not, and says so.
pub(crate) async fn update(mut call: Call) -> Answer {
    debug_assert_eq!(call.method, Method::PATCH);
    let application = call.application().await?;
    let Application { id, mut name, details, .. } = application;
    let mut details = Details { ..details };
    for (field, value) in call.object()? {
        let text = || {
            let text = value.as_str().map(str::to_owned);
            text.ok_or_else(|| Failure::bad(format!("{field}: expected a text")))
        };
        match field.as_str() {
            "displayName" => name = text()?,
            "description" | "notes" if value.is_null() => details.description = String::new(),
            "description" | "notes" => details.description = text()?,
            _ if field.starts_with("@odata.") => {}
            _ => {
                return Err(Failure::bad(format!(
                    "{field} cannot be changed here; there are: displayName, description, notes"
                )));
            }
        }
    }
    let done = call.app.provisioning.update_application(call.context(), &id, &name, details).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn delete(call: Call) -> Answer {
    let application = call.application().await?;
    let done = call.app.provisioning.delete_application(call.context(), &application.id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

/// The applications that the key may see, by name.
pub(crate) async fn visible(call: &Call) -> Result<Vec<Application>, Failure> {
    if let Some(filter) = &call.options.filter {
        filter.check(FILTERS, false)?;
    }
    let rows =
        call.app.provisioning.applications(call.tenant()).await.map_err(|error| call.refused(error))?;
    let key = &call.client.key;
    Ok(rows.into_iter().map(|(row, _)| row).filter(|row| key.may_read_application(&row.id)).collect())
}

pub(crate) fn as_application(application: &Application) -> Value {
    let Application { id, name, created, details } = application;
    json!({
        "id": id,
        "appId": id,
        "applicationTemplateId": details.template.id(),
        "displayName": name,
        "description": none_if_empty(&details.description),
        "createdDateTime": created,
        "appRoles": roles(application),
    })
}

pub(crate) fn as_principal(application: &Application, tenant: &TenantId) -> Value {
    let Application { id, name, created, details } = application;
    json!({
        "id": id,
        "appId": id,
        "applicationTemplateId": details.template.id(),
        "displayName": name,
        "appDisplayName": name,
        "description": none_if_empty(&details.description),
        "notes": none_if_empty(&details.description),
        "createdDateTime": created,
        "accountEnabled": true,
        "appOwnerOrganizationId": tenant.as_str(),
        "appRoleAssignmentRequired": true,
        "appRoles": roles(application),
        "servicePrincipalType": "Application",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    })
}

fn none_if_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn roles(application: &Application) -> Value {
    let shown = application.details.roles.iter().map(|role| {
        json!({
            "id": role_guid(&role.id),
            "value": none_if_empty(&role.value),
            "displayName": role.display_name,
            "description": none_if_empty(&role.description).unwrap_or(&role.display_name),
            "allowedMemberTypes": ["User"],
            "isEnabled": role.enabled,
            "origin": "Application",
        })
    });
    shown.collect::<Vec<_>>().into()
}

/// Graph's clients read role ids as GUIDs and lose the whole answer otherwise. An id that is none gets one made of it.
pub(crate) fn role_guid(id: &str) -> String {
    if id.is_empty() {
        return DEFAULT_ACCESS.to_owned();
    }
    if is_guid(id) {
        return id.to_ascii_lowercase();
    }
    let digest = Sha256::digest(id.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    // RFC 9562 §5.8: version 8, whose bits are the maker's own.
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The role of the application that an `appRoleId` names; empty for default access.
pub(crate) fn role_of(application: &Application, guid: &str) -> Option<String> {
    if guid == DEFAULT_ACCESS {
        return Some(String::new());
    }
    let mut roles = application.details.roles.iter();
    roles.find(|role| role_guid(&role.id).eq_ignore_ascii_case(guid)).map(|role| role.id.clone())
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
