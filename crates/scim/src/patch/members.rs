//! A group's members: read as changes, never as part of the document.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::apply::Draft;
use super::select;
use super::{Member, MemberChange, Op};
use crate::check::name::Target;
use crate::check::value;
use crate::error::{Error, Result};
use crate::filter::{Filter, Literal, Operator};
use crate::quirk::{Quirk, Quirks};

/// Members as the attribute's value.
pub(crate) fn value_of(members: Vec<Member>) -> Value {
    let members = distinct(members).into_iter().map(|member| match member.kind {
        Some(kind) => json!({ "value": member.value, "type": kind }),
        None => json!({ "value": member.value }),
    });
    Value::Array(members.collect())
}

impl Draft<'_> {
    pub(super) fn assign_members(&mut self, op: Op, target: &Target<'_>, value: Value) -> Result<()> {
        match target.sub.map(|sub| sub.name.as_str()) {
            None | Some("value") => {}
            // RFC 7644 §3.5.2: `immutable`; a member is added or removed, not changed.
            Some(_) => return Err(immutable(target)),
        }
        let place = target.to_string();
        let single = target.filter.is_some() || (op == Op::Add && !self.whole);
        let empty = value.is_null() || value == "";
        if empty && !self.whole {
            self.quirks.note(Quirk::EmptyRemoves);
        }
        let sent = read(value, &place, single, &mut self.quirks)?;
        let change = match (&target.filter, op) {
            (Some(filter), _) => return self.assign_selected_members(target, filter, sent),
            (None, Op::Replace) => MemberChange::Set(sent),
            (None, _) => MemberChange::Add(sent),
        };
        if change != MemberChange::Add(Vec::new()) {
            self.members.push(change);
        }
        Ok(())
    }

    /// `members[value eq "x"]` with another member as the value: that one in place of x.
    fn assign_selected_members(
        &mut self,
        target: &Target<'_>,
        filter: &Filter,
        sent: Vec<Member>,
    ) -> Result<()> {
        select::validate(target, filter, self.resource_type, &mut self.quirks)?;
        let Some(named) = values(filter) else {
            return Err(Error::invalid_path(format!(
                "{target}: members are added by their id; use the path members, or members[value eq \"id\"]"
            )));
        };
        let gone: Vec<String> =
            named.into_iter().filter(|id| !sent.iter().any(|member| member.value == *id)).collect();
        if !gone.is_empty() {
            self.members.push(MemberChange::Remove(gone));
        }
        if !sent.is_empty() {
            self.members.push(MemberChange::Add(sent));
        }
        Ok(())
    }

    pub(super) fn remove_members(&mut self, target: &Target<'_>, sent: Option<&Value>) -> Result<()> {
        if target.sub.is_some_and(|sub| sub.name != "value") {
            return Err(immutable(target));
        }
        if let Some(filter) = &target.filter {
            select::validate(target, filter, self.resource_type, &mut self.quirks)?;
            self.members.push(match values(filter) {
                Some(ids) => MemberChange::Remove(ids),
                None => MemberChange::RemoveWhere(filter.clone()),
            });
            return Ok(());
        }
        match sent {
            // RFC 7644 §3.5.2.2: "the attribute and all values are removed".
            None | Some(Value::Null) => self.members.push(MemberChange::Clear),
            // Entra removes with a value that lists the members to remove; an empty list removes nobody.
            Some(sent) => {
                self.quirks.note(Quirk::RemoveMembersByValue);
                let listed = read(sent.clone(), &target.to_string(), true, &mut self.quirks)?;
                if !listed.is_empty() {
                    self.members.push(MemberChange::Remove(listed.into_iter().map(|m| m.value).collect()));
                }
            }
        }
        Ok(())
    }
}

/// The ids of a filter that is `value eq "a"`, or several of them joined by `or`.
fn values(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare(path, Operator::Eq, Literal::String(id))
            if path.name.eq_ignore_ascii_case("value") =>
        {
            Some(vec![id.clone()])
        }
        Filter::Or(parts) => Some(parts.iter().map(values).collect::<Option<Vec<_>>>()?.concat()),
        _ => None,
    }
}

fn read(value: Value, place: &str, single: bool, quirks: &mut Quirks) -> Result<Vec<Member>> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::Array(items) => items,
        one => {
            if !single {
                quirks.note(Quirk::SingleForMultiple);
            }
            vec![one]
        }
    };
    let mut members = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        members.push(member(item, &format!("{place}[{index}]"), quirks)?);
    }
    Ok(distinct(members))
}

fn member(item: Value, place: &str, quirks: &mut Quirks) -> Result<Member> {
    let object = match item {
        Value::Object(object) => object,
        Value::String(_) | Value::Number(_) => {
            quirks.note(Quirk::StringElement);
            Map::from_iter([("value".to_owned(), item)])
        }
        other => {
            return Err(Error::invalid_value(format!(
                "{place}: expected a member such as {{\"value\": \"id\"}}, found {}",
                value::found(&other)
            )));
        }
    };
    value::distinct_names(&object)?;
    let mut member = Member { value: String::new(), kind: None };
    for (name, value) in object {
        match (name.to_ascii_lowercase().as_str(), value) {
            ("value", Value::String(id)) => member.value = id,
            ("value", Value::Number(id)) => {
                quirks.note(Quirk::ScalarType);
                member.value = id.to_string();
            }
            ("type", Value::String(kind)) => member.kind = known_kind(&kind),
            // The server says where a member is and what it is called.
            ("type" | "$ref" | "display" | "value", _) => {}
            _ => quirks.note(Quirk::UnknownAttribute),
        }
    }
    if member.value.is_empty() {
        return Err(Error::invalid_value(format!("{place}.value: send the id of the user or group")));
    }
    value::key(&member.value, true, &format!("{place}.value"))?;
    Ok(member)
}

fn known_kind(kind: &str) -> Option<String> {
    ["User", "Group"].into_iter().find(|known| known.eq_ignore_ascii_case(kind)).map(str::to_owned)
}

/// Each member once, as first named.
fn distinct(mut members: Vec<Member>) -> Vec<Member> {
    let mut seen = HashSet::with_capacity(members.len());
    members.retain(|member| seen.insert(member.value.clone()));
    members
}

fn immutable(target: &Target<'_>) -> Error {
    Error::mutability(format!("{target} cannot be changed; remove the member and add another"))
}
