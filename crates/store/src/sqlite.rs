//! SQLite: opening the file, and statements on it.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::error::{Conflict, Error, Result};
use crate::options::Synchronous;
use crate::value::{Params, Row, Value};

pub(crate) use rusqlite::Connection;

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

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(crate) fn query(
    db: &Connection,
    sql: &str,
    params: Params<'_>,
    read: &mut dyn FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut statement = db.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        read(&Row::Sqlite(row))?;
    }
    Ok(())
}

/// The number of rows changed.
pub(crate) fn run(db: &Connection, sql: &str, params: Params<'_>) -> Result<usize> {
    let mut statement = db.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    Ok(statement.raw_execute()?)
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: Params<'_>) -> Result<()> {
    // The numbers in the text decide; a statement may name fewer than are given.
    for (at, param) in params.iter().enumerate().take(statement.parameter_count()) {
        statement.raw_bind_parameter(at + 1, param.value())?;
    }
    Ok(())
}

/// A statement without parameters.
pub(crate) fn step(db: &Connection, sql: &str) -> Result<()> {
    Ok(db.prepare_cached(sql)?.execute([]).map(drop)?)
}

pub(crate) fn field<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<Value<'a>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(_) => return Err(Error::Corrupt(format!("column {column} has a fraction"))),
        ValueRef::Text(bytes) => Value::Text(
            std::str::from_utf8(bytes).map_err(|_| Error::Corrupt(format!("column {column} is no UTF-8")))?,
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    })
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(Code::ConstraintViolation) => constraint(&error),
            Some(_) => Self::Unavailable(error.to_string()),
            None => Self::Corrupt(error.to_string()),
        }
    }
}

fn constraint(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    let conflict = [
        ("resource.unique_key", Conflict::UniqueKey),
        ("resource.id", Conflict::Id),
        ("operator.name_key", Conflict::Name),
        ("operator.id", Conflict::Id),
        ("tenant.id", Conflict::Id),
        ("api_key.id", Conflict::Id),
        ("application.name_key", Conflict::Name),
        ("application.id", Conflict::Id),
        ("link.target_id", Conflict::Id),
    ];
    let found = conflict.into_iter().find(|(column, _)| text.contains(column));
    found.map_or_else(|| Error::Corrupt(text.clone()), |(_, conflict)| Error::Conflict(conflict))
}
