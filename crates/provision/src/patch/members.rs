//! Members of a group: additions and removals in batches.

use serde_json::{Value as Json, json};

use super::{Dialect, message};
use crate::limits;

/// Ids at the target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChanges {
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

/// PATCH messages of at most `batch` members each; additions first. Each says by itself what it does, so that one that fails
/// can be sent again.
pub fn member_patches(changes: &MemberChanges, dialect: Dialect, batch: usize) -> Vec<Json> {
    let batch = batch.clamp(1, limits::MEMBERS_PER_OPERATION);
    let added = changes.add.chunks(batch).map(|ids| message(vec![addition(ids, dialect)]));
    let removed = changes.remove.chunks(batch).map(|ids| message(removals(ids, dialect)));
    added.chain(removed).collect()
}

fn addition(ids: &[String], dialect: Dialect) -> Json {
    match dialect {
        Dialect::Legacy => json!({ "op": "Add", "path": "members", "value": listed(ids) }),
        Dialect::AadOptscim062020 => json!({ "op": "add", "path": "members", "value": listed(ids) }),
        Dialect::Rfc => {
            let values: Vec<Json> = ids.iter().map(|id| json!({ "value": id })).collect();
            json!({ "op": "add", "path": "members", "value": values })
        }
    }
}

/// Entra's legacy removal names the members in a value; by the RFC a path selects them.
fn removals(ids: &[String], dialect: Dialect) -> Vec<Json> {
    match dialect {
        Dialect::Legacy => vec![json!({ "op": "Remove", "path": "members", "value": listed(ids) })],
        Dialect::AadOptscim062020 | Dialect::Rfc => ids
            .iter()
            .map(|id| {
                let quoted = Json::from(id.as_str());
                json!({ "op": "remove", "path": format!("members[value eq {quoted}]") })
            })
            .collect(),
    }
}

fn listed(ids: &[String]) -> Vec<Json> {
    ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect()
}
