//! How users and groups are named in lists and titles.

use directory::Found;
use jiff::Timestamp;
use maud::{Markup, html};
use scim::Resource;
use serde_json::Value;

use crate::console::component::shell::initials;

/// A text attribute; "" if it is missing.
pub(crate) fn text<'a>(resource: &'a Resource, name: &str) -> &'a str {
    resource.get(name).and_then(Value::as_str).unwrap_or("")
}

/// What to call a user: display name, formatted name, given and family name, user name.
pub(crate) fn name_of(resource: &Resource) -> String {
    let part =
        |name: &str| resource.get("name").and_then(|n| n.get(name)).and_then(Value::as_str).unwrap_or("");
    let both = format!("{} {}", part("givenName"), part("familyName"));
    let choices = [text(resource, "displayName"), part("formatted"), both.trim(), text(resource, "userName")];
    choices.into_iter().map(str::trim).find(|name| !name.is_empty()).unwrap_or("(no name)").to_owned()
}

/// The e-mail address to show: the primary one, the one for work, or the first.
pub(crate) fn email_of(resource: &Resource) -> &str {
    let emails = resource.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let primary = emails.iter().find(|email| email.get("primary").and_then(Value::as_bool) == Some(true));
    let work = || emails.iter().find(|email| email.get("type").and_then(Value::as_str) == Some("work"));
    primary
        .or_else(work)
        .or_else(|| emails.first())
        .and_then(|e| e.get("value"))
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// Whether a user is active. Every user is created with it; one from whom a PATCH has removed it is not active.
pub(crate) fn is_active(resource: &Resource) -> bool {
    resource.get("active").and_then(Value::as_bool).unwrap_or(false)
}

/// A time of `meta`.
pub(crate) fn meta_time(found: &Found, name: &str) -> Option<Timestamp> {
    found.resource.get("meta")?.get(name)?.as_str()?.parse().ok()
}

/// A user in a list: round sign and name; at 360 px the user name below, which is a column of its own elsewhere.
pub(crate) fn cell(resource: &Resource, href: &str) -> Markup {
    let name = name_of(resource);
    let login = text(resource, "userName");
    html! {
        div.person {
            span.avatar aria-hidden="true" { (initials(&name)) }
            div.names {
                a href=(href) data-row { (name) }
                @if login != name { span.soft.only-narrow { (login) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(value: Value) -> Resource {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_user_is_called_by_the_best_name_there_is() {
        let check = |value: Value, expect: &str| assert_eq!(name_of(&resource(value)), expect);
        check(json!({"userName": "ada", "displayName": "Ada L."}), "Ada L.");
        check(
            json!({"userName": "ada", "name": {"givenName": "Ada", "familyName": "Lovelace"}}),
            "Ada Lovelace",
        );
        check(json!({"userName": "ada", "name": {"familyName": "Lovelace"}, "displayName": " "}), "Lovelace");
        check(json!({"userName": "ada"}), "ada");
        check(json!({}), "(no name)");
    }

    #[test]
    fn the_primary_address_comes_first() {
        let emails = json!({"emails": [{"value": "a@x"}, {"value": "b@x", "type": "work"}, {"value": "c@x", "primary": true}]});
        assert_eq!(email_of(&resource(emails)), "c@x");
        assert_eq!(email_of(&resource(json!({"emails": [{"value": "a@x"}]}))), "a@x");
        assert_eq!(email_of(&resource(json!({"emails": "odd"}))), "");
    }
}
