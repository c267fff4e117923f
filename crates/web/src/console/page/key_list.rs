//! API keys: what each may do, how long it lives, when it was last used; and the end of one.

use std::sync::Arc;

use directory::{KeyRow, Permission};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::console::answer::{Answer, Failure};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, empty, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;

/// A key that ends within this time is worth saying so.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    ExpiresSoon,
    Expired,
    Revoked,
}

/// How this key stands now.
pub(crate) fn standing(key: &KeyRow, now: Timestamp) -> Standing {
    match key.expires {
        _ if key.revoked.is_some() => Standing::Revoked,
        Some(at) if at <= now => Standing::Expired,
        Some(at) if at.duration_since(now) < SOON => Standing::ExpiresSoon,
        _ => Standing::Active,
    }
}

impl Standing {
    pub(crate) fn shown(self) -> Markup {
        match self {
            Self::Active => status("ok", Icon::Check, "Active"),
            Self::ExpiresSoon => status("warn", Icon::Alert, "Expires soon"),
            Self::Expired => status("bad", Icon::Error, "Expired"),
            Self::Revoked => status("idle", Icon::Idle, "Revoked"),
        }
    }

    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::ExpiresSoon)
    }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let mut keys = desk.app.directory.keys(&desk.tenant.id).await?;
    keys.sort_by_key(|key| (!standing(key, desk.now).is_live(), std::cmp::Reverse(key.created)));
    let may = desk.may(Permission::ManageKeys);
    let create = || button::primary_link(&desk.url("keys/new"), Icon::Plus, "Create New API Key");
    let body = html! {
        @if keys.is_empty() {
            (empty::empty(Icon::Key, "No API keys yet",
                "An identity provider proves itself with an API key when it provisions users and groups into this tenant. A key works for this tenant only.",
                may.then(create)))
        } @else {
            (table("API keys", &columns(may), &html! { @for key in &keys { (row(&desk, key, may)) } }))
        }
    };
    let lead = html! { "Keys of " (desk.tenant.name) ". A key's value is shown once, when it is created; only a digest is stored." };
    let page = Page::new(Section::Keys, "API Keys").lead(lead);
    let page = if may && !keys.is_empty() { page.actions(create()) } else { page };
    Ok(page.send(&desk, &body))
}

fn columns(may: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::new("Name"),
        Column::wide("Scopes"),
        Column::new("Status"),
        Column::wide("Created"),
        Column::wide("Expires"),
        Column::wide("Last used"),
    ];
    if may {
        columns.push(Column::unseen("Actions"));
    }
    columns
}

fn row(desk: &Desk, key: &KeyRow, may: bool) -> Markup {
    let standing = standing(key, desk.now);
    let url = |tail: &str| desk.url(&format!("keys/{}/{tail}", key.id));
    html! {
        tr.off[!standing.is_live()] {
            td.break {
                strong { (key.name) }
                div.soft { code { "mst_" (key.id) "_…" } }
            }
            td.hide-narrow { span.chips { @for scope in &key.scopes { (chip::tag(scope)) } } }
            td { (standing.shown()) @if let Some(at) = key.expires { div.soft.only-narrow { "expires " (time::ago(at, desk.now)) } } @if let Some(at) = overlap(key, desk.now) { div.soft { "old secret until " (time::ago(at, desk.now)) } } }
            td.hide-narrow { (time::ago(key.created, desk.now)) div.soft.break { "by " (maker(&key.created_by)) } }
            td.hide-narrow { (time::maybe(key.expires, desk.now, "never")) }
            td.hide-narrow {
                (time::maybe(key.last_used, desk.now, "never"))
                @if let Some(address) = &key.last_address { div.soft { (address) } }
            }
            @if may {
                td.cell-actions {
                    @if standing.is_live() {
                        span.row-actions {
                            a.button.tiny href=(url("rotate")) data-dialog { "Rotate" }
                            a.button.tiny.danger href=(url("revoke")) data-dialog { "Revoke" }
                        }
                    }
                }
            }
        }
    }
}

/// Until when the secret before the last rotation still works.
fn overlap(key: &KeyRow, now: Timestamp) -> Option<Timestamp> {
    key.digests.iter().filter_map(|(_, until)| *until).filter(|until| *until > now).max()
}

/// `operator:ID name` as `name`.
fn maker(actor: &str) -> &str {
    match actor.split_once(':') {
        Some(("cli", "unknown")) => "command line",
        Some(("cli", user)) => user,
        Some((_, rest)) => rest.split_once(' ').map_or(rest, |(_, name)| name),
        None => actor,
    }
}

/// The key of the id in the path.
pub(crate) async fn find(desk: &Desk) -> Result<KeyRow, Failure> {
    let keys = desk.app.directory.keys(&desk.tenant.id).await?;
    keys.into_iter().find(|key| key.id == desk.parameter("id")).ok_or(Failure::NotFound)
}

pub(crate) async fn ask_revoke(desk: Arc<Desk>) -> Answer {
    let key = find(&desk).await?;
    let back = desk.url("keys");
    let ask = Confirm {
        title: &format!("Revoke {}?", key.name),
        content: html! {
            p { "Every request with 1 key, " code { "mst_" (key.id) "_…" } ", is refused from now on." }
            p.soft {
                @match key.last_used {
                    Some(at) => { "It was last used " (time::ago(at, desk.now)) "." },
                    None => "It has never been used.",
                }
                " This cannot be undone; a new key takes its place."
            }
        },
        action: &desk.url(&format!("keys/{}/revoke", key.id)),
        csrf: desk.csrf(),
        verb: "Revoke key",
        back: &back,
        danger: true,
    };
    let page = Page::new(Section::Keys, "Revoke").under("API Keys", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn revoke(desk: Arc<Desk>) -> Answer {
    let key = find(&desk).await?;
    match desk.app.directory.revoke_key(desk.context(), &key.id).await {
        Ok(()) => desk.done("keys", format!("{} is revoked.", key.name)),
        Err(error) => desk.refused("keys", error),
    }
}

#[cfg(test)]
mod tests {
    use super::maker;

    #[test]
    fn makers_are_shown_by_name() {
        for (actor, expect) in [
            ("operator:1 Ada Lovelace", "Ada Lovelace"),
            ("cli:root", "root"),
            ("cli:unknown", "command line"),
            ("system", "system"),
        ] {
            assert_eq!(maker(actor), expect);
        }
    }
}
