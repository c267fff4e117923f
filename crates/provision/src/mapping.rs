//! Attribute mappings: which source value goes to which target attribute, and when.

mod compute;
pub mod defaults;
mod validate;

use serde::{Deserialize, Serialize};

use crate::alias::ObjectKind;
use crate::scope::ScopeFilters;

pub use compute::{Explanation, Flow, Inputs, Mapper, Probe, Purpose, Rule, TargetObject, TargetValue, Why};
pub use validate::{Problem, validate};

/// Where the value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum MappingSource {
    /// An attribute, copied.
    Direct(String),
    Constant(String),
    Expression(String),
    /// The target's value is left alone; a default value is written when the object is created.
    None,
}

/// When a value flows (Graph's `flowType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FlowType {
    #[default]
    Always,
    /// Only during object creation.
    ObjectAddOnly,
    /// Values are added to a multi-valued attribute and never taken away.
    MultiValueAddOnly,
    /// Values are added, never replaced or removed.
    ValueAddOnly,
    /// Only if the target has no value.
    AttributeAddOnly,
}

/// Graph's `flowBehavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum FlowBehavior {
    #[default]
    FlowWhenChanged,
    /// Sent with every update, changed or not.
    FlowAlways,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeMapping {
    pub target: String,
    pub source: MappingSource,
    /// Written instead of null, when the object is created.
    #[serde(default)]
    pub default_value: Option<String>,
    /// 0: not for matching. Lower numbers are tried first.
    #[serde(default)]
    pub matching_priority: u32,
    #[serde(default)]
    pub flow: FlowType,
    #[serde(default)]
    pub flow_behavior: FlowBehavior,
    /// Whether a source without a value clears the target's. Entra's own jobs cannot.
    #[serde(default)]
    pub flow_null: bool,
}

impl AttributeMapping {
    pub fn new(target: impl Into<String>, source: MappingSource) -> Self {
        Self {
            target: target.into(),
            source,
            default_value: None,
            matching_priority: 0,
            flow: FlowType::Always,
            flow_behavior: FlowBehavior::FlowWhenChanged,
            flow_null: false,
        }
    }

    pub fn direct(target: impl Into<String>, source: impl Into<String>) -> Self {
        Self::new(target, MappingSource::Direct(source.into()))
    }

    pub fn expression(target: impl Into<String>, expression: impl Into<String>) -> Self {
        Self::new(target, MappingSource::Expression(expression.into()))
    }

    #[must_use]
    pub fn matching(mut self, priority: u32) -> Self {
        self.matching_priority = priority;
        self
    }
}

/// Target object actions: the check boxes Create, Update and Delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
}

impl Default for Actions {
    fn default() -> Self {
        Self { create: true, update: true, delete: true }
    }
}

/// One rule of a job: how users, or groups, become objects of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectMapping {
    pub id: String,
    pub name: String,
    pub kind: ObjectKind,
    pub enabled: bool,
    pub actions: Actions,
    pub attributes: Vec<AttributeMapping>,
    pub scope: ScopeFilters,
}

impl ObjectMapping {
    pub fn find(&self, target: &str) -> Option<&AttributeMapping> {
        self.attributes.iter().find(|mapping| mapping.target.eq_ignore_ascii_case(target))
    }
}
