//! A lean HTTP/1.1 client: keep-alive connections, prepared requests, every answer checked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scenario::Scenario;

/// How much to send: for a time, or a number of requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) duration: Duration,
    pub(super) requests: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) per_second: f64,
    pub(super) p50_us: u32,
    pub(super) p99_us: u32,
}

impl Measured {
    /// The slice of median throughput.
    pub(super) fn median(mut slices: Vec<Measured>) -> Measured {
        slices.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        slices[slices.len() / 2]
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            self.fill().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let status = text.get(9..12).context("a status line")?.parse()?;
        let length = text
            .lines()
            .find_map(|l| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("content-length")))
            .map_or(Ok(0), |(_, v)| v.trim().parse::<usize>())?;
        while self.buffer.len() < head + 4 + length {
            self.fill().await?;
        }
        Ok(Answer { status, body: self.buffer[head + 4..].to_vec() })
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// A request with the usual headers.
pub(super) fn request(method: &str, path: &str, key: &str, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n");
    if let Some(body) = body {
        text +=
            &format!("Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}

/// Drive one scenario. A wrong answer is an error, not a data point.
pub(super) async fn drive(
    address: SocketAddr,
    load: Load,
    scenario: &Scenario,
    slice: usize,
) -> anyhow::Result<Measured> {
    let next = Arc::new(AtomicU64::new(0));
    let base = slice as u64 * load.requests.unwrap_or(0);
    let started = Instant::now();
    let connections =
        (0..load.connections).map(|_| one(address, load, scenario, base, next.clone(), started));
    let mut latencies = Vec::new();
    for outcome in join_all(connections).await {
        latencies.extend(outcome.with_context(|| scenario.name.clone())?);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |q: f64| latencies.get((latencies.len() as f64 * q) as usize).copied().unwrap_or_default();
    Ok(Measured { per_second: latencies.len() as f64 / seconds, p50_us: at(0.5), p99_us: at(0.99) })
}

async fn one(
    address: SocketAddr,
    load: Load,
    scenario: &Scenario,
    base: u64,
    next: Arc<AtomicU64>,
    started: Instant,
) -> anyhow::Result<Vec<u32>> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let finished = match load.requests {
            Some(requests) => number >= requests,
            None => started.elapsed() >= load.duration,
        };
        if finished {
            return Ok(latencies);
        }
        let request = (scenario.request)(base + number);
        let sent = Instant::now();
        let answer = connection.send(&request).await?;
        latencies.push(u32::try_from(sent.elapsed().as_micros())?);
        if answer.status != scenario.status || !contains(&answer.body, scenario.contains) {
            bail!("unexpected answer {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    text.is_empty() || find(body, text.as_bytes()).is_some()
}

async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (future, output) in pending.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) {
            std::task::Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
