//! Third-party judges against the real server: scim2-tester and scim-sanity (`run`), Okta's specification test
//! (`runscope.py`). They live beside the checkout, or where `MUSTER_CONFORMANCE` says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Server;

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("MUSTER_CONFORMANCE").map(PathBuf::from);
    let folder =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"));
    if folder.join("run").exists() {
        return Some(folder);
    }
    let required = std::env::var_os("MUSTER_REQUIRE_CONFORMANCE").is_some_and(|v| v == "1");
    assert!(!required, "no conformance gates at {}", folder.display());
    eprintln!("DID NOT RUN: there are no conformance gates at {}", folder.display());
    None
}

fn judge(mut command: Command) {
    let output = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
}

#[test]
fn scim2_tester_and_scim_sanity_find_nothing() {
    let Some(folder) = folder() else { return };
    let server = Server::start(&[]);
    let tenant = server.tenant("Judges");
    let mut command = Command::new(folder.join("run"));
    command.args([&tenant.client.base, &tenant.client.key]).env("ROUNDS", "3");
    judge(command);
}

#[test]
fn okta_finds_nothing() {
    let Some(folder) = folder() else { return };
    let server = Server::start(&[]);
    let tenant = server.tenant("Okta");
    let mut command = Command::new("python3");
    command.arg(folder.join("runscope.py")).arg(folder.join("Okta-SCIM-20-SPEC-Test.json"));
    command.args([&tenant.client.base, &tenant.client.key]);
    judge(command);
}
