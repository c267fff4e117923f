//! `muster validate`: judge somebody's SCIM service provider.
//!
//! What happens while it runs goes to standard error, what came of it to standard output.

mod list;
mod live;
mod request;
mod summary;
mod written;

use std::process::ExitCode;

use serde_json::json;
use tokio::sync::mpsc;
use validator::{Options, Refusal, Report};

use crate::cli;
use crate::output::{Failure, Output, Result, print_line};
use crate::serve::Stop;

/// Events that may wait for the terminal.
const EVENTS: usize = 256;

pub(crate) async fn command(options: &cli::Validate, output: Output) -> Result<ExitCode> {
    // Exit code 1 says that deviations were found; whatever else goes wrong says nothing of the target.
    judged(options, output).await.map_err(|failure| Failure { usage: true, ..failure })
}

async fn judged(options: &cli::Validate, output: Output) -> Result<ExitCode> {
    request::check_names(&options.choice)?;
    if options.list {
        list::print(&options.choice, output);
        return Ok(ExitCode::SUCCESS);
    }
    let writings = written::plan(&options.reports, &options.files)?;
    let asked = request::options(options)?;
    let report = run(asked).await?;
    written::write(&writings, &report)?;
    present(&report, &writings, output);
    Ok(ExitCode::from(report.exit_code()))
}

/// Run, show what happens, and turn Ctrl-C into a request to stop and clean up.
async fn run(options: Options) -> Result<Report> {
    let cancel = options.cancel.clone();
    let (tell, mut events) = mpsc::channel(EVENTS);
    let mut live = live::Live::new(&options);
    let running = validator::run(options, tell);
    tokio::pin!(running);
    let mut interrupt = Box::pin(Stop::listen()?.wait());
    loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => live.show(&event),
            report = &mut running => {
                while let Ok(event) = events.try_recv() {
                    live.show(&event);
                }
                live.end();
                return report.map_err(refused);
            }
            () = &mut interrupt => {
                if cancel.is_cancelled() {
                    live.end();
                    return Err(Failure::new("stopped before everything was cleaned up")
                        .hint("delete the users and groups whose names begin with muster-check"));
                }
                cancel.cancel();
                live.stopping = true;
                live.say("stopping: no new checks; what was created is being deleted. Ctrl-C again leaves it behind");
                interrupt = Box::pin(Stop::listen()?.wait());
            }
        }
    }
}

fn refused(refusal: Refusal) -> Failure {
    let hint = match &refusal {
        Refusal::Target { .. } => "write the SCIM Base URL as in https://scim.example.com/scim/v2".to_owned(),
        Refusal::Unreachable { .. } => {
            "is the server running, is this its SCIM Base URL, and can this machine reach it?".to_owned()
        }
        Refusal::Unauthorized { .. } => {
            "give a token that may read and write users and groups: --token-env VAR".to_owned()
        }
        Refusal::TooManyUsers { found, .. } => {
            format!("use a test tenant; or say --yes, or --max-existing-users {found}")
        }
        Refusal::SchemaFile => "--schema takes what the target would answer at /Schemas".to_owned(),
        Refusal::NothingToRun => "muster validate --list shows what --only and --skip can name".to_owned(),
    };
    Failure::new(refusal.to_string()).hint(hint)
}

fn present(report: &Report, writings: &[written::Writing], output: Output) {
    if let (false, Some(writing)) = (output.json, writings.iter().find(|w| w.file.is_none())) {
        print_line(writing.format.write(report).trim_end());
        return;
    }
    let files: Vec<String> =
        writings.iter().filter_map(|w| Some(w.file.as_ref()?.display().to_string())).collect();
    let document = json!({
        "summary": summary::document(report),
        "files": files,
        "report": report,
    });
    output.answer(&document, || summary::text(report, &files));
}
