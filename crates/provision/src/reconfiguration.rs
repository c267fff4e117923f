//! One change of a job by an administrator, of whatever parts: connection with its secret, settings, schedule. All of it is
//! kept, or nothing.

use directory::{Context, TenantId};
use scim_client::Secret;
use serde_json::{Value as Json, json};

use crate::applications::differences;
use crate::configuration::{
    acceptable, acceptable_config, is_moved, is_same, json, refuse_moved, refuse_stale, shown,
};
use crate::connection::{Connection, SecretName};
use crate::control::refuse_unconnected;
use crate::cycle_schedule::ScheduleState;
use crate::error::{Error, Result};
use crate::job::{Job, JobConfig};
use crate::provisioning::{Administration, Provisioning};
use crate::seal::Place;
use crate::test_ticket::TestTicket;

/// What is to become different; parts that are `None` stay.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub connection: Option<NewConnection>,
    /// Its connection is not looked at.
    pub config: Option<JobConfig>,
    /// Start or stop, as [`Provisioning::start`] and [`Provisioning::pause`] do.
    pub runs: Option<bool>,
}

/// A connection, and how it is known to work; see [`Provisioning::set_connection`].
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub connection: Connection,
    /// `None`: the stored one.
    pub secret: Option<Secret>,
    pub tested: TestTicket,
}

/// A connection that may be kept, with its secret sealed.
struct Proven {
    connection: Connection,
    name: SecretName,
    sealed: Option<Vec<u8>>,
    moved: bool,
}

impl Provisioning {
    /// `epoch` is that of the job the change was made on.
    ///
    /// # Errors
    /// As [`Provisioning::set_connection`], [`Provisioning::set_config`] and [`Provisioning::start`]; then nothing is
    /// changed.
    pub async fn reconfigure(
        &self,
        cx: Context,
        application: &str,
        epoch: u64,
        change: Change,
    ) -> Result<Job> {
        let Change { connection, config, runs } = change;
        let config = config.map(acceptable_config).transpose()?;
        let connection = match connection {
            Some(new) => Some(self.proven(&cx.tenant, application, new).await?),
            None => None,
        };
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            refuse_stale(epoch, &job)?;
            let mut done = Vec::new();
            if let Some(proven) = &connection {
                done.extend(a.connect(&mut job, proven)?.map(|detail| ("job.connect", detail)));
            }
            if let Some(config) = config {
                done.extend(a.configure(&mut job, config)?.map(|detail| ("job.configure", detail)));
            }
            let mut next = None;
            match runs {
                Some(true) if job.schedule != ScheduleState::Active => {
                    refuse_unconnected(&job)?;
                    job.schedule = ScheduleState::Active;
                    next = job.state.quarantine.is_none().then_some(a.now);
                    done.push(("job.start", json!({ "application": application })));
                }
                Some(false) if job.schedule != ScheduleState::Paused => {
                    job.schedule = ScheduleState::Paused;
                    done.push(("job.pause", json!({ "application": application })));
                }
                _ => {}
            }
            if done.is_empty() {
                return Ok(job);
            }
            a.save_due(&job, next.or_else(|| job.next_cycle(a.now)))?;
            for (action, detail) in done {
                a.audit(action, &app.name, detail)?;
            }
            a.job(&application)
        })
        .await
    }

    /// That the connection works, by its ticket or by a test now; its secret is sealed for it.
    async fn proven(&self, tenant: &TenantId, application: &str, new: NewConnection) -> Result<Proven> {
        let NewConnection { connection, secret, tested } = new;
        let connection = acceptable(connection)?;
        let before = self.job(tenant, application).await?.config.connection;
        let moved = before.as_ref().is_none_or(|old| is_moved(old, &connection));
        let sent = match &secret {
            Some(secret) => secret.clone(),
            None => {
                refuse_moved(before.as_ref(), &connection)?;
                let stored = self.stored_secret(tenant, application, &connection).await?;
                stored.ok_or_else(|| Error::invalid("secret", "enter the secret"))?
            }
        };
        let same = before.as_ref().is_some_and(|old| is_same(old, &connection));
        if secret.is_some() || !same {
            self.prove_tested(tenant, application, &connection, &sent, &tested).await?;
        }
        let name = connection.authentication.secret();
        let sealed = match &secret {
            None => None,
            Some(secret) => {
                let place = Place { tenant: tenant.as_str(), application, name: name.as_str() };
                let nonce = self.directory().random().bytes();
                Some(self.0.seal.seal(place, secret, nonce).map_err(|why| Error::invalid("secret", why))?)
            }
        };
        Ok(Proven { connection, name, sealed, moved })
    }
}

impl Administration<'_> {
    /// `Some`: what the audit log says of it.
    fn connect(&self, job: &mut Job, proven: &Proven) -> Result<Option<Json>> {
        let Proven { connection, name, sealed, moved } = proven;
        if sealed.is_none() && job.config.connection.as_ref() == Some(connection) {
            return Ok(None);
        }
        if *moved {
            self.write.clear_application_secrets(&job.application)?;
        }
        if let Some(sealed) = sealed {
            self.write.set_application_secret(&job.application, name.as_str(), sealed, self.now)?;
        }
        let before = job.config.connection.replace(connection.clone());
        let mut changes = differences(&shown(before.as_ref()), &shown(Some(connection)));
        if let (Some(_), Json::Object(changes)) = (sealed, &mut changes) {
            changes.insert("secret".into(), json!({ "set": name.as_str() }));
        }
        Ok(Some(json!({ "application": job.application, "changes": changes })))
    }

    /// `Some`: what the audit log says of it.
    fn configure(&self, job: &mut Job, config: JobConfig) -> Result<Option<Json>> {
        let config = JobConfig { connection: job.config.connection.clone(), ..config };
        if config == job.config {
            return Ok(None);
        }
        let before = std::mem::replace(&mut job.config, config);
        if before.scope != job.config.scope {
            self.forget_watermark(job, "the scope was changed")?;
        }
        let changes = differences(&json(&before)?, &json(&job.config)?);
        Ok(Some(json!({ "application": job.application, "changes": changes })))
    }
}
