//! SCIM's verbs: what is sent, and what is made of usual answers.

use http::Method;
use scim::message::SearchRequest;
use scim_client::client::Options;
use scim_client::target::Spaces;
use scim_client::{
    AddressPolicy, Authorization, Capabilities, Client, Credentials, Oddity, Request, Select, Target,
};
use serde_json::json;

use crate::server::{Server, answer, options, scim, transport};

#[tokio::test]
async fn requests_look_like_entras() {
    let server = Server::answering(scim("200 OK", r#"{"id":"g 1","totalResults":0}"#)).await;
    let transport = transport(AddressPolicy::loopback());
    let target = Target::parse(&format!("{}/?aadOptscim062020", server.url()), &transport.policy).unwrap();
    let options = Options { credentials: Credentials::Bearer(" tok-1234 \n".into()), ..options() };
    let client = Client::new(target, transport, options).unwrap();
    let search = SearchRequest {
        filter: Some("displayName eq \"Rail Engineers\"".to_owned()),
        excluded_attributes: vec!["members".to_owned()],
        ..SearchRequest::default()
    };
    client.query("/Groups", &search).await.unwrap();
    client.get("/Groups", "g 1", &Select::excluding("members")).await.unwrap();
    client.patch("Groups", "g 1", &json!({ "Operations": [] }), Some("W/\"3\""), true).await.unwrap();
    let received = server.received();
    let paths: Vec<&str> = received.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/v2/Groups?aadOptscim062020&excludedAttributes=members&filter=displayName+eq+%22Rail+Engineers%22",
            "/v2/Groups/g%201?aadOptscim062020&excludedAttributes=members",
            "/v2/Groups/g%201?aadOptscim062020",
        ]
    );
    assert_eq!(received[0].header("authorization"), Some("Bearer tok-1234"));
    assert_eq!(received[0].header("content-type"), None);
    assert_eq!(received[0].header("accept"), Some("application/scim+json, application/json"));
    assert_eq!(received[2].header("content-type"), Some("application/scim+json; charset=utf-8"));
    assert_eq!(received[2].header("if-match"), Some("W/\"3\""));
    assert_eq!(received[2].method, "PATCH");
    assert_eq!(received[2].body, r#"{"Operations":[]}"#);
    assert_eq!(server.connections(), 1, "connections are kept");
}

#[tokio::test]
async fn the_validator_may_send_anything() {
    let server = Server::answering(scim("400 Bad Request", "{}")).await;
    let options =
        Options { credentials: Credentials::Bearer("tok-1234".into()), spaces: Spaces::Percent, ..options() };
    let client = server.client_with(options);
    let odd = Request::new(Method::from_bytes(b"BREW").unwrap(), "/Users/../Groups//x")
        .raw_query("filter=a%20eq%20%22&count=-1&count=2")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header("content-type", "text/plain")
        .without("Accept")
        .authorization(Authorization::None)
        .bytes("{not json");
    assert_eq!(client.send(&odd).await.unwrap().status, 400);
    let basic = Request::get("/Users")
        .query("filter", "a b")
        .authorization(Authorization::Literal("Basic bWU6bWU=".into()));
    client.send(&basic).await.unwrap();
    let received = server.received();
    assert!(
        received[0]
            .head
            .starts_with("BREW /v2/Users/../Groups//x?filter=a%20eq%20%22&count=-1&count=2 HTTP/1.1")
    );
    assert_eq!(received[0].head.to_lowercase().matches("x-twice").count(), 2);
    assert_eq!(received[0].header("content-type"), Some("text/plain"));
    assert_eq!(received[0].header("accept"), None);
    assert_eq!(received[0].header("authorization"), None);
    assert_eq!(received[0].body, "{not json");
    assert_eq!(received[1].header("authorization"), Some("Basic bWU6bWU="));
    assert_eq!(received[1].path, "/v2/Users?filter=a%20b");

    for unsendable in [
        Request::get("/Users").header("bad name", "x"),
        Request::get("/Users").header("x", "a\nb"),
        Request::get("/Us ers"),
    ] {
        assert_eq!(client.send(&unsendable).await.unwrap_err().code(), "Unsendable");
    }
}

#[tokio::test]
async fn usual_answers_to_changes() {
    let check = async |wire: Vec<u8>, value: Option<&str>, oddities: &[Oddity]| {
        let server = Server::answering(wire).await;
        let answer = server.client().patch("/Users", "1", &json!({}), None, true).await.unwrap();
        assert_eq!(answer.value.as_ref().map(|object| object.id.as_str()), value);
        assert_eq!(answer.oddities, oddities);
    };
    check(answer("204 No Content", &[], ""), None, &[]).await;
    check(scim("200 OK", r#"{"id":"1"}"#), Some("1"), &[]).await;
    check(scim("200 OK", ""), None, &[Oddity::NoResource]).await;
    check(scim("200 OK", r#"{"displayName":"x"}"#), None, &[Oddity::NoResource]).await;
    let plain = answer("202 Accepted", &["content-type: application/json"], r#"{"id":"1"}"#);
    let expect =
        [Oddity::Status { expected: 200, found: 202 }, Oddity::ContentType("application/json".to_owned())];
    check(plain, Some("1"), &expect).await;
}

#[tokio::test]
async fn versions_come_from_the_header_or_the_meta() {
    let headers = ["content-type: application/scim+json", "etag: W/\"7\""];
    let server =
        Server::answering(answer("200 OK", &headers, r#"{"id":"1","meta":{"version":"W/\"6\""}}"#)).await;
    let got = server.client().get("/Users", "1", &Select::default()).await.unwrap();
    assert_eq!(got.value.version.as_deref(), Some("W/\"7\""));
    let server = Server::answering(scim("200 OK", r#"{"id":"1","meta":{"version":"W/\"6\""}}"#)).await;
    let got = server.client().get("/Users", "1", &Select::default()).await.unwrap();
    assert_eq!(got.value.version.as_deref(), Some("W/\"6\""));
}

#[tokio::test]
async fn deletes() {
    let server = Server::answering(answer("204 No Content", &[], "")).await;
    assert!(server.client().delete("/Users", "1", None).await.unwrap().oddities.is_empty());
    let server = Server::answering(scim("404 Not Found", "{}")).await;
    assert_eq!(server.client().delete("/Users", "1", None).await.unwrap_err().code(), "NotFound");
    assert_eq!(server.client().delete("/Users", "..", None).await.unwrap_err().code(), "Unsendable");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn capabilities_are_known_or_unknown_never_guessed() {
    let check = async |body: &str, expect: Capabilities| {
        let server = Server::answering(scim("200 OK", body)).await;
        assert_eq!(server.client().service_provider_config().await.unwrap().value, expect, "{body}");
    };
    let yes = Some(true);
    check(
        r#"{"patch":{"supported":true},"bulk":{"supported":false,"maxOperations":"10","maxPayloadSize":5},
            "filter":{"supported":true,"maxResults":200},"changePassword":{"supported":false},"sort":{"supported":true},
            "etag":{"supported":true},"pagination":{"cursor":true,"index":false,"maxPageSize":50},
            "authenticationSchemes":[{"type":"oauthbearertoken"}]}"#,
        Capabilities {
            patch: yes,
            bulk: Some(false),
            bulk_operations_max: Some(10),
            bulk_payload_max: Some(5),
            filter: yes,
            filter_results_max: Some(200),
            change_password: Some(false),
            sort: yes,
            etag: yes,
            pagination_cursor: yes,
            pagination_index: Some(false),
            page_size_max: Some(50),
            authentication_schemes: vec!["oauthbearertoken".to_owned()],
        },
    )
    .await;
    let patch = Capabilities { patch: yes, ..Capabilities::default() };
    for body in [
        r#"{"PATCH":{"Supported":"True"}}"#,
        r#"{"patch":true}"#,
        r#"{"totalResults":1,"Resources":[{"patch":{"supported":true}}]}"#,
        r#"{"patch":{"supported":true},"bulk":{"supported":"perhaps"},"filter":7,"sort":null,"authenticationSchemes":9}"#,
    ] {
        check(body, patch.clone()).await;
    }
    let server = Server::answering(scim("404 Not Found", "{}")).await;
    assert_eq!(server.client().service_provider_config().await.unwrap_err().code(), "NotFound");
}

#[tokio::test]
async fn discovery_lists_come_in_several_shapes() {
    let check = async |body: &str, ids: &[&str], oddities: usize| {
        let server = Server::answering(scim("200 OK", body)).await;
        let answer = server.client().schemas().await.unwrap();
        let found: Vec<&str> = answer.value.iter().filter_map(|s| s["id"].as_str()).collect();
        assert_eq!((found.as_slice(), answer.oddities.len()), (ids, oddities), "{body}");
    };
    check(r#"{"totalResults":2,"Resources":[{"id":"a"},{"id":"b"}]}"#, &["a", "b"], 0).await;
    check(r#"[{"id":"a"}]"#, &["a"], 1).await;
    check(r#"{"id":"a","attributes":[]}"#, &["a"], 1).await;
    check(r#"{"totalResults":0}"#, &[], 0).await;
    let server = Server::answering(scim("200 OK", r#"{"message":"hello"}"#)).await;
    assert_eq!(server.client().resource_types().await.unwrap_err().code(), "BadResponse");
}
