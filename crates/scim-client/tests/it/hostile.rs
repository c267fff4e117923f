//! Answers made to hurt: too large, too deep, compressed, without end or without sense.

use proptest::prelude::*;
use scim::message::SearchRequest;
use scim_client::client::Options;
use scim_client::discovery::capabilities;
use scim_client::{FailureKind, Select};
use serde_json::{Value, json};

use crate::server::{Act, Server, answer, head, options, scim};

async fn get(server: &Server, options: Options) -> FailureKind {
    server.client_with(options).get("/Users", "1", &Select::default()).await.unwrap_err().kind
}

#[tokio::test]
async fn answers_have_a_size() {
    let limit = 1000;
    let small = || Options { body_bytes_max: limit, ..options() };
    let padded = |length: usize| {
        let body = format!(r#"{{"id":"1","x":"{}"}}"#, "y".repeat(length - 17));
        assert_eq!(body.len(), length);
        body
    };
    let exact = Server::answering(scim("200 OK", &padded(limit))).await;
    assert!(exact.client_with(small()).get("/Users", "1", &Select::default()).await.is_ok());
    let over = Server::answering(scim("200 OK", &padded(limit + 1))).await;
    assert_eq!(get(&over, small()).await, FailureKind::TooLarge { limit });

    // The same without saying so first.
    let unannounced = async |length: usize| {
        let body = padded(length);
        let script = move |_, _: &_| {
            let head = head("200 OK", &["content-type: application/scim+json"]);
            vec![Act::Send(head), Act::Send(body.clone().into_bytes()), Act::Close]
        };
        Server::start(script).await
    };
    let exact = unannounced(limit).await;
    assert!(exact.client_with(small()).get("/Users", "1", &Select::default()).await.is_ok());
    assert_eq!(get(&unannounced(limit + 1).await, small()).await, FailureKind::TooLarge { limit });

    // No length said.
    let endless = Server::start(|_, _| vec![Act::Send(head("200 OK", &[])), Act::Endless(b"[[[[[[[[")]).await;
    assert_eq!(get(&endless, options()).await, FailureKind::TooLarge { limit: 4 * 1024 * 1024 });

    // A length said that will never come: refused before a byte is read.
    let announced = Server::start(|_, _| {
        vec![Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n".to_vec()), Act::Silence]
    })
    .await;
    assert_eq!(get(&announced, options()).await, FailureKind::TooLarge { limit: 4 * 1024 * 1024 });
}

#[tokio::test]
async fn deep_and_broken_json_is_refused() {
    let deep = |depth: usize| format!(r#"{{"id":"1","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    for body in [
        deep(100_000),
        deep(40),
        r#"{"id":"1","id":"2"}"#.to_owned(),
        r#"{"id":"1""#.to_owned(),
        r#"{"id":"1\u0000"}"#.to_owned(),
        r#"{"id":"1","n":1e999999}"#.to_owned(),
        r#"{"id":"1"} {"id":"2"}"#.to_owned(),
        r#"["1"]"#.to_owned(),
        r#""1""#.to_owned(),
        "null".to_owned(),
        String::new(),
    ] {
        let server = Server::answering(scim("200 OK", &body)).await;
        let kind = get(&server, options()).await;
        assert!(matches!(kind, FailureKind::Malformed(_)), "{kind:?} for {}", &body[..body.len().min(40)]);
    }
}

#[tokio::test]
async fn nothing_is_decompressed() {
    let server = Server::start(|_, request| {
        assert_eq!(request.header("accept-encoding"), None);
        let headers = ["content-type: application/scim+json", "content-encoding: gzip"];
        vec![Act::Send(answer("200 OK", &headers, "\u{1f}\u{8b}\u{8}"))]
    })
    .await;
    assert!(matches!(get(&server, options()).await, FailureKind::NotScim(_)));
}

#[tokio::test]
async fn ids_are_judged() {
    let created = async |body: Value| {
        let server = Server::answering(scim("201 Created", &body.to_string())).await;
        let resource = json!({ "userName": "mira" });
        server.client().create("/Users", resource.as_object().unwrap()).await
    };
    for body in [
        json!({ "userName": "mira" }),
        json!({ "id": null }),
        json!({ "id": "" }),
        json!({ "id": ".." }),
        json!({ "id": "a\nb" }),
        json!({ "id": "x".repeat(513) }),
        json!({ "id": ["1"] }),
        json!({ "id": true }),
    ] {
        let failure = created(body.clone()).await.unwrap_err();
        assert_eq!(failure.code(), "BadResponse", "{body}");
        assert!(failure.is_ambiguous(), "it may have been created: {body}");
    }
    assert_eq!(created(json!({ "ID": "7" })).await.unwrap().value.id, "7");
    let numbered = created(json!({ "id": 7 })).await.unwrap();
    assert_eq!(numbered.value.id, "7");
    assert_eq!(numbered.oddities.len(), 1);
}

#[tokio::test]
async fn an_answer_about_somebody_else_is_refused() {
    let server = Server::answering(scim("200 OK", r#"{"id":"2"}"#)).await;
    let client = server.client();
    assert_eq!(client.get("/Users", "1", &Select::default()).await.unwrap_err().code(), "BadResponse");
    let patched = client.patch("/Users", "1", &json!({}), None, true).await;
    assert_eq!(patched.unwrap_err().code(), "BadResponse");
    let replaced = client.replace("/Users", "1", &scim::Resource::new(), None).await;
    assert_eq!(replaced.unwrap_err().code(), "BadResponse");
    let server = Server::answering(scim("200 OK", r#"{"id":"ABC"}"#)).await;
    let answer = server.client().get("/Users", "abc", &Select::default()).await.unwrap();
    assert_eq!(answer.oddities.len(), 1);
}

/// What is not certainly "no match" must not be taken for it: that would create a second account.
#[tokio::test]
async fn lists_are_judged() {
    let query = async |body: &str| {
        let server = Server::answering(scim("200 OK", body)).await;
        server.client().query("/Users", &SearchRequest::default()).await
    };
    for body in [
        "{}",
        r#"{"totalResults":1}"#,
        r#"{"totalResults":"x"}"#,
        r#"{"totalResults":1,"Resources":{}}"#,
        r#"{"totalResults":1,"Resources":[1]}"#,
        r#"{"totalResults":1,"Resources":[{"userName":"mira"}]}"#,
        r#"{"id":"1","userName":"mira"}"#,
        "[]",
    ] {
        assert_eq!(query(body).await.unwrap_err().code(), "BadResponse", "{body}");
    }
    for (body, count) in [
        (r#"{"totalResults":0}"#, 0),
        (r#"{"totalResults":"0","Resources":null}"#, 0),
        (r#"{"Resources":[]}"#, 0),
        (r#"{"totalresults":1,"resources":[{"id":"1"}]}"#, 1),
        ("\u{feff}{\"totalResults\":99,\"Resources\":[{\"id\":\"1\"}]}", 1),
    ] {
        assert_eq!(query(body).await.unwrap().value.items.len(), count, "{body}");
    }
}

proptest! {
    #[test]
    fn no_config_panics(text in "\\PC{0,40}", number: i64, flag: bool) {
        for value in [json!(text), json!(number), json!(flag), json!({ "supported": text }), json!([{ "type": text }])] {
            for name in ["patch", "bulk", "filter", "pagination", "authenticationSchemes", "Resources"] {
                let body = json!({ name: value });
                let _ = capabilities(body.as_object().unwrap());
            }
        }
    }
}
