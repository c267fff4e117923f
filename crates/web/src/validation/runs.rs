//! The runs of this server: at most one a tenant and two in all.

use std::collections::HashMap;
use std::sync::Arc;

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
}

/// Each tenant's newest run.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<HashMap<TenantId, Arc<Live>>>);

impl Runs {
    pub(crate) fn of(&self, tenant: &TenantId) -> Option<Arc<Live>> {
        self.0.lock().get(tenant).cloned()
    }

    pub(crate) fn admit(&self, live: &Arc<Live>) -> Result<(), Full> {
        let mut runs = self.0.lock();
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
        let mut runs = self.0.lock();
        if runs.get(&live.tenant).is_some_and(|run| run.id == live.id) {
            runs.remove(&live.tenant);
        }
    }

    /// The server is about to go: what was created is cleaned up while there is time.
    pub(crate) fn stop_all(&self) {
        self.0.lock().values().for_each(|run| run.cancel.cancel());
    }
}

#[cfg(test)]
mod tests {
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
}
