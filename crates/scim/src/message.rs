//! Query messages: ListResponse (RFC 7644 §3.4.2), SearchRequest (§3.4.3), with RFC 9865 cursors.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::json;
use crate::sort::SortOrder;
use crate::urn;

/// A query as asked, from the URL or from a SearchRequest; nothing in it is validated yet but its types.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchRequest {
    pub attributes: Vec<String>,
    pub excluded_attributes: Vec<String>,
    pub filter: Option<String>,
    pub sort_by: Option<String>,
    pub sort_order: SortOrder,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
    /// RFC 9865: present and empty asks for the first page by cursor.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// From the body of `POST …/.search`.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`
    pub fn from_body(body: Value) -> Result<Self> {
        let Value::Object(body) = body else {
            return Err(Error::invalid_syntax(format!(
                "the body is {}; expected a SearchRequest",
                json::kind(&body)
            )));
        };
        let mut request = Self::default();
        for (name, value) in &body {
            if value.is_null() {
                continue;
            }
            match Parameter::named(name) {
                Some(Parameter::Attributes) => request.attributes = strings(name, value)?,
                Some(Parameter::ExcludedAttributes) => request.excluded_attributes = strings(name, value)?,
                Some(Parameter::StartIndex) => request.start_index = Some(number(name, value)?),
                Some(Parameter::Count) => request.count = Some(number(name, value)?),
                Some(parameter) => {
                    let Value::String(text) = value else {
                        return Err(wrong(name, "a string", json::kind(value)));
                    };
                    request.set(parameter, name, text)?;
                }
                None => check_schemas(name, value)?,
            }
        }
        Ok(request)
    }

    /// From decoded query parameters; unknown ones are ignored (Entra appends `aadOptscim062020`), repeated ones refused.
    ///
    /// # Errors
    /// `invalidValue`
    pub fn from_query<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut request = Self::default();
        let mut seen = Vec::new();
        for (name, value) in parameters {
            let Some(parameter) = Parameter::named(name) else { continue };
            if seen.contains(&parameter) {
                return Err(Error::invalid_value(format!("the query parameter {name} is given twice")));
            }
            seen.push(parameter);
            request.set(parameter, name, value)?;
        }
        Ok(request)
    }

    fn set(&mut self, parameter: Parameter, name: &str, value: &str) -> Result<()> {
        let list = || value.split(',').map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect();
        match parameter {
            Parameter::Attributes => self.attributes = list(),
            Parameter::ExcludedAttributes => self.excluded_attributes = list(),
            Parameter::Filter => self.filter = Some(value.to_owned()).filter(|v| !v.trim().is_empty()),
            Parameter::SortBy => self.sort_by = Some(value.to_owned()).filter(|v| !v.trim().is_empty()),
            Parameter::SortOrder => self.sort_order = sort_order(name, value)?,
            Parameter::StartIndex => self.start_index = Some(parsed(name, value)?),
            Parameter::Count => self.count = Some(parsed(name, value)?),
            Parameter::Cursor => self.cursor = Some(value.to_owned()),
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Attributes,
    ExcludedAttributes,
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
}

impl Parameter {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Parameter); 8] = [
            ("attributes", Parameter::Attributes),
            ("excludedAttributes", Parameter::ExcludedAttributes),
            ("filter", Parameter::Filter),
            ("sortBy", Parameter::SortBy),
            ("sortOrder", Parameter::SortOrder),
            ("startIndex", Parameter::StartIndex),
            ("count", Parameter::Count),
            ("cursor", Parameter::Cursor),
        ];
        NAMES.into_iter().find_map(|(known, parameter)| known.eq_ignore_ascii_case(name).then_some(parameter))
    }
}

/// RFC 7644 §3.4.3: the message names itself; a body without `schemas` is taken as meant.
fn check_schemas(name: &str, value: &Value) -> Result<()> {
    let named = name.eq_ignore_ascii_case("schemas");
    if named && !strings(name, value)?.iter().any(|s| s.eq_ignore_ascii_case(urn::SEARCH_REQUEST)) {
        return Err(Error::invalid_syntax(format!("schemas must list {}", urn::SEARCH_REQUEST)));
    }
    Ok(())
}

fn wrong(name: &str, expected: &str, found: &str) -> Error {
    Error::invalid_value(format!("{name} must be {expected}, not {found}"))
}

fn sort_order(name: &str, value: &str) -> Result<SortOrder> {
    match value {
        v if v.eq_ignore_ascii_case("ascending") => Ok(SortOrder::Ascending),
        v if v.eq_ignore_ascii_case("descending") => Ok(SortOrder::Descending),
        v => Err(wrong(name, "ascending or descending", &format!("\"{}\"", crate::path::shown(v)))),
    }
}

fn parsed(name: &str, value: &str) -> Result<i64> {
    value.parse().map_err(|_| wrong(name, "a whole number", &format!("\"{}\"", crate::path::shown(value))))
}

fn number(name: &str, value: &Value) -> Result<i64> {
    match value {
        Value::Number(n) => n.as_i64().ok_or_else(|| wrong(name, "a whole number", &n.to_string())),
        Value::String(text) => parsed(name, text),
        other => Err(wrong(name, "a whole number", json::kind(other))),
    }
}

fn strings(name: &str, value: &Value) -> Result<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(wrong(name, "a list of strings", json::kind(other))),
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        other => one(other).map(|text| vec![text]),
    }
}

/// One page of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListResponse {
    pub total_results: u64,
    /// `None` when paged by cursor.
    pub start_index: Option<u64>,
    pub resources: Vec<crate::Resource>,
    pub next_cursor: Option<String>,
    pub previous_cursor: Option<String>,
}

impl ListResponse {
    pub fn into_body(self) -> Value {
        let mut body = json!({
            "schemas": [urn::LIST_RESPONSE],
            "totalResults": self.total_results,
            "itemsPerPage": self.resources.len(),
        });
        if let Some(start_index) = self.start_index {
            body["startIndex"] = start_index.into();
        }
        if let Some(cursor) = self.previous_cursor {
            body["previousCursor"] = cursor.into();
        }
        if let Some(cursor) = self.next_cursor {
            body["nextCursor"] = cursor.into();
        }
        body["Resources"] = self.resources.into_iter().map(Value::Object).collect();
        body
    }
}
