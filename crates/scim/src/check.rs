//! Validate and normalize a whole resource as a client sent it (POST, PUT).

use crate::Resource;
use crate::error::{Error, Result};
use crate::patch::{MemberChange, Op};
use crate::quirk::Quirks;
use crate::schema::ResourceType;

pub(crate) mod name;
pub(crate) mod schemas;
pub(crate) mod value;

/// What the body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// POST (RFC 7644 §3.3)
    Create,
    /// PUT (RFC 7644 §3.5.1)
    Replace,
}

/// A body that may be stored: schema spelling, right types, no read-only and no unknown attributes, `schemas` complete.
#[derive(Debug, Clone)]
pub struct Checked {
    pub resource: Resource,
    pub quirks: Quirks,
}

/// A group's `members` are left in the resource as an array of `{value, type?}` without duplicates, for the caller to take.
///
/// # Errors
/// `invalidValue` or `invalidSyntax`, naming the attribute.
pub fn check(body: Resource, resource_type: &ResourceType, purpose: Purpose) -> Result<Checked> {
    let mut draft = crate::patch::Draft::whole(resource_type);
    draft.body(Op::Add, body)?;
    let mut members = Vec::new();
    for change in std::mem::take(&mut draft.members) {
        if let MemberChange::Add(added) = change {
            members.extend(added);
        }
    }
    let (mut resource, quirks) = draft.finish();
    if !members.is_empty() {
        resource.insert("members".into(), crate::patch::members_value(members));
    }
    require(&resource, resource_type, purpose)?;
    Ok(Checked { resource, quirks })
}

/// RFC 7644 §3.5.1: "If an attribute is required, clients MUST specify the attribute".
fn require(resource: &Resource, resource_type: &ResourceType, purpose: Purpose) -> Result<()> {
    let done = match purpose {
        Purpose::Create => "created",
        Purpose::Replace => "replaced",
    };
    for attribute in resource_type.schema.attributes.iter().filter(|a| a.required) {
        if !resource.contains_key(&attribute.name) {
            return Err(Error::invalid_value(format!(
                "{} is required when a {} is {done}; send a string that is not empty",
                attribute.name, resource_type.name
            )));
        }
    }
    Ok(())
}
