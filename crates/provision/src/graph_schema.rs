//! Microsoft Graph's `synchronizationSchema`: its JSON, and the way from and to mappings.

mod convert;
mod source_tree;
mod tester;
mod types;

pub use convert::{
    Rules, SOURCE_DIRECTORY, TARGET_DIRECTORY, from_graph, source_directory, target_directory, to_graph,
};
pub use source_tree::{function_schemas, operator_schemas, source_of, text_of};
pub use tester::parse_expression;
pub use types::{
    AttributeDefinition, AttributeMappingSchema, AttributeMappingSource, DirectoryDefinition, FilterClause,
    FilterGroup, FilterOperand, MetadataEntry, ObjectDefinition, ObjectMappingSchema, ObjectScope,
    ParameterValue, ReferencedObject, SynchronizationRule, SynchronizationSchema,
};
