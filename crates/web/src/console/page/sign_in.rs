//! Sign in, and out again.

use std::sync::Arc;

use axum::response::Response;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use http::{HeaderValue, StatusCode, header};
use maud::html;

use crate::console::answer::{self, Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::field::{self, Field};
use crate::console::component::shell;
use crate::console::cookie::Cookie;
use crate::console::gate::safe_next;
use crate::console::visit::{Guest, Visit, sentence};

/// The form.
pub(crate) async fn show(guest: Arc<Guest>) -> Answer {
    let again = guest.query.has("again");
    let name = if again { signed_in_name(&guest).await } else { String::new() };
    let form = Form { next: guest.query.text("next"), name: &name, again, error: None };
    Ok(form.page(&guest, StatusCode::OK))
}

async fn signed_in_name(guest: &Guest) -> String {
    let Some(token) = guest.cookie(Cookie::Session) else { return String::new() };
    let session = guest.app.directory.session(&token).await.ok().flatten();
    session.map(|session| session.operator.name).unwrap_or_default()
}

/// The form as sent.
pub(crate) async fn send(guest: Arc<Guest>) -> Answer {
    let name = guest.form.text("name");
    let password = guest.form.raw("password");
    if guest.form.has("again") {
        return confirm(&guest, password).await;
    }
    let signed_in = guest.app.directory.sign_in(name, password, guest.address, &guest.request_id).await;
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(error) => return refused(&guest, name, error),
    };
    // A new session at every sign-in; the one before ends, so that one planted or left over is worth nothing (ASVS 7.2.4).
    if let Some(old) = guest.cookie(Cookie::Session) {
        let caller = signed_in.session.caller(&*guest.request_id, guest.address);
        if let Err(error) = guest.app.directory.sign_out(&old, caller).await {
            tracing::warn!(%error, "the session before this sign-in was not ended");
        }
    }
    let mut response = answer::redirect(next_of(&guest));
    set(&mut response, Cookie::Session.set(&signed_in.token, guest.https()));
    set(&mut response, Cookie::Form.clear(guest.https()));
    Ok(response)
}

/// The password once more, in the session there is.
async fn confirm(guest: &Guest, password: &str) -> Answer {
    let token = guest.cookie(Cookie::Session).unwrap_or_default();
    let confirmed =
        guest.app.directory.confirm_password(&token, password, guest.address, &guest.request_id).await;
    match confirmed {
        Ok(()) => Ok(answer::redirect(next_of(guest))),
        Err(error) => refused(guest, &signed_in_name(guest).await, error),
    }
}

/// Where the form leads to.
fn next_of(guest: &Guest) -> &str {
    safe_next(guest.form.text("next")).filter(|next| next.starts_with("/t/")).unwrap_or("/")
}

fn refused(guest: &Guest, name: &str, error: directory::Error) -> Answer {
    let (status, text, wait) = match error {
        directory::Error::Forbidden(why) => (StatusCode::FORBIDDEN, sentence(&why), None),
        directory::Error::Invalid { detail, .. } => (StatusCode::FORBIDDEN, detail, None),
        directory::Error::Throttled { retry_after } => {
            let seconds = retry_after.as_secs().max(1);
            let text = format!("Too many attempts. Try again in {seconds} seconds.");
            (StatusCode::TOO_MANY_REQUESTS, text, Some(seconds))
        }
        other => return Err(Failure::from(other)),
    };
    let again = guest.form.has("again");
    let form = Form { next: guest.form.text("next"), name, again, error: Some(&text) };
    let mut response = form.page(guest, status);
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// End the session on the server, not only in the browser.
pub(crate) async fn sign_out(visit: Arc<Visit>) -> Answer {
    visit.app.directory.sign_out(&visit.token, visit.caller()).await?;
    let mut response = answer::redirect("/sign-in?out=1");
    set(&mut response, Cookie::Session.clear(visit.https()));
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

fn set(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

struct Form<'a> {
    next: &'a str,
    name: &'a str,
    /// Somebody signed in long ago is about to do something that asks for the password again.
    again: bool,
    error: Option<&'a str>,
}

impl Form<'_> {
    fn page(&self, guest: &Guest, status: StatusCode) -> Response {
        let kept = guest.cookie(Cookie::Form);
        let token =
            kept.unwrap_or_else(|| BASE64_URL_SAFE_NO_PAD.encode(guest.app.directory.random().bytes::<16>()));
        let mut response = answer::html(status, self.markup(guest, &guest.app.directory.csrf(&token)));
        set(&mut response, Cookie::Form.set(&token, guest.https()));
        response
    }

    fn markup(&self, guest: &Guest, token: &str) -> maud::Markup {
        let name = Field::new("name", "Name", self.name).required().autocomplete("username");
        let name = if self.name.is_empty() { name.autofocus() } else { name };
        let password = Field::new("password", "Password", "").kind("password").required();
        let password = password.autocomplete("current-password");
        let password = if self.name.is_empty() { password } else { password.autofocus() };
        let title = if self.again { "Confirm your password" } else { "Sign in" };
        let card = html! {
            div.stack {
                h1 { (title) }
                @if self.again {
                    p.soft { "What you are about to do asks for your password when the sign-in is more than 15 minutes ago." }
                }
                @if guest.query.has("out") { (banner::text(Tone::Ok, "You are signed out.")) }
                @if let Some(error) = self.error { (banner::text(Tone::Bad, error)) }
                form.form method="post" action="/sign-in" {
                    (field::csrf(token))
                    input type="hidden" name="next" value=(self.next);
                    @if self.again { input type="hidden" name="again" value="1"; }
                    (name.input())
                    (password.input())
                    div.end { button.button.primary.full type="submit" { (title) } }
                }
            }
        };
        shell::bare(title, false, &card)
    }
}
