//! Provisioning logs: looked through, exported, and kept for a time.

use std::collections::VecDeque;

use serde_json::{Value as Json, json};
use store::TenantId;

use crate::error::{Error, Result};
use crate::limits;
use crate::provisioning::{Provisioning, parsed};
use crate::record::Document;

pub use store::{LogEntry, LogQuery, LogRow};

/// A form in which the log is handed out, line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// One JSON object a line, with everything.
    Ndjson,
    /// Entra's `ProvisioningLogs`: one line an entry.
    Csv,
    /// Entra's `ProvisioningLogs_ProvisioningSteps`: one line a step.
    CsvSteps,
    /// Entra's `ProvisioningLogs_ModifiedProperties`: one line an attribute.
    CsvModified,
}

impl ExportForm {
    pub const ALL: [Self; 4] = [Self::Ndjson, Self::Csv, Self::CsvSteps, Self::CsvModified];

    pub fn file_name(self) -> &'static str {
        match self {
            Self::Ndjson => "ProvisioningLogs.ndjson",
            Self::Csv => "ProvisioningLogs.csv",
            Self::CsvSteps => "ProvisioningLogs_ProvisioningSteps.csv",
            Self::CsvModified => "ProvisioningLogs_ModifiedProperties.csv",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv | Self::CsvSteps | Self::CsvModified => "text/csv; charset=utf-8",
        }
    }

    fn header(self) -> Option<String> {
        let columns: &[&str] = match self {
            Self::Ndjson => return None,
            Self::Csv => &[
                "ChangeId",
                "Date",
                "ApplicationId",
                "CycleId",
                "Action",
                "Status",
                "SourceType",
                "SourceId",
                "SourceName",
                "TargetId",
                "Code",
                "Summary",
                "Recommendation",
                "DurationMilliseconds",
                "InitiatedBy",
            ],
            Self::CsvSteps => &["ChangeId", "Step", "Name", "Type", "Status", "Description", "Details"],
            Self::CsvModified => &["ChangeId", "Name", "OldValue", "NewValue"],
        };
        Some(line(columns.iter().map(|column| (*column).to_owned())))
    }
}

/// The log as lines, the newest entry first, in bounded memory.
#[derive(Debug)]
pub struct Export {
    provisioning: Provisioning,
    tenant: TenantId,
    query: LogQuery,
    form: ExportForm,
    ready: VecDeque<String>,
    /// Entries may follow.
    more: bool,
}

impl Export {
    /// The next line, with its line break; `None` at the end.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Busy`]
    pub async fn next(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if !self.more {
                return Ok(None);
            }
            let rows = self.provisioning.logs(&self.tenant, self.query.clone()).await?;
            self.more = rows.len() >= self.query.limit;
            self.query.before = rows.last().map(|row| row.number);
            for row in rows {
                lines(self.form, &row, &mut self.ready)?;
            }
        }
    }
}

impl Provisioning {
    /// The newest first; a page at most.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn logs(&self, tenant: &TenantId, mut query: LogQuery) -> Result<Vec<LogRow>> {
        query.limit = query.limit.min(limits::PAGE);
        self.0.store.tenant(tenant).scan(move |read| Ok(read.provisioning_log(&query)?)).await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn log(&self, tenant: &TenantId, number: u64) -> Result<LogRow> {
        let row = self.0.store.tenant(tenant).read(|read| read.provisioning_log_entry(number)).await?;
        row.ok_or_else(|| Error::unknown("log entry", number.to_string()))
    }

    /// What `query` finds (its limit does not count), written in `form`.
    pub fn export_logs(&self, tenant: &TenantId, query: LogQuery, form: ExportForm) -> Export {
        Export {
            provisioning: self.clone(),
            tenant: tenant.clone(),
            query: LogQuery { limit: limits::EXPORTED_AT_ONCE, ..query },
            form,
            ready: form.header().into_iter().collect(),
            more: true,
        }
    }
}

/// The steps, modified attributes and exchanges of an entry.
///
/// # Errors
/// [`Error::Internal`] if it is not what was written.
pub fn document(entry: &LogEntry) -> Result<Document> {
    parsed(&entry.document)
}

fn lines(form: ExportForm, row: &LogRow, out: &mut VecDeque<String>) -> Result<()> {
    let LogRow { number, entry } = row;
    let document = document(entry)?;
    let id = number.to_string();
    match form {
        ExportForm::Ndjson => out.push_back(format!("{}\n", object(*number, entry, &document)?)),
        ExportForm::Csv => out.push_back(line(cells(id, entry, &document))),
        ExportForm::CsvSteps => {
            for (at, step) in document.steps.iter().enumerate() {
                let details: Vec<String> =
                    step.details.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
                out.push_back(line([
                    id.clone(),
                    (at + 1).to_string(),
                    step.name.clone(),
                    plain(&serde_json::to_value(step.kind).map_err(Error::internal)?),
                    step.status.as_str().to_owned(),
                    step.description.clone(),
                    details.join("; "),
                ]));
            }
        }
        ExportForm::CsvModified => {
            for change in &document.modified {
                let value = |value: &Option<Json>| value.as_ref().map(plain).unwrap_or_default();
                out.push_back(line([
                    id.clone(),
                    change.name.clone(),
                    value(&change.old),
                    value(&change.new),
                ]));
            }
        }
    }
    Ok(())
}

fn cells(id: String, entry: &LogEntry, document: &Document) -> Vec<String> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        id,
        entry.at.to_string(),
        entry.application.clone(),
        or_none(&entry.cycle),
        entry.action.clone(),
        entry.status.clone(),
        entry.kind.as_str().to_owned(),
        entry.source_id.clone(),
        entry.source_name.clone(),
        or_none(&entry.target_id),
        or_none(&entry.code),
        entry.summary.clone(),
        or_none(&document.recommendation),
        (entry.duration_us / 1_000).to_string(),
        entry.actor.clone(),
    ]
}

fn object(number: u64, entry: &LogEntry, document: &Document) -> Result<Json> {
    Ok(json!({
        "changeId": number,
        "date": entry.at,
        "application": entry.application,
        "cycle": entry.cycle,
        "action": entry.action,
        "status": entry.status,
        "source": { "type": entry.kind.as_str(), "id": entry.source_id, "name": entry.source_name },
        "target": { "id": entry.target_id },
        "code": entry.code,
        "summary": entry.summary,
        "durationUs": entry.duration_us,
        "initiatedBy": entry.actor,
        "document": serde_json::to_value(document).map_err(Error::internal)?,
    }))
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// RFC 4180, every cell in quotes.
fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> =
        cells.into_iter().map(|cell| format!("\"{}\"", inert(&cell).replace('"', "\"\""))).collect();
    format!("{}\r\n", cells.join(","))
}

/// Spreadsheets run cells that begin like a formula; names and values are other people's text.
fn inert(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}']).chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}
