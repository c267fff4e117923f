//! Queries: filter, order, page, projection.

use scim::Resource;
use scim::filter::{Filter, Literal, Operator};
use scim::message::SearchRequest;
use scim::path::AttributePath;
use scim::projection::Projection;
use scim::sort::{self, SortKey, SortOrder};
use serde_json::{Value, json};

use super::fault::Fault;
use super::server::{Answer, App, PAGE_MAX};
use super::store::{Data, Record, kind, whole};

const CURSOR: &str = "c";

impl App {
    /// A query over users, groups or both.
    pub(crate) fn query(
        &self,
        data: &Data,
        group: Option<bool>,
        request: &SearchRequest,
    ) -> Result<Answer, Answer> {
        let mut found = self.matching(data, group, request)?;
        self.order(&mut found, group.unwrap_or(false), request)?;
        if self.is(Fault::NoMatch404) && found.is_empty() {
            return Err(Answer::error(404, None, "nothing matches"));
        }
        if let Some(cursor) = &request.cursor {
            return self.by_cursor(found, cursor, request);
        }
        let total = found.len();
        let start = match request.start_index.unwrap_or(1) {
            below if below < 1 && self.is(Fault::StartZeroRefused) => {
                return Err(Answer::error(400, Some("invalidValue"), "startIndex begins at 1"));
            }
            start => usize::try_from(start.max(1)).unwrap(),
        };
        if self.is(Fault::BeyondEnd404) && start > total && start > 1 {
            return Err(Answer::error(404, None, "no such page"));
        }
        let count = self.count(request)?;
        let skip = if self.is(Fault::PagesOverlap) { start.saturating_sub(2) } else { start - 1 };
        let page: Vec<(bool, Resource)> = found.into_iter().skip(skip).take(count).collect();
        let items = self.shown(page, request)?;
        let echoed = if self.is(Fault::StartIndexNotEchoed) { 1 } else { start };
        let per_page = match request.count {
            Some(asked) if self.is(Fault::ItemsPerPageCount) => asked,
            _ => i64::try_from(items.len()).unwrap(),
        };
        let total = if self.is(Fault::TotalIsPage) { items.len() } else { total };
        Ok(Answer::ok(json!({
            "schemas": [scim::urn::LIST_RESPONSE], "totalResults": total, "startIndex": echoed,
            "itemsPerPage": per_page, "Resources": items,
        })))
    }

    fn count(&self, request: &SearchRequest) -> Result<usize, Answer> {
        let max = usize::try_from(PAGE_MAX).unwrap();
        Ok(match request.count {
            _ if self.is(Fault::CountIgnored) => max,
            None => max,
            Some(negative) if negative < 0 && self.is(Fault::NegativeCountRefused) => {
                return Err(Answer::error(400, Some("invalidValue"), "count is negative"));
            }
            Some(small) if small <= 0 => {
                if self.is(Fault::CountZeroAll) {
                    max
                } else {
                    0
                }
            }
            Some(large) if large > 10_000 && self.is(Fault::LargeCountRefused) => {
                return Err(Answer::error(400, Some("invalidValue"), "count is too large"));
            }
            Some(count) => usize::try_from(count).unwrap().min(max),
        })
    }

    fn matching(
        &self,
        data: &Data,
        group: Option<bool>,
        request: &SearchRequest,
    ) -> Result<Vec<(bool, Resource)>, Answer> {
        let filter = match &request.filter {
            Some(text) if !self.is(Fault::FilterIgnored) => self.filter(text, group.unwrap_or(false))?,
            _ => None,
        };
        let deleted: &[Record] =
            if self.is(Fault::DeletedFound) && filter.is_some() { &data.deleted } else { &[] };
        Ok(data
            .records
            .iter()
            .chain(deleted)
            .filter(|r| group.is_none_or(|g| g == r.group))
            .map(|r| (r.group, whole(data, r, &self.base, self.fault)))
            .filter(|(g, r)| filter.as_ref().is_none_or(|f| self.matches(f, r, *g)))
            .filter(|(_, r)| {
                !(self.is(Fault::InactiveHidden)
                    && filter.is_some()
                    && r.get("active") == Some(&false.into()))
            })
            .collect())
    }

    fn filter(&self, text: &str, group: bool) -> Result<Option<Filter>, Answer> {
        if self.is(Fault::InjectionCrash) && (text.contains('\'') || text.contains('\\')) {
            return Err(Answer::error(500, None, "syntax error at or near '"));
        }
        let exact = [" eq ", " ne ", " sw ", " ew ", " co ", " gt ", " ge ", " lt ", " le ", " pr"];
        if self.is(Fault::OperatorsCaseExact) && !exact.iter().any(|op| text.contains(op)) {
            return Err(Answer::error(400, Some("invalidFilter"), "no operator"));
        }
        let refused = [
            (Fault::FullUrnUnknown, "core:2.0:User:"),
            (Fault::StringBooleanNoMatch, "\"True\""),
            (Fault::ExternalIdUnfiltered, "externalId"),
        ];
        let all = self.is(Fault::FiltersRefused);
        if all || refused.iter().any(|(fault, needle)| self.is(*fault) && text.contains(needle)) {
            return Err(Answer::error(400, Some("invalidFilter"), "cannot be filtered"));
        }
        match scim::filter::read(text, kind(group)) {
            Ok((filter, _)) => Ok(Some(filter)),
            Err(_) if self.is(Fault::BadFilterIgnored) && !text.contains("Unknown") => Ok(None),
            Err(_) if self.is(Fault::UnknownAttributeIgnored) && text.contains("Unknown") => Ok(None),
            Err(error) => {
                let kind =
                    if self.is(Fault::BadFilterUntyped) { None } else { Some(error.scim_type.as_str()) };
                Err(Answer::error(400, kind, &error.detail))
            }
        }
    }

    fn matches(&self, filter: &Filter, resource: &Resource, group: bool) -> bool {
        match filter {
            Filter::And(parts) if self.is(Fault::AndIsOr) => {
                parts.iter().any(|f| self.matches(f, resource, group))
            }
            Filter::And(parts) => parts.iter().all(|f| self.matches(f, resource, group)),
            Filter::Or(parts) => parts.iter().any(|f| self.matches(f, resource, group)),
            Filter::Not(inner) => !self.matches(inner, resource, group),
            Filter::Present(_) if self.is(Fault::PresentAlways) => true,
            Filter::ValuePath(path, inner) if self.is(Fault::ValuePathLoose) => match &**inner {
                Filter::And(parts) => parts.iter().all(|part| {
                    Filter::ValuePath(path.clone(), Box::new(part.clone())).matches(resource, kind(group))
                }),
                _ => filter.matches(resource, kind(group)),
            },
            Filter::Compare(path, _, _) if self.is(Fault::MembersUnfiltered) && path.name == "members" => {
                true
            }
            Filter::Compare(path, op, Literal::String(text))
                if path.name.eq_ignore_ascii_case("userName") =>
            {
                let name = resource.get("userName").and_then(Value::as_str).unwrap_or_default();
                match op {
                    Operator::Eq if self.is(Fault::EverythingCaseExact) => name == text,
                    Operator::Eq if self.is(Fault::UserNameCaseExact) => name == text,
                    Operator::Sw if self.is(Fault::UserNameCaseExact) => name.starts_with(text),
                    Operator::Co if self.is(Fault::UserNameCaseExact) => name.contains(text),
                    Operator::Eq if self.is(Fault::LikeWildcards) => {
                        like(&text.to_lowercase(), &name.to_lowercase())
                    }
                    _ => filter.matches(resource, kind(group)),
                }
            }
            Filter::Compare(path, Operator::Eq, Literal::String(text))
                if self.is(Fault::EverythingCaseExact) || self.is(Fault::OnlyUserNameFolded) =>
            {
                let whole = Value::Object(resource.clone());
                let differs = |value: &str| value != text && value.eq_ignore_ascii_case(text);
                filter.matches(resource, kind(group)) && !is_in(&whole, path, &differs)
            }
            _ => filter.matches(resource, kind(group)),
        }
    }

    fn order(
        &self,
        found: &mut [(bool, Resource)],
        group: bool,
        request: &SearchRequest,
    ) -> Result<(), Answer> {
        if self.is(Fault::NewestFirst) {
            found.reverse();
        }
        if self.is(Fault::OrderChanges) && !found.is_empty() {
            let turn = self.turn() % found.len();
            found.rotate_left(turn);
        }
        let Some(by) = request.sort_by.as_ref().filter(|_| !self.is(Fault::SortIgnored)) else {
            return Ok(());
        };
        let path = scim::path::AttributePath::parse(by).map_err(|e| Answer::from(&e))?;
        if kind(group).resolve(&path).is_none() {
            if self.is(Fault::UnknownSort500) {
                return Err(Answer::error(500, None, "no such column"));
            }
            return Ok(());
        }
        let key = |resource: &Resource| {
            let key = sort::key(resource, &path, kind(group));
            match key {
                SortKey::Text(_) if self.is(Fault::SortCaseExact) => {
                    let exact = resource.get("userName").filter(|_| path.sub.is_none());
                    let family = resource.get("name").and_then(|n| n.get("familyName"));
                    SortKey::Text(exact.or(family).and_then(Value::as_str).unwrap_or_default().to_owned())
                }
                SortKey::Missing if self.is(Fault::MissingFirst) => SortKey::Text(String::new()),
                key => key,
            }
        };
        found.sort_by_key(|(_, resource)| key(resource));
        if request.sort_order == SortOrder::Descending && !self.is(Fault::DescendingIgnored) {
            found.reverse();
        }
        Ok(())
    }

    /// A cursor is the id behind which the page begins.
    fn by_cursor(
        &self,
        mut found: Vec<(bool, Resource)>,
        cursor: &str,
        request: &SearchRequest,
    ) -> Result<Answer, Answer> {
        let total = found.len();
        let id = |resource: &Resource| resource["id"].as_str().unwrap_or_default().to_owned();
        if !cursor.is_empty() {
            match cursor.trim_end_matches("+/=").strip_prefix(CURSOR) {
                Some(after) if self.is(Fault::NewestFirst) => {
                    // The position, as a naive server keeps it.
                    let skip = after.rsplit('-').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
                    found.drain(..skip.min(found.len()));
                }
                Some(after) => {
                    let after = after.split('-').next().unwrap_or_default();
                    found.retain(|(_, r)| {
                        if self.is(Fault::CursorRepeats) {
                            id(r).as_str() >= after
                        } else {
                            id(r).as_str() > after
                        }
                    });
                }
                None if self.is(Fault::CursorAnything) => {}
                None => return Err(Answer::error(400, Some("invalidCursor"), "not a cursor of this server")),
            }
        }
        let count = self.count(request)?;
        let more = found.len() > count || self.is(Fault::CursorEndless);
        found.truncate(count);
        let last = found.last().map(|(_, r)| id(r)).unwrap_or_default();
        let position =
            cursor.rsplit('-').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0) + found.len();
        let items = self.shown(found, request)?;
        let mut body = json!({
            "schemas": [scim::urn::LIST_RESPONSE], "totalResults": total, "itemsPerPage": items.len(), "Resources": items,
        });
        if more && !self.is(Fault::CursorNever) {
            let tail = if self.is(Fault::CursorUnsafe) { "+/=" } else { "" };
            body["nextCursor"] = format!("{CURSOR}{last}-{position}{tail}").into();
        }
        Ok(Answer::ok(body))
    }

    fn shown(&self, page: Vec<(bool, Resource)>, request: &SearchRequest) -> Result<Vec<Value>, Answer> {
        let attributes: Vec<&str> = request.attributes.iter().map(String::as_str).collect();
        let excluded: Vec<&str> = request.excluded_attributes.iter().map(String::as_str).collect();
        let attributes = if self.is(Fault::AttributesIgnoredInLists) { Vec::new() } else { attributes };
        page.into_iter().map(|(group, r)| self.project(r, group, &attributes, &excluded)).collect()
    }

    pub(crate) fn project(
        &self,
        resource: Resource,
        group: bool,
        attributes: &[&str],
        excluded: &[&str],
    ) -> Result<Value, Answer> {
        let attributes: Vec<String> = match self.fault {
            Some(Fault::AttributesIgnored) => Vec::new(),
            Some(Fault::SubAttributesWhole) => attributes
                .iter()
                .flat_map(|a| a.split(','))
                .map(|a| {
                    if a.starts_with("urn:") {
                        a.to_owned()
                    } else {
                        a.split('.').next().unwrap_or_default().to_owned()
                    }
                })
                .collect(),
            _ => attributes.iter().map(|a| (*a).to_owned()).collect(),
        };
        let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let ignored = self.is(Fault::ExcludedIgnored);
        let projection = Projection::new(&attributes, if ignored { &[] } else { excluded })
            .map_err(|e| Answer::from(&e))?;
        let id = resource.get("id").cloned();
        // What the scim crate does not know is shown as it was stored by a fault.
        let password = resource.get("password").cloned();
        let mut shown = projection.apply(resource, kind(group));
        if let (Some(password), true) = (password, self.is(Fault::PasswordShown)) {
            shown.insert("password".into(), password);
        }
        if self.is(Fault::IdExcluded)
            && (excluded.contains(&"id") || !attributes.is_empty() && !attributes.contains(&"id"))
        {
            shown.remove("id");
        } else if let Some(id) = id {
            shown.insert("id".into(), id);
        }
        if self.is(Fault::EmptyMembersShown) && excluded.contains(&"members") {
            shown.insert("members".into(), json!([]));
        }
        if self.is(Fault::ManagerText)
            && let Some(manager) =
                shown.get_mut(scim::urn::ENTERPRISE_USER).and_then(|e| e.get_mut("manager"))
        {
            *manager = manager["value"].clone();
        }
        if self.is(Fault::NoSchemas) {
            shown.remove("schemas");
        }
        Ok(Value::Object(shown))
    }
}

/// SQL's LIKE.
fn like(pattern: &str, text: &str) -> bool {
    let (mut rest, mut chars) = (text, pattern.chars());
    while let Some(c) = chars.next() {
        match c {
            '%' => {
                let tail: String = chars.collect();
                return (0..=rest.len())
                    .filter(|i| rest.is_char_boundary(*i))
                    .any(|i| like(&tail, &rest[i..]));
            }
            '_' if !rest.is_empty() => rest = &rest[1..],
            c => match rest.strip_prefix(c) {
                Some(after) => rest = after,
                None => return false,
            },
        }
    }
    rest.is_empty()
}

/// Whether the attribute, found by its name at any depth, has such a text.
fn is_in(value: &Value, path: &AttributePath, suits: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, inner)| {
            let named = key.eq_ignore_ascii_case(path.sub.as_deref().unwrap_or(&path.name));
            named && inner.as_str().is_some_and(suits) || is_in(inner, path, suits)
        }),
        Value::Array(items) => items.iter().any(|item| is_in(item, path, suits)),
        _ => false,
    }
}
