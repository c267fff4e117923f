//! A kept report: what came of it by level, each deviation with its proof, and the forms to download.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use directory::{Permission, ValidationRow};
use http::{HeaderValue, header};
use maud::{Markup, html};
use validator::report::Format;
use validator::scim_client::Exchange;
use validator::{Level, VerdictKind};

use super::validator_list::{find, maker, took};
use super::validator_run::kind;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts, flush, section, split};
use crate::console::component::icon::Icon;
use crate::console::component::pager::{SIZES, Slice, pager};
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, copy, json, status, time};
use crate::console::link::Link;
use crate::console::menu::Section;
use crate::console::visit::{Desk, sentence};
use crate::validation::report::{CONSOLE, Kept, Result as Case, Sent};

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let row = find(&desk).await?;
    let report = read(&desk, &row.id).await?;
    if let Some(id) = desk.query.given("check") {
        let case = report.results.iter().find(|case| case.id == id).ok_or(Failure::NotFound)?;
        return Ok(one_case(&desk, &row, case));
    }
    let url = desk.url(&format!("validator/{}", row.id));
    let body = html! {
        div.stack.wide {
            (notices(&row, &report))
            (split(&flush("By level", None, &levels(&report)), &section("Run", None, &about(&desk, &row, &report))))
            (results(&desk, &row, &report))
        }
    };
    let page = Page::new(Section::Validator, "Report")
        .under("Validator", desk.url("validator"))
        .lead(html! { span.break { (row.target) } ", " (time::exact(row.started)) })
        .actions(html! {
            @for format in Format::ALL {
                a.button href={ (url) "/download?format=" (format.as_str()) } download { (name(format)) }
            }
            @if desk.may(Permission::ManageSettings) { (button::asks(&format!("{url}/delete"), Icon::Trash, "Delete")) }
        });
    Ok(page.send(&desk, &body))
}

/// The report of that id, whole.
pub(super) async fn read(desk: &Desk, id: &str) -> Result<Kept, Failure> {
    let text = desk.app.directory.validation_document(&desk.tenant.id, id, CONSOLE).await?;
    text.and_then(|text| Kept::read(&text)).ok_or(Failure::NotFound)
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Html => "HTML",
        Format::Json => "JSON",
        Format::JUnit => "JUnit",
        Format::Sarif => "SARIF",
        Format::Markdown => "Markdown",
    }
}

fn notices(row: &ValidationRow, report: &Kept) -> Markup {
    html! {
        @if row.cancelled {
            (banner::text(Tone::Warn, "The run was stopped: what had not run by then could not be judged."))
        }
        @if !report.left_over.is_empty() {
            (banner::banner(Tone::Warn, &html! {
                strong {
                    (time::counted(report.left_over.len() as u64, "resource is", "resources are")) " still at the target"
                    @if report.kept { ", as asked." } @else { ": it did not delete them." }
                }
                details.more {
                    summary { "Their paths" }
                    ul.plain { @for path in report.left_over.iter().take(200) { li { code.break { (path) } } } }
                }
            }))
        }
        @if !report.unsure.is_empty() {
            (banner::banner(Tone::Warn, &html! {
                strong {
                    (time::counted(report.unsure.len() as u64, "resource is", "resources are"))
                    " perhaps still at the target: the create was not answered, and a filter by name did not tell."
                }
                details.more {
                    summary { "Their names" }
                    ul.plain { @for name in report.unsure.iter().take(200) { li { code.break { (name) } } } }
                }
            }))
        }
        @if row.deviations == 0 && row.not_judged == 0 && !row.cancelled {
            (banner::text(Tone::Ok, "No deviation: every check that applies passed."))
        }
    }
}

fn levels(report: &Kept) -> Markup {
    let columns = [
        Column::new("Level"),
        Column::new("Checks").numeric(),
        Column::new("Passed").numeric(),
        Column::new("Deviations").numeric(),
        Column::wide("Not judged").numeric(),
        Column::wide("Not applicable").numeric(),
    ];
    let count = |level: Level, kind: Option<VerdictKind>| {
        let of = report.results.iter().filter(|case| case.level == level.as_str());
        time::number(of.filter(|case| kind.is_none_or(|kind| case.is(kind))).count() as u64)
    };
    table(
        "Verdicts by level",
        &columns,
        &html! {
            @for level in Level::ALL {
                tr {
                    th scope="row" { (level.as_str()) }
                    td.num { (count(level, None)) }
                    td.num { (count(level, Some(VerdictKind::Pass))) }
                    td.num { (count(level, Some(VerdictKind::Deviation))) }
                    td.num.hide-narrow { (count(level, Some(VerdictKind::CouldNotJudge))) }
                    td.num.hide-narrow { (count(level, Some(VerdictKind::NotApplicable))) }
                }
            }
        },
    )
}

fn about(desk: &Desk, row: &ValidationRow, report: &Kept) -> Markup {
    let number = |value: u64| html! { (time::number(value)) };
    facts(&[
        Fact::new("Begun", time::ago(row.started, desk.now)),
        Fact::new("By", html! { (maker(&row.started_by)) }),
        Fact::new("Took", html! { (took(Duration::from_millis(row.duration_ms))) }),
        Fact::new("Profile and seed", html! { (row.profile) ", " (row.seed) }),
        Fact::new("Requests", number(row.requests)),
        Fact::new("Users before", report.existing_users.map_or_else(|| html! { "not said" }, number)),
        Fact::new(
            "Created and deleted",
            html! { (time::number(report.created as u64)) ", " (time::number(report.deleted as u64)) },
        ),
    ])
}

/// The verdict that is asked for; without a word the deviations, if there are any.
fn filter(desk: &Desk, report: &Kept) -> Option<VerdictKind> {
    let asked = desk.query.text("verdict");
    let named = VerdictKind::ALL.into_iter().find(|kind| kind.as_str() == asked);
    named.or_else(|| {
        let deviates = report.count(VerdictKind::Deviation) > 0;
        (asked.is_empty() && deviates).then_some(VerdictKind::Deviation)
    })
}

fn results(desk: &Desk, row: &ValidationRow, report: &Kept) -> Markup {
    let chosen = filter(desk, report);
    let size = desk.query.number("size").and_then(|size| usize::try_from(size).ok());
    let size = size.filter(|size| SIZES.contains(size)).unwrap_or(50);
    let cases: Vec<&Case> =
        report.results.iter().filter(|case| chosen.is_none_or(|kind| case.is(kind))).collect();
    let slice =
        Slice { page: desk.query.number("page").unwrap_or(1).max(1), size, total: cases.len() as u64 };
    let link = Link::to(desk.url(&format!("validator/{}", row.id)))
        .with("verdict", chosen.map_or("all", VerdictKind::as_str))
        .with("size", if size == 50 { String::new() } else { size.to_string() });
    let from = usize::try_from(slice.offset()).unwrap_or(usize::MAX);
    let shown = || cases.iter().skip(from).take(size);
    let chip = |label: String, word: &str, on: bool| {
        chip::choice(&label, &link.with("verdict", word).to_string(), on)
    };
    html! {
        section {
            div.filters { div.chips {
                @for kind in VerdictKind::ALL {
                    (chip(format!("{} {}", sentence(kind.words()), time::number(report.count(kind) as u64)), kind.as_str(), chosen == Some(kind)))
                }
                (chip(format!("All {}", time::number(report.results.len() as u64)), "all", chosen.is_none()))
            } }
            @if cases.is_empty() { p.soft { "No check came to this." } }
            @else if chosen == Some(VerdictKind::Deviation) {
                div.stack { @for case in shown() { (deviation(&link, case)) } }
            } @else { (list(&link, shown())) }
            (pager(slice, &|page| link.with("page", page.to_string()).to_string(), &|size| link.with("size", size.to_string()).to_string()))
        }
    }
}

fn list<'a>(link: &Link, cases: impl Iterator<Item = &'a &'a Case>) -> Markup {
    let columns =
        [Column::new("Check"), Column::new("Verdict"), Column::wide("Level"), Column::wide("Clause")];
    table(
        "Checks",
        &columns,
        &html! {
            @for case in cases {
                tr {
                    td.break {
                        a href=(link.with("check", &*case.id)) data-row { (case.title) }
                        @if !case.reason.is_empty() { div.soft.small { (case.reason) } }
                    }
                    td { (kind(case.kind())) }
                    td.hide-narrow { (chip::tag(&case.level)) }
                    td.hide-narrow { (case.clause) }
                }
            }
        },
    )
}

fn deviation(link: &Link, case: &Case) -> Markup {
    html! {
        details.section.case {
            summary {
                (kind(case.kind())) strong.break { (case.title) } (chip::tag(&case.level))
                @match case.deviation.as_ref().and_then(|found| found.same_as.as_ref()) {
                    Some(other) => { span.soft { "the same cause as " (other) } }
                    None => { span.soft { (case.clause) } }
                }
            }
            div.body.stack {
                (proof(case))
                @if let Some(sent) = case.culprit() { (exchange(&case.id, sent)) }
                @if case.exchanges.len() > 1 {
                    p { a href=(link.with("check", &*case.id)) { "All " (case.exchanges.len()) " exchanges of this check" } }
                }
            }
        }
    }
}

/// What was expected, what came, by which clause, and what it means.
fn proof(case: &Case) -> Markup {
    let Some(found) = &case.deviation else {
        return html! { @if !case.reason.is_empty() { p { (sentence(&case.reason)) } } };
    };
    html! {
        @if let Some(other) = &found.same_as { p { "The cause is that of " code { (other) } "." } }
        (facts(&[
            Fact::new("Expected", html! { (found.expected) }),
            Fact::new("Got", html! { (found.got) }),
            Fact::new("Clause", html! { (found.clause) }),
            Fact::new("What happens then", html! { (found.consequence) }),
        ]))
        @if let Some(minimal) = &found.minimal {
            h3 { "Smallest request that shows it" }
            (json::pretty(minimal))
        }
    }
}

fn exchange(id: &str, sent: &Sent) -> Markup {
    let Exchange { method, url, status: code, request_body, response_body, error, truncated, .. } =
        &sent.exchange;
    html! {
        div.exchange.stack {
            p.break {
                span.method { (method) } " " code { (url) } " "
                @match code { Some(code) => { (status::http(*code)) }, None => { (status::status("bad", Icon::Error, "no answer")) } }
                @if sent.preparation { " " span.soft { "preparation" } }
            }
            @if let Some(error) = error { p { (sentence(error)) } }
            div.cols {
                @if let Some(body) = request_body { div.stack { h3 { "Sent" } (json::body(body)) } }
                @if let Some(body) = response_body { div.stack { h3 { "Came back" } (json::body(body)) } }
            }
            @if *truncated { p.soft.small { "Only the beginning of a long body is kept." } }
            (copy::copy(&format!("curl-{id}"), "the command that sends it again", &sent.curl))
        }
    }
}

/// One check with all its exchanges.
fn one_case(desk: &Desk, row: &ValidationRow, case: &Case) -> Response {
    let report = desk.url(&format!("validator/{}", row.id));
    let body = html! {
        div.stack.wide {
            p { (kind(case.kind())) " " (chip::tag(&case.level)) " " span.soft { (case.clause) " · " code { (case.id) } } }
            @if !case.what.is_empty() { p { (case.what) } }
            (proof(case))
            @for (number, sent) in case.exchanges.iter().enumerate() {
                (section(&format!("Exchange {} of {}", number + 1, case.exchanges.len()), None, &html! { (exchange(&number.to_string(), sent)) }))
            }
            @if case.exchanges.is_empty() { p.soft { "No exchange is kept of it." } }
        }
    };
    Page::new(Section::Validator, case.title.clone())
        .under("Validator", desk.url("validator"))
        .under("Report", report)
        .send(desk, &body)
}

/// The report as a file.
pub(crate) async fn download(desk: Arc<Desk>) -> Answer {
    let row = find(&desk).await?;
    let format = Format::parse(desk.query.text("format"))
        .ok_or_else(|| Failure::BadRequest("Choose html, json, junit, sarif or md.".to_owned()))?;
    let text = desk.app.directory.validation_document(&desk.tenant.id, &row.id, format.as_str()).await?;
    let text = text.ok_or(Failure::NotFound)?;
    let extension = if format == Format::JUnit { "xml" } else { format.as_str() };
    let file =
        format!("attachment; filename=\"validator-{}.{extension}\"", row.started.strftime("%Y%m%d-%H%M%S"));
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(file) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}
