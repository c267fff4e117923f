//! The link of one object with what it is at the target.

use directory::Context;
use serde_json::json;
use store::{LinkRow, TenantId};

use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::provisioning::Provisioning;

impl Provisioning {
    /// `None`: the object is not linked.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn link(&self, tenant: &TenantId, application: &str, id: &str) -> Result<Option<LinkRow>> {
        self.0.store.tenant(tenant).read(|read| Ok(read.link(application, id)?)).await
    }

    /// Forget the link: when provisioning is started again, the object is looked at and matched anew. Gives whether there
    /// was one.
    ///
    /// # Errors
    /// [`Error::Conflict`] while the job is not paused, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn unlink(&self, cx: Context, application: &str, id: &str) -> Result<bool> {
        let (application, id) = (application.to_owned(), id.to_owned());
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let job = a.job(&application)?;
            if job.schedule == ScheduleState::Active || job.running {
                let why = "stop provisioning first; a link can be removed only while nothing runs";
                return Err(Error::Conflict(why.into()));
            }
            let Some(link) = a.write.link(&application, &id)? else { return Ok(false) };
            a.write.remove_link(&application, &id)?;
            a.write.queue(&application, store::Pass::Object, link.kind, &id, a.now)?;
            let detail = json!({ "application": application, "kind": link.kind.as_str(), "id": id, "targetId": link.target_id });
            a.audit("job.unlink", &app.name, detail)?;
            Ok(true)
        })
        .await
    }
}
