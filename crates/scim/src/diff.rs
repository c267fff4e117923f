//! What differs between two versions of a resource, attribute by attribute.

use std::sync::LazyLock;

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

/// Empty when, and only when, the two are equal. Changes come in the order of `after`'s attributes, then the removed ones.
pub fn changes(before: &Resource, after: &Resource) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, old, new) in pairs(before, after) {
        // An extension's URN is the one name that holds a colon; its attributes are told apart like core ones.
        let extension = name.contains(':').then(|| objects(old, new)).flatten();
        match extension {
            Some((old, new)) => {
                for (inner, old, new) in pairs(old, new) {
                    attribute(&mut changes, format!("{name}:{inner}"), old, new);
                }
            }
            None => attribute(&mut changes, name.clone(), old, new),
        }
    }
    changes
}

fn attribute(changes: &mut Vec<Change>, path: String, old: Option<&Value>, new: Option<&Value>) {
    match objects(old, new) {
        Some((old, new)) => {
            for (sub, old, new) in pairs(old, new) {
                changes.push(change(format!("{path}.{sub}"), old, new));
            }
        }
        None => changes.push(change(path, old, new)),
    }
}

fn change(path: String, before: Option<&Value>, after: Option<&Value>) -> Change {
    Change { path, before: before.cloned(), after: after.cloned() }
}

static NOTHING: LazyLock<Resource> = LazyLock::new(Resource::new);

/// Both sides as objects to look into; `None` if one is something else, or if looking into them would show nothing.
fn objects<'v>(old: Option<&'v Value>, new: Option<&'v Value>) -> Option<(&'v Resource, &'v Resource)> {
    let object = |side: Option<&'v Value>| side.map_or(Some(&*NOTHING), Value::as_object);
    let (old, new) = (object(old)?, object(new)?);
    (!old.is_empty() || !new.is_empty()).then_some((old, new))
}

type Pair<'v> = (&'v String, Option<&'v Value>, Option<&'v Value>);

/// The names whose values differ.
fn pairs<'v>(old: &'v Resource, new: &'v Resource) -> impl Iterator<Item = Pair<'v>> + use<'v> {
    let now = new.iter().map(|(name, value)| (name, old.get(name), Some(value)));
    let gone = old.iter().filter(|(name, _)| !new.contains_key(*name)).map(|(name, v)| (name, Some(v), None));
    now.chain(gone).filter(|(_, old, new)| old != new)
}
