//! The accept loop over real sockets: plain, TLS, slow and rude clients, shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use web::{Limits, Tls};

use super::House;

struct Running {
    house: House,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

async fn start(tls: Option<Tls>, limits: Limits) -> Running {
    let house = House::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let app = house.app.clone();
    let server = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        web::serve(listener, app, tls, limits, shutdown).await
    });
    Running { house, address, stop, server }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn head(&self, line: &str, more: &str) -> String {
        let Self { house, .. } = self;
        let line = line.replacen(" /", &format!(" {}/", house.base()), 1);
        format!(
            "{line} HTTP/1.1\r\nHost: muster.example\r\nAuthorization: Bearer {}\r\n{more}\r\n",
            house.key
        )
    }
}

/// Send, then read until the server closes.
async fn say<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

#[tokio::test]
async fn literal_quotes_in_a_filter_are_understood() {
    let running = start(None, Limits::default()).await;
    running.house.new_user("ada").await;
    let head = running.head("GET /Users?filter=userName+eq+\"ada\"", "Connection: close\r\n");
    let answer = say(running.connect().await, &head).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"totalResults\":1"), "{answer}");
}

#[tokio::test]
async fn a_connection_carries_several_requests_and_bodies() {
    let running = start(None, Limits::default()).await;
    let body = super::user("ada \"quoted\"").to_string();
    let length = format!("Content-Length: {}\r\nContent-Type: application/json\r\n", body.len());
    let chunked = super::user("bob").to_string();
    let text = [
        running.head("POST /Users", &length),
        body,
        running.head("POST /Users", "Transfer-Encoding: chunked\r\n"),
        format!("{:x}\r\n{chunked}\r\n0\r\n\r\n", chunked.len()),
        running.head("GET /Users?filter=userName+eq+\"bob\"", ""),
        running.head("GET /Users/nobody", "Connection: close\r\n"),
    ];
    let answer = say(running.connect().await, &text.concat()).await;
    assert_eq!(statuses(&answer), ["201", "201", "200", "404"], "{answer}");
    assert!(answer.contains(r#"ada \"quoted\""#));
}

#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    let running = start(None, Limits::default()).await;
    for more in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\nConnection: close\r\n",
    ] {
        let text = running.head("POST /Users", more) + "0\r\n\r\n";
        let answer = say(running.connect().await, &text).await;
        assert_eq!(statuses(&answer), ["400"], "{more}: {answer}");
    }
    let none = "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&say(running.connect().await, none).await), ["400"], "no Host");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_cut_off() {
    let short =
        Limits { head: Duration::from_millis(50), idle: Duration::from_millis(50), ..Limits::default() };
    let running = start(None, short).await;
    for text in [
        "",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        // Heads behind which it is not certain where the next request begins must not buy endless time.
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ] {
        // It ends, whatever the client does; without the limit this test would wait for ever.
        say(running.connect().await, text).await;
    }
}

#[tokio::test]
async fn a_connection_in_use_outlives_the_idle_limit() {
    let running = start(None, Limits { idle: Duration::from_millis(400), ..Limits::default() }).await;
    let head = running.head("GET /ServiceProviderConfig", "");
    let mut stream = running.connect().await;
    // Eight pauses, each well within the limit and together well over it.
    for request in 0..8 {
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !String::from_utf8_lossy(&answer).contains("\"meta\"") {
            let read = stream.read_buf(&mut answer).await.unwrap_or(0);
            assert!(read > 0, "cut off at request {request}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut rest = Vec::new();
    let idle = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert!(idle.is_ok(), "an idle connection is closed");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_answered_not_reset() {
    let running = start(None, Limits::default()).await;
    let bytes = scim::limits::BODY_BYTES + 1;
    let more = format!("Content-Length: {bytes}\r\nConnection: close\r\n");
    let text = running.head("POST /Users", &more) + &" ".repeat(bytes);
    assert_eq!(statuses(&say(running.connect().await, &text).await), ["413"]);
}

#[tokio::test]
async fn shutdown_lets_running_requests_end() {
    let running = start(None, Limits::default()).await;
    let body = super::user("late").to_string();
    let (first, rest) = body.split_at(10);
    let mut stream = running.connect().await;
    let head =
        running.head("POST /Users", &format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len()));
    stream.write_all(head.as_bytes()).await.unwrap();
    // The interim answer says that the handler is at work.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"));
    let idle = running.connect().await;
    stream.write_all(first.as_bytes()).await.unwrap();
    running.stop.send(()).unwrap();
    let answer = say(stream, rest).await;
    assert_eq!(statuses(&answer), ["201"], "{answer}");
    assert_eq!(say(idle, "").await, "");
    running.server.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

/// A write that has been read to its end is carried out, whether or not the client waits for the answer.
#[tokio::test]
async fn a_client_that_goes_away_does_not_undo_its_write() {
    let running = start(None, Limits::default()).await;
    for n in 0..20 {
        let body = super::user(&format!("user{n}")).to_string();
        let head = running.head("POST /Users", &format!("Content-Length: {}\r\n", body.len()));
        let mut stream = running.connect().await;
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        drop(stream);
    }
    running.stop.send(()).unwrap();
    running.server.await.unwrap().unwrap();
    // All or nothing: each user that is there is whole, and its log entry is there too.
    running.house.directory.flush().await.unwrap();
    let users = running.house.get("/Users?count=100").await.json();
    let query = directory::ExchangeQuery { limit: 100, ..Default::default() };
    let logged = running.house.directory.request_log(&running.house.tenant, query).await.unwrap();
    assert_eq!(users["totalResults"], logged.iter().filter(|row| row.exchange.status == 201).count());
}

#[tokio::test]
async fn tls_of_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["muster.example".into()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let running = start(Some(Tls::from_pem_files(&certificate, &key).unwrap()), Limits::default()).await;
    for version in [&tokio_rustls::rustls::version::TLS12, &tokio_rustls::rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("muster.example").unwrap();
        let stream =
            TlsConnector::from(Arc::new(config)).connect(name, running.connect().await).await.unwrap();
        let answer = say(stream, &running.head("GET /Users", "Connection: close\r\n")).await;
        assert_eq!(statuses(&answer), ["200"], "{version:?}: {answer}");
    }
    let plain = say(running.connect().await, &running.head("GET /Users", "Connection: close\r\n")).await;
    assert!(!plain.contains("200"), "{plain}");
    assert!(Tls::from_pem_files(&key, &certificate).is_err());
    assert!(Tls::from_pem_files(&folder.path().join("none"), &key).is_err());
}
