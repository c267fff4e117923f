//! What is wrong with mappings before a job runs with them.

use std::collections::HashMap;

use serde::Serialize;

use super::{AttributeMapping, FlowType, MappingSource, ObjectMapping};
use crate::alias::{ObjectKind, SourceAttributes};
use crate::expression::{Attributes, Kind, Program, registry};
use crate::limits;
use crate::target_schema::{TargetAttribute, TargetMutability, TargetSchema, TargetType};
use crate::value::Value;

/// `attribute` is the target attribute it is about; none for the mappings as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub attribute: Option<String>,
    pub message: String,
    /// It may be saved all the same.
    pub warning: bool,
}

struct Validator<'a> {
    mapping: &'a ObjectMapping,
    schema: &'a TargetSchema,
    problems: Vec<Problem>,
}

/// Errors and warnings; a mapping without errors makes a [`super::Mapper`].
pub fn validate(mapping: &ObjectMapping, schema: &TargetSchema) -> Vec<Problem> {
    let mut validator = Validator { mapping, schema, problems: Vec::new() };
    validator.whole();
    for attribute in mapping.attributes.iter().take(limits::MAPPINGS) {
        validator.one(attribute);
    }
    for message in mapping.scope.problems(mapping.kind) {
        validator.problems.push(Problem { attribute: None, message, warning: false });
    }
    validator.problems
}

impl Validator<'_> {
    fn error(&mut self, attribute: Option<&str>, message: impl Into<String>) {
        self.problems.push(Problem {
            attribute: attribute.map(str::to_owned),
            message: message.into(),
            warning: false,
        });
    }

    fn warning(&mut self, attribute: Option<&str>, message: impl Into<String>) {
        self.error(attribute, message);
        if let Some(last) = self.problems.last_mut() {
            last.warning = true;
        }
    }

    fn whole(&mut self) {
        let attributes = &self.mapping.attributes;
        if attributes.len() > limits::MAPPINGS {
            self.error(None, format!("there are more than {} mappings", limits::MAPPINGS));
        }
        if !attributes.iter().any(|a| a.matching_priority > 0) {
            self.error(
                None,
                "one mapping at least must match objects; choose Match objects using this attribute",
            );
        }
        let reads_soft_deleted = |attribute: &AttributeMapping| match &attribute.source {
            MappingSource::Direct(text) | MappingSource::Expression(text) => {
                text.to_ascii_lowercase().contains("issoftdeleted")
            }
            MappingSource::Constant(_) | MappingSource::None => false,
        };
        if self.mapping.kind == ObjectKind::User && !attributes.iter().any(reads_soft_deleted) {
            self.warning(
                None,
                "no mapping reads IsSoftDeleted, so accounts of people who leave are not disabled",
            );
        }
        let mut targets: HashMap<String, usize> = HashMap::new();
        let mut priorities: HashMap<u32, usize> = HashMap::new();
        for attribute in attributes {
            *targets.entry(attribute.target.to_ascii_lowercase()).or_default() += 1;
            *priorities.entry(attribute.matching_priority).or_default() += 1;
        }
        for attribute in attributes {
            if targets.remove(&attribute.target.to_ascii_lowercase()).is_some_and(|count| count > 1) {
                self.error(Some(&attribute.target), format!("{} is mapped more than once", attribute.target));
            }
            let priority = attribute.matching_priority;
            if priority > 0 && priorities.remove(&priority).is_some_and(|count| count > 1) {
                self.error(
                    Some(&attribute.target),
                    format!("several attributes have the matching precedence {priority}; give each its own"),
                );
            }
        }
        for needed in self.schema.attributes.iter().filter(|a| a.required && !a.anchor) {
            if self.mapping.find(&needed.name).is_none() {
                self.error(None, format!("the target requires {}; map it", needed.name));
            }
        }
    }

    fn one(&mut self, mapping: &AttributeMapping) {
        let target = mapping.target.as_str();
        let Some(attribute) = self.schema.find(target) else {
            let message = format!("the target has no attribute {target}; add it to the attribute list first");
            return self.error(Some(target), message);
        };
        if attribute.anchor {
            self.error(Some(target), format!("{target} is the primary key, which the target sets itself"));
        } else if attribute.mutability == TargetMutability::ReadOnly {
            self.error(Some(target), format!("{target} is read-only"));
        }
        if mapping.matching_priority > 0 {
            self.matching(mapping, attribute);
        }
        if let Some(default) = mapping.default_value.as_deref().filter(|text| !text.is_empty())
            && let Err(message) = attribute.to_json(&Value::text(default))
        {
            self.error(Some(target), format!("default value: {message}"));
        }
        match &mapping.source {
            MappingSource::None => {}
            MappingSource::Constant(text) => self.constant(mapping, attribute, text),
            MappingSource::Direct(name) => self.direct(mapping, attribute, name),
            MappingSource::Expression(text) => self.expression(mapping, attribute, text),
        }
    }

    fn matching(&mut self, mapping: &AttributeMapping, attribute: &TargetAttribute) {
        let target = Some(mapping.target.as_str());
        if attribute.multi_valued || attribute.kind == TargetType::Reference {
            self.error(target, "a matching attribute has one value and is no reference");
        }
        if matches!(mapping.source, MappingSource::None | MappingSource::Constant(_)) {
            self.error(target, "a matching attribute needs a value of its own for each object");
        }
        if mapping.flow == FlowType::ObjectAddOnly {
            self.warning(target, "matching uses this attribute also for objects that exist already");
        }
    }

    fn constant(&mut self, mapping: &AttributeMapping, attribute: &TargetAttribute, text: &str) {
        let target = Some(mapping.target.as_str());
        if attribute.kind == TargetType::Reference {
            self.error(target, "a reference takes its value from a reference of the source");
        } else if text.is_empty() {
            self.error(target, "the constant is empty; choose none to leave the attribute alone");
        } else if let Err(message) = attribute.to_json(&Value::text(text)) {
            self.error(target, message);
        }
    }

    fn direct(&mut self, mapping: &AttributeMapping, attribute: &TargetAttribute, name: &str) {
        let target = Some(mapping.target.as_str());
        let Some(source) = SourceAttributes(self.mapping.kind).attribute(name) else {
            return self.error(target, format!("the source has no attribute {name}"));
        };
        if attribute.kind == TargetType::Reference && !source.reference {
            self.error(target, format!("{} is a reference, and {name} is none", attribute.name));
        }
        if source.reference && attribute.kind != TargetType::Reference {
            self.error(target, format!("{name} is a reference, and {} is none", attribute.name));
        }
        if source.multi_valued && !attribute.multi_valued {
            self.error(
                target,
                format!("{name} has several values and {} one; use Item or Join", attribute.name),
            );
        }
    }

    fn expression(&mut self, mapping: &AttributeMapping, attribute: &TargetAttribute, text: &str) {
        let target = Some(mapping.target.as_str());
        if attribute.kind == TargetType::Reference {
            self.error(
                target,
                "a reference takes its value from a reference of the source, without an expression",
            );
            return;
        }
        let program = match Program::new(text, &SourceAttributes(self.mapping.kind)) {
            Ok(program) => program,
            Err(errors) => {
                return errors.into_iter().for_each(|error| self.error(target, error.to_string()));
            }
        };
        for finding in program.warnings() {
            self.warning(target, finding.error.to_string());
        }
        let outermost = program.outermost().and_then(registry::find);
        if outermost.is_some_and(|f| f.result == Kind::List) && !attribute.multi_valued {
            self.error(target, format!("the expression gives a list and {} takes one value", attribute.name));
        }
        if outermost.is_some_and(|f| f.name == "SelectUniqueValue") {
            if mapping.matching_priority > 0 {
                self.error(target, "SelectUniqueValue is not possible on a matching attribute");
            }
            if mapping.flow != FlowType::ObjectAddOnly {
                self.error(target, "SelectUniqueValue needs Apply this mapping: only during object creation");
            }
        }
    }
}
