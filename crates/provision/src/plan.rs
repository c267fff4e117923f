//! Decide what is done about one object: a function of what is known of it at the source and at the target.

mod diff;

use scim::Resource;
use serde::{Deserialize, Serialize};

use crate::alias::ObjectKind;
use crate::mapping::{Actions, Mapper, TargetObject};
use crate::scope::Scope;

pub use diff::{Change, diff};

/// What happens to accounts of people who leave, when no mapping can say that an account is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WithoutSoftDelete {
    /// As Entra documents it for custom applications.
    #[default]
    LeaveAlone,
    /// As gallery applications do that cannot disable.
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    pub actions: Actions,
    /// Accounts that leave scope by unassignment or filter are left alone.
    pub skip_out_of_scope_deletions: bool,
    pub without_soft_delete: WithoutSoftDelete,
    /// An e-mail address says little about who somebody is: accounts are adopted by it only if that is wanted.
    pub adopt_by_email: bool,
    /// Create an object again that somebody deleted at the target. Entra reports an error instead.
    pub recreate_missing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    Present,
    /// Deleted, and can be restored.
    SoftDeleted,
    /// Deleted for good.
    Purged,
}

/// The remembered pair of source object and target object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub target_id: String,
    /// Of an unassigned object the link is kept and no longer acted upon.
    pub managed: bool,
}

/// What is known of the object at the target.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetState {
    /// Not looked at; [`look_up`] says whether it has to be.
    Unknown,
    /// No matching attribute has a value to ask for.
    NothingToMatch,
    /// No match.
    Absent,
    /// The linked object is not there any more.
    Gone,
    Found(Found),
    /// More than one object matches.
    Ambiguous {
        filter: String,
        count: u64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub id: String,
    pub resource: Resource,
    /// The matching attribute that found it; none if it was read by the link.
    pub matched_by: Option<String>,
    /// Another source object that is linked to it already.
    pub linked_to: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub source: SourceState,
    pub is_active: bool,
    pub scope: &'a Scope,
    pub link: Option<&'a Link>,
    pub target: &'a TargetState,
    /// As mapped for creation if the target has no such object, else as mapped for an update.
    pub wanted: &'a TargetObject,
}

/// How the target has to be asked before anything can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    No,
    /// `GET` by the linked id
    ByLink,
    /// By the matching attributes
    ByMatching,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SkipReason {
    /// The target says it all already.
    RedundantExport,
    NotEffectivelyEntitled,
    NotInScope,
    NotActiveInSource,
    /// It left scope before and has been dealt with.
    NotManaged,
    SkipOutOfScopeDeletions,
    CreateDisabled,
    UpdateDisabled,
    DeleteDisabled,
    /// No mapping says that an account is disabled.
    SoftDeleteNotMapped,
    /// It is not at the target any more, as it should be.
    GoneInTarget,
}

/// Error codes of provisioning logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureCode {
    InvalidAnchor,
    DuplicateTargetEntries,
    DuplicateSourceEntries,
    EntryConflict,
    MissingValues,
    MappingFailed,
    InternalError,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Action {
    Create,
    Update {
        id: String,
        changes: Vec<Change>,
    },
    Disable {
        id: String,
        changes: Vec<Change>,
    },
    /// A disabled object comes back.
    Enable {
        id: String,
        changes: Vec<Change>,
    },
    Delete {
        id: String,
    },
    /// An object that was there before is taken into care; without changes nothing is sent.
    Adopt {
        id: String,
        changes: Vec<Change>,
    },
    Skip {
        reason: SkipReason,
    },
    Fail {
        code: FailureCode,
        message: String,
    },
}

/// What becomes of the link, once the action has succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkChange {
    Keep,
    /// To the object created or adopted, or managed again.
    Set,
    Unmanage,
    Remove,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub action: Action,
    pub link: LinkChange,
    /// Accidental-deletions prevention counts it: every disable and every delete, since a mistake at the source that
    /// disables a thousand people is no better than one that unassigns them.
    pub counts_as_deletion: bool,
    pub reason: String,
}

impl Decision {
    fn new(action: Action, link: LinkChange, reason: impl Into<String>) -> Self {
        Self { action, link, counts_as_deletion: false, reason: reason.into() }
    }

    fn skip(reason: SkipReason, link: LinkChange, text: impl Into<String>) -> Self {
        Self::new(Action::Skip { reason }, link, text)
    }

    fn fail(code: FailureCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Action::Fail { code, message: message.clone() }, LinkChange::Keep, message)
    }
}

/// Why an object is no longer to be at the target, or not enabled there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    Purged,
    SoftDeleted,
    Unassigned,
    Filtered,
}

fn leaving(facts: &Facts<'_>) -> Option<Leaving> {
    match facts.source {
        SourceState::Purged => Some(Leaving::Purged),
        SourceState::SoftDeleted => Some(Leaving::SoftDeleted),
        SourceState::Present if !facts.scope.entitlement.is_entitled() => Some(Leaving::Unassigned),
        SourceState::Present if !facts.scope.in_scope => Some(Leaving::Filtered),
        SourceState::Present => None,
    }
}

/// Whether the target has to be asked; the answer goes into [`Facts::target`].
pub fn look_up(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>) -> LookUp {
    match (leaving(facts), facts.link) {
        (None, Some(_)) => LookUp::ByLink,
        (None, None) => LookUp::ByMatching,
        (Some(_), None) => LookUp::No,
        (Some(leaving), Some(link)) => {
            let skipped = settings.skip_out_of_scope_deletions
                && matches!(leaving, Leaving::Unassigned | Leaving::Filtered);
            let disables =
                leaving != Leaving::Purged && mapper.kind == ObjectKind::User && mapper.soft_deletes();
            if link.managed && !skipped && disables && settings.actions.update {
                LookUp::ByLink
            } else {
                LookUp::No
            }
        }
    }
}

/// The decision, with its reason. Entra's rules: what leaves is disabled, what is purged is deleted, groups are deleted in
/// both cases, and what was never provisioned is never deprovisioned.
pub fn decide(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>) -> Decision {
    match (leaving(facts), facts.link) {
        (Some(leaving), None) => never_provisioned(leaving, facts),
        (Some(leaving), Some(link)) => leave(mapper, settings, facts, leaving, link),
        (None, Some(link)) => maintain(mapper, settings, facts, link),
        (None, None) => enter(mapper, settings, facts),
    }
}

fn why(facts: &Facts<'_>, leaving: Leaving) -> String {
    match leaving {
        Leaving::Purged => "deleted for good in the source".into(),
        Leaving::SoftDeleted => "deleted in the source".into(),
        Leaving::Unassigned | Leaving::Filtered => facts.scope.reasons.join("; "),
    }
}

fn never_provisioned(leaving: Leaving, facts: &Facts<'_>) -> Decision {
    let reason = match leaving {
        Leaving::Purged | Leaving::SoftDeleted => SkipReason::NotActiveInSource,
        Leaving::Unassigned => SkipReason::NotEffectivelyEntitled,
        Leaving::Filtered => SkipReason::NotInScope,
    };
    Decision::skip(reason, LinkChange::Keep, why(facts, leaving))
}

fn leave(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>, leaving: Leaving, link: &Link) -> Decision {
    let why = why(facts, leaving);
    let by_scope = matches!(leaving, Leaving::Unassigned | Leaving::Filtered);
    let gone = if leaving == Leaving::Purged { LinkChange::Remove } else { LinkChange::Keep };
    if !link.managed {
        return Decision::skip(SkipReason::NotManaged, gone, format!("no longer managed; {why}"));
    }
    if by_scope && settings.skip_out_of_scope_deletions {
        return Decision::skip(SkipReason::SkipOutOfScopeDeletions, LinkChange::Unmanage, why);
    }
    let deletes = leaving == Leaving::Purged
        || mapper.kind == ObjectKind::Group
        || (!mapper.soft_deletes() && settings.without_soft_delete == WithoutSoftDelete::Delete);
    if deletes {
        if !settings.actions.delete {
            let link = if leaving == Leaving::Purged { LinkChange::Remove } else { LinkChange::Unmanage };
            return Decision::skip(
                SkipReason::DeleteDisabled,
                link,
                format!("{why}; Delete is switched off"),
            );
        }
        let action = Action::Delete { id: link.target_id.clone() };
        return Decision { counts_as_deletion: true, ..Decision::new(action, LinkChange::Remove, why) };
    }
    // An unassigned account is disabled and then left alone: a later deletion in the directory is not sent.
    let after = if leaving == Leaving::Unassigned { LinkChange::Unmanage } else { LinkChange::Keep };
    if !mapper.soft_deletes() {
        return Decision::skip(
            SkipReason::SoftDeleteNotMapped,
            after,
            format!("{why}; no mapping reads IsSoftDeleted, so the account stays as it is"),
        );
    }
    if !settings.actions.update {
        return Decision::skip(SkipReason::UpdateDisabled, after, format!("{why}; Update is switched off"));
    }
    disable(mapper, facts, link, after, why)
}

fn disable(mapper: &Mapper, facts: &Facts<'_>, link: &Link, after: LinkChange, why: String) -> Decision {
    let found = match facts.target {
        TargetState::Found(found) => found,
        TargetState::Gone => return Decision::skip(SkipReason::GoneInTarget, LinkChange::Remove, why),
        _ => return not_looked_up(),
    };
    // Only what says "disabled" is sent of somebody who leaves.
    let mut changes = diff(mapper, facts.wanted, &found.resource);
    changes.retain(|change| mapper.find(&change.target).is_some_and(|rule| rule.is_soft_delete()));
    if changes.is_empty() {
        return Decision::skip(SkipReason::RedundantExport, after, format!("{why}; disabled already"));
    }
    let action = Action::Disable { id: link.target_id.clone(), changes };
    Decision { counts_as_deletion: true, ..Decision::new(action, after, why) }
}

fn not_looked_up() -> Decision {
    Decision::fail(FailureCode::InternalError, "the target was not asked about this object")
}

fn failed(facts: &Facts<'_>) -> Option<Decision> {
    let (target, message) = facts.wanted.failure()?;
    Some(Decision::fail(FailureCode::MappingFailed, format!("{target}: {message}")))
}

/// In scope and linked.
fn maintain(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>, link: &Link) -> Decision {
    let after = if link.managed { LinkChange::Keep } else { LinkChange::Set };
    let why = facts.scope.reasons.join("; ");
    let found = match facts.target {
        TargetState::Found(found) => found,
        TargetState::Gone if settings.recreate_missing => {
            return match create(settings, facts) {
                // What is neither there nor wanted any more needs no link.
                Decision {
                    action: Action::Skip { reason: SkipReason::NotActiveInSource }, reason, ..
                } => Decision::skip(SkipReason::NotActiveInSource, LinkChange::Remove, reason),
                decision => decision,
            };
        }
        TargetState::Gone => {
            return Decision::fail(
                FailureCode::InvalidAnchor,
                format!(
                    "the linked object {} is not at the target any more; restart provisioning with Full to match it anew",
                    link.target_id
                ),
            );
        }
        _ => return not_looked_up(),
    };
    if !settings.actions.update {
        return Decision::skip(SkipReason::UpdateDisabled, after, "Update is switched off");
    }
    if let Some(failure) = failed(facts) {
        return failure;
    }
    let changes = diff(mapper, facts.wanted, &found.resource);
    if changes.is_empty() {
        return Decision::skip(SkipReason::RedundantExport, after, why);
    }
    let id = link.target_id.clone();
    let action = match turned(mapper, &changes) {
        Some(true) => Action::Enable { id, changes },
        Some(false) => Action::Disable { id, changes },
        None => Action::Update { id, changes },
    };
    let counts_as_deletion = matches!(action, Action::Disable { .. });
    Decision { counts_as_deletion, ..Decision::new(action, after, why) }
}

/// What `active` becomes, if it changes from a value it had.
fn turned(mapper: &Mapper, changes: &[Change]) -> Option<bool> {
    let change = changes.iter().find(|change| {
        mapper
            .find(&change.target)
            .is_some_and(|rule| rule.path.schema.is_none() && rule.path.name.eq_ignore_ascii_case("active"))
    })?;
    let after = change.after.as_ref().and_then(scim::compare::boolean)?;
    // An account without `active` counts as enabled (RFC 7643 §4.1.1 leaves it to the server).
    let before = change.before.as_ref().and_then(scim::compare::boolean).unwrap_or(true);
    (before != after).then_some(after)
}

/// In scope and not linked.
fn enter(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>) -> Decision {
    match facts.target {
        TargetState::Found(found) => adopt(mapper, settings, facts, found),
        TargetState::Absent => create(settings, facts),
        TargetState::NothingToMatch => Decision::fail(
            FailureCode::MissingValues,
            "no matching attribute has a value, so the object cannot be looked up at the target",
        ),
        TargetState::Ambiguous { filter, count } => Decision::fail(
            FailureCode::DuplicateTargetEntries,
            format!("{count} objects of the target match {filter}; make the matching attribute unique there"),
        ),
        TargetState::Unknown | TargetState::Gone => not_looked_up(),
    }
}

fn create(settings: &Settings, facts: &Facts<'_>) -> Decision {
    if !facts.is_active {
        return Decision::skip(
            SkipReason::NotActiveInSource,
            LinkChange::Keep,
            "disabled in the source and never provisioned",
        );
    }
    if !settings.actions.create {
        return Decision::skip(SkipReason::CreateDisabled, LinkChange::Keep, "Create is switched off");
    }
    failed(facts)
        .unwrap_or_else(|| Decision::new(Action::Create, LinkChange::Set, facts.scope.reasons.join("; ")))
}

fn adopt(mapper: &Mapper, settings: &Settings, facts: &Facts<'_>, found: &Found) -> Decision {
    let matched_by = found.matched_by.as_deref().unwrap_or_default();
    if let Some(other) = &found.linked_to {
        return Decision::fail(
            FailureCode::DuplicateSourceEntries,
            format!("the source object {other} is linked to the matching object {} already", found.id),
        );
    }
    if is_email(mapper, matched_by) && !settings.adopt_by_email {
        return Decision::fail(
            FailureCode::EntryConflict,
            format!(
                "the object {} matches by its e-mail address only, and accounts are not adopted by e-mail; match by another attribute or allow it",
                found.id
            ),
        );
    }
    let reason = format!("{matched_by} matches");
    let id = found.id.clone();
    if !settings.actions.update {
        return Decision::new(Action::Adopt { id, changes: Vec::new() }, LinkChange::Set, reason);
    }
    if let Some(failure) = failed(facts) {
        return failure;
    }
    let changes = diff(mapper, facts.wanted, &found.resource);
    Decision::new(Action::Adopt { id, changes }, LinkChange::Set, reason)
}

fn is_email(mapper: &Mapper, target: &str) -> bool {
    mapper.find(target).is_some_and(|rule| rule.path.name.eq_ignore_ascii_case("emails"))
}
