//! Commands, one file a noun. The administrative ones open the database beside a running server and take effect on it
//! at once; `validate` speaks to somebody else's server and needs none.

pub(crate) mod app;
pub(crate) mod config;
pub(crate) mod copy_database;
pub(crate) mod validate;

mod audit;
mod import;
mod key;
mod migrate;
mod operator;
mod tenant;

use std::process::ExitCode;

use directory::TenantId;

use crate::cli::{self, Command};
use crate::house::{House, failure};
use crate::output::{Failure, Output, Result};

/// Whether the command may make a data folder that is not there.
pub(crate) fn creates(command: &Command) -> bool {
    matches!(
        command,
        Command::Tenant(cli::Tenant::Create { .. })
            | Command::Operator(cli::Operator::Create { .. })
            | Command::Migrate
    )
}

pub(crate) async fn run(house: &House, command: Command, output: Output) -> Result<ExitCode> {
    match command {
        Command::Tenant(command) => tenant::run(house, command, output).await?,
        Command::Key(command) => key::run(house, command, output).await?,
        Command::Operator(command) => operator::run(house, command, output).await?,
        Command::App(command) => return app::run(house, *command, output).await,
        Command::Audit(command) => return audit::run(house, command, output).await,
        Command::Import(command) => return import::run(house, command, output).await,
        Command::Migrate => migrate::run(house, output),
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Config(_)
        | Command::CopyDatabase { .. }
        | Command::Validate(_) => {
            return Err(Failure::new("not an administrative command"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A tenant by its id or, where that is unique, its name.
async fn find_tenant(house: &House, text: &str) -> Result<directory::Tenant> {
    if let Some(id) = TenantId::parse(text) {
        return house.directory.tenant(&id).await.map_err(failure);
    }
    let mut named = house.directory.tenants().await.map_err(failure)?;
    named.retain(|tenant| tenant.name == text);
    match (named.pop(), named.is_empty()) {
        (Some(tenant), true) => Ok(tenant),
        (Some(_), false) => Err(Failure::new(format!("several tenants are named {text}"))
            .hint("name it by its id: muster tenant list")),
        (None, _) => Err(failure(directory::Error::NoTenant)),
    }
}
