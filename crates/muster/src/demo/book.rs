//! Steps, as they are taken: how long each took, how many requests, and whether it was as expected.

use std::time::Instant;

use indicatif::ProgressBar;

use super::client::Client;
use super::report::Step;

/// What a step counted, and what went wrong.
pub(super) struct Tally {
    pub(super) unit: &'static str,
    pub(super) expected: usize,
    pub(super) got: usize,
    pub(super) problems: Vec<String>,
}

impl Tally {
    pub(super) fn new(unit: &'static str, expected: usize, got: usize, problems: Vec<String>) -> Self {
        Self { unit, expected, got, problems }
    }

    /// Nothing can be counted, because something went wrong before.
    pub(super) fn failed(unit: &'static str, problem: impl Into<String>) -> Self {
        Self::new(unit, 1, 0, vec![problem.into()])
    }
}

pub(super) struct Book {
    client: Client,
    steps: Vec<Step>,
    bar: ProgressBar,
}

impl Book {
    pub(super) fn new(client: Client, bar: ProgressBar) -> Self {
        Self { client, steps: Vec::new(), bar }
    }

    pub(super) async fn write(&mut self, name: &'static str, step: impl Future<Output = Tally>) {
        self.note(name, async { (step.await, String::new()) }).await;
    }

    /// With something to say about how it went.
    pub(super) async fn note(&mut self, name: &'static str, step: impl Future<Output = (Tally, String)>) {
        self.bar.set_message(name);
        let (before, started) = (self.client.sent(), Instant::now());
        let (Tally { unit, expected, got, problems }, note) = step.await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let requests = self.client.sent() - before;
        self.steps.push(Step { name, requests, unit, expected, got, milliseconds, problems, note });
    }

    pub(super) fn close(self) -> Vec<Step> {
        self.bar.finish_and_clear();
        self.steps
    }
}
