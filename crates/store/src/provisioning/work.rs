//! What a job has still to do, and creations whose outcome is not known.

use jiff::Timestamp;

use crate::database::{changed, count, find, list, run};
use crate::error::{Error, Result};
use crate::resource::{Kind, kind};
use crate::store::{TenantRead, TenantWrite};
use crate::value::{Row, params, signed, time, unsigned};

/// In which order a cycle works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pass {
    /// Create, update, adopt.
    Object,
    /// Manager and members.
    Reference,
    /// Disable and delete, once it is known how many there are.
    Departure,
}

impl Pass {
    pub const ALL: [Self; 3] = [Self::Object, Self::Reference, Self::Departure];

    fn number(self) -> i64 {
        match self {
            Self::Object => 1,
            Self::Reference => 2,
            Self::Departure => 3,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    pub pass: Pass,
    pub kind: Kind,
    pub id: String,
    pub due: Timestamp,
    /// Tells whether it was asked for again meanwhile.
    pub stamp: u64,
    /// JSON; of what failed.
    pub escrow: Option<String>,
}

/// A creation that may have been carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRow {
    pub id: String,
    pub kind: Kind,
    pub at: Timestamp,
    /// JSON
    pub document: String,
}

const COLUMNS: &str = "pass, kind, id, due_at, stamp, escrow";

fn read(row: &Row<'_>) -> Result<WorkRow> {
    let number: i64 = row.get(0)?;
    let pass = Pass::ALL.into_iter().find(|pass| pass.number() == number);
    Ok(WorkRow {
        pass: pass.ok_or_else(|| Error::Corrupt(format!("{number} is no pass")))?,
        kind: kind(row, 1)?,
        id: row.get(2)?,
        due: time(row, 3)?,
        stamp: unsigned(row, 4)?,
        escrow: row.get(5)?,
    })
}

impl TenantRead<'_> {
    /// Due work of one pass and kind, the longest due first, leaving out ids that are at work already.
    pub fn due_work(
        &self,
        application: &str,
        pass: Pass,
        kind: Kind,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<WorkRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND kind = ?4 AND due_at <= ?5 \
             ORDER BY due_at, id LIMIT ?6"
        );
        let values = params![
            self.tenant,
            application,
            pass.number(),
            kind.number(),
            now.as_millisecond(),
            signed(limit as u64)
        ];
        list(self.db, &sql, values, read)
    }

    pub fn work(&self, application: &str, pass: Pass, id: &str) -> Result<Option<WorkRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND id = ?4"
        );
        find(self.db, &sql, params![self.tenant, application, pass.number(), id], read)
    }

    pub fn due_work_count(&self, application: &str, pass: Pass, now: Timestamp) -> Result<u64> {
        let sql =
            "SELECT count(*) FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND due_at <= ?4";
        count(self.db, sql, params![self.tenant, application, pass.number(), now.as_millisecond()])
    }

    /// All work of one pass, due or not, by id after one.
    pub fn pass_work(
        &self,
        application: &str,
        pass: Pass,
        after: &str,
        limit: usize,
    ) -> Result<Vec<WorkRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND id > ?4 ORDER BY id LIMIT ?5"
        );
        list(
            self.db,
            &sql,
            params![self.tenant, application, pass.number(), after, signed(limit as u64)],
            read,
        )
    }

    pub fn pass_count(&self, application: &str, pass: Pass) -> Result<u64> {
        let sql = "SELECT count(*) FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3";
        count(self.db, sql, params![self.tenant, application, pass.number()])
    }

    /// What failed and is held, the next to be tried first.
    pub fn escrows(&self, application: &str, offset: u64, limit: usize) -> Result<Vec<WorkRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM work WHERE tenant = ?1 AND application = ?2 AND escrow IS NOT NULL \
             ORDER BY due_at LIMIT ?3 OFFSET ?4"
        );
        let values = params![self.tenant, application, signed(limit as u64), signed(offset)];
        list(self.db, &sql, values, read)
    }

    pub fn escrow_count(&self, application: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM work WHERE tenant = ?1 AND application = ?2 AND escrow IS NOT NULL";
        count(self.db, sql, params![self.tenant, application])
    }

    /// When the next escrow comes due.
    pub fn next_escrow(&self, application: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT due_at FROM work WHERE tenant = ?1 AND application = ?2 AND escrow IS NOT NULL ORDER BY due_at LIMIT 1";
        find(self.db, sql, params![self.tenant, application], |row| time(row, 0))
    }

    pub fn intent(&self, application: &str, id: &str) -> Result<Option<IntentRow>> {
        let sql =
            "SELECT id, kind, at, document FROM intent WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        find(self.db, sql, params![self.tenant, application, id], |row| {
            Ok(IntentRow { id: row.get(0)?, kind: kind(row, 1)?, at: time(row, 2)?, document: row.get(3)? })
        })
    }
}

impl TenantWrite<'_> {
    /// Ask for an object to be worked on. What waited longer keeps its place; what was held after a failure comes due now.
    pub fn queue(&self, application: &str, pass: Pass, kind: Kind, id: &str, due: Timestamp) -> Result<()> {
        let sql = "INSERT INTO work (tenant, application, pass, id, kind, due_at, stamp, escrow) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, NULL) ON CONFLICT (tenant, application, pass, id) \
                   DO UPDATE SET due_at = CASE WHEN work.due_at < excluded.due_at THEN work.due_at ELSE excluded.due_at END, \
                   stamp = work.stamp + 1";
        let due = due.as_millisecond();
        run(self.db, sql, params![self.tenant, application, pass.number(), id, kind.number(), due])
    }

    /// [`Self::queue`] in the first pass for all that [`TenantRead::dependent_on_group`] names.
    pub fn queue_dependents(&self, application: &str, group: &str, due: Timestamp) -> Result<u64> {
        let sql = "INSERT INTO work (tenant, application, pass, id, kind, due_at, stamp, escrow) \
                   SELECT ?1, ?2, ?4, d.id, 1, ?5, 1, NULL FROM ( \
                     SELECT l.source_id AS id FROM link l WHERE l.tenant = ?1 AND l.application = ?2 AND l.via = ?3 \
                     UNION SELECT m.member_id FROM membership m WHERE m.tenant = ?1 AND m.group_id = ?3 AND m.member_kind = 1 \
                   ) d WHERE true ON CONFLICT (tenant, application, pass, id) \
                   DO UPDATE SET due_at = CASE WHEN work.due_at < excluded.due_at THEN work.due_at ELSE excluded.due_at END, \
                   stamp = work.stamp + 1";
        let values = params![self.tenant, application, group, Pass::Object.number(), due.as_millisecond()];
        Ok(changed(self.db, sql, values)? as u64)
    }

    /// It is done, unless it was asked for again since `stamp`; then its escrow goes and it stays.
    pub fn finish_work(&self, application: &str, pass: Pass, id: &str, stamp: u64) -> Result<()> {
        let sql = "DELETE FROM work WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND id = ?4 AND stamp = ?5";
        let key = params![self.tenant, application, pass.number(), id, signed(stamp)];
        if changed(self.db, sql, key)? == 0 {
            let sql = "UPDATE work SET escrow = NULL WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND id = ?4";
            run(self.db, sql, params![self.tenant, application, pass.number(), id])?;
        }
        Ok(())
    }

    /// It failed and is held until `due`, unless it was asked for again since `stamp`; then it stays due.
    pub fn hold_work(&self, application: &str, row: &WorkRow) -> Result<()> {
        let sql = "INSERT INTO work (tenant, application, pass, id, kind, due_at, stamp, escrow) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (tenant, application, pass, id) DO UPDATE SET \
                   due_at = CASE WHEN work.stamp <> excluded.stamp AND work.due_at < excluded.due_at THEN work.due_at \
                   ELSE excluded.due_at END, \
                   escrow = excluded.escrow";
        let values = params![
            self.tenant,
            application,
            row.pass.number(),
            row.id,
            row.kind.number(),
            row.due.as_millisecond(),
            signed(row.stamp),
            row.escrow,
        ];
        run(self.db, sql, values)
    }

    /// It waits until then, whatever it waited for.
    pub fn postpone_work(&self, application: &str, pass: Pass, id: &str, until: Timestamp) -> Result<()> {
        let sql =
            "UPDATE work SET due_at = ?5 WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND id = ?4";
        let until = until.as_millisecond();
        run(self.db, sql, params![self.tenant, application, pass.number(), id, until])
    }

    /// All of a pass that is not held after a failure comes due.
    pub fn release_work(&self, application: &str, pass: Pass, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE work SET due_at = ?4 WHERE tenant = ?1 AND application = ?2 AND pass = ?3 AND escrow IS NULL";
        let values = params![self.tenant, application, pass.number(), now.as_millisecond()];
        Ok(changed(self.db, sql, values)? as u64)
    }

    /// Let what is held after a failure come due.
    pub fn release_escrows(&self, application: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE work SET due_at = CASE WHEN due_at < ?3 THEN due_at ELSE ?3 END, stamp = stamp + 1 \
                   WHERE tenant = ?1 AND application = ?2 AND escrow IS NOT NULL";
        run(self.db, sql, params![self.tenant, application, now.as_millisecond()])
    }

    /// Forget all work, or only what is held after a failure.
    pub fn clear_work(&self, application: &str, only_escrows: bool) -> Result<u64> {
        let sql = match only_escrows {
            true => "DELETE FROM work WHERE tenant = ?1 AND application = ?2 AND escrow IS NOT NULL",
            false => "DELETE FROM work WHERE tenant = ?1 AND application = ?2",
        };
        Ok(changed(self.db, sql, params![self.tenant, application])? as u64)
    }

    pub fn put_intent(&self, application: &str, row: &IntentRow) -> Result<()> {
        let sql = "INSERT INTO intent (tenant, application, id, kind, at, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (tenant, application, id) DO UPDATE SET at = excluded.at, document = excluded.document";
        let at = row.at.as_millisecond();
        run(self.db, sql, params![self.tenant, application, row.id, row.kind.number(), at, row.document])
    }

    /// What may have been created is looked up, whatever else is forgotten.
    pub fn queue_intents(&self, application: &str, now: Timestamp) -> Result<()> {
        let sql = "SELECT id, kind FROM intent WHERE tenant = ?1 AND application = ?2";
        let intents: Vec<(String, Kind)> =
            list(self.db, sql, params![self.tenant, application], |row| Ok((row.get(0)?, kind(row, 1)?)))?;
        intents.iter().try_for_each(|(id, kind)| self.queue(application, Pass::Object, *kind, id, now))
    }

    pub fn remove_intent(&self, application: &str, id: &str) -> Result<()> {
        let sql = "DELETE FROM intent WHERE tenant = ?1 AND application = ?2 AND id = ?3";
        run(self.db, sql, params![self.tenant, application, id])
    }

    /// `id` points at `awaited`, which is not at the target yet.
    pub fn await_link(&self, application: &str, awaited: &str, id: &str) -> Result<()> {
        let sql = "INSERT INTO awaited (tenant, application, awaited_id, id) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (tenant, application, awaited_id, id) DO NOTHING";
        run(self.db, sql, params![self.tenant, application, awaited, id])
    }

    /// What waited for an object that is at the target now; it waits no longer.
    pub fn take_awaiting(&self, application: &str, awaited: &str) -> Result<Vec<String>> {
        let sql =
            "DELETE FROM awaited WHERE tenant = ?1 AND application = ?2 AND awaited_id = ?3 RETURNING id";
        list(self.db, sql, params![self.tenant, application, awaited], |row| row.get(0))
    }
}
