//! Where one is in a list, how many a page shows, and the way on.

use maud::{Markup, html};

use super::time::number;

/// Page sizes on offer.
pub(crate) const SIZES: [usize; 3] = [25, 50, 100];

/// A numbered page of a list whose total is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// From 1.
    pub(crate) page: u64,
    pub(crate) size: usize,
    pub(crate) total: u64,
}

impl Slice {
    pub(crate) fn offset(self) -> u64 {
        self.page.saturating_sub(1).saturating_mul(self.size as u64)
    }

    pub(crate) fn pages(self) -> u64 {
        self.total.div_ceil(self.size.max(1) as u64).max(1)
    }
}

fn step(label: &str, href: Option<String>) -> Markup {
    html! {
        @match href {
            Some(href) => a.button.tiny href=(href) { (label) },
            None => span.button.tiny aria-disabled="true" { (label) },
        }
    }
}

/// The line under a numbered list. `page` and `size` give the URL of another page or page size.
pub(crate) fn pager(slice: Slice, page: &dyn Fn(u64) -> String, size: &dyn Fn(usize) -> String) -> Markup {
    let first = slice.offset() + 1;
    let last = (slice.offset() + slice.size as u64).min(slice.total);
    html! {
        @if slice.total > 0 {
            div.pager {
                span { (number(first)) "–" (number(last)) " of " (number(slice.total)) }
                @if slice.total > SIZES[0] as u64 {
                    span.sizes {
                        "Rows:"
                        @for choice in SIZES {
                            @if choice == slice.size { span aria-current="true" { (choice) } }
                            @else { a href=(size(choice)) { (choice) } }
                        }
                    }
                }
                @if slice.pages() > 1 {
                    nav aria-label="Pages" {
                        (step("First", (slice.page > 2).then(|| page(1))))
                        (step("Previous", (slice.page > 1).then(|| page(slice.page - 1))))
                        (step("Next", (slice.page < slice.pages()).then(|| page(slice.page + 1))))
                    }
                }
            }
        }
    }
}

/// The line under a list that is read onwards from its newest entry.
pub(crate) fn onward(shown: usize, newest: Option<String>, older: Option<String>) -> Markup {
    steps(shown, ("Newest", newest), ("Older", older))
}

/// The line under a list that is read from its beginning and whose pages have no numbers.
pub(crate) fn forth(shown: usize, first: Option<String>, next: Option<String>) -> Markup {
    steps(shown, ("First", first), ("Next", next))
}

fn steps(shown: usize, back: (&str, Option<String>), on: (&str, Option<String>)) -> Markup {
    html! {
        div.pager {
            span { (number(shown as u64)) " shown" }
            @if back.1.is_some() || on.1.is_some() {
                nav aria-label="Pages" { (step(back.0, back.1)) (step(on.0, on.1)) }
            }
        }
    }
}
