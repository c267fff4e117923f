//! All attributes of a resource, in the order of its schemas, with the schema's own names beside the words.

use directory::{Kind, scim_type};
use maud::{Markup, html};
use scim::Resource;
use scim::attribute::Attribute;
use serde_json::{Map, Value};

use crate::console::component::facts::{Fact, facts};
use crate::console::component::json;

/// Shown elsewhere on the page, or nothing to people.
const APART: [&str; 5] = ["schemas", "meta", "id", "groups", "members"];

/// `familyName` as `Family name`.
pub(crate) fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    for letter in name.chars() {
        let starts = letter.is_uppercase() && before.is_some_and(char::is_lowercase);
        match before {
            None => out.extend(letter.to_uppercase()),
            Some(_) if starts => {
                out.push(' ');
                out.extend(letter.to_lowercase());
            }
            Some(_) => out.push(letter),
        }
        before = Some(letter);
    }
    out
}

/// Boxes with every attribute that has a value. `manager`: what to show in place of the manager's id.
pub(crate) fn attributes(resource: &Resource, kind: Kind, manager: Option<&Markup>) -> Markup {
    let kind = scim_type(kind);
    let core = list(resource, &kind.schema.attributes, &APART, None);
    html! {
        @if !core.is_empty() { (flush(&kind.schema.name, &core)) }
        @for extension in &kind.extensions {
            @if let Some(Value::Object(values)) = resource.get(&extension.id) {
                @let known = list(values, &extension.attributes, &[], manager);
                @if !known.is_empty() { (flush(&words(&extension.name), &known)) }
            }
        }
        details.more { summary { "Show as JSON" } (json::pretty(&Value::Object(resource.clone()))) }
    }
}

fn flush(title: &str, list: &[Fact]) -> Markup {
    crate::console::component::facts::flush(title, None, &facts(list))
}

fn list(
    values: &Map<String, Value>,
    attributes: &[Attribute],
    apart: &[&str],
    manager: Option<&Markup>,
) -> Vec<Fact> {
    let mut out = Vec::new();
    // `externalId` is common to all types and in no schema.
    if let Some(external) = values.get("externalId") {
        out.push(Fact::of("External id", "externalId", value(external)));
    }
    for attribute in attributes {
        let given = values.get(&attribute.name).filter(|_| !apart.contains(&attribute.name.as_str()));
        if let Some(given) = given {
            let shown =
                manager.filter(|_| attribute.name == "manager").cloned().unwrap_or_else(|| value(given));
            out.push(Fact::of(words(&attribute.name), attribute.name.clone(), shown));
        }
    }
    out
}

fn value(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Bool(yes) => (if *yes { "Yes" } else { "No" }),
            Value::String(text) => (text),
            Value::Number(number) => (number),
            Value::Null => span.soft { "none" },
            Value::Object(map) => (parts(map)),
            Value::Array(items) => ul { @for item in items { li { (element(item)) } } },
        }
    }
}

/// A complex value, sub-attribute by sub-attribute.
fn parts(map: &Map<String, Value>) -> Markup {
    html! {
        ul {
            @for (name, part) in map {
                li { span.sub { (words(name)) ": " } (plain(part)) }
            }
        }
    }
}

/// An element of a multi-valued attribute: its value, then what qualifies it.
fn element(item: &Value) -> Markup {
    let Value::Object(map) = item else { return html! { (plain(item)) } };
    let main = ["formatted", "value", "display"].into_iter().find(|name| map.contains_key(*name));
    let Some(main) = main else { return html! { (joined(map, &[])) } };
    let text = map.get(main).map(plain).unwrap_or_default();
    let rest = joined(map, &[main, "streetAddress", "locality", "region", "postalCode", "$ref"]);
    html! { (text.replace('\n', ", ")) @if !rest.is_empty() { " " span.sub { "(" (rest) ")" } } }
}

fn joined(map: &Map<String, Value>, without: &[&str]) -> String {
    let said =
        map.iter().filter(|(name, _)| !without.contains(&name.as_str())).filter_map(
            |(name, part)| match part {
                Value::Bool(true) => Some(name.clone()),
                Value::Bool(false) | Value::Null => None,
                part if name == "type" => Some(plain(part)),
                part => Some(format!("{}: {}", words(name).to_lowercase(), plain(part))),
            },
        );
    said.collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    crate::console::component::diff::short(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (name, expect) in [
            ("userName", "User name"),
            ("title", "Title"),
            ("x509Certificates", "X509Certificates"),
            ("employeeNumber", "Employee number"),
        ] {
            assert_eq!(words(name), expect);
        }
    }

    #[test]
    fn an_element_says_what_qualifies_it() {
        let shown = |value: Value| element(&value).into_string();
        assert_eq!(
            shown(serde_json::json!({"value": "a@x", "type": "work", "primary": true})),
            "a@x <span class=\"sub\">(work, primary)</span>"
        );
        assert_eq!(shown(serde_json::json!({"value": "<b>"})), "&lt;b&gt;");
        assert_eq!(shown(serde_json::json!("plain")), "plain");
    }
}
