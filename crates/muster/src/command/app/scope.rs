//! Who is provisioned: assigned users and groups or all, and scoping filters.

use std::process::ExitCode;

use provision::alias::ObjectKind;
use provision::job::{Job, JobConfig};
use provision::scope::{ScopeFilters, SyncScope};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::app::{Named, Scope};
use crate::house::House;
use crate::output::{Failure, Output, Result};

use super::mapping::present;
use super::{Found, named_job, read_file, refused};

pub(super) async fn run(house: &House, command: Scope, output: Output) -> Result<ExitCode> {
    match command {
        Scope::Show(named) => {
            let (found, job) = named_job(house, &named).await?;
            show(&found, &job, output);
            Ok(ExitCode::SUCCESS)
        }
        Scope::Assigned(named) => switch(house, &named, SyncScope::Assigned, output).await,
        Scope::All(named) => switch(house, &named, SyncScope::All, output).await,
        Scope::Filters { named, file } => {
            let (found, job) = named_job(house, &named).await?;
            let given = parsed(&read_file(&file)?)?;
            let mut rules = job.rules.clone();
            for mapping in &mut rules.mappings {
                let new = match mapping.kind {
                    ObjectKind::User => &given.users,
                    ObjectKind::Group => &given.groups,
                };
                if let Some(new) = new {
                    mapping.scope = new.clone();
                }
            }
            let set = house.provisioning.set_rules(found.context(), found.id(), job.epoch, rules).await;
            let (job, warnings) = set.map_err(refused)?;
            present(&found, &job, &warnings, output);
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub(super) fn word(scope: SyncScope) -> &'static str {
    match scope {
        SyncScope::Assigned => "assigned users and groups",
        SyncScope::All => "all users and groups",
    }
}

async fn switch(house: &House, named: &Named, scope: SyncScope, output: Output) -> Result<ExitCode> {
    let (found, job) = named_job(house, named).await?;
    let config = JobConfig { scope, ..job.config };
    let set = house.provisioning.set_config(found.context(), found.id(), job.epoch, config).await;
    show(&found, &set.map_err(refused)?, output);
    Ok(ExitCode::SUCCESS)
}

/// What a file of filters holds; what is not named stays.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Filters {
    users: Option<ScopeFilters>,
    groups: Option<ScopeFilters>,
}

fn parsed(text: &str) -> Result<Filters> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("the file holds no scoping filters: {error}")).hint(
            r#"as in {"users": [{"name": "Engineering", "clauses": [{"attribute": "department", "operator": "EQUALS", "value": "Engineering"}]}]}"#,
        )
    })
}

fn show(found: &Found<'_>, job: &Job, output: Output) {
    let of = |kind: ObjectKind| {
        let mapping = job.rules.mappings.iter().find(|mapping| mapping.kind == kind);
        mapping.map(|mapping| mapping.scope.clone()).unwrap_or_default()
    };
    let (users, groups) = (of(ObjectKind::User), of(ObjectKind::Group));
    let document = json!({
        "application": found.id(),
        "scope": job.config.scope,
        "filters": { "users": users, "groups": groups },
    });
    output.answer(&document, || {
        let mut lines = vec![format!("{} provisions {}", found.name(), word(job.config.scope))];
        for (what, filters) in [("users", users), ("groups", groups)] {
            lines.extend(filters.filters.iter().map(|filter| {
                let clauses: Vec<String> = filter.clauses.iter().map(clause).collect();
                format!("  {what} \"{}\": {}", filter.name, clauses.join(" and "))
            }));
        }
        lines.join("\n")
    });
}

fn clause(clause: &provision::scope::Clause) -> String {
    let value = match clause.operator.takes_value() {
        true => format!(" {}", Value::String(clause.value.clone())),
        false => String::new(),
    };
    format!("{} {}{value}", clause.attribute, clause.operator.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_filters() {
        let text = r#"{"users": [{"name": "E", "clauses": [{"attribute": "department", "operator": "IS NOT NULL"}]}]}"#;
        let filters = parsed(text).unwrap();
        assert_eq!(filters.users.unwrap().filters.len(), 1);
        assert_eq!(filters.groups, None);
        for wrong in [
            "",
            "[]",
            r#"{"user": []}"#,
            r#"{"users": [{"name": "E", "clauses": [{"attribute": "x", "operator": "LIKE"}]}]}"#,
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
