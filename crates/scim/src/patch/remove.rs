//! `remove` (RFC 7644 §3.5.2.2). Removing what is not there succeeds: clients retry.

use std::collections::HashMap;

use serde_json::Value;

use super::apply::Draft;
use super::select;
use crate::attribute::Attribute;
use crate::check::name::Target;
use crate::check::value;
use crate::compare;
use crate::error::{Error, Result};
use crate::quirk::Quirk;

impl Draft<'_> {
    pub(super) fn remove(&mut self, target: &Target<'_>, sent: Option<&Value>) -> Result<()> {
        if target.is_members() {
            return self.remove_members(target, sent);
        }
        let attribute = target.attribute;
        if attribute.required {
            // RFC 7644 §3.5.2.2: a required attribute that becomes unassigned is an error, scimType "mutability".
            return Err(Error::mutability(format!(
                "{target} is required; replace it instead of removing it"
            )));
        }
        if let Some(filter) = &target.filter {
            select::validate(target, filter, self.resource_type, &mut self.quirks)?;
        }
        let Some(old) = self.take(target) else { return Ok(()) };
        let new = match (&target.filter, target.sub, old) {
            (Some(filter), sub, Value::Array(elements)) => {
                let chosen = self.select(&elements, filter, attribute)?;
                Some(remove_chosen(elements, &chosen, sub))
            }
            (None, None, Value::Array(elements)) => self.remove_listed(elements, target, sent)?,
            (None, Some(sub), Value::Array(elements)) => Some(remove_sub_of_all(elements, sub)),
            (None, Some(sub), Value::Object(mut object)) => {
                object.shift_remove(&sub.name);
                let pointless = value::is_reference(attribute) && sub.name == "value";
                (!pointless).then_some(Value::Object(object))
            }
            _ => None,
        };
        self.put(target, new);
        Ok(())
    }

    /// Without a value everything goes. With one, only what it lists: Okta and Entra say which elements they mean.
    fn remove_listed(
        &mut self,
        mut elements: Vec<Value>,
        target: &Target<'_>,
        sent: Option<&Value>,
    ) -> Result<Option<Value>> {
        let Some(sent) = sent.filter(|v| !v.is_null()) else { return Ok(None) };
        self.quirks.note(Quirk::RemoveByValue);
        let attribute = target.attribute;
        let listed = value::elements(sent.clone(), attribute, &target.to_string(), true, &mut self.quirks)?;
        let mut wanted = Wanted::default();
        for listed in &listed {
            match key(listed, attribute) {
                Some(key) => wanted.by_value.entry(key).or_default().push(listed),
                None => wanted.others.push(listed),
            }
        }
        self.compare(&elements, wanted.others.len())?;
        elements.retain(|element| !wanted.means(element, attribute));
        Ok(Some(Value::Array(elements)))
    }
}

fn remove_chosen(mut elements: Vec<Value>, chosen: &[usize], sub: Option<&Attribute>) -> Value {
    let mut index = 0;
    elements.retain_mut(|element| {
        index += 1;
        if chosen.binary_search(&(index - 1)).is_err() {
            return true;
        }
        let Some(sub) = sub else { return false };
        super::assign::set_sub(element, sub, None);
        !value::is_hollow(element)
    });
    Value::Array(elements)
}

fn remove_sub_of_all(mut elements: Vec<Value>, sub: &Attribute) -> Value {
    elements.retain_mut(|element| {
        super::assign::set_sub(element, sub, None);
        !value::is_hollow(element)
    });
    Value::Array(elements)
}

/// The values a client lists for removal, those with a `value` by that.
#[derive(Default)]
struct Wanted<'v> {
    by_value: HashMap<String, Vec<&'v Value>>,
    others: Vec<&'v Value>,
}

impl Wanted<'_> {
    /// Whether a listed value means this element: by `value`, and by `type` if both have one; otherwise by all it says.
    fn means(&self, element: &Value, attribute: &Attribute) -> bool {
        let same_value =
            key(element, attribute).and_then(|key| self.by_value.get(&key)).into_iter().flatten();
        let mut same_value = same_value.copied();
        same_value.any(|wanted| element.get("type").is_none() || agrees("type", element, wanted, attribute))
            || self.others.iter().any(|wanted| match wanted.as_object() {
                Some(object) => object.keys().all(|name| agrees(name, element, wanted, attribute)),
                None => element == *wanted,
            })
    }
}

/// The folded `value` of an element, or the element itself if it is simple.
fn key(element: &Value, attribute: &Attribute) -> Option<String> {
    match (element, attribute.sub("value")) {
        (Value::String(text), _) => Some(compare::key(text, attribute)),
        (Value::Object(object), Some(sub)) => Some(compare::key(object.get("value")?.as_str()?, sub)),
        _ => None,
    }
}

/// Whether the element has what is wanted of one sub-attribute; nothing wanted is fine.
fn agrees(name: &str, element: &Value, wanted: &Value, attribute: &Attribute) -> bool {
    match (element.get(name), wanted.get(name), attribute.sub(name)) {
        (Some(a), Some(b), Some(sub)) => same(a, b, sub),
        (_, None, _) => true,
        _ => false,
    }
}

fn same(a: &Value, b: &Value, attribute: &Attribute) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => compare::key(a, attribute) == compare::key(b, attribute),
        _ => a == b,
    }
}
