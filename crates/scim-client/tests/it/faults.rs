//! The faults that a target's transport can have (§4.1 of the security reference), each with its class.

use std::time::Duration;

use scim_client::client::Options;
use scim_client::{
    AddressPolicy, Client, Failure, FailureKind, PacingOptions, Phase, Request, RetryPolicy, Target,
    TlsProblem,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::server::{Act, Names, Server, answer, head, impatient, options, scim, transport};

/// Transient, ambiguous, systemic.
#[derive(Debug, PartialEq)]
struct Class(bool, bool, bool);

const RETRY: Class = Class(true, false, false);
const LOOK_UP: Class = Class(true, true, false);
const QUARANTINE: Class = Class(false, false, true);

#[track_caller]
fn assert_class(failure: &Failure, code: &str, class: &Class) {
    let found = Class(failure.is_transient(), failure.is_ambiguous(), failure.is_systemic());
    assert_eq!((failure.code(), &found), (code, class), "{failure}");
    assert!(failure.cause().ends_with('.') && !failure.hint().is_empty(), "{failure:?}");
}

async fn create(client: &Client) -> Failure {
    let body = json!({ "userName": "mira" });
    client.create("/Users", body.as_object().unwrap()).await.unwrap_err()
}

async fn against(server: &Server, options: Options) -> Failure {
    create(&server.client_with(options)).await
}

fn named(url: &str, names: Names, options: Options) -> Client {
    let transport = transport(AddressPolicy::loopback()).with_resolver(names);
    let target = Target::parse(url, &transport.policy).unwrap();
    Client::new(target, transport, options).unwrap()
}

#[tokio::test]
async fn refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = create(&named(&url, Names::new(vec![]), options())).await;
    assert_class(&failure, "ConnectionRefused", &RETRY);
    let exchange = failure.exchange.unwrap();
    assert_eq!(exchange.status, None);
    assert!(exchange.error.unwrap().contains("refused"));
    assert!(exchange.request_body.unwrap().contains("mira"));
}

#[tokio::test]
async fn no_such_name() {
    let failure = create(&named("http://nowhere.test", Names::new(vec![]), options())).await;
    assert_class(&failure, "NameNotResolved", &RETRY);
    let empty = Names::new(vec![("empty.test", vec![])]);
    assert_class(&create(&named("http://empty.test", empty, options())).await, "NameNotResolved", &RETRY);
}

/// A resolver that never answers stands for a connection into nothing: both are bounded by the same time.
#[tokio::test]
async fn connecting_into_nothing() {
    struct Never;
    impl scim_client::Resolve for Never {
        fn resolve<'a>(&'a self, _: &'a str) -> scim_client::transport::Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    let transport = transport(AddressPolicy::loopback()).with_resolver(Never);
    let target = Target::parse("http://blackhole.test", &transport.policy).unwrap();
    let client = Client::new(target, transport, impatient()).unwrap();
    let failure = create(&client).await;
    assert_class(&failure, "ConnectTimeout", &RETRY);
    assert_eq!(failure.kind, FailureKind::Timeout(Phase::Resolve));
}

#[tokio::test]
async fn a_dead_address_leaves_time_for_the_next() {
    let server = Server::answering(scim("200 OK", r#"{"id":"1"}"#)).await;
    // Nothing listens at this loopback address.
    let addresses = vec!["127.0.0.99".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let url = format!("http://two.test:{}", server.address.port());
    let client = named(&url, Names::new(vec![("two.test", addresses)]), options());
    assert!(client.get("/Users", "1", &scim_client::Select::default()).await.is_ok());
}

#[tokio::test]
async fn not_tls_at_all() {
    let server = Server::start(|_, _| vec![]).await;
    // A server that speaks first, and not TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            use tokio::io::AsyncWriteExt as _;
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
            std::mem::forget(stream);
        }
    });
    let failure = create(&named(&url, Names::new(vec![]), options())).await;
    assert_eq!(failure.kind, FailureKind::Tls(TlsProblem::NotTls));
    assert_class(&failure, "NotTls", &QUARANTINE);
    drop(server);
}

#[tokio::test]
async fn reset_before_and_after_the_request_was_applied() {
    let server = Server::start(|_, _| vec![Act::Reset]).await;
    let failure = against(&server, options()).await;
    assert_class(&failure, "ConnectionReset", &LOOK_UP);
    assert_eq!(server.received().len(), 1, "a create is never sent again blindly");

    let server = Server::start(|_, _| vec![Act::Close]).await;
    assert_class(&against(&server, options()).await, "ConnectionReset", &LOOK_UP);
}

#[tokio::test]
async fn silence_after_the_request() {
    let server = Server::start(|_, _| vec![Act::Silence]).await;
    let failure = against(&server, impatient()).await;
    assert_class(&failure, "ResponseTimeout", &LOOK_UP);
    assert_eq!(failure.kind, FailureKind::Timeout(Phase::Head));
}

#[tokio::test]
async fn server_errors() {
    for status in
        ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"]
    {
        let server = Server::answering(scim(status, r#"{"detail":"disk full"}"#)).await;
        let failure = against(&server, options()).await;
        assert_class(&failure, "ServerError", &LOOK_UP);
        assert_eq!(failure.detail(), Some("disk full"));
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn truncated_body() {
    let server = Server::start(|_, _| {
        let whole = scim("201 Created", r#"{"id":"2819c223","userName":"mira"}"#);
        vec![Act::Send(whole[..whole.len() - 10].to_vec()), Act::Close]
    })
    .await;
    let failure = against(&server, options()).await;
    assert_class(&failure, "ConnectionReset", &LOOK_UP);
    assert_eq!(failure.kind, FailureKind::Reset(Phase::Body));
    assert_eq!(failure.status, Some(201));
    assert!(failure.exchange.unwrap().response_body.unwrap().starts_with(r#"{"id":"2819"#));
}

#[tokio::test]
async fn truncated_without_a_length() {
    let server = Server::start(|_, _| {
        let head = head("200 OK", &["content-type: application/scim+json", "transfer-encoding: chunked"]);
        vec![Act::Send(head), Act::Send(b"5\r\n{\"id\"\r\n".to_vec()), Act::Reset]
    })
    .await;
    assert_class(&against(&server, options()).await, "ConnectionReset", &LOOK_UP);
}

#[tokio::test]
async fn a_body_that_stops_dripping() {
    let server = Server::start(|_, _| {
        let whole = scim("201 Created", r#"{"id":"2819c223"}"#);
        vec![Act::Send(whole[..whole.len() - 3].to_vec()), Act::Silence]
    })
    .await;
    let failure = against(&server, impatient()).await;
    assert_class(&failure, "ResponseTimeout", &LOOK_UP);
    assert_eq!(failure.kind, FailureKind::Timeout(Phase::Body));
}

#[tokio::test]
async fn throttling_in_every_form() {
    let check = async |status: &str, headers: &[&str], expect: Option<u64>| {
        let server = Server::answering(answer(status, headers, "")).await;
        let failure = against(&server, options()).await;
        assert_eq!(failure.retry_after(), expect.map(Duration::from_secs), "{status} {headers:?}");
        assert!(failure.is_transient(), "{failure}");
        failure
    };
    let date = "retry-after: Sun, 01 Mar 2026 12:02:00 GMT";
    check("503 Service Unavailable", &["retry-after: 120"], Some(120)).await;
    check("503 Service Unavailable", &[date], Some(120)).await;
    // The target's own clock is a minute behind ours: its dates are measured by it.
    check("503 Service Unavailable", &[date, "date: Sun, 01 Mar 2026 11:59:00 GMT"], Some(180)).await;
    let bare = check("429 Too Many Requests", &[], None).await;
    assert_class(&bare, "TooManyRequests", &RETRY);
    check("429 Too Many Requests", &["retry-after: 31536000"], Some(86_400)).await;
    check("429 Too Many Requests", &["retry-after: -1"], None).await;
    check("429 Too Many Requests", &["retry-after: soon"], None).await;
    check("429 Too Many Requests", &["retry-after: 0"], Some(1)).await;
}

#[tokio::test]
async fn a_long_pause_is_told_to_the_next_request() {
    let server = Server::answering(answer("429 Too Many Requests", &["retry-after: 3600"], "")).await;
    let client = server.client();
    create(&client).await;
    let failure = create(&client).await;
    assert_class(&failure, "TooManyRequests", &RETRY);
    assert_eq!(failure.status, None);
    assert!(failure.retry_after().unwrap() > Duration::from_secs(3000));
    assert_eq!(server.received().len(), 1, "nothing is sent during the pause");
    assert!(client.pacer().resumes_at().is_some());
}

#[tokio::test]
async fn refusals() {
    for (status, code, class) in [
        ("401 Unauthorized", "Unauthorized", QUARANTINE),
        ("403 Forbidden", "Forbidden", QUARANTINE),
        ("404 Not Found", "NotFound", Class(false, false, false)),
        ("410 Gone", "NotFound", Class(false, false, false)),
        ("409 Conflict", "Conflict", Class(false, false, false)),
        ("412 Precondition Failed", "PreconditionFailed", Class(false, false, false)),
        ("405 Method Not Allowed", "NotImplemented", Class(false, false, false)),
        ("501 Not Implemented", "NotImplemented", Class(false, false, false)),
        ("400 Bad Request", "Rejected", Class(false, false, false)),
        ("408 Request Timeout", "Rejected", RETRY),
        ("422 Unprocessable Content", "Rejected", Class(false, false, false)),
    ] {
        let server = Server::answering(scim(status, "{}")).await;
        assert_class(&against(&server, options()).await, code, &class);
    }
}

#[tokio::test]
async fn conflicts_with_and_without_scim_type() {
    let check = async |body: &str, expect: bool| {
        let server = Server::answering(scim("409 Conflict", body)).await;
        assert_eq!(against(&server, options()).await.is_uniqueness(), expect, "{body}");
    };
    check(r#"{"scimType":"uniqueness","detail":"taken"}"#, true).await;
    check(r#"{"scimType":"Uniqueness"}"#, true).await;
    check("{}", true).await;
    check("", true).await;
    check(r#"{"scimType":"mutability"}"#, false).await;
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let canary = Server::answering(scim("200 OK", "{}")).await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("location: {}/Users", canary.url());
        let server = Server::answering(answer(status, &[&location], "")).await;
        let failure = against(&server, options()).await;
        assert_class(&failure, "Redirected", &QUARANTINE);
        assert!(failure.cause().contains(&canary.url()), "{failure}");
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_login_page_is_not_scim() {
    let page = "<!doctype html><title>Sign in</title>";
    for headers in
        [&["content-type: text/html; charset=utf-8"][..], &["content-type: application/scim+json"], &[]]
    {
        let server = Server::answering(answer("200 OK", headers, page)).await;
        let client = server.client();
        let failure = create(&client).await;
        // A success is a success: nobody knows what was done.
        assert_class(&failure, "NotScim", &Class(false, true, true));
        assert_eq!(client.delete("/Users", "1", None).await.unwrap_err().code(), "NotScim");
        let patch = client.patch("/Users", "1", &json!({}), None, true).await;
        assert_eq!(patch.unwrap_err().code(), "NotScim");
    }
    let server = Server::answering(answer("200 OK", &["content-type: text/plain"], "It works")).await;
    assert_eq!(against(&server, options()).await.code(), "NotScim");
}

#[tokio::test]
async fn not_http() {
    let server = Server::answering("SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    assert_eq!(against(&server, options()).await.code(), "BrokenHttp");
    let server =
        Server::start(|_, _| vec![Act::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Act::Endless(b"x: y\r\n")])
            .await;
    assert_eq!(against(&server, options()).await.code(), "BrokenHttp");
    let server =
        Server::start(|_, _| vec![Act::Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec()), Act::Endless(b"yyyyyyyy")])
            .await;
    assert_eq!(against(&server, options()).await.code(), "BrokenHttp");
}

#[tokio::test]
async fn what_may_be_repeated_is_and_the_rest_is_not() {
    let flaky = || {
        Server::start(|number, _| match number {
            0 => vec![Act::Reset],
            1 => vec![Act::Send(scim("500 Internal Server Error", "{}"))],
            _ => vec![Act::Send(scim("200 OK", r#"{"id":"1"}"#))],
        })
    };
    let retrying = || Options {
        retry: RetryPolicy { base: Duration::ZERO, ..RetryPolicy::default() },
        pacing: PacingOptions { pause: Duration::ZERO, ..PacingOptions::default() },
        ..options()
    };
    let server = flaky().await;
    let client = server.client_with(retrying());
    assert!(client.get("/Users", "1", &scim_client::Select::default()).await.is_ok());
    assert_eq!(server.received().len(), 3);

    let server = flaky().await;
    let client = server.client_with(retrying());
    assert!(client.patch("/Users", "1", &json!({}), None, false).await.unwrap_err().is_ambiguous());
    assert_eq!(server.received().len(), 1);

    let server = flaky().await;
    let client = server.client_with(retrying());
    assert!(client.patch("/Users", "1", &json!({}), None, true).await.is_ok());
    assert_eq!(server.received().len(), 3);

    let server = flaky().await;
    let client = server.client_with(retrying());
    assert!(create(&client).await.is_ambiguous());
    assert_eq!(server.received().len(), 1);

    // A raw request is never repeated, whatever its method.
    let server = flaky().await;
    let client = server.client_with(retrying());
    assert!(client.send(&Request::get("/Users/1")).await.is_err());
    assert_eq!(server.received().len(), 1);
}
