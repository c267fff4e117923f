//! A private PostgreSQL cluster for tests: made in a temporary folder, on a port of its own, and gone with the process that made
//! it, however that ends. It can be killed and started again, whole or one backend at a time.
//!
//! No part of the product: rooms name it among their dev-dependencies only (`cargo xtask tidy`).

mod account;
mod error;
mod process;
mod programs;
mod scratch;
mod server;
mod watchdog;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::TempDir;

pub use error::Error;
pub use scratch::scratch;

use account::Account;
use error::{Doing as _, Result};
use programs::Programs;
use server::Server;
use watchdog::Watchdog;

/// The role that owns everything; without a password, since the cluster listens on the loopback address alone.
pub const ROLE: &str = "muster";

/// How the server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Off makes tests quicker that are not about what survives.
    pub fsync: bool,
    pub connections_max: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { fsync: true, connections_max: 200 }
    }
}

/// A PostgreSQL server with its data. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    account: Account,
    options: Options,
    port: u16,
    /// `None` while it is killed.
    server: Mutex<Option<Server>>,
    databases: AtomicU32,
    /// Before the watchdog: what is removed here, it need not.
    folder: TempDir,
    _watchdog: Watchdog,
}

impl Cluster {
    /// # Errors
    /// PostgreSQL is not installed, which says what to install; a cluster cannot be made or started here.
    pub fn start(options: Options) -> Result<Self> {
        let programs = Programs::find()?;
        let account = Account::choose()?;
        let folder =
            tempfile::Builder::new().prefix("muster-cluster-").tempdir().doing("a temporary folder")?;
        account.give(folder.path())?;
        let watchdog = Watchdog::over(folder.path())?;
        let data = folder.path().join("data");
        let mut initdb = account.command(&programs.server("initdb"), folder.path());
        initdb.arg("-D").arg(&data).args([
            "-U",
            ROLE,
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(&mut initdb)?;
        let (port, server) = Server::on_some_port(&programs, &account, folder.path(), &options)?;
        let server = Mutex::new(Some(server));
        let databases = AtomicU32::new(0);
        Ok(Self { programs, account, options, port, server, databases, folder, _watchdog: watchdog })
    }

    /// One for all tests of this process, made when the first asks for it. It is for tests that kill nothing.
    ///
    /// # Panics
    /// As [`Self::start`] fails: a test without PostgreSQL has failed.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Options::default()).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// The server does not run.
    pub fn database(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        let mut createdb = Command::new(self.programs.client("createdb"));
        createdb.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", ROLE]);
        // Nobody is ever connected to template0, so any number can be made at once.
        run(createdb.args(["-T", "template0", &name]))?;
        Ok(format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port))
    }

    /// Remove a database. `false` while somebody is connected to it.
    pub(crate) fn remove(&self, url: &str) -> bool {
        let name = url.rsplit('/').next().unwrap_or_default();
        let mut dropdb = Command::new(self.programs.client("dropdb"));
        dropdb.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", ROLE, "--if-exists", name]);
        run(&mut dropdb).is_ok()
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `psql` prints for a command on a database of this cluster.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn psql(&self, url: &str, command: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.client("psql"));
        run(psql.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command]))
    }

    /// SIGKILL to one backend that serves a client, the `choice`-th modulo their number. The server then ends all others,
    /// recovers and goes on. `false` if no client is connected.
    ///
    /// # Errors
    /// The server does not run.
    pub fn kill_backend(&self, choice: u64) -> Result<bool> {
        let server = self.server();
        let backends = running(&server)?.backends();
        let Some(at) = choice.checked_rem(backends.len() as u64) else { return Ok(false) };
        let chosen = usize::try_from(at).ok().and_then(|at| backends.get(at));
        chosen.map_or(Ok(false), |backend| process::signal("KILL", &[*backend]).map(|()| true))
    }

    /// SIGKILL to the server and all its processes, which are gone when this returns. Once killed, it stays so until
    /// [`Self::start_again`].
    ///
    /// # Errors
    /// A process does not go.
    pub fn kill_server(&self) -> Result<()> {
        self.server().take().map_or(Ok(()), |mut server| server.kill())
    }

    /// On the data that is there, under the same port. Returns when it answers: after its recovery.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&self) -> Result<()> {
        let mut server = self.server();
        if server.is_none() {
            *server =
                Some(Server::start(&self.programs, &self.account, self.folder(), self.port, &self.options)?);
        }
        Ok(())
    }

    /// Wait until it answers, as after [`Self::kill_backend`].
    ///
    /// # Errors
    /// It does not run, or recovers for too long.
    pub fn ready(&self) -> Result<()> {
        let mut server = self.server();
        let server = server.as_mut().ok_or_else(|| Error::new("the server was killed"))?;
        server.ready(&self.programs, self.folder(), self.port)
    }

    /// SIGSTOP to all processes of the server: connections stay open and nobody answers.
    ///
    /// # Errors
    /// The server does not run.
    pub fn pause(&self) -> Result<()> {
        running(&self.server())?.signal_all("STOP")
    }

    /// # Errors
    /// The server does not run.
    pub fn resume(&self) -> Result<()> {
        running(&self.server())?.signal_all("CONT")
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn running(server: &Option<Server>) -> Result<&Server> {
    server.as_ref().ok_or_else(|| Error::new("the server was killed"))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data: PathBuf = self.folder.path().join("data");
        let segment = watchdog::segment(&data);
        if let Some(mut server) = self.server().take() {
            server.stop();
        }
        watchdog::remove_segment(segment);
    }
}

/// What it printed.
fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().doing(&format!("{command:?}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{command:?}: {}: {}", output.status, said.trim())))
}
