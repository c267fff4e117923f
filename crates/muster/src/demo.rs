//! `muster demo`: the product in a throw-away folder, provisioned over real HTTP as Entra ID does it, and checked.

mod cast;
mod client;
mod groups;
mod people;
mod read_back;
mod report;
mod story;
mod users;

use std::path::Path;
use std::process::ExitCode;

use directory::{Grant, KeyScope, NewKey, Role};
use serde_json::json;
use tokio::net::TcpListener;
use web::WebOptions;

use crate::cli::{self, Global, ServerOptions};
use crate::config::{Config, LISTEN};
use crate::house::{Create, House, failure};
use crate::output::{Doing as _, Failure, Output, Result, facts, print_line};
use crate::serve::{self, Stop};

use report::Report;

const TENANT: &str = "Fabrikam";
const OPERATOR: &str = "admin";

/// Where to look at it, and with what.
struct Stage {
    tenant: String,
    scim_base: String,
    console: String,
    key: String,
    password: String,
}

pub(crate) async fn command(options: &cli::Demo, output: Output) -> Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("muster-demo-").tempdir().doing("a throw-away folder")?;
    let listener = listen(options).await?;
    let stop = Stop::listen()?;
    let address = listener.local_addr().doing("the listening address")?;
    let house = House::open(&config(folder.path())?, &format!("http://{address}"), Create::Yes)?;
    let stage = set(&house).await?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let web = WebOptions { rate_limit: 0, demo: true, ..WebOptions::default() };
    let shutdown = async {
        tokio::select! { () = stop.wait() => {}, _ = ended => {} }
    };
    let mut server = Box::pin(serve::run(listener, &house, web, None, shutdown));
    let report = tokio::select! {
        report = story::tell(&stage.scim_base, &stage.key, options.users) => report?,
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

fn config(folder: &Path) -> Result<Config> {
    let global = Global { data: Some(folder.to_owned()), ..Global::default() };
    // Nothing of this machine's configuration reaches the demo.
    Config::load(&global, &ServerOptions::default(), &|_| None)
}

async fn set(house: &House) -> Result<Stage> {
    let tenant = house.directory.create_tenant(house.caller(), TENANT).await.map_err(failure)?;
    let key = NewKey { name: "Entra ID".to_owned(), scopes: vec![KeyScope::Scim2], expires: None };
    let (_, key) = house.directory.create_key(house.context(&tenant.id), key).await.map_err(failure)?;
    let password = house.directory.generate_password();
    let grants = vec![Grant { role: Role::GlobalAdministrator, tenant: None }];
    house.directory.create_operator(house.caller(), OPERATOR, &password, grants).await.map_err(failure)?;
    Ok(Stage {
        scim_base: house.directory.scim_base(&tenant.id),
        console: house.directory.public_url().as_str().to_owned(),
        tenant: tenant.id.to_string(),
        key,
        password,
    })
}

fn present(report: &Report, stage: &Stage, options: &cli::Demo, output: Output) {
    let mut document = report.document();
    document["tenant"] = json!({ "id": stage.tenant, "name": TENANT, "scim_base_url": stage.scim_base });
    if !options.exit {
        document["key"] = json!(stage.key);
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
            ("SCIM Base URL", stage.scim_base.clone()),
            ("API key", stage.key.clone()),
        ])
    ));
}
