//! Where a run may go: typed targets to public https only, unless the operator of the server allows more; a tenant's own
//! endpoint always.

use std::io;
use std::net::IpAddr;

use directory::TenantId;
use validator::scim_client::transport::{Resolve, Resolving, SystemResolver};
use validator::scim_client::{AddressPolicy, Network, Target, Transport};

use crate::App;

/// A target that may be tried. Its name is resolved, and its addresses are checked, with each connection.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    pub(crate) url: String,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// Without the query, which may hold a secret.
    pub(crate) shown: String,
    pub(crate) transport: Transport,
}

impl Reach {
    fn new(app: &App, url: &str, policy: AddressPolicy) -> Result<Self, String> {
        let target = Target::parse(url, &policy).map_err(|error| error.to_string())?;
        let whole = target.to_string();
        let shown = whole.split('?').next().unwrap_or_default().to_owned();
        let (clock, random) = (app.directory.clone(), app.directory.clone());
        let transport = Transport::new(policy, move || clock.now(), move || fraction(&random));
        Ok(Self { url: whole, origin: target.origin().to_owned(), shown, transport })
    }
}

fn fraction(directory: &directory::Directory) -> f64 {
    f64::from(u32::from_be_bytes(directory.random().bytes::<4>())) / (f64::from(u32::MAX) + 1.0)
}

/// What somebody typed. Plain http, and a token with it, goes to the allowed networks only.
pub(crate) fn typed(app: &App, url: &str) -> Result<Reach, String> {
    let networks = app.options.validator_networks.clone();
    let plain = url.trim().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    let policy =
        AddressPolicy { networks: networks.clone(), http: !networks.is_empty(), ..AddressPolicy::default() };
    let mut reach = Reach::new(app, url, policy)?;
    if plain {
        let host = host_and_port(&reach.origin).map(|(host, _)| host).unwrap_or_default();
        if let Ok(address) = host.parse::<IpAddr>()
            && !networks.iter().any(|network| network.contains(address))
        {
            return Err("the URL must begin with https://; what is sent contains credentials".to_owned());
        }
        reach.transport = reach.transport.with_resolver(Within(networks));
    }
    Ok(reach)
}

/// The tenant's own endpoint, at the server's public URL, whatever address that has.
pub(crate) fn own(app: &App, tenant: &TenantId) -> Result<Reach, String> {
    let url = app.directory.scim_base(tenant);
    let (host, port) = host_and_port(app.directory.public_url().origin())
        .ok_or_else(|| "the server's public URL names no host".to_owned())?;
    let policy =
        AddressPolicy { hosts: vec![host], ports: vec![port], http: true, ..AddressPolicy::default() };
    Reach::new(app, &url, policy)
}

fn host_and_port(origin: &str) -> Option<(String, u16)> {
    let uri: http::Uri = origin.parse().ok()?;
    let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host()?.trim_matches(['[', ']']).to_owned();
    Some((host, uri.port_u16().unwrap_or(usual)))
}

/// Only addresses in these networks: for what goes over the wire in the clear.
struct Within(Vec<Network>);

impl Resolve for Within {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let mut found = SystemResolver.resolve(host).await?;
            found.retain(|address| self.0.iter().any(|network| network.contains(*address)));
            if found.is_empty() {
                let why = "plain http is allowed in the networks of --validator-allow only";
                return Err(io::Error::other(why));
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn hosts_and_ports_of_origins() {
        for (origin, host, port) in [
            ("https://muster.example", "muster.example", 443),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("http://[::1]", "::1", 80),
        ] {
            assert_eq!(host_and_port(origin), Some((host.to_owned(), port)));
        }
    }
}
