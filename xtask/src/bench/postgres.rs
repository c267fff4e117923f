//! The floor on PostgreSQL: `pgbench` with the statements that Muster's work comes to, on the same server and tables, with
//! as many clients as there are requests in flight.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use super::population::Population;

/// Users that are read in turn; pgbench takes no more than 128 scripts.
const READ: usize = 100;
const SECONDS: &str = "2";
/// Rows of a tenant that the server does not have, so that it never sees them.
const TENANT: u64 = 999_999_999;
/// Numbers above all that the server gives out.
const NUMBERS: &str = "1000000000000000";

pub(super) struct Pgbench {
    url: String,
    reads: Vec<PathBuf>,
    write: PathBuf,
}

impl Pgbench {
    pub(super) async fn prepare(url: &str, folder: &Path, population: &Population) -> anyhow::Result<Self> {
        let mut reads = Vec::new();
        let step = (population.ids.len() / READ).max(1);
        let tenant = query(url, "SELECT tenant FROM resource WHERE kind = 1 LIMIT 1")?;
        let columns = columns(url, "resource")?.join(", ");
        for (at, id) in population.ids.iter().step_by(step).take(READ).enumerate() {
            let file = folder.join(format!("read-{at}.sql"));
            let sql = format!(
                "SELECT {columns} FROM resource WHERE tenant = {tenant} AND kind = 1 AND id = '{id}';\n"
            );
            std::fs::write(&file, sql)?;
            reads.push(file);
        }
        let write = folder.join("write.sql");
        std::fs::write(&write, transaction(url, population)?)?;
        query(url, &format!("CREATE SEQUENCE IF NOT EXISTS bench_number START {NUMBERS} CACHE 100"))?;
        Ok(Self { url: url.to_owned(), reads, write })
    }

    /// Users read a second.
    pub(super) fn reads(&self, clients: usize) -> anyhow::Result<f64> {
        self.run(&self.reads, clients)
    }

    /// Users written a second, each with all its rows.
    pub(super) fn writes(&self, clients: usize) -> anyhow::Result<f64> {
        self.run(std::slice::from_ref(&self.write), clients)
    }

    fn run(&self, scripts: &[PathBuf], clients: usize) -> anyhow::Result<f64> {
        let mut command = Command::new(program("pgbench"));
        let clients = clients.to_string();
        command.args(["--no-vacuum", "--protocol=prepared", "-j", "1", "-T", SECONDS, "-c", &clients]);
        for script in scripts {
            command.arg("-f").arg(script);
        }
        let output = command.arg(&self.url).output().context("pgbench")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        tps(&text).with_context(|| format!("pgbench printed no tps: {text}"))
    }
}

/// The figure that pgbench prints.
fn tps(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split(' ').next()?.parse().ok()
}

/// The rows of one created user as a script that writes such rows again and again, each time of another user.
fn transaction(url: &str, population: &Population) -> anyhow::Result<String> {
    let id = population.ids.first().context("a user")?;
    let owners = [
        ("resource", "id"),
        ("index_value", "id"),
        ("change", "id"),
        ("audit", "resource_id"),
        ("exchange", "resource_id"),
    ];
    let mut script = "BEGIN;\n".to_owned();
    let mut is_first = true;
    for (table, owner) in owners {
        // What was changed later is not part of a creation.
        let limit = if table == "index_value" { "" } else { " LIMIT 1" };
        let sql = format!("SELECT row_to_json(t) FROM {table} t WHERE t.{owner} = '{id}'{limit}");
        for line in query(url, &sql)?.lines() {
            let row: Map<String, Value> = serde_json::from_str(line).with_context(|| table.to_owned())?;
            script += &insert(table, &row, id, is_first);
            is_first = false;
        }
    }
    ensure!(!is_first, "no row of user {id} in the tables that are known");
    Ok(script + "COMMIT;\n")
}

/// `nextval` in the first statement of a transaction, `currval` in the others.
fn insert(table: &str, row: &Map<String, Value>, id: &str, is_first: bool) -> String {
    let number = if is_first { "nextval('bench_number')" } else { "currval('bench_number')" };
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (column, value) in row {
        // The table numbers its rows itself.
        if table == "resource" && column == "number" {
            continue;
        }
        columns.push(column.as_str());
        values.push(match (column.as_str(), value) {
            ("tenant", _) => TENANT.to_string(),
            ("number", _) => "currval('bench_number')".to_owned(),
            ("unique_key" | "key", Value::String(key)) => {
                format!("{} || currval('bench_number')", quoted(key))
            }
            (_, Value::String(text)) if text == id => "'bench' || currval('bench_number')".to_owned(),
            (_, Value::String(text)) => quoted(text),
            (_, other) => other.to_string(),
        });
    }
    if let (true, Some(at)) = (is_first, columns.iter().position(|column| *column == "id")) {
        values[at] = format!("'bench' || {number}");
    }
    // The first value that is worked out must be the one that moves the sequence.
    let mut pairs: Vec<_> = columns.into_iter().zip(values).collect();
    pairs.sort_by_key(|(_, value)| !value.contains("nextval"));
    let (columns, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    format!("INSERT INTO {table} ({}) VALUES ({});\n", columns.join(", "), values.join(", "))
}

fn quoted(text: &str) -> String {
    // pgbench takes a colon before a letter for a variable, even inside a string.
    let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace(':', "\\x3A");
    format!("E'{escaped}'")
}

fn columns(url: &str, table: &str) -> anyhow::Result<Vec<String>> {
    let sql = format!(
        "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
    );
    let names: Vec<String> = query(url, &sql)?.lines().map(str::to_owned).collect();
    ensure!(!names.is_empty(), "the database has no table {table}");
    Ok(names)
}

fn query(url: &str, sql: &str) -> anyhow::Result<String> {
    let output = Command::new(program("psql"))
        .args(["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-At", "-c", sql, url])
        .output()
        .context("psql")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// On the path, or where Debian puts the server's programs.
fn program(name: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = folders.map(|version| version.path().join("bin").join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_rate_is_read_off() {
        let text = "latency average = 1.2 ms\ninitial connection time = 3 ms\ntps = 13200.52 (without initial connection time)\n";
        assert_eq!(tps(text), Some(13_200.52));
        assert_eq!(tps("pgbench: error"), None);
    }

    #[test]
    fn each_transaction_writes_another_user() {
        let row = json!({ "number": 7, "tenant": 3, "id": "u-1", "unique_key": "o'neil:x", "version": 1, "detail": null });
        let row = row.as_object().unwrap();
        assert_eq!(
            insert("resource", row, "u-1", true),
            "INSERT INTO resource (id, tenant, unique_key, version, detail) VALUES ('bench' || nextval('bench_number'), \
             999999999, E'o''neil\\x3Ax' || currval('bench_number'), 1, null);\n"
        );
        let row = json!({ "number": 7, "resource_id": "u-1" });
        assert_eq!(
            insert("audit", row.as_object().unwrap(), "u-1", false),
            "INSERT INTO audit (number, resource_id) VALUES (currval('bench_number'), 'bench' || currval('bench_number'));\n"
        );
    }
}
