//! Tenant Config → Tenants: all of them, and a new one. For Global Administrators.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use maud::html;

use crate::console::answer::{self, Answer};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, time};
use crate::console::flash::Flash;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let columns = [Column::new("Name"), Column::wide("Tenant id"), Column::new("Created")];
    let body = html! {
        div.count-line { (time::counted(desk.tenants.len() as u64, "tenant", "tenants")) }
        (table("Tenants", &columns, &html! {
            @for tenant in &desk.tenants {
                tr {
                    td.break {
                        a href={ "/t/" (tenant.id) } data-row { (tenant.name) }
                        @if tenant.id == desk.tenant.id { " " (chip::tag("This one")) }
                    }
                    td.hide-narrow { code { (tenant.id) } }
                    td { (time::ago(tenant.created, desk.now)) }
                }
            }
        }))
    };
    let page = Page::new(Section::Tenants, "Tenants").under("Tenant Config", desk.url("config"));
    let page = page.lead(html! { "Each is a directory by itself; nothing in one can be seen from another." });
    let page = page.actions(button::primary_link(&desk.url("config/tenants/new"), Icon::Plus, "New tenant"));
    Ok(page.send(&desk, &body))
}

fn form(desk: &Desk, name: &str, error: Option<&str>) -> Response {
    let back = desk.url("config/tenants");
    let body = html! {
        form.form method="post" action={ (back) "/new" } {
            (field::csrf(desk.csrf()))
            (Field::new("name", "Tenant name", name).required().error(error).autofocus()
                .hint("As people know it, for example the company's name.").input())
            div.end { (button::submit("Create tenant")) (button::cancel(&back)) }
        }
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::new(Section::Tenants, "New tenant").under("Tenants", back).status(status).send(desk, &body)
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    Ok(form(&desk, "", None))
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let name = desk.form.text("name");
    match desk.app.directory.create_tenant(desk.caller(), name).await {
        Ok(tenant) => {
            let flash = Flash::ok(format!("Tenant {} created. You are in it now.", tenant.name));
            Ok(answer::told(&format!("/t/{}", tenant.id), desk.https(), &flash))
        }
        Err(error) => match explained(&error) {
            Some(text) => Ok(form(&desk, name, Some(&text))),
            None => Err(error.into()),
        },
    }
}
