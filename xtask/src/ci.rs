//! `cargo xtask ci`: everything that must hold before a change lands, in the order of what fails fastest.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;

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
    for binary in on_either_database()? {
        step(&format!("{} on PostgreSQL", binary.package), binary.on_postgres(options))?;
    }
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

/// Tests that run on either database, as many as there is time for: the store's of resources, and the identity provider's over
/// HTTP. By hand also the store's others and the directory's.
const ON_EITHER: [(&str, &str); 2] = [("store", "resource::"), ("web", "scim::")];

/// Integration tests of a package, as the step before has built them.
struct Binary {
    package: &'static str,
    filter: &'static str,
    file: PathBuf,
}

impl Binary {
    fn on_postgres(&self, options: &Options) -> Command {
        let mut command = Command::new(&self.file);
        command.arg(self.filter).current_dir(root().join("crates").join(self.package));
        command.env("MUSTER_TEST_DATABASE", "postgres");
        // What is random is about the same rules; fewer cases show that they hold on this database, too.
        command.env("MUSTER_PAIRS", if options.quick { "200" } else { "2000" });
        command
    }
}

fn on_either_database() -> anyhow::Result<Vec<Binary>> {
    let mut build = cargo(&["test", "--workspace", "--locked", "--no-run", "--message-format=json"]);
    let output = build.stderr(Stdio::inherit()).output()?;
    let built: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let find = |package: &str| {
        let manifest =
            root().join("crates").join(package).join("Cargo.toml").canonicalize().unwrap_or_default();
        let artifact = built.iter().find(|message| {
            message["target"]["name"] == "it"
                && message["manifest_path"].as_str().map(Path::new) == Some(&manifest)
        });
        artifact.and_then(|message| message["executable"].as_str()).map(PathBuf::from)
    };
    ON_EITHER
        .into_iter()
        .map(|(package, filter)| {
            let file = find(package).with_context(|| format!("the tests of {package} were not built"))?;
            Ok(Binary { package, filter, file })
        })
        .collect()
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
