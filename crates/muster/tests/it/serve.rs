//! The server as a process: ready line, signals, TLS, health, links.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use serde_json::json;

use crate::client::user;
use crate::server::{PATIENCE, Server, muster};

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_listens_and_is_ready_then() {
    let server = Server::start(&["--log-format", "json"]);
    for (path, expect) in [("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "muster_requests_total")] {
        let answer = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.text().await.unwrap().contains(expect), "{path}");
    }
    let log = server.log();
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["level"], "INFO", "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_running_requests_end_and_exits_0() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        let tenant = server.tenant("T");
        // A request whose body is not complete when the signal comes.
        let body = user("in.flight@example.com").to_string();
        let (first, rest) = body.split_at(20);
        let mut connection = TcpStream::connect(server.address()).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let path = tenant.client.base.strip_prefix(&server.url).unwrap();
        write!(
            connection,
            "POST {path}/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{first}",
            tenant.client.key,
            body.len()
        )
        .unwrap();
        // The server has the head once it has answered a later request of somebody else.
        tenant.client.get("/Users").await.expect(200);
        server.signal(signal);
        let readiness = wait_for_not_ready(&server.url).await;
        assert_eq!(readiness, Some(503), "a load balancer sees it before the listener closes");
        wait_until_refused(server.address());
        assert!(server.is_running(), "it waits for the running request");
        connection.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());

        // And what was acknowledged is there.
        let shown = muster(&server.data, &["tenant", "show", &tenant.id, "--json"]).json();
        assert_eq!(shown["users"], 1);
    }
}

/// The first answer of `/readyz` that is not 200; `None` when there is no answer any more.
async fn wait_for_not_ready(url: &str) -> Option<u16> {
    let started = std::time::Instant::now();
    loop {
        let answer = reqwest::get(format!("{url}/readyz")).await.ok()?;
        match answer.status().as_u16() {
            200 => assert!(started.elapsed() < PATIENCE, "the server stays ready"),
            other => return Some(other),
        }
    }
}

fn wait_until_refused(address: &str) {
    let started = std::time::Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(started.elapsed() < PATIENCE, "new connections are still taken");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_name_the_public_url() {
    let server = Server::start(&["--public-url", "https://scim.example/muster"]);
    let tenant = server.tenant("T");
    let made = tenant.client.post("/Users", &user("mira@example.com")).await;
    let location = made.header("location").to_owned();
    let body = made.expect(201);
    let base = format!("https://scim.example/muster/scim/v2/{}", tenant.id);
    assert_eq!(location, format!("{base}/Users/{}", body["id"].as_str().unwrap()));
    assert_eq!(body["meta"]["location"], json!(location));
    let shown = server.muster(&["tenant", "show", &tenant.id, "--json"]).json();
    assert_eq!(shown["scim_base_url"], json!(base), "commands beside a server give out its links");
}

#[test]
fn tls_1_2_and_1_3() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let server = Server::start(&["--tls-cert", certificate, "--tls-key", key]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let answer = https(server.address(), version, made.cert.der().clone());
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{version:?}: {answer}");
    }
    let plain =
        crate::raw::send(server.address(), &crate::raw::request("GET /healthz HTTP/1.1", &["Host: h"], b""));
    assert_ne!(plain.status, 200, "a TLS listener answers no plain request");
}

fn https(
    address: &str,
    version: &'static SupportedProtocolVersion,
    root: rustls_pki_types::CertificateDer<'static>,
) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    // The end of the stream may come without a close_notify; what was read counts.
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_do_not_reach_the_log() {
    let server = Server::start(&["--log", "trace"]);
    let tenant = server.tenant("T");
    let mut body = user("mira@example.com");
    body["password"] = json!("canary-hunter2");
    tenant.client.post("/Users", &body).await.expect(201);
    tenant.client.with_key("mst_canary_wrong").get("/Users").await.expect(401);
    let log = server.log();
    for secret in [tenant.client.key.as_str(), "canary-hunter2", "mst_canary_wrong"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
