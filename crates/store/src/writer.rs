//! Writing: threads that each commit together what waits, and acknowledge it after the commit. SQLite has one, for
//! everything; on PostgreSQL several work at once, each for one tenant at a time, whose writes are serial in any case.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::database::{Database, Scope, Source, Use};
use crate::error::{Error, Result};
use crate::{postgres, sqlite};

/// Writes that may wait; one more is answered [`Error::Busy`].
const WAITING_MAX: usize = 1024;
/// Writes committed together at most.
const BATCH_MAX: usize = 64;
/// How often a transaction is begun before those who wait for it are told; nothing has been done by then.
const BEGINNINGS: u32 = 5;

/// A transaction, and the tenant's number if it is of one whose number is known.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    pub(crate) db: &'a Database,
    pub(crate) tenant: Option<i64>,
}

/// Runs in the transaction, or is told why there is none; what it returns is called with the commit's outcome.
type Job = Box<dyn FnOnce(Result<&Transaction<'_>>) -> Acknowledge + Send>;
type Acknowledge = Box<dyn FnOnce(Result<()>) + Send>;

#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    /// `connections` are opened to `source`, which makes new ones of those that break.
    pub(crate) fn start(connections: Vec<Database>, source: &Source, on_fatal: fn(&str)) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let mut threads = Vec::with_capacity(connections.len());
        for (number, db) in connections.into_iter().enumerate() {
            let mut lane = Lane { db, source: source.clone(), on_fatal, number: number as u64 };
            let queue = queue.clone();
            let thread = std::thread::Builder::new()
                .name(format!("store-writer-{number}"))
                .spawn(move || lane.work(&queue))
                .map_err(|e| Error::Unavailable(e.to_string()))?;
            threads.push(thread);
        }
        Ok(Self { queue, threads: Mutex::new(threads) })
    }

    /// Run `f` in a writing transaction of that scope. Once submitted it is carried out, whoever waits for it or not.
    pub(crate) async fn write<T, E>(
        &self,
        scope: Scope,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let outcome = transaction.map_err(E::from).and_then(|transaction| in_savepoint(transaction, f));
            Box::new(move |committed| drop(sender.send(committed.map_err(E::from).and(outcome))))
        });
        self.queue.submit(scope, job).map_err(E::from)?;
        receiver.await.unwrap_or_else(|_| Err(E::from(stopped())))
    }

    pub(crate) fn is_alive(&self) -> bool {
        let threads = self.threads.lock();
        !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished())
    }

    /// Carry out what waits and stop.
    pub(crate) fn stop(&self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            if thread.thread().id() != std::thread::current().id() {
                drop(thread.join());
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn stopped() -> Error {
    Error::Unavailable("the writer has stopped".into())
}

/// Writes that wait, by scope. A scope is in `ready` while writes of it wait and nobody works on it.
#[derive(Default)]
struct Waiting {
    jobs: HashMap<Scope, VecDeque<Job>>,
    ready: VecDeque<Scope>,
    busy: HashSet<Scope>,
    count: usize,
    is_closed: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.waiting.lock().count).finish()
    }
}

impl Queue {
    fn submit(&self, scope: Scope, job: Job) -> Result<()> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(stopped());
        }
        if waiting.count >= WAITING_MAX {
            return Err(Error::Busy);
        }
        waiting.count += 1;
        let is_free = !waiting.busy.contains(&scope);
        let jobs = waiting.jobs.entry(scope.clone()).or_default();
        jobs.push_back(job);
        if jobs.len() == 1 && is_free {
            waiting.ready.push_back(scope);
            drop(waiting);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The scope that has waited longest and is nobody's, with its first write; `None` when all is done and the store closed.
    fn take(&self) -> Option<(Scope, Job)> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(scope) = waiting.ready.pop_front() {
                waiting.busy.insert(scope.clone());
                if let Some(job) = waiting.next(&scope) {
                    return Some((scope, job));
                }
                waiting.busy.remove(&scope);
            } else if waiting.is_closed && waiting.count == 0 {
                return None;
            } else {
                self.changed.wait(&mut waiting);
            }
        }
    }

    /// The next write of a scope that is worked on.
    fn next(&self, scope: &Scope) -> Option<Job> {
        self.waiting.lock().next(scope)
    }

    /// The scope is anybody's again.
    fn hand_back(&self, scope: Scope) {
        let mut waiting = self.waiting.lock();
        waiting.busy.remove(&scope);
        let is_waiting = waiting.jobs.get(&scope).is_some_and(|jobs| !jobs.is_empty());
        match is_waiting {
            true => waiting.ready.push_back(scope),
            false => drop(waiting.jobs.remove(&scope)),
        }
        let is_done = waiting.is_closed && waiting.count == 0;
        drop(waiting);
        if is_done {
            self.changed.notify_all();
        } else if is_waiting {
            self.changed.notify_one();
        }
    }

    fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.changed.notify_all();
    }
}

impl Waiting {
    fn next(&mut self, scope: &Scope) -> Option<Job> {
        let job = self.jobs.get_mut(scope)?.pop_front()?;
        self.count -= 1;
        Some(job)
    }
}

/// One thread's connection.
struct Lane {
    db: Database,
    source: Source,
    on_fatal: fn(&str),
    number: u64,
}

impl Lane {
    fn work(&mut self, queue: &Queue) {
        while let Some((scope, first)) = queue.take() {
            let mut batch = Vec::with_capacity(8);
            let committed = match self.begin(&scope) {
                Err(error) => {
                    batch.push(first(Err(error)));
                    Ok(())
                }
                Ok(tenant) => {
                    let transaction = Transaction { db: &self.db, tenant };
                    batch.push(first(Ok(&transaction)));
                    // A statement that fails badly ends the transaction; nothing may run outside of one.
                    while batch.len() < BATCH_MAX
                        && self.db.is_writing()
                        && let Some(next) = queue.next(&scope)
                    {
                        batch.push(next(Ok(&transaction)));
                    }
                    self.commit()
                }
            };
            queue.hand_back(scope);
            for acknowledge in batch {
                acknowledge(committed.clone());
            }
        }
        if let Database::Sqlite(db) = &self.db {
            drop(db.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);"));
        }
    }

    /// Begin a transaction: on a new connection if the old one broke, again if another node was in the way. Nothing has been
    /// done yet, so it can be tried again.
    fn begin(&mut self, scope: &Scope) -> Result<Option<i64>> {
        let mut beginning = 0;
        loop {
            beginning += 1;
            let begun = self.reopen().and_then(|()| self.db.begin_write(scope));
            let Err(error) = begun else { return begun };
            if let Database::Postgres(db) = &self.db {
                drop(db.batch("ROLLBACK"));
                if beginning < BEGINNINGS
                    && matches!(error, Error::Busy | Error::Away(_) | Error::Unavailable(_))
                {
                    std::thread::sleep(self.pause(beginning));
                    continue;
                }
            }
            return Err(error);
        }
    }

    fn reopen(&mut self) -> Result<()> {
        if let Database::Postgres(db) = &self.db
            && !db.is_usable()
        {
            self.db = self.source.open(Use::Write)?;
        }
        Ok(())
    }

    /// Longer each time, and not the same for all threads of all nodes.
    fn pause(&self, beginning: u32) -> Duration {
        let spread = (u64::from(std::process::id()) * 31 + self.number * 7 + u64::from(beginning) * 13) % 20;
        Duration::from_millis(10 * u64::from(1_u32 << beginning.min(5)) + spread)
    }

    fn commit(&self) -> Result<()> {
        match &self.db {
            Database::Sqlite(db) => commit_file(db, self.on_fatal),
            Database::Postgres(db) => commit_server(db),
        }
    }
}

/// The answer to all of the batch. A full disk or a lock leaves a clean rollback behind; anything else leaves it unknown
/// what is on disk.
fn commit_file(db: &sqlite::Connection, on_fatal: fn(&str)) -> Result<()> {
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

/// If the server does not answer it is not known whether it has committed; nothing is acknowledged then, and whoever asked
/// looks before asking again. The server, not this process, knows what is on its disk.
fn commit_server(db: &postgres::Connection) -> Result<()> {
    let committed = match db.is_usable() {
        true => db.commit(),
        false => Err(Error::Away("the connection broke".into())),
    };
    if let Err(error) = &committed {
        tracing::error!(%error, "commit failed");
    }
    committed
}

fn in_savepoint<T, E: From<Error>>(
    transaction: &Transaction<'_>,
    f: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let db = transaction.db;
    db.savepoint()?;
    let outcome = catch_unwind(AssertUnwindSafe(|| f(transaction))).unwrap_or_else(|panic| {
        let what =
            panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = what.unwrap_or("of unknown kind"), "a write panicked and was rolled back");
        Err(E::from(Error::Unavailable("a bug stopped this write; nothing was changed".into())))
    });
    let outcome = outcome.and_then(|value| db.keep().map(|()| value).map_err(E::from));
    if outcome.is_err() {
        db.undo()?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::options::Synchronous;

    /// A commit that fails and leaves a clean rollback behind refuses the write and ends nothing; what is fatal, and that it
    /// ends the process, the product's tests show on a disk that fails.
    #[tokio::test]
    async fn a_commit_that_is_rolled_back_refuses_and_goes_on() {
        static FATAL: AtomicBool = AtomicBool::new(false);
        let db = sqlite::Connection::open_in_memory().expect("a database");
        let tables = "PRAGMA foreign_keys = ON; CREATE TABLE a (id INTEGER PRIMARY KEY); \
                      CREATE TABLE b (a INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED);";
        db.execute_batch(tables).expect("tables");
        let source = Source::Sqlite { path: ":memory:".into(), synchronous: Synchronous::Off };
        let fatal = |_: &str| FATAL.store(true, Ordering::SeqCst);
        let writer = Writer::start(vec![Database::Sqlite(db)], &source, fatal).expect("a writer");
        fn file<'a>(transaction: &Transaction<'a>) -> &'a sqlite::Connection {
            match transaction.db {
                Database::Sqlite(db) => db,
                Database::Postgres(_) => unreachable!("it was opened as a file"),
            }
        }
        let run = async |sql: &'static str| -> Result<()> {
            writer.write(Scope::All, move |t| Ok::<_, Error>(file(t).execute_batch(sql)?)).await
        };
        let refused = run("INSERT INTO b VALUES (7)").await;
        assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("could not be committed")));
        run("INSERT INTO a VALUES (7)").await.expect("the writer goes on");
        run("INSERT INTO b VALUES (7)").await.expect("what failed can be tried again");
        let count = |t: &Transaction<'_>| {
            Ok::<i64, Error>(file(t).query_row("SELECT count(*) FROM b", [], |r| r.get(0))?)
        };
        assert_eq!(writer.write(Scope::All, count).await, Ok(1), "nothing of the refused write is there");
        assert!(!FATAL.load(Ordering::SeqCst));
    }
}
