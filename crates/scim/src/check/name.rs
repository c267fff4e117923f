//! What a key of a body or the path of an operation names.

use std::fmt;

use super::schemas::{self, Known};
use crate::attribute::{Attribute, Mutability};
use crate::filter::Filter;
use crate::path::{AttributePath, PatchPath};
use crate::quirk::{Quirk, Quirks};
use crate::schema::{ResourceType, Schema};

/// The place an operation is about.
#[derive(Debug, Clone)]
pub(crate) struct Target<'a> {
    pub(crate) extension: Option<&'a Schema>,
    pub(crate) attribute: &'a Attribute,
    pub(crate) sub: Option<&'a Attribute>,
    pub(crate) filter: Option<Filter>,
}

#[derive(Debug, Clone)]
pub(crate) enum Named<'a> {
    Schemas,
    /// The URN of the core schema alone: the resource itself.
    Core,
    /// The URN of an extension alone: the object of its attributes.
    Extension(&'a Schema),
    Attribute(Target<'a>),
    Password,
    Unknown,
}

impl Target<'_> {
    pub(crate) fn is_read_only(&self) -> bool {
        let read_only = |a: &Attribute| a.mutability == Mutability::ReadOnly;
        read_only(self.attribute) || self.sub.is_some_and(read_only)
    }

    /// Whether this is a group's `members`, which are rows and not part of the document.
    pub(crate) fn is_members(&self) -> bool {
        self.extension.is_none() && self.attribute.name == "members"
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = self.extension {
            write!(f, "{}:", extension.id)?;
        }
        f.write_str(&self.attribute.name)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

/// What the `path` of an operation names.
pub(crate) fn of_path<'a>(
    path: &PatchPath,
    resource_type: &'a ResourceType,
    quirks: &mut Quirks,
) -> Named<'a> {
    let attribute = &path.attribute;
    if attribute.schema.is_none() && schemas::is_urn(&attribute.name) {
        return of_urn(&attribute.name, resource_type, quirks);
    }
    let mut noted = Quirks::default();
    let mut attribute = attribute.clone();
    if let Some(urn) = &attribute.schema {
        attribute.schema = match schemas::known(urn, resource_type, &mut noted) {
            Some(Known::Core) => {
                // Entra (Zulip #39773): a core attribute by its full URN.
                if noted.is_empty() {
                    noted.note(Quirk::FullUrnPath);
                }
                Some(resource_type.schema.id.clone())
            }
            Some(Known::Extension(extension)) => Some(extension.id.clone()),
            None => return Named::Unknown,
        };
    }
    let named = resolve(&attribute, path.filter.as_ref(), resource_type);
    if let Named::Attribute(target) = &named {
        if attribute.schema.is_none() && target.extension.is_some() {
            noted.note(Quirk::UnqualifiedExtension);
        }
        quirks.extend(&noted);
    }
    named
}

fn of_urn<'a>(urn: &str, resource_type: &'a ResourceType, quirks: &mut Quirks) -> Named<'a> {
    match schemas::known(urn, resource_type, quirks) {
        Some(Known::Core) => {
            quirks.note(Quirk::FullUrnPath);
            Named::Core
        }
        Some(Known::Extension(extension)) => Named::Extension(extension),
        None => Named::Unknown,
    }
}

fn resolve<'a>(path: &AttributePath, filter: Option<&Filter>, resource_type: &'a ResourceType) -> Named<'a> {
    let in_core = path.schema.as_ref().is_none_or(|urn| *urn == resource_type.schema.id);
    let Some(resolved) = resource_type.resolve(path) else {
        // No schema here defines a password, so none can ever be stored.
        let is_password = in_core && path.name.eq_ignore_ascii_case("password");
        return if is_password { Named::Password } else { Named::Unknown };
    };
    if resolved.extension.is_none() && resolved.attribute.name == "schemas" {
        return Named::Schemas;
    }
    if filter.is_some_and(|filter| !selects_by_known_names(filter, resolved.attribute)) {
        return Named::Unknown;
    }
    Named::Attribute(Target {
        extension: resolved.extension,
        attribute: resolved.attribute,
        sub: resolved.sub,
        filter: filter.cloned(),
    })
}

fn selects_by_known_names(filter: &Filter, attribute: &Attribute) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().all(|part| selects_by_known_names(part, attribute))
        }
        Filter::Not(inner) => selects_by_known_names(inner, attribute),
        Filter::Compare(path, ..) | Filter::Present(path) => {
            let simple = !attribute.is_complex() && path.name.eq_ignore_ascii_case("value");
            path.schema.is_none() && path.sub.is_none() && (simple || attribute.sub(&path.name).is_some())
        }
        Filter::ValuePath(..) => false,
    }
}

/// What a key of a whole resource or of a path-less value names.
pub(crate) fn of_key<'a>(key: &str, resource_type: &'a ResourceType, quirks: &mut Quirks) -> Named<'a> {
    if schemas::is_urn(key) {
        return of_urn(key, resource_type, quirks);
    }
    let Ok((path, tolerated)) = PatchPath::read(key) else { return Named::Unknown };
    let named = of_path(&path, resource_type, quirks);
    if let Named::Attribute(target) = &named {
        if path.attribute.schema.is_some() && target.extension.is_some() {
            quirks.note(Quirk::UrnKeys);
        }
        note_compound(&path, quirks);
        quirks.extend(&tolerated);
    }
    named
}

/// What a key of an extension's object names.
pub(crate) fn of_extension_key<'a>(
    key: &str,
    extension: &'a Schema,
    resource_type: &'a ResourceType,
    quirks: &mut Quirks,
) -> Named<'a> {
    let Ok((mut path, tolerated)) = PatchPath::read(key) else { return Named::Unknown };
    if path.attribute.schema.is_some() {
        return Named::Unknown;
    }
    path.attribute.schema = Some(extension.id.clone());
    let named = resolve(&path.attribute, path.filter.as_ref(), resource_type);
    if matches!(named, Named::Attribute(_)) {
        note_compound(&path, quirks);
        quirks.extend(&tolerated);
    }
    named
}

fn note_compound(path: &PatchPath, quirks: &mut Quirks) {
    if path.filter.is_some() {
        quirks.note(Quirk::FilterKeys);
    } else if path.attribute.sub.is_some() {
        quirks.note(Quirk::DottedKeys);
    }
}
