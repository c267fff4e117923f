//! The attributes of a user that have a field in the form: where each is read, and which PATCH writes it.
//!
//! Everything else a user has is left alone by the form; it can be edited as JSON.

use scim::Resource;
use serde_json::{Value, json};

use super::person;
use crate::console::fields::Fields;

/// Where a field's value lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A simple attribute.
    Core(&'static str),
    /// `name.…`
    Name(&'static str),
    /// The element for work of a multi-valued attribute.
    Work(&'static str),
    /// An attribute of the enterprise extension.
    Enterprise(&'static str),
}

/// One field of the form.
#[derive(Debug)]
pub(crate) struct UserField {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) hint: Option<&'static str>,
    pub(crate) place: Place,
}

const fn field(name: &'static str, label: &'static str, place: Place) -> UserField {
    UserField { name, label, kind: "text", hint: None, place }
}

pub(crate) static FIELDS: [UserField; 14] = [
    UserField {
        name: "userName",
        label: "User name",
        kind: "text",
        hint: Some(
            "What the user signs in with, often an e-mail address. Unique in this tenant, whatever its case.",
        ),
        place: Place::Core("userName"),
    },
    field("displayName", "Display name", Place::Core("displayName")),
    field("givenName", "Given name", Place::Name("givenName")),
    field("familyName", "Family name", Place::Name("familyName")),
    UserField {
        name: "email",
        label: "Work e-mail",
        kind: "email",
        hint: None,
        place: Place::Work("emails"),
    },
    UserField {
        name: "phone",
        label: "Work phone",
        kind: "tel",
        hint: None,
        place: Place::Work("phoneNumbers"),
    },
    field("title", "Title", Place::Core("title")),
    field("department", "Department", Place::Enterprise("department")),
    field("employeeNumber", "Employee number", Place::Enterprise("employeeNumber")),
    field("organization", "Organization", Place::Enterprise("organization")),
    UserField {
        name: "preferredLanguage",
        label: "Preferred language",
        kind: "text",
        hint: Some("For example en-US."),
        place: Place::Core("preferredLanguage"),
    },
    UserField {
        name: "timezone",
        label: "Time zone",
        kind: "text",
        hint: Some("For example Europe/Madrid."),
        place: Place::Core("timezone"),
    },
    field("userType", "User type", Place::Core("userType")),
    UserField {
        name: "externalId",
        label: "External id",
        kind: "text",
        hint: Some(
            "The identity provider's own id for this user. It matches users by it; leave it alone unless you know.",
        ),
        place: Place::Core("externalId"),
    },
];

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or("").to_owned()
}

fn work<'a>(user: &'a Resource, attribute: &str) -> Option<&'a Value> {
    let elements = user.get(attribute)?.as_array()?;
    elements.iter().find(|element| element.get("type").and_then(Value::as_str) == Some("work"))
}

impl UserField {
    /// The value now; "" if there is none.
    pub(crate) fn read(&self, user: &Resource) -> String {
        match self.place {
            Place::Core(name) => person::text(user, name).to_owned(),
            Place::Name(part) => text(user.get("name").and_then(|name| name.get(part))),
            Place::Work(attribute) => text(work(user, attribute).and_then(|element| element.get("value"))),
            Place::Enterprise(name) => text(user.get(scim::urn::ENTERPRISE_USER).and_then(|e| e.get(name))),
        }
    }

    /// The path of the attribute, and of the element to take away when the field is emptied.
    fn paths(&self) -> (String, String) {
        match self.place {
            Place::Core(name) => (name.to_owned(), name.to_owned()),
            Place::Name(part) => (format!("name.{part}"), format!("name.{part}")),
            Place::Work(attribute) => {
                (format!("{attribute}[type eq \"work\"].value"), format!("{attribute}[type eq \"work\"]"))
            }
            Place::Enterprise(name) => {
                let path = format!("{}:{name}", scim::urn::ENTERPRISE_USER);
                (path.clone(), path)
            }
        }
    }

    fn operation(&self, value: &str) -> Value {
        let (path, whole) = self.paths();
        if value.is_empty() {
            return json!({ "op": "remove", "path": whole });
        }
        match self.place {
            // The element may not exist yet; adding it whole says what it is.
            Place::Work(attribute) => {
                json!({ "op": "add", "path": attribute, "value": [{ "value": value, "type": "work" }] })
            }
            _ => json!({ "op": "replace", "path": path, "value": value }),
        }
    }

    fn place_in(&self, user: &mut Resource, value: &str) {
        let put = |object: &mut Resource, key: &str, name: &str| {
            let inner = object.entry(key).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                inner.insert(name.to_owned(), json!(value));
            }
        };
        match self.place {
            Place::Core(name) => drop(user.insert(name.to_owned(), json!(value))),
            Place::Name(part) => put(user, "name", part),
            Place::Work(attribute) => {
                drop(user.insert(
                    attribute.to_owned(),
                    json!([{ "value": value, "type": "work", "primary": true }]),
                ));
            }
            Place::Enterprise(name) => put(user, scim::urn::ENTERPRISE_USER, name),
        }
    }
}

/// The body of a new user.
pub(crate) fn new_user(form: &Fields) -> Resource {
    let mut schemas = vec![json!(scim::urn::USER)];
    let mut user = Resource::new();
    for field in &FIELDS {
        if let Some(value) = form.given(field.name) {
            field.place_in(&mut user, value);
        }
    }
    if user.contains_key(scim::urn::ENTERPRISE_USER) {
        schemas.push(json!(scim::urn::ENTERPRISE_USER));
    }
    user.insert("schemas".to_owned(), Value::Array(schemas));
    user.insert("active".to_owned(), json!(form.has("active")));
    user
}

/// The PATCH that makes a user what the form says; `None` if it already is.
pub(crate) fn patch(user: &Resource, form: &Fields) -> Option<Value> {
    let mut operations = Vec::new();
    for field in &FIELDS {
        let (now, wanted) = (field.read(user), form.text(field.name));
        if now == wanted {
            continue;
        }
        if matches!(field.place, Place::Work(_)) && !now.is_empty() && !wanted.is_empty() {
            operations.push(json!({ "op": "replace", "path": field.paths().0, "value": wanted }));
        } else {
            operations.push(field.operation(wanted));
        }
    }
    if person::is_active(user) != form.has("active") {
        operations.push(json!({ "op": "replace", "path": "active", "value": form.has("active") }));
    }
    if operations.is_empty() {
        return None;
    }
    Some(json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str) -> Fields {
        Fields::of_query(&format!("/x?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn only_what_changed_is_patched() {
        let user = json!({
            "userName": "ada", "active": true, "title": "Countess",
            "emails": [{"value": "ada@home.example", "type": "home"}, {"value": "ada@x.example", "type": "work"}],
        });
        let user = user.as_object().cloned().unwrap();
        assert_eq!(patch(&user, &form("userName=ada&title=Countess&email=ada%40x.example&active=on")), None);
        let body = patch(&user, &form("userName=ada&title=&email=a%40x.example&givenName=Ada")).unwrap();
        assert_eq!(
            body["Operations"],
            json!([
                {"op": "replace", "path": "name.givenName", "value": "Ada"},
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@x.example"},
                {"op": "remove", "path": "title"},
                {"op": "replace", "path": "active", "value": false},
            ])
        );
    }

    #[test]
    fn a_new_user_has_only_what_was_typed() {
        let user =
            new_user(&form("userName=ada&email=ada%40x.example&department=Mathematics&active=on&title="));
        assert_eq!(
            Value::Object(user),
            json!({
                "userName": "ada",
                "emails": [{"value": "ada@x.example", "type": "work", "primary": true}],
                (scim::urn::ENTERPRISE_USER): {"department": "Mathematics"},
                "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
                "active": true,
            })
        );
    }
}
