//! What a provisioning log entry tells: steps, modified attributes and exchanges.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use scim_client::Exchange;

/// What was done, in Graph's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogAction {
    Create,
    Update,
    Disable,
    Delete,
    /// Held back by accidental-deletions prevention.
    StagedDelete,
    Other,
}

impl LogAction {
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Update, Self::Disable, Self::Delete, Self::StagedDelete, Self::Other];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::StagedDelete => "stagedDelete",
            Self::Other => "other",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogStatus {
    Success,
    Failure,
    Skipped,
    Warning,
}

impl LogStatus {
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Skipped, Self::Warning];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
        }
    }
}

/// Graph's `provisioningStepType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepKind {
    Import,
    Scoping,
    Matching,
    Processing,
    ReferenceResolution,
    Export,
}

/// One step of what happened to an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Entra's name of it: `EntryImport`, `EntrySynchronizationScoping`, …
    pub name: String,
    pub kind: StepKind,
    pub status: LogStatus,
    /// One sentence.
    pub description: String,
    /// Names and values, in the order to be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, Json)>,
}

/// An attribute of the target, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Modified {
    pub name: String,
    pub old: Option<Json>,
    pub new: Option<Json>,
}

/// The document of a log entry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Document {
    pub steps: Vec<Step>,
    pub modified: Vec<Modified>,
    /// What was sent and answered, redacted.
    pub exchanges: Vec<Exchange>,
    /// What an administrator can do about it.
    pub recommendation: Option<String>,
    /// When it is tried again.
    pub next_try: Option<jiff::Timestamp>,
    /// How each value came about (`mapping::TargetObject`), for on-demand runs and explanations.
    pub mapping: Option<Json>,
}
