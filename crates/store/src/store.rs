//! [`Store`] and the views of one transaction that it hands out.

use std::fs::OpenOptions;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::database::{Database, Scope, Source, Use};
use crate::error::{Error, Result};
use crate::options::{Location, Options};
use crate::reader::{Readers, Turns};
use crate::tenant_id::TenantId;
use crate::writer::{Transaction, Writer};
use crate::{dump, migration, postgres, resource, tenant};

/// Connections for scans, beside those for point reads.
const SCANNERS: usize = 4;
/// Of those, for one tenant: what belongs to none counts as one.
const SCANNERS_OF_A_TENANT: usize = 2;

/// The database. Cheap to clone; closed when the last clone goes.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: Writer,
    readers: Arc<Readers>,
    scanners: Arc<Readers>,
    turns: Turns,
    system_turns: Arc<Semaphore>,
    is_shared: bool,
    schema_version: u32,
    greatest_id: Option<String>,
    // Dropped last: removes a temporary folder.
    _folder: Option<tempfile::TempDir>,
}

/// Whether the store can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub writer: bool,
    pub schema_version: u32,
}

impl Health {
    pub fn is_ready(self) -> bool {
        self.writer
    }
}

impl Store {
    /// Open or make the database and bring its schema up to date.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a newer schema or an unknown location; [`Error::Unavailable`] with the cause.
    pub fn open(options: Options) -> Result<Self> {
        let (source, folder) = place(&options)?;
        let schema_version = migration::run_all(&source, options.master_key)?;
        let writers = match &source {
            Source::Sqlite { .. } => 1,
            Source::Postgres { .. } => options.writers.max(1),
        };
        let writers = (0..writers).map(|_| source.open(Use::Write)).collect::<Result<Vec<_>>>()?;
        let greatest_id = writers.first().map(resource::greatest_id).transpose()?.flatten();
        let readers = |purpose, connections| Arc::new(Readers::new(source.clone(), purpose, connections));
        Ok(Self(Arc::new(Inner {
            writer: Writer::start(writers, &source, options.on_fatal)?,
            readers: readers(Use::Read, options.readers),
            scanners: readers(Use::Scan, SCANNERS),
            turns: Turns::new(SCANNERS_OF_A_TENANT),
            system_turns: Arc::new(Semaphore::new(SCANNERS_OF_A_TENANT)),
            is_shared: matches!(source, Source::Postgres { .. }),
            schema_version,
            greatest_id,
            _folder: folder,
        })))
    }

    /// Everything of one tenant is reached from here and nowhere else.
    pub fn tenant(&self, tenant: &TenantId) -> TenantStore {
        TenantStore { store: self.clone(), tenant: tenant.clone() }
    }

    /// Read what belongs to no tenant.
    ///
    /// # Errors
    /// What `f` returns; [`Error::Unavailable`].
    pub async fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&SystemRead<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.0.readers.read(|db| f(&SystemRead { db })).await
    }

    /// Read much of what belongs to no tenant, on a thread of its own.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn scan<T, E>(
        &self,
        f: impl FnOnce(&SystemRead<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.0.scanners.scan(self.0.system_turns.clone(), move |db| f(&SystemRead { db })).await
    }

    /// Change what belongs to no tenant.
    ///
    /// # Errors
    /// What `f` returns, with nothing changed; [`Error::Busy`]; [`Error::Unavailable`].
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&SystemWrite<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let scope = if self.0.is_shared { Scope::System } else { Scope::All };
        self.0.writer.write(scope, |t| f(&SystemWrite { read: SystemRead { db: t.db } })).await
    }

    /// Other processes may use the same database.
    pub fn is_shared(&self) -> bool {
        self.0.is_shared
    }

    pub fn health(&self) -> Health {
        Health { writer: self.0.writer.is_alive(), schema_version: self.0.schema_version }
    }

    pub fn schema_version(&self) -> u32 {
        self.0.schema_version
    }

    /// The greatest id that a resource of any tenant had when the store was opened; ids made later are to be greater.
    pub fn greatest_id(&self) -> Option<&str> {
        self.0.greatest_id.as_deref()
    }

    /// Carry out the writes that wait, fold the write-ahead log into the file, and refuse further writes.
    pub fn close(&self) {
        self.0.writer.stop();
    }

    /// Every table in key order as text, for comparing states. The request log and times of last use are left out: they
    /// change without anything being changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`]
    pub async fn dump(&self) -> Result<String> {
        self.0.scanners.scan(self.0.system_turns.clone(), dump::dump).await
    }
}

pub(crate) fn place(options: &Options) -> Result<(Source, Option<tempfile::TempDir>)> {
    let synchronous = options.synchronous;
    let unavailable = |what: &str, e: std::io::Error| Error::Unavailable(format!("{what}: {e}"));
    match &options.location {
        Location::File(path) => {
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(|e| unavailable(&folder.display().to_string(), e))?;
            }
            make_private(path).map_err(|e| unavailable(&path.display().to_string(), e))?;
            Ok((Source::Sqlite { path: path.clone(), synchronous }, None))
        }
        Location::Memory => {
            let folder = tempfile::tempdir().map_err(|e| unavailable("a temporary folder", e))?;
            Ok((Source::Sqlite { path: folder.path().join("muster.db"), synchronous }, Some(folder)))
        }
        Location::Postgres(url) => {
            let server = Box::new(postgres::Server::parse(&url.0)?);
            Ok((Source::Postgres { server, database_time: options.database_time }, None))
        }
    }
}

/// A new file is for its owner only, wherever it lies; SQLite gives the files beside it the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// One tenant of the store.
#[derive(Debug, Clone)]
pub struct TenantStore {
    store: Store,
    tenant: TenantId,
}

impl TenantStore {
    /// A point read, in one snapshot, on this thread.
    ///
    /// # Errors
    /// [`Error::NoTenant`]; what `f` returns.
    pub async fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&TenantRead<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.store.0.readers.read(|db| f(&TenantRead::open(db, &self.tenant)?)).await
    }

    /// A read that may look at much, in one snapshot, on a thread of its own.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn scan<T, E>(
        &self,
        f: impl FnOnce(&TenantRead<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let tenant = self.tenant.clone();
        let turns = self.store.0.turns.of(&tenant);
        self.store.0.scanners.scan(turns, move |db| f(&TenantRead::open(db, &tenant)?)).await
    }

    /// A write: all of it or nothing, on disk when this returns. It is carried out even if the caller stops waiting.
    ///
    /// # Errors
    /// As [`Self::read`]; [`Error::Busy`] when too many wait.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&TenantWrite<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let tenant = self.tenant.clone();
        let scope = if self.store.0.is_shared { Scope::Tenant(tenant.clone()) } else { Scope::All };
        let write = move |t: &Transaction<'_>| {
            let read = match t.tenant {
                Some(tenant) => TenantRead { db: t.db, tenant },
                None => TenantRead::open(t.db, &tenant)?,
            };
            f(&TenantWrite { read })
        };
        self.store.0.writer.write(scope, write).await
    }
}

/// One tenant in one snapshot.
#[derive(Debug)]
pub struct TenantRead<'a> {
    pub(crate) db: &'a Database,
    pub(crate) tenant: i64,
}

impl<'a> TenantRead<'a> {
    fn open(db: &'a Database, tenant: &TenantId) -> Result<Self> {
        let tenant = tenant::number(db, tenant)?.ok_or(Error::NoTenant)?;
        Ok(Self { db, tenant })
    }
}

/// One tenant in the writing transaction; reads see what was written before.
#[derive(Debug)]
pub struct TenantWrite<'a> {
    read: TenantRead<'a>,
}

impl<'a> Deref for TenantWrite<'a> {
    type Target = TenantRead<'a>;

    fn deref(&self) -> &TenantRead<'a> {
        &self.read
    }
}

/// What belongs to no tenant, in one snapshot.
#[derive(Debug)]
pub struct SystemRead<'a> {
    pub(crate) db: &'a Database,
}

/// What belongs to no tenant, in the writing transaction.
#[derive(Debug)]
pub struct SystemWrite<'a> {
    read: SystemRead<'a>,
}

impl<'a> Deref for SystemWrite<'a> {
    type Target = SystemRead<'a>;

    fn deref(&self) -> &SystemRead<'a> {
        &self.read
    }
}
