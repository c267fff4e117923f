//! Microsoft's own Graph SDKs drive the Graph API of the real server: for Python in `fixtures/graph/walk.py`, for JavaScript
//! in `fixtures/graph/node/walk.mjs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::client::{Client, id_of, user};
use crate::server::Server;

/// What of an SDK is installed: below `MUSTER_TARGETS`, or `target/targets` of the checkout.
fn installed(part: &str) -> Option<PathBuf> {
    let named = std::env::var_os("MUSTER_TARGETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/targets"));
    let part = folder.join(part);
    if part.exists() {
        return Some(part);
    }
    let required = std::env::var_os("MUSTER_REQUIRE_TARGETS").is_some_and(|value| value == "1");
    assert!(!required, "no Graph SDK at {}", part.display());
    eprintln!("DID NOT RUN: there is no Graph SDK at {}; `cargo xtask ci` installs it", part.display());
    None
}

/// To its end, which must be a good one; what it printed is printed.
async fn run(mut command: Command) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    assert!(output.status.success(), "{}\n{text}", output.status);
}

async fn group(company: &Client, members: &[String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let crew = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew",
        "members": members });
    id_of(&company.post("/Groups", &crew).await.expect(201))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_sdk_walks_from_template_to_logs() {
    let Some(python) = installed("msgraph-sdk/bin/python") else { return };
    let server = Server::start(&["--provision-allow", "127.0.0.0/8"]);
    let (company, provider) = (server.tenant("Contoso"), server.tenant("Sign-in"));
    let (_, key) = server.key(&company.id, &["--scope", "PROVISIONING"]);
    let mut ids = Vec::new();
    for name in ["ada@contoso.example", "bea@contoso.example"] {
        ids.push(id_of(&company.client.post("/Users", &user(name)).await.expect(201)));
    }
    group(&company.client, &ids[..1]).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/graph/walk.py");
    let mut command = Command::new(python);
    command.arg(script).arg(format!("{}/graph/v1.0", server.url)).arg(&key.key);
    command.args([&provider.client.base, &provider.client.key]).args(&ids);
    run(command).await;
    let there = provider.client.get("/Users").await.expect(200);
    assert_eq!(there["totalResults"], 2, "{there:#}");
    // The key of the target went through the API, and is nowhere to be read again.
    assert!(!server.log().contains(&provider.client.key));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_client_for_javascript_walks_from_template_to_logs() {
    let Some(packages) = installed("msgraph-node/node_modules") else { return };
    // A module finds packages beside itself only.
    let script = packages.with_file_name("walk.mjs");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/graph/node/walk.mjs");
    std::fs::copy(fixture, &script).unwrap();
    let server = Server::start(&["--provision-allow", "127.0.0.0/8"]);
    let (company, provider) = (server.tenant("Contoso"), server.tenant("Sign-in"));
    let (_, key) = server.key(&company.id, &["--scope", "PROVISIONING"]);
    let ada = id_of(&company.client.post("/Users", &user("ada@contoso.example")).await.expect(201));
    let crew = group(&company.client, std::slice::from_ref(&ada)).await;
    let mut command = Command::new("node");
    command.arg(script).arg(format!("{}/graph", server.url)).arg(&key.key);
    command.args([&provider.client.base, &provider.client.key, &ada, &crew]);
    run(command).await;
    for (kind, n) in [("/Users", 1), ("/Groups", 1)] {
        let there = provider.client.get(kind).await.expect(200);
        assert_eq!(there["totalResults"], n, "{there:#}");
    }
    assert!(!server.log().contains(&provider.client.key));
}
