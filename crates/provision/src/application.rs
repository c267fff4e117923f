//! Enterprise applications.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an application was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Template {
    /// Any application with a SCIM endpoint: "integrate any other application you don't find in the gallery".
    #[default]
    Scim,
    /// Another tenant of a Muster server.
    MusterTenant,
}

impl Template {
    pub const ALL: [Self; 2] = [Self::Scim, Self::MusterTenant];

    /// As the API and the command line name it. The first is the id of Entra's own template for non-gallery applications.
    pub fn id(self) -> &'static str {
        match self {
            Self::Scim => "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
            Self::MusterTenant => "5b6a1c04-7f3e-4d0b-9a52-1f8f6f2c9e71",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Scim => "Custom SCIM application",
            Self::MusterTenant => "Muster tenant",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Scim => "Provision users and groups into any application that has a SCIM 2.0 endpoint.",
            Self::MusterTenant => {
                "Provision into a tenant of a Muster server: paste its SCIM Base URL and an API key with scope SCIM2."
            }
        }
    }

    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.id().eq_ignore_ascii_case(id))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub id: String,
    pub name: String,
    pub created: Timestamp,
    #[serde(flatten)]
    pub details: Details,
}

/// What is kept of an application as a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Details {
    pub template: Template,
    pub description: String,
    /// Roles that assignments may name, besides the default access.
    pub roles: Vec<Role>,
}

/// A role of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub id: String,
    /// What the target is told.
    pub value: String,
    pub display_name: String,
    #[serde(default)]
    pub description: String,
    /// Not enabled: whoever has it keeps it, and nobody else gets it.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

/// Roles from before they could be disabled.
fn enabled() -> bool {
    true
}
