//! Who may: no, wrong and other credentials (RFC 7644 §2, RFC 7235).

use scim_client::{Authorization, Request};
use serde_json::Value;

use crate::check::{Check, Level::*, Need};
use crate::generate::Fill;
use crate::probe::Probe;
use crate::value::cut;
use crate::verdict::{Outcome, ensure};

const OPEN: &str = "Anybody who knows the URL reads or changes the directory.";

pub(super) const CHECKS: &[Check] = &[
    Check::new("auth-none", "Without credentials nothing is read", Must, "RFC 7644 §2, RFC 7235 §3.1")
        .what("GET /Users without Authorization answers 401.")
        .why(OPEN)
        .run(|p| Box::pin(refused(p, Authorization::None))),
    Check::new("auth-wrong", "With a wrong token nothing is read", Must, "RFC 7644 §2, RFC 6750 §3.1")
        .what("GET /Users with a made-up bearer token answers 401.")
        .why(OPEN)
        .run(|p| Box::pin(refused(p, literal("Bearer muster-check-wrong-token")))),
    Check::new("auth-scheme", "Another scheme is refused", Must, "RFC 7235 §3.1")
        .what("GET /Users with Basic and made-up credentials answers 401.")
        .why(OPEN)
        .run(|p| Box::pin(refused(p, literal("Basic bXVzdGVyOmNoZWNr")))),
    Check::new("auth-empty", "An empty token is refused", Must, "RFC 6750 §3.1")
        .what("GET /Users with Bearer and nothing answers 401 (or 400).")
        .why(OPEN)
        .run(|p| Box::pin(refused(p, literal("Bearer ")))),
    Check::new("auth-garbage", "Garbage in Authorization is no server error", Should, "RFC 7235")
        .what("GET /Users with Authorization values that are no credentials answers 400 or 401.")
        .why("A server that fails there can be made to fail by anybody.")
        .run(|p| Box::pin(garbage(p))),
    Check::new("auth-writes", "Without credentials nothing is written", Must, "RFC 7644 §2")
        .what("POST, PUT, PATCH and DELETE without Authorization answer 401; the user stays as it is.")
        .why(OPEN)
        .needs(&[Need::Check("user-read")])
        .run(|p| Box::pin(writes(p))),
    Check::new("auth-order", "Credentials are asked for first", Should, "RFC 7235 §3.1")
        .what("Broken JSON and an unknown id without Authorization answer 401.")
        .why("Anybody can find out which users there are.")
        .run(|p| Box::pin(order(p))),
    Check::new("auth-challenge", "A 401 says what is needed", Must, "RFC 7235 §3.1, §4.1; RFC 7644 §2")
        .what("The 401 has a WWW-Authenticate header.")
        .why("Clients cannot tell which credentials are wanted.")
        .needs(&[Need::Check("auth-none")])
        .run(|p| Box::pin(challenge(p))),
    Check::new("auth-no-data", "A 401 gives nothing away", Must, "RFC 7644 §7")
        .what("The body of the 401 has no resources and no part of the token that was sent.")
        .why("Logs and proxies keep it.")
        .needs(&[Need::Check("auth-wrong")])
        .run(|p| Box::pin(no_data(p))),
    Check::new("auth-query", "A token in the URL is not taken", Should, "RFC 6750 §2.3, RFC 7644 §7.5.2")
        .what("GET /Users?access_token=… of a made-up token, without Authorization, answers 401.")
        .why("Tokens end up in every log on the way.")
        .run(|p| Box::pin(in_query(p))),
];

fn literal(value: &str) -> Authorization {
    Authorization::Literal(value.to_owned())
}

async fn refused(p: &mut Probe, authorization: Authorization) -> Outcome {
    let empty = authorization == literal("Bearer ");
    let request = Request::get(p.users()).query("count", "1").authorization(authorization);
    let reply = p.send(request).await?;
    reply.refuses(if empty { &[400, 401] } else { &[401] }, "the request")
}

async fn garbage(p: &mut Probe) -> Outcome {
    for value in ["Bearer", "bearer\t\tx", "Basic ???", "x", "Bearer a b c", "Digest username=\"x\""] {
        let request = Request::get(p.users()).query("count", "1").authorization(literal(value));
        p.send(request).await?.refuses(&[400, 401, 403], &format!("Authorization: {value}"))?;
    }
    Ok(())
}

async fn writes(p: &mut Probe) -> Outcome {
    let user = p.user().await?;
    let body = Value::Object(p.user_body(Fill::Required));
    let path = p.users();
    let plain = p.plain_attribute()?;
    let operations = serde_json::json!([{ "op": "replace", "path": plain, "value": "Changed" }]);
    for request in [
        Request::post(&path, &body),
        Request::put(&user.path, &body),
        Request::patch(&user.path, &crate::probe::patch_body(&operations)),
        Request::delete(&user.path),
    ] {
        let what = format!("{} without credentials", request.method);
        p.send(request.authorization(Authorization::None)).await?.refuses(&[401], &what)?;
    }
    let read = p.read(&user).await?;
    crate::value::has(&read.body, "userName", &user.name().into())
}

async fn order(p: &mut Probe) -> Outcome {
    let (users, unknown) = (p.users(), p.dice.guid());
    for request in [
        Request::post(&users, &Value::Null).bytes("{\"broken"),
        Request::get(format!("{users}/{unknown}")),
        Request::get(&users).query("filter", "userName eq"),
    ] {
        let what = format!("{} {} without credentials", request.method, request.path);
        p.send(request.authorization(Authorization::None)).await?.refuses(&[401], &what)?;
    }
    Ok(())
}

async fn challenge(p: &mut Probe) -> Outcome {
    let request = Request::get(p.users()).authorization(Authorization::None);
    let reply = p.send(request).await?;
    ensure(reply.header("www-authenticate").is_some(), "a WWW-Authenticate header", || "none".to_owned())
}

async fn no_data(p: &mut Probe) -> Outcome {
    let request = Request::get(p.users()).authorization(literal("Bearer muster-check-wrong-token"));
    let reply = p.send(request).await?;
    ensure(
        reply.resources().is_empty() && !reply.text.contains("muster-check-wrong-token"),
        "nothing in the body",
        || cut(&reply.text, 200),
    )
}

async fn in_query(p: &mut Probe) -> Outcome {
    let request = Request::get(p.users())
        .query("access_token", "muster-check-wrong-token")
        .authorization(Authorization::None);
    p.send(request).await?.refuses(&[401], "a token in the URL")
}
