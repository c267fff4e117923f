//! Connections for reading. Point reads run where they are asked, on a connection of their own; scans run on blocking
//! threads with connections of theirs, so that a long scan never delays a point read.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection;
use crate::error::{Error, Result};
use crate::options::Synchronous;

#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    synchronous: Synchronous,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, synchronous: Synchronous, connections: usize) -> Self {
        Self { path, synchronous, idle: Mutex::new(Vec::new()), permits: Semaphore::new(connections.max(1)) }
    }

    /// Run `f` on this thread, in one snapshot.
    pub(crate) async fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let _permit = self.permits.acquire().await.map_err(|e| E::from(Error::Unavailable(e.to_string())))?;
        self.run(f)
    }

    /// Run `f` on a blocking thread, in one snapshot.
    pub(crate) async fn scan<T, E>(
        self: &Arc<Self>,
        f: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let readers = Arc::clone(self);
        let _permit = self.permits.acquire().await.map_err(|e| E::from(Error::Unavailable(e.to_string())))?;
        tokio::task::spawn_blocking(move || readers.run(f))
            .await
            .unwrap_or_else(|e| Err(E::from(Error::Unavailable(format!("a read stopped: {e}")))))
    }

    fn run<T, E: From<Error>>(&self, f: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle.lock().pop();
        let db = match idle {
            Some(db) => db,
            None => connection::open(&self.path, self.synchronous).map_err(E::from)?,
        };
        let step = |sql: &str| -> Result<()> { Ok(db.prepare_cached(sql)?.execute([]).map(drop)?) };
        step("BEGIN")?;
        let outcome = f(&db);
        // A connection that cannot end its snapshot is not used again.
        if step("COMMIT").is_ok() {
            self.idle.lock().push(db);
        }
        outcome
    }
}
