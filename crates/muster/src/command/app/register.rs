//! Applications themselves: created, listed, shown, deleted.

use std::process::ExitCode;

use provision::application::{Application, Template};
use provision::connection::{Authentication, Connection};
use provision::control::StatusView;
use provision::job::{Job, JobStatus};
use serde_json::{Value, json};

use crate::cli::app::{Create, TemplateName};
use crate::command::find_tenant;
use crate::house::House;
use crate::output::{Failure, Output, Result, confirm, facts, table};

use super::connection::{self, Entered};
use super::{Found, quoted, refused};

/// With a connection: tested first, so that a typing error leaves nothing behind.
pub(super) async fn create(house: &House, asked: &Create, output: Output) -> Result<ExitCode> {
    let tenant = find_tenant(house, &asked.tenant).await?.id;
    let template = match asked.template {
        TemplateName::Scim => Template::Scim,
        TemplateName::MusterTenant => Template::MusterTenant,
    };
    let entered = if asked.connection.is_given() {
        let entered = Entered::read(&asked.connection, None)?;
        let report = connection::try_out(house, &tenant, None, &entered).await?;
        let ticket = connection::passed(report, "nothing was created")?;
        Some((entered, ticket))
    } else {
        None
    };
    let context = || house.context(&tenant);
    let made = house.provisioning.create_application(context(), &asked.name, template).await;
    let application = made.map_err(refused)?;
    let connected = entered.is_some();
    if let Some((Entered { connection, secret }, ticket)) = entered {
        let set = house.provisioning.set_connection(context(), &application.id, connection, secret, ticket);
        set.await.map_err(refused)?;
    }
    let mut document = summary(&application);
    document["tenant_id"] = json!(tenant.to_string());
    document["connected"] = json!(connected);
    output.answer(&document, || {
        let named = format!("{} --tenant {tenant}", quoted(&application.name));
        let next = match connected {
            true => format!("Test Connection passed.\n\nNext: muster app assign {named} USER|GROUP…"),
            false => format!("\nNext: muster app connect {named} --target-url URL --secret-env VAR"),
        };
        format!("{}\n{next}", facts(&[("id", application.id.clone()), ("name", application.name.clone())]))
    });
    Ok(ExitCode::SUCCESS)
}

fn summary(application: &Application) -> Value {
    json!({
        "id": application.id,
        "name": application.name,
        "template": application.details.template.name(),
        "description": application.details.description,
        "created": application.created.to_string(),
    })
}

pub(super) async fn list(house: &House, tenant: &str, output: Output) -> Result<ExitCode> {
    let tenant = find_tenant(house, tenant).await?.id;
    let list = house.provisioning.applications(&tenant).await.map_err(refused)?;
    let listed = |(application, job): &(Application, Job)| {
        let mut document = summary(application);
        document["status"] = json!(job.status());
        document["running"] = json!(job.running);
        document["next_cycle"] = json!(job.next.map(|at| at.to_string()));
        document
    };
    output.answer(&list.iter().map(listed).collect(), || {
        if list.is_empty() {
            return format!("no applications yet; make one: muster app create NAME --tenant {tenant}");
        }
        table(
            ["Id", "Name", "Status", "Target", "Last cycle"],
            list.iter().map(|(application, job)| {
                let connection = job.config.connection.as_ref();
                let last = job.state.last_completed.as_ref();
                [
                    application.id.clone(),
                    application.name.clone(),
                    status_word(job),
                    connection.map_or_else(|| "-".to_owned(), |c| without_query(&c.tenant_url)),
                    last.map_or_else(|| "-".to_owned(), |last| last.ended.to_string()),
                ]
            }),
        )
    });
    Ok(ExitCode::SUCCESS)
}

fn without_query(url: &str) -> String {
    url.split('?').next().unwrap_or(url).to_owned()
}

pub(super) fn status_word(job: &Job) -> String {
    let word = match job.status() {
        JobStatus::NotConfigured => "not configured",
        JobStatus::NotRun => "not started",
        JobStatus::Active if job.running => "running",
        JobStatus::Active => "active",
        JobStatus::Paused if job.running => "running, paused after",
        JobStatus::Paused => "paused",
        JobStatus::Quarantine => "quarantine",
    };
    word.to_owned()
}

pub(super) async fn show(found: &Found<'_>, output: Output) -> Result<ExitCode> {
    let provisioning = &found.house.provisioning;
    let view = provisioning.status(&found.tenant, found.id()).await.map_err(refused)?;
    output.answer(&shown(found, &view), || facts(&lines(found, &view)));
    Ok(ExitCode::SUCCESS)
}

fn shown(found: &Found<'_>, view: &StatusView) -> Value {
    let mut document = summary(&found.application);
    document["tenant_id"] = json!(found.tenant.to_string());
    document["status"] = json!(view.status);
    document["config"] = json!(view.job.config);
    document["secrets"] = view
        .secrets
        .iter()
        .map(|(name, at)| json!({ "name": name.as_str(), "set_at": at.to_string() }))
        .collect();
    document["assigned"] = json!({ "users": view.assigned_users, "groups": view.assigned_groups });
    document
}

fn lines(found: &Found<'_>, view: &StatusView) -> Vec<(&'static str, String)> {
    let config = &view.job.config;
    let guard = &config.guard;
    let percent = guard.percent.map(|percent| format!(", or {percent} % of what is provisioned"));
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let mut lines = vec![
        ("id", found.id().to_owned()),
        ("name", found.name().to_owned()),
        ("made from", found.application.details.template.name().to_owned()),
        ("status", status_word(&view.job)),
    ];
    match &config.connection {
        Some(connection) => lines.extend(connection_lines(connection)),
        None => lines.push(("target", "none yet".to_owned())),
    }
    lines.extend(
        view.secrets.iter().map(|(name, at)| ("secret", format!("{}, set {at}", secret_word(name.as_str())))),
    );
    lines.extend([
        ("assigned", format!("{} users, {} groups", view.assigned_users, view.assigned_groups)),
        ("scope", super::scope::word(config.scope).to_owned()),
        ("interval", format!("{:#}", config.interval.duration())),
        ("push", on(config.push)),
        (
            "notification e-mail",
            match (&config.notification.recipient, config.notification.enabled) {
                (Some(address), true) => address.clone(),
                _ => "off".to_owned(),
            },
        ),
        (
            "accidental deletions",
            match guard.enabled {
                true => format!("prevented above {}{}", guard.count, percent.unwrap_or_default()),
                false => "not prevented".to_owned(),
            },
        ),
    ]);
    lines
}

fn secret_word(name: &str) -> &'static str {
    match name {
        "Password" => "password",
        "ClientSecret" => "client secret",
        _ => "secret token",
    }
}

fn connection_lines(connection: &Connection) -> Vec<(&'static str, String)> {
    let method = match &connection.authentication {
        Authentication::Bearer => "bearer token".to_owned(),
        Authentication::Basic { user } => format!("user name and password, {user}"),
        Authentication::ClientCredentials { client_id, token_url, .. } => {
            format!("OAuth 2.0 client credentials, {client_id} at {}", without_query(token_url))
        }
    };
    vec![
        ("target", connection.tenant_url.clone()),
        ("sign-in", method),
        ("dialect", connection::dialect_word(connection.dialect()).to_owned()),
    ]
}

pub(super) async fn delete(found: &Found<'_>, yes: bool, output: Output) -> Result<ExitCode> {
    let view = found.house.provisioning.status(&found.tenant, found.id()).await.map_err(refused)?;
    let linked = view.users.managed + view.groups.managed;
    let question = format!(
        "Delete {}? {linked} users and groups stay at the target and are looked after by nobody.",
        found.name()
    );
    match yes.then_some(true).or_else(|| confirm(&question)) {
        Some(true) => {}
        Some(false) => return Err(Failure::new("nothing was deleted")),
        None => {
            return Err(Failure::new("nothing was deleted: there is no terminal to ask on")
                .hint("say --yes to delete without being asked"));
        }
    }
    found.house.provisioning.delete_application(found.context(), found.id()).await.map_err(refused)?;
    let document = json!({ "id": found.id(), "name": found.name(), "deleted": true });
    output.answer(&document, || {
        format!("{} is deleted; {linked} users and groups stay at the target as they are", found.name())
    });
    Ok(ExitCode::SUCCESS)
}
