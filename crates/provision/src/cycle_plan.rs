//! Plan before apply: a whole cycle computed without sending a write, kept with the hash of what it would do.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use directory::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Kind, Pass, PlanEntryRow, PlanRow, TenantId, TenantRead, TenantWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::deletion_guard::Verdict;
use crate::engine::cycle::{Begin, Ran};
use crate::engine::entry::modified;
use crate::engine::read::{beginning, concerns, queue_object};
use crate::engine::run::Run;
use crate::error::{Error, Result};
use crate::job::{CycleKind, CycleOutcome, Job, Phase};
use crate::member_plan::{MemberPlan, Standing, plan_members};
use crate::plan::{Action, Decision};
use crate::provisioning::{Provisioning, parsed, text};
use crate::record::Modified;

/// Entries written together.
const BATCH: usize = 200;
/// Plans of an application that are kept.
const KEPT: usize = 10;

/// What a cycle would do, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    /// The hash of everything it would do.
    pub id: String,
    pub made: Timestamp,
    pub made_by: String,
    pub kind: CycleKind,
    pub objects: u64,
    /// By action: `create`, `update`, `enable`, `disable`, `delete`, `adopt`, `skip`, `fail`.
    pub counts: BTreeMap<String, u64>,
    /// Disables and deletes that accidental-deletions prevention counts.
    pub departures: u64,
    /// Why accidental-deletions prevention would hold them back.
    pub held_back: Option<String>,
}

impl PlanSummary {
    /// Whether applying it would send anything.
    pub fn changes_anything(&self) -> bool {
        self.counts.iter().any(|(action, n)| *n > 0 && !matches!(action.as_str(), "skip" | "fail"))
    }
}

/// What would be done about one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanEntry {
    /// `User`, `Group`
    pub kind: crate::alias::ObjectKind,
    pub id: String,
    pub name: String,
    pub target_id: Option<String>,
    pub action: String,
    pub reason: String,
    pub changes: Vec<Modified>,
    pub departs: bool,
    /// Of a group whose members would change; `changes` names them too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<MemberPlan>,
}

/// Called with objects looked at and objects to look at.
pub type OnProgress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

impl Provisioning {
    /// Compute what the next cycle would do; `everything`: as if it were an initial one. The target is asked, never told.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the target cannot be asked, with the cause; [`Error::Invalid`] for what is not configured.
    pub async fn plan(
        &self,
        cx: Context,
        application: &str,
        everything: bool,
        progress: OnProgress<'_>,
    ) -> Result<PlanSummary> {
        let tenant = cx.tenant.clone();
        let job = self.job(&tenant, application).await?;
        let (summary, entries) =
            self.compute(&tenant, job, everything, cx.actor.to_string(), progress).await?;
        self.keep(&tenant, application, &summary, entries).await?;
        let (application, detail) =
            (application.to_owned(), json!({ "plan": summary.id, "counts": summary.counts }));
        self.administer(cx, move |a| {
            let name = a.write.application(&application)?.map_or(application, |row| row.name);
            a.audit("job.plan", &name, detail)
        })
        .await?;
        Ok(summary)
    }

    /// The newest first.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn plans(&self, tenant: &TenantId, application: &str) -> Result<Vec<PlanSummary>> {
        let application = application.to_owned();
        let read = move |read: &TenantRead<'_>| {
            read.plans(&application, KEPT)?.iter().map(|row| parsed(&row.document)).collect()
        };
        self.0.store.tenant(tenant).read(read).await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn plan_summary(&self, tenant: &TenantId, application: &str, id: &str) -> Result<PlanSummary> {
        let (application, id) = (application.to_owned(), id.to_owned());
        let read = move |read: &TenantRead<'_>| {
            let row = read.plan(&application, &id)?.ok_or_else(|| Error::unknown("plan", id))?;
            parsed(&row.document)
        };
        self.0.store.tenant(tenant).read(read).await
    }

    /// Entries behind number `after`, each with its number; of one action if given.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn plan_entries(
        &self,
        tenant: &TenantId,
        application: &str,
        plan: &str,
        action: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, PlanEntry)>> {
        let (application, plan, action) =
            (application.to_owned(), plan.to_owned(), action.map(str::to_owned));
        let read = move |read: &TenantRead<'_>| {
            let rows = read.plan_entries(&application, &plan, action.as_deref(), after, limit)?;
            rows.iter().map(|row| Ok((row.ordinal, parsed(&row.document)?))).collect()
        };
        self.0.store.tenant(tenant).read(read).await
    }

    /// Do what a plan says, if it still says the same: it is computed again, and any difference at the source, the target or
    /// in the configuration refuses it. Gives how the cycle ended.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the plan is not what would be done now, or a cycle runs.
    pub async fn apply(
        &self,
        cx: Context,
        application: &str,
        plan: &str,
        progress: OnProgress<'_>,
    ) -> Result<CycleOutcome> {
        let tenant = cx.tenant.clone();
        let kept = self.plan_summary(&tenant, application, plan).await?;
        let job = self.job(&tenant, application).await?;
        let everything = kept.kind == CycleKind::Initial;
        let (now, entries) = self.compute(&tenant, job, everything, cx.actor.to_string(), progress).await?;
        if now.id != kept.id {
            return Err(Error::Conflict(
                "source, target or configuration have changed since the plan was made; make a new plan"
                    .into(),
            ));
        }
        let (name, departures) = (application.to_owned(), kept.departures);
        let (owner, actor) = (self.owner(), plan.to_owned());
        self.administer(cx, move |a| {
            let mut job = a.job(&name)?;
            if job.running {
                return Err(Error::Conflict("a cycle is running; apply the plan when it has ended".into()));
            }
            job.state.approved_departures = departures;
            a.save(&job)?;
            for entry in entries.iter().filter(|entry| !matches!(entry.action.as_str(), "skip" | "fail")) {
                match entry.members {
                    Some(_) => queue_object(a.write, &name, entry.kind.into(), &entry.id, a.now)?,
                    None => a.write.queue(&name, Pass::Object, entry.kind.into(), &entry.id, a.now)?,
                }
            }
            let title = a.write.application(&name)?.map_or_else(|| name.clone(), |row| row.name);
            a.audit("job.apply", &title, json!({ "plan": actor }))
        })
        .await?;
        // Nobody turns it: the cycle runs to its end, as any administrator's act does that has begun.
        let (_never, stop) = watch::channel(false);
        match self.run_claimed(&tenant, application, &owner, Begin::Anyway, stop).await? {
            Ran::Cycle(outcome) => Ok(outcome),
            Ran::NotClaimed => Err(Error::Conflict("a cycle is running; it does what the plan says".into())),
        }
    }

    async fn compute(
        &self,
        tenant: &TenantId,
        job: Job,
        everything: bool,
        made_by: String,
        progress: OnProgress<'_>,
    ) -> Result<(PlanSummary, Vec<PlanEntry>)> {
        let endpoint = self.endpoint(tenant, &job).await?;
        let run = Arc::new(Run::new(self, tenant, job, endpoint, made_by.clone())?);
        let nobody = self.0.directory.random().resource_id(self.now());
        run.probe(&nobody).await.map_err(|obstacle| Error::Conflict(obstacle.into_text()))?;
        let kind = match run.job.watermark {
            Some(_) if !everything => CycleKind::Incremental,
            _ => CycleKind::Initial,
        };
        let ids = self.concerned(tenant, &run.job, kind).await?;
        let entries = plan_members(&run, look_at(&run, ids, progress).await?).await?;
        let mut counts = BTreeMap::new();
        for entry in &entries {
            *counts.entry(entry.action.clone()).or_insert(0) += 1;
        }
        let departures = entries.iter().filter(|entry| entry.departs).count() as u64;
        let held_back = match run.job.config.guard.assess(departures, self.in_care(tenant, &run.job).await?) {
            Verdict::Stage { reason } => Some(reason),
            Verdict::Proceed => None,
        };
        let id = hash(&run.job, &entries)?;
        let objects = entries.len() as u64;
        let made = self.now();
        Ok((PlanSummary { id, made, made_by, kind, objects, counts, departures, held_back }, entries))
    }

    async fn in_care(&self, tenant: &TenantId, job: &Job) -> Result<u64> {
        let application = job.application.clone();
        let read = move |read: &TenantRead<'_>| {
            let users = read.link_counts(&application, Kind::User)?;
            Ok::<_, Error>(users.managed + read.link_counts(&application, Kind::Group)?.managed)
        };
        self.0.store.tenant(tenant).read(read).await
    }

    /// Every object that the cycle would look at, once.
    async fn concerned(&self, tenant: &TenantId, job: &Job, kind: CycleKind) -> Result<Vec<(Kind, String)>> {
        let mut ids = Vec::new();
        if kind == CycleKind::Initial {
            let mut phase = beginning(kind);
            while let Phase::Read { part, after, member } = phase {
                let page = self.read_page(tenant, job, part, after, member).await?;
                ids.extend(page.ids.into_iter().map(|id| (page.kind, id)));
                phase = page.next;
            }
        } else {
            ids = self.changed(tenant, job).await?;
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        ids.sort();
        Ok(ids)
    }

    async fn changed(&self, tenant: &TenantId, job: &Job) -> Result<Vec<(Kind, String)>> {
        let mut watermark = job.watermark.unwrap_or_default();
        let mut ids = Vec::new();
        while let Some(rows) = self.read_changes(tenant, watermark).await? {
            let Some(last) = rows.last() else { break };
            watermark = last.number;
            let job = job.clone();
            let read = move |read: &TenantRead<'_>| {
                let mut ids = Vec::new();
                for row in &rows {
                    ids.extend(concerns(read, &job, row)?);
                }
                Ok::<_, Error>(ids)
            };
            ids.extend(self.0.store.tenant(tenant).read(read).await?);
        }
        let application = job.application.clone();
        let read = move |read: &TenantRead<'_>| {
            let mut waiting = Vec::new();
            for pass in Pass::ALL {
                let mut after = String::new();
                loop {
                    let rows = read.pass_work(&application, pass, &after, BATCH)?;
                    let Some(last) = rows.last() else { break };
                    after.clone_from(&last.id);
                    waiting.extend(rows.into_iter().map(|row| (row.kind, row.id)));
                }
            }
            Ok::<_, Error>(waiting)
        };
        ids.extend(self.0.store.tenant(tenant).read(read).await?);
        Ok(ids)
    }

    async fn keep(
        &self,
        tenant: &TenantId,
        application: &str,
        summary: &PlanSummary,
        entries: Vec<PlanEntry>,
    ) -> Result<()> {
        let (application, id) = (application.to_owned(), summary.id.clone());
        let row = PlanRow {
            id: id.clone(),
            made: summary.made,
            made_by: summary.made_by.clone(),
            document: text(summary)?,
        };
        let entries: Vec<PlanEntryRow> = (1..)
            .zip(&entries)
            .map(|(ordinal, entry)| {
                Ok(PlanEntryRow { ordinal, action: entry.action.clone(), document: text(entry)? })
            })
            .collect::<Result<_>>()?;
        let store = self.0.store.tenant(tenant);
        let name = application.clone();
        let put = move |write: &TenantWrite<'_>| {
            write.put_plan(&name, &row)?;
            for old in write.plans(&name, KEPT + 1)?.into_iter().skip(KEPT) {
                write.delete_plan(&name, &old.id)?;
            }
            Ok::<_, Error>(())
        };
        store.write(put).await?;
        for batch in entries.chunks(BATCH) {
            let (name, id, batch) = (application.clone(), id.clone(), batch.to_vec());
            let append =
                move |write: &TenantWrite<'_>| Ok::<_, Error>(write.append_plan_entries(&name, &id, &batch)?);
            store.write(append).await?;
        }
        Ok(())
    }
}

async fn look_at(
    run: &Arc<Run>,
    ids: Vec<(Kind, String)>,
    progress: OnProgress<'_>,
) -> Result<Vec<(PlanEntry, Standing)>> {
    let at_once = run.job.config.connection.as_ref().map_or(1, |c| c.pace.in_flight.max(1)) as usize;
    let total = ids.len() as u64;
    let mut looking = JoinSet::new();
    let mut entries = Vec::with_capacity(ids.len());
    let mut ids = ids.into_iter().filter(|(kind, _)| run.side(*kind).is_some());
    loop {
        while looking.len() < at_once
            && let Some((kind, id)) = ids.next()
        {
            let run = run.clone();
            looking.spawn(async move { entry(&run, kind, id).await });
        }
        let Some(looked) = looking.join_next().await else { break };
        entries.push(looked.map_err(Error::internal)??);
        progress(entries.len() as u64, total);
    }
    Ok(entries)
}

async fn entry(run: &Run, kind: Kind, id: String) -> Result<(PlanEntry, Standing)> {
    let looked = run.look(kind, &id).await?;
    let standing = Standing::of(&looked);
    // Of a creation too: what would be created is part of what is agreed to.
    let changes = run.side(kind).map(|side| modified(side, &looked)).unwrap_or_default();
    let name = looked.source.display_name().to_owned();
    let Decision { action, counts_as_deletion, reason, .. } = looked.decision;
    let (action, target_id) = match action {
        Action::Create => ("create", None),
        Action::Update { id, .. } => ("update", Some(id)),
        Action::Disable { id, .. } => ("disable", Some(id)),
        Action::Enable { id, .. } => ("enable", Some(id)),
        Action::Delete { id } => ("delete", Some(id)),
        Action::Adopt { id, .. } => ("adopt", Some(id)),
        Action::Skip { .. } => ("skip", None),
        Action::Fail { .. } => ("fail", None),
    };
    let action = action.to_owned();
    let (kind, departs) = (kind.into(), counts_as_deletion);
    let entry = PlanEntry { kind, id, name, target_id, action, reason, changes, departs, members: None };
    Ok((entry, standing))
}

/// Over everything that would be done and the configuration it follows from.
fn hash(job: &Job, entries: &[PlanEntry]) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(text(&(&job.config, &job.rules))?);
    for entry in entries {
        let line = text(entry)?;
        hash.update((line.len() as u64).to_be_bytes());
        hash.update(line);
    }
    Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}
