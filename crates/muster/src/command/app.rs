//! `muster app`: applications and their provisioning, one file a subject. Beside a running server its worker does the work;
//! what a command waits for (a plan, its application, one object on demand) it does itself.

mod assignment;
mod connection;
mod entry;
mod explain;
mod job;
mod logs;
pub(crate) mod mapping;
pub(crate) mod on_demand;
mod plan;
mod register;
mod scope;
mod settings;
pub(crate) mod status;

use std::process::ExitCode;

use directory::{Kind, Scope, SourceState, TenantId};
use provision::application::Application;
use scim::message::SearchRequest;

use crate::cli::app::{App, Named};
use crate::house::{House, failure};
use crate::output::{Doing as _, Failure, Output, Result};

use super::find_tenant;

pub(super) async fn run(house: &House, command: App, output: Output) -> Result<ExitCode> {
    match command {
        App::Create(asked) => register::create(house, &asked, output).await,
        App::List { tenant } => register::list(house, &tenant, output).await,
        App::Show(named) => register::show(&found(house, &named).await?, output).await,
        App::Delete { named, yes } => register::delete(&found(house, &named).await?, yes, output).await,
        App::Connect { named, connection } => {
            connection::connect(&found(house, &named).await?, &connection, output).await
        }
        App::Test { named, connection } => {
            connection::test(&found(house, &named).await?, &connection, output).await
        }
        App::Assign { named, objects, role } => {
            assignment::assign(&found(house, &named).await?, &objects, role.as_deref(), output).await
        }
        App::Unassign { named, objects } => {
            assignment::unassign(&found(house, &named).await?, &objects, output).await
        }
        App::Assignments { named, limit } => {
            assignment::list(&found(house, &named).await?, limit, output).await
        }
        App::Mapping(command) => mapping::run(house, command, output).await,
        App::Scope(command) => scope::run(house, command, output).await,
        App::Set(asked) => settings::set(&found(house, &asked.named).await?, &asked, output).await,
        App::Start(named) => job::start(&found(house, &named).await?, output).await,
        App::Pause(named) => job::pause(&found(house, &named).await?, output).await,
        App::Restart { named, reset } => job::restart(&found(house, &named).await?, &reset, output).await,
        App::Status { named, watch } => status::status(&found(house, &named).await?, watch, output).await,
        App::ProvisionOnDemand { named, object, members } => {
            on_demand::run(&found(house, &named).await?, &object, &members, output).await
        }
        App::Plan { named, all, limit } => plan::plan(&found(house, &named).await?, all, limit, output).await,
        App::Apply { named, plan } => plan::apply(&found(house, &named).await?, &plan, output).await,
        App::Explain { named, object } => {
            explain::explain(&found(house, &named).await?, &object, output).await
        }
        App::Logs(asked) => logs::logs(&found(house, &asked.named).await?, &asked, output).await,
    }
}

/// An application, where it is, and the way to it.
struct Found<'a> {
    house: &'a House,
    tenant: TenantId,
    application: Application,
}

async fn found<'a>(house: &'a House, named: &Named) -> Result<Found<'a>> {
    let tenant = find_tenant(house, &named.tenant).await?.id;
    let application = house.provisioning.application_named(&tenant, &named.app).await.map_err(refused)?;
    Ok(Found { house, tenant, application })
}

impl Found<'_> {
    fn id(&self) -> &str {
        &self.application.id
    }

    fn name(&self) -> &str {
        &self.application.name
    }

    fn context(&self) -> directory::Context {
        self.house.context(&self.tenant)
    }

    /// As the next command line names it.
    fn flags(&self) -> String {
        format!("{} --tenant {}", quoted(self.name()), self.tenant)
    }

    /// A user by userName, a group by displayName, or either by id.
    async fn object(&self, text: &str) -> Result<Object> {
        find_object(self.house, &self.tenant, text).await
    }
}

/// For a shell, as far as a name needs it.
fn quoted(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._@".contains(c)) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

/// A user or group of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Object {
    kind: Kind,
    id: String,
    name: String,
}

async fn find_object(house: &House, tenant: &TenantId, text: &str) -> Result<Object> {
    for kind in [Kind::User, Kind::Group] {
        let read = house.directory.source_object(tenant, kind, text).await.map_err(failure)?;
        if read.state != SourceState::Purged {
            return Ok(Object { kind, id: read.id, name: name_of(kind, &read.resource) });
        }
    }
    let mut hits = named(house, tenant, Kind::User, "userName", text).await?;
    hits.extend(named(house, tenant, Kind::Group, "displayName", text).await?);
    match (hits.pop(), hits.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => {
            Err(Failure::new(format!("both a user and a group are named {text}")).hint("name it by its id"))
        }
        (None, _) => Err(Failure::new(format!("there is no user and no group named {text}"))
            .hint("users are named by their userName, groups by their displayName, both also by their id")),
    }
}

fn name_of(kind: Kind, resource: &scim::Resource) -> String {
    let attribute = if kind == Kind::User { "userName" } else { "displayName" };
    resource.get(attribute).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

async fn named(
    house: &House,
    tenant: &TenantId,
    kind: Kind,
    attribute: &str,
    text: &str,
) -> Result<Vec<Object>> {
    // A JSON string is what RFC 7644 §3.4.2.2 has for a value.
    let value = serde_json::to_string(text).doing("the name")?;
    let request = SearchRequest {
        filter: Some(format!("{attribute} eq {value}")),
        attributes: vec![attribute.to_owned()],
        count: Some(2),
        ..SearchRequest::default()
    };
    let answer = house.directory.query(tenant, Scope::Kind(kind), request).await.map_err(failure)?;
    let object = |resource: scim::Resource| {
        let id = resource.get("id")?.as_str()?.to_owned();
        Some(Object { kind, id, name: name_of(kind, &resource) })
    };
    Ok(answer.list.resources.into_iter().filter_map(object).collect())
}

/// What the provisioning service refuses, in the words of the command line.
fn refused(error: provision::Error) -> Failure {
    let text = error.to_string();
    match error {
        provision::Error::NoTenant => Failure::new("there is no such tenant").hint("muster tenant list"),
        provision::Error::Unknown { what: "application", name } => {
            Failure::new(format!("there is no application {name}")).hint("muster app list --tenant ID")
        }
        provision::Error::Unknown { what: "plan", name } => {
            Failure::new(format!("there is no plan {name}")).hint("make one: muster app plan APP --tenant ID")
        }
        provision::Error::Unknown { what, name } => Failure::new(format!("there is no {what} {name}")),
        provision::Error::Invalid { field, detail } => {
            let failure = Failure::new(detail);
            match field {
                "name" => failure.hint("choose another name"),
                "secret" => failure.hint("--secret-env VAR, or --secret-stdin"),
                "tenantUrl" => failure.hint("as in --target-url https://scim.example.com/scim/v2"),
                "tokenUrl" => failure.hint("as in --token-url https://login.example.com/token"),
                "user" => failure.hint("as in --auth basic --user NAME"),
                "clientId" => failure.hint("as in --auth oauth --client-id ID --token-url URL"),
                "notificationEmail" => failure.hint("as in --notify it@example.com, or --notify off"),
                "deletionPercent" => failure.hint("as in --threshold-percent 20, or off"),
                "resetScope" => failure.hint("as in --reset Watermark,Escrows"),
                "mappings" => failure.hint("muster app mapping show shows what is there"),
                _ => Failure::new(text),
            }
        }
        provision::Error::Target(failed) => Failure::new(text).hint(failed.hint()),
        provision::Error::Busy | provision::Error::TooOften(_) => Failure::new(text).hint("try again"),
        provision::Error::Internal(_) => Failure::new(text).hint("--log debug says more"),
        provision::Error::Conflict(_) => Failure::new(text).hint("muster app status shows how it stands"),
    }
}

/// A file's text; `-` is standard input.
fn read_file(path: &std::path::Path) -> Result<String> {
    if path.as_os_str() == "-" {
        return std::io::read_to_string(std::io::stdin()).doing("standard input");
    }
    std::fs::read_to_string(path).doing(path.display())
}

/// The name of an application that a scope or mapping command is about.
async fn named_job<'a>(house: &'a House, named: &Named) -> Result<(Found<'a>, provision::job::Job)> {
    let found = found(house, named).await?;
    let job = house.provisioning.job(&found.tenant, found.id()).await.map_err(refused)?;
    Ok((found, job))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_for_a_shell() {
        for (name, shell) in [
            ("Payroll", "Payroll"),
            ("Visual Passcodes", "'Visual Passcodes'"),
            ("O'Neill", r"'O'\''Neill'"),
            ("", "''"),
            ("$(rm)", "'$(rm)'"),
        ] {
            assert_eq!(quoted(name), shell);
        }
    }
}
