//! Users and groups: a document with its version, its unique key and its index values.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::database::{Database, changed, count, find, list, run, settled};
use crate::error::{Conflict, Error, Result};
use crate::narrow::{Narrow, Statement};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    User,
    Group,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::User, Kind::Group];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// Where a service provider has them (RFC 7644 §3.2).
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::User => 1,
            Self::Group => 2,
        }
    }

    pub(crate) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// A value that look-ups need, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexValue {
    pub path: &'static str,
    pub key: String,
}

/// A resource to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub id: &'a str,
    pub kind: Kind,
    /// No two live resources of a kind and tenant share it.
    pub unique_key: &'a str,
    /// What lists show.
    pub name: &'a str,
    pub active: bool,
    pub values: &'a [IndexValue],
    pub document: &'a str,
    pub at: Timestamp,
}

/// A resource as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: String,
    pub kind: Kind,
    pub version: u64,
    pub name: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    /// Of a tombstone.
    pub deleted: Option<Timestamp>,
    pub document: String,
}

/// How many there are; kept, not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub users: u64,
    pub active_users: u64,
    pub groups: u64,
    pub deleted_users: u64,
    pub deleted_groups: u64,
}

const COLUMNS: &str = "r.id, r.kind, r.version, r.name, r.created_at, r.modified_at, r.document";

fn live(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        kind: kind(row, 1)?,
        version: unsigned(row, 2)?,
        name: row.get(3)?,
        created: time(row, 4)?,
        modified: time(row, 5)?,
        deleted: None,
        document: row.get(6)?,
    })
}

fn dead(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored { deleted: Some(time(row, 7)?), ..live(row)? })
}

pub(crate) fn kind(row: &Row<'_>, column: usize) -> Result<Kind> {
    let number = row.get(column)?;
    Kind::of(number).ok_or_else(|| Error::Corrupt(format!("{number} is no kind of resource")))
}

/// The greatest id of all tenants' resources, deleted ones that can be restored among them. Two look-ups in an index for each
/// tenant and kind.
pub(crate) fn greatest_id(db: &Database) -> Result<Option<String>> {
    let mut greatest = None;
    for kind in Kind::ALL {
        let sql = "SELECT coalesce((SELECT r.id FROM resource r WHERE r.tenant = t.number AND r.kind = ?1 \
                   ORDER BY r.id DESC LIMIT 1), '') AS last FROM tenant t UNION ALL \
                   SELECT coalesce((SELECT b.id FROM tombstone b WHERE b.tenant = t.number AND b.kind = ?1 \
                   ORDER BY b.id DESC LIMIT 1), '') AS last FROM tenant t ORDER BY last DESC LIMIT 1";
        let last: Option<String> = find(db, sql, params![kind.number()], |row| row.get(0))?;
        greatest = greatest.max(last.filter(|id| !id.is_empty()));
    }
    Ok(greatest)
}

impl TenantRead<'_> {
    pub fn resource(&self, kind: Kind, id: &str) -> Result<Option<Stored>> {
        let sql = "SELECT r.id, r.kind, r.version, r.name, r.created_at, r.modified_at, r.document FROM resource r \
                   WHERE r.tenant = ?1 AND r.kind = ?2 AND r.id = ?3";
        find(self.db, sql, params![self.tenant, kind.number(), id], live)
    }

    pub fn by_unique_key(&self, kind: Kind, key: &str) -> Result<Option<Stored>> {
        let sql = "SELECT r.id, r.kind, r.version, r.name, r.created_at, r.modified_at, r.document FROM resource r \
                   WHERE r.tenant = ?1 AND r.kind = ?2 AND r.unique_key = ?3";
        find(self.db, sql, params![self.tenant, kind.number(), key], live)
    }

    pub fn by_value(&self, kind: Kind, path: &'static str, key: &str) -> Result<Vec<Stored>> {
        self.scan(kind, &Narrow::Value { path, key: key.to_owned() }, None, usize::MAX)
    }

    /// Live resources behind `after`, in order of id, which is order of creation.
    pub fn scan(
        &self,
        kind: Kind,
        narrow: &Narrow,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM resource r WHERE "));
        statement.resources(self.tenant, kind, narrow);
        if let Some(after) = after {
            statement.text(" AND r.id > ").value(after);
        }
        statement.text(" ORDER BY r.id LIMIT ").value(signed(limit as u64));
        statement.list(self.db, live)
    }

    /// The page that begins behind `offset` resources; those before it are skipped in the index alone.
    pub fn page(&self, kind: Kind, narrow: &Narrow, offset: u64, limit: usize) -> Result<Vec<Stored>> {
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM resource r WHERE r.tenant = "));
        statement.value(self.tenant).text(" AND r.kind = ").value(kind.number());
        statement.text(" AND r.id IN (SELECT r.id FROM resource r WHERE ");
        statement.resources(self.tenant, kind, narrow);
        statement
            .text(" ORDER BY r.id LIMIT ")
            .value(signed(limit as u64))
            .text(" OFFSET ")
            .value(signed(offset));
        statement.text(") ORDER BY r.id");
        statement.list(self.db, live)
    }

    pub fn count(&self, kind: Kind) -> Result<u64> {
        let sql =
            "SELECT CAST(coalesce(sum(live), 0) AS BIGINT) FROM counter WHERE tenant = ?1 AND kind = ?2";
        count(self.db, sql, params![self.tenant, kind.number()])
    }

    pub fn count_where(&self, kind: Kind, narrow: &Narrow) -> Result<u64> {
        if *narrow == Narrow::All {
            return self.count(kind);
        }
        let mut statement = Statement::new("SELECT count(*) FROM resource r WHERE ".to_owned());
        statement.resources(self.tenant, kind, narrow);
        Ok(statement.list(self.db, |row| unsigned(row, 0))?.into_iter().sum())
    }

    pub fn stats(&self) -> Result<Stats> {
        let sql = "SELECT kind, live, active, deleted FROM counter WHERE tenant = ?1";
        let rows = list(self.db, sql, params![self.tenant], |row| {
            Ok((kind(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?, unsigned(row, 3)?))
        })?;
        let mut stats = Stats::default();
        for (kind, live, active, deleted) in rows {
            match kind {
                Kind::User => {
                    (stats.users, stats.active_users, stats.deleted_users) = (live, active, deleted)
                }
                Kind::Group => (stats.groups, stats.deleted_groups) = (live, deleted),
            }
        }
        Ok(stats)
    }

    /// What a live id is.
    pub fn kind_of(&self, id: &str) -> Result<Option<Kind>> {
        for kind in Kind::ALL {
            let sql = "SELECT 1 FROM resource WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
            if find(self.db, sql, params![self.tenant, kind.number(), id], |_| Ok(()))?.is_some() {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    /// What each live id is; ids that are not live are left out.
    pub fn kinds_of(&self, ids: &[String]) -> Result<HashMap<String, Kind>> {
        let mut kinds = HashMap::with_capacity(ids.len());
        for id in ids {
            if let Some(kind) = self.kind_of(id)? {
                kinds.insert(id.clone(), kind);
            }
        }
        Ok(kinds)
    }

    /// What resources are called, deleted ones among them; ids of none are left out.
    pub fn names_of(&self, ids: &[String]) -> Result<HashMap<String, String>> {
        let mut names = HashMap::with_capacity(ids.len());
        for id in ids {
            let sql = "SELECT name FROM resource WHERE tenant = ?1 AND kind IN (1, 2) AND id = ?2 UNION ALL \
                       SELECT name FROM tombstone WHERE tenant = ?1 AND kind IN (1, 2) AND id = ?2 LIMIT 1";
            if let Some(name) = find(self.db, sql, params![self.tenant, id], |row| row.get(0))? {
                names.insert(id.clone(), name);
            }
        }
        Ok(names)
    }

    pub fn tombstone(&self, kind: Kind, id: &str) -> Result<Option<Stored>> {
        let sql = "SELECT r.id, r.kind, r.version, r.name, r.created_at, r.modified_at, r.document, r.deleted_at \
                   FROM tombstone r WHERE r.tenant = ?1 AND r.kind = ?2 AND r.id = ?3";
        find(self.db, sql, params![self.tenant, kind.number(), id], dead)
    }

    pub fn tombstones(&self, kind: Kind, after: Option<&str>, limit: usize) -> Result<Vec<Stored>> {
        let sql = "SELECT r.id, r.kind, r.version, r.name, r.created_at, r.modified_at, r.document, r.deleted_at \
                   FROM tombstone r WHERE r.tenant = ?1 AND r.kind = ?2 AND r.id > ?3 ORDER BY r.id LIMIT ?4";
        let parameters = params![self.tenant, kind.number(), after.unwrap_or(""), signed(limit as u64)];
        list(self.db, sql, parameters, dead)
    }
}

impl TenantWrite<'_> {
    /// # Errors
    /// [`Conflict::UniqueKey`], [`Conflict::Id`]
    pub fn insert(&self, entry: &Entry<'_>) -> Result<()> {
        if self.tombstone(entry.kind, entry.id)?.is_some() {
            return Err(Error::Conflict(Conflict::Id));
        }
        let sql = "INSERT INTO resource (tenant, kind, id, unique_key, name, active, version, created_at, modified_at, \
                   members, indexed, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, 0, ?8, ?9)";
        let at = entry.at.as_millisecond();
        let parameters = params![
            self.tenant,
            entry.kind.number(),
            entry.id,
            entry.unique_key,
            entry.name,
            entry.active,
            at,
            indexed(entry.values),
            entry.document
        ];
        settled(self.db, sql, parameters)?;
        for value in entry.values {
            self.index(entry.kind, value.path, &value.key, entry.id)?;
        }
        self.counted(entry.kind, 1, i64::from(entry.active), 0)
    }

    /// Gives the new version.
    ///
    /// # Errors
    /// [`Conflict::UniqueKey`]; [`Conflict::Version`] when another version is stored or none.
    pub fn update(&self, entry: &Entry<'_>, expected_version: u64) -> Result<u64> {
        let sql = "SELECT active, indexed FROM resource WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
        let key = params![self.tenant, entry.kind.number(), entry.id, signed(expected_version)];
        let former = find(self.db, sql, key, |row| Ok((row.get::<bool>(0)?, row.get::<String>(1)?)))?;
        let (was_active, former) = former.ok_or(Error::Conflict(Conflict::Version))?;
        let indexed = indexed(entry.values);
        let sql = "UPDATE resource SET unique_key = ?4, name = ?5, active = ?6, version = version + 1, modified_at = ?7, \
                   indexed = ?8, document = ?9 WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        let parameters = params![
            self.tenant,
            entry.kind.number(),
            entry.id,
            entry.unique_key,
            entry.name,
            entry.active,
            entry.at.as_millisecond(),
            indexed,
            entry.document
        ];
        settled(self.db, sql, parameters)?;
        if indexed != former {
            self.reindex(entry.kind, entry.id, &former, entry.values)?;
        }
        if was_active != entry.active {
            self.counted(entry.kind, 0, i64::from(entry.active) - i64::from(was_active), 0)?;
        }
        Ok(expected_version + 1)
    }

    /// One version further, for a change that is not in the document: its members.
    pub fn touch(&self, kind: Kind, id: &str, at: Timestamp) -> Result<u64> {
        let sql = "UPDATE resource SET version = version + 1, modified_at = ?4 WHERE tenant = ?1 AND kind = ?2 AND id = ?3 \
                   RETURNING version";
        let key = params![self.tenant, kind.number(), id, at.as_millisecond()];
        find(self.db, sql, key, |row| unsigned(row, 0))?.ok_or(Error::Conflict(Conflict::Version))
    }

    /// A live resource becomes a tombstone; its unique key and its index values are free. `left_groups` is kept for
    /// [`Self::restore`]. `false` if there is none.
    pub fn bury(&self, kind: Kind, id: &str, at: Timestamp, left_groups: &[String]) -> Result<bool> {
        let sql = "INSERT INTO tombstone (tenant, kind, id, unique_key, name, active, version, created_at, modified_at, \
                   deleted_at, left_groups, indexed, document) \
                   SELECT tenant, kind, id, unique_key, name, active, version, created_at, modified_at, ?4, ?5, indexed, \
                   document FROM resource WHERE tenant = ?1 AND kind = ?2 AND id = ?3 RETURNING active, indexed";
        let left = serde_json::Value::from(left_groups.to_vec()).to_string();
        let parameters = params![self.tenant, kind.number(), id, at.as_millisecond(), left];
        let buried = find(self.db, sql, parameters, |row| Ok((row.get::<bool>(0)?, row.get::<String>(1)?)))?;
        let Some((active, former)) = buried else { return Ok(false) };
        let sql = "DELETE FROM resource WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        run(self.db, sql, params![self.tenant, kind.number(), id])?;
        self.reindex(kind, id, &former, &[])?;
        self.counted(kind, -1, -i64::from(active), 1)?;
        Ok(true)
    }

    /// A tombstone becomes live again, one version further; a group has the members again that are still there. Also the
    /// groups it had left. `None` if there is none.
    ///
    /// # Errors
    /// [`Conflict::UniqueKey`] when its key was taken meanwhile.
    pub fn restore(&self, kind: Kind, id: &str, at: Timestamp) -> Result<Option<(Stored, Vec<String>)>> {
        let sql = "INSERT INTO resource (tenant, kind, id, unique_key, name, active, version, created_at, modified_at, members, \
                   indexed, document) SELECT tenant, kind, id, unique_key, name, active, version + 1, created_at, ?4, \
                   (SELECT count(*) FROM membership m WHERE m.tenant = ?1 AND ?2 = ?5 AND m.group_id = ?3), \
                   indexed, document FROM tombstone WHERE tenant = ?1 AND kind = ?2 AND id = ?3 RETURNING active, indexed";
        let key = params![self.tenant, kind.number(), id];
        let parameters = params![self.tenant, kind.number(), id, at.as_millisecond(), Kind::Group.number()];
        let restored =
            find(self.db, sql, parameters, |row| Ok((row.get::<bool>(0)?, row.get::<String>(1)?)))?;
        let Some((active, values)) = restored else { return Ok(None) };
        for (path, value) in parsed(&values) {
            self.index(kind, &path, &value, id)?;
        }
        let sql = "DELETE FROM tombstone WHERE tenant = ?1 AND kind = ?2 AND id = ?3 RETURNING left_groups";
        let left: Option<String> = find(self.db, sql, key, |row| row.get(0))?;
        self.counted(kind, 1, i64::from(active), -1)?;
        let left = left.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(self.resource(kind, id)?.map(|stored| (stored, left)))
    }

    /// Remove a tombstone for good, and who was in the group.
    pub fn purge(&self, kind: Kind, id: &str) -> Result<bool> {
        let sql = "DELETE FROM tombstone WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        let gone = changed(self.db, sql, params![self.tenant, kind.number(), id])? > 0;
        if gone {
            self.counted(kind, 0, 0, -1)?;
            if kind == Kind::Group {
                let sql = "DELETE FROM membership WHERE tenant = ?1 AND group_id = ?2";
                run(self.db, sql, params![self.tenant, id])?;
            }
        }
        Ok(gone)
    }

    fn index(&self, kind: Kind, path: &str, key: &str, id: &str) -> Result<()> {
        let sql = "INSERT INTO index_value (tenant, kind, path, key, id) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        run(self.db, sql, params![self.tenant, kind.number(), path, key, id])
    }

    fn reindex(&self, kind: Kind, id: &str, former: &str, values: &[IndexValue]) -> Result<()> {
        let former = parsed(former);
        for (path, key) in &former {
            if !values.iter().any(|v| v.path == path && v.key == *key) {
                let sql = "DELETE FROM index_value WHERE tenant = ?1 AND kind = ?2 AND path = ?3 AND key = ?4 AND id = ?5";
                run(self.db, sql, params![self.tenant, kind.number(), path, key, id])?;
            }
        }
        for value in values {
            if !former.iter().any(|(path, key)| path == value.path && *key == value.key) {
                self.index(kind, value.path, &value.key, id)?;
            }
        }
        Ok(())
    }

    fn counted(&self, kind: Kind, live: i64, active: i64, deleted: i64) -> Result<()> {
        add_to_counter(self.db, self.tenant, kind, [live, active, deleted])
    }
}

fn add_to_counter(db: &Database, tenant: i64, kind: Kind, [live, active, deleted]: [i64; 3]) -> Result<()> {
    let sql = "INSERT INTO counter (tenant, kind, live, active, deleted) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (tenant, kind) DO UPDATE SET live = counter.live + ?3, active = counter.active + ?4, \
               deleted = counter.deleted + ?5";
    run(db, sql, params![tenant, kind.number(), live, active, deleted])
}

/// The index values as text, in a fixed form so that equal values give equal text.
fn indexed(values: &[IndexValue]) -> String {
    let pairs: Vec<[&str; 2]> = values.iter().map(|v| [v.path, v.key.as_str()]).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

fn parsed(indexed: &str) -> Vec<(String, String)> {
    serde_json::from_str(indexed).unwrap_or_default()
}
