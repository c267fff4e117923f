//! The accept loop: plain and TLS connections, HTTP/1.1, with a limit on everything a client can hold open.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::client_address::Peer;
use crate::guard::Ambiguous;
use crate::metrics::Metrics;
use crate::router::Product;
use crate::stream::{Patience, Seen, Stream};
use crate::tls::Tls;

/// Of the time after the shutdown signal, what is left to running requests in any case.
const REQUESTS_MIN: Duration = Duration::from_secs(1);

/// What clients may hold open, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    pub connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub headers: usize,
    pub handshake: Duration,
    /// From the first byte of a head to its end.
    pub head: Duration,
    /// Between two requests of a connection.
    pub idle: Duration,
    /// Until a client takes some bytes of an answer.
    pub write: Duration,
    /// After the shutdown signal: for runs of the validator to clean up, then for running requests.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            head_bytes: 64 * 1024,
            headers: 100,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

struct Server {
    product: Arc<Product>,
    metrics: Arc<Metrics>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    draining: watch::Receiver<bool>,
}

/// Serve `app` on `listener` until `shutdown`; then let running requests end.
///
/// # Errors
/// None at present: a connection that fails ends alone.
pub async fn serve(
    listener: TcpListener,
    app: crate::App,
    tls: Option<Tls>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (drain, draining) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.connections));
    let server = Arc::new(Server {
        metrics: app.metrics.clone(),
        product: Product::new(app.clone()),
        tls: tls.map(|tls| TlsAcceptor::from(tls.0)),
        limits,
        draining,
    });
    // Meanwhile connections are accepted still: a run on a tenant's own endpoint cleans up through them.
    let mut shutdown = pin!(async {
        shutdown.await;
        app.drain();
        let end = Instant::now() + server.limits.drain;
        if timeout_at(end, app.runs.ended()).await.is_err() {
            tracing::warn!(
                "runs of the validator had not cleaned up after {:?}; the rest of what they created stays",
                server.limits.drain
            );
        }
        end
    });
    let end = loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, place))
        };
        tokio::select! {
            end = &mut shutdown => break end,
            accepted = accepted => match accepted {
                Some((Ok((connection, peer)), place)) => {
                    tokio::spawn(server.clone().connection(connection, Peer(peer), place));
                }
                Some((Err(error), _)) => refused(&error).await,
                None => break Instant::now() + server.limits.drain,
            },
        }
    };
    drop(listener);
    drain.send_replace(true);
    let all = u32::try_from(server.limits.connections).unwrap_or(u32::MAX);
    let end = end.max(Instant::now() + REQUESTS_MIN.min(server.limits.drain));
    if timeout_at(end, places.acquire_many(all)).await.is_err() {
        tracing::warn!("requests were still running after {:?}; they are cut off", server.limits.drain);
    }
    Ok(())
}

/// Out of file descriptors, most likely: waiting lets some be freed. A connection that broke before it was accepted needs
/// no wait.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "a connection cannot be accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Server {
    async fn connection(self: Arc<Self>, connection: TcpStream, peer: Peer, place: OwnedSemaphorePermit) {
        self.metrics.connection_opened();
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        match &self.tls {
            None => self.http(connection, peer).await,
            Some(acceptor) => {
                match tokio::time::timeout(self.limits.handshake, acceptor.accept(connection)).await {
                    Ok(Ok(stream)) => self.http(stream, peer).await,
                    Ok(Err(error)) => tracing::debug!(%error, peer = %peer.0, "TLS handshake failed"),
                    Err(_) => tracing::debug!(peer = %peer.0, "TLS handshake took too long"),
                }
            }
        }
        self.metrics.connection_closed();
        drop(place);
    }

    async fn http<I: AsyncRead + AsyncWrite + Unpin>(&self, connection: I, peer: Peer) {
        let patience = Patience { head: self.limits.head, idle: self.limits.idle, write: self.limits.write };
        let seen = Arc::<Seen>::default();
        let stream = Stream::new(connection, patience, seen.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            if seen.is_ambiguous() {
                request.extensions_mut().insert(Ambiguous);
            }
            let (product, seen) = (self.product.clone(), seen.clone());
            async move {
                let mut answer = product.answer(request).await;
                if seen.is_opaque() {
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            // The stream keeps these times itself, apart for a head that trickles in and a pause between requests.
            .header_read_timeout(None)
            .max_headers(self.limits.headers)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut draining = self.draining.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = async { drop(draining.wait_for(|draining| *draining).await) } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %peer.0, "the connection ended early");
        }
    }
}
