//! The run: for each size the server is filled, then each scenario takes turns with what stands beside it, slice by slice.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::drive::{Load, Slice, drive};
use super::endpoint::Endpoint;
use super::figure::{Measured, median};
use super::population::{Population, RARE, line};
use super::process::{MemoryWatch, anonymous_bytes, cpu_seconds, load_average};
use super::report::{Filling, Neighbouring, Outcome, Report, Row};
use super::scan::Scan;
use super::scenario::{self, Amount, Beside, Scenario};
use super::server::{Floor, Muster, fsync_rate};
use super::write_set::WriteFloor;
use super::{Options, neighbour, postgres};

/// A slice that takes longer has failed.
const SLICE_LIMIT: Duration = Duration::from_secs(120);
/// After the start, before its memory is read.
const SETTLED: Duration = Duration::from_secs(2);
/// From here on users are imported from a file instead of sent one by one.
const IMPORT_FROM: usize = 20_000;

/// What is measured: a Muster of our own, or somebody's server.
pub(super) struct Subject {
    pub(super) endpoint: Rc<Endpoint>,
    pub(super) pid: Option<u32>,
    pub(super) muster: Option<Muster>,
    /// The data folder of our own.
    pub(super) data: PathBuf,
    pub(super) database_url: Option<String>,
}

pub(super) struct Run<'a> {
    options: &'a Options,
    subject: &'a Subject,
    bare: Floor,
    bare_endpoint: Endpoint,
    writes: Option<WriteFloor>,
    pgbench: Option<postgres::Pgbench>,
    memory: Option<MemoryWatch>,
    pub(super) population: Population,
    pub(super) report: Report,
}

impl<'a> Run<'a> {
    pub(super) async fn new(
        options: &'a Options,
        subject: &'a Subject,
        storage: String,
    ) -> anyhow::Result<Self> {
        let bare = Floor::start().await?;
        let bare_endpoint = Endpoint::of_url(&format!("http://{}", bare.address), "none", "").await?;
        if subject.pid.is_some() {
            tokio::time::sleep(SETTLED).await;
        }
        let report = Report {
            storage,
            idle: subject.pid.and_then(anonymous_bytes),
            load: (load_average(), String::new()),
            ..Report::default()
        };
        let memory = subject.pid.map(MemoryWatch::start);
        let (population, writes, pgbench) = (Population::new(), None, None);
        Ok(Self { options, subject, bare, bare_endpoint, writes, pgbench, memory, population, report })
    }

    pub(super) async fn all(&mut self) -> anyhow::Result<()> {
        let mut sizes = self.options.sizes.clone();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            self.pass(size).await.with_context(|| format!("at {size} users"))?;
        }
        self.report.load.1 = load_average();
        Ok(())
    }

    async fn pass(&mut self, size: usize) -> anyhow::Result<()> {
        self.report.fsyncs.push((size, fsync_rate(&self.subject.data)?));
        let (options, endpoint) = (self.options, self.subject.endpoint.clone());
        let how = self.fill(size).await?;
        eprintln!("{how}");
        self.floors(size).await?;
        let slices = usize::from(options.slices);
        for &in_flight in &options.concurrency {
            for scenario in scenario::users(&mut self.population, &endpoint, in_flight, slices) {
                self.row(size, in_flight, &scenario).await?;
            }
        }
        if let Some(muster) = &self.subject.muster
            && self.wants("neighbour")
            && self.subject.database_url.is_none()
        {
            let beside =
                neighbour::measure(muster, &self.subject.data, &self.population, &endpoint, size).await?;
            eprintln!("  {}", beside.line());
            self.report.neighbours.push(beside);
        }
        if self.wants("member group") {
            match self.population.gather(&endpoint).await {
                Ok(()) => {}
                Err(error) if self.subject.muster.is_none() => {
                    eprintln!("  groups: not supported: {error:#}");
                    self.report.refused.push((size, "groups".into(), format!("{error:#}")));
                }
                Err(error) => return Err(error.context("filling groups")),
            }
        }
        for &in_flight in &options.concurrency {
            if self.population.groups.is_empty() {
                break;
            }
            for scenario in scenario::group::all(&mut self.population, &endpoint, in_flight, slices) {
                self.row(size, in_flight, &scenario).await?;
            }
        }
        if let Some(memory) = &self.memory {
            self.report.memory.push((size, memory.take()));
        }
        self.writes = None;
        Ok(())
    }

    /// The figure beside writes and filters, made ready while the server is idle.
    async fn floors(&mut self, size: usize) -> anyhow::Result<()> {
        let subject = self.subject;
        if let Some(url) = &subject.database_url {
            self.pgbench = match postgres::Pgbench::prepare(url, &subject.data, &self.population).await {
                Ok(pgbench) => Some(pgbench),
                Err(error) => {
                    self.report.refused.push((size, "pgbench".into(), format!("{error:#}")));
                    None
                }
            };
        } else if subject.muster.is_some() {
            let floor = WriteFloor::copy(&subject.data.join("muster.db"), &subject.data);
            self.writes = Some(floor.context("the floor of writes")?);
        }
        Ok(())
    }

    /// Whether rows of such names are asked for.
    fn wants(&self, names: &str) -> bool {
        let only = &self.options.only;
        only.is_empty()
            || only
                .iter()
                .any(|only| names.split(' ').any(|name| name.starts_with(only) || only.starts_with(name)))
    }

    async fn fill(&mut self, size: usize) -> anyhow::Result<Filling> {
        let (started, before) = (Instant::now(), self.population.ids.len());
        let endpoint = self.subject.endpoint.clone();
        let mut how = "created over HTTP, 16 in flight";
        if let Some(muster) = &self.subject.muster
            && size.saturating_sub(before) >= IMPORT_FROM
        {
            how = "imported from a file";
            self.population.grow(before.max(1_000), &endpoint).await?;
            self.import(muster, size).await?;
            self.population.adopt(size, &endpoint).await?;
        } else {
            self.population.grow(size, &endpoint).await?;
        }
        let filling =
            Filling { users: size, added: size - before, seconds: started.elapsed().as_secs_f64(), how };
        self.report.fillings.push(filling.clone());
        if let Some(memory) = &self.memory {
            memory.take();
        }
        Ok(filling)
    }

    async fn import(&self, muster: &Muster, size: usize) -> anyhow::Result<()> {
        let file = self.subject.data.join("users.ndjson");
        let lines = (self.population.ids.len()..size).map(|n| line(self.subject.endpoint.prefix, n));
        std::fs::write(&file, lines.collect::<String>())?;
        let url = self.subject.database_url.as_deref();
        let flags = url.map(|url| vec!["--database-url", url]).unwrap_or_default();
        muster.import(&self.subject.data, &flags, &file).await?;
        Ok(std::fs::remove_file(file)?)
    }

    async fn row(&mut self, size: usize, in_flight: usize, scenario: &Scenario) -> anyhow::Result<()> {
        if !self.wants(scenario.id) {
            return Ok(());
        }
        let mut rows = vec![Row::new(size, in_flight, scenario)];
        match self.turns(in_flight, scenario).await {
            Ok((outcome, undone)) => {
                rows[0].outcome = outcome;
                if let (Some(undo), Some(undone)) = (&scenario.undo, undone)
                    && undo.is_reported
                {
                    rows.push(Row { outcome: undone, ..Row::new(size, in_flight, &undo.scenario) });
                }
            }
            // Ours must answer everything; of somebody else's it is a finding.
            Err(error) if self.subject.muster.is_none() => {
                rows[0].outcome = Outcome::Unsupported(format!("{error:#}"));
            }
            Err(error) => return Err(error.context(format!("{}, {in_flight} in flight", scenario.name))),
        }
        for mut row in rows {
            if self.pgbench.is_some() && (row.id == "get" || row.kind == Beside::CreateSet) {
                row.kind = Beside::Pgbench;
            }
            let row = self.report.with_create(row);
            eprintln!("  {}", row.line());
            self.report.rows.push(row);
        }
        Ok(())
    }

    /// Slices of the scenario and of what stands beside it, in turn.
    async fn turns(
        &mut self,
        in_flight: usize,
        scenario: &Scenario,
    ) -> anyhow::Result<(Outcome, Option<Outcome>)> {
        self.probe(scenario).await?;
        let (mut ours, mut undone, mut beside) = (Vec::new(), Vec::new(), Pairs::default());
        let (mut cpu, mut undo_cpu) = (0.0, 0.0);
        for slice in 0..u64::from(self.options.slices) {
            let first = match scenario.amount {
                Amount::Time => ours.iter().map(|s: &Slice| s.answers).sum::<u64>() + 1,
                Amount::Count(count) => slice * count + 1,
            };
            if let Some(writes) = &mut self.writes {
                writes.mark()?;
            }
            let (before, client) = (self.cpu(), own_cpu());
            let mut done =
                drive(self.subject.endpoint.address, self.load(in_flight), scenario, scenario.amount, first)
                    .await?;
            let used = self.cpu() - before;
            cpu += used;
            beside.ours.count(done.latencies.len(), used + own_cpu() - client);
            self.verify(scenario, &mut done).await?;
            let bytes = Measured::of(std::slice::from_ref(&done), None).answer_bytes;
            let rate = done.latencies.len() as f64 / done.seconds;
            ours.push(done);
            if let Some(floor) = self.beside(scenario, in_flight, bytes, &mut beside.bare).await? {
                beside.rates.push((rate, floor));
            }
            if scenario.undo.is_some() {
                let before = self.cpu();
                undone.push(self.undo(scenario, in_flight, None).await?);
                undo_cpu += self.cpu() - before;
            }
        }
        let known = self.subject.pid.is_some();
        let outcome = |slices: &[Slice], cpu, beside| Outcome::Measured {
            measured: Measured::of(slices, known.then_some(cpu)),
            beside,
        };
        let undone = (!undone.is_empty()).then(|| outcome(&undone, undo_cpu, None));
        Ok((outcome(&ours, cpu, beside.figures(known)), undone))
    }

    /// One operation, which also shows whether the server can do it at all.
    async fn probe(&self, scenario: &Scenario) -> anyhow::Result<()> {
        let probed =
            drive(self.subject.endpoint.address, self.load(1), scenario, Amount::Count(1), 0).await?;
        if let Some(wrong) = probed.first_error {
            anyhow::bail!("{wrong}");
        }
        if scenario.undo.is_some() {
            self.undo(scenario, 1, Some(1)).await?;
        }
        Ok(())
    }

    async fn undo(&self, scenario: &Scenario, in_flight: usize, count: Option<u64>) -> anyhow::Result<Slice> {
        let undo = scenario.undo.as_ref().context("something to undo")?;
        let done = match scenario.amount {
            Amount::Count(count) => count,
            Amount::Time => 0,
        };
        let made = undo.made.as_ref().map(|made| made.borrow().len() as u64);
        let amount = Amount::Count(made.or(count).unwrap_or(done));
        let slice =
            drive(self.subject.endpoint.address, self.load(in_flight), &undo.scenario, amount, 0).await?;
        if let Some(made) = &undo.made {
            made.borrow_mut().clear();
        }
        Ok(slice)
    }

    /// Each group has the members that were acknowledged; one that is missing is an error.
    async fn verify(&self, scenario: &Scenario, done: &mut Slice) -> anyhow::Result<()> {
        if done.errors > 0 {
            return Ok(());
        }
        let mut connection = super::client::Connection::open(self.subject.endpoint.address).await?;
        for must in &scenario.verify {
            for ask in must.asks(&self.subject.endpoint) {
                let (status, body) = connection.exchange(&ask.request).await?;
                if let Err(wrong) = ask.expect.judge(status, body) {
                    done.errors += 1;
                    done.first_error.get_or_insert(format!("after acknowledged adds: {wrong}"));
                }
            }
        }
        Ok(())
    }

    async fn beside(
        &self,
        scenario: &Scenario,
        in_flight: usize,
        bytes: usize,
        spent: &mut Spent,
    ) -> anyhow::Result<Option<f64>> {
        let rate = match scenario.beside {
            Beside::OwnCreate | Beside::Pgbench => None,
            Beside::Bare if self.pgbench.is_some() && scenario.id == "get" => {
                self.pgbench.as_ref().map(|p| p.reads(in_flight)).transpose()?
            }
            Beside::Bare => Some(self.bare(in_flight, bytes, spent).await?),
            Beside::CreateSet if self.pgbench.is_some() => {
                self.pgbench.as_ref().map(|p| p.writes(in_flight)).transpose()?
            }
            Beside::CreateSet => {
                self.writes.as_ref().map(|w| w.write(&w.creations()?, in_flight)).transpose()?
            }
            Beside::PatchSet => {
                self.writes.as_ref().map(|w| w.write(&w.changes()?, in_flight)).transpose()?
            }
            Beside::Scan if self.writes.is_some() => {
                Some(1.0 / scanned(&self.subject.data.join("muster.db"))?)
            }
            Beside::Scan => None,
        };
        Ok(rate)
    }

    async fn bare(&self, in_flight: usize, bytes: usize, spent: &mut Spent) -> anyhow::Result<f64> {
        let constant = super::floor::answering(&self.bare_endpoint, bytes);
        let cpu = || own_cpu() + self.bare.pid().and_then(cpu_seconds).unwrap_or_default();
        let before = cpu();
        let slice = drive(self.bare.address, self.load(in_flight), &constant, Amount::Time, 0).await?;
        spent.count(slice.latencies.len(), cpu() - before);
        Ok(slice.latencies.len() as f64 / slice.seconds)
    }

    fn load(&self, connections: usize) -> Load {
        Load { connections, duration: Duration::from_millis(self.options.slice_ms), limit: SLICE_LIMIT }
    }

    fn cpu(&self) -> f64 {
        self.subject.pid.and_then(cpu_seconds).unwrap_or_default()
    }
}

/// Rates of slices that followed each other, ours first; and what client and server spent on both.
#[derive(Default)]
struct Pairs {
    rates: Vec<(f64, f64)>,
    ours: Spent,
    bare: Spent,
}

#[derive(Default)]
struct Spent {
    operations: usize,
    seconds: f64,
}

impl Spent {
    fn count(&mut self, operations: usize, seconds: f64) {
        self.operations += operations;
        self.seconds += seconds;
    }

    fn each(&self) -> f64 {
        self.seconds / self.operations as f64
    }
}

impl Pairs {
    fn figures(&self, is_cpu_known: bool) -> Option<Neighbouring> {
        let per_second = median(self.rates.iter().map(|(_, floor)| *floor).collect());
        let share = median(self.rates.iter().map(|(ours, floor)| ours / floor).collect());
        let share_of_cpu = self.bare.each() / self.ours.each();
        let share_of_cpu = (is_cpu_known && share_of_cpu.is_finite()).then_some(share_of_cpu);
        (!self.rates.is_empty()).then_some(Neighbouring { per_second, share, share_of_cpu })
    }
}

fn own_cpu() -> f64 {
    cpu_seconds(std::process::id()).unwrap_or_default()
}

/// Seconds of a scan over every document, the median of three.
fn scanned(database: &Path) -> anyhow::Result<f64> {
    let scan = Scan::open(database)?;
    let seconds: anyhow::Result<Vec<f64>> = (0..3).map(|_| Ok(scan.run(RARE)?.0)).collect();
    Ok(median(seconds?))
}
