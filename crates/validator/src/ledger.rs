//! Everything a run created, so that it can be taken away again. Nothing else is ever deleted.

use std::sync::{Mutex, PoisonError};

use http::Method;
use scim::compare::fold;
use scim_client::Request;
use serde_json::Value;

use crate::generate::PREFIX;
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
    /// Creates that were sent and whose outcome is not known, oldest first.
    unsure: Vec<Unsure>,
}

/// A resource that may be there, by the name that it was to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsure {
    /// `/Users`
    pub endpoint: String,
    /// `userName` or `displayName`
    pub attribute: &'static str,
    pub name: String,
}

impl Unsure {
    pub fn filter(&self) -> String {
        format!("{} eq {}", self.attribute, Value::from(self.name.as_str()))
    }

    /// Whether a resource that was found is this one. A target may ignore the filter and give anybody.
    pub fn is(&self, resource: &Value) -> bool {
        member(resource, self.attribute).and_then(Value::as_str).is_some_and(|n| fold(n) == fold(&self.name))
    }
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
            id.and_then(|id| place(path, &id)).into_iter().collect()
        };
        self.with(|entries| {
            entries.created += created.len();
            entries.open.extend(created.iter().cloned());
        });
        created
    }

    /// A create may have been carried out without our knowing its id. Only names with `salt` are made by this run.
    pub fn unsure(&self, request: &Request, salt: &str) {
        let unsure = names(request).into_iter().filter(|unsure| {
            let name = unsure.name.to_ascii_lowercase();
            name.contains(PREFIX) && name.contains(salt)
        });
        self.with(|entries| entries.unsure.extend(unsure));
    }

    /// Newest first: groups go before the users in them.
    pub fn unsure_ones(&self) -> Vec<Unsure> {
        self.with(|entries| entries.unsure.iter().rev().cloned().collect())
    }

    /// It was looked up: these are there, and made by this run.
    pub fn found(&self, unsure: &Unsure, ids: &[String]) {
        self.with(|entries| {
            entries.unsure.retain(|u| u != unsure);
            for path in ids.iter().filter_map(|id| place(&unsure.endpoint, id)) {
                if !entries.open.contains(&path) {
                    entries.created += 1;
                    entries.open.push(path);
                }
            }
        });
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
}

fn place(endpoint: &str, id: &str) -> Option<String> {
    Some(format!("{endpoint}/{}", scim_client::target::segment(id).ok()?))
}

/// The names that a create, or the creates of a bulk request, would give.
fn names(request: &Request) -> Vec<Unsure> {
    let body =
        request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
    let named = |endpoint: &str, resource: &Value| {
        endpoint.strip_prefix('/').filter(|name| !name.contains('/'))?;
        let attribute = if endpoint.starts_with("/Groups") { "displayName" } else { "userName" };
        let name = member(resource, attribute)?.as_str()?.to_owned();
        Some(Unsure { endpoint: endpoint.to_owned(), attribute, name })
    };
    if request.path != "/Bulk" {
        return named(&request.path, &body).into_iter().collect();
    }
    let operations = member(&body, "Operations").and_then(Value::as_array);
    operations
        .into_iter()
        .flatten()
        .filter(|op| {
            member(op, "method").and_then(Value::as_str).is_some_and(|m| m.eq_ignore_ascii_case("POST"))
        })
        .filter_map(|op| named(member(op, "path")?.as_str()?, member(op, "data")?))
        .collect()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_of_this_run_are_looked_for() {
        let user = |name: &str| Request::post("/Users", &json!({ "userName": name }));
        let bulk = json!({ "Operations": [
            { "method": "post", "path": "/Groups", "data": { "displayName": "muster-check-abc1 G" } },
            { "method": "PUT", "path": "/Users/1", "data": { "userName": "muster-check-abc1-x" } },
            { "method": "POST", "path": "/Users", "data": { "userName": "bob" } },
        ] });
        let table = [
            (user("muster-check-abc1-Ida@example.com"), vec!["muster-check-abc1-Ida@example.com"]),
            (user("MUSTER-CHECK-ABC1 XYZ"), vec!["MUSTER-CHECK-ABC1 XYZ"]),
            // Of another run, or nobody's.
            (user("muster-check-zzz9-Ida@example.com"), vec![]),
            (user("abc1@example.com"), vec![]),
            (user(""), vec![]),
            (Request::post("/Users", &json!({ "userName": ["muster-check-abc1"] })), vec![]),
            (Request::post("/Users", &json!("muster-check-abc1")), vec![]),
            (Request::post("/Groups", &json!({ "userName": "muster-check-abc1" })), vec![]),
            (Request::post("/Users/1", &json!({ "userName": "muster-check-abc1" })), vec![]),
            (Request::post("/Bulk", &bulk), vec!["muster-check-abc1 G"]),
        ];
        for (request, expected) in table {
            let ledger = Ledger::default();
            ledger.unsure(&request, "abc1");
            let names: Vec<String> = ledger.unsure_ones().into_iter().map(|u| u.name).collect();
            assert_eq!(names, expected, "{request:?}");
        }
    }

    #[test]
    fn what_was_found_is_deleted_once() {
        let ledger = Ledger::default();
        ledger.unsure(&Request::post("/Users", &json!({ "userName": "muster-check-abc1-\"x" })), "abc1");
        let unsure = ledger.unsure_ones().remove(0);
        assert_eq!(unsure.filter(), r#"userName eq "muster-check-abc1-\"x""#);
        assert!(unsure.is(&json!({ "username": "MUSTER-check-abc1-\"X" })));
        assert!(!unsure.is(&json!({ "userName": "muster-check-abc1-" })) && !unsure.is(&json!({})));
        ledger.found(&unsure, &["1".to_owned(), "1".to_owned()]);
        assert_eq!((ledger.open(), ledger.counts()), (vec!["/Users/1".to_owned()], (1, 0)));
        assert!(ledger.unsure_ones().is_empty());
    }
}
