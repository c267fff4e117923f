//! Links between source and target objects, and the members a target was told of.

use jiff::Timestamp;

use crate::database::{find, list, run, settled};
use crate::error::Result;
use crate::narrow::Statement;
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    pub source_id: String,
    pub kind: Kind,
    pub target_id: String,
    /// What the source object was called last.
    pub name: String,
    /// `false`: it has left and is not acted upon any more.
    pub managed: bool,
    /// Disabled at the target.
    pub disabled: bool,
    /// The assigned group that brings a user into scope.
    pub via: Option<String>,
    pub linked: Timestamp,
    pub updated: Timestamp,
}

/// How many objects are linked; kept, not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkCounts {
    pub total: u64,
    pub managed: u64,
    pub disabled: u64,
}

#[derive(Debug, Clone, Default)]
pub struct LinkQuery {
    pub kind: Option<Kind>,
    pub text: Option<String>,
    pub managed: Option<bool>,
    pub offset: u64,
    pub limit: usize,
}

/// A member of a group by both its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedMember {
    pub source_id: String,
    pub target_id: String,
}

const COLUMNS: &str = "source_id, kind, target_id, name, managed, disabled, via, linked_at, updated_at";

fn read(row: &Row<'_>) -> Result<LinkRow> {
    Ok(LinkRow {
        source_id: row.get(0)?,
        kind: kind(row, 1)?,
        target_id: row.get(2)?,
        name: row.get(3)?,
        managed: row.get(4)?,
        disabled: row.get(5)?,
        via: row.get(6)?,
        linked: time(row, 7)?,
        updated: time(row, 8)?,
    })
}

fn member(row: &Row<'_>) -> Result<LinkedMember> {
    Ok(LinkedMember { source_id: row.get(0)?, target_id: row.get(1)? })
}

impl TenantRead<'_> {
    pub fn link(&self, application: &str, source: &str) -> Result<Option<LinkRow>> {
        let sql =
            format!("SELECT {COLUMNS} FROM link WHERE tenant = ?1 AND application = ?2 AND source_id = ?3");
        find(self.db, &sql, params![self.tenant, application, source], read)
    }

    pub fn link_by_target(&self, application: &str, kind: Kind, target: &str) -> Result<Option<LinkRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM link WHERE tenant = ?1 AND application = ?2 AND kind = ?3 AND target_id = ?4"
        );
        find(self.db, &sql, params![self.tenant, application, kind.number(), target], read)
    }

    /// By name.
    pub fn links(&self, application: &str, query: &LinkQuery) -> Result<Vec<LinkRow>> {
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM link WHERE tenant = "));
        statement.value(self.tenant).text(" AND application = ").value(application);
        if let Some(kind) = query.kind {
            statement.text(" AND kind = ").value(kind.number());
        }
        if let Some(managed) = query.managed {
            statement.text(" AND managed = ").value(i64::from(managed));
        }
        if let Some(text) = &query.text {
            statement.text(" AND ").contains(&["name"], text);
        }
        statement.text(" ORDER BY name, source_id LIMIT ").value(signed(query.limit as u64));
        statement.text(" OFFSET ").value(signed(query.offset));
        statement.list(self.db, read)
    }

    /// Source ids in their order, after one.
    pub fn linked_ids(
        &self,
        application: &str,
        kind: Kind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        let sql = "SELECT source_id FROM link WHERE tenant = ?1 AND application = ?2 AND source_id > ?3 AND kind = ?4 \
                   ORDER BY source_id LIMIT ?5";
        let after = after.unwrap_or_default();
        let values = params![self.tenant, application, after, kind.number(), signed(limit as u64)];
        list(self.db, sql, values, |row| row.get(0))
    }

    /// Links of one source object in every application: application and link.
    pub fn links_of(&self, source: &str) -> Result<Vec<(String, LinkRow)>> {
        let sql = format!("SELECT {COLUMNS}, application FROM link WHERE tenant = ?1 AND source_id = ?2");
        list(self.db, &sql, params![self.tenant, source], |row| Ok((row.get(9)?, read(row)?)))
    }

    pub fn link_counts(&self, application: &str, kind: Kind) -> Result<LinkCounts> {
        let sql = "SELECT total, managed, disabled FROM link_counter WHERE tenant = ?1 AND application = ?2 AND kind = ?3";
        let found = find(self.db, sql, params![self.tenant, application, kind.number()], |row| {
            Ok(LinkCounts {
                total: unsigned(row, 0)?,
                managed: unsigned(row, 1)?,
                disabled: unsigned(row, 2)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Users who are in scope through this group and are not its direct members any more, or who are linked, managed or not,
    /// members without being in scope through anything that is remembered: all that a change of the group may concern.
    pub fn touched_by_group(&self, application: &str, group: &str) -> Result<Vec<String>> {
        let sql = "SELECT l.source_id FROM link l WHERE l.tenant = ?1 AND l.application = ?2 AND l.via = ?3 \
                   AND NOT EXISTS (SELECT 1 FROM membership m JOIN resource r ON r.tenant = m.tenant AND r.kind = 2 \
                   AND r.id = m.group_id WHERE m.tenant = ?1 AND m.group_id = ?3 AND m.member_id = l.source_id) \
                   UNION SELECT m.member_id FROM membership m WHERE m.tenant = ?1 AND m.group_id = ?3 AND m.member_kind = 1 \
                   AND NOT EXISTS (SELECT 1 FROM link l WHERE l.tenant = ?1 AND l.application = ?2 \
                   AND l.source_id = m.member_id AND l.managed = 1)";
        list(self.db, sql, params![self.tenant, application, group], |row| row.get(0))
    }

    /// Users who are in scope through this group, or are its direct members: what its assignment or its going concerns.
    pub fn dependent_on_group(&self, application: &str, group: &str) -> Result<Vec<String>> {
        let sql = "SELECT l.source_id FROM link l WHERE l.tenant = ?1 AND l.application = ?2 AND l.via = ?3 \
                   UNION SELECT m.member_id FROM membership m WHERE m.tenant = ?1 AND m.group_id = ?3 AND m.member_kind = 1";
        list(self.db, sql, params![self.tenant, application, group], |row| row.get(0))
    }

    /// Groups that are at the target and of which this object is a direct member without the target knowing.
    pub fn groups_missing_member(&self, application: &str, member: &str) -> Result<Vec<String>> {
        // CROSS JOIN: SQLite keeps the order, and does not ask of every link whether the object is its member.
        let sql = "SELECT m.group_id FROM membership m CROSS JOIN link l WHERE m.tenant = ?1 AND m.member_id = ?3 \
                   AND l.tenant = ?1 AND l.application = ?2 AND l.source_id = m.group_id AND l.managed = 1 \
                   AND NOT EXISTS (SELECT 1 FROM sent_member s WHERE s.tenant = ?1 AND s.application = ?2 \
                   AND s.group_id = m.group_id AND s.member_id = ?3 AND s.certain = 1)";
        list(self.db, sql, params![self.tenant, application, member], |row| row.get(0))
    }

    /// Direct members that are at the target and that it was not told of for certain, in the order of ids.
    pub fn members_to_add(&self, application: &str, group: &str, limit: usize) -> Result<Vec<LinkedMember>> {
        let sql = "SELECT m.member_id, l.target_id FROM membership m CROSS JOIN link l WHERE m.tenant = ?1 AND m.group_id = ?3 \
                   AND l.tenant = ?1 AND l.application = ?2 AND l.source_id = m.member_id AND l.managed = 1 \
                   AND NOT EXISTS (SELECT 1 FROM sent_member s WHERE s.tenant = ?1 AND s.application = ?2 \
                   AND s.group_id = ?3 AND s.member_id = m.member_id AND s.certain = 1) ORDER BY m.member_id LIMIT ?4";
        list(self.db, sql, params![self.tenant, application, group, signed(limit as u64)], member)
    }

    /// Direct members that are not at the target, in the order of ids: they cannot be named there.
    pub fn members_without_link(&self, application: &str, group: &str, limit: usize) -> Result<Vec<String>> {
        let sql = "SELECT m.member_id FROM membership m WHERE m.tenant = ?1 AND m.group_id = ?3 \
                   AND NOT EXISTS (SELECT 1 FROM link l WHERE l.tenant = ?1 AND l.application = ?2 \
                   AND l.source_id = m.member_id AND l.managed = 1) ORDER BY m.member_id LIMIT ?4";
        list(self.db, sql, params![self.tenant, application, group, signed(limit as u64)], |row| row.get(0))
    }

    /// Members that the target was told of, or may have been, and that are direct members no more, with their ids there if they are linked still.
    pub fn members_to_remove(
        &self,
        application: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<(String, Option<String>)>> {
        let sql = "SELECT s.member_id, l.target_id FROM sent_member s LEFT JOIN link l ON l.tenant = s.tenant \
                   AND l.application = ?2 AND l.source_id = s.member_id WHERE s.tenant = ?1 AND s.application = ?2 \
                   AND s.group_id = ?3 AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.tenant = ?1 AND m.group_id = ?3 \
                   AND m.member_id = s.member_id) ORDER BY s.member_id LIMIT ?4";
        let values = params![self.tenant, application, group, signed(limit as u64)];
        list(self.db, sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl TenantWrite<'_> {
    /// Set or change a link. [`crate::Conflict::Id`] if the target object is linked to another source object.
    pub fn put_link(&self, application: &str, row: &LinkRow) -> Result<()> {
        self.uncount(application, &row.source_id)?;
        let sql = "INSERT INTO link (tenant, application, source_id, kind, target_id, name, managed, disabled, via, linked_at, \
                   updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
                   ON CONFLICT (tenant, application, source_id) DO UPDATE SET target_id = excluded.target_id, \
                   name = excluded.name, managed = excluded.managed, disabled = excluded.disabled, via = excluded.via, \
                   updated_at = excluded.updated_at";
        let values = params![
            self.tenant,
            application,
            row.source_id,
            row.kind.number(),
            row.target_id,
            row.name,
            row.managed,
            row.disabled,
            row.via,
            row.linked.as_millisecond(),
            row.updated.as_millisecond(),
        ];
        settled(self.db, sql, values)?;
        self.count(application, row.kind, 1, i64::from(row.managed), i64::from(row.disabled))
    }

    /// With what the target was told of it as a member, and of its members.
    pub fn remove_link(&self, application: &str, source: &str) -> Result<()> {
        self.uncount(application, source)?;
        for sql in [
            "DELETE FROM link WHERE tenant = ?1 AND application = ?2 AND source_id = ?3",
            "DELETE FROM sent_member WHERE tenant = ?1 AND application = ?2 AND member_id = ?3",
            "DELETE FROM sent_member WHERE tenant = ?1 AND application = ?2 AND group_id = ?3",
            "DELETE FROM awaited WHERE tenant = ?1 AND application = ?2 AND id = ?3",
        ] {
            run(self.db, sql, params![self.tenant, application, source])?;
        }
        Ok(())
    }

    /// Forget everything about the target: links, members, what waits, what was intended.
    pub fn clear_links(&self, application: &str) -> Result<()> {
        for table in ["link", "link_counter", "sent_member", "awaited", "intent"] {
            let sql = format!("DELETE FROM {table} WHERE tenant = ?1 AND application = ?2");
            run(self.db, &sql, params![self.tenant, application])?;
        }
        Ok(())
    }

    fn uncount(&self, application: &str, source: &str) -> Result<()> {
        match self.link(application, source)? {
            None => Ok(()),
            Some(old) => {
                self.count(application, old.kind, -1, -i64::from(old.managed), -i64::from(old.disabled))
            }
        }
    }

    fn count(&self, application: &str, kind: Kind, total: i64, managed: i64, disabled: i64) -> Result<()> {
        let sql = "INSERT INTO link_counter (tenant, application, kind, total, managed, disabled) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant, application, kind) DO UPDATE SET \
                   total = link_counter.total + excluded.total, managed = link_counter.managed + excluded.managed, \
                   disabled = link_counter.disabled + excluded.disabled";
        run(self.db, sql, params![self.tenant, application, kind.number(), total, managed, disabled])
    }

    /// The target is about to be told something of these: until it has answered, what it knows is not certain.
    pub fn doubt_sent_members(&self, application: &str, group: &str, members: &[String]) -> Result<()> {
        let sql = "INSERT INTO sent_member (tenant, application, group_id, member_id, certain) VALUES (?1, ?2, ?3, ?4, 0) \
                   ON CONFLICT (tenant, application, group_id, member_id) DO UPDATE SET certain = 0";
        members
            .iter()
            .try_for_each(|member| run(self.db, sql, params![self.tenant, application, group, member]))
    }

    /// The target was told that these are members.
    pub fn put_sent_members(&self, application: &str, group: &str, members: &[String]) -> Result<()> {
        let sql = "INSERT INTO sent_member (tenant, application, group_id, member_id, certain) VALUES (?1, ?2, ?3, ?4, 1) \
                   ON CONFLICT (tenant, application, group_id, member_id) DO UPDATE SET certain = 1";
        members
            .iter()
            .try_for_each(|member| run(self.db, sql, params![self.tenant, application, group, member]))
    }

    /// The target was told that these are members no more.
    pub fn remove_sent_members(&self, application: &str, group: &str, members: &[String]) -> Result<()> {
        let sql = "DELETE FROM sent_member WHERE tenant = ?1 AND application = ?2 AND group_id = ?3 AND member_id = ?4";
        members
            .iter()
            .try_for_each(|member| run(self.db, sql, params![self.tenant, application, group, member]))
    }
}
