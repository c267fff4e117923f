//! How one user or group stands towards an application, and what the end of assignments would mean.

use crate::database::{anywhere, count, find, list};
use crate::error::{Error, Result};
use crate::store::TenantRead;
use crate::value::{Row, params, unsigned};

/// Groups that are named as the reason why one user is in scope.
const REASONS: i64 = 20;

/// Users who would be in scope through nothing any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leaving {
    pub users: u64,
    /// Of them at the target now, and acted upon.
    pub provisioned: u64,
}

impl TenantRead<'_> {
    /// Assigned groups that the user is a direct member of, by name: id and name.
    pub fn assigned_groups_of(&self, application: &str, user: &str) -> Result<Vec<(String, String)>> {
        let sql = "SELECT a.id, r.name FROM membership m JOIN assignment a ON a.tenant = m.tenant AND a.application = ?2 \
                   AND a.id = m.group_id JOIN resource r ON r.tenant = m.tenant AND r.kind = 2 AND r.id = m.group_id \
                   WHERE m.tenant = ?1 AND m.member_id = ?3 ORDER BY r.name, a.id LIMIT ?4";
        let values = params![self.tenant, application, user, REASONS];
        list(self.db, sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How many assignments have this text in the name of their object.
    pub fn assignment_matches(&self, application: &str, text: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM assignment a JOIN resource r ON r.tenant = a.tenant AND r.kind = a.kind \
                   AND r.id = a.id WHERE a.tenant = ?1 AND a.application = ?2 AND folded(r.name) LIKE ?3 ESCAPE '\\'";
        let pattern = anywhere(&scim::compare::fold(text));
        count(self.db, sql, params![self.tenant, application, pattern])
    }

    /// What it would mean if these assignments ended: users among them, and direct members of groups among them, who are
    /// neither assigned otherwise nor direct members of another assigned group.
    pub fn leaving(&self, application: &str, ids: &[String]) -> Result<Leaving> {
        let named = serde_json::to_string(ids).map_err(|error| Error::Corrupt(error.to_string()))?;
        let each = self.db.each("?3");
        let sql = format!(
            "WITH named AS (SELECT e.value AS id FROM {each} e), gone AS ( \
                     SELECT a.id AS id FROM assignment a JOIN named n ON n.id = a.id \
                     WHERE a.tenant = ?1 AND a.application = ?2 AND a.kind = 1 \
                     UNION SELECT m.member_id FROM named n JOIN assignment a ON a.tenant = ?1 AND a.application = ?2 \
                     AND a.id = n.id AND a.kind = 2 JOIN membership m ON m.tenant = ?1 AND m.group_id = a.id \
                     WHERE m.member_kind = 1) \
                   SELECT count(*), count(l.source_id) FROM gone g LEFT JOIN link l ON l.tenant = ?1 \
                   AND l.application = ?2 AND l.source_id = g.id AND l.managed = 1 \
                   WHERE NOT EXISTS (SELECT 1 FROM assignment a WHERE a.tenant = ?1 AND a.application = ?2 \
                     AND a.id = g.id AND a.id NOT IN (SELECT id FROM named)) \
                   AND NOT EXISTS (SELECT 1 FROM membership m JOIN assignment a ON a.tenant = ?1 AND a.application = ?2 \
                     AND a.id = m.group_id WHERE m.tenant = ?1 AND m.member_id = g.id \
                     AND m.group_id NOT IN (SELECT id FROM named))"
        );
        let values = params![self.tenant, application, named];
        let read = |row: &Row<'_>| Ok(Leaving { users: unsigned(row, 0)?, provisioned: unsigned(row, 1)? });
        Ok(find(self.db, &sql, values, read)?.unwrap_or_default())
    }
}
