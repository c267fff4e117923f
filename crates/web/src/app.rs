//! What every handler is given.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use directory::{Directory, TenantId};
use provision::Provisioning;

use crate::client_address::Network;
use crate::metrics::Metrics;
use crate::provisioning::plans::Plans;
use crate::provisioning::tested::Tested;
use crate::rate_limit::Buckets;
use crate::validation::runs::Runs;

/// How the web front behaves; set once at start.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// SCIM requests a second and tenant, unless the tenant's settings say otherwise; 0 is no limit.
    pub rate_limit: u32,
    /// Wrong API keys a second and client address before 401 becomes 429 (three times as many at once); 0 is no limit.
    pub failed_keys: u32,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Networks that runs of the validator may reach though they are not public; for them plain http is allowed too.
    pub validator_networks: Vec<validator::scim_client::Network>,
    /// The server holds throw-away data; the console says so.
    pub demo: bool,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            rate_limit: 200,
            failed_keys: 20,
            trusted_proxies: Vec::new(),
            validator_networks: Vec::new(),
            demo: false,
        }
    }
}

/// The directory and the provisioning service with the state of the web front. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub directory: Directory,
    pub provisioning: Provisioning,
    pub options: Arc<WebOptions>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Arc<RateLimits>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) tested: Arc<Tested>,
    pub(crate) plans: Arc<Plans>,
    draining: Arc<AtomicBool>,
}

/// The buckets of this process.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    pub(crate) tenants: Buckets<TenantId>,
    pub(crate) addresses: Buckets<Option<IpAddr>>,
}

impl App {
    pub fn new(directory: Directory, provisioning: Provisioning, options: WebOptions) -> Self {
        Self {
            directory,
            provisioning,
            options: Arc::new(options),
            metrics: Arc::default(),
            limits: Arc::default(),
            runs: Arc::default(),
            tested: Arc::default(),
            plans: Arc::default(),
            draining: Arc::default(),
        }
    }

    /// From now on `/readyz` says that this server is about to go, so that a load balancer turns away before the listener
    /// closes. Runs of the validator are stopped; [`crate::serve`] waits for their clean-up.
    pub fn drain(&self) {
        self.runs.stop_all();
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
