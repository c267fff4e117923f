//! A service provider in memory, with the faults that real ones have. What it was asked and what it has done can be looked at,
//! so that a test can say "nothing was written to anybody else's account".

pub(crate) mod fault;
mod objects;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use directory::{Clock, FixedClock, Kind};
use jiff::Timestamp;
use provision::endpoint::{Calling, Endpoint};
use scim::Resource;
use scim::message::SearchRequest;
use scim_client::{Answer, Exchange, Failure, FailureKind, Object, Page, Select, Timings};
use serde_json::{Value as Json, json};

use fault::{Fault, Habits, Verb, What};
use objects::{Entry, Refusal, State};

/// Clones are the same service provider.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    state: Arc<Mutex<State>>,
    clock: Arc<FixedClock>,
}

/// One request as it came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) verb: Verb,
    /// `/Users`, `/Users/t-1`, `/Users?filter=…`
    pub(crate) path: String,
    pub(crate) body: Option<Json>,
}

/// One write that was carried out, whatever was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) verb: Verb,
    pub(crate) kind: Kind,
    pub(crate) id: String,
}

impl Target {
    pub(crate) fn new(clock: Arc<FixedClock>) -> Self {
        Self { state: Arc::default(), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change what it always does.
    pub(crate) fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.state().habits);
    }

    /// Do something wrong from the next request that fits on.
    pub(crate) fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.habits = Habits::default();
    }

    /// What goes wrong now and then does no more; its habits stay.
    pub(crate) fn heal_faults(&self) {
        self.state().faults.clear();
    }

    /// An object that was there before; gives its id.
    pub(crate) fn seed(&self, kind: Kind, body: Json) -> String {
        let Json::Object(resource) = body else { panic!("a resource is an object") };
        self.state().insert(kind, resource, BTreeSet::new(), Timestamp::MIN)
    }

    pub(crate) fn get_now(&self, kind: Kind, id: &str) -> Option<Resource> {
        self.state().objects(kind).get(id).map(|entry| entry.resource.clone())
    }

    pub(crate) fn members(&self, group: &str) -> BTreeSet<String> {
        self.state().groups.get(group).map(|entry| entry.members.clone()).unwrap_or_default()
    }

    pub(crate) fn ids(&self, kind: Kind) -> Vec<String> {
        self.state().objects(kind).keys().cloned().collect()
    }

    /// Ids of objects whose attribute has the text, in any letter case.
    pub(crate) fn having(&self, kind: Kind, attribute: &str, text: &str) -> Vec<String> {
        let state = self.state();
        let has = |entry: &Entry| {
            let value = entry.resource.get(attribute).and_then(Json::as_str);
            value.is_some_and(|value| value.eq_ignore_ascii_case(text))
        };
        state.objects(kind).iter().filter(|(_, entry)| has(entry)).map(|(id, _)| id.clone()).collect()
    }

    /// Somebody deletes it at the target.
    pub(crate) fn drop_object(&self, kind: Kind, id: &str) {
        self.state().objects_mut(kind).remove(id);
    }

    /// Somebody changes it at the target.
    pub(crate) fn set(&self, kind: Kind, id: &str, attribute: &str, value: Json) {
        let mut state = self.state();
        state.objects_mut(kind).get_mut(id).unwrap().resource.insert(attribute.to_owned(), value);
    }

    /// Everything asked so far, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// Everything carried out so far, in order.
    pub(crate) fn done(&self) -> Vec<Done> {
        self.state().done.clone()
    }

    /// Requests since the last call, shortly: `GET /Users?filter=…`.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.state().asked);
        asked.iter().map(|asked| format!("{} {}", asked.verb.method(), asked.path)).collect()
    }

    /// Bodies of requests of a verb.
    pub(crate) fn bodies(&self, verb: Verb) -> Vec<Json> {
        let state = self.state();
        state.asked.iter().filter(|asked| asked.verb == verb).filter_map(|asked| asked.body.clone()).collect()
    }

    pub(crate) fn count(&self, verb: Verb) -> usize {
        self.state().asked.iter().filter(|asked| asked.verb == verb).count()
    }

    fn exchange(&self, asked: &Asked, status: Option<u16>, answer: Option<&Json>) -> Exchange {
        Exchange {
            at: self.clock.now(),
            method: asked.verb.method().to_owned(),
            url: format!("https://target.example{}", asked.path),
            request_headers: Vec::new(),
            request_body: asked.body.as_ref().map(Json::to_string),
            status,
            response_headers: Vec::new(),
            response_body: answer.map(Json::to_string),
            truncated: false,
            timings: Timings::default(),
            error: None,
        }
    }

    /// One request: note it, fail before or after if a fault says so, and answer.
    fn answer<T>(
        &self,
        kind: Kind,
        asked: Asked,
        act: impl FnOnce(&mut State, Timestamp) -> Result<(u16, Json, T), Refusal>,
        twist: impl FnOnce(&mut State, &What, &mut Json, &mut T),
    ) -> Result<Answer<T>, Failure> {
        let now = self.clock.now();
        let mut state = self.state();
        state.asked.push(asked.clone());
        let fault = state.next_fault(asked.verb, kind);
        if let Some(What::Refuse(kind, status)) = &fault {
            return Err(self.failure(&asked, kind.clone(), *status));
        }
        if kind == Kind::Group && state.habits.no_groups {
            return Err(self.refused(&asked, Refusal(404, None, "no such endpoint".into())));
        }
        let (status, mut body, mut value) =
            act(&mut state, now).map_err(|refusal| self.refused(&asked, refusal))?;
        match &fault {
            Some(What::ApplyThen(kind, status)) => Err(self.failure(&asked, kind.clone(), *status)),
            fault => {
                if let Some(what) = fault {
                    twist(&mut state, what, &mut body, &mut value);
                }
                let exchange = self.exchange(&asked, Some(status), Some(&body));
                Ok(Answer { value, status, oddities: Vec::new(), exchange })
            }
        }
    }

    fn failure(&self, asked: &Asked, kind: FailureKind, status: Option<u16>) -> Failure {
        Failure::new(kind).with_exchange(self.exchange(asked, status, None))
    }

    fn refused(&self, asked: &Asked, Refusal(status, scim_type, detail): Refusal) -> Failure {
        let kind = match status {
            404 => FailureKind::NotFound,
            409 => FailureKind::Conflict,
            501 | 405 => FailureKind::Unsupported,
            _ => FailureKind::Rejected,
        };
        let body = json!({ "status": status.to_string(), "scimType": scim_type, "detail": detail });
        let mut failure = Failure::new(kind).with_exchange(self.exchange(asked, Some(status), Some(&body)));
        let message = scim_client::failure::ErrorMessage {
            scim_type: scim_type.map(str::to_owned),
            detail: Some(detail),
        };
        failure.message = Some(Box::new(message));
        failure
    }
}

fn kind_of(endpoint: &str) -> Kind {
    if endpoint.trim_matches('/') == "Groups" { Kind::Group } else { Kind::User }
}

fn asked(verb: Verb, path: String, body: Option<Json>) -> Asked {
    Asked { verb, path, body }
}

fn nothing<T>(_: &mut State, _: &What, _: &mut Json, _: &mut T) {}

impl Endpoint for Target {
    fn create<'a>(&'a self, endpoint: &'a str, resource: &'a Resource) -> Calling<'a, Object> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            let asked = asked(Verb::Create, endpoint.to_owned(), Some(Json::Object(resource.clone())));
            // Others get a turn, as they do with a real one.
            tokio::task::yield_now().await;
            self.answer(
                kind,
                asked,
                |state, now| state.create(kind, resource, now),
                |state, what, body, created| state.twist_created(kind, what, body, created),
            )
        })
    }

    fn get<'a>(&'a self, endpoint: &'a str, id: &'a str, select: &'a Select) -> Calling<'a, Object> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            tokio::task::yield_now().await;
            let asked = asked(Verb::Get, format!("{endpoint}/{id}"), None);
            let other = |state: &mut State, what: &What, body: &mut Json, found: &mut Object| {
                state.twist_created(kind, what, body, found);
            };
            self.answer(kind, asked, |state, now| state.get(kind, id, select, now), other)
        })
    }

    fn query<'a>(&'a self, endpoint: &'a str, search: &'a SearchRequest) -> Calling<'a, Page> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            tokio::task::yield_now().await;
            let filter = search.filter.as_deref().unwrap_or_default();
            let start = search.start_index.map(|at| format!("&startIndex={at}")).unwrap_or_default();
            let asked = asked(Verb::Query, format!("{endpoint}?filter={filter}{start}"), None);
            self.answer(kind, asked, |state, now| state.query(kind, search, now), nothing)
        })
    }

    fn replace<'a>(
        &'a self,
        endpoint: &'a str,
        id: &'a str,
        resource: &'a Resource,
    ) -> Calling<'a, Option<Object>> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            tokio::task::yield_now().await;
            let asked =
                asked(Verb::Replace, format!("{endpoint}/{id}"), Some(Json::Object(resource.clone())));
            self.answer(kind, asked, |state, now| state.replace(kind, id, resource, now), nothing)
        })
    }

    fn patch<'a>(&'a self, endpoint: &'a str, id: &'a str, body: &'a Json) -> Calling<'a, Option<Object>> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            tokio::task::yield_now().await;
            let asked = asked(Verb::Change, format!("{endpoint}/{id}"), Some(body.clone()));
            self.answer(kind, asked, |state, now| state.patch(kind, id, body, now), nothing)
        })
    }

    fn delete<'a>(&'a self, endpoint: &'a str, id: &'a str) -> Calling<'a, ()> {
        Box::pin(async move {
            let kind = kind_of(endpoint);
            tokio::task::yield_now().await;
            let asked = asked(Verb::Delete, format!("{endpoint}/{id}"), None);
            self.answer(kind, asked, |state, now| state.delete(kind, id, now), nothing)
        })
    }
}
