//! Compute what an object of the target should say, with the reason for each attribute.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::{AttributeMapping, FlowType, MappingSource, ObjectMapping, Problem, validate};
use crate::alias::{ObjectKind, SourceAttributes};
use crate::expression::{Environment, Program, Seeded, Source};
use crate::source::SourceObject;
use crate::target_path::TargetPath;
use crate::target_schema::{TargetAttribute, TargetSchema, TargetType};
use crate::value::Value;

/// What the target object is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Create,
    Update,
}

/// One mapping, ready to run.
#[derive(Debug, Clone)]
pub struct Rule {
    pub mapping: AttributeMapping,
    pub attribute: TargetAttribute,
    pub path: TargetPath,
    program: Option<Program>,
}

impl Rule {
    /// Whether values are only ever added to what the target has.
    pub fn is_additive(&self) -> bool {
        let roles = self.program.as_ref().and_then(Program::outermost) == Some("AppRoleAssignmentsComplex");
        roles || matches!(self.mapping.flow, FlowType::MultiValueAddOnly | FlowType::ValueAddOnly)
    }

    /// Whether it says that an object is disabled.
    pub fn is_soft_delete(&self) -> bool {
        let reads = |name: &str| name.eq_ignore_ascii_case("IsSoftDeleted");
        match &self.mapping.source {
            MappingSource::Direct(name) => reads(name),
            _ => self.program.as_ref().is_some_and(|p| p.attributes().into_iter().any(reads)),
        }
    }
}

/// The mappings of one kind of object, checked and compiled once.
#[derive(Debug, Clone)]
pub struct Mapper {
    pub kind: ObjectKind,
    pub rules: Vec<Rule>,
}

/// Everything besides the object that the result depends on.
pub struct Inputs<'a> {
    pub now: Timestamp,
    /// For random functions; the same for every attempt to create an object.
    pub seed: u64,
    pub default_domain: Option<&'a str>,
    /// Whether the target has that value of that attribute already, as far as known.
    pub taken: &'a dyn Fn(&str, &str) -> bool,
    /// The id at the target of a source object, if it is linked.
    pub link: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Why nothing is sent for an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", content = "detail", rename_all = "camelCase")]
pub enum Why {
    /// The source has no value and null does not flow.
    NoValue,
    /// The mapping applies only during object creation.
    OnlyDuringCreation,
    NotMapped,
    /// `IgnoreFlowIfNullOrEmpty`
    Ignored,
    /// The object it points at, by its source id, is not in the target (yet).
    UnresolvedReference(String),
    /// Members travel one by one, in the reference pass.
    Members,
    /// The object fails as a whole.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Flow {
    Set(Json),
    /// The target's value goes.
    Clear,
    Nothing(Why),
}

/// How a value came about, for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Each source attribute that took part, with its value.
    pub source: Vec<(String, Value)>,
    pub expression: Option<String>,
    pub result: Value,
    pub default_used: bool,
    pub redacted: bool,
    /// What `SelectUniqueValue` had to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetValue {
    pub target: String,
    pub flow: Flow,
    pub explanation: Explanation,
}

/// What an object of the target should say.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TargetObject {
    pub values: Vec<TargetValue>,
}

impl TargetObject {
    pub fn find(&self, target: &str) -> Option<&TargetValue> {
        self.values.iter().find(|value| value.target.eq_ignore_ascii_case(target))
    }

    /// The first attribute that has no result, and why: the object cannot be processed then.
    pub fn failure(&self) -> Option<(&str, &str)> {
        self.values.iter().find_map(|value| match &value.flow {
            Flow::Nothing(Why::Failed(message)) => Some((value.target.as_str(), message.as_str())),
            _ => None,
        })
    }

    /// References that could not be resolved: target attribute and source id.
    pub fn unresolved(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().filter_map(|value| match &value.flow {
            Flow::Nothing(Why::UnresolvedReference(id)) => Some((value.target.as_str(), id.as_str())),
            _ => None,
        })
    }
}

/// A question to the target by which a source object is found there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    pub target: String,
    pub value: String,
    /// `userName eq "…"`
    pub filter: String,
}

impl Mapper {
    /// # Errors
    /// Whatever [`validate`] finds besides warnings.
    pub fn new(mapping: &ObjectMapping, schema: &TargetSchema) -> Result<Self, Vec<Problem>> {
        let problems: Vec<Problem> = validate(mapping, schema).into_iter().filter(|p| !p.warning).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let rules =
            mapping.attributes.iter().map(|m| rule(m, mapping.kind, schema)).collect::<Result<_, _>>()?;
        Ok(Self { kind: mapping.kind, rules })
    }

    pub fn find(&self, target: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.mapping.target.eq_ignore_ascii_case(target))
    }

    /// The matching attributes, the first to be tried first.
    pub fn matching(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.mapping.matching_priority > 0).collect();
        rules.sort_by_key(|rule| rule.mapping.matching_priority);
        rules
    }

    /// Whether leaving scope can be told to the target by disabling.
    pub fn soft_deletes(&self) -> bool {
        self.rules.iter().any(Rule::is_soft_delete)
    }

    /// The questions that find the object in the target, by precedence; none means that no matching attribute has a
    /// value, and the object cannot be processed.
    pub fn probes(&self, source: &SourceObject, inputs: &Inputs<'_>) -> Vec<Probe> {
        let probe = |rule: &Rule| {
            let value = self.value(rule, source, Purpose::Update, inputs);
            let Flow::Set(json) = &value.flow else { return None };
            Some(Probe {
                filter: format!("{} eq {json}", rule.path),
                target: rule.mapping.target.clone(),
                value: Value::from_json(json).texts().first()?.clone(),
            })
        };
        self.matching().into_iter().filter_map(probe).collect()
    }

    pub fn target(&self, source: &SourceObject, purpose: Purpose, inputs: &Inputs<'_>) -> TargetObject {
        TargetObject {
            values: self.rules.iter().map(|rule| self.value(rule, source, purpose, inputs)).collect(),
        }
    }

    fn value(
        &self,
        rule: &Rule,
        source: &SourceObject,
        purpose: Purpose,
        inputs: &Inputs<'_>,
    ) -> TargetValue {
        let mut explanation = Explanation::default();
        let flow = self
            .flow(rule, source, purpose, inputs, &mut explanation)
            .unwrap_or_else(|message| Flow::Nothing(Why::Failed(message)));
        TargetValue { target: rule.mapping.target.clone(), flow, explanation }
    }

    fn flow(
        &self,
        rule: &Rule,
        source: &SourceObject,
        purpose: Purpose,
        inputs: &Inputs<'_>,
        explanation: &mut Explanation,
    ) -> Result<Flow, String> {
        let creating = purpose == Purpose::Create;
        if rule.mapping.flow == FlowType::ObjectAddOnly && !creating && rule.mapping.matching_priority == 0 {
            return Ok(Flow::Nothing(Why::OnlyDuringCreation));
        }
        if rule.attribute.is_members() {
            return Ok(Flow::Nothing(Why::Members));
        }
        let ignored = evaluate(rule, source, inputs, explanation)?;
        if explanation.result.is_empty() && creating {
            let default = [&rule.mapping.default_value, &rule.attribute.default_value];
            if let Some(text) = default.into_iter().flatten().find(|text| !text.is_empty()) {
                explanation.default_used = true;
                explanation.result = Value::text(text);
            }
        }
        if explanation.result.is_empty() {
            return Ok(match &rule.mapping.source {
                MappingSource::None => Flow::Nothing(Why::NotMapped),
                _ if ignored => Flow::Nothing(Why::Ignored),
                // The target keeps what it requires.
                _ if !creating && flows_null(rule) && !rule.attribute.required => Flow::Clear,
                _ if creating && rule.attribute.required => {
                    return Err(format!(
                        "the target requires {}, and the source has no value for it",
                        rule.path
                    ));
                }
                _ => Flow::Nothing(Why::NoValue),
            });
        }
        if rule.attribute.kind == TargetType::Reference {
            let id = explanation.result.texts().first().cloned().unwrap_or_default();
            return Ok(match (inputs.link)(&id) {
                Some(linked) => Flow::Set(linked.into()),
                None => Flow::Nothing(Why::UnresolvedReference(id)),
            });
        }
        rule.attribute.to_json(&explanation.result).map(Flow::Set)
    }
}

fn flows_null(rule: &Rule) -> bool {
    rule.mapping.flow_null || rule.attribute.flow_null_values
}

/// Fill in the result; gives whether the expression asks to leave the attribute out.
fn evaluate(
    rule: &Rule,
    source: &SourceObject,
    inputs: &Inputs<'_>,
    explanation: &mut Explanation,
) -> Result<bool, String> {
    match (&rule.mapping.source, &rule.program) {
        (MappingSource::Direct(name), _) => {
            explanation.result = source.value(name);
            explanation.source.push((name.clone(), explanation.result.clone()));
            Ok(false)
        }
        (MappingSource::Constant(text), _) => {
            explanation.result = Value::text(text);
            Ok(false)
        }
        (MappingSource::Expression(text), Some(program)) => {
            explanation.expression = Some(text.clone());
            explanation.source =
                program.attributes().into_iter().map(|name| (name.to_owned(), source.value(name))).collect();
            let mut entropy = Seeded(seed(inputs.seed, &rule.mapping.target));
            let taken = |text: &str| (inputs.taken)(&rule.mapping.target, text);
            let mut environment = Environment::new(source, inputs.now, &mut entropy);
            environment.default_domain = inputs.default_domain;
            environment.taken = &taken;
            let outcome = program
                .evaluate(&mut environment)
                .map_err(|error| format!("the mapping of {} has no result: {error}", rule.path))?;
            explanation.result = outcome.value;
            explanation.redacted = outcome.redacted;
            explanation.candidates = outcome.candidates;
            Ok(outcome.ignored)
        }
        (MappingSource::Expression(_) | MappingSource::None, _) => Ok(false),
    }
}

/// Each attribute draws its own numbers, whatever the others draw (FNV-1a, the same in every release).
fn seed(seed: u64, target: &str) -> u64 {
    let name = target.bytes().map(|byte| byte.to_ascii_lowercase());
    seed.to_le_bytes()
        .into_iter()
        .chain(name)
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn rule(mapping: &AttributeMapping, kind: ObjectKind, schema: &TargetSchema) -> Result<Rule, Vec<Problem>> {
    let problem =
        |message: String| vec![Problem { attribute: Some(mapping.target.clone()), message, warning: false }];
    let program = match &mapping.source {
        MappingSource::Expression(text) => Some(
            Program::new(text, &SourceAttributes(kind))
                .map_err(|errors| problem(errors.first().map(ToString::to_string).unwrap_or_default()))?,
        ),
        _ => None,
    };
    let attribute = schema
        .find(&mapping.target)
        .cloned()
        .ok_or_else(|| problem(format!("the target has no attribute {}", mapping.target)))?;
    let path = TargetPath::parse(&attribute.name).map_err(problem)?;
    Ok(Rule { mapping: mapping.clone(), attribute, path, program })
}
