//! What the service provider has, and SCIM's verbs on it.

use std::collections::{BTreeMap, BTreeSet};

use directory::Kind;
use jiff::Timestamp;
use scim::Resource;
use scim::message::SearchRequest;
use scim::patch::{Applied, MemberChange};
use scim::schema::ResourceType;
use scim_client::{Object, Page, Select};
use serde_json::{Value as Json, json};

use super::fault::{Fault, Habits, Paging, Verb, What};
use super::{Asked, Done};

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) resource: Resource,
    pub(super) members: BTreeSet<String>,
    /// Questions before that do not see it.
    pub(super) visible: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<String, Entry>,
    pub(super) groups: BTreeMap<String, Entry>,
    pub(super) made: u64,
    pub(super) habits: Habits,
    pub(super) faults: Vec<Fault>,
    pub(super) asked: Vec<Asked>,
    pub(super) done: Vec<Done>,
}

/// Status, scimType, words.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) u16, pub(super) Option<&'static str>, pub(super) String);

fn schema(kind: Kind) -> &'static ResourceType {
    match kind {
        Kind::User => scim::schema::user(),
        Kind::Group => scim::schema::group(),
    }
}

fn object(id: &str, resource: &Resource) -> Object {
    Object { id: id.to_owned(), resource: resource.clone(), version: None }
}

fn member_list(ids: &BTreeSet<String>) -> Json {
    ids.iter().map(|id| json!({ "value": id })).collect()
}

impl State {
    pub(super) fn objects(&self, kind: Kind) -> &BTreeMap<String, Entry> {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }

    pub(super) fn objects_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, Entry> {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    pub(super) fn next_fault(&mut self, verb: Verb, kind: Kind) -> Option<What> {
        let at = self.faults.iter().position(|fault| fault.fits(verb, kind))?;
        let fault = &mut self.faults[at];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let what = fault.what.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.faults.remove(at);
        }
        Some(what)
    }

    pub(super) fn insert(
        &mut self,
        kind: Kind,
        mut resource: Resource,
        members: BTreeSet<String>,
        visible: Timestamp,
    ) -> String {
        self.made += 1;
        let id = format!("{}-{}", if kind == Kind::User { "t" } else { "tg" }, self.made);
        resource.insert("id".into(), id.clone().into());
        let entry = Entry { resource, members, visible };
        self.objects_mut(kind).insert(id.clone(), entry);
        id
    }

    /// As it stores things: some write names in capitals, some forget what they do not know.
    pub(super) fn kept(&self, mut resource: Resource) -> Resource {
        for name in &self.habits.drops {
            if let Ok(path) = provision::target_path::TargetPath::parse(name) {
                path.remove(&mut resource);
            }
        }
        if self.habits.upper_cases_user_names
            && let Some(Json::String(name)) = resource.get_mut("userName")
        {
            *name = name.to_uppercase();
        }
        resource
    }

    pub(super) fn taken(&self, kind: Kind, resource: &Resource, but: Option<&str>) -> bool {
        let attribute = if kind == Kind::User { "userName" } else { "displayName" };
        if kind == Kind::Group && !self.habits.unique_groups {
            return false;
        }
        let text =
            |resource: &Resource| resource.get(attribute).and_then(Json::as_str).map(str::to_lowercase);
        let wanted = text(resource);
        wanted.is_some()
            && self
                .objects(kind)
                .iter()
                .any(|(id, entry)| Some(id.as_str()) != but && text(&entry.resource) == wanted)
    }

    pub(super) fn conflict(&self) -> Refusal {
        let scim_type = (!self.habits.plain_conflicts).then_some("uniqueness");
        Refusal(409, scim_type, "the name is taken".into())
    }

    pub(super) fn create(
        &mut self,
        kind: Kind,
        body: &Resource,
        now: Timestamp,
    ) -> Result<(u16, Json, Object), Refusal> {
        let bad = |error: scim::Error| Refusal(400, None, error.detail.to_string());
        let mut resource = scim::check::check(body.clone(), schema(kind), scim::check::Purpose::Create)
            .map_err(bad)?
            .resource;
        let members = take_members(&mut resource);
        if self.taken(kind, &resource, None) {
            return Err(self.conflict());
        }
        let resource = self.kept(resource);
        let visible = now + self.habits.lag;
        let id = self.insert(kind, resource, members, visible);
        self.done.push(Done { verb: Verb::Create, kind, id: id.clone() });
        let resource = self.objects(kind)[&id].resource.clone();
        Ok((201, Json::Object(resource.clone()), object(&id, &resource)))
    }

    pub(super) fn shown(&self, kind: Kind, entry: &Entry, select: &[String]) -> Resource {
        let mut resource = entry.resource.clone();
        let without = select.iter().any(|name| name.eq_ignore_ascii_case("members"));
        if kind == Kind::Group && !without {
            resource.insert("members".into(), member_list(&entry.members));
        }
        resource
    }

    pub(super) fn get(
        &self,
        kind: Kind,
        id: &str,
        select: &Select,
        now: Timestamp,
    ) -> Result<(u16, Json, Object), Refusal> {
        let entry = self.objects(kind).get(id).filter(|entry| entry.visible <= now);
        let entry = entry.ok_or_else(|| Refusal(404, None, format!("no object {id}")))?;
        let resource = self.shown(kind, entry, &select.excluded_attributes);
        Ok((200, Json::Object(resource.clone()), object(id, &resource)))
    }

    pub(super) fn query(
        &self,
        kind: Kind,
        search: &SearchRequest,
        now: Timestamp,
    ) -> Result<(u16, Json, Page), Refusal> {
        let filter = search.filter.as_deref().map(scim::filter::parse).transpose();
        let filter = filter.map_err(|error| Refusal(400, Some("invalidFilter"), error.detail.to_string()))?;
        let all = self.objects(kind).iter().filter(|(_, entry)| entry.visible <= now);
        let hits: Vec<Object> = all
            .map(|(id, entry)| object(id, &self.shown(kind, entry, &search.excluded_attributes)))
            .filter(|object| {
                self.habits.ignores_filters
                    || filter.as_ref().is_none_or(|filter| filter.matches(&object.resource, schema(kind)))
            })
            .collect();
        if hits.is_empty() && self.habits.not_found_for_no_match {
            return Err(Refusal(404, None, "nothing found".into()));
        }
        let page = self.habits.page(hits, search);
        let body = json!({
            "totalResults": page.total_results,
            "Resources": page.items.iter().map(|o| Json::Object(o.resource.clone())).collect::<Vec<_>>(),
        });
        Ok((200, body, page))
    }

    pub(super) fn entry(&self, kind: Kind, id: &str, now: Timestamp) -> Result<Entry, Refusal> {
        let entry = self.objects(kind).get(id).filter(|entry| entry.visible <= now).cloned();
        entry.ok_or_else(|| Refusal(404, None, format!("no object {id}")))
    }

    pub(super) fn patch(
        &mut self,
        kind: Kind,
        id: &str,
        body: &Json,
        now: Timestamp,
    ) -> Result<(u16, Json, Option<Object>), Refusal> {
        if self.habits.no_patch {
            return Err(Refusal(501, None, "PATCH is not supported".into()));
        }
        let mut entry = self.entry(kind, id, now)?;
        let bad = |error: scim::Error| Refusal(400, None, error.detail.to_string());
        let request = scim::patch::parse(body.clone()).map_err(bad)?;
        let Applied { resource, members, .. } =
            scim::patch::apply(&entry.resource, &request, schema(kind)).map_err(bad)?;
        for change in members {
            match change {
                MemberChange::Add(new) => entry.members.extend(new.into_iter().map(|member| member.value)),
                MemberChange::Remove(old) => entry.members.retain(|id| !old.contains(id)),
                MemberChange::Set(new) => {
                    entry.members = new.into_iter().map(|member| member.value).collect()
                }
                MemberChange::Clear => entry.members.clear(),
                MemberChange::RemoveWhere(_) => {
                    return Err(Refusal(400, None, "not with that filter".into()));
                }
            }
        }
        self.store(kind, id, resource, entry)
    }

    pub(super) fn replace(
        &mut self,
        kind: Kind,
        id: &str,
        body: &Resource,
        now: Timestamp,
    ) -> Result<(u16, Json, Option<Object>), Refusal> {
        let mut entry = self.entry(kind, id, now)?;
        let bad = |error: scim::Error| Refusal(400, None, error.detail.to_string());
        let mut resource = scim::check::check(body.clone(), schema(kind), scim::check::Purpose::Replace)
            .map_err(bad)?
            .resource;
        entry.members = take_members(&mut resource);
        self.store(kind, id, resource, entry)
    }

    pub(super) fn store(
        &mut self,
        kind: Kind,
        id: &str,
        mut resource: Resource,
        mut entry: Entry,
    ) -> Result<(u16, Json, Option<Object>), Refusal> {
        if self.taken(kind, &resource, Some(id)) {
            return Err(self.conflict());
        }
        let unknown = |id: &&String| !self.users.contains_key(*id) && !self.groups.contains_key(*id);
        if self.habits.refuses_unknown_members
            && let Some(id) = entry.members.iter().find(unknown)
        {
            return Err(Refusal(400, Some("invalidValue"), format!("no member {id}")));
        }
        resource.insert("id".into(), id.into());
        entry.resource = self.kept(resource);
        self.objects_mut(kind).insert(id.to_owned(), entry);
        self.done.push(Done { verb: Verb::Change, kind, id: id.to_owned() });
        Ok((204, Json::Null, None))
    }

    pub(super) fn delete(
        &mut self,
        kind: Kind,
        id: &str,
        now: Timestamp,
    ) -> Result<(u16, Json, ()), Refusal> {
        self.entry(kind, id, now)?;
        self.objects_mut(kind).remove(id);
        for group in self.groups.values_mut() {
            group.members.remove(id);
        }
        self.done.push(Done { verb: Verb::Delete, kind, id: id.to_owned() });
        Ok((204, Json::Null, ()))
    }

    /// Answer a creation with somebody else, or with hardly anything.
    pub(super) fn twist_created(&self, kind: Kind, what: &What, body: &mut Json, created: &mut Object) {
        let other = self.objects(kind).iter().find(|(id, _)| **id != created.id);
        match (what, other) {
            (What::OtherId, Some((id, entry))) => {
                created.id.clone_from(id);
                created.resource.insert("id".into(), id.clone().into());
                created
                    .resource
                    .extend(entry.resource.get_key_value("meta").map(|(k, v)| (k.clone(), v.clone())));
            }
            (What::OtherObject, Some((id, entry))) => *created = object(id, &entry.resource),
            (What::IdAlone, _) => created.resource.retain(|name, _| name == "id"),
            _ => {}
        }
        *body = Json::Object(created.resource.clone());
    }
}

fn take_members(resource: &mut Resource) -> BTreeSet<String> {
    let members = resource.shift_remove("members");
    let ids = members.as_ref().and_then(Json::as_array).into_iter().flatten();
    ids.filter_map(|member| member.get("value")?.as_str().map(str::to_owned)).collect()
}

impl Habits {
    pub(super) fn page(&self, hits: Vec<Object>, search: &SearchRequest) -> Page {
        let total = hits.len() as u64;
        let start = usize::try_from(search.start_index.unwrap_or(1).max(1)).unwrap() - 1;
        let count = usize::try_from(search.count.unwrap_or(100).max(0)).unwrap().min(self.page_size);
        let (items, total_results) = match self.paging {
            Paging::Right => (hits.into_iter().skip(start).take(count).collect(), Some(total)),
            Paging::Untold => (hits.into_iter().skip(start).take(count).collect(), None),
            Paging::Repeats => (hits.into_iter().take(count).collect(), Some(total.max(10_000))),
            Paging::Miscounts(total) => (hits.into_iter().skip(start).take(count).collect(), Some(total)),
            Paging::Endless => {
                let more = |at: usize| {
                    let id = format!("ghost-{at}");
                    let resource = json!({ "id": id, "userName": id, "displayName": id });
                    object(&id, resource.as_object().unwrap())
                };
                ((start..start + count).map(more).collect(), Some(u64::MAX))
            }
        };
        Page {
            items,
            total_results,
            start_index: Some(start as u64 + 1),
            items_per_page: None,
            next_cursor: None,
        }
    }
}
