//! Attribute mappings: shown, replaced from a file, restored.

use std::process::ExitCode;

use provision::graph_schema::{Rules, SynchronizationSchema, from_graph, to_graph};
use provision::job::Job;
use provision::mapping::{AttributeMapping, FlowType, MappingSource, ObjectMapping, Problem};
use serde_json::{Value, json};

use crate::cli::app::Mapping;
use crate::house::House;
use crate::output::{Doing as _, Failure, Output, Result, print_line, table};

use super::{Found, found, named_job, read_file, refused};

pub(super) async fn run(house: &House, command: Mapping, output: Output) -> Result<ExitCode> {
    match command {
        Mapping::Show { named, graph } => {
            let (found, job) = named_job(house, &named).await?;
            show(&found, &job, graph, output)
        }
        Mapping::Set { named, file } => {
            let (found, job) = named_job(house, &named).await?;
            let rules = parsed(&read_file(&file)?)?;
            set(&found, &job, rules, output).await
        }
        Mapping::Reset(named) => {
            let found = found(house, &named).await?;
            let reset = house.provisioning.restore_default_rules(found.context(), found.id()).await;
            reset.map_err(refused)?;
            let document = json!({ "application": found.id(), "mappings": "default" });
            output.answer(&document, || format!("{} has the default mappings again", found.name()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show(found: &Found<'_>, job: &Job, graph: bool, output: Output) -> Result<ExitCode> {
    if graph {
        let schema = to_graph(&job.rules, &job.id, &format!("v{}", job.epoch));
        print_line(&serde_json::to_string_pretty(&schema).doing("the schema")?);
        return Ok(ExitCode::SUCCESS);
    }
    let document = serde_json::to_value(&job.rules).doing("the mappings")?;
    output.answer(&document, || {
        let parts: Vec<String> = job.rules.mappings.iter().map(text).collect();
        format!(
            "{}\n\nChange them: muster app mapping show {} --json, then `set` with the file",
            parts.join("\n\n"),
            found.flags()
        )
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn text(mapping: &ObjectMapping) -> String {
    let actions = [
        (mapping.actions.create, "create"),
        (mapping.actions.update, "update"),
        (mapping.actions.delete, "delete"),
    ];
    let actions: Vec<&str> = actions.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    let state = match (mapping.enabled, actions.is_empty()) {
        (false, _) => "off".to_owned(),
        (true, true) => "no action".to_owned(),
        (true, false) => actions.join(", "),
    };
    let rows = mapping.attributes.iter().map(row);
    format!("{}: {state}\n{}", mapping.name, table(["Target attribute", "Source", "Matching", "When"], rows))
}

fn row(mapping: &AttributeMapping) -> [String; 4] {
    let source = match &mapping.source {
        MappingSource::Direct(name) => name.clone(),
        MappingSource::Constant(text) => format!("\"{text}\""),
        MappingSource::Expression(text) => text.clone(),
        MappingSource::None => "-".to_owned(),
    };
    let when = match mapping.flow {
        FlowType::Always => "always",
        FlowType::ObjectAddOnly => "on creation",
        FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => "added, never removed",
        FlowType::AttributeAddOnly => "if empty",
    };
    let matching = match mapping.matching_priority {
        0 => String::new(),
        priority => priority.to_string(),
    };
    [mapping.target.clone(), source, matching, when.to_owned()]
}

/// Muster's document or Graph's.
fn parsed(text: &str) -> Result<Rules> {
    let wrong = |why: String| {
        Failure::new(format!("the file holds no mappings: {why}"))
            .hint("write what `muster app mapping show APP --json` (or --graph) prints")
    };
    let value: Value = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    if value.get("synchronizationRules").is_some() {
        let schema: SynchronizationSchema =
            serde_json::from_value(value).map_err(|e| wrong(e.to_string()))?;
        return from_graph(&schema).map_err(wrong);
    }
    serde_json::from_value(value).map_err(|e| wrong(e.to_string()))
}

async fn set(found: &Found<'_>, job: &Job, rules: Rules, output: Output) -> Result<ExitCode> {
    let set = found.house.provisioning.set_rules(found.context(), found.id(), job.epoch, rules).await;
    let (job, warnings) = set.map_err(refused)?;
    present(found, &job, &warnings, output);
    Ok(ExitCode::SUCCESS)
}

/// Mappings, and scoping filters too.
pub(super) fn present(found: &Found<'_>, job: &Job, warnings: &[Problem], output: Output) {
    let document = json!({ "application": found.id(), "warnings": warnings, "mappings": job.rules.mappings });
    output.answer(&document, || {
        let mut lines =
            vec![format!("{} is saved; the next cycle looks at every object again", found.name())];
        lines.extend(warnings.iter().map(|warning| {
            let about = warning.attribute.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            format!("warning: {about}{}", warning.message)
        }));
        lines.join("\n")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_documents_say_the_same() {
        let rules = Rules::default();
        let own = serde_json::to_string(&rules).unwrap();
        let graph = serde_json::to_string(&to_graph(&rules, "id", "v1")).unwrap();
        assert_eq!(parsed(&own).unwrap(), rules);
        assert_eq!(parsed(&graph).unwrap().mappings.len(), rules.mappings.len());
        for nothing in ["", "{}", "[]", "{\"synchronizationRules\": []}"] {
            assert!(parsed(nothing).is_err(), "{nothing}");
        }
    }
}
