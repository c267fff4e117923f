//! When API keys were last used: kept here first, written down each minute.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;
use parking_lot::Mutex;
use store::{KeyRow, TenantId};

/// When and from where keys were used, by their ids, until it is written down; so that no request waits for it.
#[derive(Debug, Default)]
pub(crate) struct LastUsed(Mutex<HashMap<String, Use>>);

#[derive(Debug)]
struct Use {
    tenant: TenantId,
    at: Timestamp,
    address: Option<IpAddr>,
}

impl LastUsed {
    pub(crate) fn note(&self, tenant: &TenantId, key: &str, at: Timestamp, address: Option<IpAddr>) {
        let mut used = self.0.lock();
        match used.get_mut(key) {
            Some(last) => (last.at, last.address) = (at, address),
            None => drop(used.insert(key.to_owned(), Use { tenant: tenant.clone(), at, address })),
        }
    }

    /// What is not in the store yet.
    pub(crate) fn add(&self, keys: &mut [KeyRow]) {
        let buffered = self.0.lock();
        for key in keys {
            if let Some(last) = buffered.get(&key.id) {
                key.last_used = Some(last.at);
                key.last_address = last.address.map(|address| address.to_string());
            }
        }
    }

    /// By tenant; empties the buffer.
    pub(crate) fn take(&self) -> HashMap<TenantId, Vec<(String, Timestamp, Option<String>)>> {
        let mut by_tenant: HashMap<TenantId, Vec<_>> = HashMap::new();
        for (key, Use { tenant, at, address }) in self.0.lock().drain() {
            by_tenant.entry(tenant).or_default().push((key, at, address.map(|a| a.to_string())));
        }
        by_tenant
    }
}
