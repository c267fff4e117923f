//! Schema versions. A migration is never edited after release: its checksum is stored and compared.

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 3] = [
    Migration { number: 1, name: "initial", sql: include_str!("../migrations/sqlite/0001_initial.sql") },
    Migration {
        number: 2,
        name: "validation",
        sql: include_str!("../migrations/sqlite/0002_validation.sql"),
    },
    Migration {
        number: 3,
        name: "provisioning",
        sql: include_str!("../migrations/sqlite/0003_provisioning.sql"),
    },
];

/// The newest version this release knows.
pub(crate) fn newest() -> u32 {
    MIGRATIONS.iter().map(|m| m.number).max().unwrap_or_default()
}

/// Bring the schema up to date; several processes may try at once, one does it.
pub(crate) fn run(db: &mut Connection) -> Result<u32> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL)",
    )?;
    let applied = applied(&transaction)?;
    if let Some((number, _)) = applied.iter().find(|(number, _)| *number > newest()) {
        return Err(Error::Unsupported(format!(
            "the database has schema version {number}; this release knows up to {}. Use the newer release",
            newest()
        )));
    }
    for migration in &MIGRATIONS {
        let checksum = Sha256::digest(migration.sql.as_bytes()).to_vec();
        match applied.iter().find(|(number, _)| *number == migration.number) {
            Some((_, known)) if *known == checksum => {}
            Some(_) => {
                return Err(Error::Corrupt(format!(
                    "migration {} ({}) is not the one that made this database",
                    migration.number, migration.name
                )));
            }
            None => {
                transaction.execute_batch(migration.sql)?;
                transaction.execute(
                    "INSERT INTO schema_migration (number, name, checksum) VALUES (?1, ?2, ?3)",
                    (migration.number, migration.name, &checksum),
                )?;
                tracing::info!(number = migration.number, name = migration.name, "migrated");
            }
        }
    }
    transaction.execute(
        "INSERT INTO head (tenant, change, audit, audit_hash, exchange) VALUES (0, 0, 0, ?1, 0) ON CONFLICT (tenant) DO NOTHING",
        [crate::audit::GENESIS.as_slice()],
    )?;
    transaction.commit()?;
    Ok(newest())
}

fn applied(db: &Connection) -> Result<Vec<(u32, Vec<u8>)>> {
    let mut statement = db.prepare("SELECT number, checksum FROM schema_migration ORDER BY number")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
