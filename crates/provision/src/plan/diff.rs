//! What differs between a target object as it is and as it should be, attribute by attribute.

use std::collections::HashSet;

use scim::Resource;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::mapping::{Flow, FlowBehavior, FlowType, Mapper, Rule, TargetObject};
use crate::target_schema::TargetMutability;
use crate::value::Value;

/// One attribute, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub target: String,
    pub before: Option<Json>,
    /// `None`: the value goes.
    pub after: Option<Json>,
    /// `after` is added to what is there.
    #[serde(default)]
    pub additive: bool,
    /// Logs show `[Redact]`.
    #[serde(default)]
    pub redacted: bool,
}

impl Change {
    /// Before and after as a log may show them.
    pub fn shown(&self) -> (Option<Json>, Option<Json>) {
        if !self.redacted {
            return (self.before.clone(), self.after.clone());
        }
        let hidden = |value: &Option<Json>| value.as_ref().map(|_| Json::from("[Redact]"));
        (hidden(&self.before), hidden(&self.after))
    }
}

/// Empty if the target says it all already. In the order of the mappings.
pub fn diff(mapper: &Mapper, wanted: &TargetObject, current: &Resource) -> Vec<Change> {
    let mut changes = Vec::new();
    for value in &wanted.values {
        let Some(rule) = mapper.find(&value.target) else { continue };
        if rule.attribute.mutability == TargetMutability::Immutable {
            continue;
        }
        let before = rule.path.read(current);
        let after = match &value.flow {
            Flow::Nothing(_) => continue,
            Flow::Clear if before.is_none() || adds_only(rule) => continue,
            Flow::Clear => None,
            Flow::Set(after) => match flowing(rule, before.as_ref(), after) {
                Some(after) => Some(after),
                None => continue,
            },
        };
        changes.push(Change {
            target: value.target.clone(),
            additive: rule.is_additive() && rule.attribute.multi_valued,
            redacted: value.explanation.redacted,
            before,
            after,
        });
    }
    changes
}

fn adds_only(rule: &Rule) -> bool {
    rule.is_additive() || rule.mapping.flow == FlowType::AttributeAddOnly
}

/// What of the wanted value is to be sent; `None`: nothing.
fn flowing(rule: &Rule, before: Option<&Json>, after: &Json) -> Option<Json> {
    let Some(before) = before else {
        // An empty list wanted where nothing is: there is nothing to say.
        return (after.as_array().is_none_or(|list| !list.is_empty())).then(|| after.clone());
    };
    if rule.is_additive() && rule.attribute.multi_valued {
        return missing(rule, before, after);
    }
    if adds_only(rule) {
        return None;
    }
    let always = rule.mapping.flow_behavior == FlowBehavior::FlowAlways;
    (always || !rule.attribute.is_same(before, after)).then(|| after.clone())
}

/// The wanted elements that are not there.
fn missing(rule: &Rule, before: &Json, after: &Json) -> Option<Json> {
    let key = |json: &Json| match Value::from_json(json) {
        Value::Text(text) => rule.attribute.key(&text),
        other => format!("{other:?}"),
    };
    let known: HashSet<String> = before.as_array().into_iter().flatten().map(key).collect();
    let new: Vec<Json> = after
        .as_array()
        .into_iter()
        .flatten()
        .filter(|element| !known.contains(&key(element)))
        .cloned()
        .collect();
    (!new.is_empty()).then_some(Json::Array(new))
}
