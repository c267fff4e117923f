//! The change log: what changed, in the order of its numbers, which is the order of commits.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::database::{find, list, run};
use crate::error::{Error, Result};
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{params, signed, time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Updated,
    Deleted,
    Restored,
    /// Deleted for good: its tombstone is gone.
    Purged,
}

impl ChangeKind {
    const ALL: [Self; 5] = [Self::Created, Self::Updated, Self::Deleted, Self::Restored, Self::Purged];

    fn number(self) -> i64 {
        match self {
            Self::Created => 1,
            Self::Updated => 2,
            Self::Deleted => 3,
            Self::Restored => 4,
            Self::Purged => 5,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    pub number: u64,
    pub kind: Kind,
    pub id: String,
    pub change: ChangeKind,
    pub at: Timestamp,
}

impl TenantRead<'_> {
    /// Changes behind number `after`. Who has seen number n never meets a smaller one later.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeRow>> {
        let first = self.tenant * NUMBERS;
        let sql = "SELECT number, kind, id, change, at FROM change WHERE number > ?1 AND number < ?2 ORDER BY number LIMIT ?3";
        let parameters = params![first + signed(after), first + NUMBERS, signed(limit as u64)];
        list(self.db, sql, parameters, |row| {
            let change: i64 = row.get(3)?;
            let known = ChangeKind::ALL.into_iter().find(|c| c.number() == change);
            Ok(ChangeRow {
                number: (row.get::<i64>(0)? - first).unsigned_abs(),
                kind: kind(row, 1)?,
                id: row.get(2)?,
                change: known.ok_or_else(|| Error::Corrupt(format!("{change} is no kind of change")))?,
                at: time(row, 4)?,
            })
        })
    }
}

impl TenantWrite<'_> {
    pub fn append_change(&self, kind: Kind, id: &str, change: ChangeKind, at: Timestamp) -> Result<u64> {
        let sql = "UPDATE head SET change = change + 1 WHERE tenant = ?1 RETURNING change";
        let number: i64 =
            find(self.db, sql, params![self.tenant], |row| row.get(0))?.ok_or(Error::NoTenant)?;
        let sql = "INSERT INTO change (number, kind, id, change, at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row =
            params![self.tenant * NUMBERS + number, kind.number(), id, change.number(), at.as_millisecond()];
        run(self.db, sql, row)?;
        Ok(number.unsigned_abs())
    }
}
