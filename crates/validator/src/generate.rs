//! Lifelike values from schemas: types, canonical values, required, mutability, uniqueness. The dice are seeded.

use scim::attribute::{Attribute, AttributeType, Mutability, Returned};
use scim::schema::Schema;
use serde_json::{Map, Value, json};

use crate::random::Dice;
use crate::schema::ResourceKind;

/// Every resource that a run makes has this in its name.
pub const PREFIX: &str = "muster-check";

const FIRST: &[&str] = &[
    "Ida", "Nadia", "Mira", "Otto", "Ravi", "Lena", "Kofi", "Yuki", "Ana", "Tomas", "Elif", "Zora", "Bram",
    "Noor",
];
const LAST: &[&str] = &[
    "Roe", "Okafor", "Kern", "Lind", "Patel", "Maes", "Mensah", "Sato", "Costa", "Novak", "Aydin", "Hale",
    "Vos",
];
const WORDS: &[&str] = &[
    "Quartz", "Harbor", "Meadow", "Signal", "Copper", "Willow", "Granite", "Lantern", "Orchard", "Compass",
    "Velvet",
];

/// How much of a resource is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// What the schema requires.
    Required,
    /// Every attribute a client may write and read back.
    All,
}

/// Makes values for one check.
#[derive(Debug)]
pub struct Generator<'a> {
    pub dice: &'a mut Dice,
    /// Sets the resources of this run and case apart from all others.
    pub salt: String,
}

impl Generator<'_> {
    /// A body for `POST`.
    pub fn resource(&mut self, kind: &ResourceKind, fill: Fill) -> Map<String, Value> {
        let mut body = Map::new();
        let mut urns = vec![kind.core.id.clone()];
        self.fill(&mut body, &kind.core, kind, fill);
        let mut extended = Vec::new();
        for extension in &kind.extensions {
            let mut object = Map::new();
            self.fill(&mut object, extension, kind, fill);
            if !object.is_empty() {
                urns.push(extension.id.clone());
                extended.push((extension.id.clone(), Value::Object(object)));
            }
        }
        if fill == Fill::All {
            body.insert("externalId".into(), self.dice.guid().into());
        }
        let mut resource = Map::new();
        resource.insert("schemas".into(), json!(urns));
        resource.extend(body);
        resource.extend(extended);
        resource
    }

    fn fill(&mut self, into: &mut Map<String, Value>, schema: &Schema, kind: &ResourceKind, fill: Fill) {
        for attribute in &schema.attributes {
            let identifies = self.identifies(kind, schema, attribute);
            let wanted = attribute.required || identifies || (fill == Fill::All && is_round_trip(attribute));
            if wanted && let Some(value) = self.value(attribute, "") {
                into.insert(attribute.name.clone(), value);
            }
        }
    }

    /// The attribute clients find a resource by is always sent, whether or not it is declared required.
    fn identifies(&self, kind: &ResourceKind, schema: &Schema, attribute: &Attribute) -> bool {
        let name = if kind.name == "User" { "userName" } else { "displayName" };
        schema.id == kind.core.id && attribute.name.eq_ignore_ascii_case(name)
    }

    /// A value for an attribute; `None` where nothing can be made up (a reference to a resource, a certificate).
    pub fn value(&mut self, attribute: &Attribute, parent: &str) -> Option<Value> {
        let one = self.one(attribute, parent)?;
        Some(if attribute.multi_valued { json!([one]) } else { one })
    }

    fn one(&mut self, attribute: &Attribute, parent: &str) -> Option<Value> {
        let name = attribute.name.as_str();
        Some(match attribute.kind {
            // The value is another resource's id.
            AttributeType::Complex if attribute.sub("$ref").is_some() => return None,
            AttributeType::Complex => {
                let mut object = Map::new();
                for sub in &attribute.sub_attributes {
                    let is_display = attribute.multi_valued && sub.name.eq_ignore_ascii_case("display");
                    // RFC 7643 §2.3.1: a target may restrict a type to its canonical values, and here are none.
                    let is_open_type =
                        sub.name.eq_ignore_ascii_case("type") && sub.canonical_values.is_empty();
                    if is_display || is_open_type || !is_round_trip(sub) {
                        continue;
                    }
                    if let Some(value) = self.value(sub, name) {
                        object.insert(sub.name.clone(), value);
                    }
                }
                // An element without its value says nothing.
                let lacks_value = attribute.sub("value").is_some() && !object.contains_key("value");
                if object.is_empty() || lacks_value {
                    return None;
                }
                Value::Object(object)
            }
            AttributeType::Boolean => true.into(),
            AttributeType::Integer => (self.dice.below(900) + 100).into(),
            AttributeType::Decimal => json!(1.5),
            AttributeType::DateTime => format!("2026-0{}-15T08:30:00Z", self.dice.below(9) + 1).into(),
            AttributeType::Binary
                if !name.eq_ignore_ascii_case("value") || !parent.contains("ertificate") =>
            {
                "bXVzdGVyIGNoZWNr".into()
            }
            AttributeType::Binary => return None,
            AttributeType::Reference => {
                let external = attribute.reference_types.is_empty()
                    || attribute.reference_types.iter().any(|t| t == "external" || t == "uri");
                if name == "$ref" || !external {
                    return None;
                }
                format!("https://people.example.com/{}", self.dice.base36(8)).into()
            }
            AttributeType::String => self.text(attribute, parent).into(),
        })
    }

    fn text(&mut self, attribute: &Attribute, parent: &str) -> String {
        if let Some(first) = attribute.canonical_values.first() {
            let at = self.dice.below(attribute.canonical_values.len());
            return attribute.canonical_values.get(at).unwrap_or(first).clone();
        }
        let name = attribute.name.to_ascii_lowercase();
        let parent = parent.to_ascii_lowercase();
        match (parent.as_str(), name.as_str()) {
            (_, "username") => self.user_name(),
            ("emails", "value") => self.email(),
            (_, n) if n.contains("email") => self.email(),
            ("phonenumbers", "value") => self.phone(),
            (_, n) if n.contains("phone") => self.phone(),
            ("photos", "value") | (_, "profileurl" | "url") => {
                format!("https://people.example.com/{}", self.dice.base36(8))
            }
            (_, "preferredlanguage" | "locale") => self.dice.pick(&["en-US", "de-DE", "fr-FR"]).to_owned(),
            (_, "timezone") => {
                self.dice.pick(&["Europe/Berlin", "America/New_York", "Asia/Tokyo"]).to_owned()
            }
            ("addresses", "country") => self.dice.pick(&["DE", "US", "IE"]).to_owned(),
            ("addresses", "postalcode") => self.dice.digits(5),
            ("addresses", "streetaddress") => {
                format!("{} {} Lane", self.dice.digits(2), self.dice.pick(WORDS))
            }
            (_, "givenname" | "middlename") => self.dice.pick(FIRST).to_owned(),
            (_, "familyname") => self.dice.pick(LAST).to_owned(),
            (_, "type") => "work".to_owned(),
            (_, "password") => format!("Mu-{}-{}!7a", self.dice.letters(8), self.dice.base36(8)),
            ("", "displayname") => self.group_name(),
            _ => format!("{} {}", self.dice.pick(WORDS), self.dice.letters(6)),
        }
    }

    /// Upper and lower case, a dot and `_`: the Microsoft validator's addresses have them, and LIKE knows `_`.
    pub fn user_name(&mut self) -> String {
        let (first, last) = (self.dice.pick(FIRST), self.dice.pick(LAST));
        format!("{PREFIX}-{}-{first}.{last}_{}@example.com", self.salt, self.dice.base36(5))
    }

    pub fn group_name(&mut self) -> String {
        format!("{PREFIX}-{} {} {}", self.salt, self.dice.pick(WORDS), self.dice.letters(6))
    }

    pub fn email(&mut self) -> String {
        let (first, last) = (self.dice.pick(FIRST), self.dice.pick(LAST));
        format!("{first}.{last}_{}@example.com", self.dice.base36(6)).to_ascii_lowercase()
    }

    pub fn phone(&mut self) -> String {
        format!("+1 206 555 {}", self.dice.digits(4))
    }

    /// Words with both cases and a blank, as a display name is.
    pub fn words(&mut self) -> String {
        format!("{} {}", self.dice.pick(WORDS), self.dice.letters(6))
    }
}

/// Whether a client may write the attribute and expect it back by default.
pub fn is_round_trip(attribute: &Attribute) -> bool {
    matches!(attribute.mutability, Mutability::ReadWrite | Mutability::Immutable)
        && matches!(attribute.returned, Returned::Default | Returned::Always)
}
