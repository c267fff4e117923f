//! Error pages, in the shell of whoever sees them.

use axum::response::Response;
use directory::Tenant;
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};

use crate::console::answer::{self, Failure, Told};
use crate::console::component::banner::{self, Tone};
use crate::console::component::breadcrumb::Crumb;
use crate::console::component::shell;
use crate::console::link;
use crate::console::visit::{Guest, Visit};

fn content(told: &Told, request_id: &str, home: &str) -> Markup {
    html! {
        div.stack {
            h1 { (told.title) }
            p { (told.text) }
            p.soft.small { "Status " (told.status.as_u16()) ", request id " code { (request_id) } }
            div.actions { a.button href=(home) { "To the start page" } }
        }
    }
}

/// For a signed-in operator.
pub(crate) fn page(visit: &Visit, tenant: Option<&Tenant>, failure: &Failure) -> Response {
    if let Failure::SignInAgain(next) = failure {
        return answer::redirect(&format!("/sign-in?again=1&next={}", link::encoded(next)));
    }
    let told = failure.told();
    let shown = tenant.or_else(|| visit.usual_tenant());
    let home = shown.map_or_else(|| "/".to_owned(), |tenant| format!("/t/{}", tenant.id));
    let crumbs = [Crumb { label: told.title.to_owned(), href: None }];
    let main = content(&told, &visit.request_id, &home);
    retry_after(
        answer::html(told.status, shell::around(visit, shown, None, told.title, &crumbs, &main)),
        failure,
    )
}

/// For somebody without a session.
pub(crate) fn page_for_guest(guest: &Guest, failure: &Failure) -> Response {
    let told = failure.told();
    let card = html! {
        h1 { (told.title) }
        (banner::text(Tone::Bad, &told.text))
        p.soft.small { "Status " (told.status.as_u16()) ", request id " code { (guest.request_id) } }
        p { a href="/sign-in" { "To the sign-in page" } }
    };
    retry_after(answer::html(told.status, shell::bare(told.title, true, &card)), failure)
}

/// When not even the request could be read.
pub(crate) fn plain(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let card = html! {
        h1 { (title) }
        p.soft { "Status " (status.as_u16()) }
        p { a href="/" { "To the start page" } }
    };
    answer::html(status, shell::bare(title, false, &card))
}

fn retry_after(mut response: Response, failure: &Failure) -> Response {
    if let Failure::Directory(directory::Error::Throttled { retry_after }) = failure {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
    }
    response
}
