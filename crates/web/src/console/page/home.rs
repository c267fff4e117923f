//! Home: what needs attention, how much there is, what happened in the last day.

use std::sync::Arc;

use directory::{Activity, Failing, KeyRow, Permission, Statistics};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use provision::application::Application;
use provision::cycle_schedule::ScheduleState;
use provision::job::Job;

use super::key_list::{Standing, standing};
use crate::console::answer::Answer;
use crate::console::component::chart::{Bar, chart};
use crate::console::component::facts::{flush, section};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::shell::Page;
use crate::console::component::time::{self, number};
use crate::console::component::{button, copy};
use crate::console::menu::Section;
use crate::console::visit::{Desk, sentence};

const HOURS: i64 = 24;
/// A key that ended longer ago than this is not missed.
const MISSED: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let directory = &desk.app.directory;
    let counts = directory.statistics(&desk.tenant.id).await?;
    let keys = directory.keys(&desk.tenant.id).await?;
    let since = hour(desk.now).checked_sub(SignedDuration::from_hours(HOURS - 1)).unwrap_or(desk.now);
    let activity = directory.activity(&desk.tenant.id, since).await?;
    let jobs = desk.app.provisioning.applications(&desk.tenant.id).await?;
    let mut worries: Vec<Markup> = jobs.iter().filter_map(|(of, job)| quarantined(&desk, of, job)).collect();
    worries.extend(self::worries(&desk, &keys, &activity, &counts));
    let body = html! {
        div.stack.wide {
            @if counts.live_keys == 0 && counts.users == 0 { (first_steps(&desk)) }
            (flush("Needs attention", None, &html! {
                ul.attention {
                    @for worry in &worries { (worry) }
                    @if worries.is_empty() { li { span.ok { (icon(Icon::Check)) } span { "Nothing needs attention." } } }
                }
            }))
            (tiles(&desk, &counts))
            (section("SCIM requests, last 24 hours", Some(html! { a href=(desk.url("logs/requests")) { "Request log" } }), &requests(&activity, since)))
        }
    };
    let page = Page::new(Section::Home, "Home").lead(html! { "What is going on in " (desk.tenant.name) });
    Ok(page.send(&desk, &body))
}

fn hour(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() - at.as_second().rem_euclid(3_600)).unwrap_or(at)
}

fn first_steps(desk: &Desk) -> Markup {
    section(
        "First steps",
        None,
        &html! {
            ol.steps {
                li { div {
                    p { strong { "Create an API key" } " with the scope " code { "SCIM2" } "." }
                    @if desk.may(Permission::ManageKeys) { div.actions { (button::primary_link(&desk.url("keys/new"), Icon::Key, "Create New API Key")) } }
                } }
                li { div {
                    p { strong { "Give the identity provider this Base URL" } " and the key." }
                    (copy::copy("base-url", "the SCIM2 Base URL", &desk.app.directory.scim_base(&desk.tenant.id)))
                    p { a href=(desk.url("config/scim")) { "Set-up steps for Microsoft Entra ID and Okta" } }
                } }
                li { div { p { strong { "Watch the first user arrive" } " under " a href=(desk.url("users")) { "Users" } ", and each request in the " a href=(desk.url("logs/requests")) { "Request log" } "." } } }
            }
        },
    )
}

/// What an administrator should look at, the worst first.
fn worries(desk: &Desk, keys: &[KeyRow], activity: &Activity, counts: &Statistics) -> Vec<Markup> {
    let mut list: Vec<Markup> = activity.failing.iter().map(|client| failing(desk, client)).collect();
    list.extend(keys.iter().filter_map(|key| ending(desk, key)));
    if counts.live_keys == 0 && counts.users > 0 {
        list.push(line("warn", Icon::Alert, &html! {
            "No API key works: no identity provider can reach this tenant. " a href=(desk.url("keys")) { "API Keys" }
        }));
    }
    if counts.left_out_reads > 0 {
        list.push(line("warn", Icon::Alert, &html! {
            (time::counted(counts.left_out_reads, "read was", "reads were")) " left out of the request log because there were more than it takes in."
        }));
    }
    list
}

fn line(class: &str, glyph: Icon, content: &Markup) -> Markup {
    html! { li { span.(class) { (icon(glyph)) } span { (content) } } }
}

fn quarantined(desk: &Desk, of: &Application, job: &Job) -> Option<Markup> {
    let quarantine = job.state.quarantine.as_ref()?;
    let link = desk.url(&format!("apps/{}/provisioning", of.id));
    let next = job.next.filter(|_| job.schedule == ScheduleState::Active);
    Some(line(
        "bad",
        Icon::Alert,
        &html! {
            "Provisioning into " strong { (of.name) } " is in quarantine since " (time::ago(quarantine.current_began, desk.now)) ". "
            span.soft.break { (sentence(quarantine.message.trim_end_matches('.'))) ". " }
            (quarantine.reason.advice()) " "
            @match next {
                Some(at) => { "Tried again " (time::ago(at, desk.now)) ". " },
                None => "It is not tried again by itself. ",
            }
            a href=(link) { "Provisioning" }
        },
    ))
}

fn failing(desk: &Desk, client: &Failing) -> Markup {
    let (class, glyph) = if client.failed > 0 { ("bad", Icon::Error) } else { ("warn", Icon::Alert) };
    let name = client.key_name.as_deref().unwrap_or("Requests without a valid API key");
    let count = time::counted(client.refused + client.failed, "request was", "requests were");
    let status = if client.failed > 0 { "failed" } else { "refused" };
    let key = client.key_id.as_deref().map(|id| format!("&key={id}")).unwrap_or_default();
    let link = desk.url(&format!("logs/requests?status={status}{key}"));
    line(
        class,
        glyph,
        &html! {
            strong { (name) } ": " (count) " refused or failed in the last 24 hours, of " (number(client.total)) ". "
            @if let Some(detail) = &client.last_detail { span.soft.break { "Last: " (sentence(detail.trim_end_matches('.'))) ". " } }
            a href=(link) { "See them" }
        },
    )
}

fn ending(desk: &Desk, key: &KeyRow) -> Option<Markup> {
    let at = key.expires?;
    let link = html! { a href=(desk.url("keys")) { "API Keys" } };
    match standing(key, desk.now) {
        Standing::ExpiresSoon => Some(line(
            "warn",
            Icon::Clock,
            &html! {
                "API key " strong { (key.name) } " expires " (time::ago(at, desk.now)) ". Create its successor before that. " (link)
            },
        )),
        Standing::Expired if desk.now.duration_since(at) < MISSED && key.last_used.is_some() => Some(line(
            "bad",
            Icon::Error,
            &html! { "API key " strong { (key.name) } " expired " (time::ago(at, desk.now)) ". " (link) },
        )),
        _ => None,
    }
}

fn tiles(desk: &Desk, counts: &Statistics) -> Markup {
    let inactive = counts.users.saturating_sub(counts.active_users);
    html! {
        div.tiles {
            a href=(desk.url("users")) { div.figure { (number(counts.users)) } div.what { "Users, " (number(inactive)) " inactive" } }
            a href=(desk.url("groups")) { div.figure { (number(counts.groups)) } div.what { "Groups" } }
            a href=(desk.url("keys")) {
                div.figure { (number(counts.live_keys)) }
                div.what { "API keys in use, last used " (time::maybe(counts.last_key_use, desk.now, "never")) }
            }
            a href=(desk.url("users/deleted")) { div.figure { (number(counts.deleted_users)) } div.what { "Deleted users that can be restored" } }
        }
    }
}

fn requests(activity: &Activity, since: Timestamp) -> Markup {
    let bars: Vec<Bar> = (0..HOURS)
        .map(|index| {
            let start = since.checked_add(SignedDuration::from_hours(index)).unwrap_or(since);
            let found = activity.hours.iter().find(|hour| hour.start == start);
            Bar {
                label: start.strftime("%H:00").to_string(),
                ok: found.map_or(0, |hour| hour.succeeded),
                refused: found.map_or(0, |hour| hour.refused),
                failed: found.map_or(0, |hour| hour.failed),
            }
        })
        .collect();
    let total: u64 = bars.iter().map(|bar| bar.ok + bar.refused + bar.failed).sum();
    html! {
        div.stack {
            p.soft.small {
                (time::counted(total, "request", "requests")) ", by hour in UTC"
                @if activity.is_cut { "; the newest are counted" }
            }
            (chart("SCIM requests by status and hour, last 24 hours", &bars))
        }
    }
}
