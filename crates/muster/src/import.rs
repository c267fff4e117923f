//! Users and groups from a file: CSV, or a JSON object a line in the form of SCIM or of Microsoft Graph.
//!
//! A file is read twice and never held: first the objects, then what refers to others (managers, members), so that the order
//! of lines does not matter. What a line says is brought about, not repeated: a second run changes nothing.
//!
//! | to … | see |
//! |---|---|
//! | cut a file into lines | [`lines`], [`file`] |
//! | know what a name means | [`attribute`] |
//! | read a line | [`table`], [`object`] |
//! | bring it about | [`upsert`], [`reference`], [`run`] |
//! | count, and go on after a break | [`tally`], [`state`] |

pub(crate) mod attribute;
pub(crate) mod file;
pub(crate) mod lines;
pub(crate) mod object;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod upsert;

use directory::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What one line says of one object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Where it begins, counted from 1.
    pub(crate) line: u64,
    pub(crate) kind: Kind,
    /// Ours or another directory's.
    pub(crate) id: Option<String>,
    /// `userName`, a group's `displayName`
    pub(crate) name: Option<String>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) manager: Option<Manager>,
    pub(crate) members: Vec<String>,
}

/// One attribute; without a value it is taken away.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// What the file calls it.
    pub(crate) label: String,
    pub(crate) path: String,
    pub(crate) value: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Manager {
    Nobody,
    /// By userPrincipalName or id.
    Is(String),
}

/// Why a line, or a part of it, is not imported, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) attribute: String,
    pub(crate) error: String,
    pub(crate) hint: String,
    /// The user or group that was not found; in a preview it may be made by another line.
    #[serde(skip)]
    pub(crate) wanted: Option<String>,
}

impl Record {
    pub(crate) fn new(line: u64, kind: Kind) -> Self {
        Self { line, kind, id: None, name: None, settings: Vec::new(), manager: None, members: Vec::new() }
    }

    /// Whether there is something for the second reading.
    pub(crate) fn refers(&self) -> bool {
        self.manager.is_some() || !self.members.is_empty()
    }

    pub(crate) fn set(&mut self, label: &str, path: &str, value: Option<Value>) {
        let names_it = match self.kind {
            Kind::User => path.eq_ignore_ascii_case("userName"),
            Kind::Group => path.eq_ignore_ascii_case("displayName"),
        };
        if names_it {
            self.name = value.as_ref().and_then(Value::as_str).map(str::to_owned);
        }
        self.settings.push(Setting { label: label.to_owned(), path: path.to_owned(), value });
    }

    /// Whether an attribute is among the settings.
    pub(crate) fn sets(&self, path: &str) -> bool {
        self.settings.iter().any(|setting| setting.path.eq_ignore_ascii_case(path))
    }

    /// What the file calls the attribute that names the object.
    pub(crate) fn name_label(&self) -> &str {
        let path = if self.kind == Kind::User { "userName" } else { "displayName" };
        let setting = self.settings.iter().find(|setting| setting.path.eq_ignore_ascii_case(path));
        setting.map_or(path, |setting| &setting.label)
    }
}

impl Setting {
    /// As an operation of a PATCH (RFC 7644 §3.5.2).
    pub(crate) fn operation(&self) -> Value {
        match &self.value {
            Some(value) => json!({ "op": "replace", "path": self.path, "value": value }),
            None => json!({ "op": "remove", "path": self.path }),
        }
    }
}

impl Fault {
    pub(crate) fn new(line: u64, attribute: &str, error: impl Into<String>, hint: impl Into<String>) -> Self {
        let attribute = attribute.to_owned();
        Self { line, attribute, error: error.into(), hint: hint.into(), wanted: None }
    }
}

/// The member of an object by its case-insensitive name.
pub(crate) fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}
