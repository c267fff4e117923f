//! The target, as the validator speaks to it: any request as it is, each kept as evidence, nothing sent twice but
//! what was throttled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use scim_client::target::Spaces;
use scim_client::{Client, Exchange, Failure, PacingOptions, Reply, Request, RetryPolicy, Target, Timeouts};
use serde::Serialize;

use crate::options::Options;
use crate::run::Refusal;

/// A request with its response, secrets taken out.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Made something the check stands on; it is not what is judged.
    pub preparation: bool,
    #[serde(flatten)]
    pub exchange: Exchange,
    /// Sends it again, with the credential in the variable `TOKEN`.
    pub curl: String,
}

impl Evidence {
    pub(crate) fn new(exchange: Exchange, preparation: bool) -> Self {
        Self { preparation, curl: exchange.curl(), exchange }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

pub(crate) struct Sent {
    pub(crate) exchange: Exchange,
    /// Or why there was no answer.
    pub(crate) answer: Result<Answer, String>,
    /// Whether the target may have carried it out although nothing says so.
    pub(crate) ambiguous: bool,
}

#[derive(Clone)]
pub(crate) struct Wire {
    client: Client,
    url: String,
    started: Timestamp,
    requests: Arc<AtomicU64>,
}

/// Times that a throttled request is sent again.
const THROTTLED_MAX: u32 = 5;
/// Requests in flight at most: races need company.
const IN_FLIGHT: u32 = 64;
/// Bytes of each body that a report keeps.
const EVIDENCE_BYTES: usize = 16 * 1024;

impl Wire {
    pub(crate) fn new(options: &Options) -> Result<Self, Refusal> {
        let refused = |why: String| Refusal::Target { why };
        let target =
            Target::parse(&options.target, &options.transport.policy).map_err(|e| refused(e.to_string()))?;
        let url = target.to_string();
        let client = scim_client::Options {
            credentials: options.auth.clone(),
            tls: options.tls.clone(),
            timeouts: Timeouts { head: options.timeout, body: options.timeout, ..Timeouts::default() },
            evidence_bytes: EVIDENCE_BYTES,
            body_bytes_max: 32 * 1024 * 1024,
            pacing: PacingOptions { per_second_max: options.rps, ..PacingOptions::fixed(IN_FLIGHT) },
            retry: RetryPolicy::NEVER,
            // `+` for a blank has a check of its own.
            spaces: Spaces::Percent,
            ..scim_client::Options::default()
        };
        let client =
            Client::new(target, options.transport.clone(), client).map_err(|e| refused(e.to_string()))?;
        let started = (options.transport.clock)();
        Ok(Self { client, url, started, requests: Arc::default() })
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn started(&self) -> Timestamp {
        self.started
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) async fn send(&self, request: &Request) -> Sent {
        let mut throttled = 0;
        loop {
            self.requests.fetch_add(1, Ordering::Relaxed);
            match self.client.send(request).await {
                // No check is about throttling: it is waited for as asked.
                Ok(reply) if reply.status == 429 && throttled < THROTTLED_MAX => {
                    throttled += 1;
                    let asked = reply.retry_after().unwrap_or(Duration::from_secs(1));
                    tokio::time::sleep(asked.min(Duration::from_secs(30))).await;
                }
                Ok(reply) => return answered(reply),
                Err(failure) => return unanswered(request, &failure, self.started),
            }
        }
    }
}

fn answered(reply: Reply) -> Sent {
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    // A server may fail after it has stored; a proxy may fail after it has passed on.
    let ambiguous = reply.status >= 500;
    Sent { answer: Ok(Answer { status: reply.status, headers, text }), exchange: reply.exchange, ambiguous }
}

fn unanswered(request: &Request, failure: &Failure, at: Timestamp) -> Sent {
    let why = failure.to_string();
    let exchange = failure.exchange.as_deref().cloned().unwrap_or_else(|| Exchange {
        at,
        method: request.method.to_string(),
        url: request.path.clone(),
        request_headers: Vec::new(),
        request_body: None,
        status: None,
        response_headers: Vec::new(),
        response_body: None,
        truncated: false,
        timings: scim_client::Timings::default(),
        error: Some(why.clone()),
    });
    Sent { exchange, answer: Err(why), ambiguous: failure.is_ambiguous() }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("url", &self.url).finish_non_exhaustive()
    }
}
