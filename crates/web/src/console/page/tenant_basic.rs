//! Tenant Config → Basic Information: name and id; and the end of a tenant.

use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::html;

use crate::console::answer::{self, Answer};
use crate::console::component::button;
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::{copy, time};
use crate::console::flash::Flash;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

pub(crate) async fn start(desk: Arc<Desk>) -> Answer {
    Ok(answer::redirect(&desk.url("config/basic")))
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    Ok(page(&desk, &desk.tenant.name, None))
}

fn page(desk: &Desk, name: &str, error: Option<&str>) -> Response {
    let action = desk.url("config/basic");
    let body = html! {
        div.stack.wide {
            (flush("Tenant", None, &facts(&[
                Fact::new("Name", html! { (desk.tenant.name) }),
                Fact::new("Tenant id", copy::inline("tenant-id", "the tenant id", desk.tenant.id.as_ref())),
                Fact::new("Created", time::ago(desk.tenant.created, desk.now)),
            ])))
            @if desk.may(Permission::ManageSettings) {
                (section("Rename", None, &html! {
                    form.form method="post" action=(action) {
                        (field::csrf(desk.csrf()))
                        (Field::new("name", "Tenant name", name).required().error(error)
                            .hint("Shown to operators only. The tenant id and all URLs stay as they are.").input())
                        div.end { (button::submit("Save")) }
                    }
                }))
            }
            @if desk.may_everywhere(Permission::ManageTenants) {
                (section("Delete this tenant", None, &html! {
                    div.stack {
                        p { "Deletes the tenant with its users, groups, API keys, logs and settings. This cannot be undone." }
                        div.actions { (button::asks(&desk.url("config/delete"), Icon::Trash, "Delete tenant")) }
                    }
                }))
            }
        }
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::new(Section::BasicInformation, "Basic Information")
        .under("Tenant Config", desk.url("config"))
        .status(status)
        .send(desk, &body)
}

pub(crate) async fn rename(desk: Arc<Desk>) -> Answer {
    let name = desk.form.text("name");
    match desk.app.directory.rename_tenant(desk.context(), name).await {
        Ok(tenant) => desk.done("config/basic", format!("The tenant is now called {}.", tenant.name)),
        Err(error) => match explained(&error) {
            Some(text) => Ok(page(&desk, name, Some(&text))),
            None => Err(error.into()),
        },
    }
}

async fn question(desk: &Desk, error: Option<&str>) -> Answer {
    let counts = desk.app.directory.statistics(&desk.tenant.id).await?;
    let back = desk.url("config/basic");
    let ask = Confirm {
        title: &format!("Delete the tenant {}?", desk.tenant.name),
        content: html! {
            p {
                "Deletes " (time::counted(counts.users, "user", "users")) ", " (time::counted(counts.groups, "group", "groups"))
                ", " (time::counted(counts.live_keys, "API key", "API keys")) " in use, and this tenant's logs and settings."
            }
            p { strong { "This cannot be undone." } }
            // Not "name": as a dialog it stands over the form that has that.
            (Field::new("confirmation", "Type the tenant's name to confirm", desk.form.text("confirmation")).required().error(error).input())
        },
        action: &desk.url("config/delete"),
        csrf: desk.csrf(),
        verb: "Delete tenant",
        back: &back,
        danger: true,
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = Page::new(Section::BasicInformation, "Delete tenant")
        .under("Basic Information", &*back)
        .status(status);
    Ok(page.send_question(desk, &confirm(&ask)))
}

pub(crate) async fn ask_delete(desk: Arc<Desk>) -> Answer {
    desk.signed_in_lately(&desk.path)?;
    question(&desk, None).await
}

pub(crate) async fn delete(desk: Arc<Desk>) -> Answer {
    desk.signed_in_lately(&desk.path)?;
    if desk.form.text("confirmation") != desk.tenant.name {
        return question(&desk, Some("This is not the tenant's name; nothing was deleted.")).await;
    }
    desk.app.directory.delete_tenant(desk.context()).await?;
    let flash = Flash::ok(format!("The tenant {} is deleted.", desk.tenant.name));
    Ok(answer::told("/", desk.https(), &flash))
}
