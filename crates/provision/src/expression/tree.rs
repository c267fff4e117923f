//! The tree of an expression, and its printer: parsing what is printed gives the same tree.

use std::fmt;

use super::Position;

/// A node and where it begins; two expressions are equal if their nodes are, wherever they stand.
#[derive(Debug, Clone)]
pub struct Expr {
    pub node: Node,
    pub at: Position,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `Name(…)`; an empty slot is an argument left out.
    Call(String, Vec<Option<Expr>>),
    /// `[name]`
    Attribute(String),
    Text(String),
    Number(i64),
    /// `&HF`
    Hex(u64),
    /// A bare word: `vbTextCompare`
    Word(String),
    Compare(Comparison, Box<Expr>, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Expr {
    pub fn new(node: Node) -> Self {
        Self { node, at: Position::default() }
    }

    /// Each node, outer before inner.
    pub fn visit<'e>(&'e self, seen: &mut dyn FnMut(&'e Expr)) {
        seen(self);
        match &self.node {
            Node::Call(_, arguments) => arguments.iter().flatten().for_each(|a| a.visit(seen)),
            Node::Compare(_, left, right) => {
                left.visit(seen);
                right.visit(seen);
            }
            Node::Attribute(_) | Node::Text(_) | Node::Number(_) | Node::Hex(_) | Node::Word(_) => {}
        }
    }

    /// The text of a constant, as it stands in the expression.
    pub fn constant(&self) -> Option<String> {
        match &self.node {
            Node::Text(text) | Node::Word(text) => Some(text.clone()),
            Node::Number(number) => Some(number.to_string()),
            Node::Hex(number) => Some(number.to_string()),
            Node::Call(..) | Node::Attribute(_) | Node::Compare(..) => None,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Call(name, arguments) => {
                write!(f, "{name}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        argument.fmt(f)?;
                    }
                }
                f.write_str(")")
            }
            Node::Attribute(name) => write!(f, "[{name}]"),
            Node::Text(text) => quoted(text, f),
            Node::Number(number) => number.fmt(f),
            Node::Hex(number) => write!(f, "&H{number:X}"),
            Node::Word(word) => f.write_str(word),
            Node::Compare(comparison, left, right) => write!(f, "{left} {} {right}", comparison.as_str()),
        }
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
