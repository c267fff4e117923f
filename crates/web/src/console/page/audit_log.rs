//! Logs → Audit log: who changed what, before and after; and whether the chain of rows is whole.

use std::sync::Arc;

use directory::{AuditQuery, AuditRow, Kind, Verdict};
use maud::{Markup, html};

use super::history::{Names, about, action, actor, told};
use super::list::{search_box, search_form};
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::icon::Icon;
use crate::console::component::pager::onward;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, copy, empty, json, time};
use crate::console::fields::Fields;
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;

const ROWS: usize = 50;

/// Beginnings of actions, and what they are called.
const ACTIONS: [(&str, &str); 5] = [
    ("user.", "Users"),
    ("group.", "Groups"),
    ("key.", "API keys"),
    ("settings.", "Settings"),
    ("tenant.", "Tenant"),
];

#[derive(Debug, Clone)]
struct Asked {
    text: String,
    action: String,
    resource: Option<(Kind, String)>,
    before: Option<u64>,
}

impl Asked {
    fn read(query: &Fields) -> Self {
        let kind = match query.text("kind") {
            "User" => Some(Kind::User),
            "Group" => Some(Kind::Group),
            _ => None,
        };
        let id: String = query.text("id").chars().take(200).collect();
        Self {
            text: query.text("q").chars().take(200).collect(),
            action: ACTIONS
                .iter()
                .find(|(v, _)| *v == query.text("action"))
                .map_or("", |(v, _)| *v)
                .to_owned(),
            resource: kind.filter(|_| !id.is_empty()).map(|kind| (kind, id)),
            before: query.number("before"),
        }
    }

    fn query(&self) -> AuditQuery {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        AuditQuery {
            resource: self.resource.clone(),
            action: given(&self.action),
            text: given(&self.text),
            before: self.before,
            limit: ROWS + 1,
            ..AuditQuery::default()
        }
    }

    fn link(&self, path: &str) -> Link {
        let (kind, id) = self.resource.as_ref().map_or(("", ""), |(kind, id)| (kind.as_str(), id.as_str()));
        Link::to(path).with("q", &*self.text).with("action", &*self.action).with("kind", kind).with("id", id)
    }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    list(&desk, None).await
}

/// The list with the verdict on the chain above it.
pub(crate) async fn verify(desk: Arc<Desk>) -> Answer {
    let verdict = desk.app.directory.verify_audit(&desk.tenant.id).await?;
    list(&desk, Some(verdict)).await
}

async fn list(desk: &Desk, verdict: Option<Verdict>) -> Answer {
    let asked = Asked::read(&desk.query);
    let path = desk.url("logs/audit");
    let mut rows = desk.app.directory.audit(&desk.tenant.id, asked.query()).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let here = asked.link(&path);
    let older =
        rows.last().filter(|_| more).map(|last| here.with("before", last.number.to_string()).to_string());
    let newest = asked.before.is_some().then(|| here.to_string());
    let body = html! {
        @if let Some(verdict) = &verdict { (shown(verdict)) }
        (search_form(&path, &html! {
            (search_box(&asked.text, "Search names, values, operators, keys"))
            select.select name="action" aria-label="Filter by what changed" autocomplete="off" {
                option value="" { "Anything" }
                @for (value, label) in ACTIONS { option value=(value) selected[value == asked.action] { (label) } }
            }
        }))
        div #results {
            (chips(&asked, &here))
            @if rows.is_empty() { (nothing(&asked)) }
            @else { (entries(desk, &rows)) (onward(rows.len(), newest, older)) }
        }
    };
    let page = Page::new(Section::AuditLog, "Audit log")
        .under("Logs", desk.url("logs"))
        .lead(html! { "Every change in this tenant, who made it, what was before and after. Rows are chained by their hashes and cannot be edited." })
        .actions(button::link(&desk.url("logs/audit/verify"), Some(Icon::Check), "Verify the chain"))
        .canonical(here);
    Ok(page.send(desk, &body))
}

fn chips(asked: &Asked, here: &Link) -> Markup {
    let action = ACTIONS.iter().find(|(value, _)| *value == asked.action).map(|(_, label)| *label);
    if here.to_string() == here.bare() {
        return Markup::default();
    }
    html! {
        div.count-line.chips {
            @if !asked.text.is_empty() { (chip::removable("Search", &asked.text, &here.without("q").to_string())) }
            @if let Some(action) = action { (chip::removable("Changed", action, &here.without("action").to_string())) }
            @if let Some((_, id)) = &asked.resource { (chip::removable("Object", id, &here.without("id").without("kind").to_string())) }
        }
    }
}

fn shown(verdict: &Verdict) -> Markup {
    match verdict {
        Verdict::Intact { rows, head } => banner::banner(
            Tone::Ok,
            &html! {
                strong { "The chain is whole." } " " (time::counted(*rows, "row", "rows")) " checked; the last hash is "
                code.break { (head) }
                ". Keep it elsewhere to prove later that no row was cut off."
            },
        ),
        Verdict::Broken { number, why } => banner::banner(
            Tone::Bad,
            &html! {
                strong { "The chain is broken at row " (number) "." } " " (why)
                ". Somebody changed the database file past Muster. Compare it with a backup."
            },
        ),
    }
}

fn nothing(asked: &Asked) -> Markup {
    if asked.link("").to_string().is_empty() && asked.before.is_none() {
        return empty::empty(
            Icon::Logs,
            "Nothing has changed yet",
            "Changes to users, groups, API keys and settings appear here.",
            None,
        );
    }
    empty::empty(Icon::Search, "No entry matches", "Take a filter away to see more.", None)
}

fn entries(desk: &Desk, rows: &[AuditRow]) -> Markup {
    let columns = [
        Column::new("Time"),
        Column::new("Action"),
        Column::new("Object"),
        Column::wide("By"),
        Column::wide("From"),
    ];
    table(
        "Audit log",
        &columns,
        &html! {
            @for row in rows {
                tr {
                    td { (time::ago(row.at, desk.now)) }
                    td { a href=(desk.url(&format!("logs/audit/{}", row.number))) data-row { (action(&row.action)) } }
                    td.break { (about(desk, row)) }
                    td.hide-narrow { (actor(&row.actor)) }
                    td.hide-narrow { (row.address.as_deref().unwrap_or("")) }
                }
            }
        },
    )
}

/// One row in full.
pub(crate) async fn one(desk: Arc<Desk>) -> Answer {
    let number: u64 = desk.parameter("number").parse().map_err(|_| Failure::NotFound)?;
    let query = AuditQuery { before: Some(number.saturating_add(1)), limit: 1, ..AuditQuery::default() };
    let rows = desk.app.directory.audit(&desk.tenant.id, query).await?;
    let row = rows.into_iter().find(|row| row.number == number).ok_or(Failure::NotFound)?;
    let names = Names::of(&desk, std::slice::from_ref(&row)).await?;
    let list = vec![
        Fact::new(
            "Time",
            html! { (time::exact(row.at)) " " span.soft { "(" (time::ago(row.at, desk.now)) ")" } },
        ),
        Fact::new("Action", html! { code { (row.action) } }),
        Fact::new("Object", about(&desk, &row)),
        Fact::new("By", html! { (actor(&row.actor)) " " code.soft { (row.actor) } }),
        Fact::new("From", html! { (row.address.as_deref().unwrap_or("this machine")) }),
        Fact::new("Request id", copy::inline("request-id", "the request id", &row.request_id)),
        Fact::new("Hash", html! { code.break { (hex(&row.hash)) } }),
    ];
    let body = html! {
        div.stack.wide {
            (flush("Entry", None, &facts(&list)))
            (section("What changed", None, &html! {
                div.stack {
                    (told(&row.detail, &names))
                    details.more { summary { "Show as JSON" } (json::pretty(&row.detail)) }
                }
            }))
        }
    };
    let page =
        Page::new(Section::AuditLog, format!("Entry {number}")).under("Audit log", desk.url("logs/audit"));
    Ok(page.send(&desk, &body))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sign-ins and what operators do outside tenants; for Global Administrators.
pub(crate) async fn system(desk: Arc<Desk>) -> Answer {
    let verdict =
        if desk.query.has("verify") { Some(desk.app.directory.verify_system_audit().await?) } else { None };
    let query = AuditQuery { before: desk.query.number("before"), limit: ROWS + 1, ..AuditQuery::default() };
    let mut rows = desk.app.directory.system_audit(query).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let names = Names::of(&desk, &rows).await?;
    let here = Link::to(desk.url("logs/system"));
    let older =
        rows.last().filter(|_| more).map(|last| here.with("before", last.number.to_string()).to_string());
    let newest = desk.query.has("before").then(|| here.to_string());
    let body = html! {
        @if let Some(verdict) = &verdict { (shown(verdict)) }
        (table("Sign-ins and operators", &[Column::new("Time"), Column::new("Action"), Column::new("Who"), Column::wide("By"), Column::wide("From"), Column::wide("Detail")], &html! {
            @for row in &rows {
                tr {
                    td { (time::ago(row.at, desk.now)) }
                    td { (action(&row.action)) }
                    td.break { (row.name.as_deref().unwrap_or("")) }
                    td.hide-narrow { (actor(&row.actor)) }
                    td.hide-narrow { (row.address.as_deref().unwrap_or("")) }
                    td.hide-narrow.break { (told(&row.detail, &names)) }
                }
            }
        }))
        (onward(rows.len(), newest, older))
    };
    let page = Page::new(Section::SystemAudit, "Sign-ins")
        .under("Logs", desk.url("logs"))
        .lead(html! { "Sign-ins, operators and tenants of the whole server." })
        .actions(button::link(&here.with("verify", "1").to_string(), Some(Icon::Check), "Verify the chain"));
    Ok(page.send(&desk, &body))
}
