//! The attributes a target knows: names, types, and how a value of the engine becomes JSON and compares with what is there.

use scim::compare;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::alias::ObjectKind;
use crate::expression;
use crate::limits;
use crate::target_path::TargetPath;
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TargetType {
    #[default]
    String,
    Integer,
    Reference,
    Binary,
    Boolean,
    DateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TargetMutability {
    #[default]
    ReadWrite,
    ReadOnly,
    Immutable,
    WriteOnly,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TargetAttribute {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: TargetType,
    pub multi_valued: bool,
    pub required: bool,
    pub case_exact: bool,
    /// The primary key: `id`. Nothing is mapped to it.
    pub anchor: bool,
    pub mutability: TargetMutability,
    /// Whether a source without a value clears the target's.
    pub flow_null_values: bool,
    pub default_value: Option<String>,
    /// `User`, `Group`: whose ids its values are.
    pub referenced: Vec<String>,
    /// Added by an administrator.
    pub custom: bool,
}

impl Default for TargetAttribute {
    fn default() -> Self {
        Self::new("", TargetType::String)
    }
}

impl TargetAttribute {
    pub fn new(name: impl Into<String>, kind: TargetType) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            anchor: false,
            mutability: TargetMutability::ReadWrite,
            flow_null_values: false,
            default_value: None,
            referenced: Vec::new(),
            custom: false,
        }
    }

    /// The members of a group, which travel as additions and removals and never as a value.
    pub fn is_members(&self) -> bool {
        self.kind == TargetType::Reference && self.multi_valued
    }

    /// A value as JSON of this type.
    ///
    /// # Errors
    /// Why it cannot be one, naming the attribute.
    pub fn to_json(&self, value: &Value) -> Result<Json, String> {
        let texts = value.texts();
        if self.multi_valued {
            return texts
                .iter()
                .map(|text| self.element(text))
                .collect::<Result<Vec<Json>, String>>()
                .map(Json::Array);
        }
        match texts {
            [] => Ok(Json::Null),
            [one] => self.scalar(one),
            several => Err(format!(
                "{} takes one value and {} are there; use Item or Join",
                self.name,
                several.len()
            )),
        }
    }

    /// An element of a multi-valued attribute: a JSON object as app roles are, `{"value"}` of a complex core
    /// attribute, or the plain value.
    fn element(&self, text: &str) -> Result<Json, String> {
        if text.starts_with('{')
            && let Ok(object @ Json::Object(_)) = serde_json::from_str::<Json>(text)
        {
            return Ok(object);
        }
        let path = TargetPath::parse(&self.name)?;
        let complex = path.schema.is_none()
            && path.sub.is_none()
            && scim::schema::user().core(&path.name).is_some_and(scim::attribute::Attribute::is_complex);
        let value = self.scalar(text)?;
        Ok(if complex { json!({ "value": value }) } else { value })
    }

    fn scalar(&self, text: &str) -> Result<Json, String> {
        let wrong = |what: &str| {
            let shown: String = text.chars().take(80).collect();
            Err(format!("{} is {what}, and \"{shown}\" is none", self.name))
        };
        match self.kind {
            TargetType::String | TargetType::Binary | TargetType::Reference => Ok(text.into()),
            TargetType::Boolean => match compare::boolean(&text.into()) {
                Some(value) => Ok(value.into()),
                None => wrong("true or false"),
            },
            TargetType::Integer => match text.trim().parse::<i64>() {
                Ok(number) => Ok(number.into()),
                Err(_) => wrong("a whole number"),
            },
            TargetType::DateTime => match expression::parse_date(text) {
                // RFC 7643 §2.3.5: xsd:dateTime
                Some(at) => Ok(at.to_string().into()),
                None => wrong("a date"),
            },
        }
    }

    /// Whether the target's value is the wanted one already: letter case counts only with `caseExact`, several values have
    /// no order, a reference is its id.
    pub fn is_same(&self, current: &Json, wanted: &Json) -> bool {
        if self.multi_valued {
            let keys = |json: &Json| {
                let mut keys: Vec<String> =
                    Value::from_json(json).texts().iter().map(|t| self.key(t)).collect();
                keys.sort_unstable();
                keys.dedup();
                keys
            };
            return keys(current) == keys(wanted);
        }
        match (Value::from_json(current), Value::from_json(wanted)) {
            (Value::Text(a), Value::Text(b)) => self.key(&a) == self.key(&b),
            (a, b) => a == b,
        }
    }

    /// What two values that count as equal have in common.
    pub(crate) fn key(&self, text: &str) -> String {
        match self.kind {
            TargetType::Boolean => {
                compare::boolean(&text.into()).map_or_else(|| text.to_owned(), |value| value.to_string())
            }
            TargetType::Integer => {
                text.trim().parse::<i64>().map_or_else(|_| text.to_owned(), |number| number.to_string())
            }
            TargetType::DateTime => {
                expression::parse_date(text).map_or_else(|| text.to_owned(), |at| at.to_string())
            }
            TargetType::Reference | TargetType::Binary => text.to_owned(),
            TargetType::String if self.case_exact => text.to_owned(),
            TargetType::String => compare::fold(text),
        }
    }
}

/// The attributes of one kind of target object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSchema {
    pub kind: ObjectKind,
    /// In Graph's schema the name of the object: a URN.
    pub object_name: String,
    pub attributes: Vec<TargetAttribute>,
}

macro_rules! enterprise {
    ($name:literal) => {
        concat!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", $name)
    };
}

const USER_TEXTS: &[&str] = &[
    "externalId",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "name.formatted",
    "name.familyName",
    "name.givenName",
    "name.middleName",
    "name.honorificPrefix",
    "name.honorificSuffix",
    "emails[type eq \"work\"].value",
    "emails[type eq \"home\"].value",
    "emails[type eq \"other\"].value",
    "addresses[type eq \"work\"].formatted",
    "addresses[type eq \"work\"].streetAddress",
    "addresses[type eq \"work\"].locality",
    "addresses[type eq \"work\"].region",
    "addresses[type eq \"work\"].postalCode",
    "addresses[type eq \"work\"].country",
    "addresses[type eq \"other\"].formatted",
    "phoneNumbers[type eq \"work\"].value",
    "phoneNumbers[type eq \"mobile\"].value",
    "phoneNumbers[type eq \"fax\"].value",
    "phoneNumbers[type eq \"home\"].value",
    "phoneNumbers[type eq \"other\"].value",
    "phoneNumbers[type eq \"pager\"].value",
    "roles[primary eq \"True\"].display",
    "roles[primary eq \"True\"].type",
    "roles[primary eq \"True\"].value",
    enterprise!("employeeNumber"),
    enterprise!("costCenter"),
    enterprise!("organization"),
    enterprise!("division"),
    enterprise!("department"),
];

const USER_FLAGS: &[&str] = &[
    "active",
    "emails[type eq \"work\"].primary",
    "addresses[type eq \"work\"].primary",
    "phoneNumbers[type eq \"work\"].primary",
];

impl TargetSchema {
    /// What a SCIM application without a template of its own knows.
    pub fn users() -> Self {
        use TargetType as T;
        let mut attributes = vec![
            TargetAttribute {
                anchor: true,
                case_exact: true,
                mutability: TargetMutability::ReadOnly,
                required: true,
                ..TargetAttribute::new("id", T::String)
            },
            TargetAttribute { required: true, ..TargetAttribute::new("userName", T::String) },
        ];
        attributes.extend(USER_FLAGS.iter().map(|name| TargetAttribute::new(*name, T::Boolean)));
        attributes.extend(USER_TEXTS.iter().map(|name| TargetAttribute::new(*name, T::String)));
        attributes.push(TargetAttribute { multi_valued: true, ..TargetAttribute::new("roles", T::String) });
        attributes.push(TargetAttribute {
            referenced: vec!["User".into()],
            ..TargetAttribute::new(enterprise!("manager"), T::Reference)
        });
        Self { kind: ObjectKind::User, object_name: scim::urn::ENTERPRISE_USER.into(), attributes }
    }

    pub fn groups() -> Self {
        use TargetType as T;
        let attributes = vec![
            TargetAttribute {
                anchor: true,
                case_exact: true,
                mutability: TargetMutability::ReadOnly,
                required: true,
                ..TargetAttribute::new("id", T::String)
            },
            TargetAttribute { required: true, ..TargetAttribute::new("displayName", T::String) },
            TargetAttribute::new("externalId", T::String),
            TargetAttribute {
                multi_valued: true,
                referenced: vec!["User".into(), "Group".into()],
                ..TargetAttribute::new("members", T::Reference)
            },
        ];
        Self { kind: ObjectKind::Group, object_name: scim::urn::GROUP.into(), attributes }
    }

    pub fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::User => Self::users(),
            ObjectKind::Group => Self::groups(),
        }
    }

    /// By name, in any letter case, as SCIM has it.
    pub fn find(&self, name: &str) -> Option<&TargetAttribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// Add a custom attribute.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn add(&mut self, attribute: TargetAttribute) -> Result<(), String> {
        if self.find(&attribute.name).is_some() {
            return Err(format!("the target has an attribute {} already", attribute.name));
        }
        self.attributes.push(TargetAttribute { custom: true, ..attribute });
        match self.problems().into_iter().next() {
            Some(problem) => {
                self.attributes.pop();
                Err(problem)
            }
            None => Ok(()),
        }
    }

    /// What is wrong with the list as a whole.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.attributes.len() > limits::TARGET_ATTRIBUTES {
            problems.push(format!("there are more than {} attributes", limits::TARGET_ATTRIBUTES));
            return problems;
        }
        if self.attributes.iter().filter(|a| a.anchor).count() != 1 {
            problems.push("exactly one attribute is the primary key".into());
        }
        let mut seen = std::collections::HashSet::new();
        for attribute in &self.attributes {
            if !seen.insert(attribute.name.to_ascii_lowercase()) {
                problems.push(format!("{} is there twice", attribute.name));
            }
            match TargetPath::parse(&attribute.name) {
                Err(why) => problems.push(why),
                Ok(path) if path.is_selecting() && path.sub.is_none() => problems.push(format!(
                    "{}: say which sub-attribute, as in {}.value",
                    attribute.name, attribute.name
                )),
                Ok(path) if path.is_selecting() && attribute.multi_valued => {
                    problems
                        .push(format!("{}: [ ] picks one value, so it is not multi-valued", attribute.name));
                }
                Ok(_) => {}
            }
            if attribute.kind == TargetType::Reference && attribute.referenced.is_empty() {
                problems.push(format!("{}: say whether its values are users or groups", attribute.name));
            }
        }
        problems
    }
}
