//! Add Assignment: whom, with which role, and only then Assign.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::application_frame::Opened;
use super::assignment_choice::{Choice, Chosen, NAMED, value_of};
use crate::console::answer::Answer;
use crate::console::component::banner::{Tone, text};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::{Icon, icon};
use crate::console::component::{button, time};
use crate::console::visit::{Desk, sentence, told};

pub(crate) async fn new(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    send(&desk, &opened, Choice::default(), None).await
}

/// Back from the picker.
pub(crate) async fn selected(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    send(&desk, &opened, Choice::of_form(&desk)?, None).await
}

pub(crate) async fn assign(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let choice = Choice::of_form(&desk)?;
    if choice.objects.is_empty() {
        return send(&desk, &opened, choice, Some("Select at least one user or group, then Assign.")).await;
    }
    let objects = choice.objects.clone();
    let total = objects.len() as u64;
    match desk.app.provisioning.assign(desk.context(), opened.id(), objects, &choice.role).await {
        Ok(new) => desk.done(&opened.path("users"), done(total, new, opened.name())),
        Err(provision::Error::Unknown { what: "User" | "Group", .. }) => {
            let why = "One of those you selected is not in the directory any more, so nobody was assigned. Look through the selection and assign the others.";
            send(&desk, &opened, choice, Some(why)).await
        }
        Err(error) => match told(&error) {
            Some(why) => send(&desk, &opened, choice, Some(&sentence(&why))).await,
            None => Err(error.into()),
        },
    }
}

fn done(total: u64, new: u64, name: &str) -> String {
    let assigned = format!("{} assigned to {name}.", time::counted(new, "user or group", "users and groups"));
    match total - new.min(total) {
        0 => assigned,
        before if new == 0 => {
            format!("{} assigned already.", if before == 1 { "This one was" } else { "All of them were" })
        }
        before => format!("{assigned} {} assigned already.", time::counted(before, "was", "were")),
    }
}

async fn send(desk: &Desk, opened: &Opened, mut choice: Choice, error: Option<&str>) -> Answer {
    let named = choice.named(desk).await?;
    Ok(page(desk, opened, &choice, &named, error))
}

fn page(desk: &Desk, opened: &Opened, choice: &Choice, named: &[Chosen], error: Option<&str>) -> Response {
    let url = |tail: &str| opened.url(desk, tail);
    let none = choice.objects.is_empty();
    let body = html! {
        @if let Some(why) = error { (text(Tone::Bad, why)) }
        form.form method="post" action=(url("users/add")) {
            (field::csrf(desk.csrf()))
            (choice.hidden(&|_, _| false))
            div.field {
                span.label #chosen-label { "Users and groups" }
                div {
                    button.button type="submit" formaction=(url("users/pick")) formnovalidate aria-describedby="chosen-label"
                        hx-post=(url("users/pick")) hx-target="#picker" hx-select="[data-picker]" hx-swap="innerHTML" {
                        (icon(Icon::Users)) (choice.words())
                    }
                }
                @if !none { (chosen(&url("users/selected"), choice, named)) }
            }
            (role(opened, choice, &url("roles")))
            div.end {
                button.button.primary type="submit" disabled[none] { "Assign" }
                (button::cancel(&url("users")))
            }
        }
        dialog.sheet #picker aria-labelledby="picker-title" {}
    };
    let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    opened
        .under(desk, "Add Assignment")
        .under("Users and groups", url("users"))
        .lead(html! { "Nobody is assigned until you select Assign." })
        .status(status)
        .send(desk, &body)
}

fn chosen(action: &str, choice: &Choice, named: &[Chosen]) -> Markup {
    html! {
        ul.chosen aria-label="Selected" {
            @for one in named {
                li {
                    (icon(super::assignment_list::glyph(one.kind))) span { (one.name) }
                    button.button.tiny.quiet type="submit" formaction=(action) name="drop" value=(value_of(one.kind, &one.id))
                        aria-label={ "Take out " (one.name) } { (icon(Icon::Cross)) }
                }
            }
            @if choice.objects.len() > named.len() {
                li { span.soft { "and " (time::number((choice.objects.len() - named.len()) as u64)) " more" } }
            }
        }
        @if choice.objects.len() > NAMED { p.hint { "The first " (NAMED) " are named." } }
    }
}

fn role(opened: &Opened, choice: &Choice, roles_page: &str) -> Markup {
    let roles: Vec<_> = opened.application.details.roles.iter().filter(|role| role.enabled).collect();
    let mut options = vec![("", "Default Access")];
    options.extend(roles.iter().map(|role| (role.id.as_str(), role.display_name.as_str())));
    html! {
        @if roles.is_empty() {
            div.field { span.label { "Role" } div { "Default Access" } p.hint { "This application has no roles that can be assigned. " a href=(roles_page) { "App roles" } } }
        } @else {
            (Field::new("role", "Role", &choice.role)
                .hint("All that are selected get this role; those that are assigned already change to it.").select(&options))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::done;

    #[test]
    fn what_was_done_is_told_in_numbers() {
        for (total, new, expect) in [
            (1, 1, "1 user or group assigned to X."),
            (3, 3, "3 users and groups assigned to X."),
            (3, 1, "1 user or group assigned to X. 2 were assigned already."),
            (1, 0, "This one was assigned already."),
            (2, 0, "All of them were assigned already."),
        ] {
            assert_eq!(done(total, new, "X"), expect);
        }
    }
}
