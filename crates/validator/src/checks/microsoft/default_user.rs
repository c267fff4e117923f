//! The user that Microsoft's validator makes when nobody says otherwise.

use super::*;

/// Paths of the validator's default attributes with made-up values; only those the target's schema has.
pub(super) fn default_values(p: &mut Probe) -> Vec<(&'static str, Value)> {
    let mut values = Vec::new();
    let mail = p.generator().email();
    let phone = format!("{}-{}-{}", p.dice.digits(2), p.dice.digits(3), p.dice.digits(4));
    let fixed = [
        ("emails[type eq \"work\"].value", mail),
        ("addresses[type eq \"work\"].formatted", p.dice.letters(12)),
        ("addresses[type eq \"work\"].streetAddress", format!("{} Ida Field", p.dice.digits(4))),
        ("addresses[type eq \"work\"].locality", p.dice.letters(12)),
        ("addresses[type eq \"work\"].postalCode", "zl48 3xh".to_owned()),
        ("addresses[type eq \"work\"].country", "Ireland".to_owned()),
        ("phoneNumbers[type eq \"work\"].value", phone.clone()),
        ("phoneNumbers[type eq \"mobile\"].value", phone.clone()),
        ("phoneNumbers[type eq \"fax\"].value", phone),
        ("preferredLanguage", "sr-Latn-BA".to_owned()),
        ("timezone", "America/Guyana".to_owned()),
        ("name.givenName", "Ida".to_owned()),
        ("name.familyName", "Lenora".to_owned()),
        ("name.middleName", "Otis".to_owned()),
    ];
    const CAPITALS: &[&str] = &[
        "displayName",
        "title",
        "nickName",
        "userType",
        "locale",
        "profileUrl",
        "name.formatted",
        "name.honorificPrefix",
        "name.honorificSuffix",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    ];
    let capitals: Vec<_> = CAPITALS.iter().map(|path| (*path, p.dice.letters(12))).collect();
    for (path, value) in fixed.into_iter().chain(capitals) {
        let schema_path = match (path.find('['), path.find(']')) {
            (Some(open), Some(close)) => format!("{}{}", &path[..open], &path[close + 1..]),
            _ => path.to_owned(),
        };
        if p.user_kind().has(&schema_path) {
            values.push((path, value.into()));
        }
    }
    values
}

/// A body with these values, `schemas` last as the validator has it.
pub(super) fn default_body(p: &mut Probe, values: &[(&'static str, Value)]) -> Map<String, Value> {
    let mut body = Map::new();
    let name = p.generator().user_name();
    body.insert("userName".into(), name.into());
    if p.user_kind().has("active") {
        body.insert("active".into(), true.into());
    }
    let mut extended = false;
    for (path, value) in values {
        if let Some(name) = path.strip_prefix("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:") {
            extended = true;
            let entry = body.entry(scim::urn::ENTERPRISE_USER).or_insert_with(|| json!({}));
            entry[name] = value.clone();
        } else if let (Some(open), Some(close)) = (path.find('['), path.find(']')) {
            let kind = path[open..close].split('"').nth(1).unwrap_or("work").to_owned();
            let (name, sub) = (path[..open].to_owned(), path[close + 2..].to_owned());
            element(&mut body, &name, &kind, &sub, value);
        } else if let Some((name, sub)) = path.split_once('.') {
            body.entry(name).or_insert_with(|| json!({}))[sub] = value.clone();
        } else {
            body.insert((*path).to_owned(), value.clone());
        }
    }
    if p.user_kind().has("roles.primary") {
        let role = p.dice.letters(12);
        body.insert(
            "roles".into(),
            json!([{ "primary": "True", "display": role, "value": role, "type": role }]),
        );
    }
    let mut schemas = vec![scim::urn::USER];
    if extended {
        schemas.push(scim::urn::ENTERPRISE_USER);
    }
    body.insert("schemas".into(), json!(schemas));
    body
}

fn element(body: &mut Map<String, Value>, name: &str, kind: &str, sub: &str, value: &Value) {
    let list = body.entry(name).or_insert_with(|| json!([]));
    let Value::Array(items) = list else { return };
    if !items.iter().any(|i| i["type"] == kind) {
        let mut item = json!({ "type": kind });
        if kind == "work" && name != "phoneNumbers" {
            item["primary"] = true.into();
        }
        items.push(item);
    }
    if let Some(item) = items.iter_mut().find(|i| i["type"] == kind) {
        item[sub] = value.clone();
    }
}
