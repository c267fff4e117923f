//! Licences and sources of everything that is built in, against deny.toml.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Finding;

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let deny: toml::Table = text.parse().context("deny.toml")?;
    let allowed = strings(&deny, "licenses", "allow");
    let banned = strings(&deny, "bans", "deny");
    if allowed.is_empty() || banned.is_empty() {
        bail!("deny.toml names no allowed licences or no banned crates");
    }
    let mut findings = Vec::new();
    for package in packages(root)? {
        let field = |name: &str| package.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = format!("{} {}", field("name"), field("version"));
        if !permitted(&field("license"), &allowed) {
            findings
                .push(Finding::new(&place, format!("licence \"{}\" is not in deny.toml", field("license"))));
        }
        if banned.contains(&field("name")) {
            findings.push(Finding::new(&place, "banned by deny.toml"));
        }
        let source = field("source");
        if !source.is_empty() && !source.starts_with("registry+") && !source.starts_with("sparse+") {
            findings.push(Finding::new(&place, "does not come from the registry"));
        }
    }
    Ok(findings)
}

fn packages(root: &Path) -> anyhow::Result<Vec<Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    match metadata.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => bail!("cargo metadata lists no packages"),
    }
}

/// An SPDX expression is permitted when one side of each `OR`, and all sides of an `AND`, are.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|l| allowed.iter().any(|a| a == l.trim())))
}

fn strings(table: &toml::Table, section: &str, key: &str) -> Vec<String> {
    let list = table.get(section).and_then(|s| s.get(key)).and_then(|l| l.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|v| v.as_str().or_else(|| v.get("name")?.as_str()).map(str::to_owned))
        .collect()
}
