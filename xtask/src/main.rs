//! Chores of the workspace. `cargo xtask --help` lists them.

use clap::{Parser, Subcommand};

mod bench;
mod ci;
mod needs;
mod tidy;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of the Muster workspace")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Everything that must hold before a change lands: format, lints, tidy, tests. Installs what the tests need.
    Ci(ci::Options),
    /// The rules of the house that the compiler does not know: who may use whom, where SQL may stand, licences.
    Tidy,
    /// Requests per second beside a bare server in the same run.
    Bench(Box<bench::Options>),
    /// The bare server that `bench` starts.
    #[command(hide = true)]
    Floor,
}

fn main() -> std::process::ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Ci(options) => ci::run(&options),
        Chore::Tidy => tidy::run(),
        Chore::Bench(options) => bench::run(&options),
        Chore::Floor => bench::run_floor(),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
