//! Tenants: the unit of isolation.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use store::{SystemWrite, TenantId, TenantRow, TenantWrite};

use crate::audit::system_entry;
use crate::context::{Caller, Context};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::name;
use crate::transaction::Transaction;

/// Rows of a deleted tenant removed in one step.
const SWEPT_AT_ONCE: u64 = 2_000;
const BETWEEN_SWEEPS: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub created: Timestamp,
}

impl Directory {
    /// # Errors
    /// [`Error::Invalid`]
    pub async fn create_tenant(&self, caller: Caller, name: &str) -> Result<Tenant> {
        let name = name::acceptable("name", name)?;
        let now = self.now();
        let id = TenantId::parse(&self.0.random.resource_id(now))
            .ok_or_else(|| Error::internal("no tenant id"))?;
        let tenant = Tenant { id, name, created: now };
        let row = TenantRow { id: tenant.id.clone(), name: tenant.name.clone(), created: now };
        self.0
            .store
            .write(move |write| {
                write.insert_tenant(&row)?;
                let detail = json!({ "tenant": row.id.as_str(), "name": row.name });
                write.append_system_audit(system_entry(
                    &caller,
                    now,
                    "tenant.create",
                    Some(row.name.clone()),
                    detail,
                ))?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(tenant)
    }

    /// By name.
    ///
    /// # Errors
    /// [`Error::Internal`]
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let mut tenants: Vec<Tenant> = self
            .0
            .store
            .read(|read| Ok::<_, Error>(read.tenants()?))
            .await?
            .into_iter()
            .map(Tenant::from)
            .collect();
        tenants.sort_by_cached_key(|t| (scim::compare::fold(&t.name), t.id.clone()));
        Ok(tenants)
    }

    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn tenant(&self, id: &TenantId) -> Result<Tenant> {
        let id = id.clone();
        let row = self.0.store.read(move |read| Ok::<_, Error>(read.tenant_info(&id)?)).await?;
        row.map(Tenant::from).ok_or(Error::NoTenant)
    }

    /// # Errors
    /// [`Error::Invalid`], [`Error::NoTenant`]
    pub async fn rename_tenant(&self, cx: Context, name: &str) -> Result<Tenant> {
        let name = name::acceptable("name", name)?;
        let before = self.tenant(&cx.tenant).await?;
        if before.name == name {
            return Ok(before);
        }
        let detail = json!({ "name": { "before": before.name, "after": name } });
        let after = Tenant { name: name.clone(), ..before };
        self.administer(cx, move |t| {
            t.write.rename(&name)?;
            t.audit("tenant.rename", None, None, detail)
        })
        .await?;
        Ok(after)
    }

    /// The tenant and everything in it, for good. What remains is the entry of the system's audit log. It is gone at once;
    /// its rows are removed in steps, so that other tenants' writes go on meanwhile.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn delete_tenant(&self, cx: Context) -> Result<()> {
        let tenant = self.tenant(&cx.tenant).await?;
        let (now, caller, store) = (self.now(), cx.caller(), self.0.store.clone());
        let delete = async move {
            let delete = move |write: &SystemWrite<'_>| {
                let detail = json!({ "tenant": tenant.id.as_str(), "name": tenant.name });
                if !write.delete_tenant(&tenant.id)? {
                    return Err(Error::NoTenant);
                }
                write.append_system_audit(system_entry(
                    &caller,
                    now,
                    "tenant.delete",
                    Some(tenant.name),
                    detail,
                ))?;
                Ok::<_, Error>(())
            };
            store.write(delete).await
        };
        self.changing_keys(delete).await?;
        self.sweep().await
    }

    /// Remove what is left of deleted tenants.
    pub(crate) async fn sweep(&self) -> Result<()> {
        while self.0.store.write(|write| Ok::<_, Error>(write.sweep(SWEPT_AT_ONCE)?)).await? > 0 {
            // A command beside the server takes turns with it through the file's lock, for which nobody queues.
            tokio::time::sleep(BETWEEN_SWEEPS).await;
        }
        Ok(())
    }

    /// A change of the tenant's administration: no resource, no entry in the request log.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        cx: Context,
        job: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let directory = self.clone();
        let tenant = self.0.store.tenant(&cx.tenant);
        let administer = async move {
            let job = move |write: &TenantWrite<'_>| {
                let now = directory.now();
                job(&Transaction { directory: &directory, write, cx: &cx, now })
            };
            tenant.write(job).await
        };
        self.changing_keys(administer).await
    }
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        let TenantRow { id, name, created, .. } = row;
        Self { id, name, created }
    }
}

/// Before and after of what differs, by field.
pub(crate) fn differences(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Value::Null };
    after
        .iter()
        .filter(|(field, value)| before.get(*field) != Some(value))
        .map(|(field, value)| (field.clone(), json!({ "before": before.get(field), "after": value })))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
