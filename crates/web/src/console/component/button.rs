//! Buttons, and links that look like them. At most one primary in a view.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// The one thing this page is for, as a link.
pub(crate) fn primary_link(href: &str, glyph: Icon, label: &str) -> Markup {
    html! { a.button.primary href=(href) { (icon(glyph)) (label) } }
}

/// Another thing one can go to.
pub(crate) fn link(href: &str, glyph: Option<Icon>, label: &str) -> Markup {
    html! { a.button href=(href) { @if let Some(glyph) = glyph { (icon(glyph)) } (label) } }
}

/// A link to a confirmation page; shown as a dialog where script runs.
pub(crate) fn asks(href: &str, glyph: Icon, label: &str) -> Markup {
    html! { a.button.danger href=(href) data-dialog { (icon(glyph)) (label) } }
}

/// The button that sends a form.
pub(crate) fn submit(label: &str) -> Markup {
    html! { button.button.primary type="submit" { (label) } }
}

/// Leave a form without sending it.
pub(crate) fn cancel(href: &str) -> Markup {
    html! { a.button href=(href) data-cancel { "Cancel" } }
}

/// A form of one button: an action without further questions.
pub(crate) fn act(action: &str, csrf: &str, glyph: Icon, label: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (super::field::csrf(csrf))
            button.button type="submit" { (icon(glyph)) (label) }
        }
    }
}
