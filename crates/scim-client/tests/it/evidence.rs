//! Exchanges: what is kept, what is taken out, and the line that reproduces it.

use std::process::Command;

use scim_client::client::Options;
use scim_client::{Authorization, Credentials, Exchange, Request};
use serde_json::json;

use crate::server::{Act, Server, answer, now, options, scim};

async fn exchange(server: &Server, options: Options, request: &Request) -> Exchange {
    server.client_with(options).send(request).await.unwrap().exchange
}

#[tokio::test]
async fn an_exchange_keeps_both_sides() {
    let server = Server::answering(scim("201 Created", r#"{"id":"1"}"#)).await;
    let options = Options { credentials: Credentials::Bearer("tok-1234".into()), ..options() };
    let kept = exchange(&server, options, &Request::post("/Users", &json!({ "userName": "mira" }))).await;
    assert_eq!(kept.at, now());
    assert_eq!(
        (kept.method.as_str(), kept.url.as_str()),
        ("POST", format!("{}/Users", server.url()).as_str())
    );
    assert_eq!(kept.status, Some(201));
    assert_eq!(kept.request_header("Authorization"), Some("Bearer $TOKEN"));
    assert_eq!(kept.response_header("Content-Type"), Some("application/scim+json"));
    assert_eq!(kept.request_body.as_deref(), Some(r#"{"userName":"mira"}"#));
    assert_eq!(kept.response_body.as_deref(), Some(r#"{"id":"1"}"#));
    assert!(!kept.truncated && kept.error.is_none());
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Exchange>(&text).unwrap(), kept);
    assert!(text.contains(r#""requestHeaders":"#));
}

#[tokio::test]
async fn secrets_are_taken_out() {
    let headers = ["content-type: application/scim+json", "set-cookie: session=abcdef"];
    let server =
        Server::answering(answer("200 OK", &headers, r#"{"id":"1","password":"hunter22","x":"tok-1234"}"#))
            .await;
    let options = Options { credentials: Credentials::Bearer("tok-1234".into()), ..options() };
    let body = json!({ "userName": "mira", "password": "hunter22", "Operations": [{ "path": "password", "value": "hunter22" }] });
    let kept = exchange(&server, options, &Request::post("/Users", &body)).await;
    let text = serde_json::to_string(&kept).unwrap();
    for secret in ["hunter22", "tok-1234", "abcdef"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("mira"));

    let basic = Options {
        credentials: Credentials::Basic { user: "me".into(), password: "open sesame".into() },
        ..crate::server::options()
    };
    let kept = exchange(&server, basic, &Request::get("/Users")).await;
    assert_eq!(kept.request_header("authorization"), Some("Basic $TOKEN"));
    assert_eq!(server.received()[1].header("authorization"), Some("Basic bWU6b3BlbiBzZXNhbWU="));

    let made_up = Request::get("/Users").authorization(Authorization::Secret("Bearer other-token".into()));
    let kept = exchange(&server, crate::server::options(), &made_up).await;
    assert_eq!(kept.request_header("authorization"), Some("Bearer $TOKEN"));
}

#[tokio::test]
async fn secrets_that_a_target_echoes_are_not_in_its_words() {
    let echo = r#"{"status":"400","detail":"what is Bearer tok-1234 to me"}"#;
    let headers = ["content-type: application/scim+json", "location: https://a.example/?t=tok-1234"];
    for (status, words) in [("400 Bad Request", "what is Bearer"), ("302 Found", "https://a.example")] {
        let server = Server::answering(answer(status, &headers, echo)).await;
        let options = Options { credentials: Credentials::Bearer("tok-1234".into()), ..options() };
        let failure = server.client_with(options).call(&Request::get("/Users")).await.unwrap_err();
        let text = format!("{} {failure:?}", failure.cause());
        assert!(text.contains(words) && !text.contains("tok-1234"), "{text}");
    }
}

#[tokio::test]
async fn long_bodies_are_cut_after_secrets_are_gone() {
    let long = format!("{}tok-1234{}", "é".repeat(50), "x".repeat(1000));
    let server = Server::answering(scim("200 OK", &long)).await;
    for evidence_bytes in [0, 1, 99, 100, 102, 104, 200] {
        let options =
            Options { credentials: Credentials::Bearer("tok-1234".into()), evidence_bytes, ..options() };
        let reply = server.client_with(options).send(&Request::get("/Users")).await.unwrap();
        assert_eq!(reply.body.len(), long.len(), "what is read is whole");
        assert!(reply.exchange.truncated);
        let kept = reply.exchange.response_body.unwrap();
        assert!(kept.len() <= evidence_bytes && !kept.contains("tok"), "{kept}");
    }
}

/// The shell must hand the program exactly what was sent.
#[tokio::test]
async fn the_curl_line_says_what_was_sent() {
    let server = Server::start(|_, _| vec![Act::Send(answer("204 No Content", &[], ""))]).await;
    let options = Options { credentials: Credentials::Bearer("tok-1234".into()), ..options() };
    let body = json!({ "displayName": "O'Brien & \"Co\" $HOME `id` tok-1234 \\ é" });
    let request = Request::patch("/Users/a%20b", &body).query("filter", "a eq \"x\"");
    let kept = exchange(&server, options, &request).await;
    let line = kept.curl();
    assert!(line.starts_with("curl -i --path-as-is -X PATCH 'http"), "{line}");
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{line}");
    let output = Command::new("sh").arg("-c").arg(script).env("TOKEN", "tok-1234").output().unwrap();
    let arguments = String::from_utf8(output.stdout).unwrap();
    let arguments: Vec<&str> = arguments.lines().collect();
    assert!(arguments.contains(&"authorization: Bearer tok-1234"), "{arguments:?}");
    assert!(arguments.contains(&"content-type: application/scim+json; charset=utf-8"), "{arguments:?}");
    assert_eq!(arguments.last().unwrap(), &body.to_string());
    assert!(arguments.contains(&format!("{}/Users/a%20b?filter=a+eq+%22x%22", server.url()).as_str()));
}
