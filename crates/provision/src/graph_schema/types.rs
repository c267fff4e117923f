//! The JSON as Graph has it. Members that Muster has no use for are kept, so that what a client reads, changes and writes back
//! loses nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::target_schema::{TargetMutability, TargetType};

type Rest = Map<String, Json>;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SynchronizationSchema {
    pub id: String,
    pub version: String,
    pub directories: Vec<DirectoryDefinition>,
    pub synchronization_rules: Vec<SynchronizationRule>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DirectoryDefinition {
    pub id: Option<String>,
    pub name: String,
    pub version: Option<String>,
    pub discoverabilities: Option<String>,
    pub discovery_date_time: Option<String>,
    pub read_only: bool,
    pub objects: Vec<ObjectDefinition>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectDefinition {
    pub name: String,
    pub supported_apis: Vec<String>,
    pub metadata: Vec<Json>,
    pub attributes: Vec<AttributeDefinition>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AttributeDefinition {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: TargetType,
    pub anchor: bool,
    pub case_exact: bool,
    pub required: bool,
    /// Graph writes it in one word.
    #[serde(rename = "multivalued")]
    pub multi_valued: bool,
    pub mutability: TargetMutability,
    pub flow_null_values: bool,
    pub default_value: Option<String>,
    pub api_expressions: Vec<Json>,
    pub metadata: Vec<MetadataEntry>,
    pub referenced_objects: Vec<ReferencedObject>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataEntry {
    pub key: String,
    pub value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReferencedObject {
    pub referenced_object_name: String,
    pub referenced_property: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SynchronizationRule {
    pub id: String,
    pub name: String,
    pub priority: i64,
    pub editable: bool,
    pub source_directory_name: String,
    pub target_directory_name: String,
    pub object_mappings: Vec<ObjectMappingSchema>,
    pub metadata: Vec<Json>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectMappingSchema {
    pub name: String,
    pub enabled: bool,
    /// `Add, Update, Delete`
    pub flow_types: String,
    pub source_object_name: String,
    pub target_object_name: String,
    pub scope: Option<ObjectScope>,
    pub metadata: Vec<Json>,
    pub attribute_mappings: Vec<AttributeMappingSchema>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectScope {
    pub groups: Vec<FilterGroup>,
    pub input_filter_groups: Vec<Json>,
    pub category_filter_groups: Vec<Json>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FilterGroup {
    pub name: Option<String>,
    pub clauses: Vec<FilterClause>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FilterClause {
    pub source_operand_name: String,
    pub operator_name: String,
    pub target_operand: Option<FilterOperand>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterOperand {
    pub values: Vec<String>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AttributeMappingSchema {
    pub target_attribute_name: String,
    pub source: Option<AttributeMappingSource>,
    pub default_value: Option<String>,
    pub matching_priority: u32,
    pub flow_type: crate::mapping::FlowType,
    pub flow_behavior: crate::mapping::FlowBehavior,
    pub export_missing_references: bool,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AttributeMappingSource {
    /// `Attribute`, `Constant`, `Function`
    #[serde(rename = "type")]
    pub kind: String,
    pub name: Option<String>,
    pub expression: Option<String>,
    pub parameters: Vec<ParameterValue>,
    #[serde(flatten)]
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ParameterValue {
    pub key: String,
    pub value: Option<AttributeMappingSource>,
}
