//! Everything a run created, so that it can be taken away again. Nothing else is ever deleted.

use std::sync::{Mutex, PoisonError};

use http::Method;
use serde_json::Value;

use crate::reply::Reply;
use crate::value::member;

#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// Paths of what exists, oldest first.
    open: Vec<String>,
    created: usize,
    deleted: usize,
    /// Endpoints where a create was sent and no answer came.
    unsure: Vec<String>,
}

impl Ledger {
    fn with<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keep the books on one exchange; gives the paths of what it created.
    pub fn note(&self, method: &Method, path: &str, reply: &Reply) -> Vec<String> {
        if method == Method::DELETE && (reply.is_success() || reply.status == 404) {
            self.gone(path);
            return Vec::new();
        }
        if method != Method::POST || !reply.is_success() || path.ends_with("/.search") {
            return Vec::new();
        }
        let created: Vec<String> = if path == "/Bulk" {
            bulk_created(&reply.body)
        } else {
            let id = member(&reply.body, "id").and_then(Value::as_str);
            let id = id.map(str::to_owned).or_else(|| last_segment(reply.header("location")?));
            id.and_then(|id| Some(format!("{path}/{}", scim_client::target::segment(&id).ok()?)))
                .into_iter()
                .collect()
        };
        self.with(|entries| {
            entries.created += created.len();
            entries.open.extend(created.iter().cloned());
        });
        created
    }

    pub fn unsure(&self, endpoint: &str) {
        self.with(|entries| entries.unsure.push(endpoint.to_owned()));
    }

    pub fn gone(&self, path: &str) {
        self.with(|entries| {
            if let Some(at) = entries.open.iter().position(|p| p == path) {
                entries.open.remove(at);
                entries.deleted += 1;
            }
        });
    }

    /// What is still there, newest first: groups go before the users in them.
    pub fn open(&self) -> Vec<String> {
        self.with(|entries| entries.open.iter().rev().cloned().collect())
    }

    pub fn is_open(&self, path: &str) -> bool {
        self.with(|entries| entries.open.iter().any(|p| p == path))
    }

    /// Created and deleted so far.
    pub fn counts(&self) -> (usize, usize) {
        self.with(|entries| (entries.created, entries.deleted))
    }

    /// Whether a create may have been carried out without our knowing its id.
    pub fn unanswered(&self) -> usize {
        self.with(|entries| entries.unsure.len())
    }
}

fn bulk_created(body: &Value) -> Vec<String> {
    member(body, "Operations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|op| {
            member(op, "method").and_then(Value::as_str).is_some_and(|m| m.eq_ignore_ascii_case("POST"))
        })
        .filter(|op| {
            member(op, "status").is_some_and(|s| s.as_str() == Some("201") || s.as_u64() == Some(201))
        })
        .filter_map(|op| {
            let location = member(op, "location")?.as_str()?;
            let mut parts = location.rsplit('/');
            let (id, endpoint) = (parts.next()?, parts.next()?);
            Some(format!("/{endpoint}/{id}"))
        })
        .collect()
}

fn last_segment(location: &str) -> Option<String> {
    location.rsplit('/').next().filter(|s| !s.is_empty()).map(str::to_owned)
}
