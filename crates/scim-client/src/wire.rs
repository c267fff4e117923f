//! One request, one answer: sent over a checked connection, read within limits, kept as an exchange.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, DATE, RETRY_AFTER};
use http::{HeaderMap, Method, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::connector::{ConnectError, Connector};
use crate::exchange::{Exchange, Redactor, Timings};
use crate::failure::{Failure, FailureKind, Phase};
use crate::limits;
use crate::retry_after;
use crate::tls::{self, TlsOptions};
use crate::transport::Transport;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving, connecting and agreeing on TLS.
    pub connect: Duration,
    /// Sending the request and waiting for the head of the answer.
    pub head: Duration,
    /// Reading the whole body, however it drips.
    pub body: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
        }
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// As it came; [`Exchange`] keeps it shortened and without secrets.
    pub body: Bytes,
    pub exchange: Exchange,
}

impl Reply {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What `Retry-After` asks for, measured by the answer's own `Date` where it has one.
    pub fn retry_after(&self) -> Option<Duration> {
        let now = self.header(DATE.as_str()).and_then(retry_after::timestamp).unwrap_or(self.exchange.at);
        retry_after::parse(self.header(RETRY_AFTER.as_str())?, now)
    }
}

pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) body_max: usize,
}

#[derive(Clone)]
pub(crate) struct Wire {
    http: legacy::Client<Connector, Full<Bytes>>,
    transport: Transport,
    timeouts: Timeouts,
    evidence_bytes: usize,
}

impl Wire {
    /// # Errors
    /// What is wrong with the TLS options.
    pub(crate) fn new(
        transport: Transport,
        tls: &TlsOptions,
        timeouts: Timeouts,
        evidence_bytes: usize,
    ) -> Result<Self, String> {
        let tls = Arc::new(tls::config(tls)?);
        let connector = Connector { transport: transport.clone(), tls, timeout: timeouts.connect };
        // Nothing here follows redirects, reads proxy variables or decompresses.
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::CONNECTION_IDLE)
            .http1_max_buf_size(limits::HEAD_BYTES)
            .http1_max_headers(limits::HEADERS)
            .build(connector);
        Ok(Self { http, transport, timeouts, evidence_bytes })
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Reply, Failure> {
        let at = (self.transport.clock)();
        let mut record = Record::new(&outgoing, at, self.evidence_bytes);
        let uri: Uri = match outgoing.url.parse() {
            Ok(uri) => uri,
            Err(error) => {
                let kind = FailureKind::Unsendable(format!("its URL is not one: {error}"));
                return Err(record.failed(kind));
            }
        };
        let mut request = http::Request::new(Full::new(outgoing.body));
        *request.method_mut() = outgoing.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = outgoing.headers;

        // The connector keeps its own time; when this runs out, the request has been sent.
        let deadline = Instant::now() + self.timeouts.connect + self.timeouts.head;
        let response = match timeout_at(deadline, self.http.request(request)).await {
            Err(_) => return Err(record.failed(FailureKind::Timeout(Phase::Head))),
            Ok(Err(error)) => return Err(record.failed(unanswered(&error))),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        record.head(head.status.as_u16(), &head.headers);
        let read = self.read(body, &head.headers, outgoing.body_max).await;
        match read {
            Ok(body) => {
                let status = head.status.as_u16();
                Ok(Reply { status, exchange: record.answered(&body), headers: head.headers, body })
            }
            Err((kind, part)) => {
                record.body(&part);
                Err(record.failed(kind))
            }
        }
    }

    /// The body, or why not and the part that was read.
    async fn read(
        &self,
        mut body: Incoming,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<Bytes, (FailureKind, Bytes)> {
        let declared = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limit as u64) {
            return Err((FailureKind::TooLarge { limit }, Bytes::new()));
        }
        let deadline = Instant::now() + self.timeouts.body;
        let mut read = BytesMut::new();
        loop {
            let frame = match timeout_at(deadline, body.frame()).await {
                Err(_) => return Err((FailureKind::Timeout(Phase::Body), read.freeze())),
                Ok(None) => return Ok(read.freeze()),
                Ok(Some(Err(error))) => return Err((broken(&error, Phase::Body), read.freeze())),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            if read.len().saturating_add(data.len()) > limit {
                return Err((FailureKind::TooLarge { limit }, read.freeze()));
            }
            read.extend_from_slice(&data);
        }
    }
}

/// Why there is no answer.
fn unanswered(error: &legacy::Error) -> FailureKind {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(ConnectError(kind)) = error.downcast_ref() {
            return kind.clone();
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return broken(error, Phase::Head);
        }
        source = error.source();
    }
    FailureKind::Unsendable(error.to_string())
}

fn broken(error: &hyper::Error, phase: Phase) -> FailureKind {
    if error.is_parse() { FailureKind::BrokenHttp(error.to_string()) } else { FailureKind::Reset(phase) }
}

/// The exchange in the making.
struct Record {
    exchange: Exchange,
    redactor: Arc<Redactor>,
    evidence_bytes: usize,
    started: Instant,
}

impl Record {
    fn new(outgoing: &Outgoing, at: Timestamp, evidence_bytes: usize) -> Self {
        let Outgoing { method, url, headers, body, redactor, .. } = outgoing;
        let (request_body, truncated) = redactor.body(body, evidence_bytes);
        let exchange = Exchange {
            at,
            method: method.to_string(),
            url: redactor.text(url),
            request_headers: redactor.headers(headers),
            request_body,
            status: None,
            response_headers: Vec::new(),
            response_body: None,
            truncated,
            timings: Timings::default(),
            error: None,
        };
        Self { exchange, redactor: Arc::clone(redactor), evidence_bytes, started: Instant::now() }
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn head(&mut self, status: u16, headers: &HeaderMap) {
        self.exchange.timings.head_us = Some(self.elapsed_us());
        self.exchange.status = Some(status);
        self.exchange.response_headers = self.redactor.headers(headers);
    }

    fn body(&mut self, body: &[u8]) {
        let (kept, truncated) = self.redactor.body(body, self.evidence_bytes);
        self.exchange.response_body = kept;
        self.exchange.truncated |= truncated;
    }

    fn answered(mut self, body: &[u8]) -> Exchange {
        self.body(body);
        self.exchange.timings.total_us = self.elapsed_us();
        self.exchange
    }

    fn failed(mut self, kind: FailureKind) -> Failure {
        self.exchange.timings.total_us = self.elapsed_us();
        let mut failure = Failure::new(kind);
        failure.status = self.exchange.status;
        self.exchange.error = Some(failure.cause());
        failure.with_exchange(self.exchange)
    }
}
