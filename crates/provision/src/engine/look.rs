//! Look at one object: what the source, the links and the target say of it, and what is to be done. Nothing is written
//! anywhere; the walk, plans, runs on demand and explanations all begin here.

use std::cell::RefCell;
use std::collections::HashSet;

use directory::SourceRead;
use jiff::Timestamp;
use scim_client::Exchange;
use serde::{Deserialize, Serialize};
use store::{Kind, LinkRow, TenantRead, WorkRow};

use super::run::{Run, Side};
use super::steps;
use super::trouble::Trouble;
use crate::application::Details;
use crate::error::{Error, Result};
use crate::mapping::{Flow, Inputs, Probe, Purpose, TargetObject};
use crate::plan::{
    self, Action, Decision, Facts, FailureCode, Found, Link, LinkChange, LookUp, SourceState, TargetState,
};
use crate::provisioning::parsed;
use crate::record::Step;
use crate::scope::{Assigned, Scope, entitle};
use crate::source::SourceObject;
use crate::value::Value;

/// What a target has been told may not be visible there before: a look-up that finds nothing is believed so long after.
pub(crate) const LAG: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
/// Questions for one object whether a value is taken.
const UNIQUE_QUESTIONS: usize = 20;

/// A creation that was sent and may have been carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// What was sent, without what is not to be kept.
    pub(crate) body: scim::Resource,
}

/// Everything that one look has found out.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) kind: Kind,
    pub(crate) state: SourceState,
    pub(crate) source: SourceObject,
    /// As it was remembered when the look began.
    pub(crate) link: Option<LinkRow>,
    pub(crate) intent: Option<(Timestamp, Intent)>,
    /// When the intent was written that belongs to this walk: that one, or a newer one of its own.
    pub(super) intended: Option<Timestamp>,
    /// Rows of the list of work that this look answers.
    pub(crate) work: Vec<WorkRow>,
    pub(crate) scope: Scope,
    pub(crate) target: TargetState,
    /// The object at the target is the one that a lost creation has made.
    pub(crate) recovered: bool,
    pub(crate) wanted: TargetObject,
    pub(crate) probes: Vec<Probe>,
    pub(crate) decision: Decision,
    /// The target could not be asked; the decision is a failure then and says nothing about the object.
    pub(crate) trouble: Option<Trouble>,
    pub(crate) steps: Vec<Step>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Looked {
    /// What a log calls it.
    pub(crate) fn name(&self) -> &str {
        match (&self.link, self.state) {
            (Some(link), SourceState::Purged) => &link.name,
            _ => self.source.display_name(),
        }
    }

    /// Whether it is no longer to be at the target: out of scope, or deleted in the directory.
    fn leaves(&self) -> bool {
        self.state != SourceState::Present || !self.scope.in_scope
    }

    pub(crate) fn found(&self) -> Option<&Found> {
        match &self.target {
            TargetState::Found(found) => Some(found),
            _ => None,
        }
    }

    /// The link that is acted upon: the remembered one, or that to what a lost creation has made.
    pub(crate) fn plan_link(&self) -> Option<Link> {
        match (&self.link, self.found()) {
            (Some(row), _) => Some(Link { target_id: row.target_id.clone(), managed: row.managed }),
            (None, Some(found)) if self.recovered && self.leaves() => {
                Some(Link { target_id: found.id.clone(), managed: true })
            }
            _ => None,
        }
    }

    /// Decide again, after more has become known of the target.
    pub(crate) fn decide(&mut self, side: &Side) {
        let link = self.plan_link();
        let facts = Facts {
            source: self.state,
            is_active: self.source.is_active(),
            scope: &self.scope,
            link: link.as_ref(),
            target: &self.target,
            wanted: &self.wanted,
        };
        self.decision = plan::decide(&side.mapper, &side.settings, &facts);
        if self.recovered && matches!(self.decision.action, Action::Adopt { .. }) {
            self.decision.reason = "created before; the answer of the target was lost".into();
        }
    }

    pub(super) fn fail(&mut self, trouble: Trouble) {
        self.exchanges.extend(trouble.failure.as_ref().and_then(|f| f.exchange.as_deref().cloned()));
        let action = Action::Fail { code: FailureCode::InternalError, message: trouble.message.clone() };
        let reason = trouble.message.clone();
        self.decision = Decision { action, link: LinkChange::Keep, counts_as_deletion: false, reason };
        self.trouble = Some(trouble);
    }
}

/// What one snapshot of the store says of an object.
struct Known {
    source: SourceRead,
    link: Option<LinkRow>,
    intent: Option<(Timestamp, Intent)>,
    work: Vec<WorkRow>,
    directly: bool,
    through: Option<(String, String)>,
    roles: Vec<String>,
}

impl Run {
    /// # Errors
    /// [`Error::Invalid`] if objects of the kind are not provisioned; [`Error::Unknown`] if the application has gone. What is
    /// wrong with the target is no error but in [`Looked::trouble`].
    pub(crate) async fn look(&self, kind: Kind, id: &str) -> Result<Looked> {
        self.look_at(kind, id, true).await
    }

    /// With `ask` false the target is not asked; the decision means nothing then.
    pub(crate) async fn look_at(&self, kind: Kind, id: &str, ask: bool) -> Result<Looked> {
        let side = self.side(kind).ok_or_else(|| not_provisioned(kind))?;
        let mut looked = self.begin(side, kind, id).await?;
        if !ask {
            let purpose = if looked.link.is_some() { Purpose::Update } else { Purpose::Create };
            looked.wanted = self.compute(&looked.source, side, purpose, &HashSet::new()).await?;
            steps::describe_source(&mut looked);
            return Ok(looked);
        }
        if let Err(trouble) = self.ask_target(side, &mut looked).await? {
            looked.fail(trouble);
            steps::describe(&mut looked);
            return Ok(looked);
        }
        if let Err(trouble) = self.want(side, &mut looked).await? {
            looked.fail(trouble);
        } else {
            looked.decide(side);
        }
        steps::describe(&mut looked);
        Ok(looked)
    }

    /// Source, links and scope, from one snapshot.
    async fn begin(&self, side: &Side, kind: Kind, id: &str) -> Result<Looked> {
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let known = tenancy.read(|read| self.known(read, kind, id)).await?;
        let mut source = SourceObject::new(kind.into(), id, known.source.resource);
        source.app_roles = known.roles;
        let through = known.through.as_ref().map(|(id, name)| (id.as_str(), name.as_str()));
        let assigned = Assigned { directly: known.directly, through };
        let scope = Scope::evaluate(&source, entitle(self.job.config.scope, &assigned), &side.filters);
        let state = match known.source.state {
            directory::SourceState::Present => SourceState::Present,
            directory::SourceState::SoftDeleted => SourceState::SoftDeleted,
            directory::SourceState::Purged => SourceState::Purged,
        };
        source.removed = state != SourceState::Present || !scope.in_scope;
        Ok(Looked {
            kind,
            state,
            source,
            link: known.link,
            intended: known.intent.as_ref().map(|(at, _)| *at),
            intent: known.intent,
            work: known.work,
            scope,
            target: TargetState::Unknown,
            recovered: false,
            wanted: TargetObject::default(),
            probes: Vec::new(),
            decision: Decision {
                action: Action::Skip { reason: plan::SkipReason::RedundantExport },
                link: LinkChange::Keep,
                counts_as_deletion: false,
                reason: String::new(),
            },
            trouble: None,
            steps: Vec::new(),
            exchanges: Vec::new(),
        })
    }

    fn known(&self, read: &TenantRead<'_>, kind: Kind, id: &str) -> Result<Known> {
        let application = self.job.application.as_str();
        let row = read.application(application)?.ok_or_else(|| Error::unknown("application", application))?;
        let details: Details = parsed(&row.document)?;
        let intent = match read.intent(application, id)? {
            Some(row) => Some((row.at, parsed(&row.document)?)),
            None => None,
        };
        let mut work = Vec::new();
        for pass in store::Pass::ALL {
            work.extend(read.work(application, pass, id)?);
        }
        let through = match kind {
            Kind::User => read.assigned_through(application, id)?,
            Kind::Group => None,
        };
        Ok(Known {
            source: self.provisioning.0.directory.source_in(read, &self.tenant, kind, id)?,
            link: read.link(application, id)?,
            intent,
            work,
            directly: read.assignment(application, id)?.is_some(),
            through,
            roles: roles(read, application, &details, id)?,
        })
    }

    /// Ask the target what has to be known of it.
    async fn ask_target(&self, side: &Side, looked: &mut Looked) -> Result<Result<(), Trouble>> {
        let link = looked.plan_link();
        let facts = Facts {
            source: looked.state,
            is_active: looked.source.is_active(),
            scope: &looked.scope,
            link: link.as_ref(),
            target: &TargetState::Unknown,
            wanted: &looked.wanted,
        };
        let look_up = plan::look_up(&side.mapper, &side.settings, &facts);
        let lost = looked.intent.is_some() && looked.link.is_none();
        match look_up {
            LookUp::ByLink => self.ask_by_link(looked).await.map_or_else(|t| Ok(Err(t)), |()| Ok(Ok(()))),
            LookUp::ByMatching => self.ask_by_matching(side, looked).await,
            // Somebody who leaves may have been created without our knowing.
            LookUp::No if lost => self.ask_by_matching(side, looked).await,
            LookUp::No => Ok(Ok(())),
        }
    }

    async fn ask_by_link(&self, looked: &mut Looked) -> Result<(), Trouble> {
        let Some(link) = &looked.link else { return Ok(()) };
        looked.target = self.read_linked(looked.kind, &link.target_id, &mut looked.exchanges).await?;
        if looked.target == TargetState::Gone
            && let Some(wait) = remaining(link.linked, self.provisioning.now())
        {
            let message = format!(
                "the target does not show the object {} yet, which was linked just now",
                link.target_id
            );
            return Err(Trouble::new("InvalidAnchor", message).after(wait));
        }
        Ok(())
    }

    async fn ask_by_matching(&self, side: &Side, looked: &mut Looked) -> Result<Result<(), Trouble>> {
        looked.probes = self.probes(side, looked).await?;
        let mut exchanges = std::mem::take(&mut looked.exchanges);
        let target = self.read_matching(side, looked.kind, &looked.probes, &mut exchanges).await;
        looked.exchanges = exchanges;
        looked.target = match target {
            Ok(target) => target,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let now = self.provisioning.now();
        if let (Some((at, _)), TargetState::Absent) = (&looked.intent, &looked.target)
            && let Some(wait) = remaining(*at, now)
        {
            let message =
                "a creation was sent whose outcome is not known, and the target does not show the object yet";
            let trouble = Trouble::new("Timeout", message)
                .hint("It is looked up again before anything is sent, so that there are never two.")
                .after(wait);
            return Ok(Err(trouble));
        }
        self.whose(side, looked).await?;
        Ok(Ok(()))
    }

    /// Whose is the object that was found: another source object's, or what a lost creation of this one has made?
    pub(super) async fn whose(&self, side: &Side, looked: &mut Looked) -> Result<()> {
        looked.recovered = false;
        let (kind, own) = (looked.kind, looked.source.id.clone());
        let TargetState::Found(found) = &mut looked.target else { return Ok(()) };
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let (application, id) = (self.job.application.as_str(), found.id.as_str());
        let other = tenancy.read(|read| read.link_by_target(application, kind, id)).await?;
        found.linked_to = other.map(|row| row.source_id).filter(|source| *source != own);
        if let Some((_, intent)) = &looked.intent
            && found.linked_to.is_none()
            && is_what_was_sent(side, intent, &found.resource)
        {
            looked.recovered = true;
            // Not found by an e-mail address that somebody else may have had before.
            found.matched_by = None;
        }
        Ok(())
    }

    pub(super) async fn probes(&self, side: &Side, looked: &Looked) -> Result<Vec<Probe>> {
        let mut probes = Vec::new();
        // What a lost creation was sent with comes first: the source may say something else by now.
        if let Some((_, intent)) = &looked.intent {
            for rule in side.mapper.matching() {
                let Some(json) = rule.path.read(&intent.body) else { continue };
                let Some(value) = Value::from_json(&json).texts().first().cloned() else { continue };
                let filter = format!("{} eq {json}", rule.path);
                probes.push(Probe { target: rule.mapping.target.clone(), value, filter });
            }
        }
        let source = &looked.source;
        let current = self
            .with_inputs(&source.id, &HashSet::new(), |inputs| side.mapper.probes(source, inputs))
            .await?;
        for probe in current {
            if !probes.contains(&probe) {
                probes.push(probe);
            }
        }
        Ok(probes)
    }

    /// What the object should say at the target.
    pub(super) async fn want(&self, side: &Side, looked: &mut Looked) -> Result<Result<(), Trouble>> {
        let recreates = looked.target == TargetState::Gone && side.settings.recreate_missing;
        let creates = recreates || matches!(looked.target, TargetState::Absent | TargetState::NothingToMatch);
        let purpose = if creates { Purpose::Create } else { Purpose::Update };
        let (mut taken, mut free) = (HashSet::new(), HashSet::new());
        loop {
            looked.wanted = self.compute(&looked.source, side, purpose, &taken).await?;
            if !creates || !looked.scope.in_scope {
                return Ok(Ok(()));
            }
            let Some((target, value)) = unproven(&looked.wanted, &free) else { return Ok(Ok(())) };
            let Some(rule) = side.mapper.find(&target) else { return Ok(Ok(())) };
            if taken.len() + free.len() >= UNIQUE_QUESTIONS {
                return Ok(Err(Trouble::new(
                    "EntryConflict",
                    format!(
                        "no free value of {target} was found in {UNIQUE_QUESTIONS} questions to the target"
                    ),
                )));
            }
            match self.is_taken(rule, looked.kind, &value, &mut looked.exchanges).await {
                Ok(true) => drop(taken.insert((target, value))),
                Ok(false) => drop(free.insert((target, value))),
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
    }

    async fn compute(
        &self,
        source: &SourceObject,
        side: &Side,
        purpose: Purpose,
        taken: &HashSet<(String, String)>,
    ) -> Result<TargetObject> {
        self.with_inputs(&source.id, taken, |inputs| side.mapper.target(source, purpose, inputs)).await
    }

    /// References are looked up in one snapshot.
    async fn with_inputs<T>(
        &self,
        id: &str,
        taken: &HashSet<(String, String)>,
        f: impl FnOnce(&Inputs<'_>) -> T,
    ) -> Result<T> {
        let application = self.job.application.as_str();
        let seed = self.provisioning.0.seal.seed(&[self.tenant.as_str(), application, id]);
        let now = self.provisioning.now();
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        tenancy
            .read(|read| {
                let broken = RefCell::new(None);
                let link = |id: &str| match read.link(application, id) {
                    Ok(row) => row.map(|row| row.target_id),
                    Err(error) => {
                        broken.replace(Some(error));
                        None
                    }
                };
                let is_taken = |target: &str, value: &str| {
                    taken.iter().any(|(t, v)| t.eq_ignore_ascii_case(target) && v == value)
                };
                let value = f(&Inputs { now, seed, default_domain: None, taken: &is_taken, link: &link });
                match broken.into_inner() {
                    None => Ok(value),
                    Some(error) => Err(Error::from(error)),
                }
            })
            .await
    }
}

pub(crate) fn not_provisioned(kind: Kind) -> Error {
    Error::invalid(
        "mappings",
        format!("{}s are not provisioned: their mapping is switched off", kind.as_str()),
    )
}

/// How long until a look-up that finds nothing is believed.
pub(super) fn remaining(since: Timestamp, now: Timestamp) -> Option<jiff::SignedDuration> {
    let passed = now.duration_since(since);
    // A clock that was put back must not make it wait for ever.
    (!passed.is_negative() && passed < LAG).then(|| LAG - passed)
}

/// Whether a value of `SelectUniqueValue` has not been asked for yet: target attribute and value.
fn unproven(wanted: &TargetObject, free: &HashSet<(String, String)>) -> Option<(String, String)> {
    let chosen = wanted.values.iter().filter(|value| !value.explanation.candidates.is_empty());
    chosen
        .filter_map(|value| match &value.flow {
            Flow::Set(json) => Some((value.target.clone(), Value::from_json(json).texts().first()?.clone())),
            _ => None,
        })
        .find(|pair| !free.contains(pair))
}

/// Whatever the object shows of what was sent is as it was sent, and it shows something of it.
fn is_what_was_sent(side: &Side, intent: &Intent, resource: &scim::Resource) -> bool {
    let mut same = 0;
    for rule in &side.mapper.rules {
        let (Some(sent), Some(shown)) = (rule.path.read(&intent.body), rule.path.read(resource)) else {
            continue;
        };
        if !rule.attribute.is_same(&shown, &sent) {
            return false;
        }
        same += 1;
    }
    same > 0
}

/// JSON texts as Entra has them in `appRoleAssignments`.
fn roles(read: &TenantRead<'_>, application: &str, details: &Details, id: &str) -> Result<Vec<String>> {
    if details.roles.is_empty() {
        return Ok(Vec::new());
    }
    let assigned = read.assigned_roles(application, id)?;
    Ok(details
        .roles
        .iter()
        .filter(|role| assigned.contains(&role.id))
        .map(|role| {
            let role = serde_json::json!({
                "id": role.id, "value": role.value, "displayName": role.display_name
            });
            role.to_string()
        })
        .collect())
}
