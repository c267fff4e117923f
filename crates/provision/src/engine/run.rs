//! What one run works with: a cycle, a single object on demand, or a plan.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use scim_client::Failure;
use store::{Kind, Pass, TenantId};

use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::escrow::Escrow;
use crate::job::Job;
use crate::mapping::Mapper;
use crate::patch::Dialect;
use crate::plan::Settings;
use crate::provisioning::Provisioning;
use crate::record::LogStatus;
use crate::scope::CompiledFilters;

/// Fixed for the time of a run: a change of the configuration ends it.
pub(crate) struct Run {
    pub(crate) provisioning: Provisioning,
    pub(crate) tenant: TenantId,
    pub(crate) job: Job,
    pub(crate) users: Option<Side>,
    /// `None`: groups are not provisioned.
    pub(crate) groups: Option<Side>,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) dialect: Dialect,
    /// The cycle that log entries name.
    pub(crate) cycle: Option<String>,
    /// Who started it, as the audit log says it.
    pub(crate) actor: String,
    /// Held by who runs the cycle; every write checks it. `None`: an object on demand, beside any cycle.
    pub(crate) fence: Option<u64>,
    /// Learnt of the target while running.
    pub(crate) learnt: Learnt,
}

/// One kind of object, ready to run.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) mapper: Mapper,
    pub(crate) filters: CompiledFilters,
    pub(crate) settings: Settings,
}

#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// It has no PATCH: PUT is used.
    pub(crate) no_patch: AtomicBool,
    /// It answers filters with everything: the pages are looked through.
    pub(crate) ignores_filters: AtomicBool,
    /// It answered a creation with another object.
    pub(crate) lies: AtomicBool,
    /// It has no groups: they wait until it has.
    pub(crate) no_groups: AtomicBool,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("tenant", &self.tenant)
            .field("application", &self.job.application)
            .field("cycle", &self.cycle)
            .finish_non_exhaustive()
    }
}

/// An object to be worked on.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) pass: Pass,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// Of its row in the list of work; `None`: it is not there (on demand).
    pub(crate) stamp: Option<u64>,
    pub(crate) escrow: Option<Escrow>,
}

/// What may be done about an object that is to be disabled or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// Put into the list of work, until it is known how many there are.
    Queue,
    CarryOut,
    /// Log that it is held back; it stays in the list of work.
    Stage,
}

/// What became of an object.
#[derive(Debug)]
pub(crate) enum Walked {
    /// Done, or skipped with a reason.
    Done(LogStatus),
    /// It waits in the pass of departures.
    Departing,
    /// It failed and is held.
    Held { reference: bool },
    /// The target has too much to do just now; it is held, and says nothing against the target or the object.
    Throttled,
    /// Every request will fail like this; nothing is recorded of the object, which stays due.
    Systemic(Box<Failure>),
    /// Somebody else runs the job now; nothing was written.
    Superseded,
}

impl Run {
    /// Make ready what `job` configures.
    ///
    /// # Errors
    /// [`Error::Invalid`] for mappings that cannot run.
    pub(crate) fn new(
        provisioning: &Provisioning,
        tenant: &TenantId,
        job: Job,
        endpoint: Arc<dyn Endpoint>,
        actor: String,
    ) -> Result<Self> {
        let connection = job.config.connection.as_ref();
        let dialect = connection.map(crate::connection::Connection::dialect).unwrap_or_default();
        let users = side(&job, Kind::User)?;
        let groups = side(&job, Kind::Group)?;
        Ok(Self {
            provisioning: provisioning.clone(),
            tenant: tenant.clone(),
            users,
            groups,
            endpoint,
            dialect,
            cycle: None,
            actor,
            fence: None,
            learnt: Learnt::default(),
            job,
        })
    }

    pub(crate) fn side(&self, kind: Kind) -> Option<&Side> {
        match kind {
            Kind::User => self.users.as_ref(),
            Kind::Group => self.groups.as_ref(),
        }
    }
}

fn side(job: &Job, kind: Kind) -> Result<Option<Side>> {
    let object = crate::alias::ObjectKind::from(kind);
    let Some(mapping) = job.rules.mappings.iter().find(|m| m.kind == object && m.enabled) else {
        return Ok(None);
    };
    let schema = job.rules.target(object).ok_or_else(|| Error::internal("no target schema for a mapping"))?;
    let mapper = Mapper::new(mapping, schema).map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        Error::invalid("mappings", first)
    })?;
    let settings = Settings { actions: mapping.actions, ..job.config.settings };
    let filters = mapping.scope.compile();
    Ok(Some(Side { mapper, filters, settings }))
}
