//! The audit log: who changed what, and who signed in. Append-only, chained by hashes; one chain a tenant, one for the system.

use jiff::Timestamp;
use serde_json::Value;
use store::{AuditEntry, AuditQuery, AuditRow, TenantId};

use crate::context::Caller;
use crate::directory::Directory;
use crate::error::Result;
use crate::secret::hex;

/// Rows checked in one step.
const CHUNK: usize = 1_000;
/// Rows of one page at most.
const PAGE_MAX: usize = 500;

/// What recomputing the chain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Intact {
        rows: u64,
        /// The newest hash. Kept elsewhere, it shows later that no row was cut off the end.
        head: String,
    },
    Broken {
        number: u64,
        why: String,
    },
}

impl Directory {
    /// Newest first.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn audit(&self, tenant: &TenantId, mut query: AuditQuery) -> Result<Vec<AuditRow>> {
        query.limit = query.limit.min(PAGE_MAX);
        self.0.store.tenant(tenant).scan(move |read| Ok(read.audit(&query)?)).await
    }

    /// What belongs to no tenant: sign-ins, operators, tenants made and deleted. Newest first.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn system_audit(&self, mut query: AuditQuery) -> Result<Vec<AuditRow>> {
        query.limit = query.limit.min(PAGE_MAX);
        self.0.store.scan(move |read| Ok(read.system_audit(&query)?)).await
    }

    /// Recompute the tenant's chain, row by row, against the head that is stored.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn verify_audit(&self, tenant: &TenantId) -> Result<Verdict> {
        self.0
            .store
            .tenant(tenant)
            .scan(|read| verify(|after| Ok(read.audit_after(after, CHUNK)?), read.audit_head()?))
            .await
    }

    /// # Errors
    /// [`Error::Internal`]
    pub async fn verify_system_audit(&self) -> Result<Verdict> {
        self.0
            .store
            .scan(|read| {
                verify(|after| Ok(read.system_audit_after(after, CHUNK)?), read.system_audit_head()?)
            })
            .await
    }
}

fn verify(rows_after: impl Fn(u64) -> Result<Vec<AuditRow>>, head: (u64, [u8; 32])) -> Result<Verdict> {
    let broken = |number, why: &str| Ok(Verdict::Broken { number, why: why.to_owned() });
    let (mut number, mut hash) = (0, [0; 32]);
    loop {
        let rows = rows_after(number)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.number != number + 1 {
                return broken(number + 1, "the row is missing");
            }
            let computed = store::audit::hash_row(&hash, &row);
            if computed != row.hash {
                return broken(row.number, "the row, or one before it, is not what was written");
            }
            (number, hash) = (row.number, computed);
        }
    }
    if head != (number, hash) {
        return broken(head.0.max(number), "the newest rows are missing");
    }
    Ok(Verdict::Intact { rows: number, head: hex(&hash) })
}

/// A row of the system's chain.
pub(crate) fn system_entry(
    caller: &Caller,
    now: Timestamp,
    action: &str,
    name: Option<String>,
    detail: Value,
) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: caller.actor.to_string(),
        action: action.to_owned(),
        resource: None,
        name,
        detail,
        request_id: caller.request_id.clone(),
        address: caller.address.map(|a| a.to_string()),
    }
}
