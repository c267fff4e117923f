//! The pages of one object.

use maud::{Markup, html};

/// A tab: words, URL, and how many are behind it if that is known.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) count: Option<u64>,
}

/// The row of tabs; `current` is the label of the open one.
pub(crate) fn tabs(label: &str, tabs: &[Tab], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for tab in tabs {
                a href=(tab.href) aria-current=[(tab.label == current).then_some("page")] {
                    (tab.label)
                    @if let Some(count) = tab.count { " " span.count { (super::time::number(count)) } }
                }
            }
        }
    }
}
