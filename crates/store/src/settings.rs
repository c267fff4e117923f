//! What an administrator may set for a tenant.

use serde::{Deserialize, Serialize};

/// What becomes of a member id that is neither a user nor a group of the tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    #[default]
    Keep,
    Drop,
}

/// What a create answers when an inactive user has the `userName` or `externalId`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InactiveConflict {
    /// 409
    #[default]
    Conflict,
    /// The user is active again with the values sent; 200.
    Reactivate,
}

/// Stored as JSON; a setting that an older row lacks has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub unknown_members: UnknownMembers,
    pub inactive_conflict: InactiveConflict,
    /// Requests a second; `None` is the server's default, 0 is no limit.
    pub rate_limit: Option<u32>,
    /// Days that request-log entries are kept.
    pub request_log_days: u32,
    /// Days that entries of the provisioning log are kept.
    pub provisioning_log_days: u32,
    /// Days that a deleted user or group can be restored.
    pub restore_days: u32,
    /// Whether reads are logged too; writes and errors always are.
    pub log_reads: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unknown_members: UnknownMembers::default(),
            inactive_conflict: InactiveConflict::default(),
            rate_limit: None,
            request_log_days: 30,
            provisioning_log_days: 30,
            restore_days: 30,
            log_reads: true,
        }
    }
}
