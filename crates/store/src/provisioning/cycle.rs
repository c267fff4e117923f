//! Cycles of a job, and what was done in each.

use jiff::Timestamp;

use crate::database::{find, list, run};
use crate::error::Result;
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, time_if, unsigned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleRow {
    /// A UUID of version 7: the order of ids is the order of beginning.
    pub id: String,
    /// `initial`, `incremental`, `onDemand`
    pub kind: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    /// `completed`, `interrupted`, `quarantined`, `failed`
    pub outcome: Option<String>,
    pub message: Option<String>,
}

/// How often something was done in a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleCount {
    pub kind: Kind,
    pub action: String,
    pub status: String,
    pub n: u64,
}

fn read(row: &Row<'_>) -> Result<CycleRow> {
    Ok(CycleRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        began: time(row, 2)?,
        ended: time_if(row, 3)?,
        outcome: row.get(4)?,
        message: row.get(5)?,
    })
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn cycles(&self, application: &str, limit: usize) -> Result<Vec<CycleRow>> {
        let sql = "SELECT id, kind, began_at, ended_at, outcome, message FROM cycle \
                   WHERE tenant = ?1 AND application = ?2 ORDER BY id DESC LIMIT ?3";
        list(self.db, sql, params![self.tenant, application, signed(limit as u64)], read)
    }

    pub fn cycle(&self, application: &str, id: &str) -> Result<Option<CycleRow>> {
        let sql = "SELECT id, kind, began_at, ended_at, outcome, message FROM cycle \
                   WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        find(self.db, sql, params![self.tenant, application, id], read)
    }

    pub fn cycle_counts(&self, application: &str, cycle: &str) -> Result<Vec<CycleCount>> {
        let sql = "SELECT kind, action, status, n FROM cycle_count WHERE tenant = ?1 AND application = ?2 AND cycle = ?3";
        list(self.db, sql, params![self.tenant, application, cycle], |row| {
            Ok(CycleCount {
                kind: kind(row, 0)?,
                action: row.get(1)?,
                status: row.get(2)?,
                n: unsigned(row, 3)?,
            })
        })
    }
}

impl TenantWrite<'_> {
    pub fn insert_cycle(&self, application: &str, row: &CycleRow) -> Result<()> {
        let sql = "INSERT INTO cycle (tenant, application, id, kind, began_at, ended_at, outcome, message) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            self.tenant,
            application,
            row.id,
            row.kind,
            row.began.as_millisecond(),
            row.ended.map(Timestamp::as_millisecond),
            row.outcome,
            row.message,
        ];
        run(self.db, sql, values)
    }

    pub fn end_cycle(
        &self,
        application: &str,
        id: &str,
        ended: Timestamp,
        outcome: &str,
        message: Option<&str>,
    ) -> Result<()> {
        let sql = "UPDATE cycle SET ended_at = ?4, outcome = ?5, message = ?6 \
                   WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        let values = params![self.tenant, application, id, ended.as_millisecond(), outcome, message];
        run(self.db, sql, values)
    }

    pub fn count_in_cycle(
        &self,
        application: &str,
        cycle: &str,
        kind: Kind,
        action: &str,
        status: &str,
    ) -> Result<()> {
        let sql = "INSERT INTO cycle_count (tenant, application, cycle, kind, action, status, n) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1) \
                   ON CONFLICT (tenant, application, cycle, kind, action, status) DO UPDATE SET n = cycle_count.n + 1";
        run(self.db, sql, params![self.tenant, application, cycle, kind.number(), action, status])
    }

    /// Keep the newest cycles only.
    pub fn prune_cycles(&self, application: &str, keep: usize) -> Result<()> {
        let oldest =
            "SELECT id FROM cycle WHERE tenant = ?1 AND application = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3";
        let values = params![self.tenant, application, signed(keep as u64)];
        let Some(id): Option<String> = find(self.db, oldest, values, |row| row.get(0))? else {
            return Ok(());
        };
        for sql in [
            "DELETE FROM cycle_count WHERE tenant = ?1 AND application = ?2 AND cycle <= ?3",
            "DELETE FROM cycle WHERE tenant = ?1 AND application = ?2 AND id <= ?3",
        ] {
            run(self.db, sql, params![self.tenant, application, id])?;
        }
        Ok(())
    }
}
