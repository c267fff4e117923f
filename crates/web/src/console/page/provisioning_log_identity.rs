//! Whose entries the provisioning logs show: a field that suggests users and groups while one types, and what was typed in it.

use std::sync::Arc;

use directory::{Found, Kind, ListQuery, ListSort};
use http::StatusCode;
use maud::{Markup, html};

use super::assignment_choice::called;
use super::assignment_list::glyph;
use super::person;
use crate::console::answer::{self, Answer, Failure};
use crate::console::asset::SUGGEST;
use crate::console::component::icon::icon;
use crate::console::link::Link;
use crate::console::visit::Desk;

/// Suggestions of each kind.
const USERS: usize = 8;
const GROUPS: usize = 4;
/// Characters of a name.
const TEXT: usize = 200;

/// Whose entries are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: String,
    /// None: neither in the directory nor among those who were.
    pub(super) name: Option<String>,
}

impl Identity {
    /// What was typed means a user by user name or id, a group by display name or id; anything else is taken for the id of
    /// somebody who is gone.
    pub(super) async fn of(desk: &Desk, typed: &str) -> Result<Self, Failure> {
        let directory = &desk.app.directory;
        let mut id = typed.to_owned();
        for kind in [Kind::User, Kind::Group] {
            if let Some(found) =
                directory.source_find(&desk.tenant.id, kind, Some(typed), Some(typed)).await?
            {
                id = found;
                break;
            }
        }
        let name = directory.names(&desk.tenant.id, vec![id.clone()]).await?.remove(&id);
        Ok(Self { id, name })
    }
}

/// What the field is to hold to mean this object.
fn value_of(found: &Found) -> String {
    let attribute = if found.kind == Kind::User { "userName" } else { "displayName" };
    person::text(&found.resource, attribute).to_owned()
}

async fn candidates(desk: &Desk, text: &str) -> Result<Vec<Found>, Failure> {
    let mut rows = Vec::new();
    for (kind, limit) in [(Kind::User, USERS), (Kind::Group, GROUPS)] {
        let query = ListQuery {
            text: text.chars().take(TEXT).collect(),
            active: None,
            sort: ListSort::Name,
            descending: false,
            offset: 0,
            limit,
        };
        rows.extend(desk.app.directory.list(&desk.tenant.id, kind, query).await?.rows);
    }
    Ok(rows)
}

/// The field. With script it suggests (`suggest` in the console's script); without, what is typed is sent as it is.
pub(super) fn field(desk: &Desk, typed: &str) -> Markup {
    html! {
        span.combo {
            input.select type="text" name="user" value=(typed) role="combobox" aria-label="Filter by user or group"
                placeholder="Any user or group" aria-autocomplete="list" aria-expanded="false" aria-controls="identities"
                autocomplete="off" spellcheck="false" maxlength=(TEXT);
            ul.options #identities role="listbox" aria-label="Users and groups" hidden
                data-from=(desk.url("logs/provisioning/identities")) {}
            script src=(SUGGEST.href) defer {}
        }
    }
}

/// The suggestions for what is typed, to be put into the list under the field.
pub(crate) async fn suggest(desk: Arc<Desk>) -> Answer {
    let rows = candidates(&desk, desk.query.text("q")).await?;
    let markup = html! {
        @for (index, found) in rows.iter().enumerate() {
            @let (name, value) = (called(found), value_of(found));
            li role="option" id={ "identity-" (index) } aria-selected="false" data-value=(value) {
                (icon(glyph(found.kind)))
                span { (name) @if value != name { span.soft { (value) } } @if found.kind == Kind::Group { span.soft { "Group" } } }
            }
        }
        @if rows.is_empty() { li.soft role="option" aria-disabled="true" { "No user or group matches" } }
    };
    Ok(answer::html(StatusCode::OK, markup))
}

/// Where nobody is called as typed: those who may be meant.
pub(super) async fn meant(desk: &Desk, typed: &str, here: &Link) -> Result<Markup, Failure> {
    let rows = candidates(desk, typed).await?;
    Ok(html! {
        @if !rows.is_empty() {
            ul.plain.meant aria-label="Suggestions" {
                @for found in &rows {
                    @let (name, value) = (called(found), value_of(found));
                    li { a href=(here.with("user", &*value)) { (name) } @if value != name { " " span.soft { (value) } } }
                }
            }
        }
    })
}
