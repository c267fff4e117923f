//! Scoping filters: clauses joined by AND in a filter, filters joined by OR.

use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::alias::{ObjectKind, aliases};
use provision::mapping::ObjectMapping;
use provision::scope::{Clause, ScopeFilter, ScopeFilters, ScopeOperator};

use super::application_frame::{Opened, Place};
use super::provisioning_draft::{Draft, word_of};
use super::provisioning_mapping::{Screen, act, numbered};
use super::provisioning_mapping_table as mapping_table;
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::section;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::{button, time};
use crate::console::fields::Fields;
use crate::console::visit::{Desk, sentence};

/// Filters and clauses of one form; the service has its own limits.
const FILTERS: usize = 100;
const CLAUSES: usize = 100;

/// In a few words.
pub(super) fn summary(scope: &ScopeFilters) -> Markup {
    html! {
        @if scope.filters.is_empty() { "All records" }
        @else { (time::counted(scope.filters.len() as u64, "scoping filter", "scoping filters")) }
    }
}

/// The filters of both mappings, to be read; the way to their editors.
pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let content = html! {
        div.stack.wide {
            @for mapping in &opened.job.rules.mappings { (of_mapping(&desk, &opened, mapping)) }
        }
    };
    let lead = html! { "Narrow down who is provisioned by attribute values, besides assignment. A user or group passes if all clauses of one filter hold." };
    let page = opened.page(&desk, Place::ScopingFilters).lead(lead);
    Ok(page.send(&desk, &opened.frame(&desk, Place::ScopingFilters, &content)))
}

fn of_mapping(desk: &Desk, opened: &Opened, mapping: &ObjectMapping) -> Markup {
    let url = opened.url(desk, &format!("provisioning/mapping/{}?view=scope", word_of(mapping.kind)));
    let edit = desk
        .may(Permission::ManageApplications)
        .then(|| button::link(&url, Some(Icon::Edit), "Edit scoping filters"));
    let filters = &mapping.scope.filters;
    section(
        &mapping.name,
        edit,
        &html! {
            @if filters.is_empty() { p.soft { "All records: no filter narrows the scope." } }
            @for (index, filter) in filters.iter().enumerate() {
                @if index > 0 { p.joint { "OR" } }
                div.stack.tight {
                    strong { (filter.name) }
                    @for (at, clause) in filter.clauses.iter().enumerate() {
                        p { @if at > 0 { span.soft { "AND " } } code { (clause.attribute) } " " (clause.operator.as_str()) " " @if clause.operator.takes_value() { code { (clause.value) } } }
                    }
                }
            }
        },
    )
}

pub(super) fn send(desk: &Desk, opened: &Opened, mut draft: Draft, pressed: &str) -> Answer {
    if pressed == "back" {
        return Ok(mapping_table::screen(&Screen { desk, opened, draft: &draft }, &[]));
    }
    let mut filters = read(&desk.form);
    change(&mut filters, pressed);
    if pressed == "ok" {
        let mut problems = unchosen(&filters);
        if problems.is_empty() {
            problems = filters.problems(draft.kind());
        }
        if !problems.is_empty() {
            return Ok(screen(&Screen { desk, opened, draft: &draft }, &filters, Some(&problems)));
        }
        draft.mapping.scope = filters;
        return Ok(mapping_table::screen(&Screen { desk, opened, draft: &draft }, &[]));
    }
    Ok(screen(&Screen { desk, opened, draft: &draft }, &filters, None))
}

/// What the form holds: filters that are numbered from 0 without a gap, and so their clauses.
fn read(form: &Fields) -> ScopeFilters {
    let mut scope = ScopeFilters::default();
    for index in 0..FILTERS {
        let name = format!("name-{index}");
        if !form.has(&name) {
            break;
        }
        let mut filter = ScopeFilter { name: form.text(&name).to_owned(), clauses: Vec::new() };
        for at in 0..CLAUSES {
            let attribute = format!("attribute-{index}-{at}");
            if !form.has(&attribute) {
                break;
            }
            let operator = ScopeOperator::parse(form.text(&format!("operator-{index}-{at}")));
            filter.clauses.push(Clause {
                attribute: form.text(&attribute).to_owned(),
                operator: operator.unwrap_or(ScopeOperator::Equals),
                value: form.raw(&format!("value-{index}-{at}")).to_owned(),
            });
        }
        scope.filters.push(filter);
    }
    scope
}

/// Clauses without an attribute, in words that say what to do.
fn unchosen(scope: &ScopeFilters) -> Vec<String> {
    let open =
        scope.filters.iter().filter(|filter| filter.clauses.iter().any(|clause| clause.attribute.is_empty()));
    open.map(|filter| {
        format!("the scoping filter \"{}\" has a clause without a source attribute; choose one, or delete the clause", filter.name)
    })
    .collect()
}

fn new_clause() -> Clause {
    Clause { attribute: String::new(), operator: ScopeOperator::Equals, value: String::new() }
}

fn change(scope: &mut ScopeFilters, pressed: &str) {
    if pressed == "filter" && scope.filters.len() < FILTERS {
        let name = format!("Filter {}", scope.filters.len() + 1);
        scope.filters.push(ScopeFilter { name, clauses: vec![new_clause()] });
    }
    if let Some(index) = numbered(pressed, "clause")
        && let Some(filter) = scope.filters.get_mut(index)
        && filter.clauses.len() < CLAUSES
    {
        filter.clauses.push(new_clause());
    }
    if let Some(index) = numbered(pressed, "drop")
        && index < scope.filters.len()
    {
        scope.filters.remove(index);
    }
    if let Some((index, at)) = pressed.strip_prefix("cut-").and_then(|rest| rest.split_once('-'))
        && let (Ok(index), Ok(at)) = (index.parse::<usize>(), at.parse::<usize>())
        && let Some(filter) = scope.filters.get_mut(index)
        && at < filter.clauses.len()
    {
        filter.clauses.remove(at);
    }
    // What a clause without a value was typed with is not kept.
    for clause in scope.filters.iter_mut().flat_map(|filter| &mut filter.clauses) {
        if !clause.operator.takes_value() {
            clause.value.clear();
        }
    }
}

pub(super) fn screen(screen: &Screen<'_>, scope: &ScopeFilters, problems: Option<&[String]>) -> Response {
    let form = html! {
        input type="hidden" name="screen" value="scope";
        @if let Some(problems) = problems {
            (banner::banner(Tone::Bad, &html! { @for why in problems { p { (sentence(why)) "." } } }))
        }
        @if scope.filters.is_empty() { p.soft { "All records: no filter narrows the scope. Who is assigned is provisioned." } }
        @for (index, filter) in scope.filters.iter().enumerate() {
            @if index > 0 { p.joint { "OR" } }
            (one(screen, index, filter))
        }
        div.actions { button.button type="submit" name="act" value="filter" { (icon(Icon::Plus)) "Add scoping filter" } }
        p.soft.small { "Letter case counts. A clause about an attribute without a value does not hold, IS NULL excepted. Attributes with several values and references cannot be compared." }
        div.actions { (act("ok", "OK", "primary")) (act("back", "Cancel", "")) }
    };
    let status = if problems.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let lead = html! { "All clauses of a filter must hold (AND); one filter is enough (OR). OK puts the filters into the mapping; they take effect with Save." };
    screen.send("Scoping filters", lead, status, &form)
}

fn one(screen: &Screen<'_>, index: usize, filter: &ScopeFilter) -> Markup {
    let drop = html! {
        button.button.tiny type="submit" name="act" value={ "drop-" (index) } aria-label={ "Delete filter " (filter.name) } { "Delete filter" }
    };
    section(
        &format!("Filter {}", index + 1),
        Some(drop),
        &html! {
            div.stack {
                div.field {
                    label for={ "name-" (index) } { "Scoping filter title" }
                    input.input id={ "name-" (index) } name={ "name-" (index) } value=(filter.name) maxlength="120";
                }
                @for (at, clause) in filter.clauses.iter().enumerate() {
                    @if at > 0 { p.joint { "AND" } }
                    (clause_line(screen.draft.kind(), index, at, clause))
                }
                div.actions { button.button.tiny type="submit" name="act" value={ "clause-" (index) } { (icon(Icon::Plus)) "Add clause" } }
            }
        },
    )
}

fn clause_line(kind: ObjectKind, index: usize, at: usize, clause: &Clause) -> Markup {
    let known = || aliases(kind).iter().filter(|alias| !alias.multi_valued && alias.kind != "Reference");
    let named = |part: &str| format!("{part}-{index}-{at}");
    html! {
        div.clause {
            select.select name=(named("attribute")) aria-label="Source attribute" {
                option value="" { "Source attribute" }
                @if !clause.attribute.is_empty() && !known().any(|alias| alias.name == clause.attribute) {
                    option value=(clause.attribute) selected { (clause.attribute) }
                }
                @for alias in known() {
                    option value=(alias.name) selected[alias.name == clause.attribute] { (alias.name) " (" (alias.kind) ")" }
                }
            }
            select.select name=(named("operator")) aria-label="Operator" {
                @for operator in ScopeOperator::all() {
                    option value=(operator.as_str()) selected[operator == clause.operator] data-unary[!operator.takes_value()] { (operator.as_str()) }
                }
            }
            input.input.value name=(named("value")) value=(clause.value) aria-label="Value" placeholder="Value" autocomplete="off" maxlength="2000";
            button.button.tiny type="submit" name="act" value={ "cut-" (index) "-" (at) } aria-label={ "Delete clause " (at + 1) } { (icon(Icon::Cross)) "Delete" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(query: &str) -> Fields {
        Fields::of_query(&format!("/x?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn filters_and_clauses_are_read_added_and_taken_away() {
        let mut scope = read(&fields(
            "name-0=A&attribute-0-0=department&operator-0-0=EQUALS&value-0-0=%20Legal&attribute-0-1=mail&operator-0-1=IS+NULL&value-0-1=x&name-1=B&name-3=D",
        ));
        assert_eq!(scope.filters.len(), 2, "numbers without a gap");
        assert_eq!(scope.filters[0].clauses[0].value, " Legal", "space counts in a value");
        change(&mut scope, "filter");
        assert_eq!(scope.filters[2].name, "Filter 3");
        assert_eq!(scope.filters[0].clauses[1].value, "", "an operator without a value");
        change(&mut scope, "clause-1");
        assert_eq!(scope.filters[1].clauses.len(), 1);
        change(&mut scope, "cut-0-1");
        change(&mut scope, "drop-1");
        assert_eq!(scope.filters.iter().map(|f| f.clauses.len()).collect::<Vec<_>>(), [1, 1]);
        for nonsense in ["drop-9", "cut-9-9", "cut-x", "clause-9", "", "drop--1"] {
            let before = scope.clone();
            change(&mut scope, nonsense);
            assert_eq!(scope, before, "{nonsense}");
        }
    }
}
