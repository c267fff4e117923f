//! The functions: name, parameters, what they do, examples. Checker, documentation and Graph's `schema/functions`
//! all derive from this table.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::Result;
use super::evaluate::Call;
use super::functions::TABLES;
use crate::value::Value;

/// What an argument has to be, or what a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    Any,
    Text,
    Number,
    Boolean,
    Date,
    List,
    /// A comparison or something that is true or false.
    Condition,
    /// A regular expression.
    Pattern,
    /// `vbTextCompare` or `vbBinaryCompare`
    CompareType,
    /// `yyyy`, `m`, `d`, `ww`, `h`, `n`, `s`
    Interval,
}

impl Kind {
    /// The type in Graph's `attributeMappingParameterSchema`.
    pub fn graph_type(self) -> &'static str {
        match self {
            Self::Number => "Integer",
            Self::Boolean | Self::Condition => "Boolean",
            Self::Date => "DateTime",
            Self::Any | Self::Text | Self::List | Self::Pattern | Self::CompareType | Self::Interval => {
                "String"
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameter {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// May be given any number of times. Several repeating parameters repeat together.
    pub repeats: bool,
}

/// A call with what it gives; `source` holds the attributes of the object, several pairs of a name being several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Example {
    pub expression: &'static str,
    pub source: &'static [(&'static str, &'static str)],
    /// Empty: null.
    pub result: &'static [&'static str],
    /// The result is one of many, as with `Guid()`.
    pub varies: bool,
}

pub struct Function {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    pub result: Kind,
    /// Whether a multi-valued first argument is taken value by value.
    pub each: bool,
    pub doc: &'static str,
    pub examples: &'static [Example],
    pub(crate) run: fn(&mut Call<'_, '_, '_>) -> Result<Value>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Function {
    /// The parameter that the argument at `index` is for.
    pub fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        let fixed = self.parameters.iter().take_while(|p| !p.repeats).count();
        let Some(beyond) = index.checked_sub(fixed) else { return self.parameters.get(index) };
        let repeated = self.parameters.iter().filter(|p| p.repeats).count();
        match beyond.checked_rem(repeated) {
            Some(offset) => self.parameters.get(fixed + offset),
            None => self.parameters.get(index),
        }
    }

    pub fn arguments_min(&self) -> usize {
        self.parameters.iter().rposition(|p| p.required).map_or(0, |last| last + 1)
    }

    /// `None`: any number.
    pub fn arguments_max(&self) -> Option<usize> {
        (!self.parameters.iter().any(|p| p.repeats)).then_some(self.parameters.len())
    }

    /// `Left(string, numChars)`
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|p| match (p.repeats, p.required) {
                (true, _) => format!("{}…", p.name),
                (false, true) => p.name.to_owned(),
                (false, false) => format!("[{}]", p.name),
            })
            .collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

pub(super) const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true, repeats: false }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: false, repeats: false }
}

pub(super) const fn repeated(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true, repeats: true }
}

pub(super) const fn example(
    expression: &'static str,
    source: &'static [(&'static str, &'static str)],
    result: &'static [&'static str],
) -> Example {
    Example { expression, source, result, varies: false }
}

pub(super) const fn varying(expression: &'static str, result: &'static [&'static str]) -> Example {
    Example { expression, source: &[], result, varies: true }
}

/// Every function, by topic.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().flat_map(|table| table.iter())
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| functions().map(|f| (f.name, f)).collect());

/// Names are case-sensitive.
pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// A function that somebody who wrote `name` may have meant.
pub fn similar(name: &str) -> Option<&'static str> {
    let same = functions().find(|f| f.name.eq_ignore_ascii_case(name));
    let near =
        || functions().map(|f| (distance(f.name, name), f)).filter(|(d, _)| *d <= 2).min_by_key(|(d, _)| *d);
    same.or_else(|| near().map(|(_, f)| f)).map(|f| f.name)
}

/// Edits between two names, letter case apart; names of unlike length are far apart.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let b: Vec<u8> = b.bytes().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, up) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != *y)).min(left + 1).min(up + 1);
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
