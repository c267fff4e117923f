//! The whole database as text, for comparing two states.

use crate::database::Database;
use crate::error::Result;
use crate::value::{Value, params};

/// Every table with what of it is compared, in key order. The request log, its last number and times of last use change
/// without anything being changed.
const TABLES: [(&str, &str, &str); 31] = [
    ("tenant", "*", "number"),
    ("head", "tenant, change, audit, audit_hash", "tenant"),
    ("counter", "*", "tenant, kind"),
    (
        "resource",
        "tenant, kind, id, unique_key, name, active, version, created_at, modified_at, members, indexed, document",
        "tenant, kind, id",
    ),
    ("tombstone", "*", "tenant, kind, id"),
    ("index_value", "*", "tenant, kind, path, key, id"),
    ("membership", "*", "tenant, group_id, member_id"),
    ("change", "*", "number"),
    ("audit", "*", "number"),
    ("purging", "*", "tenant"),
    (
        "api_key",
        "id, tenant, name, scopes, digest, former_digest, former_until, created_at, created_by, expires_at, revoked_at",
        "id",
    ),
    ("operator", "*", "id"),
    ("operator_role", "*", "operator, role, tenant"),
    ("validation", "*", "tenant, id"),
    ("validation_document", "*", "tenant, id, form"),
    ("application", "*", "tenant, id"),
    ("application_secret", "*", "tenant, application, name"),
    ("assignment", "*", "tenant, application, id"),
    ("job", "*", "tenant, application"),
    ("work", "*", "tenant, application, pass, id"),
    ("link", "*", "tenant, application, source_id"),
    ("link_counter", "*", "tenant, application, kind"),
    ("sent_member", "*", "tenant, application, group_id, member_id"),
    ("awaited", "*", "tenant, application, awaited_id, id"),
    ("intent", "*", "tenant, application, id"),
    ("cycle", "*", "tenant, application, id"),
    ("cycle_count", "*", "tenant, application, cycle, kind, action, status"),
    ("plan", "*", "tenant, application, id"),
    ("plan_entry", "*", "tenant, application, plan, ordinal"),
    ("provisioning_log", "*", "number"),
    ("session", "digest, operator, tenant, created_at, signed_in_at", "digest"),
];

pub(crate) fn dump(db: &Database) -> Result<String> {
    let mut text = String::new();
    for (table, columns, order) in TABLES {
        db.query(&format!("SELECT {columns} FROM {table} ORDER BY {order}"), params![], &mut |row| {
            text += table;
            for column in 0..row.width() {
                text.push('\t');
                match row.value(column)? {
                    Value::Null => text += "-",
                    Value::Integer(n) => text += &n.to_string(),
                    Value::Text(t) => text += &format!("{t:?}"),
                    Value::Blob(b) => b.iter().for_each(|byte| text += &format!("{byte:02x}")),
                }
            }
            text.push('\n');
            Ok(())
        })?;
    }
    Ok(text)
}
