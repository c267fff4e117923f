//! Plans that are computed or applied in the background: one at a time for an application, watched live.

use std::collections::HashMap;
use std::sync::Arc;

use directory::{Context, TenantId};
use parking_lot::Mutex;
use provision::Provisioning;
use provision::job::CycleOutcome;
use tokio::sync::watch;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Of everything, or of what the next cycle would look at.
    Compute { everything: bool },
    /// The plan of that id.
    Apply(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// The plan of that id is kept.
    Computed(String),
    Applied(CycleOutcome),
    /// Why not, in words.
    Refused(String),
    /// The server's own fault; its log says why.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// A task that runs, or has ended.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) task: Task,
    progress: watch::Sender<Progress>,
}

impl Work {
    pub(crate) fn now(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.progress.borrow().phase == Phase::Running
    }

    fn note(&self, done: u64, total: u64) {
        self.progress.send_modify(|progress| (progress.done, progress.total) = (done, total));
    }

    fn end(&self, phase: Phase) {
        self.progress.send_modify(|progress| progress.phase = phase);
    }
}

/// Tasks at the same time in this process.
const AT_ONCE: usize = 8;

/// The newest task of each application.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<HashMap<(TenantId, String), Arc<Work>>>);

/// Why a task does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Application,
    Server,
}

impl Plans {
    pub(crate) fn of(&self, tenant: &TenantId, application: &str) -> Option<Arc<Work>> {
        self.0.lock().get(&(tenant.clone(), application.to_owned())).cloned()
    }

    /// Begin in the background.
    ///
    /// # Errors
    /// One runs already, or as many as this server does at once.
    pub(crate) fn begin(
        &self,
        provisioning: &Provisioning,
        cx: Context,
        application: &str,
        task: Task,
    ) -> Result<(), Full> {
        let key = (cx.tenant.clone(), application.to_owned());
        let progress = Progress { phase: Phase::Running, done: 0, total: 0 };
        let work = Arc::new(Work { task, progress: watch::Sender::new(progress) });
        {
            let mut all = self.0.lock();
            if all.get(&key).is_some_and(|work| work.is_running()) {
                return Err(Full::Application);
            }
            if all.values().filter(|work| work.is_running()).count() >= AT_ONCE {
                return Err(Full::Server);
            }
            // What has ended is shown until the next; not for ever, of many applications.
            if all.len() > 1_000 {
                all.retain(|_, work| work.is_running());
            }
            all.insert(key, work.clone());
        }
        let (provisioning, application) = (provisioning.clone(), application.to_owned());
        tokio::spawn(async move { run(&provisioning, cx, &application, &work).await });
        Ok(())
    }
}

/// A task that panics has ended all the same.
struct Ending<'a>(&'a Work);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.0.is_running() {
            self.0.end(Phase::Broken);
        }
    }
}

async fn run(provisioning: &Provisioning, cx: Context, application: &str, work: &Work) {
    let _ending = Ending(work);
    let note = |done: u64, total: u64| work.note(done, total);
    let ended = match &work.task {
        Task::Compute { everything } => {
            provisioning.plan(cx, application, *everything, &note).await.map(|plan| Phase::Computed(plan.id))
        }
        Task::Apply(plan) => provisioning.apply(cx, application, plan, &note).await.map(Phase::Applied),
    };
    work.end(match ended {
        Ok(phase) => phase,
        Err(provision::Error::Internal(why)) => {
            tracing::error!(why, "a plan failed");
            Phase::Broken
        }
        Err(error) => Phase::Refused(error.to_string()),
    });
}
