//! Carry out operations on a draft: the copy that a PATCH changes and that a POST or PUT fills.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Applied, MemberChange, Op, Operation, PatchRequest};
use crate::Resource;
use crate::check::name::{self, Named, Target};
use crate::check::{schemas, value};
use crate::error::{Error, Result};
use crate::limits;
use crate::path::PatchPath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::{ResourceType, Schema};

/// RFC 7644 §3.5.2: a PATCH is atomic; the draft is dropped when an operation fails.
pub(super) fn apply(
    current: &Resource,
    request: &PatchRequest,
    resource_type: &ResourceType,
) -> Result<Applied> {
    let mut draft = Draft {
        resource_type,
        resource: current.clone(),
        quirks: request.quirks.clone(),
        members: Vec::new(),
        whole: false,
        declared: Vec::new(),
        compared: 0,
    };
    for (index, operation) in request.operations.iter().enumerate() {
        draft.operation(operation).map_err(|e| e.at(format_args!("Operations[{index}]")))?;
    }
    let members = std::mem::take(&mut draft.members);
    let (resource, quirks) = draft.finish();
    within_limit(&resource)?;
    Ok(Applied { changed: resource != *current, resource, members, quirks })
}

fn within_limit(resource: &Resource) -> Result<()> {
    let bytes: usize = resource.iter().map(|(name, value)| name.len() + value::size(value)).sum();
    if bytes > limits::RESOURCE_BYTES {
        return Err(Error::invalid_value(format!(
            "the resource would be {bytes} bytes large; at most {} are stored",
            limits::RESOURCE_BYTES
        )));
    }
    Ok(())
}

/// A resource being changed.
pub(crate) struct Draft<'a> {
    pub(super) resource_type: &'a ResourceType,
    pub(super) resource: Resource,
    pub(super) quirks: Quirks,
    /// Changes of a group's members, which never touch the document.
    pub(crate) members: Vec<MemberChange>,
    /// A whole resource is read (POST, PUT), not a PATCH: null says "absent" there, as RFC 7644 §3.3 has it.
    pub(super) whole: bool,
    /// The extensions that `schemas` of a whole resource lists.
    declared: Vec<String>,
    /// Bytes that filters have looked at; bounded by [`crate::limits::PATCH_COMPARED_BYTES`].
    pub(super) compared: usize,
}

impl<'a> Draft<'a> {
    /// An empty resource that a POST or PUT is going to fill.
    pub(crate) fn whole(resource_type: &'a ResourceType) -> Self {
        Self {
            resource_type,
            resource: Resource::new(),
            quirks: Quirks::default(),
            members: Vec::new(),
            whole: true,
            declared: Vec::new(),
            compared: 0,
        }
    }

    fn operation(&mut self, operation: &Operation) -> Result<()> {
        match (operation.op, &operation.path, &operation.value) {
            // RFC 7644 §3.5.2.2
            (Op::Remove, None, _) => {
                Err(Error::no_target("remove needs a path that names the attribute to remove"))
            }
            (Op::Remove, Some(path), value) => self.remove_at(path, value.as_ref()),
            (_, _, None) => Err(Error::invalid_value("add and replace need a value; null removes")),
            (op, None, Some(Value::Object(object))) => self.body(op, object.clone()),
            (_, None, Some(value)) => Err(Error::invalid_value(format!(
                "without a path the value must be an object of attributes, found {}",
                value::found(value)
            ))),
            (op, Some(path), Some(value)) => self.set_at(op, path, value.clone()),
        }
    }

    fn set_at(&mut self, op: Op, path: &PatchPath, value: Value) -> Result<()> {
        let named = name::of_path(path, self.resource_type, &mut self.quirks);
        if let Named::Attribute(target) = &named
            && target.is_read_only()
        {
            return Err(read_only(target));
        }
        self.set(op, named, value)
    }

    /// RFC 7644 §3.5.2.1, §3.5.2.3: "a set of attributes" without a path. They merge; what is not named stays.
    pub(crate) fn body(&mut self, op: Op, object: Map<String, Value>) -> Result<()> {
        value::distinct_names(&object)?;
        if self.whole
            && let Some(sent) = value::by_name(&object, "schemas")
        {
            self.declared = schemas::declared(sent, self.resource_type, &mut self.quirks)?;
        }
        for (key, value) in object {
            let named = name::of_key(&key, self.resource_type, &mut self.quirks);
            self.set(op, named, value)?;
        }
        Ok(())
    }

    fn set(&mut self, op: Op, named: Named<'_>, value: Value) -> Result<()> {
        match named {
            Named::Attribute(target) if target.is_read_only() => {
                // RFC 7644 §3.5.1: "readOnly: Any values provided SHALL be ignored."
                if !is_nothing(&value) {
                    self.quirks.note(Quirk::ReadOnlyIgnored);
                }
            }
            Named::Attribute(target) => self.assign(op, &target, value)?,
            Named::Extension(extension) => self.extension(op, extension, value)?,
            Named::Core => match value {
                Value::Object(object) => self.body(op, object)?,
                other => return Err(not_attributes(&self.resource_type.schema, &other)),
            },
            Named::Schemas if !self.whole => {
                schemas::declared(&value, self.resource_type, &mut self.quirks)?;
            }
            Named::Schemas => {}
            Named::Password if !value.is_null() => self.quirks.note(Quirk::PasswordIgnored),
            Named::Password => {}
            Named::Unknown if self.whole && value.is_null() => {}
            Named::Unknown => self.quirks.note(Quirk::UnknownAttribute),
        }
        Ok(())
    }

    fn extension(&mut self, op: Op, extension: &Schema, value: Value) -> Result<()> {
        let object = match value {
            Value::Object(object) => object,
            Value::Null if self.whole => return Ok(()),
            Value::Null => {
                self.quirks.note(Quirk::EmptyRemoves);
                self.resource.shift_remove(&extension.id);
                return Ok(());
            }
            Value::String(text) if text.is_empty() => {
                self.quirks.note(Quirk::EmptyRemoves);
                self.resource.shift_remove(&extension.id);
                return Ok(());
            }
            other => return Err(not_attributes(extension, &other)),
        };
        // Entra: extension URNs are keys of the body "but are not listed in schemas".
        if self.whole && !object.is_empty() && !self.declared.contains(&extension.id) {
            self.quirks.note(Quirk::UndeclaredExtension);
        }
        value::distinct_names(&object)?;
        for (key, value) in object {
            let named = name::of_extension_key(&key, extension, self.resource_type, &mut self.quirks);
            self.set(op, named, value)?;
        }
        Ok(())
    }

    fn remove_at(&mut self, path: &PatchPath, value: Option<&Value>) -> Result<()> {
        match name::of_path(path, self.resource_type, &mut self.quirks) {
            Named::Attribute(target) if target.is_read_only() => return Err(read_only(&target)),
            Named::Attribute(target) => self.remove(&target, value)?,
            Named::Extension(extension) => drop(self.resource.shift_remove(&extension.id)),
            Named::Schemas => {
                return Err(Error::mutability(
                    "schemas follows from the attributes; remove the extension's attributes instead",
                ));
            }
            Named::Core => {
                return Err(Error::mutability(format!(
                    "the attributes of {} cannot be removed all at once; name one",
                    self.resource_type.schema.id
                )));
            }
            Named::Password => self.quirks.note(Quirk::PasswordIgnored),
            Named::Unknown => self.quirks.note(Quirk::UnknownAttribute),
        }
        Ok(())
    }

    /// Take the value of a target's attribute out; [`Self::put`] puts one back in its place.
    pub(super) fn take(&mut self, target: &Target<'_>) -> Option<Value> {
        let holder = match target.extension {
            None => &mut self.resource,
            Some(extension) => self.resource.get_mut(&extension.id)?.as_object_mut()?,
        };
        holder.get_mut(&target.attribute.name).map(std::mem::take).filter(|v| !v.is_null())
    }

    /// Empty objects and arrays vanish, and an extension without attributes (RFC 7643 §2.5).
    pub(super) fn put(&mut self, target: &Target<'_>, value: Option<Value>) {
        let value = value.filter(|v| !is_nothing(v));
        let name = &target.attribute.name;
        let Some(extension) = target.extension else {
            put_in(&mut self.resource, name, value);
            return;
        };
        let entry = self.resource.entry(extension.id.as_str()).or_insert_with(|| Value::Object(Map::new()));
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        let mut empty = false;
        if let Some(holder) = entry.as_object_mut() {
            put_in(holder, name, value);
            empty = holder.is_empty();
        }
        if empty {
            self.resource.shift_remove(&extension.id);
        }
    }

    /// The resource with `schemas` as its attributes demand, and what had to be tolerated.
    pub(crate) fn finish(mut self) -> (Resource, Quirks) {
        for value in self.resource.values_mut() {
            if let Value::Array(elements) = value {
                distinct(elements);
            }
        }
        schemas::rebuild(&mut self.resource, self.resource_type);
        (self.resource, self.quirks)
    }
}

fn put_in(holder: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(holder.insert(name.to_owned(), value)),
        None => drop(holder.shift_remove(name)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn distinct(elements: &mut Vec<Value>) {
    let mut seen = HashSet::with_capacity(elements.len());
    let keep: Vec<bool> = elements.iter().map(|element| seen.insert(element)).collect();
    if keep.contains(&false) {
        let mut keep = keep.into_iter();
        elements.retain(|_| keep.next().unwrap_or(true));
    }
}

fn not_attributes(schema: &Schema, value: &Value) -> Error {
    Error::invalid_value(format!(
        "{}: expected an object of attributes, found {}",
        schema.id,
        value::found(value)
    ))
}

/// RFC 7644 §3.5.2: "a client MUST NOT modify an attribute that has mutability "readOnly"".
fn read_only(target: &Target<'_>) -> Error {
    Error::mutability(format!("{target} is set by the server; it cannot be changed"))
}
