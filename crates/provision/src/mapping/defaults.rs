//! The mappings a new application starts with, as Entra's non-gallery SCIM applications do.

use super::{Actions, AttributeMapping, ObjectMapping};
use crate::alias::ObjectKind;
use crate::scope::ScopeFilters;

/// `active` of the target: not soft-deleted.
pub const ACTIVE: &str = r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#;

macro_rules! enterprise {
    ($name:literal) => {
        concat!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", $name)
    };
}

/// Target and source, in the order of Entra's page.
const USER: &[(&str, &str)] = &[
    ("userName", "userPrincipalName"),
    ("active", ACTIVE),
    ("displayName", "displayName"),
    ("title", "jobTitle"),
    ("emails[type eq \"work\"].value", "mail"),
    ("preferredLanguage", "preferredLanguage"),
    ("name.givenName", "givenName"),
    ("name.familyName", "surname"),
    ("name.formatted", r#"Join(" ", [givenName], [surname])"#),
    ("addresses[type eq \"work\"].formatted", "physicalDeliveryOfficeName"),
    ("addresses[type eq \"work\"].streetAddress", "streetAddress"),
    ("addresses[type eq \"work\"].locality", "city"),
    ("addresses[type eq \"work\"].region", "state"),
    ("addresses[type eq \"work\"].postalCode", "postalCode"),
    ("addresses[type eq \"work\"].country", "country"),
    ("phoneNumbers[type eq \"work\"].value", "telephoneNumber"),
    ("phoneNumbers[type eq \"mobile\"].value", "mobile"),
    ("phoneNumbers[type eq \"fax\"].value", "facsimileTelephoneNumber"),
    ("externalId", "mailNickname"),
    (enterprise!("employeeNumber"), "employeeId"),
    (enterprise!("department"), "department"),
    (enterprise!("manager"), "manager"),
];

const GROUP: &[(&str, &str)] =
    &[("displayName", "displayName"), ("externalId", "objectId"), ("members", "members")];

fn mappings(table: &[(&str, &str)]) -> Vec<AttributeMapping> {
    table
        .iter()
        .enumerate()
        .map(|(index, (target, source))| {
            let mapping = match source.contains('(') {
                true => AttributeMapping::expression(*target, *source),
                false => AttributeMapping::direct(*target, *source),
            };
            // The first of each table is the matching attribute.
            mapping.matching(u32::from(index == 0))
        })
        .collect()
}

pub fn users(id: impl Into<String>) -> ObjectMapping {
    ObjectMapping {
        id: id.into(),
        name: "Provision Microsoft Entra ID Users".into(),
        kind: ObjectKind::User,
        enabled: true,
        actions: Actions::default(),
        attributes: mappings(USER),
        scope: ScopeFilters::default(),
    }
}

pub fn groups(id: impl Into<String>) -> ObjectMapping {
    ObjectMapping {
        id: id.into(),
        name: "Provision Microsoft Entra ID Groups".into(),
        kind: ObjectKind::Group,
        enabled: true,
        actions: Actions::default(),
        attributes: mappings(GROUP),
        scope: ScopeFilters::default(),
    }
}
