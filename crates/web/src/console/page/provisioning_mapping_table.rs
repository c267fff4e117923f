//! The page of one mapping: switches, scope, and the table of attributes.

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::alias::ObjectKind;
use provision::mapping::{AttributeMapping, FlowType, MappingSource, Problem};

use super::provisioning_draft::{is_removable, title_of};
use super::provisioning_mapping::{Screen, act};
use super::provisioning_scoping as scoping;
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts, flush};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, field};
use crate::console::visit::{sentence, stopped};

/// `refused`: what the last press of a button could not do.
pub(super) fn screen(screen: &Screen<'_>, refused: &[String]) -> Response {
    let may = screen.desk.may(Permission::ManageApplications);
    let problems = screen.draft.problems();
    let form = html! {
        input type="hidden" name="screen" value="mapping";
        @if may { (bar(screen)) }
        @if !refused.is_empty() {
            (banner::banner(Tone::Bad, &html! { @for why in refused { p { (why) } } }))
        }
        (screen.unsaved())
        (general(&problems))
        (settings(screen, may))
        (attributes(screen, &problems, may))
        @if may { (advanced(screen)) }
    };
    let status = if refused.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    let lead = html! { (screen.draft.mapping.name) ". Removing a row excludes the attribute. Changes are not applied until Save." };
    screen.send(title_of(screen.draft.kind()), lead, status, &form)
}

fn bar(screen: &Screen<'_>) -> Markup {
    html! {
        div.actions.bar {
            (act("save", "Save", "primary"))
            (button::link(&screen.url(), Some(Icon::Cross), "Discard"))
        }
    }
}

/// What is wrong with the mapping as a whole.
fn general(problems: &[Problem]) -> Markup {
    let of = |warning: bool| problems.iter().filter(move |p| p.attribute.is_none() && p.warning == warning);
    let list = |warning: bool| {
        html! { @for problem in of(warning) { p { (stopped(&problem.message)) } } }
    };
    html! {
        @if of(false).next().is_some() { (banner::banner(Tone::Bad, &list(false))) }
        @if of(true).next().is_some() { (banner::banner(Tone::Warn, &list(true))) }
    }
}

fn settings(screen: &Screen<'_>, may: bool) -> Markup {
    let mapping = &screen.draft.mapping;
    let switch = match (mapping.kind, may) {
        (ObjectKind::Group, true) => html! {
            (field::check("enabled", "yes", "Provision groups", Some("Off: groups are left alone, and users are provisioned as before."), mapping.enabled))
        },
        _ => html! {
            @if mapping.enabled { (status("ok", Icon::Check, "Enabled")) } @else { (status("idle", Icon::Idle, "Disabled")) }
            @if mapping.kind == ObjectKind::User { " " span.soft { "The mapping of users is always on." } }
        },
    };
    let scope = html! {
        (scoping::summary(&mapping.scope)) " "
        @if may { (act("scope", "Edit scoping filters", "tiny")) }
    };
    flush(
        "Settings",
        None,
        &facts(&[
            Fact::new("Enabled", switch),
            Fact::new("Target object actions", actions(screen, may)),
            Fact::new("Source object scope", scope),
        ]),
    )
}

const ACTIONS: [(&str, &str, &str); 3] = [
    (
        "create",
        "Create",
        "Without it, accounts that exist are matched and updated, and no new ones are made.",
    ),
    ("update", "Update", "Without it nothing is changed at the target, and nobody is disabled."),
    ("delete", "Delete", "Without it nothing is deleted for good."),
];

fn actions(screen: &Screen<'_>, may: bool) -> Markup {
    let on = screen.draft.mapping.actions;
    let chosen = [on.create, on.update, on.delete];
    html! {
        div.stack.tight {
            @for ((name, label, hint), chosen) in ACTIONS.iter().zip(chosen) {
                @if may { (field::check(name, "yes", label, Some(hint), chosen)) }
                @else { p { (label) ": " @if chosen { "on" } @else { "off" } } }
            }
        }
    }
}

fn attributes(screen: &Screen<'_>, problems: &[Problem], may: bool) -> Markup {
    let mapping = &screen.draft.mapping;
    let mut columns = vec![
        Column::new("Target attribute"),
        Column::new("Source"),
        Column::wide("Matching"),
        Column::wide("Apply"),
    ];
    if may {
        columns.push(Column::unseen("Edit and remove"));
    }
    let rows = html! {
        @for (index, row) in mapping.attributes.iter().enumerate() {
            @let of_row = || problems.iter().filter(|p| p.attribute.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&row.target)));
            tr {
                td.roomy {
                    code { (breakable(&row.target)) }
                    @for problem in of_row() { (note(problem)) }
                }
                td.roomy { (source(&row.source)) @if let Some(default) = &row.default_value { div.soft.small { "If null: " (default) } } }
                td.hide-narrow { @if row.matching_priority > 0 { (row.matching_priority) } }
                td.hide-narrow { (apply(row)) }
                @if may { td.cell-actions { (row_actions(index, row, is_removable(mapping, row))) } }
            }
        }
    };
    let new = may.then(|| {
        html! {
            button.button.tiny type="submit" name="act" value="new" { (icon(Icon::Plus)) "Add New Mapping" }
        }
    });
    flush("Attribute mappings", new, &table("Attribute mappings", &columns, &rows))
}

fn note(problem: &Problem) -> Markup {
    let (class, glyph) = if problem.warning { ("warn", Icon::Alert) } else { ("bad", Icon::Error) };
    html! { div.small.note.(class) { (icon(glyph)) span { (sentence(&problem.message)) } } }
}

/// A path or an expression that is broken where it has parts, and a name where it has words.
pub(super) fn breakable(text: &str) -> Markup {
    html! { @for (index, part) in parts(text).iter().enumerate() { @if index > 0 { wbr; } (part) } }
}

fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut before) = (0, ' ');
    for (at, letter) in text.char_indices() {
        let joint = matches!(before, ':' | '.' | '[' | ']' | '(' | ',' | '@' | '_' | '-');
        let word = letter.is_uppercase() && before.is_lowercase();
        if at > start && (joint || word) {
            parts.extend(text.get(start..at));
            start = at;
        }
        before = letter;
    }
    parts.extend(text.get(start..));
    parts
}

pub(super) fn source(source: &MappingSource) -> Markup {
    html! {
        @match source {
            MappingSource::Direct(name) => (breakable(name)),
            MappingSource::Constant(text) => { (chip::tag("Constant")) " “" (text) "”" },
            MappingSource::Expression(text) => code { (breakable(text)) },
            MappingSource::None => span.soft { "None" },
        }
    }
}

fn apply(row: &AttributeMapping) -> Markup {
    let words = match row.flow {
        FlowType::Always => "Always",
        FlowType::ObjectAddOnly => "Only during object creation",
        FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => "Values are only added",
        FlowType::AttributeAddOnly => "Only if the target has no value",
    };
    html! { (words) @if row.flow_null { div.soft.small { "Null clears the target's value" } } }
}

fn row_actions(index: usize, row: &AttributeMapping, removable: bool) -> Markup {
    let name = &row.target;
    html! {
        span.row-actions {
            button.button.tiny type="submit" name="act" value={ "edit-" (index) } aria-label={ "Edit " (name) } { "Edit" }
            button.button.tiny type="submit" name="act" value={ "remove-" (index) } aria-label={ "Remove " (name) }
                disabled[!removable] title=[(!removable).then_some("The matching attribute cannot be removed")] { "Remove" }
        }
    }
}

fn advanced(screen: &Screen<'_>) -> Markup {
    let count = screen.draft.target.attributes.len();
    html! {
        details.more {
            summary { "Show advanced options" }
            div.stack {
                p { "The target knows " (count) " attributes. Custom extension attributes are added to its list before they can be mapped." }
                div.actions { (act("attributes", "Edit attribute list", "")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_broken_between_words_and_paths_between_parts() {
        for (text, expect) in [
            ("userPrincipalName", &["user", "Principal", "Name"][..]),
            ("name.givenName", &["name.", "given", "Name"]),
            ("emails[type eq \"work\"].value", &["emails[", "type eq \"work\"]", ".", "value"]),
            ("mail", &["mail"]),
            ("éÉ", &["é", "É"]),
            ("", &[""]),
        ] {
            assert_eq!(parts(text), expect);
            assert_eq!(parts(text).concat(), text);
        }
    }
}
