//! Errors that are not written down on the spot: those that come as fast as a client can send them, and those that come while
//! the writer has too much to do. None is left out. Up to a generous number a second of each key are kept one by one; beyond
//! it one entry says how many more there were, so that a flood is accounted for and fills no disk.

use std::collections::HashMap;

use parking_lot::Mutex;
use store::{Exchange, TenantId};

/// Errors of one key and one status that are written down one by one between two flushes, which are a second apart.
pub(crate) const EACH_KEY: usize = 100;
/// The same of all keys together; it bounds the memory.
pub(crate) const IN_ALL: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct RefusalBuffer(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    groups: HashMap<Group, Entries>,
    kept: usize,
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub(crate) tenant: TenantId,
    pub(crate) key_id: Option<String>,
    pub(crate) status: u16,
}

#[derive(Debug, Default)]
struct Entries {
    each: Vec<Exchange>,
    /// The first for which there was no room, and how many came after it.
    beyond: Option<(Exchange, u64)>,
}

/// What one entry of the log stands for: itself and so many like it.
type Entry = (Exchange, u64);

impl RefusalBuffer {
    /// `exchange` is not made when it would only be counted.
    pub(crate) fn add(&self, group: Group, exchange: impl FnOnce() -> Exchange) {
        if let Some(Entries { beyond: Some((_, more)), .. }) = self.0.lock().groups.get_mut(&group) {
            *more += 1;
            return;
        }
        let exchange = exchange();
        self.0.lock().insert(group, (exchange, 0));
    }

    /// Everything that waits, a tenant's together and in order of time.
    pub(crate) fn take(&self) -> HashMap<TenantId, Vec<(Group, Entry)>> {
        let waiting = std::mem::take(&mut *self.0.lock());
        let mut by_tenant: HashMap<TenantId, Vec<(Group, Entry)>> = HashMap::new();
        for (group, entries) in waiting.groups {
            let each = entries.each.into_iter().map(|exchange| (exchange, 0)).chain(entries.beyond);
            let all = by_tenant.entry(group.tenant.clone()).or_default();
            all.extend(each.map(|entry| (group.clone(), entry)));
        }
        for entries in by_tenant.values_mut() {
            entries.sort_by_key(|(_, (exchange, _))| exchange.at);
        }
        by_tenant
    }

    /// What could not be written down waits for the next flush; what has no room any more is counted.
    pub(crate) fn put_back(&self, entries: Vec<(Group, Entry)>) {
        let mut waiting = self.0.lock();
        for (group, entry) in entries {
            waiting.insert(group, entry);
        }
    }
}

impl Waiting {
    fn insert(&mut self, group: Group, (exchange, more): Entry) {
        let entries = self.groups.entry(group).or_default();
        match &mut entries.beyond {
            Some((_, count)) => *count += 1 + more,
            None if more == 0 && entries.each.len() < EACH_KEY && self.kept < IN_ALL => {
                entries.each.push(exchange);
                self.kept += 1;
            }
            beyond => *beyond = Some((exchange, more)),
        }
    }
}

/// The entry as it is written: it says how many it stands for.
pub(crate) fn written(group: &Group, (exchange, more): &Entry) -> Exchange {
    let mut exchange = exchange.clone();
    if *more > 0 {
        let requests = if *more == 1 { "request" } else { "requests" };
        let count = format!("{more} more {requests} of this API key answered {} came with it", group.status);
        exchange.detail = Some(match exchange.detail {
            Some(detail) => format!("{detail} ({count})"),
            None => count,
        });
    }
    exchange
}
