//! The picker of users and groups: a panel over Add Assignment where script runs, a page of its own where it does not.
//!
//! Ticks are kept across searches: what is ticked travels in the form, and the answer has all of it.

use std::collections::HashSet;
use std::sync::Arc;

use directory::{Found, Kind, ListQuery, ListSort};
use maud::{Markup, html};

use super::application_frame::Opened;
use super::assignment_choice::{Choice, Chosen, called, value_of};
use super::assignment_list::glyph;
use super::person;
use crate::console::answer::{Answer, Failure};
use crate::console::component::field;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::{empty, time};
use crate::console::visit::Desk;

/// Rows that are shown at first, and that "Show more" adds.
const ROWS: usize = 25;
const ROWS_MAX: usize = 500;
/// Characters of a search.
const TEXT: usize = 200;

/// What is looked for.
struct Sought {
    text: String,
    /// Both if none.
    kind: Option<Kind>,
    rows: usize,
}

impl Sought {
    fn of_form(desk: &Desk) -> Self {
        let rows = desk.form.number("rows").and_then(|rows| usize::try_from(rows).ok());
        Self {
            text: desk.form.text("q").chars().take(TEXT).collect(),
            kind: match desk.form.text("kind") {
                "users" => Some(Kind::User),
                "groups" => Some(Kind::Group),
                _ => None,
            },
            rows: rows.unwrap_or(ROWS).clamp(ROWS, ROWS_MAX),
        }
    }

    /// The first by name, and how many there are.
    async fn find(&self, desk: &Desk) -> Result<(Vec<Found>, u64), Failure> {
        let mut rows = Vec::new();
        let mut total = 0;
        for kind in [Kind::User, Kind::Group] {
            if self.kind.is_some_and(|only| only != kind) {
                continue;
            }
            let query = ListQuery {
                text: self.text.clone(),
                active: None,
                sort: ListSort::Name,
                descending: false,
                offset: 0,
                limit: self.rows,
            };
            let listing = desk.app.directory.list(&desk.tenant.id, kind, query).await?;
            total += listing.total;
            rows.extend(listing.rows);
        }
        // The first of both together are among the first of each, which come by user name and by display name.
        rows.sort_by_cached_key(|found| (key_of(found), found.id.clone()));
        rows.truncate(self.rows);
        Ok((rows, total))
    }
}

fn key_of(found: &Found) -> String {
    let attribute = if found.kind == Kind::User { "userName" } else { "displayName" };
    person::text(&found.resource, attribute).to_lowercase()
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let mut choice = Choice::of_form(&desk)?;
    let named = choice.named(&desk).await?;
    let sought = Sought::of_form(&desk);
    let (rows, total) = sought.find(&desk).await?;
    let ids = rows.iter().map(|found| found.id.clone()).collect();
    let assigned = desk.app.provisioning.assigned_among(&desk.tenant.id, opened.id(), ids).await?;
    let results = Results {
        choice: &choice,
        named: &named,
        rows: &rows,
        total,
        assigned: assigned.into_iter().collect(),
    };
    let page = opened
        .under(&desk, "Users and groups to assign")
        .under("Add Assignment", opened.url(&desk, "users/add"));
    Ok(page.send_question(&desk, &form(&desk, &opened, &sought, &results)))
}

struct Results<'a> {
    choice: &'a Choice,
    named: &'a [Chosen],
    rows: &'a [Found],
    total: u64,
    assigned: HashSet<String>,
}

fn form(desk: &Desk, opened: &Opened, sought: &Sought, results: &Results<'_>) -> Markup {
    let pick = opened.url(desk, "users/pick");
    html! {
        form.picker method="post" action=(opened.url(desk, "users/selected")) data-picker
            hx-post=(pick) hx-trigger="input delay:200ms from:find input[type=search], change"
            hx-target="#picker-results" hx-select="#picker-results" hx-swap="outerHTML" hx-sync="this:replace" {
            (field::csrf(desk.csrf()))
            input type="hidden" name="role" value=(results.choice.role);
            (results.choice.kept())
            h1 #picker-title { "Users and groups" }
            div.filters role="search" {
                span.search {
                    (icon(Icon::Search))
                    input.input type="search" name="q" value=(sought.text) placeholder="Search by name, user name or e-mail"
                        aria-label="Search by name, user name or e-mail" autocomplete="off" spellcheck="false" maxlength=(TEXT)
                        autofocus data-search;
                }
                // The first button of the form: the one that Enter presses.
                button.button type="submit" formaction=(pick) hx-post=(pick) hx-target="#picker-results"
                    hx-select="#picker-results" hx-swap="outerHTML" { "Search" }
                fieldset.kinds {
                    legend.sr { "Show" }
                    @for (value, label, chosen) in [("", "All", sought.kind.is_none()), ("users", "Users", sought.kind == Some(Kind::User)), ("groups", "Groups", sought.kind == Some(Kind::Group))] {
                        label.chip { input type="radio" name="kind" value=(value) checked[chosen]; (label) }
                    }
                }
            }
            (found(desk, &pick, sought, results))
            div.end {
                button.button.primary type="submit" { "Select" }
                button.button type="submit" name="cancel" value="yes" data-cancel { "Cancel" }
            }
        }
    }
}

fn found(desk: &Desk, pick: &str, sought: &Sought, results: &Results<'_>) -> Markup {
    let shown = |kind: Kind, id: &str| results.rows.iter().any(|found| found.kind == kind && found.id == id);
    html! {
        div.found #picker-results {
            (results.choice.hidden(&shown))
            div.count-line {
                span { (time::counted(results.total, "match", "matches")) }
                span role="status" { strong { (results.choice.words()) } }
            }
            @if !results.choice.objects.is_empty() { (selected(pick, results)) }
            @if results.rows.is_empty() {
                (empty::empty(Icon::Search, "Nobody matches", "Searching finds any part of a name, and the beginning of a user name or an e-mail address.", None))
            } @else {
                div.table-wrap {
                    table {
                        caption.sr { "Users and groups of " (desk.tenant.name) }
                        thead { tr { th scope="col" { span.sr { "Select" } } th scope="col" { "Name" } th scope="col" { "Type" } } }
                        tbody { @for row in results.rows { (candidate(row, results)) } }
                    }
                }
                @if results.total > results.rows.len() as u64 { (more(pick, sought, results)) }
            }
        }
    }
}

fn more(pick: &str, sought: &Sought, results: &Results<'_>) -> Markup {
    html! {
        div.pager {
            span { "The first " (time::number(results.rows.len() as u64)) " are shown." }
            @if sought.rows < ROWS_MAX {
                button.button.tiny type="submit" formaction=(pick) name="rows" value=(sought.rows + 2 * ROWS)
                    hx-post=(pick) hx-target="#picker-results" hx-select="#picker-results" hx-swap="outerHTML" { "Show more" }
            } @else { span { "Type more of the name to find others." } }
        }
    }
}

/// What is selected, each to be taken out again.
fn selected(pick: &str, results: &Results<'_>) -> Markup {
    html! {
        ul.chosen aria-label="Selected" {
            @for one in results.named {
                li {
                    (icon(glyph(one.kind))) span { (one.name) }
                    button.button.tiny.quiet type="submit" formaction=(pick) name="drop" value=(value_of(one.kind, &one.id))
                        hx-post=(pick) hx-target="#picker-results" hx-select="#picker-results" hx-swap="outerHTML"
                        aria-label={ "Take out " (one.name) } { (icon(Icon::Cross)) }
                }
            }
            @if results.choice.objects.len() > results.named.len() {
                li { span.soft { "and " (time::number((results.choice.objects.len() - results.named.len()) as u64)) " more" } }
            }
        }
    }
}

fn candidate(found: &Found, results: &Results<'_>) -> Markup {
    let name = called(found);
    let login = person::text(&found.resource, "userName");
    let assigned = results.assigned.contains(&found.id);
    let box_id = format!("pick-{}", found.id);
    html! {
        tr.off[assigned] {
            td.cell-check {
                input type="checkbox" id=(box_id) name="member" value=(value_of(found.kind, &found.id))
                    checked[results.choice.has(found.kind, &found.id)] disabled[assigned];
            }
            td.break {
                label for=(box_id) {
                    (name)
                    @if !login.is_empty() && login != name { span.soft { (login) } }
                }
            }
            td.nowrap { (found.kind.as_str()) @if assigned { div.soft { "Assigned already" } } }
        }
    }
}
