//! What this server is and does (RFC 7644 §4).

use http::StatusCode;
use scim::discovery;
use scim::message::ListResponse;
use serde_json::Value;

use super::endpoint::Answer;
use super::exchange::Call;
use super::reply::{Refusal, Reply};

pub(crate) async fn service_provider_config(call: Call) -> Answer {
    refuse_filter(&call)?;
    Ok(Reply::json(StatusCode::OK, &discovery::service_provider_config(&base(&call))))
}

pub(crate) async fn resource_types(call: Call) -> Answer {
    refuse_filter(&call)?;
    Ok(list(discovery::resource_types(&base(&call))))
}

pub(crate) async fn resource_type(call: Call) -> Answer {
    one(&call, discovery::resource_types(&base(&call)), "resource type")
}

pub(crate) async fn schemas(call: Call) -> Answer {
    refuse_filter(&call)?;
    Ok(list(discovery::schemas(&base(&call))))
}

pub(crate) async fn schema(call: Call) -> Answer {
    one(&call, discovery::schemas(&base(&call)), "schema")
}

fn base(call: &Call) -> String {
    call.app.directory.scim_base(&call.client.tenant)
}

/// RFC 7644 §4: a filter here is 403, so that nobody takes the answer for a filtered one; sorting and paging are ignored.
fn refuse_filter(call: &Call) -> Result<(), Refusal> {
    match call.parameters.get("filter") {
        Some(_) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "this endpoint cannot be filtered; leave out filter"))
        }
        None => Ok(()),
    }
}

fn list(resources: Vec<Value>) -> Reply {
    let resources = resources.into_iter().filter_map(|resource| match resource {
        Value::Object(resource) => Some(resource),
        _ => None,
    });
    let resources: Vec<_> = resources.collect();
    let list = ListResponse {
        total_results: resources.len() as u64,
        start_index: Some(1),
        resources,
        ..ListResponse::default()
    };
    Reply::json(StatusCode::OK, &list.into_body())
}

fn one(call: &Call, resources: Vec<Value>, what: &str) -> Answer {
    refuse_filter(call)?;
    let named = |resource: &Value| {
        resource.get("id").and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(&call.id))
    };
    match resources.into_iter().find(named) {
        Some(resource) => Ok(Reply::json(StatusCode::OK, &resource)),
        None => Err(Refusal::new(StatusCode::NOT_FOUND, format!("no {what} has the id {}", call.id))),
    }
}
