//! Provisioning logs: looked through, followed, exported.

use std::process::ExitCode;
use std::time::Duration;

use directory::TenantId;
use jiff::Timestamp;
use provision::logs::ExportForm;
use serde_json::Value;
use store::{LogQuery, LogRow};

use crate::cli::Span;
use crate::cli::app::Logs;
use crate::output::{Doing as _, Failure, Output, Result, print_line, printable, table};
use crate::serve::Stop;

use super::{Found, entry, refused};

const LOOK: Duration = Duration::from_millis(500);
/// Rows of one read.
const PAGE: usize = 500;

pub(super) async fn logs(found: &Found<'_>, asked: &Logs, output: Output) -> Result<ExitCode> {
    let query = query(found, asked).await?;
    if let Some(number) = asked.entry {
        return one(found, number, output).await;
    }
    if asked.follow {
        return follow(found, query, asked.ndjson || output.json).await;
    }
    if asked.csv || asked.ndjson {
        let form = if asked.csv { ExportForm::Csv } else { ExportForm::Ndjson };
        return export(found, query, form, asked.limit).await;
    }
    let lines = lines(found, query.clone(), ExportForm::Ndjson, asked.limit).await?;
    let entries: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let rows = rows(found, query, asked.limit).await?;
    output.answer(&Value::Array(entries), || {
        if rows.is_empty() {
            return "no entries".to_owned();
        }
        table(
            ["Number", "Time", "Action", "Status", "Kind", "Name", "What happened"],
            rows.iter().map(|LogRow { number, entry }| {
                [
                    number.to_string(),
                    entry.at.to_string(),
                    entry.action.clone(),
                    entry.status.clone(),
                    entry.kind.as_str().to_owned(),
                    entry.source_name.clone(),
                    entry.summary.clone(),
                ]
            }),
        )
    });
    Ok(ExitCode::SUCCESS)
}

async fn query(found: &Found<'_>, asked: &Logs) -> Result<LogQuery> {
    let source_id = match &asked.user {
        // Of somebody who has gone, the log still knows the id.
        Some(text) if TenantId::parse(text).is_some() => Some(text.clone()),
        Some(text) => Some(found.object(text).await?.id),
        None => None,
    };
    let now = found.house.directory.now();
    let when = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
    Ok(LogQuery {
        application: Some(found.id().to_owned()),
        cycle: asked.cycle.clone(),
        action: asked.action.clone(),
        status: asked.status.clone(),
        source_id,
        text: asked.text.clone(),
        since: when(&asked.since)?,
        until: when(&asked.until)?,
        before: None,
        limit: asked.limit,
    })
}

/// A time, or how long ago.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || {
        Failure::usage(format!("\"{text}\" is neither a time nor a duration"))
            .hint("as in 2h, or 2026-11-24T08:00:00Z")
    };
    let Span(ago) = text.parse().map_err(|_| wrong())?;
    now.checked_sub(ago).map_err(|_| wrong())
}

async fn rows(found: &Found<'_>, mut query: LogQuery, limit: usize) -> Result<Vec<LogRow>> {
    let mut rows: Vec<LogRow> = Vec::new();
    while rows.len() < limit {
        query.limit = (limit - rows.len()).min(PAGE);
        query.before = rows.last().map(|row| row.number);
        let page = found.house.provisioning.logs(&found.tenant, query.clone()).await.map_err(refused)?;
        let last = page.len() < query.limit;
        rows.extend(page);
        if last {
            break;
        }
    }
    Ok(rows)
}

async fn lines(found: &Found<'_>, query: LogQuery, form: ExportForm, limit: usize) -> Result<Vec<String>> {
    let mut export = found.house.provisioning.export_logs(&found.tenant, query, form);
    let mut lines = Vec::new();
    while lines.len() < limit
        && let Some(line) = export.next().await.map_err(refused)?
    {
        lines.push(line);
    }
    Ok(lines)
}

/// Line by line, so that the whole log may be asked for.
async fn export(found: &Found<'_>, query: LogQuery, form: ExportForm, limit: usize) -> Result<ExitCode> {
    let mut export = found.house.provisioning.export_logs(&found.tenant, query, form);
    // The head of a table is no entry.
    let most = limit.saturating_add(usize::from(form == ExportForm::Csv));
    for _ in 0..most {
        let Some(line) = export.next().await.map_err(refused)? else { break };
        print_line(line.trim_end_matches(['\r', '\n']));
    }
    Ok(ExitCode::SUCCESS)
}

async fn one(found: &Found<'_>, number: u64, output: Output) -> Result<ExitCode> {
    let row = found.house.provisioning.log(&found.tenant, number).await.map_err(refused)?;
    if row.entry.application != found.id() {
        return Err(Failure::new(format!("entry {number} is about another application"))
            .hint(format!("muster app logs {}", found.flags())));
    }
    let query = LogQuery {
        before: Some(number + 1),
        application: Some(row.entry.application.clone()),
        ..LogQuery::default()
    };
    let lines = lines(found, query, ExportForm::Ndjson, 1).await?;
    let document: Value =
        serde_json::from_str(lines.first().map_or("null", String::as_str)).doing("the entry")?;
    let record = provision::logs::document(&row.entry).map_err(refused)?;
    output.answer(&document, || entry::text(&row, &record));
    Ok(ExitCode::SUCCESS)
}

/// New entries as they come, until Ctrl-C.
async fn follow(found: &Found<'_>, query: LogQuery, json: bool) -> Result<ExitCode> {
    let mut stop = Box::pin(Stop::listen()?.wait());
    let newest = rows(found, LogQuery { since: None, ..query.clone() }, 1).await?;
    // With --since, what has happened since then comes first.
    let mut last = match query.since {
        Some(_) => 0,
        None => newest.first().map_or(0, |row| row.number),
    };
    loop {
        let mut new = Vec::new();
        let mut page = LogQuery { limit: PAGE, ..query.clone() };
        loop {
            let rows = found.house.provisioning.logs(&found.tenant, page.clone()).await.map_err(refused)?;
            let full = rows.len() == PAGE;
            page.before = rows.last().map(|row| row.number);
            let reached = rows.iter().any(|row| row.number <= last);
            new.extend(rows.into_iter().filter(|row| row.number > last));
            if reached || !full {
                break;
            }
        }
        last = new.first().map_or(last, |row| row.number);
        for row in new.iter().rev() {
            if json {
                let query = LogQuery { before: Some(row.number + 1), ..query.clone() };
                for line in lines(found, query, ExportForm::Ndjson, 1).await? {
                    print_line(line.trim_end());
                }
            } else {
                print_line(&line(row));
            }
        }
        tokio::select! {
            () = &mut stop => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn line(row: &LogRow) -> String {
    let entry = &row.entry;
    let time = entry.at.strftime("%Y-%m-%dT%H:%M:%SZ");
    let text = format!(
        "{time}  {:<7}  {:<12}  {}: {}",
        entry.status, entry.action, entry.source_name, entry.summary
    );
    printable(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (text, at) in [
            ("2h", Some("2026-11-24T10:00:00Z")),
            ("1d", Some("2026-11-23T12:00:00Z")),
            ("2026-11-24T08:00:00Z", Some("2026-11-24T08:00:00Z")),
            ("yesterday", None),
            ("", None),
        ] {
            let expected = at.map(|at| at.parse::<Timestamp>().unwrap());
            assert_eq!(moment(text, now).ok(), expected, "{text}");
        }
    }
}
