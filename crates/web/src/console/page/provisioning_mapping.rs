//! Attribute mapping: what may be edited, the page of one mapping, and what its buttons do. Nothing changes until Save.

use std::sync::Arc;

use axum::response::Response;
use directory::Permission;
use http::StatusCode;
use maud::{Markup, html};
use provision::alias::ObjectKind;
use provision::mapping::ObjectMapping;

use super::application_frame::{Opened, Place};
use super::provisioning_attribute as attribute;
use super::provisioning_attribute_list as attribute_list;
use super::provisioning_draft::{Draft, FIELD, kind_named, title_of, word_of};
use super::provisioning_mapping_table as mapping_table;
use super::provisioning_scoping as scoping;
use crate::console::answer::{Answer, Failure};
use crate::console::component::banner::{self, Tone};
use crate::console::component::dialog::{Confirm, confirm};
use crate::console::component::facts::flush;
use crate::console::component::icon::Icon;
use crate::console::component::status::status;
use crate::console::component::table::{Column, table};
use crate::console::component::time::counted;
use crate::console::component::{button, field};
use crate::console::visit::{Desk, sentence, told};

pub(crate) async fn show(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let columns =
        [Column::new("Mapping"), Column::new("State"), Column::wide("Attributes"), Column::wide("Scope")];
    let content = html! {
        div.stack.wide {
            (flush("Mappings", None, &table("Mappings", &columns, &html! {
                @for mapping in &opened.job.rules.mappings { (line(&desk, &opened, mapping)) }
            })))
            @if desk.may(Permission::ManageApplications) {
                div.actions {
                    (button::asks(&opened.url(&desk, "provisioning/mapping/restore"), Icon::Undo, "Restore default mappings"))
                }
            }
        }
    };
    let lead = html! { "What of each user and group is sent, and under which name. Changes are not applied until Save." };
    let page = opened.page(&desk, Place::AttributeMapping).lead(lead);
    Ok(page.send(&desk, &opened.frame(&desk, Place::AttributeMapping, &content)))
}

fn line(desk: &Desk, opened: &Opened, mapping: &ObjectMapping) -> Markup {
    let url = opened.url(desk, &format!("provisioning/mapping/{}", word_of(mapping.kind)));
    html! {
        tr {
            td { a href=(url) data-row { (mapping.name) } }
            td { (state(mapping.enabled)) }
            td.hide-narrow { (counted(mapping.attributes.len() as u64, "attribute", "attributes")) }
            td.hide-narrow { (scoping::summary(&mapping.scope)) }
        }
    }
}

fn state(enabled: bool) -> Markup {
    if enabled { status("ok", Icon::Check, "Enabled") } else { status("idle", Icon::Idle, "Disabled") }
}

fn kind_of(desk: &Desk) -> Result<ObjectKind, Failure> {
    kind_named(desk.parameter("kind")).ok_or(Failure::NotFound)
}

fn saved(opened: &Opened, kind: ObjectKind) -> Result<Draft, Failure> {
    Draft::of(&opened.job.rules, kind).ok_or(Failure::NotFound)
}

/// One mapping as saved; `?view=scope` and `?view=attributes` open its editors.
pub(crate) async fn one(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let draft = saved(&opened, kind_of(&desk)?)?;
    let screen = Screen { desk: &desk, opened: &opened, draft: &draft };
    let may = desk.may(Permission::ManageApplications);
    Ok(match desk.query.text("view") {
        "scope" if may => scoping::screen(&screen, &draft.mapping.scope, None),
        "attributes" if may => attribute_list::screen(&screen, None),
        _ => mapping_table::screen(&screen, &[]),
    })
}

/// What every screen of the editor is given.
#[derive(Clone, Copy)]
pub(super) struct Screen<'a> {
    pub(super) desk: &'a Desk,
    pub(super) opened: &'a Opened,
    pub(super) draft: &'a Draft,
}

impl Screen<'_> {
    pub(super) fn url(&self) -> String {
        self.opened.url(self.desk, &format!("provisioning/mapping/{}", word_of(self.draft.kind())))
    }

    /// A screen is a form that carries the draft; its buttons say what to do with it.
    pub(super) fn send(&self, title: &str, lead: Markup, status: StatusCode, form: &Markup) -> Response {
        let content = html! {
            @if self.desk.may(Permission::ManageApplications) {
                form.stack.wide method="post" action=(self.url()) novalidate {
                    (field::csrf(self.desk.csrf()))
                    input type="hidden" name=(FIELD) value=(self.draft.text());
                    (form)
                }
            } @else { div.stack.wide { (form) } }
        };
        let here = title_of(self.draft.kind());
        let list = self.opened.url(self.desk, "provisioning/mapping");
        let mut page = self.opened.under(self.desk, title).under("Attribute mapping", list);
        if title != here {
            page = page.under(here, self.url());
        }
        let page = page.lead(lead).status(status);
        page.send(self.desk, &self.opened.frame(self.desk, Place::AttributeMapping, &content))
    }

    /// That something is not saved yet, and what.
    pub(super) fn unsaved(&self) -> Markup {
        let changes = self.draft.changes(&self.opened.job.rules);
        html! {
            @if !changes.is_empty() {
                (banner::banner(Tone::Warn, &html! {
                    strong { (counted(changes.len() as u64, "change is", "changes are")) " not saved yet. " }
                    "Nothing takes effect before Save: " (changes.iter().take(12).cloned().collect::<Vec<_>>().join("; "))
                    @if changes.len() > 12 { "; …" } "."
                }))
            }
        }
    }
}

/// A button of an editor: `act` says what it does.
pub(super) fn act(value: &str, label: &str, class: &str) -> Markup {
    html! { button class={ "button " (class) } type="submit" name="act" value=(value) { (label) } }
}

/// `remove-3` is the act `remove` on row 3.
pub(super) fn numbered(act: &str, name: &str) -> Option<usize> {
    act.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

/// A button was pressed on one of the screens.
pub(crate) async fn send(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let kind = kind_of(&desk)?;
    let mut draft = Draft::read(&desk.form, kind)?;
    let pressed = desk.form.text("act").to_owned();
    match desk.form.text("screen") {
        "row" => attribute::send(&desk, &opened, draft, &pressed).await,
        "scope" => scoping::send(&desk, &opened, draft, &pressed),
        "attributes" => attribute_list::send(&desk, &opened, draft, &pressed),
        "question" if pressed == "save" => save(&desk, &opened, &draft).await,
        "question" => Ok(mapping_table::screen(&Screen { desk: &desk, opened: &opened, draft: &draft }, &[])),
        _ => {
            draft.take_switches(&desk.form);
            main(&desk, &opened, draft, &pressed).await
        }
    }
}

/// The buttons of the mapping's own page.
async fn main(desk: &Desk, opened: &Opened, mut draft: Draft, pressed: &str) -> Answer {
    let mut refused = Vec::new();
    if let Some(row) = numbered(pressed, "remove") {
        refused.extend(draft.remove(row).err());
    }
    let screen = Screen { desk, opened, draft: &draft };
    if let Some(row) = numbered(pressed, "edit") {
        return attribute::open(&screen, Some(row)).await;
    }
    match pressed {
        "new" => attribute::open(&screen, None).await,
        "scope" => Ok(scoping::screen(&screen, &draft.mapping.scope, None)),
        "attributes" => Ok(attribute_list::screen(&screen, None)),
        "save" => Ok(before_save(&screen)),
        _ => Ok(mapping_table::screen(&screen, &refused)),
    }
}

/// Save is not pressed by accident: what it does is said first. What cannot be saved is said at once.
fn before_save(screen: &Screen<'_>) -> Response {
    let Screen { desk, opened, draft } = *screen;
    let errors: Vec<String> =
        draft.problems().iter().filter(|p| !p.warning).map(|p| sentence(&p.message)).collect();
    if !errors.is_empty() {
        return mapping_table::screen(screen, &errors);
    }
    let changes = draft.changes(&opened.job.rules);
    let linked = opened.job.watermark.is_some();
    let form = html! {
        input type="hidden" name="screen" value="question";
        div.confirm {
            @if changes.is_empty() {
                p { "Nothing differs from what is saved." }
            } @else {
                p { "Saving applies " (counted(changes.len() as u64, "change", "changes")) ":" }
                ul { @for change in changes.iter().take(40) { li { (change) } } @if changes.len() > 40 { li { "… and " (changes.len() - 40) " more" } } }
                p {
                    @if linked { "The next cycle will be an initial cycle: every user and group in scope is looked at again and brought in line with the new mapping. Nobody is created twice." }
                    @else { "The initial cycle uses the new mapping." }
                }
            }
            div.actions { (act("save", "Save", "primary")) (act("back", "Back", "")) }
        }
    };
    screen.send(
        "Save changes?",
        html! { (opened.name()) " · " (title_of(draft.kind())) },
        StatusCode::OK,
        &html! { input type="hidden" name="tenant" value=(desk.tenant.id); (form) },
    )
}

async fn save(desk: &Desk, opened: &Opened, draft: &Draft) -> Answer {
    let path = opened.path(&format!("provisioning/mapping/{}", word_of(draft.kind())));
    let screen = Screen { desk, opened, draft };
    if !draft.is_current(&opened.job.rules) {
        let why = "Somebody else has saved this mapping since you opened it, so yours was not. Discard your changes to see theirs.";
        return Ok(mapping_table::screen(&screen, &[why.to_owned()]));
    }
    let rules = draft.applied(&opened.job.rules);
    if rules == opened.job.rules {
        return desk.done(&path, "Nothing was changed.");
    }
    let provisioning = &desk.app.provisioning;
    match provisioning.set_rules(desk.context(), opened.id(), opened.job.epoch, rules).await {
        Ok(_) if opened.job.watermark.is_some() => {
            desk.done(&path, "Mapping saved. The next cycle is an initial cycle.")
        }
        Ok(_) => desk.done(&path, "Mapping saved."),
        Err(error) => match told(&error) {
            Some(why) => Ok(mapping_table::screen(&screen, &[why])),
            None => Err(error.into()),
        },
    }
}

pub(crate) async fn ask_restore(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let back = opened.url(&desk, "provisioning/mapping");
    let ask = Confirm {
        title: "Restore default mappings?",
        content: html! {
            p { "The mappings of users and groups, their scoping filters and the target's attribute list become those of a new application. What was added or changed is lost." }
            p { "The next cycle will be an initial cycle: every user and group in scope is looked at again." }
        },
        action: &opened.url(&desk, "provisioning/mapping/restore"),
        csrf: desk.csrf(),
        verb: "Restore default mappings",
        back: &back,
        danger: true,
    };
    let page = opened.under(&desk, "Restore default mappings").under("Attribute mapping", &*back);
    Ok(page.send_question(&desk, &confirm(&ask)))
}

pub(crate) async fn restore(desk: Arc<Desk>) -> Answer {
    let opened = Opened::load(&desk).await?;
    let path = opened.path("provisioning/mapping");
    match desk.app.provisioning.restore_default_rules(desk.context(), opened.id()).await {
        Ok(_) => desk.done(&path, "Default mappings restored."),
        Err(error) => desk.declined(&path, error),
    }
}
