//! What differs between two versions of a resource, attribute by attribute.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Resource;

/// One attribute's value before and after. `path` is `name.givenName`, `emails`, `urn:…:User:department`:
/// sub-attributes of single-valued complex attributes one by one, multi-valued attributes whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

pub fn changes(before: &Resource, after: &Resource) -> Vec<Change> {
    let _ = (before, after);
    todo!()
}
