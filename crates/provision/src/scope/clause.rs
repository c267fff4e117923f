//! One clause of a scoping filter. Letter case counts; a source without a value fulfils nothing but IS NULL.

use serde::{Deserialize, Serialize};

use crate::alias::{ObjectKind, SourceAttributes};
use crate::expression::{Attributes, Pattern, Source, compile_pattern};
use crate::source::SourceObject;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeOperator {
    #[serde(rename = "EQUALS")]
    Equals,
    #[serde(rename = "NOT EQUALS")]
    NotEquals,
    #[serde(rename = "IS TRUE")]
    IsTrue,
    #[serde(rename = "IS FALSE")]
    IsFalse,
    #[serde(rename = "IS NULL")]
    IsNull,
    #[serde(rename = "IS NOT NULL")]
    IsNotNull,
    #[serde(rename = "REGEX MATCH")]
    RegexMatch,
    #[serde(rename = "NOT REGEX MATCH")]
    NotRegexMatch,
    #[serde(rename = "GREATER_THAN")]
    GreaterThan,
    #[serde(rename = "GREATER_THAN_OR_EQUALS")]
    GreaterThanOrEquals,
    #[serde(rename = "INCLUDES")]
    Includes,
    #[serde(rename = "ENDS_WITH")]
    EndsWith,
    #[serde(rename = "&")]
    BitAnd,
    #[serde(rename = "!&")]
    NotBitAnd,
}

/// The portal's name of each operator, further spellings (Graph stores free text), and whether it takes a value.
const OPERATORS: &[(ScopeOperator, &str, &[&str], bool)] = &[
    (ScopeOperator::Equals, "EQUALS", &[], true),
    (ScopeOperator::NotEquals, "NOT EQUALS", &[], true),
    (ScopeOperator::IsTrue, "IS TRUE", &[], false),
    (ScopeOperator::IsFalse, "IS FALSE", &[], false),
    (ScopeOperator::IsNull, "IS NULL", &[], false),
    (ScopeOperator::IsNotNull, "IS NOT NULL", &[], false),
    (ScopeOperator::RegexMatch, "REGEX MATCH", &["MATCHESEXPRESSION"], true),
    (ScopeOperator::NotRegexMatch, "NOT REGEX MATCH", &["NOTMATCHESEXPRESSION"], true),
    (ScopeOperator::GreaterThan, "GREATER_THAN", &[], true),
    (ScopeOperator::GreaterThanOrEquals, "GREATER_THAN_OR_EQUALS", &["EQUALORGREATERTHAN"], true),
    (ScopeOperator::Includes, "INCLUDES", &[], true),
    (ScopeOperator::EndsWith, "ENDS_WITH", &[], true),
    (ScopeOperator::BitAnd, "&", &["BITAND"], true),
    (ScopeOperator::NotBitAnd, "!&", &["NOTBITAND"], true),
];

impl ScopeOperator {
    pub fn all() -> impl Iterator<Item = Self> {
        OPERATORS.iter().map(|(operator, ..)| *operator)
    }

    fn row(self) -> Option<&'static (Self, &'static str, &'static [&'static str], bool)> {
        OPERATORS.iter().find(|(operator, ..)| *operator == self)
    }

    /// The portal's name.
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |(_, name, ..)| name)
    }

    pub fn is_regex(self) -> bool {
        matches!(self, Self::RegexMatch | Self::NotRegexMatch)
    }

    pub fn takes_value(self) -> bool {
        self.row().is_some_and(|(.., takes_value)| *takes_value)
    }

    /// From any spelling that the portal or Graph uses.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| !matches!(c, ' ' | '_')).map(|c| c.to_ascii_uppercase()).collect()
        };
        let wanted = letters(text);
        let found = OPERATORS
            .iter()
            .find(|(_, name, others, _)| letters(name) == wanted || others.contains(&wanted.as_str()));
        found.map(|(operator, ..)| *operator)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    pub attribute: String,
    pub operator: ScopeOperator,
    #[serde(default)]
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClauseResult {
    /// `{filter} {attribute} {operator} {value}`
    pub title: String,
    pub holds: bool,
    /// What the source says.
    pub detail: String,
}

impl Clause {
    /// What is wrong with it.
    pub fn problem(&self, kind: ObjectKind) -> Option<String> {
        let name = &self.attribute;
        let Some(attribute) = SourceAttributes(kind).attribute(name) else {
            return Some(format!("the source has no attribute {name}"));
        };
        if attribute.multi_valued || attribute.reference {
            return Some(format!(
                "{name} has several values or is a reference; filters compare single values"
            ));
        }
        if self.operator.takes_value() && self.value.is_empty() {
            return Some(format!("{name} {}: a value is needed", self.operator.as_str()));
        }
        match self.operator {
            operator if operator.is_regex() => compile_pattern(&self.value).err(),
            ScopeOperator::GreaterThan
            | ScopeOperator::GreaterThanOrEquals
            | ScopeOperator::BitAnd
            | ScopeOperator::NotBitAnd => number(&self.value).is_none().then(|| {
                format!("{name} {} takes a whole number, not \"{}\"", self.operator.as_str(), self.value)
            }),
            _ => None,
        }
    }

    pub(super) fn evaluate(
        &self,
        filter: &str,
        source: &SourceObject,
        pattern: Option<&Pattern>,
    ) -> ClauseResult {
        let value = source.value(&self.attribute);
        let text = match value.texts() {
            [text] if !text.is_empty() => Some(text.as_str()),
            _ => None,
        };
        let detail = match text {
            Some(text) => format!("{} is \"{text}\"", self.attribute),
            None => format!("{} has no single value", self.attribute),
        };
        let title = [filter, &self.attribute, self.operator.as_str(), &self.value].join(" ");
        let holds = match (self.operator, text) {
            (ScopeOperator::IsNull, _) => value.is_empty(),
            (ScopeOperator::IsNotNull, _) => !value.is_empty(),
            (_, None) => false,
            (_, Some(text)) => self.holds(text, pattern),
        };
        ClauseResult { title: title.trim_end().to_owned(), holds, detail }
    }

    fn holds(&self, text: &str, pattern: Option<&Pattern>) -> bool {
        let numbers = || Some((number(text)?, number(&self.value)?));
        match self.operator {
            ScopeOperator::Equals => text == self.value,
            ScopeOperator::NotEquals => text != self.value,
            ScopeOperator::IsTrue => text.eq_ignore_ascii_case("true"),
            ScopeOperator::IsFalse => text.eq_ignore_ascii_case("false"),
            // .NET's Regex.IsMatch: anywhere in the text; the pattern says ^ and $ if it means them.
            ScopeOperator::RegexMatch => pattern.is_some_and(|p| p.is_match(text)),
            ScopeOperator::NotRegexMatch => pattern.is_some_and(|p| !p.is_match(text)),
            ScopeOperator::GreaterThan => numbers().is_some_and(|(a, b)| a > b),
            ScopeOperator::GreaterThanOrEquals => numbers().is_some_and(|(a, b)| a >= b),
            ScopeOperator::Includes => text.contains(&self.value),
            ScopeOperator::EndsWith => text.ends_with(&self.value),
            ScopeOperator::BitAnd => numbers().is_some_and(|(a, b)| a & b != 0),
            ScopeOperator::NotBitAnd => numbers().is_some_and(|(a, b)| a & b == 0),
            ScopeOperator::IsNull | ScopeOperator::IsNotNull => false,
        }
    }
}

fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}
