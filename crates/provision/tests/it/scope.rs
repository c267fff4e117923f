//! Scope: assignment and scoping filters.

use provision::alias::ObjectKind;
use provision::scope::{
    Assigned, Clause, Entitlement, Scope, ScopeFilter, ScopeFilters, ScopeOperator, SyncScope, entitle,
};

use crate::world::nadia;

fn clause(attribute: &str, operator: &str, value: &str) -> Clause {
    let operator = ScopeOperator::parse(operator).unwrap_or_else(|| panic!("{operator}"));
    Clause { attribute: attribute.into(), operator, value: value.into() }
}

fn filters(groups: &[&[(&str, &str, &str)]]) -> ScopeFilters {
    let filter = |(index, clauses): (usize, &&[(&str, &str, &str)])| ScopeFilter {
        name: format!("f{index}"),
        clauses: clauses.iter().map(|(a, o, v)| clause(a, o, v)).collect(),
    };
    ScopeFilters { filters: groups.iter().enumerate().map(filter).collect() }
}

fn holds(attribute: &str, operator: &str, value: &str, expect: bool) {
    let passes = filters(&[&[(attribute, operator, value)]]).compile().evaluate(&nadia()).passes;
    assert_eq!(passes, expect, "{attribute} {operator} {value}");
}

#[test]
fn every_operator() {
    holds("city", "EQUALS", "Cork", true);
    holds("city", "EQUALS", "cork", false);
    holds("city", "NOT EQUALS", "cork", true);
    holds("city", "NOT EQUALS", "Cork", false);
    holds("accountEnabled", "IS TRUE", "", true);
    holds("accountEnabled", "IS FALSE", "", false);
    holds("IsSoftDeleted", "IS FALSE", "", true);
    holds("city", "IS NULL", "", false);
    holds("city", "IS NOT NULL", "", true);
    holds("city", "REGEX MATCH", "or", true);
    holds("city", "REGEX MATCH", "^or", false);
    holds("city", "REGEX MATCH", "cork", false);
    holds("city", "REGEX MATCH", "^(Cork|Dublin)$", true);
    holds("employeeId", "REGEX MATCH", "([1-9][0-9])", true);
    holds("city", "NOT REGEX MATCH", "Dublin", true);
    holds("city", "NOT REGEX MATCH", "Cork", false);
    holds("employeeId", "GREATER_THAN", "40770", true);
    holds("employeeId", "GREATER_THAN", "40771", false);
    holds("employeeId", "GREATER_THAN_OR_EQUALS", "40771", true);
    holds("employeeId", "GREATER_THAN_OR_EQUALS", "40772", false);
    holds("city", "GREATER_THAN", "1", false);
    holds("city", "INCLUDES", "or", true);
    holds("city", "INCLUDES", "OR", false);
    holds("city", "ENDS_WITH", "rk", true);
    holds("city", "ENDS_WITH", "Co", false);
    holds("extensionAttribute1", "&", "2", true);
    holds("extensionAttribute1", "&", "8", false);
    holds("extensionAttribute1", "!&", "8", true);
    holds("extensionAttribute1", "!&", "2", false);
    holds("city", "&", "2", false);
    holds("city", "!&", "2", false);
}

#[test]
fn a_source_without_a_value_fulfils_only_is_null() {
    for operator in ScopeOperator::all() {
        let value =
            if matches!(operator, ScopeOperator::BitAnd | ScopeOperator::NotBitAnd) { "1" } else { "x" };
        holds("state", operator.as_str(), value, operator == ScopeOperator::IsNull);
    }
}

#[test]
fn clauses_are_joined_by_and_filters_by_or() {
    let passes = |groups: &[&[(&str, &str, &str)]]| filters(groups).compile().evaluate(&nadia()).passes;
    let (yes, no) = (("city", "EQUALS", "Cork"), ("city", "EQUALS", "Galway"));
    assert!(passes(&[]));
    assert!(passes(&[&[yes, yes]]));
    assert!(!passes(&[&[yes, no]]));
    assert!(passes(&[&[yes, no], &[yes]]));
    assert!(!passes(&[&[no], &[no]]));
    assert!(!passes(&[&[]]), "a filter without a clause lets nothing pass");
    assert!(passes(&[&[], &[yes]]));
}

#[test]
fn operators_are_known_by_the_portals_and_graphs_names() {
    for operator in ScopeOperator::all() {
        assert_eq!(ScopeOperator::parse(operator.as_str()), Some(operator));
        assert_eq!(ScopeOperator::parse(&operator.as_str().to_lowercase()), Some(operator));
    }
    assert_eq!(ScopeOperator::parse("EqualOrGreaterThan"), Some(ScopeOperator::GreaterThanOrEquals));
    assert_eq!(ScopeOperator::parse("NotMatchesExpression"), Some(ScopeOperator::NotRegexMatch));
    assert_eq!(ScopeOperator::parse("IsNotNull"), Some(ScopeOperator::IsNotNull));
    assert_eq!(ScopeOperator::parse("IsMemberOf"), None);
}

#[test]
fn unsound_filters_are_refused() {
    let problem = |attribute: &str, operator: &str, value: &str| {
        filters(&[&[(attribute, operator, value)]]).problems(ObjectKind::User).join("; ")
    };
    assert_eq!(problem("city", "EQUALS", "Cork"), "");
    assert!(problem("town", "EQUALS", "Cork").contains("no attribute town"));
    assert!(problem("city", "EQUALS", "").contains("a value is needed"));
    assert!(problem("city", "REGEX MATCH", "(").contains("not a regular expression"));
    assert!(problem("city", "REGEX MATCH", "(?=x)").contains("look-around"));
    assert!(problem("employeeId", "GREATER_THAN", "many").contains("whole number"));
    assert!(problem("manager", "EQUALS", "x").contains("reference"));
    assert!(problem("proxyAddresses", "INCLUDES", "x").contains("several values"));
    assert!(filters(&[&[]]).problems(ObjectKind::User)[0].contains("no clause"));
    let many = ScopeFilters { filters: vec![ScopeFilter::default(); 101] };
    assert!(many.problems(ObjectKind::User)[0].contains("more than 100"));
}

#[test]
fn assignment_decides_with_its_reason() {
    let check = |scope: SyncScope, directly: bool, through: Option<(&str, &str)>, expect: &str| {
        assert_eq!(entitle(scope, &Assigned { directly, through }).sentence(), expect);
    };
    check(SyncScope::All, false, None, "in scope because all users and groups are synced");
    check(SyncScope::Assigned, true, Some(("g", "A")), "in scope because assigned directly");
    check(SyncScope::Assigned, false, Some(("g", "A")), "in scope because assigned through group A");
    check(
        SyncScope::Assigned,
        false,
        None,
        "not in scope because neither assigned directly nor a direct member of an assigned group",
    );
}

#[test]
fn scope_tells_clause_by_clause() {
    let none = filters(&[&[("city", "EQUALS", "Galway"), ("accountEnabled", "IS TRUE", "")]]).compile();
    let scope = Scope::evaluate(&nadia(), Entitlement::Direct, &none);
    assert!(!scope.in_scope);
    assert_eq!(
        scope.reasons,
        [
            "in scope because assigned directly",
            "not in scope because no scoping filter holds",
            "f0 city EQUALS Galway does not hold: city is \"Cork\"",
        ]
    );
    assert_eq!(scope.filters.clauses[1].title, "f0 accountEnabled IS TRUE");
    let some = filters(&[&[("city", "EQUALS", "Cork")]]).compile();
    assert!(Scope::evaluate(&nadia(), Entitlement::Everyone, &some).in_scope);
    assert!(!Scope::evaluate(&nadia(), Entitlement::NotAssigned, &some).in_scope);
}
