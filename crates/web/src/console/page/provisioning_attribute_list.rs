//! The target's attribute list: what can be mapped to, and custom extension attributes added to it.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use provision::alias::ObjectKind;
use provision::target_schema::TargetAttribute;

use super::application_frame::Opened;
use super::provisioning_draft::{Draft, TYPES, type_word};
use super::provisioning_mapping::{Screen, act, numbered};
use super::provisioning_mapping_table as mapping_table;
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::chip;
use crate::console::component::facts::{flush, section};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::table::{Column, table};
use crate::console::visit::{Desk, sentence};

const REFERENCES: [(&str, &str); 2] = [("User", "User"), ("Group", "Group")];

pub(super) fn send(desk: &Desk, opened: &Opened, mut draft: Draft, pressed: &str) -> Answer {
    let done = match pressed {
        "add" => draft.add_attribute(&desk.form),
        "back" => return Ok(mapping_table::screen(&Screen { desk, opened, draft: &draft }, &[])),
        other => numbered(other, "drop").map_or(Ok(()), |row| draft.remove_attribute(row)),
    };
    let refused = done.err();
    Ok(screen(&Screen { desk, opened, draft: &draft }, refused.as_deref()))
}

pub(super) fn screen(screen: &Screen<'_>, refused: Option<&str>) -> Response {
    let form = html! {
        input type="hidden" name="screen" value="attributes";
        @if let Some(why) = refused { (banner::text(Tone::Bad, &format!("{}.", sentence(why)))) }
        (screen.unsaved())
        (section("Add attribute", None, &add(screen, refused.is_some())))
        (list(screen))
        div.actions { (act("back", "OK", "primary")) }
    };
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let lead = html! { "What the target can store. Changes take effect with Save on the mapping's page." };
    screen.send("Edit attribute list", lead, status, &form)
}

fn add(screen: &Screen<'_>, keep: bool) -> Markup {
    let form = &screen.desk.form;
    let typed = |name: &str| if keep { form.text(name) } else { "" };
    let ticked = |name: &str| keep && form.has(name);
    let hint = match screen.draft.kind() {
        ObjectKind::User => "urn:ietf:params:scim:schemas:extension:CustomName:2.0:User:attribute",
        ObjectKind::Group => "urn:ietf:params:scim:schemas:extension:CustomName:2.0:Group:attribute",
    };
    let types: Vec<(&str, &str)> = TYPES.iter().map(|(name, _)| (*name, *name)).collect();
    let kind = if typed("new-type").is_empty() { "String" } else { typed("new-type") };
    html! {
        div.form.wide {
            (Field::new("new-name", "Name", typed("new-name")).hint(hint).input())
            div.pair {
                (Field::new("new-type", "Type", kind).select(&types))
                (Field::new("new-reference", "Referenced object attribute", typed("new-reference")).hint("For type Reference only.").select(&REFERENCES))
            }
            div.ticks {
                (field::check("new-multi", "yes", "Multi-value", None, ticked("new-multi")))
                (field::check("new-required", "yes", "Required", None, ticked("new-required")))
                (field::check("new-exact", "yes", "Exact case", None, ticked("new-exact")))
            }
            div.actions { button.button type="submit" name="act" value="add" { (icon(Icon::Plus)) "Add Attribute" } }
        }
    }
}

fn list(screen: &Screen<'_>) -> Markup {
    let columns =
        [Column::new("Name"), Column::new("Type"), Column::wide("Properties"), Column::unseen("Remove")];
    let attributes = &screen.draft.target.attributes;
    let rows = html! {
        @for (index, attribute) in attributes.iter().enumerate() {
            tr {
                td.break { code { (attribute.name) } @if screen.draft.mapping.find(&attribute.name).is_some() { " " span.soft.small { "mapped" } } }
                td { (type_word(attribute.kind)) }
                td.hide-narrow { (properties(attribute)) }
                td.cell-actions {
                    @if attribute.custom {
                        button.button.tiny type="submit" name="act" value={ "drop-" (index) } aria-label={ "Remove " (attribute.name) } { "Remove" }
                    }
                }
            }
        }
    };
    flush("Attribute list", None, &table("Attribute list", &columns, &rows))
}

fn properties(attribute: &TargetAttribute) -> Markup {
    let on = [
        (attribute.anchor, "Primary key"),
        (attribute.required, "Required"),
        (attribute.multi_valued, "Multi-value"),
        (attribute.case_exact, "Exact case"),
        (attribute.custom, "Custom"),
    ];
    html! {
        span.chips {
            @for (_, word) in on.iter().filter(|(on, _)| *on) { (chip::tag(word)) }
            @for name in &attribute.referenced { (chip::tag(&format!("→ {name}"))) }
        }
    }
}
