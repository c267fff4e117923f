//! Keys that were looked up lately, so that a request need not ask the database who sends it.
//!
//! What is kept is what was read: digests, ends, revocation, the tenant's settings. Every request is checked against it anew,
//! so a key that runs out does so here too. Whoever changes a key, a tenant or its settings calls [`KeyCache::invalidate_all`]
//! (or [`KeyCache::invalidate`]) behind the commit and before saying that it is done; [`Directory::changing_keys`] does that for
//! all of them. A look-up that began before is then not kept.
//!
//! It is off until it is known how news of other processes comes: through a [`Beacon`] ([`KeyCache::watch`]), or by whatever
//! hears of other nodes, which calls the same functions, and [`KeyCache::set_enabled`] when news begins and stops to come.
//! Whatever happens, nothing is believed for longer than [`BELIEVED`].

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use parking_lot::RwLock;
use store::{KeyRow, TenantId};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::key::Authenticated;

/// How long a key is believed without a look at the database: a process that ends between its commit and its news leaves
/// others no further behind.
pub const BELIEVED: SignedDuration = SignedDuration::from_secs(10);
/// Keys kept at most; then all are forgotten.
const KEPT: usize = 10_000;

/// A key as it was read.
#[derive(Debug)]
pub(crate) struct Known {
    /// `None` for a key that does not exist.
    pub(crate) owner: Option<TenantId>,
    pub(crate) digests: Vec<(Vec<u8>, Option<Timestamp>)>,
    pub(crate) revoked: Option<Timestamp>,
    pub(crate) key: Arc<Authenticated>,
    pub(crate) read_at: Timestamp,
}

impl Known {
    pub(crate) fn new(owner: TenantId, row: KeyRow, key: Authenticated, read_at: Timestamp) -> Self {
        Self { owner: Some(owner), digests: row.digests, revoked: row.revoked, key: Arc::new(key), read_at }
    }
}

/// Which changes were known when a look-up began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// See the head of this file.
#[derive(Debug, Default)]
pub struct KeyCache {
    state: RwLock<State>,
    beacon: OnceLock<Beacon>,
}

#[derive(Debug, Default)]
struct State {
    keys: HashMap<String, Arc<Known>>,
    /// Changes heard of.
    generation: u64,
    /// Of the beacon, when it was last looked at.
    signals: u64,
    is_enabled: bool,
}

impl KeyCache {
    /// One key has changed.
    pub fn invalidate(&self, key_id: &str) {
        let mut state = self.state.write();
        state.generation += 1;
        state.keys.remove(key_id);
    }

    /// Any key may have changed.
    pub fn invalidate_all(&self) {
        self.state.write().forget();
    }

    /// On while news of changes elsewhere comes. Without it each request asks the database.
    pub fn set_enabled(&self, is_enabled: bool) {
        let mut state = self.state.write();
        state.forget();
        state.is_enabled = is_enabled;
    }

    /// Hear of other processes on this machine through a file that all of them name, and tell them. On from now on.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn watch(&self, path: &Path) -> io::Result<()> {
        let _ = self.beacon.set(Beacon::open(path)?);
        self.set_enabled(true);
        Ok(())
    }

    /// The key, or what to keep it with once it was read.
    pub(crate) fn find(&self, key_id: &str, now: Timestamp) -> std::result::Result<Arc<Known>, Ticket> {
        let signals = self.beacon.get().map(Beacon::signals);
        let state = self.state.read();
        match signals {
            None => {}
            Some(Ok(signals)) if signals == state.signals => {}
            Some(Ok(signals)) => {
                drop(state);
                let mut state = self.state.write();
                if signals != state.signals {
                    state.forget();
                    state.signals = signals;
                }
                return Err(Ticket(state.generation));
            }
            // Without news nothing is believed, and nothing is kept with this ticket.
            Some(Err(_)) => return Err(Ticket(u64::MAX)),
        }
        match state.keys.get(key_id) {
            Some(known) if is_fresh(known, now) => Ok(known.clone()),
            _ => Err(Ticket(state.generation)),
        }
    }

    /// Unless something has changed since the ticket was given.
    pub(crate) fn keep(&self, ticket: Ticket, known: Arc<Known>) {
        let mut state = self.state.write();
        if !state.is_enabled || Ticket(state.generation) != ticket {
            return;
        }
        if state.keys.len() >= KEPT {
            state.keys.clear();
        }
        state.keys.insert(known.key.key_id.clone(), known);
    }

    /// Something has changed here.
    fn changed(&self) {
        self.invalidate_all();
        if let Some(Err(error)) = self.beacon.get().map(Beacon::signal) {
            tracing::error!(%error, "other processes see the changed API keys only after {BELIEVED:#}");
        }
    }
}

impl State {
    fn forget(&mut self) {
        self.generation += 1;
        self.keys.clear();
    }
}

/// A clock that was set back makes nothing fresh.
fn is_fresh(known: &Known, now: Timestamp) -> bool {
    let age = now.duration_since(known.read_at);
    !age.is_negative() && age < BELIEVED
}

/// A file that grows by a byte with each change of keys: its length says how many there were. To look costs far less than a
/// question to the database.
#[derive(Debug)]
struct Beacon(File);

impl Beacon {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(options.open(path)?))
    }

    fn signals(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn signal(&self) -> io::Result<()> {
        (&self.0).write_all(b".")
    }
}

impl Directory {
    /// Keys that were looked up lately; for whoever hears of changes elsewhere.
    pub fn key_cache(&self) -> &KeyCache {
        &self.0.known_keys
    }

    /// Carry out a change of keys, tenants or settings. When this returns, no request is answered by what was before, here or
    /// in another process; also when nobody waits for it any more.
    pub(crate) async fn changing_keys<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let directory = self.clone();
        let task = tokio::spawn(async move {
            let outcome = change.await;
            // A change that failed may have been carried out.
            directory.0.known_keys.changed();
            outcome
        });
        task.await.unwrap_or_else(|error| Err(Error::internal(error)))
    }
}
