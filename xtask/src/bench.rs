//! `cargo xtask bench`: requests per second of the release binary over HTTP beside a bare axum server that answers a
//! constant, driven by the same client in one run. The machine may be noisy: read ratios and medians.

use std::time::{Duration, Instant};

use anyhow::Context;

mod client;
mod floor;
mod provision;
mod report;
mod scenario;
mod server;

use client::{Load, Measured};
use report::{Report, Row};
use scenario::{Population, Scenario};

#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Users in the tenant, one pass a size.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// Requests in flight.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Slices of each scenario; servers take turns slice by slice and the median is reported.
    #[arg(long, default_value_t = 3)]
    slices: usize,
    /// Milliseconds of one slice.
    #[arg(long, default_value_t = 1_000)]
    slice_ms: u64,
    /// Print JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Also write the table as Markdown to this file.
    #[arg(long)]
    markdown: Option<std::path::PathBuf>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Provisioning: objects a second of whole cycles
    Provision(provision::Options),
}

/// Builds both release binaries and runs the benchmark in the release build of this one.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(What::Provision(options)) = &options.what {
        if cfg!(debug_assertions) && options.binary.is_none() {
            return rerun_in_release();
        }
        server::choose(options.binary.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(provision::run(options));
    }
    if cfg!(debug_assertions) {
        return rerun_in_release();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(options))?;
    if options.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.text());
    }
    if let Some(file) = &options.markdown {
        std::fs::write(file, report.markdown())?;
    }
    Ok(())
}

/// The floor: a server that does nothing but answer.
pub(crate) fn run_floor() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(floor::serve())
}

fn rerun_in_release() -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = std::process::Command::new(cargo)
        .args(["build", "--release", "--locked", "-p", "muster", "-p", "xtask"])
        .current_dir(crate::root())
        .status()?;
    anyhow::ensure!(build.success(), "the release build failed");
    let program = crate::root().join("target/release/xtask");
    let status = std::process::Command::new(program).args(std::env::args_os().skip(1)).status()?;
    anyhow::ensure!(status.success(), "the benchmark failed ({status})");
    Ok(())
}

async fn measure(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let fsyncs = server::fsync_rate(folder.path())?;
    let floor = server::Floor::start().await?;
    let mut muster = server::Muster::start(folder.path()).await?;
    let mut rows = Vec::new();
    let mut population = Population::default();
    let mut memory = Vec::new();
    let mut sizes = options.sizes.clone();
    sizes.sort_unstable();
    for size in sizes {
        let started = Instant::now();
        population.grow_to(size, &muster, options.concurrency).await?;
        eprintln!("{size} users stored ({:.1} s)", started.elapsed().as_secs_f64());
        for scenario in scenario::all(&mut population, &muster).await? {
            let row = compare(size, &scenario, &muster, &floor, options).await?;
            eprintln!("  {}", row.line());
            rows.push(row);
        }
        memory.push((size, muster.anonymous_memory_kib().context("memory of the server")?));
    }
    muster.stop().await?;
    Ok(Report { rows, memory, fsyncs, concurrency: options.concurrency })
}

async fn compare(
    size: usize,
    scenario: &Scenario,
    muster: &server::Muster,
    floor: &server::Floor,
    options: &Options,
) -> anyhow::Result<Row> {
    let load = |requests| Load {
        connections: options.concurrency,
        duration: Duration::from_millis(options.slice_ms),
        requests,
    };
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for slice in 0..options.slices {
        ours.push(client::drive(muster.address, load(scenario.requests), scenario, slice).await?);
        if let Some(undo) = &scenario.undo {
            client::drive(muster.address, load(scenario.requests), undo, slice).await?;
        }
        let constant = floor::answering(scenario.answer_bytes);
        bare.push(client::drive(floor.address, load(None), &constant, slice).await?);
    }
    Ok(Row { size, name: scenario.name.clone(), ours: Measured::median(ours), bare: Measured::median(bare) })
}
