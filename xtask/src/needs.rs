//! What the tests need besides Rust: found, installed, or named with the command that installs it. Never skipped in silence.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// A program the tests start, and the Debian package that brings it.
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const NEEDS: [Need; 5] = [
    Need { program: "chromium", package: "chromium", why: "the console walk runs in a real browser" },
    Need { program: "chromedriver", package: "chromium-driver", why: "drives the browser" },
    Need { program: "python3", package: "python3", why: "the third-party conformance suites are Python" },
    Need { program: "curl", package: "curl", why: "the README's first minute is run as written" },
    Need { program: "xmllint", package: "libxml2-utils", why: "JUnit reports are held to the published XSD" },
];

/// # Errors
/// When something is missing and cannot be installed here; the text says how to install it.
pub(crate) fn provide() -> anyhow::Result<()> {
    let mut packages: Vec<_> =
        NEEDS.iter().filter(|n| !on_path(n.program)).map(|n| (n.package, n.why)).collect();
    if on_path("python3")
        && !Command::new("python3").args(["-c", "import ensurepip, venv"]).output()?.status.success()
    {
        packages.push(("python3-venv", "the conformance suites get an environment of their own"));
    }
    if packages.is_empty() {
        return Ok(());
    }
    for (package, why) in &packages {
        eprintln!("xtask: {package} is missing: {why}");
    }
    let names: Vec<_> = packages.iter().map(|(package, _)| *package).collect();
    let command = format!("apt-get update && apt-get install -y --no-install-recommends {}", names.join(" "));
    if !is_root() || !on_path("apt-get") {
        bail!("the tests need more than is installed; run this and try again:\n    sudo sh -c '{command}'");
    }
    eprintln!("xtask: installing: {command}");
    let status =
        Command::new("sh").args(["-c", &command]).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        bail!("installing failed ({status}); run it by hand to see why:\n    {command}");
    }
    Ok(())
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().context("id -u");
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The third-party conformance gates, where a checkout has them beside it.
pub(crate) fn conformance(root: &Path) -> Option<std::path::PathBuf> {
    let named = std::env::var_os("MUSTER_CONFORMANCE").map(Into::into);
    let folder: std::path::PathBuf = named.unwrap_or_else(|| root.join("../shared/conformance"));
    folder.join("run").is_file().then_some(folder)
}
