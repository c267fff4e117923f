//! Servers of others, started from what `cargo xtask ci` has installed.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::client::Client;
use crate::server::PATIENCE;

const TOKEN: &str = "third-party-token";

pub(crate) struct ThirdParty {
    child: Child,
    /// `HOST:PORT`
    pub(crate) address: String,
    /// Path of the SCIM Base URL.
    pub(crate) base: &'static str,
}

/// Where the servers are installed: `MUSTER_TARGETS`, or `target/targets` of the checkout.
fn installed(what: &str) -> Option<PathBuf> {
    let named = std::env::var_os("MUSTER_TARGETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/targets"));
    let path = folder.join(what);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("MUSTER_REQUIRE_TARGETS").is_some_and(|value| value == "1");
    assert!(!required, "no third-party target at {}", path.display());
    eprintln!(
        "DID NOT RUN: there is no third-party target at {}; `cargo xtask ci` installs it",
        path.display()
    );
    None
}

impl ThirdParty {
    /// <https://pypi.org/project/scim2-server/>
    pub(crate) fn scim2_server() -> Option<Self> {
        let program = installed("scim2-server/bin/scim2-server")?;
        // It does not tell which port it was given, so one is chosen for it.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--bearer-token", TOKEN]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some(Self { child, address: format!("127.0.0.1:{port}"), base: "/v2" })
    }

    /// <https://www.npmjs.com/package/scimmy-routers> in `fixtures/targets/scimmy/server.mjs`.
    pub(crate) fn scimmy() -> Option<Self> {
        let folder = installed("scimmy")?;
        installed("scimmy/node_modules")?;
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(folder).env("TOKEN", TOKEN).env("PORT", "0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, address: format!("127.0.0.1:{}", line.trim()), base: "/scim" })
    }

    /// A client of its API, as soon as it answers.
    pub(crate) async fn client(&self) -> Client {
        let client = Client::new(&format!("http://{}{}", self.address, self.base), TOKEN);
        let began = std::time::Instant::now();
        while client.try_send("GET", "/Users", &[], None).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "{} does not answer", self.address);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        client
    }
}

impl Drop for ThirdParty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
