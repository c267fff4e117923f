//! The frame of one application's pages: what each of them loads, its title, and the left panel.

use directory::Permission;
use maud::{Markup, html};
use provision::application::Application;
use provision::job::{Job, JobStatus};

use crate::console::answer::Failure;
use crate::console::component::icon::{Icon, icon};
use crate::console::component::shell::Page;
use crate::console::component::status::status;
use crate::console::menu::Section;
use crate::console::visit::Desk;

/// A line of the left panel that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Properties,
    UsersAndGroups,
    AppRoles,
    Provisioning,
    AttributeMapping,
    ScopingFilters,
    ExpressionBuilder,
    ProvisioningProperties,
    ProvisionOnDemand,
    Plan,
    ProvisioningLogs,
}

struct Line {
    place: Place,
    label: &'static str,
    /// Below the application; empty for its own page.
    tail: &'static str,
    icon: Icon,
    /// Shown while one of them, or the line itself, is open.
    below: &'static [Below],
}

struct Below {
    place: Place,
    label: &'static str,
    tail: &'static str,
    /// Only for those who may do this in the tenant.
    needs: Option<Permission>,
}

const fn below(place: Place, label: &'static str, tail: &'static str) -> Below {
    Below { place, label, tail, needs: None }
}

const fn line(place: Place, label: &'static str, tail: &'static str, icon: Icon) -> Line {
    Line { place, label, tail, icon, below: &[] }
}

/// The words and their order are Entra's.
static PANEL: [Line; 5] = [
    line(Place::Overview, "Overview", "", Icon::Home),
    line(Place::Properties, "Properties", "properties", Icon::Settings),
    line(Place::UsersAndGroups, "Users and groups", "users", Icon::Users),
    line(Place::AppRoles, "App roles", "roles", Icon::Shield),
    Line {
        below: &[
            below(Place::Provisioning, "Overview", "provisioning"),
            below(Place::AttributeMapping, "Attribute mapping", "provisioning/mapping"),
            below(Place::ScopingFilters, "Scoping filters", "provisioning/scope"),
            below(Place::ExpressionBuilder, "Expression builder", "provisioning/expression"),
            below(Place::ProvisioningProperties, "Properties", "provisioning/properties"),
            Below {
                needs: Some(Permission::ManageApplications),
                ..below(Place::ProvisionOnDemand, "Provision on demand", "provisioning/on-demand")
            },
            below(Place::Plan, "Plan", "provisioning/plan"),
            below(Place::ProvisioningLogs, "Provisioning logs", "provisioning/logs"),
        ],
        ..line(Place::Provisioning, "Provisioning", "provisioning", Icon::Sync)
    },
];

impl Line {
    fn is_open(&self, place: Place) -> bool {
        self.place == place || self.below.iter().any(|below| below.place == place)
    }
}

impl Below {
    fn is_for(&self, desk: &Desk) -> bool {
        self.needs.is_none_or(|permission| desk.may(permission))
    }
}

impl Place {
    /// What the page is called, after the application's name.
    fn title(self) -> Option<&'static str> {
        match self {
            Self::Overview => None,
            Self::ProvisioningProperties => Some("Provisioning properties"),
            place => PANEL
                .iter()
                .flat_map(|line| {
                    line.below.iter().map(|b| (b.place, b.label)).chain([(line.place, line.label)])
                })
                // The line itself, before the one below it that leads to the same page.
                .rfind(|(known, _)| *known == place)
                .map(|(_, label)| label),
        }
    }
}

/// The application of the path, with its job.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) application: Application,
    pub(crate) job: Job,
}

impl Opened {
    /// By the `{id}` of the path.
    pub(crate) async fn load(desk: &Desk) -> Result<Self, Failure> {
        let id = desk.parameter("id");
        let application = desk.app.provisioning.application(&desk.tenant.id, id).await?;
        let job = desk.app.provisioning.job(&desk.tenant.id, id).await?;
        Ok(Self { application, job })
    }

    pub(crate) fn id(&self) -> &str {
        &self.application.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.application.name
    }

    /// Below the tenant, for [`Desk::done`]: `apps/…/users`.
    pub(crate) fn path(&self, tail: &str) -> String {
        match tail {
            "" => format!("apps/{}", self.application.id),
            tail => format!("apps/{}/{tail}", self.application.id),
        }
    }

    pub(crate) fn url(&self, desk: &Desk, tail: &str) -> String {
        desk.url(&self.path(tail))
    }

    /// One of the pages of the left panel, to be filled with [`Opened::frame`].
    pub(crate) fn page(&self, desk: &Desk, place: Place) -> Page {
        match place.title() {
            Some(title) => self.under(desk, format!("{} | {title}", self.name())).labelled(title),
            None => Page::new(Section::Applications, self.name()).under("Enterprise apps", desk.url("apps")),
        }
    }

    /// Another page of this application: a question, a form.
    pub(crate) fn under(&self, desk: &Desk, title: impl Into<String>) -> Page {
        Page::new(Section::Applications, title)
            .under("Enterprise apps", desk.url("apps"))
            .under(self.name(), self.url(desk, ""))
    }

    /// The left panel with the page beside it.
    pub(crate) fn frame(&self, desk: &Desk, place: Place, content: &Markup) -> Markup {
        html! {
            div.framed {
                nav.panel aria-label=(self.name()) {
                    @for line in &PANEL {
                        @let open = line.is_open(place);
                        a href=(self.url(desk, line.tail)) aria-current=[(open && line.below.is_empty()).then_some("page")] {
                            (icon(line.icon)) (line.label)
                        }
                        @if open && !line.below.is_empty() {
                            div.sub {
                                @for below in line.below.iter().filter(|below| below.is_for(desk)) {
                                    a href=(self.url(desk, below.tail)) aria-current=[(below.place == place).then_some("page")] {
                                        (below.label)
                                    }
                                }
                            }
                        }
                    }
                }
                div.content { (content) }
            }
        }
    }

    /// How provisioning stands, as a word with an icon.
    pub(crate) fn status(&self) -> Markup {
        job_status(self.job.status())
    }
}

/// How provisioning of an application stands.
pub(crate) fn job_status(state: JobStatus) -> Markup {
    let (class, glyph) = match state {
        JobStatus::NotConfigured | JobStatus::NotRun => ("idle", Icon::Idle),
        JobStatus::Active => ("ok", Icon::Check),
        JobStatus::Paused => ("warn", Icon::Pause),
        JobStatus::Quarantine => ("bad", Icon::Alert),
    };
    status(class, glyph, status_word(state))
}

pub(crate) fn status_word(state: JobStatus) -> &'static str {
    match state {
        JobStatus::NotConfigured => "Not configured",
        JobStatus::NotRun => "Not run",
        JobStatus::Active => "Active",
        JobStatus::Paused => "Paused",
        JobStatus::Quarantine => "Quarantine",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_called_as_its_line() {
        for (place, expect) in [
            (Place::Overview, None),
            (Place::UsersAndGroups, Some("Users and groups")),
            (Place::Provisioning, Some("Provisioning")),
            (Place::ProvisioningProperties, Some("Provisioning properties")),
            (Place::ProvisioningLogs, Some("Provisioning logs")),
        ] {
            assert_eq!(place.title(), expect);
        }
    }
}
