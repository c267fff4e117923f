//! A ticket says that this server has tested a connection with a secret a moment ago, so that it may be saved.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::{SignedDuration, Timestamp};
use scim_client::Secret;
use serde::Serialize;
use store::TenantId;

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::provisioning::Provisioning;

/// How long a passed test counts.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Travels through a form and back; worth nothing for another tenant, connection or secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct TestTicket(String);

impl TestTicket {
    /// No test has been made: whoever is given this makes one.
    pub fn none() -> Self {
        Self::default()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for TestTicket {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Provisioning {
    pub(crate) fn ticket(&self, tenant: &TenantId, connection: &Connection, secret: &Secret) -> TestTicket {
        self.ticket_at(tenant, connection, secret, self.now())
    }

    fn ticket_at(
        &self,
        tenant: &TenantId,
        connection: &Connection,
        secret: &Secret,
        at: Timestamp,
    ) -> TestTicket {
        let at = at.as_millisecond().to_string();
        let method = serde_json::to_string(&connection.authentication).unwrap_or_default();
        let parts = [tenant.as_str(), &connection.tenant_url, &method, secret.expose(), &at];
        let mac = self.0.seal.sign(&parts);
        TestTicket(format!("{at}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)))
    }

    /// That the connection works with the secret: by the ticket, or by testing it now.
    ///
    /// # Errors
    /// [`Error::Conflict`] with what is in the way.
    pub(crate) async fn prove_tested(
        &self,
        tenant: &TenantId,
        application: &str,
        connection: &Connection,
        secret: &Secret,
        ticket: &TestTicket,
    ) -> Result<()> {
        if *ticket == TestTicket::none() {
            let report =
                self.test_connection(tenant, Some(application), connection, Some(secret.clone())).await?;
            return report.sentence().map_or(Ok(()), |why| Err(Error::Conflict(why)));
        }
        if self.is_good(tenant, connection, secret, ticket) {
            return Ok(());
        }
        Err(Error::Conflict(
            "Test Connection has not passed for this Tenant URL and secret within the last 15 minutes; run it again"
                .into(),
        ))
    }

    fn is_good(
        &self,
        tenant: &TenantId,
        connection: &Connection,
        secret: &Secret,
        ticket: &TestTicket,
    ) -> bool {
        let at = ticket.0.split_once('.').and_then(|(at, _)| at.parse().ok());
        let Some(at) = at.and_then(|at| Timestamp::from_millisecond(at).ok()) else { return false };
        let age = self.now().duration_since(at);
        let fresh = !age.is_negative() && age <= LIFETIME;
        let expect = self.ticket_at(tenant, connection, secret, at);
        fresh && crate::seal::same(expect.0.as_bytes(), ticket.0.as_bytes())
    }
}
