//! Reports of the validator, and what the audit log says of its runs.

use serde_json::json;
use store::{TenantId, ValidationDocument, ValidationRow};

use crate::context::Context;
use crate::directory::Directory;
use crate::error::{Error, Result};

/// Reports of a tenant that are kept; the oldest goes when there is one more.
pub const KEPT: usize = 20;

impl Directory {
    /// The newest first.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn validations(&self, tenant: &TenantId) -> Result<Vec<ValidationRow>> {
        self.0.store.tenant(tenant).read(|read| Ok(read.validations(KEPT)?)).await
    }

    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn validation(&self, tenant: &TenantId, id: &str) -> Result<Option<ValidationRow>> {
        let id = id.to_owned();
        self.0.store.tenant(tenant).read(move |read| Ok(read.validation(&id)?)).await
    }

    /// A report in one form, if it is kept in that form.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn validation_document(
        &self,
        tenant: &TenantId,
        id: &str,
        form: &str,
    ) -> Result<Option<String>> {
        let (id, form) = (id.to_owned(), form.to_owned());
        self.0.store.tenant(tenant).scan(move |read| Ok(read.validation_document(&id, &form)?)).await
    }

    /// A run has begun. `origin` is scheme, host and port of the target: its path and query may hold secrets.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Busy`]
    pub async fn validation_started(&self, cx: Context, id: &str, origin: &str, profile: &str) -> Result<()> {
        let detail = json!({ "run": id, "profile": profile });
        let origin = origin.to_owned();
        self.administer(cx, move |t| t.audit("validation.start", None, Some(origin), detail)).await
    }

    /// A run has ended with a report: keep it, and let the oldest go.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Busy`]
    pub async fn validation_finished(
        &self,
        cx: Context,
        origin: &str,
        row: ValidationRow,
        documents: Vec<ValidationDocument>,
    ) -> Result<()> {
        let origin = origin.to_owned();
        let detail = json!({
            "run": row.id,
            "deviations": row.deviations,
            "requests": row.requests,
            "stopped": row.cancelled,
        });
        self.administer(cx, move |t| {
            t.write.insert_validation(&row, &documents)?;
            t.write.prune_validations(KEPT)?;
            t.audit("validation.finish", None, Some(origin), detail)
        })
        .await
    }

    /// A run has ended without a report.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Busy`]
    pub async fn validation_failed(&self, cx: Context, id: &str, origin: &str, why: &str) -> Result<()> {
        let detail = json!({ "run": id, "why": why });
        let origin = origin.to_owned();
        self.administer(cx, move |t| t.audit("validation.fail", None, Some(origin), detail)).await
    }

    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn delete_validation(&self, cx: Context, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.administer(cx, move |t| {
            let unknown = || Error::Unknown { what: "report", name: id.clone() };
            let row = t.write.validation(&id)?.ok_or_else(unknown)?;
            t.write.delete_validation(&id)?;
            t.audit("validation.delete", None, Some(row.target), json!({ "run": id }))
        })
        .await
    }
}
