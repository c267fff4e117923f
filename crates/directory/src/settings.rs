//! What an administrator sets for a tenant.

use store::{Settings, TenantId};

use crate::context::Context;
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::tenant::differences;

/// Days at most, for anything that is kept for a number of days.
pub const DAYS_MAX: u32 = 3_650;
/// Requests per second at most.
pub const RATE_MAX: u32 = 1_000_000;

impl Directory {
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn settings(&self, tenant: &TenantId) -> Result<Settings> {
        self.0.store.tenant(tenant).read(|read| Ok(read.settings()?)).await
    }

    /// # Errors
    /// [`Error::Invalid`], [`Error::NoTenant`]
    pub async fn set_settings(&self, cx: Context, settings: Settings) -> Result<()> {
        acceptable(&settings)?;
        self.administer(cx, move |t| {
            let value = |settings: &Settings| serde_json::to_value(settings).map_err(Error::internal);
            let before = t.write.settings()?;
            if before == settings {
                return Ok(());
            }
            t.write.set_settings(&settings)?;
            t.audit("settings.update", None, None, differences(&value(&before)?, &value(&settings)?))
        })
        .await
    }
}

fn acceptable(settings: &Settings) -> Result<()> {
    let days = [
        ("request_log_days", settings.request_log_days),
        ("provisioning_log_days", settings.provisioning_log_days),
        ("restore_days", settings.restore_days),
    ];
    for (field, days) in days {
        if days > DAYS_MAX {
            return Err(Error::invalid(field, format!("choose at most {DAYS_MAX} days")));
        }
    }
    if settings.rate_limit.is_some_and(|rate| rate > RATE_MAX) {
        return Err(Error::invalid("rate_limit", format!("choose at most {RATE_MAX} requests a second")));
    }
    Ok(())
}
