//! Evaluate a filter on a resource.

use super::Filter;
use crate::Resource;
use crate::error::Result;
use crate::schema::ResourceType;

pub(super) fn validate(filter: &Filter, resource_type: &ResourceType) -> Result<()> {
    let _ = (filter, resource_type);
    todo!()
}

pub(super) fn matches(filter: &Filter, resource: &Resource, resource_type: &ResourceType) -> bool {
    let _ = (filter, resource, resource_type);
    todo!()
}
