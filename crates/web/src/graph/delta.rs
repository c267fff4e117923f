//! `users/delta` and `groups/delta`: everything once, then what has changed since, over the directory's change log.

use std::collections::HashSet;

use directory::{Kind, SourceState};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::directory_object::check_select;
use super::exchange::{Answer, Call};
use super::property;
use super::reply::{Failure, Reply};

/// Changes read at once.
const CHANGES: usize = 1_000;
/// Changes looked through for one page; a long run that concerns nobody who was asked for ends a round early, and harmlessly.
const LOOKED_AT: usize = 100_000;

/// Where a round is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "camelCase")]
enum Position {
    /// Everything is listed, behind this id; what changes meanwhile comes behind `head`.
    All { head: u64, after: Option<String> },
    /// Changes behind this number.
    Changes { after: u64 },
}

pub(crate) async fn users(call: Call) -> Answer {
    page(call, Kind::User).await
}

pub(crate) async fn groups(call: Call) -> Answer {
    page(call, Kind::Group).await
}

async fn page(call: Call, kind: Kind) -> Answer {
    check_select(&call, kind)?;
    let directory = &call.app.directory;
    let head = async || directory.source_head(call.tenant()).await.map_err(|error| call.failed(error));
    let position = match (&call.options.delta_token, &call.options.skip_token) {
        (Some(_), Some(_)) => return Err(Failure::bad("send $deltatoken or $skiptoken, not both")),
        (None, None) => Position::All { head: head().await?, after: None },
        // What is there already is of no interest.
        (Some(token), None) if token == "latest" => {
            return Ok(ended(&call, Vec::new(), &Position::Changes { after: head().await? }, kind));
        }
        (Some(token), None) | (None, Some(token)) => read(&call, kind, token)?,
    };
    match position {
        Position::All { head, after } => all(&call, kind, head, after).await,
        Position::Changes { after } => changes(&call, kind, after).await,
    }
}

async fn all(call: &Call, kind: Kind, head: u64, after: Option<String>) -> Answer {
    let page = call.options.page();
    let ids = call.app.directory.source_ids(call.tenant(), kind, after.as_deref(), page + 1).await;
    let ids = ids.map_err(|error| call.failed(error))?;
    let mut values = Vec::new();
    for id in ids.iter().take(page) {
        let value = object(call, kind, id).await?;
        // Gone while it was read: its deletion stands behind `head`.
        if value.get("@removed").is_none() {
            values.push(value);
        }
    }
    // An empty page with a link to another ends the iterators of Graph's clients, so it never carries one.
    match ids.get(page).and_then(|_| ids.get(page - 1)) {
        Some(last) if !values.is_empty() => {
            let next = Position::All { head, after: Some(last.clone()) };
            Ok(goes_on(call, values, &next, kind))
        }
        Some(last) => Box::pin(all(call, kind, head, Some(last.clone()))).await,
        None => Ok(ended(call, values, &Position::Changes { after: head }, kind)),
    }
}

async fn changes(call: &Call, kind: Kind, mut after: u64) -> Answer {
    let page = call.options.page();
    let (mut ids, mut seen, mut looked_at) = (Vec::new(), HashSet::new(), 0);
    let mut more = true;
    while more && ids.len() < page && looked_at < LOOKED_AT {
        let changes = call.app.directory.source_changes(call.tenant(), after, CHANGES).await;
        let changes = changes.map_err(|error| call.failed(error))?;
        if !changes.complete {
            return Err(resync(call));
        }
        more = changes.rows.len() >= CHANGES;
        looked_at += changes.rows.len();
        for row in changes.rows {
            if ids.len() >= page {
                more = true;
                break;
            }
            after = row.number;
            if row.kind == kind && seen.insert(row.id.clone()) {
                ids.push(row.id);
            }
        }
    }
    let mut values = Vec::new();
    for id in &ids {
        values.push(object(call, kind, id).await?);
    }
    let position = Position::Changes { after };
    if more && !values.is_empty() {
        return Ok(goes_on(call, values, &position, kind));
    }
    Ok(ended(call, values, &position, kind))
}

/// As it is now. `changed`: deleted, and can be restored; `deleted`: for good.
async fn object(call: &Call, kind: Kind, id: &str) -> Result<Value, Failure> {
    let read = call.app.directory.source_object(call.tenant(), kind, id).await;
    let read = read.map_err(|error| call.failed(error))?;
    let removed = |reason: &str| json!({ "id": id, "@removed": { "reason": reason } });
    Ok(match read.state {
        SourceState::Present => property::shown(read, &call.options.select),
        SourceState::SoftDeleted => removed("changed"),
        SourceState::Purged => removed("deleted"),
    })
}

fn list(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users/delta",
        Kind::Group => "groups/delta",
    }
}

fn token(call: &Call, position: &Position, kind: Kind) -> String {
    let text = serde_json::to_string(position).unwrap_or_default();
    call.app.directory.page_token(call.tenant(), list(kind), &text)
}

fn read(call: &Call, kind: Kind, token: &str) -> Result<Position, Failure> {
    let text = call.app.directory.page_position(call.tenant(), list(kind), token);
    text.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| {
        Failure::bad(
            "the token is not one that this list was given; follow the links unchanged, or begin anew",
        )
    })
}

fn goes_on(call: &Call, values: Vec<Value>, position: &Position, kind: Kind) -> Reply {
    let link = call.link("$skiptoken", &token(call, position, kind));
    Reply::json(json!({ "value": values, "@odata.nextLink": link }))
}

fn ended(call: &Call, values: Vec<Value>, position: &Position, kind: Kind) -> Reply {
    let link = call.link("$deltatoken", &token(call, position, kind));
    Reply::json(json!({ "value": values, "@odata.deltaLink": link }))
}

/// The data was put back to an older state: the place in the log means nothing any more.
fn resync(call: &Call) -> Failure {
    let failure = Failure::new(
        StatusCode::GONE,
        "the directory was put back to before this token; begin anew with the address in the header Location",
    );
    let origin = call.app.directory.public_url().as_str();
    match HeaderValue::from_str(&format!("{origin}{}", call.target)) {
        Ok(value) => failure.with(header::LOCATION, value),
        Err(_) => failure,
    }
}
