//! The server's processes.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use crate::account::Account;
use crate::error::{Doing as _, Error, Result};
use crate::process::{self, MOMENT, PATIENCE};
use crate::programs::Programs;
use crate::{Options, ROLE};

/// Below the ports that systems give to outgoing connections, so that nobody has taken it when a killed server comes again.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// On a port that nobody has. Somebody may take it between looking and starting; then it is another one.
    pub(crate) fn on_some_port(
        programs: &Programs,
        account: &Account,
        folder: &Path,
        options: &Options,
    ) -> Result<(u16, Self)> {
        let mut last = Error::new("no port is free");
        for port in free_ports().take(5) {
            match Self::start(programs, account, folder, port, options) {
                Ok(server) => return Ok((port, server)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(crate) fn start(
        programs: &Programs,
        account: &Account,
        folder: &Path,
        port: u16,
        options: &Options,
    ) -> Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join("log")).doing("the log")?;
        let mut postgres = account.command(&programs.server("postgres"), folder);
        postgres.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
        for (name, value) in [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("unix_socket_directories", folder.display().to_string()),
            ("max_connections", options.connections_max.to_string()),
            ("fsync", on_off(options.fsync)),
            ("shared_buffers", "64MB".to_owned()),
            // Nobody reads it but who looks for why a test failed.
            ("log_line_prefix", "%m [%p] %d ".to_owned()),
        ] {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        let both = log.try_clone().doing("the log")?;
        let child = postgres.stdin(Stdio::null()).stdout(both).stderr(log).spawn().doing("postgres")?;
        let mut server = Self { child };
        match server.ready(programs, folder, port) {
            Ok(()) => Ok(server),
            Err(error) => {
                server.stop();
                Err(error)
            }
        }
    }

    pub(crate) fn ready(&mut self, programs: &Programs, folder: &Path, port: u16) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().doing("postgres")? {
                return Err(Error::new(format!("PostgreSQL ended ({status}): {}", tail(folder))));
            }
            let mut ask = Command::new(programs.client("pg_isready"));
            ask.args([
                "-q",
                "-t",
                "5",
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-U",
                ROLE,
                "-d",
                "postgres",
            ]);
            if ask.status().doing("pg_isready")?.success() {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::new(format!("PostgreSQL does not answer: {}", tail(folder))));
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// The processes that serve clients.
    pub(crate) fn backends(&self) -> Vec<u32> {
        let mut backends = process::children(self.child.id());
        backends.retain(|backend| process::title(*backend).starts_with(&format!("postgres: {ROLE} ")));
        backends.sort_unstable();
        backends
    }

    pub(crate) fn signal_all(&self, name: &str) -> Result<()> {
        let mut all = process::children(self.child.id());
        all.push(self.child.id());
        process::signal(name, &all)
    }

    /// Nothing of it runs afterwards; a successor that met a process of the old one would refuse to start.
    pub(crate) fn kill(&mut self) -> Result<()> {
        // Stopped first, it has no more children than were counted.
        process::signal("STOP", &[self.child.id()])?;
        let children = process::children(self.child.id());
        self.child.kill().doing("postgres")?;
        process::signal("KILL", &children)?;
        self.child.wait().doing("postgres")?;
        process::gone(&children)
    }

    /// At once, and with all that belongs to it; the data is not needed any more.
    pub(crate) fn stop(&mut self) {
        let children = process::children(self.child.id());
        let _ = self.signal_all("CONT");
        let _ = process::signal("QUIT", &[self.child.id()]);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > PATIENCE / 4 {
                let _ = self.kill();
                return;
            }
            std::thread::sleep(MOMENT);
        }
        let _ = process::gone(&children);
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

/// The end of the server's log.
fn tail(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let from = log.lines().count().saturating_sub(8);
    log.lines().skip(from).collect::<Vec<_>>().join("\n")
}

/// Processes begin at different places, so that two of them seldom look at the same port.
fn free_ports() -> impl Iterator<Item = u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let size = u32::from(PORTS.end - PORTS.start);
    let first = std::process::id().wrapping_mul(37) % size;
    (0..size).filter_map(move |_| {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + u16::try_from((first + step) % size).ok()?;
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}
