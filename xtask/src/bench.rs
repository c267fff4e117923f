//! `cargo xtask bench`: what the release binary does a second over HTTP, beside what the machine allows in the same run: a
//! bare server that answers a constant, a bare program that writes the same rows, a scan of the same documents. The machine
//! may be noisy: read ratios and medians.

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context;

mod ask;
mod chart;
mod client;
mod drive;
mod endpoint;
mod figure;
mod floor;
mod goal;
mod measure;
mod neighbour;
mod population;
mod postgres;
mod process;
mod progress;
mod provision;
mod report;
mod scan;
mod scenario;
mod server;
mod wire;
mod write_set;

use endpoint::Endpoint;
use measure::{Run, Subject};
use report::Report;

/// What the names of users and groups on somebody else's server begin with.
const PREFIX: &str = "muster-bench-";

#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Users in the tenant, one pass a size; up to 1,000,000 is practical.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000], value_parser = size)]
    sizes: Vec<usize>,
    /// Requests in flight, one pass each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16], value_parser = in_flight)]
    concurrency: Vec<usize>,
    /// Slices of each scenario; servers take turns slice by slice and the median is reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99))]
    slices: u8,
    /// Milliseconds of one slice.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    slice_ms: u64,
    /// Only scenarios whose id begins so: create, delete, get, userName, externalId, patch, page, contains, neighbour,
    /// entra, group, member, membership.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    only: Vec<String>,
    /// Print JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Also write the report as Markdown to this file.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also draw the report into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The PostgreSQL database for the server, instead of SQLite in a temporary folder; it must be empty.
    #[arg(long, value_name = "URL", conflicts_with = "against")]
    database_url: Option<String>,
    /// PostgreSQL in a cluster of its own, made for this run and removed after it.
    #[arg(long, conflicts_with_all = ["against", "database_url"])]
    postgres: bool,
    /// A muster binary instead of a release build made now.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    binary: Option<PathBuf>,
    /// Measure the SCIM server with this Base URL instead. Users and groups are made there and deleted afterwards.
    #[arg(long, value_name = "URL", requires = "token")]
    against: Option<String>,
    /// The bearer token for it.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// The process of that server on this machine, for processor time and memory.
    #[arg(long, value_name = "PID", requires = "against")]
    pid: Option<u32>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Provisioning: objects a second of whole cycles
    Provision(provision::Options),
}

fn size(text: &str) -> Result<usize, String> {
    match text.replace(['_', ','], "").parse() {
        Ok(size @ 200..=10_000_000) => Ok(size),
        _ => Err("a number of users from 200 to 10000000".into()),
    }
}

fn in_flight(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=256) => Ok(number),
        _ => Err("a number of requests from 1 to 256".into()),
    }
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
    server::choose(options.binary.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        match &options.against {
            Some(url) => theirs(options, url).await,
            None => ours(options).await,
        }
    })?;
    if options.json {
        println!("{:#}", report.json());
    } else {
        println!("{}", report.text());
    }
    if let Some(file) = &options.markdown {
        std::fs::write(file, report.markdown()).with_context(|| file.display().to_string())?;
    }
    if let Some(file) = &options.svg {
        std::fs::write(file, chart::svg(&report)).with_context(|| file.display().to_string())?;
    }
    anyhow::ensure!(report.errors() == 0, "{} answers were wrong; the report says of what", report.errors());
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
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from);
    let program = target.join("release/xtask");
    let status = std::process::Command::new(program).args(std::env::args_os().skip(1)).status()?;
    anyhow::ensure!(status.success(), "the benchmark failed ({status})");
    Ok(())
}

async fn ours(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let cluster =
        options.postgres.then(|| cluster::Cluster::start(cluster::Options::default())).transpose()?;
    let made = cluster.as_ref().map(cluster::Cluster::database).transpose()?;
    let url = made.as_deref().or(options.database_url.as_deref());
    let flags = url.map(|url| vec!["--database-url", url]).unwrap_or_default();
    let muster = server::Muster::start_with(folder.path(), &flags).await;
    let muster = match url {
        Some(_) => muster.context("PostgreSQL: not measured, since this build does not start with it")?,
        None => muster?,
    };
    let storage =
        if url.is_some() { "PostgreSQL, `synchronous_commit=on`" } else { "SQLite, `synchronous=FULL`" };
    let mut subject = Subject {
        endpoint: Rc::new(muster.endpoint()),
        pid: muster.pid(),
        muster: Some(muster),
        data: folder.path().to_owned(),
        database_url: url.map(str::to_owned),
    };
    let mut run = Run::new(options, &subject, storage.to_owned()).await?;
    let outcome = run.all().await;
    let report = run.report;
    if let Err(error) = outcome {
        // What was measured until then is not lost.
        eprintln!("{}", report.text());
        return Err(error);
    }
    if let Some(muster) = &mut subject.muster {
        muster.stop().await?;
    }
    Ok(report)
}

/// Whatever happens, what was made there is deleted.
async fn theirs(options: &Options, url: &str) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let token = options.token.as_deref().unwrap_or_default();
    let endpoint = Rc::new(Endpoint::of_url(url, token, PREFIX).await?);
    let (muster, database_url) = (None, None);
    let subject = Subject {
        endpoint: endpoint.clone(),
        pid: options.pid,
        muster,
        data: folder.path().to_owned(),
        database_url,
    };
    let mut run = Run::new(options, &subject, url.to_owned()).await?;
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let outcome = tokio::select! {
        outcome = run.all() => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        _ = terminated.recv() => Err(anyhow::anyhow!("terminated")),
    };
    eprintln!("deleting the users and groups that were made");
    let deleted = run.population.remove(&endpoint).await.context("deleting what was made")?;
    eprintln!("{deleted} users and groups deleted");
    outcome?;
    Ok(run.report)
}
