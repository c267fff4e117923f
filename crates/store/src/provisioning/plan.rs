//! Plans: a whole cycle computed without sending a write.

use jiff::Timestamp;

use crate::database::{find, list, run};
use crate::error::Result;
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// The hash of what it would do.
    pub id: String,
    pub made: Timestamp,
    pub made_by: String,
    /// JSON: counts, watermark, configuration it rests on.
    pub document: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEntryRow {
    pub ordinal: u64,
    pub action: String,
    /// JSON
    pub document: String,
}

fn read(row: &Row<'_>) -> Result<PlanRow> {
    Ok(PlanRow { id: row.get(0)?, made: time(row, 1)?, made_by: row.get(2)?, document: row.get(3)? })
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn plans(&self, application: &str, limit: usize) -> Result<Vec<PlanRow>> {
        let sql = "SELECT id, made_at, made_by, document FROM plan WHERE tenant = ?1 AND application = ?2 \
                   ORDER BY made_at DESC, id LIMIT ?3";
        list(self.db, sql, params![self.tenant, application, signed(limit as u64)], read)
    }

    pub fn plan(&self, application: &str, id: &str) -> Result<Option<PlanRow>> {
        let sql = "SELECT id, made_at, made_by, document FROM plan WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        find(self.db, sql, params![self.tenant, application, id], read)
    }

    /// In their order, after one, of one action if given.
    pub fn plan_entries(
        &self,
        application: &str,
        plan: &str,
        action: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<PlanEntryRow>> {
        let sql = "SELECT ordinal, action, document FROM plan_entry WHERE tenant = ?1 AND application = ?2 AND plan = ?3 \
                   AND ordinal > ?4 AND (?5 = '' OR action = ?5) ORDER BY ordinal LIMIT ?6";
        let values = params![
            self.tenant,
            application,
            plan,
            signed(after),
            action.unwrap_or(""),
            signed(limit as u64)
        ];
        list(self.db, sql, values, |row| {
            Ok(PlanEntryRow { ordinal: unsigned(row, 0)?, action: row.get(1)?, document: row.get(2)? })
        })
    }
}

impl TenantWrite<'_> {
    /// A plan of the same id is replaced, with its entries.
    pub fn put_plan(&self, application: &str, row: &PlanRow) -> Result<()> {
        self.delete_plan(application, &row.id)?;
        let sql = "INSERT INTO plan (tenant, application, id, made_at, made_by, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let made = row.made.as_millisecond();
        run(self.db, sql, params![self.tenant, application, row.id, made, row.made_by, row.document])
    }

    pub fn append_plan_entries(&self, application: &str, plan: &str, rows: &[PlanEntryRow]) -> Result<()> {
        let sql = "INSERT INTO plan_entry (tenant, application, plan, ordinal, action, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        rows.iter().try_for_each(|row| {
            let values =
                params![self.tenant, application, plan, signed(row.ordinal), row.action, row.document];
            run(self.db, sql, values)
        })
    }

    pub fn delete_plan(&self, application: &str, id: &str) -> Result<()> {
        for sql in [
            "DELETE FROM plan_entry WHERE tenant = ?1 AND application = ?2 AND plan = ?3",
            "DELETE FROM plan WHERE tenant = ?1 AND application = ?2 AND id = ?3",
        ] {
            run(self.db, sql, params![self.tenant, application, id])?;
        }
        Ok(())
    }
}
