//! Names with values: a description list in two columns.

use maud::{Markup, html};

/// A label, the attribute it stands for if that differs, and the value.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) attribute: Option<String>,
    pub(crate) value: Markup,
}

impl Fact {
    pub(crate) fn new(label: impl Into<String>, value: Markup) -> Self {
        Self { label: label.into(), attribute: None, value }
    }

    pub(crate) fn of(label: impl Into<String>, attribute: impl Into<String>, value: Markup) -> Self {
        Self { label: label.into(), attribute: Some(attribute.into()), value }
    }
}

/// The list.
pub(crate) fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.label) }
                    dd {
                        div { (fact.value) }
                        @if let Some(attribute) = &fact.attribute { code.attribute title="The SCIM attribute" { (attribute) } }
                    }
                }
            }
        }
    }
}

/// A titled box around something.
pub(crate) fn section(title: &str, actions: Option<Markup>, body: &Markup) -> Markup {
    html! {
        section.section {
            header { h2 { (title) } @if let Some(actions) = actions { div.actions { (actions) } } }
            div.body { (body) }
        }
    }
}

/// What an object is, beside what it is called and where it stands.
pub(crate) fn split(main: &Markup, aside: &Markup) -> Markup {
    html! { div.split { div.stack.wide { (main) } div.stack.wide { (aside) } } }
}

/// The same without padding, for lists and tables.
pub(crate) fn flush(title: &str, actions: Option<Markup>, body: &Markup) -> Markup {
    html! {
        section.section {
            header { h2 { (title) } @if let Some(actions) = actions { div.actions { (actions) } } }
            div.body.flush { (body) }
        }
    }
}
