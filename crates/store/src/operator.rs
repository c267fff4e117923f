//! Operators: people who sign in to the console, and their roles.

use jiff::Timestamp;

use crate::database::{changed, count, find, list, run, settled};
use crate::error::Result;
use crate::store::{SystemRead, SystemWrite};
use crate::tenant_id::TenantId;
use crate::value::{Row, params, time, time_if};

#[derive(Clone, PartialEq, Eq)]
pub struct OperatorRow {
    pub id: String,
    pub name: String,
    /// Folded; no two operators share it.
    pub name_key: String,
    pub password_hash: String,
    pub created: Timestamp,
    pub disabled: Option<Timestamp>,
}

impl std::fmt::Debug for OperatorRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperatorRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A role in one tenant, or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    pub role: String,
    pub tenant: Option<TenantId>,
}

fn read(row: &Row<'_>) -> Result<OperatorRow> {
    Ok(OperatorRow {
        id: row.get(0)?,
        name: row.get(1)?,
        name_key: row.get(2)?,
        password_hash: row.get(3)?,
        created: time(row, 4)?,
        disabled: time_if(row, 5)?,
    })
}

impl SystemRead<'_> {
    pub fn operators(&self) -> Result<Vec<OperatorRow>> {
        let sql = "SELECT id, name, name_key, password_hash, created_at, disabled_at FROM operator ORDER BY name_key";
        list(self.db, sql, params![], read)
    }

    pub fn operator(&self, id: &str) -> Result<Option<OperatorRow>> {
        let sql =
            "SELECT id, name, name_key, password_hash, created_at, disabled_at FROM operator WHERE id = ?1";
        find(self.db, sql, params![id], read)
    }

    pub fn operator_by_name(&self, name_key: &str) -> Result<Option<OperatorRow>> {
        let sql = "SELECT id, name, name_key, password_hash, created_at, disabled_at FROM operator WHERE name_key = ?1";
        find(self.db, sql, params![name_key], read)
    }

    pub fn count_operators(&self) -> Result<u64> {
        count(self.db, "SELECT count(*) FROM operator", params![])
    }

    pub fn roles_of(&self, operator: &str) -> Result<Vec<RoleRow>> {
        let sql = "SELECT role, tenant FROM operator_role WHERE operator = ?1 ORDER BY role, tenant";
        let rows: Vec<(String, String)> =
            list(self.db, sql, params![operator], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // A text that is neither empty nor a tenant's id is nobody's; it must not come to mean all tenants.
        let role = |(role, tenant): (String, String)| match TenantId::parse(&tenant) {
            None if !tenant.is_empty() => None,
            tenant => Some(RoleRow { role, tenant }),
        };
        Ok(rows.into_iter().filter_map(role).collect())
    }
}

impl SystemWrite<'_> {
    /// # Errors
    /// [`crate::Conflict::Name`]
    pub fn insert_operator(&self, operator: &OperatorRow) -> Result<()> {
        let sql = "INSERT INTO operator (id, name, name_key, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let created = operator.created.as_millisecond();
        let row = params![operator.id, operator.name, operator.name_key, operator.password_hash, created];
        settled(self.db, sql, row)
    }

    pub fn set_password(&self, operator: &str, password_hash: &str) -> Result<bool> {
        let sql = "UPDATE operator SET password_hash = ?2 WHERE id = ?1";
        Ok(changed(self.db, sql, params![operator, password_hash])? > 0)
    }

    pub fn disable_operator(&self, operator: &str, disabled: Option<Timestamp>) -> Result<bool> {
        let sql = "UPDATE operator SET disabled_at = ?2 WHERE id = ?1";
        Ok(changed(self.db, sql, params![operator, disabled.map(Timestamp::as_millisecond)])? > 0)
    }

    pub fn grant_role(&self, operator: &str, role: &RoleRow) -> Result<()> {
        let sql =
            "INSERT INTO operator_role (operator, role, tenant) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        run(self.db, sql, params![operator, role.role, tenant(role)])
    }

    pub fn revoke_role(&self, operator: &str, role: &RoleRow) -> Result<bool> {
        let sql = "DELETE FROM operator_role WHERE operator = ?1 AND role = ?2 AND tenant = ?3";
        Ok(changed(self.db, sql, params![operator, role.role, tenant(role)])? > 0)
    }
}

fn tenant(role: &RoleRow) -> &str {
    role.tenant.as_ref().map_or("", TenantId::as_str)
}
