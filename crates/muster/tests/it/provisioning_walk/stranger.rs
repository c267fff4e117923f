//! A web server that is no SCIM endpoint: it answers everything with one page, or that it has no time, or not at all.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PAGE: &str = "<!doctype html><title>Welcome</title><p>Sign in to go on</p>";

/// Gives `http://127.0.0.1:PORT`; below `/busy` everything is 429, below `/forbidden` 403, below `/silent`
/// nothing is answered, elsewhere there is a page.
pub(super) async fn open() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    url
}

/// An address where nobody listens any more.
pub(super) async fn gone() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(());
        }
        head.extend_from_slice(&part[..count]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    if head.split(' ').nth(1).is_some_and(|path| path.starts_with("/silent")) {
        // Until whoever asks has had enough and goes.
        while stream.read(&mut part).await? > 0 {}
        return Ok(());
    }
    let (status, more) = match head.split(' ').nth(1).unwrap_or_default() {
        path if path.starts_with("/busy") => ("429 Too Many Requests", "retry-after: 900\r\n"),
        path if path.starts_with("/forbidden") => ("403 Forbidden", ""),
        _ => ("200 OK", ""),
    };
    let reply = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
        PAGE.len()
    );
    stream.write_all(reply.as_bytes()).await
}
