//! Create New API Key, and rotate one. The value is in the answer to the form and nowhere else, ever.

use std::sync::Arc;

use axum::response::Response;
use directory::{Context, KeyScope, NewKey, Permission, Tenant, TenantId};
use http::StatusCode;
use jiff::SignedDuration;
use maud::{Markup, html};

use super::key_list::find;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::{Fact, facts};
use crate::console::component::field::{self, Field};
use crate::console::component::shell::Page;
use crate::console::component::{button, chip, copy, time};
use crate::console::gate;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

const EXPIRIES: [(&str, &str); 4] =
    [("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "365 days")];

fn days(text: &str) -> i64 {
    EXPIRIES.iter().find(|(days, _)| *days == text).and_then(|(days, _)| days.parse().ok()).unwrap_or(90)
}

/// What is wrong with the form.
#[derive(Debug, Default)]
struct Wrong {
    name: Option<String>,
    scope: Option<String>,
    tenant: Option<String>,
    expiry: Option<String>,
    status: Option<StatusCode>,
}

impl Wrong {
    fn any(&self) -> bool {
        self.name.is_some() || self.scope.is_some() || self.tenant.is_some() || self.expiry.is_some()
    }
}

/// The tenants a key may be made for, or a refusal if there are none.
fn manageable(desk: &Desk) -> Result<Vec<&Tenant>, Failure> {
    let tenants: Vec<&Tenant> = desk.tenants_where(Permission::ManageKeys).collect();
    if tenants.is_empty() {
        return Err(Failure::Forbidden(gate::refusal(Permission::ManageKeys).to_owned()));
    }
    Ok(tenants)
}

/// From the API Keys page or from the profile; the same form.
fn home(desk: &Desk) -> (Section, &'static str, &'static str) {
    if desk.path.contains("/profile/") {
        (Section::Profile, "Profile", "profile")
    } else {
        (Section::Keys, "API Keys", "keys")
    }
}

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    let tenants = manageable(&desk)?;
    desk.signed_in_lately(&desk.path)?;
    Ok(form(&desk, &tenants, &Wrong::default()))
}

fn form(desk: &Desk, tenants: &[&Tenant], wrong: &Wrong) -> Response {
    let (section, place, path) = home(desk);
    let typed = |name: &str, usual: &str| desk.form.given(name).unwrap_or(usual).to_owned();
    let here = desk.tenant.id.to_string();
    let chosen = typed("tenant", &here);
    let options: Vec<(String, &str)> = tenants.iter().map(|t| (t.id.to_string(), t.name.as_str())).collect();
    let mut options: Vec<(&str, &str)> = options.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    if !options.iter().any(|(id, _)| *id == chosen) {
        options.insert(0, ("", "Choose a tenant"));
    }
    let scope = if desk.method == http::Method::POST {
        desk.form.text("scope").to_owned()
    } else {
        KeyScope::Scim2.to_string()
    };
    let body = html! {
        form.form method="post" action=(desk.url(&format!("{path}/new")).replace("profile/new", "profile/keys/new")) {
            (field::csrf(desk.csrf()))
            (Field::new("name", "Key Name", desk.form.text("name")).required().error(wrong.name.as_deref()).autofocus()
                .hint("Says who uses it, for example Entra ID provisioning.").input())
            (scopes(&scope, wrong.scope.as_deref()))
            (Field::new("tenant", "Tenant", &chosen).required().error(wrong.tenant.as_deref())
                .hint("The key works for this tenant only.").select(&options))
            (Field::new("expiry", "Expires after", &typed("expiry", "90")).error(wrong.expiry.as_deref()).select(&EXPIRIES))
            div.end { (button::submit("Create API Key")) (button::cancel(&desk.url(path))) }
        }
    };
    let status = wrong.status.unwrap_or(if wrong.any() { StatusCode::BAD_REQUEST } else { StatusCode::OK });
    Page::new(section, "Create New API Key").under(place, desk.url(path)).status(status).send(desk, &body)
}

fn scopes(chosen: &str, error: Option<&str>) -> Markup {
    html! {
        fieldset.field aria-describedby=[error.map(|_| "scope-error")] {
            span.label { "Scope " span.must aria-hidden="true" { "*" } }
            @for (scope, meaning) in KeyScope::ALL.into_iter().map(|scope| (scope.to_string(), meaning(&scope))) {
                (field::radio("scope", &scope, &scope, Some(meaning), chosen == scope))
            }
            @if let Some(error) = error { p.error id="scope-error" { (error) } }
        }
    }
}

fn meaning(scope: &KeyScope) -> &'static str {
    match scope {
        KeyScope::Scim2 => {
            "Read, create, change and delete users and groups through SCIM. What an identity provider needs."
        }
        KeyScope::Scim2Read => "Read users and groups through SCIM; writes are refused.",
        KeyScope::Provisioning => {
            "Read and change enterprise applications and their provisioning through the Graph API."
        }
        KeyScope::ProvisioningRead => {
            "Read applications, their provisioning and its logs; changes are refused."
        }
        KeyScope::ProvisioningOf(_) => "Read and change one application through the Graph API.",
    }
}

pub(crate) async fn create(desk: Arc<Desk>) -> Answer {
    let tenants = manageable(&desk)?;
    desk.signed_in_lately(&desk.path)?;
    let mut wrong = Wrong::default();
    if desk.form.given("name").is_none() {
        wrong.name = Some("Type a name that says who will use the key.".to_owned());
    }
    let scope = KeyScope::parse(desk.form.text("scope")).ok();
    if scope.is_none() {
        wrong.scope = Some("Choose what the key may do.".to_owned());
    }
    let named = desk.form.given("tenant").and_then(TenantId::parse);
    let tenant = named.and_then(|id| tenants.iter().find(|tenant| tenant.id == id).copied());
    if tenant.is_none() {
        // Not hidden only: a tenant outside the list is refused here, whether it exists or not.
        wrong.tenant = Some("Choose a tenant that you may manage.".to_owned());
        wrong.status = desk.form.given("tenant").map(|_| StatusCode::FORBIDDEN);
    }
    let (Some(scope), Some(tenant), false) = (scope, tenant, wrong.any()) else {
        return Ok(form(&desk, &tenants, &wrong));
    };
    let expires = desk.now.checked_add(SignedDuration::from_hours(24 * days(desk.form.text("expiry")))).ok();
    let key = NewKey { name: desk.form.text("name").to_owned(), scopes: vec![scope], expires };
    let context = Context::new(tenant.id.clone(), desk.caller());
    match desk.app.directory.create_key(context, key).await {
        Ok((row, value)) => Ok(shown_once(&desk, tenant, &row, &value, "API key created")),
        Err(error) => match explained(&error) {
            Some(text) => Ok(form(&desk, &tenants, &Wrong { name: Some(text), ..Wrong::default() })),
            None => Err(error.into()),
        },
    }
}

/// The only page a key's value is ever on.
fn shown_once(desk: &Desk, tenant: &Tenant, key: &directory::KeyRow, value: &str, title: &str) -> Response {
    let (section, place, path) = home(desk);
    let list = format!("/t/{}/keys", tenant.id);
    let body = html! {
        div.stack.form.wide {
            (banner::banner(Tone::Warn, &html! {
                strong { "Copy the key now." } " This is the only time it is shown; it cannot be retrieved after you leave this page. Treat it as a password."
            }))
            div.field { span.label { "API key" } (copy::secret("key-value", "the API key", value)) }
            div.field {
                span.label { "SCIM2 Base URL" }
                (copy::copy("base-url", "the SCIM2 Base URL", &desk.app.directory.scim_base(&tenant.id)))
            }
            div.section { (facts(&[
                Fact::new("Key Name", html! { (key.name) }),
                Fact::new("Scope", html! { span.chips { @for scope in &key.scopes { (chip::tag(scope)) } } }),
                Fact::new("Tenant", html! { (tenant.name) }),
                Fact::new("Expires", html! { (time::maybe(key.expires, desk.now, "never")) }),
            ])) }
            div.end {
                a.button.primary href=(list) data-kept { "I have copied the key" }
                a.button href={ "/t/" (tenant.id) "/config/scim" } data-kept { "Set-up steps for Entra and Okta" }
            }
        }
    };
    Page::new(section, title).under(place, desk.url(path)).send(desk, &body)
}

const OVERLAPS: [(&str, &str); 4] = [
    ("0", "Stops at once"),
    ("1", "Works 1 more day"),
    ("3", "Works 3 more days"),
    ("7", "Works 7 more days"),
];

pub(crate) async fn ask_rotate(desk: Arc<Desk>) -> Answer {
    let key = find(&desk).await?;
    let back = desk.url("keys");
    let action = desk.url(&format!("keys/{}/rotate", key.id));
    desk.signed_in_lately(&back)?;
    let ask = Confirm {
        title: &format!("Rotate {}?", key.name),
        content: html! {
            p { "Makes a new secret for this key; name, scope, tenant and expiry stay. The new value is shown once." }
            (Field::new("overlap", "The present secret", "1").select(&OVERLAPS))
            p.soft { "Leave it working for as long as you need to put the new value into the identity provider." }
        },
        action: &action,
        csrf: desk.csrf(),
        verb: "Rotate key",
        back: &back,
        danger: false,
    };
    let page = Page::new(Section::Keys, "Rotate").under("API Keys", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn rotate(desk: Arc<Desk>) -> Answer {
    let key = find(&desk).await?;
    desk.signed_in_lately(&desk.url("keys"))?;
    let days =
        OVERLAPS.iter().find(|(days, _)| *days == desk.form.text("overlap")).map_or("1", |(days, _)| days);
    let overlap = SignedDuration::from_hours(24 * days.parse::<i64>().unwrap_or(1));
    match desk.app.directory.rotate_key(desk.context(), &key.id, overlap).await {
        Ok((row, value)) => Ok(shown_once(&desk, &desk.tenant, &row, &value, "API key rotated")),
        Err(error) => desk.refused("keys", error),
    }
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn only_the_offered_expiries_count() {
        for (text, expect) in [("30", 30), ("365", 365), ("366", 90), ("-1", 90), ("", 90), ("never", 90)] {
            assert_eq!(days(text), expect, "{text}");
        }
    }
}
