//! Evaluate an expression for one object, within its fuel.

use super::pattern::{self, Pattern, Patterns};
use super::registry::{self, Function};
use super::tree::{Comparison, Expr, Node};
use super::{Environment, Error, Outcome, Position, Result, date};
use crate::limits;
use crate::value::Value;

pub(super) fn evaluate(
    root: &Expr,
    patterns: &Patterns,
    environment: &mut Environment<'_>,
) -> Result<Outcome> {
    let fuel = environment.fuel;
    let mut evaluator = Evaluator { environment, patterns, fuel, outcome: Outcome::default() };
    let value = evaluator.expr(root)?;
    let steps = fuel - evaluator.fuel;
    let ignored = evaluator.outcome.ignored && value.is_empty();
    Ok(Outcome { value, steps, ignored, ..evaluator.outcome })
}

pub(super) struct Evaluator<'e, 's> {
    pub(super) environment: &'e mut Environment<'s>,
    patterns: &'e Patterns,
    fuel: u64,
    pub(super) outcome: Outcome,
}

impl Evaluator<'_, '_> {
    fn expr(&mut self, expr: &Expr) -> Result<Value> {
        self.spend(1, expr.at)?;
        let value = match &expr.node {
            Node::Call(name, arguments) => self.call(name, arguments, expr.at)?,
            Node::Attribute(name) => match self.environment.source.value(name) {
                Value::Text(text) if text.is_empty() => Value::Null,
                value => value,
            },
            Node::Text(text) | Node::Word(text) => Value::text(text),
            Node::Number(number) => Value::text(number.to_string()),
            Node::Hex(number) => Value::text(number.to_string()),
            Node::Compare(comparison, left, right) => {
                Value::boolean(self.compare(*comparison, left, right)?)
            }
        };
        self.weigh(&value, expr.at)?;
        Ok(value)
    }

    fn call(&mut self, name: &str, arguments: &[Option<Expr>], at: Position) -> Result<Value> {
        let function =
            registry::find(name).ok_or_else(|| Error::new(at, format!("there is no function {name}")))?;
        if !function.each {
            return (function.run)(&mut Call { evaluator: self, function, arguments, first: None, at });
        }
        let first = match arguments.first() {
            Some(Some(argument)) => self.expr(argument)?,
            _ => Value::Null,
        };
        let Value::List(texts) = first else {
            return (function.run)(&mut Call {
                evaluator: self,
                function,
                arguments,
                first: Some(first),
                at,
            });
        };
        let mut results = Vec::new();
        for text in texts {
            let mut call = Call { evaluator: self, function, arguments, first: Some(Value::Text(text)), at };
            results.extend((function.run)(&mut call)?.texts().iter().cloned());
            let bytes: usize = results.iter().map(String::len).sum();
            self.within(bytes, results.len(), at)?;
        }
        Ok(Value::list(results))
    }

    /// Entra: "a null or empty source in the condition makes the check fail", whatever the operator.
    fn compare(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> Result<bool> {
        let sides = (self.expr(left)?, self.expr(right)?);
        // A constant "" is meant; only a source can be missing.
        let missing = |expr: &Expr, value: &Value| expr.constant().is_none() && value.is_empty();
        if missing(left, &sides.0) || missing(right, &sides.1) {
            return Ok(false);
        }
        let (Some(a), Some(b)) = (single(&sides.0), single(&sides.1)) else {
            return Err(Error::new(
                left.at,
                "a comparison compares single values; use Item or Join on a multi-valued attribute",
            ));
        };
        Ok(match comparison {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Greater => ordered(a, b).is_gt(),
            Comparison::GreaterOrEqual => ordered(a, b).is_ge(),
            Comparison::Less => ordered(a, b).is_lt(),
            Comparison::LessOrEqual => ordered(a, b).is_le(),
        })
    }

    pub(super) fn spend(&mut self, steps: u64, at: Position) -> Result<()> {
        match self.fuel.checked_sub(steps) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => {
                Err(Error::new(at, "the expression takes too many steps for this object; make it simpler"))
            }
        }
    }

    fn weigh(&mut self, value: &Value, at: Position) -> Result<()> {
        let (bytes, parts) = (value.bytes(), value.texts().len());
        self.within(bytes, parts, at)?;
        self.spend((bytes / 64 + parts / 8) as u64, at)
    }

    fn within(&self, bytes: usize, parts: usize, at: Position) -> Result<()> {
        if bytes > limits::VALUE_BYTES || parts > limits::VALUE_PARTS {
            return Err(Error::new(
                at,
                format!(
                    "the value is larger than {} bytes or {} parts",
                    limits::VALUE_BYTES,
                    limits::VALUE_PARTS
                ),
            ));
        }
        Ok(())
    }
}

fn single(value: &Value) -> Option<&str> {
    match value.texts() {
        [] => Some(""),
        [one] => Some(one),
        _ => None,
    }
}

/// As numbers if both are, as dates if both are, else letter by letter.
fn ordered(a: &str, b: &str) -> std::cmp::Ordering {
    if let (Ok(a), Ok(b)) = (a.trim().parse::<i128>(), b.trim().parse::<i128>()) {
        return a.cmp(&b);
    }
    if let (Ok(x), Ok(y)) = (a.trim().parse::<f64>(), b.trim().parse::<f64>())
        && let Some(order) = x.partial_cmp(&y)
    {
        return order;
    }
    match (date::parse(a), date::parse(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// One call of a function: its arguments, evaluated when asked for.
pub(crate) struct Call<'c, 'e, 's> {
    evaluator: &'c mut Evaluator<'e, 's>,
    function: &'static Function,
    arguments: &'c [Option<Expr>],
    first: Option<Value>,
    at: Position,
}

impl<'c, 's> Call<'c, '_, 's> {
    pub(super) fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether something stands in that slot.
    pub(super) fn given(&self, index: usize) -> bool {
        self.argument(index).is_some()
    }

    pub(super) fn argument(&self, index: usize) -> Option<&'c Expr> {
        self.arguments.get(index).and_then(Option::as_ref)
    }

    pub(super) fn value(&mut self, index: usize) -> Result<Value> {
        if index == 0
            && let Some(first) = &self.first
        {
            return Ok(first.clone());
        }
        match self.argument(index) {
            Some(argument) => self.evaluator.expr(argument),
            None => Ok(Value::Null),
        }
    }

    /// The one text of an argument; `None` if it is null.
    pub(super) fn text(&mut self, index: usize) -> Result<Option<String>> {
        match self.value(index)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::List(mut texts) if texts.len() <= 1 => Ok(texts.pop()),
            Value::List(texts) => Err(self.error(format!(
                "{} has {} values and one is expected; use Item or Join",
                self.parameter(index),
                texts.len()
            ))),
        }
    }

    pub(super) fn integer(&mut self, index: usize) -> Result<Option<i64>> {
        let Some(text) = self.text(index)? else { return Ok(None) };
        match whole(&text) {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(format!(
                "{} is \"{}\", which is not a whole number",
                self.parameter(index),
                super::lexer::cut(&text)
            ))),
        }
    }

    pub(super) fn date(&mut self, index: usize) -> Result<Option<jiff::Timestamp>> {
        let Some(text) = self.text(index)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        match date::parse(&text) {
            Some(date) => Ok(Some(date)),
            None => Err(self.error(format!(
                "{} is \"{}\", which is not a date; FormatDateTime reads other forms",
                self.parameter(index),
                super::lexer::cut(&text)
            ))),
        }
    }

    /// The name of a parameter, for a message.
    pub(super) fn parameter(&self, index: usize) -> String {
        match self.function.parameter(index) {
            Some(parameter) => parameter.name.to_owned(),
            None => format!("argument {}", index + 1),
        }
    }

    pub(super) fn error(&self, message: impl std::fmt::Display) -> Error {
        Error::new(self.at, format!("{}: {message}", self.function.name))
    }

    pub(super) fn environment(&mut self) -> &mut Environment<'s> {
        self.evaluator.environment
    }

    pub(super) fn outcome(&mut self) -> &mut Outcome {
        &mut self.evaluator.outcome
    }

    /// A regular expression and its cost, which grows with pattern and text.
    pub(super) fn pattern(&mut self, text: &str, haystack: &str) -> Result<Pattern> {
        self.evaluator.spend((haystack.len() / 16) as u64, self.at)?;
        if let Some(pattern) = self.evaluator.patterns.get(text) {
            return Ok(pattern.clone());
        }
        self.evaluator.spend(2_000, self.at)?;
        pattern::compile(text).map_err(|message| self.error(message))
    }

    /// Refuse a text that has grown too large before it grows on.
    pub(super) fn bounded(&self, text: &str) -> Result<()> {
        self.evaluator.within(text.len(), 1, self.at)
    }
}

/// A whole number as text, decimal or `&H…`.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("&H").or_else(|| text.strip_prefix("&h")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
