//! A server made of a script: it answers, resets, drips, is silent, or never ends.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use scim_client::client::Options;
use scim_client::transport::Resolving;
use scim_client::{AddressPolicy, Client, PacingOptions, Resolve, RetryPolicy, Target, Timeouts, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One thing the server does with a request.
pub(crate) enum Act {
    Send(Vec<u8>),
    /// The same bytes for ever.
    Endless(&'static [u8]),
    /// Nothing, with the connection open.
    Silence,
    Close,
    Reset,
}

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query, as on the wire.
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(usize, &Received) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, count, script) = (Arc::clone(&received), Arc::clone(&connections), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    let _ = converse(stream, &log, &*script).await;
                });
            }
        });
        Self { address, received, connections }
    }

    /// Always the same answer.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, _| vec![Act::Send(answer.clone())]).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(options())
    }

    pub(crate) fn client_with(&self, options: Options) -> Client {
        let transport = transport(AddressPolicy::loopback());
        let target = Target::parse(&self.url(), &transport.policy).unwrap();
        Client::new(target, transport, options).unwrap()
    }
}

async fn converse(
    mut stream: TcpStream,
    log: &Mutex<Vec<Received>>,
    script: &(dyn Fn(usize, &Received) -> Vec<Act> + Send + Sync),
) -> io::Result<()> {
    while let Some(request) = read(&mut stream).await? {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(request.clone());
            log.len() - 1
        };
        for act in script(number, &request) {
            match act {
                Act::Send(bytes) => stream.write_all(&bytes).await?,
                Act::Endless(bytes) => loop {
                    stream.write_all(bytes).await?;
                },
                Act::Silence => std::future::pending().await,
                Act::Close => return stream.shutdown().await,
                Act::Reset => return stream.set_zero_linger(),
            }
        }
    }
    Ok(())
}

pub(crate) async fn read(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Option<Received>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&part[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut request = Received { method, path, head, body: String::new() };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes[end..].to_vec();
    while body.len() < length {
        let mut part = vec![0; length - body.len()];
        let count = stream.read(&mut part).await?;
        body.extend_from_slice(&part[..count]);
    }
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(request))
}

/// An answer with a body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    format!("{text}\r\n{body}").into_bytes()
}

pub(crate) fn scim(status: &str, body: &str) -> Vec<u8> {
    answer(status, &["content-type: application/scim+json"], body)
}

/// An answer whose length is not said; it ends with the connection.
pub(crate) fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// Generous times, no waits, no repetition: what a test is about it sets itself.
pub(crate) fn options() -> Options {
    Options {
        retry: RetryPolicy::NEVER,
        pacing: PacingOptions { pause: Duration::ZERO, ..PacingOptions::default() },
        ..Options::default()
    }
}

/// For a server that lets the client wait.
pub(crate) fn impatient() -> Options {
    let short = Duration::from_millis(150);
    Options { timeouts: Timeouts { connect: short, head: short, body: short }, ..options() }
}

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn transport(policy: AddressPolicy) -> Transport {
    Transport::new(policy, now, || 0.5)
}

/// Names and their addresses.
pub(crate) struct Names(pub(crate) Vec<(&'static str, Vec<IpAddr>)>, pub(crate) Arc<AtomicUsize>);

impl Names {
    pub(crate) fn new(names: Vec<(&'static str, Vec<IpAddr>)>) -> Self {
        Self(names, Arc::default())
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let found = self.0.iter().find(|(name, _)| *name == host).map(|(_, addresses)| addresses.clone());
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}
