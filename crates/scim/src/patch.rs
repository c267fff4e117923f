//! PATCH (RFC 7644 §3.5.2): parse the message, apply it to a copy, all or nothing.

use serde_json::Value;

mod apply;
mod assign;
mod members;
mod parse;
mod remove;
mod select;

use crate::Resource;
use crate::error::Result;
use crate::filter::Filter;
use crate::path::PatchPath;
use crate::quirk::Quirks;
use crate::schema::ResourceType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Add,
    Replace,
    Remove,
}

/// One operation. A `path` that is a schema URN alone (`urn:…:enterprise:2.0:User`: the whole extension) has the URN as
/// its attribute's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    pub op: Op,
    pub path: Option<PatchPath>,
    pub value: Option<Value>,
}

/// A parsed PatchOp message.
#[derive(Debug, Clone)]
pub struct PatchRequest {
    pub operations: Vec<Operation>,
    pub quirks: Quirks,
}

/// A member as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub value: String,
    /// `User` or `Group`, if the client said so.
    pub kind: Option<String>,
}

/// What a PATCH does to a group's members, in the order of its operations. Members are rows, never part of the document,
/// so that adding one costs the same whatever the size of the group.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    Add(Vec<Member>),
    Remove(Vec<String>),
    /// `members[…]` with a filter that is not a plain `value eq`; the caller evaluates it over the members.
    RemoveWhere(Filter),
    /// `replace` of `members`
    Set(Vec<Member>),
    /// `remove` of `members` without a value
    Clear,
}

#[derive(Debug, Clone)]
pub struct Applied {
    pub resource: Resource,
    /// Whether `resource` differs from what it was applied to (members apart).
    pub changed: bool,
    pub members: Vec<MemberChange>,
    /// Those of the request's message included.
    pub quirks: Quirks,
}

/// # Errors
/// `invalidSyntax`, `invalidPath`, `invalidValue`; the detail names the operation's index.
pub fn parse(body: Value) -> Result<PatchRequest> {
    parse::request(body)
}

/// Apply to a copy of `current`.
///
/// # Errors
/// `invalidPath`, `invalidValue`, `mutability`, `noTarget`; nothing has changed then.
pub fn apply(current: &Resource, request: &PatchRequest, resource_type: &ResourceType) -> Result<Applied> {
    apply::apply(current, request, resource_type)
}

pub(crate) use apply::Draft;
pub(crate) use members::value_of as members_value;
