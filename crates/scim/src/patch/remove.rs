//! `remove` (RFC 7644 §3.5.2.2). Removing what is not there succeeds: clients retry.

use serde_json::Value;

use super::apply::Draft;
use super::select;
use crate::attribute::Attribute;
use crate::check::name::Target;
use crate::check::value;
use crate::compare;
use crate::error::{Error, Result};
use crate::filter::Filter;
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
                Some(remove_selected(elements, filter, attribute, sub))
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
        elements.retain(|element| !listed.iter().any(|wanted| is_meant(element, wanted, attribute)));
        Ok(Some(Value::Array(elements)))
    }
}

fn remove_selected(
    mut elements: Vec<Value>,
    filter: &Filter,
    attribute: &Attribute,
    sub: Option<&Attribute>,
) -> Value {
    let chosen = select::selected(&elements, filter, attribute);
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

/// Whether a listed value means this element: by `value`, and by `type` if both have one; otherwise by all it says.
fn is_meant(element: &Value, wanted: &Value, attribute: &Attribute) -> bool {
    let (Value::Object(element), Value::Object(wanted)) = (element, wanted) else {
        return same(element, wanted, attribute);
    };
    let agrees = |name: &str| match (element.get(name), wanted.get(name), attribute.sub(name)) {
        (Some(a), Some(b), Some(sub)) => same(a, b, sub),
        (_, None, _) => true,
        _ => false,
    };
    if wanted.contains_key("value") {
        return agrees("value") && (agrees("type") || !element.contains_key("type"));
    }
    wanted.keys().all(|name| agrees(name))
}

fn same(a: &Value, b: &Value, attribute: &Attribute) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => compare::key(a, attribute) == compare::key(b, attribute),
        _ => a == b,
    }
}
