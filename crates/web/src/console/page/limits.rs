//! Tenant Config → Limits and retention: the tenant's settings.

use std::sync::Arc;

use axum::response::Response;
use directory::{InactiveConflict, Permission, Settings, UnknownMembers};
use http::StatusCode;
use maud::{Markup, html};

use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::button;
use crate::console::component::facts::{Fact, facts, flush};
use crate::console::component::field::{self, Field};
use crate::console::component::shell::Page;
use crate::console::component::time;
use crate::console::fields::Fields;
use crate::console::menu::Section;
use crate::console::visit::{Desk, explained};

/// A field that is not a number, or an answer of the directory.
#[derive(Debug, Default, PartialEq)]
struct Wrong {
    rate_limit: Option<String>,
    request_log_days: Option<String>,
    provisioning_log_days: Option<String>,
    restore_days: Option<String>,
    form: Option<String>,
}

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let settings = desk.app.directory.settings(&desk.tenant.id).await?;
    if !desk.may(Permission::ManageSettings) {
        return Ok(frame(&desk, StatusCode::OK).send(&desk, &read_only(&desk, &settings)));
    }
    let typed = Typed::of(&settings);
    Ok(frame(&desk, StatusCode::OK).send(&desk, &form(&desk, &typed, &Wrong::default())))
}

fn frame(desk: &Desk, status: StatusCode) -> Page {
    Page::new(Section::Limits, "Limits and retention")
        .under("Tenant Config", desk.url("config"))
        .status(status)
}

fn read_only(desk: &Desk, settings: &Settings) -> Markup {
    let rate = match settings.rate_limit {
        Some(0) => "No limit".to_owned(),
        Some(rate) => format!("{rate} a second"),
        None => format!("{} a second (the server's default)", desk.app.options.rate_limit),
    };
    let conflict = match settings.inactive_conflict {
        InactiveConflict::Conflict => "Refused with 409",
        InactiveConflict::Reactivate => "Activates the user again",
    };
    let members = match settings.unknown_members {
        UnknownMembers::Keep => "Kept",
        UnknownMembers::Drop => "Dropped",
    };
    flush(
        "Settings",
        None,
        &facts(&[
            Fact::new("Requests", html! { (rate) }),
            Fact::new("Create of an inactive user", html! { (conflict) }),
            Fact::new("Unknown members", html! { (members) }),
            Fact::new(
                "Request log",
                html! { "Kept for " (time::counted(u64::from(settings.request_log_days), "day", "days")) ", reads " (if settings.log_reads { "included" } else { "left out" }) },
            ),
            Fact::new(
                "Provisioning logs",
                html! { "Kept for " (time::counted(u64::from(settings.provisioning_log_days), "day", "days")) },
            ),
            Fact::new(
                "Deleted users and groups",
                html! { "Restorable for " (time::counted(u64::from(settings.restore_days), "day", "days")) },
            ),
        ]),
    )
}

/// The form's fields as text, from the settings or as they were typed.
struct Typed {
    rate_limit: String,
    request_log_days: String,
    provisioning_log_days: String,
    restore_days: String,
    log_reads: bool,
    reactivate: bool,
    drop_unknown: bool,
}

impl Typed {
    fn of(settings: &Settings) -> Self {
        Self {
            rate_limit: settings.rate_limit.map(|rate| rate.to_string()).unwrap_or_default(),
            request_log_days: settings.request_log_days.to_string(),
            provisioning_log_days: settings.provisioning_log_days.to_string(),
            restore_days: settings.restore_days.to_string(),
            log_reads: settings.log_reads,
            reactivate: settings.inactive_conflict == InactiveConflict::Reactivate,
            drop_unknown: settings.unknown_members == UnknownMembers::Drop,
        }
    }

    fn read(form: &Fields) -> Self {
        Self {
            rate_limit: form.text("rate_limit").to_owned(),
            request_log_days: form.text("request_log_days").to_owned(),
            provisioning_log_days: form.text("provisioning_log_days").to_owned(),
            restore_days: form.text("restore_days").to_owned(),
            log_reads: form.has("log_reads"),
            reactivate: form.text("inactive_conflict") == "reactivate",
            drop_unknown: form.text("unknown_members") == "drop",
        }
    }

    fn settings(&self, now: &Settings) -> Result<Settings, Wrong> {
        let mut wrong = Wrong::default();
        let number = |text: &str, slot: &mut Option<String>| match text.parse::<u32>() {
            Ok(number) => number,
            Err(_) => {
                *slot = Some("Type a whole number.".to_owned());
                0
            }
        };
        let request_log_days = number(&self.request_log_days, &mut wrong.request_log_days);
        let provisioning_log_days = number(&self.provisioning_log_days, &mut wrong.provisioning_log_days);
        let restore_days = number(&self.restore_days, &mut wrong.restore_days);
        let rate_limit =
            (!self.rate_limit.is_empty()).then(|| number(&self.rate_limit, &mut wrong.rate_limit));
        if wrong != Wrong::default() {
            return Err(wrong);
        }
        let mut settings = now.clone();
        settings.rate_limit = rate_limit;
        settings.request_log_days = request_log_days;
        settings.provisioning_log_days = provisioning_log_days;
        settings.restore_days = restore_days;
        settings.log_reads = self.log_reads;
        settings.inactive_conflict =
            if self.reactivate { InactiveConflict::Reactivate } else { InactiveConflict::Conflict };
        settings.unknown_members =
            if self.drop_unknown { UnknownMembers::Drop } else { UnknownMembers::Keep };
        Ok(settings)
    }
}

fn form(desk: &Desk, typed: &Typed, wrong: &Wrong) -> Markup {
    let usual = match desk.app.options.rate_limit {
        0 => "Empty is the server's default, now no limit; so is 0.".to_owned(),
        rate => format!("Empty is the server's default, now {rate}. 0 is no limit."),
    };
    html! {
        @if let Some(text) = &wrong.form { (banner::text(Tone::Bad, text)) }
        form.form method="post" action=(desk.url("config/limits")) {
            (field::csrf(desk.csrf()))
            fieldset {
                legend { "Limits" }
                (Field::new("rate_limit", "SCIM requests a second", &typed.rate_limit).kind("number").hint(&usual)
                    .error(wrong.rate_limit.as_deref()).input())
            }
            fieldset {
                legend { "Retention" }
                (Field::new("request_log_days", "Days to keep the request log", &typed.request_log_days).kind("number").required()
                    .error(wrong.request_log_days.as_deref()).input())
                (field::check("log_reads", "on", "Log reads too", Some("Writes and errors are always logged."), typed.log_reads))
                (Field::new("provisioning_log_days", "Days to keep the provisioning logs", &typed.provisioning_log_days).kind("number").required()
                    .error(wrong.provisioning_log_days.as_deref()).input())
                (Field::new("restore_days", "Days a deleted user can be restored", &typed.restore_days).kind("number").required()
                    .error(wrong.restore_days.as_deref()).input())
            }
            fieldset {
                legend { "When an identity provider creates a user who is here and inactive" }
                (field::radio("inactive_conflict", "conflict", "Refuse it with 409", Some("The identity provider finds the user and updates it. This is what Entra ID expects."), !typed.reactivate))
                (field::radio("inactive_conflict", "reactivate", "Activate the user again", Some("With the values that were sent; matched by externalId or userName."), typed.reactivate))
            }
            fieldset {
                legend { "When a group names a member that is not in this tenant" }
                (field::radio("unknown_members", "keep", "Keep the id", Some("It becomes a member when a user or group with this id arrives."), !typed.drop_unknown))
                (field::radio("unknown_members", "drop", "Drop it", Some("The group has only members that exist."), typed.drop_unknown))
            }
            div.end { (button::submit("Save")) (button::cancel(&desk.url("config/limits"))) }
        }
    }
}

fn refused(desk: &Desk, typed: &Typed, wrong: &Wrong) -> Response {
    frame(desk, StatusCode::BAD_REQUEST).send(desk, &form(desk, typed, wrong))
}

pub(crate) async fn save(desk: Arc<Desk>) -> Answer {
    let now = desk.app.directory.settings(&desk.tenant.id).await?;
    let typed = Typed::read(&desk.form);
    let settings = match typed.settings(&now) {
        Ok(settings) => settings,
        Err(wrong) => return Ok(refused(&desk, &typed, &wrong)),
    };
    let error = match desk.app.directory.set_settings(desk.context(), settings).await {
        Ok(()) => return desk.done("config/limits", "Limits and retention saved."),
        Err(error) => error,
    };
    let Some(text) = explained(&error) else { return Err(error.into()) };
    let mut wrong = Wrong::default();
    match &error {
        directory::Error::Invalid { field: "rate_limit", .. } => wrong.rate_limit = Some(text),
        directory::Error::Invalid { field: "request_log_days", .. } => wrong.request_log_days = Some(text),
        directory::Error::Invalid { field: "provisioning_log_days", .. } => {
            wrong.provisioning_log_days = Some(text);
        }
        directory::Error::Invalid { field: "restore_days", .. } => wrong.restore_days = Some(text),
        _ => wrong.form = Some(text),
    }
    Ok(refused(&desk, &typed, &wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_none_marks_its_field() {
        let now = Settings::default();
        let typed = |rate: &str, log: &str| Typed {
            rate_limit: rate.to_owned(),
            request_log_days: log.to_owned(),
            ..Typed::of(&now)
        };
        assert_eq!(typed("", "30").settings(&now).unwrap().rate_limit, None);
        assert_eq!(typed("0", "30").settings(&now).unwrap().rate_limit, Some(0));
        assert!(typed("", "many").settings(&now).unwrap_err().request_log_days.is_some());
        assert!(typed("-1", "30").settings(&now).unwrap_err().rate_limit.is_some());
        assert!(typed("4294967296", "30").settings(&now).unwrap_err().rate_limit.is_some());
    }
}
