//! Who came to a group or left it since a place in the logs. The change log says that a group changed; who moved stands in the
//! audit log, which has a row for each write of a group and is never cut.

use std::collections::HashSet;

use serde_json::Value;
use store::{AuditQuery, Kind, TenantId, TenantRead};

use crate::directory::Directory;
use crate::error::Result;

/// Rows of the audit log in memory at a time; one may name all that a request can.
const ROWS: usize = 8;
/// Rows looked at for one answer.
const LOOKED_AT: usize = 2_000;

/// The ends of the two logs at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    pub change: u64,
    pub audit: u64,
}

/// One who came or left, as it is now: who did both is where the last move has brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub id: String,
    /// `None` for what has gone for good, or never was a user or group.
    pub kind: Option<Kind>,
    pub is_member: bool,
}

/// Where the reading of moves goes on: the newest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovePlace {
    pub row: u64,
    /// Of that row's moves so many are done.
    pub done: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Each once.
    pub rows: Vec<Move>,
    /// `None`: these are all.
    pub next: Option<MovePlace>,
    /// Whether the log reaches the place; if not, the data was put back to before it, and the reader begins anew.
    pub complete: bool,
}

impl Directory {
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_heads(&self, tenant: &TenantId) -> Result<Heads> {
        let heads =
            |read: &TenantRead<'_>| Ok(Heads { change: read.newest_change()?, audit: read.audit_head()?.0 });
        self.0.store.tenant(tenant).read(heads).await
    }

    /// Who came to the live group or left it behind row `behind` of the audit log: `limit` at most, from `from` on.
    ///
    /// # Errors
    /// As [`Self::source_object`].
    pub async fn source_moves(
        &self,
        tenant: &TenantId,
        group: &str,
        behind: u64,
        from: Option<MovePlace>,
        limit: usize,
    ) -> Result<Moves> {
        let group = group.to_owned();
        self.0.store.tenant(tenant).scan(move |read| moves(read, &group, behind, from, limit)).await
    }
}

fn moves(
    read: &TenantRead<'_>,
    group: &str,
    behind: u64,
    from: Option<MovePlace>,
    limit: usize,
) -> Result<Moves> {
    let mut found = Moves { complete: behind <= read.audit_head()?.0, ..Moves::default() };
    if !found.complete {
        return Ok(found);
    }
    let (mut before, mut done) = from.map_or((None, 0), |place| (Some(place.row + 1), place.done));
    let (mut seen, mut looked_at) = (HashSet::new(), 0);
    loop {
        let resource = Some((Kind::Group, group.to_owned()));
        let rows = read.audit(&AuditQuery { resource, before, limit: ROWS, ..AuditQuery::default() })?;
        let last = rows.len() < ROWS;
        for row in rows {
            if row.number <= behind {
                return Ok(found);
            }
            if looked_at >= LOOKED_AT {
                found.next = Some(MovePlace { row: row.number, done });
                return Ok(found);
            }
            for (at, id) in named(&row.detail).enumerate().skip(done) {
                if found.rows.len() >= limit {
                    found.next = Some(MovePlace { row: row.number, done: at });
                    return Ok(found);
                }
                if seen.insert(id.to_owned()) {
                    found.rows.extend(standing(read, group, id)?);
                }
            }
            (before, done, looked_at) = (Some(row.number), 0, looked_at + 1);
        }
        if last {
            return Ok(found);
        }
    }
}

/// Members that a row of the audit log tells of.
fn named(detail: &Value) -> impl Iterator<Item = &str> {
    let lists =
        ["added", "removed"].into_iter().filter_map(|list| detail.get("members")?.get(list)?.as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// `None` for a member that is neither a user nor a group: nobody can be told who that is.
fn standing(read: &TenantRead<'_>, group: &str, id: &str) -> Result<Option<Move>> {
    let is_member = read.is_member(group, id)?;
    let mut kind = read.kind_of(id)?;
    if is_member && kind.is_none() {
        return Ok(None);
    }
    for gone in Kind::ALL {
        if kind.is_none() && read.tombstone(gone, id)?.is_some() {
            kind = Some(gone);
        }
    }
    Ok(Some(Move { id: id.to_owned(), kind, is_member }))
}
