//! The empty state: what would be here, and the first step to get it.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// Nothing here yet.
pub(crate) fn empty(glyph: Icon, title: &str, text: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            (icon(glyph))
            h2 { (title) }
            p { (text) }
            @if let Some(action) = action { div.actions { (action) } }
        }
    }
}
