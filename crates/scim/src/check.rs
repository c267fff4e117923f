//! Validate and normalize a whole resource as a client sent it (POST, PUT).

use crate::error::Result;
use crate::quirk::Quirks;
use crate::schema::ResourceType;
use crate::Resource;

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

/// # Errors
/// `invalidValue` or `invalidSyntax`, naming the attribute.
pub fn check(body: Resource, resource_type: &ResourceType, purpose: Purpose) -> Result<Checked> {
    let _ = (body, resource_type, purpose);
    todo!()
}
