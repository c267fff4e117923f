//! Schemas and resource types (RFC 7643 §6, §7, §8.7), and the lookup of an attribute by its path.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
use crate::path::AttributePath;
use crate::urn;

/// A schema definition; the JSON form is the Schema resource of RFC 7643 §7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub id: String,
    pub name: String,
    pub description: String,
    pub attributes: Vec<Attribute>,
}

impl Schema {
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))
    }
}

/// A kind of resource: its endpoint, its core schema and its extensions (RFC 7643 §6).
#[derive(Debug)]
pub struct ResourceType {
    /// `User`, `Group`; also the value of `meta.resourceType`.
    pub name: &'static str,
    /// `/Users`, `/Groups`
    pub endpoint: &'static str,
    pub description: &'static str,
    pub schema: Schema,
    pub extensions: Vec<Schema>,
    /// `id`, `externalId`, `meta`, `schemas` (RFC 7643 §3.1), which no schema lists.
    pub common: Vec<Attribute>,
}

/// Where an attribute lives and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// The extension whose URN is the key of the object that holds the attribute; `None` for core and common attributes.
    pub extension: Option<&'a Schema>,
    pub attribute: &'a Attribute,
    pub sub: Option<&'a Attribute>,
}

impl<'a> Resolved<'a> {
    /// The definition that a comparison or an assignment is about: the sub-attribute if one is named.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

impl ResourceType {
    /// Find the attribute a path names; case-insensitive; `None` if this type has no such attribute.
    ///
    /// A path without URN is looked up in the core schema and the common attributes first and then, as Entra
    /// sends `manager` and OneLogin `department` without a URN, in the enterprise extension. Muster's own extension is
    /// reached by its URN alone: no client means it when it says `mail` or `description`.
    pub fn resolve(&self, path: &AttributePath) -> Option<Resolved<'_>> {
        let (extension, attribute) = match &path.schema {
            Some(urn) if urn.eq_ignore_ascii_case(&self.schema.id) => (None, self.core(&path.name)?),
            Some(urn) => {
                let extension = self.extension(urn)?;
                (Some(extension), extension.attribute(&path.name)?)
            }
            None => match self.core(&path.name) {
                Some(attribute) => (None, attribute),
                None => {
                    let enterprise = self.extension(urn::ENTERPRISE_USER)?;
                    (Some(enterprise), enterprise.attribute(&path.name)?)
                }
            },
        };
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some(Resolved { extension, attribute, sub })
    }

    /// A core or common attribute.
    pub fn core(&self, name: &str) -> Option<&Attribute> {
        self.schema.attribute(name).or_else(|| self.common.iter().find(|a| a.name.eq_ignore_ascii_case(name)))
    }

    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|e| e.id.eq_ignore_ascii_case(urn))
    }

    /// The core attribute whose value no two resources of a tenant may share: `userName`, a group's `displayName`.
    pub fn unique(&self) -> Option<&Attribute> {
        self.schema.attributes.iter().find(|a| a.uniqueness != Uniqueness::None)
    }

    /// All schema URNs that `schemas` of a resource of this type may name.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.schema.id.as_str()).chain(self.extensions.iter().map(|e| e.id.as_str()))
    }
}

static USER: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "A person's account",
    schema: built_in(include_str!("../schemas/user.json")),
    extensions: vec![
        built_in(include_str!("../schemas/enterprise_user.json")),
        built_in(include_str!("../schemas/directory_user.json")),
    ],
    common: common(),
});

static GROUP: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "A group of users and groups",
    schema: built_in(include_str!("../schemas/group.json")),
    extensions: vec![built_in(include_str!("../schemas/directory_group.json"))],
    common: common(),
});

/// The User resource type with the enterprise extension (RFC 7643 §4.1, §4.3) and Muster's own directory extension.
pub fn user() -> &'static ResourceType {
    &USER
}

/// The Group resource type (RFC 7643 §4.2) with Muster's own directory extension.
pub fn group() -> &'static ResourceType {
    &GROUP
}

/// Every resource type served, in the order discovery lists them.
pub fn resource_types() -> [&'static ResourceType; 2] {
    [user(), group()]
}

#[expect(clippy::expect_used, reason = "the schema files are compiled in; a test reads each of them")]
fn built_in(json: &str) -> Schema {
    serde_json::from_str(json).expect("a built-in schema file is valid")
}

/// RFC 7643 §3.1; defined here because no schema lists them.
fn common() -> Vec<Attribute> {
    let base = |name: &str, kind, mutability, returned, case_exact| Attribute {
        name: name.into(),
        kind,
        multi_valued: false,
        description: String::new(),
        required: false,
        case_exact,
        mutability,
        returned,
        uniqueness: Uniqueness::None,
        canonical_values: Vec::new(),
        reference_types: Vec::new(),
        sub_attributes: Vec::new(),
    };
    use {AttributeType as T, Mutability as M, Returned as R};
    let mut meta = base("meta", T::Complex, M::ReadOnly, R::Default, false);
    meta.sub_attributes = vec![
        base("resourceType", T::String, M::ReadOnly, R::Default, true),
        base("created", T::DateTime, M::ReadOnly, R::Default, false),
        base("lastModified", T::DateTime, M::ReadOnly, R::Default, false),
        base("location", T::Reference, M::ReadOnly, R::Default, true),
        base("version", T::String, M::ReadOnly, R::Default, true),
    ];
    let mut schemas = base("schemas", T::Reference, M::ReadWrite, R::Always, true);
    schemas.multi_valued = true;
    vec![
        base("id", T::String, M::ReadOnly, R::Always, true),
        base("externalId", T::String, M::ReadWrite, R::Default, true),
        meta,
        schemas,
    ]
}

/// The longest schema URN known to any resource type that `text` starts with, followed by `:` or the end.
///
/// URNs hold dots (`2.0`) and colons, so a path is cut behind the longest known URN, never at a dot.
pub fn known_urn_prefix(text: &str) -> Option<&'static str> {
    resource_types()
        .into_iter()
        .flat_map(|t| t.urns())
        .chain([urn::MICROSOFT_GROUP])
        .filter(|u| {
            text.get(..u.len()).is_some_and(|head| head.eq_ignore_ascii_case(u))
                && matches!(text.as_bytes().get(u.len()), None | Some(b':'))
        })
        .max_by_key(|u| u.len())
}
