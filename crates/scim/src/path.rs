//! Attribute paths and value paths (RFC 7644 §3.5.2, §3.10): `name.givenName`, `emails[type eq "work"].value`,
//! `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value`.

use std::fmt;

use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::quirk::Quirks;

/// An attribute by name: optional schema URN, attribute name, optional sub-attribute. Spelling is kept as parsed;
/// comparison against definitions is case-insensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    pub schema: Option<String>,
    pub name: String,
    pub sub: Option<String>,
}

/// The `path` of a PATCH operation (RFC 7644 §3.5.2).
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPath {
    pub attribute: AttributePath,
    /// `[…]`: which elements of a multi-valued attribute. `attribute.sub` is then the sub-attribute behind the bracket.
    pub filter: Option<Filter>,
}

impl AttributePath {
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into(), sub: None }
    }

    /// Parse `[urn:]name[.sub]`. A URN alone (`urn:…:User`) is refused here; PATCH treats it before.
    pub fn parse(text: &str) -> Result<Self> {
        let (path, rest) = Self::parse_prefix(text)?;
        if rest.is_empty() { Ok(path) } else { Err(unexpected(text, rest)) }
    }

    /// Parse an attribute path at the start of `text`; gives what follows it.
    pub(crate) fn parse_prefix(text: &str) -> Result<(Self, &str)> {
        let (schema, rest) = split_urn(text);
        let (name, mut rest) = split_name(rest);
        if name.is_empty() {
            return Err(Error::invalid_path(format!("expected an attribute name at \"{}\"", shown(rest))));
        }
        let mut sub = None;
        if let Some(after_dot) = rest.strip_prefix('.') {
            let (name, after) = split_name(after_dot);
            if name.is_empty() {
                return Err(Error::invalid_path(format!(
                    "expected a sub-attribute name behind \"{}.\"",
                    shown(text)
                )));
            }
            sub = Some(name.to_owned());
            rest = after;
        }
        Ok((Self { schema: schema.map(str::to_owned), name: name.to_owned(), sub }, rest))
    }
}

impl PatchPath {
    /// Parse `attrPath / valuePath [subAttr]`.
    ///
    /// # Errors
    /// `invalidPath`
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map(|(path, _)| path)
    }

    /// The same; also the tolerated deviations it needs.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read(text: &str) -> Result<(Self, Quirks)> {
        if text.len() > crate::limits::FILTER_BYTES {
            return Err(Error::invalid_path(format!(
                "the path is {} bytes long; at most {} are accepted",
                text.len(),
                crate::limits::FILTER_BYTES
            )));
        }
        let (mut attribute, rest) = AttributePath::parse_prefix(text)?;
        if rest.is_empty() {
            return Ok((Self { attribute, filter: None }, Quirks::default()));
        }
        if !rest.starts_with('[') || attribute.sub.is_some() {
            return Err(unexpected(text, rest));
        }
        let (filter, rest, quirks) = crate::filter::read_bracket(rest)
            .map_err(|e| Error::invalid_path(format!("in the path \"{}\": {}", shown(text), e.detail)))?;
        if let Some(after_dot) = rest.strip_prefix('.') {
            let (name, after) = split_name(after_dot);
            if name.is_empty() || !after.is_empty() {
                return Err(unexpected(text, after_dot));
            }
            attribute.sub = Some(name.to_owned());
        } else if !rest.is_empty() {
            return Err(unexpected(text, rest));
        }
        Ok((Self { attribute, filter: Some(filter) }, quirks))
    }
}

/// A known URN is cut off at its end; an unknown one at its last colon before any `[`, ` ` or quote.
fn split_urn(text: &str) -> (Option<&str>, &str) {
    if let Some(urn) = crate::schema::known_urn_prefix(text) {
        let (head, tail) = text.split_at(urn.len());
        return match tail.strip_prefix(':') {
            Some(rest) => (Some(head), rest),
            None => (None, text),
        };
    }
    let is_urn = text.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("urn:"));
    let end = text.find(['[', ' ', '"', '(', ')', ']']).unwrap_or(text.len());
    match text[..end].rfind(':') {
        Some(colon) if is_urn => (Some(&text[..colon]), &text[colon + 1..]),
        _ => (None, text),
    }
}

/// RFC 7644 §3.5.2: `attributeName = ALPHA *(nameChar)`; `$ref` is the one name that starts otherwise.
fn split_name(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .find(|&(at, c)| {
            let head = c.is_ascii_alphabetic() || (c == '$' && at == 0);
            !(head || (at > 0 && (c.is_ascii_digit() || c == '-' || c == '_')))
        })
        .map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

fn unexpected(text: &str, rest: &str) -> Error {
    Error::invalid_path(format!(
        "\"{}\" is not an attribute path: unexpected \"{}\"",
        shown(text),
        shown(rest)
    ))
}

/// At most 80 characters of what a client sent, for an error message.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else { return self.attribute.fmt(f) };
        let AttributePath { schema, name, sub } = &self.attribute;
        AttributePath { schema: schema.clone(), name: name.clone(), sub: None }.fmt(f)?;
        write!(f, "[{filter}]")?;
        match sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
