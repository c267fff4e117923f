//! What a response shows: `attributes`, `excludedAttributes` and `returned` (RFC 7644 §3.9).

use crate::error::Result;
use crate::path::AttributePath;
use crate::schema::ResourceType;
use crate::Resource;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Projection {
    /// Everything `returned` by default.
    #[default]
    Default,
    /// Only these, and what is always returned.
    Only(Vec<AttributePath>),
    /// Everything by default but these; what is always returned stays.
    Except(Vec<AttributePath>),
}

impl Projection {
    /// From the comma-separated or repeated values of the two parameters. Unknown names select nothing.
    ///
    /// # Errors
    /// `invalidValue` when both are given, when there are too many, or a name is not an attribute path.
    pub fn new(attributes: &[&str], excluded: &[&str]) -> Result<Self> {
        let _ = (attributes, excluded);
        todo!()
    }

    /// Whether a core attribute (`members`, `groups`) would be shown at all; if not, it need not be loaded.
    pub fn wants(&self, attribute: &str) -> bool {
        let _ = attribute;
        todo!()
    }

    pub fn apply(&self, resource: Resource, resource_type: &ResourceType) -> Resource {
        let _ = (&resource, resource_type);
        todo!()
    }
}
