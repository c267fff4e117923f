//! Microsoft's own Graph SDK for Python drives the Graph API of the real server: `fixtures/graph/walk.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::{id_of, user};
use crate::server::Server;

/// Where the SDK is installed: below `MUSTER_TARGETS`, or `target/targets` of the checkout.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("MUSTER_TARGETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/targets"));
    let python = folder.join("msgraph-sdk/bin/python");
    if python.exists() {
        return Some(python);
    }
    let required = std::env::var_os("MUSTER_REQUIRE_TARGETS").is_some_and(|value| value == "1");
    assert!(!required, "no Graph SDK at {}", python.display());
    eprintln!("DID NOT RUN: there is no Graph SDK at {}; `cargo xtask ci` installs it", python.display());
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_sdk_walks_from_template_to_logs() {
    let Some(python) = python() else { return };
    let server = Server::start(&["--provision-allow", "127.0.0.0/8"]);
    let (company, provider) = (server.tenant("Contoso"), server.tenant("Sign-in"));
    let (_, key) = server.key(&company.id, &["--scope", "PROVISIONING"]);
    let mut ids = Vec::new();
    for name in ["ada@contoso.example", "bea@contoso.example"] {
        ids.push(id_of(&company.client.post("/Users", &user(name)).await.expect(201)));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/graph/walk.py");
    let mut command = Command::new(python);
    command.arg(script).arg(format!("{}/graph/v1.0", server.url)).arg(&key.key);
    command.args([&provider.client.base, &provider.client.key]).args(&ids);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    assert!(output.status.success(), "{}\n{text}", output.status);
    let there = provider.client.get("/Users").await.expect(200);
    assert_eq!(there["totalResults"], 2, "{there:#}");
    // The key of the target went through the API, and is nowhere to be read again.
    assert!(!server.log().contains(&provider.client.key));
}
