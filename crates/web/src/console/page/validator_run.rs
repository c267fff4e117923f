//! One run: while it goes on, live; afterwards its report.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use directory::Permission;
use http::{HeaderValue, header};
use hyper::body::Frame;
use maud::{Markup, html};
use tokio::sync::mpsc;
use tokio::time::Instant;
use validator::VerdictKind;

use super::validator_list::took;
use super::validator_report;
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::flush;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::status::status;
use crate::console::component::{button, chip, time};
use crate::console::menu::Section;
use crate::console::visit::{Desk, sentence};
use crate::validation::live::{Line, Live, Phase, Progress};

/// Between two events of a stream at least.
const PACE: Duration = Duration::from_millis(300);
/// Between two events at most: the time goes on, and a watcher that left is noticed.
const BEAT: Duration = Duration::from_secs(1);
/// Then the stream ends, and the browser comes back through the gate: a role that was taken away does not watch on.
const STREAM_MAX: Duration = Duration::from_secs(60);
/// Seconds after which the page without script is loaded again.
const REFRESH: u32 = 3;

pub(crate) async fn one(desk: Arc<Desk>) -> Answer {
    match live(&desk) {
        Some(live) if live.now().phase != Phase::Kept => Ok(page(&desk, &live)),
        _ => validator_report::show(desk).await,
    }
}

/// The run of the id in the path, if it is this tenant's newest.
fn live(desk: &Desk) -> Option<Arc<Live>> {
    desk.app.runs.of(&desk.tenant.id).filter(|live| live.id == desk.parameter("id"))
}

fn page(desk: &Desk, live: &Live) -> Response {
    let url = desk.url(&format!("validator/{}", live.id));
    let progress = live.now();
    // Only what goes on is watched: the end of the stream loads the page again.
    let stream = (!live.has_ended()).then(|| format!("{url}/events"));
    let body = html! { div.stack.wide data-live=[stream] data-ended="The run has ended" { (part(desk, live, &progress)) } };
    let stops = desk.may(Permission::ManageSettings) && !live.has_ended() && !live.cancel.is_cancelled();
    let lead = html! {
        span.break { (live.plan.target) } ", profile " (live.plan.profile) ", seed " (live.plan.seed)
        @if live.plan.keep { ", keeps what it creates" }
    };
    let page = Page::new(Section::Validator, "Run").under("Validator", desk.url("validator")).lead(lead);
    let page = if stops {
        page.actions(button::act(&format!("{url}/stop"), desk.csrf(), Icon::Cross, "Stop the run"))
    } else {
        page
    };
    let page = if live.has_ended() { page } else { page.refresh(REFRESH) };
    page.send(desk, &body)
}

/// What changes while the run goes on: a part of the page, and the data of each event.
fn part(desk: &Desk, live: &Live, progress: &Progress) -> Markup {
    html! {
        @if let Phase::Failed(why) = &progress.phase {
            (banner::banner(Tone::Bad, &html! { strong { "There is no report. " } (sentence(why)) "." }))
            @if desk.may(Permission::ManageSettings) {
                @let again = if live.plan.own { "validator/own/new" } else { "validator/new" };
                div.actions { (button::link(&desk.url(again), None, "Run again")) (button::link(&desk.url("validator"), None, "All reports")) }
            }
        } @else {
            (bar(live, progress))
            (tiles(progress))
        }
        @if !progress.findings.is_empty() {
            (flush("Deviations so far", None, &lines("Deviations so far", progress.findings.iter())))
        }
        @if !progress.latest.is_empty() && !live.has_ended() {
            (flush("Latest checks", None, &lines("Latest checks", progress.latest.iter())))
        }
    }
}

fn bar(live: &Live, progress: &Progress) -> Markup {
    let doing = match &progress.phase {
        _ if live.cancel.is_cancelled() => "Stopping, and deleting what was created",
        Phase::Connecting => "Looking at what the target offers",
        Phase::Running => "Running",
        Phase::CleaningUp => "Deleting what was created",
        Phase::Kept | Phase::Failed(_) => "Ended",
    };
    let total = progress.total.max(1);
    html! {
        div.progress {
            progress max=(total) value=(progress.done.min(total)) aria-label="Checks done" {}
            p.count-line {
                strong { (doing) }
                span { (time::number(progress.done as u64)) " of " (time::number(progress.total as u64)) " checks" }
                span { (time::counted(progress.requests, "request", "requests")) }
                span { (took(live.elapsed())) }
            }
        }
    }
}

fn tiles(progress: &Progress) -> Markup {
    html! {
        div.tiles {
            @for kind in VerdictKind::ALL {
                div { div.figure { (time::number(progress.count(kind) as u64)) } div.what { (sentence(kind.words())) } }
            }
        }
    }
}

fn lines<'a>(caption: &str, lines: impl Iterator<Item = &'a Line>) -> Markup {
    html! {
        div.table-wrap { table {
            caption.sr { (caption) }
            thead.sr { tr { th scope="col" { "Verdict" } th scope="col" { "Check" } th scope="col" { "Level" } } }
            tbody {
                @for line in lines {
                    tr {
                        td.nowrap { (kind(line.kind)) }
                        td.break { (line.title) @if !line.reason.is_empty() { div.soft.small { (line.reason) } } }
                        td.nowrap.hide-narrow { (chip::tag(line.level.as_str())) }
                    }
                }
            }
        } }
    }
}

/// A verdict as a word with an icon.
pub(super) fn kind(kind: VerdictKind) -> Markup {
    let (class, glyph) = match kind {
        VerdictKind::Pass => ("ok", Icon::Check),
        VerdictKind::Deviation => ("bad", Icon::Error),
        VerdictKind::NotApplicable => ("idle", Icon::Idle),
        VerdictKind::CouldNotJudge => ("warn", Icon::Alert),
    };
    status(class, glyph, &sentence(kind.words()))
}

pub(crate) async fn stop(desk: Arc<Desk>) -> Answer {
    let path = format!("validator/{}", desk.parameter("id"));
    match live(&desk) {
        Some(live) if !live.has_ended() => {
            live.cancel.cancel();
            desk.done(&path, "The run is being stopped. What it created is deleted first.")
        }
        Some(_) => desk.done(&path, "The run had ended already."),
        None => {
            super::validator_list::find(&desk).await?;
            desk.done(&path, "The run had ended already.")
        }
    }
}

/// The run as server-sent events: `progress` with the changed part of the page, and `finished` when it has ended.
pub(crate) async fn events(desk: Arc<Desk>) -> Answer {
    let live = live(&desk);
    if live.is_none() {
        super::validator_list::find(&desk).await?;
    }
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(feed(desk, live, sender));
    Ok(streamed(receiver))
}

/// Events as they come.
pub(super) fn streamed(events: mpsc::Receiver<Bytes>) -> Response {
    let mut response = Response::new(Body::new(Stream(events)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A reverse proxy must not collect them.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn feed(desk: Arc<Desk>, live: Option<Arc<Live>>, sender: mpsc::Sender<Bytes>) {
    let end = Instant::now() + STREAM_MAX;
    if let Some(live) = live {
        let mut changes = live.watch();
        while !live.has_ended() {
            let progress = changes.borrow_and_update().clone();
            let event = event("progress", &part(&desk, &live, &progress).into_string());
            if sender.send(event).await.is_err() || Instant::now() >= end || desk.app.is_draining() {
                return;
            }
            tokio::time::sleep(PACE).await;
            // Whether it changed or the time is over: both are told.
            let _ = tokio::time::timeout(BEAT - PACE, changes.changed()).await;
        }
    }
    let _ = sender.send(event("finished", "")).await;
}

/// The data is a JSON string, so that it stays on one line.
pub(super) fn event(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\nretry: 1000\ndata: {}\n\n", serde_json::Value::from(data)))
}

/// A body of what comes through a channel.
struct Stream(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
