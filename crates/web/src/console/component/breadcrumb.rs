//! Where this page is, as links upwards.

use maud::{Markup, html};

/// One step: its words and, for all but the last, its URL.
#[derive(Debug, Clone)]
pub(crate) struct Crumb {
    pub(crate) label: String,
    pub(crate) href: Option<String>,
}

/// The trail; the last step is the page itself.
pub(crate) fn breadcrumb(crumbs: &[Crumb]) -> Markup {
    html! {
        nav aria-label="Breadcrumb" {
            ol.crumbs {
                @for crumb in crumbs {
                    @match &crumb.href {
                        Some(href) => li { a href=(href) { (crumb.label) } },
                        None => li { span aria-current="page" title=(crumb.label) { (crumb.label) } },
                    }
                }
            }
        }
    }
}
