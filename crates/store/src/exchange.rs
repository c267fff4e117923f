//! The request log: what was asked and answered, redacted before it comes here.

use jiff::Timestamp;

use crate::NUMBERS;
use crate::database::{anywhere, changed, find, run};
use crate::error::{Error, Result};
use crate::narrow::Statement;
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

/// A request with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub at: Timestamp,
    pub request_id: String,
    pub method: String,
    /// Path and query.
    pub path: String,
    pub status: u16,
    pub duration_us: u64,
    pub key_id: Option<String>,
    pub key_name: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub resource_id: Option<String>,
    /// Names of the quirk rules applied.
    pub quirks: Vec<String>,
    pub scim_type: Option<String>,
    pub detail: Option<String>,
    pub request_body: Option<String>,
    pub response_body: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeRow {
    pub number: u64,
    pub exchange: Exchange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    Success,
    Refused,
    Failed,
}

#[derive(Debug, Clone, Default)]
pub struct ExchangeQuery {
    pub status: Option<StatusClass>,
    pub method: Option<String>,
    pub key_id: Option<String>,
    pub resource_id: Option<String>,
    pub text: Option<String>,
    pub quirk: Option<String>,
    pub since: Option<Timestamp>,
    /// Only rows before this number; the newest come first.
    pub before: Option<u64>,
    pub limit: usize,
}

const COLUMNS: &str = "number, at, request_id, method, path, status, duration_us, key_id, key_name, address, user_agent, \
                       resource_id, quirks, scim_type, detail, request_body, response_body";

fn read(tenant: i64) -> impl FnMut(&Row<'_>) -> Result<ExchangeRow> {
    move |row| {
        let quirks: String = row.get(12)?;
        Ok(ExchangeRow {
            number: (row.get::<i64>(0)? - tenant * NUMBERS).unsigned_abs(),
            exchange: Exchange {
                at: time(row, 1)?,
                request_id: row.get(2)?,
                method: row.get(3)?,
                path: row.get(4)?,
                status: row.get(5)?,
                duration_us: unsigned(row, 6)?,
                key_id: row.get(7)?,
                key_name: row.get(8)?,
                address: row.get(9)?,
                user_agent: row.get(10)?,
                resource_id: row.get(11)?,
                quirks: quirks.split_whitespace().map(str::to_owned).collect(),
                scim_type: row.get(13)?,
                detail: row.get(14)?,
                request_body: row.get(15)?,
                response_body: row.get(16)?,
            },
        })
    }
}

impl TenantRead<'_> {
    /// The newest first.
    pub fn exchanges(&self, query: &ExchangeQuery) -> Result<Vec<ExchangeRow>> {
        let first = self.tenant * NUMBERS;
        let end = query.before.map_or(first + NUMBERS, |before| first + signed(before).min(NUMBERS));
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM exchange WHERE number > "));
        statement.value(first).text(" AND number < ").value(end);
        let like = self.db.like();
        // A 501 is no failure: what was asked is not offered.
        statement.text(match query.status {
            None => "",
            Some(StatusClass::Success) => " AND status < 400",
            Some(StatusClass::Refused) => " AND (status >= 400 AND status < 500 OR status = 501)",
            Some(StatusClass::Failed) => " AND status >= 500 AND status <> 501",
        });
        let equal =
            [("method", &query.method), ("key_id", &query.key_id), ("resource_id", &query.resource_id)];
        for (column, value) in equal {
            if let Some(value) = value {
                statement.text(&format!(" AND {column} = ")).value(value.as_str());
            }
        }
        if let Some(quirk) = &query.quirk {
            statement
                .text(&format!(" AND ' ' || quirks || ' ' {like} "))
                .value(anywhere(&format!(" {quirk} ")))
                .text(" ESCAPE '\\'");
        }
        if let Some(since) = query.since {
            statement.text(" AND at >= ").value(since.as_millisecond());
        }
        if let Some(text) = &query.text {
            for (at, column) in
                ["path", "request_body", "response_body", "detail", "request_id"].into_iter().enumerate()
            {
                statement.text(if at == 0 { " AND (" } else { " OR " }).text(&format!("{column} {like} "));
                statement.value(anywhere(text)).text(" ESCAPE '\\'");
            }
            statement.text(")");
        }
        statement.text(" ORDER BY number DESC LIMIT ").value(signed(query.limit as u64));
        statement.list(self.db, read(self.tenant))
    }

    pub fn exchange(&self, number: u64) -> Result<Option<ExchangeRow>> {
        let sql = "SELECT number, at, request_id, method, path, status, duration_us, key_id, key_name, address, user_agent, \
                   resource_id, quirks, scim_type, detail, request_body, response_body FROM exchange WHERE number = ?1";
        let number = self.tenant * NUMBERS + signed(number).min(NUMBERS - 1);
        find(self.db, sql, params![number], read(self.tenant))
    }
}

impl TenantWrite<'_> {
    pub fn append_exchange(&self, exchange: &Exchange) -> Result<u64> {
        let sql = "UPDATE head SET exchange = exchange + 1 WHERE tenant = ?1 RETURNING exchange";
        let number: i64 =
            find(self.db, sql, params![self.tenant], |row| row.get(0))?.ok_or(Error::NoTenant)?;
        let sql = "INSERT INTO exchange (number, at, request_id, method, path, status, duration_us, key_id, key_name, address, \
                   user_agent, resource_id, quirks, scim_type, detail, request_body, response_body) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        let parameters = params![
            self.tenant * NUMBERS + number,
            exchange.at.as_millisecond(),
            exchange.request_id,
            exchange.method,
            exchange.path,
            exchange.status,
            signed(exchange.duration_us),
            exchange.key_id,
            exchange.key_name,
            exchange.address,
            exchange.user_agent,
            exchange.resource_id,
            exchange.quirks.join(" "),
            exchange.scim_type,
            exchange.detail,
            exchange.request_body,
            exchange.response_body
        ];
        run(self.db, sql, parameters)?;
        Ok(number.unsigned_abs())
    }

    /// Remove at most 1,000 entries older than that; gives how many.
    pub fn purge_exchanges(&self, before: Timestamp) -> Result<u64> {
        let first = self.tenant * NUMBERS;
        let sql = "DELETE FROM exchange WHERE number IN (SELECT number FROM exchange WHERE number > ?1 AND number < ?2 \
                   ORDER BY number LIMIT 1000) AND at < ?3";
        Ok(changed(self.db, sql, params![first, first + NUMBERS, before.as_millisecond()])? as u64)
    }
}
