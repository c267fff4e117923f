//! Values that are copied whole: URLs, identifiers, a key that is shown once.

use maud::{Markup, html};

use super::icon::{Icon, icon};

fn copy_button(id: &str, what: &str, word: bool) -> Markup {
    html! {
        button.button.tiny type="button" data-copy=(id) aria-label={ "Copy " (what) } title={ "Copy " (what) } {
            (icon(Icon::Copy)) @if word { span data-word { "Copy" } }
        }
    }
}

/// A value in a box with a Copy button. `id` must be unique in the page.
pub(crate) fn copy(id: &str, what: &str, value: &str) -> Markup {
    html! { div.copy { code id=(id) { (value) } (copy_button(id, what, true)) } }
}

/// A secret that is shown now and never again.
pub(crate) fn secret(id: &str, what: &str, value: &str) -> Markup {
    html! { div.copy.secret data-once { code id=(id) { (value) } (copy_button(id, what, true)) } }
}

/// An identifier inside a line of text.
pub(crate) fn inline(id: &str, what: &str, value: &str) -> Markup {
    html! { span.copy-id { code id=(id) { (value) } (copy_button(id, what, false)) } }
}
