//! Synchronization jobs: configuration, state, when they are due, and who runs them now.

use jiff::Timestamp;

use crate::database::{changed, find, list, run};
use crate::error::{Error, Result};
use crate::store::{SystemRead, TenantRead, TenantWrite};
use crate::tenant_id::TenantId;
use crate::value::{Row, params, signed, time_if, unsigned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub application: String,
    pub id: String,
    /// JSON
    pub config: String,
    /// JSON
    pub rules: String,
    /// Grows with every act of an administrator that a running cycle has to respect.
    pub epoch: u64,
    /// `Active`, `Paused`, `Disabled`
    pub schedule: String,
    /// The last change number that is accounted for; none before the first cycle.
    pub watermark: Option<u64>,
    /// JSON
    pub state: String,
    /// When a cycle begins by itself.
    pub next: Option<Timestamp>,
    /// A change of the directory starts a cycle at once.
    pub listening: bool,
    /// Grows with every claim.
    pub fence: u64,
    pub lease_owner: Option<String>,
    pub lease_until: Option<Timestamp>,
}

/// A job that waits to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueJob {
    pub tenant: TenantId,
    pub application: String,
}

/// Who runs a job now, or has died running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub tenant: TenantId,
    pub application: String,
    pub owner: String,
    pub fence: u64,
}

/// What the engine leaves behind of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    pub schedule: String,
    pub watermark: Option<u64>,
    pub state: String,
    pub next: Option<Timestamp>,
    pub listening: bool,
}

const COLUMNS: &str = "application, id, config, rules, epoch, schedule, watermark, state, next_at, listening, fence, \
                       lease_owner, lease_until";

fn read(row: &Row<'_>) -> Result<JobRow> {
    Ok(JobRow {
        application: row.get(0)?,
        id: row.get(1)?,
        config: row.get(2)?,
        rules: row.get(3)?,
        epoch: unsigned(row, 4)?,
        schedule: row.get(5)?,
        watermark: row.get::<Option<i64>>(6)?.map(i64::unsigned_abs),
        state: row.get(7)?,
        next: time_if(row, 8)?,
        listening: row.get(9)?,
        fence: unsigned(row, 10)?,
        lease_owner: row.get(11)?,
        lease_until: time_if(row, 12)?,
    })
}

fn tenant_id(text: &str) -> Result<TenantId> {
    TenantId::parse(text).ok_or_else(|| Error::Corrupt(format!("{text} is no tenant id")))
}

impl SystemRead<'_> {
    /// Jobs that nobody runs and whose time has come, or whose directory has changed, the longest due first.
    pub fn due_jobs(&self, now: Timestamp, limit: usize) -> Result<Vec<DueJob>> {
        let sql = "SELECT id, application FROM ( \
                     SELECT t.id AS id, j.application AS application, j.next_at AS due FROM job j \
                     JOIN tenant t ON t.number = j.tenant \
                     WHERE j.next_at <= ?1 AND (j.lease_until IS NULL OR j.lease_until <= ?3) \
                     UNION SELECT t.id, j.application, ?1 FROM job j JOIN tenant t ON t.number = j.tenant \
                     JOIN head h ON h.tenant = j.tenant \
                     WHERE j.listening = 1 AND h.change > j.watermark AND (j.lease_until IS NULL OR j.lease_until <= ?3) \
                   ) d GROUP BY id, application ORDER BY min(due) LIMIT ?2";
        let leases = self.db.now(now.as_millisecond())?;
        let rows: Vec<(String, String)> =
            list(self.db, sql, params![now.as_millisecond(), signed(limit as u64), leases], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        rows.into_iter()
            .map(|(tenant, application)| Ok(DueJob { tenant: tenant_id(&tenant)?, application }))
            .collect()
    }

    /// Leases that have not run out.
    pub fn leases(&self, now: Timestamp) -> Result<Vec<Lease>> {
        let sql = "SELECT t.id, j.application, j.lease_owner, j.fence FROM job j JOIN tenant t ON t.number = j.tenant \
                   WHERE j.lease_until > ?1 AND j.lease_owner IS NOT NULL";
        let rows: Vec<(String, String, String, u64)> =
            list(self.db, sql, params![self.db.now(now.as_millisecond())?], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, unsigned(row, 3)?))
            })?;
        rows.into_iter()
            .map(|(tenant, application, owner, fence)| {
                Ok(Lease { tenant: tenant_id(&tenant)?, application, owner, fence })
            })
            .collect()
    }
}

impl TenantRead<'_> {
    pub fn job(&self, application: &str) -> Result<Option<JobRow>> {
        let sql = format!("SELECT {COLUMNS} FROM job WHERE tenant = ?1 AND application = ?2");
        find(self.db, &sql, params![self.tenant, application], read)
    }

    /// Fence and epoch: whether the one who runs it may go on.
    pub fn job_standing(&self, application: &str) -> Result<Option<(u64, u64)>> {
        let sql = "SELECT fence, epoch FROM job WHERE tenant = ?1 AND application = ?2";
        find(self.db, sql, params![self.tenant, application], |row| {
            Ok((unsigned(row, 0)?, unsigned(row, 1)?))
        })
    }

    pub fn jobs(&self) -> Result<Vec<JobRow>> {
        let sql = format!("SELECT {COLUMNS} FROM job WHERE tenant = ?1");
        list(self.db, &sql, params![self.tenant], read)
    }
}

impl TenantWrite<'_> {
    pub fn insert_job(&self, row: &JobRow) -> Result<()> {
        let sql = "INSERT INTO job (tenant, application, id, config, rules, epoch, schedule, watermark, state, next_at, \
                   listening, fence, lease_owner, lease_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let values = params![
            self.tenant,
            row.application,
            row.id,
            row.config,
            row.rules,
            signed(row.epoch),
            row.schedule,
            row.watermark.map(signed),
            row.state,
            row.next.map(Timestamp::as_millisecond),
            row.listening,
            signed(row.fence),
            row.lease_owner,
            row.lease_until.map(Timestamp::as_millisecond),
        ];
        run(self.db, sql, values)
    }

    /// An administrator's change: everything but the lease, with a new epoch.
    /// `false` if there is no such job or its epoch is another than `row.epoch`.
    pub fn update_job(&self, row: &JobRow) -> Result<bool> {
        let sql = "UPDATE job SET config = ?4, rules = ?5, schedule = ?6, watermark = ?7, state = ?8, next_at = ?9, \
                   listening = ?10, epoch = epoch + 1 WHERE tenant = ?1 AND application = ?2 AND epoch = ?3";
        let values = params![
            self.tenant,
            row.application,
            signed(row.epoch),
            row.config,
            row.rules,
            row.schedule,
            row.watermark.map(signed),
            row.state,
            row.next.map(Timestamp::as_millisecond),
            row.listening,
        ];
        Ok(changed(self.db, sql, values)? > 0)
    }

    pub fn delete_job(&self, application: &str) -> Result<bool> {
        let sql = "DELETE FROM job WHERE tenant = ?1 AND application = ?2";
        Ok(changed(self.db, sql, params![self.tenant, application])? > 0)
    }

    /// Take the job, with a new fence, if nobody has it.
    pub fn claim_job(
        &self,
        application: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<JobRow>> {
        let sql = format!(
            "UPDATE job SET fence = fence + 1, lease_owner = ?3, lease_until = ?5 WHERE tenant = ?1 AND application = ?2 \
             AND (lease_until IS NULL OR lease_until <= ?4) RETURNING {COLUMNS}"
        );
        let length = until.as_millisecond() - now.as_millisecond();
        let now = self.db.now(now.as_millisecond())?;
        let until = now + length;
        find(self.db, &sql, params![self.tenant, application, owner, now, until], read)
    }

    /// From `now` until then. `false` if somebody else has it now.
    pub fn renew_lease(
        &self,
        application: &str,
        fence: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let length = until.as_millisecond() - now.as_millisecond();
        let until = self.db.now(now.as_millisecond())? + length;
        let sql = "UPDATE job SET lease_until = ?4 WHERE tenant = ?1 AND application = ?2 AND fence = ?3";
        let values = params![self.tenant, application, signed(fence), until];
        Ok(changed(self.db, sql, values)? > 0)
    }

    pub fn release_job(&self, application: &str, fence: u64) -> Result<bool> {
        let sql = "UPDATE job SET lease_owner = NULL, lease_until = NULL WHERE tenant = ?1 AND application = ?2 AND fence = ?3";
        Ok(changed(self.db, sql, params![self.tenant, application, signed(fence)])? > 0)
    }

    /// What the engine writes of a job. `false`, and nothing written, if somebody else runs it or an administrator has acted
    /// meanwhile.
    pub fn advance_job(
        &self,
        application: &str,
        fence: u64,
        epoch: u64,
        progress: &JobProgress,
    ) -> Result<bool> {
        let sql = "UPDATE job SET schedule = ?5, watermark = ?6, state = ?7, next_at = ?8, listening = ?9 \
                   WHERE tenant = ?1 AND application = ?2 AND fence = ?3 AND epoch = ?4";
        let values = params![
            self.tenant,
            application,
            signed(fence),
            signed(epoch),
            progress.schedule,
            progress.watermark.map(signed),
            progress.state,
            progress.next.map(Timestamp::as_millisecond),
            progress.listening,
        ];
        Ok(changed(self.db, sql, values)? > 0)
    }

    /// Let a cycle begin at once if a change of the directory would.
    pub fn wake_job(&self, application: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE job SET next_at = ?3 WHERE tenant = ?1 AND application = ?2 AND listening = 1";
        run(self.db, sql, params![self.tenant, application, now.as_millisecond()])
    }
}
