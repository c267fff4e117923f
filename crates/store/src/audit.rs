//! The audit: append-only, each row's hash over the one before, so that an edit, a gap or a swap shows.

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::NUMBERS;
use crate::database::{Database, find, list, run};
use crate::error::{Error, Result};
use crate::narrow::Statement;
use crate::resource::Kind;
use crate::store::{SystemRead, SystemWrite, TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time};

/// What the first row's hash is over.
pub const GENESIS: [u8; 32] = [0; 32];

/// The chain of what belongs to no tenant: sign-ins, operators, tenants made and deleted.
const SYSTEM: i64 = 0;

#[derive(Debug, Clone)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// Who: `key:ID name`, `operator:ID name`, …
    pub actor: String,
    /// What: `user.create`, `key.revoke`, …
    pub action: String,
    pub resource: Option<(Kind, String)>,
    /// What it was called then.
    pub name: Option<String>,
    /// Before and after; no secret.
    pub detail: Value,
    pub request_id: String,
    pub address: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub number: u64,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub kind: Option<Kind>,
    pub resource_id: Option<String>,
    pub name: Option<String>,
    pub detail: Value,
    pub request_id: String,
    pub address: Option<String>,
    pub hash: [u8; 32],
}

#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    pub resource: Option<(Kind, String)>,
    /// The start of the action, such as `user.`
    pub action: Option<String>,
    pub actor: Option<String>,
    pub text: Option<String>,
    /// Only rows before this number; the newest come first.
    pub before: Option<u64>,
    pub limit: usize,
}

/// The hash of a row behind one with hash `previous`: SHA-256 over that hash and each field, its length first.
pub fn hash_row(previous: &[u8; 32], row: &AuditRow) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(row.number.to_be_bytes());
    hash.update(row.at.as_millisecond().to_be_bytes());
    let detail = row.detail.to_string();
    let fields = [
        Some(row.actor.as_str()),
        Some(row.action.as_str()),
        row.kind.map(Kind::as_str),
        row.resource_id.as_deref(),
        row.name.as_deref(),
        Some(detail.as_str()),
        Some(row.request_id.as_str()),
        row.address.as_deref(),
    ];
    for field in fields {
        match field {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    hash.finalize().into()
}

impl TenantRead<'_> {
    /// The newest rows first.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>> {
        search(self.db, self.tenant, query)
    }

    /// Rows behind `number` in their order.
    pub fn audit_after(&self, number: u64, limit: usize) -> Result<Vec<AuditRow>> {
        after(self.db, self.tenant, number, limit)
    }

    /// The last number and the last hash.
    pub fn audit_head(&self) -> Result<(u64, [u8; 32])> {
        head(self.db, self.tenant)
    }
}

impl TenantWrite<'_> {
    pub fn append_audit(&self, entry: AuditEntry) -> Result<u64> {
        append(self.db, self.tenant, entry)
    }
}

impl SystemRead<'_> {
    pub fn system_audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>> {
        search(self.db, SYSTEM, query)
    }

    pub fn system_audit_after(&self, number: u64, limit: usize) -> Result<Vec<AuditRow>> {
        after(self.db, SYSTEM, number, limit)
    }

    pub fn system_audit_head(&self) -> Result<(u64, [u8; 32])> {
        head(self.db, SYSTEM)
    }
}

impl SystemWrite<'_> {
    pub fn append_system_audit(&self, entry: AuditEntry) -> Result<u64> {
        append(self.db, SYSTEM, entry)
    }
}

fn head(db: &Database, tenant: i64) -> Result<(u64, [u8; 32])> {
    let sql = "SELECT audit, audit_hash FROM head WHERE tenant = ?1";
    let found = find(db, sql, params![tenant], |row| Ok((row.get::<i64>(0)?, row.get::<[u8; 32]>(1)?)))?;
    found.map(|(number, hash)| (number.unsigned_abs(), hash)).ok_or(Error::NoTenant)
}

fn append(db: &Database, tenant: i64, entry: AuditEntry) -> Result<u64> {
    let (last, previous) = head(db, tenant)?;
    let (kind, resource_id) = entry.resource.unzip();
    let mut row = AuditRow {
        number: last + 1,
        // Only milliseconds are stored, so only they are hashed.
        at: Timestamp::from_millisecond(entry.at.as_millisecond()).unwrap_or_default(),
        actor: entry.actor,
        action: entry.action,
        kind,
        resource_id,
        name: entry.name,
        detail: entry.detail,
        request_id: entry.request_id,
        address: entry.address,
        hash: GENESIS,
    };
    row.hash = hash_row(&previous, &row);
    let sql = "INSERT INTO audit (number, at, actor, action, kind, resource_id, name, detail, request_id, address, hash) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let parameters = params![
        tenant * NUMBERS + signed(row.number),
        row.at.as_millisecond(),
        row.actor,
        row.action,
        row.kind.map(Kind::number),
        row.resource_id,
        row.name,
        row.detail.to_string(),
        row.request_id,
        row.address,
        row.hash
    ];
    run(db, sql, parameters)?;
    let sql = "UPDATE head SET audit = ?2, audit_hash = ?3 WHERE tenant = ?1";
    run(db, sql, params![tenant, signed(row.number), row.hash])?;
    Ok(row.number)
}

const COLUMNS: &str = "number, at, actor, action, kind, resource_id, name, detail, request_id, address, hash";

fn read(tenant: i64) -> impl FnMut(&Row<'_>) -> Result<AuditRow> {
    move |row| {
        let detail: String = row.get(7)?;
        Ok(AuditRow {
            number: (row.get::<i64>(0)? - tenant * NUMBERS).unsigned_abs(),
            at: time(row, 1)?,
            actor: row.get(2)?,
            action: row.get(3)?,
            kind: row.get::<Option<i64>>(4)?.and_then(Kind::of),
            resource_id: row.get(5)?,
            name: row.get(6)?,
            // Text that is not JSON was not written by us; it will not match its hash.
            detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
            request_id: row.get(8)?,
            address: row.get(9)?,
            hash: row.get(10)?,
        })
    }
}

fn after(db: &Database, tenant: i64, number: u64, limit: usize) -> Result<Vec<AuditRow>> {
    let first = tenant * NUMBERS;
    let sql = "SELECT number, at, actor, action, kind, resource_id, name, detail, request_id, address, hash FROM audit \
               WHERE number > ?1 AND number < ?2 ORDER BY number LIMIT ?3";
    list(db, sql, params![first + signed(number), first + NUMBERS, signed(limit as u64)], read(tenant))
}

fn search(db: &Database, tenant: i64, query: &AuditQuery) -> Result<Vec<AuditRow>> {
    let first = tenant * NUMBERS;
    let end = query.before.map_or(first + NUMBERS, |before| first + signed(before).min(NUMBERS));
    let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM audit WHERE number > "));
    statement.value(first).text(" AND number < ").value(end);
    if let Some((kind, id)) = &query.resource {
        statement.text(" AND resource_id = ").value(id.as_str()).text(" AND kind = ").value(kind.number());
    }
    if let Some(action) = &query.action {
        statement.text(" AND action >= ").value(action.as_str());
        statement.text(" AND action < ").value(crate::database::behind(action));
    }
    if let Some(actor) = &query.actor {
        statement.text(" AND ").contains(&["actor"], actor);
    }
    if let Some(text) = &query.text {
        let columns = ["name", "detail", "actor", "action", "resource_id", "request_id"];
        statement.text(" AND ").contains(&columns, text);
    }
    statement.text(" ORDER BY number DESC LIMIT ").value(signed(query.limit as u64));
    statement.list(db, read(tenant))
}
