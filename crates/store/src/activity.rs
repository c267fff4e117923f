//! What the request log says of the last hours, counted: for the console's first page.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::database::{find, list};
use crate::error::Result;
use crate::store::TenantRead;
use crate::value::{params, time, unsigned};

/// Exchanges that are counted at most, the newest: a busy tenant's page must not read its whole log.
const COUNTED: i64 = 50_000;
/// Clients told of at most.
const CLIENTS: i64 = 5;
const HOUR: i64 = 3_600_000;

/// Exchanges by hour and the clients whose requests were refused or failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// Only hours with exchanges, in their order.
    pub hours: Vec<Hour>,
    /// Those with the most trouble first.
    pub failing: Vec<Failing>,
    /// There were more than are counted.
    pub is_cut: bool,
}

/// Exchanges of one hour by their answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    pub start: Timestamp,
    pub succeeded: u64,
    /// 4xx, and 501: what was asked is not offered.
    pub refused: u64,
    /// 5xx but 501.
    pub failed: u64,
}

/// A client with refused or failed requests. A 404 is not counted: it is how a client learns that something is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// `None` for requests without a valid key.
    pub key_id: Option<String>,
    pub key_name: Option<String>,
    pub refused: u64,
    pub failed: u64,
    pub total: u64,
    /// What the newest of them was told.
    pub last_detail: Option<String>,
}

impl TenantRead<'_> {
    /// Exchanges at `since` and later.
    pub fn activity(&self, since: Timestamp) -> Result<Activity> {
        let first = self.tenant * NUMBERS;
        let sql =
            "SELECT number FROM exchange WHERE number > ?1 AND number < ?2 ORDER BY number DESC LIMIT 1";
        let newest: Option<i64> = find(self.db, sql, params![first, first + NUMBERS], |row| row.get(0))?;
        let Some(newest) = newest else { return Ok(Activity::default()) };
        let start = self.first_since(first, newest, since)?;
        let from = start.max(newest - COUNTED + 1);
        Ok(Activity {
            hours: self.hours(from, newest, since)?,
            failing: self.failing(from, newest, since)?,
            is_cut: from > start,
        })
    }

    /// The number from which on exchanges are at or after `since`. They are numbered as they come, so times grow with
    /// numbers; those that wait in a buffer for a second are sorted out by the statements.
    fn first_since(&self, first: i64, newest: i64, since: Timestamp) -> Result<i64> {
        let sql =
            "SELECT number, at FROM exchange WHERE number >= ?1 AND number <= ?2 ORDER BY number LIMIT 1";
        let wanted = since.as_millisecond();
        let (mut low, mut high) = (first + 1, newest + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = find(self.db, sql, params![middle, newest], |row| {
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
            })?;
            match found {
                Some((number, at)) if at < wanted => low = number + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn hours(&self, from: i64, to: i64, since: Timestamp) -> Result<Vec<Hour>> {
        let sql = "SELECT at - at % ?4 AS hour, SUM(CASE WHEN status < 400 THEN 1 ELSE 0 END), \
                   SUM(CASE WHEN status >= 400 AND status < 500 OR status = 501 THEN 1 ELSE 0 END), \
                   SUM(CASE WHEN status >= 500 AND status <> 501 THEN 1 ELSE 0 END) \
                   FROM exchange WHERE number >= ?1 AND number <= ?2 AND at >= ?3 GROUP BY hour ORDER BY hour";
        list(self.db, sql, params![from, to, since.as_millisecond(), HOUR], |row| {
            let (succeeded, refused, failed) = (unsigned(row, 1)?, unsigned(row, 2)?, unsigned(row, 3)?);
            Ok(Hour { start: time(row, 0)?, succeeded, refused, failed })
        })
    }

    fn failing(&self, from: i64, to: i64, since: Timestamp) -> Result<Vec<Failing>> {
        let sql = "SELECT key_id, MAX(key_name), SUM(CASE WHEN status >= 400 AND status < 500 AND status <> 404 OR status = 501 THEN 1 ELSE 0 END) AS refused, \
                   SUM(CASE WHEN status >= 500 AND status <> 501 THEN 1 ELSE 0 END) AS failed, COUNT(*), \
                   MAX(CASE WHEN status >= 400 AND status <> 404 THEN number ELSE 0 END) AS last \
                   FROM exchange WHERE number >= ?1 AND number <= ?2 AND at >= ?3 GROUP BY key_id \
                   HAVING MAX(CASE WHEN status >= 400 AND status <> 404 THEN number ELSE 0 END) > 0 \
                   ORDER BY failed DESC, refused DESC LIMIT ?4";
        let rows: Vec<(Failing, i64)> =
            list(self.db, sql, params![from, to, since.as_millisecond(), CLIENTS], |row| {
                let client = Failing {
                    key_id: row.get(0)?,
                    key_name: row.get(1)?,
                    refused: unsigned(row, 2)?,
                    failed: unsigned(row, 3)?,
                    total: unsigned(row, 4)?,
                    last_detail: None,
                };
                Ok((client, row.get(5)?))
            })?;
        let mut clients = Vec::with_capacity(rows.len());
        for (client, last) in rows {
            let detail =
                find(self.db, "SELECT detail FROM exchange WHERE number = ?1", params![last], |row| {
                    row.get(0)
                })?;
            clients.push(Failing { last_detail: detail.flatten(), ..client });
        }
        Ok(clients)
    }
}
