//! Console sessions, by the digest of their secret.

use jiff::Timestamp;

use crate::database::{changed, find, list, run};
use crate::error::Result;
use crate::store::{SystemRead, SystemWrite};
use crate::tenant_id::TenantId;
use crate::value::{Row, params, time};

#[derive(Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub digest: Vec<u8>,
    pub operator: String,
    /// The tenant that is looked at.
    pub tenant: Option<TenantId>,
    pub created: Timestamp,
    /// When the password was last given.
    pub signed_in: Timestamp,
    pub last_seen: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow").field("operator", &self.operator).finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> Result<SessionRow> {
    let tenant: Option<String> = row.get(2)?;
    Ok(SessionRow {
        digest: row.get(0)?,
        operator: row.get(1)?,
        tenant: tenant.and_then(|t| TenantId::parse(&t)),
        created: time(row, 3)?,
        signed_in: time(row, 4)?,
        last_seen: time(row, 5)?,
        address: row.get(6)?,
        user_agent: row.get(7)?,
    })
}

impl SystemRead<'_> {
    pub fn session(&self, digest: &[u8]) -> Result<Option<SessionRow>> {
        let sql = "SELECT digest, operator, tenant, created_at, signed_in_at, last_seen_at, address, user_agent \
                   FROM session WHERE digest = ?1";
        find(self.db, sql, params![digest], read)
    }

    /// The newest first.
    pub fn sessions_of(&self, operator: &str) -> Result<Vec<SessionRow>> {
        let sql = "SELECT digest, operator, tenant, created_at, signed_in_at, last_seen_at, address, user_agent \
                   FROM session WHERE operator = ?1 ORDER BY last_seen_at DESC";
        list(self.db, sql, params![operator], read)
    }
}

impl SystemWrite<'_> {
    pub fn insert_session(&self, session: &SessionRow) -> Result<()> {
        let sql = "INSERT INTO session (digest, operator, tenant, created_at, signed_in_at, last_seen_at, address, user_agent) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let parameters = params![
            session.digest,
            session.operator,
            session.tenant.as_ref().map(TenantId::as_str),
            session.created.as_millisecond(),
            session.signed_in.as_millisecond(),
            session.last_seen.as_millisecond(),
            session.address,
            session.user_agent
        ];
        run(self.db, sql, parameters)
    }

    pub fn touch_session(&self, digest: &[u8], at: Timestamp) -> Result<()> {
        let sql = "UPDATE session SET last_seen_at = ?2 WHERE digest = ?1";
        run(self.db, sql, params![digest, at.as_millisecond()])
    }

    /// The password was given again.
    pub fn confirm_session(&self, digest: &[u8], at: Timestamp) -> Result<bool> {
        let sql = "UPDATE session SET signed_in_at = ?2 WHERE digest = ?1";
        Ok(changed(self.db, sql, params![digest, at.as_millisecond()])? > 0)
    }

    pub fn select_tenant(&self, digest: &[u8], tenant: Option<&TenantId>) -> Result<()> {
        let sql = "UPDATE session SET tenant = ?2 WHERE digest = ?1";
        run(self.db, sql, params![digest, tenant.map(TenantId::as_str)])
    }

    pub fn end_session(&self, digest: &[u8]) -> Result<bool> {
        Ok(changed(self.db, "DELETE FROM session WHERE digest = ?1", params![digest])? > 0)
    }

    pub fn end_sessions_of(&self, operator: &str) -> Result<u64> {
        Ok(changed(self.db, "DELETE FROM session WHERE operator = ?1", params![operator])? as u64)
    }

    /// Remove sessions made before `created` or not seen since `seen`.
    pub fn purge_sessions(&self, created: Timestamp, seen: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM session WHERE created_at < ?1 OR last_seen_at < ?2";
        Ok(changed(self.db, sql, params![created.as_millisecond(), seen.as_millisecond()])? as u64)
    }
}
