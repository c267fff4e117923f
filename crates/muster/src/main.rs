//! Muster's front door: reads the command line, hands everybody what they need, and says how it went.
//!
//! | to … | see |
//! |---|---|
//! | know every command and flag | [`cli`] |
//! | know where a setting comes from | [`config`] |
//! | run the server | [`serve`] |
//! | do one administrative task | [`command`] |
//! | judge somebody's SCIM endpoint | [`command::validate`] |
//! | show the product | [`demo`] |

mod cli;
mod command;
mod config;
mod data;
mod demo;
mod house;
mod import;
mod output;
mod process;
mod progress;
mod serve;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command, Global, ServerOptions};
use crate::config::Config;
use crate::house::{Create, House};
use crate::output::{Doing as _, Output, Result};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = Output { json: cli.global.json };
    run(cli, output).unwrap_or_else(|failure| output.failed(&failure))
}

/// Help and version go to standard output with exit code 0; anything else is a usage error with exit code 2.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        // Until the first blank line: what is wrong, and with which arguments.
        let lines: Vec<&str> =
            text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
        let error = lines.join(" ");
        let error = error.trim_start_matches("error: ");
        output::print_line(&format!("{:#}", serde_json::json!({ "error": error, "hint": "muster --help" })));
    }
    let _ = error.print();
    ExitCode::from(2)
}

fn run(cli: Cli, output: Output) -> Result<ExitCode> {
    let Cli { global, command } = cli;
    match command {
        Command::Serve(serve) => {
            let config = load(&global, &serve.options)?;
            telemetry::start(&config.log.value, config.log_format.value)?;
            server_runtime()?.block_on(serve::command(&config, output))
        }
        Command::Demo(options) => {
            telemetry::start(global.log.as_deref().unwrap_or("warn"), config::log_format_of(&global))?;
            server_runtime()?.block_on(demo::command(&options, output))
        }
        Command::Config(options) => {
            command::config::run(&load(&global, &options)?, output);
            Ok(ExitCode::SUCCESS)
        }
        Command::Validate(options) => {
            telemetry::start(global.log.as_deref().unwrap_or("warn"), config::log_format_of(&global))?;
            server_runtime()?.block_on(command::validate::command(&options, output))
        }
        Command::CopyDatabase { to } => {
            let config = load(&global, &ServerOptions::default())?;
            telemetry::start("warn", config.log_format.value)?;
            command::copy_database::run(&config, &to, output)?;
            Ok(ExitCode::SUCCESS)
        }
        command => task(&global, command, output),
    }
}

/// One administrative task on the database, beside a running server or without one.
fn task(global: &Global, command: Command, output: Output) -> Result<ExitCode> {
    let config = load(global, &ServerOptions::default())?;
    let log = if config.log.source == config::Source::Default { "warn" } else { &config.log.value };
    telemetry::start(log, config.log_format.value)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("the runtime")?;
    runtime.block_on(async {
        let house = House::open(&config, &config.public_url(), Create::when(command::creates(&command)))?;
        let done = command::run(&house, command, output).await;
        house.close().await;
        done
    })
}

fn load(global: &Global, server: &ServerOptions) -> Result<Config> {
    Config::load(global, server, &config::process_environment)
}

fn server_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().doing("the runtime")
}
