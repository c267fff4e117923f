//! What a run is asked to do.

use std::sync::Arc;
use std::time::Duration;

use scim_client::{Credentials, TlsOptions, Transport};
use tokio::sync::watch;

use crate::check::Profile;
use crate::schema::SchemaSource;

#[derive(Debug, Clone)]
pub struct Options {
    /// The SCIM base URL: `https://host/scim/v2`
    pub target: String,
    pub auth: Credentials,
    /// Clock, randomness, resolver and the addresses that may be reached; the caller has them.
    pub transport: Transport,
    pub tls: TlsOptions,
    pub profile: Profile,
    /// Ids of checks, cases or themes; `*` at the end stands for any ending. Empty: all of the profile.
    pub only: Vec<String>,
    pub skip: Vec<String>,
    /// The same seed makes the same values.
    pub seed: u64,
    /// Leave everything created in place.
    pub keep: bool,
    /// Checks that run at once.
    pub concurrency: usize,
    /// Requests a second at most; `None` is as fast as the target answers.
    pub rps: Option<u32>,
    /// For one request.
    pub timeout: Duration,
    pub schema: SchemaSource,
    /// Run in spite of `max_existing_users`.
    pub yes: bool,
    /// A target with more users than this is likely not a scratch one.
    pub max_existing_users: u64,
    /// Members that the check of large groups adds.
    pub large_group: usize,
    pub cancel: Cancel,
}

impl Options {
    pub fn new(target: impl Into<String>, auth: Credentials, transport: Transport) -> Self {
        Self {
            target: target.into(),
            auth,
            transport,
            tls: TlsOptions::default(),
            profile: Profile::All,
            only: Vec::new(),
            skip: Vec::new(),
            seed: 1,
            keep: false,
            concurrency: 8,
            rps: None,
            timeout: Duration::from_secs(30),
            schema: SchemaSource::Discover,
            yes: false,
            max_existing_users: 200,
            large_group: 5000,
            cancel: Cancel::default(),
        }
    }
}

/// Asks a run to stop: no new request is sent, and what was created is cleaned up.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancel {
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    pub async fn cancelled(&self) {
        // The sender is in self, so waiting cannot fail before it is asked for.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}
