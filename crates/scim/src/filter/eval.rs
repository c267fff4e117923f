//! Evaluate a filter on a resource.
//!
//! | case | rule |
//! |---|---|
//! | multi-valued attribute | a comparison holds when it holds for one value (RFC 7644 §3.4.2.2) |
//! | `ne` | the negation of `eq`, so it holds when the attribute is absent |
//! | `eq null` | the attribute is absent; `ne null` is `pr` |
//! | a complex attribute without sub-attribute | its `value` |
//! | strings | folded by [`crate::compare::fold`] unless the attribute is `caseExact` |
//! | dates | as instants, whatever the offset |
//! | `gt`, `co` … on booleans; `gt` … on binaries; `co` … on numbers | refused: `invalidFilter` |

use std::cmp::Ordering;

use serde_json::Value;

use super::{Filter, Literal, Operator};
use crate::Resource;
use crate::attribute::{Attribute, AttributeType};
use crate::compare;
use crate::error::{Error, Result};
use crate::path::{AttributePath, shown};
use crate::quirk::{Quirk, Quirks};
use crate::schema::{Resolved, ResourceType};

pub(super) fn validate(filter: &Filter, resource_type: &ResourceType, quirks: &mut Quirks) -> Result<()> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().try_for_each(|part| validate(part, resource_type, quirks))
        }
        Filter::Not(inner) => validate(inner, resource_type, quirks),
        Filter::Present(path) => resolve(path, resource_type, quirks).map(drop),
        Filter::Compare(path, operator, literal) => {
            let resolved = resolve(path, resource_type, quirks)?;
            validate_comparison(path, compared(resolved.leaf(), path)?, *operator, literal, quirks)
        }
        Filter::ValuePath(path, inner) => {
            let resolved = resolve(path, resource_type, quirks)?;
            if !(resolved.attribute.multi_valued || resolved.attribute.is_complex()) {
                return Err(Error::invalid_filter(format!(
                    "\"{path}\" has one value; `[…]` cannot select from it"
                )));
            }
            validate_element(inner, path, resolved.attribute, quirks)
        }
    }
}

/// The inside of `[…]`: paths are sub-attributes of `attribute`.
fn validate_element(
    filter: &Filter,
    of: &AttributePath,
    attribute: &Attribute,
    quirks: &mut Quirks,
) -> Result<()> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().try_for_each(|part| validate_element(part, of, attribute, quirks))
        }
        Filter::Not(inner) => validate_element(inner, of, attribute, quirks),
        Filter::Present(path) => element_attribute(path, of, attribute).map(drop),
        Filter::Compare(path, operator, literal) => {
            validate_comparison(path, element_attribute(path, of, attribute)?, *operator, literal, quirks)
        }
        Filter::ValuePath(path, _) => Err(Error::invalid_filter(format!(
            "\"{path}[…]\" stands inside another `[…]`; that is not allowed"
        ))),
    }
}

fn element_attribute<'a>(
    path: &AttributePath,
    of: &AttributePath,
    attribute: &'a Attribute,
) -> Result<&'a Attribute> {
    let found = if path.schema.is_some() || path.sub.is_some() {
        None
    } else if attribute.is_complex() {
        attribute.sub(&path.name)
    } else {
        path.name.eq_ignore_ascii_case("value").then_some(attribute)
    };
    found.ok_or_else(|| {
        Error::invalid_filter(format!(
            "\"{}\" has no sub-attribute \"{}\"; see /Schemas",
            shown(&of.to_string()),
            shown(&path.to_string())
        ))
    })
}

fn resolve<'a>(
    path: &AttributePath,
    resource_type: &'a ResourceType,
    quirks: &mut Quirks,
) -> Result<Resolved<'a>> {
    let resolved = resource_type.resolve(path).ok_or_else(|| {
        Error::invalid_filter(format!(
            "\"{}\" is not an attribute of {}; see /Schemas for those that are",
            shown(&path.to_string()),
            resource_type.name
        ))
    })?;
    match (&path.schema, resolved.extension) {
        (None, Some(_)) => quirks.note(Quirk::UnqualifiedExtension),
        (Some(_), None) => quirks.note(Quirk::FullUrnPath),
        _ => {}
    }
    Ok(resolved)
}

/// What a comparison with `attribute` is about: for a complex attribute its `value` (Entra sends `members eq "id"`).
fn compared<'a>(attribute: &'a Attribute, path: &AttributePath) -> Result<&'a Attribute> {
    if !attribute.is_complex() {
        return Ok(attribute);
    }
    attribute.sub("value").ok_or_else(|| {
        Error::invalid_filter(format!(
            "\"{path}\" is complex; compare one of its sub-attributes, such as {path}.{}",
            { attribute.sub_attributes.first().map_or("value", |s| s.name.as_str()) }
        ))
    })
}

fn validate_comparison(
    path: &AttributePath,
    attribute: &Attribute,
    operator: Operator,
    literal: &Literal,
    quirks: &mut Quirks,
) -> Result<()> {
    use AttributeType as T;
    use Operator as O;
    let refused =
        |why: &str| Err(Error::invalid_filter(format!("\"{path} {} {literal}\": {why}", operator.as_str())));
    let equality = matches!(operator, O::Eq | O::Ne);
    let textual = matches!(operator, O::Co | O::Sw | O::Ew);
    if *literal == Literal::Null {
        return if equality { Ok(()) } else { refused("null can only be compared with eq and ne") };
    }
    match attribute.kind {
        // RFC 7644 §3.4.2.2: ordering a Boolean or Binary attribute is an error.
        T::Boolean => match literal {
            _ if !equality => refused("a boolean can only be compared with eq, ne and pr"),
            Literal::Boolean(_) => Ok(()),
            Literal::String(text) if compare::boolean(&Value::from(text.as_str())).is_some() => {
                quirks.note(Quirk::BooleanStringFilter);
                Ok(())
            }
            _ => refused("the attribute is a boolean; compare it with true or false"),
        },
        T::Binary if !(equality || textual) => refused("a binary value has no order"),
        T::Integer | T::Decimal => match literal {
            _ if textual => refused("a number has no substrings"),
            _ if number(literal).is_some() => Ok(()),
            _ => refused("the attribute is a number; compare it with a number"),
        },
        T::DateTime => match literal {
            Literal::String(text) if textual || compare::date(text).is_some() => Ok(()),
            _ => refused("the attribute is a date; compare it with one such as \"2026-01-31T08:00:00Z\""),
        },
        _ => match literal {
            Literal::Boolean(_) => refused("the attribute is a string; put the value in quotes"),
            _ => Ok(()),
        },
    }
}

pub(super) fn matches(filter: &Filter, resource: &Resource, resource_type: &ResourceType) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| matches(part, resource, resource_type)),
        Filter::Or(parts) => parts.iter().any(|part| matches(part, resource, resource_type)),
        Filter::Not(inner) => !matches(inner, resource, resource_type),
        Filter::Present(path) => {
            let Some(resolved) = resource_type.resolve(path) else { return false };
            values(resource, &resolved, resolved.sub).any(is_present)
        }
        Filter::Compare(path, operator, literal) => {
            let Some(resolved) = resource_type.resolve(path) else { return false };
            let leaf = resolved.leaf();
            let sub = resolved.sub.or_else(|| if leaf.is_complex() { leaf.sub("value") } else { None });
            let attribute = sub.unwrap_or(leaf);
            holds(values(resource, &resolved, sub), attribute, *operator, literal)
        }
        Filter::ValuePath(path, inner) => {
            let Some(resolved) = resource_type.resolve(path) else { return false };
            elements(resource, &resolved).any(|element| matches_element(inner, element, resolved.attribute))
        }
    }
}

/// Whether one element of the multi-valued `attribute` satisfies the filter of a value path.
pub fn matches_element(filter: &Filter, element: &Value, attribute: &Attribute) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| matches_element(part, element, attribute)),
        Filter::Or(parts) => parts.iter().any(|part| matches_element(part, element, attribute)),
        Filter::Not(inner) => !matches_element(inner, element, attribute),
        Filter::Present(path) => element_value(element, path, attribute).is_some_and(|(v, _)| is_present(v)),
        Filter::Compare(path, operator, literal) => {
            let Ok(sub) = element_attribute(path, &AttributePath::new(&attribute.name), attribute) else {
                return false;
            };
            holds(
                element_value(element, path, attribute).map(|(v, _)| v).into_iter(),
                sub,
                *operator,
                literal,
            )
        }
        Filter::ValuePath(..) => false,
    }
}

fn element_value<'a, 'b>(
    element: &'a Value,
    path: &AttributePath,
    attribute: &'b Attribute,
) -> Option<(&'a Value, &'b Attribute)> {
    if !attribute.is_complex() {
        return path.name.eq_ignore_ascii_case("value").then_some((element, attribute));
    }
    let sub = attribute.sub(&path.name)?;
    Some((element.get(&sub.name)?, sub))
}

/// The elements of an attribute: those of its array, or its one value.
fn elements<'a>(
    resource: &'a Resource,
    resolved: &Resolved<'_>,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    let holder = match resolved.extension {
        Some(extension) => resource.get(&extension.id).and_then(Value::as_object),
        None => Some(resource),
    };
    let value = holder.and_then(|h| h.get(&resolved.attribute.name));
    let (many, one) = match value {
        Some(Value::Array(items)) => (items.as_slice(), None),
        other => (&[][..], other),
    };
    many.iter().chain(one)
}

fn values<'a>(
    resource: &'a Resource,
    resolved: &Resolved<'_>,
    sub: Option<&Attribute>,
) -> impl Iterator<Item = &'a Value> {
    let sub = sub.map(|s| s.name.clone());
    elements(resource, resolved).filter_map(move |element| match &sub {
        Some(name) => element.get(name),
        None => Some(element),
    })
}

/// RFC 7644 §3.4.2.2 `pr`: a non-empty value; for a complex attribute a non-empty node.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_present),
        Value::Object(object) => object.values().any(is_present),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn holds<'a>(
    values: impl Iterator<Item = &'a Value>,
    attribute: &Attribute,
    operator: Operator,
    literal: &Literal,
) -> bool {
    let mut values = values.filter(|v| is_present(v));
    match (operator, literal) {
        (Operator::Eq, Literal::Null) => values.next().is_none(),
        (Operator::Ne, Literal::Null) => values.next().is_some(),
        (Operator::Ne, _) => !values.any(|v| compare_one(v, attribute, Operator::Eq, literal)),
        _ => values.any(|v| compare_one(v, attribute, operator, literal)),
    }
}

fn compare_one(value: &Value, attribute: &Attribute, operator: Operator, literal: &Literal) -> bool {
    let textual = matches!(operator, Operator::Co | Operator::Sw | Operator::Ew);
    let order = match attribute.kind {
        AttributeType::Boolean => match (compare::boolean(value), boolean(literal)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => None,
        },
        AttributeType::Integer | AttributeType::Decimal => match (value.as_f64(), number(literal)) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => None,
        },
        AttributeType::DateTime if !textual => {
            match (value.as_str().and_then(compare::date), text(literal)) {
                (Some(a), Some(b)) => compare::date(&b).map(|b| a.cmp(&b)),
                _ => None,
            }
        }
        _ => return compare_text(value, attribute, operator, literal),
    };
    order.is_some_and(|order| satisfies(order, operator))
}

fn compare_text(value: &Value, attribute: &Attribute, operator: Operator, literal: &Literal) -> bool {
    let (Some(value), Some(literal)) = (value.as_str(), text(literal)) else { return false };
    let (a, b) = (compare::key(value, attribute), compare::key(&literal, attribute));
    match operator {
        Operator::Co => a.contains(&b),
        Operator::Sw => a.starts_with(&b),
        Operator::Ew => a.ends_with(&b),
        _ => satisfies(a.cmp(&b), operator),
    }
}

fn satisfies(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

fn text(literal: &Literal) -> Option<String> {
    match literal {
        Literal::String(text) => Some(text.clone()),
        Literal::Number(number) => Some(number.to_string()),
        Literal::Boolean(_) | Literal::Null => None,
    }
}

fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Number(number) => number.as_f64(),
        Literal::String(text) => text.parse().ok().filter(|n: &f64| n.is_finite()),
        Literal::Boolean(_) | Literal::Null => None,
    }
}

fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(value) => Some(*value),
        Literal::String(text) => compare::boolean(&Value::from(text.as_str())),
        Literal::Number(_) | Literal::Null => None,
    }
}
