//! Expressions as Graph writes them: `attributeMappingSource` trees, and the lists of functions and filter operators.

use serde_json::{Value as Json, json};

use super::types::{AttributeMappingSource, ParameterValue};
use crate::expression::{Expr, Node, functions, registry};
use crate::limits;
use crate::scope::ScopeOperator;

/// The tree of an expression. A comparison, for which Graph has no form, is a function named by its sign.
pub fn source_of(expr: &Expr) -> AttributeMappingSource {
    let (kind, name, parameters) = match &expr.node {
        Node::Attribute(name) => ("Attribute", name.clone(), Vec::new()),
        Node::Call(name, arguments) => ("Function", name.clone(), parameters(name, arguments)),
        Node::Compare(comparison, left, right) => {
            let side =
                |key: &str, expr: &Expr| ParameterValue { key: key.into(), value: Some(source_of(expr)) };
            ("Function", comparison.as_str().into(), vec![side("left", left), side("right", right)])
        }
        Node::Text(_) | Node::Number(_) | Node::Hex(_) | Node::Word(_) => {
            ("Constant", expr.constant().unwrap_or_default(), Vec::new())
        }
    };
    AttributeMappingSource {
        kind: kind.into(),
        name: Some(name),
        expression: Some(expr.to_string()),
        parameters,
        ..AttributeMappingSource::default()
    }
}

/// Empty slots are left out; parameters that repeat are numbered: `key1`, `value1`, `key2`.
fn parameters(name: &str, arguments: &[Option<Expr>]) -> Vec<ParameterValue> {
    let function = registry::find(name);
    let key = |index: usize| {
        let Some(parameter) = function.and_then(|f| f.parameter(index)) else {
            return format!("parameter{}", index + 1);
        };
        let parameters = function.map_or(&[][..], |f| f.parameters);
        let fixed = parameters.iter().filter(|p| !p.repeats).count();
        let repeated = parameters.len() - fixed;
        match index.checked_sub(fixed).and_then(|beyond| beyond.checked_div(repeated)) {
            Some(round) => format!("{}{}", parameter.name, round + 1),
            None => parameter.name.to_owned(),
        }
    };
    arguments
        .iter()
        .enumerate()
        .filter_map(|(index, argument)| {
            Some(ParameterValue { key: key(index), value: Some(source_of(argument.as_ref()?)) })
        })
        .collect()
}

/// The text of an expression that came as a tree. Clients that change a mapping send its `expression`; a tree without one is
/// written out.
///
/// # Errors
/// If the tree says neither.
pub fn text_of(source: &AttributeMappingSource) -> Result<String, String> {
    written(source, 0)
}

fn written(source: &AttributeMappingSource, depth: usize) -> Result<String, String> {
    if depth > limits::EXPRESSION_DEPTH {
        return Err(format!("the source is nested deeper than {} levels", limits::EXPRESSION_DEPTH));
    }
    if let Some(expression) = source.expression.as_deref().filter(|text| !text.trim().is_empty()) {
        return Ok(expression.to_owned());
    }
    let name = source.name.as_deref().unwrap_or_default();
    match source.kind.as_str() {
        "Attribute" => Ok(format!("[{name}]")),
        "Constant" => Ok(Expr::new(Node::Text(name.to_owned())).to_string()),
        "Function" => call(name, &source.parameters, depth),
        other => Err(format!("a source is of the type Attribute, Constant or Function, not \"{other}\"")),
    }
}

fn call(name: &str, parameters: &[ParameterValue], depth: usize) -> Result<String, String> {
    let function = registry::find(name).ok_or_else(|| format!("there is no function \"{name}\""))?;
    let fixed: Vec<&str> = function.parameters.iter().filter(|p| !p.repeats).map(|p| p.name).collect();
    let find = |key: &str| parameters.iter().find(|p| p.key.eq_ignore_ascii_case(key));
    let mut slots = Vec::new();
    for key in &fixed {
        slots.push(match find(key).and_then(|p| p.value.as_ref()) {
            Some(value) => written(value, depth + 1)?,
            None => String::new(),
        });
    }
    let is_fixed = |p: &&ParameterValue| fixed.iter().any(|key| key.eq_ignore_ascii_case(&p.key));
    for parameter in parameters.iter().filter(|p| !is_fixed(p)) {
        slots.push(match &parameter.value {
            Some(value) => written(value, depth + 1)?,
            None => String::new(),
        });
    }
    Ok(format!("{name}({})", slots.join(", ")))
}

/// Graph's `attributeMappingFunctionSchema` of every function.
pub fn function_schemas() -> Vec<Json> {
    functions()
        .map(|function| {
            let parameters: Vec<Json> = function
                .parameters
                .iter()
                .map(|p| {
                    json!({
                        "name": p.name,
                        "required": p.required,
                        "allowMultipleOccurrences": p.repeats,
                        "type": p.kind.graph_type(),
                    })
                })
                .collect();
            json!({ "name": function.name, "parameters": parameters })
        })
        .collect()
}

/// Graph's `filterOperatorSchema` of every operator.
pub fn operator_schemas() -> Vec<Json> {
    use ScopeOperator as O;
    ScopeOperator::all()
        .map(|operator| {
            let types: &[&str] = match operator {
                O::IsTrue | O::IsFalse => &["Boolean"],
                O::GreaterThan | O::GreaterThanOrEquals | O::BitAnd | O::NotBitAnd => &["Integer"],
                O::IsNull | O::IsNotNull => &["String", "Boolean", "Integer", "DateTime", "Binary"],
                _ => &["String"],
            };
            json!({
                "id": operator.as_str(),
                "name": operator.as_str(),
                "arity": if operator.takes_value() { "Binary" } else { "Unary" },
                "multivaluedComparisonType": "All",
                "supportedAttributeTypes": types,
            })
        })
        .collect()
}
