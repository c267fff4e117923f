//! Profile: who one is, one's password and sessions, and Create New API Key.

use std::sync::Arc;

use axum::response::Response;
use directory::{Permission, SessionInfo};
use http::StatusCode;
use maud::{Markup, html};

use super::operator_list::named;
use crate::console::answer::{self, Answer, Failure};
use crate::console::component::facts::{Fact, facts, flush, section};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::shell::Page;
use crate::console::component::table::{Column, table};
use crate::console::component::{button, chip, copy, time};
use crate::console::flash::Flash;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

#[derive(Debug, Default)]
struct Wrong {
    current: Option<String>,
    new: Option<String>,
    repeat: Option<String>,
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    page(&desk, &Wrong::default(), StatusCode::OK).await
}

async fn page(desk: &Desk, wrong: &Wrong, status: StatusCode) -> Result<Response, Failure> {
    let operator = &desk.session.operator;
    let sessions = desk.app.directory.sessions_of(&operator.id, &desk.token).await?;
    let may_make_keys = desk.tenants_where(Permission::ManageKeys).next().is_some();
    let body = html! {
        div.stack.wide {
            (flush("Operator", None, &facts(&[
                Fact::new("Name", html! { (operator.name) }),
                Fact::new("Operator id", copy::inline("operator-id", "the operator id", &operator.id)),
                Fact::new("Roles", html! { span.chips { @for grant in &operator.grants { (chip::tag(&named(grant, &desk.tenants))) } } }),
                Fact::new("Created", time::ago(operator.created, desk.now)),
            ])))
            (section("Change password", None, &password(desk, wrong)))
            (flush("Sessions", Some(others(desk, sessions.len())), &list(desk, &sessions)))
        }
    };
    let page = Page::new(Section::Profile, "Profile").status(status);
    let page = if may_make_keys {
        page.actions(button::primary_link(&desk.url("profile/keys/new"), Icon::Plus, "Create New API Key"))
    } else {
        page
    };
    Ok(page.send(desk, &body))
}

fn password(desk: &Desk, wrong: &Wrong) -> Markup {
    html! {
        form.form method="post" action=(desk.url("profile/password")) {
            (field::csrf(desk.csrf()))
            // Password managers file the new password under this name.
            input type="text" name="name" value=(desk.session.operator.name) autocomplete="username" hidden;
            (Field::new("current", "Present password", "").kind("password").required().autocomplete("current-password")
                .error(wrong.current.as_deref()).input())
            (Field::new("new", "New password", "").kind("password").required().autocomplete("new-password")
                .hint("At least 12 characters; 15 or more are better. Changing it ends all your sessions, this one too.")
                .error(wrong.new.as_deref()).input())
            (Field::new("repeat", "New password again", "").kind("password").required().autocomplete("new-password")
                .error(wrong.repeat.as_deref()).input())
            div.end { button.button type="submit" { "Change password" } }
        }
    }
}

fn others(desk: &Desk, count: usize) -> Markup {
    html! {
        @if count > 1 {
            (button::act(&desk.url("profile/sessions"), desk.csrf(), Icon::SignOut, "End all other sessions"))
        }
    }
}

fn list(desk: &Desk, sessions: &[SessionInfo]) -> Markup {
    let columns = [Column::new("Signed in"), Column::new("Last seen"), Column::new("From")];
    table(
        "Sessions",
        &columns,
        &html! {
            @for session in sessions {
                tr {
                    td { (time::ago(session.created, desk.now)) @if session.is_current { " " (chip::tag("This one")) } }
                    td { (time::ago(session.last_seen, desk.now)) }
                    td { (session.address.as_deref().unwrap_or("unknown")) }
                }
            }
        },
    )
}

pub(crate) async fn change_password(desk: Arc<Desk>) -> Answer {
    let (current, new) = (desk.form.raw("current"), desk.form.raw("new"));
    let bad = StatusCode::BAD_REQUEST;
    if new != desk.form.raw("repeat") {
        let wrong = Wrong { repeat: Some("The two new passwords differ.".to_owned()), ..Wrong::default() };
        return page(&desk, &wrong, bad).await;
    }
    let operator = &desk.session.operator.id;
    match desk.app.directory.change_password(desk.caller(), operator, current, new).await {
        Ok(()) => {
            let flash = Flash::ok("The password is changed. Sign in with the new one.");
            Ok(answer::told("/sign-in", desk.https(), &flash))
        }
        Err(error) => {
            let Some(text) = explained(&error) else { return Err(error.into()) };
            let wrong = match error {
                directory::Error::Forbidden(_) => Wrong {
                    current: Some("This is not your present password.".to_owned()),
                    ..Wrong::default()
                },
                directory::Error::Throttled { .. } => Wrong { current: Some(text), ..Wrong::default() },
                _ => Wrong { new: Some(text), ..Wrong::default() },
            };
            page(&desk, &wrong, bad).await
        }
    }
}

pub(crate) async fn end_sessions(desk: Arc<Desk>) -> Answer {
    match desk.app.directory.end_other_sessions(&desk.session.operator.id, &desk.token, desk.caller()).await {
        Ok(ended) => desk
            .done("profile", format!("{} ended.", time::counted(ended, "other session", "other sessions"))),
        Err(error) => desk.refused("profile", error),
    }
}
