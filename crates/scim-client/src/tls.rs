//! TLS towards targets: rustls, always verified. A private authority is added for one target; there is no way to skip.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::failure::TlsProblem;
use crate::secret::Secret;

#[derive(Clone, Default)]
pub struct TlsOptions {
    /// PEM certificates of authorities that are trusted besides the public ones, for this target only.
    pub authorities: Option<String>,
    /// PEM certificate chain and private key that we show to the target (mutual TLS).
    pub identity: Option<(String, Secret)>,
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authorities, identity } = self;
        write!(f, "TlsOptions {{ authorities: {}, identity: {} }}", authorities.is_some(), identity.is_some())
    }
}

/// The system's authorities; a container without any gets Mozilla's.
static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(loaded.certs);
    if added == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
});

/// # Errors
/// What is wrong with the PEM text, for the administrator who entered it.
pub(crate) fn config(options: &TlsOptions) -> Result<ClientConfig, String> {
    let roots = match &options.authorities {
        None => Arc::clone(&ROOTS),
        Some(pem) => {
            let mut roots = RootCertStore::clone(&ROOTS);
            for certificate in certificates(pem, "certificate authority")? {
                roots
                    .add(certificate)
                    .map_err(|e| format!("the certificate authority cannot be used: {e}"))?;
            }
            Arc::new(roots)
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots);
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|_| "the private key is not PEM".to_owned())?;
            builder
                .with_client_auth_cert(certificates(chain, "client certificate")?, key)
                .map_err(|e| format!("the client certificate cannot be used: {e}"))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("the {what} is not PEM; it begins with -----BEGIN CERTIFICATE-----")),
    }
}

/// What a handshake failed of.
pub(crate) fn problem(error: &rustls::Error) -> TlsProblem {
    use rustls::Error;
    match error {
        Error::InvalidCertificate(why) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsProblem::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsProblem::Untrusted,
            CertificateError::Revoked => TlsProblem::Revoked,
            // A self-signed certificate that calls itself an authority.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                TlsProblem::Untrusted
            }
            other => TlsProblem::Other(other.to_string()),
        },
        Error::InvalidMessage(_) => TlsProblem::NotTls,
        other => TlsProblem::Other(other.to_string()),
    }
}
