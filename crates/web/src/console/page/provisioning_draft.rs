//! What is being changed of an attribute mapping. It travels in the form, so nothing changes until Save and the server keeps
//! no state between.

use provision::alias::ObjectKind;
use provision::graph_schema::Rules;
use provision::mapping::{AttributeMapping, FlowType, MappingSource, ObjectMapping, Problem, validate};
use provision::target_schema::{TargetAttribute, TargetSchema, TargetType};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::console::answer::Failure;
use crate::console::fields::Fields;
use crate::console::visit::sentence;

/// The name of the field it travels in.
pub(super) const FIELD: &str = "draft";

/// The mapping of users, or of groups, with the target's attributes, as they will be saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    /// Tells whether somebody else has saved meanwhile.
    base: String,
    pub(super) mapping: ObjectMapping,
    pub(super) target: TargetSchema,
}

/// The part of the rules that a page is about.
pub(super) fn kind_named(word: &str) -> Option<ObjectKind> {
    match word {
        "users" => Some(ObjectKind::User),
        "groups" => Some(ObjectKind::Group),
        _ => None,
    }
}

pub(super) fn word_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "users",
        ObjectKind::Group => "groups",
    }
}

/// Of the pages: Entra's.
pub(super) fn title_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "Entra ID Users",
        ObjectKind::Group => "Entra ID Groups",
    }
}

fn fingerprint(mapping: &ObjectMapping, target: &TargetSchema) -> String {
    let text = serde_json::to_string(&(mapping, target)).unwrap_or_default();
    Sha256::digest(text).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

impl Draft {
    /// As saved.
    pub(super) fn of(rules: &Rules, kind: ObjectKind) -> Option<Self> {
        let mapping = rules.mappings.iter().find(|mapping| mapping.kind == kind)?.clone();
        let target = rules.target(kind)?.clone();
        Some(Self { base: fingerprint(&mapping, &target), mapping, target })
    }

    /// As it came with a form.
    pub(super) fn read(form: &Fields, kind: ObjectKind) -> Result<Self, Failure> {
        let draft: Option<Self> = serde_json::from_str(form.raw(FIELD)).ok();
        draft.filter(|draft| draft.mapping.kind == kind && draft.target.kind == kind).ok_or_else(|| {
            Failure::BadRequest("The changes on this page cannot be read. Open the mapping again.".to_owned())
        })
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> ObjectKind {
        self.mapping.kind
    }

    /// Whether what is saved now is what the draft began with.
    pub(super) fn is_current(&self, rules: &Rules) -> bool {
        Self::of(rules, self.kind()).is_some_and(|saved| saved.base == self.base)
    }

    /// The rules with this in them.
    pub(super) fn applied(&self, rules: &Rules) -> Rules {
        let mut rules = rules.clone();
        let kind = self.kind();
        for mapping in rules.mappings.iter_mut().filter(|mapping| mapping.kind == kind) {
            // Its name and id are not the form's to change.
            let (id, name) = (mapping.id.clone(), mapping.name.clone());
            *mapping = ObjectMapping { id, name, ..self.mapping.clone() };
        }
        for target in rules.targets.iter_mut().filter(|target| target.kind == kind) {
            let object_name = target.object_name.clone();
            *target = TargetSchema { object_name, ..self.target.clone() };
        }
        rules
    }

    /// What differs from what is saved, in words; empty if nothing does.
    pub(super) fn changes(&self, rules: &Rules) -> Vec<String> {
        let Some(saved) = Self::of(rules, self.kind()) else { return Vec::new() };
        let mut changes = Vec::new();
        if saved.mapping.enabled != self.mapping.enabled {
            changes.push(if self.mapping.enabled { "switched on" } else { "switched off" }.to_owned());
        }
        if saved.mapping.actions != self.mapping.actions {
            changes.push("target object actions".to_owned());
        }
        if saved.mapping.scope != self.mapping.scope {
            changes.push("scoping filters".to_owned());
        }
        for mapping in &self.mapping.attributes {
            match saved.mapping.find(&mapping.target) {
                None => changes.push(format!("{} added", mapping.target)),
                Some(before) if before != mapping => changes.push(format!("{} changed", mapping.target)),
                Some(_) => {}
            }
        }
        let gone = saved.mapping.attributes.iter().filter(|m| self.mapping.find(&m.target).is_none());
        changes.extend(gone.map(|mapping| format!("{} removed", mapping.target)));
        if saved.target.attributes != self.target.attributes {
            changes.push("the target's attribute list".to_owned());
        }
        changes
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = validate(&self.mapping, &self.target);
        let of_target = self.target.problems().into_iter();
        problems.extend(of_target.map(|message| Problem { attribute: None, message, warning: false }));
        problems
    }

    /// The boxes beside the table: switch and target object actions.
    pub(super) fn take_switches(&mut self, form: &Fields) {
        if self.kind() == ObjectKind::Group {
            self.mapping.enabled = form.has("enabled");
        }
        self.mapping.actions.create = form.has("create");
        self.mapping.actions.update = form.has("update");
        self.mapping.actions.delete = form.has("delete");
    }

    /// # Errors
    /// Why the row stays.
    pub(super) fn remove(&mut self, row: usize) -> Result<(), String> {
        let Some(mapping) = self.mapping.attributes.get(row) else { return Ok(()) };
        if !is_removable(&self.mapping, mapping) {
            return Err(format!(
                "{} is the matching attribute, by which accounts are found; it cannot be removed. Let another attribute match first.",
                mapping.target
            ));
        }
        self.mapping.attributes.remove(row);
        Ok(())
    }

    /// Put a row in its place, or at the end.
    pub(super) fn put(&mut self, row: Option<usize>, mapping: AttributeMapping) {
        match row.and_then(|row| self.mapping.attributes.get_mut(row)) {
            Some(slot) => *slot = mapping,
            None => self.mapping.attributes.push(mapping),
        }
    }

    /// What is wrong with one row as it would be.
    pub(super) fn problems_of(&self, row: Option<usize>, mapping: &AttributeMapping) -> Vec<Problem> {
        let mut tried = self.clone();
        tried.put(row, mapping.clone());
        let problems = validate(&tried.mapping, &tried.target);
        problems
            .into_iter()
            .filter(|p| p.attribute.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&mapping.target)))
            .collect()
    }

    /// # Errors
    /// Why it cannot be added.
    pub(super) fn add_attribute(&mut self, form: &Fields) -> Result<(), String> {
        let kind = type_named(form.text("new-type")).ok_or("choose a type")?;
        let name = form.text("new-name");
        if name.is_empty() {
            return Err("type the name of the attribute".to_owned());
        }
        let referenced = match (kind, form.text("new-reference")) {
            (TargetType::Reference, "Group") => vec!["Group".to_owned()],
            (TargetType::Reference, _) => vec!["User".to_owned()],
            _ => Vec::new(),
        };
        self.target.add(TargetAttribute {
            multi_valued: form.has("new-multi"),
            required: form.has("new-required"),
            case_exact: form.has("new-exact"),
            referenced,
            ..TargetAttribute::new(name, kind)
        })
    }

    /// # Errors
    /// Why the attribute stays.
    pub(super) fn remove_attribute(&mut self, row: usize) -> Result<(), String> {
        let Some(attribute) = self.target.attributes.get(row) else { return Ok(()) };
        if !attribute.custom {
            return Err(format!("{} is part of SCIM's schema and stays in the list", attribute.name));
        }
        if self.mapping.find(&attribute.name).is_some() {
            return Err(format!("{} is mapped; remove its mapping first", attribute.name));
        }
        self.target.attributes.remove(row);
        Ok(())
    }
}

/// One matching attribute must be left.
pub(super) fn is_removable(all: &ObjectMapping, mapping: &AttributeMapping) -> bool {
    mapping.matching_priority == 0 || all.attributes.iter().filter(|m| m.matching_priority > 0).count() > 1
}

pub(super) const TYPES: [(&str, TargetType); 6] = [
    ("String", TargetType::String),
    ("Integer", TargetType::Integer),
    ("Reference", TargetType::Reference),
    ("Binary", TargetType::Binary),
    ("Boolean", TargetType::Boolean),
    ("DateTime", TargetType::DateTime),
];

fn type_named(word: &str) -> Option<TargetType> {
    TYPES.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
}

pub(super) fn type_word(kind: TargetType) -> &'static str {
    TYPES.iter().find(|(_, known)| *known == kind).map_or("String", |(name, _)| name)
}

/// The form of one row, as typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) source: String,
    pub(super) attribute: String,
    pub(super) constant: String,
    pub(super) expression: String,
    pub(super) default: String,
    pub(super) target: String,
    pub(super) matches: bool,
    pub(super) precedence: String,
    pub(super) flow: String,
    pub(super) nulls: bool,
}

impl Row {
    pub(super) fn new() -> Self {
        let word = |text: &str| text.to_owned();
        Self { source: word("direct"), precedence: word("1"), flow: word("always"), ..Self::default() }
    }

    pub(super) fn of(mapping: &AttributeMapping) -> Self {
        let mut row = Self::new();
        let (word, slot, text) = match &mapping.source {
            MappingSource::Direct(text) => ("direct", &mut row.attribute, text.as_str()),
            MappingSource::Constant(text) => ("constant", &mut row.constant, text.as_str()),
            MappingSource::Expression(text) => ("expression", &mut row.expression, text.as_str()),
            MappingSource::None => ("none", &mut row.attribute, ""),
        };
        text.clone_into(slot);
        word.clone_into(&mut row.source);
        row.default = mapping.default_value.clone().unwrap_or_default();
        row.target.clone_from(&mapping.target);
        row.matches = mapping.matching_priority > 0;
        row.precedence = mapping.matching_priority.max(1).to_string();
        row.nulls = mapping.flow_null;
        if mapping.flow == FlowType::ObjectAddOnly {
            row.flow = "creation".to_owned();
        }
        row
    }

    pub(super) fn read(form: &Fields) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            source: text("source"),
            attribute: text("attribute"),
            constant: form.raw("constant").to_owned(),
            expression: text("expression"),
            default: form.raw("default").to_owned(),
            target: text("target"),
            matches: form.text("matching") == "yes",
            precedence: text("precedence"),
            flow: text("flow"),
            nulls: form.has("nulls"),
        }
    }

    /// The mapping, with what the form has no field for taken from `before`.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn mapping(
        &self,
        before: Option<&AttributeMapping>,
    ) -> Result<AttributeMapping, (&'static str, String)> {
        let source = match self.source.as_str() {
            "direct" if self.attribute.is_empty() => {
                return Err(("attribute", "Choose a source attribute.".to_owned()));
            }
            "direct" => MappingSource::Direct(self.attribute.clone()),
            "constant" => MappingSource::Constant(self.constant.clone()),
            "expression" if self.expression.is_empty() => {
                return Err(("expression", "Type an expression.".to_owned()));
            }
            "expression" => MappingSource::Expression(self.expression.clone()),
            "none" => MappingSource::None,
            _ => return Err(("source", "Choose a mapping type.".to_owned())),
        };
        if self.target.is_empty() {
            return Err(("target", "Choose a target attribute.".to_owned()));
        }
        let priority = match (self.matches, self.precedence.parse::<u32>()) {
            (false, _) => 0,
            (true, Ok(priority @ 1..=99)) => priority,
            (true, _) => {
                return Err(("precedence", "Type a whole number from 1 to 99.".to_owned()));
            }
        };
        let kept = before.map(|mapping| (mapping.flow, mapping.flow_behavior));
        let flow = match (self.flow.as_str(), kept) {
            ("creation", _) => FlowType::ObjectAddOnly,
            // What the form does not offer stays as it was set through the API.
            (_, Some((flow, _))) if flow != FlowType::ObjectAddOnly => flow,
            _ => FlowType::Always,
        };
        Ok(AttributeMapping {
            default_value: Some(self.default.clone()).filter(|text| !text.is_empty()),
            matching_priority: priority,
            flow,
            flow_behavior: kept.map(|(_, behavior)| behavior).unwrap_or_default(),
            flow_null: self.nulls,
            ..AttributeMapping::new(self.target.clone(), source)
        })
    }
}

/// Problems of one row as sentences.
pub(super) fn sentences(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| sentence(&problem.message)).collect()
}
