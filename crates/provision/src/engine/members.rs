//! The reference pass of a group: its members, in batches, each remembered as soon as the target has taken it.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use scim::Resource;
use scim_client::{Exchange, Failure, FailureKind};
use serde_json::{Value as Json, json};
use store::{Kind, LogQuery, Pass};

use super::commit::Leaving;
use super::entry::Entry;
use super::export::evidence;
use super::look::Looked;
use super::object::Walk;
use super::run::{Item, Run, Side, Walked};
use super::steps;
use super::trouble::{Asked, Trouble};
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::limits;
use crate::patch::{MemberChanges, member_patches};
use crate::plan::SourceState;
use crate::record::{Document, LogAction, LogStatus, Step, StepKind};

const UNRESOLVED: &str = "UnableToResolveReferenceAttributeValue";
/// Entries of a group in which its missing members may have been named before.
const ENTRIES_LOOKED_BACK: usize = 5;

/// Whether members come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Add,
    Remove,
}

/// A member by its id in the directory and at the target.
type Member = (String, String);

/// How the walk of a group's members stands.
struct Progress<'a> {
    /// The group at the target.
    target_id: String,
    /// Only these, if not all.
    only: Option<&'a [String]>,
    added: Vec<String>,
    removed: Vec<String>,
    /// Members that the target refuses, each with why.
    refused: Vec<(String, Failure)>,
    exchanges: Vec<Exchange>,
}

/// What ends the walk early.
enum Stop {
    /// The group itself is not at the target any more.
    Gone,
    Failed(Box<Failure>),
    Superseded,
}

type Course<T = ()> = std::result::Result<T, Stop>;

impl Run {
    pub(super) async fn walk_members(&self, item: &Item, only: Option<&[String]>) -> Result<Walk> {
        let began = self.provisioning.now();
        let Some(side) = self.side(Kind::Group) else { return self.set_aside(item).await };
        let looked = self.look_at(Kind::Group, &item.id, false).await?;
        let mapped = side.mapper.rules.iter().any(|rule| rule.attribute.is_members());
        let stays = looked.state == SourceState::Present && looked.scope.in_scope;
        let link = looked.link.as_ref().filter(|link| link.managed && stays && mapped);
        let Some(link) = link.filter(|_| side.settings.actions.update) else {
            return self.set_aside(item).await;
        };
        let mut progress = Progress {
            target_id: link.target_id.clone(),
            only,
            added: Vec::new(),
            removed: Vec::new(),
            refused: Vec::new(),
            exchanges: Vec::new(),
        };
        let mut course = self.members(side, &looked, &mut progress, Way::Add).await?;
        if course.is_ok() {
            course = self.members(side, &looked, &mut progress, Way::Remove).await?;
        }
        match course {
            Err(Stop::Superseded) => Ok(Walk::silent(Walked::Superseded)),
            Err(Stop::Gone) => self.group_gone(item, side, looked, progress, began).await,
            Err(Stop::Failed(failure)) => {
                let trouble = Trouble::target(*failure, Asked::Object).of_reference();
                self.conclude_members(item, side, looked, progress, Some(trouble), began).await
            }
            Ok(()) => {
                let trouble = progress.refused.first().map(|(member, failure)| {
                    let mut trouble = Trouble::target(failure.clone(), Asked::Object).of_reference();
                    trouble.message = format!("the target refuses the member {member}: {}", trouble.message);
                    trouble
                });
                self.conclude_members(item, side, looked, progress, trouble, began).await
            }
        }
    }

    /// All that is to be added, or removed, batch by batch.
    async fn members(
        &self,
        side: &Side,
        looked: &Looked,
        progress: &mut Progress<'_>,
        way: Way,
    ) -> Result<Course> {
        loop {
            let batch = self.next_members(looked, progress, way).await?;
            if batch.is_empty() {
                return Ok(Ok(()));
            }
            let mut parts = vec![batch];
            while let Some(part) = parts.pop() {
                if !self.doubt(looked, &part).await? {
                    return Ok(Err(Stop::Superseded));
                }
                let failure = match self.send_members(side, progress, &part, way).await {
                    Ok(()) => match self.sent_members(looked, progress, part, way).await? {
                        None => continue,
                        Some(stop) => return Ok(Err(stop)),
                    },
                    Err(failure) => *failure,
                };
                progress.exchanges.extend(evidence(&failure));
                if failure.kind == FailureKind::NotFound && !self.group_is_there(progress).await? {
                    return Ok(Err(Stop::Gone));
                }
                let refuses = matches!(
                    failure.kind,
                    FailureKind::NotFound | FailureKind::Rejected | FailureKind::Conflict
                ) && !failure.is_transient();
                if !refuses {
                    return Ok(Err(Stop::Failed(Box::new(failure))));
                }
                // One member that the target does not know must not keep the others out.
                match part.len() {
                    0 | 1 => progress.refused.extend(part.into_iter().map(|(id, _)| (id, failure.clone()))),
                    n => {
                        let (head, tail) = part.split_at(n / 2);
                        parts.extend([tail.to_vec(), head.to_vec()]);
                    }
                }
            }
        }
    }

    async fn next_members(&self, looked: &Looked, progress: &Progress<'_>, way: Way) -> Result<Vec<Member>> {
        let (application, group) = (self.job.application.as_str(), looked.source.id.as_str());
        // A PUT carries the whole group, so as few of them as can be.
        let whole = self.learnt.no_patch.load(Ordering::Relaxed);
        let batch = if whole { limits::OBJECTS_LOOKED_THROUGH } else { limits::MEMBERS_PER_OPERATION };
        let refused: HashSet<&str> = progress.refused.iter().map(|(id, _)| id.as_str()).collect();
        let limit = if progress.only.is_some() { usize::MAX >> 1 } else { batch + refused.len() };
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let found: Vec<Member> = match way {
            Way::Add => {
                let rows = tenancy.read(|read| read.members_to_add(application, group, limit)).await?;
                rows.into_iter().map(|row| (row.source_id, row.target_id)).collect()
            }
            Way::Remove => {
                let rows = tenancy.read(|read| read.members_to_remove(application, group, limit)).await?;
                // Of a member without a link there is nothing at the target any more; it goes from the list alone.
                rows.into_iter().map(|(source, target)| (source, target.unwrap_or_default())).collect()
            }
        };
        let wanted = |id: &str| progress.only.is_none_or(|only| only.iter().any(|one| one == id));
        let fresh = found.into_iter().filter(|(id, _)| wanted(id) && !refused.contains(id.as_str()));
        Ok(fresh.take(batch).collect())
    }

    async fn send_members(
        &self,
        side: &Side,
        progress: &mut Progress<'_>,
        members: &[Member],
        way: Way,
    ) -> std::result::Result<(), Box<Failure>> {
        let targets: Vec<String> =
            members.iter().map(|(_, target)| target.clone()).filter(|target| !target.is_empty()).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let endpoint = Kind::Group.endpoint();
        if !self.learnt.no_patch.load(Ordering::Relaxed) {
            let changes = match way {
                Way::Add => MemberChanges { add: targets.clone(), remove: Vec::new() },
                Way::Remove => MemberChanges { add: Vec::new(), remove: targets.clone() },
            };
            let mut unsupported = false;
            for message in member_patches(&changes, self.dialect, limits::MEMBERS_PER_OPERATION) {
                match self.endpoint.patch(endpoint, &progress.target_id, &message).await {
                    Ok(answer) => progress.exchanges.push(answer.exchange),
                    Err(failure) if failure.kind == FailureKind::Unsupported => {
                        progress.exchanges.extend(evidence(&failure));
                        self.learnt.no_patch.store(true, Ordering::Relaxed);
                        unsupported = true;
                        break;
                    }
                    Err(failure) => return Err(Box::new(failure)),
                }
            }
            if !unsupported {
                return Ok(());
            }
        }
        let answer = self.read_whole(side, Kind::Group, &progress.target_id).await?;
        progress.exchanges.push(answer.exchange);
        let body = with_members(answer.value.resource, &targets, way);
        let answer = self.endpoint.replace(endpoint, &progress.target_id, &body).await?;
        progress.exchanges.push(answer.exchange);
        Ok(())
    }

    /// Whatever happens from here on, it is not certain what the target knows of these until it has answered.
    async fn doubt(&self, looked: &Looked, members: &[Member]) -> Result<bool> {
        let ids: Vec<String> = members.iter().map(|(source, _)| source.clone()).collect();
        let group = looked.source.id.clone();
        let doubt = self.fenced(move |write, application| {
            write.doubt_sent_members(application, &group, &ids)?;
            Ok(())
        });
        Ok(doubt.await?.is_some())
    }

    /// Remember what the target has taken.
    async fn sent_members(
        &self,
        looked: &Looked,
        progress: &mut Progress<'_>,
        members: Vec<Member>,
        way: Way,
    ) -> Result<Option<Stop>> {
        let ids: Vec<String> = members.into_iter().map(|(source, _)| source).collect();
        let (group, target_id) = (looked.source.id.clone(), progress.target_id.clone());
        match way {
            Way::Add => progress.added.extend(ids.iter().cloned()),
            Way::Remove => progress.removed.extend(ids.iter().cloned()),
        }
        let linked = self.fenced(move |write, application| {
            // Told to an object that the group is linked to no more, it says nothing about the one it is linked to now.
            if write.link(application, &group)?.is_none_or(|link| link.target_id != target_id) {
                return Ok(false);
            }
            match way {
                Way::Add => write.put_sent_members(application, &group, &ids)?,
                Way::Remove => write.remove_sent_members(application, &group, &ids)?,
            }
            Ok(true)
        });
        Ok(match linked.await? {
            None => Some(Stop::Superseded),
            Some(false) => Some(Stop::Gone),
            Some(true) => None,
        })
    }

    /// 404 to a change of members is about the group, or about a member.
    async fn group_is_there(&self, progress: &mut Progress<'_>) -> Result<bool> {
        let id = progress.target_id.clone();
        match self.read_linked(Kind::Group, &id, &mut progress.exchanges).await {
            Ok(state) => Ok(state != crate::plan::TargetState::Gone),
            // Not known; the change itself tells why it failed.
            Err(_) => Ok(true),
        }
    }

    /// The group is looked at as an object, where the policy for what has gone is applied.
    async fn group_gone(
        &self,
        item: &Item,
        side: &Side,
        mut looked: Looked,
        progress: Progress<'_>,
        began: Timestamp,
    ) -> Result<Walk> {
        looked.exchanges = progress.exchanges;
        let now = self.provisioning.now();
        let mut leaving = Leaving::new(Kind::Group, &looked.source.id, now);
        let text = format!("the group {} is not at the target", progress.target_id);
        // It may only not be seen yet; so its members are tried again, and the group is looked at meanwhile.
        let held = looked.work.iter().find(|row| row.pass == Pass::Reference);
        let before =
            held.and_then(|row| row.escrow.as_deref()).map(crate::provisioning::parsed).transpose()?;
        let failure = crate::escrow::Failure {
            code: "InvalidAnchor",
            message: &text,
            reference: true,
            retry_after: None,
        };
        let interval = self.job.config.interval.duration();
        let escrow = Escrow::after(before.as_ref().or(item.escrow.as_ref()), &failure, interval, now);
        leaving.held = stamp(item, &looked).map(|stamp| (Pass::Reference, stamp, escrow));
        leaving.queued = vec![Pass::Object];
        let mut entry = Entry::members(&looked, LogStatus::Skipped, text);
        entry.code = Some("InvalidAnchor".to_owned());
        entry.evidence(side, &looked, self.cycle.is_none());
        self.write(leaving, Some(entry), began, Walked::Held { reference: true }).await
    }

    async fn conclude_members(
        &self,
        item: &Item,
        side: &Side,
        mut looked: Looked,
        mut progress: Progress<'_>,
        trouble: Option<Trouble>,
        began: Timestamp,
    ) -> Result<Walk> {
        if let (Some(failure), Some(_)) = (trouble.as_ref().and_then(Trouble::systemic), &self.cycle) {
            return Ok(Walk::silent(Walked::Systemic(Box::new(failure.clone()))));
        }
        looked.exchanges = std::mem::take(&mut progress.exchanges);
        let missing = self.unresolved(&looked, progress.only).await?;
        let now = self.provisioning.now();
        let mut leaving = Leaving::new(Kind::Group, &looked.source.id, now);
        let row = stamp(item, &looked);
        let mut escrow = None;
        match &trouble {
            None => leaving.finished = row.map(|stamp| (Pass::Reference, stamp)).into_iter().collect(),
            Some(trouble) => {
                let held = looked.work.iter().find(|row| row.pass == Pass::Reference);
                let before = match held.and_then(|row| row.escrow.as_deref()) {
                    Some(text) => Some(crate::provisioning::parsed::<Escrow>(text)?),
                    None => item.escrow.clone(),
                };
                let held = trouble.escrow(before.as_ref(), self.job.config.interval.duration(), now);
                if let Some(stamp) = row {
                    leaving.held = Some((Pass::Reference, stamp, held.clone()));
                    escrow = Some(held);
                }
            }
        }
        let walked = match &trouble {
            Some(trouble) => trouble.held(),
            None if progress.added.is_empty() && progress.removed.is_empty() => {
                Walked::Done(LogStatus::Skipped)
            }
            None => Walked::Done(LogStatus::Success),
        };
        let sent = !progress.added.is_empty() || !progress.removed.is_empty();
        let quiet = !sent && trouble.is_none() && self.cycle.is_some();
        if quiet && !missing.is_empty() && self.said_before(&looked, &missing).await? {
            return self.write(leaving, None, began, walked).await;
        }
        let mut entry = members_entry(&looked, progress, trouble.as_ref(), escrow.as_ref(), &missing);
        if let Some(entry) = &mut entry {
            entry.evidence(side, &looked, self.cycle.is_none());
        }
        self.write(leaving, entry, began, walked).await
    }

    /// Whether one of the last entries names the same members as missing: once is enough.
    async fn said_before(&self, looked: &Looked, missing: &[String]) -> Result<bool> {
        let query = LogQuery {
            application: Some(self.job.application.clone()),
            source_id: Some(looked.source.id.clone()),
            limit: ENTRIES_LOOKED_BACK,
            ..LogQuery::default()
        };
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let rows = tenancy.read(|read| read.provisioning_log(&query)).await?;
        let missing = named(missing);
        Ok(rows.iter().any(|row| {
            let document = crate::provisioning::parsed::<Document>(&row.entry.document).unwrap_or_default();
            let named = |step: &Step| {
                step.name == UNRESOLVED && step.details.iter().any(|(_, value)| *value == missing)
            };
            document.steps.iter().any(named)
        }))
    }

    /// Members that cannot be named at the target, because they are not there.
    async fn unresolved(&self, looked: &Looked, only: Option<&[String]>) -> Result<Vec<String>> {
        let (application, group) = (self.job.application.as_str(), looked.source.id.as_str());
        let limit = if only.is_some() { usize::MAX >> 1 } else { limits::UNRESOLVED_NAMED + 1 };
        let tenancy = self.provisioning.0.store.tenant(&self.tenant);
        let mut ids = tenancy
            .read(|read| Ok::<_, Error>(read.members_without_link(application, group, limit)?))
            .await?;
        ids.retain(|id| only.is_none_or(|only| only.contains(id)));
        Ok(ids)
    }
}

fn stamp(item: &Item, looked: &Looked) -> Option<u64> {
    // Of members on demand the list of work is not done: they are some of all.
    item.stamp?;
    let row = looked.work.iter().find(|row| row.pass == Pass::Reference);
    row.map(|row| row.stamp).or(item.stamp)
}

/// A group with members added or taken away, for targets without PATCH.
fn with_members(mut group: Resource, ids: &[String], way: Way) -> Resource {
    group.retain(|key, _| !key.eq_ignore_ascii_case("meta"));
    let key = group.keys().find(|key| key.eq_ignore_ascii_case("members")).cloned();
    let key = key.unwrap_or_else(|| "members".to_owned());
    let mut members = match group.get_mut(&key).map(Json::take) {
        Some(Json::Array(members)) => members,
        _ => Vec::new(),
    };
    let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let id_of = |member: &Json| member.get("value").and_then(Json::as_str).map(str::to_owned);
    match way {
        Way::Remove => members.retain(|member| id_of(member).is_none_or(|id| !ids.contains(id.as_str()))),
        Way::Add => {
            let known: HashSet<String> = members.iter().filter_map(id_of).collect();
            let mut new: Vec<&str> = ids.into_iter().filter(|id| !known.contains(*id)).collect();
            new.sort_unstable();
            members.extend(new.into_iter().map(|id| json!({ "value": id })));
        }
    }
    group.insert(key, Json::Array(members));
    group
}

/// `None`: nothing worth an entry.
fn members_entry(
    looked: &Looked,
    progress: Progress<'_>,
    trouble: Option<&Trouble>,
    escrow: Option<&Escrow>,
    missing: &[String],
) -> Option<Entry> {
    let (added, removed) = (progress.added.len(), progress.removed.len());
    let counts = format!("members of {}: {added} added, {removed} removed", looked.name());
    let mut entry = match trouble {
        Some(trouble) => {
            let step = steps::failed("EntryExportUpdate", &trouble.code, &trouble.message);
            Entry::failed(looked, trouble, escrow, Some(step))
        }
        None if added + removed == 0 && missing.is_empty() => return None,
        None if added + removed == 0 => {
            let text = format!("{} members of {} are not at the target", shown(missing), looked.name());
            Entry::members(looked, LogStatus::Warning, text)
        }
        None => Entry::members(looked, LogStatus::Success, counts.clone()),
    };
    entry.action = LogAction::Update;
    if added + removed > 0 {
        let mut step = steps::note(StepKind::Export, LogStatus::Success, "EntryExportUpdate", counts);
        step.details = vec![
            ("ReportableIdentifier".into(), progress.target_id.clone().into()),
            ("added".into(), named(&progress.added)),
            ("removed".into(), named(&progress.removed)),
        ];
        entry.document.steps.push(step);
    }
    if !missing.is_empty() {
        if entry.status == LogStatus::Success {
            entry.status = LogStatus::Warning;
        }
        if trouble.is_none() {
            entry.code = Some(UNRESOLVED.to_owned());
        }
        let text =
            format!("{} members were left out: they are not provisioned to the target", shown(missing));
        let mut step = steps::note(StepKind::ReferenceResolution, LogStatus::Warning, UNRESOLVED, text);
        step.details = vec![("attribute".into(), "members".into()), ("references".into(), named(missing))];
        entry.document.steps.push(step);
    }
    entry.target_id = Some(progress.target_id);
    Some(entry)
}

/// How many, as far as they were counted.
fn shown(ids: &[String]) -> String {
    match ids.len() {
        n if n > limits::UNRESOLVED_NAMED => format!("more than {}", limits::UNRESOLVED_NAMED),
        n => n.to_string(),
    }
}

fn named(ids: &[String]) -> Json {
    ids.iter().take(limits::UNRESOLVED_NAMED).cloned().collect()
}
