//! Notification e-mail of the real binary: through TLS from the first byte, through STARTTLS, and not to somebody whom nobody
//! vouches for.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{PATIENCE, Server, program};

const ALLOW: &str = "127.0.0.0/8";
const APP: &str = "Visual Passcodes";
const PASSWORD: &str = "hunter2-of-the-mail-server";

/// A mail server with a certificate of its own making.
struct Catcher {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    certificate: PathBuf,
    _folder: tempfile::TempDir,
}

#[derive(Clone, Copy, PartialEq)]
enum Tls {
    FromTheFirstByte,
    StartTls,
}

impl Catcher {
    fn start(tls: Tls) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("mail.pem");
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::default();
        let (config, taken) = (Arc::new(config), Arc::clone(&mails));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, taken) = (Arc::clone(&config), Arc::clone(&taken));
                std::thread::spawn(move || serve(stream, tls, config, &taken));
            }
        });
        Self { port, mails, certificate, _folder: folder }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://muster:{PASSWORD}@localhost:{}", self.port)
    }
}

fn serve(
    stream: TcpStream,
    tls: Tls,
    config: Arc<rustls::ServerConfig>,
    mails: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let stream = match tls {
        Tls::FromTheFirstByte => stream,
        Tls::StartTls => {
            let mut plain = &stream;
            plain.write_all(b"220 catcher\r\n")?;
            let mut lines = BufReader::new(&stream);
            let mut line = String::new();
            lines.read_line(&mut line)?;
            plain.write_all(b"250-catcher\r\n250 STARTTLS\r\n")?;
            line.clear();
            lines.read_line(&mut line)?;
            assert_eq!(line.trim(), "STARTTLS", "nothing is said in the clear");
            plain.write_all(b"220 go on\r\n")?;
            stream
        }
    };
    let connection = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut secured = rustls::StreamOwned::new(connection, stream);
    if tls == Tls::FromTheFirstByte {
        secured.write_all(b"220 catcher\r\n")?;
    }
    converse(secured, mails)
}

fn converse(stream: impl Read + Write, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut mail, mut line) = (None::<String>, String::new());
    let mut signed_in = false;
    while stream.read_line(&mut line)? > 0 {
        let text = line.trim_end().to_owned();
        line.clear();
        if let Some(body) = &mut mail {
            if text == "." {
                mails.lock().unwrap().extend(mail.take());
                stream.get_mut().write_all(b"250 taken\r\n")?;
            } else {
                body.push_str(&text);
                body.push('\n');
            }
            continue;
        }
        let reply: &[u8] = match text.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => b"250-catcher\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => {
                let told = text.rsplit(' ').next().unwrap_or_default();
                let told =
                    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, told).unwrap_or_default();
                signed_in = told == format!("\0muster\0{PASSWORD}").as_bytes();
                if signed_in { b"235 welcome\r\n" } else { b"535 no\r\n" }
            }
            "MAIL" if !signed_in => b"530 sign in first\r\n",
            "DATA" => {
                mail = Some(String::new());
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        stream.get_mut().write_all(reply)?;
    }
    Ok(())
}

/// A server that mails through `url` and vouches for `authority`; a company with an application whose key was revoked after
/// the test had passed; started.
fn quarantined(url: &str, authority: &Path) -> (Server, String) {
    let arguments = ["--provision-allow", ALLOW, "--smtp-url", url, "--mail-from", "muster@contoso.example"];
    let server = Server::start_trusting(authority, &arguments);
    let (company, provider) = (server.tenant("Contoso"), server.tenant("Sign-in"));
    let app = |arguments: &[&str]| {
        let mut command = program();
        command.arg("app").args(arguments).arg("--data").arg(&server.data).args([
            "--tenant",
            &company.id,
            "--json",
        ]);
        command
            .env("MUSTER_PROVISION_ALLOW", ALLOW)
            .env("APP_SECRET", &provider.client.key)
            .stderr(Stdio::inherit());
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    app(&["create", APP, "--target-url", &provider.client.base, "--secret-env", "APP_SECRET"]);
    app(&["set", APP, "--notify", "ops@contoso.example"]);
    assert_eq!(server.muster(&["key", "revoke", &provider.key_id]).code, 0);
    app(&["start", APP]);
    (server, company.id)
}

/// What the audit log says of the notification.
fn notified(server: &Server, company: &str) -> Value {
    let started = Instant::now();
    loop {
        let rows = server.muster(&["audit", "list", "--tenant", company, "--json"]).json();
        let text = rows.to_string();
        let found =
            rows.as_array().and_then(|rows| rows.iter().find(|row| row["action"] == "job.notify").cloned());
        if let Some(row) = found {
            return row;
        }
        assert!(started.elapsed() < PATIENCE, "{text}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_quarantine_reaches_the_administrator() {
    for (tls, scheme) in [(Tls::FromTheFirstByte, "smtps"), (Tls::StartTls, "smtp")] {
        let catcher = Catcher::start(tls);
        let (server, company) = quarantined(&catcher.url(scheme), &catcher.certificate);
        let row = notified(&server, &company);
        assert_eq!(row["detail"]["sent"], true, "{scheme}: {row}");
        let mails = catcher.mails.lock().unwrap().clone();
        assert_eq!(mails.len(), 1, "{scheme}");
        let mail = mails[0].replace("=\n", "");
        for part in [
            APP,
            "To: ops@contoso.example",
            "401",
            "Test Connection",
            &format!("{}/t/{company}/apps/", server.url),
        ] {
            assert!(mail.contains(part), "{part}: {mail}");
        }
        assert!(!mail.contains("mst_") && !server.log().contains(PASSWORD));
    }
}

#[test]
fn nobody_is_written_to_through_a_server_that_nobody_vouches_for() {
    let (catcher, other) = (Catcher::start(Tls::FromTheFirstByte), Catcher::start(Tls::StartTls));
    // It trusts a certificate, and not this one.
    let (server, company) = quarantined(&catcher.url("smtps"), &other.certificate);
    let row = notified(&server, &company);
    assert_eq!(row["detail"]["sent"], false, "{row}");
    assert!(row["detail"]["why"].as_str().unwrap().to_lowercase().contains("certificate"), "{row}");
    assert!(catcher.mails.lock().unwrap().is_empty());
}
