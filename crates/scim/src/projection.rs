//! What a response shows: `attributes`, `excludedAttributes` and `returned` (RFC 7644 §3.9).

use serde_json::Value;

use crate::Resource;
use crate::attribute::{Attribute, Returned};
use crate::check::schemas;
use crate::error::{Error, Result};
use crate::limits;
use crate::path::{AttributePath, shown};
use crate::quirk::Quirks;
use crate::schema::{self, ResourceType, Schema};

/// A path that is a schema URN alone has the URN as its name and means all attributes of that schema.
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
        let only = paths(attributes, "attributes")?;
        let except = paths(excluded, "excludedAttributes")?;
        match (only.is_empty(), except.is_empty()) {
            (true, true) => Ok(Self::Default),
            (false, true) => Ok(Self::Only(only)),
            (true, false) => Ok(Self::Except(except)),
            // RFC 7644 §3.9: the two are mutually exclusive.
            (false, false) => Err(Error::invalid_value(
                "attributes and excludedAttributes exclude each other; send one of them",
            )),
        }
    }

    /// Whether a core attribute (`members`, `groups`) would be shown at all; if not, it need not be loaded.
    pub fn wants(&self, attribute: &str) -> bool {
        schema::resource_types().into_iter().any(|resource_type| {
            let Some(definition) = resource_type.core(attribute) else { return false };
            !matches!(self.shows(None, definition, resource_type), Shown::Nothing)
        })
    }

    /// The resource as a response shows it.
    pub fn apply(&self, resource: Resource, resource_type: &ResourceType) -> Resource {
        let mut shown = Resource::new();
        for (name, value) in resource {
            let value = match resource_type.extension(&name) {
                Some(extension) => self.extension(value, extension, resource_type),
                None => match resource_type.core(&name) {
                    Some(attribute) => self.shows(None, attribute, resource_type).cut(value, attribute),
                    None => None,
                },
            };
            if let Some(value) = value {
                shown.insert(name, value);
            }
        }
        shown
    }

    fn extension(&self, value: Value, extension: &Schema, resource_type: &ResourceType) -> Option<Value> {
        let Value::Object(object) = value else { return None };
        let mut shown = Resource::new();
        for (name, value) in object {
            let Some(attribute) = extension.attribute(&name) else { continue };
            if let Some(value) = self.shows(Some(extension), attribute, resource_type).cut(value, attribute) {
                shown.insert(name, value);
            }
        }
        (!shown.is_empty()).then_some(Value::Object(shown))
    }

    pub(crate) fn shows(
        &self,
        extension: Option<&Schema>,
        attribute: &Attribute,
        resource_type: &ResourceType,
    ) -> Shown {
        match attribute.returned {
            Returned::Always => return Shown::All,
            Returned::Never => return Shown::Nothing,
            Returned::Default | Returned::Request => {}
        }
        let named = |paths| Named::collect(paths, extension, attribute, resource_type);
        let by_default = attribute.returned == Returned::Default;
        match self {
            Self::Default if by_default => Shown::All,
            Self::Default => Shown::Nothing,
            Self::Only(paths) => match named(paths) {
                Named { whole: true, .. } => Shown::All,
                Named { subs, .. } if subs.is_empty() => Shown::Nothing,
                Named { subs, .. } => Shown::Only(subs),
            },
            Self::Except(paths) => match named(paths) {
                _ if !by_default => Shown::Nothing,
                Named { whole: true, .. } => Shown::Nothing,
                Named { subs, .. } if subs.is_empty() => Shown::All,
                Named { subs, .. } => Shown::Except(subs),
            },
        }
    }
}

/// How much of one attribute is shown; sub-attributes are named in schema spelling.
pub(crate) enum Shown {
    All,
    Nothing,
    Only(Vec<String>),
    Except(Vec<String>),
}

impl Shown {
    fn cut(&self, value: Value, attribute: &Attribute) -> Option<Value> {
        if matches!(self, Self::Nothing) {
            return None;
        }
        match value {
            Value::Array(elements) if attribute.is_complex() => {
                let had = !elements.is_empty();
                let elements: Vec<Value> =
                    elements.into_iter().filter_map(|e| self.cut_one(e, attribute)).collect();
                (!had || !elements.is_empty()).then_some(Value::Array(elements))
            }
            one if attribute.is_complex() => self.cut_one(one, attribute),
            simple => Some(simple),
        }
    }

    fn cut_one(&self, element: Value, attribute: &Attribute) -> Option<Value> {
        let Value::Object(mut object) = element else { return Some(element) };
        object.retain(|name, _| self.keeps(name, attribute));
        (!object.is_empty()).then_some(Value::Object(object))
    }

    /// Whether the sub-attribute `name` of a complex `attribute` is shown.
    pub(crate) fn keeps(&self, name: &str, attribute: &Attribute) -> bool {
        match attribute.sub(name).map(|s| s.returned) {
            Some(Returned::Always) => true,
            Some(Returned::Never) | None => false,
            Some(Returned::Request) => matches!(self, Self::Only(subs) if subs.iter().any(|s| s == name)),
            Some(Returned::Default) => match self {
                Self::All => true,
                Self::Nothing => false,
                Self::Only(subs) => subs.iter().any(|s| s == name),
                Self::Except(subs) => !subs.iter().any(|s| s == name),
            },
        }
    }
}

/// What a list of paths says about one attribute.
struct Named {
    whole: bool,
    subs: Vec<String>,
}

impl Named {
    fn collect(
        paths: &[AttributePath],
        extension: Option<&Schema>,
        attribute: &Attribute,
        resource_type: &ResourceType,
    ) -> Self {
        let mut named = Self { whole: false, subs: Vec::new() };
        for path in paths {
            if path.schema.is_none() && schemas::is_urn(&path.name) {
                named.whole |= is_schema(&path.name, extension, attribute, resource_type);
                continue;
            }
            let Some(path) = with_final_urn(path, resource_type) else { continue };
            let Some(found) = resource_type.resolve(&path) else { continue };
            if !std::ptr::eq(found.attribute, attribute)
                || found.extension.map(|e| &e.id) != extension.map(|e| &e.id)
            {
                continue;
            }
            match found.sub {
                None => named.whole = true,
                Some(sub) => named.subs.push(sub.name.clone()),
            }
        }
        named
    }
}

/// Whether `urn` is the schema that defines `attribute`; common attributes belong to none.
fn is_schema(
    urn: &str,
    extension: Option<&Schema>,
    attribute: &Attribute,
    resource_type: &ResourceType,
) -> bool {
    match (schemas::known(urn, resource_type, &mut Quirks::default()), extension) {
        (Some(schemas::Known::Core), None) => resource_type.schema.attribute(&attribute.name).is_some(),
        (Some(schemas::Known::Extension(named)), Some(extension)) => named.id == extension.id,
        _ => false,
    }
}

/// The path with a draft-era URN replaced; `None` if its URN is not known here.
fn with_final_urn(path: &AttributePath, resource_type: &ResourceType) -> Option<AttributePath> {
    let mut path = path.clone();
    if let Some(urn) = &path.schema {
        path.schema = Some(match schemas::known(urn, resource_type, &mut Quirks::default())? {
            schemas::Known::Core => resource_type.schema.id.clone(),
            schemas::Known::Extension(extension) => extension.id.clone(),
        });
    }
    Some(path)
}

fn paths(lists: &[&str], parameter: &str) -> Result<Vec<AttributePath>> {
    let mut paths = Vec::new();
    for list in lists {
        for name in split(list) {
            if name.trim().is_empty() {
                continue;
            }
            if paths.len() == limits::PROJECTION_PATHS {
                return Err(Error::invalid_value(format!(
                    "{parameter}: at most {} names are accepted",
                    limits::PROJECTION_PATHS
                )));
            }
            paths.push(path(name.trim(), parameter)?);
        }
    }
    Ok(paths)
}

fn path(name: &str, parameter: &str) -> Result<AttributePath> {
    if schemas::is_urn(name) {
        return Ok(AttributePath::new(name));
    }
    AttributePath::parse(&without_brackets(name))
        .map_err(|e| Error::invalid_value(format!("{parameter}: \"{}\": {}", shown(name), e.detail)))
}

/// The names of a list; a comma inside `[…]` or quotes does not separate.
fn split(list: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0usize, false);
    for (at, c) in list.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                names.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(&list[start..]);
    names
}

/// Some clients ask for `emails[type eq "work"].value` as they name it in their mappings; all e-mails are shown then.
fn without_brackets(name: &str) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &name[..open], &name[close + 1..]),
        _ => name.to_owned(),
    }
}
