//! What a filter cannot match, seen from the bytes of a document before it is read. Reading is what a filter without an index
//! costs; most documents do not even hold the text that is looked for.
//!
//! It only ever says no where the evaluator would; the same property test holds it to that as holds the indexes.

use scim::attribute::{Attribute, AttributeType};
use scim::compare;
use scim::filter::{Filter, Literal, Operator};
use scim::schema::{Resolved, ResourceType};

/// What the text of every matching document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prefilter {
    /// Nothing that could be seen.
    Anything,
    /// This text, in lower case; it is ASCII and stands in JSON as it is.
    Text(String),
    /// A character beyond ASCII.
    Beyond,
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// Attributes that are not in the document.
const ELSEWHERE: [&str; 4] = ["id", "meta", "groups", "members"];

impl Prefilter {
    pub(crate) fn of(filter: &Filter, resource_type: &ResourceType) -> Self {
        match filter {
            Filter::And(parts) => Self::All(parts.iter().map(|part| Self::of(part, resource_type)).collect()),
            Filter::Or(parts) => Self::Any(parts.iter().map(|part| Self::of(part, resource_type)).collect()),
            Filter::Not(_) | Filter::Present(_) => Self::Anything,
            Filter::Compare(path, operator, literal) => match resource_type.resolve(path) {
                Some(resolved) if is_in_document(&resolved) => {
                    let leaf = resolved.leaf();
                    let attribute = if leaf.is_complex() { leaf.sub("value") } else { Some(leaf) };
                    attribute
                        .map_or(Self::Anything, |attribute| Self::compared(attribute, *operator, literal))
                }
                _ => Self::Anything,
            },
            Filter::ValuePath(path, inner) => match resource_type.resolve(path) {
                Some(resolved) if is_in_document(&resolved) => Self::selected(resolved.attribute, inner),
                _ => Self::Anything,
            },
        }
    }

    /// The inside of `[…]`.
    fn selected(attribute: &Attribute, inner: &Filter) -> Self {
        match inner {
            Filter::And(parts) => {
                Self::All(parts.iter().map(|part| Self::selected(attribute, part)).collect())
            }
            Filter::Or(parts) => {
                Self::Any(parts.iter().map(|part| Self::selected(attribute, part)).collect())
            }
            Filter::Compare(path, operator, literal) if attribute.is_complex() => {
                let sub = attribute.sub(&path.name);
                sub.map_or(Self::Anything, |sub| Self::compared(sub, *operator, literal))
            }
            _ => Self::Anything,
        }
    }

    fn compared(attribute: &Attribute, operator: Operator, literal: &Literal) -> Self {
        use {AttributeType as T, Operator as O};
        let Literal::String(text) = literal else { return Self::Anything };
        let is_text = matches!(attribute.kind, T::String | T::Reference | T::Binary);
        if !is_text || !matches!(operator, O::Eq | O::Co | O::Sw | O::Ew) {
            return Self::Anything;
        }
        let key = compare::key(text, attribute);
        // What JSON escapes looks different in the document.
        let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\') || b == b' ';
        match key.as_bytes() {
            [] => Self::Anything,
            bytes if bytes.iter().all(|b| is_plain(*b)) => Self::Text(key.to_ascii_lowercase()),
            // ASCII folds to ASCII.
            _ if !key.is_ascii() => Self::Beyond,
            _ => Self::Anything,
        }
    }

    /// Whether the filter cannot match the resource with this document. Characters beyond ASCII may fold to anything, so of a
    /// document that has one nothing is said.
    pub(crate) fn excludes(&self, document: &str) -> bool {
        *self != Self::Anything && document.is_ascii() && !self.admits(document.as_bytes())
    }

    fn admits(&self, document: &[u8]) -> bool {
        match self {
            Self::Anything => true,
            Self::Beyond => false,
            Self::Text(text) => contains(document, text.as_bytes()),
            Self::All(parts) => parts.iter().all(|part| part.admits(document)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(document)),
        }
    }
}

fn is_in_document(resolved: &Resolved<'_>) -> bool {
    resolved.extension.is_some() || !ELSEWHERE.contains(&resolved.attribute.name.as_str())
}

/// Whether `text`, which is in lower case, is in `document` in any case.
fn contains(document: &[u8], text: &[u8]) -> bool {
    let Some((&first, _)) = text.split_first() else { return true };
    let fold = if first.is_ascii_lowercase() { 0x20 } else { 0 };
    let mut rest = document;
    while let Some(at) = rest.iter().position(|byte| byte | fold == first) {
        let found = rest.get(at..).unwrap_or_default();
        if found.get(..text.len()).is_some_and(|found| found.eq_ignore_ascii_case(text)) {
            return true;
        }
        rest = found.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use scim::schema;
    use serde_json::{Value, json};

    use super::*;

    /// Never no where the evaluator says yes; and no where it is worth it.
    #[test]
    fn it_says_no_only_where_the_evaluator_does() {
        let documents = [
            json!({ "userName": "Mira", "title": "Site Engineer", "emails": [{ "value": "Mira@x.example", "type": "work" }] }),
            json!({ "userName": "jürgen", "title": "\"quoted\" \\ \n", "emails": [{ "value": "ſtraße@x.example" }] }),
            json!({ "userName": "k", "active": true, "title": "\u{212a}elvin" }),
            json!({ "userName": "none", "roles": [{ "value": "{\"id\":\"a\"}" }] }),
        ];
        let filters = [
            ("emails.value co \"MIRA@\"", true),
            ("emails co \"strasse\"", true),
            ("title eq \"kelvin\"", true),
            ("title co \"quoted\"", true),
            ("title co \"\\\"quoted\"", false),
            ("title co \"ü\"", true),
            ("title sw \"site eng\" and emails[type eq \"work\" and value co \"mira\"]", true),
            ("title ew \"x\" or emails[value co \"x.example\"]", true),
            ("title ew \"nowhere\" or not (title co \"site\")", false),
            ("title ne \"x\"", false),
            ("title pr", false),
            ("active eq \"True\"", false),
            ("roles.value co \"id\"", true),
            ("meta.resourceType eq \"User\"", false),
            ("id co \"0\"", false),
            ("title co \"\"", false),
        ];
        for (text, says_no) in filters {
            let filter = scim::filter::parse(text).unwrap();
            let prefilter = Prefilter::of(&filter, schema::user());
            let mut excluded = 0;
            for document in &documents {
                let resource = document.as_object().unwrap();
                let excludes = prefilter.excludes(&Value::from(resource.clone()).to_string());
                assert!(!(excludes && filter.matches(resource, schema::user())), "{text} {document}");
                excluded += usize::from(excludes);
            }
            assert_eq!(excluded > 0, says_no, "{text}");
        }
    }
}
