//! Writes: create, PUT, PATCH and DELETE.

use std::time::Duration;

use scim::Resource;
use scim::check::{Purpose, check};
use scim::compare::fold;
use scim::patch::MemberChange;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::server::{Answer, App, Call};
use super::store::{Data, Record, etag, kind};

const PAUSE: Duration = Duration::from_millis(3);

fn unique_name(document: &Resource, group: bool) -> String {
    let name = if group { "displayName" } else { "userName" };
    document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn object(body: Value) -> Result<Map<String, Value>, Answer> {
    match body {
        Value::Object(object) => Ok(object),
        _ => Err(Answer::error(400, Some("invalidSyntax"), "the body must be an object")),
    }
}

fn refused(detail: &str) -> Answer {
    Answer::error(400, Some("invalidValue"), detail)
}

impl App {
    pub(crate) async fn create(&self, call: &Call, group: bool, body: Value) -> Result<Answer, Answer> {
        let body = object(body)?;
        let client_id = body.get("id").and_then(Value::as_str).map(str::to_owned);
        let (document, members) = self.document(body, group, Purpose::Create)?;
        let is_free = |data: &Data| self.free(data, &document, group, None);
        if self.is(Fault::UniquenessRace) {
            is_free(&self.data())?;
            tokio::time::sleep(PAUSE).await;
        }
        let mut data = self.data();
        if !self.is(Fault::UniquenessRace) {
            is_free(&data)?;
        }
        let now = data.tick();
        let id = match client_id {
            Some(id) if self.is(Fault::ClientIdTaken) => id,
            _ => data.new_id(group),
        };
        let members = if self.is(Fault::CreateDropsMembers) { Vec::new() } else { members };
        let record = Record { id, group, document, members, version: 1, created: now, modified: now };
        data.records.push(record.clone());
        let status = if self.is(Fault::CreateStatus200) { 200 } else { 201 };
        let mut answer = self.show(call, &data, &record, status)?;
        if self.is(Fault::AnswerIncomplete) {
            answer.body.as_mut().unwrap().as_object_mut().unwrap().remove("meta");
        }
        Ok(answer)
    }

    /// A body made ready to be stored, with its members apart.
    fn document(
        &self,
        mut body: Map<String, Value>,
        group: bool,
        purpose: Purpose,
    ) -> Result<(Resource, Vec<String>), Answer> {
        let password = body.get("password").cloned();
        let title = body.get("title").cloned().filter(|t| t.is_object());
        let groups = body.get("groups").cloned();
        self.tolerance(&mut body, group)?;
        let spelt = body.keys().any(|k| k.eq_ignore_ascii_case("userName") && k != "userName");
        let nameless = !group && !spelt && body.get("userName").is_none_or(|n| n.as_str() == Some(""));
        let unnamed_group = group && body.get("displayName").is_none();
        let allowed = match purpose {
            Purpose::Create if nameless && self.is(Fault::NoUserNameAccepted) => {
                !body.contains_key("userName")
            }
            Purpose::Create if nameless && self.is(Fault::EmptyUserNameAccepted) => {
                body.contains_key("userName")
            }
            Purpose::Create => unnamed_group && self.is(Fault::GroupNameless),
            Purpose::Replace => nameless && self.is(Fault::PutNameless),
        };
        if allowed {
            body.insert(
                if group { "displayName" } else { "userName" }.into(),
                format!("nameless-{}", self.turn()).into(),
            );
        }
        if self.is(Fault::WrongTypesStored) && title.is_some() {
            body.remove("title");
        }
        let mut document = check(body, kind(group), purpose).map_err(|e| Answer::from(&e))?.resource;
        let members = taken(&mut document);
        self.refuse_nested(&members)?;
        if !group && !document.contains_key("active") && purpose == Purpose::Create {
            document.insert("active".into(), (!self.is(Fault::InactiveByDefault)).into());
        }
        self.spoil(&mut document);
        if self.is(Fault::PasswordShown)
            && let Some(password) = password
        {
            document.insert("password".into(), password);
        }
        if self.is(Fault::WrongTypesStored)
            && let Some(title) = title
        {
            document.insert("title".into(), title);
        }
        if self.is(Fault::ReadOnlyGroupsWritten)
            && let (false, Some(groups)) = (group, groups)
        {
            document.insert("groups".into(), groups);
        }
        Ok((document, members))
    }

    /// Refusals of what a tolerant server takes, and what is lost before it is read.
    fn tolerance(&self, body: &mut Map<String, Value>, group: bool) -> Result<(), Answer> {
        let text = Value::Object(body.clone()).to_string();
        let schemas = body.get("schemas").map(Value::to_string).unwrap_or_default();
        let unused =
            schemas.contains(scim::urn::ENTERPRISE_USER) && !body.contains_key(scim::urn::ENTERPRISE_USER);
        let manager = body.get(scim::urn::ENTERPRISE_USER).and_then(|e| e.get("manager")).cloned();
        let refusal = match self.fault {
            Some(Fault::NullsRefused) => text.contains(":null"),
            Some(Fault::NamesCaseExact) => body.contains_key("USERNAME"),
            Some(Fault::StringBooleansRefused) => text.contains(":\"True\""),
            Some(Fault::UnusedExtensionRefused) => unused,
            Some(Fault::ClientMetaRefused) => {
                body.contains_key("meta") && !body.contains_key("id") || text.contains("muster-check-own-id")
            }
            Some(Fault::MicrosoftSchemaRefused) => schemas.contains("schemas.microsoft.com"),
            Some(Fault::ManagerStringRefused) => manager.as_ref().is_some_and(Value::is_string),
            Some(Fault::ManagerChecked) => {
                let id =
                    manager.as_ref().and_then(|m| m.get("value").unwrap_or(m).as_str()).unwrap_or_default();
                !id.is_empty() && self.data().position(false, id).is_none()
            }
            _ => false,
        };
        if refusal {
            return Err(refused("this server does not take that"));
        }
        if self.is(Fault::ExtensionUndeclaredDropped) && !schemas.contains(scim::urn::ENTERPRISE_USER) {
            body.remove(scim::urn::ENTERPRISE_USER);
        }
        let _ = group;
        Ok(())
    }

    fn refuse_nested(&self, members: &[String]) -> Result<(), Answer> {
        if self.is(Fault::NestedRefused) && members.iter().any(|m| m.starts_with('g')) {
            return Err(refused("a group cannot be a member"));
        }
        Ok(())
    }

    /// What this server does to values it stores.
    fn spoil(&self, document: &mut Resource) {
        match self.fault {
            Some(Fault::TitleDropped) => drop(document.remove("title")),
            Some(Fault::PhonesFormatted) => {
                for phone in
                    document.get_mut("phoneNumbers").and_then(Value::as_array_mut).into_iter().flatten()
                {
                    let text = phone["value"].as_str().unwrap_or_default().replace([' ', '-'], "");
                    phone["value"] = format!("tel:{}", text.trim_start_matches("tel:")).into();
                }
            }
            Some(Fault::UnicodeLost) => {
                each_text(document, &|t| t.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect())
            }
            Some(Fault::LongValuesCut) => each_text(document, &|t| t.chars().take(255).collect()),
            _ => {}
        }
    }

    fn free(&self, data: &Data, document: &Resource, group: bool, own: Option<&str>) -> Result<(), Answer> {
        let name = unique_name(document, group);
        let same = |other: &str| {
            if self.is(Fault::DuplicatesByCase) && !group {
                other == name
            } else {
                fold(other) == fold(&name)
            }
        };
        let mut taken = data.records.iter().any(|r| {
            r.group == group && own != Some(r.id.as_str()) && same(&unique_name(&r.document, group))
        });
        taken |= self.is(Fault::NameStaysTaken)
            && data.deleted.iter().any(|r| r.group == group && same(&unique_name(&r.document, group)));
        let ignored = match self.fault {
            Some(Fault::DuplicatesAllowed) => !group && own.is_none(),
            Some(Fault::GroupNamesRepeat) => group,
            _ => false,
        };
        if !taken || ignored {
            return Ok(());
        }
        let kind = if self.is(Fault::ConflictUntyped) { None } else { Some("uniqueness") };
        Err(Answer::error(409, kind, "the name is taken"))
    }

    fn expected(&self, call: &Call, record: &Record) -> Result<(), Answer> {
        let Some(wanted) = call.header("if-match") else { return Ok(()) };
        let met = wanted == "*" || wanted == etag(record, self.fault);
        if (met && !self.is(Fault::IfMatchAlwaysFails)) || self.is(Fault::IfMatchIgnored) {
            return Ok(());
        }
        Err(Answer::error(412, None, "the resource has changed"))
    }

    pub(crate) fn replace(&self, call: &Call, group: bool, id: &str, body: Value) -> Result<Answer, Answer> {
        let mut body = object(body)?;
        if self.is(Fault::PutMerges) {
            body.retain(|_, v| !v.is_null());
        }
        let (mut document, mut members) = self.document(body, group, Purpose::Replace)?;
        let mut data = self.data();
        let now = data.tick();
        let Some(at) = data.position(group, id) else {
            if !self.is(Fault::PutCreates) {
                return Err(self.missing());
            }
            let record =
                Record { id: id.into(), group, document, members, version: 1, created: now, modified: now };
            data.records.push(record.clone());
            return self.show(call, &data, &record, 201);
        };
        self.expected(call, &data.records[at])?;
        if !self.is(Fault::PutTakenName) {
            self.free(&data, &document, group, Some(id))?;
        }
        let old = data.records[at].clone();
        if self.is(Fault::PutIgnored) {
            return self.show(call, &data, &old, 200);
        }
        if self.is(Fault::PutMerges) {
            for (name, value) in &old.document {
                document.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        if self.is(Fault::PutAppends) {
            members.extend(old.members.iter().filter(|m| !members.contains(m)).cloned().collect::<Vec<_>>());
            if let (Some(Value::Array(new)), Some(Value::Array(before))) =
                (document.get_mut("emails"), old.document.get("emails"))
            {
                new.extend(before.iter().filter(|e| !new.contains(e)).cloned().collect::<Vec<_>>());
            }
        }
        if !document.contains_key("active")
            && let Some(active) = old.document.get("active")
        {
            document.insert("active".into(), active.clone());
        }
        let record = &mut data.records[at];
        (record.document, record.members) = (document, members);
        record.version += 1;
        record.modified = now;
        let after = if self.is(Fault::PutAnswerOld) { old } else { data.records[at].clone() };
        self.show(call, &data, &after, 200)
    }

    pub(crate) async fn patch(
        &self,
        call: &Call,
        group: bool,
        id: &str,
        body: Value,
    ) -> Result<Answer, Answer> {
        let mut body = body;
        if self.is(Fault::IdWritable) {
            // Unknown members of the message are ignored; this one is read again below.
            body["newId"] = written_id(&body).into();
        }
        self.spoil_operations(&mut body)?;
        let outcome = self.patch_record(call, group, id, &body).await;
        match outcome {
            Err(refusal) if self.is(Fault::PatchErrors500) && refusal.status == 400 => {
                Err(Answer::error(500, None, "cannot patch"))
            }
            Err(refusal) if self.is(Fault::NotAtomic) && refusal.status == 400 => {
                self.first_operations(call, group, id, &body).await;
                Err(refusal)
            }
            other => other,
        }
    }

    /// Carries out what stands before the first bad operation.
    async fn first_operations(&self, call: &Call, group: bool, id: &str, body: &Value) {
        for operation in body["Operations"].as_array().into_iter().flatten() {
            let one = json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [operation] });
            if self.patch_record(call, group, id, &one).await.is_err() {
                return;
            }
        }
    }

    async fn patch_record(&self, call: &Call, group: bool, id: &str, body: &Value) -> Result<Answer, Answer> {
        let request = scim::patch::parse(body.clone()).map_err(|e| Answer::from(&e))?;
        let before = {
            let data = self.data();
            let at = data.position(group, id).ok_or_else(|| self.missing())?;
            self.expected(call, &data.records[at])?;
            data.records[at].clone()
        };
        if self.is(Fault::LostUpdates) {
            tokio::time::sleep(PAUSE).await;
        }
        let mut data = self.data();
        let at = data.position(group, id).ok_or_else(|| self.missing())?;
        let current = if self.is(Fault::LostUpdates) { before } else { data.records[at].clone() };
        if !self.is(Fault::LostUpdates) {
            self.expected(call, &current)?;
        }
        if self.is(Fault::NoTargetRefused) && misses(&current.document, body) {
            return Err(Answer::error(400, Some("noTarget"), "the filter matches nothing"));
        }
        let required = current.document.get("userName").cloned();
        let applied = match scim::patch::apply(&current.document, &request, kind(group)) {
            Ok(applied) => applied,
            Err(_)
                if self.is(Fault::RequiredRemovable)
                    && body.to_string().contains("\"path\":\"userName\"")
                    && body.to_string().contains("\"remove\"") =>
            {
                data.records[at].document.insert("userName".into(), "".into());
                return Ok(Answer::empty(204));
            }
            Err(error) => return Err(Answer::from(&error)),
        };
        let mut record = current.clone();
        record.document = applied.resource;
        for change in applied.members {
            self.change_members(&mut record.members, change, kind(group))?;
        }
        self.after_patch(&mut record, &current, body);
        if !self.is(Fault::PatchTakenName) && required != record.document.get("userName").cloned() || group {
            self.free(&data, &record.document, group, Some(id))?;
        }
        record.modified = data.tick();
        record.version = data.records[at].version + 1;
        if self.is(Fault::InactiveLeavesGroups) && record.document.get("active") == Some(&false.into()) {
            data.records.iter_mut().for_each(|g| g.members.retain(|m| m != id));
        }
        if self.is(Fault::IdWritable)
            && let Some(new) = body["newId"].as_str()
        {
            record.id = new.to_owned();
        }
        data.records[at] = record.clone();
        if self.is(Fault::Patch200Empty) {
            return Ok(Answer::empty(200));
        }
        if group { Ok(Answer::empty(204)) } else { self.show(call, &data, &record, 200) }
    }

    /// What this server does wrong with the operations before it reads them.
    fn spoil_operations(&self, body: &mut Value) -> Result<(), Answer> {
        let Some(Value::Array(operations)) = body.get_mut("Operations") else { return Ok(()) };
        if self.is(Fault::TwoRefusals) {
            let text = Value::from(operations.clone()).to_string();
            if text.contains("[type eq") {
                return Err(Answer::error(400, Some("noTarget"), "the filter matches nothing"));
            }
            if text.contains("nickName") {
                return Err(refused("nickName is not to be changed"));
            }
        }
        for operation in operations.iter_mut() {
            let Some(operation) = operation.as_object_mut() else { continue };
            let op = operation.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
            let path = operation.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
            let value = operation.get("value").cloned().unwrap_or_default();
            let refusal = match self.fault {
                Some(Fault::OpCaseExact) => op != op.to_ascii_lowercase(),
                Some(Fault::PathsCaseExact) => path == path.to_uppercase() && !path.is_empty(),
                Some(Fault::UrnPathRefused) => path.contains(":core:2.0:"),
                Some(Fault::FilteredPathRefused) => {
                    path.contains('[') || value.to_string().contains("[type eq")
                }
                Some(Fault::NumbersRefused) => value.is_number(),
                Some(Fault::NullsRefused) => {
                    value.is_null() && operation.contains_key("value")
                        || value.to_string().contains(":null") && !value.to_string().contains("$ref")
                }
                Some(Fault::EmptyStringsKept) => value == "" || value == json!({ "value": "" }),
                Some(Fault::ManagerStringRefused) => path.ends_with("manager") && value.is_string(),
                _ => false,
            };
            if refusal {
                return Err(refused("this server does not take that"));
            }
            match self.fault {
                Some(Fault::StringFalseIsTrue) => truthy(operation),
                Some(Fault::DottedKeysIgnored) => {
                    without_keys(operation, |k| k.contains('.') && !k.contains('[') && !k.starts_with("urn:"))
                }
                Some(Fault::UrnKeysIgnored) => {
                    without_keys(operation, |k| k.starts_with("urn:") && !k.ends_with(":User"))
                }
                Some(Fault::EnableIgnored) if path == "active" && value == true => {
                    operation.insert("path".into(), "nickName".into());
                    operation.insert("value".into(), "enabled".into());
                }
                _ => {}
            }
        }
        match self.fault {
            Some(Fault::RemoveIgnored) => {
                operations.retain(|o| o["op"].as_str().is_none_or(|op| !op.eq_ignore_ascii_case("remove")))
            }
            Some(Fault::ReplaceBesideRemove) if operations.iter().any(|o| o["op"] == "remove") => {
                operations.retain(|o| o["op"] != "replace");
            }
            Some(Fault::UnknownOpIgnored) => operations.retain(|o| o["op"] != "move"),
            Some(Fault::IdWritable) => operations.retain(|o| o["path"] != "id"),
            Some(Fault::ManagerEmptyKept) => operations.retain(|o| o["value"] != json!({ "value": "" })),
            Some(Fault::RemoveAllIgnored) => {
                operations
                    .retain(|o| !(o["op"] == "remove" && o["path"] == "members" && o["value"].is_null()));
            }
            Some(Fault::ArrayRemovalWipes) => {
                for o in operations
                    .iter_mut()
                    .filter(|o| o["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case("remove")))
                {
                    if o["path"] == "members" {
                        o.as_object_mut().unwrap().remove("value");
                    }
                }
            }
            _ => {}
        }
        if operations.is_empty() {
            operations.push(json!({ "op": "replace", "value": {} }));
        }
        Ok(())
    }

    fn change_members(
        &self,
        members: &mut Vec<String>,
        change: MemberChange,
        kind: &scim::schema::ResourceType,
    ) -> Result<(), Answer> {
        match change {
            MemberChange::Add(added) => {
                let added: Vec<String> = added.into_iter().map(|m| m.value).collect();
                self.refuse_nested(&added)?;
                if self.is(Fault::MembersReplaced) {
                    members.clear();
                }
                for id in added {
                    if self.is(Fault::MembersRepeat) || !members.contains(&id) {
                        members.push(id);
                    }
                }
            }
            MemberChange::Remove(removed) => members.retain(|m| !removed.contains(m)),
            MemberChange::RemoveWhere(filter) => {
                let attribute = kind.core("members").unwrap();
                members.retain(|m| {
                    !scim::filter::eval::matches_element(&filter, &json!({ "value": m }), attribute)
                });
            }
            MemberChange::Set(set) => *members = set.into_iter().map(|m| m.value).collect(),
            MemberChange::Clear => members.clear(),
        }
        Ok(())
    }

    /// What this server does wrong with the result.
    fn after_patch(&self, record: &mut Record, before: &Record, body: &Value) {
        let text = body.to_string();
        let emails_before =
            before.document.get("emails").and_then(Value::as_array).cloned().unwrap_or_default();
        let first = body["Operations"][0].clone();
        let emails = record.document.get_mut("emails").and_then(Value::as_array_mut);
        match (self.fault, emails) {
            (Some(Fault::AddReplacesAll), Some(emails))
                if first["op"] == "add" && first["path"] == "emails" =>
            {
                *emails = first["value"].as_array().cloned().unwrap_or_default();
            }
            (Some(Fault::TwoPrimaries), Some(emails)) => {
                for old in emails_before.iter().filter(|e| e["primary"] == true) {
                    if let Some(email) = emails.iter_mut().find(|e| e["value"] == old["value"]) {
                        email["primary"] = true.into();
                    }
                }
            }
            (Some(Fault::DuplicatesAdded), Some(emails))
                if first["op"] == "add"
                    && first["path"] == "emails"
                    && emails.len() == emails_before.len() =>
            {
                emails.extend(first["value"].as_array().cloned().unwrap_or_default());
            }
            (Some(Fault::DisableClears), _) if text.contains("active") => {
                drop(record.document.remove("name"))
            }
            (Some(Fault::RenameDropsMembers), _) if record.group && text.contains("displayName") => {
                record.members.clear()
            }
            (Some(Fault::ComplexReplaced), _)
                if first["path"] == "name" || first["value"].get("name").is_some() =>
            {
                let sent = if first["path"] == "name" {
                    first["value"].clone()
                } else {
                    first["value"]["name"].clone()
                };
                record.document.insert("name".into(), sent);
            }
            _ => {}
        }
        self.spoil(&mut record.document);
    }

    pub(crate) fn delete(&self, call: &Call, group: bool, id: &str) -> Result<Answer, Answer> {
        let mut data = self.data();
        let Some(at) = data.position(group, id) else {
            return Err(if self.is(Fault::DeleteTwice204) { Answer::empty(204) } else { self.missing() });
        };
        self.expected(call, &data.records[at])?;
        if self.is(Fault::DeleteSoft) {
            data.records[at].document.insert("active".into(), false.into());
            return Ok(Answer::empty(204));
        }
        let gone = data.records.remove(at);
        data.deleted.push(gone);
        if !self.is(Fault::DeletedStaysMember) {
            data.records.iter_mut().for_each(|g| g.members.retain(|m| m != id));
        }
        if self.is(Fault::DeleteStatus200) {
            return Ok(Answer::ok(json!({ "deleted": id })));
        }
        Ok(Answer::empty(204))
    }
}

fn taken(document: &mut Resource) -> Vec<String> {
    let members = document.remove("members").unwrap_or_default();
    members.as_array().into_iter().flatten().filter_map(|m| m["value"].as_str().map(str::to_owned)).collect()
}

fn each_text(document: &mut Resource, change: &dyn Fn(&str) -> String) {
    fn walk(value: &mut Value, change: &dyn Fn(&str) -> String) {
        match value {
            Value::String(text) => *text = change(text),
            Value::Array(items) => items.iter_mut().for_each(|v| walk(v, change)),
            Value::Object(members) => members.values_mut().for_each(|v| walk(v, change)),
            _ => {}
        }
    }
    document.values_mut().for_each(|v| walk(v, change));
}

/// "False" is a string that is not empty.
fn truthy(operation: &mut Map<String, Value>) {
    let is_active = operation.get("path").is_some_and(|p| p == "active");
    let Some(value) = operation.get_mut("value") else { return };
    let value = if is_active {
        value
    } else if let Some(active) = value.get_mut("active") {
        active
    } else {
        return;
    };
    if value.is_string() {
        *value = true.into();
    }
}

fn without_keys(operation: &mut Map<String, Value>, drop: impl Fn(&str) -> bool) {
    if operation.contains_key("path") {
        return;
    }
    if let Some(Value::Object(members)) = operation.get_mut("value") {
        members.retain(|name, _| !drop(name));
    }
}

fn written_id(body: &Value) -> Option<String> {
    let operations = body["Operations"].as_array()?;
    operations.iter().find(|o| o["path"] == "id").and_then(|o| o["value"].as_str().map(str::to_owned))
}

/// Whether an operation's `[type eq "…"]` selects no element.
fn misses(document: &Resource, body: &Value) -> bool {
    body["Operations"].as_array().into_iter().flatten().any(|operation| {
        let path = operation["path"].as_str().unwrap_or_default();
        let Some((name, filter)) = path.split_once("[type eq \"") else { return false };
        let kind = filter.split('"').next().unwrap_or_default();
        !document.get(name).and_then(Value::as_array).into_iter().flatten().any(|e| e["type"] == kind)
    })
}
