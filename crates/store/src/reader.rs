//! Connections for reading. Point reads run where they are asked, on a connection of their own; scans run on blocking
//! threads with connections of theirs, so that a long scan never delays a point read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::database::{Database, Source, Use};
use crate::error::{Error, Result};
use crate::tenant_id::TenantId;

#[derive(Debug)]
pub(crate) struct Readers {
    source: Source,
    purpose: Use,
    idle: Mutex<Vec<Database>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(source: Source, purpose: Use, connections: usize) -> Self {
        Self {
            source,
            purpose,
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(connections.max(1))),
        }
    }

    /// Run `f` on this thread, in one snapshot.
    pub(crate) async fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Database) -> Result<T, E>,
    ) -> Result<T, E> {
        let _permit = self.permits.acquire().await.map_err(|e| E::from(Error::Unavailable(e.to_string())))?;
        match &self.source {
            Source::Sqlite { .. } => self.run(self.connection().map_err(E::from)?, f),
            // Another process answers: this thread waits for it, and its other tasks should not.
            Source::Postgres { .. } => aside(|| self.run(self.connection().map_err(E::from)?, f)),
        }
    }

    /// Run `f` on a blocking thread, in one snapshot. When nobody waits for it any more it stops, and until it has stopped
    /// it counts as running: callers that come and go must not make ever more scans. Of those that run at once, `turns` are
    /// for the same tenant, so that no tenant waits behind all the scans of another.
    pub(crate) async fn scan<T, E>(
        self: &Arc<Self>,
        turns: Arc<Semaphore>,
        f: impl FnOnce(&Database) -> Result<T, E> + Send + 'static,
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
            db.stop_when(Some(given_up)).map_err(E::from)?;
            readers.run(db, f)
        });
        scanned.await.unwrap_or_else(|e| Err(E::from(Error::Unavailable(format!("a read stopped: {e}")))))
    }

    fn connection(&self) -> Result<Database> {
        loop {
            let idle = self.idle.lock().pop();
            match idle {
                None => return self.source.open(self.purpose),
                Some(db) if db.is_alive() => return Ok(db),
                Some(_) => {}
            }
        }
    }

    fn run<T, E: From<Error>>(
        &self,
        mut db: Database,
        f: impl FnOnce(&Database) -> Result<T, E>,
    ) -> Result<T, E> {
        db.begin_read()?;
        let outcome = f(&db);
        // A connection that cannot end its snapshot is not used again.
        match db.stop_when(None).is_ok() && db.end_read() {
            true => self.idle.lock().push(db),
            // The others are as old as this one and lead to the same server.
            false => self.idle.lock().clear(),
        }
        outcome
    }
}

/// Wait on this thread, while others take over what else it has to do, where there are others.
fn aside<T>(f: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(f),
        _ => f(),
    }
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
