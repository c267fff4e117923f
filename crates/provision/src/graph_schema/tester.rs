//! Graph's `parseExpression`: try an expression on given values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::source_tree::source_of;
use crate::expression::{Attributes, Environment, Error, Program, Seeded, Source, SourceAttribute, parse};
use crate::value::Value;

/// `testInputObject.properties`, names in any letter case.
struct Given(BTreeMap<String, Value>);

impl Source for Given {
    fn value(&self, name: &str) -> Value {
        self.0.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}

/// The attributes of `testInputObject.definition`, those given, and those the source knows.
struct Known<'a> {
    source: &'a dyn Attributes,
    names: Vec<String>,
}

impl Attributes for Known<'_> {
    fn attribute(&self, name: &str) -> Option<SourceAttribute> {
        let own = || self.names.contains(&name.to_ascii_lowercase()).then(SourceAttribute::default);
        self.source.attribute(name).or_else(own)
    }
}

/// The answer to `{expression, testInputObject}`; also what is wrong with the expression is an answer.
///
/// `fallback` gives values that the request does not: those of a chosen object.
pub fn parse_expression(
    request: &Json,
    attributes: &dyn Attributes,
    fallback: Option<&dyn Source>,
    now: Timestamp,
    seed: u64,
) -> Json {
    let text = request["expression"].as_str().unwrap_or_default();
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(error) => return answer(false, None, None, Some(&error)),
    };
    let parsed = json!(source_of(&tree));
    let input = &request["testInputObject"];
    let names = |list: &Json, key: &str| -> Vec<String> {
        let entries = list.as_array().into_iter().flatten();
        entries.filter_map(|entry| Some(entry[key].as_str()?.to_ascii_lowercase())).collect()
    };
    let mut known = names(&input["definition"]["attributes"], "name");
    known.extend(names(&input["properties"], "key"));
    let program = match Program::of(tree, &Known { source: attributes, names: known }) {
        Ok(program) => program,
        Err(errors) => return answer(false, None, None, errors.first()),
    };
    let given = input["properties"].as_array().into_iter().flatten().filter_map(|entry| {
        Some((entry["key"].as_str()?.to_ascii_lowercase(), Value::from_json(&entry["value"])))
    });
    let given = Given(given.collect());
    let source = Layered { given: &given, fallback };
    let mut entropy = Seeded(seed);
    match program.evaluate(&mut Environment::new(&source, now, &mut entropy)) {
        Ok(outcome) => answer(true, Some(parsed), Some(outcome.value), None),
        Err(error) => answer(true, Some(parsed), None, Some(&error)),
    }
}

struct Layered<'a> {
    given: &'a Given,
    fallback: Option<&'a dyn Source>,
}

impl Source for Layered<'_> {
    fn value(&self, name: &str) -> Value {
        match (self.given.0.get(&name.to_ascii_lowercase()), self.fallback) {
            (Some(value), _) => value.clone(),
            (None, Some(fallback)) => fallback.value(name),
            (None, None) => Value::Null,
        }
    }
}

fn answer(parsing: bool, parsed: Option<Json>, value: Option<Value>, error: Option<&Error>) -> Json {
    let error = error.map(|error| {
        json!({
            "code": if parsing { "EvaluationFailed" } else { "ExpressionParsingFailed" },
            "message": error.to_string(),
            "target": error.at.to_string(),
            "details": [],
            "innerError": null,
        })
    });
    json!({
        "parsingSucceeded": parsing,
        "evaluationSucceeded": value.is_some(),
        "evaluationResult": value.map(|value| value.texts().to_vec()).unwrap_or_default(),
        "parsedExpression": parsed,
        "error": error,
    })
}
