//! OData query options: those that an endpoint has, each once; any other is refused by name, so that nothing is answered
//! that was not asked.

use serde_json::{Map, Value};

use super::filter::{self, Filter};
use super::reply::Failure;
use crate::scim::parameters::Parameters;

/// Rows of a page unless `$top` says otherwise.
const PAGE_DEFAULT: usize = 100;
/// Rows of a page at most, as Graph has it.
const PAGE_MAX: usize = 999;
/// Properties that `$select` may name.
const SELECTED_MAX: usize = 128;

pub(crate) const NONE: &[&str] = &[];
/// Where nothing is, no option is looked at: the answer is that nothing is there.
pub(crate) const ANY: &[&str] = &["*"];
pub(crate) const SELECT: &[&str] = &["$select"];
pub(crate) const LIST: &[&str] = &["$filter", "$top", "$select", "$skiptoken", "$count"];
pub(crate) const QUERY: &[&str] = &["$filter", "$top", "$select", "$skiptoken", "$count", "$orderby"];
pub(crate) const LOGS: &[&str] = &["$filter", "$top", "$skiptoken", "$orderby", "$select"];
pub(crate) const DELTA: &[&str] = &["$select", "$top", "$skiptoken", "$deltatoken"];
pub(crate) const MEMBERS: &[&str] = &["$select", "$top", "$skiptoken"];

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) top: Option<usize>,
    /// Empty: what is shown by default.
    pub(crate) select: Vec<String>,
    pub(crate) filter: Option<Filter>,
    pub(crate) filter_text: Option<String>,
    pub(crate) order_by: Option<(String, bool)>,
    pub(crate) skip_token: Option<String>,
    pub(crate) delta_token: Option<String>,
    pub(crate) count: bool,
}

impl Options {
    pub(crate) fn read(parameters: &Parameters, known: &[&'static str]) -> Result<Self, Failure> {
        let mut options = Self::default();
        if known == ANY {
            return Ok(options);
        }
        for (name, value) in parameters.iter() {
            let Some(name) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
                let there_are = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::bad(format!(
                    "the query option \"{shown}\" is not supported here; there are: {there_are}"
                )));
            };
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        match name {
            "$top" => {
                let top = value.trim().parse::<usize>().ok().filter(|top| (1..=PAGE_MAX).contains(top));
                let wrong = || Failure::bad(format!("$top is a number from 1 to {PAGE_MAX}"));
                self.top = Some(top.ok_or_else(wrong)?);
            }
            "$select" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.select = names.map(str::to_owned).collect();
                if self.select.len() > SELECTED_MAX {
                    return Err(Failure::bad(format!("$select names more than {SELECTED_MAX} properties")));
                }
            }
            "$filter" => {
                self.filter = Some(filter::parse(value)?);
                self.filter_text = Some(value.to_owned());
            }
            "$orderby" => self.order_by = Some(order(value)?),
            "$count" => {
                self.count = match value.trim() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(Failure::bad("$count is true or false")),
                }
            }
            "$skiptoken" => self.skip_token = Some(value.to_owned()),
            _ => self.delta_token = Some(value.to_owned()),
        }
        Ok(())
    }

    pub(crate) fn page(&self) -> usize {
        self.top.unwrap_or(PAGE_DEFAULT)
    }

    /// What a token is bound to: the list, and what was asked of it.
    pub(crate) fn about(&self, list: &str) -> String {
        let order = self.order_by.as_ref().map(|(path, descending)| format!("{path} {descending}"));
        format!("{list}\n{}\n{}", self.filter_text.as_deref().unwrap_or_default(), order.unwrap_or_default())
    }

    /// The query of a link to another page: everything that was asked, with this token.
    pub(crate) fn query_with(&self, token_name: &str, token: &str) -> String {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: &str| {
            pairs.push(format!(
                "{name}={}",
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)
            ));
        };
        if let Some(filter) = &self.filter_text {
            add("$filter", filter);
        }
        if !self.select.is_empty() {
            add("$select", &self.select.join(","));
        }
        if let Some((path, descending)) = &self.order_by {
            add("$orderby", &format!("{path} {}", if *descending { "desc" } else { "asc" }));
        }
        if let Some(top) = self.top {
            add("$top", &top.to_string());
        }
        if self.count {
            add("$count", "true");
        }
        add(token_name, token);
        pairs.join("&")
    }

    /// The object with the properties that were selected; `id` and what OData adds always stay.
    ///
    /// # Errors
    /// A property that `known` has not.
    pub(crate) fn selected(&self, object: Value, known: &[&str]) -> Result<Value, Failure> {
        let Value::Object(object) = object else { return Ok(object) };
        if self.select.is_empty() {
            return Ok(Value::Object(object));
        }
        self.check_selected(|name| {
            known.iter().any(|known| known.eq_ignore_ascii_case(name))
                || object.keys().any(|key| key.eq_ignore_ascii_case(name))
        })?;
        let wanted = |key: &str| {
            key == "id" || key.starts_with('@') || self.select.iter().any(|s| s.eq_ignore_ascii_case(key))
        };
        let kept: Map<String, Value> = object.into_iter().filter(|(key, _)| wanted(key)).collect();
        Ok(Value::Object(kept))
    }

    pub(crate) fn check_selected(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Failure> {
        match self.select.iter().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(unknown) => {
                let shown: String = unknown.chars().take(60).collect();
                Err(Failure::bad(format!("$select: there is no property \"{shown}\" here")))
            }
        }
    }
}

fn order(text: &str) -> Result<(String, bool), Failure> {
    let mut words = text.split_whitespace();
    let wrong = || Failure::bad("$orderby is one property, with asc or desc behind it");
    let path = words.next().ok_or_else(wrong)?;
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(wrong()),
    };
    if words.next().is_some() || path.contains(',') {
        return Err(wrong());
    }
    Ok((path.to_owned(), descending))
}
