//! Certificates that should not be trusted, and the private authority that may be.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use scim_client::client::Options;
use scim_client::{AddressPolicy, Client, Failure, FailureKind, Request, Target, TlsOptions, TlsProblem};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{Names, options, read, scim, transport};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server with a certificate of this authority; its port.
    async fn serve(&self, name: &str, years: (i32, i32)) -> u16 {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                if let Ok(Some(_)) = read(&mut stream).await {
                    stream.write_all(&scim("200 OK", "{}")).await.unwrap();
                    let _ = stream.shutdown().await;
                }
            }
        });
        port
    }
}

async fn ask(port: u16, authorities: Option<String>) -> Result<u16, Failure> {
    let names = Names::new(vec![("scim.test", vec![Ipv4Addr::LOCALHOST.into()])]);
    let policy = AddressPolicy { http: false, ..AddressPolicy::loopback() };
    let transport = transport(policy).with_resolver(names);
    let target = Target::parse(&format!("https://scim.test:{port}/v2"), &transport.policy).unwrap();
    let tls = TlsOptions { authorities, identity: None };
    let client = Client::new(target, transport, Options { tls, ..options() }).unwrap();
    client.send(&Request::get("/Users")).await.map(|reply| reply.status)
}

#[tokio::test]
async fn only_a_trusted_current_certificate_of_that_name_will_do() {
    let authority = Authority::new();
    let pem = || Some(authority.pem());
    let check = |result: Result<u16, Failure>, expect: TlsProblem| {
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Tls(expect));
        assert!(failure.is_systemic() && !failure.is_ambiguous() && !failure.is_transient());
    };
    let good = authority.serve("scim.test", (2020, 4000)).await;
    assert_eq!(ask(good, pem()).await.unwrap(), 200);
    check(ask(good, None).await, TlsProblem::Untrusted);
    check(ask(good, Some(Authority::new().pem())).await, TlsProblem::Untrusted);
    check(ask(authority.serve("scim.test", (2020, 2021)).await, pem()).await, TlsProblem::Expired);
    check(ask(authority.serve("scim.test", (3999, 4000)).await, pem()).await, TlsProblem::NotYetValid);
    check(ask(authority.serve("other.test", (2020, 4000)).await, pem()).await, TlsProblem::WrongName);
}

#[test]
fn broken_pem_is_refused_in_words() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let transport = transport(AddressPolicy::default());
        let target = Target::parse("https://a.example", &transport.policy).unwrap();
        let tls = TlsOptions { authorities: Some(pem.to_owned()), identity: None };
        let error = Client::new(target, transport, Options { tls, ..options() }).unwrap_err();
        assert!(error.to_string().contains("certificate authority"), "{error}");
    }
}
