//! Provisioning properties: notification e-mail, accidental deletions prevention, scope, interval. Nothing changes before Apply.

use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::job::JobConfig;
use provision::scope::SyncScope;

use super::application_frame::{Opened, Place};
use super::provisioning_settings::{Typed, UNITS, Wrong, base};
use crate::console::answer::Answer;
use crate::console::component::banner::{self, Tone};
use crate::console::component::facts::{Fact, facts, flush};
use crate::console::component::field::{self, Field};
use crate::console::component::icon::Icon;
use crate::console::component::{button, time};
use crate::console::visit::{Desk, told};

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let edit = opened.url(&desk, "provisioning/properties/edit");
    let pencil = desk
        .may(Permission::ManageApplications)
        .then(|| button::link(&edit, Some(Icon::Edit), "Edit properties"));
    let content = html! { div.stack.wide { (read_only(&opened.job.config)) } };
    let page = opened.page(&desk, Place::ProvisioningProperties);
    let page = match pencil {
        Some(pencil) => page.actions(pencil),
        None => page,
    };
    Ok(page.send(&desk, &opened.frame(&desk, Place::ProvisioningProperties, &content)))
}

fn on(flag: bool) -> &'static str {
    if flag { "On" } else { "Off" }
}

fn read_only(config: &JobConfig) -> Markup {
    let guard = config.guard;
    let notification = html! {
        (on(config.notification.enabled))
        @if let Some(address) = &config.notification.recipient { ", to " span.break { (address) } }
    };
    let prevention = html! {
        (on(guard.enabled))
        @if guard.enabled {
            ": more than " (time::counted(guard.count, "delete", "deletes")) " in a cycle"
            @if let Some(percent) = guard.percent { ", or more than " (percent) " % of what is provisioned (" (guard.percent_from) " may always go)," }
            " are held back"
        }
    };
    let scope = match config.scope {
        SyncScope::Assigned => "Sync only assigned users and groups",
        SyncScope::All => "Sync all users and groups",
    };
    let leaving =
        if config.settings.skip_out_of_scope_deletions { "Left alone" } else { "Disabled, groups deleted" };
    html! {
        (flush("Notification and safety", None, &facts(&[
            Fact::new("Notification e-mail", notification),
            Fact::new("Accidental deletions prevention", prevention),
        ])))
        (flush("Scope and schedule", None, &facts(&[
            Fact::new("Scope", html! { (scope) }),
            Fact::new("Users who leave the scope", html! { (leaving) }),
            Fact::new("Interval", html! { (Typed::of(config).interval_words()) }),
            Fact::new("Push changes", html! { (on(config.push)) }),
        ])))
    }
}

pub(crate) async fn edit(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    Ok(form(&desk, &opened, &Typed::of(&opened.job.config), &Wrong::default()))
}

fn form(desk: &Desk, opened: &Opened, typed: &Typed, wrong: &Wrong) -> Response {
    let back = opened.url(desk, "provisioning/properties");
    let content = html! {
        @if let Some(why) = wrong.of("form") { (banner::text(Tone::Bad, why)) }
        form.form.wide method="post" action={ (back) "/edit" } novalidate {
            (field::csrf(desk.csrf()))
            input type="hidden" name="base" value=(base(&opened.job.config));
            (notification(typed, wrong))
            (prevention(typed, wrong))
            (scope(typed))
            (schedule(typed, wrong))
            (advanced(typed))
            div.end { (button::submit("Apply")) (button::cancel(&back)) }
        }
    };
    let status = if wrong.any() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = opened
        .under(desk, "Edit properties")
        .under("Provisioning properties", back)
        .lead(html! { "Leaving this page without Apply changes nothing." })
        .status(status);
    page.send(desk, &opened.frame(desk, Place::ProvisioningProperties, &content))
}

fn notification(typed: &Typed, wrong: &Wrong) -> Markup {
    html! {
        fieldset {
            legend { "Notification e-mails" }
            (field::check("notify", "yes", "Send an e-mail when provisioning goes into quarantine", Some("And when the reason changes."), typed.notify))
            (Field::new("recipient", "Notification e-mail address", &typed.recipient).kind("email").error(wrong.of("recipient")).input())
        }
    }
}

fn prevention(typed: &Typed, wrong: &Wrong) -> Markup {
    html! {
        fieldset {
            legend { "Accidental deletions prevention" }
            (field::check("guard", "yes", "Hold back a cycle's deletes when there are more than the threshold", Some("Disables and deletes of users and groups count together. Provisioning goes into quarantine until you allow them or correct the scope."), typed.guard))
            div.pair {
                (Field::new("count", "Threshold: deletes in a cycle", &typed.count).kind("number").error(wrong.of("count")).input())
                (Field::new("percent", "And percent of what is provisioned", &typed.percent).kind("number").error(wrong.of("percent"))
                    .hint("Empty: the number alone decides.").input())
            }
            (Field::new("percent_from", "Always allowed", &typed.percent_from).kind("number").error(wrong.of("percent_from"))
                .hint("So few may go whatever part of a small target they are.").input())
        }
    }
}

fn scope(typed: &Typed) -> Markup {
    html! {
        fieldset {
            legend { "Scope" }
            (field::radio("scope", "assigned", "Sync only assigned users and groups", Some("Who is assigned, and the direct members of assigned groups."), typed.scope != "all"))
            (field::radio("scope", "all", "Sync all users and groups", Some("The whole directory, narrowed down by scoping filters. A change begins a new initial cycle."), typed.scope == "all"))
        }
    }
}

fn schedule(typed: &Typed, wrong: &Wrong) -> Markup {
    html! {
        fieldset {
            legend { "Schedule" }
            div.pair {
                (Field::new("interval", "Interval between cycles", &typed.interval).kind("number").error(wrong.of("interval"))
                    .hint("From 10 seconds to 24 hours; Entra ID has 40 minutes.").input())
                (Field::new("unit", "Unit", &typed.unit).select(&UNITS))
            }
            (field::check("push", "yes", "Push changes", Some("A change of the directory reaches the target within seconds; cycles are the safety net."), typed.push))
        }
    }
}

fn advanced(typed: &Typed) -> Markup {
    html! {
        details.more {
            summary { "Show advanced options" }
            div.stack {
                (field::check("skip_leaving", "yes", "Leave users alone who leave the scope", Some("They are neither disabled nor deleted (SkipOutOfScopeDeletions)."), typed.skip_leaving))
                (field::check("delete_leaving", "yes", "Delete users who leave when no mapping can disable them", Some("Otherwise they are left alone."), typed.delete_leaving))
                (field::check("by_email", "yes", "Take over accounts that match by e-mail address alone", Some("An e-mail address says little about who somebody is; off is safer."), typed.by_email))
                (field::check("recreate", "yes", "Create again what was deleted at the target", Some("Otherwise an error is reported, as Entra ID does."), typed.recreate))
            }
        }
    }
}

pub(crate) async fn apply(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let typed = Typed::read(&desk.form);
    let now = &opened.job.config;
    let config = match typed.config(now) {
        Ok(config) => config,
        Err(wrong) => return Ok(form(&desk, &opened, &typed, &wrong)),
    };
    if desk.form.text("base") != base(now) {
        let why = "Somebody else has changed the properties since you opened this page, so yours were not applied. Apply again to put yours in their place.";
        return Ok(form(&desk, &opened, &typed, &Wrong::whole(why)));
    }
    let path = opened.path("provisioning/properties");
    let scope_changed = config.scope != now.scope;
    let set = desk.app.provisioning.set_config(desk.context(), opened.id(), opened.job.epoch, config);
    match set.await {
        Ok(_) if scope_changed => desk.done(&path, "Properties saved. The next cycle is an initial cycle."),
        Ok(_) => desk.done(&path, "Properties saved."),
        Err(error) => match told(&error) {
            Some(why) => Ok(form(&desk, &opened, &typed, &Wrong::of_service(&error, why))),
            None => Err(error.into()),
        },
    }
}
