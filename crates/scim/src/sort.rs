//! Order of resources (RFC 7644 §3.4.2.3).

use crate::Resource;
use crate::path::AttributePath;
use crate::schema::ResourceType;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

/// What one resource is sorted by. A resource without the attribute sorts last in ascending order.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum SortKey {
    Boolean(bool),
    Number(f64),
    /// Milliseconds since 1970
    Date(i64),
    Text(String),
    Missing,
}

/// The key of `resource` under `sortBy`: for a multi-valued attribute the primary value, else the first.
pub fn key(resource: &Resource, sort_by: &AttributePath, resource_type: &ResourceType) -> SortKey {
    let _ = (resource, sort_by, resource_type);
    todo!()
}
