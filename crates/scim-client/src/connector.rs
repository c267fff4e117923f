//! Opens connections: resolve once, check every address, connect to a checked one, keep the name for TLS.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::{FailureKind, Phase, TlsProblem};
use crate::limits;
use crate::tls;
use crate::transport::Transport;

/// Why there is no connection; nothing has been sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no connection")]
pub(crate) struct ConnectError(pub(crate) FailureKind);

#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) transport: Transport,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) timeout: Duration,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new).map_err(ConnectError) })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, FailureKind> {
        let deadline = Instant::now() + self.timeout;
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let addresses = within(deadline, Phase::Resolve, self.addresses(host)).await??;
        let stream = self.dial(&addresses, port, deadline).await?;
        // Small requests must not wait for acknowledgements; a socket that refuses the option still works.
        let _ = stream.set_nodelay(true);
        if !secure {
            return Ok(Stream::Plain(stream));
        }
        // The name in the certificate has no dot at its end.
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| FailureKind::Unsendable(format!("\"{host}\" cannot be a name in a certificate")))?;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        match within(deadline, Phase::Handshake, handshake).await? {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => Err(handshake_failed(&error)),
        }
    }

    /// All addresses of the host, each of them checked: a name with one forbidden address is refused whole.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, FailureKind> {
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => {
                let found = self.transport.resolver.resolve(host).await;
                found.map_err(|e| FailureKind::Dns(e.to_string()))?
            }
        };
        if found.is_empty() {
            return Err(FailureKind::Dns(format!("{host} has no address")));
        }
        for &address in &found {
            self.transport
                .policy
                .check(host, address)
                .map_err(|blocked| FailureKind::Blocked(Box::new(blocked)))?;
        }
        Ok(found.into_iter().take(limits::ADDRESSES).collect())
    }

    async fn dial(
        &self,
        addresses: &[IpAddr],
        port: u16,
        deadline: Instant,
    ) -> Result<TcpStream, FailureKind> {
        let mut failed = FailureKind::Timeout(Phase::Connect);
        for (index, &address) in addresses.iter().enumerate() {
            // Each address gets an equal part of what is left, so that a dead one does not use up the others' time.
            let left = deadline.saturating_duration_since(Instant::now());
            let parts = u32::try_from(addresses.len() - index).unwrap_or(1);
            let until = Instant::now() + left / parts;
            let attempt = TcpStream::connect(SocketAddr::new(address, port));
            match within(until, Phase::Connect, attempt).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failed = dial_failed(&error),
                Err(timeout) => failed = timeout,
            }
        }
        Err(failed)
    }
}

async fn within<T>(deadline: Instant, phase: Phase, work: impl Future<Output = T>) -> Result<T, FailureKind> {
    timeout_at(deadline, work).await.map_err(|_| FailureKind::Timeout(phase))
}

fn dial_failed(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            FailureKind::Reset(Phase::Connect)
        }
        io::ErrorKind::TimedOut => FailureKind::Timeout(Phase::Connect),
        _ => FailureKind::Unreachable(error.to_string()),
    }
}

fn handshake_failed(error: &io::Error) -> FailureKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (inner, error.kind()) {
        (Some(inner), _) => FailureKind::Tls(tls::problem(inner)),
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            FailureKind::Reset(Phase::Handshake)
        }
        (None, _) => FailureKind::Tls(TlsProblem::Other(error.to_string())),
    }
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
