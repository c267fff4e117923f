//! The floor of writes: a bare program that writes to a copy of the server's database, with the same durability and in
//! batches as large as there are requests in flight, exactly the rows that the server has just written for them.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

/// As the server's own connections have it.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000; \
                        PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;";
/// Writes that are repeated of one slice.
const SETS_MAX: usize = 5_000;
/// Numbered rows of a write, and the column that says whose they are.
const LOGS: [(&str, &str); 3] = [("change", "id"), ("audit", "resource_id"), ("exchange", "resource_id")];

pub(super) struct WriteFloor {
    server: Connection,
    own: Connection,
    /// The last numbers of `LOGS` before the slice.
    marks: Vec<i64>,
    /// Above every number of the tenant.
    end: i64,
    statements: Statements,
}

/// Texts made from the tables as they are, so that a new column is written as well.
struct Statements {
    resource: Vec<String>,
    insert_resource: String,
    insert_index: String,
    insert_log: Vec<String>,
    /// Columns that may change without an index being touched.
    mutable: Vec<usize>,
    update_resource: String,
}

/// One write: a statement's text and its values, several times.
pub(super) struct WriteSet<'a>(Vec<(&'a str, Vec<Value>)>);

impl WriteFloor {
    /// Takes a copy while the server is idle.
    pub(super) fn copy(database: &Path, folder: &Path) -> anyhow::Result<Self> {
        let server = open_to_read(database)?;
        let copy = folder.join("floor.db");
        // As long as somebody reads, the write-ahead log is not begun anew, so that the database and then its log give
        // together what was committed.
        server.execute_batch("BEGIN")?;
        server.query_row("SELECT count(*) FROM tenant", [], |row| row.get::<_, i64>(0))?;
        std::fs::copy(database, &copy).context("a copy of the database")?;
        let log =
            |of: &Path| of.with_file_name(format!("{}-wal", of.file_name().unwrap_or_default().display()));
        std::fs::copy(log(database), log(&copy)).context("a copy of its log")?;
        server.execute_batch("COMMIT")?;
        let own = Connection::open(&copy)?;
        own.execute_batch(SETTINGS)?;
        own.set_prepared_statement_cache_capacity(16);
        let statements = Statements::of(&server)?;
        // The tenant that is measured is the first. A tenant's rows are numbered from its own number times 2^40 on.
        let tenant: i64 = server.query_row("SELECT min(number) FROM tenant", [], |row| row.get(0))?;
        Ok(Self { server, own, marks: Vec::new(), end: (tenant + 1) << 40, statements })
    }

    /// What is written from here on will be repeated.
    pub(super) fn mark(&mut self) -> anyhow::Result<()> {
        self.marks.clear();
        for (table, _) in LOGS {
            let sql = format!("SELECT coalesce(max(number), 0) FROM {table} WHERE number < ?1");
            self.marks.push(self.server.query_row(&sql, [self.end], |row| row.get(0))?);
        }
        Ok(())
    }

    /// Users made since the mark.
    pub(super) fn creations(&self) -> anyhow::Result<Vec<WriteSet<'_>>> {
        let s = &self.statements;
        let (order, mut logs) = self.logs()?;
        let Some(first) = order.iter().min() else { return Ok(Vec::new()) };
        let mut indexed = by_owner(&self.server, "index_value", "id", "id >= ?1", &[first])?;
        let mut sets = Vec::new();
        for id in order.iter().take(SETS_MAX) {
            let Some(row) = self.resource(id)? else { continue };
            let mut set = vec![(s.insert_resource.as_str(), row)];
            set.extend(indexed.remove(id).into_iter().flatten().map(|row| (s.insert_index.as_str(), row)));
            self.take_logs(id, &mut logs, &mut set);
            sets.push(WriteSet(set));
        }
        Ok(sets)
    }

    /// Users changed since the mark, in values that no index has.
    pub(super) fn changes(&self) -> anyhow::Result<Vec<WriteSet<'_>>> {
        let s = &self.statements;
        let (order, mut logs) = self.logs()?;
        let mut sets = Vec::new();
        for id in order.iter().take(SETS_MAX) {
            let Some(row) = self.resource(id)? else { continue };
            let mut values: Vec<Value> = s.mutable.iter().map(|at| row[*at].clone()).collect();
            values.extend(self.key(&row));
            let mut set = vec![(s.update_resource.as_str(), values)];
            self.take_logs(id, &mut logs, &mut set);
            sets.push(WriteSet(set));
        }
        Ok(sets)
    }

    /// Sets a second.
    pub(super) fn write(&self, sets: &[WriteSet<'_>], batch: usize) -> anyhow::Result<f64> {
        ensure!(!sets.is_empty(), "the server has written nothing to repeat");
        let started = Instant::now();
        for batch in sets.chunks(batch) {
            self.own.execute_batch("BEGIN IMMEDIATE")?;
            for WriteSet(statements) in batch {
                for (sql, values) in statements {
                    self.own.prepare_cached(sql)?.execute(params_from_iter(values))?;
                }
            }
            self.own.execute_batch("COMMIT")?;
        }
        Ok(sets.len() as f64 / started.elapsed().as_secs_f64())
    }

    /// Rows of the logs by owner, and the owners in the order of their changes.
    #[expect(clippy::type_complexity, reason = "a table for each log")]
    fn logs(&self) -> anyhow::Result<(Vec<String>, Vec<HashMap<String, Vec<Vec<Value>>>>)> {
        let mut logs = Vec::new();
        for ((table, owner), mark) in LOGS.iter().zip(&self.marks) {
            logs.push(by_owner(
                &self.server,
                table,
                owner,
                "number > ?1 AND number < ?2",
                &[mark, &self.end],
            )?);
        }
        let sql = "SELECT id FROM change WHERE number > ?1 AND number < ?2 GROUP BY id ORDER BY min(number)";
        let mut statement = self.server.prepare(sql)?;
        let range = [self.marks.first().copied().unwrap_or_default(), self.end];
        let order = statement.query_map(range, |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok((order, logs))
    }

    /// One row of each log: an owner that was changed twice stands for one change here.
    fn take_logs<'a>(
        &'a self,
        id: &str,
        logs: &mut [HashMap<String, Vec<Vec<Value>>>],
        set: &mut Vec<(&'a str, Vec<Value>)>,
    ) {
        for (rows, sql) in logs.iter_mut().zip(&self.statements.insert_log) {
            set.extend(rows.get_mut(id).and_then(Vec::pop).map(|row| (sql.as_str(), row)));
        }
    }

    fn resource(&self, id: &str) -> anyhow::Result<Option<Vec<Value>>> {
        let columns = self.statements.resource.join(", ");
        // Without the tenant no index helps; there are two of them and a kind each.
        let sql = format!(
            "SELECT {columns} FROM resource WHERE tenant IN (SELECT number FROM tenant) AND kind = 1 AND id = ?1"
        );
        let mut statement = self.server.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        Ok(match rows.next()? {
            Some(row) => {
                Some((0..self.statements.resource.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?)
            }
            None => None,
        })
    }

    fn key(&self, row: &[Value]) -> Vec<Value> {
        let at = |name: &str| self.statements.resource.iter().position(|column| column == name);
        ["tenant", "kind", "id"].iter().filter_map(|name| row.get(at(name)?).cloned()).collect()
    }
}

impl Statements {
    fn of(db: &Connection) -> anyhow::Result<Self> {
        let resource = columns(db, "resource", true)?;
        let index = columns(db, "index_value", false)?;
        let mut insert_log = Vec::new();
        for (table, _) in LOGS {
            insert_log.push(insert(table, &columns(db, table, false)?));
        }
        let fixed = ["tenant", "kind", "id", "unique_key", "created_at", "indexed", "members"];
        let mutable: Vec<usize> =
            (0..resource.len()).filter(|at| !fixed.contains(&resource[*at].as_str())).collect();
        let set: Vec<_> =
            mutable.iter().enumerate().map(|(n, at)| format!("{} = ?{}", resource[*at], n + 1)).collect();
        let n = mutable.len();
        let update_resource = format!(
            "UPDATE resource SET {} WHERE tenant = ?{} AND kind = ?{} AND id = ?{}",
            set.join(", "),
            n + 1,
            n + 2,
            n + 3
        );
        let (insert_resource, insert_index) = (insert("resource", &resource), insert("index_value", &index));
        Ok(Self { resource, insert_resource, insert_index, insert_log, mutable, update_resource })
    }
}

pub(super) fn open_to_read(database: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(database, flags).with_context(|| database.display().to_string())?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000;")?;
    Ok(db)
}

/// Without a number that the table gives itself, if so asked.
fn columns(db: &Connection, table: &str, gives_number: bool) -> anyhow::Result<Vec<String>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    let names: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    ensure!(!names.is_empty(), "the database has no table {table}");
    Ok(names.into_iter().filter(|name| !(gives_number && name == "number")).collect())
}

fn insert(table: &str, columns: &[String]) -> String {
    let places: Vec<_> = (1..=columns.len()).map(|n| format!("?{n}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
}

fn by_owner(
    db: &Connection,
    table: &str,
    owner: &str,
    condition: &str,
    values: &[&dyn rusqlite::ToSql],
) -> anyhow::Result<HashMap<String, Vec<Vec<Value>>>> {
    let names = columns(db, table, false)?;
    let at = names.iter().position(|name| name == owner).with_context(|| format!("{table}.{owner}"))?;
    let mut statement = db.prepare(&format!("SELECT {} FROM {table} WHERE {condition}", names.join(", ")))?;
    let mut rows = statement.query(values)?;
    let mut found: HashMap<String, Vec<Vec<Value>>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let Value::Text(owner) = row.get(at)? else { continue };
        let values = (0..names.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        found.entry(owner).or_default().push(values);
    }
    Ok(found)
}
