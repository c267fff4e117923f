//! `muster audit`: recompute the hash chains, list entries.

use std::process::ExitCode;

use directory::{AuditQuery, AuditRow, Verdict};
use serde_json::{Value, json};

use crate::cli;
use crate::house::{House, failure};
use crate::output::{Output, Result, table};

use super::find_tenant;

pub(super) async fn run(house: &House, command: cli::Audit, output: Output) -> Result<ExitCode> {
    match command {
        cli::Audit::Verify { tenant } => verify(house, tenant.as_deref(), output).await,
        cli::Audit::List { tenant, limit } => list(house, &tenant, limit, output).await,
    }
}

/// One verified chain: the tenant's id and name, or `None` for sign-ins and operators.
struct Chain {
    tenant: Option<directory::Tenant>,
    verdict: Verdict,
}

/// Exit code 1 when a chain is broken.
async fn verify(house: &House, tenant: Option<&str>, output: Output) -> Result<ExitCode> {
    let mut chains = Vec::new();
    let tenants = match tenant {
        Some(text) => vec![find_tenant(house, text).await?],
        None => house.directory.tenants().await.map_err(failure)?,
    };
    for tenant in tenants {
        let verdict = house.directory.verify_audit(&tenant.id).await.map_err(failure)?;
        chains.push(Chain { tenant: Some(tenant), verdict });
    }
    if tenant.is_none() {
        let verdict = house.directory.verify_system_audit().await.map_err(failure)?;
        chains.push(Chain { tenant: None, verdict });
    }
    let intact = chains.iter().all(|chain| matches!(chain.verdict, Verdict::Intact { .. }));
    let document = json!({ "intact": intact, "chains": chains.iter().map(judged).collect::<Vec<_>>() });
    output.answer(&document, || {
        table(
            ["Chain", "Result", "Entries", "Head"],
            chains.iter().map(|chain| {
                let name = chain.tenant.as_ref().map_or("sign-ins and operators", |t| &t.name).to_owned();
                match &chain.verdict {
                    Verdict::Intact { rows, head } => [name, "intact".into(), rows.to_string(), head.clone()],
                    Verdict::Broken { number, why } => {
                        [name, format!("BROKEN at entry {number}: {why}"), String::new(), String::new()]
                    }
                }
            }),
        )
    });
    Ok(if intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn judged(chain: &Chain) -> Value {
    let tenant = chain.tenant.as_ref().map(|tenant| tenant.id.to_string());
    match &chain.verdict {
        Verdict::Intact { rows, head } => {
            json!({ "tenant_id": tenant, "intact": true, "entries": rows, "head": head })
        }
        Verdict::Broken { number, why } => {
            json!({ "tenant_id": tenant, "intact": false, "entry": number, "why": why })
        }
    }
}

async fn list(house: &House, tenant: &str, limit: usize, output: Output) -> Result<ExitCode> {
    let tenant = find_tenant(house, tenant).await?;
    let query = AuditQuery { limit, ..AuditQuery::default() };
    let rows = house.directory.audit(&tenant.id, query).await.map_err(failure)?;
    output.answer(&Value::Array(rows.iter().map(entry).collect()), || {
        table(
            ["Number", "Time", "Who", "What", "Name"],
            rows.iter().map(|row| {
                [
                    row.number.to_string(),
                    row.at.to_string(),
                    row.actor.clone(),
                    row.action.clone(),
                    row.name.clone().unwrap_or_default(),
                ]
            }),
        )
    });
    Ok(ExitCode::SUCCESS)
}

fn entry(row: &AuditRow) -> Value {
    json!({
        "number": row.number,
        "at": row.at.to_string(),
        "actor": row.actor,
        "action": row.action,
        "resource_type": row.kind.map(directory::Kind::as_str),
        "resource_id": row.resource_id,
        "name": row.name,
        "detail": row.detail,
        "request_id": row.request_id,
        "address": row.address,
    })
}
