//! The one writer: a thread that commits all waiting writes together and acknowledges them after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Writes that may wait; one more is answered [`Error::Busy`].
const WAITING_MAX: usize = 1024;
/// Writes committed together at most.
const BATCH_MAX: usize = 64;

/// Runs in the transaction, or is told why there is none; what it returns is called with the commit's outcome.
type Job = Box<dyn FnOnce(Result<&Connection>) -> Acknowledge + Send>;
type Acknowledge = Box<dyn FnOnce(Result<()>) + Send>;

#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(db: Connection, on_fatal: fn(&str)) -> Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&db, &waiting, on_fatal))
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Run `f` in the writer's transaction. Once submitted it is carried out, whoever waits for it or not.
    pub(crate) async fn write<T, E>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let outcome = db.map_err(E::from).and_then(|db| in_savepoint(db, f));
            Box::new(move |committed| drop(sender.send(committed.map_err(E::from).and(outcome))))
        });
        self.submit(job).map_err(E::from)?;
        receiver.await.unwrap_or_else(|_| Err(E::from(Error::Unavailable("the writer has stopped".into()))))
    }

    fn submit(&self, job: Job) -> Result<()> {
        match self.jobs.lock().as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(Error::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(Error::Unavailable("the writer has stopped".into()))
            }
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.thread.lock().as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Carry out what waits and stop.
    pub(crate) fn stop(&self) {
        drop(self.jobs.lock().take());
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            drop(thread.join());
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn work(db: &Connection, waiting: &Receiver<Job>, on_fatal: fn(&str)) {
    while let Ok(first) = waiting.recv() {
        let mut batch = Vec::with_capacity(8);
        let committed = match begin(db) {
            Err(error) => {
                batch.push(first(Err(error)));
                Ok(())
            }
            Ok(()) => {
                batch.push(first(Ok(db)));
                // A statement that fails badly ends the transaction; nothing may run outside of one.
                while batch.len() < BATCH_MAX
                    && !db.is_autocommit()
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next(Ok(db)));
                }
                commit(db, on_fatal)
            }
        };
        for acknowledge in batch {
            acknowledge(committed.clone());
        }
    }
    drop(db.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);"));
}

fn begin(db: &Connection) -> Result<()> {
    Ok(db.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.execute([])).map(drop)?)
}

/// The answer to all of the batch. A full disk or a lock leaves a clean rollback behind; anything else leaves it unknown
/// what is on disk.
fn commit(db: &Connection, on_fatal: fn(&str)) -> Result<()> {
    use rusqlite::ErrorCode as Code;
    if db.is_autocommit() {
        return Err(Error::Unavailable("the database ended the transaction; nothing was changed".into()));
    }
    let Err(error) = db.prepare_cached("COMMIT").and_then(|mut s| s.execute([])) else { return Ok(()) };
    tracing::error!(%error, "commit failed");
    let recoverable = matches!(
        error.sqlite_error_code(),
        Some(Code::DiskFull | Code::DatabaseBusy | Code::DatabaseLocked | Code::ConstraintViolation)
    );
    let rolled_back = db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok();
    if !(recoverable && rolled_back) {
        on_fatal(&error.to_string());
    }
    Err(Error::Unavailable(format!("the write could not be committed: {error}")))
}

fn in_savepoint<T, E: From<Error>>(
    db: &Connection,
    f: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let step = |sql: &str| -> Result<()> { Ok(db.prepare_cached(sql)?.execute([]).map(drop)?) };
    step("SAVEPOINT job")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| f(db))).unwrap_or_else(|panic| {
        let what =
            panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = what.unwrap_or("of unknown kind"), "a write panicked and was rolled back");
        Err(E::from(Error::Unavailable("a bug stopped this write; nothing was changed".into())))
    });
    if outcome.is_err() {
        step("ROLLBACK TO job")?;
    }
    step("RELEASE job")?;
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A commit that fails and leaves a clean rollback behind refuses the write and ends nothing; what is fatal, and that it
    /// ends the process, the product's tests show on a disk that fails.
    #[tokio::test]
    async fn a_commit_that_is_rolled_back_refuses_and_goes_on() {
        static FATAL: AtomicBool = AtomicBool::new(false);
        let db = Connection::open_in_memory().expect("a database");
        let tables = "PRAGMA foreign_keys = ON; CREATE TABLE a (id INTEGER PRIMARY KEY); \
                      CREATE TABLE b (a INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED);";
        db.execute_batch(tables).expect("tables");
        let writer = Writer::start(db, |_| FATAL.store(true, Ordering::SeqCst)).expect("a writer");
        let run = async |sql: &'static str| -> Result<()> {
            writer.write(move |db| Ok::<_, Error>(db.execute_batch(sql)?)).await
        };
        let refused = run("INSERT INTO b VALUES (7)").await;
        assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("could not be committed")));
        run("INSERT INTO a VALUES (7)").await.expect("the writer goes on");
        run("INSERT INTO b VALUES (7)").await.expect("what failed can be tried again");
        let rows =
            writer.write(|db| Ok::<_, Error>(db.query_row("SELECT count(*) FROM b", [], |r| r.get(0))?));
        assert_eq!(rows.await, Ok(1), "nothing of the refused write is there");
        assert!(!FATAL.load(Ordering::SeqCst));
    }
}
