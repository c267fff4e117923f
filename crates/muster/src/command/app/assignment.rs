//! Users and groups: who is assigned.

use std::process::ExitCode;

use provision::assignments::Assignment;
use serde_json::json;

use crate::output::{Failure, Output, Result, table};

use super::{Found, Object, refused};

/// Objects of one request.
const BATCH: usize = 500;

pub(super) async fn assign(
    found: &Found<'_>,
    names: &[String],
    role: Option<&str>,
    output: Output,
) -> Result<ExitCode> {
    let role = role.map_or(Ok(String::new()), |role| role_id(found, role))?;
    let objects = objects(found, names).await?;
    let mut new = 0;
    for batch in objects.chunks(BATCH) {
        let batch = batch.iter().map(|object| (object.kind, object.id.clone())).collect();
        let assigned = found.house.provisioning.assign(found.context(), found.id(), batch, &role).await;
        new += assigned.map_err(refused)?;
    }
    let document = json!({ "application": found.id(), "named": objects.len(), "assigned": new });
    output.answer(&document, || {
        let before = objects.len() as u64 - new;
        let already = if before == 0 { String::new() } else { format!(", {before} were before") };
        format!("{} assigned to {}{already}", counted(new), found.name())
    });
    Ok(ExitCode::SUCCESS)
}

fn role_id(found: &Found<'_>, text: &str) -> Result<String> {
    let roles = &found.application.details.roles;
    let is = |role: &&provision::application::Role| {
        [&role.id, &role.value, &role.display_name].iter().any(|t| *t == text)
    };
    roles.iter().find(is).map(|role| role.id.clone()).ok_or_else(|| {
        Failure::new(format!("{} has no role {text}", found.name()))
            .hint("leave --role away for default access")
    })
}

fn counted(count: u64) -> String {
    if count == 1 { "1 user or group is".to_owned() } else { format!("{count} users and groups are") }
}

async fn objects(found: &Found<'_>, names: &[String]) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    for name in names {
        objects.push(found.object(name).await?);
    }
    Ok(objects)
}

pub(super) async fn unassign(found: &Found<'_>, names: &[String], output: Output) -> Result<ExitCode> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(assigned_id(found, name).await?);
    }
    let mut gone = 0;
    for batch in ids.chunks(BATCH) {
        let unassigned = found.house.provisioning.unassign(found.context(), found.id(), batch.to_vec()).await;
        gone += unassigned.map_err(refused)?;
    }
    let document = json!({ "application": found.id(), "named": ids.len(), "unassigned": gone });
    output.answer(&document, || format!("{} not assigned to {} any more", counted(gone), found.name()));
    Ok(ExitCode::SUCCESS)
}

/// Of an object of the directory, or of one that has gone and whose assignment is left: that one is named by its id.
async fn assigned_id(found: &Found<'_>, name: &str) -> Result<String> {
    match found.object(name).await {
        Ok(object) => Ok(object.id),
        Err(failure) => {
            let list = found.house.provisioning.assignments(&found.tenant, found.id(), None, 0, BATCH);
            let known = list.await.map_err(refused)?;
            known.into_iter().find(|assignment| assignment.id == name).map(|a| a.id).ok_or(failure)
        }
    }
}

pub(super) async fn list(found: &Found<'_>, limit: usize, output: Output) -> Result<ExitCode> {
    let provisioning = &found.house.provisioning;
    let mut list: Vec<Assignment> = Vec::new();
    while list.len() < limit {
        let wanted = (limit - list.len()).min(BATCH);
        let page = provisioning.assignments(&found.tenant, found.id(), None, list.len() as u64, wanted);
        let page = page.await.map_err(refused)?;
        let last = page.len() < wanted;
        list.extend(page);
        if last {
            break;
        }
    }
    let (users, groups) = provisioning.assignment_counts(&found.tenant, found.id()).await.map_err(refused)?;
    let document = json!({ "users": users, "groups": groups, "assignments": list });
    output.answer(&document, || {
        if users + groups == 0 {
            return format!("nobody yet; assign somebody: muster app assign {} USER|GROUP…", found.flags());
        }
        let rows = list.iter().map(|assignment| {
            [
                assignment.kind.to_owned(),
                assignment.name.clone().unwrap_or_else(|| "(not in the directory any more)".to_owned()),
                assignment.role_name.clone().unwrap_or_else(|| "default access".to_owned()),
                assignment.id.clone(),
            ]
        });
        format!("{}\n\n{users} users and {groups} groups", table(["Kind", "Name", "Role", "Id"], rows))
    });
    Ok(ExitCode::SUCCESS)
}
