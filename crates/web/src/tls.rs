//! TLS for the listener: TLS 1.2 and 1.3, certificate chain and key from PEM files.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What the accept loop needs to speak TLS.
#[derive(Clone)]
pub struct Tls(pub(crate) Arc<ServerConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// # Errors
    /// A file cannot be read, holds no certificate or key, or the key does not fit the certificate.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> io::Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| refused(certificate, &e))?;
        if chain.is_empty() {
            return Err(refused(certificate, &"it holds no certificate"));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|e| refused(key, &e))?;
        // Entra ID speaks TLS 1.2 with ECDHE suites; ring offers those and the ones of TLS 1.3.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|e| refused(key, &e))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

fn refused(file: &Path, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {why}", file.display()))
}
