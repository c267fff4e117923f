//! Who may use whom: the arrows of ARCHITECTURE.md, read off each room's manifest.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::Finding;

/// Room, and the rooms it may use. A ninth room needs a decision record.
const ROOMS: [(&str, &[&str]); 8] = [
    ("scim", &[]),
    ("scim-client", &["scim"]),
    ("store", &["scim"]),
    ("directory", &["scim", "store"]),
    ("provision", &["scim", "scim-client", "store", "directory"]),
    ("validator", &["scim", "scim-client"]),
    ("web", &["scim", "directory", "provision", "validator"]),
    ("muster", &["scim", "scim-client", "store", "directory", "provision", "validator", "web"]),
];

/// Crates for tests beside the house. They use no room, and no room uses them but among its dev-dependencies.
const BESIDE: [&str; 1] = ["cluster"];

/// Crates that only these rooms may name.
const RESERVED: [(&str, &[&str]); 8] = [
    ("rusqlite", &["store"]),
    ("tokio", &["scim-client", "store", "directory", "provision", "validator", "web", "muster"]),
    ("axum", &["web"]),
    ("hyper", &["scim-client", "web"]),
    ("http", &["scim-client", "validator", "web"]),
    ("maud", &["web"]),
    ("reqwest", &["scim-client", "muster"]),
    ("clap", &["muster"]),
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        let room = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = BESIDE.contains(&room.as_str()).then_some(&[][..]);
        let Some(may_use) = ROOMS.iter().find(|(name, _)| *name == room).map(|(_, rooms)| *rooms).or(beside)
        else {
            findings
                .push(Finding::new(format!("crates/{room}"), "not a room of the house; see ARCHITECTURE.md"));
            continue;
        };
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        let manifest: toml::Table = text.parse()?;
        for dependency in
            manifest.get("dependencies").and_then(|d| d.as_table()).into_iter().flat_map(|d| d.keys())
        {
            findings.extend(judge(&room, dependency, may_use));
        }
    }
    Ok(findings)
}

fn judge(room: &str, dependency: &str, may_use: &[&str]) -> Option<Finding> {
    let place = format!("crates/{room}/Cargo.toml");
    if BESIDE.contains(&dependency) {
        return Some(Finding::new(
            place,
            format!("{dependency} is for tests: name it among the dev-dependencies"),
        ));
    }
    if ROOMS.iter().any(|(name, _)| *name == dependency) && !may_use.contains(&dependency) {
        return Some(Finding::new(place, format!("{room} may not use {dependency}; arrows point down only")));
    }
    let (_, rooms) = RESERVED.iter().find(|(name, _)| *name == dependency)?;
    (!rooms.contains(&room)).then(|| Finding::new(place, format!("only {rooms:?} may name {dependency}")))
}
