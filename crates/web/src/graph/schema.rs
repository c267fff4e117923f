//! The synchronization schema of a job: mappings, scoping filters and attribute lists, in Graph's document.

use http::Method;
use provision::alias::{ObjectKind, SourceAttributes};
use provision::graph_schema::{self, DirectoryDefinition, SynchronizationSchema};
use provision::job::Job;
use serde_json::{Map, Value, json};

use super::exchange::{Answer, Call};
use super::reply::{Failure, Reply};

pub(crate) async fn get(call: Call) -> Answer {
    let (_, job) = call.job().await?;
    Ok(Reply::json(document(&job)))
}

/// PUT, and PATCH with the same body, for clients that know only that; of PATCH, parts that are missing stay.
pub(crate) async fn replace(mut call: Call) -> Answer {
    let (application, job) = call.job().await?;
    let mut body = call.object()?;
    let current = document(&job);
    if call.method == Method::PATCH {
        for part in ["directories", "synchronizationRules"] {
            if !body.contains_key(part)
                && let Some(kept) = current.get(part)
            {
                body.insert(part.to_owned(), kept.clone());
            }
        }
    }
    keep_flow_types(&mut body, &current);
    let schema: SynchronizationSchema = serde_json::from_value(Value::Object(body))
        .map_err(|error| Failure::bad(format!("the schema cannot be read: {error}")))?;
    let rules = graph_schema::from_graph(&schema).map_err(Failure::bad)?;
    let done = call.app.provisioning.set_rules(call.context(), &application.id, job.epoch, rules).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn reset(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let done = call.app.provisioning.restore_default_rules(call.context(), &application.id).await;
    done.map_err(|error| call.refused(error))?;
    Ok(Reply::done())
}

pub(crate) async fn operators(call: Call) -> Answer {
    call.job().await?;
    Ok(Reply::list(graph_schema::operator_schemas()))
}

pub(crate) async fn functions(call: Call) -> Answer {
    call.job().await?;
    // In Graph the name is the id, and clients know only that.
    let named = graph_schema::function_schemas().into_iter().map(|mut function| {
        let name = function.get("name").cloned();
        if let (Value::Object(function), Some(name)) = (&mut function, name) {
            function.insert("id".to_owned(), name);
        }
        function
    });
    Ok(Reply::list(named.collect()))
}

/// What is wrong with the expression is an answer too.
pub(crate) async fn parse_expression(mut call: Call) -> Answer {
    call.job().await?;
    let body = Value::Object(call.object()?);
    if body.get("expression").and_then(Value::as_str).is_none() {
        return Err(Failure::bad("expression: expected a text"));
    }
    let of = body.pointer("/testInputObject/definition/name").and_then(Value::as_str).unwrap_or("User");
    let kind = if of.eq_ignore_ascii_case("group") { ObjectKind::Group } else { ObjectKind::User };
    let seed = u64::from_be_bytes(call.app.directory.random().bytes());
    let attributes = SourceAttributes(kind);
    Ok(Reply::json(graph_schema::parse_expression(&body, &attributes, None, call.arrival.at, seed)))
}

/// What a directory has, by its id in the schema or by its name: of the source what mappings read, of the target what it
/// says itself. The schema stays as it is until somebody writes it.
pub(crate) async fn discover(call: Call) -> Answer {
    let (application, _) = call.job().await?;
    let asked = call.part("directory");
    let named = |directory: &DirectoryDefinition| {
        directory.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(asked))
            || directory.name.eq_ignore_ascii_case(asked)
    };
    let source = graph_schema::source_directory();
    if named(&source) {
        return Ok(Reply::json(discovered(&call, source)));
    }
    if !named(&graph_schema::target_directory(&[])) {
        return Err(Failure::missing("directory", asked));
    }
    let found = call.app.provisioning.discover(call.tenant(), &application.id).await;
    let found = found.map_err(|error| call.refused(error))?;
    Ok(Reply::json(discovered(&call, graph_schema::target_directory(&found))))
}

fn discovered(call: &Call, directory: DirectoryDefinition) -> Value {
    json!(DirectoryDefinition { discovery_date_time: Some(call.arrival.at.to_string()), ..directory })
}

/// Its version is the number of changes by administrators.
fn document(job: &Job) -> Value {
    json!(graph_schema::to_graph(&job.rules, &job.id, &job.epoch.to_string()))
}

/// A schema that an SDK read and writes back has lost them; then they stay what they were.
fn keep_flow_types(body: &mut Map<String, Value>, current: &Value) {
    let known: Vec<&Value> = mappings_of(current);
    let Some(Value::Array(rules)) = body.get_mut("synchronizationRules") else { return };
    for mapping in
        rules.iter_mut().filter_map(|rule| rule.get_mut("objectMappings")?.as_array_mut()).flatten()
    {
        let Value::Object(mapping) = mapping else { continue };
        if mapping.get("flowTypes").is_some_and(|types| !types.is_null()) {
            continue;
        }
        let source = mapping.get("sourceObjectName");
        let old = known.iter().find(|old| old.get("sourceObjectName") == source);
        let kept = old.and_then(|old| old.get("flowTypes")).cloned();
        mapping.insert("flowTypes".to_owned(), kept.unwrap_or_else(|| json!("Add, Update, Delete")));
    }
}

fn mappings_of(document: &Value) -> Vec<&Value> {
    let rules = document.get("synchronizationRules").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| rule.get("objectMappings")?.as_array()).flatten().collect()
}
