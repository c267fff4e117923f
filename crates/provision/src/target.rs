//! The way to a job's target: address policy, credentials and pace, and clients that outlive a cycle.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use scim_client::transport::{Resolve, Resolving, SystemResolver};
use scim_client::{
    AddressPolicy, Client, ClientCredentials, CredentialLocation, Credentials, Network, PacingOptions,
    RetryPolicy, Secret, Target, Transport, target,
};
use store::TenantId;

use crate::connection::{Authentication, Connection};
use crate::endpoint::{Endpoint, TargetEndpoint};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::limits;
use crate::provisioning::Provisioning;
use crate::seal::Place;

/// Gives the target of an application instead of a real one: the seam for simulations.
#[derive(Clone)]
pub struct Endpoints(Arc<Opening>);

type Opening = dyn Fn(&TenantId, &str) -> Arc<dyn Endpoint> + Send + Sync;

impl Endpoints {
    /// `open` gets the tenant and the id of the application.
    pub fn new(open: impl Fn(&TenantId, &str) -> Arc<dyn Endpoint> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    pub(crate) fn open(&self, tenant: &TenantId, application: &str) -> Arc<dyn Endpoint> {
        (self.0)(tenant, application)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoints")
    }
}

/// Clients by tenant and application: their connections, tokens and pace survive between cycles.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<HashMap<(TenantId, String), Open>>);

struct Open {
    connection: Connection,
    secret: Secret,
    client: Client,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Clients {
    fn get(&self, key: &(TenantId, String), connection: &Connection, secret: &Secret) -> Option<Client> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |open: &&Open| open.connection == *connection && open.secret == *secret;
        open.get(key).filter(same).map(|open| open.client.clone())
    }

    fn put(&self, key: (TenantId, String), new: Open) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= limits::OPEN_CLIENTS {
            open.clear();
        }
        open.insert(key, new);
    }
}

impl Provisioning {
    /// What a job speaks to.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the connection is not configured, or cannot work; [`Error::Conflict`] when the stored secret
    /// cannot be opened.
    pub(crate) async fn endpoint(&self, tenant: &TenantId, job: &Job) -> Result<Arc<dyn Endpoint>> {
        if let Some(Endpoints(open)) = &self.0.options.endpoints {
            return Ok(open(tenant, &job.application));
        }
        let connection = job.config.connection.as_ref();
        let connection = connection.ok_or_else(|| {
            Error::invalid("connection", "nothing is configured yet; enter a Tenant URL and a secret token")
        })?;
        let secret = self.stored_secret(tenant, &job.application, connection).await?.ok_or_else(no_secret)?;
        let key = (tenant.clone(), job.application.clone());
        if let Some(client) = self.0.clients.get(&key, connection, &secret) {
            return Ok(Arc::new(TargetEndpoint(client)));
        }
        let client = self.client(connection, Some(&secret))?;
        let open = Open { connection: connection.clone(), secret, client: client.clone() };
        self.0.clients.put(key, open);
        Ok(Arc::new(TargetEndpoint(client)))
    }

    /// The secret that the authentication method of `connection` needs, if one is stored.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was sealed with another master key.
    pub(crate) async fn stored_secret(
        &self,
        tenant: &TenantId,
        application: &str,
        connection: &Connection,
    ) -> Result<Option<Secret>> {
        let name = connection.authentication.secret().as_str();
        let id = application.to_owned();
        let tenancy = self.0.store.tenant(tenant);
        let sealed = tenancy.read(move |read| read.application_secret(&id, name)).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let place = Place { tenant: tenant.as_str(), application, name };
        self.0.seal.open(place, &sealed).map(Some).map_err(Error::Conflict)
    }

    /// A client that is not remembered.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field that cannot work, in words for who typed it.
    pub(crate) fn client(&self, connection: &Connection, secret: Option<&Secret>) -> Result<Client> {
        self.client_with(connection, secret, RetryPolicy::default())
    }

    /// [`Self::client`] with its own patience.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub(crate) fn client_with(
        &self,
        connection: &Connection,
        secret: Option<&Secret>,
        retry: RetryPolicy,
    ) -> Result<Client> {
        let transport = self.transport(connection)?;
        let target = Target::parse(&connection.tenant_url, &transport.policy)
            .map_err(|error| Error::invalid("tenantUrl", error.to_string()))?;
        let pace = connection.pace;
        let options = scim_client::Options {
            credentials: credentials(connection, secret.ok_or_else(no_secret)?),
            pacing: PacingOptions {
                ceiling: pace.in_flight.clamp(1, crate::connection::Pace::IN_FLIGHT_MAX),
                per_second_max: pace.per_second,
                ..PacingOptions::default()
            },
            timeouts: self.0.options.timeouts,
            retry,
            ..scim_client::Options::default()
        };
        Client::new(target, transport, options).map_err(|error| Error::invalid("secret", error.to_string()))
    }

    /// Public https, and whatever the operator allows; plain http to allowed networks only.
    fn transport(&self, connection: &Connection) -> Result<Transport> {
        let networks = self.0.options.networks.clone();
        let policy = AddressPolicy {
            networks: networks.clone(),
            http: !networks.is_empty(),
            ..AddressPolicy::default()
        };
        let mut plain = Vec::new();
        let token_url = match &connection.authentication {
            Authentication::ClientCredentials { token_url, .. } => Some(("tokenUrl", token_url)),
            Authentication::Bearer | Authentication::Basic { .. } => None,
        };
        for (field, text) in [("tenantUrl", &connection.tenant_url)].into_iter().chain(token_url) {
            let url = target::checked_url(text, &policy)
                .map_err(|error| Error::invalid(field, error.to_string()))?;
            if url.scheme() == "https" {
                continue;
            }
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
            if host.parse::<IpAddr>().is_ok_and(|address| !allowed(&networks, address)) {
                return Err(Error::invalid(field, target::TargetError::NotHttps.to_string()));
            }
            plain.push(host);
        }
        let (clock, random) = (self.0.directory.clone(), self.0.directory.clone());
        let transport = Transport::new(policy, move || clock.now(), move || fraction(&random));
        Ok(if plain.is_empty() { transport } else { transport.with_resolver(Confined { plain, networks }) })
    }
}

fn no_secret() -> Error {
    Error::invalid("secret", "no secret is stored for this connection; enter it again")
}

fn credentials(connection: &Connection, secret: &Secret) -> Credentials {
    match &connection.authentication {
        Authentication::Bearer => Credentials::Bearer(secret.clone()),
        Authentication::Basic { user } => Credentials::Basic { user: user.clone(), password: secret.clone() },
        Authentication::ClientCredentials { token_url, client_id, scope, in_body } => {
            Credentials::ClientCredentials(ClientCredentials {
                token_url: token_url.clone(),
                client_id: client_id.clone(),
                client_secret: secret.clone(),
                scope: scope.clone(),
                location: if *in_body { CredentialLocation::Body } else { CredentialLocation::Header },
            })
        }
    }
}

fn fraction(directory: &directory::Directory) -> f64 {
    f64::from(u32::from_be_bytes(directory.random().bytes::<4>())) / (f64::from(u32::MAX) + 1.0)
}

fn allowed(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// What goes over the wire in the clear goes to allowed networks only, whatever address the name has today.
struct Confined {
    /// Hosts that are spoken to in plain http.
    plain: Vec<String>,
    networks: Vec<Network>,
}

impl Resolve for Confined {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let mut found = SystemResolver.resolve(host).await?;
            if self.plain.iter().any(|plain| plain.eq_ignore_ascii_case(host)) {
                found.retain(|address| allowed(&self.networks, *address));
                if found.is_empty() {
                    let why =
                        "plain http is allowed only in the networks that the operator of this server allows";
                    return Err(io::Error::other(why));
                }
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use directory::{Directory, PublicUrl, Random, SystemClock};
    use store::Store;

    use super::*;
    use crate::seal::Seal;
    use crate::{Options, Provisioning};

    fn provisioning(networks: &[&str]) -> Provisioning {
        let store = Store::open(store::Options::memory()).unwrap();
        let url = PublicUrl::parse("https://muster.example").unwrap();
        let secret = directory::Secret::new([9; 32]);
        let directory = Directory::new(store.clone(), Arc::new(SystemClock), Random::seeded(1), &secret, url);
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        Provisioning::new(directory, store, Seal::new(&[1; 32]), Options { networks, ..Options::default() })
    }

    #[test]
    fn plain_http_goes_to_allowed_networks_only() {
        let token = |url: &str| Connection {
            authentication: Authentication::ClientCredentials {
                token_url: url.into(),
                client_id: "c".into(),
                scope: None,
                in_body: false,
            },
            ..Connection::new("https://scim.example/v2")
        };
        let cases = [
            (Connection::new("https://scim.example/v2"), &[][..], None),
            (Connection::new("http://scim.example/v2"), &[], Some("tenantUrl")),
            (Connection::new("https://127.0.0.1/v2"), &[], Some("tenantUrl")),
            (Connection::new("http://127.0.0.1:8080/v2"), &["127.0.0.0/8"], None),
            (Connection::new("http://[::1]:8080/v2"), &["127.0.0.0/8"], Some("tenantUrl")),
            (Connection::new("http://1.1.1.1:8080/v2"), &["127.0.0.0/8"], Some("tenantUrl")),
            (token("https://login.example/token"), &[], None),
            (token("http://login.example/token"), &[], Some("tokenUrl")),
            (token("http://8.8.8.8/token"), &["10.0.0.0/8"], Some("tokenUrl")),
        ];
        for (connection, networks, refused) in cases {
            let client = provisioning(networks).client(&connection, Some(&Secret::new("s")));
            let field = match &client {
                Err(Error::Invalid { field, .. }) => Some(*field),
                _ => None,
            };
            assert_eq!((client.is_err(), field), (refused.is_some(), refused), "{connection:?} {networks:?}");
        }
    }

    #[test]
    fn no_secret_and_no_token_to_send_are_said() {
        let connection = Connection::new("https://scim.example/v2");
        for secret in [None, Some(Secret::new(" ")), Some(Secret::new("a\u{7}b"))] {
            let client = provisioning(&[]).client(&connection, secret.as_ref());
            assert!(matches!(client, Err(Error::Invalid { field: "secret", .. })), "{client:?}");
        }
    }

    #[tokio::test]
    async fn names_spoken_to_in_the_clear_must_be_in_an_allowed_network() {
        let resolver = |plain: &str, network: &str| Confined {
            plain: vec![plain.into()],
            networks: vec![network.parse().unwrap()],
        };
        // The control: the same name, spoken to over TLS.
        assert!(resolver("other", "10.0.0.0/8").resolve("localhost").await.is_ok());
        assert!(resolver("localhost", "10.0.0.0/8").resolve("LOCALHOST").await.is_err());
        let found = resolver("localhost", "127.0.0.0/8").resolve("localhost").await.unwrap();
        assert!(found.iter().all(|address| address.is_loopback() && address.is_ipv4()), "{found:?}");
    }
}
