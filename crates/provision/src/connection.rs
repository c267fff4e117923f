//! Where a job's target is and how it is spoken to. Secrets are not here: they are sealed apart, by their names.

use serde::{Deserialize, Serialize};

use crate::patch::Dialect;

/// The names under which secrets are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretName {
    /// Entra's Secret token
    SecretToken,
    Password,
    ClientSecret,
}

impl SecretName {
    pub const ALL: [Self; 3] = [Self::SecretToken, Self::Password, Self::ClientSecret];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretToken => "SecretToken",
            Self::Password => "Password",
            Self::ClientSecret => "ClientSecret",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The SCIM Base URL; a literal query such as `?aadOptscim062020` is kept.
    pub tenant_url: String,
    #[serde(default)]
    pub authentication: Authentication,
    /// `None`: what the Tenant URL's flag says.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    #[serde(default)]
    pub pace: Pace,
}

impl Connection {
    pub fn new(tenant_url: impl Into<String>) -> Self {
        Self {
            tenant_url: tenant_url.into(),
            authentication: Authentication::default(),
            dialect: None,
            pace: Pace::default(),
        }
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or_else(|| Dialect::of_tenant_url(&self.tenant_url))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase")]
pub enum Authentication {
    /// With [`SecretName::SecretToken`].
    #[default]
    Bearer,
    /// With [`SecretName::Password`].
    #[serde(rename_all = "camelCase")]
    Basic { user: String },
    /// OAuth 2.0, with [`SecretName::ClientSecret`].
    #[serde(rename_all = "camelCase")]
    ClientCredentials {
        token_url: String,
        client_id: String,
        #[serde(default)]
        scope: Option<String>,
        /// In the body instead of the header.
        #[serde(default)]
        in_body: bool,
    },
}

impl Authentication {
    pub fn secret(&self) -> SecretName {
        match self {
            Self::Bearer => SecretName::SecretToken,
            Self::Basic { .. } => SecretName::Password,
            Self::ClientCredentials { .. } => SecretName::ClientSecret,
        }
    }
}

/// How fast the target may be asked at most. Below that the engine finds the pace by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pace {
    /// Requests at the same time: 1 to 64.
    pub in_flight: u32,
    pub per_second: Option<u32>,
}

impl Pace {
    pub const IN_FLIGHT_MAX: u32 = 64;
}

impl Default for Pace {
    fn default() -> Self {
        Self { in_flight: 16, per_second: None }
    }
}
