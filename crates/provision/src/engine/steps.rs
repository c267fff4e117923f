//! The steps of a log entry, with Entra's names, in the order of its page for one object on demand: import, scope, match, act.

use scim_client::Failure;
use serde_json::{Value as Json, json};

use super::look::Looked;
use crate::alias::ObjectKind;
use crate::plan::{Action, SourceState, TargetState};
use crate::record::{LogStatus, Step, StepKind};
use crate::scope::Entitlement;

/// What has been found out and decided, up to where something is sent.
pub(super) fn describe(looked: &mut Looked) {
    let mut steps = vec![import(looked), scoping(looked)];
    steps.extend(matching(looked));
    if looked.trouble.is_none() {
        steps.extend(looked.wanted.unresolved().map(|(target, id)| unresolved(target, id)));
        steps.push(verdict(looked));
    }
    looked.steps = steps;
}

/// Without having asked the target.
pub(super) fn describe_source(looked: &mut Looked) {
    looked.steps = vec![import(looked), scoping(looked)];
}

fn step(name: &str, kind: StepKind, status: LogStatus, description: impl Into<String>) -> Step {
    Step { name: name.to_owned(), kind, status, description: description.into(), details: Vec::new() }
}

fn what(looked: &Looked) -> String {
    format!("{} {}", looked.source.kind.as_str(), looked.name())
}

fn import(looked: &Looked) -> Step {
    let description = match looked.state {
        SourceState::Present => format!("{} was read from the directory", what(looked)),
        SourceState::SoftDeleted => {
            format!("{} is deleted in the directory and can be restored", what(looked))
        }
        SourceState::Purged => format!("{} is not in the directory any more", what(looked)),
    };
    let mut step = step("EntryImport", StepKind::Import, LogStatus::Success, description);
    step.details = vec![
        ("objectId".into(), looked.source.id.clone().into()),
        ("displayName".into(), looked.name().into()),
        ("IsSoftDeleted".into(), looked.source.is_soft_deleted().into()),
    ];
    step
}

fn scoping(looked: &Looked) -> Step {
    let scope = &looked.scope;
    let gone = looked.state != SourceState::Present;
    let in_scope = scope.in_scope && !gone;
    let description = match looked.state {
        SourceState::Present => scope.reasons.join("; "),
        SourceState::SoftDeleted => "not in scope because it is deleted in the directory".into(),
        SourceState::Purged => "not in scope because it is not in the directory any more".into(),
    };
    let status = if in_scope { LogStatus::Success } else { LogStatus::Skipped };
    let mut step = step("EntrySynchronizationScoping", StepKind::Scoping, status, description);
    let assigned = match &scope.entitlement {
        Entitlement::Everyone => Json::Null,
        Entitlement::Direct => true.into(),
        Entitlement::Group { name, .. } => format!("through group {name}").into(),
        Entitlement::NotAssigned => false.into(),
    };
    step.details = vec![
        ("Active in source".into(), (!gone && looked.source.is_active()).into()),
        ("Assigned to application".into(), assigned),
        ("Scope sync all".into(), (scope.entitlement == Entitlement::Everyone).into()),
    ];
    step.details.extend(scope.filters.clauses.iter().map(|c| (c.title.clone(), c.holds.into())));
    step.details.push(("In scope".into(), in_scope.into()));
    step
}

fn matching(looked: &Looked) -> Option<Step> {
    let asked: Vec<(String, Json)> =
        looked.probes.iter().map(|probe| (probe.target.clone(), probe.value.clone().into())).collect();
    let name = what(looked);
    let mut step = match &looked.target {
        TargetState::Unknown => {
            let trouble = looked.trouble.as_ref()?;
            step("EntryImport", StepKind::Matching, LogStatus::Failure, trouble.message.clone())
        }
        TargetState::NothingToMatch => step(
            "EntryImport",
            StepKind::Matching,
            LogStatus::Failure,
            format!("{name} has no value for a matching attribute"),
        ),
        TargetState::Absent => step(
            "EntryImportObjectNotFound",
            StepKind::Matching,
            LogStatus::Success,
            format!("{name} has no match at the target"),
        ),
        TargetState::Gone => step(
            "EntryImportObjectNotFound",
            StepKind::Matching,
            LogStatus::Warning,
            format!("the object that {name} is linked to is not at the target"),
        ),
        TargetState::Ambiguous { filter, count } => {
            let text = format!("{count} objects of the target match {filter}");
            step("EntryImport", StepKind::Matching, LogStatus::Failure, text)
        }
        TargetState::Found(found) => {
            let how = match (&found.matched_by, looked.recovered) {
                (_, true) => "created before by this job".to_owned(),
                (Some(attribute), false) => format!("found by {attribute}"),
                (None, false) => "read by its link".to_owned(),
            };
            let text = format!("{name} is {} at the target, {how}", found.id);
            let mut step = step("EntryImport", StepKind::Matching, LogStatus::Success, text);
            step.details.push(("targetId".into(), found.id.clone().into()));
            step
        }
    };
    step.details.extend(asked);
    Some(step)
}

pub(super) fn unresolved(target: &str, id: &str) -> Step {
    let text = format!("{target} was left out: the object it points at is not provisioned to the target");
    let mut step = step(
        "UnableToResolveReferenceAttributeValue",
        StepKind::ReferenceResolution,
        LogStatus::Warning,
        text,
    );
    step.details = vec![("attribute".into(), target.into()), ("reference".into(), id.into())];
    step
}

/// What will be done.
fn verdict(looked: &Looked) -> Step {
    let (name, reason) = (what(looked), looked.decision.reason.as_str());
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let (step_name, text) = match &looked.decision.action {
        Action::Create => {
            ("EntrySynchronizationAdd", format!("{name} will be created at the target{because}"))
        }
        Action::Update { .. } | Action::Enable { .. } => {
            ("EntrySynchronizationUpdate", format!("{name} will be updated at the target{because}"))
        }
        Action::Disable { .. } => {
            ("EntrySynchronizationUpdate", format!("{name} will be disabled at the target{because}"))
        }
        Action::Adopt { .. } => {
            ("EntrySynchronizationUpdate", format!("{name} will be linked to the existing object{because}"))
        }
        Action::Delete { .. } => {
            ("EntrySynchronizationDelete", format!("{name} will be deleted at the target{because}"))
        }
        Action::Skip { reason } => {
            return skipped(&format!("{reason:?}"), format!("nothing is sent{because}"));
        }
        Action::Fail { code, message } => {
            let mut failed = step(
                "EntrySynchronizationSkip",
                StepKind::Export,
                LogStatus::Failure,
                format!("{name} cannot be processed: {message}"),
            );
            failed.details.push(("ErrorCode".into(), format!("{code:?}").into()));
            return failed;
        }
    };
    step(step_name, StepKind::Matching, LogStatus::Success, text)
}

pub(super) fn skipped(reason: &str, text: impl Into<String>) -> Step {
    let mut skipped = step("EntrySynchronizationSkip", StepKind::Export, LogStatus::Skipped, text);
    skipped.details.push(("SkipReason".into(), reason.into()));
    skipped
}

/// Entra's name of what was sent.
pub(super) fn export_name(action: &Action) -> &'static str {
    match action {
        Action::Create => "EntryExportAdd",
        Action::Disable { .. } => "EntryExportUpdateSoftDelete",
        Action::Delete { .. } => "EntryExportDelete",
        Action::Update { .. } | Action::Enable { .. } | Action::Adopt { .. } => "EntryExportUpdate",
        Action::Skip { .. } | Action::Fail { .. } => "EntrySynchronizationSkip",
    }
}

/// The write has succeeded.
pub(super) fn exported(name: &str, kind: ObjectKind, target: &str, text: impl Into<String>) -> Step {
    let mut exported = step(name, StepKind::Export, LogStatus::Success, text);
    exported.details =
        vec![("ReportableIdentifier".into(), target.into()), ("objectType".into(), kind.as_str().into())];
    exported
}

/// The write has failed.
pub(super) fn failed(name: &str, code: &str, text: &str) -> Step {
    let mut failed = step(name, StepKind::Export, LogStatus::Failure, text);
    failed.details.push(("ErrorCode".into(), code.into()));
    failed
}

/// No request will succeed until somebody acts.
pub(crate) fn connection(failure: &Failure) -> Step {
    let text = format!("{} {}", failure.cause(), failure.hint());
    let mut failed = step("TestConnection", StepKind::Import, LogStatus::Failure, text);
    failed.details.push(("ErrorCode".into(), json!(failure.code())));
    failed
}

pub(super) fn note(kind: StepKind, status: LogStatus, name: &str, text: impl Into<String>) -> Step {
    step(name, kind, status, text)
}
