//! How provisioning of an application stands: quarantine, the cycle that runs, what is provisioned, and the last cycles. It is
//! the part of the overview that is sent again while it changes.

use directory::Permission;
use jiff::Timestamp;
use maud::{Markup, html};
use provision::control::{Count, Cycle, Progress, StatusView};
use provision::cycle_schedule::ScheduleState;
use provision::quarantine::{Quarantine, QuarantineReason};

use super::application_frame::Opened;
use super::provisioning_settings::Typed;
use crate::console::component::banner::{self, Tone};
use crate::console::component::chart::{Series, Stack, lines_of, stacks_of};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{copy, field, time};
use crate::console::visit::{Desk, stopped};

/// The target without its query, which may hold anything.
pub(super) fn target(view: &StatusView) -> Markup {
    let url = view.job.config.connection.as_ref().map(|c| c.tenant_url.as_str()).unwrap_or_default();
    html! { span.break { (url.split(['?', '#']).next().unwrap_or_default()) } }
}

pub(super) fn part(desk: &Desk, opened: &Opened, view: &StatusView, now: Timestamp) -> Markup {
    html! {
        @if let Some(quarantine) = &view.job.state.quarantine { (quarantined(desk, opened, view, now, quarantine)) }
        @else if view.job.schedule == ScheduleState::Disabled {
            (banner::text(Tone::Bad, "Provisioning was switched off after 28 days of quarantine. Correct the cause, then Restart provisioning."))
        }
        (section("Current cycle", None, &current(now, view)))
        (tiles(desk, opened, view, now))
        @if view.users.total + view.groups.total > 0 {
            (section("Objects by state", None, &objects(view)))
        }
        @if view.cycles.iter().any(|cycle| !cycle.counts.is_empty()) {
            (section("Actions per cycle", None, &actions(view)))
        }
        (flush("Last cycles", None, &cycles(desk, opened, view, now)))
        (technical(opened, view, now))
    }
}

fn reason_words(reason: QuarantineReason) -> &'static str {
    match reason {
        QuarantineReason::EncounteredQuarantineException => "Credentials or compliance",
        QuarantineReason::EncounteredEscrowProportionThreshold => "Too large a part fails",
        QuarantineReason::EncounteredBaseEscrowThreshold
        | QuarantineReason::EncounteredTotalEscrowThreshold => "Too many failures",
        QuarantineReason::TooManyDeletes => "Too many deletes",
        QuarantineReason::QuarantinedOnDemand => "Put aside by an operator",
        QuarantineReason::IngestionInterrupted => "Source interrupted",
        QuarantineReason::Unknown => "Unknown cause",
    }
}

fn quarantined(
    desk: &Desk,
    opened: &Opened,
    view: &StatusView,
    now: Timestamp,
    quarantine: &Quarantine,
) -> Markup {
    let url = |tail: &str| opened.url(desk, &format!("provisioning/{tail}"));
    let disabled = view.job.schedule == ScheduleState::Disabled;
    let paused = view.job.schedule == ScheduleState::Paused;
    let staged = view.job.state.staged;
    banner::banner(
        Tone::Bad,
        &html! {
            div.stack.tight {
                p { strong { "In quarantine: " (reason_words(quarantine.reason)) "." } " " span.break { (stopped(&quarantine.message)) } }
                p { (quarantine.reason.advice()) }
                p.small {
                    "Since " (time::ago(quarantine.current_began, now)) "; "
                    (time::counted(u64::from(quarantine.series_count), "attempt has", "attempts have")) " failed. "
                    @if disabled { "After 28 days it is not tried again by itself." }
                    @else if paused { "It is stopped, and not tried again before it is started." }
                    @else { "Tried again " (time::ago(quarantine.next_attempt, now)) "." }
                    " " code.soft { (format!("{:?}", quarantine.reason)) }
                }
                @if desk.may(Permission::ManageApplications) {
                    div.actions {
                        @if quarantine.reason == QuarantineReason::TooManyDeletes && staged > 0 {
                            a.button.danger href=(url("allow-deletes")) data-dialog { (icon(Icon::Alert)) "Allow " (time::counted(staged, "delete", "deletes")) }
                        }
                        form.inline method="post" action=(url("restart")) {
                            (field::csrf(desk.csrf()))
                            input type="hidden" name="usual" value="yes";
                            button.button type="submit" { (icon(Icon::Undo)) "Restart provisioning" }
                        }
                        a.button href=(url("configuration")) { (icon(Icon::Edit)) "Edit configuration" }
                    }
                }
            }
        },
    )
}

pub(super) fn kind_words(kind: &str) -> &'static str {
    match kind {
        "initial" => "Initial cycle",
        "incremental" => "Incremental cycle",
        "onDemand" => "On demand",
        _ => "Cycle",
    }
}

fn current(now: Timestamp, view: &StatusView) -> Markup {
    match &view.progress {
        Some(progress) => running(now, view, progress),
        None => waiting(now, view),
    }
}

/// Objects done so far: what the cycle has counted, which is kept with every object, or what it has saved of itself.
fn done(view: &StatusView, progress: &Progress) -> u64 {
    let open = view.cycles.iter().find(|cycle| cycle.ended.is_none());
    let counted: u64 = open.map_or(0, |cycle| cycle.counts.iter().map(|count| count.n).sum());
    progress.done.max(counted)
}

fn rate(done: u64, began: Timestamp, now: Timestamp) -> Option<f64> {
    let seconds = now.duration_since(began).as_secs_f64();
    (done > 0 && seconds > 0.0).then(|| f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / seconds)
}

fn running(now: Timestamp, view: &StatusView, progress: &Progress) -> Markup {
    let done = done(view, progress);
    let total = progress.expected.max(done + progress.waiting);
    let rate = rate(done, progress.began, now);
    let doing = match (view.job.schedule, view.job.running) {
        (ScheduleState::Active, true) => "running",
        (ScheduleState::Active, false) => "waiting to go on",
        _ => "stopped; it goes on when provisioning is started",
    };
    html! {
        div.progress {
            progress max=(total.max(1)) value=(done.min(total)) aria-label="Objects done" {}
            p.count-line {
                strong { (kind_words(progress.kind.as_str())) " " (doing) }
                span { (time::number(done)) " of " (time::counted(total, "object", "objects")) }
                @if view.job.running && let Some(rate) = rate {
                    span { (rounded(rate)) " a second" }
                    @if let Some(rest) = left_time(total.saturating_sub(done), rate) { span { (rest) " left" } }
                }
                span { "Began " (time::ago(progress.began, now)) }
            }
        }
    }
}

fn rounded(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

/// `about 3 minutes`
fn left_time(left: u64, rate: f64) -> Option<String> {
    if left == 0 || rate <= 0.0 {
        return None;
    }
    let seconds = f64::from(u32::try_from(left).unwrap_or(u32::MAX)) / rate;
    let (amount, one, many) = match seconds {
        s if s < 90.0 => (s, "second", "seconds"),
        s if s < 5_400.0 => (s / 60.0, "minute", "minutes"),
        s => (s / 3_600.0, "hour", "hours"),
    };
    let text = format!("{:.0}", amount.ceil().max(1.0));
    Some(format!("about {text} {}", if text == "1" { one } else { many }))
}

fn waiting(now: Timestamp, view: &StatusView) -> Markup {
    let last = view.job.state.last_completed.as_ref();
    html! {
        p {
            @match last {
                Some(last) => { strong { (kind_words(last.kind.as_str())) " completed" } " " (time::ago(last.ended, now)) "." },
                None => strong { "No cycle has completed yet." },
            }
            " "
            @match (view.job.schedule, view.job.next) {
                (ScheduleState::Active, Some(next)) if next > now => { "The next cycle begins " (time::ago(next, now)) "." },
                (ScheduleState::Active, _) => "The next cycle begins in a moment.",
                _ => "No cycle begins before provisioning is started.",
            }
            @if view.job.is_listening() { " Changes of the directory are pushed as they happen." }
        }
    }
}

fn tiles(desk: &Desk, opened: &Opened, view: &StatusView, now: Timestamp) -> Markup {
    let url = |tail: &str| opened.url(desk, tail);
    html! {
        div.tiles {
            div { div.figure { (time::number(view.users.total)) } div.what { "Users provisioned" } }
            div { div.figure { (time::number(view.groups.total)) } div.what { "Groups provisioned" } }
            a href=(url("users")) { div.figure { (time::number(view.assigned_users + view.assigned_groups)) } div.what { "Assigned users and groups" } }
            a href=(url("provisioning/logs?status=failure")) {
                div.figure { (time::number(view.escrows)) }
                div.what { "Failures held for retry" @if let Some(next) = view.next_escrow { ", next " (time::distance(next, now)) } }
            }
        }
    }
}

const STATES: [Series; 3] = [
    Series { class: "c-ok", word: "Active" },
    Series { class: "c-warn", word: "Disabled" },
    Series { class: "c-soft", word: "No longer managed" },
];

fn objects(view: &StatusView) -> Markup {
    let stack = |label: &str, of: provision::control::Linked| Stack {
        label: label.to_owned(),
        counts: vec![
            of.managed.saturating_sub(of.disabled),
            of.disabled.min(of.managed),
            of.total.saturating_sub(of.managed),
        ],
    };
    lines_of(
        "Objects by state",
        "Objects",
        &STATES,
        &[stack("Users", view.users), stack("Groups", view.groups)],
    )
}

const ACTIONS: [Series; 5] = [
    Series { class: "c-ok", word: "Created" },
    Series { class: "c-two", word: "Updated" },
    Series { class: "c-warn", word: "Disabled" },
    Series { class: "c-soft", word: "Deleted" },
    Series { class: "c-bad", word: "Failed" },
];

fn counted(cycle: &Cycle) -> [u64; 5] {
    let sum = |of: &dyn Fn(&Count) -> bool| cycle.counts.iter().filter(|c| of(c)).map(|c| c.n).sum();
    let done = |action: &'static str| sum(&move |c: &Count| c.action == action && c.status == "success");
    [done("create"), done("update"), done("disable"), done("delete"), sum(&|c: &Count| c.status == "failure")]
}

fn actions(view: &StatusView) -> Markup {
    let stacks: Vec<Stack> = view
        .cycles
        .iter()
        .rev()
        .map(|cycle| Stack { label: clock(cycle.began), counts: counted(cycle).to_vec() })
        .collect();
    stacks_of("Actions per cycle", "Cycle", &ACTIONS, &stacks, 1)
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M").to_string()
}

fn cycles(desk: &Desk, opened: &Opened, view: &StatusView, now: Timestamp) -> Markup {
    if view.cycles.is_empty() {
        return html! { p.soft.pad { "No cycle has run yet." } };
    }
    let columns = [
        Column::new("Cycle"),
        Column::new("Outcome"),
        Column::new("Actions"),
        Column::wide("Took").numeric(),
    ];
    let rows = html! {
        @for cycle in &view.cycles {
            tr {
                td {
                    a href=(opened.url(desk, &format!("provisioning/logs?cycle={}", cycle.id))) { (kind_words(&cycle.kind)) }
                    div.soft.small { (time::ago(cycle.began, now)) }
                }
                td.break { (outcome(cycle)) @if let Some(message) = &cycle.message { div.soft.small { (stopped(message)) } } }
                td { (sum(cycle)) }
                td.num.hide-narrow.nowrap { @if let Some(ended) = cycle.ended { (took(cycle.began, ended)) } }
            }
        }
    };
    table("Last cycles", &columns, &rows)
}

fn took(began: Timestamp, ended: Timestamp) -> String {
    time::duration(u64::try_from(ended.duration_since(began).as_micros()).unwrap_or(0))
}

fn outcome(cycle: &Cycle) -> Markup {
    match cycle.outcome.as_deref() {
        Some("completed") => status("ok", Icon::Check, "Completed"),
        Some("interrupted") => status("idle", Icon::Pause, "Interrupted"),
        Some("quarantined") => status("bad", Icon::Alert, "Quarantined"),
        Some(_) => status("bad", Icon::Error, "Failed"),
        None => status("idle", Icon::Sync, "Not ended"),
    }
}

fn sum(cycle: &Cycle) -> Markup {
    let counts = counted(cycle);
    let words: Vec<String> = ACTIONS
        .iter()
        .zip(counts)
        .filter(|(_, n)| *n > 0)
        .map(|(series, n)| format!("{} {}", time::number(n), series.word.to_lowercase()))
        .collect();
    html! { @if words.is_empty() { span.soft { @if cycle.outcome.as_deref() == Some("completed") { "Nothing to do" } @else { "None" } } } @else { (words.join(", ")) } }
}

/// "View technical information"
fn technical(opened: &Opened, view: &StatusView, now: Timestamp) -> Markup {
    let job = &view.job;
    let steady = time::maybe(job.state.steady_last, now, "not yet");
    let mark = match job.watermark {
        Some(number) => html! { "Change " (time::number(number)) },
        None => html! { span.soft { "none: the next cycle is an initial cycle" } },
    };
    let secrets = html! {
        @if view.secrets.is_empty() { span.soft { "none" } }
        @for (name, at) in &view.secrets { (name.as_str()) ", set " (time::ago(*at, now)) " " }
    };
    html! {
        details.more {
            summary { "View technical information" }
            div.section { (facts(&[
                Fact::new("Job id", copy::inline("job-id", "the job id", &job.id)),
                Fact::new("Application id", copy::inline("application-id", "the application id", opened.id())),
                Fact::new("Watermark", mark),
                Fact::new("Interval", html! { (Typed::of(&job.config).interval_words()) " (" (job.config.interval) ")" @if job.config.push { ", changes pushed" } }),
                Fact::new("Last steady state", steady),
                Fact::new("Last cycle began", time::maybe(job.state.last_began, now, "never")),
                Fact::new("Credentials", secrets),
                Fact::new("Configuration version", html! { (job.epoch) }),
            ])) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_rounded_up_to_the_unit_that_is_read() {
        for (left, rate, expect) in [
            (10, 10.0, Some("about 1 second")),
            (600, 10.0, Some("about 60 seconds")),
            (6_000, 10.0, Some("about 10 minutes")),
            (100_000, 10.0, Some("about 3 hours")),
            (10, 0.0, None),
            (0, 10.0, None),
        ] {
            assert_eq!(left_time(left, rate).as_deref(), expect, "{left}");
        }
    }
}
