//! Tables with headers that sort and stay in sight.

use maud::{Markup, html};

use super::icon::{Icon, icon};

/// A column header.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    pub(crate) label: &'static str,
    /// Where a click sorts by this column, and whether it is sorted now: `Some(true)` descending.
    pub(crate) sort: Option<(String, Option<bool>)>,
    pub(crate) numeric: bool,
    /// Only heard: over boxes to tick and buttons.
    pub(crate) unseen: bool,
    /// Left out at 360 px.
    pub(crate) wide_only: bool,
}

impl Column {
    pub(crate) fn new(label: &'static str) -> Self {
        Self { label, ..Self::default() }
    }

    pub(crate) fn wide(label: &'static str) -> Self {
        Self { label, wide_only: true, ..Self::default() }
    }

    /// A column whose content says what it is to those who see it.
    pub(crate) fn unseen(label: &'static str) -> Self {
        Self { label, unseen: true, ..Self::default() }
    }

    pub(crate) fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    pub(crate) fn sorted(mut self, href: String, now: Option<bool>) -> Self {
        self.sort = Some((href, now));
        self
    }

    fn header(&self) -> Markup {
        let direction = match &self.sort {
            Some((_, Some(true))) => Some("descending"),
            Some((_, Some(false))) => Some("ascending"),
            _ => None,
        };
        html! {
            th scope="col" .num[self.numeric] .hide-narrow[self.wide_only] aria-sort=[direction] {
                @match &self.sort {
                    Some((href, now)) => a href=(href) {
                        (self.label)
                        @match now {
                            Some(true) => (icon(Icon::Down)),
                            Some(false) => (icon(Icon::Up)),
                            None => {},
                        }
                    },
                    None if self.unseen => span.sr { (self.label) },
                    None => (self.label),
                }
            }
        }
    }
}

/// A table; `caption` is for screen readers, `rows` are `tr`s.
pub(crate) fn table(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    html! {
        div.table-wrap.sticky {
            table {
                caption.sr { (caption) }
                thead { tr { @for column in columns { (column.header()) } } }
                tbody { (rows) }
            }
        }
    }
}
