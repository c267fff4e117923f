//! What became of the requests, and of the server's memory.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinHandle;

#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Microseconds from when it was due to when it was answered.
    reads: Vec<u32>,
    writes: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    lost: Vec<String>,
    unadvised: u64,
    elapsed: Duration,
}

impl Tally {
    pub(super) fn answer(&mut self, is_read: bool, took: Duration, status: u16, advice: Option<u32>) {
        *self.statuses.entry(status).or_default() += 1;
        if status == 429 {
            self.unadvised += u64::from(advice.is_none_or(|seconds| seconds == 0));
            return;
        }
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if is_read { self.reads.push(took) } else { self.writes.push(took) }
    }

    /// No answer came.
    pub(super) fn lost(&mut self, why: &str) {
        self.lost.push(why.to_owned());
    }

    pub(super) fn ended(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    pub(super) fn sum(tallies: &[Self]) -> Self {
        let mut all = Self::default();
        for tally in tallies {
            all.reads.extend(&tally.reads);
            all.writes.extend(&tally.writes);
            all.lost.extend(tally.lost.iter().cloned());
            all.unadvised += tally.unadvised;
            all.elapsed = all.elapsed.max(tally.elapsed);
            for (status, count) in &tally.statuses {
                *all.statuses.entry(*status).or_default() += count;
            }
        }
        all
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(super) fn sent(&self) -> u64 {
        self.statuses.values().sum::<u64>() + self.lost.len() as u64
    }

    pub(super) fn refused(&self) -> u64 {
        self.statuses.get(&429).copied().unwrap_or_default()
    }

    pub(super) fn taken(&self) -> u64 {
        self.statuses.iter().filter(|(status, _)| **status != 429).map(|(_, count)| count).sum()
    }

    /// 429 without a number of seconds.
    pub(super) fn refusals_without_advice(&self) -> u64 {
        self.unadvised
    }

    /// What should not have been: anything but success, and 404 for somebody who was deleted while the request was under way.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.faults_but_refusals();
        if self.refused() > 0 {
            faults.push(format!("429 {} times", self.refused()));
        }
        faults
    }

    pub(super) fn faults_but_refusals(&self) -> Vec<String> {
        let fine = |status: u16| (200..300).contains(&status) || [404, 429].contains(&status);
        let wrong = self.statuses.iter().filter(|(status, _)| !fine(**status));
        let mut faults: Vec<String> =
            wrong.map(|(status, count)| format!("{status} {count} times")).collect();
        if let Some(first) = self.lost.first() {
            faults.push(format!("{} without an answer, as {first}", self.lost.len()));
        }
        faults
    }

    pub(super) fn table(&self) -> String {
        let line = |name: &str, taken: &[u32]| {
            let mut sorted = taken.to_vec();
            sorted.sort_unstable();
            let at = |q: f64| {
                let number = ((sorted.len() as f64 * q) as usize).min(sorted.len().saturating_sub(1));
                f64::from(sorted.get(number).copied().unwrap_or_default()) / 1_000.0
            };
            let (p50, p99, most) = (at(0.5), at(0.99), at(1.0));
            format!(
                "  {name}: {} requests, p50 {p50:.1} ms, p99 {p99:.1} ms, at most {most:.1} ms",
                sorted.len()
            )
        };
        let statuses: Vec<String> = self.statuses.iter().map(|(s, n)| format!("{s}: {n}")).collect();
        format!(
            "{}\n{}\n  answers {}",
            line("reads", &self.reads),
            line("writes", &self.writes),
            statuses.join(", ")
        )
    }
}

/// Memory of a process that is its own, without the page cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory(u32);

#[derive(Debug)]
pub(super) struct Watched {
    /// KiB after a quarter of the time: caches are filled.
    pub(super) quarter: u64,
    pub(super) end: u64,
}

impl Watched {
    /// Grown by less than a quarter and 16 MiB: pools and caches that fill late, not a leak that grows with the requests.
    pub(super) fn is_flat(&self) -> bool {
        self.end <= self.quarter + self.quarter / 4 + 16 * 1024
    }
}

impl Memory {
    pub(super) fn of(process: u32) -> Self {
        Self(process)
    }

    fn kib(self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(super) fn watch(self, time: Duration) -> JoinHandle<Watched> {
        tokio::spawn(async move {
            tokio::time::sleep(time / 4).await;
            let quarter = self.kib();
            tokio::time::sleep(time - time / 4).await;
            Watched { quarter, end: self.kib() }
        })
    }
}
