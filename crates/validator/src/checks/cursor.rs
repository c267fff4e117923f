//! Paging by cursor (RFC 9865), if it is advertised.

use std::collections::HashSet;

use serde_json::Value;

use crate::check::{Check, Level::*, Need, Profile};
use crate::generate::Fill;
use crate::probe::Probe;
use crate::reply::Reply;
use crate::value::member;
use crate::verdict::{Outcome, ensure, not_applicable};

const RFC: &[Profile] = &[Profile::Rfc];
const FIRST: &[Need] = &[Need::Check("cursor-first")];
const LOST: &str = "A full import misses users, or sees them twice, without any error.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("cursor-first", "An empty cursor gives the first page", Must, "RFC 9865 §2")
        .what("GET ?cursor=&count=2 with five users gives two and a nextCursor.")
        .why("Clients that page by cursor cannot begin.")
        .needs(&[Need::Cursor, Need::Check("filter-sw")])
        .for_profiles(RFC)
        .run(|p| Box::pin(first(p))),
    Check::new("cursor-walk", "Following nextCursor gives everything once", Must, "RFC 9865 §2")
        .what("Seven users in pages of two by cursor: each comes exactly once.")
        .why(LOST)
        .needs(FIRST)
        .for_profiles(RFC)
        .run(|p| Box::pin(walk(p))),
    Check::new("cursor-last", "The last page has no nextCursor", Must, "RFC 9865 §2")
        .what("The page that completes the result has no nextCursor.")
        .why("Clients never end.")
        .needs(FIRST)
        .for_profiles(RFC)
        .run(|p| Box::pin(last(p))),
    Check::new("cursor-invalid", "A cursor that was never given is refused", Should, "RFC 9865 §2.1 invalidCursor")
        .what("GET with a made-up cursor answers 400 invalidCursor.")
        .why("The client reads from somewhere else without knowing.")
        .needs(FIRST)
        .for_profiles(RFC)
        .run(|p| Box::pin(invalid(p))),
    Check::new("cursor-url-safe", "A cursor can stand in a URL", Must, "RFC 9865 §2")
        .what("nextCursor has only unreserved characters.")
        .why("A client that does not encode it asks for another page.")
        .needs(FIRST)
        .for_profiles(RFC)
        .run(|p| Box::pin(url_safe(p))),
    Check::new("cursor-under-writes", "A walk survives changes", Should, "RFC 9865 §2")
        .what("While six users are read by cursor, one is created and one already read is deleted; no other is lost or twice.")
        .why(LOST)
        .needs(FIRST)
        .for_profiles(RFC)
        .run(|p| Box::pin(under_writes(p))),
    Check::new("cursor-advertised", "Paging is advertised in full", Must, "RFC 9865 §4")
        .what("ServiceProviderConfig.pagination has cursor and index as booleans, and the limits it names hold numbers.")
        .why("Clients cannot choose how to page.")
        .needs(&[Need::Cursor])
        .for_profiles(RFC)
        .run(|p| Box::pin(advertised(p))),
];

async fn page(p: &mut Probe, cursor: &str, count: &str) -> Outcome<Reply> {
    let (path, filter) = (p.users(), format!("userName sw \"muster-check-{}-\"", p.salt()));
    let reply = p.query(&path, &[("filter", &filter), ("cursor", cursor), ("count", count)]).await?;
    reply.is(&[200])?;
    reply.list()?;
    Ok(reply)
}

fn next(reply: &Reply) -> Option<String> {
    member(&reply.body, "nextCursor").and_then(Value::as_str).filter(|c| !c.is_empty()).map(str::to_owned)
}

/// The ids on the pages from a cursor to the end; no more than a few pages, in case there is none.
async fn rest(p: &mut Probe, mut cursor: String) -> Outcome<Vec<String>> {
    let mut seen = Vec::new();
    for _ in 0..20 {
        let reply = page(p, &cursor, "2").await?;
        seen.extend(reply.ids());
        match next(&reply) {
            Some(next) => cursor = next,
            None => break,
        }
    }
    Ok(seen)
}

async fn first(p: &mut Probe) -> Outcome {
    p.several_users(5).await?;
    let reply = page(p, "", "2").await?;
    ensure(reply.resources().len() == 2, "two resources", || reply.resources().len().to_string())?;
    ensure(next(&reply).is_some(), "a nextCursor", || "none".to_owned())
}

async fn walk(p: &mut Probe) -> Outcome {
    let made = p.several_users(7).await?;
    let seen = rest(p, String::new()).await?;
    let unique: HashSet<&String> = seen.iter().collect();
    ensure(unique.len() == seen.len() && unique.len() == made.len(), "each of seven users once", || {
        format!("{} resources, {} different", seen.len(), unique.len())
    })
}

async fn last(p: &mut Probe) -> Outcome {
    p.several_users(3).await?;
    let reply = page(p, "", "10").await?;
    ensure(next(&reply).is_none(), "no nextCursor on the last page", || next(&reply).unwrap_or_default())
}

async fn invalid(p: &mut Probe) -> Outcome {
    let path = p.users();
    let reply = p.query(&path, &[("cursor", "bXVzdGVyLWNoZWNrLW5ldmVyLWdpdmVu"), ("count", "2")]).await?;
    reply.refuses(&[400], "a made-up cursor")?;
    reply.has_scim_type(&["invalidCursor", "expiredCursor"])
}

async fn url_safe(p: &mut Probe) -> Outcome {
    p.several_users(3).await?;
    let cursor = next(&page(p, "", "1").await?).unwrap_or_default();
    let safe = cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    ensure(safe, "a cursor of unreserved characters", || cursor)
}

async fn under_writes(p: &mut Probe) -> Outcome {
    let made = p.several_users(6).await?;
    let users = p.users();
    let first = page(p, "", "2").await?;
    let mut seen = first.ids();
    let Some(cursor) = next(&first) else { return Err(not_applicable("no nextCursor")) };
    if let Some(read) = made.iter().find(|m| seen.contains(&m.id)) {
        p.prepare(scim_client::Request::delete(&read.path), &[204]).await?;
    }
    let body = p.user_body(Fill::Required);
    p.prepare(scim_client::Request::post(&users, &Value::Object(body)), &[201]).await?;
    seen.extend(rest(p, cursor).await?);
    let unique: HashSet<&String> = seen.iter().collect();
    let missing = made.iter().filter(|m| !unique.contains(&m.id)).count();
    ensure(missing == 0 && unique.len() == seen.len(), "each of six users once", || {
        format!("{missing} missing, {} twice", seen.len() - unique.len())
    })
}

async fn advertised(p: &mut Probe) -> Outcome {
    let config = p.get("/ServiceProviderConfig").await?.body;
    let pagination = member(&config, "pagination").cloned().unwrap_or_default();
    for name in ["cursor", "index"] {
        ensure(
            member(&pagination, name).is_some_and(Value::is_boolean),
            format!("pagination.{name} to be a boolean"),
            || pagination.to_string(),
        )?;
    }
    for name in ["defaultPageSize", "maxPageSize", "cursorTimeout"] {
        let fine = member(&pagination, name).is_none_or(Value::is_u64);
        ensure(fine, format!("pagination.{name} to be a number"), || pagination.to_string())?;
    }
    Ok(())
}
