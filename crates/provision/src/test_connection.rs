//! Test Connection: the calls that Entra makes before it believes a Tenant URL and a secret, each failure with its cause.

use std::sync::Arc;
use std::time::Duration;

use scim::message::SearchRequest;
use scim_client::{Answer, Client, Exchange, Failure, FailureKind, Oddity, Page, RetryPolicy, Secret};
use serde::Serialize;
use store::TenantId;
use tokio::time::timeout;

use crate::alias::ObjectKind;
use crate::configuration;
use crate::connection::{Authentication, Connection};
use crate::endpoint::{Endpoint, TargetEndpoint};
use crate::error::{Error, Result};
use crate::graph_schema::Rules;
use crate::mapping::Mapper;
use crate::provisioning::Provisioning;
use crate::test_ticket::TestTicket;

/// A search that finds nothing is answered with an error instead of an empty list.
pub const INCOMPATIBLE: &str = "SystemForCrossDomainIdentityManagementServiceIncompatible";
/// How long a target may take to describe itself, which is not needed.
const DESCRIPTION: Duration = Duration::from_secs(10);
/// What was entered cannot be used; nothing was sent.
pub const UNUSABLE: &str = "InvalidConnection";

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The connection may be saved.
    pub ok: bool,
    pub checks: Vec<Check>,
    /// A name for why it failed, that programs can rely on.
    pub cause: Option<String>,
    /// `None`: it was not asked, because groups are not provisioned or the test ended before.
    pub groups_supported: Option<bool>,
    pub filters_honoured: Option<bool>,
    /// Lets exactly this connection with this secret be saved within a quarter of an hour.
    pub ticket: Option<TestTicket>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `connection`, `users`, `groups`, `serviceProviderConfig`, `schemas`
    pub name: &'static str,
    pub ok: bool,
    pub warning: bool,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    pub exchange: Option<Exchange>,
}

impl Check {
    fn passed(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, ok: true, warning: false, message: message.into(), hint: None, exchange: None }
    }

    fn warning(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { warning: true, hint: Some(hint.into()), ..Self::passed(name, message) }
    }

    fn failed(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { ok: false, hint: Some(hint.into()), ..Self::passed(name, message) }
    }

    fn with(mut self, exchange: Option<Exchange>) -> Self {
        self.exchange = exchange;
        self
    }
}

impl TestReport {
    fn new() -> Self {
        Self {
            ok: true,
            checks: Vec::new(),
            cause: None,
            groups_supported: None,
            filters_honoured: None,
            ticket: None,
        }
    }

    fn fail(&mut self, cause: &str, check: Check) {
        self.ok = false;
        self.cause = Some(cause.to_owned());
        self.checks.push(check);
    }

    /// Why it failed and what to do, in one line.
    pub fn sentence(&self) -> Option<String> {
        let failed = self.checks.iter().find(|check| !check.ok)?;
        let hint = failed.hint.as_deref().unwrap_or_default();
        Some(format!("{} {hint}", failed.message).trim_end().to_owned())
    }
}

/// What a test speaks to.
struct Bench {
    endpoint: Arc<dyn Endpoint>,
    /// `None` in simulations.
    client: Option<Client>,
}

impl Provisioning {
    /// Real calls, none of which changes anything: a search for a user, and a group if groups are provisioned, that does not
    /// exist, by the matching attributes of `application` or of the default mappings. `secret`: `None` takes the stored one,
    /// which is sent only where it was sent before.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NoTenant`], [`Error::Conflict`] when the stored secret cannot be opened. What is wrong
    /// with the connection is in the report.
    pub async fn test_connection(
        &self,
        tenant: &TenantId,
        application: Option<&str>,
        connection: &Connection,
        secret: Option<Secret>,
    ) -> Result<TestReport> {
        let mut report = TestReport::new();
        let ready = self.make_ready(tenant, application, connection, secret).await;
        let (connection, secret, rules) = match ready {
            Ok(ready) => ready,
            Err(error) => return unusable(report, error),
        };
        let bench = match self.bench(tenant, application, &connection, &secret) {
            Ok(bench) => bench,
            Err(error) => return unusable(report, error),
        };
        self.ask(&bench, &rules, &mut report).await;
        if report.ok {
            report.ticket = Some(self.ticket(tenant, &connection, &secret));
        }
        Ok(report)
    }

    /// Whether an access token can be had with the client credentials: one is fetched, and forgotten. `secret`: as in
    /// [`Self::test_connection`].
    ///
    /// # Errors
    /// [`Error::Target`] with why there is none; [`Error::Invalid`], [`Error::Conflict`], [`Error::Unknown`],
    /// [`Error::NoTenant`]
    pub async fn test_token(
        &self,
        tenant: &TenantId,
        application: &str,
        connection: &Connection,
        secret: Option<Secret>,
    ) -> Result<()> {
        if !matches!(connection.authentication, Authentication::ClientCredentials { .. }) {
            let why = "only OAuth 2.0 client credentials fetch an access token; this connection sends its own secret";
            return Err(Error::invalid("authentication", why));
        }
        let ready = self.make_ready(tenant, Some(application), connection, secret).await?;
        let (connection, secret, _) = ready;
        let client = self.client_with(&connection, Some(&secret), RetryPolicy::NEVER)?;
        Ok(client.fetch_token().await?)
    }

    async fn make_ready(
        &self,
        tenant: &TenantId,
        application: Option<&str>,
        connection: &Connection,
        secret: Option<Secret>,
    ) -> Result<(Connection, Secret, Rules)> {
        let job = match application {
            Some(id) => Some(self.job(tenant, id).await?),
            None => None,
        };
        let connection = configuration::acceptable(connection.clone())?;
        let secret = match (secret, &job) {
            (Some(secret), _) => secret,
            (None, Some(job)) => {
                configuration::refuse_moved(job.config.connection.as_ref(), &connection)?;
                let stored = self.stored_secret(tenant, &job.application, &connection).await?;
                stored.ok_or_else(|| Error::invalid("secret", "enter the secret"))?
            }
            (None, None) => return Err(Error::invalid("secret", "enter the secret")),
        };
        Ok((connection, secret, job.map(|job| job.rules).unwrap_or_default()))
    }

    fn bench(
        &self,
        tenant: &TenantId,
        application: Option<&str>,
        connection: &Connection,
        secret: &Secret,
    ) -> Result<Bench> {
        if let Some(endpoints) = &self.0.options.endpoints {
            let endpoint = endpoints.open(tenant, application.unwrap_or_default());
            return Ok(Bench { endpoint, client: None });
        }
        // An administrator waits for the answer: nothing is tried twice.
        let client = self.client_with(connection, Some(secret), RetryPolicy::NEVER)?;
        Ok(Bench { endpoint: Arc::new(TargetEndpoint(client.clone())), client: Some(client) })
    }

    async fn ask(&self, bench: &Bench, rules: &Rules, report: &mut TestReport) {
        let enabled = |kind| rules.mappings.iter().any(|mapping| mapping.kind == kind && mapping.enabled);
        let groups = enabled(ObjectKind::Group);
        // If nothing is provisioned at all, the question about users still says whether the target answers.
        if enabled(ObjectKind::User) || !groups {
            self.ask_users(bench, rules, report).await;
        }
        if report.ok && groups {
            self.ask_groups(bench, rules, report).await;
        }
        if let Some(client) = bench.client.as_ref().filter(|_| report.ok) {
            report.checks.push(self_description(client).await);
            report.checks.push(schemas(client).await);
        }
    }

    async fn ask_users(&self, bench: &Bench, rules: &Rules, report: &mut TestReport) {
        match bench.endpoint.query("/Users", &self.question(rules, ObjectKind::User)).await {
            Ok(answer) => {
                report.filters_honoured = Some(answer.value.items.is_empty());
                report.checks.push(judge("users", "a user", answer));
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                let check = if bench.is_scim().await { no_match(&failure) } else { wrong_path(&failure) };
                let cause = if check.1 { INCOMPATIBLE } else { failure.code() };
                report.fail(cause, check.0.with(failure.exchange.map(|exchange| *exchange)));
            }
            Err(failure) => report.fail(failure.code(), refused("users", failure.clone())),
        }
    }

    async fn ask_groups(&self, bench: &Bench, rules: &Rules, report: &mut TestReport) {
        let question = SearchRequest {
            excluded_attributes: vec!["members".into()],
            ..self.question(rules, ObjectKind::Group)
        };
        match bench.endpoint.query("/Groups", &question).await {
            Ok(answer) => {
                report.groups_supported = Some(true);
                let honoured = answer.value.items.is_empty();
                report.filters_honoured = Some(report.filters_honoured.unwrap_or(true) && honoured);
                report.checks.push(judge("groups", "a group", answer));
            }
            Err(failure) if matches!(failure.kind, FailureKind::NotFound | FailureKind::Unsupported) => {
                report.groups_supported = Some(false);
                let check = Check::warning(
                    "groups",
                    format!(
                        "The target has no groups: it answers {} at /Groups.",
                        failure.status.unwrap_or(404)
                    ),
                    "Users are provisioned all the same. Turn the mapping of groups off, or let the target answer searches \
                     for groups with 200 and an empty list.",
                );
                report.checks.push(check.with(failure.exchange.map(|exchange| *exchange)));
            }
            Err(failure) => report.fail(failure.code(), refused("groups", failure.clone())),
        }
    }

    /// A search for what cannot exist.
    fn question(&self, rules: &Rules, kind: ObjectKind) -> SearchRequest {
        let mapping = rules.mappings.iter().find(|mapping| mapping.kind == kind);
        let mapper = mapping.zip(rules.target(kind)).and_then(|(m, target)| Mapper::new(m, target).ok());
        let first =
            mapper.as_ref().and_then(|mapper| mapper.matching().first().map(|r| r.path.as_str().to_owned()));
        let usual = if kind == ObjectKind::User { "userName" } else { "displayName" };
        let attribute = first.unwrap_or_else(|| usual.to_owned());
        let nobody = self.directory().random().resource_id(self.now());
        SearchRequest { filter: Some(format!("{attribute} eq \"{nobody}\"")), ..SearchRequest::default() }
    }
}

impl Bench {
    /// Whether there is a SCIM endpoint at the URL at all, when a search was answered with 404.
    async fn is_scim(&self) -> bool {
        if let Some(client) = &self.client
            && (client.service_provider_config().await.is_ok() || client.resource_types().await.is_ok())
        {
            return true;
        }
        // What it finds is not looked at, and not kept.
        let any = SearchRequest { start_index: Some(1), count: Some(1), ..SearchRequest::default() };
        self.endpoint.query("/Users", &any).await.is_ok()
    }
}

fn unusable(mut report: TestReport, error: Error) -> Result<TestReport> {
    let Error::Invalid { field, detail } = error else { return Err(error) };
    let (what, hint) = match field {
        "tenantUrl" => ("The Tenant URL cannot be used", "Correct the Tenant URL, then test again."),
        "tokenUrl" => ("The token endpoint cannot be used", "Correct its address, then test again."),
        "secret" => ("The secret cannot be used", "Enter the secret, then test again."),
        _ => ("The connection cannot be used", "Correct what was entered, then test again."),
    };
    report.fail(UNUSABLE, Check::failed("connection", format!("{what}: {detail}."), hint));
    Ok(report)
}

fn no_match(failure: &Failure) -> (Check, bool) {
    let check = Check::failed(
        "users",
        format!(
            "The target answers {} to a search that finds nobody; 200 with an empty list is expected (RFC 7644 §3.4.2).",
            failure.status.unwrap_or(404)
        ),
        "It is a SCIM endpoint, but no service that provisions can look for accounts in it: let it answer searches \
         without a match with 200, totalResults 0 and no Resources.",
    );
    (check, true)
}

fn wrong_path(failure: &Failure) -> (Check, bool) {
    let hint =
        "Nothing at this URL answers as SCIM does. Check the path of the Tenant URL; /Users is added to it.";
    (Check::failed("users", failure.cause(), hint), false)
}

fn refused(name: &'static str, failure: Failure) -> Check {
    Check::failed(name, failure.cause(), failure.hint()).with(failure.exchange.map(|exchange| *exchange))
}

fn judge(name: &'static str, what: &str, answer: Answer<Page>) -> Check {
    let Answer { value: page, status, oddities, exchange } = answer;
    let check = if !page.items.is_empty() {
        Check::warning(
            name,
            format!(
                "The target was asked for {what} that does not exist and returned others: it ignores filters."
            ),
            "Accounts are looked for page by page instead, which takes long in a large target. Let it evaluate filters \
             (RFC 7644 §3.4.2.2).",
        )
    } else if page.total_results.is_some_and(|total| total > 0) {
        Check::warning(
            name,
            format!("The target was asked for {what} that does not exist, counted some and returned none."),
            "Its totalResults cannot be relied on; report it to its vendor.",
        )
    } else if status != 200 {
        Check::warning(
            name,
            format!("The target answered {status} where 200 is expected."),
            "It is understood all the same; report it to its vendor.",
        )
    } else {
        let odd: Vec<String> = oddities.iter().map(Oddity::to_string).collect();
        let odd = if odd.is_empty() { String::new() } else { format!(" Tolerated: {}.", odd.join("; ")) };
        Check::passed(
            name,
            format!("A search for {what} that does not exist was answered with an empty list.{odd}"),
        )
    };
    check.with(Some(exchange))
}

/// Entra does not need it, so nothing about it fails a test.
async fn self_description(client: &Client) -> Check {
    let (name, what) = ("serviceProviderConfig", "its capabilities");
    match timeout(DESCRIPTION, client.service_provider_config()).await {
        Ok(Ok(answer)) => {
            Check::passed(name, "The target describes its capabilities.").with(Some(answer.exchange))
        }
        Ok(Err(failure)) => undescribed(name, what, Some(failure)),
        Err(_) => undescribed(name, what, None),
    }
}

async fn schemas(client: &Client) -> Check {
    let (name, what) = ("schemas", "its attributes");
    match timeout(DESCRIPTION, client.schemas()).await {
        Ok(Ok(answer)) => {
            let count = answer.value.len();
            Check::passed(name, format!("The target describes its attributes in {count} schemas."))
                .with(Some(answer.exchange))
        }
        Ok(Err(failure)) => undescribed(name, what, Some(failure)),
        Err(_) => undescribed(name, what, None),
    }
}

/// `None`: it took too long.
fn undescribed(name: &'static str, what: &str, failure: Option<Failure>) -> Check {
    let cause = failure.as_ref().map_or_else(
        || format!("It had not answered after {} seconds.", DESCRIPTION.as_secs()),
        Failure::cause,
    );
    let message = format!("The target does not describe {what}, which is not needed. {cause}");
    let exchange = failure.and_then(|failure| failure.exchange).map(|exchange| *exchange);
    Check::passed(name, message).with(exchange)
}
