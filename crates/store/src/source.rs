//! What a provisioning cycle reads: ids in order, how far the change log reaches, and tombstones whose time has come.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::database::{find, list};
use crate::error::{Error, Result};
use crate::resource::{Kind, kind};
use crate::store::TenantRead;
use crate::value::{params, signed};

impl TenantRead<'_> {
    /// Ids of live resources behind `after`, in order, which is order of creation.
    pub fn ids(&self, kind: Kind, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let sql = "SELECT id FROM resource WHERE tenant = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4";
        let parameters = params![self.tenant, kind.number(), after.unwrap_or(""), signed(limit as u64)];
        list(self.db, sql, parameters, |row| row.get(0))
    }

    /// The number of the newest change; 0 before the first.
    pub fn newest_change(&self) -> Result<u64> {
        let sql = "SELECT change FROM head WHERE tenant = ?1";
        let newest: i64 =
            find(self.db, sql, params![self.tenant], |row| row.get(0))?.ok_or(Error::NoTenant)?;
        Ok(newest.unsigned_abs())
    }

    /// The number of the oldest change that is kept; `None` if none is.
    pub fn oldest_change(&self) -> Result<Option<u64>> {
        let first = self.tenant * NUMBERS;
        let sql = "SELECT number FROM change WHERE number > ?1 AND number < ?2 ORDER BY number LIMIT 1";
        let oldest = find(self.db, sql, params![first, first + NUMBERS], |row| row.get::<i64>(0))?;
        Ok(oldest.map(|number| (number - first).unsigned_abs()))
    }

    /// Tombstones of what was deleted before.
    pub fn tombstones_before(&self, before: Timestamp, limit: usize) -> Result<Vec<(Kind, String)>> {
        let sql = "SELECT kind, id FROM tombstone WHERE tenant = ?1 AND deleted_at < ?2 ORDER BY deleted_at, kind, id LIMIT ?3";
        let parameters = params![self.tenant, before.as_millisecond(), signed(limit as u64)];
        list(self.db, sql, parameters, |row| Ok((kind(row, 0)?, row.get(1)?)))
    }
}
