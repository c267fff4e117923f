//! Entra's attribute names and the SCIM paths of a tenant's directory that they stand for.

use scim::path::PatchPath;
use scim::schema::{ResourceType, Schema};
use serde::{Deserialize, Serialize};

use crate::expression::{Attributes, SourceAttribute};

pub use scim::urn::{DIRECTORY_GROUP, DIRECTORY_USER};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObjectKind {
    User,
    Group,
}

impl ObjectKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub fn resource_type(self) -> &'static ResourceType {
        match self {
            Self::User => scim::schema::user(),
            Self::Group => scim::schema::group(),
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::User => DIRECTORY_USER,
            Self::Group => DIRECTORY_GROUP,
        }
    }
}

impl From<store::Kind> for ObjectKind {
    fn from(kind: store::Kind) -> Self {
        match kind {
            store::Kind::User => Self::User,
            store::Kind::Group => Self::Group,
        }
    }
}

impl From<ObjectKind> for store::Kind {
    fn from(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::User => Self::User,
            ObjectKind::Group => Self::Group,
        }
    }
}

/// Which way an alias works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Mappings read it, imports write it.
    Both,
    /// Mappings read it; the directory sets it.
    Read,
    /// Made when a mapping reads it; stored nowhere.
    Computed,
}

/// Stands between the values of what has several in Entra and is one text in the directory.
pub const SEPARATOR: char = ';';

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    pub name: &'static str,
    /// Empty for what is computed.
    pub path: &'static str,
    /// The type in Graph's words: String, Boolean, Reference, DateTime
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub multi_valued: bool,
    pub direction: Direction,
}

impl Alias {
    /// Whether its values are one text with [`SEPARATOR`] between them. PATCH adds to several values where it replaces one,
    /// and scim2-tester expects it to replace in an extension, so extensions of ours have no multi-valued attributes.
    pub fn is_joined(&self) -> bool {
        self.multi_valued && self.path.starts_with(DIRECTORY_USER)
    }
}

const fn text(name: &'static str, path: &'static str) -> Alias {
    Alias { name, path, kind: "String", multi_valued: false, direction: Direction::Both }
}

const fn typed(name: &'static str, path: &'static str, kind: &'static str) -> Alias {
    Alias { kind, ..text(name, path) }
}

const fn many(name: &'static str, path: &'static str, kind: &'static str) -> Alias {
    Alias { multi_valued: true, ..typed(name, path, kind) }
}

const fn read(alias: Alias) -> Alias {
    Alias { direction: Direction::Read, ..alias }
}

const fn computed(alias: Alias) -> Alias {
    Alias { direction: Direction::Computed, ..alias }
}

macro_rules! enterprise {
    ($name:literal) => {
        concat!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", $name)
    };
}

macro_rules! directory_user {
    ($name:literal) => {
        concat!("urn:muster:schemas:extension:directory:2.0:User:", $name)
    };
}

macro_rules! directory_group {
    ($name:literal) => {
        concat!("urn:muster:schemas:extension:directory:2.0:Group:", $name)
    };
}

const USER: &[Alias] = &[
    read(text("objectId", "id")),
    text("userPrincipalName", "userName"),
    read(text("originalUserPrincipalName", "userName")),
    typed("accountEnabled", "active", "Boolean"),
    computed(typed("IsSoftDeleted", "", "Boolean")),
    text("displayName", "displayName"),
    text("givenName", "name.givenName"),
    text("surname", "name.familyName"),
    text("jobTitle", "title"),
    text("mail", "emails[type eq \"work\"].value"),
    text("mailNickname", directory_user!("mailNickname")),
    many("otherMails", directory_user!("otherMails"), "String"),
    many("proxyAddresses", directory_user!("proxyAddresses"), "String"),
    text("preferredLanguage", "preferredLanguage"),
    text("userType", "userType"),
    text("employeeId", enterprise!("employeeNumber")),
    text("department", enterprise!("department")),
    text("companyName", enterprise!("organization")),
    text("division", enterprise!("division")),
    text("costCenter", enterprise!("costCenter")),
    typed("manager", enterprise!("manager.value"), "Reference"),
    text("physicalDeliveryOfficeName", "addresses[type eq \"work\"].formatted"),
    text("streetAddress", "addresses[type eq \"work\"].streetAddress"),
    text("city", "addresses[type eq \"work\"].locality"),
    text("state", "addresses[type eq \"work\"].region"),
    text("postalCode", "addresses[type eq \"work\"].postalCode"),
    text("country", "addresses[type eq \"work\"].country"),
    text("telephoneNumber", "phoneNumbers[type eq \"work\"].value"),
    text("mobile", "phoneNumbers[type eq \"mobile\"].value"),
    text("facsimileTelephoneNumber", "phoneNumbers[type eq \"fax\"].value"),
    text("employeeType", directory_user!("employeeType")),
    typed("employeeHireDate", directory_user!("employeeHireDate"), "DateTime"),
    typed("employeeLeaveDateTime", directory_user!("employeeLeaveDateTime"), "DateTime"),
    text("usageLocation", directory_user!("usageLocation")),
    text("ageGroup", directory_user!("ageGroup")),
    text("onPremisesSamAccountName", directory_user!("onPremisesSamAccountName")),
    text("onPremisesUserPrincipalName", directory_user!("onPremisesUserPrincipalName")),
    text("onPremisesDistinguishedName", directory_user!("onPremisesDistinguishedName")),
    text("onPremisesDomainName", directory_user!("onPremisesDomainName")),
    text("onPremisesImmutableId", directory_user!("onPremisesImmutableId")),
    text("onPremisesSecurityIdentifier", directory_user!("onPremisesSecurityIdentifier")),
    text("extensionAttribute1", directory_user!("extensionAttribute1")),
    text("extensionAttribute2", directory_user!("extensionAttribute2")),
    text("extensionAttribute3", directory_user!("extensionAttribute3")),
    text("extensionAttribute4", directory_user!("extensionAttribute4")),
    text("extensionAttribute5", directory_user!("extensionAttribute5")),
    text("extensionAttribute6", directory_user!("extensionAttribute6")),
    text("extensionAttribute7", directory_user!("extensionAttribute7")),
    text("extensionAttribute8", directory_user!("extensionAttribute8")),
    text("extensionAttribute9", directory_user!("extensionAttribute9")),
    text("extensionAttribute10", directory_user!("extensionAttribute10")),
    text("extensionAttribute11", directory_user!("extensionAttribute11")),
    text("extensionAttribute12", directory_user!("extensionAttribute12")),
    text("extensionAttribute13", directory_user!("extensionAttribute13")),
    text("extensionAttribute14", directory_user!("extensionAttribute14")),
    text("extensionAttribute15", directory_user!("extensionAttribute15")),
    read(typed("createdDateTime", "meta.created", "DateTime")),
    computed(many("appRoleAssignments", "", "String")),
];

const GROUP: &[Alias] = &[
    read(text("objectId", "id")),
    text("displayName", "displayName"),
    text("description", directory_group!("description")),
    text("mail", directory_group!("mail")),
    text("mailNickname", directory_group!("mailNickname")),
    typed("securityEnabled", directory_group!("securityEnabled"), "Boolean"),
    typed("mailEnabled", directory_group!("mailEnabled"), "Boolean"),
    read(typed("createdDateTime", "meta.created", "DateTime")),
    computed(typed("IsSoftDeleted", "", "Boolean")),
    many("members", "members", "Reference"),
];

/// The whole table, in the order pages show it.
pub fn aliases(kind: ObjectKind) -> &'static [Alias] {
    match kind {
        ObjectKind::User => USER,
        ObjectKind::Group => GROUP,
    }
}

/// By Entra's name, in any letter case.
pub fn find(kind: ObjectKind, name: &str) -> Option<&'static Alias> {
    aliases(kind).iter().find(|alias| alias.name.eq_ignore_ascii_case(name))
}

/// The directory's own extension: what aliases need and neither core nor enterprise schema has.
///
/// # Panics
/// Never: a test holds the aliases and the schemas of `scim` together.
#[expect(clippy::expect_used, reason = "the schema is compiled in, and a test looks for it")]
pub fn directory_schema(kind: ObjectKind) -> &'static Schema {
    kind.resource_type().extension(kind.directory()).expect("scim has the directory extension")
}

/// Which attributes a mapping may read: aliases and SCIM paths.
#[derive(Debug, Clone, Copy)]
pub struct SourceAttributes(pub ObjectKind);

impl Attributes for SourceAttributes {
    fn attribute(&self, name: &str) -> Option<SourceAttribute> {
        if let Some(alias) = find(self.0, name) {
            return Some(SourceAttribute {
                multi_valued: alias.multi_valued,
                reference: alias.kind == "Reference",
            });
        }
        let path = PatchPath::parse(name).ok()?;
        let attribute = path.attribute;
        let resolved = self.0.resource_type().resolve(&attribute)?;
        Some(SourceAttribute {
            multi_valued: resolved.attribute.multi_valued && path.filter.is_none(),
            reference: matches!(resolved.attribute.name.as_str(), "manager" | "members")
                && attribute.sub.is_none_or(|sub| sub.eq_ignore_ascii_case("value")),
        })
    }
}
