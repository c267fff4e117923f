//! The way in after signing in: to a tenant, or, where there is none yet, to the first one.

use std::sync::Arc;

use directory::{Permission, TenantId};
use http::StatusCode;
use maud::html;

use crate::console::answer::{self, Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::button;
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::{empty, shell};
use crate::console::flash::Flash;
use crate::console::gate;
use crate::console::visit::{Visit, explained};

/// `/`: the tenant looked at last.
pub(crate) async fn start(visit: Arc<Visit>) -> Answer {
    Ok(match visit.usual_tenant() {
        Some(tenant) => answer::redirect(&format!("/t/{}", tenant.id)),
        None => answer::redirect("/welcome"),
    })
}

/// The tenant selector without script.
pub(crate) async fn switch(visit: Arc<Visit>) -> Answer {
    let named = TenantId::parse(visit.query.text("tenant"));
    let found = named.is_some_and(|id| visit.tenants.iter().any(|tenant| tenant.id == id));
    if !found {
        return Err(Failure::NotFound);
    }
    Ok(answer::redirect(&format!("/t/{}", visit.query.text("tenant"))))
}

/// No tenant to work in.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    if visit.usual_tenant().is_some() {
        return start(visit).await;
    }
    Ok(page(&visit, "", None, StatusCode::OK))
}

/// The first tenant.
pub(crate) async fn create(visit: Arc<Visit>) -> Answer {
    if !visit.may_everywhere(Permission::ManageTenants) {
        return Err(Failure::Forbidden(gate::refusal(Permission::ManageTenants).to_owned()));
    }
    let name = visit.form.text("name");
    match visit.app.directory.create_tenant(visit.caller(), name).await {
        Ok(tenant) => {
            let flash = Flash::ok(format!("Tenant {} created.", tenant.name));
            Ok(answer::told(&format!("/t/{}", tenant.id), visit.https(), &flash))
        }
        Err(error) => match explained(&error) {
            Some(text) => Ok(page(&visit, name, Some(&text), StatusCode::BAD_REQUEST)),
            None => Err(error.into()),
        },
    }
}

fn page(visit: &Visit, name: &str, error: Option<&str>, status: StatusCode) -> axum::response::Response {
    let body = if visit.may_everywhere(Permission::ManageTenants) {
        html! {
            div.stack {
                h1 { "Create the first tenant" }
                p.soft { "A tenant is one directory: its users, groups, API keys and settings, apart from every other tenant's." }
                form.form method="post" action="/welcome" {
                    (field::csrf(visit.csrf()))
                    (Field::new("name", "Tenant name", name).required().error(error).autofocus()
                        .hint("As people know it, for example the company's name.").input())
                    div.end { (button::submit("Create tenant")) }
                }
            }
        }
    } else {
        html! {
            (banner::text(Tone::Info, &format!("You are signed in as {}.", visit.session.operator.name)))
            (empty::empty(Icon::Groups, "No tenant yet", "Your roles do not include a tenant. Ask a Global Administrator to grant you one; this page then leads to it.", None))
        }
    };
    answer::html(status, shell::around(visit, None, None, "Welcome", &[], &body))
}
