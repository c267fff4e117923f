//! Enterprise applications, their sealed secrets and who is assigned to them.

use jiff::Timestamp;

use super::OF_APPLICATION;
use crate::database::{changed, count, find, list, run, settled};
use crate::error::Result;
use crate::narrow::Statement;
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// A UUID of version 7.
    pub id: String,
    pub name: String,
    /// No two applications of a tenant share it.
    pub name_key: String,
    pub created: Timestamp,
    /// JSON
    pub document: String,
}

/// A user or group that is assigned to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentRow {
    pub kind: Kind,
    pub id: String,
    /// Empty: default access.
    pub role: String,
    pub at: Timestamp,
}

/// An assignment with what the directory calls the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedRow {
    pub assignment: AssignmentRow,
    /// `None`: it is not in the directory any more.
    pub name: Option<String>,
}

fn application(row: &Row<'_>) -> Result<ApplicationRow> {
    Ok(ApplicationRow {
        id: row.get(0)?,
        name: row.get(1)?,
        name_key: row.get(2)?,
        created: time(row, 3)?,
        document: row.get(4)?,
    })
}

fn assignment(row: &Row<'_>) -> Result<AssignmentRow> {
    Ok(AssignmentRow { id: row.get(0)?, kind: kind(row, 1)?, role: row.get(2)?, at: time(row, 3)? })
}

impl TenantRead<'_> {
    /// By name.
    pub fn applications(&self) -> Result<Vec<ApplicationRow>> {
        let sql = "SELECT id, name, name_key, created_at, document FROM application WHERE tenant = ?1 ORDER BY name_key";
        list(self.db, sql, params![self.tenant], application)
    }

    pub fn application(&self, id: &str) -> Result<Option<ApplicationRow>> {
        let sql =
            "SELECT id, name, name_key, created_at, document FROM application WHERE tenant = ?1 AND id = ?2";
        find(self.db, sql, params![self.tenant, id], application)
    }

    pub fn application_by_name(&self, name_key: &str) -> Result<Option<ApplicationRow>> {
        let sql = "SELECT id, name, name_key, created_at, document FROM application WHERE tenant = ?1 AND name_key = ?2";
        find(self.db, sql, params![self.tenant, name_key], application)
    }

    pub fn application_secret(&self, application: &str, name: &str) -> Result<Option<Vec<u8>>> {
        let sql =
            "SELECT sealed FROM application_secret WHERE tenant = ?1 AND application = ?2 AND name = ?3";
        find(self.db, sql, params![self.tenant, application, name], |row| row.get(0))
    }

    /// Names with the time they were set; never the values.
    pub fn application_secrets(&self, application: &str) -> Result<Vec<(String, Timestamp)>> {
        let sql = "SELECT name, set_at FROM application_secret WHERE tenant = ?1 AND application = ?2 ORDER BY name";
        list(self.db, sql, params![self.tenant, application], |row| Ok((row.get(0)?, time(row, 1)?)))
    }

    pub fn assignment(&self, application: &str, id: &str) -> Result<Option<AssignmentRow>> {
        let sql =
            "SELECT id, kind, role, at FROM assignment WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        find(self.db, sql, params![self.tenant, application, id], assignment)
    }

    /// Groups before users, by name; `text` is looked for in the names.
    pub fn assignments(
        &self,
        application: &str,
        text: Option<&str>,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<AssignedRow>> {
        let mut statement = Statement::new(
            "SELECT a.id, a.kind, a.role, a.at, r.name FROM assignment a LEFT JOIN resource r \
             ON r.tenant = a.tenant AND r.kind = a.kind AND r.id = a.id WHERE a.tenant = "
                .to_owned(),
        );
        statement.value(self.tenant).text(" AND a.application = ").value(application);
        if let Some(text) = text {
            statement.text(" AND ").contains(&["r.name"], text);
        }
        statement
            .text(" ORDER BY a.kind DESC, coalesce(r.name, ''), a.id LIMIT ")
            .value(signed(limit as u64));
        statement.text(" OFFSET ").value(signed(offset));
        statement.list(self.db, |row| Ok(AssignedRow { assignment: assignment(row)?, name: row.get(4)? }))
    }

    /// Assigned objects of one kind, by id after one.
    pub fn assigned_ids(
        &self,
        application: &str,
        kind: Kind,
        after: &str,
        limit: usize,
    ) -> Result<Vec<String>> {
        let sql = "SELECT id FROM assignment WHERE tenant = ?1 AND application = ?2 AND id > ?3 AND kind = ?4 \
                   ORDER BY id LIMIT ?5";
        let values = params![self.tenant, application, after, kind.number(), signed(limit as u64)];
        list(self.db, sql, values, |row| row.get(0))
    }

    /// Assigned users and groups, each counted.
    pub fn assignment_counts(&self, application: &str) -> Result<(u64, u64)> {
        let of = |kind: Kind| {
            let sql = "SELECT count(*) FROM assignment WHERE tenant = ?1 AND application = ?2 AND kind = ?3";
            count(self.db, sql, params![self.tenant, application, kind.number()])
        };
        Ok((of(Kind::User)?, of(Kind::Group)?))
    }

    /// An assigned group that the user is a direct member of: id and name, the first by id.
    pub fn assigned_through(&self, application: &str, user: &str) -> Result<Option<(String, String)>> {
        // CROSS JOIN: SQLite keeps the order, and does not ask of every assignment whether the user is its member.
        let sql = "SELECT a.id, r.name FROM membership m CROSS JOIN assignment a CROSS JOIN resource r \
                   WHERE m.tenant = ?1 AND m.member_id = ?3 AND a.tenant = ?1 AND a.application = ?2 AND a.id = m.group_id \
                   AND r.tenant = ?1 AND r.kind = 2 AND r.id = m.group_id ORDER BY a.id LIMIT 1";
        find(self.db, sql, params![self.tenant, application, user], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub fn is_role_assigned(&self, application: &str, role: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM assignment WHERE tenant = ?1 AND application = ?2 AND role = ?3 LIMIT 1";
        Ok(find(self.db, sql, params![self.tenant, application, role], |_| Ok(()))?.is_some())
    }

    /// Assigned objects and direct members of assigned groups, each once: what a full look at them reads.
    pub fn entitled_count(&self, application: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM (SELECT id FROM assignment WHERE tenant = ?1 AND application = ?2 UNION \
                   SELECT m.member_id FROM assignment a JOIN membership m ON m.tenant = a.tenant AND m.group_id = a.id \
                   WHERE a.tenant = ?1 AND a.application = ?2 AND a.kind = 2 AND m.member_kind = 1) e";
        count(self.db, sql, params![self.tenant, application])
    }

    /// Roles that the object has, directly or as a direct member of an assigned group.
    pub fn assigned_roles(&self, application: &str, id: &str) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT a.role FROM assignment a WHERE a.tenant = ?1 AND a.application = ?2 AND a.role <> '' \
                   AND (a.id = ?3 OR EXISTS (SELECT 1 FROM membership m WHERE m.tenant = ?1 AND m.group_id = a.id \
                   AND m.member_id = ?3)) ORDER BY a.role";
        list(self.db, sql, params![self.tenant, application, id], |row| row.get(0))
    }

    /// Applications that the object is assigned to directly, by id.
    pub fn applications_of(&self, id: &str) -> Result<Vec<String>> {
        let sql = "SELECT application FROM assignment WHERE tenant = ?1 AND id = ?2 ORDER BY application";
        list(self.db, sql, params![self.tenant, id], |row| row.get(0))
    }
}

impl TenantWrite<'_> {
    /// [`crate::Conflict::Name`] if the name is taken.
    pub fn insert_application(&self, row: &ApplicationRow) -> Result<()> {
        let sql = "INSERT INTO application (tenant, id, name, name_key, created_at, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values =
            params![self.tenant, row.id, row.name, row.name_key, row.created.as_millisecond(), row.document];
        settled(self.db, sql, values)
    }

    /// `false` if there is no such application.
    pub fn update_application(&self, row: &ApplicationRow) -> Result<bool> {
        let sql =
            "UPDATE application SET name = ?3, name_key = ?4, document = ?5 WHERE tenant = ?1 AND id = ?2";
        let values = params![self.tenant, row.id, row.name, row.name_key, row.document];
        Ok(changed(self.db, sql, values)? > 0)
    }

    /// With all that hangs on it but its log.
    pub fn delete_application(&self, id: &str) -> Result<bool> {
        for table in OF_APPLICATION {
            let sql = format!("DELETE FROM {table} WHERE tenant = ?1 AND application = ?2");
            run(self.db, &sql, params![self.tenant, id])?;
        }
        run(
            self.db,
            "DELETE FROM plan_entry WHERE tenant = ?1 AND application = ?2",
            params![self.tenant, id],
        )?;
        Ok(changed(
            self.db,
            "DELETE FROM application WHERE tenant = ?1 AND id = ?2",
            params![self.tenant, id],
        )? > 0)
    }

    pub fn set_application_secret(
        &self,
        application: &str,
        name: &str,
        sealed: &[u8],
        at: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO application_secret (tenant, application, name, sealed, set_at) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (tenant, application, name) DO UPDATE SET sealed = excluded.sealed, set_at = excluded.set_at";
        run(self.db, sql, params![self.tenant, application, name, sealed, at.as_millisecond()])
    }

    pub fn clear_application_secrets(&self, application: &str) -> Result<()> {
        let sql = "DELETE FROM application_secret WHERE tenant = ?1 AND application = ?2";
        run(self.db, sql, params![self.tenant, application])
    }

    /// `true` if it was not assigned before.
    pub fn assign(&self, application: &str, row: &AssignmentRow) -> Result<bool> {
        let new = self.assignment(application, &row.id)?.is_none();
        let sql = "INSERT INTO assignment (tenant, application, id, kind, role, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (tenant, application, id) DO UPDATE SET role = excluded.role";
        let at = row.at.as_millisecond();
        run(self.db, sql, params![self.tenant, application, row.id, row.kind.number(), row.role, at])?;
        Ok(new)
    }

    pub fn unassign(&self, application: &str, id: &str) -> Result<bool> {
        let sql = "DELETE FROM assignment WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        Ok(changed(self.db, sql, params![self.tenant, application, id])? > 0)
    }
}
