//! Versions and conditional requests (RFC 7644 §3.14), if they are advertised.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::probe::{Made, Probe, patch_body};
use crate::reply::Reply;
use crate::value::{at, has};
use crate::verdict::{Outcome, cannot_judge, ensure};

const RFC: &[Profile] = &[Profile::Rfc];
const ETAG: &[Need] = &[Need::Check("etag-header")];
const PATCH: &[Need] = &[Need::Check("etag-header"), Need::Patch];
const LOST: &str = "Two clients that change the same user overwrite each other without notice.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("etag-header", "A resource has an ETag", Must, "RFC 7644 §3.14")
        .what("GET has an ETag header.")
        .why(LOST)
        .needs(&[Need::Etag, Need::Check("user-read")])
        .for_profiles(RFC)
        .run(|p| Box::pin(header(p))),
    Check::new("etag-version", "meta.version is the ETag", Must, "RFC 7643 §3.1 meta.version")
        .what("meta.version equals the ETag header, on GET and on create.")
        .why("Clients that keep resources from lists have no version to send.")
        .needs(ETAG)
        .for_profiles(RFC)
        .run(|p| Box::pin(version(p))),
    Check::new("etag-changes", "The ETag changes with the resource", Must, "RFC 7644 §3.14")
        .what("After a PATCH the ETag is another one.")
        .why(LOST)
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(changes(p))),
    Check::new("etag-stable", "The ETag stays when nothing changes", Must, "RFC 7644 §3.14")
        .what("Two GETs have the same ETag.")
        .why("Every conditional write fails.")
        .needs(ETAG)
        .for_profiles(RFC)
        .run(|p| Box::pin(stable(p))),
    Check::new(
        "etag-not-modified",
        "If-None-Match with the current ETag is 304",
        Must,
        "RFC 7644 §3.14, RFC 7232 §3.2",
    )
    .what("GET with If-None-Match answers 304 without a body.")
    .why("Clients read everything again each time.")
    .needs(ETAG)
    .for_profiles(RFC)
    .run(|p| Box::pin(not_modified(p))),
    Check::new("etag-match", "If-Match with the current ETag writes", Must, "RFC 7644 §3.14, RFC 7232 §3.1")
        .what("PATCH with the current ETag answers 200 or 204.")
        .why("No conditional write succeeds.")
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(current(p))),
    Check::new("etag-stale-patch", "PATCH with a stale ETag is 412", Must, "RFC 7644 §3.12, §3.14")
        .what("PATCH with the ETag of before a change answers 412 and changes nothing.")
        .why(LOST)
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(stale(p, "PATCH"))),
    Check::new("etag-stale-put", "PUT with a stale ETag is 412", Must, "RFC 7644 §3.12, §3.14")
        .what("PUT with the ETag of before a change answers 412 and changes nothing.")
        .why(LOST)
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(stale(p, "PUT"))),
    Check::new("etag-stale-delete", "DELETE with a stale ETag is 412", Must, "RFC 7644 §3.12, §3.14")
        .what("DELETE with the ETag of before a change answers 412 and deletes nothing.")
        .why("A user is deleted that has just been changed.")
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(stale(p, "DELETE"))),
    Check::new("etag-star", "If-Match * writes", Must, "RFC 7232 §3.1")
        .what("PATCH with If-Match * on an existing user answers 200 or 204.")
        .why("Clients that only want it to exist cannot write.")
        .needs(PATCH)
        .for_profiles(RFC)
        .run(|p| Box::pin(star(p))),
    Check::new("etag-race", "Of parallel writes with one ETag one wins", Must, "RFC 7644 §3.14")
        .what("Eight PATCHes with the same If-Match at once: one succeeds, seven are 412.")
        .why(LOST)
        .needs(&[Need::Check("etag-stale-patch")])
        .for_profiles(RFC)
        .run(|p| Box::pin(race(p))),
];

async fn tagged(p: &mut Probe) -> Outcome<(Made, String)> {
    let user = p.user().await?;
    let reply = p.read(&user).await?;
    let tag = reply.header("etag").map(str::to_owned).ok_or_else(|| cannot_judge("no ETag"))?;
    Ok((user, tag))
}

fn change(p: &Probe, user: &Made, value: &str) -> Outcome<Request> {
    let body = patch_body(&json!([{ "op": "replace", "path": p.plain_attribute()?, "value": value }]));
    Ok(Request::patch(&user.path, &body))
}

async fn header(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply = p.read(&user).await?;
    ensure(reply.header("etag").is_some_and(|e| !e.is_empty()), "an ETag header", || "none".to_owned())
}

async fn version(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let reply = p.read(&user).await?;
    has(&reply.body, "meta.version", &reply.header("etag").unwrap_or_default().into())?;
    let created = at(&user.body, "meta.version").cloned().unwrap_or_default();
    ensure(created == reply.header("etag").unwrap_or_default(), "the version of the create", || {
        created.to_string()
    })
}

async fn changes(p: &mut Probe) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let request = change(p, &user, "Changed")?;
    p.prepare(request, &[200, 204]).await?;
    let after = p.read(&user).await?;
    ensure(after.header("etag") != Some(&tag), "another ETag", || format!("{tag} as before"))
}

async fn stable(p: &mut Probe) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let after = p.read(&user).await?;
    ensure(after.header("etag") == Some(&tag), tag, || after.header("etag").unwrap_or("none").to_owned())
}

async fn not_modified(p: &mut Probe) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let reply = p.send(Request::get(&user.path).header("if-none-match", &tag)).await?;
    reply.is(&[304])
}

async fn current(p: &mut Probe) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let request = change(p, &user, "Changed")?.header("if-match", &tag);
    p.send(request).await?.is(&[200, 204])
}

async fn stale(p: &mut Probe, method: &str) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let first = change(p, &user, "First")?;
    p.prepare(first, &[200, 204]).await?;
    let plain = p.plain_attribute()?;
    let mut body = user.sent.clone();
    body.insert(plain.clone(), "Second".into());
    let request = match method {
        "PATCH" => change(p, &user, "Second")?,
        "PUT" => Request::put(&user.path, &Value::Object(body)),
        _ => Request::delete(&user.path),
    };
    let reply = p.send(request.header("if-match", &tag)).await?;
    reply.is(&[412])?;
    has(&p.read(&user).await?.body, &plain, &"First".into()).map_err(|stop| stop.at(reply.exchange))
}

async fn star(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let request = change(p, &user, "Changed")?.header("if-match", "*");
    p.send(request).await?.is(&[200, 204])
}

async fn race(p: &mut Probe) -> Outcome {
    let (user, tag) = tagged(p).await?;
    let mut requests = Vec::new();
    for number in 0..8 {
        requests.push(change(p, &user, &format!("Writer {number}"))?.header("if-match", &tag));
    }
    let replies: Vec<Reply> = p.send_all(requests).await?.into_iter().filter_map(Result::ok).collect();
    let of = |status: &[u16]| replies.iter().filter(|r| status.contains(&r.status)).count();
    let (won, lost) = (of(&[200, 204]), of(&[412]));
    ensure(won == 1 && lost == 7, "one success and seven 412", || {
        let all: Vec<String> = replies.iter().map(|r| r.status.to_string()).collect();
        format!("{won} successes and {lost} 412: {}", all.join(", "))
    })
}
