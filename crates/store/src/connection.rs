//! Opening connections, and what every statement needs.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row};

use crate::error::{Error, Result};
use crate::options::Synchronous;

/// How long a statement waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(5);

pub(crate) fn open(path: &Path, synchronous: Synchronous) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Error::Unsupported(format!(
            "the file system of {} cannot hold a write-ahead log (journal mode {mode}); use a local disk",
            path.display()
        )));
    }
    let level = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
        Synchronous::Off => "OFF",
    };
    db.execute_batch(&format!(
        "PRAGMA synchronous = {level}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
    ))?;
    // Without it every statement is parsed and planned anew for each value that is bound to it: the planner wants to see
    // the values. Ours are chosen so that one plan is right for all.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(256);
    // SQLite's LIKE knows the case of ASCII alone; names are compared as `userName` is.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("folded", 1, flags, |values| {
        Ok(values.get::<Option<String>>(0)?.map(|text| scim::compare::fold(&text)))
    })?;
    Ok(db)
}

/// One row, if there is one.
pub(crate) fn find<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    Ok(db.prepare_cached(sql)?.query_row(params, read).optional()?)
}

/// All rows.
pub(crate) fn list<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The number of rows changed.
pub(crate) fn run(db: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

pub(crate) fn count(db: &Connection, sql: &str, params: impl Params) -> Result<u64> {
    let number: i64 = db.prepare_cached(sql)?.query_row(params, |row| row.get(0))?;
    Ok(number.unsigned_abs())
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(timestamp(row.get(column)?))
}

pub(crate) fn time_if(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(timestamp))
}

/// Only what was made by [`Timestamp::as_millisecond`] is stored, so it is in range; an edited row reads as 1970.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// SQLite's integers are signed; limits and offsets beyond them are as good as endless.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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
