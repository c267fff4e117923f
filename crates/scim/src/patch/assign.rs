//! `add` and `replace` of one attribute (RFC 7644 §3.5.2.1, §3.5.2.3).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::Op;
use super::apply::Draft;
use super::select;
use crate::attribute::Attribute;
use crate::check::name::Target;
use crate::check::value::{self, Fields};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::quirk::Quirk;

impl Draft<'_> {
    pub(super) fn assign(&mut self, op: Op, target: &Target<'_>, value: Value) -> Result<()> {
        if target.is_members() {
            return self.assign_members(op, target, value);
        }
        let attribute = target.attribute;
        if value.is_null() && !self.whole {
            let reference = value::is_reference(attribute);
            self.quirks.note(if reference { Quirk::ManagerEmpty } else { Quirk::EmptyRemoves });
        }
        if let Some(filter) = &target.filter {
            select::validate(target, filter, self.resource_type, &mut self.quirks)?;
        }
        let old = self.take(target);
        let new = match (&target.filter, target.sub) {
            (Some(filter), _) => self.selected(op, target, filter, list(old), value)?,
            (None, Some(sub)) if attribute.multi_valued => self.sub_of_only(target, sub, list(old), value)?,
            (None, None) if attribute.multi_valued => self.many(op, target, list(old), value)?,
            (None, Some(sub)) => self.sub_of_one(target, sub, old, value)?,
            (None, None) if attribute.is_complex() => self.complex(target, old, value)?,
            (None, None) => value::scalar(value, attribute, &target.to_string(), &mut self.quirks)?,
        };
        if new.is_none() && attribute.required {
            return Err(Error::invalid_value(format!("{target} is required and must not be empty")));
        }
        self.put(target, new);
        Ok(())
    }

    /// "If the target location specifies a multi-valued attribute, a new value is added" (add), or all are replaced.
    fn many(&mut self, op: Op, target: &Target<'_>, old: Vec<Value>, value: Value) -> Result<Option<Value>> {
        let place = target.to_string();
        let single = op == Op::Add && !self.whole;
        let new = value::elements(value, target.attribute, &place, single, &mut self.quirks)?;
        let elements = match op {
            Op::Replace => new,
            _ => joined(old, new),
        };
        value::within_limit(elements.len(), &place)?;
        Ok(Some(Value::Array(elements)))
    }

    /// `emails.value` without a filter: the only element, or the first one to be.
    fn sub_of_only(
        &mut self,
        target: &Target<'_>,
        sub: &Attribute,
        mut old: Vec<Value>,
        value: Value,
    ) -> Result<Option<Value>> {
        let value = value::sub_value(value, target.attribute, sub, &target.to_string(), &mut self.quirks)?;
        match old.as_mut_slice() {
            [] => {
                let fields: Fields<'_> = vec![(sub, value)];
                return Ok(value::assembled(fields).map(|element| Value::Array(vec![element])));
            }
            [one] => set_sub(one, sub, value),
            several => {
                return Err(Error::invalid_path(format!(
                    "{target}: there are {} elements; say which, as in {}[type eq \"work\"].{}",
                    several.len(),
                    target.attribute.name,
                    sub.name
                )));
            }
        }
        old.retain(|element| !value::is_hollow(element));
        Ok(Some(Value::Array(old)))
    }

    /// `emails[type eq "work"]` and `emails[type eq "work"].value`.
    fn selected(
        &mut self,
        op: Op,
        target: &Target<'_>,
        filter: &Filter,
        mut elements: Vec<Value>,
        value: Value,
    ) -> Result<Option<Value>> {
        let place = target.to_string();
        let mut chosen = self.select(&elements, filter, target.attribute)?;
        let removes = is_empty(&value);
        let fields = match target.sub {
            Some(sub) => {
                vec![(sub, value::sub_value(value, target.attribute, sub, &place, &mut self.quirks)?)]
            }
            None => self.element_fields(target.attribute, &place, value)?,
        };
        if chosen.is_empty() {
            if fields.iter().all(|(_, value)| value.is_none()) {
                return Ok(Some(Value::Array(elements)));
            }
            // Entra adds and replaces through a filter before the element exists; RFC 7644 would have noTarget.
            let facts = select::facts(filter, target.attribute).ok_or_else(|| select::no_target(target))?;
            self.quirks.note(Quirk::NoMatchCreates);
            chosen.push(elements.len());
            elements.extend(value::assembled(overlaid(facts, fields)));
        } else if target.sub.is_none() && removes {
            if op == Op::Replace {
                drop_at(&mut elements, &chosen);
            }
            return Ok(Some(Value::Array(elements)));
        } else {
            // RFC 7644 §3.5.2.3: "all matching record values SHALL be replaced"; what selected them stays true of them
            // unless the value says otherwise.
            let whole = (op == Op::Replace && target.sub.is_none()).then(|| {
                overlaid(select::facts(filter, target.attribute).unwrap_or_default(), fields.clone())
            });
            for &index in &chosen {
                let Some(element) = elements.get_mut(index) else { continue };
                match &whole {
                    Some(fields) => *element = value::assembled(fields.clone()).unwrap_or_default(),
                    None => fields.iter().for_each(|(sub, value)| set_sub(element, sub, value.clone())),
                }
            }
            if fields.iter().any(|(_, value)| value.is_none()) {
                drop_hollow(&mut elements, &mut chosen);
            }
        }
        settle_primary(&mut elements, &chosen, &place)?;
        value::within_limit(elements.len(), &place)?;
        Ok(Some(Value::Array(elements)))
    }

    fn element_fields<'a>(
        &mut self,
        attribute: &'a Attribute,
        place: &str,
        value: Value,
    ) -> Result<Fields<'a>> {
        let value = match value {
            Value::Array(mut items) if items.len() == 1 => items.pop().unwrap_or_default(),
            Value::Array(items) if items.is_empty() => Value::Null,
            other => other,
        };
        match value::object(value, attribute, place, &mut self.quirks)? {
            Some(object) => value::fields(object, attribute, place, &mut self.quirks),
            None => Ok(Vec::new()),
        }
    }

    /// RFC 7644 §3.5.2.3: "Sub-attributes that are not specified in the "value" parameter are left unchanged."
    fn complex(&mut self, target: &Target<'_>, old: Option<Value>, value: Value) -> Result<Option<Value>> {
        let place = target.to_string();
        let attribute = target.attribute;
        let Some(object) = value::object(value, attribute, &place, &mut self.quirks)? else {
            return Ok(None);
        };
        let fields = value::fields(object, attribute, &place, &mut self.quirks)?;
        let mut merged = match old {
            Some(old @ Value::Object(_)) => old,
            _ => Value::Object(Map::new()),
        };
        forget_ref(&mut merged, attribute, &fields);
        fields.into_iter().for_each(|(sub, value)| set_sub(&mut merged, sub, value));
        Ok(Some(merged))
    }

    fn sub_of_one(
        &mut self,
        target: &Target<'_>,
        sub: &Attribute,
        old: Option<Value>,
        value: Value,
    ) -> Result<Option<Value>> {
        let attribute = target.attribute;
        if value::is_reference(attribute) && sub.name == "value" && is_empty(&value) {
            if !(self.whole && value.is_null()) {
                self.quirks.note(Quirk::ManagerEmpty);
            }
            return Ok(None);
        }
        let fields: Fields<'_> =
            vec![(sub, value::scalar(value, sub, &target.to_string(), &mut self.quirks)?)];
        let mut merged = match old {
            Some(old @ Value::Object(_)) => old,
            _ => Value::Object(Map::new()),
        };
        forget_ref(&mut merged, attribute, &fields);
        fields.into_iter().for_each(|(sub, value)| set_sub(&mut merged, sub, value));
        Ok(Some(merged))
    }
}

/// A reference that points at another resource must not keep the old one's `$ref`.
fn forget_ref(old: &mut Value, attribute: &Attribute, fields: &Fields<'_>) {
    let Some(object) = old.as_object_mut().filter(|_| value::is_reference(attribute)) else { return };
    let points = |(sub, value): &(&Attribute, Option<Value>)| {
        sub.name == "value" && value.as_ref() != object.get("value")
    };
    if fields.iter().any(points) {
        object.shift_remove("$ref");
    }
}

fn list(old: Option<Value>) -> Vec<Value> {
    match old {
        Some(Value::Array(elements)) => elements,
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty)
}

pub(super) fn set_sub(element: &mut Value, sub: &Attribute, value: Option<Value>) {
    let Some(object) = element.as_object_mut() else { return };
    match value {
        Some(value) => drop(object.insert(sub.name.clone(), value)),
        None => drop(object.shift_remove(&sub.name)),
    }
}

fn overlaid<'a>(mut facts: Fields<'a>, fields: Fields<'a>) -> Fields<'a> {
    for (sub, value) in fields {
        match facts.iter_mut().find(|(known, _)| known.name == sub.name) {
            Some(slot) => slot.1 = value,
            None => facts.push((sub, value)),
        }
    }
    facts
}

fn drop_at(elements: &mut Vec<Value>, positions: &[usize]) {
    let mut index = 0;
    elements.retain(|_| {
        index += 1;
        positions.binary_search(&(index - 1)).is_err()
    });
}

/// Of the chosen elements those that say nothing any more go; `chosen` follows.
fn drop_hollow(elements: &mut Vec<Value>, chosen: &mut Vec<usize>) {
    let hollow: Vec<usize> = chosen
        .iter()
        .copied()
        .filter(|&index| elements.get(index).is_some_and(|e| e.is_null() || value::is_hollow(e)))
        .collect();
    drop_at(elements, &hollow);
    chosen.retain(|index| hollow.binary_search(index).is_err());
    for index in chosen {
        *index -= hollow.partition_point(|gone| gone < index);
    }
}

/// RFC 7644 §3.5.2: setting "primary" to true sets it to false "for any other values in the array".
fn settle_primary(elements: &mut [Value], chosen: &[usize], place: &str) -> Result<()> {
    value::one_primary(chosen.iter().filter_map(|&index| elements.get(index)), place)?;
    if let Some(primary) = chosen.iter().copied().find(|&i| elements.get(i).is_some_and(value::is_primary)) {
        demote_others(elements, primary);
    }
    Ok(())
}

fn demote_others(elements: &mut [Value], primary: usize) {
    for (index, element) in elements.iter_mut().enumerate() {
        if index != primary
            && let Some(flag) = element.get_mut("primary")
            && *flag == Value::Bool(true)
        {
            *flag = Value::Bool(false);
        }
    }
}

/// RFC 7644 §3.5.2.1: a value that is already there is not added again. `primary` says which value counts, not what
/// the value is.
fn joined(mut elements: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    let mut prints: Vec<u64> = elements.iter().map(fingerprint).collect();
    let mut primary = None;
    for value in new {
        let print = fingerprint(&value);
        let known = |at: &usize| {
            prints.get(*at) == Some(&print) && elements.get(*at).is_some_and(|e| same_but_primary(e, &value))
        };
        let at = match (0..elements.len()).find(known) {
            Some(at) => {
                if let (Some(known), Some(flag)) = (elements.get_mut(at), value.get("primary")) {
                    known["primary"] = flag.clone();
                }
                at
            }
            None => {
                elements.push(value);
                prints.push(print);
                elements.len() - 1
            }
        };
        if elements.get(at).is_some_and(value::is_primary) {
            primary = Some(at);
        }
    }
    if let Some(primary) = primary {
        demote_others(&mut elements, primary);
    }
    elements
}

/// Equal for elements that are the same but for `primary`, so that most comparisons are of numbers.
fn fingerprint(element: &Value) -> u64 {
    let hash = |of: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        of(&mut hasher);
        hasher.finish()
    };
    match element {
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| *name != "primary")
            .map(|(name, value)| hash(&|hasher| (name, value).hash(hasher)))
            .fold(0, |all, one| all ^ one),
        other => hash(&|hasher| other.hash(hasher)),
    }
}

fn same_but_primary(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return a == b };
    let rest = |o: &Map<String, Value>| o.len() - usize::from(o.contains_key("primary"));
    rest(a) == rest(b) && a.iter().all(|(name, value)| name == "primary" || b.get(name) == Some(value))
}
