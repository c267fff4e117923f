//! A relay in front of a target: passes every byte on and writes down what was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const METHODS: [&str; 5] = ["GET ", "POST ", "PUT ", "PATCH ", "DELETE "];

#[derive(Clone)]
pub(crate) struct Relay {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    lines: Arc<Mutex<Vec<String>>>,
    conflicts: Arc<AtomicUsize>,
}

impl Relay {
    /// To `HOST:PORT`.
    pub(crate) async fn to(address: String) -> Self {
        Self::slowly(address, Duration::ZERO).await
    }

    /// Answers are kept back for so long, so that much is done at the target and not known yet.
    pub(crate) async fn slowly(address: String, delay: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let conflicts = Arc::new(AtomicUsize::new(0));
        let relay = Self { url, lines: lines.clone(), conflicts: conflicts.clone() };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (lines, conflicts, address) = (lines.clone(), conflicts.clone(), address.clone());
                tokio::spawn(async move {
                    let _ = pass(near, &address, &lines, conflicts, delay).await;
                });
            }
        });
        relay
    }

    /// Answers of 409 so far.
    pub(crate) fn conflicts(&self) -> usize {
        self.conflicts.load(Ordering::SeqCst)
    }

    /// What was asked since the last time, as in `PATCH /Users/7`.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

async fn pass(
    near: TcpStream,
    address: &str,
    lines: &Mutex<Vec<String>>,
    conflicts: Arc<AtomicUsize>,
    delay: Duration,
) -> std::io::Result<()> {
    let far = TcpStream::connect(address).await?;
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    tokio::spawn(async move {
        let mut part = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = far_in.read(&mut part).await {
            // A head of an answer comes in one piece from a server on the same machine.
            if part[..count].starts_with(b"HTTP/1.1 409") {
                conflicts.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(delay).await;
            if near_out.write_all(&part[..count]).await.is_err() {
                return;
            }
        }
    });
    let (mut seen, mut part) = (String::new(), vec![0; 16 * 1024]);
    loop {
        let count = near_in.read(&mut part).await?;
        if count == 0 {
            return far_out.shutdown().await;
        }
        seen.push_str(&String::from_utf8_lossy(&part[..count]));
        while let Some(end) = seen.find(" HTTP/1.1\r\n") {
            let line = &seen[..end];
            // What stands before it is the body of the request before.
            if let Some(at) = METHODS.iter().filter_map(|m| line.rfind(&format!("{m}/"))).max() {
                lines.lock().unwrap().push(line[at..].to_owned());
            }
            seen.drain(..end + 11);
        }
        far_out.write_all(&part[..count]).await?;
    }
}
