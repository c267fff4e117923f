//! Connections for reading. Point reads run where they are asked, on a connection of their own; scans run on blocking
//! threads with connections of theirs, so that a long scan never delays a point read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection;
use crate::error::{Error, Result};
use crate::options::Synchronous;
use crate::tenant_id::TenantId;

/// Steps of the database between two looks at whether anybody still waits for a scan.
const STEPS: i32 = 1_000;

#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    synchronous: Synchronous,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, synchronous: Synchronous, connections: usize) -> Self {
        Self {
            path,
            synchronous,
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(connections.max(1))),
        }
    }

    /// Run `f` on this thread, in one snapshot.
    pub(crate) async fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let _permit = self.permits.acquire().await.map_err(|e| E::from(Error::Unavailable(e.to_string())))?;
        self.run(self.connection().map_err(E::from)?, f)
    }

    /// Run `f` on a blocking thread, in one snapshot. When nobody waits for it any more it stops, and until it has stopped
    /// it counts as running: callers that come and go must not make ever more scans. Of those that run at once, `turns` are
    /// for the same tenant, so that no tenant waits behind all the scans of another.
    pub(crate) async fn scan<T, E>(
        self: &Arc<Self>,
        turns: Arc<Semaphore>,
        f: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let readers = Arc::clone(self);
        let closed = |e: tokio::sync::AcquireError| E::from(Error::Unavailable(e.to_string()));
        let turn = turns.acquire_owned().await.map_err(closed)?;
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        let waiting = Waiting::default();
        let given_up = waiting.0.clone();
        let scanned = tokio::task::spawn_blocking(move || {
            let _held = (turn, permit);
            let mut db = readers.connection().map_err(E::from)?;
            let stop = move || given_up.load(Ordering::Relaxed);
            db.progress_handler(STEPS, Some(stop)).map_err(|e| E::from(e.into()))?;
            readers.run(db, f)
        });
        scanned.await.unwrap_or_else(|e| Err(E::from(Error::Unavailable(format!("a read stopped: {e}")))))
    }

    fn connection(&self) -> Result<Connection> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| connection::open(&self.path, self.synchronous), Ok)
    }

    fn run<T, E: From<Error>>(
        &self,
        mut db: Connection,
        f: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        step(&db, "BEGIN")?;
        let outcome = f(&db);
        // A connection that cannot end its snapshot is not used again.
        let handed_back = db.progress_handler(0, None::<fn() -> bool>).is_ok() && step(&db, "COMMIT").is_ok();
        if handed_back {
            self.idle.lock().push(db);
        }
        outcome
    }
}

fn step(db: &Connection, sql: &str) -> Result<()> {
    Ok(db.prepare_cached(sql)?.execute([]).map(drop)?)
}

/// How many scans each tenant may have running at once.
#[derive(Debug)]
pub(crate) struct Turns {
    each: usize,
    of: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

/// Tenants remembered before those without a scan are forgotten.
const REMEMBERED: usize = 1_000;

impl Turns {
    pub(crate) fn new(each: usize) -> Self {
        Self { each, of: Mutex::default() }
    }

    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut of = self.of.lock();
        if of.len() >= REMEMBERED {
            of.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        of.entry(tenant.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone()
    }
}

/// Held by whoever waits for a scan; dropped, the scan is told to stop.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
