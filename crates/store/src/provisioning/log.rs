//! Provisioning logs: one entry per object and action.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::database::{changed, find, run};
use crate::error::{Error, Result};
use crate::narrow::Statement;
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

/// What was decided and done for one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub application: String,
    pub cycle: Option<String>,
    pub at: Timestamp,
    pub duration_us: u64,
    pub kind: Kind,
    /// `create`, `update`, `disable`, `delete`, `stagedDelete`, `other`
    pub action: String,
    /// `success`, `failure`, `skipped`, `warning`
    pub status: String,
    pub source_id: String,
    pub source_name: String,
    pub target_id: Option<String>,
    /// Error code or skip reason.
    pub code: Option<String>,
    /// One sentence.
    pub summary: String,
    /// Who started it: the form the audit log keeps.
    pub actor: String,
    /// JSON: steps, modified attributes, exchanges.
    pub document: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    pub number: u64,
    pub entry: LogEntry,
}

#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub application: Option<String>,
    pub cycle: Option<String>,
    pub action: Option<String>,
    pub status: Option<String>,
    pub source_id: Option<String>,
    /// In names, ids, code and summary.
    pub text: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only rows before this number; the newest come first.
    pub before: Option<u64>,
    pub limit: usize,
}

const COLUMNS: &str = "number, application, cycle, at, duration_us, kind, action, status, source_id, source_name, target_id, \
                       code, summary, actor, document";

fn read(tenant: i64) -> impl FnMut(&Row<'_>) -> Result<LogRow> {
    move |row| {
        Ok(LogRow {
            number: (row.get::<i64>(0)? - tenant * NUMBERS).unsigned_abs(),
            entry: LogEntry {
                application: row.get(1)?,
                cycle: row.get(2)?,
                at: time(row, 3)?,
                duration_us: unsigned(row, 4)?,
                kind: kind(row, 5)?,
                action: row.get(6)?,
                status: row.get(7)?,
                source_id: row.get(8)?,
                source_name: row.get(9)?,
                target_id: row.get(10)?,
                code: row.get(11)?,
                summary: row.get(12)?,
                actor: row.get(13)?,
                document: row.get(14)?,
            },
        })
    }
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn provisioning_log(&self, query: &LogQuery) -> Result<Vec<LogRow>> {
        let first = self.tenant * NUMBERS;
        let end = query.before.map_or(first + NUMBERS, |before| first + signed(before).min(NUMBERS));
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM provisioning_log WHERE number > "));
        statement.value(first).text(" AND number < ").value(end);
        let equal = [
            ("application", &query.application),
            ("cycle", &query.cycle),
            ("action", &query.action),
            ("status", &query.status),
            ("source_id", &query.source_id),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                statement.text(&format!(" AND {column} = ")).value(value.as_str());
            }
        }
        if let Some(since) = query.since {
            statement.text(" AND at >= ").value(since.as_millisecond());
        }
        if let Some(until) = query.until {
            statement.text(" AND at < ").value(until.as_millisecond());
        }
        if let Some(text) = &query.text {
            let columns = ["source_name", "source_id", "target_id", "code", "summary"];
            statement.text(" AND ").contains(&columns, text);
        }
        statement.text(" ORDER BY number DESC LIMIT ").value(signed(query.limit as u64));
        statement.list(self.db, read(self.tenant))
    }

    pub fn provisioning_log_entry(&self, number: u64) -> Result<Option<LogRow>> {
        let sql = format!("SELECT {COLUMNS} FROM provisioning_log WHERE number = ?1");
        let number = self.tenant * NUMBERS + signed(number).min(NUMBERS - 1);
        find(self.db, &sql, params![number], read(self.tenant))
    }
}

impl TenantWrite<'_> {
    pub fn append_provisioning_log(&self, entry: &LogEntry) -> Result<u64> {
        let sql = "UPDATE head SET provisioning = provisioning + 1 WHERE tenant = ?1 RETURNING provisioning";
        let number: i64 =
            find(self.db, sql, params![self.tenant], |row| row.get(0))?.ok_or(Error::NoTenant)?;
        let sql = "INSERT INTO provisioning_log (number, application, cycle, at, duration_us, kind, action, status, source_id, \
                   source_name, target_id, code, summary, actor, document) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
        let values = params![
            self.tenant * NUMBERS + number,
            entry.application,
            entry.cycle,
            entry.at.as_millisecond(),
            signed(entry.duration_us),
            entry.kind.number(),
            entry.action,
            entry.status,
            entry.source_id,
            entry.source_name,
            entry.target_id,
            entry.code,
            entry.summary,
            entry.actor,
            entry.document,
        ];
        run(self.db, sql, values)?;
        Ok(number.unsigned_abs())
    }

    /// Remove at most 1,000 entries older than that; gives how many.
    pub fn purge_provisioning_log(&self, before: Timestamp) -> Result<u64> {
        let first = self.tenant * NUMBERS;
        let sql = "DELETE FROM provisioning_log WHERE number IN (SELECT number FROM provisioning_log WHERE number > ?1 \
                   AND number < ?2 ORDER BY number LIMIT 1000) AND at < ?3";
        Ok(changed(self.db, sql, params![first, first + NUMBERS, before.as_millisecond()])? as u64)
    }
}
