//! `muster serve`: bind, open, say so, serve until told to stop, drain, close.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use web::{App, Limits, Tls, WebOptions};

use crate::config::Config;
use crate::house::{Create, House, networks};
use crate::output::{Doing as _, Failure, Output, Result, print_line};

/// How long `/readyz` is red before the listener closes: a load balancer that asks each second or two may notice.
const NOTICE: Duration = Duration::from_millis(500);

pub(crate) async fn command(config: &Config, output: Output) -> Result<ExitCode> {
    let options = WebOptions {
        rate_limit: config.rate_limit.value,
        // 0 is off, and off is off for both.
        failed_keys: if config.rate_limit.value == 0 { 0 } else { WebOptions::default().failed_keys },
        trusted_proxies: networks(&config.trusted_proxies.value, "trusted proxy")?,
        validator_networks: networks(&config.validator_allow.value, "network for the validator")?,
        ..WebOptions::default()
    };
    let tls = tls(config)?;
    let stop = Stop::listen()?;
    let listener = bind(&config.listen.value).await?;
    let address = listener.local_addr().doing("the listening address")?;
    let public_url = public_url(config, address);
    let house = House::open(config, &public_url, Create::Yes)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listening = format!("{scheme}://{address}");
    config.folder().note_server(&public_url, &listening)?;
    let text = || format!("listening on {listening}");
    if output.json {
        print_line(&json!({ "listening": listening }).to_string())
    } else {
        print_line(&text())
    }
    tracing::info!(%listening, %public_url, data = %config.data.value.display(), "ready");
    let served = run(listener, &house, options, tls, stop.wait()).await;
    house.close().await;
    tracing::info!("stopped");
    served.map(|()| ExitCode::SUCCESS)
}

/// Serve until `shutdown`, then drain.
pub(crate) async fn run(
    listener: TcpListener,
    house: &House,
    options: WebOptions,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let directory = house.directory.clone();
    let maintenance = tokio::spawn(async move { directory.maintain().await });
    let (halt, halted) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(house.provisioning.clone().work(halted));
    let app = App::new(house.directory.clone(), house.provisioning.clone(), options);
    let announced = {
        let (app, halt) = (app.clone(), halt.clone());
        async move {
            shutdown.await;
            app.drain();
            // A running cycle stops after what it is doing, and goes on when a server is there again.
            halt.send_replace(true);
            tokio::time::sleep(NOTICE).await;
        }
    };
    let served = web::serve(listener, app, tls, Limits::default(), announced).await;
    halt.send_replace(true);
    let _ = worker.await;
    maintenance.abort();
    // Aborted or not, it must have let go of the store before that is closed.
    let _ = maintenance.await;
    served.doing("the server")
}

pub(crate) async fn bind(listen: &str) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(format!("cannot listen on {listen}: {error}"))
            .hint("choose another address with --listen, as in --listen 127.0.0.1:8081")
    })
}

/// The configured public URL, else the address that is listened on. What an earlier server noted is not this one's.
fn public_url(config: &Config, address: SocketAddr) -> String {
    let configured = config.public_url.source != crate::config::Source::Server;
    if let (true, Some(url)) = (configured, &config.public_url.value) {
        return url.clone();
    }
    let scheme = if config.tls_cert.value.is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() {
        tracing::warn!("links name localhost, which other machines cannot follow; set --public-url");
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

fn tls(config: &Config) -> Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (&config.tls_cert.value, &config.tls_key.value) else {
        return Ok(None);
    };
    Tls::from_pem_files(certificate, key).map(Some).doing("TLS")
}

/// SIGTERM and SIGINT, caught from the moment this is made.
pub(crate) struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self> {
        let catch = |kind| signal(kind).doing("signals");
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    pub(crate) async fn wait(mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping: running requests may end, no new ones begin");
    }
}
