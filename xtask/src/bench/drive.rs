//! One slice of a scenario: so many connections, each waiting for its answer, for a time or a number of operations.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::client::Connection;
use super::scenario::{Amount, Scenario};

/// Wrong answers after which a slice is given up.
const ERRORS_MAX: u64 = 20;

#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: usize,
    /// Of a slice that is not counted.
    pub(super) duration: Duration,
    /// A slice that takes longer has failed.
    pub(super) limit: Duration,
}

/// What one slice showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// Microseconds of each operation that was answered rightly, sorted.
    pub(super) latencies: Vec<u32>,
    pub(super) seconds: f64,
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    /// Bytes of all bodies, and how many there were.
    pub(super) bytes: u64,
    pub(super) answers: u64,
}

#[derive(Default)]
struct Tally {
    next: Cell<u64>,
    errors: Cell<u64>,
    first_error: RefCell<Option<String>>,
    bytes: Cell<u64>,
    answers: Cell<u64>,
}

/// As many operations as asked, numbered from `first`.
pub(super) async fn drive(
    address: SocketAddr,
    load: Load,
    scenario: &Scenario,
    amount: Amount,
    first: u64,
) -> anyhow::Result<Slice> {
    let tally = Rc::new(Tally::default());
    let started = Instant::now();
    let ends = |number: u64| match amount {
        Amount::Count(count) => number >= count,
        Amount::Time => started.elapsed() >= load.duration,
    };
    let connections = (0..load.connections).map(|_| one(address, scenario, first, &tally, &ends));
    let all = tokio::time::timeout(load.limit, join_all(connections)).await;
    let outcomes = all.map_err(|_| {
        anyhow::anyhow!("{}: not over after {} s, the limit", scenario.name, load.limit.as_secs())
    })?;
    let mut slice = Slice { seconds: started.elapsed().as_secs_f64(), ..Slice::default() };
    for outcome in outcomes {
        slice.latencies.extend(outcome.with_context(|| scenario.name.clone())?);
    }
    slice.latencies.sort_unstable();
    slice.errors = tally.errors.get();
    slice.first_error = tally.first_error.take();
    (slice.bytes, slice.answers) = (tally.bytes.get(), tally.answers.get());
    Ok(slice)
}

async fn one(
    address: SocketAddr,
    scenario: &Scenario,
    first: u64,
    tally: &Tally,
    ends: &dyn Fn(u64) -> bool,
) -> anyhow::Result<Vec<u32>> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Vec::new();
    loop {
        let number = tally.next.replace(tally.next.get() + 1);
        if ends(number) || tally.errors.get() >= ERRORS_MAX {
            return Ok(latencies);
        }
        let began = Instant::now();
        match operation(&mut connection, scenario, first + number, tally).await {
            Ok(()) => latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)),
            Err(wrong) => {
                tally.errors.set(tally.errors.get() + 1);
                tally.first_error.borrow_mut().get_or_insert(wrong);
            }
        }
    }
}

/// The steps of one operation, each with its answer checked.
async fn operation(
    connection: &mut Connection,
    scenario: &Scenario,
    number: u64,
    tally: &Tally,
) -> Result<(), String> {
    let mut id = String::new();
    for step in &scenario.steps {
        let ask = (step.ask)(number, &id);
        let (status, body) = connection.exchange(&ask.request).await.map_err(|error| format!("{error:#}"))?;
        tally.bytes.set(tally.bytes.get() + body.len() as u64);
        tally.answers.set(tally.answers.get() + 1);
        ask.expect.judge(status, body)?;
        if let Some(made) = &step.makes {
            id = id_of(body)?;
            made.borrow_mut().push(id.clone());
        }
    }
    Ok(())
}

/// The id of a resource that was answered.
pub(super) fn id_of(body: &[u8]) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    match value.get("id") {
        Some(serde_json::Value::String(id)) => Ok(id.clone()),
        Some(other) if other.is_number() => Ok(other.to_string()),
        _ => Err(format!("an answer without an id: {}", super::ask::excerpt(body))),
    }
}

async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |cx| {
        for (future, output) in &mut pending {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *output = Some(value);
            }
        }
        if pending.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(pending.iter_mut().filter_map(|(_, output)| output.take()).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
