//! Where the database is and how it is opened.

use std::path::PathBuf;

use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The database file; made when absent, its folder too.
    File(PathBuf),
    /// For tests: a file in a temporary folder that goes with the store.
    Memory,
    /// A database of a PostgreSQL server.
    Postgres(ServerUrl),
}

/// The URL of a PostgreSQL database, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(pub(crate) String);

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerUrl(…)")
    }
}

impl Location {
    /// `sqlite:PATH`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, which may have `sslmode`,
    /// `sslrootcert` and libpq's other parameters.
    ///
    /// # Errors
    /// [`Error::Unsupported`], saying what is understood.
    pub fn parse(url: &str) -> Result<Self> {
        if url == "sqlite::memory:" {
            return Ok(Self::Memory);
        }
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            // SQLite takes an empty name for a database that is gone when it is closed.
            if path.is_empty() {
                return Err(Error::Unsupported("the URL names no file".into()));
            }
            return Ok(Self::File(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            crate::postgres::Server::parse(url)?;
            return Ok(Self::Postgres(ServerUrl(url.to_owned())));
        }
        Err(Error::Unsupported(
            "the database URL must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".into(),
        ))
    }
}

/// SQLite's `synchronous`. Only `Full` keeps what was acknowledged through a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    Full,
    /// For tests and controls only: loses acknowledged writes in a power cut.
    Normal,
    /// For tests and controls only: may lose the database in a power cut.
    Off,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub location: Location,
    /// Connections for point reads.
    pub readers: usize,
    /// Connections that write at once to different tenants, on PostgreSQL; SQLite has one writer.
    pub writers: usize,
    pub synchronous: Synchronous,
    /// Leases go by the clock of the PostgreSQL server, on which all nodes agree, not by the caller's.
    pub database_time: bool,
    /// Of the master key: a database that was made with another is refused.
    pub master_key: Option<[u8; 32]>,
    /// Called when a commit fails in a way that leaves it unknown what is on disk; must not return in production.
    pub on_fatal: fn(&str),
}

impl Options {
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::located(Location::File(path.into()))
    }

    pub fn memory() -> Self {
        Self {
            location: Location::Memory,
            readers: 4,
            writers: 4,
            synchronous: Synchronous::Off,
            database_time: false,
            master_key: None,
            on_fatal: end_process,
        }
    }

    /// Wherever that is, durable.
    pub fn located(location: Location) -> Self {
        Self { location, ..Self::memory() }.durable()
    }

    /// A database by its URL.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a URL that cannot be understood.
    pub fn at(url: &str) -> Result<Self> {
        Location::parse(url).map(Self::located)
    }

    fn durable(mut self) -> Self {
        self.synchronous = Synchronous::Full;
        self
    }
}

/// After a failed fsync the kernel may have dropped the pages: nothing in memory can be trusted to be on disk, and a retry
/// would acknowledge what is lost. A restart reads what is really there.
fn end_process(why: &str) {
    tracing::error!(why, "a commit failed; ending the process so that nothing lost is acknowledged");
    std::process::abort();
}
