//! Order of resources (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::Value;

use crate::Resource;
use crate::attribute::AttributeType;
use crate::compare;
use crate::path::AttributePath;
use crate::schema::ResourceType;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

/// What one resource is sorted by. A resource without the attribute sorts last in ascending order and first in
/// descending order (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    Boolean(bool),
    Number(f64),
    /// Milliseconds since 1970
    Date(i64),
    Text(String),
    Missing,
}

impl SortKey {
    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Date(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }
}

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// The key of `resource` under `sortBy`: for a multi-valued attribute the primary value, else the first; for a complex
/// attribute without sub-attribute its `value`.
pub fn key(resource: &Resource, sort_by: &AttributePath, resource_type: &ResourceType) -> SortKey {
    find(resource, sort_by, resource_type).unwrap_or(SortKey::Missing)
}

fn find(resource: &Resource, sort_by: &AttributePath, resource_type: &ResourceType) -> Option<SortKey> {
    let resolved = resource_type.resolve(sort_by)?;
    let holder = match resolved.extension {
        Some(extension) => resource.get(&extension.id)?.as_object()?,
        None => resource,
    };
    let mut value = holder.get(&resolved.attribute.name)?;
    if let Value::Array(items) = value {
        let primary = items.iter().find(|i| i.get("primary").and_then(compare::boolean) == Some(true));
        value = primary.or_else(|| items.first())?;
    }
    let mut attribute = resolved.attribute;
    if attribute.is_complex() {
        attribute = resolved.sub.or_else(|| attribute.sub("value"))?;
        value = value.get(&attribute.name)?;
    }
    match attribute.kind {
        AttributeType::Boolean => compare::boolean(value).map(SortKey::Boolean),
        AttributeType::Integer | AttributeType::Decimal => value.as_f64().map(SortKey::Number),
        AttributeType::DateTime => value.as_str().and_then(compare::date).map(SortKey::Date),
        _ => value.as_str().map(|text| SortKey::Text(compare::key(text, attribute))),
    }
}
