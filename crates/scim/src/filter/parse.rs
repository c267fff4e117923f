//! The filter parser: recursive descent; length, depth and terms are counted before each descent, so that no input can
//! exhaust the stack.

use super::{Filter, Literal, Operator, too_long};
use crate::error::{Error, Result};
use crate::limits;
use crate::path::{AttributePath, shown};
use crate::quirk::{Quirk, Quirks};

pub(super) fn filter(text: &str) -> Result<(Filter, Quirks)> {
    let mut parser = Parser::new(text)?;
    let filter = parser.disjunction()?;
    parser.skip_spaces();
    if parser.rest.is_empty() {
        Ok((filter, parser.quirks))
    } else {
        Err(parser.expected("`and`, `or` or the end"))
    }
}

/// `[…]` at the start of `text`, and what follows it.
pub(super) fn bracket(text: &str) -> Result<(Filter, &str, Quirks)> {
    let mut parser = Parser::new(text)?;
    let filter = parser.bracket()?;
    Ok((filter, parser.rest, parser.quirks))
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
    terms: usize,
    in_bracket: bool,
    quirks: Quirks,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self> {
        match too_long(text) {
            Some(error) => Err(error),
            None => Ok(Self {
                text,
                rest: text,
                depth: 0,
                terms: 0,
                in_bracket: false,
                quirks: Quirks::default(),
            }),
        }
    }

    fn expected(&self, what: &str) -> Error {
        let at = self.text.len() - self.rest.len();
        let found =
            if self.rest.is_empty() { "the end".to_owned() } else { format!("\"{}\"", shown(self.rest)) };
        Error::invalid_filter(format!("at position {}: expected {what}, found {found}", at + 1))
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Consume a keyword that is followed by something that cannot continue a word.
    fn keyword(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let after = &self.rest[word.len()..];
        let ends = !after
            .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '$'));
        if head.eq_ignore_ascii_case(word) && ends {
            self.rest = after;
            return true;
        }
        false
    }

    fn symbol(&mut self, symbol: char) -> bool {
        self.skip_spaces();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn descend<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == limits::FILTER_DEPTH {
            return Err(Error::invalid_filter(format!(
                "the filter is nested deeper than {} levels",
                limits::FILTER_DEPTH
            )));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn disjunction(&mut self) -> Result<Filter> {
        let mut parts = vec![self.conjunction()?];
        while self.keyword("or") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn conjunction(&mut self) -> Result<Filter> {
        let mut parts = vec![self.term()?];
        while self.keyword("and") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn term(&mut self) -> Result<Filter> {
        if self.symbol('(') {
            return self.descend(Self::group);
        }
        let before = self.rest;
        if self.keyword("not") {
            if self.symbol('(') {
                return Ok(Filter::Not(Box::new(self.descend(Self::group)?)));
            }
            // An attribute may be called `not`.
            self.rest = before;
        }
        self.expression()
    }

    fn group(&mut self) -> Result<Filter> {
        let filter = self.disjunction()?;
        if self.symbol(')') { Ok(filter) } else { Err(self.expected("`)`")) }
    }

    fn expression(&mut self) -> Result<Filter> {
        self.terms += 1;
        if self.terms > limits::FILTER_TERMS {
            return Err(Error::invalid_filter(format!(
                "the filter has more than {} terms",
                limits::FILTER_TERMS
            )));
        }
        self.skip_spaces();
        if !self.rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') {
            return Err(self.expected("an attribute name"));
        }
        let (path, rest) =
            AttributePath::parse_prefix(self.rest).map_err(|e| Error::invalid_filter(e.detail))?;
        self.rest = rest;
        if self.rest.starts_with('[') {
            return self.value_path(path);
        }
        self.comparison(path)
    }

    fn value_path(&mut self, path: AttributePath) -> Result<Filter> {
        if self.in_bracket {
            return Err(self.expected("no `[` inside `[…]`"));
        }
        if path.sub.is_some() {
            return Err(self.expected("an operator; `[…]` follows an attribute, not a sub-attribute"));
        }
        let inner = self.bracket()?;
        // Entra sends `emails[type eq "work"].value eq "x"`: one element satisfies both.
        let Some(rest) = self.rest.strip_prefix('.') else {
            return Ok(Filter::ValuePath(path, Box::new(inner)));
        };
        self.rest = rest;
        let (sub, rest) =
            AttributePath::parse_prefix(self.rest).map_err(|e| Error::invalid_filter(e.detail))?;
        if sub.schema.is_some() || sub.sub.is_some() {
            return Err(self.expected("a sub-attribute name"));
        }
        self.rest = rest;
        let outer = self.comparison(sub)?;
        let mut parts = match inner {
            Filter::And(parts) => parts,
            other => vec![other],
        };
        parts.push(outer);
        Ok(Filter::ValuePath(path, Box::new(Filter::And(parts))))
    }

    fn bracket(&mut self) -> Result<Filter> {
        if !self.symbol('[') {
            return Err(self.expected("`[`"));
        }
        self.in_bracket = true;
        let filter = self.descend(Self::disjunction)?;
        self.in_bracket = false;
        if self.symbol(']') { Ok(filter) } else { Err(self.expected("`]`")) }
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Filter> {
        if self.keyword("pr") {
            return Ok(Filter::Present(path));
        }
        const OPERATORS: [Operator; 9] = [
            Operator::Eq,
            Operator::Ne,
            Operator::Co,
            Operator::Sw,
            Operator::Ew,
            Operator::Gt,
            Operator::Ge,
            Operator::Lt,
            Operator::Le,
        ];
        let Some(operator) = OPERATORS.into_iter().find(|o| self.keyword(o.as_str())) else {
            return Err(self.expected(&format!(
                "one of eq, ne, co, sw, ew, gt, ge, lt, le, pr behind \"{}\"",
                shown(&path.to_string())
            )));
        };
        let literal = self.literal()?;
        Ok(Filter::Compare(path, operator, literal))
    }

    fn literal(&mut self) -> Result<Literal> {
        self.skip_spaces();
        if self.rest.starts_with('"') {
            return self.string();
        }
        let end = self.rest.find([' ', '\t', ')', ']', '(', '[', '"']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() || word.chars().any(char::is_control) {
            return Err(self.expected("a value"));
        }
        self.rest = rest;
        Ok(match word {
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            "null" => Literal::Null,
            _ => match serde_json::from_str(word) {
                Ok(number) => Literal::Number(number),
                // Microsoft's documentation shows `externalId eq jyoung`.
                Err(_) => {
                    self.quirks.note(Quirk::UnquotedFilter);
                    Literal::String(word.to_owned())
                }
            },
        })
    }

    fn string(&mut self) -> Result<Literal> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(at, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes.then_some(at + 1)
        });
        let Some(end) = end else { return Err(self.expected("a closing quote for the string")) };
        let (quoted, rest) = self.rest.split_at(end);
        match serde_json::from_str::<String>(quoted) {
            Ok(text) if !text.contains('\0') => {
                self.rest = rest;
                Ok(Literal::String(text))
            }
            _ => Err(self.expected("a JSON string (\\\" and \\\\ are escapes)")),
        }
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
