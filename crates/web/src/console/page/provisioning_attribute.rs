//! Edit attribute: one row of a mapping, with its expression checked and tried as it is typed.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use provision::alias::{ObjectKind, aliases};
use provision::expression::Source as _;
use provision::mapping::{AttributeMapping, MappingSource, Problem};

use super::application_frame::Opened;
use super::provisioning_draft::{Draft, Row, sentences};
use super::provisioning_mapping::{Screen, act};
use super::provisioning_mapping_table as mapping_table;
use super::provisioning_preview::{Subject, others, shown, subject, tried};
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::field::{self, Field};
use crate::console::visit::Desk;

const SOURCES: [(&str, &str); 4] =
    [("direct", "Direct"), ("constant", "Constant"), ("expression", "Expression"), ("none", "None")];
const MATCHES: [(&str, &str); 2] = [("no", "No"), ("yes", "Yes")];
const FLOWS: [(&str, &str); 2] = [("always", "Always"), ("creation", "Only during object creation")];

/// The form of one row with what is said of it.
struct Form<'a> {
    row: Row,
    index: Option<usize>,
    /// A field and what is wrong with it.
    wrong: Option<(&'static str, String)>,
    problems: Vec<Problem>,
    subject: Option<&'a Subject>,
}

/// Open a row of the draft, or a new one.
pub(super) async fn open(screen: &Screen<'_>, index: Option<usize>) -> Answer {
    let found = index.map(|at| screen.draft.mapping.attributes.get(at).ok_or(Failure::NotFound));
    let row = found.transpose()?.map_or_else(Row::new, Row::of);
    let subject = subject(screen.desk, screen.draft.kind(), "").await?;
    let form = Form { row, index, wrong: None, problems: Vec::new(), subject: subject.as_ref() };
    Ok(show(screen, &form))
}

pub(super) async fn send(desk: &Desk, opened: &Opened, mut draft: Draft, pressed: &str) -> Answer {
    if pressed == "back" {
        return Ok(mapping_table::screen(&Screen { desk, opened, draft: &draft }, &[]));
    }
    let index = desk.form.number("index").and_then(|at| usize::try_from(at).ok());
    let row = Row::read(&desk.form);
    let before = index.and_then(|at| draft.mapping.attributes.get(at)).cloned();
    let subject = subject(desk, draft.kind(), desk.form.text("on")).await?;
    let mut form = Form { row, index, wrong: None, problems: Vec::new(), subject: subject.as_ref() };
    match form.row.mapping(before.as_ref()) {
        Err(wrong) if pressed == "ok" => form.wrong = Some(wrong),
        Err(_) => {}
        Ok(mapping) => {
            form.problems = draft.problems_of(index, &mapping);
            let sole = before.is_some_and(|b| b.matching_priority > 0)
                && mapping.matching_priority == 0
                && !draft
                    .mapping
                    .attributes
                    .iter()
                    .enumerate()
                    .any(|(at, m)| m.matching_priority > 0 && Some(at) != index);
            if sole && pressed == "ok" {
                let why = "This is the only matching attribute. Let another attribute match first.";
                form.wrong = Some(("matching", why.to_owned()));
            } else if pressed == "ok" && form.problems.iter().all(|problem| problem.warning) {
                draft.put(index, mapping);
                return Ok(mapping_table::screen(&Screen { desk, opened, draft: &draft }, &[]));
            }
        }
    }
    Ok(show(&Screen { desk, opened, draft: &draft }, &form))
}

fn show(screen: &Screen<'_>, form: &Form<'_>) -> Response {
    let errors: Vec<Problem> = form.problems.iter().filter(|p| !p.warning).cloned().collect();
    let body = html! {
        input type="hidden" name="screen" value="row";
        @if let Some(index) = form.index { input type="hidden" name="index" value=(index); }
        @if !errors.is_empty() && form.wrong.is_none() {
            (banner::banner(Tone::Bad, &html! { @for why in sentences(&errors) { p { (why) "." } } }))
        }
        div.form.mapping-form { (fields(screen, form)) }
        div.actions { (act("ok", "OK", "primary")) (act("back", "Cancel", "")) }
    };
    let title = if form.index.is_some() { "Edit attribute" } else { "Add New Mapping" };
    let refused = form.wrong.is_some() || (!errors.is_empty() && screen.desk.form.text("act") == "ok");
    let status = if refused && !screen.desk.htmx { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let lead = html! { "OK puts the row into the mapping; it takes effect with Save." };
    screen.send(title, lead, status, &body)
}

fn fields(screen: &Screen<'_>, form: &Form<'_>) -> Markup {
    let row = &form.row;
    let wrong = |name: &str| form.wrong.as_ref().filter(|(at, _)| *at == name).map(|(_, why)| why.as_str());
    let sources = source_options(screen.draft.kind(), &row.attribute);
    let sources: Vec<(&str, &str)> = sources.iter().map(|(v, l)| (v.as_str(), l.as_str())).collect();
    let targets = target_options(screen.draft, form.index, &row.target);
    let targets: Vec<(&str, &str)> = targets.iter().map(|(v, l)| (v.as_str(), l.as_str())).collect();
    html! {
        (Field::new("source", "Mapping type", &row.source).error(wrong("source")).select(&SOURCES))
        div.for-direct { (Field::new("attribute", "Source attribute", &row.attribute).error(wrong("attribute")).select(&sources)) }
        div.for-constant { (Field::new("constant", "Constant value", &row.constant).error(wrong("constant")).input()) }
        div.for-expression { (expression(screen, row, wrong("expression"))) }
        div.for-none { p.soft.small { "The target's value is left alone. A default value is written when the object is created." } }
        (Field::new("default", "Default value if null (optional)", &row.default)
            .hint("Written instead of null when the object is created; not on updates.").input())
        (Field::new("target", "Target attribute", &row.target).required().error(wrong("target")).select(&targets))
        div.pair {
            (Field::new("matching", "Match objects using this attribute", if row.matches { "yes" } else { "no" })
                .error(wrong("matching")).select(&MATCHES))
            (Field::new("precedence", "Matching precedence", &row.precedence).kind("number").error(wrong("precedence"))
                .hint("Lower numbers are tried first.").input())
        }
        (Field::new("flow", "Apply this mapping", &row.flow).select(&FLOWS))
        (field::check("nulls", "yes", "A source without a value clears the target's", Some("Entra ID cannot do this; off is as Entra does it."), row.nulls))
        (preview(screen, form))
    }
}

fn expression(screen: &Screen<'_>, row: &Row, error: Option<&str>) -> Markup {
    let builder = screen.opened.url(screen.desk, "provisioning/expression");
    html! {
        div.field {
            label for="expression" { "Expression" }
            textarea.textarea.mono.short id="expression" name="expression" spellcheck="false" rows="4"
                aria-invalid=[error.map(|_| "true")] aria-describedby="expression-hint"
                hx-post=(screen.url()) hx-trigger="input changed delay:400ms" hx-vals="{\"act\":\"preview\"}"
                hx-target="#preview" hx-select="#preview" hx-swap="outerHTML" hx-sync="this:replace" { (row.expression) }
            @if let Some(error) = error { p.error { span { (error) } } }
            p.hint #expression-hint { "As in " code { "Join(\" \", [givenName], [surname])" } ". " a href=(builder) { "Expression builder" } }
        }
    }
}

/// Who it is tried on, and what it gives.
fn preview(screen: &Screen<'_>, form: &Form<'_>) -> Markup {
    let (desk, kind) = (screen.desk, screen.draft.kind());
    let row = &form.row;
    let on = match kind {
        ObjectKind::User => "Preview on user",
        ObjectKind::Group => "Preview on group",
    };
    html! {
        div.field {
            label for="on" { (on) }
            div.line {
                input.input id="on" name="on" value=(desk.form.text("on")) placeholder="First of all" autocomplete="off"
                    hx-post=(screen.url()) hx-trigger="input changed delay:400ms" hx-vals="{\"act\":\"preview\"}"
                    hx-target="#preview" hx-select="#preview" hx-swap="outerHTML" hx-sync="this:replace";
                button.button type="submit" name="act" value="preview" hx-post=(screen.url()) hx-target="#preview"
                    hx-select="#preview" hx-swap="outerHTML" { "Preview" }
            }
        }
        div #preview.preview role="status" aria-live="polite" {
            @match row.source.as_str() {
                "expression" if !row.expression.is_empty() => (tried(desk, kind, &row.expression, form.subject)),
                "direct" if !row.attribute.is_empty() => (direct(&row.attribute, form.subject)),
                _ => p.soft.small { "A preview of the value appears here." },
            }
            @if let Some(sent) = sent(screen.draft, form) { (sent) }
        }
    }
}

fn direct(name: &str, subject: Option<&Subject>) -> Markup {
    html! {
        @if let Some(subject) = subject {
            p { "For " strong { (subject.name) } " it gives " (shown(&subject.source.value(name))) }
            (others(subject))
        }
    }
}

/// The value as JSON of the target's type, or why it cannot be one.
fn sent(draft: &Draft, form: &Form<'_>) -> Option<Markup> {
    let attribute = draft.target.find(&form.row.target)?;
    let subject = form.subject?;
    let value = match form.row.mapping(None).ok()?.source {
        MappingSource::Direct(name) => subject.source.value(&name),
        MappingSource::Constant(text) => provision::Value::text(text),
        MappingSource::Expression(_) | MappingSource::None => return None,
    };
    Some(match attribute.to_json(&value) {
        Ok(json) => html! { p.small { "Sent as " code { (json) } } },
        Err(why) => html! { p.small.note.bad { (why) } },
    })
}

/// Entra's names, and the present one if it is a SCIM path.
fn source_options(kind: ObjectKind, present: &str) -> Vec<(String, String)> {
    let mut options = vec![(String::new(), "Choose an attribute".to_owned())];
    if !present.is_empty() && !aliases(kind).iter().any(|alias| alias.name == present) {
        options.push((present.to_owned(), present.to_owned()));
    }
    options.extend(aliases(kind).iter().map(|alias| (alias.name.to_owned(), alias.name.to_owned())));
    options
}

/// What is not mapped yet, and the row's own; never the primary key.
fn target_options(draft: &Draft, index: Option<usize>, present: &str) -> Vec<(String, String)> {
    let own =
        index.and_then(|at| draft.mapping.attributes.get(at)).map(|m: &AttributeMapping| m.target.as_str());
    let free = |name: &str| {
        own.is_some_and(|own| own.eq_ignore_ascii_case(name)) || draft.mapping.find(name).is_none()
    };
    let mut options = vec![(String::new(), "Choose an attribute".to_owned())];
    let known = draft.target.attributes.iter().filter(|a| !a.anchor && free(&a.name));
    options.extend(known.map(|a| (a.name.clone(), a.name.clone())));
    if !present.is_empty() && !options.iter().any(|(name, _)| name == present) {
        options.push((present.to_owned(), present.to_owned()));
    }
    options
}
