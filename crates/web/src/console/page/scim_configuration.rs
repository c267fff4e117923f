//! Tenant Config → SCIM2 Configuration: what an identity provider must be given, read-only, with the steps to give it.

use std::sync::Arc;

use directory::Permission;
use maud::{Markup, html};

use crate::console::answer::Answer;
use crate::console::component::facts::section;
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::{banner, button, copy};
use crate::console::menu::Section;
use crate::console::visit::Desk;

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let base = desk.app.directory.scim_base(&desk.tenant.id);
    let body = html! {
        div.stack.wide {
            (section("SCIM2 Base URL", None, &html! {
                div.stack {
                    (copy::copy("base-url", "the SCIM2 Base URL", &base))
                    p.soft { "Every request to it carries an API key of this tenant: " code { "Authorization: Bearer mst_…" } }
                    details.more { summary { "Detailed URLs" } (detailed(&base)) }
                }
            }))
            (section("API key", None, &key(&desk)))
            (section("Set up Microsoft Entra ID", None, &entra(&base)))
            (section("Set up Okta", None, &okta(&base)))
            (section("Try it", None, &curl(&base)))
        }
    };
    let page = Page::new(Section::ScimConfiguration, "SCIM2 Configuration")
        .under("Tenant Config", desk.url("config"));
    let page = page.lead(html! { "Connect an identity provider so that it creates, changes and removes users and groups in " (desk.tenant.name) "." });
    Ok(page.send(&desk, &body))
}

fn detailed(base: &str) -> Markup {
    const URLS: [(&str, &str, &str); 3] = [
        (
            "url-config",
            "/ServiceProviderConfig",
            "What this server supports: PATCH, filters, sorting, ETags, paging, and their limits.",
        ),
        (
            "url-schemas",
            "/Schemas",
            "Every attribute of users and groups: its type, whether it can be written, whether it is unique.",
        ),
        ("url-types", "/ResourceTypes", "The kinds of objects, their addresses and extensions."),
    ];
    html! {
        div.stack {
            @for (id, path, what) in URLS {
                div.field { span.label { (path.trim_start_matches('/')) } (copy::copy(id, path, &format!("{base}{path}"))) span.hint { (what) } }
            }
        }
    }
}

fn key(desk: &Desk) -> Markup {
    html! {
        div.stack {
            p { "The identity provider signs its requests with an API key that has the scope " code { "SCIM2" } ". Its value is shown once, when it is created." }
            div.actions {
                @if desk.may(Permission::ManageKeys) { (button::link(&desk.url("keys/new"), Some(Icon::Key), "Create New API Key")) }
                (button::link(&desk.url("keys"), None, "API Keys of this tenant"))
            }
        }
    }
}

fn entra(base: &str) -> Markup {
    html! {
        ol.steps {
            li { div { p { "In the Microsoft Entra admin center, as at least Application Administrator, open " strong { "Enterprise apps" } ", choose " strong { "New application" } ", then " strong { "Create your own application" } ". Name it and choose “Integrate any other application you don't find in the gallery”." } } }
            li { div { p { "In the application open " strong { "Provisioning" } ", choose " strong { "New configuration" } ", and as authentication method " strong { "Bearer authentication" } "." } } }
            li { div { p { strong { "Tenant URL" } ": paste" } (copy::copy("entra-url", "the Tenant URL", base)) } }
            li { div { p { strong { "Secret token" } ": paste the API key, starting with " code { "mst_" } ". Press " strong { "Test Connection" } ", then " strong { "Create" } "." } } }
            li { div { p { "Under " strong { "Users and groups" } " assign whom to provision. Under " strong { "Attribute mapping" } " the defaults work as they are: " code { "userPrincipalName" } " to " code { "userName" } " is the match." } } }
            li { div { p { "Try one person with " strong { "Provision on demand" } ", then " strong { "Start provisioning" } ". Every request appears here in the Request log." } } }
        }
        (note("Both PATCH dialects of Entra are understood, with and without ?aadOptscim062020 in the Tenant URL."))
    }
}

fn okta(base: &str) -> Markup {
    html! {
        ol.steps {
            li { div { p { "In the Okta Admin Console open " strong { "Applications" } ", " strong { "Browse App Catalog" } ", and add " strong { "SCIM 2.0 Test App (OAuth Bearer Token)" } ", or enable " strong { "SCIM provisioning" } " in an application of your own." } } }
            li { div { p { "Under " strong { "Provisioning" } ", " strong { "Configure API Integration" } ", tick " strong { "Enable API integration" } "." } } }
            li { div { p { strong { "SCIM 2.0 Base URL" } " (connector base URL): paste" } (copy::copy("okta-url", "the Base URL", base)) } }
            li { div { p { strong { "OAuth Bearer Token" } " (HTTP Header, Authorization): paste the API key. The unique identifier field is " code { "userName" } "." } } }
            li { div { p { "Press " strong { "Test API Credentials" } ", save, then under " strong { "To App" } " enable Create Users, Update User Attributes and Deactivate Users, and assign people and " strong { "Push Groups" } "." } } }
        }
        (note("Okta deactivates users instead of deleting them: they are Inactive here."))
    }
}

fn note(text: &str) -> Markup {
    html! { div.stack { span {} (banner::text(banner::Tone::Info, text)) } }
}

fn curl(base: &str) -> Markup {
    let command = format!("curl -H 'Authorization: Bearer YOUR-API-KEY' '{base}/Users?count=1'");
    html! {
        div.stack {
            p.soft { "From a shell, with a key in place of YOUR-API-KEY:" }
            (copy::copy("try-curl", "the command", &command))
        }
    }
}
