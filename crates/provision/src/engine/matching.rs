//! Find an object at the target: by its link, or by the matching attributes. Whatever comes back is compared before it is
//! believed: targets ignore filters, repeat pages, and answer about somebody else.

use std::sync::atomic::Ordering;

use scim::message::SearchRequest;
use scim_client::{Course, Exchange, FailureKind, Object, PageLimits, Select};
use serde_json::Value as Json;
use store::Kind;

use super::run::{Run, Side};
use super::trouble::{Asked, Trouble};
use crate::limits;
use crate::mapping::{Probe, Rule};
use crate::plan::{Found, TargetState};
use crate::value::Value;

/// Items of a page that is asked for when a target gives everything.
const PAGE: i64 = 200;

/// What a question found.
enum Hits {
    None,
    One(Object),
    Several(u64),
}

impl Run {
    /// The linked object as it is now.
    pub(super) async fn read_linked(
        &self,
        kind: Kind,
        id: &str,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<TargetState, Trouble> {
        match self.endpoint.get(kind.endpoint(), id, &selection(kind)).await {
            Ok(answer) => {
                exchanges.push(answer.exchange);
                let object = answer.value;
                if !object.id.eq_ignore_ascii_case(id) {
                    return Err(Trouble::bad_response(format!(
                        "asked about {id}, the target answered about {}",
                        object.id
                    )));
                }
                Ok(TargetState::Found(Found {
                    id: id.to_owned(),
                    resource: object.resource,
                    matched_by: None,
                    linked_to: None,
                }))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                exchanges.extend(failure.exchange.map(|exchange| *exchange));
                Ok(TargetState::Gone)
            }
            Err(failure) => Err(Trouble::target(failure, Asked::Object)),
        }
    }

    /// The object that matches, by the first question that finds one.
    pub(super) async fn read_matching(
        &self,
        side: &Side,
        kind: Kind,
        probes: &[Probe],
        exchanges: &mut Vec<Exchange>,
    ) -> Result<TargetState, Trouble> {
        if probes.is_empty() {
            return Ok(TargetState::NothingToMatch);
        }
        for probe in probes {
            let Some(rule) = side.mapper.find(&probe.target) else { continue };
            match self.ask(rule, kind, probe, exchanges).await? {
                Hits::None => {}
                Hits::One(object) => {
                    return Ok(TargetState::Found(Found {
                        id: object.id,
                        resource: object.resource,
                        matched_by: Some(probe.target.clone()),
                        linked_to: None,
                    }));
                }
                Hits::Several(count) => {
                    return Ok(TargetState::Ambiguous { filter: probe.filter.clone(), count });
                }
            }
        }
        Ok(TargetState::Absent)
    }

    /// Whether any object of the target has the value.
    pub(super) async fn is_taken(
        &self,
        rule: &Rule,
        kind: Kind,
        value: &str,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<bool, Trouble> {
        let probe = Probe {
            target: rule.mapping.target.clone(),
            value: value.to_owned(),
            filter: format!("{} eq {}", rule.path, Json::from(value)),
        };
        Ok(!matches!(self.ask(rule, kind, &probe, exchanges).await?, Hits::None))
    }

    async fn ask(
        &self,
        rule: &Rule,
        kind: Kind,
        probe: &Probe,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<Hits, Trouble> {
        let mut search = SearchRequest {
            filter: Some(probe.filter.clone()),
            excluded_attributes: selection(kind).excluded_attributes,
            ..SearchRequest::default()
        };
        // One more than may be looked through, so that the limit itself is still possible.
        let items_max = limits::OBJECTS_LOOKED_THROUGH as u64;
        let mut course = Course::new(&search, PageLimits { pages_max: items_max, items_max });
        let mut hits: Vec<Object> = Vec::new();
        let (mut honoured, mut pages) = (true, 0);
        loop {
            let answer = self
                .endpoint
                .query(kind.endpoint(), &search)
                .await
                .map_err(|failure| Trouble::target(failure, Asked::Search))?;
            // Two pages show what a target does; hundreds would only fill the log.
            if pages < 2 {
                exchanges.push(answer.exchange);
            }
            pages += 1;
            let page = answer.value;
            let progress = course.after(&page);
            for object in page.items {
                if !has_value(rule, &object, &probe.value) {
                    honoured = false;
                } else if hits.iter().all(|hit| hit.id != object.id) {
                    hits.push(object);
                }
            }
            if !honoured {
                self.learnt.ignores_filters.store(true, Ordering::Relaxed);
            }
            // Of a target that filters, the first page says it all unless it counts more.
            let whole = honoured && page.total_results.is_none_or(|total| total <= hits.len() as u64);
            match progress {
                _ if hits.len() > 1 || whole => break,
                Err(_) if honoured => break,
                Err(why) => return Err(unfiltered(why)),
                Ok(_) if course.has_ended() => break,
                Ok(_) => {}
            }
            course.aim(&mut search);
            search.count = Some(PAGE);
        }
        Ok(match hits.len() {
            0 => Hits::None,
            1 => hits.pop().map_or(Hits::None, Hits::One),
            several => Hits::Several(several as u64),
        })
    }
}

fn unfiltered(why: &str) -> Trouble {
    Trouble::incompatible(format!(
        "the target ignores the filter and gives other objects too, and they cannot be looked through: {why} (at most {} are)",
        limits::OBJECTS_LOOKED_THROUGH
    ))
}

/// Whether the object really has the value that was asked for.
pub(super) fn has_value(rule: &Rule, object: &Object, value: &str) -> bool {
    shows(rule, &object.resource, value) == Some(true)
}

/// `None`: the resource does not show the attribute.
pub(super) fn shows(rule: &Rule, resource: &scim::Resource, value: &str) -> Option<bool> {
    let shown = Value::from_json(&rule.path.read(resource)?);
    let wanted = rule.attribute.key(value);
    Some(shown.texts().iter().any(|text| rule.attribute.key(text) == wanted))
}

/// Groups are read without their members, as Entra does.
pub(super) fn selection(kind: Kind) -> Select {
    match kind {
        Kind::User => Select::default(),
        Kind::Group => Select::excluding("members"),
    }
}
