//! Who is in which group: rows, indexed both ways, so that one member more costs the same in a group of any size.

use std::collections::HashMap;

use crate::database::{changed, count, find, list, run};
use crate::error::Result;
use crate::narrow::Statement;
use crate::resource::Kind;
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub member: String,
    /// `None` for an id that was neither a user nor a group when it was added.
    pub kind: Option<Kind>,
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    pub id: String,
    pub name: String,
}

fn member(row: &Row<'_>) -> Result<MemberRow> {
    let kind: Option<i64> = row.get(1)?;
    Ok(MemberRow { member: row.get(0)?, kind: kind.and_then(Kind::of), name: row.get(2)? })
}

impl TenantRead<'_> {
    /// Members behind `after`, in order of id; with `search`, those whose shown name has it.
    pub fn members(
        &self,
        group: &str,
        after: Option<&str>,
        limit: usize,
        search: Option<&str>,
    ) -> Result<Vec<MemberRow>> {
        let mut statement = Statement::new(
            "SELECT m.member_id, m.member_kind, r.name FROM membership m LEFT JOIN resource r \
             ON r.tenant = m.tenant AND r.kind = m.member_kind AND r.id = m.member_id WHERE m.tenant = "
                .to_owned(),
        );
        statement.value(self.tenant).text(" AND m.group_id = ").value(group);
        statement.text(" AND m.member_id > ").value(after.unwrap_or(""));
        if let Some(search) = search.filter(|s| !s.is_empty()) {
            statement.text(" AND ").contains(&["r.name", "r.unique_key"], search);
        }
        statement.text(" ORDER BY m.member_id LIMIT ").value(signed(limit as u64));
        statement.list(self.db, member)
    }

    /// How many members a live group has; kept, not counted.
    pub fn member_count(&self, group: &str) -> Result<u64> {
        let sql = "SELECT CAST(coalesce(sum(members), 0) AS BIGINT) FROM resource WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        count(self.db, sql, params![self.tenant, Kind::Group.number(), group])
    }

    pub fn is_member(&self, group: &str, member: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM membership WHERE tenant = ?1 AND group_id = ?2 AND member_id = ?3";
        Ok(find(self.db, sql, params![self.tenant, group, member], |_| Ok(()))?.is_some())
    }

    /// The groups that have the member directly.
    pub fn groups_of(&self, member: &str) -> Result<Vec<GroupRef>> {
        let sql = "SELECT r.id, r.name FROM membership m JOIN resource r ON r.tenant = m.tenant AND r.kind = ?3 \
                   AND r.id = m.group_id WHERE m.tenant = ?1 AND m.member_id = ?2 ORDER BY r.id";
        list(self.db, sql, params![self.tenant, member, Kind::Group.number()], |row| {
            Ok(GroupRef { id: row.get(0)?, name: row.get(1)? })
        })
    }

    /// The same for each of several, at most a few hundred: a page of them costs one statement. Those in no group are left out.
    pub fn groups_of_each(&self, members: &[&str]) -> Result<HashMap<String, Vec<GroupRef>>> {
        let mut groups: HashMap<String, Vec<GroupRef>> = HashMap::new();
        let Some(last) = members.last() else { return Ok(groups) };
        let mut statement = Statement::new(
            "SELECT m.member_id, r.id, r.name FROM membership m JOIN resource r ON r.tenant = m.tenant AND r.kind = "
                .to_owned(),
        );
        statement.value(Kind::Group.number()).text(" AND r.id = m.group_id WHERE m.tenant = ");
        statement.value(self.tenant).text(" AND m.member_id IN (");
        // Lists of few lengths, so that few statements are prepared.
        let filled = members.iter().chain(std::iter::repeat(last)).take(members.len().next_power_of_two());
        for (at, member) in filled.enumerate() {
            statement.text(if at == 0 { "" } else { ", " }).value(*member);
        }
        statement.text(") ORDER BY m.member_id, r.id");
        let rows = statement.list(self.db, |row| {
            Ok((row.get::<String>(0)?, GroupRef { id: row.get(1)?, name: row.get(2)? }))
        })?;
        for (member, group) in rows {
            groups.entry(member).or_default().push(group);
        }
        Ok(groups)
    }
}

impl TenantWrite<'_> {
    /// Gives those that were not members before.
    pub fn add_members(&self, group: &str, members: &[(String, Option<Kind>)]) -> Result<Vec<String>> {
        let sql = "INSERT INTO membership (tenant, group_id, member_id, member_kind) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT DO NOTHING";
        let mut added = Vec::new();
        for (member, kind) in members {
            let kind = kind.map(Kind::number);
            if changed(self.db, sql, params![self.tenant, group, member, kind])? > 0 {
                added.push(member.clone());
            }
        }
        self.grow(group, added.len() as i64)?;
        Ok(added)
    }

    /// Gives those that were members before.
    pub fn remove_members(&self, group: &str, members: &[String]) -> Result<Vec<String>> {
        let sql = "DELETE FROM membership WHERE tenant = ?1 AND group_id = ?2 AND member_id = ?3";
        let mut removed = Vec::new();
        for member in members {
            if changed(self.db, sql, params![self.tenant, group, member])? > 0 {
                removed.push(member.clone());
            }
        }
        self.grow(group, -(removed.len() as i64))?;
        Ok(removed)
    }

    /// Gives how many there were.
    pub fn clear_members(&self, group: &str) -> Result<u64> {
        let removed = changed(
            self.db,
            "DELETE FROM membership WHERE tenant = ?1 AND group_id = ?2",
            params![self.tenant, group],
        )?;
        self.grow(group, -(removed as i64))?;
        Ok(removed as u64)
    }

    /// The member leaves every group; gives those groups.
    pub fn leave_all(&self, member: &str) -> Result<Vec<String>> {
        let sql = "SELECT group_id FROM membership WHERE tenant = ?1 AND member_id = ?2 ORDER BY group_id";
        let groups: Vec<String> = list(self.db, sql, params![self.tenant, member], |row| row.get(0))?;
        for group in &groups {
            self.remove_members(group, &[member.to_owned()])?;
        }
        Ok(groups)
    }

    fn grow(&self, group: &str, by: i64) -> Result<()> {
        if by == 0 {
            return Ok(());
        }
        let sql = "UPDATE resource SET members = members + ?4 WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
        run(self.db, sql, params![self.tenant, Kind::Group.number(), group, by])
    }
}
