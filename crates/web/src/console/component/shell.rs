//! The page around every page: menu, tenant, breadcrumb, account; and the bare card before there is a session.

use axum::response::Response;
use directory::Tenant;
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

use super::banner;
use super::breadcrumb::{Crumb, breadcrumb};
use super::field;
use super::icon::{Icon, icon, mark};
use crate::console::answer;
use crate::console::asset::{HTMX, MARK, SCRIPT, STYLE};
use crate::console::link::Link;
use crate::console::menu::{Item, MENU, Section};
use crate::console::visit::{Desk, Guest, Visit};

/// A page of a tenant, to be filled and sent.
#[derive(Debug)]
pub(crate) struct Page {
    section: Section,
    title: String,
    /// What the breadcrumb calls it; the title if there is none.
    label: Option<&'static str>,
    lead: Option<Markup>,
    crumbs: Vec<Crumb>,
    actions: Option<Markup>,
    status: StatusCode,
    canonical: Option<Link>,
    refresh: Option<u32>,
}

impl Page {
    pub(crate) fn new(section: Section, title: impl Into<String>) -> Self {
        Self {
            section,
            title: title.into(),
            label: None,
            lead: None,
            crumbs: Vec::new(),
            actions: None,
            status: StatusCode::OK,
            canonical: None,
            refresh: None,
        }
    }

    /// The last step of the breadcrumb, where the title repeats the one before it.
    pub(crate) fn labelled(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    /// A sentence under the title.
    pub(crate) fn lead(mut self, lead: Markup) -> Self {
        self.lead = Some(lead);
        self
    }

    /// A page above this one.
    pub(crate) fn under(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Crumb { label: label.into(), href: Some(href.into()) });
        self
    }

    /// What can be done here, beside the title.
    pub(crate) fn actions(mut self, actions: Markup) -> Self {
        self.actions = Some(actions);
        self
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The list's own URL, without parameters that say nothing; htmx puts it into the address bar.
    pub(crate) fn canonical(mut self, link: Link) -> Self {
        self.canonical = Some(link);
        self
    }

    /// Without script the page is loaded again after so many seconds.
    pub(crate) fn refresh(mut self, seconds: u32) -> Self {
        self.refresh = Some(seconds);
        self
    }

    /// The whole page.
    pub(crate) fn send(self, desk: &Desk, body: &Markup) -> Response {
        let main = html! {
            div.head {
                div.titles {
                    h1 { (self.title) }
                    @if let Some(lead) = &self.lead { div.lead { (lead) } }
                }
                @if let Some(actions) = &self.actions { div.actions { (actions) } }
            }
            (body)
        };
        self.send_question(desk, &main)
    }

    /// The page around something that has its own title.
    pub(crate) fn send_question(self, desk: &Desk, main: &Markup) -> Response {
        let mut crumbs = self.crumbs;
        let label = self.label.map_or_else(|| self.title.clone(), str::to_owned);
        crumbs.push(Crumb { label, href: None });
        let frame = Frame {
            tenant: Some(&desk.tenant),
            section: Some(self.section),
            title: &self.title,
            refresh: self.refresh,
        };
        let page = around_with(desk, &frame, &crumbs, main);
        let mut response = answer::html(self.status, page);
        let canonical = self.canonical.filter(|_| desk.htmx).map(|link| link.to_string());
        if let Some(url) = canonical.and_then(|url| HeaderValue::from_str(&url).ok()) {
            response.headers_mut().insert("hx-replace-url", url);
        }
        response
    }
}

/// What the shell says of the page in it.
struct Frame<'a> {
    tenant: Option<&'a Tenant>,
    section: Option<Section>,
    title: &'a str,
    refresh: Option<u32>,
}

/// The shell around anything a signed-in operator is shown.
pub(crate) fn around(
    visit: &Visit,
    tenant: Option<&Tenant>,
    section: Option<Section>,
    title: &str,
    crumbs: &[Crumb],
    main: &Markup,
) -> Markup {
    around_with(visit, &Frame { tenant, section, title, refresh: None }, crumbs, main)
}

fn around_with(visit: &Visit, frame: &Frame<'_>, crumbs: &[Crumb], main: &Markup) -> Markup {
    let Frame { tenant, section, title, refresh } = *frame;
    let place = tenant.map_or_else(|| "Muster".to_owned(), |tenant| format!("{} · Muster", tenant.name));
    let menu = tenant.map(|tenant| menu(visit, tenant, section));
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · {place}"), true, refresh))
            body {
                a.skip href="#main" { "Skip to content" }
                div.shell {
                    aside.side aria-label="Tenant and menu" {
                        (brand())
                        @if let Some(menu) = &menu { (menu) }
                    }
                    div.page {
                        header.top {
                            details.narrow-menu data-drop {
                                summary { (icon(Icon::Menu)) span { "Menu" } }
                                div.drop { @if let Some(menu) = &menu { (menu) } }
                            }
                            (breadcrumb(crumbs))
                            div.end { (account(visit, tenant)) }
                        }
                        main #main tabindex="-1" {
                            @if let Some(flash) = &visit.flash { (banner::flash(flash.tone, &flash.text)) }
                            (main)
                        }
                        (foot(visit))
                    }
                }
                (help())
                div.sr #live role="status" aria-live="polite" {}
            }
        }
    }
}

fn head(title: &str, lists: bool, refresh: Option<u32>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex, nofollow";
            title { (title) }
            @if let Some(seconds) = refresh { noscript { meta http-equiv="refresh" content=(seconds); } }
            link rel="icon" type="image/svg+xml" href=(MARK.href);
            link rel="stylesheet" href=(STYLE.href);
            script src=(SCRIPT.href) defer {}
            @if lists {
                // No history in local storage: pages hold personal data. No eval, no inline style: the policy forbids both.
                meta name="htmx-config" content=(HTMX_CONFIGURATION);
                script src=(HTMX.href) defer {}
            }
        }
    }
}

const HTMX_CONFIGURATION: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"historyCacheSize":0,"refreshOnHistoryMiss":true,"selfRequestsOnly":true,"scrollIntoViewOnBoost":false}"#;

fn brand() -> Markup {
    html! { a.brand href="/" { (mark()) span.word { "muster" } } }
}

fn menu(visit: &Visit, tenant: &Tenant, section: Option<Section>) -> Markup {
    html! {
        p.tenant-name { span { "Tenant" } (tenant.name) }
        nav.menu aria-label="Main" {
            @for item in &MENU { (entry(visit, tenant, section, item)) }
        }
        (switch(visit, tenant))
    }
}

fn entry(visit: &Visit, tenant: &Tenant, section: Option<Section>, item: &Item) -> Markup {
    let url = |path: &str| {
        if path.is_empty() { format!("/t/{}", tenant.id) } else { format!("/t/{}/{path}", tenant.id) }
    };
    let open = section.is_some_and(|section| item.sections.contains(&section));
    let below = || item.below.iter().filter(|below| below.is_for(visit));
    html! {
        a href=(url(item.path)) data-go=(item.key) aria-current=[(open && item.below.is_empty()).then_some("page")] {
            (icon(item.icon)) (item.label)
        }
        @if open && !item.below.is_empty() {
            div.sub {
                @for line in below() {
                    a href=(url(line.path)) aria-current=[(section == Some(line.section)).then_some("page")] { (line.label) }
                }
            }
        }
    }
}

fn switch(visit: &Visit, tenant: &Tenant) -> Markup {
    html! {
        form.switch method="get" action="/switch" {
            label { "Switch tenant"
                select.select name="tenant" autocomplete="off" {
                    @for other in &visit.tenants {
                        option value=(other.id) selected[other.id == tenant.id] { (other.name) }
                    }
                }
            }
            // WCAG 3.2.2: choosing is not going; somebody who walks through the list by keyboard stays where they are.
            button.button type="submit" { "Switch" }
        }
    }
}

/// Initials for the round sign of somebody.
pub(crate) fn initials(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next());
    words.take(2).flat_map(char::to_uppercase).collect()
}

fn account(visit: &Visit, tenant: Option<&Tenant>) -> Markup {
    let operator = &visit.session.operator;
    html! {
        details.account data-drop {
            summary {
                span.avatar aria-hidden="true" { (initials(&operator.name)) }
                span.sr { "Account of " }
                span.name { (operator.name) }
                (icon(Icon::ChevronDown))
            }
            div.drop {
                div.who {
                    strong { (operator.name) }
                    div.soft.small { (role_of(visit, tenant)) }
                }
                @if let Some(tenant) = tenant {
                    a href={ "/t/" (tenant.id) "/profile" } { (icon(Icon::Person)) "Profile" }
                }
                form method="post" action="/sign-out" {
                    (field::csrf(visit.csrf()))
                    button type="submit" { (icon(Icon::SignOut)) "Sign out" }
                }
            }
        }
    }
}

/// The operator's roles where they are.
pub(crate) fn role_of(visit: &Visit, tenant: Option<&Tenant>) -> String {
    let here =
        |of: &Option<directory::TenantId>| of.as_ref().is_none_or(|id| tenant.is_some_and(|t| t.id == *id));
    let mut titles: Vec<&str> =
        visit.session.operator.grants.iter().filter(|g| here(&g.tenant)).map(|g| g.role.title()).collect();
    titles.dedup();
    if titles.is_empty() { "No role here".to_owned() } else { titles.join(", ") }
}

fn foot(guest: &Guest) -> Markup {
    html! {
        footer.foot {
            @if guest.app.options.demo { span { "Demo: the data of this server is thrown away when it ends." } }
            span { "Muster " (env!("CARGO_PKG_VERSION")) }
            span.hide-narrow { "Press " kbd { "?" } " for keys" }
        }
    }
}

fn help() -> Markup {
    const KEYS: [(&[&str], &str); 13] = [
        (&["/"], "Search this list"),
        (&["j", "k"], "Next, previous row"),
        (&["g", "h"], "Home"),
        (&["g", "u"], "Users"),
        (&["g", "g"], "Groups"),
        (&["g", "a"], "Enterprise apps"),
        (&["g", "k"], "API Keys"),
        (&["g", "l"], "Logs"),
        (&["g", "v"], "Validator"),
        (&["g", "c"], "Tenant Config"),
        (&["g", "p"], "Profile"),
        (&["?"], "This help"),
        (&["Esc"], "Close"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            form.confirm method="dialog" {
                h2 #help-title { "Keys" }
                dl.keys {
                    @for (keys, what) in KEYS {
                        dt { @for key in keys { kbd { (key) } " " } }
                        dd { (what) }
                    }
                }
                div.end { button.button type="submit" autofocus { "Close" } }
            }
        }
    }
}

/// A card by itself: sign-in, errors before there is a session.
pub(crate) fn bare(title: &str, wide: bool, card: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · Muster"), false, None))
            body.bare {
                main.card.wide[wide] {
                    (brand())
                    (card)
                }
                footer { "Muster " (env!("CARGO_PKG_VERSION")) " · user provisioning over SCIM 2.0" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_of_names_and_addresses() {
        for (name, expect) in [("Ada Lovelace", "AL"), ("admin", "A"), ("élise@x.example", "ÉX"), ("", "")]
        {
            assert_eq!(initials(name), expect);
        }
    }
}
