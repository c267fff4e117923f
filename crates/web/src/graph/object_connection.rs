//! `objectConnections('{id}')`: the link of one object with what it is at the target.

use serde_json::json;

use super::exchange::{Answer, Call};
use super::reply::{Failure, Reply};

pub(crate) async fn get(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let id = named(&call)?;
    let found = call.app.provisioning.link(call.tenant(), &application.id, &id).await;
    let link = found.map_err(|error| call.refused(error))?;
    let link = link.ok_or_else(|| Failure::missing("object connection", &id))?;
    Ok(Reply::json(json!({
        "objectId": link.source_id,
        "sourceAnchor": link.source_id,
        "targetAnchor": link.target_id,
        "displayName": link.name,
        "objectTypeName": link.kind.as_str(),
    })))
}

/// Harmless if there is none.
pub(crate) async fn delete(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let id = named(&call)?;
    let done = call.app.provisioning.unlink(call.context(), &application.id, &id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

/// The whole segment is one parameter of the route, so what stands around the id is looked at here.
fn named(call: &Call) -> Result<String, Failure> {
    let segment = call.part("objectConnection");
    if segment.eq_ignore_ascii_case("objectConnections") {
        return Err(Failure::bad("object connections cannot be listed; name one: objectConnections('ID')"));
    }
    let id = segment.strip_prefix("objectConnections('").and_then(|rest| rest.strip_suffix("')"));
    id.map(str::to_ascii_lowercase).ok_or_else(|| Failure::missing("address", segment))
}
