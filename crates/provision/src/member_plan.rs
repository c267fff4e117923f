//! What a cycle would do to the members of groups. The target is not asked: it knows what it was told, and the rest follows
//! from the directory, the links, and what the plan does to users and groups.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Kind, TenantRead};

use crate::cycle_plan::PlanEntry;
use crate::engine::look::Looked;
use crate::engine::run::Run;
use crate::error::{Error, Result};
use crate::plan::{Action, LinkChange, SourceState};
use crate::record::Modified;

/// Members of a group that are named, each way; all are counted.
const NAMED: usize = 20;
/// Members asked about together.
const PAGE: usize = 500;

/// Members that would come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberPlan {
    pub add: u64,
    pub remove: u64,
    /// The first of them by name.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// Over the ids of all of them, so that the plan's own hash knows each.
    pub digest: String,
}

impl MemberPlan {
    /// As the attributes of an entry are shown.
    fn modified(&self) -> impl Iterator<Item = Modified> {
        let added = (self.add > 0).then(|| Modified {
            name: "members added".to_owned(),
            old: None,
            new: Some(listed(self.add, &self.added).into()),
        });
        let removed = (self.remove > 0).then(|| Modified {
            name: "members removed".to_owned(),
            old: Some(listed(self.remove, &self.removed).into()),
            new: None,
        });
        added.into_iter().chain(removed)
    }
}

/// `3: Alice, Bob, Carol`
fn listed(count: u64, names: &[String]) -> String {
    let more = count.saturating_sub(names.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{count}: {}{more}", names.join(", "))
}

/// What becomes of an object's membership, by what the plan does to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// It comes to the target, or comes back into care: its groups hear of it.
    pub(crate) comes: bool,
    /// It is deleted there, or not in care any more: nobody says anything about it as a member.
    pub(crate) goes: bool,
    /// Of a group: its members are brought in line afterwards.
    pub(crate) stays: bool,
    /// It is made anew, so what its predecessor was told counts for nothing.
    pub(crate) anew: bool,
}

impl Standing {
    pub(crate) fn of(looked: &Looked) -> Self {
        let managed = looked.link.as_ref().is_some_and(|link| link.managed);
        let creates = matches!(looked.decision.action, Action::Create);
        let in_scope = looked.state == SourceState::Present && looked.scope.in_scope;
        let link = looked.decision.link;
        Self {
            comes: link == LinkChange::Set && (creates || !managed),
            goes: matches!(link, LinkChange::Remove | LinkChange::Unmanage),
            stays: in_scope && (link == LinkChange::Set || (link == LinkChange::Keep && managed)),
            anew: creates && looked.link.is_some(),
        }
    }
}

/// By their ids.
struct Difference {
    add: BTreeSet<String>,
    remove: BTreeSet<String>,
}

/// Add to the entries what would become of members. A group of which nothing else changes gets an entry of its own.
pub(crate) async fn plan_members(run: &Run, entries: Vec<(PlanEntry, Standing)>) -> Result<Vec<PlanEntry>> {
    let mapped = run.groups.as_ref().is_some_and(|side| {
        side.settings.actions.update && side.mapper.rules.iter().any(|rule| rule.attribute.is_members())
    });
    let there = !run.learnt.no_groups.load(std::sync::atomic::Ordering::Relaxed);
    if !mapped || !there {
        return Ok(entries.into_iter().map(|(entry, _)| entry).collect());
    }
    let pick = |of: fn(&Standing) -> bool| -> HashSet<String> {
        entries.iter().filter(|(_, standing)| of(standing)).map(|(entry, _)| entry.id.clone()).collect()
    };
    let goes = pick(|standing| standing.goes);
    let mut comers = comers(run, pick(|standing| standing.comes)).await?;
    let mut planned = Vec::with_capacity(entries.len());
    for (mut entry, standing) in entries {
        if entry.kind == Kind::Group.into() {
            let coming = comers.remove(&entry.id).unwrap_or_default();
            if standing.stays {
                let difference = difference(run, &entry.id, standing.anew, coming, &goes).await?;
                note(run, &mut entry, difference).await?;
            }
        }
        planned.push(entry);
    }
    for (group, coming) in comers {
        let looked = run.look_at(Kind::Group, &group, false).await?;
        let managed = looked.link.as_ref().filter(|link| link.managed);
        let Some(link) = managed.filter(|_| looked.state == SourceState::Present && looked.scope.in_scope)
        else {
            continue;
        };
        let mut entry = PlanEntry {
            kind: Kind::Group.into(),
            id: group.clone(),
            name: looked.source.display_name().to_owned(),
            target_id: Some(link.target_id.clone()),
            action: "skip".to_owned(),
            reason: String::new(),
            changes: Vec::new(),
            departs: false,
            members: None,
        };
        let difference = difference(run, &group, false, coming, &goes).await?;
        note(run, &mut entry, difference).await?;
        planned.extend(entry.members.is_some().then_some(entry));
    }
    planned.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    Ok(planned)
}

/// Who comes to the target, by the groups that have them as direct members.
async fn comers(run: &Run, ids: HashSet<String>) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let scan = move |read: &TenantRead<'_>| {
        let mut comers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for member in ids {
            for group in read.groups_of(&member)? {
                comers.entry(group.id).or_default().insert(member.clone());
            }
        }
        Ok::<_, Error>(comers)
    };
    run.provisioning.0.store.tenant(&run.tenant).scan(scan).await
}

/// `anew`: the group knows nothing yet; `coming`: members whom the plan brings to the target.
async fn difference(
    run: &Run,
    group: &str,
    anew: bool,
    coming: BTreeSet<String>,
    goes: &HashSet<String>,
) -> Result<Difference> {
    let (application, group) = (run.job.application.clone(), group.to_owned());
    let scan = move |read: &TenantRead<'_>| {
        let all = usize::MAX >> 1;
        if !anew {
            let add = read.members_to_add(&application, &group, all)?;
            let remove = read.members_to_remove(&application, &group, all)?;
            return Ok::<_, Error>((
                add.into_iter().map(|member| member.source_id).collect(),
                remove.into_iter().map(|(member, _)| member).collect(),
            ));
        }
        let mut add = BTreeSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = read.members(&group, after.as_deref(), PAGE, None)?;
            let Some(last) = page.last() else { break };
            after = Some(last.member.clone());
            for row in page {
                if read.link(&application, &row.member)?.is_some_and(|link| link.managed) {
                    add.insert(row.member);
                }
            }
        }
        Ok((add, BTreeSet::new()))
    };
    let (mut add, mut remove): (BTreeSet<String>, BTreeSet<String>) =
        run.provisioning.0.store.tenant(&run.tenant).scan(scan).await?;
    add.retain(|member| !goes.contains(member));
    remove.retain(|member| !goes.contains(member));
    add.extend(coming);
    Ok(Difference { add, remove })
}

/// Write it into the entry of the group.
async fn note(run: &Run, entry: &mut PlanEntry, difference: Difference) -> Result<()> {
    let Difference { add, remove } = difference;
    if add.is_empty() && remove.is_empty() {
        return Ok(());
    }
    let members = MemberPlan {
        add: add.len() as u64,
        remove: remove.len() as u64,
        added: names(run, &add).await?,
        removed: names(run, &remove).await?,
        digest: digest(&add, &remove),
    };
    if entry.action == "skip" {
        entry.action = "update".to_owned();
        entry.reason = "its members change".to_owned();
    }
    entry.changes.extend(members.modified());
    entry.members = Some(members);
    Ok(())
}

/// Of the first.
async fn names(run: &Run, ids: &BTreeSet<String>) -> Result<Vec<String>> {
    let application = run.job.application.as_str();
    let read = |read: &TenantRead<'_>| {
        let name = |id: &String| {
            if let Some(link) = read.link(application, id)? {
                return Ok(link.name);
            }
            for kind in [Kind::User, Kind::Group] {
                if let Some(row) = read.resource(kind, id)? {
                    return Ok(row.name);
                }
            }
            Ok(id.clone())
        };
        ids.iter().take(NAMED).map(name).collect::<Result<Vec<String>>>()
    };
    run.provisioning.0.store.tenant(&run.tenant).read(read).await
}

fn digest(add: &BTreeSet<String>, remove: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    for (sign, ids) in [("+", add), ("-", remove)] {
        for id in ids {
            hash.update(sign);
            hash.update((id.len() as u64).to_be_bytes());
            hash.update(id);
        }
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
