//! `muster key`: create, list, rotate, revoke.

use directory::{KeyRow, KeyScope, NewKey, TenantId};
use serde_json::{Value, json};

use crate::cli::{self, Span};
use crate::house::{House, failure};
use crate::output::{Failure, Output, Result, facts, table};

use super::find_tenant;

pub(super) async fn run(house: &House, command: cli::Key, output: Output) -> Result<()> {
    match command {
        cli::Key::Create { tenant, name, scopes, expires } => {
            create(house, &tenant, name, &scopes, expires, output).await
        }
        cli::Key::List { tenant } => list(house, &tenant, output).await,
        cli::Key::Rotate { id, overlap } => rotate(house, &id, overlap, output).await,
        cli::Key::Revoke { id } => revoke(house, &id, output).await,
    }
}

async fn create(
    house: &House,
    tenant: &str,
    name: String,
    scopes: &[String],
    Span(expires): Span,
    output: Output,
) -> Result<()> {
    let scopes = scopes.iter().map(|text| scope(text)).collect::<Result<Vec<_>>>()?;
    let tenant = find_tenant(house, tenant).await?;
    let at = house.directory.now().checked_add(expires);
    let expires = Some(at.map_err(|e| Failure::usage(format!("--expires: {e}")))?);
    let key = NewKey { name, scopes, expires };
    let (row, value) = house.directory.create_key(house.context(&tenant.id), key).await.map_err(failure)?;
    show_once(&tenant.id, &row, &value, output);
    Ok(())
}

fn scope(text: &str) -> Result<KeyScope> {
    KeyScope::parse(text).map_err(|e| Failure::usage(e.to_string()))
}

fn show_once(tenant: &TenantId, row: &KeyRow, value: &str, output: Output) {
    let document = json!({
        "id": row.id,
        "key": value,
        "tenant_id": tenant.to_string(),
        "scopes": row.scopes,
        "expires_at": row.expires.map(|at| at.to_string()),
    });
    output.answer(&document, || {
        let rows = [
            ("id", row.id.clone()),
            ("name", row.name.clone()),
            ("tenant", tenant.to_string()),
            ("scopes", row.scopes.join(", ")),
            ("expires", row.expires.map_or_else(|| "never".to_owned(), |at| at.to_string())),
        ];
        format!("{value}\n\nCopy the key now: it is not shown again.\n\n{}", facts(&rows))
    });
}

async fn list(house: &House, tenant: &str, output: Output) -> Result<()> {
    let tenant = find_tenant(house, tenant).await?;
    let keys = house.directory.keys(&tenant.id).await.map_err(failure)?;
    let now = house.directory.now();
    let document: Vec<_> = keys.iter().map(|key| listed(&tenant.id, key, now)).collect();
    output.answer(&Value::Array(document), || {
        if keys.is_empty() {
            return "no API keys yet".to_owned();
        }
        let or_dash = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        table(
            ["Id", "Name", "Scopes", "State", "Expires", "Last used", "From"],
            keys.iter().map(|k| {
                [
                    k.id.clone(),
                    k.name.clone(),
                    k.scopes.join(", "),
                    state(k, now).to_owned(),
                    or_dash(k.expires),
                    or_dash(k.last_used),
                    k.last_address.clone().unwrap_or_else(|| "-".to_owned()),
                ]
            }),
        )
    });
    Ok(())
}

fn listed(tenant: &TenantId, key: &KeyRow, now: jiff::Timestamp) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "tenant_id": tenant.to_string(),
        "scopes": key.scopes,
        "state": state(key, now),
        "created_at": key.created.to_string(),
        "created_by": key.created_by,
        "expires_at": key.expires.map(|at| at.to_string()),
        "revoked_at": key.revoked.map(|at| at.to_string()),
        "last_used_at": key.last_used.map(|at| at.to_string()),
        "last_address": key.last_address,
    })
}

fn state(key: &KeyRow, now: jiff::Timestamp) -> &'static str {
    if key.revoked.is_some() {
        "revoked"
    } else if key.expires.is_some_and(|at| at <= now) {
        "expired"
    } else {
        "live"
    }
}

async fn rotate(house: &House, id: &str, Span(overlap): Span, output: Output) -> Result<()> {
    let tenant = tenant_of(house, id).await?;
    let (row, value) =
        house.directory.rotate_key(house.context(&tenant), id, overlap).await.map_err(failure)?;
    show_once(&tenant, &row, &value, output);
    Ok(())
}

async fn revoke(house: &House, id: &str, output: Output) -> Result<()> {
    let tenant = tenant_of(house, id).await?;
    house.directory.revoke_key(house.context(&tenant), id).await.map_err(failure)?;
    let document = json!({ "id": id, "tenant_id": tenant.to_string(), "revoked": true });
    output.answer(&document, || format!("API key {id} is revoked; the next request with it is refused"));
    Ok(())
}

/// Key ids are unique over all tenants, so naming the tenant is not asked for.
async fn tenant_of(house: &House, id: &str) -> Result<TenantId> {
    let wanted = id.to_owned();
    let found = house.store.read(move |read| read.key(&wanted)).await;
    let found = found.map_err(|e: store::Error| Failure::new(e.to_string()))?;
    found.map(|(tenant, ..)| tenant).ok_or_else(|| {
        Failure::new(format!("there is no API key with the id {id}")).hint("muster key list --tenant ID")
    })
}
