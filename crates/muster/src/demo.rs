//! `muster demo`: the whole walk-through in a throw-away folder, over real HTTP, and checked: a company's directory is
//! provisioned into an identity provider's tenant, as Entra ID does it; and Entra ID's own requests are sent to a third tenant.

mod book;
mod changes;
mod client;
mod company;
mod entra;
mod fill;
mod people;
mod report;
mod verify;
mod walk;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use directory::{Grant, KeyScope, NewKey, Role, TenantId};
use serde_json::json;
use tokio::net::TcpListener;
use web::WebOptions;

use crate::cli::{self, Global, ServerOptions};
use crate::config::{Config, LISTEN};
use crate::house::{Create, House, failure};
use crate::output::{Doing as _, Failure, Output, Result, facts, print_line};
use crate::serve::{self, Stop};

use report::Report;
use walk::{APPLICATION, Ends};

/// The company whose directory is provisioned, the identity provider that it is provisioned into, and the tenant that gets
/// Entra ID's own requests.
const COMPANY: &str = "Fabrikam";
const PROVIDER: &str = "Fabrikam Sign-in";
const REHEARSAL: &str = "Entra ID rehearsal";
const OPERATOR: &str = "admin";
/// People of the rehearsal at most: enough for every request that Entra ID knows.
const REHEARSED: u32 = 100;

/// Where to look at it, and with what.
struct Stage {
    ends: Ends,
    rehearsal_base: String,
    rehearsal_key: String,
    console: String,
    password: String,
}

pub(crate) async fn command(options: &cli::Demo, output: Output) -> Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("muster-demo-").tempdir().doing("a throw-away folder")?;
    let listener = listen(options).await?;
    let stop = Stop::listen()?;
    let address = listener.local_addr().doing("the listening address")?;
    let config = config(folder.path(), address)?;
    let house = House::open(&config, &format!("http://{address}"), Create::Yes)?;
    let stage = set(&house).await?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let web = WebOptions { rate_limit: 0, demo: true, ..WebOptions::default() };
    let shutdown = async {
        tokio::select! { () = stop.wait() => {}, _ = ended => {} }
    };
    let mut server = Box::pin(serve::run(listener, &house, web, None, shutdown));
    let report = tokio::select! {
        report = play(&house, &stage, options.users) => report?,
        served = &mut server => return served.and(Err(Failure::new("the demo was stopped before its end"))),
    };
    present(&report, &stage, options, output);
    // Dropping the sender ends the server; keeping it leaves that to Ctrl-C.
    let _kept = (!options.exit).then_some(end);
    server.await?;
    house.close().await;
    folder.close().doing("removing the throw-away folder")?;
    Ok(if report.passed() || !options.exit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play(house: &House, stage: &Stage, users: u32) -> Result<Report> {
    let (steps, sections) = Box::pin(walk::walk(house, &stage.ends, users)).await?;
    let entra = entra::rehearse(&stage.rehearsal_base, &stage.rehearsal_key, users.min(REHEARSED)).await?;
    Ok(Report { steps, entra, sections })
}

/// The usual port, or a free one when somebody has it; a port that was asked for, or none.
async fn listen(options: &cli::Demo) -> Result<TcpListener> {
    match &options.listen {
        Some(listen) => serve::bind(listen).await,
        None => match serve::bind(LISTEN).await {
            Ok(listener) => Ok(listener),
            Err(_) => serve::bind("127.0.0.1:0").await,
        },
    }
}

/// Its own address is the target's too; no other that is not public may be reached.
fn config(folder: &Path, address: SocketAddr) -> Result<Config> {
    let global = Global {
        data: Some(folder.to_owned()),
        provision_allow: vec![address.ip().to_string()],
        ..Global::default()
    };
    // Nothing of this machine's configuration reaches the demo.
    Config::load(&global, &ServerOptions::default(), &|_| None)
}

async fn set(house: &House) -> Result<Stage> {
    let company = house.directory.create_tenant(house.caller(), COMPANY).await.map_err(failure)?;
    let (provider, key) = receiver(house, PROVIDER, APPLICATION).await?;
    let (rehearsal, rehearsal_key) = receiver(house, REHEARSAL, "Entra ID").await?;
    let password = house.directory.generate_password();
    let grants = vec![Grant { role: Role::GlobalAdministrator, tenant: None }];
    house.directory.create_operator(house.caller(), OPERATOR, &password, grants).await.map_err(failure)?;
    let base = house.directory.scim_base(&provider);
    let ends = Ends { company: company.id, provider, base, key };
    Ok(Stage {
        ends,
        rehearsal_base: house.directory.scim_base(&rehearsal),
        rehearsal_key,
        console: house.directory.public_url().as_str().to_owned(),
        password,
    })
}

/// A tenant with an API key for whoever provisions into it.
async fn receiver(house: &House, name: &str, key: &str) -> Result<(TenantId, String)> {
    let tenant = house.directory.create_tenant(house.caller(), name).await.map_err(failure)?;
    let key = NewKey { name: key.to_owned(), scopes: vec![KeyScope::Scim2], expires: None };
    let (_, value) = house.directory.create_key(house.context(&tenant.id), key).await.map_err(failure)?;
    Ok((tenant.id, value))
}

fn present(report: &Report, stage: &Stage, options: &cli::Demo, output: Output) {
    let mut document = report.document();
    let Ends { company, provider, base, key } = &stage.ends;
    document["company"] = json!({ "id": company.to_string(), "name": COMPANY, "application": APPLICATION });
    document["tenant"] = json!({ "id": provider.to_string(), "name": PROVIDER, "scim_base_url": base });
    if !options.exit {
        document["key"] = json!(key);
        document["console"] =
            json!({ "url": stage.console, "operator": OPERATOR, "password": stage.password });
    }
    output.answer(&document, || report.text());
    if options.exit || output.json {
        return;
    }
    print_line(&format!(
        "\n{}\n\nThis is a throw-away server: Ctrl-C ends it and removes its data.",
        facts(&[
            ("console", stage.console.clone()),
            ("sign in as", OPERATOR.to_owned()),
            ("password", stage.password.clone()),
            ("company tenant", format!("{COMPANY}, with the application {APPLICATION}")),
            ("target tenant", PROVIDER.to_owned()),
            ("SCIM Base URL", base.clone()),
            ("API key", key.clone()),
        ])
    ));
}
