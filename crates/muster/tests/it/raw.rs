//! Requests that no HTTP library would send, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::server::PATIENCE;

#[derive(Debug)]
pub(crate) struct Raw {
    /// 0 when the connection was closed without an answer
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Send bytes, read one answer until the connection ends. The request must ask for `Connection: close`.
pub(crate) fn send(address: &str, bytes: &[u8]) -> Raw {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.set_write_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early may close while we still write.
    let _ = connection.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = connection.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..n]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Raw { status, text }
}

/// A request with exactly these header lines, and a body with its length.
pub(crate) fn request(line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line}\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"Connection: close\r\n");
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
