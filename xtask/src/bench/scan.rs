//! The floor of filters that no index helps: a bare program that reads every document and looks for the text in its bytes.

use std::path::Path;
use std::time::Instant;

use memchr::memmem;
use rusqlite::Connection;

use super::write_set::open_to_read;

pub(super) struct Scan(Connection);

impl Scan {
    pub(super) fn open(database: &Path) -> anyhow::Result<Self> {
        Ok(Self(open_to_read(database)?))
    }

    /// Seconds, and how many documents have the text.
    pub(super) fn run(&self, text: &str) -> anyhow::Result<(f64, usize)> {
        let finder = memmem::Finder::new(text);
        let started = Instant::now();
        let mut statement = self.0.prepare_cached("SELECT document FROM resource WHERE +kind = 1")?;
        let mut rows = statement.query([])?;
        let mut hits = 0;
        while let Some(row) = rows.next()? {
            hits += usize::from(finder.find(row.get_ref(0)?.as_str()?.as_bytes()).is_some());
        }
        Ok((started.elapsed().as_secs_f64(), hits))
    }
}
