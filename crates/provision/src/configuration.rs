//! What an administrator configures of a job: connection and secrets, settings, mappings.

use directory::Context;
use jiff::Timestamp;
use scim_client::Secret;
use serde_json::{Value as Json, json};
use store::{TenantId, TenantRead};

use crate::alias::ObjectKind;
use crate::applications::differences;
use crate::connection::{Authentication, Connection, Pace, SecretName};
use crate::control;
use crate::error::{Error, Result};
use crate::graph_schema::Rules;
use crate::job::{Job, JobConfig};
use crate::limits;
use crate::mail;
use crate::mapping::{self, Problem};
use crate::provisioning::Provisioning;
use crate::reconfiguration::{Change, NewConnection};
use crate::test_ticket::TestTicket;

impl Provisioning {
    /// Where the target is and how it is spoken to. A connection that differs from the stored one in more than its pace and
    /// dialect, or has a new secret, must have passed a test within the last quarter of an hour (`tested`); without a
    /// ticket it is tested now. `secret`: `None` keeps the stored one, which is possible only while scheme, host and port,
    /// and those of the token endpoint, and the authentication method stay what they are.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the test fails, with its cause; [`Error::Invalid`], [`Error::Unknown`],
    /// [`Error::NoTenant`]
    pub async fn set_connection(
        &self,
        cx: Context,
        application: &str,
        connection: Connection,
        secret: Option<Secret>,
        tested: TestTicket,
    ) -> Result<Job> {
        let epoch = self.job(&cx.tenant, application).await?.epoch;
        let connection = Some(NewConnection { connection, secret, tested });
        self.reconfigure(cx, application, epoch, Change { connection, ..Change::default() }).await
    }

    /// Forget the connection and its secrets. The job stops and cannot be started before there is a new one; links stay.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn clear_connection(&self, cx: Context, application: &str) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            a.write.clear_application_secrets(&application)?;
            let Some(before) = job.config.connection.take() else { return Ok(job) };
            job.schedule = crate::cycle_schedule::ScheduleState::Paused;
            a.save(&job)?;
            let detail =
                json!({ "application": application, "tenantUrl": without_query(&before.tenant_url) });
            a.audit("job.disconnect", &app.name, detail)?;
            a.job(&application)
        })
        .await
    }

    /// Names of the secrets that are stored and when each was set; never a value.
    ///
    /// # Errors
    /// [`Error::NoTenant`]
    pub async fn secret_state(
        &self,
        tenant: &TenantId,
        application: &str,
    ) -> Result<Vec<(SecretName, Timestamp)>> {
        self.0.store.tenant(tenant).read(|read: &TenantRead<'_>| control::secrets(read, application)).await
    }

    /// Everything but connection and mappings; `epoch` is that of the job the changes were made on. A change of the scope
    /// (assigned, or all users and groups) makes the next cycle an initial one, so that it takes effect by itself.
    ///
    /// # Errors
    /// [`Error::Conflict`] when somebody else has changed the job since; [`Error::Invalid`], [`Error::Unknown`],
    /// [`Error::NoTenant`]
    pub async fn set_config(
        &self,
        cx: Context,
        application: &str,
        epoch: u64,
        config: JobConfig,
    ) -> Result<Job> {
        let change = Change { config: Some(config), ..Change::default() };
        self.reconfigure(cx, application, epoch, change).await
    }

    /// Mappings, scoping filters and the target's attribute list. All objects are looked at again with the next cycle, those
    /// that failed too; links stay. Gives warnings.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the first thing that cannot work, [`Error::Conflict`] when somebody else has changed the job
    /// since, [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn set_rules(
        &self,
        cx: Context,
        application: &str,
        epoch: u64,
        rules: Rules,
    ) -> Result<(Job, Vec<Problem>)> {
        let warnings = acceptable_rules(&rules)?;
        let job = self.replace_rules(cx, application, Some(epoch), rules, "job.rules").await?;
        Ok((job, warnings))
    }

    /// The mappings that a new application has.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`]
    pub async fn restore_default_rules(&self, cx: Context, application: &str) -> Result<Job> {
        let rules = Rules::default();
        self.replace_rules(cx, application, None, rules, "job.rules.restore").await
    }

    async fn replace_rules(
        &self,
        cx: Context,
        application: &str,
        epoch: Option<u64>,
        rules: Rules,
        action: &'static str,
    ) -> Result<Job> {
        let application = application.to_owned();
        self.administer(cx, move |a| {
            let app = a.application(&application)?;
            let mut job = a.job(&application)?;
            refuse_stale(epoch.unwrap_or(job.epoch), &job)?;
            if rules == job.rules {
                return Ok(job);
            }
            let changes = rule_changes(&job.rules, &rules)?;
            job.rules = rules;
            a.forget_watermark(&mut job, "the mappings were changed")?;
            a.write.release_escrows(&application, a.now)?;
            a.save_due(&job, job.next_cycle(a.now).map(|_| a.now))?;
            a.audit(action, &app.name, json!({ "application": application, "changes": changes }))?;
            a.job(&application)
        })
        .await
    }
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(Error::internal)
}

pub(crate) fn refuse_stale(epoch: u64, job: &Job) -> Result<()> {
    if epoch == job.epoch {
        return Ok(());
    }
    Err(Error::Conflict("somebody else has changed this job meanwhile; look at it again, then save".into()))
}

/// A stored secret goes nowhere but where it went before.
pub(crate) fn refuse_moved(old: Option<&Connection>, new: &Connection) -> Result<()> {
    match old {
        None => Err(Error::invalid("secret", "enter the secret")),
        Some(old) if is_moved(old, new) => Err(Error::invalid(
            "secret",
            "the stored secret belongs to another server or method; enter the secret for this one",
        )),
        Some(_) => Ok(()),
    }
}

/// Trimmed, and within bounds; whether the URL can be used, the test says.
pub(crate) fn acceptable(mut connection: Connection) -> Result<Connection> {
    connection.tenant_url = connection.tenant_url.trim().to_owned();
    if connection.tenant_url.is_empty() {
        return Err(Error::invalid("tenantUrl", "enter the SCIM Base URL of the application"));
    }
    let most = Pace::IN_FLIGHT_MAX;
    if !(1..=most).contains(&connection.pace.in_flight) {
        return Err(Error::invalid("inFlight", format!("choose 1 to {most} requests at the same time")));
    }
    if connection.pace.per_second == Some(0) {
        return Err(Error::invalid("perSecond", "choose at least 1 request a second, or no limit"));
    }
    match &mut connection.authentication {
        Authentication::Bearer => {}
        Authentication::Basic { user } => refuse_unusable("user", user, "enter the user name")?,
        Authentication::ClientCredentials { token_url, client_id, scope, .. } => {
            *token_url = token_url.trim().to_owned();
            refuse_unusable("tokenUrl", token_url, "enter the address of the token endpoint")?;
            refuse_unusable("clientId", client_id, "enter the client identifier")?;
            *scope = scope.take().map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty());
        }
    }
    Ok(connection)
}

fn refuse_unusable(field: &'static str, text: &str, wanted: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, wanted));
    }
    if text.chars().count() > limits::CREDENTIAL_CHARS || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "it is too long or has control characters"));
    }
    Ok(())
}

/// Scheme, host and port, and the authentication method with its token endpoint: what a stored secret belongs to.
pub(crate) fn is_moved(old: &Connection, new: &Connection) -> bool {
    let method = |connection: &Connection| match &connection.authentication {
        Authentication::Bearer => ("bearer", None),
        Authentication::Basic { .. } => ("basic", None),
        Authentication::ClientCredentials { token_url, .. } => ("clientCredentials", Some(origin(token_url))),
    };
    origin(&old.tenant_url) != origin(&new.tenant_url) || method(old) != method(new)
}

/// What a test has proved of one holds for the other.
pub(crate) fn is_same(old: &Connection, new: &Connection) -> bool {
    old.tenant_url == new.tenant_url && old.authentication == new.authentication
}

/// `None` for what is no URL: it equals only another such, and neither is ever connected to.
fn origin(text: &str) -> Option<(String, String, Option<u16>)> {
    let url = url::Url::parse(text.trim()).ok()?;
    Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default()))
}

/// For the audit log: a query may hold anything.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// A connection as the audit log compares it, without queries.
pub(crate) fn shown(connection: Option<&Connection>) -> Json {
    let Some(connection) = connection else { return json!({}) };
    let mut shown = serde_json::to_value(connection).unwrap_or_default();
    if let Some(url) = shown.get_mut("tenantUrl") {
        *url = json!(without_query(&connection.tenant_url));
    }
    if let Authentication::ClientCredentials { token_url, .. } = &connection.authentication
        && let Some(url) = shown.get_mut("authentication").and_then(|method| method.get_mut("tokenUrl"))
    {
        *url = json!(without_query(token_url));
    }
    shown
}

pub(crate) fn acceptable_config(mut config: JobConfig) -> Result<JobConfig> {
    let recipient = config.notification.recipient.take();
    let recipient = recipient.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(address) = &recipient {
        mail::check_address(address).map_err(|why| Error::invalid("notificationEmail", why))?;
    }
    if config.notification.enabled && recipient.is_none() {
        let why = "enter the address that notifications go to, or turn them off";
        return Err(Error::invalid("notificationEmail", why));
    }
    config.notification.recipient = recipient;
    if config.guard.percent.is_some_and(|percent| percent > 100) {
        return Err(Error::invalid("deletionPercent", "choose 0 to 100 percent, or no percentage"));
    }
    let policy = &config.quarantine;
    if policy.proportion_percent > 100 {
        return Err(Error::invalid("proportionPercent", "choose 0 to 100 percent"));
    }
    if policy.consecutive == Some(0) {
        return Err(Error::invalid("consecutive", "choose at least 1, or none"));
    }
    Ok(config)
}

/// Errors are refused, warnings given.
fn acceptable_rules(rules: &Rules) -> Result<Vec<Problem>> {
    if crate::provisioning::text(rules)?.len() > limits::RULES_BYTES {
        return Err(Error::invalid("mappings", format!("they take more than {} bytes", limits::RULES_BYTES)));
    }
    let mut warnings = Vec::new();
    for (kind, name) in [(ObjectKind::User, "users"), (ObjectKind::Group, "groups")] {
        let refused = |why: String| Err(Error::invalid("mappings", format!("{name}: {why}")));
        let mut mappings = rules.mappings.iter().filter(|mapping| mapping.kind == kind);
        let (Some(mapping), None) = (mappings.next(), mappings.next()) else {
            return refused("there is one mapping; turn it off instead of removing it".into());
        };
        let mut targets = rules.targets.iter().filter(|target| target.kind == kind);
        let (Some(target), None) = (targets.next(), targets.next()) else {
            return refused("the target has one list of attributes".into());
        };
        if let Some(problem) = target.problems().into_iter().next() {
            return refused(format!("the target's attributes: {problem}"));
        }
        for problem in mapping::validate(mapping, target) {
            if problem.warning {
                warnings.push(problem);
                continue;
            }
            let about = problem.attribute.map(|name| format!("{name}: ")).unwrap_or_default();
            return refused(format!("{about}{}", problem.message));
        }
    }
    Ok(warnings)
}

/// Before and after by object and attribute, so that the audit log tells what was changed and not only that something was.
fn rule_changes(before: &Rules, after: &Rules) -> Result<Json> {
    let mut changes = serde_json::Map::new();
    for (name, old, new) in pairs(before, after)? {
        if let Json::Object(changed) = differences(&old, &new)
            && !changed.is_empty()
        {
            changes.insert(name, changed.into());
        }
    }
    Ok(changes.into())
}

/// Each mapping and attribute list, flattened: one field for each attribute.
fn pairs(before: &Rules, after: &Rules) -> Result<Vec<(String, Json, Json)>> {
    let (mut before, mut after) = (flat(before)?, flat(after)?);
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let mut take = |name: String| {
        let old = before.remove(&name).unwrap_or_else(|| json!({}));
        let new = after.remove(&name).unwrap_or_else(|| json!({}));
        (name, old, new)
    };
    Ok(names.into_iter().map(&mut take).collect())
}

fn flat(rules: &Rules) -> Result<serde_json::Map<String, Json>> {
    let mut flat = serde_json::Map::new();
    for mapping in &rules.mappings {
        let mut fields = json(mapping)?;
        if let Json::Object(fields) = &mut fields {
            fields.remove("attributes");
            for attribute in &mapping.attributes {
                fields.insert(format!("attribute {}", attribute.target), json(attribute)?);
            }
        }
        flat.insert(format!("{:?} mapping", mapping.kind), fields);
    }
    for target in &rules.targets {
        let mut fields = serde_json::Map::new();
        for attribute in &target.attributes {
            fields.insert(attribute.name.clone(), json(attribute)?);
        }
        flat.insert(format!("{:?} target attributes", target.kind), fields.into());
    }
    Ok(flat)
}
