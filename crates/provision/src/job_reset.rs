//! A job as it was when its application was made.

use directory::Context;
use serde_json::json;

use crate::cycle_schedule::ScheduleState;
use crate::error::Result;
use crate::graph_schema::Rules;
use crate::job::{Job, JobConfig, JobState};
use crate::provisioning::Provisioning;

impl Provisioning {
    /// Forget what was configured and everything that was done: connection, secrets, settings, mappings, links, failures and
    /// the place in the change log. A running cycle stops. Assignments stay, and so does what is at the target.
    ///
    /// # Errors
    /// [`crate::Error::Unknown`], [`crate::Error::NoTenant`]
    pub async fn reset_job(&self, cx: Context, application: &str) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            a.forget_watermark(&mut job, "the job was reset")?;
            a.write.clear_application_secrets(&application)?;
            a.write.clear_work(&application, false)?;
            a.write.clear_links(&application)?;
            job.config = JobConfig::default();
            job.rules = Rules::default();
            job.state = JobState::default();
            job.schedule = ScheduleState::Paused;
            a.save(&job)?;
            a.audit("job.reset", &app.name, json!({ "application": application }))?;
            a.job(&application)
        })
        .await
    }
}
