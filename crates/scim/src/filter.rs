//! Filters (RFC 7644 §3.4.2.2): the tree, its parser and its printer. Evaluation is in [`eval`].

use std::fmt;

use crate::error::{Error, Result};
use crate::limits;
use crate::path::{AttributePath, shown};
use crate::quirk::Quirks;
use crate::schema::ResourceType;

pub mod eval;
mod parse;

/// A parsed filter. `And` and `Or` hold two or more parts. Inside a value path the paths are sub-attributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Compare(AttributePath, Operator, Literal),
    /// `pr`
    Present(AttributePath),
    /// `emails[type eq "work"]`: one element satisfies the whole inner filter. An inner `Compare(value …)` on a simple
    /// multi-valued attribute is about the element itself. A trailing sub-attribute (`emails[…].value eq "x"`, which
    /// Entra sends as a matching filter) is folded into the inner filter by the parser.
    ValuePath(AttributePath, Box<Filter>),
}

/// RFC 7644 §3.4.2.2, table 3
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// The right-hand side of a comparison (RFC 7159 literals).
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    String(String),
    Number(serde_json::Number),
    Boolean(bool),
    Null,
}

impl Operator {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// Parse a filter; bounded in length, depth and terms before any descent.
///
/// # Errors
/// `invalidFilter`, with the position and what was expected there.
pub fn parse(text: &str) -> Result<Filter> {
    parse::filter(text).map(|(filter, _)| filter)
}

/// Parse and validate a filter of `resource_type`; also the tolerated deviations it needs.
///
/// # Errors
/// `invalidFilter`, as [`parse`] and [`Filter::validate`].
pub fn read(text: &str, resource_type: &ResourceType) -> Result<(Filter, Quirks)> {
    let (filter, mut quirks) = parse::filter(text)?;
    eval::validate(&filter, resource_type, &mut quirks)?;
    Ok((filter, quirks))
}

/// Parse `[…]` at the start of `text`; gives what follows the closing bracket, and the tolerated deviations.
pub(crate) fn read_bracket(text: &str) -> Result<(Filter, &str, Quirks)> {
    parse::bracket(text)
}

impl Filter {
    /// Check that every attribute exists in `resource_type` and that each operator suits its type.
    ///
    /// # Errors
    /// `invalidFilter` naming the attribute. An unknown attribute is never dropped: that would widen the result.
    pub fn validate(&self, resource_type: &ResourceType) -> Result<()> {
        eval::validate(self, resource_type, &mut Quirks::default())
    }

    /// Whether `resource` (as it would be returned, with `id`, `meta`, `groups`, `members`) satisfies the filter.
    pub fn matches(&self, resource: &crate::Resource, resource_type: &ResourceType) -> bool {
        eval::matches(self, resource, resource_type)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                // A nested `or` always needs its parentheses; a nested `and` keeps its shape only with them.
                match part {
                    Filter::And(_) | Filter::Or(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::And(parts) => joined(f, parts, "and"),
            Self::Or(parts) => joined(f, parts, "or"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare(path, operator, literal) => write!(f, "{path} {} {literal}", operator.as_str()),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::ValuePath(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}

fn too_long(text: &str) -> Option<Error> {
    (text.len() > limits::FILTER_BYTES).then(|| {
        Error::invalid_filter(format!(
            "the filter is {} bytes long; at most {} are accepted (it starts \"{}\")",
            text.len(),
            limits::FILTER_BYTES,
            shown(text)
        ))
    })
}
