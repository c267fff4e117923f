//! What every list has: search, order, page, all of it in the URL.

use axum::response::Response;
use directory::{ListQuery, ListSort};
use maud::{Markup, html};

use crate::console::answer;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::pager::{SIZES, Slice, pager};
use crate::console::component::table::Column;
use crate::console::fields::Fields;
use crate::console::link::Link;

/// What of a list is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) active: Option<bool>,
    pub(crate) sort: ListSort,
    pub(crate) descending: bool,
    pub(crate) page: u64,
    pub(crate) size: usize,
}

/// Characters of a search; more than any name has.
const TEXT: usize = 200;

impl Asked {
    pub(crate) fn read(query: &Fields) -> Self {
        let size = query.number("size").and_then(|n| usize::try_from(n).ok());
        Self {
            text: query.text("q").chars().take(TEXT).collect(),
            active: match query.text("status") {
                "active" => Some(true),
                "inactive" => Some(false),
                _ => None,
            },
            sort: sort_named(query.text("sort")),
            descending: query.text("order") == "down",
            page: query.number("page").unwrap_or(1).clamp(1, 10_000_000),
            size: size.filter(|size| SIZES.contains(size)).unwrap_or(SIZES[0]),
        }
    }

    pub(crate) fn query(&self) -> ListQuery {
        ListQuery {
            text: self.text.clone(),
            active: self.active,
            sort: self.sort,
            descending: self.descending,
            offset: self.slice(0).offset(),
            limit: self.size,
        }
    }

    pub(crate) fn slice(&self, total: u64) -> Slice {
        Slice { page: self.page, size: self.size, total }
    }

    /// The URL of this list; what is as by default is left out.
    pub(crate) fn link(&self, path: &str) -> Link {
        let status = self.active.map_or("", |active| if active { "active" } else { "inactive" });
        let number = |value: u64, usual: u64| if value == usual { String::new() } else { value.to_string() };
        Link::to(path)
            .with("q", &*self.text)
            .with("status", status)
            .with("sort", if self.sort == ListSort::Name { "" } else { sort_name(self.sort) })
            .with("order", if self.descending { "down" } else { "" })
            .with("size", number(self.size as u64, SIZES[0] as u64))
            .with("page", number(self.page, 1))
    }

    /// A header that sorts by `sort`, and the other way round if it already does. Times start with the newest.
    pub(crate) fn column(&self, column: Column, sort: ListSort, path: &str) -> Column {
        let sorted = self.sort == sort;
        let descending = if sorted { !self.descending } else { sort != ListSort::Name };
        let other = Self { sort, descending, page: 1, ..self.clone() };
        column.sorted(other.link(path).to_string(), sorted.then_some(self.descending))
    }

    pub(crate) fn pager(&self, total: u64, path: &str) -> Markup {
        let page = |page| Self { page, ..self.clone() }.link(path).to_string();
        let size = |size| Self { size, page: 1, ..self.clone() }.link(path).to_string();
        pager(self.slice(total), &page, &size)
    }

    /// The way to the last page for those who ask for one behind it; `here` is the list's own URL.
    pub(crate) fn beyond(&self, total: u64, here: &Link) -> Option<Response> {
        let last = self.slice(total).pages();
        let page = if last > 1 { last.to_string() } else { String::new() };
        (self.page > last).then(|| answer::redirect(&here.with("page", page).to_string()))
    }

    /// The search box: results follow what is typed; without script, Enter sends it.
    pub(crate) fn search(&self, path: &str, what: &str, more: &Markup) -> Markup {
        let status = self.active.map_or("", |active| if active { "active" } else { "inactive" });
        html! {
            (search_form(path, &html! {
                (search_box(&self.text, what))
                @if !status.is_empty() { input type="hidden" name="status" value=(status); }
                @if self.sort != ListSort::Name { input type="hidden" name="sort" value=(sort_name(self.sort)); }
                @if self.descending { input type="hidden" name="order" value="down"; }
                @if self.size != SIZES[0] { input type="hidden" name="size" value=(self.size); }
                (more)
            }))
        }
    }
}

/// A form of filters over `#results`.
pub(crate) fn search_form(path: &str, fields: &Markup) -> Markup {
    html! {
        form.filters role="search" method="get" action=(path) hx-get=(path) hx-trigger="submit, input delay:200ms"
            hx-target="#results" hx-select="#results" hx-swap="outerHTML" hx-sync="this:replace" {
            (fields)
            noscript { button.button type="submit" { "Search" } }
        }
    }
}

/// The box to type into.
pub(crate) fn search_box(text: &str, what: &str) -> Markup {
    html! {
        span.search {
            (icon(Icon::Search))
            input.input type="search" name="q" value=(text) placeholder=(what) aria-label=(what) autocomplete="off"
                spellcheck="false" maxlength=(TEXT) data-search;
            kbd aria-hidden="true" { "/" }
        }
    }
}

fn sort_name(sort: ListSort) -> &'static str {
    match sort {
        ListSort::Name => "name",
        ListSort::Created => "created",
        ListSort::Modified => "changed",
    }
}

fn sort_named(name: &str) -> ListSort {
    match name {
        "created" => ListSort::Created,
        "changed" => ListSort::Modified,
        _ => ListSort::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Asked {
        Asked::read(&Fields::of_query(&format!("/x?{query}").parse().unwrap()).unwrap())
    }

    #[test]
    fn the_url_says_what_differs_from_the_usual() {
        let same = "/x?q=a%20b&status=inactive&sort=created&order=down&size=50&page=3";
        assert_eq!(
            asked("q=+a+b+&status=inactive&sort=created&order=down&size=50&page=3").link("/x").to_string(),
            same
        );
        assert_eq!(asked("q=&status=&sort=name&size=25&page=1").link("/x").to_string(), "/x");
    }

    #[test]
    fn numbers_out_of_range_are_taken_as_the_usual() {
        for query in ["page=0&size=0", "page=-1&size=1000000", "page=x&size=26", "page=&size="] {
            let asked = asked(query);
            assert_eq!((asked.page, asked.size), (1, 25), "{query}");
        }
        assert_eq!(asked("page=99999999999").page, 10_000_000);
    }

    #[test]
    fn behind_the_last_page_is_the_last_page() {
        for (query, total, expect) in [
            ("page=3&q=a&size=50", 120, None),
            ("page=4&q=a&size=50", 120, Some("/x?q=a&size=50&page=3")),
            ("page=2", 25, Some("/x")),
            ("page=2", 0, Some("/x")),
            ("page=1", 0, None),
        ] {
            let asked = asked(query);
            let answer = asked.beyond(total, &asked.link("/x"));
            let to = answer.as_ref().and_then(|answer| answer.headers()["location"].to_str().ok());
            assert_eq!(to, expect, "{query}");
        }
    }
}
