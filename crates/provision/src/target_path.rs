//! The path of a flat attribute: `emails[type eq "work"].value`, `name.givenName`, `urn:…:User:department`; reading it from a
//! resource and writing it into one.

use std::fmt;

use scim::Resource;
use scim::compare;
use scim::filter::{Filter, Literal, Operator};
use scim::path::PatchPath;
use scim::urn;
use serde_json::{Map, Value as Json};

/// `[type eq "work"]`: what an element must say to be the one.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub sub: String,
    pub value: Json,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TargetPath {
    /// The URN of the extension whose object holds the attribute; `None` for the core schema.
    pub schema: Option<String>,
    pub name: String,
    /// Facts joined by `and`; none without a `[…]`.
    pub selector: Vec<Fact>,
    pub sub: Option<String>,
    text: String,
}

impl TargetPath {
    /// # Errors
    /// Why the text is not such a path, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = PatchPath::parse(text).map_err(|error| error.detail)?;
        let mut selector = Vec::new();
        if let Some(filter) = &path.filter {
            facts(filter, &mut selector).ok_or_else(|| {
                format!("\"{text}\": between [ and ] only `eq` joined by `and` is possible")
            })?;
        }
        let core = |urn: &String| [urn::USER, urn::GROUP].iter().any(|core| core.eq_ignore_ascii_case(urn));
        let schema = path.attribute.schema.filter(|urn| !core(urn));
        Ok(Self {
            schema,
            name: path.attribute.name,
            selector,
            sub: path.attribute.sub,
            text: text.to_owned(),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a `[…]` picks one element.
    pub fn is_selecting(&self) -> bool {
        !self.selector.is_empty()
    }

    /// The path of the multi-valued attribute behind `[…]`, or of the attribute itself: `emails`.
    pub fn attribute(&self) -> String {
        match &self.schema {
            Some(urn) => format!("{urn}:{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The value there; of several elements without a `[…]` the sub-attribute of each.
    pub fn read(&self, resource: &Resource) -> Option<Json> {
        let container = match &self.schema {
            Some(urn) => named(resource, urn)?.as_object()?,
            None => resource,
        };
        let value = named(container, &self.name).filter(|value| !value.is_null())?;
        if self.is_selecting() {
            let element = value.as_array()?.iter().find(|element| self.selects(element))?;
            return match &self.sub {
                Some(sub) => present(named(element.as_object()?, sub)?),
                None => Some(element.clone()),
            };
        }
        match (&self.sub, value) {
            (None, value) => present(value),
            (Some(sub), Json::Object(object)) => present(named(object, sub)?),
            (Some(sub), Json::Array(elements)) => {
                let values: Vec<Json> =
                    elements.iter().filter_map(|e| present(named(e.as_object()?, sub)?)).collect();
                (!values.is_empty()).then_some(Json::Array(values))
            }
            // Entra writes a manager as its id alone.
            (Some(sub), plain) if sub.eq_ignore_ascii_case("value") => present(plain),
            (Some(_), _) => None,
        }
    }

    /// Put a value there, making what holds it.
    pub fn write(&self, resource: &mut Resource, value: Json) {
        let container = match &self.schema {
            Some(urn) => object_at(resource, urn),
            None => Some(resource),
        };
        let Some(container) = container else { return };
        let key = spelled(container, &self.name);
        if self.is_selecting() {
            let Some(element) = self.element(container, key) else { return };
            match (&self.sub, value) {
                (Some(sub), value) => {
                    let sub = spelled(element, sub);
                    element.insert(sub, value);
                }
                (None, Json::Object(object)) => element.extend(object),
                (None, value) => drop(element.insert("value".into(), value)),
            }
            return;
        }
        match &self.sub {
            Some(sub) => {
                let Some(object) = object_at(container, &key) else { return };
                let sub = spelled(object, sub);
                object.insert(sub, value);
            }
            None => drop(container.insert(key, value)),
        }
    }

    /// Take away what is there; an element left with its selector and `primary` alone goes, too.
    pub fn remove(&self, resource: &mut Resource) {
        let container = match &self.schema {
            Some(urn) => {
                let key = spelled(resource, urn);
                resource.get_mut(&key).and_then(Json::as_object_mut)
            }
            None => Some(resource),
        };
        let Some(container) = container else { return };
        let key = spelled(container, &self.name);
        match (&self.sub, container.get_mut(&key)) {
            (Some(sub), Some(Json::Object(object))) => {
                let sub = spelled(object, sub);
                object.shift_remove(&sub);
                if object.is_empty() {
                    container.shift_remove(&key);
                }
            }
            (sub, Some(Json::Array(elements))) if self.is_selecting() => {
                elements.retain_mut(|element| {
                    if !self.selects(element) {
                        return true;
                    }
                    let (Some(sub), Some(object)) = (sub, element.as_object_mut()) else { return false };
                    let sub = spelled(object, sub);
                    object.shift_remove(&sub);
                    object.keys().any(|key| {
                        key != "primary"
                            && !self.selector.iter().any(|fact| fact.sub.eq_ignore_ascii_case(key))
                    })
                });
                if elements.is_empty() {
                    container.shift_remove(&key);
                }
            }
            (_, None) => {}
            _ => drop(container.shift_remove(&key)),
        }
    }

    /// Whether the element says what the selector asks.
    pub fn selects(&self, element: &Json) -> bool {
        let Some(object) = element.as_object() else { return false };
        self.selector
            .iter()
            .all(|fact| named(object, &fact.sub).is_some_and(|value| same(value, &fact.value)))
    }

    /// The selected element, made if it is not there.
    fn element<'r>(
        &self,
        container: &'r mut Map<String, Json>,
        key: String,
    ) -> Option<&'r mut Map<String, Json>> {
        let slot = container.entry(key).or_insert_with(|| Json::Array(Vec::new()));
        if !slot.is_array() {
            *slot = Json::Array(Vec::new());
        }
        let elements = slot.as_array_mut()?;
        let at = match elements.iter().position(|element| self.selects(element)) {
            Some(at) => at,
            None => {
                elements.push(Json::Object(self.new_element()));
                elements.len() - 1
            }
        };
        elements.get_mut(at)?.as_object_mut()
    }

    /// What the selected element says before anything else is written.
    pub fn new_element(&self) -> Map<String, Json> {
        self.selector.iter().map(|fact| (fact.sub.clone(), fact.value.clone())).collect()
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn facts(filter: &Filter, found: &mut Vec<Fact>) -> Option<()> {
    match filter {
        Filter::And(parts) => parts.iter().try_for_each(|part| facts(part, found)),
        Filter::Compare(path, Operator::Eq, literal) if path.schema.is_none() && path.sub.is_none() => {
            let value = match literal {
                // Entra writes `roles[primary eq "True"]`.
                Literal::String(text) if path.name.eq_ignore_ascii_case("primary") => {
                    Json::Bool(compare::boolean(&Json::from(text.as_str()))?)
                }
                Literal::String(text) => Json::from(text.as_str()),
                Literal::Number(number) => Json::Number(number.clone()),
                Literal::Boolean(boolean) => Json::Bool(*boolean),
                Literal::Null => return None,
            };
            found.push(Fact { sub: path.name.clone(), value });
            Some(())
        }
        _ => None,
    }
}

/// Attribute names and URNs are case-insensitive (RFC 7643 §2.1).
fn named<'r>(object: &'r Map<String, Json>, name: &str) -> Option<&'r Json> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// The spelling that the object has for a name already.
fn spelled(object: &Map<String, Json>, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

fn object_at<'r>(container: &'r mut Map<String, Json>, key: &str) -> Option<&'r mut Map<String, Json>> {
    let key = spelled(container, key);
    let slot = container.entry(key).or_insert_with(|| Json::Object(Map::new()));
    if !slot.is_object() {
        *slot = Json::Object(Map::new());
    }
    slot.as_object_mut()
}

fn present(value: &Json) -> Option<Json> {
    let absent = match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(object) => object.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    };
    (!absent).then(|| value.clone())
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::String(a), Json::String(b)) => compare::fold(a) == compare::fold(b),
        (a, Json::Bool(b)) => compare::boolean(a) == Some(*b),
        (a, b) => a == b,
    }
}
