//! Which elements of a multi-valued attribute a filter selects, and what an element it would select looks like.

use serde_json::Value;

use super::apply::Draft;
use crate::attribute::{Attribute, AttributeType};
use crate::check::name::Target;
use crate::check::value::{self, Fields};
use crate::compare;
use crate::error::{Error, Result};
use crate::filter::eval::matches_element;
use crate::filter::{Filter, Literal, Operator};
use crate::limits;
use crate::path::AttributePath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::ResourceType;

impl Draft<'_> {
    /// The positions of the elements that `filter` selects.
    pub(super) fn select(
        &mut self,
        elements: &[Value],
        filter: &Filter,
        attribute: &Attribute,
    ) -> Result<Vec<usize>> {
        self.compare(elements, terms(filter))?;
        let matching = |(_, element): &(usize, &Value)| matches_element(filter, element, attribute);
        Ok(elements.iter().enumerate().filter(matching).map(|(index, _)| index).collect())
    }

    /// Account for `elements` being looked at `times` times; bounded over all operations of a request.
    pub(super) fn compare(&mut self, elements: &[Value], times: usize) -> Result<()> {
        let bytes = elements.iter().map(value::size).sum::<usize>();
        self.compared = self.compared.saturating_add(bytes.saturating_mul(times));
        if self.compared > limits::PATCH_COMPARED_BYTES {
            return Err(Error::invalid_value(format!(
                "the filters and value lists of this PATCH look at more than {} bytes; send its operations in several requests",
                limits::PATCH_COMPARED_BYTES
            )));
        }
        Ok(())
    }
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().map(terms).sum(),
        Filter::Not(inner) | Filter::ValuePath(_, inner) => terms(inner),
        Filter::Compare(..) | Filter::Present(_) => 1,
    }
}

/// Check a filter in a path before it is used.
pub(super) fn validate(
    target: &Target<'_>,
    filter: &Filter,
    resource_type: &ResourceType,
    quirks: &mut Quirks,
) -> Result<()> {
    let attribute = target.attribute;
    if !attribute.multi_valued {
        return Err(Error::invalid_path(format!(
            "{target}: {} has one value; a filter selects from several",
            attribute.name
        )));
    }
    let path = AttributePath {
        schema: target.extension.map(|e| e.id.clone()),
        name: attribute.name.clone(),
        sub: None,
    };
    Filter::ValuePath(path, Box::new(filter.clone()))
        .validate(resource_type)
        .map_err(|e| Error::invalid_path(e.detail))?;
    note_boolean_strings(filter, attribute, quirks);
    Ok(())
}

fn note_boolean_strings(filter: &Filter, attribute: &Attribute, quirks: &mut Quirks) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().for_each(|part| note_boolean_strings(part, attribute, quirks));
        }
        Filter::Not(inner) => note_boolean_strings(inner, attribute, quirks),
        Filter::Compare(path, _, Literal::String(_)) => {
            if attribute.sub(&path.name).is_some_and(|sub| sub.kind == AttributeType::Boolean) {
                quirks.note(Quirk::BooleanStringFilter);
            }
        }
        Filter::Compare(..) | Filter::Present(_) | Filter::ValuePath(..) => {}
    }
}

/// The sub-attributes that an element must have to be selected, when the filter says so plainly: `eq` joined by `and`.
pub(super) fn facts<'a>(filter: &Filter, attribute: &'a Attribute) -> Option<Fields<'a>> {
    let mut facts: Fields<'a> = Vec::new();
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    for part in parts {
        let found = match part {
            Filter::And(_) => self::facts(part, attribute)?,
            Filter::Compare(path, Operator::Eq, literal) => {
                let sub = attribute.sub(&path.name)?;
                vec![(sub, Some(fact(literal, attribute, sub)?))]
            }
            _ => return None,
        };
        for (sub, value) in found {
            match facts.iter().find(|(known, _)| known.name == sub.name) {
                Some((_, known)) if *known != value => return None,
                Some(_) => {}
                None => facts.push((sub, value)),
            }
        }
    }
    Some(facts)
}

fn fact(literal: &Literal, attribute: &Attribute, sub: &Attribute) -> Option<Value> {
    let value = match literal {
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::Boolean(boolean) => Value::Bool(*boolean),
        Literal::Null => return None,
    };
    let value = match sub.kind {
        AttributeType::Boolean => Value::Bool(compare::boolean(&value)?),
        _ => value,
    };
    // What the element will hold obeys the same rules as what is sent.
    value::sub_value(value, attribute, sub, &sub.name, &mut Quirks::default()).ok().flatten()
}

/// RFC 7644 §3.5.2.3: a filter that matches nothing and does not say what to create is `noTarget`.
pub(super) fn no_target(target: &Target<'_>) -> Error {
    Error::no_target(format!(
        "{target}: no element matches, and none can be made from this filter; use `eq`, joined by `and`"
    ))
}
