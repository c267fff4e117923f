//! Which checks run: a check, or a repeated check with one of its subjects.

use std::collections::HashMap;

use crate::check::{Check, Need, Subject};
use crate::checks;
use crate::options::Options;
use crate::report::CaseResult;
use crate::schema::Schemas;
use crate::verdict::Verdict;

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) check: &'static Check,
    pub(crate) subject: Option<Subject>,
    /// Prerequisites that were skipped on request, and are taken as passed.
    pub(crate) assumed: Vec<&'static str>,
    /// Cases of this run that may explain a deviation of it; they are judged before it.
    pub(crate) explained_by: Vec<String>,
}

impl Case {
    /// `attribute-round-trip:User.title`, or the check's id.
    pub(crate) fn id(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}:{subject}", self.check.id),
            None => self.check.id.to_owned(),
        }
    }

    fn expand(check: &'static Check, schemas: &Schemas) -> Vec<Self> {
        match check.each {
            None => vec![Self { check, subject: None, assumed: Vec::new(), explained_by: Vec::new() }],
            Some(each) => each(schemas)
                .into_iter()
                .map(|subject| Self {
                    check,
                    subject: Some(subject),
                    assumed: Vec::new(),
                    explained_by: Vec::new(),
                })
                .collect(),
        }
    }
}

/// Those of the profile that `only` names and `skip` does not, with the prerequisites of each.
pub(crate) fn select(options: &Options, schemas: &Schemas) -> Vec<Case> {
    let all: Vec<Case> = checks::all().iter().flat_map(|check| Case::expand(check, schemas)).collect();
    let named = |patterns: &[String], case: &Case| {
        patterns.iter().any(|p| {
            [case.id().as_str(), case.check.id, case.check.theme].iter().any(|name| is_match(p, name))
        })
    };
    let mut wanted: Vec<bool> = all
        .iter()
        .map(|case| {
            options.profile.includes(case.check)
                && (options.only.is_empty() || named(&options.only, case))
                && !named(&options.skip, case)
        })
        .collect();
    // Prerequisites of what is wanted; their own prerequisites too.
    loop {
        let needed: Vec<&str> = all
            .iter()
            .zip(&wanted)
            .filter(|(_, wanted)| **wanted)
            .flat_map(|(case, _)| case.check.needs)
            .filter_map(|need| if let Need::Check(id) = need { Some(*id) } else { None })
            .collect();
        let mut grown = false;
        for (case, wanted) in all.iter().zip(&mut wanted) {
            if !*wanted && needed.contains(&case.check.id) && !named(&options.skip, case) {
                *wanted = true;
                grown = true;
            }
        }
        if !grown {
            break;
        }
    }
    let mut cases: Vec<Case> =
        all.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(case, _)| case).collect();
    let present: Vec<&'static str> = cases.iter().map(|c| c.check.id).collect();
    for case in &mut cases {
        case.assumed = case
            .check
            .needs
            .iter()
            .filter_map(|need| if let Need::Check(id) = need { Some(*id) } else { None })
            .filter(|id| !present.contains(id))
            .collect();
    }
    let explaining: Vec<Vec<String>> = cases.iter().map(|case| explaining(case, &cases)).collect();
    for (case, explaining) in cases.iter_mut().zip(explaining) {
        case.explained_by = explaining;
    }
    cases
}

/// The check that is named, and the first case of the same check.
fn explaining(case: &Case, cases: &[Case]) -> Vec<String> {
    let Some(named) = case.check.explained_by else { return Vec::new() };
    [named, case.check.id]
        .iter()
        .filter_map(|id| cases.iter().find(|other| other.check.id == *id))
        .map(Case::id)
        .filter(|id| *id != case.id())
        .collect()
}

fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => name.starts_with(head),
        None => name == pattern,
    }
}

/// Results in the order of the list of checks, not of their ends.
pub(crate) fn in_order(cases: &[Case], results: Vec<CaseResult>) -> Vec<CaseResult> {
    let mut by_id: HashMap<String, CaseResult> = results.into_iter().map(|r| (r.id.clone(), r)).collect();
    cases
        .iter()
        .map(|case| {
            by_id.remove(&case.id()).unwrap_or_else(|| {
                let why = "the check itself failed; this is a fault of the validator".to_owned();
                CaseResult::new(case, Verdict::CouldNotJudge { why, exchanges: Vec::new() }, 0)
            })
        })
        .collect()
}
