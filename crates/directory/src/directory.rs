//! [`Directory`]: what every verb needs, in one place.

use std::sync::Arc;

use jiff::Timestamp;
use store::{Health, Store, TenantId};

use crate::clock::Clock;
use crate::key_cache::KeyCache;
use crate::last_used::LastUsed;
use crate::location::PublicUrl;
use crate::password::Passwords;
use crate::random::Random;
use crate::refusal_buffer::RefusalBuffer;
use crate::request_log::ReadBuffer;
use crate::secret::Secret;

/// The rules, over a store. Cheap to clone.
#[derive(Clone)]
pub struct Directory(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Random,
    pub(crate) public_url: PublicUrl,
    pub(crate) secrets: Secrets,
    pub(crate) last_used: LastUsed,
    pub(crate) known_keys: KeyCache,
    pub(crate) passwords: Passwords,
    pub(crate) reads: ReadBuffer,
    pub(crate) refusals: RefusalBuffer,
}

/// One derived key for each use, so that none can stand in for another.
pub(crate) struct Secrets {
    pub(crate) keys: Secret,
    pub(crate) cursors: Secret,
    pub(crate) csrf: Secret,
    pub(crate) sessions: Secret,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("public_url", &self.0.public_url).finish_non_exhaustive()
    }
}

impl Directory {
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Random,
        secret: &Secret,
        public_url: PublicUrl,
    ) -> Self {
        let secrets = Secrets {
            keys: secret.derive("api keys"),
            cursors: secret.derive("cursors"),
            csrf: secret.derive("csrf tokens"),
            sessions: secret.derive("sessions"),
        };
        // The clock may have been set back since those were made.
        if let Some(id) = store.greatest_id() {
            random.continue_after(id);
        }
        Self(Arc::new(Inner {
            store,
            clock,
            passwords: Passwords::new(&random),
            random,
            public_url,
            secrets,
            last_used: LastUsed::default(),
            known_keys: KeyCache::default(),
            reads: ReadBuffer::default(),
            refusals: RefusalBuffer::default(),
        }))
    }

    pub fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// A name for one request, for logs: 22 characters, unique.
    pub fn request_id(&self) -> String {
        use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
        BASE64_URL_SAFE_NO_PAD.encode(self.0.random.bytes::<16>())
    }

    pub fn health(&self) -> Health {
        self.0.store.health()
    }

    pub fn scim_base(&self, tenant: &TenantId) -> String {
        self.0.public_url.scim_base(tenant)
    }
}
