//! Send what was decided. A creation is written down before it is sent, so that one whose answer is lost is looked up and
//! never simply sent again; everything else says where things end, and may be sent twice.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use scim_client::{Answer, Exchange, Failure, FailureKind, Object};
use store::{IntentRow, Kind};

use super::look::{Intent, LAG, Looked, remaining};
use super::look_again::intent;
use super::matching::{selection, shows};
use super::object::link_row;
use super::run::{Learnt, Run, Side};
use super::steps;
use super::trouble::{Asked, Trouble};
use crate::error::{Error, Result};
use crate::mapping::Flow;
use crate::patch;
use crate::plan::{Action, Change};
use crate::provisioning::text;
use crate::record::Step;
use crate::value::Value;

/// What a walk has brought about at the target.
#[derive(Debug, Default)]
pub(super) struct Exported {
    /// The object there; `None` when there is none.
    pub(super) target_id: Option<String>,
    /// Made just now, so nobody has told it of its references yet.
    pub(super) created: bool,
    /// Whether anything was sent.
    pub(super) sent: bool,
    pub(super) steps: Vec<Step>,
}

/// What is remembered of a creation after the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum IntentEnd {
    /// Its outcome is known.
    #[default]
    Settled,
    /// It may have been carried out.
    Open,
}

/// How sending ended.
pub(super) enum Sent {
    Done(Exported),
    Failed(Trouble, IntentEnd),
    /// Another one has taken the job over, or works on the object.
    Superseded,
}

/// Whether a creation may be sent.
enum Claim {
    /// Written down then.
    Ours(Timestamp),
    /// Somebody else runs the job.
    Superseded,
    /// Somebody else has begun to create the object, or has linked it.
    Taken,
}

/// What was created just now is not older than any clock is wrong.
const AGE_MAX: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// A decision can change while it is carried out, but not for ever.
const DECISIONS: usize = 3;

impl Run {
    /// Carry out the decision, and whatever it turns into on the way.
    pub(super) async fn export(&self, side: &Side, looked: &mut Looked) -> Result<Sent> {
        for _ in 0..DECISIONS {
            if let Some(trouble) = &looked.trouble {
                return Ok(Sent::Failed(trouble.clone(), open_if(looked.intent.is_some())));
            }
            let again = match looked.decision.action.clone() {
                Action::Create => self.send_create(side, looked).await?,
                Action::Update { id, changes }
                | Action::Disable { id, changes }
                | Action::Enable { id, changes }
                | Action::Adopt { id, changes } => self.send_update(side, looked, &id, &changes).await?,
                Action::Delete { id } => self.send_delete(looked, &id).await?,
                Action::Skip { .. } => Some(Sent::Done(Exported {
                    target_id: looked.plan_link().map(|link| link.target_id),
                    ..Exported::default()
                })),
                Action::Fail { code, message } => {
                    Some(Sent::Failed(Trouble::decided(code, &message), open_if(looked.intent.is_some())))
                }
            };
            if let Some(sent) = again {
                return Ok(sent);
            }
        }
        let trouble = Trouble::incompatible("what the target says of the object changes with each question");
        Ok(Sent::Failed(trouble, open_if(looked.intent.is_some())))
    }

    /// `None`: look at the decision again.
    async fn send_create(&self, side: &Side, looked: &mut Looked) -> Result<Option<Sent>> {
        let body = self.creation(side, &looked.wanted);
        let before = looked.intent.clone();
        match self.put_intent(side, looked, &body).await? {
            Claim::Ours(at) => looked.intended = Some(at),
            Claim::Superseded => return Ok(Some(Sent::Superseded)),
            Claim::Taken => {
                let text =
                    "somebody else creates the object at this moment, in a run on demand or in a cycle";
                return Ok(Some(Sent::Failed(
                    Trouble::new("InternalError", text).after(LAG),
                    IntentEnd::Open,
                )));
            }
        }
        match self.endpoint.create(looked.kind.endpoint(), &body).await {
            Ok(answer) => {
                let doubtful = self.is_doubtful(&answer);
                looked.exchanges.push(answer.exchange);
                Ok(Some(self.created(side, looked, answer.value, &body, doubtful).await?))
            }
            Err(failure) if failure.is_ambiguous() => {
                keep(looked, &failure);
                let mut trouble = Trouble::target(failure, Asked::Object);
                if trouble.systemic().is_none() {
                    trouble = trouble.after(LAG);
                }
                Ok(Some(Sent::Failed(trouble, IntentEnd::Open)))
            }
            Err(failure) if failure.kind == FailureKind::Conflict => {
                keep(looked, &failure);
                self.look_again_taken(side, looked).await?;
                if !matches!(looked.decision.action, Action::Create) || looked.trouble.is_some() {
                    return Ok(None);
                }
                let trouble = Trouble::target(failure, Asked::Object).hint(
                    "Nothing that matches was found at the target: check the matching attributes, or change the value that is taken there.",
                );
                // What takes the value may be what was sent before.
                Ok(Some(Sent::Failed(trouble, open_if(before.is_some()))))
            }
            Err(failure) => {
                keep(looked, &failure);
                Ok(Some(Sent::Failed(Trouble::target(failure, Asked::Object), open_if(before.is_some()))))
            }
        }
    }

    /// Whether an answer to a creation is to be looked behind: it repeats what was sent, so it may name another account with
    /// our values. One that was there before, one that its own address contradicts, or any of a target that does not read
    /// questions or has lied in this run.
    fn is_doubtful(&self, answer: &Answer<Object>) -> bool {
        let Object { id, resource, .. } = &answer.value;
        let created = resource.get("meta").and_then(|meta| meta.get("created")?.as_str()?.parse().ok());
        let now = self.provisioning.now();
        let old = created.is_some_and(|at: Timestamp| now.duration_since(at) > AGE_MAX);
        let elsewhere = answer.exchange.response_header("location").is_some_and(|location| {
            let last = location.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
            last.is_some_and(|last| !last.is_empty() && !last.contains('%') && !last.eq_ignore_ascii_case(id))
        });
        let Learnt { ignores_filters, lies, .. } = &self.learnt;
        old || elsewhere || ignores_filters.load(Ordering::Relaxed) || lies.load(Ordering::Relaxed)
    }

    /// The target says that it has created an object: is it this one?
    async fn created(
        &self,
        side: &Side,
        looked: &mut Looked,
        object: Object,
        body: &scim::Resource,
        doubtful: bool,
    ) -> Result<Sent> {
        let mut confirmed = is_about(side, body, &object.resource);
        if confirmed.is_none() || (doubtful && confirmed == Some(true)) {
            // An answer without a matching attribute says nothing about whose it is.
            let select = selection(looked.kind);
            match self.endpoint.get(looked.kind.endpoint(), &object.id, &select).await {
                Ok(answer) => {
                    looked.exchanges.push(answer.exchange);
                    let shown = is_about(side, body, &answer.value.resource);
                    confirmed = shown.or(confirmed);
                }
                Err(failure) => keep(looked, &failure),
            }
        }
        let (kind, own) = (looked.kind, looked.source.id.clone());
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let application = self.job.application.as_str();
        let other = tenancy.read(|read| read.link_by_target(application, kind, &object.id)).await?;
        let taken = other.is_some_and(|row| row.source_id != own);
        if taken || confirmed == Some(false) {
            self.learnt.lies.store(true, Ordering::Relaxed);
            let trouble = Trouble::bad_response(format!(
                "the target answered the creation with another object ({}); it was not linked",
                object.id
            ));
            return Ok(Sent::Failed(trouble.after(LAG), IntentEnd::Open));
        }
        let text = format!("{} was created at the target", looked.name());
        let step = steps::exported("EntryExportAdd", looked.source.kind, &object.id, text);
        Ok(Sent::Done(Exported { target_id: Some(object.id), created: true, sent: true, steps: vec![step] }))
    }

    async fn send_update(
        &self,
        side: &Side,
        looked: &mut Looked,
        id: &str,
        changes: &[Change],
    ) -> Result<Option<Sent>> {
        let name = steps::export_name(&looked.decision.action);
        let adopted = matches!(looked.decision.action, Action::Adopt { .. });
        if adopted {
            let row = link_row(looked, id.to_owned(), self.provisioning.now());
            match self.claim_link(row).await? {
                None => return Ok(Some(Sent::Superseded)),
                Some(true) => {}
                // Somebody else of the directory has found it at the same moment.
                Some(false) => {
                    self.whose(side, looked).await?;
                    looked.decide(side);
                    return Ok(None);
                }
            }
        }
        let done = |text: String, sent: bool, looked: &Looked| {
            let step = steps::exported(name, looked.source.kind, id, text);
            let target_id = Some(id.to_owned());
            Some(Sent::Done(Exported { target_id, created: adopted, sent, steps: vec![step] }))
        };
        if changes.is_empty() {
            let text = format!("{} was linked to the object {id}, which needs no change", looked.name());
            return Ok(done(text, false, looked));
        }
        let Some(found) = looked.found() else {
            let trouble = Trouble::new("InternalError", "an update without knowing what is at the target");
            return Ok(Some(Sent::Failed(trouble, IntentEnd::Settled)));
        };
        let message = patch::update_body(&side.mapper, changes, &found.resource, self.dialect);
        let failure = match self.change(side, looked, id, changes, &message).await {
            Ok(()) => {
                let text = format!("{} was updated at the target: {}", looked.name(), names(changes));
                return Ok(done(text, true, looked));
            }
            Err(failure) => *failure,
        };
        keep(looked, &failure);
        if failure.kind == FailureKind::NotFound && !adopted {
            let now = self.provisioning.now();
            let linked = looked.link.as_ref().and_then(|link| remaining(link.linked, now));
            if let Some(wait) = linked {
                let trouble = Trouble::target(failure, Asked::Object).after(wait);
                return Ok(Some(Sent::Failed(trouble, IntentEnd::Settled)));
            }
            self.look_again_gone(side, looked).await?;
            return Ok(None);
        }
        let open = open_if(looked.intent.is_some());
        Ok(Some(Sent::Failed(Trouble::target(failure, Asked::Object), open)))
    }

    /// PATCH, or PUT for a target without it.
    async fn change(
        &self,
        side: &Side,
        looked: &mut Looked,
        id: &str,
        changes: &[Change],
        message: &serde_json::Value,
    ) -> Result<(), Box<Failure>> {
        let endpoint = looked.kind.endpoint();
        if !self.learnt.no_patch.load(Ordering::Relaxed) {
            match self.endpoint.patch(endpoint, id, message).await {
                Ok(answer) => {
                    looked.exchanges.push(answer.exchange);
                    return Ok(());
                }
                Err(failure) if failure.kind == FailureKind::Unsupported => {
                    keep(looked, &failure);
                    self.learnt.no_patch.store(true, Ordering::Relaxed);
                }
                Err(failure) => return Err(Box::new(failure)),
            }
        }
        let answer = self.read_whole(side, looked.kind, id).await?;
        looked.exchanges.push(answer.exchange);
        let body = patch::replace_body(&side.mapper, changes, &answer.value.resource);
        let answer = self.endpoint.replace(endpoint, id, &body).await?;
        looked.exchanges.push(answer.exchange);
        Ok(())
    }

    async fn send_delete(&self, looked: &mut Looked, id: &str) -> Result<Option<Sent>> {
        let text = match self.endpoint.delete(looked.kind.endpoint(), id).await {
            Ok(answer) => {
                looked.exchanges.push(answer.exchange);
                format!("{} was deleted at the target", looked.name())
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                keep(looked, &failure);
                format!("{} was not at the target any more", looked.name())
            }
            Err(failure) => {
                keep(looked, &failure);
                let trouble = Trouble::target(failure, Asked::Object);
                return Ok(Some(Sent::Failed(trouble, IntentEnd::Settled)));
            }
        };
        let step = steps::exported("EntryExportDelete", looked.source.kind, id, text);
        let target_id = Some(id.to_owned());
        Ok(Some(Sent::Done(Exported { target_id, created: false, sent: true, steps: vec![step] })))
    }

    /// Write down that a creation is about to be sent. A run on demand goes beside a cycle: whoever writes first sends.
    async fn put_intent(&self, side: &Side, looked: &Looked, body: &scim::Resource) -> Result<Claim> {
        let document = text(&intent(side, &looked.wanted, body))?;
        let (application, id) = (self.job.application.clone(), looked.source.id.clone());
        let row = IntentRow { id: id.clone(), kind: looked.kind, at: self.provisioning.now(), document };
        let fence = self.fence;
        let (seen, linked) = (looked.intent.clone(), looked.link.clone());
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        tenancy
            .write(move |write| {
                let standing = write.job_standing(&application)?.map(|(fence, _)| fence);
                if standing.is_none() || fence.is_some_and(|fence| Some(fence) != standing) {
                    return Ok(Claim::Superseded);
                }
                let other = write.intent(&application, &id)?;
                let intact = match (&seen, &other) {
                    (None, None) => true,
                    (Some((at, intent)), Some(row)) => {
                        *at == row.at && crate::provisioning::parsed::<Intent>(&row.document)? == *intent
                    }
                    _ => false,
                };
                let same_link = write.link(&application, &id)?.map(|row| row.target_id)
                    == linked.as_ref().map(|row| row.target_id.clone());
                if !intact || !same_link {
                    return Ok(Claim::Taken);
                }
                write.put_intent(&application, &row)?;
                Ok::<_, Error>(Claim::Ours(row.at))
            })
            .await
    }
}

fn open_if(open: bool) -> IntentEnd {
    if open { IntentEnd::Open } else { IntentEnd::Settled }
}

fn keep(looked: &mut Looked, failure: &Failure) {
    looked.exchanges.extend(failure.exchange.as_deref().cloned());
}

fn names(changes: &[Change]) -> String {
    let names: Vec<&str> = changes.iter().map(|change| change.target.as_str()).collect();
    names.join(", ")
}

/// Whether an object at the target has the matching attributes that were sent; `None`: it shows none of them.
fn is_about(side: &Side, sent: &scim::Resource, resource: &scim::Resource) -> Option<bool> {
    let mut confirmed = None;
    for rule in side.mapper.matching() {
        let Some(json) = rule.path.read(sent) else { continue };
        let value = Value::from_json(&json);
        match value.texts().first().and_then(|text| shows(rule, resource, text)) {
            Some(false) => return Some(false),
            Some(true) => confirmed = Some(true),
            None => {}
        }
    }
    confirmed
}

/// Whether the object is disabled at the target, after what was done.
pub(super) fn is_disabled(side: &Side, looked: &Looked) -> Option<bool> {
    if looked.kind == Kind::Group {
        return Some(false);
    }
    let active = side.mapper.rules.iter().find(|rule| {
        rule.path.schema.is_none() && rule.path.sub.is_none() && rule.path.name.eq_ignore_ascii_case("active")
    });
    let enabled = |json: &serde_json::Value| scim::compare::boolean(json);
    let changes = match &looked.decision.action {
        Action::Create => {
            let wanted = active.and_then(|rule| looked.wanted.find(&rule.mapping.target));
            return match wanted.map(|value| &value.flow) {
                Some(Flow::Set(json)) => enabled(json).map(|enabled| !enabled),
                _ => Some(false),
            };
        }
        Action::Disable { .. } => return Some(true),
        Action::Enable { .. } => return Some(false),
        Action::Update { changes, .. } | Action::Adopt { changes, .. } => changes.as_slice(),
        Action::Delete { .. } | Action::Skip { .. } | Action::Fail { .. } => &[],
    };
    let changed = active.and_then(|rule| {
        let change = changes.iter().find(|change| change.target == rule.mapping.target)?;
        change.after.as_ref().and_then(enabled)
    });
    let shown = || looked.found()?.resource.get("active").and_then(enabled);
    changed.or_else(shown).map(|enabled| !enabled)
}

/// What a failed request leaves as evidence.
pub(super) fn evidence(failure: &Failure) -> Option<Exchange> {
    failure.exchange.as_deref().cloned()
}
