//! What was sent to a target and what came back, as it is kept: without secrets.

use maud::{Markup, html};
use provision::Exchange;

use crate::console::component::icon::Icon;
use crate::console::component::{json, status};
use crate::console::visit::sentence;

/// One exchange behind a click.
pub(super) fn folded(exchange: &Exchange) -> Markup {
    html! {
        details.more.exchange {
            summary { span.method { (exchange.method) } " " code.break { (below_host(&exchange.url)) } " " (answered(exchange)) }
            (one(exchange))
        }
    }
}

fn answered(exchange: &Exchange) -> Markup {
    match exchange.status {
        Some(code) => status::http(code),
        None => status::status("bad", Icon::Error, "no answer"),
    }
}

fn below_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// Both sides in full.
pub(super) fn one(exchange: &Exchange) -> Markup {
    html! {
        div.exchange.stack {
            p.break { span.method { (exchange.method) } " " code { (exchange.url) } }
            @if let Some(error) = &exchange.error { p { (sentence(error)) } }
            div.cols {
                (side("Sent", &exchange.request_headers, exchange.request_body.as_deref()))
                (side("Came back", &exchange.response_headers, exchange.response_body.as_deref()))
            }
            @if exchange.truncated { p.soft.small { "Only the beginning of a long body is kept." } }
        }
    }
}

fn side(title: &str, headers: &[(String, String)], body: Option<&str>) -> Markup {
    html! {
        div.stack {
            p { strong { (title) } }
            @if !headers.is_empty() {
                pre.headers tabindex="0" { @for (name, value) in headers { (name) ": " (value) "\n" } }
            }
            @match body.filter(|body| !body.is_empty()) {
                Some(body) => (json::body(body)),
                None => p.soft { "No body" },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below_host;

    #[test]
    fn the_path_is_what_is_seen_first() {
        for (url, expect) in [
            ("https://a.example/scim/Users?filter=x", "/scim/Users?filter=x"),
            ("https://a.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(below_host(url), expect);
        }
    }
}
