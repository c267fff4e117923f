//! A target made of a rule: path and query in, answer out.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) enum Reply {
    /// Status line, content type, body.
    Answer(&'static str, &'static str, String),
    /// Nothing, with the connection open.
    Silence,
    Close,
}

pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

const SCIM: &str = "application/scim+json";

pub(crate) fn scim(status: &'static str, body: impl Into<String>) -> Reply {
    Reply::Answer(status, SCIM, body.into())
}

pub(crate) fn empty_list() -> Reply {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;
    scim("200 OK", body)
}

pub(crate) fn error(status: &'static str, detail: &str) -> Reply {
    let number = status.split(' ').next().unwrap();
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"{number}","detail":"{detail}"}}"#
    );
    scim(status, body)
}

impl Target {
    /// `rule` gets the path, without the query.
    pub(crate) async fn start(rule: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (log, rule) = (Arc::clone(&heads), Arc::new(rule));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&log), Arc::clone(&rule)));
            }
        });
        Self { address, heads }
    }

    /// Everything as it should be, and nobody there.
    pub(crate) async fn good() -> Self {
        Self::start(|path| match path {
            "/scim/Users" | "/scim/Groups" => empty_list(),
            _ => error("404 Not Found", "no such thing"),
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/scim", self.address)
    }

    /// Heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn converse(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<String>>>,
    rule: Arc<impl Fn(&str) -> Reply + Send + Sync>,
) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
            if head == [0x16] {
                // The beginning of TLS: said in HTTP that this is none.
                return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split([' ', '?']).nth(1).unwrap().to_owned();
        log.lock().unwrap().push(head);
        match rule(&path) {
            Reply::Answer(status, kind, body) => {
                let text = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(text.as_bytes()).await.ok()?;
            }
            Reply::Silence => std::future::pending().await,
            Reply::Close => return None,
        }
    }
}
