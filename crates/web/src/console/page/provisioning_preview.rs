//! What an expression gives for a chosen user or group, and where it is wrong.

use directory::{Kind, ListQuery, ListSort};
use maud::{Markup, html};
use provision::Value;
use provision::alias::{ObjectKind, SourceAttributes};
use provision::expression::{self, Environment, Outcome, Program, Seeded, Source as _};
use provision::source::SourceObject;

use super::person;
use crate::console::answer::Failure;
use crate::console::component::icon::Icon;
use crate::console::component::status::status;
use crate::console::component::time::counted;
use crate::console::visit::{Desk, sentence};

/// Who an expression is tried on.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) source: SourceObject,
    pub(super) name: String,
    /// How many the search found.
    total: u64,
}

/// The first that the search finds; nothing typed is the first of all.
pub(super) async fn subject(desk: &Desk, kind: ObjectKind, text: &str) -> Result<Option<Subject>, Failure> {
    let query = ListQuery {
        text: text.chars().take(200).collect(),
        active: None,
        sort: ListSort::Name,
        descending: false,
        offset: 0,
        limit: 1,
    };
    let kind_there: Kind = kind.into();
    let listing = desk.app.directory.list(&desk.tenant.id, kind_there, query).await?;
    let total = listing.total;
    let Some(found) = listing.rows.into_iter().next() else { return Ok(None) };
    let name = match kind {
        ObjectKind::User => person::name_of(&found.resource),
        ObjectKind::Group => person::text(&found.resource, "displayName").to_owned(),
    };
    let read = desk.app.directory.source_object(&desk.tenant.id, kind_there, &found.id).await?;
    Ok(Some(Subject { source: SourceObject::new(kind, found.id, read.resource), name, total }))
}

/// Checked and, if there is somebody to try it on, evaluated.
pub(super) fn tried(desk: &Desk, kind: ObjectKind, text: &str, subject: Option<&Subject>) -> Markup {
    let program = match Program::new(text, &SourceAttributes(kind)) {
        Ok(program) => program,
        Err(errors) => return wrong(text, &errors),
    };
    html! {
        p { (status("ok", Icon::Check, "The expression is valid")) }
        @for finding in program.warnings() { p.small { (status("warn", Icon::Alert, "Warning")) " " (sentence(&finding.error.to_string())) } }
        @if let Some(subject) = subject { (evaluated(desk, &program, text, subject)) }
        @else { p.soft { "Nobody matches, so there is nothing to try it on." } }
    }
}

/// The same seed as nothing else has; a preview promises no random value.
const SEED: u64 = 1;

fn evaluated(desk: &Desk, program: &Program, text: &str, subject: &Subject) -> Markup {
    let mut entropy = Seeded(SEED);
    let outcome = program.evaluate(&mut Environment::new(&subject.source, desk.now, &mut entropy));
    let read = program.attributes();
    html! {
        @match outcome {
            Ok(outcome) => (gives(subject, &outcome)),
            Err(error) => { p { "For " strong { (subject.name) } " there is no result." } (wrong(text, &[error])) }
        }
        @if !read.is_empty() {
            p.soft.small {
                "Reads " @for (index, name) in read.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (name) } " = " (shown(&subject.source.value(name)))
                }
            }
        }
    }
}

fn gives(subject: &Subject, outcome: &Outcome) -> Markup {
    html! {
        p {
            "For " strong { (subject.name) } " it gives " (shown(&outcome.value))
            @if outcome.ignored { " " span.soft { "(the attribute is left out)" } }
            @if outcome.redacted { " " span.soft { "(redacted in logs)" } }
        }
        @if outcome.candidates.len() > 1 {
            p.soft.small { "To choose from: " (outcome.candidates.join(", ")) }
        }
        (others(subject))
    }
}

/// That the search found more than one.
pub(super) fn others(subject: &Subject) -> Markup {
    html! {
        @if subject.total > 1 {
            p.soft.small { "The first of " (counted(subject.total, "match", "matches")) "; type more of a name to choose another." }
        }
    }
}

/// A value as a person reads it.
pub(super) fn shown(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Null => span.soft { "null" },
            Value::Text(text) => code.value { (text) },
            Value::List(texts) => {
                @for (index, text) in texts.iter().enumerate() { @if index > 0 { ", " } code.value { (text) } }
            },
        }
    }
}

/// Each error with its place marked in the text.
fn wrong(text: &str, errors: &[expression::Error]) -> Markup {
    html! {
        @for error in errors {
            div.fault {
                p { (status("bad", Icon::Error, "Error")) " " (sentence(&error.message)) " " span.soft { "(" (error.at) ")" } }
                pre.marked { (marked(text, error.at.offset)) }
            }
        }
    }
}

/// The text with what stands at `offset` (in characters) marked: the whole word, or the one sign.
fn marked(text: &str, offset: usize) -> Markup {
    let mut letters = text.chars();
    let before: String = letters.by_ref().take(offset).collect();
    let rest = letters.as_str();
    let word = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count().max(1);
    let at: String = rest.chars().take(word).collect();
    let after: String = rest.chars().skip(word).collect();
    html! { (before) mark { @if at.is_empty() { "⏎" } @else { (at) } } (after) }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn the_place_of_an_error_is_marked() {
        for (text, offset, expect) in [
            ("Join(x)", 5, "Join(<mark>x</mark>)"),
            ("Foo(\"ä\", 1)", 9, "Foo(&quot;ä&quot;, <mark>1</mark>)"),
            ("Upper([mail]", 12, "Upper([mail]<mark>⏎</mark>"),
            ("<b>", 0, "<mark>&lt;</mark>b&gt;"),
            ("", 7, "<mark>⏎</mark>"),
        ] {
            assert_eq!(marked(text, offset).into_string(), expect);
        }
    }
}
