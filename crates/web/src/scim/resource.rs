//! One user or group: POST, GET, PUT, PATCH, DELETE (RFC 7644 §3.3, §3.4.1, §3.5, §3.6).

use directory::{Error, Kind, Precondition, Written, etag};
use http::StatusCode;
use scim::Resource;
use scim::projection::Projection;
use serde_json::Value;

use super::endpoint::Answer;
use super::exchange::{Call, Slot};
use super::reply::{Refusal, Reply};

pub(crate) async fn create(mut call: Call, kind: Kind) -> Answer {
    let projection = call.parameters.projection()?;
    let body = object(call.body.take())?;
    let location = locate(&call);
    let (cx, slot) = call.context(projection, move |written| {
        // RFC 7644 §3.3: 201 for a new resource; an inactive one that was reactivated is not new.
        let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        shown(status, written, &location)
    });
    let written = call.app.directory.create(cx, kind, body).await;
    settle(&call, slot, written)
}

pub(crate) async fn get(mut call: Call, kind: Kind) -> Answer {
    let projection = call.parameters.projection()?;
    let condition = std::mem::take(&mut call.condition);
    let directory = &call.app.directory;
    let tenant = &call.client.tenant;
    match directory.get_text(tenant, kind, &call.id, &projection, condition, |found| found).await {
        Ok(found) => {
            let location = directory.public_url().location(&call.client.tenant, kind, &call.id);
            Ok(Reply {
                etag: Some(etag(found.version)),
                location: Some(location),
                resource_id: Some(call.id),
                ..Reply::text(StatusCode::OK, found.text)
            })
        }
        Err(Error::NotModified { current }) => {
            let mut reply = Reply::empty(StatusCode::NOT_MODIFIED);
            reply.etag = Some(etag(current));
            reply.resource_id = Some(call.id);
            Ok(reply)
        }
        Err(error) => Err(call.refusal(error)),
    }
}

pub(crate) async fn replace(mut call: Call, kind: Kind) -> Answer {
    let projection = call.parameters.projection()?;
    let body = object(call.body.take())?;
    let location = locate(&call);
    let (cx, slot) = call.context(projection, move |written| shown(StatusCode::OK, written, &location));
    let condition = std::mem::take(&mut call.condition);
    let written = call.app.directory.replace(cx, kind, &call.id, body, condition).await;
    settle(&call, slot, written)
}

pub(crate) async fn patch(mut call: Call, kind: Kind) -> Answer {
    let projection = call.parameters.projection()?;
    let request = scim::patch::parse(call.body.take())?;
    let asked = matches!(projection, Projection::Only(_));
    let location = locate(&call);
    let (cx, slot) = call.context(projection.clone(), move |written| {
        // RFC 7644 §3.5.2: 204 is allowed unless `attributes` was asked for. It keeps the cost of adding a member to a large
        // group from growing with the group.
        if written.members_loaded || asked || kind != Kind::Group {
            shown(StatusCode::OK, written, &location)
        } else {
            Reply {
                etag: Some(etag(written.version)),
                ..about(Reply::empty(StatusCode::NO_CONTENT), written)
            }
        }
    });
    let condition = std::mem::take(&mut call.condition);
    let written = call.app.directory.patch(cx, kind, &call.id, request, condition).await;
    let members_missing = written.as_ref().is_ok_and(|w| !w.members_loaded) && kind == Kind::Group;
    let reply = settle(&call, slot, written)?;
    if asked && members_missing && projection.wants("members") {
        return with_members(&call, reply, &projection).await;
    }
    Ok(reply)
}

/// The members of a large group, which a PATCH does not load, because the client named them in `attributes`.
async fn with_members(call: &Call, recorded: Reply, projection: &Projection) -> Answer {
    let (tenant, id) = (&call.client.tenant, &call.id);
    let (directory, always) = (&call.app.directory, Precondition::None);
    let found = directory.get_text(tenant, Kind::Group, id, projection, always, |found| found).await;
    let found = found.map_err(|error| call.refusal(error))?;
    let shown = Reply::text(recorded.status, found.text);
    Ok(Reply { body: shown.body, etag: Some(etag(found.version)), ..recorded })
}

pub(crate) async fn delete(mut call: Call, kind: Kind) -> Answer {
    let nothing = |written: &Written| about(Reply::empty(StatusCode::NO_CONTENT), written);
    let (cx, slot) = call.context(Projection::Default, nothing);
    let condition = std::mem::take(&mut call.condition);
    let deleted = call.app.directory.delete(cx, kind, &call.id, condition).await;
    deleted.map_err(|error| call.refusal(error))?;
    Ok(slot.lock().take().unwrap_or_else(|| Reply::empty(StatusCode::NO_CONTENT)))
}

fn object(body: Value) -> Result<Resource, Refusal> {
    match body {
        Value::Object(object) => Ok(object),
        other => {
            let detail = format!("the body is {}; expected a JSON object", scim::json::kind(&other));
            Err(scim::Error::invalid_syntax(detail).into())
        }
    }
}

/// The reply that was recorded with the write.
fn settle(call: &Call, slot: Slot, written: directory::Result<Written>) -> Answer {
    let written = written.map_err(|error| call.refusal(error))?;
    let reply = slot.lock().take();
    Ok(reply.unwrap_or_else(|| shown(StatusCode::OK, &written, &locate(call))))
}

/// Where resources of the tenant are.
fn locate(call: &Call) -> impl Fn(&Written) -> String + Send + 'static {
    let (directory, tenant) = (call.app.directory.clone(), call.client.tenant.clone());
    move |written| directory.public_url().location(&tenant, written.kind, &written.id)
}

/// `ETag` (RFC 7644 §3.14) and `Location` (§3.3, and as §3.4.1 and §3.5.1 show it).
fn shown(status: StatusCode, written: &Written, location: &impl Fn(&Written) -> String) -> Reply {
    let reply = Reply {
        etag: Some(etag(written.version)),
        location: Some(location(written)),
        ..Reply::text(status, written.text.clone())
    };
    about(reply, written)
}

fn about(reply: Reply, written: &Written) -> Reply {
    Reply { resource_id: Some(written.id.clone()), ..reply }
}
