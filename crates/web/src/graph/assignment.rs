//! `appRoleAssignedTo`: who is assigned to an application.

use directory::{Kind, SourceState};
use provision::application::Application;
use provision::assignments::Assignment;
use serde_json::{Value, json};

use super::exchange::{Answer, Call};
use super::filter::Test;
use super::principal::{DEFAULT_ACCESS, role_guid, role_of};
use super::reply::{Failure, Reply};

const LIST: &str = "appRoleAssignedTo";

/// Groups before users, by name; of one, when `$filter` names it.
pub(crate) async fn list(call: Call) -> Answer {
    let application = call.application().await?;
    let provisioning = &call.app.provisioning;
    if let Some(filter) = &call.options.filter {
        filter.check(&["principalId"], true)?;
        let [("principalId", Test::Eq, value)] = filter.conjuncts()[..] else {
            return Err(Failure::bad("$filter: only principalId eq an id is possible here"));
        };
        let id = value.text().unwrap_or_default();
        let found = provisioning.assignment(call.tenant(), &application.id, id).await;
        let found = found.map_err(|error| call.refused(error))?;
        return call.cut(LIST, found.iter().map(|row| shown(&application, row)).collect());
    }
    let (page, skip) =
        (call.options.page(), call.position(LIST)?.and_then(|at| at.parse().ok()).unwrap_or(0));
    let mut rows: Vec<Assignment> = Vec::new();
    // One more than is shown says whether another page follows; the verb gives a bounded number at once.
    while rows.len() <= page {
        let (offset, wanted) = (skip + rows.len() as u64, page + 1 - rows.len());
        let more = provisioning.assignments(call.tenant(), &application.id, None, offset, wanted).await;
        let more = more.map_err(|error| call.refused(error))?;
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    let next = (rows.len() > page).then(|| call.token(LIST, &(skip + page as u64).to_string()));
    let total = match call.options.count {
        true => {
            let counts = provisioning.assignment_counts(call.tenant(), &application.id).await;
            let (users, groups) = counts.map_err(|error| call.refused(error))?;
            Some(users + groups)
        }
        false => None,
    };
    let values = rows.iter().take(page).map(|row| call.options.selected(shown(&application, row), &[]));
    let values = values.collect::<Result<_, _>>()?;
    Ok(call.page(values, next.as_deref(), total))
}

pub(crate) async fn get(call: Call) -> Answer {
    let application = call.application().await?;
    let found = find(&call, &application, call.part("assignment")).await?;
    Ok(Reply::json(call.options.selected(found, &[])?))
}

/// Who is assigned already is given the role.
pub(crate) async fn create(mut call: Call) -> Answer {
    let application = call.application().await?;
    let body = call.object()?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Failure::bad(format!("{name}: expected a text"))),
    };
    let principal = text("principalId")?.ok_or_else(|| Failure::bad("principalId: name a user or group"))?;
    if let Some(resource) = text("resourceId")?
        && !resource.eq_ignore_ascii_case(&application.id)
    {
        return Err(Failure::bad("resourceId: it is not the service principal of the address"));
    }
    let role = text("appRoleId")?.unwrap_or(DEFAULT_ACCESS);
    let role = role_of(&application, role)
        .ok_or_else(|| Failure::bad(format!("appRoleId: {} has no role {role}", application.name)))?;
    let id = principal.to_ascii_lowercase();
    let kind = kind_of(&call, &id).await?;
    let assigned =
        call.app.provisioning.assign(call.context(), &application.id, vec![(kind, id.clone())], &role);
    assigned.await.map_err(|error| call.refused(error))?;
    Ok(Reply::created(find(&call, &application, &id).await?))
}

pub(crate) async fn delete(call: Call) -> Answer {
    let application = call.application().await?;
    let id = call.part("assignment").to_ascii_lowercase();
    let ended = call.app.provisioning.unassign(call.context(), &application.id, vec![id.clone()]).await;
    match ended.map_err(|error| call.refused(error))? {
        0 => Err(Failure::missing("assignment", call.part("assignment"))),
        _ => Ok(Reply::done()),
    }
}

async fn kind_of(call: &Call, id: &str) -> Result<Kind, Failure> {
    for kind in [Kind::User, Kind::Group] {
        let found = call.app.directory.source_object(call.tenant(), kind, id).await;
        if found.map_err(|error| call.failed(error))?.state == SourceState::Present {
            return Ok(kind);
        }
    }
    Err(Failure::bad(format!("principalId: no user or group has the id {id}")))
}

async fn find(call: &Call, application: &Application, id: &str) -> Result<Value, Failure> {
    let id = id.to_ascii_lowercase();
    let found = call.app.provisioning.assignment(call.tenant(), &application.id, &id).await;
    let found = found.map_err(|error| call.refused(error))?;
    found.map(|row| shown(application, &row)).ok_or_else(|| Failure::missing("assignment", &id))
}

/// An object has one assignment to an application, so its id is that of the assignment.
fn shown(application: &Application, row: &Assignment) -> Value {
    json!({
        "id": row.id,
        "appRoleId": role_guid(&row.role),
        "createdDateTime": row.at,
        "deletedDateTime": null,
        "principalDisplayName": row.name,
        "principalId": row.id,
        "principalType": row.kind,
        "resourceDisplayName": application.name,
        "resourceId": application.id,
    })
}
