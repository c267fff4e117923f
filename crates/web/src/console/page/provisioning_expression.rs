//! Expression builder: an expression checked and tried on a chosen user or group, beside the functions and attributes there are.

use std::sync::Arc;

use maud::{Markup, html};
use provision::alias::{ObjectKind, aliases};
use provision::expression::registry::Example;
use provision::expression::{Function, functions};

use super::application_frame::{Opened, Place};
use super::provisioning_preview::{subject, tried};
use crate::console::answer::Answer;
use crate::console::component::facts::section;
use crate::console::component::field::{self, Field};
use crate::console::component::icon::{Icon, icon};
use crate::console::visit::Desk;

const KINDS: [(&str, &str); 2] = [("users", "Users"), ("groups", "Groups")];
const SAMPLE: &str = "Join(\" \", [givenName], [surname])";

/// Nothing is changed by it, so whoever may read may try.
pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    page(&desk, SAMPLE).await
}

pub(crate) async fn send(desk: Arc<Desk>) -> Answer {
    let text = desk.form.text("expression").to_owned();
    page(&desk, &text).await
}

async fn page(desk: &Desk, text: &str) -> Answer {
    let opened = Opened::load(desk).await?;
    let kind = if desk.form.text("kind") == "groups" { ObjectKind::Group } else { ObjectKind::User };
    let search: String = desk.form.text("functions").chars().take(100).collect();
    let subject = subject(desk, kind, desk.form.text("on")).await?;
    let url = opened.url(desk, "provisioning/expression");
    let word = if kind == ObjectKind::Group { "groups" } else { "users" };
    let content = html! {
        form.stack.wide method="post" action=(url) novalidate {
            (field::csrf(desk.csrf()))
            div.builder {
                div.stack {
                    (editor(&url, text))
                    div.pair {
                        (Field::new("kind", "Attributes of", word).select(&KINDS))
                        (Field::new("on", "Try it on", desk.form.text("on")).hint("Part of a name; empty is the first of all.").input())
                    }
                    div.actions { button.button.primary type="submit" name="act" value="evaluate" { "Evaluate" } }
                    div #result.preview role="status" aria-live="polite" {
                        @if text.is_empty() { p.soft { "Type an expression." } }
                        @else { (tried(desk, kind, text, subject.as_ref())) }
                    }
                }
                (section("Attributes", None, &attributes(kind)))
            }
            (section("Functions", None, &html! { (search_of(&url, &search)) (reference(&search)) }))
        }
    };
    let lead = html! { "Try an expression before it goes into a mapping. Nothing is saved here." };
    let page = opened.page(desk, Place::ExpressionBuilder).lead(lead);
    Ok(page.send(desk, &opened.frame(desk, Place::ExpressionBuilder, &content)))
}

fn editor(url: &str, text: &str) -> Markup {
    html! {
        div.field {
            label for="expression" { "Expression" }
            textarea.textarea.mono.short id="expression" name="expression" spellcheck="false" rows="5" maxlength="10000"
                hx-post=(url) hx-trigger="input changed delay:400ms, change from:#kind, input changed delay:400ms from:#on"
                hx-target="#result" hx-select="#result" hx-swap="outerHTML" hx-sync="this:replace" { (text) }
        }
    }
}

fn attributes(kind: ObjectKind) -> Markup {
    html! {
        ul.plain.small.columns {
            @for alias in aliases(kind) {
                li { code { "[" (alias.name) "]" } @if alias.multi_valued { " " span.soft { "several" } } @else if alias.kind != "String" { " " span.soft { (alias.kind) } } }
            }
        }
    }
}

/// In the same form, so that the expression is not lost without script.
fn search_of(url: &str, search: &str) -> Markup {
    html! {
        div.filters {
            span.search {
                (icon(Icon::Search))
                input.input type="search" name="functions" value=(search) placeholder="Search functions" aria-label="Search functions"
                    autocomplete="off" hx-post=(url) hx-trigger="input changed delay:200ms, search" hx-target="#functions"
                    hx-select="#functions" hx-swap="outerHTML" hx-sync="this:replace";
            }
            noscript { button.button type="submit" name="act" value="search" { "Search" } }
        }
    }
}

fn reference(search: &str) -> Markup {
    let text = search.to_lowercase();
    let found: Vec<&Function> = functions()
        .filter(|f| f.name.to_lowercase().contains(&text) || f.doc.to_lowercase().contains(&text))
        .collect();
    html! {
        div #functions.functions {
            @if found.is_empty() { p.soft { "No function matches. Their names and descriptions are searched." } }
            @for function in &found {
                details.more open[found.len() == 1] {
                    summary { code { (function.signature()) } }
                    div.stack.tight {
                        p { (function.doc) }
                        @for example in function.examples { p.small { (shown(example)) } }
                    }
                }
            }
        }
    }
}

fn shown(example: &Example) -> Markup {
    html! {
        code { (example.expression) }
        @for (index, (name, value)) in example.source.iter().enumerate() {
            @if index == 0 { " with " } @else { ", " } code { (name) } " = " code { (value) }
        }
        @if example.varies { " gives for example " } @else { " gives " }
        @if example.result.is_empty() { span.soft { "null" } }
        @for (index, text) in example.result.iter().enumerate() { @if index > 0 { ", " } code.value { (text) } }
    }
}
