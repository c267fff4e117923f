//! Schema versions. A migration is never edited after release: its checksum is stored and compared.

use sha2::{Digest, Sha256};

use crate::database::{Database, Source, Use, find, list, run};
use crate::error::{Error, Result};
use crate::value::params;
use crate::{postgres, sqlite};

struct Migration {
    number: u32,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal $file:literal),* $(,)?) => {
        [$(Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../migrations/postgres/", $file)),
        }),*]
    };
}

const MIGRATIONS: [Migration; 4] = migrations![
    1 "initial" "0001_initial.sql",
    2 "validation" "0002_validation.sql",
    3 "provisioning" "0003_provisioning.sql",
    4 "installation" "0004_installation.sql",
];

/// Held by the one process that migrates; the number says `muster` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(120353206003058)";

/// The newest version this release knows.
pub(crate) fn newest() -> u32 {
    MIGRATIONS.iter().map(|m| m.number).max().unwrap_or_default()
}

/// Bring the schema up to date; several processes may try at once, one does it.
pub(crate) fn run_all(source: &Source, master_key: Option<[u8; 32]>) -> Result<u32> {
    let db = source.open(Use::Migrate)?;
    batch(&db, if is_postgres(&db) { "BEGIN" } else { "BEGIN IMMEDIATE" })?;
    if is_postgres(&db) {
        supported(&db)?;
        batch(&db, LOCK)?;
    }
    migrate(&db)?;
    if let Some(master_key) = master_key {
        check_master_key(&db, master_key)?;
    }
    batch(&db, "COMMIT")?;
    Ok(newest())
}

fn is_postgres(db: &Database) -> bool {
    matches!(db, Database::Postgres(_))
}

fn batch(db: &Database, sql: &str) -> Result<()> {
    match db {
        Database::Sqlite(db) => Ok(sqlite::Connection::execute_batch(db, sql)?),
        Database::Postgres(db) => postgres::Connection::batch(db, sql),
    }
}

/// Version and encoding that the statements rest on.
fn supported(db: &Database) -> Result<()> {
    let sql = "SELECT current_setting('server_version_num'), current_setting('server_encoding')";
    let found = find(db, sql, params![], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?;
    let (version, encoding) = found.unwrap_or_default();
    if version.parse::<u32>().unwrap_or_default() < 130_000 {
        return Err(Error::Unsupported(format!(
            "PostgreSQL 13 or later is needed; this server is {version}"
        )));
    }
    if encoding != "UTF8" {
        return Err(Error::Unsupported(format!(
            "the database must be made with ENCODING 'UTF8'; this one has {encoding}"
        )));
    }
    Ok(())
}

fn migrate(db: &Database) -> Result<()> {
    let bytes = if is_postgres(db) { "BYTEA" } else { "BLOB" };
    batch(
        db,
        &format!(
            "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum {bytes} NOT NULL)"
        ),
    )?;
    let applied = applied(db)?;
    if let Some((number, _)) = applied.iter().find(|(number, _)| *number > i64::from(newest())) {
        return Err(Error::Unsupported(format!(
            "the database has schema version {number}; this release knows up to {}. Use the newer release",
            newest()
        )));
    }
    for migration in &MIGRATIONS {
        let sql = if is_postgres(db) { migration.postgres } else { migration.sqlite };
        let checksum = Sha256::digest(sql.as_bytes()).to_vec();
        match applied.iter().find(|(number, _)| *number == i64::from(migration.number)) {
            Some((_, known)) if *known == checksum => {}
            Some(_) => {
                return Err(Error::Corrupt(format!(
                    "migration {} ({}) is not the one that made this database",
                    migration.number, migration.name
                )));
            }
            None => {
                batch(db, sql)?;
                if is_postgres(db) && migration.number == 1 {
                    fill_case_folding(db)?;
                }
                let sql = "INSERT INTO schema_migration (number, name, checksum) VALUES (?1, ?2, ?3)";
                run(db, sql, params![migration.number, migration.name, checksum])?;
                tracing::info!(number = migration.number, name = migration.name, "migrated");
            }
        }
    }
    let sql = "INSERT INTO head (tenant, change, audit, audit_hash, exchange) VALUES (0, 0, 0, ?1, 0) \
               ON CONFLICT (tenant) DO NOTHING";
    run(db, sql, params![crate::audit::GENESIS])
}

/// The first key that is seen is the one; what is sealed, signed or digested under it is lost to any other.
fn check_master_key(db: &Database, master_key: [u8; 32]) -> Result<()> {
    let sql = "INSERT INTO installation (id, master_key) VALUES (1, ?1) ON CONFLICT (id) DO NOTHING";
    run(db, sql, params![master_key])?;
    let known: Option<[u8; 32]> =
        find(db, "SELECT master_key FROM installation WHERE id = 1", params![], |row| row.get(0))?;
    match known {
        Some(known) if known == master_key => Ok(()),
        _ => Err(Error::OtherKey),
    }
}

/// SQLite calls the directory's own function; PostgreSQL gets its table.
fn fill_case_folding(db: &Database) -> Result<()> {
    for (character, folded) in scim::compare::case_folding() {
        let sql = "INSERT INTO case_folding (character, folded) VALUES (?1, ?2)";
        run(db, sql, params![character.to_string(), folded])?;
    }
    Ok(())
}

fn applied(db: &Database) -> Result<Vec<(i64, Vec<u8>)>> {
    list(db, "SELECT number, checksum FROM schema_migration ORDER BY number", params![], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}
