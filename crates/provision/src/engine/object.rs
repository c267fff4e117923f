//! The walk of one object: look, send, and leave behind what has come of it.

use jiff::Timestamp;
use store::{Kind, LinkRow, Pass};

use super::commit::{Leaving, LinkWrite, settle};
use super::entry::{Entry, concealed_text, is_late};
use super::export::{Exported, IntentEnd, Sent, is_disabled};
use super::look::Looked;
use super::run::{Departure, Item, Run, Side, Walked};
use super::steps;
use super::trouble::Trouble;
use super::walkers::Place;
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::plan::{Action, FailureCode, LinkChange, SkipReason};
use crate::record::LogStatus;
use crate::scope::Entitlement;

/// A walk, with the entry it has written.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) walked: Walked,
    pub(crate) entry: Option<Entry>,
    /// Of the entry in the log.
    pub(crate) number: Option<u64>,
}

impl Walk {
    pub(super) fn silent(walked: Walked) -> Self {
        Self { walked, entry: None, number: None }
    }
}

impl Run {
    /// Bring one object in line with the directory, or hold it. Whatever it leaves behind is written at once.
    pub(super) async fn walk(&self, item: &Item, departure: Departure, place: Place) -> Result<Walked> {
        Ok(self.walk_through(item, departure, None, Some(place)).await?.walked)
    }

    /// `members`: of a group, only these. `place` is given back when the target has nothing more to be asked.
    pub(crate) async fn walk_through(
        &self,
        item: &Item,
        departure: Departure,
        members: Option<&[String]>,
        place: Option<Place>,
    ) -> Result<Walk> {
        let walked = match (item.pass, item.kind) {
            (Pass::Reference, Kind::Group) => self.walk_members(item, members).await,
            _ => self.walk_object(item, departure, place).await,
        };
        match walked {
            // The application was deleted meanwhile.
            Err(Error::Unknown { what: "application", .. } | Error::NoTenant) => {
                Ok(Walk::silent(Walked::Superseded))
            }
            walked => walked,
        }
    }

    async fn walk_object(&self, item: &Item, departure: Departure, place: Option<Place>) -> Result<Walk> {
        let began = self.provisioning.now();
        let Some(side) = self.side(item.kind) else { return self.set_aside(item).await };
        let mut looked = self.look(item.kind, &item.id).await?;
        if looked.decision.counts_as_deletion {
            match departure {
                Departure::Queue if item.pass == Pass::Departure => {
                    return Ok(Walk::silent(Walked::Departing));
                }
                Departure::Queue => return self.depart_later(&looked).await,
                Departure::Stage => return self.stage(side, &looked, began).await,
                Departure::CarryOut => {}
            }
        }
        let sent = self.export(side, &mut looked).await?;
        drop(place);
        match sent {
            Sent::Done(exported) => self.finish(side, item, &looked, exported, began).await,
            Sent::Failed(trouble, intent) => self.hold(side, item, &looked, &trouble, intent, began).await,
            Sent::Superseded => Ok(Walk::silent(Walked::Superseded)),
        }
    }

    /// Objects of this kind are not provisioned any more.
    pub(super) async fn set_aside(&self, item: &Item) -> Result<Walk> {
        let (pass, id, stamp) = (item.pass, item.id.clone(), item.stamp);
        let stands = self.fenced(move |write, application| {
            Ok(stamp.map_or(Ok(()), |stamp| write.finish_work(application, pass, &id, stamp))?)
        });
        let walked = stands.await?.map_or(Walked::Superseded, |()| Walked::Done(LogStatus::Skipped));
        Ok(Walk::silent(walked))
    }

    /// It waits until it is known how many leave.
    async fn depart_later(&self, looked: &Looked) -> Result<Walk> {
        let mut leaving = Leaving::new(looked.kind, &looked.source.id, self.provisioning.now());
        leaving.finished = answered(looked, false);
        leaving.queued = vec![Pass::Departure];
        let walked = self.leave(leaving).await?.map_or(Walked::Superseded, |_| Walked::Departing);
        Ok(Walk::silent(walked))
    }

    async fn stage(&self, side: &Side, looked: &Looked, began: Timestamp) -> Result<Walk> {
        let mut entry = Entry::staged(side, looked);
        entry.evidence(side, looked, self.cycle.is_none());
        let leaving = Leaving::new(looked.kind, &looked.source.id, self.provisioning.now());
        self.write(leaving, Some(entry), began, Walked::Departing).await
    }

    async fn finish(
        &self,
        side: &Side,
        item: &Item,
        looked: &Looked,
        exported: Exported,
        began: Timestamp,
    ) -> Result<Walk> {
        let now = self.provisioning.now();
        let mut leaving = Leaving::new(looked.kind, &looked.source.id, now);
        leaving.link = self.link_after(side, looked, &exported, now);
        leaving.finished = answered(looked, true);
        leaving.settles = looked.intended;
        leaving.groups = self.groups.is_some();
        if !matches!(leaving.link, LinkWrite::Remove) && looked.scope.in_scope {
            leaving.awaited = looked.wanted.unresolved().map(|(_, id)| id.to_owned()).collect();
        }
        let redundant =
            matches!(looked.decision.action, Action::Skip { reason: SkipReason::RedundantExport });
        let status = match &looked.decision.action {
            Action::Skip { .. } if !is_late(looked) => LogStatus::Skipped,
            _ => LogStatus::Success,
        };
        // The second look at a user, for the sake of a manager, is worth an entry only if it has changed something.
        let entry = (item.pass != Pass::Reference || !redundant || is_late(looked)).then(|| {
            let mut entry = Entry::done(side, looked, exported.target_id, exported.steps);
            entry.evidence(side, looked, self.cycle.is_none());
            entry
        });
        match self.write(leaving, entry, began, Walked::Done(status)).await {
            // Two source objects, one object at the target, at the same moment.
            Err(Error::Conflict(why)) => {
                let trouble = Trouble::decided(FailureCode::DuplicateSourceEntries, &why);
                self.hold(side, item, looked, &trouble, IntentEnd::Open, began).await
            }
            written => written,
        }
    }

    async fn hold(
        &self,
        side: &Side,
        item: &Item,
        looked: &Looked,
        trouble: &Trouble,
        intent: IntentEnd,
        began: Timestamp,
    ) -> Result<Walk> {
        let mut trouble = trouble.clone();
        trouble.message = concealed_text(side, looked, &trouble.message);
        let trouble = &trouble;
        let id = looked.source.id.clone();
        let settles = looked.intended.filter(|_| intent == IntentEnd::Settled);
        let systemic = trouble.systemic().cloned();
        if let (Some(failure), Some(_)) = (&systemic, &self.cycle) {
            // Nothing is recorded of the object, which stays due; but what was certainly not created is not looked for.
            let stands = self.fenced(move |write, application| {
                settles.map_or(Ok(()), |at| settle(write, application, &id, at))
            });
            let walked =
                stands.await?.map_or(Walked::Superseded, |()| Walked::Systemic(Box::new(failure.clone())));
            return Ok(Walk::silent(walked));
        }
        let now = self.provisioning.now();
        let mut leaving = Leaving::new(looked.kind, &id, now);
        leaving.settles = settles;
        let row = looked.work.iter().find(|row| row.pass == item.pass);
        let stamp = row.map(|row| row.stamp).or(item.stamp);
        let before = match row.and_then(|row| row.escrow.as_deref()) {
            Some(text) => Some(crate::provisioning::parsed::<Escrow>(text)?),
            None => item.escrow.clone(),
        };
        // A run on demand leaves nothing to be retried, unless it has to be looked up what became of it.
        let keeps = item.stamp.is_some() || intent == IntentEnd::Open;
        let escrow = trouble.escrow(before.as_ref(), self.job.config.interval.duration(), now);
        if keeps {
            leaving.held = Some((item.pass, stamp.unwrap_or(1), escrow.clone()));
        }
        let step =
            (looked.trouble.is_none() && !matches!(looked.decision.action, Action::Fail { .. })).then(|| {
                steps::failed(steps::export_name(&looked.decision.action), &trouble.code, &trouble.message)
            });
        let mut entry = Entry::failed(looked, trouble, keeps.then_some(&escrow), step);
        entry.evidence(side, looked, self.cycle.is_none());
        let walked = match systemic {
            Some(failure) => Walked::Systemic(Box::new(failure)),
            None => trouble.held(),
        };
        self.write(leaving, Some(entry), began, walked).await
    }

    pub(super) async fn write(
        &self,
        mut leaving: Leaving,
        entry: Option<Entry>,
        began: Timestamp,
        walked: Walked,
    ) -> Result<Walk> {
        leaving.entry = match &entry {
            Some(entry) => Some(entry.row(self, began, leaving.at)?),
            None => None,
        };
        Ok(match self.leave(leaving).await? {
            Some(number) => Walk { walked, entry, number },
            None => Walk::silent(Walked::Superseded),
        })
    }

    fn link_after(&self, side: &Side, looked: &Looked, exported: &Exported, now: Timestamp) -> LinkWrite {
        let decided = looked.decision.link;
        if decided == LinkChange::Remove {
            return if looked.link.is_some() { LinkWrite::Remove } else { LinkWrite::Nothing };
        }
        let Some(target_id) = exported.target_id.clone() else { return LinkWrite::Nothing };
        let before = looked.link.as_ref();
        let managed = match decided {
            LinkChange::Set => true,
            LinkChange::Unmanage => false,
            LinkChange::Keep | LinkChange::Remove => before.is_none_or(|link| link.managed),
        };
        let disabled = is_disabled(side, looked).or(before.map(|link| link.disabled)).unwrap_or(false);
        let fresh = exported.created;
        let same_object = before.filter(|link| link.target_id == target_id && !fresh);
        let linked = same_object.map_or(now, |link| link.linked);
        let row = LinkRow { managed, disabled, linked, ..link_row(looked, target_id, now) };
        let same = before.is_some_and(|link| LinkRow { updated: link.updated, ..row.clone() } == *link);
        if same && !exported.sent { LinkWrite::Nothing } else { LinkWrite::Put { row, fresh } }
    }
}

/// A managed link to an enabled object, made now.
pub(super) fn link_row(looked: &Looked, target_id: String, now: Timestamp) -> LinkRow {
    let via = match &looked.scope.entitlement {
        Entitlement::Group { id, .. } => Some(id.clone()),
        Entitlement::Everyone | Entitlement::Direct | Entitlement::NotAssigned => None,
    };
    LinkRow {
        source_id: looked.source.id.clone(),
        kind: looked.kind,
        target_id,
        name: looked.name().to_owned(),
        managed: true,
        disabled: false,
        via,
        linked: now,
        updated: now,
    }
}

/// Rows of the list of work that a look at the object has answered. The members of a group are a walk of their own.
fn answered(looked: &Looked, departure: bool) -> Vec<(Pass, u64)> {
    looked
        .work
        .iter()
        .filter(|row| match row.pass {
            Pass::Object => true,
            Pass::Reference => looked.kind == Kind::User,
            Pass::Departure => departure,
        })
        .map(|row| (row.pass, row.stamp))
        .collect()
}
