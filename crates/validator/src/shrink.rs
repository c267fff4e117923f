//! A failing request is reduced to a small one that still fails, with a bounded number of attempts (delta debugging).

use serde_json::{Map, Value};

pub mod operations;

/// Requests that one reduction may send.
pub const BUDGET: usize = 24;

/// A reduction in progress. The caller asks for a candidate, tries it, and says whether it still fails.
#[derive(Debug)]
pub struct Shrinker<T> {
    parts: Vec<T>,
    /// How many parts are left out at once.
    chunk: usize,
    at: usize,
    tries: usize,
    /// Parts that a candidate has at least.
    least: usize,
}

impl<T: Clone> Shrinker<T> {
    pub fn new(parts: Vec<T>) -> Self {
        let chunk = parts.len().div_ceil(2).max(1);
        Self { parts, chunk, at: 0, tries: 0, least: 1 }
    }

    /// Parts that stand beside others, which stay: all of them may turn out not to matter.
    pub fn beside(parts: Vec<T>) -> Self {
        let chunk = parts.len().max(1);
        Self { parts, chunk, at: 0, tries: 0, least: 0 }
    }

    /// A smaller list to try; `None` when nothing smaller is left or the budget is spent.
    pub fn candidate(&mut self) -> Option<Vec<T>> {
        if self.parts.len() <= self.least || self.tries >= BUDGET {
            return None;
        }
        if self.at >= self.parts.len() {
            if self.chunk == 1 {
                return None;
            }
            self.chunk = self.chunk.div_ceil(2);
            self.at = 0;
        }
        self.tries += 1;
        let end = (self.at + self.chunk).min(self.parts.len());
        let rest: Vec<T> = self
            .parts
            .iter()
            .enumerate()
            .filter(|(i, _)| !(self.at..end).contains(i))
            .map(|(_, p)| p.clone())
            .collect();
        if rest.len() < self.least {
            self.at = end;
            return self.candidate();
        }
        Some(rest)
    }

    /// What came of the last candidate.
    pub fn judge(&mut self, still_fails: bool, candidate: Vec<T>) {
        if still_fails {
            self.parts = candidate;
            self.chunk = self.chunk.min(self.parts.len()).max(1);
            // What stood behind the part left out now stands at its place.
        } else {
            self.at += self.chunk;
        }
    }

    pub fn finish(self) -> Vec<T> {
        self.parts
    }
}

/// The members of a body that may be left out one by one: each top-level member, and each member of an extension.
pub fn parts(body: &Map<String, Value>, fixed: &[&str]) -> Vec<(Option<String>, String, Value)> {
    let mut parts = Vec::new();
    for (name, value) in body {
        if name == "schemas" || fixed.contains(&name.as_str()) {
            continue;
        }
        match value {
            Value::Object(members) if name.starts_with("urn:") => {
                parts.extend(members.iter().map(|(sub, v)| (Some(name.clone()), sub.clone(), v.clone())));
            }
            value => parts.push((None, name.clone(), value.clone())),
        }
    }
    parts
}

/// The body with only these parts, and what is fixed.
pub fn body(
    whole: &Map<String, Value>,
    fixed: &[&str],
    parts: &[(Option<String>, String, Value)],
) -> Map<String, Value> {
    let mut body = Map::new();
    let mut urns: Vec<&str> = Vec::new();
    for (name, value) in whole {
        if fixed.contains(&name.as_str()) {
            body.insert(name.clone(), value.clone());
        }
    }
    for (extension, name, value) in parts {
        match extension {
            None => {
                body.insert(name.clone(), value.clone());
            }
            Some(urn) => {
                urns.push(urn);
                let entry = body.entry(urn.clone()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(members) = entry {
                    members.insert(name.clone(), value.clone());
                }
            }
        }
    }
    // `schemas` names the core and those extensions that are still there.
    if let Some(Value::Array(schemas)) = whole.get("schemas") {
        let kept: Vec<Value> = schemas
            .iter()
            .enumerate()
            .filter(|(i, s)| *i == 0 || s.as_str().is_some_and(|s| urns.contains(&s)))
            .map(|(_, s)| s.clone())
            .collect();
        body.insert("schemas".into(), kept.into());
    }
    body
}
