//! Users and groups in Graph's JSON: its property names, and the directory's attributes behind them.

use directory::{Kind, SourceRead};
use provision::alias::{self, ObjectKind};
use provision::expression::Source;
use provision::source::SourceObject;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Boolean,
    Time,
    List,
    /// A list of one at most.
    One,
}

/// A property of Graph's user or group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    /// `a/b` is `b` of the object `a`.
    pub(crate) name: &'static str,
    /// The name it has as a source of mappings.
    pub(crate) alias: &'static str,
    pub(crate) shape: Shape,
    /// Shown without `$select`.
    usual: bool,
}

const fn usual(name: &'static str, alias: &'static str) -> Property {
    Property { name, alias, shape: Shape::Text, usual: true }
}

const fn more(name: &'static str, alias: &'static str) -> Property {
    Property { usual: false, ..usual(name, alias) }
}

const fn same(name: &'static str) -> Property {
    more(name, name)
}

const fn shaped(shape: Shape, property: Property) -> Property {
    Property { shape, ..property }
}

macro_rules! extension {
    ($number:literal) => {
        more(
            concat!("onPremisesExtensionAttributes/extensionAttribute", $number),
            concat!("extensionAttribute", $number),
        )
    };
}

const USER: &[Property] = &[
    usual("id", "objectId"),
    shaped(Shape::One, usual("businessPhones", "telephoneNumber")),
    usual("displayName", "displayName"),
    usual("givenName", "givenName"),
    usual("jobTitle", "jobTitle"),
    usual("mail", "mail"),
    usual("mobilePhone", "mobile"),
    usual("officeLocation", "physicalDeliveryOfficeName"),
    usual("preferredLanguage", "preferredLanguage"),
    usual("surname", "surname"),
    // As it is kept; what mappings read of guests is another form.
    usual("userPrincipalName", "originalUserPrincipalName"),
    shaped(Shape::Boolean, same("accountEnabled")),
    same("ageGroup"),
    same("city"),
    same("companyName"),
    same("country"),
    shaped(Shape::Time, same("createdDateTime")),
    same("department"),
    shaped(Shape::Time, same("employeeHireDate")),
    same("employeeId"),
    shaped(Shape::Time, same("employeeLeaveDateTime")),
    more("employeeOrgData/costCenter", "costCenter"),
    more("employeeOrgData/division", "division"),
    same("employeeType"),
    more("faxNumber", "facsimileTelephoneNumber"),
    same("mailNickname"),
    same("onPremisesDistinguishedName"),
    same("onPremisesDomainName"),
    extension!("1"),
    extension!("2"),
    extension!("3"),
    extension!("4"),
    extension!("5"),
    extension!("6"),
    extension!("7"),
    extension!("8"),
    extension!("9"),
    extension!("10"),
    extension!("11"),
    extension!("12"),
    extension!("13"),
    extension!("14"),
    extension!("15"),
    same("onPremisesImmutableId"),
    more("onPremisesSamAccountName", "onPremisesSamAccountName"),
    same("onPremisesSecurityIdentifier"),
    same("onPremisesUserPrincipalName"),
    shaped(Shape::List, same("otherMails")),
    same("postalCode"),
    shaped(Shape::List, same("proxyAddresses")),
    same("state"),
    same("streetAddress"),
    same("usageLocation"),
    same("userType"),
];

const GROUP: &[Property] = &[
    usual("id", "objectId"),
    shaped(Shape::Time, usual("createdDateTime", "createdDateTime")),
    usual("description", "description"),
    usual("displayName", "displayName"),
    usual("mail", "mail"),
    shaped(Shape::Boolean, usual("mailEnabled", "mailEnabled")),
    usual("mailNickname", "mailNickname"),
    shaped(Shape::Boolean, usual("securityEnabled", "securityEnabled")),
];

pub(crate) fn properties(kind: Kind) -> &'static [Property] {
    match kind {
        Kind::User => USER,
        Kind::Group => GROUP,
    }
}

/// The SCIM path behind a property; `None` if there is no such property.
pub(crate) fn find(kind: Kind, name: &str) -> Option<(&'static Property, &'static str)> {
    let property = properties(kind).iter().find(|property| property.name.eq_ignore_ascii_case(name))?;
    let path = alias::find(ObjectKind::from(kind), property.alias)?.path;
    Some((property, path))
}

/// Whether `$select` may name it: a property, or an object that has some.
pub(crate) fn is_known(kind: Kind, name: &str) -> bool {
    properties(kind).iter().any(|p| is_named(p, name))
}

fn is_named(property: &Property, name: &str) -> bool {
    let whole = property.name.eq_ignore_ascii_case(name);
    whole || property.name.split_once('/').is_some_and(|(object, _)| object.eq_ignore_ascii_case(name))
}

/// The object with what was selected, or with what Graph shows by itself.
pub(crate) fn shown(read: SourceRead, select: &[String]) -> Value {
    let SourceRead { kind, id, resource, .. } = read;
    let source = SourceObject::new(kind.into(), id, resource);
    let mut object = Map::new();
    for property in properties(kind) {
        let selected = match select {
            [] => property.usual,
            names => property.name == "id" || names.iter().any(|name| is_named(property, name)),
        };
        if !selected {
            continue;
        }
        let value = value(&source, property);
        match property.name.split_once('/') {
            None => drop(object.insert(property.name.to_owned(), value)),
            Some((outer, inner)) => {
                let outer = object.entry(outer).or_insert_with(|| json!({}));
                if let Value::Object(outer) = outer {
                    outer.insert(inner.to_owned(), value);
                }
            }
        }
    }
    Value::Object(object)
}

fn value(source: &SourceObject, property: &Property) -> Value {
    let value = source.value(property.alias);
    let texts = value.texts();
    let text = texts.first().filter(|text| !text.is_empty());
    match property.shape {
        Shape::Text => json!(text),
        Shape::Boolean => text.map_or(Value::Null, |text| text.eq_ignore_ascii_case("true").into()),
        // Clients lose the whole answer over a time that they cannot read.
        Shape::Time => json!(text.filter(|text| text.parse::<jiff::Timestamp>().is_ok())),
        Shape::List | Shape::One => json!(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_an_alias_with_a_path() {
        for kind in [Kind::User, Kind::Group] {
            for property in properties(kind) {
                let found = find(kind, property.name);
                assert!(found.is_some_and(|(_, path)| !path.is_empty()), "{}", property.name);
            }
        }
    }
}
