//! Bulk (RFC 7644 §3.7), if it is advertised.

use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need, Profile};
use crate::generate::Fill;
use crate::probe::{Probe, has_members};
use crate::reply::Reply;
use crate::value::{at, member, shown};
use crate::verdict::{Outcome, deviates, ensure, not_applicable};

const RFC: &[Profile] = &[Profile::Rfc];
const BASE: &[Need] = &[Need::Check("bulk-create")];
const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

pub(super) const CHECKS: &[Check] = &[
    Check::new("bulk-create", "Users are created in bulk", Must, "RFC 7644 §3.7.3")
        .what("POST /Bulk with two creates answers 200 with a BulkResponse; each has status 201, bulkId and location.")
        .why("A client that uses bulk cannot provision.")
        .needs(&[Need::Bulk, Need::Check("user-create")])
        .for_profiles(RFC)
        .run(|p| Box::pin(create(p))),
    Check::new("bulk-references", "bulkId refers to what was just created", Must, "RFC 7644 §3.7.2")
        .what("A group whose member is bulkId:u1 of the same request has that user as a member.")
        .why("Groups arrive without their members.")
        .needs(&[Need::Check("bulk-create"), Need::Groups])
        .for_profiles(RFC)
        .run(|p| Box::pin(references(p))),
    Check::new("bulk-fail-on-errors", "failOnErrors stops", Must, "RFC 7644 §3.7.3")
        .what("With failOnErrors 1 a bad operation ends the request; the one behind it is not done.")
        .why("Operations that depend on what failed are carried out.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(fail_on_errors(p))),
    Check::new("bulk-partial", "Without failOnErrors the rest is done", Must, "RFC 7644 §3.7.3")
        .what("A bad operation has status 400 and the one behind it 201.")
        .why("One bad user holds up all others.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(partial(p))),
    Check::new("bulk-all-verbs", "PATCH, PUT and DELETE in bulk", Must, "RFC 7644 §3.7")
        .what("A user is changed by PATCH, by PUT, and deleted in one request.")
        .why("A client that uses bulk cannot update.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(all_verbs(p))),
    Check::new("bulk-too-many", "More operations than advertised are 413", Must, "RFC 7644 §3.7.4")
        .what("maxOperations + 1 operations answer 413.")
        .why("Requests are cut off without notice.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(too_many(p))),
    Check::new("bulk-too-large", "A larger request than advertised is 413", Must, "RFC 7644 §3.7.4")
        .what("A request of more than maxPayloadSize bytes answers 413.")
        .why("Requests are cut off without notice.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(too_large(p))),
    Check::new("bulk-status-string", "status in a BulkResponse is a string", Must, "RFC 7644 §3.7.3")
        .what("Each operation's status is a string such as \"201\".")
        .why("Readers that follow the RFC fail on the answer.")
        .needs(BASE)
        .for_profiles(RFC)
        .run(|p| Box::pin(status_string(p))),
    Check::new("bulk-not-advertised", "Bulk that is not advertised is refused", Should, "RFC 7644 §3.7, RFC 7643 §5")
        .what("POST /Bulk answers 404, 405, 501 or 403 where bulk.supported is false.")
        .why("What ServiceProviderConfig says is not what happens.")
        .needs(&[Need::Check("discovery-config")])
        .for_profiles(RFC)
        .run(|p| Box::pin(not_advertised(p))),
];

fn message(operations: Value, fail_on_errors: Option<u32>) -> Value {
    let mut body = json!({ "schemas": [REQUEST], "Operations": operations });
    if let Some(limit) = fail_on_errors {
        body["failOnErrors"] = limit.into();
    }
    body
}

fn creating(p: &mut Probe, id: &str) -> Value {
    json!({ "method": "POST", "path": p.users(), "bulkId": id, "data": p.user_body(Fill::Required) })
}

fn bad(p: &Probe, id: &str) -> Value {
    json!({ "method": "POST", "path": p.users(), "bulkId": id, "data": { "schemas": [scim::urn::USER] } })
}

fn operations(reply: &Reply) -> Outcome<Vec<Value>> {
    reply.is(&[200])?;
    crate::value::has(&reply.body, "schemas", &json!([RESPONSE]))?;
    match member(&reply.body, "Operations") {
        Some(Value::Array(operations)) => Ok(operations.clone()),
        other => Err(deviates("Operations", other.map_or("none".into(), shown))),
    }
}

fn status(operation: &Value) -> String {
    match member(operation, "status") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "no status".to_owned(),
    }
}

fn statuses(operations: &[Value], expected: &[&str]) -> Outcome {
    let got: Vec<String> = operations.iter().map(status).collect();
    ensure(got.iter().eq(expected), format!("the statuses {}", expected.join(", ")), || got.join(", "))
}

async fn create(p: &mut Probe) -> Outcome {
    let list = json!([creating(p, "u1"), creating(p, "u2")]);
    let done = operations(&p.post("/Bulk", &message(list, None)).await?)?;
    statuses(&done, &["201", "201"])?;
    for operation in &done {
        for name in ["bulkId", "location"] {
            let there = member(operation, name).is_some_and(Value::is_string);
            ensure(there, format!("an operation with {name}"), || shown(operation))?;
        }
    }
    Ok(())
}

async fn references(p: &mut Probe) -> Outcome {
    let mut group = p.group_body();
    group.insert("members".into(), json!([{ "type": "User", "value": "bulkId:u1" }]));
    let create = json!({ "method": "POST", "path": p.groups(), "bulkId": "g1", "data": group });
    let list = json!([creating(p, "u1"), create]);
    let done = operations(&p.post("/Bulk", &message(list, None)).await?)?;
    statuses(&done, &["201", "201"])?;
    let id = |at: usize| {
        let location =
            done.get(at).and_then(|o| member(o, "location")).and_then(Value::as_str).unwrap_or_default();
        location.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let path = format!("{}/{}", p.groups(), id(1));
    let read = p.get(&path).await?;
    let user =
        crate::probe::Made { id: id(0), path: String::new(), sent: Default::default(), body: Value::Null };
    has_members(&read.body, &[&user])
}

async fn fail_on_errors(p: &mut Probe) -> Outcome {
    let list = json!([bad(p, "b1"), creating(p, "u1")]);
    let done = operations(&p.post("/Bulk", &message(list, Some(1))).await?)?;
    ensure(done.len() == 1, "the request to end after the first error", || format!("{} results", done.len()))
}

async fn partial(p: &mut Probe) -> Outcome {
    let list = json!([bad(p, "b1"), creating(p, "u1")]);
    let done = operations(&p.post("/Bulk", &message(list, None)).await?)?;
    statuses(&done, &["400", "201"])
}

async fn all_verbs(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let (one, two, three) = (p.user().await?, p.user().await?, p.user().await?);
    let mut replaced = two.sent.clone();
    replaced.insert(plain.clone(), "Replaced".into());
    let patch = crate::probe::patch_body(&json!([{ "op": "replace", "path": plain, "value": "Patched" }]));
    let list = json!([
        { "method": "PATCH", "path": one.path, "data": patch },
        { "method": "PUT", "path": two.path, "data": replaced },
        { "method": "DELETE", "path": three.path },
    ]);
    let done = operations(&p.post("/Bulk", &message(list, None)).await?)?;
    let fine = done.len() == 3 && done.iter().all(|o| status(o).starts_with('2'));
    ensure(fine, "three successes", || shown(&json!(done)))?;
    crate::value::has(&p.read(&one).await?.body, &plain, &"Patched".into())?;
    crate::value::has(&p.read(&two).await?.body, &plain, &"Replaced".into())?;
    p.get(&three.path).await?.is(&[404])
}

async fn too_many(p: &mut Probe) -> Outcome {
    let max = at(p.config(), "bulk.maxOperations").and_then(Value::as_u64).unwrap_or(0);
    if max == 0 || max > 2000 {
        return Err(not_applicable(
            "bulk.maxOperations is not advertised, or too large to be reached by a check",
        ));
    }
    let list: Value = (0..=max).map(|n| bad(p, &format!("b{n}"))).collect();
    p.post("/Bulk", &message(list, None)).await?.is(&[413])
}

/// Bytes of a request that a check sends at most.
const PAYLOAD_MAX: usize = 4 * 1024 * 1024;

async fn too_large(p: &mut Probe) -> Outcome {
    let advertised = at(p.config(), "bulk.maxPayloadSize").and_then(Value::as_u64);
    let max = advertised.and_then(|max| usize::try_from(max).ok()).unwrap_or(0);
    if max == 0 || max > PAYLOAD_MAX {
        return Err(not_applicable(
            "bulk.maxPayloadSize is not advertised, or too large to be reached by a check",
        ));
    }
    let mut operation = bad(p, "b1");
    operation["data"]["title"] = "x".repeat(max).into();
    p.post("/Bulk", &message(json!([operation]), None)).await?.is(&[413])
}

async fn status_string(p: &mut Probe) -> Outcome {
    let list = json!([creating(p, "u1")]);
    let done = operations(&p.post("/Bulk", &message(list, None)).await?)?;
    let first = done.first().and_then(|o| member(o, "status")).cloned().unwrap_or_default();
    ensure(first.is_string(), "status to be a string", || first.to_string())
}

async fn not_advertised(p: &mut Probe) -> Outcome {
    if p.offers(Need::Bulk) {
        return Err(not_applicable("bulk is advertised"));
    }
    let list = json!([creating(p, "u1")]);
    p.post("/Bulk", &message(list, None)).await?.refuses(&[400, 403, 404, 405, 501], "bulk")
}
