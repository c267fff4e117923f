//! `cargo xtask ci`: everything that must hold before a change lands, in the order of what fails fastest.

use std::process::Command;
use std::time::Instant;

use anyhow::bail;

use crate::{needs, root, tidy};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Fewer random cases and kill points, for the inner loop.
    #[arg(long)]
    quick: bool,
}

/// Sizes of the long proofs: (environment variable, CI, quick). The same commands take larger numbers by hand.
const SIZES: [(&str, &str, &str); 5] = [
    ("MUSTER_PAIRS", "50000", "2000"),
    ("MUSTER_KILLS", "60", "6"),
    ("MUSTER_SEEDS", "1000", "60"),
    ("MUSTER_ROUNDS", "4", "2"),
    ("MUSTER_LOAD_SECONDS", "20", "5"),
];

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let started = Instant::now();
    needs::provide()?;
    step("format", cargo(&["fmt", "--all", "--check"]))?;
    println!("== tidy");
    tidy::run()?;
    step("lints", cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    let targets = needs::targets(&root())?;
    let mut tests = tests(options);
    tests.env("MUSTER_TARGETS", targets).env("MUSTER_REQUIRE_TARGETS", "1");
    step("tests", tests)?;
    println!("== all of it holds ({} s)", started.elapsed().as_secs());
    Ok(())
}

fn tests(options: &Options) -> Command {
    let mut command = cargo(&["test", "--workspace", "--locked"]);
    for (name, full, quick) in SIZES {
        if std::env::var_os(name).is_none() {
            command.env(name, if options.quick { quick } else { full });
        }
    }
    match needs::conformance(&root()) {
        Some(folder) => {
            command.env("MUSTER_CONFORMANCE", folder).env("MUSTER_REQUIRE_CONFORMANCE", "1");
        }
        None => println!(
            "   no conformance gates found beside the checkout (../shared/conformance or $MUSTER_CONFORMANCE): \
             those tests will say that they did not run"
        ),
    }
    command
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

fn step(name: &str, mut command: Command) -> anyhow::Result<()> {
    println!("== {name}");
    let started = Instant::now();
    let status = command.status()?;
    if !status.success() {
        bail!("{name} failed ({status}): {command:?}");
    }
    println!("   {name} holds ({} s)", started.elapsed().as_secs());
    Ok(())
}
