//! Who is in scope: by assignment, and by scoping filters.

mod assignment;
mod clause;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::alias::ObjectKind;
use crate::expression::{Pattern, compile_pattern};
use crate::limits;
use crate::source::SourceObject;

pub use assignment::{Assigned, Entitlement, SyncScope, entitle};
pub use clause::{Clause, ClauseResult, ScopeOperator};

/// Clauses joined by AND.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScopeFilter {
    pub name: String,
    pub clauses: Vec<Clause>,
}

/// Filters joined by OR; no filter lets everything pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeFilters {
    pub filters: Vec<ScopeFilter>,
}

/// What the filters say of one object, clause by clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterOutcome {
    pub passes: bool,
    /// The first filter that holds.
    pub passed_by: Option<String>,
    /// Titles `{filter} {attribute} {operator} {value}` with what became of each.
    pub clauses: Vec<ClauseResult>,
}

impl ScopeFilters {
    /// What is wrong, in words, filter by filter.
    pub fn problems(&self, kind: ObjectKind) -> Vec<String> {
        let mut problems = Vec::new();
        if self.filters.len() > limits::SCOPE_FILTERS {
            problems.push(format!("there are more than {} scoping filters", limits::SCOPE_FILTERS));
        }
        for filter in self.filters.iter().take(limits::SCOPE_FILTERS) {
            if filter.clauses.is_empty() {
                problems.push(format!(
                    "the scoping filter \"{}\" has no clause; add one or delete it",
                    filter.name
                ));
            }
            if filter.clauses.len() > limits::SCOPE_CLAUSES {
                problems.push(format!(
                    "the scoping filter \"{}\" has more than {} clauses",
                    filter.name,
                    limits::SCOPE_CLAUSES
                ));
            }
            for clause in filter.clauses.iter().take(limits::SCOPE_CLAUSES) {
                problems.extend(
                    clause.problem(kind).map(|why| format!("the scoping filter \"{}\": {why}", filter.name)),
                );
            }
        }
        problems
    }

    /// Ready to be asked about many objects.
    pub fn compile(&self) -> CompiledFilters {
        let clauses = self.filters.iter().flat_map(|filter| &filter.clauses);
        let patterns = clauses
            .filter(|clause| clause.operator.is_regex())
            .filter_map(|clause| Some((clause.value.clone(), compile_pattern(&clause.value).ok()?)))
            .collect();
        CompiledFilters { filters: self.filters.clone(), patterns }
    }
}

/// Scoping filters with their regular expressions compiled once.
#[derive(Debug, Clone, Default)]
pub struct CompiledFilters {
    filters: Vec<ScopeFilter>,
    patterns: HashMap<String, Pattern>,
}

impl CompiledFilters {
    pub fn evaluate(&self, source: &SourceObject) -> FilterOutcome {
        let mut outcome =
            FilterOutcome { passes: self.filters.is_empty(), passed_by: None, clauses: Vec::new() };
        for filter in &self.filters {
            let evaluate =
                |clause: &Clause| clause.evaluate(&filter.name, source, self.patterns.get(&clause.value));
            let results: Vec<ClauseResult> = filter.clauses.iter().map(evaluate).collect();
            // A filter without a clause would let everything pass by accident.
            if !results.is_empty() && results.iter().all(|result| result.holds) {
                outcome.passes = true;
                outcome.passed_by.get_or_insert_with(|| filter.name.clone());
            }
            outcome.clauses.extend(results);
        }
        outcome
    }
}

/// Whether an object is to be provisioned, and why, or why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    pub in_scope: bool,
    pub entitlement: Entitlement,
    pub filters: FilterOutcome,
    /// Sentences for a person, in the order they were decided.
    pub reasons: Vec<String>,
}

impl Scope {
    /// Assignment first, then the filters.
    pub fn evaluate(source: &SourceObject, entitlement: Entitlement, filters: &CompiledFilters) -> Self {
        let outcome = filters.evaluate(source);
        let mut reasons = vec![entitlement.sentence()];
        match &outcome.passed_by {
            Some(name) => reasons.push(format!("in scope because the scoping filter \"{name}\" holds")),
            None if !outcome.passes => reasons.push("not in scope because no scoping filter holds".into()),
            None => {}
        }
        reasons.extend(
            outcome
                .clauses
                .iter()
                .filter(|clause| !outcome.passes && !clause.holds)
                .map(|clause| format!("{} does not hold: {}", clause.title, clause.detail)),
        );
        Self { in_scope: entitlement.is_entitled() && outcome.passes, entitlement, filters: outcome, reasons }
    }
}
