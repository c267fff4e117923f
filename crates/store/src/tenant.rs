//! Tenants and their settings.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::audit::GENESIS;
use crate::database::{Database, changed, find, list, run, settled};
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::store::{SystemRead, SystemWrite, TenantRead, TenantWrite};
use crate::tenant_id::TenantId;
use crate::value::{Row, params, signed, time};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    pub id: TenantId,
    pub name: String,
    pub created: Timestamp,
}

pub(crate) fn number(db: &Database, id: &TenantId) -> Result<Option<i64>> {
    find(db, "SELECT number FROM tenant WHERE id = ?1", params![id.as_str()], |row| row.get(0))
}

pub(crate) fn settings(row: &Row<'_>, column: usize) -> Result<Settings> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn read(row: &Row<'_>) -> Result<Option<TenantRow>> {
    let (id, name, created) = (row.get::<String>(0)?, row.get(1)?, time(row, 2)?);
    Ok(TenantId::parse(&id).map(|id| TenantRow { id, name, created }))
}

impl SystemRead<'_> {
    pub fn tenants(&self) -> Result<Vec<TenantRow>> {
        let rows = list(self.db, "SELECT id, name, created_at FROM tenant ORDER BY number", params![], read)?;
        Ok(rows.into_iter().flatten().collect())
    }

    pub fn tenant_info(&self, id: &TenantId) -> Result<Option<TenantRow>> {
        Ok(find(
            self.db,
            "SELECT id, name, created_at FROM tenant WHERE id = ?1",
            params![id.as_str()],
            read,
        )?
        .flatten())
    }
}

impl SystemWrite<'_> {
    pub fn insert_tenant(&self, tenant: &TenantRow) -> Result<()> {
        let sql = "INSERT INTO tenant (id, name, created_at, settings) VALUES (?1, ?2, ?3, '{}')";
        settled(self.db, sql, params![tenant.id.as_str(), tenant.name, tenant.created.as_millisecond()])?;
        let number = number(self.db, &tenant.id)?.ok_or(Error::NoTenant)?;
        let sql = "INSERT INTO head (tenant, change, audit, audit_hash, exchange) VALUES (?1, 0, 0, ?2, 0)";
        run(self.db, sql, params![number, GENESIS])
    }

    /// `false` if there is no such tenant.
    pub fn rename_tenant(&self, id: &TenantId, name: &str) -> Result<bool> {
        Ok(changed(self.db, "UPDATE tenant SET name = ?2 WHERE id = ?1", params![id.as_str(), name])? > 0)
    }

    /// The tenant is gone at once, with its keys and roles: nothing reaches its rows any more. They are removed by
    /// [`Self::sweep`], in steps. `false` if there is no such tenant.
    pub fn delete_tenant(&self, id: &TenantId) -> Result<bool> {
        let Some(tenant) = number(self.db, id)? else { return Ok(false) };
        // Whoever writes to it now is waited for.
        run(self.db, "UPDATE head SET change = change WHERE tenant = ?1", params![tenant])?;
        run(self.db, "INSERT INTO purging (tenant) VALUES (?1)", params![tenant])?;
        run(self.db, "DELETE FROM api_key WHERE tenant = ?1", params![tenant])?;
        run(self.db, "DELETE FROM operator_role WHERE tenant = ?1", params![id.as_str()])?;
        run(self.db, "UPDATE session SET tenant = NULL WHERE tenant = ?1", params![id.as_str()])?;
        run(self.db, "DELETE FROM tenant WHERE number = ?1", params![tenant])?;
        Ok(true)
    }

    /// Remove at most so many rows of deleted tenants, their audit too; 0 when nothing of them is left.
    pub fn sweep(&self, limit: u64) -> Result<u64> {
        let mut swept = 0;
        for tenant in list(self.db, "SELECT tenant FROM purging", params![], |row| row.get(0))? {
            swept += self.sweep_tenant(tenant, limit - swept)?;
            if swept >= limit {
                return Ok(swept);
            }
            // There was less than could be removed, so there is nothing more.
            run(self.db, "DELETE FROM purging WHERE tenant = ?1", params![tenant])?;
        }
        Ok(swept)
    }

    fn sweep_tenant(&self, tenant: i64, limit: u64) -> Result<u64> {
        let first = tenant * NUMBERS;
        let mut swept = 0;
        for (table, key) in SWEPT {
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE tenant = ?1 LIMIT ?2)"
            );
            swept += changed(self.db, &sql, params![tenant, signed(limit - swept)])? as u64;
        }
        for table in ["change", "audit", "exchange", "provisioning_log"] {
            let sql = format!(
                "DELETE FROM {table} WHERE number IN (SELECT number FROM {table} WHERE number >= ?1 AND number < ?2 LIMIT ?3)"
            );
            swept += changed(self.db, &sql, params![first, first + NUMBERS, signed(limit - swept)])? as u64;
        }
        Ok(swept)
    }
}

/// Tables with a tenant's rows, and what tells one from another.
const SWEPT: [(&str, &str); 22] = [
    ("resource", "tenant, kind, id"),
    ("tombstone", "tenant, kind, id"),
    ("index_value", "tenant, kind, path, key, id"),
    ("membership", "tenant, group_id, member_id"),
    ("counter", "tenant, kind"),
    ("validation", "tenant, id"),
    ("validation_document", "tenant, id, form"),
    ("application", "tenant, id"),
    ("application_secret", "tenant, application, name"),
    ("assignment", "tenant, application, id"),
    ("job", "tenant, application"),
    ("work", "tenant, application, pass, id"),
    ("link", "tenant, application, source_id"),
    ("link_counter", "tenant, application, kind"),
    ("sent_member", "tenant, application, group_id, member_id"),
    ("awaited", "tenant, application, awaited_id, id"),
    ("intent", "tenant, application, id"),
    ("cycle", "tenant, application, id"),
    ("cycle_count", "tenant, application, cycle, kind, action, status"),
    ("plan", "tenant, application, id"),
    ("plan_entry", "tenant, application, plan, ordinal"),
    ("head", "tenant"),
];

impl TenantRead<'_> {
    pub fn settings(&self) -> Result<Settings> {
        let sql = "SELECT settings FROM tenant WHERE number = ?1";
        find(self.db, sql, params![self.tenant], |row| settings(row, 0))?.ok_or(Error::NoTenant)
    }
}

impl TenantWrite<'_> {
    pub fn set_settings(&self, settings: &Settings) -> Result<()> {
        let text = serde_json::to_string(settings).map_err(|e| Error::Corrupt(e.to_string()))?;
        run(self.db, "UPDATE tenant SET settings = ?2 WHERE number = ?1", params![self.tenant, text])
    }

    pub fn rename(&self, name: &str) -> Result<()> {
        run(self.db, "UPDATE tenant SET name = ?2 WHERE number = ?1", params![self.tenant, name])
    }
}
