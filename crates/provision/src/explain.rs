//! Explain one object: why it is in scope or not, how its values come about, what was done, and what would be done now.

use std::sync::Arc;

use jiff::Timestamp;
use scim::Resource;
use scim::message::SearchRequest;
use scim_client::{Exchange, Failure, FailureKind, Object, Page, Select};
use serde::Serialize;
use serde_json::Value as Json;
use store::{Kind, LinkRow, LogQuery, LogRow, Pass, TenantId, TenantRead};

use crate::endpoint::{Calling, Endpoint};
use crate::engine::entry::{concealed, modified};
use crate::engine::look::Looked;
use crate::engine::redaction;
use crate::engine::run::{Run, Side};
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::plan::SourceState;
use crate::provisioning::{Provisioning, parsed};
use crate::record::{Modified, Step};
use crate::scope::Scope;

/// Entries of the log that are shown.
const ENTRIES: usize = 5;

/// Everything there is to know of one object.
#[derive(Debug, Clone)]
pub struct Explained {
    pub kind: Kind,
    pub id: String,
    pub name: String,
    pub state: SourceState,
    /// With its reasons, in the order they were decided.
    pub scope: Scope,
    pub link: Option<LinkRow>,
    /// A creation was sent at that time, and its outcome is not known.
    pub uncertain_since: Option<Timestamp>,
    /// `mapping::TargetObject`: each attribute with the values it comes from, its expression and its result.
    pub mapping: Json,
    pub steps: Vec<Step>,
    /// The newest first.
    pub entries: Vec<LogRow>,
    pub waiting: Vec<Waiting>,
    /// What would be done now; `None` unless the target was asked.
    pub would: Option<Would>,
}

/// Something that is still to be done about the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub pass: Pass,
    pub due: Timestamp,
    /// What it is held for, if it failed.
    pub escrow: Option<Escrow>,
}

/// What would be done, without having been done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Would {
    /// `create`, `update`, `disable`, `enable`, `delete`, `adopt`, `skip`, `fail`
    pub action: String,
    pub reason: String,
    /// Error code or skip reason.
    pub code: Option<String>,
    pub changes: Vec<Modified>,
    /// Accidental-deletions prevention would count it.
    pub counts_as_deletion: bool,
    pub recommendation: Option<String>,
    pub exchanges: Vec<Exchange>,
}

impl Provisioning {
    /// With `ask_target` the target is asked too, and never told anything.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Invalid`] for what cannot run, [`Error::NoTenant`]
    pub async fn explain(
        &self,
        tenant: &TenantId,
        application: &str,
        kind: Kind,
        id: &str,
        ask_target: bool,
    ) -> Result<Explained> {
        let job = self.job(tenant, application).await?;
        let endpoint = if ask_target {
            self.endpoint(tenant, &job).await?
        } else {
            Arc::new(Unasked) as Arc<dyn Endpoint>
        };
        let run = Run::new(self, tenant, job, endpoint, String::new())?;
        let looked = run.look_at(kind, id, ask_target).await?;
        let side = run.side(kind).ok_or_else(|| Error::internal("an object of no mapping was looked at"))?;
        let query = LogQuery {
            application: Some(application.to_owned()),
            source_id: Some(id.to_owned()),
            limit: ENTRIES,
            ..LogQuery::default()
        };
        let tenancy = self.0.store.tenant(tenant);
        let read = move |read: &TenantRead<'_>| Ok::<_, Error>(read.provisioning_log(&query)?);
        let entries = tenancy.scan(read).await?;
        if looked.state == SourceState::Purged && looked.link.is_none() && entries.is_empty() {
            return Err(Error::unknown(kind.as_str(), id));
        }
        let would = ask_target.then(|| would(side, &looked));
        explained(looked, entries, would)
    }
}

fn explained(looked: Looked, entries: Vec<LogRow>, would: Option<Would>) -> Result<Explained> {
    let waiting = looked.work.iter().map(|row| {
        let escrow = row.escrow.as_deref().map(parsed).transpose()?;
        Ok::<_, Error>(Waiting { pass: row.pass, due: row.due, escrow })
    });
    Ok(Explained {
        kind: looked.kind,
        id: looked.source.id.clone(),
        name: looked.name().to_owned(),
        state: looked.state,
        uncertain_since: looked.intent.as_ref().map(|(at, _)| *at),
        mapping: serde_json::to_value(redaction::shown(&looked.wanted)).map_err(Error::internal)?,
        waiting: waiting.collect::<Result<_>>()?,
        entries,
        would,
        steps: looked.steps,
        scope: looked.scope,
        link: looked.link,
    })
}

fn would(side: &Side, looked: &Looked) -> Would {
    let action = serde_json::to_value(&looked.decision.action).ok();
    let word = action.as_ref().and_then(|json| json.get("action")?.as_str());
    let detail = |name: &str| action.as_ref().and_then(|json| json.get(name)?.as_str());
    let code = looked.trouble.as_ref().map(|trouble| trouble.code.clone());
    Would {
        action: word.unwrap_or_default().to_owned(),
        reason: looked.decision.reason.clone(),
        code: code.or_else(|| detail("code").or_else(|| detail("reason")).map(str::to_owned)),
        changes: modified(side, looked),
        counts_as_deletion: looked.decision.counts_as_deletion,
        recommendation: looked.trouble.as_ref().and_then(|trouble| trouble.hint.clone()),
        exchanges: concealed(side, looked),
    }
}

/// Stands for a target that is not asked.
#[derive(Debug)]
struct Unasked;

impl Unasked {
    fn refuse<'a, T: Send + 'a>() -> Calling<'a, T> {
        let failure = Failure::new(FailureKind::Unsendable("the target is not asked".into()));
        Box::pin(std::future::ready(Err(failure)))
    }
}

impl Endpoint for Unasked {
    fn create<'a>(&'a self, _: &'a str, _: &'a Resource) -> Calling<'a, Object> {
        Self::refuse()
    }

    fn get<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Select) -> Calling<'a, Object> {
        Self::refuse()
    }

    fn query<'a>(&'a self, _: &'a str, _: &'a SearchRequest) -> Calling<'a, Page> {
        Self::refuse()
    }

    fn replace<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Resource) -> Calling<'a, Option<Object>> {
        Self::refuse()
    }

    fn patch<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Json) -> Calling<'a, Option<Object>> {
        Self::refuse()
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str) -> Calling<'a, ()> {
        Self::refuse()
    }
}
