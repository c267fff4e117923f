//! The PATCH that makes changes.

use scim::Resource;
use serde_json::{Map, Value as Json, json};

use super::{Dialect, message, shaped};
use crate::mapping::{Mapper, Rule};
use crate::plan::Change;

/// The PATCH message that makes `changes` of a target object that is `current`.
pub fn update_body(mapper: &Mapper, changes: &[Change], current: &Resource, dialect: Dialect) -> Json {
    let changes: Vec<(&Rule, &Change)> =
        changes.iter().filter_map(|change| Some((mapper.find(&change.target)?, change))).collect();
    message(match dialect {
        Dialect::Legacy => changes.into_iter().map(|(rule, change)| legacy(rule, change)).collect(),
        Dialect::AadOptscim062020 => flagged(&changes),
        Dialect::Rfc => rfc(&changes, current),
    })
}

/// Each change with its path, `Add` where the target had nothing, booleans as text.
fn legacy(rule: &Rule, change: &Change) -> Json {
    let op = if change.additive || change.before.is_none() { "Add" } else { "Replace" };
    let value = match &change.after {
        None => "".into(),
        Some(Json::Bool(value)) => crate::value::boolean_text(*value).into(),
        // Entra: roles as JSON documents inside texts.
        Some(Json::Array(roles)) if change.additive && rule.path.name.eq_ignore_ascii_case("roles") => roles
            .iter()
            .map(|role| if role.is_object() { json!({ "value": role.to_string() }) } else { role.clone() })
            .collect(),
        Some(after) => shaped(rule, after, Dialect::Legacy),
    };
    json!({ "op": op, "path": change.target, "value": value })
}

/// Paths with `[…]`, additions and `active` stand alone; all other replacements share one operation without a path, whose
/// keys are flat.
fn flagged(changes: &[(&Rule, &Change)]) -> Vec<Json> {
    let mut operations = Vec::new();
    let mut together = Map::new();
    for (rule, change) in changes {
        let value = match &change.after {
            Some(after) => shaped(rule, after, Dialect::AadOptscim062020),
            None => "".into(),
        };
        let adds = change.additive || change.before.is_none();
        let alone = adds || rule.path.is_selecting() || rule.path.name.eq_ignore_ascii_case("active");
        if alone || rule.attribute.multi_valued {
            let op = if adds { "add" } else { "replace" };
            operations.push(json!({ "op": op, "path": change.target, "value": value }));
        } else {
            together.insert(change.target.clone(), value);
        }
    }
    if !together.is_empty() {
        operations.push(json!({ "op": "replace", "value": together }));
    }
    operations
}

/// RFC 7644 §3.5.2: values that go are removed, and an element that is not there yet is added whole.
fn rfc(changes: &[(&Rule, &Change)], current: &Resource) -> Vec<Json> {
    let mut operations = Vec::new();
    let mut new_elements: Vec<(String, &Rule, Map<String, Json>)> = Vec::new();
    for (rule, change) in changes {
        let Some(after) = &change.after else {
            operations.push(json!({ "op": "remove", "path": change.target }));
            continue;
        };
        let value = shaped(rule, after, Dialect::Rfc);
        match &rule.path.sub {
            Some(sub) if rule.path.is_selecting() && !has_element(rule, current) => {
                let attribute = rule.path.attribute();
                let known = new_elements.iter_mut().find(|(name, other, _)| {
                    name.eq_ignore_ascii_case(&attribute) && other.path.selector == rule.path.selector
                });
                match known {
                    Some((_, _, element)) => drop(element.insert(sub.clone(), value)),
                    None => {
                        let mut element = rule.path.new_element();
                        element.insert(sub.clone(), value);
                        new_elements.push((attribute, rule, element));
                    }
                }
            }
            _ => {
                let op = if change.additive || change.before.is_none() { "add" } else { "replace" };
                operations.push(json!({ "op": op, "path": change.target, "value": value }));
            }
        }
    }
    operations.extend(
        new_elements
            .into_iter()
            .map(|(path, _, element)| json!({ "op": "add", "path": path, "value": [element] })),
    );
    operations
}

fn has_element(rule: &Rule, current: &Resource) -> bool {
    let Ok(list) = crate::target_path::TargetPath::parse(&rule.path.attribute()) else { return false };
    let elements = list.read(current);
    elements.as_ref().and_then(Json::as_array).is_some_and(|all| all.iter().any(|e| rule.path.selects(e)))
}
