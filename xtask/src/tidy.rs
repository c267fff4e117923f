//! `cargo xtask tidy`: the invariants of ARCHITECTURE.md that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::root;

mod house;
mod licence;
mod source;

/// One finding: where, and what to do.
pub(crate) struct Finding {
    place: String,
    what: String,
}

impl Finding {
    fn new(place: impl std::fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into() }
    }
}

pub(crate) fn run() -> anyhow::Result<()> {
    let root = root().canonicalize()?;
    let mut findings = house::check(&root)?;
    let files = rust_files(&root)?;
    for file in &files {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let name = file.strip_prefix(&root).unwrap_or(file).display().to_string();
        findings.extend(source::check(&name, &text));
    }
    findings.extend(licence::check(&root)?);
    for finding in &findings {
        println!("   {}: {}", finding.place, finding.what);
    }
    if findings.is_empty() {
        println!("   {} files are tidy", files.len());
        return Ok(());
    }
    bail!("{} findings; each line says where and what to do", findings.len())
}

fn rust_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::source;

    #[track_caller]
    fn finds(name: &str, text: &str, expect: &str) {
        let found = source::check(name, text);
        assert!(found.iter().any(|f| f.what.contains(expect)), "{expect}: nothing found in {text}");
    }

    #[test]
    fn each_rule_finds_what_it_is_for() {
        finds("crates/web/src/a.rs", "fn a() {}\n", "//!");
        finds("crates/web/src/a.rs", "//! a\nconst Q: &str = \"SELECT id FROM resource\";\n", "SQL");
        finds("crates/web/src/a.rs", "//! a\nuse rusqlite::Connection;\n", "SQL");
        finds("crates/web/src/a.rs", concat!("//! a\n// FIX", "ME later\n"), concat!("FIX", "ME"));
        finds("crates/scim/src/a.rs", concat!("//! a\n// RFC", " 7644 3.5.2\n"), "section");
        finds(
            "crates/web/src/a.rs",
            &format!("//! a\nfn long() {{\n{}}}\n", "    x();\n".repeat(71)),
            "lines",
        );
        assert!(
            source::check("crates/store/src/a.rs", "//! a\nconst Q: &str = \"SELECT 1 FROM t\";\n")
                .is_empty()
        );
    }
}
