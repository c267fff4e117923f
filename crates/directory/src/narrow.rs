//! From a filter to what the store's indexes can answer of it.
//!
//! A filter is split in two: [`Narrow`], which the indexes answer exactly, and the rest, which the evaluator decides
//! on each resource that is left. Both together mean what the filter means, which a property test holds them to.

use scim::attribute::Attribute;
use scim::compare;
use scim::filter::{Filter, Literal, Operator};
use scim::path::AttributePath;
use scim::schema::{Resolved, ResourceType};
use scim::urn;
use serde_json::Value;
use store::{Kind, Narrow};

use crate::index::{EMAIL, EMPLOYEE_NUMBER, EXTERNAL_ID};
use crate::location::scim_type;

/// How a query of one kind is carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) narrow: Narrow,
    /// What the indexes leave undecided.
    pub(crate) rest: Option<Filter>,
}

impl Plan {
    fn exact(narrow: Narrow) -> Self {
        Self { narrow, rest: None }
    }

    fn undecided(filter: &Filter) -> Self {
        Self { narrow: Narrow::All, rest: Some(filter.clone()) }
    }
}

pub(crate) fn plan(filter: Option<&Filter>, kind: Kind) -> Plan {
    filter.map_or_else(|| Plan::exact(Narrow::All), |filter| of(filter, kind))
}

fn of(filter: &Filter, kind: Kind) -> Plan {
    match filter {
        Filter::And(parts) => and(parts.iter().map(|part| of(part, kind))),
        Filter::Or(parts) => {
            let plans: Vec<Plan> = parts.iter().map(|part| of(part, kind)).collect();
            // One undecided alternative leaves the whole to the evaluator; the narrow stays a superset.
            let rest = plans.iter().any(|plan| plan.rest.is_some()).then(|| filter.clone());
            Plan { narrow: union(plans.into_iter().map(|plan| plan.narrow)), rest }
        }
        Filter::Not(_) | Filter::Present(_) => Plan::undecided(filter),
        Filter::Compare(path, operator, literal) => {
            // An attribute that this kind does not have is compared with at the root only, and matches nothing.
            let Some(resolved) = scim_type(kind).resolve(path) else { return Plan::exact(Narrow::Nothing) };
            match compared(&resolved, kind, *operator, literal) {
                // A user whose `active` was removed is neither active nor inactive, but kept with those who are not active.
                Some(narrow @ Narrow::Active(false)) => Plan { narrow, rest: Some(filter.clone()) },
                Some(narrow) => Plan::exact(narrow),
                None => Plan::undecided(filter),
            }
        }
        Filter::ValuePath(path, inner) => {
            let Some(resolved) = scim_type(kind).resolve(path) else { return Plan::exact(Narrow::Nothing) };
            match selected(&resolved, kind, inner) {
                Some((narrow, true)) => Plan::exact(narrow),
                Some((narrow, false)) => Plan { narrow, rest: Some(filter.clone()) },
                None => Plan::undecided(filter),
            }
        }
    }
}

fn and(plans: impl Iterator<Item = Plan>) -> Plan {
    let (mut narrows, mut rests) = (Vec::new(), Vec::new());
    for plan in plans {
        match plan.narrow {
            Narrow::All => {}
            narrow => narrows.push(narrow),
        }
        rests.extend(plan.rest);
    }
    let narrow = match narrows.len() {
        _ if narrows.contains(&Narrow::Nothing) => Narrow::Nothing,
        0 => Narrow::All,
        1 => narrows.remove(0),
        _ => Narrow::And(narrows),
    };
    let rest = match rests.len() {
        _ if narrow == Narrow::Nothing => None,
        0 => None,
        1 => rests.pop(),
        _ => Some(Filter::And(rests)),
    };
    Plan { narrow, rest }
}

fn union(narrows: impl Iterator<Item = Narrow>) -> Narrow {
    let mut narrows: Vec<Narrow> = narrows.filter(|narrow| *narrow != Narrow::Nothing).collect();
    match narrows.len() {
        _ if narrows.contains(&Narrow::All) => Narrow::All,
        0 => Narrow::Nothing,
        1 => narrows.remove(0),
        _ => Narrow::Or(narrows),
    }
}

/// The inside of `emails[…]`: a narrow that every match satisfies, and whether it decides.
/// Several conditions on one element are more than an index knows, so an `and` never does.
fn selected(resolved: &Resolved<'_>, kind: Kind, inner: &Filter) -> Option<(Narrow, bool)> {
    match inner {
        Filter::Compare(path, operator, literal) => {
            let sub = resolved.attribute.sub(&path.name)?;
            let element = Resolved { sub: Some(sub), ..*resolved };
            Some((compared(&element, kind, *operator, literal)?, true))
        }
        Filter::And(parts) => {
            let narrow = parts.iter().find_map(|part| selected(resolved, kind, part))?.0;
            Some((narrow, false))
        }
        Filter::Or(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| selected(resolved, kind, part)).collect();
            let (narrows, exact): (Vec<_>, Vec<_>) = parts?.into_iter().unzip();
            Some((union(narrows.into_iter()), exact.into_iter().all(|e| e)))
        }
        Filter::Not(_) | Filter::Present(_) | Filter::ValuePath(..) => None,
    }
}

/// The index that answers one comparison exactly, if there is one.
fn compared(resolved: &Resolved<'_>, kind: Kind, operator: Operator, literal: &Literal) -> Option<Narrow> {
    let resource_type = scim_type(kind);
    let (attribute, sub) = (resolved.attribute, sub(resolved));
    let equals = operator == Operator::Eq;
    if let Some(extension) = resolved.extension {
        let indexed = extension.id == urn::ENTERPRISE_USER && attribute.name == EMPLOYEE_NUMBER;
        return if indexed { value(EMPLOYEE_NUMBER, attribute, operator, literal) } else { None };
    }
    if resource_type.unique().is_some_and(|unique| unique.name == attribute.name) {
        return match (operator, key(attribute, literal)?) {
            (Operator::Eq, key) if key.is_empty() => Some(Narrow::Nothing),
            (Operator::Eq, key) => Some(Narrow::UniqueKey(key)),
            (Operator::Sw, key) if is_bounded(&key) => Some(Narrow::UniqueKeyPrefix(key)),
            _ => None,
        };
    }
    match (attribute.name.as_str(), sub.map(|s| s.name.as_str())) {
        ("externalId", None) => value(EXTERNAL_ID, attribute, operator, literal),
        ("emails", Some("value")) => value(EMAIL, sub?, operator, literal),
        ("id", None) if equals => point(attribute, literal, Narrow::Id),
        ("members", Some("value")) if equals => point(sub?, literal, Narrow::Member),
        ("groups", Some("value")) if equals => point(sub?, literal, Narrow::GroupOf),
        ("active", None) if equals => truth(literal).map(Narrow::Active),
        ("meta", Some("resourceType")) if equals => {
            let same = key(sub?, literal)? == kind.as_str();
            Some(if same { Narrow::All } else { Narrow::Nothing })
        }
        _ => None,
    }
}

/// The sub-attribute that is compared; a complex attribute by itself means its `value` (Entra sends `members eq "id"`).
fn sub<'a>(resolved: &Resolved<'a>) -> Option<&'a Attribute> {
    let attribute = resolved.attribute;
    resolved.sub.or_else(|| if attribute.is_complex() { attribute.sub("value") } else { None })
}

fn value(path: &'static str, attribute: &Attribute, operator: Operator, literal: &Literal) -> Option<Narrow> {
    match (operator, key(attribute, literal)?) {
        (Operator::Eq, key) if key.is_empty() => Some(Narrow::Nothing),
        (Operator::Eq, key) => Some(Narrow::Value { path, key }),
        (Operator::Sw, prefix) if is_bounded(&prefix) => Some(Narrow::ValuePrefix { path, prefix }),
        _ => None,
    }
}

/// Whether the texts with this prefix have an end in the index: one behind them all.
fn is_bounded(prefix: &str) -> bool {
    prefix.chars().any(|c| c != char::MAX)
}

fn point(attribute: &Attribute, literal: &Literal, narrow: fn(String) -> Narrow) -> Option<Narrow> {
    let key = key(attribute, literal)?;
    Some(if key.is_empty() { Narrow::Nothing } else { narrow(key) })
}

/// The literal in the form in which the index holds the values.
fn key(attribute: &Attribute, literal: &Literal) -> Option<String> {
    match literal {
        Literal::String(text) => Some(compare::key(text, attribute)),
        Literal::Number(number) => Some(compare::key(&number.to_string(), attribute)),
        Literal::Boolean(_) | Literal::Null => None,
    }
}

fn truth(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(truth) => Some(*truth),
        Literal::String(text) => compare::boolean(&Value::from(text.as_str())),
        Literal::Number(_) | Literal::Null => None,
    }
}

/// Whether deciding the filter takes an attribute that is not part of the document: `members`, `groups`.
pub(crate) fn mentions(filter: &Filter, resource_type: &ResourceType, attribute: &str) -> bool {
    let about = |path: &AttributePath| {
        resource_type.resolve(path).is_some_and(|r| r.extension.is_none() && r.attribute.name == attribute)
    };
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|p| mentions(p, resource_type, attribute)),
        Filter::Not(inner) => mentions(inner, resource_type, attribute),
        Filter::Compare(path, ..) | Filter::Present(path) | Filter::ValuePath(path, _) => about(path),
    }
}
