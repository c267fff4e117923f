//! Mappings and target schema as Graph's document, and back.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::source_tree::{source_of, text_of};
use super::types::*;
use crate::alias::{self, ObjectKind};
use crate::expression::{Expr, Node, parse};
use crate::mapping::{Actions, AttributeMapping, MappingSource, ObjectMapping};
use crate::scope::{Clause, ScopeFilter, ScopeFilters, ScopeOperator};
use crate::target_schema::{TargetAttribute, TargetSchema, TargetType};

pub const SOURCE_DIRECTORY: &str = "Azure Active Directory";
pub const TARGET_DIRECTORY: &str = "customappsso";

/// What a job provisions: a mapping and the target's attributes, for users and for groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    pub mappings: Vec<ObjectMapping>,
    pub targets: Vec<TargetSchema>,
}

impl Default for Rules {
    fn default() -> Self {
        use crate::mapping::defaults;
        Self {
            mappings: vec![defaults::users("users"), defaults::groups("groups")],
            targets: vec![TargetSchema::users(), TargetSchema::groups()],
        }
    }
}

impl Rules {
    pub fn target(&self, kind: ObjectKind) -> Option<&TargetSchema> {
        self.targets.iter().find(|target| target.kind == kind)
    }
}

/// The ids of the two directories; every schema has the same two.
const SOURCE_ID: &str = "0d1f6c1e-5b0a-8c47-8f3e-6d7573746572";
const TARGET_ID: &str = "0d1f6c1e-5b0a-8c47-8f3e-746172676574";

pub fn to_graph(rules: &Rules, id: &str, version: &str) -> SynchronizationSchema {
    SynchronizationSchema {
        id: id.into(),
        version: version.into(),
        directories: vec![source_directory(), target_directory(&rules.targets)],
        synchronization_rules: rules.mappings.iter().map(|mapping| rule(mapping, rules)).collect(),
        ..SynchronizationSchema::default()
    }
}

/// The tenant's own directory.
pub fn source_directory() -> DirectoryDefinition {
    DirectoryDefinition {
        id: Some(SOURCE_ID.into()),
        name: SOURCE_DIRECTORY.into(),
        discoverabilities: Some("None".into()),
        objects: [ObjectKind::User, ObjectKind::Group].into_iter().map(source_object).collect(),
        ..DirectoryDefinition::default()
    }
}

pub fn target_directory(targets: &[TargetSchema]) -> DirectoryDefinition {
    DirectoryDefinition {
        id: Some(TARGET_ID.into()),
        name: TARGET_DIRECTORY.into(),
        discoverabilities: Some(
            "AttributeNames, AttributeDataTypes, AttributeReadOnly, ReferenceAttributes".into(),
        ),
        objects: targets.iter().map(target_object).collect(),
        ..DirectoryDefinition::default()
    }
}

fn source_object(kind: ObjectKind) -> ObjectDefinition {
    let attribute = |alias: &alias::Alias| AttributeDefinition {
        name: alias.name.into(),
        kind: match alias.kind {
            "Boolean" => TargetType::Boolean,
            "Reference" => TargetType::Reference,
            "DateTime" => TargetType::DateTime,
            _ => TargetType::String,
        },
        anchor: alias.name == "objectId",
        multi_valued: alias.multi_valued,
        referenced_objects: match alias.name {
            "manager" => referenced(&["User".into()]),
            "members" => referenced(&["User".into(), "Group".into()]),
            _ => Vec::new(),
        },
        ..AttributeDefinition::default()
    };
    ObjectDefinition {
        name: kind.as_str().into(),
        attributes: alias::aliases(kind).iter().map(attribute).collect(),
        ..ObjectDefinition::default()
    }
}

fn referenced(names: &[String]) -> Vec<ReferencedObject> {
    names
        .iter()
        .map(|name| ReferencedObject { referenced_object_name: name.clone(), referenced_property: None })
        .collect()
}

const CUSTOM: &str = "IsCustomerDefined";

fn target_object(target: &TargetSchema) -> ObjectDefinition {
    let attribute = |attribute: &TargetAttribute| AttributeDefinition {
        name: attribute.name.clone(),
        kind: attribute.kind,
        anchor: attribute.anchor,
        case_exact: attribute.case_exact,
        required: attribute.required,
        multi_valued: attribute.multi_valued,
        mutability: attribute.mutability,
        flow_null_values: attribute.flow_null_values,
        default_value: attribute.default_value.clone(),
        metadata: match attribute.custom {
            true => vec![MetadataEntry { key: CUSTOM.into(), value: Some("True".into()) }],
            false => Vec::new(),
        },
        referenced_objects: referenced(&attribute.referenced),
        ..AttributeDefinition::default()
    };
    ObjectDefinition {
        name: target.object_name.clone(),
        attributes: target.attributes.iter().map(attribute).collect(),
        ..ObjectDefinition::default()
    }
}

fn rule(mapping: &ObjectMapping, rules: &Rules) -> SynchronizationRule {
    let target = rules.target(mapping.kind);
    let flow_types = [
        (mapping.actions.create, "Add"),
        (mapping.actions.update, "Update"),
        (mapping.actions.delete, "Delete"),
    ];
    let flow_types: Vec<&str> = flow_types.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    let object = ObjectMappingSchema {
        name: mapping.name.clone(),
        enabled: mapping.enabled,
        flow_types: if flow_types.is_empty() { "None".into() } else { flow_types.join(", ") },
        source_object_name: mapping.kind.as_str().into(),
        target_object_name: target.map(|t| t.object_name.clone()).unwrap_or_default(),
        scope: Some(scope(&mapping.scope)),
        attribute_mappings: mapping.attributes.iter().map(attribute_mapping).collect(),
        ..ObjectMappingSchema::default()
    };
    SynchronizationRule {
        id: mapping.id.clone(),
        name: match mapping.kind {
            ObjectKind::User => "USER_TO_USER".into(),
            ObjectKind::Group => "GROUP_TO_GROUP".into(),
        },
        priority: match mapping.kind {
            ObjectKind::User => 1,
            ObjectKind::Group => 2,
        },
        editable: true,
        source_directory_name: SOURCE_DIRECTORY.into(),
        target_directory_name: TARGET_DIRECTORY.into(),
        object_mappings: vec![object],
        ..SynchronizationRule::default()
    }
}

fn scope(filters: &ScopeFilters) -> ObjectScope {
    let clause = |clause: &Clause| FilterClause {
        source_operand_name: clause.attribute.clone(),
        operator_name: clause.operator.as_str().into(),
        target_operand: Some(FilterOperand {
            values: if clause.value.is_empty() { Vec::new() } else { vec![clause.value.clone()] },
            ..FilterOperand::default()
        }),
        ..FilterClause::default()
    };
    let group = |filter: &ScopeFilter| FilterGroup {
        name: Some(filter.name.clone()),
        clauses: filter.clauses.iter().map(clause).collect(),
        ..FilterGroup::default()
    };
    ObjectScope { groups: filters.filters.iter().map(group).collect(), ..ObjectScope::default() }
}

const FLOW_NULL: &str = "flowNullValues";

fn attribute_mapping(mapping: &AttributeMapping) -> AttributeMappingSchema {
    let source = match &mapping.source {
        MappingSource::None => None,
        MappingSource::Direct(name) => Some(source_of(&Expr::new(Node::Attribute(name.clone())))),
        MappingSource::Constant(text) => Some(source_of(&Expr::new(Node::Text(text.clone())))),
        MappingSource::Expression(text) => Some(match parse(text) {
            Ok(tree) => AttributeMappingSource { expression: Some(text.clone()), ..source_of(&tree) },
            Err(_) => AttributeMappingSource {
                kind: "Function".into(),
                expression: Some(text.clone()),
                ..AttributeMappingSource::default()
            },
        }),
    };
    let mut rest = serde_json::Map::new();
    if mapping.flow_null {
        rest.insert(FLOW_NULL.into(), Json::Bool(true));
    }
    AttributeMappingSchema {
        target_attribute_name: mapping.target.clone(),
        source,
        default_value: mapping.default_value.clone(),
        matching_priority: mapping.matching_priority,
        flow_type: mapping.flow,
        flow_behavior: mapping.flow_behavior,
        export_missing_references: false,
        rest,
    }
}

/// # Errors
/// What of the document Muster cannot do, naming the place.
pub fn from_graph(schema: &SynchronizationSchema) -> Result<Rules, String> {
    let mut rules = Rules { mappings: Vec::new(), targets: Vec::new() };
    for rule in &schema.synchronization_rules {
        for object in &rule.object_mappings {
            let mapping = object_mapping(rule, object).map_err(|why| format!("{}: {why}", object.name))?;
            if rules.mappings.iter().any(|known| known.kind == mapping.kind) {
                return Err(format!(
                    "{}: there is more than one mapping for {}s",
                    object.name,
                    mapping.kind.as_str()
                ));
            }
            rules.targets.push(target_schema(schema, rule, object, mapping.kind)?);
            rules.mappings.push(mapping);
        }
    }
    if rules.mappings.is_empty() {
        return Err("the schema has no object mapping".into());
    }
    Ok(rules)
}

fn kind_of(name: &str) -> Result<ObjectKind, String> {
    match name {
        _ if name.eq_ignore_ascii_case("user") => Ok(ObjectKind::User),
        _ if name.eq_ignore_ascii_case("group") => Ok(ObjectKind::Group),
        _ => Err(format!("the source has users and groups, not \"{name}\"")),
    }
}

fn object_mapping(rule: &SynchronizationRule, object: &ObjectMappingSchema) -> Result<ObjectMapping, String> {
    let mut actions = Actions { create: false, update: false, delete: false };
    for word in object.flow_types.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.to_ascii_lowercase().as_str() {
            "add" => actions.create = true,
            "update" => actions.update = true,
            "delete" => actions.delete = true,
            "none" => {}
            _ => return Err(format!("flowTypes are Add, Update and Delete, not \"{word}\"")),
        }
    }
    let mut filters = Vec::new();
    for group in object.scope.iter().flat_map(|scope| &scope.groups) {
        let clauses = group.clauses.iter().map(clause).collect::<Result<_, _>>()?;
        filters.push(ScopeFilter { name: group.name.clone().unwrap_or_default(), clauses });
    }
    Ok(ObjectMapping {
        id: rule.id.clone(),
        name: object.name.clone(),
        kind: kind_of(&object.source_object_name)?,
        enabled: object.enabled,
        actions,
        attributes: object.attribute_mappings.iter().map(attribute).collect::<Result<_, _>>()?,
        scope: ScopeFilters { filters },
    })
}

fn clause(clause: &FilterClause) -> Result<Clause, String> {
    let operator = ScopeOperator::parse(&clause.operator_name)
        .ok_or_else(|| format!("there is no filter operator \"{}\"", clause.operator_name))?;
    let values = clause.target_operand.as_ref().map_or(&[][..], |operand| &operand.values);
    match values {
        [] => Ok(Clause { attribute: clause.source_operand_name.clone(), operator, value: String::new() }),
        [value] => {
            Ok(Clause { attribute: clause.source_operand_name.clone(), operator, value: value.clone() })
        }
        _ => Err(format!("{}: a clause compares with one value", clause.source_operand_name)),
    }
}

fn attribute(schema: &AttributeMappingSchema) -> Result<AttributeMapping, String> {
    let place = |why: String| format!("{}: {why}", schema.target_attribute_name);
    let source = match &schema.source {
        None => MappingSource::None,
        Some(source) => mapping_source(source).map_err(place)?,
    };
    Ok(AttributeMapping {
        target: schema.target_attribute_name.clone(),
        source,
        default_value: schema.default_value.clone().filter(|text| !text.is_empty()),
        matching_priority: schema.matching_priority,
        flow: schema.flow_type,
        flow_behavior: schema.flow_behavior,
        flow_null: schema.rest.get(FLOW_NULL).and_then(Json::as_bool).unwrap_or(false),
    })
}

fn mapping_source(source: &AttributeMappingSource) -> Result<MappingSource, String> {
    let name = source.name.as_deref().filter(|name| !name.is_empty());
    Ok(match (source.kind.as_str(), name) {
        ("", None) if source.expression.is_none() => MappingSource::None,
        ("Attribute", Some(name)) => MappingSource::Direct(name.to_owned()),
        ("Constant", Some(text)) => MappingSource::Constant(text.to_owned()),
        _ => {
            let text = text_of(source)?;
            match parse(&text).map(|tree| tree.node) {
                Ok(Node::Attribute(name)) => MappingSource::Direct(name),
                Ok(Node::Text(text)) => MappingSource::Constant(text),
                _ => MappingSource::Expression(text),
            }
        }
    })
}

fn target_schema(
    schema: &SynchronizationSchema,
    rule: &SynchronizationRule,
    object: &ObjectMappingSchema,
    kind: ObjectKind,
) -> Result<TargetSchema, String> {
    let directory = schema.directories.iter().find(|d| d.name == rule.target_directory_name);
    let found = directory.and_then(|d| d.objects.iter().find(|o| o.name == object.target_object_name));
    let Some(found) = found.filter(|found| !found.attributes.is_empty()) else {
        // A client that sends no attribute list means the usual one.
        return Ok(TargetSchema { object_name: object.target_object_name.clone(), ..TargetSchema::of(kind) });
    };
    let attributes = found.attributes.iter().map(|attribute| TargetAttribute {
        name: attribute.name.clone(),
        kind: attribute.kind,
        multi_valued: attribute.multi_valued,
        required: attribute.required,
        case_exact: attribute.case_exact,
        anchor: attribute.anchor,
        mutability: attribute.mutability,
        flow_null_values: attribute.flow_null_values,
        default_value: attribute.default_value.clone().filter(|text| !text.is_empty()),
        referenced: attribute.referenced_objects.iter().map(|r| r.referenced_object_name.clone()).collect(),
        custom: attribute.metadata.iter().any(|entry| entry.key == CUSTOM),
    });
    let target = TargetSchema {
        kind,
        object_name: object.target_object_name.clone(),
        attributes: attributes.collect(),
    };
    match target.problems().into_iter().next() {
        Some(problem) => Err(format!("{}: {problem}", object.target_object_name)),
        None => Ok(target),
    }
}
