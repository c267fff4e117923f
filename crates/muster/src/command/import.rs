//! `muster import`: users and groups from a CSV or NDJSON file into a tenant.

use std::process::ExitCode;

use serde_json::json;

use super::find_tenant;
use crate::cli;
use crate::house::House;
use crate::import::file::Source;
use crate::import::run::Import;
use crate::import::state::{Keeper, Progress};
use crate::import::upsert::Place;
use crate::output::{Failure, Output, Result};

pub(super) async fn run(house: &House, command: cli::Import, output: Output) -> Result<ExitCode> {
    let tenant =
        find_tenant(house, &command.tenant).await.map_err(|failure| Failure { usage: true, ..failure })?;
    let source = Source::open(&command.file, command.format)?;
    let begun = Progress::begin(tenant.id.as_str(), source.print()?);
    let keeper = (!command.preview).then(|| Keeper::beside(&source));
    let progress = match &keeper {
        Some(keeper) if command.resume => keeper.resume(begun)?,
        _ => begun,
    };
    let resumed_behind = progress.line;
    let place = Place {
        directory: house.directory.clone(),
        tenant: tenant.id.clone(),
        caller: house.caller(),
        is_preview: command.preview,
    };
    let mut import = Import::new(&source, place, progress, keeper);
    import.run().await?;
    let tally = &import.progress.tally;
    let mut document = json!({
        "tenant_id": tenant.id.as_str(),
        "file": source.path.display().to_string(),
        "format": source.format,
        "preview": command.preview,
        "resumed_behind_line": resumed_behind,
    });
    if let (Some(document), serde_json::Value::Object(counts)) = (document.as_object_mut(), tally.document())
    {
        document.extend(counts);
    }
    output.answer(&document, || {
        let file = source.path.display();
        let head = match (command.preview, tally.faults_total) {
            (true, _) => format!("Preview of {file}: nothing was written"),
            (false, 0) => format!("{file} is imported into {}", tenant.name),
            (false, _) => format!("{file} is imported into {}, but for what is told below", tenant.name),
        };
        format!("{head}\n\n{}", tally.text())
    });
    Ok(if tally.faults_total == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
