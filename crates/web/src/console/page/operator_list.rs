//! Tenant Config → Operators: who may sign in to the console, and as what.

use std::sync::Arc;

use directory::{Grant, Operator, Tenant};
use maud::{Markup, html};

use crate::console::answer::Answer;
use crate::console::component::icon::Icon;
use crate::console::component::shell::{Page, initials};
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, status, time};
use crate::console::menu::Section;
use crate::console::visit::Desk;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let operators = desk.app.directory.operators().await?;
    let columns = [Column::new("Name"), Column::new("Roles"), Column::new("Status"), Column::wide("Created")];
    let body = html! {
        div.count-line { (time::counted(operators.len() as u64, "operator", "operators")) " of the whole server" }
        (table("Operators", &columns, &html! { @for operator in &operators { (row(&desk, operator)) } }))
    };
    let page = Page::new(Section::Operators, "Operators")
        .under("Tenant Config", desk.url("config"))
        .lead(html! { "People who sign in to this console. A role holds in one tenant or in all of them." })
        .actions(button::primary_link(&desk.url("config/operators/new"), Icon::Plus, "New operator"));
    Ok(page.send(&desk, &body))
}

fn row(desk: &Desk, operator: &Operator) -> Markup {
    html! {
        tr.off[operator.disabled] {
            td {
                div.person {
                    span.avatar aria-hidden="true" { (initials(&operator.name)) }
                    div.names {
                        a href=(desk.url(&format!("config/operators/{}", operator.id))) data-row { (operator.name) }
                        @if operator.id == desk.session.operator.id { span.soft { "You" } }
                    }
                }
            }
            td { span.chips { @for grant in &operator.grants { (chip::tag(&named(grant, &desk.tenants))) } } }
            td { (standing(operator)) }
            td.hide-narrow { (time::ago(operator.created, desk.now)) }
        }
    }
}

pub(crate) fn standing(operator: &Operator) -> Markup {
    if operator.disabled {
        status::status("idle", Icon::Idle, "Disabled")
    } else {
        status::status("ok", Icon::Check, "Enabled")
    }
}

/// `Reader in Contoso`, `Global Administrator`
pub(crate) fn named(grant: &Grant, tenants: &[Tenant]) -> String {
    match &grant.tenant {
        None => format!("{} in all tenants", grant.role.title()),
        Some(id) => {
            let name = tenants
                .iter()
                .find(|tenant| tenant.id == *id)
                .map_or(id.as_ref(), |tenant| tenant.name.as_str());
            format!("{} in {name}", grant.role.title())
        }
    }
}
