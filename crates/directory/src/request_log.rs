//! The request log: a tenant's SCIM exchanges, redacted. A write's entry commits with it (see [`crate::Recorder`]); an
//! error's is written by itself, or counted (see [`crate::refusal_buffer`]), and never left out; reads go through a bounded
//! buffer, so that logging never slows one.

use std::collections::HashMap;

use parking_lot::Mutex;
use store::{Exchange, ExchangeQuery, ExchangeRow, TenantId, TenantWrite};

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::refusal_buffer::{self, Group};

/// Reads that wait to be written; one more is left out, and counted.
const BUFFERED: usize = 1_024;
/// Rows of one page at most.
const PAGE_MAX: usize = 500;

#[derive(Debug, Default)]
pub(crate) struct ReadBuffer(Mutex<Buffer>);

#[derive(Debug, Default)]
struct Buffer {
    waiting: Vec<(TenantId, Exchange)>,
    left_out: HashMap<TenantId, u64>,
}

impl Directory {
    /// Newest first.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn request_log(&self, tenant: &TenantId, mut query: ExchangeQuery) -> Result<Vec<ExchangeRow>> {
        query.limit = query.limit.min(PAGE_MAX);
        self.0.store.tenant(tenant).scan(move |read| Ok(read.exchanges(&query)?)).await
    }

    /// One entry with its bodies.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn exchange(&self, tenant: &TenantId, number: u64) -> Result<ExchangeRow> {
        let found: Option<ExchangeRow> =
            self.0.store.tenant(tenant).read(move |read| Ok::<_, Error>(read.exchange(number)?)).await?;
        found.ok_or_else(|| Error::Unknown { what: "entry of the request log", name: number.to_string() })
    }

    /// A read that succeeded. Returns at once; when the buffer is full the entry is left out and counted, and not even made.
    pub fn record_read(&self, tenant: &TenantId, exchange: impl FnOnce() -> Exchange) {
        let has_room = |buffer: &mut Buffer| {
            let room = buffer.waiting.len() < BUFFERED;
            if !room {
                *buffer.left_out.entry(tenant.clone()).or_default() += 1;
            }
            room
        };
        if !has_room(&mut self.0.reads.0.lock()) {
            return;
        }
        let exchange = exchange();
        let mut buffer = self.0.reads.0.lock();
        if has_room(&mut buffer) {
            buffer.waiting.push((tenant.clone(), exchange));
        }
    }

    /// A request that was refused or failed: always kept, on disk when this returns. When the writer has too much to do, it is
    /// kept as [`Self::record_refusal`] keeps it.
    pub async fn record_error(&self, tenant: &TenantId, exchange: Exchange) {
        let entry = exchange.clone();
        let written = self.0.store.tenant(tenant).write(move |write| append(write, [&entry])).await;
        if let Err(error) = written {
            tracing::warn!(%error, "a refused request has to wait for its place in the request log");
            let (key_id, status) = (exchange.key_id.clone(), exchange.status);
            self.record_refusal(tenant, key_id.as_deref(), status, || exchange);
        }
    }

    /// A request that was refused before it cost anything, as fast as a client can send them. Returns at once. Up to a number a
    /// second each is kept; of more than that, the log says how many there were.
    pub fn record_refusal(
        &self,
        tenant: &TenantId,
        key_id: Option<&str>,
        status: u16,
        exchange: impl FnOnce() -> Exchange,
    ) {
        let group = Group { tenant: tenant.clone(), key_id: key_id.map(str::to_owned), status };
        self.0.refusals.add(group, exchange);
    }

    /// Reads of the tenant that were left out of the log since the server started.
    pub fn left_out_reads(&self, tenant: &TenantId) -> u64 {
        self.0.reads.0.lock().left_out.get(tenant).copied().unwrap_or(0)
    }

    /// The same over all tenants, for the metrics.
    pub fn left_out_reads_in_all(&self) -> u64 {
        self.0.reads.0.lock().left_out.values().sum()
    }

    /// Write down what waits. Reads that cannot be written are counted as left out; errors wait on.
    pub(crate) async fn flush_log(&self) {
        self.flush_refusals().await;
        self.flush_reads().await;
    }

    async fn flush_refusals(&self) {
        for (tenant, entries) in self.0.refusals.take() {
            let exchanges: Vec<Exchange> =
                entries.iter().map(|(group, entry)| refusal_buffer::written(group, entry)).collect();
            match self.0.store.tenant(&tenant).write(move |write| append(write, &exchanges)).await {
                Ok(()) => {}
                // Its log went with it.
                Err(Error::NoTenant) => {}
                Err(error) => {
                    tracing::warn!(%tenant, %error, "refused requests have to wait for their place in the request log");
                    self.0.refusals.put_back(entries);
                }
            }
        }
    }

    async fn flush_reads(&self) {
        let waiting = std::mem::take(&mut self.0.reads.0.lock().waiting);
        let mut by_tenant: HashMap<TenantId, Vec<Exchange>> = HashMap::new();
        for (tenant, exchange) in waiting {
            by_tenant.entry(tenant).or_default().push(exchange);
        }
        for (tenant, exchanges) in by_tenant {
            let count = exchanges.len() as u64;
            let written = self.0.store.tenant(&tenant).write(move |write| append(write, &exchanges)).await;
            if let Err(error) = written {
                tracing::debug!(%tenant, count, %error, "reads are left out of the request log");
                *self.0.reads.0.lock().left_out.entry(tenant).or_default() += count;
            }
        }
    }
}

fn append<'a>(write: &TenantWrite<'_>, exchanges: impl IntoIterator<Item = &'a Exchange>) -> Result<()> {
    exchanges.into_iter().try_for_each(|exchange| Ok(write.append_exchange(exchange).map(drop)?))
}
