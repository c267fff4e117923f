//! Where the server is, and how it is reached.

use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::stream::Socket;
use crate::error::{Error, Result};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// A server with its database, from a URL.
#[derive(Clone)]
pub(crate) struct Server {
    pub(super) config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("database", &self.config.get_dbname()).finish_non_exhaustive()
    }
}

impl Server {
    /// `postgres://user:password@host:port/database`, with the parameters of libpq that there is a use for: `sslmode`
    /// (`disable`, `require`; default: TLS unless the server is on this machine), `sslrootcert` (a PEM file; default: the
    /// system's), `host` for a folder with a socket.
    ///
    /// # Errors
    /// [`Error::Unsupported`], which never quotes the URL: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (url, root) = take_root(url);
        let config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            use std::error::Error as _;
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            Error::Unsupported(format!("the database URL cannot be understood: {cause}"))
        })?;
        if config.get_hosts().is_empty() {
            return Err(Error::Unsupported("the database URL names no host".into()));
        }
        let local = config.get_hosts().iter().all(is_local);
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Prefer => !local,
            _ => true,
        };
        let tls = tls.then(|| trust(root)).transpose()?;
        let mut config = config;
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        if config.get_application_name().is_none() {
            config.application_name("muster");
        }
        Ok(Self { config, tls })
    }

    /// A socket to the first host that answers, its name for TLS, and how to encrypt.
    pub(super) fn dial(&self) -> Result<(Socket, String, Option<MakeRustlsConnect>)> {
        let mut last = Error::Unsupported("the database URL names no host".into());
        let ports = self.config.get_ports();
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match dial(host, port).and_then(Socket::prepare) {
                Ok(socket) => {
                    let (name, tls) = match host {
                        Host::Tcp(name) => (name.clone(), self.tls.clone()),
                        Host::Unix(_) => (String::new(), None),
                    };
                    return Ok((socket, name, tls));
                }
                Err(error) => last = Error::Away(error.to_string()),
            }
        }
        Err(last)
    }
}

fn dial(host: &Host, port: u16) -> std::io::Result<Socket> {
    match host {
        Host::Unix(folder) => Ok(Socket::Unix(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}")))?)),
        Host::Tcp(name) => {
            let mut last = std::io::Error::other("the name has no address");
            for address in (name.as_str(), port).to_socket_addrs()? {
                match TcpStream::connect_timeout(&address, CONNECT) {
                    Ok(socket) => return Ok(Socket::Tcp(socket)),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// The URL without `sslrootcert`, which the driver does not know, and its value.
fn take_root(url: &str) -> (String, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut root = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("sslrootcert=") {
            Some(path) => root = Some(PathBuf::from(path)),
            // What libpq calls these is what is done in any case: the certificate is verified.
            None if matches!(pair, "sslmode=verify-full" | "sslmode=verify-ca") => {
                kept.push("sslmode=require")
            }
            None => kept.push(pair),
        }
    }
    let query = kept.join("&");
    (if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }, root)
}

fn trust(root: Option<PathBuf>) -> Result<MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore::empty();
    match root {
        Some(path) => {
            let unusable = |e: &dyn std::fmt::Display| {
                Error::Unsupported(format!("sslrootcert {}: {e}", path.display()))
            };
            let certificates = CertificateDer::pem_file_iter(&path).map_err(|e| unusable(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| unusable(&e))?;
                roots.add(certificate).map_err(|e| unusable(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Unsupported(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
