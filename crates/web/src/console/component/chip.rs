//! Chips: a filter that is on and can be taken off, a choice among few, a tag.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// A filter that is on; the link is the same list without it.
pub(crate) fn removable(name: &str, value: &str, without: &str) -> Markup {
    html! {
        a.chip href=(without) aria-label={ "Remove filter " (name) ": " (value) } {
            span.soft { (name) ":" } " " (value) (icon(Icon::Cross))
        }
    }
}

/// One of a few choices, kept in the URL.
pub(crate) fn choice(label: &str, href: &str, chosen: bool) -> Markup {
    html! { a.chip href=(href) aria-current=[chosen.then_some("true")] { (label) } }
}

/// A word that says what something is.
pub(crate) fn tag(label: &str) -> Markup {
    html! { span.chip { (label) } }
}

/// A quirk rule by its id, with what it does on hover.
pub(crate) fn quirk(id: &str) -> Markup {
    let known = scim::quirk::Quirk::ALL.iter().find(|quirk| quirk.id() == id);
    let title = known.map(|quirk| format!("{}: {}", quirk.client(), quirk.description()));
    html! { span.chip.quirk title=[title] { (id) } }
}
