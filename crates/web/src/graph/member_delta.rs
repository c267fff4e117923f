//! `members@delta`: members of a group that came, and that left, in pieces that fit into a page.

use directory::{Kind, MovePlace};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exchange::Call;
use super::reply::Failure;

/// Members on one page, those of all its groups together.
pub(crate) const MEMBERS: usize = 1_000;

pub(crate) const PROPERTY: &str = "members";

/// Where in a group's members a page ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "camelCase")]
pub(crate) enum Place {
    /// Everybody is listed, behind this id.
    Everybody { after: Option<String>, moves_too: bool },
    /// Who moved; the newest first, from here on. `None`: from the newest on.
    Moves { from: Option<(u64, usize)> },
}

/// What a page has room for, and since when moves count.
pub(crate) struct Members {
    room: usize,
    /// The row of the audit log behind which a move is news.
    since: u64,
}

/// The log does not reach back to where the reader was.
pub(crate) struct Resync;

impl Members {
    pub(crate) fn since(since: u64) -> Self {
        Self { room: MEMBERS, since }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Put what is next into the group; gives where to go on with it, if the page has no room for the rest.
    ///
    /// # Errors
    /// The inner one: the reader begins anew.
    pub(crate) async fn put(
        &mut self,
        call: &Call,
        group: &mut Value,
        mut place: Place,
    ) -> Result<Result<Option<Place>, Resync>, Failure> {
        let id = group.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut entries = Vec::new();
        let rest = loop {
            let rest = match place {
                Place::Everybody { after, moves_too } => {
                    let after = self.everybody(call, &id, after, &mut entries).await?;
                    after.map(|after| Place::Everybody { after: Some(after), moves_too }).ok_or(moves_too)
                }
                Place::Moves { from } => match self.moves(call, &id, from, &mut entries).await? {
                    Ok(rest) => rest.map(|from| Place::Moves { from: Some(from) }).ok_or(false),
                    Err(resync) => return Ok(Err(resync)),
                },
            };
            match rest {
                Ok(rest) => break Some(rest),
                Err(false) => break None,
                // Of a group that came back: all who are in it, and those whom the reader may still have in it.
                Err(true) if self.is_full() => break Some(Place::Moves { from: None }),
                Err(true) => place = Place::Moves { from: None },
            }
        };
        if let (Value::Object(group), false) = (group, entries.is_empty()) {
            group.insert(format!("{PROPERTY}@delta"), Value::Array(entries));
        }
        Ok(Ok(rest))
    }

    /// `Some`: there are more behind this one.
    async fn everybody(
        &mut self,
        call: &Call,
        group: &str,
        mut after: Option<String>,
        entries: &mut Vec<Value>,
    ) -> Result<Option<String>, Failure> {
        loop {
            let rows =
                call.app.directory.source_members(call.tenant(), group, after.as_deref(), self.room + 1);
            let rows = rows.await.map_err(|error| call.failed(error))?;
            let all = rows.len() <= self.room;
            for row in rows.into_iter().take(self.room) {
                // What is neither a user nor a group cannot be told.
                if let Some(kind) = row.kind {
                    entries.push(entry(&row.member, Some(kind), true));
                    self.room -= 1;
                }
                after = Some(row.member);
            }
            if all {
                return Ok(None);
            }
            if self.is_full() {
                return Ok(after);
            }
        }
    }

    async fn moves(
        &mut self,
        call: &Call,
        group: &str,
        from: Option<(u64, usize)>,
        entries: &mut Vec<Value>,
    ) -> Result<Result<Option<(u64, usize)>, Resync>, Failure> {
        let from = from.map(|(row, done)| MovePlace { row, done });
        let moves = call.app.directory.source_moves(call.tenant(), group, self.since, from, self.room).await;
        let moves = moves.map_err(|error| call.failed(error))?;
        if !moves.complete {
            return Ok(Err(Resync));
        }
        self.room = self.room.saturating_sub(moves.rows.len());
        entries.extend(moves.rows.iter().map(|row| entry(&row.id, row.kind, row.is_member)));
        Ok(Ok(moves.next.map(|place| (place.row, place.done))))
    }
}

/// Graph has one reason for members.
fn entry(id: &str, kind: Option<Kind>, is_member: bool) -> Value {
    let mut entry = json!({ "id": id });
    if let Some(kind) = kind {
        entry["@odata.type"] = json!(type_of(kind));
    }
    if !is_member {
        entry["@removed"] = json!({ "reason": "deleted" });
    }
    entry
}

/// Clients read members as what `@odata.type` says.
pub(crate) fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "#microsoft.graph.user",
        Kind::Group => "#microsoft.graph.group",
    }
}
