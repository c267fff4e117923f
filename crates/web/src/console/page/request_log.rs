//! Logs → Request log: the tenant's SCIM exchanges, filtered, and one of them in full.

use std::sync::Arc;

use directory::{Exchange, ExchangeQuery, KeyRow, StatusClass};
use maud::{Markup, html};
use scim::quirk::Quirk;

use super::exchanges::{below_base, exchanges, key};
use super::list::{search_box, search_form};
use crate::console::answer::{self, Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::icon::Icon;
use crate::console::component::pager::onward;
use crate::console::component::shell::Page;
use crate::console::component::{button, chip, copy, empty, json, status, time};
use crate::console::fields::Fields;
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::Desk;

const ROWS: usize = 50;
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const STATUSES: [(&str, &str); 3] =
    [("ok", "Succeeded"), ("refused", "Refused (4xx, 501)"), ("failed", "Failed (5xx)")];

pub(crate) async fn start(desk: Arc<Desk>) -> Answer {
    Ok(answer::redirect(&desk.url("logs/requests")))
}

/// The filters of the URL.
#[derive(Debug, Clone)]
struct Asked {
    text: String,
    status: String,
    method: String,
    key: String,
    quirk: String,
    resource: String,
    before: Option<u64>,
}

impl Asked {
    fn read(query: &Fields) -> Self {
        let bounded = |name: &str| query.text(name).chars().take(200).collect::<String>();
        let known = |name: &str, mut known: Box<dyn Iterator<Item = &'static str>>| {
            known.find(|value| *value == query.text(name)).unwrap_or("").to_owned()
        };
        Self {
            text: bounded("q"),
            status: known("status", Box::new(STATUSES.iter().map(|(value, _)| *value))),
            method: known("method", Box::new(METHODS.into_iter())),
            key: bounded("key"),
            quirk: known("quirk", Box::new(Quirk::ALL.iter().map(|quirk| quirk.id()))),
            resource: bounded("resource"),
            before: query.number("before"),
        }
    }

    fn query(&self) -> ExchangeQuery {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ExchangeQuery {
            status: match self.status.as_str() {
                "ok" => Some(StatusClass::Success),
                "refused" => Some(StatusClass::Refused),
                "failed" => Some(StatusClass::Failed),
                _ => None,
            },
            method: given(&self.method),
            key_id: given(&self.key),
            resource_id: given(&self.resource),
            text: given(&self.text),
            quirk: given(&self.quirk),
            before: self.before,
            limit: ROWS + 1,
            ..ExchangeQuery::default()
        }
    }

    /// The URL of the newest rows of this list.
    fn link(&self, path: &str) -> Link {
        Link::to(path)
            .with("q", &*self.text)
            .with("status", &*self.status)
            .with("method", &*self.method)
            .with("key", &*self.key)
            .with("quirk", &*self.quirk)
            .with("resource", &*self.resource)
    }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let asked = Asked::read(&desk.query);
    let path = desk.url("logs/requests");
    let mut rows = desk.app.directory.request_log(&desk.tenant.id, asked.query()).await?;
    let keys = desk.app.directory.keys(&desk.tenant.id).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let here = asked.link(&path);
    let older =
        rows.last().filter(|_| more).map(|last| here.with("before", last.number.to_string()).to_string());
    let newest = asked.before.is_some().then(|| here.to_string());
    let body = html! {
        (filters(&path, &asked, &keys))
        div #results {
            div.count-line { (chips(&asked, &here, &keys)) (left_out(&desk)) }
            @if rows.is_empty() { (nothing(&desk, &asked)) }
            @else { (exchanges(&desk, &rows)) (onward(rows.len(), newest, older)) }
        }
    };
    let days = desk.app.directory.settings(&desk.tenant.id).await?.request_log_days;
    let lead = html! {
        "Every SCIM request of this tenant's clients, with secrets left out, for " (time::counted(u64::from(days), "day", "days")) ". "
        a href=(desk.url("config/limits")) { "Limits and retention" }
    };
    let page = Page::new(Section::RequestLog, "Request log")
        .under("Logs", desk.url("logs"))
        .lead(lead)
        .canonical(here);
    Ok(page.send(&desk, &body))
}

fn filters(path: &str, asked: &Asked, keys: &[KeyRow]) -> Markup {
    search_form(
        path,
        &html! {
            (search_box(&asked.text, "Search path, body, error, request id"))
            (select("status", "Any status", &asked.status, STATUSES.iter().map(|(v, l)| (*v, *l))))
            (select("method", "Any method", &asked.method, METHODS.iter().map(|m| (*m, *m))))
            (select("key", "Any API key", &asked.key, keys.iter().map(|k| (k.id.as_str(), k.name.as_str()))))
            (select("quirk", "Any quirk rule", &asked.quirk, Quirk::ALL.iter().map(|q| (q.id(), q.id()))))
            @if !asked.resource.is_empty() { input type="hidden" name="resource" value=(asked.resource); }
        },
    )
}

fn select<'a>(
    name: &str,
    any: &str,
    chosen: &str,
    options: impl Iterator<Item = (&'a str, &'a str)>,
) -> Markup {
    html! {
        select.select name=(name) aria-label=(any.replace("Any ", "Filter by ")) autocomplete="off" {
            option value="" { (any) }
            @for (value, label) in options { option value=(value) selected[value == chosen] { (label) } }
        }
    }
}

fn chips(asked: &Asked, here: &Link, keys: &[KeyRow]) -> Markup {
    let status = STATUSES.iter().find(|(value, _)| *value == asked.status).map_or("", |(_, label)| label);
    let key_name =
        keys.iter().find(|key| key.id == asked.key).map_or(asked.key.as_str(), |key| key.name.as_str());
    let on = [
        ("q", "Search", asked.text.as_str()),
        ("status", "Status", status),
        ("method", "Method", asked.method.as_str()),
        ("key", "API key", key_name),
        ("quirk", "Quirk rule", asked.quirk.as_str()),
        ("resource", "Object", asked.resource.as_str()),
    ];
    let on: Vec<_> = on.into_iter().filter(|(_, _, value)| !value.is_empty()).collect();
    html! {
        @if !on.is_empty() {
            span.chips {
                @for (name, label, value) in &on { (chip::removable(label, value, &here.without(name).to_string())) }
            }
        }
    }
}

/// Reads pass through a bounded buffer that never slows a request; what it had no room for is said.
fn left_out(desk: &Desk) -> Markup {
    let count = desk.app.directory.left_out_reads(&desk.tenant.id);
    html! {
        @if count > 0 {
            span { (status::status("warn", Icon::Alert, &format!("{} left out", time::counted(count, "read", "reads")))) " since the server started" }
        } @else {
            span { "No reads left out" }
        }
    }
}

fn nothing(desk: &Desk, asked: &Asked) -> Markup {
    let filtered = !asked.link("").to_string().is_empty() || asked.before.is_some();
    if filtered {
        let all = button::link(&desk.url("logs/requests"), None, "Show all requests");
        return empty::empty(
            Icon::Search,
            "No request matches",
            "Take a filter away to see more.",
            Some(all),
        );
    }
    let text = "When an identity provider calls this tenant's SCIM2 Base URL, each request and its answer appear here.";
    empty::empty(
        Icon::Logs,
        "No requests yet",
        text,
        Some(button::link(&desk.url("config/scim"), None, "SCIM2 Configuration")),
    )
}

/// One exchange in full.
pub(crate) async fn one(desk: Arc<Desk>) -> Answer {
    let number = desk.parameter("number").parse().map_err(|_| Failure::NotFound)?;
    let row = desk.app.directory.exchange(&desk.tenant.id, number).await?;
    let exchange = &row.exchange;
    let body = html! {
        @if let Some(detail) = &exchange.detail {
            (banner::banner(if exchange.status >= 500 && exchange.status != 501 { Tone::Bad } else { Tone::Warn }, &html! {
                @if let Some(kind) = &exchange.scim_type { strong { (kind) } " · " } (detail)
            }))
        }
        div.stack.wide {
            (flush("Exchange", None, &facts(&about(&desk, exchange))))
            @if !exchange.quirks.is_empty() { (quirks(&exchange.quirks)) }
            div.cols {
                (section("Request", None, &content(exchange.request_body.as_deref())))
                (section("Response", None, &content(exchange.response_body.as_deref())))
            }
        }
    };
    let page = Page::new(Section::RequestLog, format!("Request {number}"))
        .under("Request log", desk.url("logs/requests"))
        .lead(html! { span.method { (exchange.method) } " " span.break { (below_base(&exchange.path)) } });
    Ok(page.send(&desk, &body))
}

fn about(desk: &Desk, exchange: &Exchange) -> Vec<Fact> {
    let mut list = vec![
        Fact::new(
            "Time",
            html! { (time::exact(exchange.at)) " " span.soft { "(" (time::ago(exchange.at, desk.now)) ")" } },
        ),
        Fact::new("Status", status::http(exchange.status)),
        Fact::new("Duration", html! { (time::duration(exchange.duration_us)) }),
        Fact::new("Path", html! { code { (exchange.path) } }),
        Fact::new("API key", by(desk, exchange)),
        Fact::new("Client address", html! { (exchange.address.as_deref().unwrap_or("unknown")) }),
        Fact::new("User agent", html! { (exchange.user_agent.as_deref().unwrap_or("not sent")) }),
        Fact::new("Request id", copy::inline("request-id", "the request id", &exchange.request_id)),
    ];
    if let Some(id) = &exchange.resource_id {
        list.push(Fact::new("Object", html! { code { (id) } " " a href=(desk.url(&format!("logs/requests?resource={id}"))) { "Requests about it" } }));
    }
    list
}

fn by(desk: &Desk, exchange: &Exchange) -> Markup {
    let name = key(exchange.key_name.as_deref(), exchange.key_id.as_deref());
    match &exchange.key_id {
        Some(id) => {
            html! { (name) " " code.soft { "mst_" (id) "_…" } " " a href=(desk.url(&format!("logs/requests?key={id}"))) { "Its requests" } }
        }
        None => name,
    }
}

fn quirks(ids: &[String]) -> Markup {
    section(
        "Quirk rules applied",
        None,
        &html! {
            ul.plain.small {
                @for id in ids {
                    @let known = Quirk::ALL.iter().find(|quirk| quirk.id() == id);
                    li { (chip::quirk(id)) @if let Some(quirk) = known { " " (quirk.client()) ": " (marked(quirk.description())) } }
                }
            }
        },
    )
}

/// Text in which names of attributes stand between backticks.
fn marked(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn content(text: Option<&str>) -> Markup {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => json::body(text),
        None => html! { p.soft { "No body" } },
    }
}
