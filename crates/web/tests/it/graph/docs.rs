//! The guide to the Graph API lists every endpoint there is, and no other.

use std::collections::BTreeSet;

use web::{Access, inventory};

#[test]
fn the_guide_lists_every_endpoint() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/graph-api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(endpoint, rest)| {
            let key = rest.trim_start_matches([' ', '|']).split('|').next().unwrap().trim();
            format!("{endpoint} {key}")
        })
        .collect();
    let released: BTreeSet<&str> =
        inventory().iter().filter_map(|route| route.path.strip_prefix("/graph/v1.0")).collect();
    let there: BTreeSet<String> = inventory()
        .iter()
        .filter_map(|route| Some((route, route.path.strip_prefix("/graph/beta")?)))
        .map(|(route, path)| {
            let key = match route.access {
                Access::GraphRead => "read",
                Access::GraphWrite => "write",
                Access::GraphReadAll => "read, all",
                _ => "write, all",
            };
            let beta = if released.contains(path) { "" } else { " (beta)" };
            format!("{} {path} {key}{beta}", route.method)
        })
        .collect();
    assert_eq!(listed, there);
}
