//! The expressions of attribute mappings: `Join(" ", [givenName], [surname])`.
//!
//! [`Program::new`] parses, checks and prepares an expression once; [`Program::evaluate`] runs it for an object, with a
//! bounded number of steps. The functions and what they mean are in [`registry`].

mod check;
mod date;
mod date_format;
mod diacritics;
mod evaluate;
mod functions;
mod lexer;
mod parser;
mod pattern;
mod reference;
pub mod registry;
mod tree;

use std::fmt;

use jiff::Timestamp;

use crate::limits;
use crate::value::Value;

pub use check::{Finding, Severity, check};
pub use date::{parse as parse_date, show as show_date};
pub use diacritics::normalize as normalize_diacritics;
pub use parser::parse;
pub(crate) use pattern::{Pattern, compile as compile_pattern};
pub use reference::reference;
pub use registry::{Function, Kind, Parameter, functions};
pub use tree::{Comparison, Expr, Node};

/// Where in the text of an expression something is; lines and columns start at 1, the offset counts characters from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    pub offset: usize,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with an expression, or why it has no result for an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Error {
    pub at: Position,
    pub message: String,
}

impl Error {
    pub fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of values a source attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceAttribute {
    pub multi_valued: bool,
    /// Its values are ids of other objects.
    pub reference: bool,
}

/// Which attributes an expression may name.
pub trait Attributes {
    fn attribute(&self, name: &str) -> Option<SourceAttribute>;
}

/// Any name will do; for tools that have no directory at hand.
#[derive(Debug, Clone, Copy)]
pub struct AnyAttribute;

impl Attributes for AnyAttribute {
    fn attribute(&self, _name: &str) -> Option<SourceAttribute> {
        Some(SourceAttribute::default())
    }
}

/// The object an expression is evaluated for.
pub trait Source {
    /// Null if the object has no value there.
    fn value(&self, name: &str) -> Value;
}

/// The same numbers for the same seed, so that a repeated evaluation gives a repeated result.
pub trait Entropy {
    fn next(&mut self) -> u64;
}

/// `SplitMix64`, seeded by the caller.
#[derive(Debug, Clone)]
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Everything besides the expression that a result depends on.
pub struct Environment<'a> {
    pub source: &'a dyn Source,
    pub now: Timestamp,
    pub entropy: &'a mut dyn Entropy,
    /// What `DefaultDomain()` gives.
    pub default_domain: Option<&'a str>,
    /// Whether the target already has that value, as far as the caller has found out; for `SelectUniqueValue`.
    pub taken: &'a dyn Fn(&str) -> bool,
    pub fuel: u64,
}

impl<'a> Environment<'a> {
    pub fn new(source: &'a dyn Source, now: Timestamp, entropy: &'a mut dyn Entropy) -> Self {
        Self { source, now, entropy, default_domain: None, taken: &|_| false, fuel: limits::FUEL }
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now)
            .field("fuel", &self.fuel)
            .finish_non_exhaustive()
    }
}

/// What an expression gives for an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    pub value: Value,
    /// `Redact`: the value flows, logs show `[Redact]`.
    pub redacted: bool,
    /// `IgnoreFlowIfNullOrEmpty`: the attribute is left out altogether, whatever else would send a null.
    pub ignored: bool,
    /// All results of `SelectUniqueValue`, in order; the value is the first that is not taken.
    pub candidates: Vec<String>,
    pub steps: u64,
}

/// An expression that may be evaluated.
#[derive(Debug, Clone)]
pub struct Program {
    root: Expr,
    patterns: pattern::Patterns,
    warnings: Vec<Finding>,
}

impl Program {
    /// # Errors
    /// Everything that is wrong with the expression, in the order of the text.
    pub fn new(text: &str, attributes: &dyn Attributes) -> Result<Self, Vec<Error>> {
        let root = parse(text).map_err(|error| vec![error])?;
        Self::of(root, attributes)
    }

    /// # Errors
    /// As [`Program::new`].
    pub fn of(root: Expr, attributes: &dyn Attributes) -> Result<Self, Vec<Error>> {
        let (errors, warnings): (Vec<_>, Vec<_>) =
            check(&root, attributes).into_iter().partition(|f| f.severity == Severity::Error);
        if errors.is_empty() {
            let patterns = pattern::Patterns::of(&root);
            Ok(Self { root, patterns, warnings })
        } else {
            Err(errors.into_iter().map(|finding| finding.error).collect())
        }
    }

    /// # Errors
    /// Why there is no result for this object; the object is held in escrow then.
    pub fn evaluate(&self, environment: &mut Environment<'_>) -> Result<Outcome> {
        evaluate::evaluate(&self.root, &self.patterns, environment)
    }

    pub fn root(&self) -> &Expr {
        &self.root
    }

    /// What is allowed but hardly meant.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// The function the expression is a call of.
    pub fn outermost(&self) -> Option<&str> {
        match &self.root.node {
            Node::Call(name, _) => Some(name),
            _ => None,
        }
    }

    /// The attributes it reads, each once, in the order of the text.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.visit(&mut |expr| {
            if let Node::Attribute(name) = &expr.node
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        });
        names
    }
}
