//! Where a service provider is: the Tenant URL, checked, and joined with resource paths as Entra joins them.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

use crate::address::{AddressPolicy, Blocked};
use crate::limits;

/// RFC 3986 §2.3: what need not be encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("the URL cannot be read ({0}); write it like https://scim.example.com/v2")]
    Syntax(String),
    #[error("the URL must begin with https://; what is sent contains credentials and personal data")]
    NotHttps,
    #[error("the URL must begin with https://, not {0}:")]
    Scheme(String),
    #[error("the URL must not contain a user name or password; enter credentials in their own fields")]
    Userinfo,
    #[error("the URL must not contain a # part")]
    Fragment,
    #[error("port {0} is not one a SCIM endpoint is expected at; the operator of this server can allow it")]
    Port(u16),
    #[error("{0}, which this server does not connect to; its operator can allow the address")]
    Blocked(Blocked),
    #[error("\"{0}\" cannot be used as an id in a URL")]
    Id(String),
}

/// A URL that the policy allows as far as can be said without resolving its name.
///
/// # Errors
/// [`TargetError`], in words for the administrator who typed it.
pub fn checked_url(text: &str, policy: &AddressPolicy) -> Result<Url, TargetError> {
    let text = text.trim();
    if text.len() > limits::URL_BYTES {
        return Err(TargetError::Syntax(format!("longer than {} bytes", limits::URL_BYTES)));
    }
    // The URL parser removes line breaks and takes \ for /; people who paste such a thing should see it.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(TargetError::Syntax("it contains spaces, control characters or \\".to_owned()));
    }
    let url = Url::parse(text).map_err(|e| TargetError::Syntax(e.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if policy.http => {}
        "http" => return Err(TargetError::NotHttps),
        other => return Err(TargetError::Scheme(other.to_owned())),
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(TargetError::Userinfo);
    }
    if url.fragment().is_some() {
        return Err(TargetError::Fragment);
    }
    let port = url.port_or_known_default().unwrap_or(443);
    if !policy.allows_port(port) {
        return Err(TargetError::Port(port));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
        Some(Host::Domain(name)) if !name.trim_matches('.').is_empty() => None,
        _ => return Err(TargetError::Syntax("it names no host".to_owned())),
    };
    if let Some(address) = literal {
        policy.check(&host_of(&url), address).map_err(TargetError::Blocked)?;
    }
    Ok(url)
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
}

/// How a space is written in a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spaces {
    /// Entra sends `filter=userName+eq+%22…%22`.
    #[default]
    Plus,
    /// RFC 3986 §2.1
    Percent,
}

/// The SCIM Base URL of a service provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// `https://host:port`, the port only if it is not the scheme's own.
    origin: String,
    host: String,
    /// Without a slash at its end.
    path: String,
    /// As it was given: Entra's feature flags (`aadOptscim062020`) are literal queries.
    query: Option<String>,
}

impl Target {
    /// # Errors
    /// [`TargetError`], in words for the administrator who typed it.
    pub fn parse(text: &str, policy: &AddressPolicy) -> Result<Self, TargetError> {
        let url = checked_url(text, policy)?;
        let host = host_of(&url);
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default());
        let path = url.path().trim_end_matches('/').to_owned();
        let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        Ok(Self { origin, host, path, query })
    }

    /// Scheme, host and port. A stored secret belongs to it: when it changes, the secret must be given again.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The literal query of the Tenant URL.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The URL of a resource path (`/Users/1`, already encoded) with a query that is already encoded.
    ///
    /// The resource path goes before the literal query, as Entra does: `/scim/Users?aadOptscim062020&filter=…`.
    pub fn url(&self, path: &str, query: Option<&str>) -> String {
        let Self { origin, path: base, .. } = self;
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let mut url = format!("{origin}{base}{slash}{path}");
        let own = self.query.as_deref().into_iter();
        for (index, part) in own.chain(query.filter(|q| !q.is_empty())).enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(part);
        }
        url
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url("", None))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// An id that a target gave, as one path segment.
///
/// # Errors
/// [`TargetError::Id`] when no encoding keeps it from meaning another path.
pub fn segment(id: &str) -> Result<String, TargetError> {
    let dots = id == "." || id == "..";
    if id.is_empty() || dots || id.len() > limits::ID_BYTES || id.chars().any(char::is_control) {
        return Err(TargetError::Id(id.chars().filter(|c| !c.is_control()).take(64).collect()));
    }
    Ok(utf8_percent_encode(id, RESERVED).to_string())
}

/// `name=value&…`, encoded.
pub fn encode_query(parameters: &[(String, String)], spaces: Spaces) -> String {
    let encode = |text: &str| {
        let encoded = utf8_percent_encode(text, RESERVED).to_string();
        if spaces == Spaces::Plus { encoded.replace("%20", "+") } else { encoded }
    };
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
