//! What a name in a file means: Entra's and Graph's names, or SCIM paths.

use directory::Kind;
use provision::alias::{self, Direction, ObjectKind};
use provision::target_path::TargetPath;
use scim::attribute::{Attribute, AttributeType, Mutability};
use scim::path::PatchPath;

/// Where the value of a name goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Id,
    Manager,
    Members,
    /// The directory sets it itself, or has no use for it.
    Ignored,
    Value(Target),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) is_date: bool,
    /// Several values are one text with `;` between them.
    pub(crate) is_joined: bool,
}

/// Graph's and the portal's names for what has another alias.
const SYNONYMS: &[(&str, &str)] = &[
    ("id", "objectId"),
    ("mobilePhone", "mobile"),
    ("businessPhones", "telephoneNumber"),
    ("faxNumber", "facsimileTelephoneNumber"),
    ("officeLocation", "physicalDeliveryOfficeName"),
    ("alternateEmailAddress", "otherMails"),
];

/// Columns of the portal's "Download users" and "Download groups" that a directory sets itself.
const IGNORED: &[&str] = &[
    "consentProvidedForMinor",
    "creationType",
    "createdDateTime",
    "deletedDateTime",
    "directorySynced",
    "groups",
    "groupType",
    "identityIssuer",
    "invitationState",
    "legalAgeGroupClassification",
    "membershipType",
    "meta",
    "schemas",
    "source",
];

pub(crate) fn object_kind(kind: Kind) -> ObjectKind {
    match kind {
        Kind::User => ObjectKind::User,
        Kind::Group => ObjectKind::Group,
    }
}

/// # Errors
/// What is wrong with the name, and what to do.
pub(crate) fn place(kind: Kind, name: &str) -> Result<Place, (String, String)> {
    let synonym = SYNONYMS.iter().find(|(graph, _)| graph.eq_ignore_ascii_case(name));
    let looked_up = synonym.map_or(name, |(_, alias)| alias);
    if IGNORED.iter().any(|ignored| ignored.eq_ignore_ascii_case(name)) {
        return Ok(Place::Ignored);
    }
    let Some(alias) = alias::find(object_kind(kind), looked_up) else { return path(kind, name) };
    Ok(match (alias.name, alias.direction) {
        ("objectId", _) => Place::Id,
        ("manager", _) => Place::Manager,
        ("members", _) => Place::Members,
        (_, Direction::Read | Direction::Computed) => Place::Ignored,
        (_, Direction::Both) => Place::Value(Target {
            path: alias.path.to_owned(),
            is_date: alias.kind == "DateTime",
            is_joined: alias.is_joined(),
        }),
    })
}

/// A SCIM path: one value, no more.
fn path(kind: Kind, name: &str) -> Result<Place, (String, String)> {
    let unknown = || (format!("\"{name}\" is no attribute of a {}", word(kind)), nearest(kind, name));
    let parsed = PatchPath::parse(name).map_err(|_| unknown())?;
    let resource_type = directory::scim_type(kind);
    let resolved = resource_type.resolve(&parsed.attribute).ok_or_else(unknown)?;
    match resolved.attribute.name.as_str() {
        "manager" => return Ok(Place::Manager),
        "members" => return Ok(Place::Members),
        _ => {}
    }
    let leaf = resolved.leaf();
    if resolved.attribute.mutability == Mutability::ReadOnly || leaf.mutability == Mutability::ReadOnly {
        return Ok(Place::Ignored);
    }
    if resolved.attribute.multi_valued && parsed.filter.is_none() {
        let example = example(resolved.attribute);
        return Err((format!("\"{name}\" has several values"), format!("say which one, as in {example}")));
    }
    if leaf.is_complex() {
        let part = leaf.sub_attributes.first().map_or("value", |sub| sub.name.as_str());
        return Err((format!("\"{name}\" has parts"), format!("say which one, as in {name}.{part}")));
    }
    TargetPath::parse(name)
        .map_err(|why| (why, "write it as in emails[type eq \"work\"].value".to_owned()))?;
    let is_date = leaf.kind == AttributeType::DateTime;
    Ok(Place::Value(Target { path: name.to_owned(), is_date, is_joined: false }))
}

fn example(attribute: &Attribute) -> String {
    let part = if attribute.sub("value").is_some() { "value" } else { "formatted" };
    format!("{}[type eq \"work\"].{part}", attribute.name)
}

pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

/// What to do about a name that means nothing: the one that is spelt most alike, if one is.
fn nearest(kind: Kind, name: &str) -> String {
    let aliases = alias::aliases(object_kind(kind)).iter().map(|alias| alias.name);
    let core = directory::scim_type(kind).schema.attributes.iter().map(|attribute| attribute.name.as_str());
    let synonyms = SYNONYMS.iter().map(|(name, _)| *name);
    let folded = |text: &str| text.to_ascii_lowercase().replace([' ', '_', '-'], "");
    let wanted: String = folded(name).chars().take(64).collect();
    let distance = |known: &&str| distance(&wanted, &folded(known));
    let best = aliases.chain(synonyms).chain(core).min_by_key(distance);
    match best.filter(|known| distance(known) <= (known.len() / 3).max(1)) {
        Some(known) => format!("is {known} meant? Rename it, or take it out"),
        None => {
            "take it out, or give it the name of an attribute: docs/guide/attributes.md lists them".to_owned()
        }
    }
}

/// How many letters differ: put in, taken out, or another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (number, letter) in a.chars().enumerate() {
        let mut left = number + 1;
        let mut corner = number;
        for (other, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            let best = (corner + usize::from(letter != *other)).min(above + 1).min(left + 1);
            (corner, left) = (above, best);
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, name: &str) -> String {
        match place(kind, name) {
            Ok(Place::Value(target)) => target.path,
            Ok(other) => format!("{other:?}"),
            Err((error, hint)) => format!("{error}; {hint}"),
        }
    }

    #[test]
    fn names_are_entras_graphs_or_scims() {
        let user = |name: &str, expect: &str| assert_eq!(shown(Kind::User, name), expect, "{name}");
        user("userPrincipalName", "userName");
        user("USERPRINCIPALNAME", "userName");
        user("mail", "emails[type eq \"work\"].value");
        user("mobilePhone", "phoneNumbers[type eq \"mobile\"].value");
        user("id", "Id");
        user("objectId", "Id");
        user("manager", "Manager");
        user("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "Manager");
        user("createdDateTime", "Ignored");
        user("IsSoftDeleted", "Ignored");
        user("groups", "Ignored");
        user("externalId", "externalId");
        user("name.honorificPrefix", "name.honorificPrefix");
        user("emails[type eq \"home\"].value", "emails[type eq \"home\"].value");
        assert_eq!(shown(Kind::Group, "members"), "Members");
        assert_eq!(
            shown(Kind::Group, "description"),
            "urn:muster:schemas:extension:directory:2.0:Group:description"
        );
    }

    #[test]
    fn a_name_that_means_nothing_is_told_with_the_nearest() {
        let user = |name: &str, expect: &str| {
            let shown = shown(Kind::User, name);
            assert!(shown.contains(expect), "{shown} does not say {expect}");
        };
        user("departement", "is department meant?");
        user("Job Title", "is jobTitle meant?");
        user("user_principal_name", "is userPrincipalName meant?");
        user("extensionAttribute16", "is extensionAttribute1 meant?");
        user("favourite colour", "take it out");
        user("", "take it out");
        user(&"x".repeat(100_000), "take it out");
        user("emails", "as in emails[type eq \"work\"].value");
        user("name", "as in name.formatted");
        user("emails[type sw \"w\"].value", "only `eq`");
        user("password", "is no attribute of a user");
    }
}
