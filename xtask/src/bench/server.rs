//! The processes under test.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::endpoint::Endpoint;

/// Instead of the release build of `muster`.
static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

pub(super) fn choose(binary: Option<PathBuf>) {
    if let Some(binary) = binary {
        let _ = CHOSEN.set(binary);
    }
}

fn release(program: &str) -> PathBuf {
    if let ("muster", Some(chosen)) = (program, CHOSEN.get()) {
        return chosen.clone();
    }
    // Built together, they lie beside each other, wherever that is.
    let beside = std::env::current_exe().ok().and_then(|own| own.parent().map(|folder| folder.join(program)));
    beside.unwrap_or_else(|| crate::root().join("target/release").join(program))
}

async fn listening(child: &mut Child) -> anyhow::Result<SocketAddr> {
    let mut lines = BufReader::new(child.stdout.take().context("standard output")?).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(at) = line.find("listening on http://") {
            let address = line[at + "listening on http://".len()..].trim().parse()?;
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(address);
        }
    }
    bail!("the server ended before it was ready")
}

pub(super) struct Floor {
    pub(super) address: SocketAddr,
    child: Child,
}

impl Floor {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let mut child =
            Command::new(release("xtask")).arg("floor").stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        Ok(Self { address: listening(&mut child).await?, child })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

pub(super) struct Muster {
    pub(super) address: SocketAddr,
    pub(super) tenant: String,
    pub(super) key: String,
    child: Child,
}

impl Muster {
    pub(super) async fn start_with(data: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        // The database, which commands need to be told of as the server is.
        let at =
            flags.iter().position(|flag| *flag == "--database-url").map_or(&[][..], |at| &flags[at..at + 2]);
        let tenant = command(data, &[&["tenant", "create", "Bench"], at].concat()).await?;
        let tenant = text(&tenant, "id")?;
        let key = ["key", "create", "--tenant", &tenant, "--name", "bench", "--scope", "SCIM2"];
        let key = text(&command(data, &[&key, at].concat()).await?, "key")?;
        // Warnings and errors only: a server that ends says why. The limit is on, and out of reach.
        let mut child = Command::new(release("muster"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--rate-limit",
                "1000000000",
                "--log",
                "warn",
                "--data",
            ])
            .arg(data)
            .args(flags)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { address: listening(&mut child).await?, tenant, key, child })
    }

    /// SCIM Base URL and key of another tenant.
    pub(super) async fn tenant(&self, data: &Path, name: &str) -> anyhow::Result<(String, String)> {
        let tenant = command(data, &["tenant", "create", name]).await?;
        let tenant = text(&tenant, "id")?;
        let key = ["key", "create", "--tenant", &tenant, "--name", "target", "--scope", "SCIM2"];
        let key = text(&command(data, &key).await?, "key")?;
        Ok((format!("http://{}/scim/v2/{tenant}", self.address), key))
    }

    /// `muster app …` beside the server, with the secret that goes to the target.
    pub(super) async fn app(&self, data: &Path, arguments: &[&str], secret: &str) -> anyhow::Result<Value> {
        let mut command = Command::new(release("muster"));
        command.arg("app").args(arguments).args(["--tenant", &self.tenant, "--json", "--data"]).arg(data);
        command.env("BENCH_SECRET", secret).env("MUSTER_PROVISION_ALLOW", "127.0.0.0/8");
        let output = command.output().await?;
        anyhow::ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("JSON")
    }

    /// SCIM requests answered so far, of all tenants.
    pub(super) async fn scim_requests(&self) -> anyhow::Result<u64> {
        let mut connection = super::client::Connection::open(self.address).await?;
        let answer = connection.send(&super::client::request("GET", "/metrics", "none", None)).await?;
        let text = String::from_utf8(answer.body)?;
        let counts = text
            .lines()
            .filter_map(|line| line.strip_prefix("muster_requests_total{route=\"/scim/v2/"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }

    /// From now on [`Self::peak_memory_kib`] tells of what follows.
    pub(super) fn forget_peak_memory(&self) {
        if let Some(id) = self.child.id() {
            let _ = std::fs::write(format!("/proc/{id}/clear_refs"), "5");
        }
    }

    /// The most that was resident at any time.
    pub(super) fn peak_memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    pub(super) fn path(&self, path: &str) -> String {
        format!("/scim/v2/{}{path}", self.tenant)
    }

    pub(super) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Vec<u8> {
        self.endpoint().request(method, path, body.map(Value::to_string).as_deref())
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint {
            address: self.address,
            host: self.address.to_string(),
            base: self.path(""),
            key: self.key.clone(),
            prefix: "",
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// `muster import` of a file beside the server.
    pub(super) async fn import(&self, data: &Path, flags: &[&str], file: &Path) -> anyhow::Result<()> {
        let file = file.to_str().context("a file name")?;
        command(data, &[&["import", "--tenant", &self.tenant, file], flags].concat()).await.map(drop)
    }

    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("the server has ended by itself")?;
        Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the server did not end well: {status}");
        Ok(())
    }
}

async fn command(data: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = Command::new(release("muster"))
        .args(arguments)
        .arg("--json")
        .arg("--data")
        .arg(data)
        .output()
        .await?;
    if !output.status.success() {
        bail!("muster {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    Ok(value.get(name).and_then(Value::as_str).with_context(|| format!("{name} in {value}"))?.to_owned())
}

/// Durable 4 KiB writes a second in the folder, for half a second: what one commit costs here and now.
pub(super) fn fsync_rate(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("fsync-probe");
    let mut file = OpenOptions::new().create_new(true).write(true).open(&path)?;
    let started = Instant::now();
    let mut count = 0u32;
    while started.elapsed() < Duration::from_millis(500) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
