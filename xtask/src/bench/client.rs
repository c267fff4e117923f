//! A lean HTTP/1.1 client: keep-alive connections, requests written as bytes, no more parsed of an answer than is needed.

use std::net::SocketAddr;

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Framing, Head, dechunked, head_end};

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

pub(super) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Vec<u8>,
    /// Of the last answer; the next request needs a new connection.
    spent: bool,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, buffer: Vec::with_capacity(16 * 1024), body: Vec::new(), spent: false })
    }

    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let (status, body) = self.exchange(request).await?;
        Ok(Answer { status, body: body.to_vec() })
    }

    /// Status and body, which stays where it was read into.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        if self.spent {
            self.stream = connect(self.address).await?;
        }
        // Until the whole answer is there, what is on the connection is not known.
        self.spent = true;
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let end = loop {
            if let Some(at) = head_end(&self.buffer) {
                break at;
            }
            if !self.fill().await? {
                bail!("the server closed the connection instead of answering");
            }
        };
        let head = Head::parse(&self.buffer[..end])?;
        let start = end + 4;
        match head.framing {
            Framing::Length(length) => {
                self.buffer.reserve((start + length).saturating_sub(self.buffer.len()));
                while self.buffer.len() < start + length {
                    if !self.fill().await? {
                        bail!("the server closed the connection in the middle of an answer");
                    }
                }
            }
            Framing::Chunked => {
                self.body = loop {
                    if let Some(body) = dechunked(&self.buffer[start..])? {
                        break body;
                    }
                    if !self.fill().await? {
                        bail!("the server closed the connection in the middle of an answer");
                    }
                };
            }
            Framing::UntilClose => while self.fill().await? {},
        }
        self.spent = head.closes;
        let body = if head.framing == Framing::Chunked { &self.body[..] } else { &self.buffer[start..] };
        Ok((head.status, body))
    }

    /// `false` at the end of the stream.
    async fn fill(&mut self) -> anyhow::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A request with the usual headers, to a server on this machine.
pub(super) fn request(method: &str, path: &str, key: &str, body: Option<&str>) -> Vec<u8> {
    request_to("localhost", method, path, key, body)
}

pub(super) fn request_to(host: &str, method: &str, path: &str, key: &str, body: Option<&str>) -> Vec<u8> {
    let mut text = String::with_capacity(256 + body.map_or(0, str::len));
    for part in [method, " ", path, " HTTP/1.1\r\nHost: ", host, "\r\nAuthorization: Bearer ", key, "\r\n"] {
        text.push_str(part);
    }
    if let Some(body) = body {
        text += &format!("Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n", body.len());
        text += body;
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}
