//! The runs of this server: at most one a tenant and two in all.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use directory::TenantId;
use parking_lot::Mutex;

use super::live::Live;

/// Runs at once, over all tenants.
pub(crate) const AT_ONCE: usize = 2;
/// Ended runs that are remembered, so that their watchers learn how they ended.
const ENDED: usize = 50;

/// Why a run does not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Full {
    /// The tenant's run of this id is under way.
    Tenant(String),
    Server,
    /// The server is about to go.
    Stopping,
}

#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// Each tenant's newest run.
    newest: Mutex<HashMap<TenantId, Arc<Live>>>,
    stopping: AtomicBool,
}

impl Runs {
    pub(crate) fn of(&self, tenant: &TenantId) -> Option<Arc<Live>> {
        self.newest.lock().get(tenant).cloned()
    }

    pub(crate) fn admit(&self, live: &Arc<Live>) -> Result<(), Full> {
        let mut runs = self.newest.lock();
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Full::Stopping);
        }
        if let Some(running) = runs.get(&live.tenant).filter(|run| !run.has_ended()) {
            return Err(Full::Tenant(running.id.clone()));
        }
        if runs.values().filter(|run| !run.has_ended()).count() >= AT_ONCE {
            return Err(Full::Server);
        }
        if runs.len() >= ENDED {
            runs.retain(|_, run| !run.has_ended());
        }
        runs.insert(live.tenant.clone(), Arc::clone(live));
        Ok(())
    }

    /// Takes back what was admitted and did not begin.
    pub(crate) fn forget(&self, live: &Live) {
        let mut runs = self.newest.lock();
        if runs.get(&live.tenant).is_some_and(|run| run.id == live.id) {
            runs.remove(&live.tenant);
        }
    }

    /// The server is about to go: no run begins, and those under way stop and clean up.
    pub(crate) fn stop_all(&self) {
        let runs = self.newest.lock();
        self.stopping.store(true, Ordering::Relaxed);
        runs.values().for_each(|run| run.cancel.cancel());
    }

    /// When no run is under way any more: what they created is cleaned up, and their reports are kept.
    pub(crate) async fn ended(&self) {
        let runs: Vec<Arc<Live>> = self.newest.lock().values().cloned().collect();
        for run in runs {
            run.ended().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::validation::live::{Phase, Plan};

    fn live(tenant: &str, id: &str) -> Arc<Live> {
        let tenant = TenantId::parse(&format!("0198a000-0000-7000-8000-00000000000{tenant}")).unwrap();
        let plan = Plan {
            target: String::new(),
            origin: String::new(),
            profile: "all",
            seed: 1,
            keep: false,
            own: false,
            by: String::new(),
        };
        Arc::new(Live::new(id.to_owned(), tenant, plan, jiff::Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn one_a_tenant_and_two_in_all() {
        let runs = Runs::default();
        let (a, b) = (live("a", "1"), live("b", "2"));
        assert_eq!(runs.admit(&a), Ok(()));
        assert_eq!(runs.admit(&live("a", "3")), Err(Full::Tenant("1".to_owned())));
        assert_eq!(runs.admit(&b), Ok(()));
        assert_eq!(runs.admit(&live("c", "4")), Err(Full::Server));
        a.end(Phase::Kept);
        assert_eq!(runs.admit(&live("c", "5")), Ok(()));
        assert_eq!(runs.admit(&live("a", "6")), Err(Full::Server));
        b.end(Phase::Failed("it is away".to_owned()));
        assert_eq!(runs.admit(&live("a", "7")), Ok(()));
        assert_eq!(runs.of(&b.tenant).map(|run| run.id.clone()).as_deref(), Some("2"), "how it ended");
    }

    #[tokio::test]
    async fn a_server_that_goes_waits_for_its_runs_and_begins_none() {
        let runs = Runs::default();
        let (a, b) = (live("a", "1"), live("b", "2"));
        assert_eq!((runs.admit(&a), runs.admit(&b)), (Ok(()), Ok(())));
        runs.stop_all();
        assert!(a.cancel.is_cancelled() && b.cancel.is_cancelled());
        assert_eq!(runs.admit(&live("c", "3")), Err(Full::Stopping));
        let mut ended = pin!(runs.ended());
        let mut waits = async || poll_fn(|cx| Poll::Ready(ended.as_mut().poll(cx).is_pending())).await;
        assert!(waits().await);
        a.end(Phase::Kept);
        assert!(waits().await, "another one is still cleaning up");
        b.end(Phase::Failed("it is away".to_owned()));
        assert!(!waits().await);
    }
}
