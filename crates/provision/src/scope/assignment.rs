//! Assignment: everyone, or who is assigned directly or as direct member of an assigned group.

use serde::{Deserialize, Serialize};

/// The scope setting of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SyncScope {
    /// Sync only assigned users and groups
    #[default]
    Assigned,
    /// Sync all users and groups
    All,
}

/// What the directory knows of an object's assignments to the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assigned<'a> {
    pub directly: bool,
    /// Id and name of an assigned group that the user is a direct member of. Entra reads no nested groups.
    pub through: Option<(&'a str, &'a str)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Entitlement {
    Everyone,
    Direct,
    Group { id: String, name: String },
    NotAssigned,
}

impl Entitlement {
    pub fn is_entitled(&self) -> bool {
        *self != Self::NotAssigned
    }

    pub fn sentence(&self) -> String {
        match self {
            Self::Everyone => "in scope because all users and groups are synced".into(),
            Self::Direct => "in scope because assigned directly".into(),
            Self::Group { name, .. } => format!("in scope because assigned through group {name}"),
            Self::NotAssigned => {
                "not in scope because neither assigned directly nor a direct member of an assigned group"
                    .into()
            }
        }
    }
}

pub fn entitle(scope: SyncScope, assigned: &Assigned<'_>) -> Entitlement {
    match (scope, assigned.directly, assigned.through) {
        (SyncScope::All, ..) => Entitlement::Everyone,
        (SyncScope::Assigned, true, _) => Entitlement::Direct,
        (SyncScope::Assigned, false, Some((id, name))) => {
            Entitlement::Group { id: id.into(), name: name.into() }
        }
        (SyncScope::Assigned, false, None) => Entitlement::NotAssigned,
    }
}
