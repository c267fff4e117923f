//! What the process counts, in the Prometheus text format. Nothing here names a tenant, a key or a person.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use parking_lot::RwLock;

/// Upper bounds of the duration histogram, in microseconds.
const BOUNDS: [u64; 13] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000,
];

/// A route template, a method and a status: bounded, because only templates are named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Series {
    route: Arc<str>,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: RwLock<HashMap<Series, AtomicU64>>,
    durations: Histogram,
    rate_limited: AtomicU64,
    unauthenticated: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    connections: AtomicU64,
    connections_open: AtomicU64,
}

/// A number that somebody else keeps and `/metrics` shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) help: &'static str,
    pub(crate) value: u64,
}

impl Metrics {
    pub(crate) fn answered(&self, route: &Arc<str>, method: &Method, status: u16, took: Duration) {
        let series = Series { route: route.clone(), method: method_name(method), status };
        let known = self.requests.read().get(&series).map(|n| n.fetch_add(1, Ordering::Relaxed)).is_some();
        if !known {
            self.requests.write().entry(series).or_default().fetch_add(1, Ordering::Relaxed);
        }
        self.durations.observe(took);
    }

    pub(crate) fn rate_limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unauthenticated(&self) {
        self.unauthenticated.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.connections_open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_closed(&self) {
        self.connections_open.fetch_sub(1, Ordering::Relaxed);
    }

    /// The Prometheus text exposition format, version 0.0.4.
    pub(crate) fn render(&self, readings: &[Reading]) -> String {
        let mut out = String::with_capacity(4096);
        self.render_requests(&mut out);
        self.durations.render(&mut out);
        let own = [
            ("muster_rate_limited_total", "counter", "Requests answered 429.", &self.rate_limited),
            ("muster_unauthenticated_total", "counter", "SCIM requests answered 401.", &self.unauthenticated),
            ("muster_panics_total", "counter", "Requests whose handler panicked.", &self.panics),
            ("muster_request_timeouts_total", "counter", "Requests that took too long.", &self.timeouts),
            ("muster_connections_total", "counter", "Connections accepted.", &self.connections),
            ("muster_connections_open", "gauge", "Connections open now.", &self.connections_open),
        ];
        for (name, kind, help, value) in own {
            render_one(&mut out, &Reading { name, kind, help, value: value.load(Ordering::Relaxed) });
        }
        for reading in readings {
            render_one(&mut out, reading);
        }
        out
    }

    fn render_requests(&self, out: &mut String) {
        let requests = self.requests.read();
        let mut lines: Vec<_> =
            requests.iter().map(|(s, n)| (s.clone(), n.load(Ordering::Relaxed))).collect();
        drop(requests);
        lines.sort();
        out.push_str(
            "# HELP muster_requests_total Requests answered.\n# TYPE muster_requests_total counter\n",
        );
        for (Series { route, method, status }, n) in lines {
            let _ = writeln!(
                out,
                "muster_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}} {n}"
            );
        }
    }
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) =
            BOUNDS.iter().zip(&self.buckets).find_map(|(bound, b)| (microseconds <= *bound).then_some(b))
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    fn render(&self, out: &mut String) {
        const NAME: &str = "muster_request_duration_seconds";
        let _ = writeln!(
            out,
            "# HELP {NAME} Time from the request's head to the answer.\n# TYPE {NAME} histogram"
        );
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{NAME}_bucket{{le=\"{}\"}} {below}", seconds(*bound));
        }
        let count = self.count.load(Ordering::Relaxed);
        let _ = writeln!(out, "{NAME}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{NAME}_sum {}", seconds(self.microseconds.load(Ordering::Relaxed)));
        let _ = writeln!(out, "{NAME}_count {count}");
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a sum of durations, shown; no decision rests on its last digits"
)]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

fn render_one(out: &mut String, Reading { name, kind, help, value }: &Reading) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

/// A client may invent methods; a metric may not grow with them.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_route_template_and_status() {
        let metrics = Metrics::default();
        let route: Arc<str> = "/scim/v2/{tenant}/Users".into();
        for _ in 0..3 {
            metrics.answered(&route, &Method::GET, 200, Duration::from_micros(300));
        }
        metrics.answered(&route, &Method::from_bytes(b"BREW").unwrap(), 405, Duration::from_secs(60));
        metrics.rate_limited();
        let reading = Reading { name: "muster_x", kind: "gauge", help: "X.", value: 7 };
        let text = metrics.render(&[reading]);
        for line in [
            r#"muster_requests_total{route="/scim/v2/{tenant}/Users",method="GET",status="200"} 3"#,
            r#"muster_requests_total{route="/scim/v2/{tenant}/Users",method="other",status="405"} 1"#,
            r#"muster_request_duration_seconds_bucket{le="0.00025"} 0"#,
            r#"muster_request_duration_seconds_bucket{le="0.0005"} 3"#,
            r#"muster_request_duration_seconds_bucket{le="+Inf"} 4"#,
            "muster_request_duration_seconds_count 4",
            "muster_rate_limited_total 1",
            "muster_x 7",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }
}
