//! OAuth 2.0 client credentials: one fetch for all, renewal, refusal; and that no secret is shown.

use scim_client::client::Options;
use scim_client::{Client, ClientCredentials, CredentialLocation, Credentials, Place, Request, Secret};

use crate::server::{Act, Server, answer, options, scim};

const CLIENT_SECRET: &str = "s3cr~t value/+";

fn credentials(tokens: &Server, location: CredentialLocation) -> Credentials {
    Credentials::ClientCredentials(ClientCredentials {
        token_url: format!("http://{}/token", tokens.address),
        client_id: "client id".to_owned(),
        client_secret: CLIENT_SECRET.into(),
        scope: Some("scim read".to_owned()),
        location,
    })
}

fn client(target: &Server, credentials: Credentials) -> Client {
    target.client_with(Options { credentials, ..options() })
}

/// Tokens `token-0`, `token-1` …
async fn tokens(life: &'static str) -> Server {
    Server::start(move |number, _| {
        let body =
            format!(r#"{{"access_token":"token-{number}","token_type":"bearer","expires_in":{life}}}"#);
        vec![Act::Send(answer("200 OK", &["content-type: application/json"], &body))]
    })
    .await
}

/// Accepts only this token.
async fn target(accepted: &'static str) -> Server {
    Server::start(move |_, request| {
        let known = request.header("authorization") == Some(accepted);
        vec![Act::Send(scim(if known { "200 OK" } else { "401 Unauthorized" }, r#"{"totalResults":0}"#))]
    })
    .await
}

#[tokio::test]
async fn one_token_for_all_who_wait() {
    let (tokens, target) = (tokens("3600").await, target("Bearer token-0").await);
    let client = client(&target, credentials(&tokens, CredentialLocation::Header));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        tasks.spawn(async move { client.send(&Request::get("/Users")).await.unwrap().status });
    }
    assert!(tasks.join_all().await.into_iter().all(|status| status == 200));
    let received = tokens.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].method, "POST");
    assert_eq!(received[0].body, "grant_type=client_credentials&scope=scim+read");
    assert_eq!(received[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    // base64 of "client+id:s3cr~t+value%2F%2B": RFC 6749 §2.3.1
    assert_eq!(received[0].header("authorization"), Some("Basic Y2xpZW50K2lkOnMzY3J+dCt2YWx1ZSUyRiUyQg=="));
}

#[tokio::test]
async fn credentials_in_the_body() {
    let (tokens, target) = (tokens("3600").await, target("Bearer token-0").await);
    let client = client(&target, credentials(&tokens, CredentialLocation::Body));
    assert_eq!(client.send(&Request::get("/Users")).await.unwrap().status, 200);
    let received = tokens.received();
    assert_eq!(received[0].header("authorization"), None);
    assert!(received[0].body.ends_with("&client_id=client+id&client_secret=s3cr~t+value%2F%2B"));
}

#[tokio::test]
async fn a_token_that_has_no_life_left_is_renewed() {
    for life in ["0", "\"0\"", "0.0"] {
        let (tokens, target) = (tokens(life).await, target("Bearer token-1").await);
        let client = client(&target, credentials(&tokens, CredentialLocation::Header));
        let first = client.send(&Request::get("/Users")).await.unwrap();
        assert_eq!(first.status, 200, "refused once, renewed, accepted");
        assert_eq!(tokens.received().len(), 2);
        client.send(&Request::get("/Users")).await.unwrap();
        assert!(tokens.received().len() > 2);
    }
    for life in ["null", "\"x\"", "-5", "1e300", "3600"] {
        let (tokens, target) = (tokens(life).await, target("Bearer token-0").await);
        let client = client(&target, credentials(&tokens, CredentialLocation::Header));
        for _ in 0..3 {
            assert_eq!(client.send(&Request::get("/Users")).await.unwrap().status, 200, "{life}");
        }
        assert_eq!(tokens.received().len(), 1, "{life}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (tokens, target) = (tokens("3600").await, target("Bearer token-1").await);
    let client = client(&target, credentials(&tokens, CredentialLocation::Header));
    assert_eq!(client.send(&Request::post("/Users", &serde_json::json!({}))).await.unwrap().status, 200);
    assert_eq!((tokens.received().len(), target.received().len()), (2, 2));
}

#[tokio::test]
async fn a_target_that_refuses_every_token_does_not_cause_a_storm() {
    let (tokens, target) = (tokens("3600").await, target("nothing").await);
    let client = client(&target, credentials(&tokens, CredentialLocation::Header));
    for _ in 0..10 {
        assert_eq!(client.send(&Request::get("/Users")).await.unwrap().status, 401);
    }
    assert_eq!(tokens.received().len(), 2);
    assert_eq!(target.received().len(), 11);
}

#[tokio::test]
async fn a_bearer_token_is_not_tried_twice() {
    let target = target("nothing").await;
    let client = client(&target, Credentials::Bearer("wrong-token".into()));
    assert_eq!(client.send(&Request::get("/Users")).await.unwrap().status, 401);
    assert_eq!(target.received().len(), 1);
}

#[tokio::test]
async fn token_endpoints_fail_in_their_own_name() {
    let target = target("nothing").await;
    for (status, body, code) in [
        (
            "401 Unauthorized",
            r#"{"error":"invalid_client","error_description":"no such client"}"#,
            "Unauthorized",
        ),
        ("400 Bad Request", r#"{"error":"invalid_client"}"#, "Rejected"),
        ("500 Internal Server Error", "", "ServerError"),
        ("302 Found", "", "Redirected"),
        ("200 OK", "<html>", "NotScim"),
        ("200 OK", "{}", "BadResponse"),
        ("200 OK", r#"{"access_token":""}"#, "BadResponse"),
        ("200 OK", r#"{"access_token":"a b"}"#, "BadResponse"),
        ("200 OK", r#"{"access_token":"a\r\nx: y"}"#, "BadResponse"),
        ("200 OK", r#"{"access_token":"abc","token_type":"mac"}"#, "BadResponse"),
    ] {
        let tokens = Server::answering(scim(status, body)).await;
        let client = client(&target, credentials(&tokens, CredentialLocation::Header));
        let failure = client.send(&Request::post("/Users", &serde_json::json!({}))).await.unwrap_err();
        assert_eq!((failure.code(), failure.place), (code, Place::TokenEndpoint), "{body}");
        assert!(failure.cause().starts_with("The token endpoint"), "{failure}");
        assert!(!failure.is_ambiguous(), "the request proper was never sent");
        // All who ask in the next moment get the same answer without another request.
        assert!(client.send(&Request::get("/Users")).await.is_err());
        assert_eq!(tokens.received().len(), 1);
    }
    assert_eq!(target.received().len(), 0);
}

#[tokio::test]
async fn no_secret_is_shown() {
    let target = target("Bearer token-0").await;
    let wrong = Server::start(|_, request| {
        // A target that reflects everything, in its own ways.
        let body = format!(
            "{{\"detail\":\"{} {}\"}}",
            request.header("authorization").unwrap_or("-"),
            CLIENT_SECRET
        );
        vec![Act::Send(answer("400 Bad Request", &["x-echo: token-0 s3cr~t+value%2F%2B"], &body))]
    })
    .await;
    let forms = ["token-0", CLIENT_SECRET, "s3cr~t+value%2F%2B", "Y2xpZW50K2lkOnMzY3J"];
    for server in [&target, &wrong] {
        let tokens = tokens("3600").await;
        let client = client(server, credentials(&tokens, CredentialLocation::Body));
        let reply = client.send(&Request::get("/Users").query("token", "token-0")).await.unwrap();
        let shown =
            serde_json::to_string(&reply.exchange).unwrap() + &reply.exchange.curl() + &format!("{client:?}");
        for form in forms {
            assert!(!shown.contains(form), "{form} in {shown}");
        }
    }
    let refused = Server::start(|_, request| {
        let body = format!("{{\"error\":\"{}\"}}", request.body);
        vec![Act::Send(answer("400 Bad Request", &[], &body))]
    })
    .await;
    let client = client(&target, credentials(&refused, CredentialLocation::Body));
    let failure = client.send(&Request::get("/Users")).await.unwrap_err();
    let shown = serde_json::to_string(&failure.exchange).unwrap();
    for form in forms {
        assert!(!shown.contains(form), "{form} in {shown}");
    }
    assert_eq!(format!("{:?}", Secret::new("abc")), "[redacted]");
    let debug = format!("{:?}", credentials(&refused, CredentialLocation::Body));
    assert!(!debug.contains(CLIENT_SECRET), "{debug}");
}

#[tokio::test]
async fn a_token_with_line_breaks_inside_is_refused_at_once() {
    let target = target("nothing").await;
    let transport = crate::server::transport(scim_client::AddressPolicy::loopback());
    for token in ["", "  ", "a\nb", "a\0b"] {
        let options = Options { credentials: Credentials::Bearer(token.into()), ..options() };
        let parsed = scim_client::Target::parse(&target.url(), &transport.policy).unwrap();
        assert!(Client::new(parsed, transport.clone(), options).is_err(), "{token:?}");
    }
}
