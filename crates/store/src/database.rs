//! A connection to whichever database holds the store, and what every statement needs. Statements are written once, with
//! `?1` for the first parameter, in the SQL that both databases have; where they differ, [`Database`] has a word for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Result;
use crate::options::Synchronous;
use crate::tenant_id::TenantId;
use crate::value::{Params, Row, params};
use crate::{postgres, sqlite};

/// Steps of SQLite between two looks at whether anybody still waits for a scan.
const STEPS: i32 = 1_000;

/// Where connections are opened to.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Sqlite {
        path: PathBuf,
        synchronous: Synchronous,
    },
    /// With `database_time`, leases go by the server's clock.
    Postgres {
        server: Box<postgres::Server>,
        database_time: bool,
    },
}

/// What a connection is for: how long its statements may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Scan,
    Write,
    Migrate,
}

impl Source {
    pub(crate) fn open(&self, purpose: Use) -> Result<Database> {
        match self {
            Self::Sqlite { path, synchronous } => Ok(Database::Sqlite(sqlite::open(path, *synchronous)?)),
            Self::Postgres { server, database_time } => {
                let db = postgres::Connection::open(server, settings(purpose), *database_time)?;
                Ok(Database::Postgres(Box::new(db)))
            }
        }
    }
}

/// Limits on PostgreSQL's statements and waits for locks: whoever waits longer has gone, and what is not answered is tried
/// again by the one who asked.
fn settings(purpose: Use) -> &'static str {
    match purpose {
        Use::Read => {
            "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = error"
        }
        Use::Scan => {
            "SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '90s'; SET client_min_messages = error"
        }
        Use::Write => {
            "SET statement_timeout = '30s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'; \
             SET client_min_messages = error"
        }
        Use::Migrate => "SET client_min_messages = error",
    }
}

/// One connection. Its statements run in the transaction that was begun on it.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(sqlite::Connection),
    Postgres(Box<postgres::Connection>),
}

impl Database {
    /// Give each row of the answer to `read`.
    pub(crate) fn query(
        &self,
        sql: &str,
        params: Params<'_>,
        read: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(db) => sqlite::query(db, sql, params, read),
            Self::Postgres(db) => db.query(sql, params, read),
        }
    }

    /// Stop what runs when this becomes true: nobody waits for it any more.
    pub(crate) fn stop_when(&mut self, given_up: Option<Arc<AtomicBool>>) -> Result<()> {
        match self {
            Self::Sqlite(db) => {
                let stop = given_up.map(|given_up| move || given_up.load(Ordering::Relaxed));
                Ok(db.progress_handler(STEPS, stop)?)
            }
            Self::Postgres(db) => {
                db.stop_when(given_up);
                Ok(())
            }
        }
    }

    /// It is worth using after it lay idle.
    pub(crate) fn is_alive(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(db) => db.is_alive(),
        }
    }

    /// Begin a transaction that sees one state.
    pub(crate) fn begin_read(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => sqlite::step(db, "BEGIN"),
            Self::Postgres(db) => db.send_batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }

    /// `false` if the connection cannot be used again.
    pub(crate) fn end_read(&self) -> bool {
        match self {
            Self::Sqlite(db) => sqlite::step(db, "COMMIT").is_ok(),
            Self::Postgres(db) => db.is_usable() && db.send_batch("COMMIT").and_then(|()| db.flush()).is_ok(),
        }
    }

    /// Begin a transaction that writes: on SQLite for everything, on PostgreSQL for one tenant or for what belongs to none,
    /// which nobody else writes until its end. Gives the tenant's number where it had to be looked up.
    pub(crate) fn begin_write(&self, scope: &Scope) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(db) => sqlite::step(db, "BEGIN IMMEDIATE").map(|()| None),
            Self::Postgres(db) => {
                db.send_batch("BEGIN")?;
                match scope {
                    Scope::All => Ok(None),
                    Scope::System => {
                        db.changed("SELECT tenant FROM head WHERE tenant = 0 FOR UPDATE", params![])?;
                        Ok(None)
                    }
                    Scope::Tenant(tenant) => {
                        let sql = "SELECT h.tenant FROM head h WHERE h.tenant = (SELECT t.number FROM tenant t WHERE t.id = ?1) \
                                   FOR UPDATE";
                        db.send(sql, params![tenant.as_str()])?;
                        // Once more, with the lock: it may have been deleted by whoever had it.
                        let mut number = None;
                        db.query(
                            "SELECT number FROM tenant WHERE id = ?1",
                            params![tenant.as_str()],
                            &mut |row| {
                                number = Some(row.get(0)?);
                                Ok(())
                            },
                        )?;
                        number.map(Some).ok_or(crate::error::Error::NoTenant)
                    }
                }
            }
        }
    }

    /// Whether the transaction is still there.
    pub(crate) fn is_writing(&self) -> bool {
        match self {
            Self::Sqlite(db) => !db.is_autocommit(),
            Self::Postgres(db) => db.is_usable(),
        }
    }

    pub(crate) fn savepoint(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => sqlite::step(db, "SAVEPOINT job"),
            Self::Postgres(db) => db.send_batch("SAVEPOINT job"),
        }
    }

    /// What was written since the savepoint stays, if all of it could be.
    pub(crate) fn keep(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => sqlite::step(db, "RELEASE job"),
            Self::Postgres(db) => db.settle().and_then(|()| db.send_batch("RELEASE job")),
        }
    }

    /// Undo what was written since the savepoint.
    pub(crate) fn undo(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => {
                sqlite::step(db, "ROLLBACK TO job")?;
                sqlite::step(db, "RELEASE job")
            }
            Self::Postgres(db) => {
                // What was sent ahead may have failed; that is why.
                drop(db.settle());
                db.batch("ROLLBACK TO job; RELEASE job")
            }
        }
    }

    /// The time that all nodes agree on, in milliseconds: the server's, or else that of the only process there is.
    pub(crate) fn now(&self, own: i64) -> Result<i64> {
        match self {
            Self::Postgres(db) if db.has_the_time() => {
                let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
                Ok(find(self, sql, params![], |row| row.get(0))?.unwrap_or(own))
            }
            _ => Ok(own),
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// A statement without parameters.
    pub(crate) fn step(&self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(db) => sqlite::step(db, sql),
            Self::Postgres(db) => db.batch(sql),
        }
    }

    /// Columns of a table in their order.
    pub(crate) fn columns(&self, table: &str) -> Result<Vec<String>> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM pragma_table_info(?1) ORDER BY cid",
            Self::Postgres(_) => {
                "SELECT CAST(attname AS TEXT) FROM pg_attribute WHERE attrelid = to_regclass(?1) AND attnum > 0 \
                 AND NOT attisdropped ORDER BY attnum"
            }
        };
        list(self, sql, params![table], |row| row.get(0))
    }

    /// After tenants were copied with their numbers: the next gets a greater one. SQLite sees to it itself.
    pub(crate) fn number_tenants(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(db) => db.batch(
                "SELECT setval(pg_get_serial_sequence('tenant', 'number'), greatest((SELECT max(number) FROM tenant), \
                 (SELECT max(tenant) FROM purging), 1))",
            ),
        }
    }

    /// The operator that finds a pattern, whatever the case of ASCII letters.
    pub(crate) fn like(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "LIKE",
            Self::Postgres(_) => "ILIKE",
        }
    }

    /// A sub-select of the texts of a JSON array that is a parameter, as `value`.
    pub(crate) fn each(&self, parameter: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("(SELECT value FROM json_each({parameter}))"),
            Self::Postgres(_) => {
                format!("(SELECT value FROM json_array_elements_text(CAST({parameter} AS json)))")
            }
        }
    }
}

/// What a write may change, and what no two may change at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    All,
    System,
    Tenant(TenantId),
}

/// One row, if there is one.
pub(crate) fn find<T>(
    db: &Database,
    sql: &str,
    params: Params<'_>,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let (mut read, mut found) = (Some(read), None);
    db.query(sql, params, &mut |row| {
        if let Some(read) = read.take() {
            found = Some(read(row)?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// All rows.
pub(crate) fn list<T>(
    db: &Database,
    sql: &str,
    params: Params<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    db.query(sql, params, &mut |row| {
        rows.push(read(row)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Carry out, and give the number of rows changed.
pub(crate) fn changed(db: &Database, sql: &str, params: Params<'_>) -> Result<usize> {
    match db {
        Database::Sqlite(db) => sqlite::run(db, sql, params),
        Database::Postgres(db) => db.changed(sql, params),
    }
}

/// Carry out, and wait for what the database says of it: a conflict is an answer to whoever asked.
pub(crate) fn settled(db: &Database, sql: &str, params: Params<'_>) -> Result<()> {
    changed(db, sql, params).map(drop)
}

/// Carry out. Where the database is another process, what it says is waited for later, before anything is acknowledged.
pub(crate) fn run(db: &Database, sql: &str, params: Params<'_>) -> Result<()> {
    match db {
        Database::Sqlite(db) => sqlite::run(db, sql, params).map(drop),
        Database::Postgres(db) => db.send(sql, params),
    }
}

pub(crate) fn count(db: &Database, sql: &str, params: Params<'_>) -> Result<u64> {
    let number = find(db, sql, params, |row| row.get::<i64>(0))?;
    Ok(number.unwrap_or_default().unsigned_abs())
}

/// The first text that sorts behind every text that starts with `prefix`: its last character made one greater. A prefix of
/// nothing but U+10FFFF, which no character follows, has no such text; the caller keeps those out.
pub(crate) fn behind(prefix: &str) -> String {
    let head = prefix.trim_end_matches(char::MAX);
    let next = |last: char| (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
    let mut characters = head.chars();
    match characters.next_back().and_then(next) {
        Some(next) => format!("{}{next}", characters.as_str()),
        None => format!("{prefix}{}", char::MAX),
    }
}

/// A LIKE pattern that finds `text` anywhere, with `\` as the escape character.
pub(crate) fn anywhere(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
