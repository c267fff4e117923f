//! What a server must survive: broken, deep, long and odd input. Each ends in a refusal, never in a server error, a
//! dropped connection or a broken service.

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need};
use crate::generate::Fill;
use crate::probe::Probe;
use crate::reply::Reply;
use crate::verdict::{Outcome, deviates, ensure};

const FAILS: &str = "One odd value breaks the job: a server error is repeated for ever.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("robust-broken-json", "Broken JSON is 400", Must, "RFC 7644 §3.12 invalidSyntax")
        .what("POST of unfinished JSON answers 400.")
        .why(FAILS)
        .run(|p| Box::pin(refused(p, "{\"userName\": ".to_owned(), "unfinished JSON"))),
    Check::new("robust-broken-json-type", "Broken JSON is invalidSyntax", Should, "RFC 7644 §3.12, table 9")
        .what("The 400 has scimType invalidSyntax.")
        .why("The administrator cannot see what is wrong.")
        .needs(&[Need::Check("robust-broken-json")])
        .run(|p| Box::pin(broken_type(p))),
    Check::new("robust-empty-body", "An empty body is 400", Must, "RFC 7644 §3.12 invalidSyntax")
        .what("POST with an empty body answers 400.")
        .why(FAILS)
        .run(|p| Box::pin(empty_body(p))),
    Check::new("robust-array-body", "An array as a body is 400", Must, "RFC 7644 §3.12 invalidSyntax")
        .what("POST of [] answers 400.")
        .why(FAILS)
        .run(|p| Box::pin(refused(p, "[]".to_owned(), "an array"))),
    Check::new("robust-scalar-body", "A text as a body is 400", Must, "RFC 7644 §3.12 invalidSyntax")
        .what("POST of \"x\" answers 400.")
        .why(FAILS)
        .run(|p| Box::pin(refused(p, "\"x\"".to_owned(), "a text"))),
    Check::new("robust-deep-json", "Deep nesting is refused", Should, "RFC 7644 §7; RFC 7159 §9")
        .what("POST with 2,000 nested arrays answers 4xx, and the server still serves.")
        .why("Anybody with a token can stop the server.")
        .run(|p| Box::pin(deep_json(p))),
    Check::new("robust-deep-filter", "A deeply nested filter is refused", Should, "RFC 7644 §7.5.2")
        .what("GET with a filter of 500 nested parentheses answers, and the server still serves.")
        .why("Anybody with a token can stop the server.")
        .needs(&[Need::Filter])
        .run(|p| Box::pin(deep_filter(p))),
    Check::new("robust-long-filter", "A long filter is answered", Should, "RFC 7644 §3.4.2.2; RFC 7230 §3.1.1")
        .what("GET with a filter of 40 conditions answers 200, 400, 413 or 414.")
        .why("Clients that look for many at once end with an error.")
        .needs(&[Need::Filter])
        .run(|p| Box::pin(long_filter(p))),
    Check::new("robust-long-value", "A very long value is kept or refused", Should, "RFC 7644 §3.12 invalidValue")
        .what("POST with a displayName of 20,000 letters: it is stored whole or answers 4xx.")
        .why("A value that is cut off is sent again in every cycle.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(long_value(p))),
    Check::new("robust-nul", "NUL in a value is refused or kept", Should, "RFC 7644 §3.12 invalidValue")
        .what("POST with \\u0000 in a value answers 201 or 400.")
        .why(FAILS)
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(odd_value(p, "A\\u0000B"))),
    Check::new("robust-surrogate", "A lone surrogate is refused", Should, "RFC 7159 §8.2")
        .what("POST with \\ud800 in a value answers 201 or 400.")
        .why(FAILS)
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(odd_value(p, "A\\ud800B"))),
    Check::new("robust-not-utf8", "A body that is not UTF-8 is 400", Should, "RFC 7644 §3.8")
        .what("POST with the byte FF in a value answers 4xx.")
        .why(FAILS)
        .run(|p| Box::pin(not_utf8(p))),
    Check::new("robust-proto-keys", "Keys of a prototype are plain keys", Should, "RFC 7644 §7")
        .what("POST with __proto__ and constructor as keys answers 201 or 400, and the next user is not changed by it.")
        .why("One request changes what every later user gets.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(proto_keys(p))),
    Check::new("robust-query-flag", "Unknown query parameters are ignored", Entra, "Entra: app-provisioning, aadOptscim062020")
        .what("GET and POST with ?aadOptscim062020 answer as without.")
        .why("Entra appends such flags to every URL: nothing works.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(query_flag(p))),
    Check::new("robust-odd-ids", "Odd ids are 404", Must, "RFC 7644 §3.12")
        .what("GET of ids with quotes, dots, percent signs and NUL answers 404 or 400.")
        .why(FAILS)
        .run(|p| Box::pin(odd_ids(p))),
    Check::new("robust-wrong-media", "A body that is no JSON by its type is refused", Should, "RFC 7231 §6.5.13")
        .what("POST of XML with Content-Type application/xml answers 400 or 415.")
        .why(FAILS)
        .run(|p| Box::pin(wrong_media(p))),
    Check::new("robust-many-operations", "A PATCH of 200 operations is answered", Should, "RFC 7644 §3.5.2")
        .what("PATCH with 200 operations succeeds or answers 4xx.")
        .why(FAILS)
        .needs(&[Need::Check("patch-replace")])
        .run(|p| Box::pin(many_operations(p))),
    Check::new("robust-patch-bodies", "Broken PATCH messages are 400", Must, "RFC 7644 §3.5.2, §3.12 invalidSyntax")
        .what("PATCH without Operations, with Operations that are no array, and with an operation that is no object.")
        .why("The client believes something was done.")
        .needs(&[Need::Check("patch-replace")])
        .run(|p| Box::pin(patch_bodies(p))),
    Check::new("robust-still-serves", "After all that the service still works", Must, "RFC 7644 §3.3")
        .what("A user is created, read and deleted at the end of the run.")
        .why("Nothing can be provisioned any more.")
        .needs(&[Need::Check("user-create")])
        .alone()
        .run(|p| Box::pin(still_serves(p))),
];

/// A dropped connection is a deviation here.
async fn answered(p: &mut Probe, request: Request, what: &str) -> Outcome<Reply> {
    match p.try_send(request).await? {
        Ok(reply) => Ok(reply),
        Err(why) => Err(deviates(format!("an answer to {what}"), why)),
    }
}

fn raw(p: &Probe, body: impl Into<Vec<u8>>) -> Request {
    Request::new(http::Method::POST, p.users()).bytes(body.into())
}

async fn refused(p: &mut Probe, body: String, what: &str) -> Outcome {
    let request = raw(p, body);
    answered(p, request, what).await?.refuses(&[400], what)
}

async fn empty_body(p: &mut Probe) -> Outcome {
    // Without a Content-Type 415 would be right too.
    let request = raw(p, "").header("content-type", "application/scim+json");
    answered(p, request, "an empty body").await?.refuses(&[400], "an empty body")
}

async fn broken_type(p: &mut Probe) -> Outcome {
    let request = raw(p, "{\"userName\": ");
    p.send(request).await?.has_scim_type(&["invalidSyntax", "invalidValue"])
}

async fn deep_json(p: &mut Probe) -> Outcome {
    let deep = format!("{{\"userName\": {}{}}}", "[".repeat(2000), "]".repeat(2000));
    let request = raw(p, deep);
    answered(p, request, "deep nesting").await?.refuses_any("deep nesting")?;
    let path = p.users();
    p.query(&path, &[("count", "1")]).await?.is(&[200])
}

async fn deep_filter(p: &mut Probe) -> Outcome {
    let filter = format!("{}userName eq \"x\"{}", "(".repeat(500), ")".repeat(500));
    let request = Request::get(p.users()).query("filter", filter);
    answered(p, request, "a deep filter").await?.no_crash("a deep filter")?;
    let path = p.users();
    p.query(&path, &[("count", "1")]).await?.is(&[200])
}

async fn long_filter(p: &mut Probe) -> Outcome {
    let names: Vec<String> = (0..40).map(|n| format!("userName eq \"muster-check-nobody-{n}\"")).collect();
    let request = Request::get(p.users()).query("filter", names.join(" or "));
    let reply = answered(p, request, "a long filter").await?;
    ensure([200, 400, 413, 414].contains(&reply.status), "status 200, 400, 413 or 414", || reply.summary())
}

async fn long_value(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let long = "L".repeat(20_000);
    let body = p.user_body_with(json!({ (plain.clone()): long }));
    let request = Request::post(p.users(), &Value::Object(body));
    let reply = answered(p, request, "a long value").await?;
    if !reply.is_success() {
        return reply.refuses_any("a long value");
    }
    let path = format!("{}/{}", p.users(), reply.id()?);
    let read = p.get(&path).await?;
    let got = crate::value::at(&read.body, &plain).and_then(Value::as_str).map_or(0, str::len);
    ensure(got == long.len(), "the whole value", || format!("{got} bytes of it"))
}

async fn odd_value(p: &mut Probe, escaped: &str) -> Outcome {
    let plain = p.plain_attribute()?;
    let body = Value::Object(p.user_body_with(json!({ (plain): "ODD-VALUE" }))).to_string();
    let request = raw(p, body.replace("ODD-VALUE", escaped));
    let reply = answered(p, request, "an odd character").await?;
    ensure([201, 400, 422].contains(&reply.status), "status 201 or 400", || reply.summary())
}

async fn not_utf8(p: &mut Probe) -> Outcome {
    let mut body =
        b"{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"muster-check-"
            .to_vec();
    body.extend([0xff, 0xfe]);
    body.extend(b"\"}");
    let request = raw(p, body);
    answered(p, request, "bytes that are not UTF-8").await?.refuses_any("bytes that are not UTF-8")
}

async fn proto_keys(p: &mut Probe) -> Outcome {
    let body = p.user_body_with(
        json!({ "__proto__": { "title": "x" }, "constructor": { "prototype": { "title": "x" } } }),
    );
    let request = Request::post(p.users(), &Value::Object(body));
    let reply = answered(p, request, "such keys").await?;
    ensure([201, 400].contains(&reply.status), "status 201 or 400", || reply.summary())?;
    let user = p.user().await?;
    crate::value::lacks(&p.read(&user).await?.body, "title")
}

async fn query_flag(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let request = Request::post(&path, &Value::Object(body)).raw_query("aadOptscim062020");
    p.send(request).await?.is(&[201])?;
    let request = Request::get(&path).raw_query("aadOptscim062020&startIndex=1&count=1");
    p.send(request).await?.is(&[200])
}

async fn odd_ids(p: &mut Probe) -> Outcome {
    for id in ["%27%20OR%201=1", "%00", "..%2f..%2fetc", "%25", "a%22b", "x%0d%0ay"] {
        let request = Request::get(format!("{}/{id}", p.users()));
        answered(p, request, "an odd id").await?.refuses(&[400, 404], &format!("the id {id}"))?;
    }
    Ok(())
}

async fn wrong_media(p: &mut Probe) -> Outcome {
    let request = raw(p, "<user/>").header("content-type", "application/xml");
    answered(p, request, "XML").await?.refuses(&[400, 415], "XML")
}

async fn many_operations(p: &mut Probe) -> Outcome {
    let plain = p.plain_attribute()?;
    let user = p.user().await?;
    let operations: Value =
        (0..200).map(|n| json!({ "op": "replace", "path": plain, "value": format!("Value {n}") })).collect();
    let reply = p.patch(&user.path, &operations).await?;
    if !reply.is_success() {
        return reply.refuses_any("many operations");
    }
    crate::value::has(&p.read(&user).await?.body, &plain, &"Value 199".into())
        .map_err(|stop| stop.at(reply.exchange))
}

async fn patch_bodies(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    for body in [
        json!({ "schemas": [scim::urn::PATCH_OP] }),
        json!({ "schemas": [scim::urn::PATCH_OP], "Operations": "replace" }),
        json!({ "schemas": [scim::urn::PATCH_OP], "Operations": ["replace"] }),
    ] {
        p.send(Request::patch(&user.path, &body)).await?.refuses(&[400], "a broken PATCH message")?;
    }
    Ok(())
}

async fn still_serves(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let reply = p.post(&path, &Value::Object(body)).await?;
    reply.is(&[201])?;
    let location = format!("{path}/{}", reply.id()?);
    p.get(&location).await?.is(&[200])?;
    p.delete(&location).await?.is(&[204])
}
