//! A JSON object of one line: SCIM's or Microsoft Graph's, a user or a group.

use std::collections::BTreeSet;

use directory::Kind;
use scim::path::{AttributePath, PatchPath};
use scim::urn;
use serde_json::{Map, Value};

use super::attribute::{self, Place, Target};
use super::table::{self, DATES};
use super::{Fault, Manager, Record, member};

type Object = Map<String, Value>;

/// Names of attributes that were met and not used; more than a few are a file of another kind.
const IGNORED: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Scim,
    Graph,
}

/// One line. What the directory has no attribute for is noted in `ignored`.
///
/// # Errors
/// What is wrong with it, and nothing of it is imported.
pub(crate) fn record(line: u64, text: &str, ignored: &mut BTreeSet<String>) -> Result<Record, Vec<Fault>> {
    let object = scim::json::parse_object(text.as_bytes()).map_err(|error| {
        let detail = error.detail.replace("the body", "the line");
        let hint = "write one JSON object a line; of an array, jq -c '.[]' makes lines";
        vec![Fault::new(line, "", detail, hint)]
    })?;
    let Some((form, kind)) = recognise(&object) else {
        let hint = "give it userName or userPrincipalName, or for a group schemas or securityEnabled";
        return Err(vec![Fault::new(line, "", "neither a user nor a group is recognised", hint)]);
    };
    let mut reading = Reading { record: Record::new(line, kind), faults: Vec::new(), ignored };
    match form {
        Form::Scim => reading.scim(object),
        Form::Graph => reading.graph(object),
    }
    if reading.faults.is_empty() { Ok(reading.record) } else { Err(reading.faults) }
}

fn recognise(object: &Object) -> Option<(Form, Kind)> {
    let has = |name: &str| member(object, name).is_some();
    let schemas = member(object, "schemas").and_then(Value::as_array).into_iter().flatten();
    for schema in schemas.filter_map(Value::as_str) {
        if schema.eq_ignore_ascii_case(urn::USER) {
            return Some((Form::Scim, Kind::User));
        }
        if schema.eq_ignore_ascii_case(urn::GROUP) {
            return Some((Form::Scim, Kind::Group));
        }
    }
    match member(object, "@odata.type").and_then(Value::as_str) {
        Some(kind) if kind.ends_with(".user") => return Some((Form::Graph, Kind::User)),
        Some(kind) if kind.ends_with(".group") => return Some((Form::Graph, Kind::Group)),
        _ => {}
    }
    if has("userPrincipalName") {
        return Some((Form::Graph, Kind::User));
    }
    if has("userName") {
        return Some((Form::Scim, Kind::User));
    }
    if ["securityEnabled", "mailEnabled", "groupTypes", "members@odata.bind"].into_iter().any(has) {
        return Some((Form::Graph, Kind::Group));
    }
    (has("displayName") && has("members")).then_some((Form::Scim, Kind::Group))
}

struct Reading<'a> {
    record: Record,
    faults: Vec<Fault>,
    ignored: &'a mut BTreeSet<String>,
}

impl Reading<'_> {
    fn scim(&mut self, object: Object) {
        for (name, value) in object {
            match name.to_ascii_lowercase().as_str() {
                "schemas" | "meta" | "groups" => {}
                "id" => self.id(value),
                "members" => self.members(&name, value),
                "manager" => self.manager(&name, value),
                _ => match value {
                    Value::Object(attributes) if self.is_extension(&name) => {
                        self.extension(&name, attributes)
                    }
                    value => self.scim_value(&name, value),
                },
            }
        }
    }

    fn is_extension(&self, name: &str) -> bool {
        directory::scim_type(self.record.kind).extension(name).is_some()
    }

    fn extension(&mut self, urn: &str, attributes: Object) {
        for (name, value) in attributes {
            if name.eq_ignore_ascii_case("manager") {
                self.manager(&name, value);
            } else {
                self.scim_value(&format!("{urn}:{name}"), value);
            }
        }
    }

    fn scim_value(&mut self, path: &str, value: Value) {
        let known = PatchPath::parse(path).is_ok_and(|path: PatchPath| self.knows(&path.attribute));
        if !known {
            return self.ignore(path);
        }
        self.record.set(path, path, present(value));
    }

    fn knows(&self, path: &AttributePath) -> bool {
        directory::scim_type(self.record.kind).resolve(path).is_some()
    }

    fn graph(&mut self, object: Object) {
        for (name, value) in object {
            match (name.as_str(), value) {
                ("manager@odata.bind", value) => self.manager(&name, value),
                ("members@odata.bind", value) => self.members(&name, value),
                ("onPremisesExtensionAttributes" | "employeeOrgData", Value::Object(inner)) => {
                    self.graph(inner)
                }
                (name, _) if name.contains('@') => {}
                (name, value) => self.graph_value(name, value),
            }
        }
    }

    fn graph_value(&mut self, name: &str, value: Value) {
        match attribute::place(self.record.kind, name) {
            Ok(Place::Id) => self.id(value),
            Ok(Place::Manager) => self.manager(name, value),
            Ok(Place::Members) => self.members(name, value),
            Ok(Place::Value(target)) => self.graph_target(name, &target, value),
            Ok(Place::Ignored) => {}
            Err(_) => self.ignore(name),
        }
    }

    fn graph_target(&mut self, name: &str, target: &Target, value: Value) {
        let value = match value {
            Value::Array(items) if target.is_joined => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                texts.join(";").into()
            }
            // businessPhones: Graph has one at most.
            Value::Array(items) => items.into_iter().next().unwrap_or_default(),
            other => other,
        };
        let value = match present(value) {
            Some(Value::String(text)) => match table::value(target, text) {
                Ok(value) => Some(value),
                Err(error) => return self.fault(name, error, DATES),
            },
            value => value,
        };
        self.record.set(name, &target.path, value);
    }

    fn id(&mut self, value: Value) {
        match value {
            Value::String(id) if !id.is_empty() => self.record.id = Some(id),
            Value::Null => {}
            _ => self.fault("id", "it is no text".to_owned(), "write it as a string, or leave it out"),
        }
    }

    fn manager(&mut self, name: &str, value: Value) {
        match (reference(&value), present(value)) {
            (_, None) => self.record.manager = Some(Manager::Nobody),
            (Some(who), _) => self.record.manager = Some(Manager::Is(who)),
            (None, Some(_)) => self.fault(name, "it names nobody".to_owned(), REFERENCES),
        }
    }

    fn members(&mut self, name: &str, value: Value) {
        let items = match value {
            Value::Array(items) => items,
            Value::Null => return,
            one => vec![one],
        };
        for item in items {
            match reference(&item) {
                Some(who) => self.record.members.push(who),
                None => return self.fault(name, "one of them names nobody".to_owned(), REFERENCES),
            }
        }
    }

    fn fault(&mut self, attribute: &str, error: String, hint: &str) {
        self.faults.push(Fault::new(self.record.line, attribute, error, hint));
    }

    fn ignore(&mut self, name: &str) {
        if self.ignored.len() < IGNORED {
            self.ignored.insert(name.chars().take(200).collect());
        }
    }
}

const REFERENCES: &str =
    "name a user by userPrincipalName or id, as in {\"id\": \"…\"} or {\"value\": \"…\"}";

/// An id or a user name, however it is wrapped; of a link its last step.
fn reference(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Object(object) => ["value", "id", "userPrincipalName", "userName"]
            .into_iter()
            .find_map(|name| member(object, name)?.as_str().filter(|text| !text.is_empty()))?,
        _ => return None,
    };
    let link = text.starts_with("https://") || text.starts_with("http://");
    let last = if link { text.trim_end_matches('/').rsplit('/').next() } else { Some(text) };
    last.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// RFC 7643 §2.5: null and an empty list are no value; nor is an empty text to Entra.
fn present(value: Value) -> Option<Value> {
    match &value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        _ => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(object: &Value) -> Result<(Record, Vec<String>), Vec<Fault>> {
        let mut ignored = BTreeSet::new();
        let record = record(1, &object.to_string(), &mut ignored)?;
        Ok((record, ignored.into_iter().collect()))
    }

    fn paths(record: &Record) -> Vec<&str> {
        record.settings.iter().map(|setting| setting.path.as_str()).collect()
    }

    #[test]
    fn a_line_says_what_it_is() {
        let check = |object: Value, expect: Option<(Form, Kind)>| {
            assert_eq!(recognise(object.as_object().unwrap()), expect, "{object}");
        };
        check(json!({ "schemas": [urn::USER] }), Some((Form::Scim, Kind::User)));
        check(json!({ "schemas": [urn::DIRECTORY_GROUP, urn::GROUP] }), Some((Form::Scim, Kind::Group)));
        check(json!({ "userName": "n" }), Some((Form::Scim, Kind::User)));
        check(json!({ "userPrincipalName": "n" }), Some((Form::Graph, Kind::User)));
        check(json!({ "@odata.type": "#microsoft.graph.group" }), Some((Form::Graph, Kind::Group)));
        check(json!({ "displayName": "G", "securityEnabled": true }), Some((Form::Graph, Kind::Group)));
        check(json!({ "displayName": "G", "members": [] }), Some((Form::Scim, Kind::Group)));
        check(json!({ "displayName": "G" }), None);
        check(json!({}), None);
    }

    #[test]
    fn scim_is_read_as_it_is() {
        let (record, ignored) = read(&json!({
            "schemas": [urn::USER, urn::ENTERPRISE_USER],
            "id": "7", "userName": "ada", "meta": { "version": "3" }, "groups": [{ "value": "g" }],
            "emails": [{ "value": "a@x", "type": "work" }], "title": null, "department": "Sea", "shoeSize": 42,
            (urn::ENTERPRISE_USER): { "employeeNumber": "5", "manager": { "value": "bo@x" } },
            "urn:other:1.0:User": { "a": 1 },
        }))
        .unwrap();
        assert_eq!((record.id.as_deref(), record.name.as_deref()), (Some("7"), Some("ada")));
        assert_eq!(record.manager, Some(Manager::Is("bo@x".into())));
        let number = format!("{}:employeeNumber", urn::ENTERPRISE_USER);
        assert_eq!(paths(&record), ["userName", "emails", "title", "department", &number]);
        assert_eq!(record.settings[2].value, None);
        assert_eq!(ignored, ["shoeSize", "urn:other:1.0:User"]);
        let (group, _) = read(&json!({ "displayName": "G", "members": [{ "value": "1" }, "2"] })).unwrap();
        assert_eq!((group.name.as_deref(), group.members), (Some("G"), vec!["1".to_owned(), "2".to_owned()]));
    }

    #[test]
    fn graph_is_read_by_its_names() {
        let (record, ignored) = read(&json!({
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
            "id": "42", "userPrincipalName": "ada@x", "accountEnabled": false, "mobilePhone": "+1",
            "businessPhones": ["+2"], "officeLocation": null, "proxyAddresses": ["SMTP:a@x", "smtp:b@x"],
            "onPremisesExtensionAttributes": { "extensionAttribute1": "7", "extensionAttribute2": null },
            "employeeOrgData": { "costCenter": "9" }, "employeeHireDate": "2026-03-01T00:00:00Z",
            "passwordProfile": { "password": "x" }, "createdDateTime": "2026-01-01T00:00:00Z",
            "manager@odata.bind": "https://graph.microsoft.com/v1.0/users/bo@x",
        }))
        .unwrap();
        assert_eq!((record.id.as_deref(), record.name.as_deref()), (Some("42"), Some("ada@x")));
        assert_eq!(record.manager, Some(Manager::Is("bo@x".into())));
        let value = |label: &str| {
            let setting = record.settings.iter().find(|setting| setting.label == label);
            setting.unwrap_or_else(|| panic!("no {label}")).value.clone()
        };
        assert_eq!(value("accountEnabled"), Some(json!(false)));
        assert_eq!(value("businessPhones"), Some(json!("+2")));
        assert_eq!(value("officeLocation"), None);
        assert_eq!(value("proxyAddresses"), Some(json!("SMTP:a@x;smtp:b@x")));
        assert_eq!(value("extensionAttribute1"), Some(json!("7")));
        assert_eq!(value("costCenter"), Some(json!("9")));
        assert_eq!(ignored, ["passwordProfile"], "its value is not even named");
        let members = json!({ "displayName": "G", "mailEnabled": false, "members": [{ "id": "1", "@odata.type": "#microsoft.graph.user" }] });
        assert_eq!(read(&members).unwrap().0.members, ["1"]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let check = |text: &str, attribute: &str, expect: &str| {
            let faults = record(3, text, &mut BTreeSet::new()).expect_err(text);
            assert!(faults[0].error.contains(expect), "{faults:?}");
            assert_eq!((faults[0].line, faults[0].attribute.as_str()), (3, attribute));
        };
        check("", "", "not acceptable JSON");
        check("[{}]", "", "expected a JSON object");
        check("{\"a\":1,\"a\":2}", "", "not acceptable JSON");
        check(&format!("{{\"userName\":{}1{}}}", "[".repeat(64), "]".repeat(64)), "", "nested deeper");
        check("{\"x\":1}", "", "neither a user nor a group");
        check("{\"userName\":\"a\",\"id\":7}", "id", "no text");
        check("{\"userName\":\"a\",\"manager\":7}", "manager", "names nobody");
        check("{\"displayName\":\"G\",\"members\":[{}]}", "members", "names nobody");
        check("{\"userPrincipalName\":\"a\",\"employeeHireDate\":\"soon\"}", "employeeHireDate", "no date");
    }
}
