//! SCIM exchanges as a table; the request log and the pages of one object share it.

use directory::{ExchangeRow, Kind};
use maud::{Markup, html};

use crate::console::component::table::{Column, table};
use crate::console::component::{chip, status, time};
use crate::console::visit::Desk;

/// The exchanges, newest first.
pub(crate) fn exchanges(desk: &Desk, rows: &[ExchangeRow]) -> Markup {
    let columns = [
        Column::new("Time"),
        Column::new("Request"),
        Column::new("Status"),
        Column::wide("API key"),
        Column::wide("Quirk rules"),
        Column::wide("Duration").numeric(),
    ];
    table("SCIM exchanges", &columns, &html! { @for row in rows { (line(desk, row)) } })
}

fn line(desk: &Desk, row: &ExchangeRow) -> Markup {
    let exchange = &row.exchange;
    let href = desk.url(&format!("logs/requests/{}", row.number));
    html! {
        tr {
            td { (time::ago(exchange.at, desk.now)) }
            td.break {
                a href=(href) data-row { span.method { (exchange.method) } " " (below_base(&exchange.path)) }
                @if let Some(detail) = &exchange.detail { div.soft { (detail) } }
            }
            td { (status::http(exchange.status)) }
            td.hide-narrow.break { (key(exchange.key_name.as_deref(), exchange.key_id.as_deref())) }
            td.hide-narrow { span.chips { @for quirk in &exchange.quirks { (chip::quirk(quirk)) } } }
            td.num.hide-narrow.nowrap { (time::duration(exchange.duration_us)) }
        }
    }
}

/// Who asked; a request that was refused at the door has no key.
pub(crate) fn key(name: Option<&str>, id: Option<&str>) -> Markup {
    match name.or(id) {
        Some(name) => html! { (name) },
        None => html! { span.soft { "none" } },
    }
}

/// The path as seen from the tenant's Base URL, decoded where that is harmless to read.
pub(crate) fn below_base(path: &str) -> String {
    let below =
        path.strip_prefix("/scim/v2/").and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..)));
    let below = below.unwrap_or(path);
    let decoded = percent_encoding::percent_decode_str(below).decode_utf8();
    match decoded {
        Ok(text) if !text.chars().any(char::is_control) => text.replace('+', " "),
        _ => below.to_owned(),
    }
}

/// The page of the object an exchange or an audit row is about.
pub(crate) fn object_path(kind: Kind, id: &str) -> String {
    match kind {
        Kind::User => format!("users/{id}"),
        Kind::Group => format!("groups/{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::below_base;

    #[test]
    fn paths_are_shown_below_the_base_and_readable() {
        for (path, expect) in [
            ("/scim/v2/0198c0de/Users?filter=userName%20eq%20%22a%22", "/Users?filter=userName eq \"a\""),
            ("/scim/v2/0198c0de/Users/1", "/Users/1"),
            ("/scim/v2/0198c0de/Users/%0a", "/Users/%0a"),
            ("/scim/v2/0198c0de", "/scim/v2/0198c0de"),
        ] {
            assert_eq!(below_base(path), expect);
        }
    }
}
