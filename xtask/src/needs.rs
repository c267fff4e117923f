//! What the tests need besides Rust: found, installed, or named with the command that installs it. Never skipped in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// A program the tests start, and the Debian package that brings it.
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const NEEDS: [Need; 7] = [
    Need { program: "chromium", package: "chromium", why: "the console walk runs in a real browser" },
    Need { program: "chromedriver", package: "chromium-driver", why: "drives the browser" },
    Need { program: "python3", package: "python3", why: "the third-party conformance suites are Python" },
    Need {
        program: "node",
        package: "nodejs",
        why: "scimmy-routers, a target of the provisioning tests, and a Graph SDK run on it",
    },
    Need { program: "npm", package: "npm", why: "installs scimmy-routers and a Graph SDK" },
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
    if !has_postgresql() {
        packages.push(("postgresql", "the second database; the tests make clusters of their own"));
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

/// Third-party service providers that the provisioning tests start, and the Graph SDKs that drive the product, in
/// `target/targets`: what `fixtures/targets` and `fixtures/graph` name, with the versions they name.
///
/// # Errors
/// When they cannot be installed.
pub(crate) fn targets(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = root.join("target/targets");
    let python = folder.join("scim2-server");
    let requirements = root.join("fixtures/targets/scim2-server/requirements.txt");
    installed(&[&requirements], &python, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
        let mut pip = Command::new(python.join("bin/pip"));
        run(pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements))
    })?;
    let sdk = folder.join("msgraph-sdk");
    let pinned = root.join("fixtures/graph/requirements.txt");
    installed(&[&pinned], &sdk, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&sdk))?;
        let mut pip = Command::new(sdk.join("bin/pip"));
        run(pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&pinned))
    })?;
    let scimmy = root.join("fixtures/targets/scimmy");
    node_package(&scimmy, &folder.join("scimmy"), &["package.json", "package-lock.json", "server.mjs"])?;
    let graph = root.join("fixtures/graph/node");
    node_package(&graph, &folder.join("msgraph-node"), &["package.json", "package-lock.json"])?;
    Ok(folder)
}

/// Packages for Node.js, with the script that needs them, if it is named.
fn node_package(from: &Path, to: &Path, names: &[&str]) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = names.iter().map(|name| from.join(name)).collect();
    let sources: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    installed(&sources, to, || {
        fs::create_dir_all(to)?;
        for name in names {
            fs::copy(from.join(name), to.join(name))?;
        }
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(to))
    })
}

/// Install, unless what is there came from these very files.
fn installed(
    sources: &[&Path],
    folder: &Path,
    install: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut text = String::new();
    for source in sources {
        text.push_str(&fs::read_to_string(source).with_context(|| source.display().to_string())?);
    }
    let stamp = folder.join("installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == text) {
        return Ok(());
    }
    eprintln!("xtask: installing {}", folder.display());
    fs::create_dir_all(folder)?;
    install()?;
    Ok(fs::write(stamp, text)?)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(())
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Its server's programs are not in PATH. The tests look in the same places and take a named folder unseen.
fn has_postgresql() -> bool {
    let named = std::env::var_os("MUSTER_TEST_POSTGRES_BIN").is_some();
    let versions = |parent: &str| fs::read_dir(parent).into_iter().flatten().flatten();
    let installed = versions("/usr/lib/postgresql").chain(versions("/usr")).any(|entry| {
        let folder = entry.path().join("bin");
        folder.join("initdb").is_file() && folder.join("psql").is_file()
    });
    named || installed || (on_path("initdb") && on_path("psql"))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().context("id -u");
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The third-party conformance gates, where a checkout has them beside it.
pub(crate) fn conformance(root: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("MUSTER_CONFORMANCE").map(Into::into);
    let folder: PathBuf = named.unwrap_or_else(|| root.join("../shared/conformance"));
    folder.join("run").is_file().then_some(folder)
}
