//! Log entries: what was decided and done for one object, in the form that is kept.

use jiff::Timestamp;
use scim_client::Exchange;
use serde_json::Value as Json;
use store::{Kind, LogEntry};

use super::look::Looked;
use super::redaction::{Hidden, shown};
use super::run::{Run, Side};
use super::trouble::Trouble;
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::mapping::Flow;
use crate::plan::{Action, Change, SkipReason};
use crate::provisioning::text;
use crate::record::{Document, LogAction, LogStatus, Modified, Step};

/// An entry that is about to be written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) source_id: String,
    pub(crate) source_name: String,
    pub(crate) target_id: Option<String>,
    pub(crate) action: LogAction,
    pub(crate) status: LogStatus,
    /// Error code or skip reason.
    pub(crate) code: Option<String>,
    /// One sentence.
    pub(crate) summary: String,
    pub(crate) document: Document,
}

/// What it is about.
impl Entry {
    fn new(looked: &Looked, action: LogAction, status: LogStatus, summary: impl Into<String>) -> Self {
        let found = looked.found().map(|found| found.id.clone());
        Self {
            kind: looked.kind,
            source_id: looked.source.id.clone(),
            source_name: looked.name().to_owned(),
            target_id: looked.link.as_ref().map(|link| link.target_id.clone()).or(found),
            action,
            status,
            code: None,
            summary: summary.into(),
            document: Document { steps: looked.steps.clone(), ..Document::default() },
        }
    }

    /// It was done. `sent`: something went to the target.
    pub(super) fn done(side: &Side, looked: &Looked, target_id: Option<String>, steps: Vec<Step>) -> Self {
        let decision = &looked.decision;
        let action = log_action(looked);
        let (status, code) = match &decision.action {
            Action::Skip { .. } if is_late(looked) => (LogStatus::Success, None),
            Action::Skip { reason } => (LogStatus::Skipped, Some(format!("{reason:?}"))),
            _ => (LogStatus::Success, None),
        };
        let summary = match (&decision.action, steps.last()) {
            (Action::Skip { .. }, _) if is_late(looked) => {
                "Created before; this was cut off before it was written down".to_owned()
            }
            (Action::Skip { reason }, _) => format!("{}: {}", skip_text(*reason), decision.reason),
            (_, Some(step)) => step.description.clone(),
            (_, None) => decision.reason.clone(),
        };
        let mut entry = Self::new(looked, action, status, summary);
        entry.target_id = target_id.or(entry.target_id);
        entry.code = code;
        entry.document.modified = modified(side, looked);
        entry.document.steps.extend(steps);
        entry
    }

    /// It failed, and is tried again when `escrow` says.
    pub(super) fn failed(
        looked: &Looked,
        trouble: &Trouble,
        escrow: Option<&Escrow>,
        step: Option<Step>,
    ) -> Self {
        let action = match &looked.decision.action {
            Action::Fail { .. } if looked.link.is_none() => LogAction::Create,
            Action::Fail { .. } => LogAction::Update,
            _ => log_action(looked),
        };
        let summary = match escrow {
            None => trouble.message.clone(),
            Some(escrow) => format!(
                "{} Tried {} {}; the next attempt is at {}.",
                sentence(&trouble.message),
                escrow.attempts,
                if escrow.attempts == 1 { "time" } else { "times" },
                escrow.next_try
            ),
        };
        let mut entry = Self::new(looked, action, LogStatus::Failure, summary);
        entry.code = Some(trouble.code.clone());
        entry.document.steps.extend(step);
        entry.document.recommendation.clone_from(&trouble.hint);
        entry.document.next_try = escrow.map(|escrow| escrow.next_try);
        entry
    }

    /// Accidental-deletions prevention holds it back.
    pub(super) fn staged(side: &Side, looked: &Looked) -> Self {
        let summary = format!("held back by accidental deletions prevention: {}", looked.decision.reason);
        let mut entry = Self::new(looked, LogAction::StagedDelete, LogStatus::Skipped, summary);
        entry.document.modified = modified(side, looked);
        entry.document.recommendation =
            Some("Allow the deletions if they are meant, or bring the objects back into scope.".to_owned());
        entry
    }

    /// Exchanges, and how the values came about, as far as they are kept.
    pub(super) fn evidence(&mut self, side: &Side, looked: &Looked, on_demand: bool) {
        let at_target = looked.found().map(|found| &found.resource);
        let hidden = Hidden::of(&side.mapper, &looked.wanted, at_target);
        let all = on_demand || self.status == LogStatus::Failure;
        let kept = looked.exchanges.iter().filter(|exchange| all || exchange.method != "GET");
        self.document.exchanges = kept.cloned().collect();
        self.hide(&hidden);
        if on_demand {
            self.document.mapping = serde_json::to_value(shown(&looked.wanted)).ok();
        }
    }

    fn hide(&mut self, hidden: &Hidden) {
        self.document.exchanges.iter_mut().for_each(|exchange| hidden.exchange(exchange));
        self.summary = hidden.text(&self.summary);
        for step in &mut self.document.steps {
            step.description = hidden.text(&step.description);
            for (_, value) in &mut step.details {
                if let Json::String(text) = value {
                    *text = hidden.text(text);
                }
            }
        }
    }

    pub(super) fn row(&self, run: &Run, began: Timestamp, ended: Timestamp) -> Result<LogEntry> {
        let duration_us = u64::try_from(ended.duration_since(began).as_micros()).unwrap_or(0);
        Ok(LogEntry {
            application: run.job.application.clone(),
            cycle: run.cycle.clone(),
            at: ended,
            duration_us,
            kind: self.kind,
            action: self.action.as_str().to_owned(),
            status: self.status.as_str().to_owned(),
            source_id: self.source_id.clone(),
            source_name: self.source_name.clone(),
            target_id: self.target_id.clone(),
            code: self.code.clone(),
            summary: self.summary.clone(),
            actor: run.actor.clone(),
            document: text(&self.document).map_err(Error::internal)?,
        })
    }
}

/// A text about the object, as it may be shown.
pub(super) fn concealed_text(side: &Side, looked: &Looked, text: &str) -> String {
    Hidden::of(&side.mapper, &looked.wanted, looked.found().map(|found| &found.resource)).text(text)
}

/// What was asked and answered, as it may be shown.
pub(crate) fn concealed(side: &Side, looked: &Looked) -> Vec<Exchange> {
    let hidden = Hidden::of(&side.mapper, &looked.wanted, looked.found().map(|found| &found.resource));
    let mut exchanges = looked.exchanges.clone();
    exchanges.iter_mut().for_each(|exchange| hidden.exchange(exchange));
    exchanges
}

/// With its full stop.
pub(super) fn sentence(text: &str) -> String {
    if text.ends_with(['.', '"']) { text.to_owned() } else { format!("{text}.") }
}

fn log_action(looked: &Looked) -> LogAction {
    match &looked.decision.action {
        Action::Create => LogAction::Create,
        Action::Skip { .. } if is_late(looked) => LogAction::Create,
        Action::Adopt { .. } if looked.recovered => LogAction::Create,
        Action::Adopt { changes, .. } if changes.is_empty() => LogAction::Other,
        Action::Update { .. } | Action::Enable { .. } | Action::Adopt { .. } => LogAction::Update,
        Action::Disable { .. } => LogAction::Disable,
        Action::Delete { .. } => LogAction::Delete,
        Action::Skip { .. } | Action::Fail { .. } => LogAction::Other,
    }
}

/// A creation of which only the link was kept when it was cut off: nothing is left to be done but to say so.
pub(super) fn is_late(looked: &Looked) -> bool {
    let redundant = matches!(looked.decision.action, Action::Skip { reason: SkipReason::RedundantExport });
    redundant && looked.link.is_some() && looked.intent.is_some()
}

fn skip_text(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::RedundantExport => "The target says it all already",
        SkipReason::NotEffectivelyEntitled => "Not assigned",
        SkipReason::NotInScope => "Not in scope",
        SkipReason::NotActiveInSource => "Not active in the directory",
        SkipReason::NotManaged => "It left scope before and is not managed any more",
        SkipReason::SkipOutOfScopeDeletions => "Accounts that leave scope are left alone",
        SkipReason::CreateDisabled => "Create is switched off",
        SkipReason::UpdateDisabled => "Update is switched off",
        SkipReason::DeleteDisabled => "Delete is switched off",
        SkipReason::SoftDeleteNotMapped => "No mapping says that an account is disabled",
        SkipReason::GoneInTarget => "It is not at the target any more, as it should be",
    }
}

/// Before and after, as a log may show them.
pub(crate) fn modified(side: &Side, looked: &Looked) -> Vec<Modified> {
    match &looked.decision.action {
        Action::Create => {
            let set = looked.wanted.values.iter().filter_map(|value| match &value.flow {
                Flow::Set(json) => Some(Change {
                    target: value.target.clone(),
                    before: None,
                    after: Some(json.clone()),
                    additive: false,
                    redacted: value.explanation.redacted,
                }),
                _ => None,
            });
            set.map(|change| of(&change)).collect()
        }
        Action::Update { changes, .. }
        | Action::Disable { changes, .. }
        | Action::Enable { changes, .. }
        | Action::Adopt { changes, .. } => {
            changes.iter().filter(|change| side.mapper.find(&change.target).is_some()).map(of).collect()
        }
        Action::Delete { .. } | Action::Skip { .. } | Action::Fail { .. } => Vec::new(),
    }
}

fn of(change: &Change) -> Modified {
    let (old, new) = change.shown();
    Modified { name: change.target.clone(), old, new }
}

impl Entry {
    /// About the members of a group.
    pub(super) fn members(looked: &Looked, status: LogStatus, summary: impl Into<String>) -> Self {
        Self::new(looked, LogAction::Update, status, summary)
    }
}
