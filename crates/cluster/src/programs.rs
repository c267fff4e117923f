//! Where PostgreSQL's programs are: distributions keep those of the server out of PATH.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Names a folder with the programs of one version, and goes before all others.
const VARIABLE: &str = "MUSTER_TEST_POSTGRES_BIN";
/// Debian and Ubuntu; the packages of the PostgreSQL project for Red Hat's family.
const PARENTS: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
const SERVER: [&str; 2] = ["initdb", "postgres"];
const CLIENT: [&str; 3] = ["createdb", "pg_isready", "psql"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    server: PathBuf,
    client: PathBuf,
}

impl Programs {
    pub(crate) fn find() -> Result<Self> {
        let named = std::env::var_os(VARIABLE).map(PathBuf::from);
        let folders = named.map_or_else(everywhere, |folder| vec![folder]);
        Self::among(&folders)
    }

    fn among(folders: &[PathBuf]) -> Result<Self> {
        let first = |programs: &[&str]| folders.iter().find(|folder| has(folder, programs)).cloned();
        match (first(&SERVER), first(&CLIENT)) {
            (Some(server), Some(client)) => Ok(Self { server, client }),
            _ => Err(Error::new(format!(
                "these tests need PostgreSQL, version 13 or newer, and its programs were not found in {folders:?}; \
                 install it (Debian, Ubuntu: apt-get install postgresql), or name the folder with {} in {VARIABLE}",
                [&SERVER[..], &CLIENT[..]].concat().join(", ")
            ))),
        }
    }

    pub(crate) fn server(&self, program: &str) -> PathBuf {
        self.server.join(program)
    }

    pub(crate) fn client(&self, program: &str) -> PathBuf {
        self.client.join(program)
    }
}

fn has(folder: &Path, programs: &[&str]) -> bool {
    programs.iter().all(|program| folder.join(program).is_file())
}

/// The newest version first, then PATH.
fn everywhere() -> Vec<PathBuf> {
    let mut versions = Vec::new();
    for (parent, prefix) in PARENTS {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = name.strip_prefix(prefix).and_then(|text| text.parse::<u32>().ok()) {
                versions.push((version, entry.path().join("bin")));
            }
        }
    }
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.into_iter().map(|(_, folder)| folder).chain(std::env::split_paths(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_postgresql_it_says_what_to_install() {
        let error = Programs::among(&["/nowhere".into()]).err().map(|error| error.to_string());
        let text = error.unwrap_or_default();
        assert!(text.contains("apt-get install postgresql") && text.contains(VARIABLE), "{text}");
    }
}
