//! Provisioning logs of one application and, under Logs, of the tenant: filtered, paged, and as files.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use provision::logs::{ExportForm, LogQuery, LogRow};
use provision::record::{LogAction, LogStatus};
use tokio::sync::mpsc;

use super::application_frame::{Opened, Place};
use super::exchanges::object_path;
use super::list::{search_box, search_form};
use super::provisioning_log_identity::{self as identity, Identity};
use super::provisioning_steps::{action_word, status_named};
use super::validator_run::streamed;
use crate::console::answer::{Answer, Failure};
use crate::console::component::icon::Icon;
use crate::console::component::pager::onward;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, time};
use crate::console::fields::Fields;
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::{Desk, sentence, stopped};

const ROWS: usize = 50;
/// Lines of a file on their way to a slow reader.
const AHEAD: usize = 64;

/// Whose log is looked at.
struct Log {
    /// None: all applications of the tenant.
    opened: Option<Opened>,
    /// Ids and names.
    applications: Vec<(String, String)>,
}

impl Log {
    async fn of_application(desk: &Desk) -> Result<Self, Failure> {
        Ok(Self { opened: Some(Opened::load(desk).await?), applications: Vec::new() })
    }

    async fn of_tenant(desk: &Desk) -> Result<Self, Failure> {
        let applications = desk.app.provisioning.applications(&desk.tenant.id).await?;
        let applications = applications.into_iter().map(|(app, _)| (app.id, app.name)).collect();
        Ok(Self { opened: None, applications })
    }

    fn path(&self, desk: &Desk) -> String {
        match &self.opened {
            Some(opened) => opened.url(desk, "provisioning/logs"),
            None => desk.url("logs/provisioning"),
        }
    }

    fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.applications.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name)
    }
}

/// The filters of the URL.
#[derive(Debug, Clone)]
struct Asked {
    text: String,
    status: String,
    action: String,
    application: String,
    /// As typed: a user name, a group's name, an id.
    user: String,
    object: String,
    cycle: String,
    since: Option<Date>,
    until: Option<Date>,
    before: Option<u64>,
}

impl Asked {
    fn read(query: &Fields) -> Self {
        let bounded = |name: &str| query.text(name).chars().take(200).collect::<String>();
        let status = LogStatus::ALL.into_iter().map(LogStatus::as_str).find(|s| *s == query.text("status"));
        let action = LogAction::ALL.into_iter().map(LogAction::as_str).find(|a| *a == query.text("action"));
        Self {
            text: bounded("q"),
            status: status.unwrap_or_default().to_owned(),
            action: action.unwrap_or_default().to_owned(),
            application: bounded("app"),
            user: bounded("user"),
            object: bounded("object"),
            cycle: bounded("cycle"),
            since: query.text("since").parse().ok(),
            until: query.text("until").parse().ok(),
            before: query.number("before"),
        }
    }

    /// What was typed, or what a link on another page names.
    async fn identity(&self, desk: &Desk) -> Result<Option<Identity>, Failure> {
        let asked = [self.user.as_str(), self.object.as_str()].into_iter().find(|asked| !asked.is_empty());
        match asked {
            Some(asked) => Ok(Some(Identity::of(desk, asked).await?)),
            None => Ok(None),
        }
    }

    fn query(&self, log: &Log, who: Option<&Identity>) -> LogQuery {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let own = log.opened.as_ref().map(|opened| opened.id().to_owned());
        LogQuery {
            application: own.or_else(|| given(&self.application)),
            cycle: given(&self.cycle),
            action: given(&self.action),
            status: given(&self.status),
            source_id: who.map(|who| who.id.clone()),
            text: given(&self.text),
            since: self.since.and_then(midnight),
            until: self.until.and_then(|day| day.tomorrow().ok()).and_then(midnight),
            before: self.before,
            limit: ROWS + 1,
        }
    }

    /// The URL of the newest rows of this list.
    fn link(&self, path: &str) -> Link {
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Link::to(path)
            .with("q", &*self.text)
            .with("status", &*self.status)
            .with("action", &*self.action)
            .with("app", &*self.application)
            .with("user", &*self.user)
            .with("object", &*self.object)
            .with("cycle", &*self.cycle)
            .with("since", day(self.since))
            .with("until", day(self.until))
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let log = Log::of_application(&desk).await?;
    list(&desk, &log).await
}

pub(crate) async fn of_tenant(desk: Arc<Desk>) -> Answer {
    let log = Log::of_tenant(&desk).await?;
    list(&desk, &log).await
}

async fn list(desk: &Desk, log: &Log) -> Answer {
    let asked = Asked::read(&desk.query);
    let path = log.path(desk);
    let who = asked.identity(desk).await?;
    let mut rows = desk.app.provisioning.logs(&desk.tenant.id, asked.query(log, who.as_ref())).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let here = asked.link(&path);
    let older =
        rows.last().filter(|_| more).map(|last| here.with("before", last.number.to_string()).to_string());
    let newest = asked.before.is_some().then(|| here.to_string());
    let unknown = match &who {
        Some(who) if rows.is_empty() && who.name.is_none() => {
            Some(identity::meant(desk, &who.id, &here.without("object")).await?)
        }
        _ => None,
    };
    let content = html! {
        (filters(desk, &path, log, &asked))
        div #results {
            div.count-line { (chips(log, &asked, who.as_ref(), &here)) @if !rows.is_empty() { (downloads(&asked, &path)) } }
            @if rows.is_empty() { (nothing(desk, log, &asked, unknown)) }
            @else { (entries(desk, log, &rows)) (onward(rows.len(), newest, older)) }
        }
    };
    let content = html! { (content) dialog.sheet #entry aria-labelledby="entry-title" {} };
    let days = desk.app.directory.settings(&desk.tenant.id).await?.provisioning_log_days;
    Ok(send(desk, log, here, days, &content))
}

fn send(desk: &Desk, log: &Log, here: Link, days: u32, content: &Markup) -> Response {
    let days = html! { "Every action of the provisioning service, and why, with the target's answer and without secrets, for " (time::counted(u64::from(days), "day", "days")) ". " a href=(desk.url("config/limits")) { "Limits and retention" } };
    match &log.opened {
        Some(opened) => {
            let page = opened.page(desk, Place::ProvisioningLogs).lead(days).canonical(here);
            page.send(desk, &opened.frame(desk, Place::ProvisioningLogs, content))
        }
        None => Page::new(Section::ProvisioningLog, "Provisioning logs")
            .under("Logs", desk.url("logs"))
            .lead(days)
            .canonical(here)
            .send(desk, content),
    }
}

fn filters(desk: &Desk, path: &str, log: &Log, asked: &Asked) -> Markup {
    let statuses = LogStatus::ALL.map(|s| (s.as_str().to_owned(), sentence(s.as_str())));
    let actions = LogAction::ALL.map(|a| (a.as_str().to_owned(), action_word(a.as_str()).to_owned()));
    let day = |name: &str, label: &str, day: Option<Date>| {
        html! { label.day { span.soft { (label) } input.input type="date" name=(name) value=[day.map(|day| day.to_string())]; } }
    };
    search_form(
        path,
        &html! {
            (search_box(&asked.text, "Search name, id, code, summary"))
            (identity::field(desk, &asked.user))
            (select("status", "Any status", &asked.status, &statuses))
            (select("action", "Any action", &asked.action, &actions))
            @if log.opened.is_none() { (select("app", "Any application", &asked.application, &log.applications)) }
            (day("since", "From", asked.since))
            (day("until", "To", asked.until))
            @if !asked.object.is_empty() && asked.user.is_empty() { input type="hidden" name="object" value=(asked.object); }
            @if !asked.cycle.is_empty() { input type="hidden" name="cycle" value=(asked.cycle); }
        },
    )
}

fn select(name: &str, any: &str, chosen: &str, options: &[(String, String)]) -> Markup {
    html! {
        select.select name=(name) aria-label=(any.replace("Any ", "Filter by ")) autocomplete="off" {
            option value="" { (any) }
            @for (value, label) in options { option value=(value) selected[value == chosen] { (label) } }
        }
    }
}

fn chips(log: &Log, asked: &Asked, who: Option<&Identity>, here: &Link) -> Markup {
    let name = who.map(|who| who.name.clone().unwrap_or_else(|| who.id.clone())).unwrap_or_default();
    let on_of = |field: &str| if field.is_empty() { String::new() } else { name.clone() };
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let on = [
        ("q", "Search", asked.text.clone()),
        ("status", "Status", sentence(&asked.status)),
        ("action", "Action", action_word(&asked.action).to_owned()),
        ("app", "Application", log.name_of(&asked.application).to_owned()),
        ("user", "User or group", on_of(&asked.user)),
        ("object", "User or group", if asked.user.is_empty() { on_of(&asked.object) } else { String::new() }),
        ("cycle", "Cycle", asked.cycle.clone()),
        ("since", "From", day(asked.since)),
        ("until", "To", day(asked.until)),
    ];
    html! {
        span.chips {
            @for (name, label, value) in on.iter().filter(|(_, _, value)| !value.is_empty()) {
                (chip::removable(label, value, &here.without(name).to_string()))
            }
        }
    }
}

const FORMS: [(&str, &str, ExportForm); 4] = [
    ("csv", "CSV", ExportForm::Csv),
    ("csv-steps", "CSV of steps", ExportForm::CsvSteps),
    ("csv-modified", "CSV of modified properties", ExportForm::CsvModified),
    ("ndjson", "NDJSON", ExportForm::Ndjson),
];

fn downloads(asked: &Asked, path: &str) -> Markup {
    let link = asked.link(&format!("{path}/download"));
    html! {
        details.account.downloads data-drop {
            summary.button.tiny { "Download" }
            div.drop { @for (name, label, _) in FORMS { a href=(link.with("format", name)) download { (label) } } }
        }
    }
}

fn entries(desk: &Desk, log: &Log, rows: &[LogRow]) -> Markup {
    let mut columns =
        vec![Column::wide("Date"), Column::new("Identity"), Column::new("Action"), Column::new("Status")];
    if log.opened.is_none() {
        columns.push(Column::wide("Application"));
    }
    columns.extend([Column::wide("Source id"), Column::wide("Target id")]);
    let path = log.path(desk);
    table(
        "Provisioning log",
        &columns,
        &html! {
            @for row in rows {
                @let entry = &row.entry;
                tr {
                    td.hide-narrow { (time::ago(entry.at, desk.now)) }
                    td.roomy {
                        a href={ (path) "/" (row.number) } data-row hx-get={ (path) "/" (row.number) } hx-target="#entry" hx-swap="innerHTML" { (entry.source_name) }
                        div.soft.small { (stopped(&entry.summary)) }
                        div.only-narrow.soft.small { (time::ago(entry.at, desk.now)) }
                    }
                    td { (action_word(&entry.action)) }
                    td { (status_named(&entry.status)) @if let Some(code) = &entry.code { div.soft.small.long title=(code) { (code) } } }
                    @if log.opened.is_none() { td.hide-narrow.break { (log.name_of(&entry.application)) } }
                    td.hide-narrow.nowrap { a.id href=(desk.url(&object_path(entry.kind, &entry.source_id))) { code { (short_id(&entry.source_id)) } } }
                    td.hide-narrow.nowrap { @if let Some(id) = &entry.target_id { code title=(id) { (short_id(id)) } } }
                }
            }
        },
    )
}

/// Ids are long; their beginning says which, the whole is on the entry's page.
fn short_id(id: &str) -> String {
    if id.chars().count() <= 13 {
        id.to_owned()
    } else {
        format!("…{}", id.chars().skip(id.chars().count() - 12).collect::<String>())
    }
}

fn nothing(desk: &Desk, log: &Log, asked: &Asked, unknown: Option<Markup>) -> Markup {
    let filtered = asked.link("").to_string() != "" || asked.before.is_some();
    if let Some(meant) = unknown {
        let text = "Type a user name, the display name of a group, or an id.";
        let all = button::link(&log.path(desk), None, "Show all entries");
        let title = format!(
            "No user or group is called “{}”",
            if asked.user.is_empty() { &asked.object } else { &asked.user }
        );
        return html! { (empty::empty(Icon::Search, &title, text, Some(html! { (meant) (all) }))) };
    }
    if filtered {
        let all = button::link(&log.path(desk), None, "Show all entries");
        return empty::empty(Icon::Search, "No entry matches", "Take a filter away to see more.", Some(all));
    }
    let text = "Once the initial cycle has begun, everything the provisioning service does appears here: who, what, with which result, and why.";
    let back = match &log.opened {
        Some(opened) => button::link(&opened.url(desk, "provisioning"), None, "Provisioning"),
        None => button::link(&desk.url("apps"), None, "Enterprise apps"),
    };
    empty::empty(Icon::Logs, "Nothing has been provisioned yet", text, Some(back))
}

pub(crate) async fn download(desk: Arc<Desk>) -> Answer {
    let log = Log::of_application(&desk).await?;
    file(&desk, &log).await
}

pub(crate) async fn download_of_tenant(desk: Arc<Desk>) -> Answer {
    let log = Log::of_tenant(&desk).await?;
    file(&desk, &log).await
}

/// All that the filters find, as it is read.
async fn file(desk: &Desk, log: &Log) -> Answer {
    let named = desk.query.text("format");
    let form = FORMS
        .iter()
        .find(|(name, ..)| *name == named || (*name == "ndjson" && named == "json"))
        .map(|(_, _, form)| *form);
    let form =
        form.ok_or_else(|| Failure::BadRequest("Choose csv, csv-steps, csv-modified or ndjson.".to_owned()))?;
    let asked = Asked::read(&desk.query);
    let who = asked.identity(desk).await?;
    let query = LogQuery { before: None, ..asked.query(log, who.as_ref()) };
    let mut export = desk.app.provisioning.export_logs(&desk.tenant.id, query, form);
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        loop {
            let line = match export.next().await {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => return tracing::warn!(%error, "a download of provisioning logs was cut off"),
            };
            if sender.send(Bytes::from(line)).await.is_err() {
                return;
            }
        }
    });
    let mut response = streamed(receiver);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    let disposition = format!("attachment; filename=\"{}\"", form.file_name());
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Asked {
        Asked::read(&Fields::of_query(&format!("/x?{query}").parse().unwrap()).unwrap())
    }

    #[test]
    fn filters_are_in_the_url_and_unknown_ones_are_not() {
        let same = "/x?q=a%20b&status=failure&action=create&user=ada%40x.example&cycle=c&since=2026-03-01&until=2026-03-02";
        assert_eq!(asked(&same[3..]).link("/x").to_string(), same);
        assert_eq!(asked("status=loud&action=explode&since=yesterday&until=").link("/x").to_string(), "/x");
    }

    #[test]
    fn days_are_whole() {
        let log = Log { opened: None, applications: Vec::new() };
        let query = asked("since=2026-03-01&until=2026-03-01").query(&log, None);
        assert_eq!(query.since.unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(query.until.unwrap().to_string(), "2026-03-02T00:00:00Z");
    }

    #[test]
    fn long_ids_show_their_end() {
        assert_eq!(short_id("12"), "12");
        assert_eq!(short_id("0198c0de-0000-7000-8000-0123456789ab"), "…0123456789ab");
    }
}
