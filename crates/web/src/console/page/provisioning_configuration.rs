//! New provisioning configuration, and the present one edited: authentication, Tenant URL, secret, Test Connection, Create.

use std::sync::Arc;

use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::connection::Connection;
use provision::test_connection::{Check, TestReport};
use provision::test_ticket::TestTicket;

use super::application_frame::{Opened, Place};
use super::provisioning_connection::{Stored, Typed, Wrong, fields, secret};
use super::provisioning_exchange as exchange;
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::status::status;
use crate::console::component::{button, field};
use crate::console::visit::{Desk, told};
use crate::provisioning::tested::Owner;

/// The form with what is said of it.
struct Form<'a> {
    typed: Typed,
    wrong: Option<Wrong>,
    refused: Option<String>,
    report: Option<&'a TestReport>,
    ticket: TestTicket,
}

impl Form<'_> {
    fn of(typed: Typed) -> Self {
        Self { typed, wrong: None, refused: None, report: None, ticket: TestTicket::none() }
    }
}

fn owner(desk: &Desk, opened: &Opened) -> Owner {
    Owner {
        tenant: desk.tenant.id.clone(),
        application: opened.id().to_owned(),
        operator: desk.session.operator.id.clone(),
    }
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let form = Form::of(Typed::of(opened.job.config.connection.as_ref()));
    page(&desk, &opened, &form).await
}

async fn page(desk: &Desk, opened: &Opened, form: &Form<'_>) -> Answer {
    let secrets = desk.app.provisioning.secret_state(&desk.tenant.id, opened.id()).await?;
    let stored = match (&form.ticket, secrets.first()) {
        (ticket, _) if *ticket != TestTicket::none() && typed_a_secret(desk) => Stored::Tested,
        (_, Some((name, at))) => Stored::Since(*name, *at),
        (_, None) => Stored::None,
    };
    let new = opened.job.config.connection.is_none();
    let url = opened.url(desk, "provisioning/configuration");
    let back = opened.url(desk, "provisioning");
    let content = html! {
        @if let Some(why) = &form.refused { (banner::text(Tone::Bad, why)) }
        form.form.wide.connection-form method="post" action=(url) data-tests novalidate {
            (field::csrf(desk.csrf()))
            (fields(desk, &form.typed, form.wrong.as_ref(), &stored))
            div.stack #tested {
                @if let Some(report) = form.report { (result(report)) }
                input type="hidden" name="ticket" value=(form.ticket.as_str());
                div.end {
                    button.button type="submit" formaction={ (url) "/test" } hx-post={ (url) "/test" } hx-target="#tested"
                        hx-select="#tested" hx-swap="outerHTML" hx-disabled-elt="this" hx-indicator="#testing" { "Test Connection" }
                    @let passed = form.ticket != TestTicket::none();
                    button.button.primary type="submit" data-needs-test disabled[new && !passed] { @if new { "Create" } @else { "Save" } }
                    (button::cancel(&back))
                }
                p.waiting #testing role="status" { (icon(Icon::Clock)) " Asking the target. One that does not answer is given 40 seconds." }
                p.soft.small { @if new { "Create is enabled once Test Connection has passed for what is typed now." } @else { "A changed Tenant URL or secret is tested before it is saved." } }
            }
        }
    };
    let bad = form.wrong.is_some() || form.refused.is_some();
    // htmx swaps answers that say success.
    let code = if bad && !desk.htmx { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let title = if new { "New provisioning configuration" } else { "Edit configuration" };
    let page = opened
        .under(desk, title)
        .under("Provisioning", back)
        .status(code)
        .lead(html! { "Where the users and groups of " (desk.tenant.name) " are provisioned to, and how the service proves who it is there." });
    Ok(page.send(desk, &opened.frame(desk, Place::Provisioning, &content)))
}

fn typed_a_secret(desk: &Desk) -> bool {
    ["secret_token", "password", "client_secret"].iter().any(|name| desk.form.given(name).is_some())
        || desk.form.given("ticket").is_some()
}

/// What the test found, check by check.
fn result(report: &TestReport) -> Markup {
    let failed = report.checks.iter().find(|check| !check.ok);
    let warned = report.checks.iter().any(|check| check.warning);
    html! {
        div.stack.test-result data-result role="status" {
            @match failed {
                Some(check) => (banner::banner(Tone::Bad, &html! {
                    strong { "Test Connection failed. " } (check.message)
                    @if let Some(hint) = &check.hint { " " (hint) }
                    @if let Some(cause) = &report.cause { " " code.soft.small { (cause) } }
                })),
                None if warned => (banner::banner(Tone::Warn, &html! { strong { "Test Connection passed, with a warning. " } "The credentials are accepted; see below what to know about this target." })),
                None => (banner::banner(Tone::Ok, &html! { strong { "Test Connection passed. " } "The target answers as SCIM asks and accepts the credentials." })),
            }
            ul.checks { @for check in &report.checks { (line(check, failed)) } }
        }
    }
}

fn line(check: &Check, failed: Option<&Check>) -> Markup {
    let name = match check.name {
        "connection" => "Connection",
        "users" => "Users",
        "groups" => "Groups",
        "serviceProviderConfig" => "Capabilities",
        "schemas" => "Schemas",
        other => other,
    };
    let mark = match (check.ok, check.warning) {
        (false, _) => status("bad", Icon::Error, "Failed"),
        (true, true) => status("warn", Icon::Alert, "Warning"),
        (true, false) => status("ok", Icon::Check, "Passed"),
    };
    // The banner has said it already.
    let said = failed.is_some_and(|failed| std::ptr::eq(failed, check));
    html! {
        li {
            div { (mark) " " strong { (name) } @if !said { ": " (check.message) @if let Some(hint) = &check.hint { " " span.soft { (hint) } } } }
            @if let Some(exchange) = &check.exchange { (exchange::folded(exchange)) }
        }
    }
}

/// Real calls with what is typed; nothing is saved.
pub(crate) async fn test(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let typed = Typed::read(&desk.form);
    let mut form = Form::of(typed);
    let (connection, typed_secret) = match given(&desk, &form.typed) {
        Ok(given) => given,
        Err(wrong) => return answer_wrong(&desk, &opened, form, wrong).await,
    };
    let before = TestTicket::from(desk.form.text("ticket").to_owned());
    let owner = owner(&desk, &opened);
    let kept = desk.app.tested.secret(&owner, &before, &connection, desk.now);
    let secret = typed_secret.or(kept);
    let asked = desk.app.provisioning.test_connection(
        &desk.tenant.id,
        Some(opened.id()),
        &connection,
        secret.clone(),
    );
    let report = match asked.await {
        Ok(report) => report,
        Err(error) => match told(&error) {
            Some(why) => {
                form.refused = Some(why);
                return page(&desk, &opened, &form).await;
            }
            None => return Err(error.into()),
        },
    };
    if let (Some(ticket), Some(secret)) = (&report.ticket, secret) {
        desk.app.tested.keep(owner, ticket, connection, secret, desk.now);
    }
    form.ticket = report.ticket.clone().unwrap_or_else(TestTicket::none);
    form.report = Some(&report);
    page(&desk, &opened, &form).await
}

fn given(desk: &Desk, typed: &Typed) -> Result<(Connection, Option<provision::Secret>), Wrong> {
    let connection = typed.connection()?;
    let secret = secret(&desk.form, &connection)?;
    Ok((connection, secret))
}

/// htmx takes only the part below the fields: there the words have to stand.
async fn answer_wrong(desk: &Desk, opened: &Opened, mut form: Form<'_>, wrong: Wrong) -> Answer {
    let report = TestReport {
        ok: false,
        checks: vec![Check {
            name: "connection",
            ok: false,
            warning: false,
            message: wrong.1.clone(),
            hint: None,
            exchange: None,
        }],
        cause: None,
        groups_supported: None,
        filters_honoured: None,
        ticket: None,
    };
    if desk.htmx {
        let form = Form { report: Some(&report), ..form };
        return page(desk, opened, &form).await;
    }
    form.wrong = Some(wrong);
    page(desk, opened, &form).await
}

/// Create, or save what was edited: only what a test has passed for.
pub(crate) async fn save(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let mut form = Form::of(Typed::read(&desk.form));
    let (connection, typed_secret) = match given(&desk, &form.typed) {
        Ok(given) => given,
        Err(wrong) => return answer_wrong(&desk, &opened, form, wrong).await,
    };
    let ticket = TestTicket::from(desk.form.text("ticket").to_owned());
    let owner = owner(&desk, &opened);
    let secret = typed_secret.or_else(|| desk.app.tested.secret(&owner, &ticket, &connection, desk.now));
    let present = opened.job.config.connection.as_ref();
    let same = present.is_some_and(|old| {
        old.tenant_url == connection.tenant_url && old.authentication == connection.authentication
    });
    if ticket == TestTicket::none() && (secret.is_some() || !same) {
        form.refused = Some("Test Connection first: only what a test has passed for is saved.".to_owned());
        return page(&desk, &opened, &form).await;
    }
    let new = present.is_none();
    let saved =
        desk.app.provisioning.set_connection(desk.context(), opened.id(), connection, secret, ticket.clone());
    match saved.await {
        Ok(_) => {
            desk.app.tested.forget(&ticket);
            let path = opened.path("provisioning");
            let said = if new {
                "Configuration created. Nobody is provisioned before you start it."
            } else {
                "Configuration saved."
            };
            desk.done(&path, said)
        }
        Err(error) => match told(&error) {
            Some(why) => {
                form.refused = Some(why);
                page(&desk, &opened, &form).await
            }
            None => Err(error.into()),
        },
    }
}

/// The way to the form, for those who may use it.
pub(super) fn button(desk: &Desk, opened: &Opened) -> Option<Markup> {
    let url = opened.url(desk, "provisioning/configuration");
    desk.may(Permission::ManageApplications)
        .then(|| button::primary_link(&url, Icon::Plus, "New configuration"))
}
