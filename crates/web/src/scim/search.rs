//! Queries: by URL (RFC 7644 §3.4.2) and by `POST …/.search` (§3.4.3), of one type or of all at the root.

use directory::Scope;
use http::StatusCode;
use scim::message::SearchRequest;

use super::endpoint::Answer;
use super::exchange::Call;
use super::reply::Reply;

pub(crate) async fn list(call: Call, scope: Scope) -> Answer {
    let request = call.parameters.search()?;
    answer(&call, scope, request).await
}

pub(crate) async fn search(mut call: Call, scope: Scope) -> Answer {
    let request = SearchRequest::from_body(call.body.take())?;
    answer(&call, scope, request).await
}

async fn answer(call: &Call, scope: Scope, request: SearchRequest) -> Answer {
    // RFC 7644 §3.4.2: no match is 200 with an empty list, never 404. Entra's connection test rests on it.
    let found = call.app.directory.query_text(&call.client.tenant, scope, request, |found| found).await;
    let found = found.map_err(|error| call.refusal(error))?;
    Ok(Reply { quirks: found.quirks, ..Reply::text(StatusCode::OK, found.text) })
}
