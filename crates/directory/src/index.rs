//! What is indexed of a resource: the values that identity providers match by.

use jiff::Timestamp;
use scim::compare;
use scim::schema::ResourceType;
use scim::{Resource, urn};
use serde_json::Value;
use store::{Entry, IndexValue, Kind};

use crate::location::scim_type;

pub(crate) const EXTERNAL_ID: &str = "externalId";
pub(crate) const EMAIL: &str = "emails.value";
pub(crate) const EMPLOYEE_NUMBER: &str = "employeeNumber";

/// The document of a resource with everything the store keeps beside it.
pub(crate) struct Indexed {
    pub(crate) unique_key: String,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) values: Vec<IndexValue>,
    pub(crate) document: String,
}

impl Indexed {
    pub(crate) fn new(kind: Kind, resource: &Resource) -> Self {
        Self {
            unique_key: unique_key(scim_type(kind), resource).unwrap_or_default(),
            name: Self::name(resource),
            // Only a PATCH that removes `active` leaves a user without it; that user is not counted as active.
            active: resource.get("active").and_then(compare::boolean).unwrap_or(false),
            values: values(kind, resource),
            document: Value::Object(resource.clone()).to_string(),
        }
    }

    /// What the resource is called in lists: `displayName`, or a user's `userName`.
    pub(crate) fn name(resource: &Resource) -> String {
        let text = |name: &str| resource.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
        text("displayName").or_else(|| text("userName")).unwrap_or_default().to_owned()
    }

    pub(crate) fn entry<'a>(&'a self, id: &'a str, kind: Kind, at: Timestamp) -> Entry<'a> {
        Entry {
            id,
            kind,
            unique_key: &self.unique_key,
            name: &self.name,
            active: self.active,
            values: &self.values,
            document: &self.document,
            at,
        }
    }
}

/// The value that is unique in the tenant, in the form in which it is compared: a user's `userName`, a group's `displayName`.
pub(crate) fn unique_key(resource_type: &ResourceType, resource: &Resource) -> Option<String> {
    let attribute = resource_type.unique()?;
    Some(compare::key(resource.get(&attribute.name)?.as_str()?, attribute))
}

/// `externalId` as sent.
pub(crate) fn external_id(resource: &Resource) -> Option<&str> {
    resource.get(EXTERNAL_ID)?.as_str().filter(|id| !id.is_empty())
}

fn values(kind: Kind, resource: &Resource) -> Vec<IndexValue> {
    let mut values = Vec::new();
    let mut add = |path: &'static str, key: String| {
        if !key.is_empty() && !values.iter().any(|v: &IndexValue| v.path == path && v.key == key) {
            values.push(IndexValue { path, key });
        }
    };
    if let Some(id) = external_id(resource) {
        add(EXTERNAL_ID, id.to_owned());
    }
    if kind == Kind::User {
        for email in resource.get("emails").and_then(Value::as_array).into_iter().flatten() {
            if let Some(value) = email.get("value").and_then(Value::as_str) {
                add(EMAIL, compare::fold(value));
            }
        }
        let number = resource.get(urn::ENTERPRISE_USER).and_then(|e| e.get(EMPLOYEE_NUMBER));
        if let Some(number) = number.and_then(Value::as_str) {
            add(EMPLOYEE_NUMBER, compare::fold(number));
        }
    }
    values
}
