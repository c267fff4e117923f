//! `muster tenant`: create, list, show, rename, delete, settings.

use directory::{Settings, Tenant};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cli;
use crate::house::{House, failure};
use crate::output::{Doing as _, Failure, Output, Result, confirm, facts, table};

use super::find_tenant;

pub(super) async fn run(house: &House, command: cli::Tenant, output: Output) -> Result<()> {
    match command {
        cli::Tenant::Create { name } => create(house, &name, output).await,
        cli::Tenant::List => list(house, output).await,
        cli::Tenant::Show { id } => show(house, &id, output).await,
        cli::Tenant::Rename { id, name } => rename(house, &id, &name, output).await,
        cli::Tenant::Delete { id, yes } => delete(house, &id, yes, output).await,
        cli::Tenant::Settings { id, changes } => settings(house, &id, &changes, output).await,
    }
}

async fn create(house: &House, name: &str, output: Output) -> Result<()> {
    let tenant = house.directory.create_tenant(house.caller(), name).await.map_err(failure)?;
    let base = house.directory.scim_base(&tenant.id);
    let document = json!({ "id": tenant.id.to_string(), "name": tenant.name, "scim_base_url": base });
    output.answer(&document, || {
        let rows =
            [("id", tenant.id.to_string()), ("name", tenant.name.clone()), ("SCIM Base URL", base.clone())];
        format!(
            "{}\n\nNext: muster key create --tenant {} --name \"Entra ID\" --scope SCIM2",
            facts(&rows),
            tenant.id
        )
    });
    Ok(())
}

async fn list(house: &House, output: Output) -> Result<()> {
    let tenants = house.directory.tenants().await.map_err(failure)?;
    let document: Vec<_> = tenants.iter().map(|tenant| summary(house, tenant)).collect();
    output.answer(&Value::Array(document), || {
        if tenants.is_empty() {
            return "no tenants yet; make one: muster tenant create NAME".to_owned();
        }
        table(
            ["Id", "Name", "Created"],
            tenants.iter().map(|t| [t.id.to_string(), t.name.clone(), t.created.to_string()]),
        )
    });
    Ok(())
}

fn summary(house: &House, tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id.to_string(),
        "name": tenant.name,
        "scim_base_url": house.directory.scim_base(&tenant.id),
        "created": tenant.created.to_string(),
    })
}

async fn show(house: &House, id: &str, output: Output) -> Result<()> {
    let tenant = find_tenant(house, id).await?;
    let numbers = house.directory.statistics(&tenant.id).await.map_err(failure)?;
    let mut document = summary(house, &tenant);
    for (name, number) in [
        ("users", numbers.users),
        ("active_users", numbers.active_users),
        ("deleted_users", numbers.deleted_users),
        ("groups", numbers.groups),
        ("live_keys", numbers.live_keys),
    ] {
        document[name] = number.into();
    }
    output.answer(&document, || {
        facts(&[
            ("id", tenant.id.to_string()),
            ("name", tenant.name.clone()),
            ("SCIM Base URL", house.directory.scim_base(&tenant.id)),
            ("created", tenant.created.to_string()),
            ("users", format!("{} ({} active)", numbers.users, numbers.active_users)),
            ("deleted users", format!("{} that can be restored", numbers.deleted_users)),
            ("groups", numbers.groups.to_string()),
            ("API keys", format!("{} live", numbers.live_keys)),
        ])
    });
    Ok(())
}

async fn rename(house: &House, id: &str, name: &str, output: Output) -> Result<()> {
    let tenant = find_tenant(house, id).await?;
    let renamed = house.directory.rename_tenant(house.context(&tenant.id), name).await.map_err(failure)?;
    output.answer(&summary(house, &renamed), || format!("{} is now named {}", tenant.name, renamed.name));
    Ok(())
}

async fn delete(house: &House, id: &str, yes: bool, output: Output) -> Result<()> {
    let tenant = find_tenant(house, id).await?;
    if !yes {
        let numbers = house.directory.statistics(&tenant.id).await.map_err(failure)?;
        let question = format!(
            "Delete tenant {} with {} users, {} groups and {} API keys? This cannot be undone.",
            tenant.name, numbers.users, numbers.groups, numbers.live_keys
        );
        match confirm(&question) {
            Some(true) => {}
            Some(false) => return Err(Failure::new("nothing was deleted")),
            None => {
                return Err(Failure::new("nothing was deleted: there is no terminal to ask on")
                    .hint("say --yes to delete without being asked"));
            }
        }
    }
    house.directory.delete_tenant(house.context(&tenant.id)).await.map_err(failure)?;
    let document = json!({ "id": tenant.id.to_string(), "name": tenant.name, "deleted": true });
    output.answer(&document, || format!("tenant {} is deleted with everything in it", tenant.name));
    Ok(())
}

async fn settings(house: &House, id: &str, changes: &[String], output: Output) -> Result<()> {
    let tenant = find_tenant(house, id).await?;
    let mut settings = house.directory.settings(&tenant.id).await.map_err(failure)?;
    if !changes.is_empty() {
        settings = changed(&settings, changes)?;
        let context = house.context(&tenant.id);
        house.directory.set_settings(context, settings.clone()).await.map_err(failure)?;
    }
    let document = serde_json::to_value(&settings).doing("settings")?;
    output.answer(&document, || {
        let rows = document.as_object().into_iter().flatten();
        table(["Setting", "Value"], rows.map(|(name, value)| [name.clone(), shown(value)]))
    });
    Ok(())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "server's default".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Apply `NAME=VALUE` texts. A value is JSON, or a text when it is none.
fn changed(settings: &Settings, changes: &[String]) -> Result<Settings> {
    let mut document = serde_json::to_value(settings).doing("settings")?;
    let names: Vec<_> = document.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect();
    for change in changes {
        let (name, text) = change
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("\"{change}\" is not of the form NAME=VALUE")))?;
        let Some(slot) = document.get_mut(name) else {
            return Err(Failure::usage(format!("there is no setting {name}"))
                .hint(format!("the settings are {}", names.join(", "))));
        };
        *slot = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        // One at a time, so that the message names the setting.
        Settings::deserialize(&document).map_err(|e| Failure::usage(format!("{name}={text}: {e}")))?;
    }
    Settings::deserialize(&document).doing("settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_changed_by_name() {
        let changes = |texts: &[&str]| {
            changed(&Settings::default(), &texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
        };
        let settings =
            changes(&["restore_days=7", "inactive_conflict=reactivate", "rate_limit=null"]).unwrap();
        assert_eq!(settings.restore_days, 7);
        assert_eq!(settings.inactive_conflict, directory::InactiveConflict::Reactivate);
        for wrong in ["restore_days", "restore_day=7", "restore_days=many", "inactive_conflict=sometimes"] {
            assert!(changes(&[wrong]).unwrap_err().usage, "{wrong}");
        }
    }
}
