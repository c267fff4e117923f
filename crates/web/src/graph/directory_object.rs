//! Users and groups: listed, read one by one, and the members of a group.

use directory::{Kind, Scope, SourceRead, SourceState};
use scim::{Resource, ScimType};
use serde_json::{Value, json};

use super::exchange::{Answer, Call};
use super::member_delta::type_of;
use super::property;
use super::query;
use super::reply::{Failure, Reply};

pub(crate) async fn users(call: Call) -> Answer {
    list(call, Kind::User).await
}

pub(crate) async fn groups(call: Call) -> Answer {
    list(call, Kind::Group).await
}

async fn list(call: Call, kind: Kind) -> Answer {
    check_select(&call, kind)?;
    let request = query::search(kind, &call.options)?;
    let found = call.app.directory.query(call.tenant(), Scope::Kind(kind), request).await;
    let found = found.map_err(|error| match error {
        directory::Error::Scim(error)
            if matches!(
                error.scim_type,
                ScimType::InvalidCursor | ScimType::ExpiredCursor | ScimType::InvalidCount
            ) =>
        {
            Failure::bad(
                "the $skiptoken is too old, or not one that this list was given; follow @odata.nextLink unchanged, or begin anew",
            )
        }
        other => call.failed(other),
    })?;
    let shown = |resource: Resource| property::shown(present(kind, resource), &call.options.select);
    let total = found.list.total_results;
    let next = found.list.next_cursor.clone();
    let values = found.list.resources.into_iter().map(shown).collect();
    Ok(call.page(values, next.as_deref(), Some(total)))
}

pub(crate) async fn user(call: Call) -> Answer {
    one(call, Kind::User).await
}

pub(crate) async fn group(call: Call) -> Answer {
    one(call, Kind::Group).await
}

async fn one(call: Call, kind: Kind) -> Answer {
    check_select(&call, kind)?;
    let found = find(&call, kind).await?;
    Ok(Reply::json(property::shown(found, &call.options.select)))
}

/// Direct members, in the order of their ids. What is neither a user nor a group of the tenant is left out.
pub(crate) async fn members(call: Call) -> Answer {
    const LIST: &str = "members";
    call.options.check_selected(|name| {
        property::is_known(Kind::User, name) || property::is_known(Kind::Group, name)
    })?;
    let group = find(&call, Kind::Group).await?.id;
    let list = format!("{LIST} {group}");
    let mut after = call.position(&list)?;
    let page = call.options.page();
    let (mut values, mut more) = (Vec::new(), true);
    while more && values.len() < page {
        let wanted = page + 1 - values.len();
        let rows = call.app.directory.source_members(call.tenant(), &group, after.as_deref(), wanted).await;
        let rows = rows.map_err(|error| call.failed(error))?;
        more = rows.len() >= wanted;
        for row in rows {
            if values.len() >= page {
                break;
            }
            after = Some(row.member.clone());
            let Some(kind) = row.kind else { continue };
            let read = call.app.directory.source_object(call.tenant(), kind, &row.member).await;
            let read = read.map_err(|error| call.failed(error))?;
            if read.state == SourceState::Present {
                values.push(typed(property::shown(read, &call.options.select), kind));
            }
        }
    }
    let next = after.filter(|_| more).map(|after| call.token(&list, &after));
    Ok(call.page(values, next.as_deref(), None))
}

/// Clients read members as what `@odata.type` says.
fn typed(mut value: Value, kind: Kind) -> Value {
    if let Value::Object(object) = &mut value {
        object.insert("@odata.type".to_owned(), json!(type_of(kind)));
    }
    value
}

fn check_select(call: &Call, kind: Kind) -> Result<(), Failure> {
    call.options.check_selected(|name| property::is_known(kind, name))
}

/// By id, or a user by `userPrincipalName`.
async fn find(call: &Call, kind: Kind) -> Result<SourceRead, Failure> {
    let asked = call.part("object");
    let directory = &call.app.directory;
    let read = |id: String| async move {
        let read =
            directory.source_object(call.tenant(), kind, &id).await.map_err(|error| call.failed(error))?;
        Ok::<_, Failure>((read.state == SourceState::Present).then_some(read))
    };
    if let Some(found) = read(asked.to_ascii_lowercase()).await? {
        return Ok(found);
    }
    if kind == Kind::User {
        let named = directory.source_find(call.tenant(), kind, None, Some(asked)).await;
        if let Some(id) = named.map_err(|error| call.failed(error))?
            && let Some(found) = read(id).await?
        {
            return Ok(found);
        }
    }
    Err(Failure::missing(&kind.as_str().to_ascii_lowercase(), asked))
}

fn present(kind: Kind, resource: Resource) -> SourceRead {
    let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    SourceRead { kind, id, state: SourceState::Present, resource }
}
