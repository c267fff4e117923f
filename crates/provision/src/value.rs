//! A value on its way from source to target: nothing, a text, or several texts.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Entra's engine knows texts only: booleans are `True` and `False`, numbers and dates are written out, a missing
/// attribute is null, a multi-valued attribute is a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    #[default]
    Null,
    Text(String),
    List(Vec<String>),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn boolean(value: bool) -> Self {
        Self::text(boolean_text(value))
    }

    /// A list that holds something; null otherwise.
    pub fn list(texts: Vec<String>) -> Self {
        if texts.is_empty() { Self::Null } else { Self::List(texts) }
    }

    /// Null, `""` and a list without a text in it flow alike: not at all.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(texts) => texts.iter().all(String::is_empty),
        }
    }

    pub fn texts(&self) -> &[String] {
        match self {
            Self::Null => &[],
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }

    pub fn bytes(&self) -> usize {
        self.texts().iter().map(String::len).sum()
    }

    /// What a SCIM value is to the engine. Of a complex value counts its `value`; one without is its JSON text, as
    /// Entra writes app roles.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Array(items) => Self::list(items.iter().filter_map(text_of).collect()),
            one => text_of(one).map_or(Self::Null, Self::Text),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

pub(crate) fn boolean_text(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(boolean_text(*value).into()),
        Json::Number(number) => Some(number.to_string()),
        Json::Object(object) => match object.get("value") {
            Some(inner) => text_of(inner),
            None => Some(json.to_string()),
        },
        Json::Array(_) => Some(json.to_string()),
    }
}
