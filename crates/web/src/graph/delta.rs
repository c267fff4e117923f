//! `users/delta` and `groups/delta`: everything once, then what has changed since, over the directory's change log.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use directory::{ChangeKind, Heads, Kind, SourceState};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exchange::{Answer, Call};
use super::member_delta::{Members, PROPERTY, Place, Resync};
use super::property;
use super::reply::{Failure, Reply};

/// Changes read at once.
const CHANGES: usize = 1_000;
/// Changes looked through for one page; a long run that concerns nobody who was asked for ends a round early, and harmlessly.
const LOOKED_AT: usize = 100_000;

/// Where a round is. `audit` is where its moves of members begin; a round that was asked for no members has none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "camelCase")]
enum Position {
    /// Everything is listed, behind this id; what changes meanwhile comes behind `head`.
    All {
        head: u64,
        after: Option<String>,
        #[serde(default)]
        audit: Option<u64>,
        #[serde(default)]
        within: Option<Within>,
    },
    /// Changes behind this number.
    Changes {
        after: u64,
        #[serde(default)]
        audit: Option<u64>,
        #[serde(default)]
        within: Option<Within>,
    },
}

/// A group of which a page showed some members and not all.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Within {
    group: String,
    place: Place,
}

/// One of what has changed: the number of its change, and whether it came back after it was deleted.
struct Changed {
    id: String,
    number: u64,
    restored: bool,
}

pub(crate) async fn users(call: Call) -> Answer {
    Delta { kind: Kind::User, members: false, call }.page().await
}

pub(crate) async fn groups(call: Call) -> Answer {
    let select = &call.options.select;
    // As Graph: without $select, or where it names them.
    let members = select.is_empty() || select.iter().any(|name| name.eq_ignore_ascii_case(PROPERTY));
    Delta { kind: Kind::Group, members, call }.page().await
}

/// One request.
struct Delta {
    kind: Kind,
    members: bool,
    call: Call,
}

impl Delta {
    async fn page(&self) -> Answer {
        let Self { call, kind, .. } = self;
        call.options.check_selected(|name| {
            property::is_known(*kind, name) || (*kind == Kind::Group && name.eq_ignore_ascii_case(PROPERTY))
        })?;
        // Before anything is read: what happens meanwhile is told once more rather than never.
        let heads = call.app.directory.source_heads(call.tenant()).await;
        let Heads { change, audit } = heads.map_err(|error| call.failed(error))?;
        let audit = self.members.then_some(audit);
        let position = match (&call.options.delta_token, &call.options.skip_token) {
            (Some(_), Some(_)) => return Err(Failure::bad("send $deltatoken or $skiptoken, not both")),
            (None, None) => Position::All { head: change, after: None, audit, within: None },
            // What is there already is of no interest.
            (Some(token), None) if token == "latest" => {
                return Ok(self.ended(Vec::new(), &Position::Changes { after: change, audit, within: None }));
            }
            (Some(token), None) | (None, Some(token)) => self.read(token)?,
        };
        match position {
            Position::All { audit: None, .. } | Position::Changes { audit: None, .. } if self.members => {
                Err(self.resync("the token is from a round without members"))
            }
            Position::All { head, after, audit, within } => self.all(head, after, audit, within).await,
            Position::Changes { after, audit: since, within } => {
                self.changes(after, since, within, audit).await
            }
        }
    }

    async fn all(
        &self,
        head: u64,
        mut after: Option<String>,
        audit: Option<u64>,
        mut within: Option<Within>,
    ) -> Answer {
        let (mut values, page) = (Vec::new(), self.call.options.page());
        let mut members = Members::since(audit.unwrap_or_default());
        let goes_on =
            |after: &Option<String>, within| Position::All { head, after: after.clone(), audit, within };
        loop {
            let ids =
                self.call.app.directory.source_ids(self.call.tenant(), self.kind, after.as_deref(), page + 1);
            let ids = ids.await.map_err(|error| self.call.failed(error))?;
            let more = ids.len() > page;
            for id in ids.into_iter().take(page) {
                // An empty page with a link to another ends the iterators of Graph's clients, so it never carries one.
                if values.len() >= page || (members.is_full() && !values.is_empty()) {
                    return Ok(self.goes_on(values, &goes_on(&after, within)));
                }
                let mut value = self.object(&id).await?;
                // Gone while it was read: its deletion stands behind `head`.
                if value.get("@removed").is_none() {
                    let begun = within.take().filter(|within| within.group == id).map(|within| within.place);
                    let place = begun.unwrap_or(Place::Everybody { after: None, moves_too: false });
                    let rest = self.with_members(&mut members, &mut value, place).await?;
                    values.push(value);
                    if let Some(place) = rest {
                        let within = Some(Within { group: id, place });
                        return Ok(self.goes_on(values, &goes_on(&after, within)));
                    }
                }
                after = Some(id);
            }
            if !more {
                return Ok(self.ended(values, &Position::Changes { after: head, audit, within: None }));
            }
            if values.len() >= page {
                return Ok(self.goes_on(values, &goes_on(&after, None)));
            }
        }
    }

    /// `now`: the end of the audit log before any of this was read, from which the next round's moves count.
    async fn changes(
        &self,
        after: u64,
        since: Option<u64>,
        within: Option<Within>,
        now: Option<u64>,
    ) -> Answer {
        let (mut values, mut members) = (Vec::new(), Members::since(since.unwrap_or_default()));
        let goes_on = |after, within| Position::Changes { after, audit: since, within };
        if let Some(Within { group, place }) = within {
            let mut value = self.object(&group).await?;
            let rest = self.with_members(&mut members, &mut value, place).await?;
            values.push(value);
            if let Some(place) = rest {
                return Ok(self.goes_on(values, &goes_on(after, Some(Within { group, place }))));
            }
        }
        let room = self.call.options.page().saturating_sub(values.len());
        let (changed, reached, more) = self.changed(after, room).await?;
        let mut done = after;
        for Changed { id, number, restored } in changed {
            if members.is_full() {
                return Ok(self.goes_on(values, &goes_on(done, None)));
            }
            let mut value = self.object(&id).await?;
            let place = match restored {
                true => Place::Everybody { after: None, moves_too: true },
                false => Place::Moves { from: None },
            };
            let rest = self.with_members(&mut members, &mut value, place).await?;
            values.push(value);
            done = number;
            if let Some(place) = rest {
                return Ok(self.goes_on(values, &goes_on(done, Some(Within { group: id, place }))));
            }
        }
        if more && !values.is_empty() {
            return Ok(self.goes_on(values, &goes_on(reached, None)));
        }
        // Of what was not looked at yet the moves are still to come.
        let audit = if more { since } else { now };
        Ok(self.ended(values, &Position::Changes { after: reached, audit, within: None }))
    }

    /// What has changed behind `after`, each once; up to which number was looked, and whether there is more behind it.
    async fn changed(&self, mut after: u64, page: usize) -> Result<(Vec<Changed>, u64, bool), Failure> {
        let (mut found, mut places, mut looked_at) =
            (Vec::<Changed>::new(), HashMap::<String, usize>::new(), 0);
        let mut more = true;
        while more && found.len() < page && looked_at < LOOKED_AT {
            let changes = self.call.app.directory.source_changes(self.call.tenant(), after, CHANGES).await;
            let changes = changes.map_err(|error| self.call.failed(error))?;
            if !changes.complete {
                return Err(self.resync("the directory was put back to before this token"));
            }
            more = changes.rows.len() >= CHANGES;
            looked_at += changes.rows.len();
            for row in changes.rows {
                if found.len() >= page {
                    more = true;
                    break;
                }
                after = row.number;
                if row.kind != self.kind {
                    continue;
                }
                let restored = row.change == ChangeKind::Restored;
                match places.entry(row.id) {
                    Entry::Occupied(place) => {
                        if let Some(known) = found.get_mut(*place.get()) {
                            known.restored |= restored;
                        }
                    }
                    Entry::Vacant(place) => {
                        found.push(Changed { id: place.key().clone(), number: row.number, restored });
                        place.insert(found.len() - 1);
                    }
                }
            }
        }
        Ok((found, after, more))
    }

    /// `Some`: the page has no room for the rest of the group's members.
    async fn with_members(
        &self,
        members: &mut Members,
        value: &mut Value,
        place: Place,
    ) -> Result<Option<Place>, Failure> {
        if !self.members || value.get("@removed").is_some() {
            return Ok(None);
        }
        let put = members.put(&self.call, value, place).await?;
        put.map_err(|Resync| self.resync("the directory was put back to before this token"))
    }

    /// As it is now. `changed`: deleted, and can be restored; `deleted`: for good.
    async fn object(&self, id: &str) -> Result<Value, Failure> {
        let Self { call, kind, .. } = self;
        let read = call.app.directory.source_object(call.tenant(), *kind, id).await;
        let read = read.map_err(|error| call.failed(error))?;
        let removed = |reason: &str| json!({ "id": id, "@removed": { "reason": reason } });
        Ok(match read.state {
            SourceState::Present => property::shown(read, &call.options.select),
            SourceState::SoftDeleted => removed("changed"),
            SourceState::Purged => removed("deleted"),
        })
    }

    fn list(&self) -> &'static str {
        match self.kind {
            Kind::User => "users/delta",
            Kind::Group => "groups/delta",
        }
    }

    fn token(&self, position: &Position) -> String {
        let text = serde_json::to_string(position).unwrap_or_default();
        self.call.app.directory.page_token(self.call.tenant(), self.list(), &text)
    }

    fn read(&self, token: &str) -> Result<Position, Failure> {
        let text = self.call.app.directory.page_position(self.call.tenant(), self.list(), token);
        text.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| {
            Failure::bad(
                "the token is not one that this list was given; follow the links unchanged, or begin anew",
            )
        })
    }

    fn goes_on(&self, values: Vec<Value>, position: &Position) -> Reply {
        let link = self.call.link("$skiptoken", &self.token(position));
        Reply::json(json!({ "value": values, "@odata.nextLink": link }))
    }

    fn ended(&self, values: Vec<Value>, position: &Position) -> Reply {
        let link = self.call.link("$deltatoken", &self.token(position));
        Reply::json(json!({ "value": values, "@odata.deltaLink": link }))
    }

    /// Nothing can be told from here on.
    fn resync(&self, why: &str) -> Failure {
        let message = format!("{why}; begin anew with the address in the header Location");
        let failure = Failure::new(StatusCode::GONE, message);
        let origin = self.call.app.directory.public_url().as_str();
        match HeaderValue::from_str(&format!("{origin}{}", self.call.target)) {
            Ok(value) => failure.with(header::LOCATION, value),
            Err(_) => failure,
        }
    }
}
