//! An object of the directory, as mappings and filters read it.

use scim::Resource;

use crate::alias::{self, Direction, ObjectKind};
use crate::expression::Source;
use crate::target_path::TargetPath;
use crate::value::Value;

#[derive(Debug, Clone)]
pub struct SourceObject {
    pub kind: ObjectKind,
    pub id: String,
    pub resource: Resource,
    /// Not entitled any more: unassigned, out of scope, or deleted in the directory. `IsSoftDeleted` is true then, and
    /// also of a user who is not active.
    pub removed: bool,
    /// JSON texts `{"id", "value", "displayName"}` of the roles in the application at hand.
    pub app_roles: Vec<String>,
}

impl SourceObject {
    pub fn new(kind: ObjectKind, id: impl Into<String>, resource: Resource) -> Self {
        Self { kind, id: id.into(), resource, removed: false, app_roles: Vec::new() }
    }

    /// `accountEnabled`; a user without `active` counts as active, a group always does.
    pub fn is_active(&self) -> bool {
        self.kind == ObjectKind::Group
            || self.resource.get("active").and_then(scim::compare::boolean).unwrap_or(true)
    }

    pub fn is_soft_deleted(&self) -> bool {
        self.removed || !self.is_active()
    }

    /// What a log calls it.
    pub fn display_name(&self) -> &str {
        let text = |name: &str| self.resource.get(name).and_then(|v| v.as_str()).filter(|t| !t.is_empty());
        text("displayName").or_else(|| text("userName")).unwrap_or(&self.id)
    }

    fn read(&self, path: &str) -> Value {
        match TargetPath::parse(path) {
            Ok(path) if path.schema.is_none() && path.name.eq_ignore_ascii_case("id") => {
                Value::text(&self.id)
            }
            Ok(path) => path.read(&self.resource).map_or(Value::Null, |json| Value::from_json(&json)),
            Err(_) => Value::Null,
        }
    }
}

impl Source for SourceObject {
    fn value(&self, name: &str) -> Value {
        let Some(alias) = alias::find(self.kind, name) else { return self.read(name) };
        match (alias.direction, alias.name) {
            (Direction::Computed, "IsSoftDeleted") => Value::boolean(self.is_soft_deleted()),
            (Direction::Computed, _) => Value::list(self.app_roles.clone()),
            (_, "accountEnabled") => Value::boolean(self.is_active()),
            (_, "userPrincipalName") => match self.read(alias.path) {
                Value::Text(name) => Value::Text(without_guest_suffix(&name)),
                other => other,
            },
            // Entra fills it with the local part of the user name when nobody says otherwise.
            (_, "mailNickname") => match self.read(alias.path) {
                Value::Null if self.kind == ObjectKind::User => match self.read("userName") {
                    Value::Text(name) => Value::text(name.split('@').next().unwrap_or_default()),
                    other => other,
                },
                value => value,
            },
            _ if alias.is_joined() => {
                let texts = self.read(alias.path);
                let parts = texts.texts().iter().flat_map(|text| text.split(alias::SEPARATOR));
                Value::list(parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
            }
            _ => self.read(alias.path),
        }
    }
}

/// `kim_partner.example#EXT#@tenant.example` is a guest from outside: `kim@partner.example`.
fn without_guest_suffix(name: &str) -> String {
    match name.split_once("#EXT#").and_then(|(outside, _)| outside.rsplit_once('_')) {
        Some((local, domain)) => format!("{local}@{domain}"),
        None => name.to_owned(),
    }
}
