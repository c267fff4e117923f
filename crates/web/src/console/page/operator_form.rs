//! A new operator; and what can be done to one: roles, password, disabling.

use std::sync::Arc;

use axum::response::Response;
use directory::{Grant, Operator, Role, TenantId};
use http::StatusCode;
use maud::{Markup, html};

use super::operator_list::{named, standing};
use crate::console::answer::{Answer, Failure};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::{banner, button, copy, time};
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

#[derive(Debug, Default)]
struct Wrong {
    name: Option<String>,
    password: Option<String>,
    role: Option<String>,
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    desk.signed_in_lately(&desk.path)?;
    Ok(form(&desk, &Wrong::default(), StatusCode::OK))
}

fn form(desk: &Desk, wrong: &Wrong, status: StatusCode) -> Response {
    let back = desk.url("config/operators");
    let body = html! {
        form.form method="post" action={ (back) "/new" } {
            (field::csrf(desk.csrf()))
            (Field::new("name", "Name", desk.form.text("name")).required().error(wrong.name.as_deref()).autofocus()
                .hint("What the operator types to sign in, for example an e-mail address.").input())
            (Field::new("password", "Password", "").kind("password").error(wrong.password.as_deref()).autocomplete("new-password")
                .hint("Leave it empty to have one made, which is shown once. At least 12 characters; 15 or more are better.").input())
            (role_fields(desk, wrong.role.as_deref()))
            div.end { (button::submit("Create operator")) (button::cancel(&back)) }
        }
    };
    Page::new(Section::Operators, "New operator").under("Operators", back).status(status).send(desk, &body)
}

fn role_fields(desk: &Desk, error: Option<&str>) -> Markup {
    let roles: Vec<(&str, &str)> = Role::ALL.iter().rev().map(|role| (role.as_str(), role.title())).collect();
    let mut tenants: Vec<(String, String)> =
        desk.tenants.iter().map(|tenant| (tenant.id.to_string(), tenant.name.clone())).collect();
    tenants.insert(0, ("all".to_owned(), "All tenants, those to come included".to_owned()));
    let tenants: Vec<(&str, &str)> = tenants.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let here = desk.tenant.id.to_string();
    html! {
        div.pair {
            (Field::new("role", "Role", desk.form.given("role").unwrap_or("Reader")).error(error).select(&roles))
            (Field::new("tenant", "In", desk.form.given("tenant").unwrap_or(&here)).select(&tenants))
        }
    }
}

/// The role and tenant of a form. A Global Administrator is one everywhere.
fn grant_of(desk: &Desk) -> Result<Grant, String> {
    let role = Role::parse(desk.form.text("role")).ok_or("Choose a role.")?;
    let tenant = match desk.form.text("tenant") {
        "all" => None,
        id => {
            let known = TenantId::parse(id).filter(|id| desk.tenants.iter().any(|tenant| tenant.id == *id));
            Some(known.ok_or("Choose a tenant.")?)
        }
    };
    match (role, &tenant) {
        (Role::GlobalAdministrator, Some(_)) => {
            Err("A Global Administrator has the role in all tenants; choose all tenants, or another role."
                .to_owned())
        }
        _ => Ok(Grant { role, tenant }),
    }
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    desk.signed_in_lately(&desk.path)?;
    let bad = StatusCode::BAD_REQUEST;
    let grant = match grant_of(&desk) {
        Ok(grant) => grant,
        Err(text) => return Ok(form(&desk, &Wrong { role: Some(text), ..Wrong::default() }, bad)),
    };
    let typed = desk.form.raw("password");
    let made = typed.is_empty().then(|| desk.app.directory.generate_password());
    let password = made.as_deref().unwrap_or(typed);
    let created = desk
        .app
        .directory
        .create_operator(desk.caller(), desk.form.text("name"), password, vec![grant])
        .await;
    match created {
        Ok(operator) => match &made {
            Some(password) => Ok(shown_once(&desk, &operator.name, password)),
            None => desk.done(
                &format!("config/operators/{}", operator.id),
                format!("{} can sign in now.", operator.name),
            ),
        },
        Err(error) => {
            let Some(text) = explained(&error) else { return Err(error.into()) };
            let of_password = matches!(error, directory::Error::Invalid { field: "password", .. });
            let wrong = if of_password {
                Wrong { password: Some(text), ..Wrong::default() }
            } else {
                Wrong { name: Some(text), ..Wrong::default() }
            };
            Ok(form(&desk, &wrong, bad))
        }
    }
}

/// A password that was made here, on the only page it is ever on.
fn shown_once(desk: &Desk, name: &str, password: &str) -> Response {
    let list = desk.url("config/operators");
    let body = html! {
        div.stack.form {
            (banner::banner(banner::Tone::Warn, &html! {
                strong { "Copy the password now." } " This is the only time it is shown. Hand it over in a way that nobody else reads; it can be changed under Profile."
            }))
            div.field { span.label { "Name" } (copy::copy("operator-name", "the name", name)) }
            div.field { span.label { "Password" } (copy::secret("operator-password", "the password", password)) }
            div.end { a.button.primary href=(list) data-kept { "I have copied the password" } }
        }
    };
    Page::new(Section::Operators, "Password").under("Operators", &*list).send(desk, &body)
}

async fn load(desk: &Desk) -> Result<Operator, Failure> {
    Ok(desk.app.directory.operator(desk.parameter("id")).await?)
}

pub(crate) async fn one(desk: Arc<Desk>) -> Answer {
    let operator = load(&desk).await?;
    let url = |tail: &str| desk.url(&format!("config/operators/{}/{tail}", operator.id));
    let body = html! {
        div.stack.wide {
            (flush("Operator", None, &facts(&[
                Fact::new("Name", html! { (operator.name) }),
                Fact::new("Id", copy::inline("operator-id", "the id", &operator.id)),
                Fact::new("Status", standing(&operator)),
                Fact::new("Created", time::ago(operator.created, desk.now)),
            ])))
            (section("Roles", None, &html! {
                div.stack {
                    @if operator.grants.is_empty() { p.soft { "No role: this operator can sign in but sees no tenant." } }
                    @for grant in &operator.grants { (held(&desk, grant, &url("revoke"))) }
                    form.form method="post" action=(url("grant")) {
                        (field::csrf(desk.csrf()))
                        (role_fields(&desk, None))
                        div.end { button.button type="submit" { "Grant role" } }
                    }
                }
            }))
            (section("Password", None, &html! {
                div.stack {
                    p.soft { "Makes a new password, which is shown once, and ends this operator's sessions." }
                    (button::act(&url("password"), desk.csrf(), Icon::Key, "Make a new password"))
                }
            }))
            (section(if operator.disabled { "Enable" } else { "Disable" }, None, &disabling(&desk, &operator, &url("disable"))))
        }
    };
    let page =
        Page::new(Section::Operators, operator.name.clone()).under("Operators", desk.url("config/operators"));
    Ok(page.send(&desk, &body))
}

fn held(desk: &Desk, grant: &Grant, action: &str) -> Markup {
    let tenant = grant.tenant.as_ref().map_or("all", AsRef::as_ref);
    html! {
        form.inline method="post" action=(action) {
            (field::csrf(desk.csrf()))
            input type="hidden" name="role" value=(grant.role.as_str());
            input type="hidden" name="tenant" value=(tenant);
            span { (named(grant, &desk.tenants)) }
            button.button.tiny.danger type="submit" aria-label={ "Take away " (named(grant, &desk.tenants)) } { "Take away" }
        }
    }
}

fn disabling(desk: &Desk, operator: &Operator, action: &str) -> Markup {
    html! {
        form.stack method="post" action=(action) {
            (field::csrf(desk.csrf()))
            @if operator.disabled {
                p.soft { "Lets this operator sign in again, with the roles above." }
                div.actions { button.button type="submit" { "Enable operator" } }
            } @else {
                input type="hidden" name="disabled" value="1";
                p.soft { "Ends this operator's sessions at once and refuses further sign-ins. Can be undone." }
                div.actions { button.button.danger type="submit" { "Disable operator" } }
            }
        }
    }
}

pub(crate) async fn grant(desk: Arc<Desk>) -> Answer {
    let page = format!("config/operators/{}", desk.parameter("id"));
    desk.signed_in_lately(&desk.url(&page))?;
    let grant = match grant_of(&desk) {
        Ok(grant) => grant,
        Err(text) => return desk.not_done(&page, text),
    };
    let name = named(&grant, &desk.tenants);
    match desk.app.directory.grant_role(desk.caller(), desk.parameter("id"), grant).await {
        Ok(()) => desk.done(&page, format!("Granted: {name}.")),
        Err(error) => desk.refused(&page, error),
    }
}

pub(crate) async fn revoke(desk: Arc<Desk>) -> Answer {
    let page = format!("config/operators/{}", desk.parameter("id"));
    desk.signed_in_lately(&desk.url(&page))?;
    let Some(role) = Role::parse(desk.form.text("role")) else {
        return desk.not_done(&page, "Choose a role.");
    };
    // The tenant may be one that is deleted by now; only its form is checked.
    let grant = Grant { role, tenant: TenantId::parse(desk.form.text("tenant")) };
    match desk.app.directory.revoke_role(desk.caller(), desk.parameter("id"), grant).await {
        Ok(()) => desk.done(&page, "The role is taken away."),
        Err(error) => desk.refused(&page, error),
    }
}

pub(crate) async fn set_password(desk: Arc<Desk>) -> Answer {
    let operator = load(&desk).await?;
    let page = format!("config/operators/{}", operator.id);
    desk.signed_in_lately(&desk.url(&page))?;
    let password = desk.app.directory.generate_password();
    match desk.app.directory.set_password(desk.caller(), &operator.id, &password).await {
        Ok(()) => Ok(shown_once(&desk, &operator.name, &password)),
        Err(error) => desk.refused(&page, error),
    }
}

pub(crate) async fn disable(desk: Arc<Desk>) -> Answer {
    let page = format!("config/operators/{}", desk.parameter("id"));
    desk.signed_in_lately(&desk.url(&page))?;
    let disabled = desk.form.has("disabled");
    match desk.app.directory.disable_operator(desk.caller(), desk.parameter("id"), disabled).await {
        Ok(()) => {
            desk.done(&page, if disabled { "The operator is disabled." } else { "The operator is enabled." })
        }
        Err(error) => desk.refused(&page, error),
    }
}
