//! A whole database into another, such as SQLite's file into PostgreSQL. Rows are copied in the order of their keys, page by
//! page, so that a copy that was broken off goes on where it was; at the end every row of both is compared. The last row that
//! is copied says of which master key the database is: a database without it is not finished.

use crate::database::{Database, Use, count, find, list, run};
use crate::error::{Error, Result};
use crate::migration;
use crate::options::Options;
use crate::postgres::without_nul;
use crate::store::place;
use crate::value::{Owned, ToValue, params};

/// Rows copied in one transaction.
const PAGE: usize = 1_000;

/// Every table with its key, in the order in which they are copied.
const TABLES: [(&str, &[&str]); 33] = [
    ("tenant", &["number"]),
    ("head", &["tenant"]),
    ("counter", &["tenant", "kind"]),
    ("resource", &["tenant", "kind", "id"]),
    ("tombstone", &["tenant", "kind", "id"]),
    ("index_value", &["tenant", "kind", "path", "key", "id"]),
    ("membership", &["tenant", "group_id", "member_id"]),
    ("change", &["number"]),
    ("audit", &["number"]),
    ("purging", &["tenant"]),
    ("exchange", &["number"]),
    ("api_key", &["id"]),
    ("operator", &["id"]),
    ("operator_role", &["operator", "role", "tenant"]),
    ("session", &["digest"]),
    ("validation", &["tenant", "id"]),
    ("validation_document", &["tenant", "id", "form"]),
    ("application", &["tenant", "id"]),
    ("application_secret", &["tenant", "application", "name"]),
    ("assignment", &["tenant", "application", "id"]),
    ("job", &["tenant", "application"]),
    ("work", &["tenant", "application", "pass", "id"]),
    ("link", &["tenant", "application", "source_id"]),
    ("link_counter", &["tenant", "application", "kind"]),
    ("sent_member", &["tenant", "application", "group_id", "member_id"]),
    ("awaited", &["tenant", "application", "awaited_id", "id"]),
    ("intent", &["tenant", "application", "id"]),
    ("cycle", &["tenant", "application", "id"]),
    ("cycle_count", &["tenant", "application", "cycle", "kind", "action", "status"]),
    ("provisioning_log", &["number"]),
    ("plan", &["tenant", "application", "id"]),
    ("plan_entry", &["tenant", "application", "plan", "ordinal"]),
    // The last: see above.
    ("installation", &["id"]),
];

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    pub table: &'static str,
    /// Copied, or compared at the end.
    pub is_compared: bool,
    /// Rows of all tables so far, those of an earlier run among them.
    pub rows: u64,
    pub total: u64,
}

/// Copy all of `from`, whose server must be stopped, into `to`, which must be empty or a copy that was broken off. Gives the
/// number of rows.
///
/// # Errors
/// [`Error::Unsupported`] if `to` holds something else; [`Error::Corrupt`] if a row differs at the end, which names the table;
/// [`Error::Unavailable`], after which it can be run again.
pub fn copy(from: &Options, to: &Options, progress: &mut dyn FnMut(Copied)) -> Result<u64> {
    let open = |options: &Options| -> Result<(Database, Option<tempfile::TempDir>)> {
        let (source, folder) = place(options)?;
        migration::run_all(&source, None)?;
        Ok((source.open(Use::Migrate)?, folder))
    };
    let ((from, _kept), (to, _kept_too)) = (open(from)?, open(to)?);
    if count(&to, "SELECT count(*) FROM installation", params![])? > 0 {
        return Err(Error::Unsupported(
            "the database to copy into is in use already; name an empty one".into(),
        ));
    }
    from.begin_read()?;
    let tables: Vec<Table> =
        TABLES.iter().map(|(name, key)| Table::of(&from, name, key)).collect::<Result<_>>()?;
    if tables.last().is_none_or(|installation| installation.rows == 0) {
        return Err(Error::Unsupported(
            "the database to copy was never opened with its master key; run muster migrate on it first"
                .into(),
        ));
    }
    let total = tables.iter().map(|table| table.rows).sum();
    let mut rows = 0;
    for table in &tables {
        table.copy(&from, &to, &mut |copied| {
            progress(Copied { table: table.name, is_compared: false, rows: rows + copied, total });
        })?;
        rows += table.rows;
    }
    to.number_tenants()?;
    rows = 0;
    for table in &tables {
        table.compare(&from, &to, &mut |compared| {
            progress(Copied { table: table.name, is_compared: true, rows: rows + compared, total });
        })?;
        rows += table.rows;
    }
    from.end_read();
    Ok(total)
}

struct Table {
    name: &'static str,
    key: &'static [&'static str],
    columns: Vec<String>,
    rows: u64,
}

impl Table {
    fn of(from: &Database, name: &'static str, key: &'static [&'static str]) -> Result<Self> {
        let mut columns = from.columns(name)?;
        // SQLite's own number of the row, which nothing refers to.
        columns.retain(|column| !(name == "resource" && column == "number"));
        let rows = count(from, &format!("SELECT count(*) FROM {name}"), params![])?;
        Ok(Self { name, key, columns, rows })
    }

    fn copy(&self, from: &Database, to: &Database, progress: &mut dyn FnMut(u64)) -> Result<()> {
        let mut last = self.last(to)?;
        let mut copied = count(to, &format!("SELECT count(*) FROM {}", self.name), params![])?;
        let places: Vec<String> = (1..=self.columns.len()).map(|at| format!("?{at}")).collect();
        // The row of tenant 0 is there from the beginning.
        let sql = match self.name {
            "head" => format!(
                "INSERT INTO head ({}) VALUES ({}) ON CONFLICT (tenant) DO UPDATE SET change = excluded.change, \
                 audit = excluded.audit, audit_hash = excluded.audit_hash, exchange = excluded.exchange, \
                 provisioning = excluded.provisioning",
                self.columns.join(", "),
                places.join(", ")
            ),
            name => {
                format!("INSERT INTO {name} ({}) VALUES ({})", self.columns.join(", "), places.join(", "))
            }
        };
        if self.name == "head" {
            last = None;
        }
        loop {
            let page = self.page(from, last.as_deref())?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(self.key_of(end));
            to.step(if to.is_file() { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
            for row in &page {
                let values: Vec<&dyn ToValue> = row.iter().map(|value| value as &dyn ToValue).collect();
                run(to, &sql, &values)?;
            }
            to.step("COMMIT")?;
            copied += page.len() as u64;
            progress(copied);
        }
    }

    fn compare(&self, from: &Database, to: &Database, progress: &mut dyn FnMut(u64)) -> Result<()> {
        let (mut last, mut compared) = (None, 0);
        loop {
            let (ours, theirs) = (self.page(from, last.as_deref())?, self.page(to, last.as_deref())?);
            if ours != theirs {
                return Err(Error::Corrupt(format!(
                    "the copy of table {} differs; empty the database to copy into and begin anew, with the server stopped",
                    self.name
                )));
            }
            let Some(end) = ours.last() else { return Ok(()) };
            last = Some(self.key_of(end));
            compared += ours.len() as u64;
            progress(compared);
        }
    }

    /// Rows behind a key.
    fn page(&self, db: &Database, after: Option<&[Owned]>) -> Result<Vec<Vec<Owned>>> {
        let (columns, key) = (self.columns.join(", "), self.key.join(", "));
        let behind = match after {
            None => String::new(),
            Some(after) => {
                let places: Vec<String> = (1..=after.len()).map(|at| format!("?{at}")).collect();
                format!(" WHERE ({key}) > ({})", places.join(", "))
            }
        };
        let sql = format!("SELECT {columns} FROM {}{behind} ORDER BY {key} LIMIT {PAGE}", self.name);
        let values: Vec<&dyn ToValue> = after.unwrap_or_default().iter().map(|v| v as &dyn ToValue).collect();
        list(db, &sql, &values, |row| {
            (0..row.width())
                .map(|column| {
                    Ok(match Owned::from(row.value(column)?) {
                        Owned::Text(text) => Owned::Text(without_nul(&text).into_owned()),
                        value => value,
                    })
                })
                .collect()
        })
    }

    /// The greatest key that is there.
    fn last(&self, db: &Database) -> Result<Option<Vec<Owned>>> {
        let descending: Vec<String> = self.key.iter().map(|column| format!("{column} DESC")).collect();
        let (key, order) = (self.key.join(", "), descending.join(", "));
        let sql = format!("SELECT {key} FROM {} ORDER BY {order} LIMIT 1", self.name);
        find(db, &sql, params![], |row| {
            (0..row.width()).map(|column| Ok(row.value(column)?.into())).collect()
        })
    }

    fn key_of(&self, row: &[Owned]) -> Vec<Owned> {
        let at = |column: &&str| self.columns.iter().position(|name| name == column);
        self.key.iter().filter_map(|column| row.get(at(column)?).cloned()).collect()
    }
}
