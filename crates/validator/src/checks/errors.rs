//! Error messages and media types (RFC 7644 §3.12, §3.8).

use scim_client::Request;
use serde_json::{Value, json};

use crate::check::{Check, Level::*, Need};
use crate::generate::Fill;
use crate::probe::Probe;
use crate::reply::Reply;
use crate::value::{has, member, shown};
use crate::verdict::{Outcome, ensure};

const READ: &str =
    "Entra shows what the error says to the administrator; without it nobody knows what to do.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("error-not-found-body", "A 404 has a SCIM error message", Must, "RFC 7644 §3.12")
        .what("GET of an unknown user: the body's schemas is the Error URN and status \"404\".")
        .why(READ)
        .run(|p| Box::pin(not_found_body(p))),
    Check::new("error-status-string", "status in an error is a string", Must, "RFC 7644 §3.12")
        .what("status of the error message is a string, not a number.")
        .why("Readers that follow the RFC fail on the error itself.")
        .needs(&[Need::Check("error-not-found-body")])
        .run(|p| Box::pin(status_string(p))),
    Check::new("error-detail", "An error has a detail", Should, "RFC 7644 §3.12")
        .what("A 404 and a 400 say in detail what is wrong.")
        .why(READ)
        .needs(&[Need::Check("user-create-no-user-name")])
        .run(|p| Box::pin(detail(p))),
    Check::new("error-bad-request-body", "A 400 has a SCIM error message", Must, "RFC 7644 §3.12")
        .what("POST without userName: the body's schemas is the Error URN and status \"400\".")
        .why(READ)
        .needs(&[Need::Check("user-create-no-user-name")])
        .run(|p| Box::pin(bad_request_body(p))),
    Check::new("error-conflict-body", "A 409 has a SCIM error message", Must, "RFC 7644 §3.12")
        .what("POST of a user twice: the body's schemas is the Error URN and status \"409\".")
        .why(READ)
        .needs(&[Need::Check("unique-user-name")])
        .run(|p| Box::pin(conflict_body(p))),
    Check::new("error-known-type", "scimType is one of the known keywords", Must, "RFC 7644 §3.12, table 9")
        .what("The scimType of several refusals is in table 9, or absent.")
        .why("Clients decide by the keyword what to do.")
        .needs(&[Need::Check("user-create")])
        .run(|p| Box::pin(known_type(p))),
    Check::new("error-media-type", "Errors are application/scim+json", Should, "RFC 7644 §3.8, §3.12")
        .what("The Content-Type of a 404 is application/scim+json.")
        .why("Some clients only read the error if its type says so.")
        .run(|p| Box::pin(media_type(p))),
    Check::new("error-no-internals", "Errors show nothing of the server's inside", Should, "RFC 7644 §7")
        .what("The answers to several bad requests hold no stack trace, path or SQL.")
        .why("Whoever sends rubbish learns how the server is built.")
        .run(|p| Box::pin(no_internals(p))),
    Check::new("error-unknown-endpoint", "An unknown endpoint is 404", Must, "RFC 7644 §3.12")
        .what("GET of an endpoint that does not exist.")
        .why("Clients take a web page for an answer.")
        .run(|p| Box::pin(unknown_endpoint(p))),
    Check::new(
        "error-wrong-method",
        "A method that is not offered is 404, 405 or 501",
        Should,
        "RFC 7644 §3.12, RFC 7231 §6.5.5",
    )
    .what("POST to a user is refused and the user stays; DELETE of /Users is not tried.")
    .why("A wrong URL has effects nobody asked for.")
    .needs(&[Need::Check("user-create")])
    .run(|p| Box::pin(wrong_method(p))),
    Check::new("media-type-resource", "Resources are application/scim+json", Must, "RFC 7644 §3.8")
        .what("The Content-Type of GET, of a list and of a create is application/scim+json.")
        .why("Older clients of Entra stop at another type.")
        .needs(&[Need::Check("user-read")])
        .run(|p| Box::pin(resource_type(p))),
    Check::new("media-type-accept", "Accept: application/scim+json is honoured", Must, "RFC 7644 §3.8")
        .what("GET with that header answers 200.")
        .why("Every client that says what it reads gets an error.")
        .needs(&[Need::Check("user-read")])
        .run(|p| Box::pin(accept(p, "application/scim+json"))),
    Check::new("media-type-accept-json", "Accept: application/json is honoured", Should, "RFC 7644 §3.8")
        .what("GET with that header answers 200.")
        .why("Clients made from general tools get an error.")
        .needs(&[Need::Check("user-read")])
        .run(|p| Box::pin(accept(p, "application/json"))),
];

fn is_error(reply: &Reply) -> Outcome {
    has(&reply.body, "schemas", &json!([scim::urn::ERROR])).map_err(|stop| stop.at(reply.exchange))?;
    let status = member(&reply.body, "status").unwrap_or(&Value::Null);
    let said = status.as_str().map(str::to_owned).unwrap_or_else(|| status.to_string());
    ensure(said == reply.status.to_string(), format!("status \"{}\"", reply.status), || shown(status))
        .map_err(|stop| stop.at(reply.exchange))
}

async fn missing(p: &mut Probe) -> Outcome<Reply> {
    let path = format!("{}/{}", p.users(), p.dice.guid());
    p.get(&path).await
}

async fn nameless(p: &mut Probe) -> Outcome<Reply> {
    let mut body = p.user_body(Fill::Required);
    body.remove("userName");
    let path = p.users();
    p.post(&path, &Value::Object(body)).await
}

async fn not_found_body(p: &mut Probe) -> Outcome {
    let reply = missing(p).await?;
    reply.is(&[404])?;
    is_error(&reply)
}

async fn status_string(p: &mut Probe) -> Outcome {
    let reply = missing(p).await?;
    let status = member(&reply.body, "status").unwrap_or(&Value::Null);
    ensure(status.is_string(), "status to be a string", || shown(status))
}

async fn detail(p: &mut Probe) -> Outcome {
    for reply in [missing(p).await?, nameless(p).await?] {
        let there =
            member(&reply.body, "detail").and_then(Value::as_str).is_some_and(|d| !d.trim().is_empty());
        ensure(there, "a detail", || reply.summary()).map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

async fn bad_request_body(p: &mut Probe) -> Outcome {
    let reply = nameless(p).await?;
    reply.is(&[400])?;
    is_error(&reply)
}

async fn conflict_body(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let path = p.users();
    let reply = p.post(&path, &Value::Object(user.sent)).await?;
    reply.is(&[409])?;
    is_error(&reply)
}

const KNOWN: &[&str] = &[
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

async fn known_type(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let path = p.users();
    let requests = [
        Request::post(&path, &Value::Object(user.sent.clone())),
        Request::get(&path).query("filter", "userName eq"),
        Request::post(&path, &json!({ "schemas": [scim::urn::USER] })),
        Request::post(&path, &json!([])),
        Request::patch(
            &user.path,
            &json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [{ "op": "remove" }] }),
        ),
    ];
    for request in requests {
        let reply = p.send(request).await?;
        let fine = reply.is_success() || reply.scim_type().is_none_or(|t| KNOWN.contains(&t));
        ensure(fine, "a scimType of table 9", || reply.summary()).map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

fn is_scim(reply: &Reply) -> Outcome {
    let kind = reply.header("content-type").unwrap_or("none").to_owned();
    ensure(
        kind.to_ascii_lowercase().starts_with("application/scim+json"),
        "Content-Type application/scim+json",
        || kind,
    )
    .map_err(|stop| stop.at(reply.exchange))
}

async fn media_type(p: &mut Probe) -> Outcome {
    is_scim(&missing(p).await?)
}

/// What does not belong in an answer to anybody.
const INTERNALS: &[&str] = &[
    "Traceback (most recent",
    "at java.",
    "at System.",
    "NullPointerException",
    "SQLSTATE",
    "sqlite3.",
    "stack trace",
    "node_modules",
    "panicked at",
    "/usr/lib/",
    "site-packages",
    "SELECT * FROM",
    "<html",
];

async fn no_internals(p: &mut Probe) -> Outcome {
    let path = p.users();
    let requests = [
        Request::post(&path, &Value::Null).bytes("{\"userName\": "),
        Request::post(&path, &json!({ "schemas": 5, "userName": ["x"] })),
        Request::get(&path).query("filter", "userName eq \"'\" and ("),
        Request::get(&path).query("count", "99999999999999999999"),
        Request::get(format!("{path}/%00")),
    ];
    for request in requests {
        let Ok(reply) = p.try_send(request).await? else { continue };
        let found = INTERNALS.iter().find(|needle| reply.text.contains(**needle));
        ensure(found.is_none() || reply.is_success(), "no internals in the answer", || {
            found.map(|f| format!("\"{f}\"")).unwrap_or_default()
        })
        .map_err(|stop| stop.at(reply.exchange))?;
    }
    Ok(())
}

async fn unknown_endpoint(p: &mut Probe) -> Outcome {
    p.get("/MusterCheckNothing").await?.is(&[404])
}

async fn wrong_method(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    // A path that is no resource: a server that read it as "delete all" would already have deleted everybody by any client.
    let reply = p.post(&user.path, &Value::Object(user.sent.clone())).await?;
    reply.refuses(&[400, 404, 405, 501], "POST to a user")?;
    p.get(&user.path).await?.is(&[200])
}

async fn resource_type(p: &mut Probe) -> Outcome {
    let (body, path) = (p.user_body(Fill::Required), p.users());
    let created = p.post(&path, &Value::Object(body)).await?;
    is_scim(&created)?;
    let location = format!("{path}/{}", created.id()?);
    is_scim(&p.get(&location).await?)?;
    is_scim(&p.query(&path, &[("count", "1")]).await?)
}

async fn accept(p: &mut Probe, kind: &str) -> Outcome {
    let user = p.user().await?;
    p.send(Request::get(&user.path).header("accept", kind)).await?.is(&[200])
}
