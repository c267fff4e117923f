//! The fixtures: requests as clients send them, and what becomes of them.
//!
//! | member | meaning |
//! |---|---|
//! | `why` | what the fixture shows |
//! | `quirks` | exactly the quirks that are noted (not asserted beside `error`) |
//! | `method`, `path`, `request` | the request |
//! | `before` | for a PATCH, the stored document |
//! | `after` | the document that is stored then |
//! | `error` | instead of `after`: the `scimType`, and a part of the detail |
//! | `members` | changes of a group's members, when asserted |
//! | `filter`, `resource`, `matches` | instead of a request: a filter and what it says of a resource |
//!
//! The RFCs' exchanges, discovery documents and schemas have members of their own: [`crate::examples`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scim::check::Purpose;
use scim::patch::{Member, MemberChange};
use scim::quirk::{Quirk, Quirks};
use scim::schema::ResourceType;
use scim::{Resource, check, filter, patch, schema};
use serde_json::{Value, json};

use crate::examples;

pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) content: Value,
}

fn fixtures(folder: &str) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder);
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let read = |file: PathBuf| Fixture {
        name: file.strip_prefix(&root).unwrap().display().to_string(),
        content: serde_json::from_slice(&std::fs::read(&file).unwrap())
            .unwrap_or_else(|e| panic!("{}: {e}", file.display())),
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
}

impl Fixture {
    pub(crate) fn text(&self, member: &str) -> &str {
        self.content[member].as_str().unwrap_or_else(|| panic!("{}: {member} is missing", self.name))
    }

    fn object(&self, member: &str) -> Resource {
        self.content[member]
            .as_object()
            .unwrap_or_else(|| panic!("{}: {member} is missing", self.name))
            .clone()
    }

    fn is_filter(&self) -> bool {
        self.content.get("filter").is_some()
    }

    fn quirks(&self) -> BTreeSet<&str> {
        self.content["quirks"].as_array().unwrap().iter().map(|q| q.as_str().unwrap()).collect()
    }

    fn resource_type(&self) -> &'static ResourceType {
        schema::resource_types().into_iter().find(|t| self.text("path").starts_with(t.endpoint)).unwrap()
    }

    fn run(&self) {
        let is = |member| self.content.get(member).is_some();
        if is("status") || is("discovery") || is("schemas") {
            examples::run(self);
        } else if self.is_filter() {
            self.run_filter();
        } else {
            self.run_request();
        }
    }

    fn run_filter(&self) {
        let (filter, quirks) =
            filter::read(self.text("filter"), schema_of(&self.content["resource"])).unwrap();
        let resource = self.object("resource");
        let matches = filter.matches(&resource, schema_of(&self.content["resource"]));
        assert_eq!(Value::Bool(matches), self.content["matches"], "{}", self.name);
        self.assert_quirks(&quirks);
    }

    fn run_request(&self) {
        let (after, members, quirks) = match self.outcome() {
            Ok(outcome) => outcome,
            Err(error) => return self.assert_error(&error),
        };
        assert!(self.content.get("error").is_none(), "{}: no error, but {}", self.name, json!(after));
        assert_eq!(Value::Object(after.clone()), self.content["after"], "{}", self.name);
        assert_eq!(after.keys().next().map(String::as_str), Some("schemas"), "{}", self.name);
        self.assert_quirks(&quirks);
        if let Some(expected) = self.content.get("members") {
            let members: Vec<Value> = members.iter().map(shown).collect();
            assert_eq!(&Value::Array(members), expected, "{}: members", self.name);
        }
    }

    fn outcome(&self) -> scim::Result<(Resource, Vec<MemberChange>, Quirks)> {
        let resource_type = self.resource_type();
        let request = self.content["request"].clone();
        let purpose = match self.text("method") {
            "PATCH" => {
                let before = self.object("before");
                let applied = patch::apply(&before, &patch::parse(request)?, resource_type)?;
                assert_eq!(applied.changed, applied.resource != before, "{}: changed", self.name);
                return Ok((applied.resource, applied.members, applied.quirks));
            }
            "POST" => Purpose::Create,
            "PUT" => Purpose::Replace,
            other => panic!("{}: {other}", self.name),
        };
        let checked = check::check(request.as_object().unwrap().clone(), resource_type, purpose)?;
        Ok((checked.resource, Vec::new(), checked.quirks))
    }

    fn assert_error(&self, error: &scim::Error) {
        let Some(expected) = self.content.get("error") else { panic!("{}: {error}", self.name) };
        assert_eq!(error.scim_type.as_str(), expected["scimType"], "{}: {error}", self.name);
        let part = expected["detail"].as_str().unwrap();
        assert!(error.detail.contains(part), "{}: \"{}\" does not say \"{part}\"", self.name, error.detail);
    }

    fn assert_quirks(&self, quirks: &Quirks) {
        let noted: BTreeSet<&str> = quirks.iter().map(Quirk::id).collect();
        assert_eq!(noted, self.quirks(), "{}: quirks", self.name);
    }
}

fn schema_of(resource: &Value) -> &'static ResourceType {
    let urn = resource["schemas"][0].as_str().unwrap();
    schema::resource_types().into_iter().find(|t| t.schema.id == urn).unwrap()
}

fn shown(change: &MemberChange) -> Value {
    let members = |members: &[Member]| -> Value {
        members
            .iter()
            .map(|m| match &m.kind {
                Some(kind) => json!({ "value": m.value, "type": kind }),
                None => json!({ "value": m.value }),
            })
            .collect()
    };
    match change {
        MemberChange::Add(added) => json!({ "add": members(added) }),
        MemberChange::Set(all) => json!({ "set": members(all) }),
        MemberChange::Remove(ids) => json!({ "remove": ids }),
        MemberChange::RemoveWhere(filter) => json!({ "removeWhere": filter.to_string() }),
        MemberChange::Clear => json!({ "clear": true }),
    }
}

fn run_all(folder: &str) {
    let mut failed = Vec::new();
    let all = fixtures(folder);
    assert!(!all.is_empty(), "no fixtures in {folder}");
    for fixture in &all {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fixture.run())).is_err() {
            failed.push(fixture.name.as_str());
        }
    }
    assert!(failed.is_empty(), "{} of {} failed: {failed:#?}", failed.len(), all.len());
}

#[test]
fn clients_requests_do_what_the_client_means() {
    run_all("idp");
}

#[test]
fn examples_of_the_rfcs_do_what_the_rfcs_say() {
    run_all("rfc");
}

#[test]
fn every_quirk_has_a_fixture() {
    let all = fixtures("idp");
    for &quirk in Quirk::ALL {
        let about_filters = matches!(quirk, Quirk::BooleanStringFilter | Quirk::UnquotedFilter);
        let shows = |f: &&Fixture| f.is_filter() == about_filters && f.quirks().contains(quirk.id());
        let shown = all.iter().filter(|f| f.content.get("error").is_none()).any(|f| shows(&f));
        assert!(shown, "no fixture in fixtures/idp shows {}", quirk.id());
    }
}

#[test]
fn every_row_of_the_tolerance_list_has_a_fixture() {
    let all = fixtures("idp");
    for row in 1..=24 {
        let name = format!("/a12-{row:02}-");
        assert!(all.iter().any(|f| f.name.contains(&name)), "no fixture is called a12-{row:02}-…");
    }
}

/// What a PATCH or a create leaves is what a replace accepts without another change.
#[test]
fn what_is_stored_passes_the_check_unchanged() {
    for fixture in fixtures("idp").iter().chain(&fixtures("rfc")) {
        let Some(after) = fixture.content.get("after").and_then(Value::as_object) else { continue };
        let checked = check::check(after.clone(), fixture.resource_type(), Purpose::Replace).unwrap();
        assert_eq!(&checked.resource, after, "{}", fixture.name);
        assert!(checked.quirks.is_empty(), "{}: {:?}", fixture.name, checked.quirks);
    }
}
