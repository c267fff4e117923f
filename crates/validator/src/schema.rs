//! The target's schemas: discovered, the RFC's own, or from a file. Read leniently; what is wrong with them is noted.

use scim::attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
use scim::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::value::member;

/// Where the attributes come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SchemaSource {
    /// `GET /ResourceTypes` and `GET /Schemas`
    #[default]
    Discover,
    /// RFC 7643 §8.7, as this product serves it
    Default,
    /// A ListResponse of Schema resources, an array of them, or one.
    Given(Value),
}

/// What a run knows of the target's resources.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    pub user: ResourceKind,
    /// `None` when the target serves no groups.
    pub group: Option<ResourceKind>,
    pub origin: Origin,
    /// What is wrong with the definitions, in words; judged by the discovery checks.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Discovered,
    #[default]
    BuiltIn,
    Given,
}

/// One resource type.
#[derive(Debug, Clone)]
pub struct ResourceKind {
    pub name: &'static str,
    pub endpoint: String,
    pub core: Schema,
    pub extensions: Vec<Schema>,
}

impl Default for ResourceKind {
    fn default() -> Self {
        Self::built_in(scim::schema::user())
    }
}

/// An attribute with where it lives.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub extension: Option<&'a Schema>,
    pub attribute: &'a Attribute,
    pub sub: Option<&'a Attribute>,
}

impl<'a> Found<'a> {
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

impl ResourceKind {
    fn built_in(resource_type: &scim::schema::ResourceType) -> Self {
        Self {
            name: resource_type.name,
            endpoint: resource_type.endpoint.to_owned(),
            core: resource_type.schema.clone(),
            extensions: resource_type.extensions.clone(),
        }
    }

    /// The attribute at a path such as `name.givenName` or `urn:…:User:department`; `externalId` is always there.
    pub fn find(&self, path: &str) -> Option<Found<'_>> {
        let (extension, rest) = self
            .extensions
            .iter()
            .find_map(|e| {
                let head = path.get(..e.id.len())?;
                let rest = path.get(e.id.len()..)?.strip_prefix(':')?;
                head.eq_ignore_ascii_case(&e.id).then_some((Some(e), rest))
            })
            .unwrap_or((None, path));
        let schema = extension.unwrap_or(&self.core);
        let (name, sub) = rest.split_once('.').map_or((rest, None), |(name, sub)| (name, Some(sub)));
        let attribute = schema.attribute(name)?;
        let sub = match sub {
            Some(sub) => Some(attribute.sub(sub)?),
            None => None,
        };
        Some(Found { extension, attribute, sub })
    }

    pub fn has(&self, path: &str) -> bool {
        path == "externalId" || self.find(path).is_some()
    }

    /// Every top-level attribute with its path.
    pub fn attributes(&self) -> impl Iterator<Item = (String, Found<'_>)> {
        let core = self
            .core
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), Found { extension: None, attribute, sub: None }));
        let extended = self.extensions.iter().flat_map(|e| {
            e.attributes.iter().map(move |attribute| {
                (format!("{}:{}", e.id, attribute.name), Found { extension: Some(e), attribute, sub: None })
            })
        });
        core.chain(extended)
    }

    /// Every attribute and sub-attribute with its path.
    pub fn leaves(&self) -> Vec<(String, Found<'_>)> {
        let mut all = Vec::new();
        for (path, found) in self.attributes() {
            for sub in &found.attribute.sub_attributes {
                all.push((format!("{path}.{}", sub.name), Found { sub: Some(sub), ..found }));
            }
            all.push((path, found));
        }
        all
    }
}

impl Schemas {
    pub fn built_in() -> Self {
        Self {
            user: ResourceKind::built_in(scim::schema::user()),
            group: Some(ResourceKind::built_in(scim::schema::group())),
            origin: Origin::BuiltIn,
            problems: Vec::new(),
        }
    }

    pub fn kind(&self, name: &str) -> Option<&ResourceKind> {
        match name {
            "User" => Some(&self.user),
            _ => self.group.as_ref(),
        }
    }

    /// From the bodies of `/Schemas` and `/ResourceTypes`. `None` when they define no User.
    pub fn read(schemas: &Value, types: Option<&Value>, origin: Origin) -> Option<Self> {
        let mut problems = Vec::new();
        let schemas: Vec<Schema> = entries(schemas).iter().filter_map(|s| schema(s, &mut problems)).collect();
        let types = types.map(entries).unwrap_or_default();
        let user = kind("User", scim::urn::USER, "/Users", &schemas, &types)?;
        let group = kind("Group", scim::urn::GROUP, "/Groups", &schemas, &types);
        Some(Self { user, group, origin, problems })
    }
}

/// The resources of a ListResponse, the items of an array, or the one thing itself.
pub fn entries(body: &Value) -> Vec<Value> {
    match member(body, "Resources").unwrap_or(body) {
        Value::Array(items) => items.clone(),
        one @ Value::Object(_) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn kind(
    name: &'static str,
    core_urn: &str,
    endpoint: &str,
    schemas: &[Schema],
    types: &[Value],
) -> Option<ResourceKind> {
    let text = |value: &Value, key: &str| member(value, key).and_then(Value::as_str).map(str::to_owned);
    let by_id = |urn: &str| schemas.iter().find(|s| s.id.eq_ignore_ascii_case(urn)).cloned();
    let declared = types.iter().find(|t| {
        text(t, "name").as_deref() == Some(name)
            || text(t, "schema").is_some_and(|s| s.eq_ignore_ascii_case(core_urn))
    });
    let Some(declared) = declared else {
        // Without ResourceTypes the well-known extension is taken as belonging to the User.
        let core = by_id(core_urn)?;
        let suffix = format!(":{name}");
        let extensions =
            schemas.iter().filter(|s| s.id != core.id && s.id.ends_with(&suffix)).cloned().collect();
        return Some(ResourceKind { name, endpoint: endpoint.to_owned(), core, extensions });
    };
    let core = by_id(&text(declared, "schema").unwrap_or_else(|| core_urn.to_owned()))?;
    let extensions = member(declared, "schemaExtensions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|e| by_id(&text(e, "schema")?))
        .collect();
    let endpoint = text(declared, "endpoint").unwrap_or_else(|| endpoint.to_owned());
    // RFC 7643 §6: the endpoint is relative to the base; some servers give it whole or without a slash.
    let endpoint = match endpoint.rsplit('/').find(|part| !part.is_empty()) {
        Some(last) => format!("/{last}"),
        None => endpoint,
    };
    Some(ResourceKind { name, endpoint, core, extensions })
}

fn schema(body: &Value, problems: &mut Vec<String>) -> Option<Schema> {
    let text = |key: &str| member(body, key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = text("id");
    if id.is_empty() {
        problems.push("a schema has no id".to_owned());
        return None;
    }
    let attributes = match member(body, "attributes") {
        Some(Value::Array(items)) => items.iter().filter_map(|a| attribute(a, &id, problems)).collect(),
        _ => {
            problems.push(format!("{id} has no attributes"));
            Vec::new()
        }
    };
    Some(Schema { id, name: text("name"), description: text("description"), attributes })
}

/// A characteristic of an attribute; another case than the RFC's is understood and reported, anything else is the default.
fn keyword(
    body: &Value,
    key: &str,
    known: &[&'static str],
    default: &'static str,
    place: &str,
    problems: &mut Vec<String>,
) -> &'static str {
    match member(body, key) {
        None | Some(Value::Null) => default,
        Some(Value::String(text)) => match known.iter().find(|k| k.eq_ignore_ascii_case(text)) {
            Some(exact) => {
                if exact != text {
                    problems.push(format!("{place}: {key} is \"{text}\"; the keyword is \"{exact}\""));
                }
                exact
            }
            None => {
                problems.push(format!("{place}: {key} \"{text}\" is not one of {}", known.join(", ")));
                default
            }
        },
        Some(other) => {
            problems.push(format!("{place}: {key} is {other}; expected a string"));
            default
        }
    }
}

fn attribute(body: &Value, place: &str, problems: &mut Vec<String>) -> Option<Attribute> {
    let Some(name) = member(body, "name").and_then(Value::as_str).filter(|n| !n.is_empty()) else {
        problems.push(format!("an attribute of {place} has no name"));
        return None;
    };
    let place = format!("{place}:{name}");
    let mut keyword = |key, known, default| keyword(body, key, known, default, &place, problems);
    let kind = match keyword("type", TYPES, "string") {
        "boolean" => AttributeType::Boolean,
        "decimal" => AttributeType::Decimal,
        "integer" => AttributeType::Integer,
        "dateTime" => AttributeType::DateTime,
        "binary" => AttributeType::Binary,
        "reference" => AttributeType::Reference,
        "complex" => AttributeType::Complex,
        _ => AttributeType::String,
    };
    let mutability =
        match keyword("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"], "readWrite") {
            "readOnly" => Mutability::ReadOnly,
            "immutable" => Mutability::Immutable,
            "writeOnly" => Mutability::WriteOnly,
            _ => Mutability::ReadWrite,
        };
    let returned = match keyword("returned", &["always", "never", "default", "request"], "default") {
        "always" => Returned::Always,
        "never" => Returned::Never,
        "request" => Returned::Request,
        _ => Returned::Default,
    };
    let uniqueness = match keyword("uniqueness", &["none", "server", "global"], "none") {
        "server" => Uniqueness::Server,
        "global" => Uniqueness::Global,
        _ => Uniqueness::None,
    };
    let subs = match member(body, "subAttributes") {
        Some(Value::Array(items)) => items.iter().filter_map(|a| attribute(a, &place, problems)).collect(),
        _ => Vec::new(),
    };
    if kind == AttributeType::Complex && subs.is_empty() {
        problems.push(format!("{place} is complex and has no subAttributes"));
    }
    Some(Attribute {
        name: name.to_owned(),
        kind,
        multi_valued: flag(body, "multiValued", &place, problems),
        description: String::new(),
        required: flag(body, "required", &place, problems),
        case_exact: flag(body, "caseExact", &place, problems),
        mutability,
        returned,
        uniqueness,
        canonical_values: strings(body, "canonicalValues"),
        reference_types: strings(body, "referenceTypes"),
        sub_attributes: subs,
    })
}

const TYPES: &[&str] =
    &["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];

fn flag(body: &Value, key: &str, place: &str, problems: &mut Vec<String>) -> bool {
    match member(body, key) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(b)) => *b,
        Some(other) => {
            problems.push(format!("{place}: {key} is {other}; expected true or false"));
            scim::compare::boolean(other).unwrap_or(false)
        }
    }
}

fn strings(body: &Value, key: &str) -> Vec<String> {
    match member(body, key) {
        Some(Value::Array(items)) => items.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
