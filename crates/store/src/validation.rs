//! Reports of the validator: what is listed of each, and each whole in several forms.

use jiff::Timestamp;

use crate::database::{changed, find, list, run};
use crate::error::Result;
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

/// What is listed of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationRow {
    /// A UUID of version 7: the order of ids is the order of runs.
    pub id: String,
    pub started: Timestamp,
    /// The form the audit log keeps of who did it.
    pub started_by: String,
    pub target: String,
    pub profile: String,
    pub seed: u64,
    pub duration_ms: u64,
    pub requests: u64,
    pub deviations: u64,
    pub not_judged: u64,
    pub passed: u64,
    pub not_applicable: u64,
    pub cancelled: bool,
}

/// A report in one form: `html`, `json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationDocument {
    pub form: String,
    pub body: String,
}

fn read(row: &Row<'_>) -> Result<ValidationRow> {
    Ok(ValidationRow {
        id: row.get(0)?,
        started: time(row, 1)?,
        started_by: row.get(2)?,
        target: row.get(3)?,
        profile: row.get(4)?,
        seed: unsigned(row, 5)?,
        duration_ms: unsigned(row, 6)?,
        requests: unsigned(row, 7)?,
        deviations: unsigned(row, 8)?,
        not_judged: unsigned(row, 9)?,
        passed: unsigned(row, 10)?,
        not_applicable: unsigned(row, 11)?,
        cancelled: row.get(12)?,
    })
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn validations(&self, limit: usize) -> Result<Vec<ValidationRow>> {
        let sql = "SELECT id, started_at, started_by, target, profile, seed, duration_ms, requests, deviations, not_judged, \
                   passed, not_applicable, cancelled FROM validation WHERE tenant = ?1 ORDER BY id DESC LIMIT ?2";
        list(self.db, sql, params![self.tenant, signed(limit as u64)], read)
    }

    pub fn validation(&self, id: &str) -> Result<Option<ValidationRow>> {
        let sql = "SELECT id, started_at, started_by, target, profile, seed, duration_ms, requests, deviations, not_judged, \
                   passed, not_applicable, cancelled FROM validation WHERE tenant = ?1 AND id = ?2";
        find(self.db, sql, params![self.tenant, id], read)
    }

    pub fn validation_document(&self, id: &str, form: &str) -> Result<Option<String>> {
        let sql = "SELECT body FROM validation_document WHERE tenant = ?1 AND id = ?2 AND form = ?3";
        find(self.db, sql, params![self.tenant, id, form], |row| row.get(0))
    }
}

impl TenantWrite<'_> {
    pub fn insert_validation(&self, row: &ValidationRow, documents: &[ValidationDocument]) -> Result<()> {
        let sql = "INSERT INTO validation (tenant, id, started_at, started_by, target, profile, seed, duration_ms, requests, \
                   deviations, not_judged, passed, not_applicable, cancelled) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let parameters = params![
            self.tenant,
            row.id,
            row.started.as_millisecond(),
            row.started_by,
            row.target,
            row.profile,
            signed(row.seed),
            signed(row.duration_ms),
            signed(row.requests),
            signed(row.deviations),
            signed(row.not_judged),
            signed(row.passed),
            signed(row.not_applicable),
            row.cancelled
        ];
        run(self.db, sql, parameters)?;
        let sql = "INSERT INTO validation_document (tenant, id, form, body) VALUES (?1, ?2, ?3, ?4)";
        for document in documents {
            run(self.db, sql, params![self.tenant, row.id, document.form, document.body])?;
        }
        Ok(())
    }

    /// `false` if there is none of that id.
    pub fn delete_validation(&self, id: &str) -> Result<bool> {
        let sql = "DELETE FROM validation_document WHERE tenant = ?1 AND id = ?2";
        run(self.db, sql, params![self.tenant, id])?;
        let sql = "DELETE FROM validation WHERE tenant = ?1 AND id = ?2";
        Ok(changed(self.db, sql, params![self.tenant, id])? > 0)
    }

    /// Keep the newest so many; gives how many went.
    pub fn prune_validations(&self, keep: usize) -> Result<u64> {
        let sql = "SELECT id FROM validation WHERE tenant = ?1 ORDER BY id DESC LIMIT 1000000 OFFSET ?2";
        let old: Vec<String> =
            list(self.db, sql, params![self.tenant, signed(keep as u64)], |row| row.get(0))?;
        for id in &old {
            self.delete_validation(id)?;
        }
        Ok(old.len() as u64)
    }
}
