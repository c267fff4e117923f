//! The outcome as a table, as Markdown and as JSON.

use serde_json::{Value, json};

use super::client::Measured;

pub(super) struct Row {
    pub(super) size: usize,
    pub(super) name: String,
    pub(super) ours: Measured,
    pub(super) bare: Measured,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.per_second / self.bare.per_second
    }

    pub(super) fn line(&self) -> String {
        format!(
            "{:<34} {:>8.0}/s  p50 {:>6} µs  p99 {:>7} µs  {:>4.0} % of bare {:.0}/s",
            self.name,
            self.ours.per_second,
            self.ours.p50_us,
            self.ours.p99_us,
            self.ratio() * 100.0,
            self.bare.per_second
        )
    }
}

pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    /// Users stored, anonymous memory in KiB.
    pub(super) memory: Vec<(usize, u64)>,
    pub(super) fsyncs: f64,
    pub(super) concurrency: usize,
}

impl Report {
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} in flight, SQLite, {:.0} durable 4 KiB writes/s here\n",
            self.concurrency, self.fsyncs
        );
        let mut size = 0;
        for row in &self.rows {
            if row.size != size {
                size = row.size;
                let memory = self.memory.iter().find(|(s, _)| *s == size).map_or(0, |(_, kib)| kib / 1024);
                text += &format!("\n{size} users ({memory} MiB anonymous memory)\n");
            }
            text += &format!("  {}\n", row.line());
        }
        text + "\n" + &self.growth()
    }

    /// Throughput at the largest size as a share of the smallest: 1.00 is flat.
    fn growth(&self) -> String {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return String::new() };
        let mut text = format!(
            "growth from {} to {} users (cost at the large size, 1.00 is flat)\n",
            first.size, last.size
        );
        for row in self.rows.iter().filter(|r| r.size == first.size) {
            if let Some(large) = self.rows.iter().find(|r| r.size == last.size && r.name == row.name) {
                text += &format!("  {:<34} {:.2}\n", row.name, row.ours.per_second / large.ours.per_second);
            }
        }
        text
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!(
            "{} in flight, SQLite with `synchronous=FULL`; the disk took {:.0} durable 4 KiB writes a second during the run.\n\n\
             | users | request | requests/s | p50 µs | p99 µs | bare/s | of bare |\n|---:|---|---:|---:|---:|---:|---:|\n",
            self.concurrency, self.fsyncs
        );
        for row in &self.rows {
            text += &format!(
                "| {} | {} | {:.0} | {} | {} | {:.0} | {:.0} % |\n",
                row.size,
                row.name,
                row.ours.per_second,
                row.ours.p50_us,
                row.ours.p99_us,
                row.bare.per_second,
                row.ratio() * 100.0
            );
        }
        for (size, kib) in &self.memory {
            text += &format!("\nAnonymous memory after the run at {size} users: {} MiB.\n", kib / 1024);
        }
        text + "\n```\n" + &self.growth() + "```\n"
    }

    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|r| {
            json!({ "users": r.size, "request": r.name, "per_second": r.ours.per_second, "p50_us": r.ours.p50_us,
                    "p99_us": r.ours.p99_us, "bare_per_second": r.bare.per_second, "ratio": r.ratio() })
        });
        json!({ "concurrency": self.concurrency, "fsyncs_per_second": self.fsyncs, "rows": rows.collect::<Vec<_>>(),
                "memory_kib": self.memory.iter().map(|(s, m)| json!({ "users": s, "anonymous": m })).collect::<Vec<_>>() })
    }
}
