//! Where this server is, as its clients see it.

use store::{Kind, TenantId};

use crate::error::{Error, Result};

/// The origin, and possibly a path in front, under which clients reach the server: `https://muster.example`.
/// Every link is built from it, never from what a request says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// # Errors
    /// [`Error::Invalid`] unless it is an `http` or `https` URL with a host and without user, query and fragment.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| Err(Error::invalid("public-url", format!("\"{text}\" {why}")));
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return refused("must start with https:// or http://");
        };
        if rest.chars().any(|c| c.is_whitespace() || c.is_control() || "?#@\\\"<>".contains(c)) {
            return refused("must not hold spaces, a user, a query or a fragment");
        }
        if rest.split('/').next().is_none_or(|host| host.is_empty() || host.starts_with(':')) {
            return refused("has no host");
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Scheme, host and port, as a browser sends it in `Origin`.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        match self.0.get(host..).and_then(|rest| rest.find('/')) {
            Some(slash) => self.0.get(..host + slash).unwrap_or(&self.0),
            None => &self.0,
        }
    }

    /// The SCIM Base URL of a tenant: what is pasted into Entra as Tenant URL.
    pub fn scim_base(&self, tenant: &TenantId) -> String {
        format!("{}/scim/v2/{tenant}", self.0)
    }

    /// `meta.location` of a resource.
    pub fn location(&self, tenant: &TenantId, kind: Kind, id: &str) -> String {
        format!("{}/scim/v2/{tenant}{}/{id}", self.0, scim_type(kind).endpoint)
    }
}

/// The SCIM resource type of a kind.
pub fn scim_type(kind: Kind) -> &'static scim::schema::ResourceType {
    match kind {
        Kind::User => scim::schema::user(),
        Kind::Group => scim::schema::group(),
    }
}
