//! A running `muster serve` in a folder of its own, and commands beside it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;

/// How long anything may take that should take well under a second; not a measure, only an end to waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The JSON document of a command that succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// The program, cut off from this machine's own configuration.
pub(crate) fn program() -> Command {
    cut_off(Command::new(env!("CARGO_BIN_EXE_muster")))
}

fn cut_off(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUSTER_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Run a command in a data folder.
pub(crate) fn muster(data: &Path, arguments: &[&str]) -> Ran {
    muster_with(data, arguments, None)
}

/// The same with something on standard input.
pub(crate) fn muster_with(data: &Path, arguments: &[&str], input: Option<&str>) -> Ran {
    let mut command = program();
    command.args(arguments).arg("--data").arg(data).stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A tenant with a key of full scope.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) key_id: String,
    pub(crate) client: Client,
}

pub(crate) struct Server {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    log: Arc<Mutex<String>>,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    folder: Option<TempDir>,
}

impl Server {
    /// In a folder that goes when the server goes.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_in(&folder.path().join("data"), arguments);
        server.folder = Some(folder);
        server
    }

    /// On a folder that stays. No rate limit, unless the arguments set one.
    pub(crate) fn start_in(data: &Path, arguments: &[&str]) -> Self {
        Self::launch(program(), data, arguments)
    }

    /// In a folder that goes when the server goes; certificates that `authority` (PEM) signed are trusted, and no others.
    pub(crate) fn start_trusting(authority: &Path, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut program = program();
        program.env("SSL_CERT_FILE", authority).env_remove("SSL_CERT_DIR");
        let mut server = Self::launch(program, &folder.path().join("data"), arguments);
        server.folder = Some(folder);
        server
    }

    /// The same, where writing to a file beyond so many blocks is an error, as on a disk that fails; not a full disk.
    pub(crate) fn start_on_failing_disk(data: &Path, blocks: u32) -> Self {
        let mut shell = cut_off(Command::new("sh"));
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_muster")]);
        Self::launch(shell, data, &[])
    }

    fn launch(mut command: Command, data: &Path, arguments: &[&str]) -> Self {
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        if !arguments.contains(&"--rate-limit") {
            command.args(["--rate-limit", "0"]);
        }
        let mut child =
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().unwrap();
        std::thread::spawn({
            let log = log.clone();
            move || {
                let mut buffer = [0; 4096];
                while let Ok(n @ 1..) = stderr.read(&mut buffer) {
                    log.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
                }
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| {
            std::thread::sleep(Duration::from_millis(200));
            panic!("no ready line but {line:?}; log: {}", log.lock().unwrap())
        });
        Self { url: url.to_owned(), child, _stdout: stdout, log, data: data.to_owned(), folder: None }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `HOST:PORT`
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A command beside this server.
    pub(crate) fn muster(&self, arguments: &[&str]) -> Ran {
        muster(&self.data, arguments)
    }

    pub(crate) fn tenant(&self, name: &str) -> Tenant {
        let tenant = self.muster(&["tenant", "create", name, "--json"]).json();
        let id = tenant["id"].as_str().unwrap().to_owned();
        let (key_id, client) = self.key(&id, &["--scope", "SCIM2"]);
        Tenant { id, key_id, client }
    }

    /// A key of a tenant: its id, and a client that uses it.
    pub(crate) fn key(&self, tenant: &str, arguments: &[&str]) -> (String, Client) {
        let fixed = ["key", "create", "--tenant", tenant, "--name", "test", "--json"];
        let key = self.muster(&[&fixed[..], arguments].concat()).json();
        let base = format!("{}/scim/v2/{tenant}", self.url);
        (key["id"].as_str().unwrap().to_owned(), Client::new(&base, key["key"].as_str().unwrap()))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: no chance to do anything more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if started.elapsed() > PATIENCE => {
                    panic!("the server does not end; log: {}", self.log())
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4_000);
            eprintln!("--- log of the server ---\n{}", log.get(tail..).unwrap_or(&log));
        }
    }
}
