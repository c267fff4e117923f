//! Chromium without a window, driven through chromedriver over plain HTTP (W3C WebDriver, and CDP where that has no word).
//!
//! Everything waits for a condition and fails with what it waited for; nothing sleeps and hopes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::PATIENCE;

/// How often a condition is looked at again.
const GLANCE: Duration = Duration::from_millis(25);

/// The name under which WebDriver hands out elements (W3C WebDriver §11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

const SWITCHES: [&str; 9] = [
    "--headless=new",
    // Chromium's own sandbox asks for rights that a build machine's container does not have; the pages are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
];

/// Something in the page.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

impl Element {
    /// As an argument of a script.
    fn handle(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }

    fn of(value: &Value) -> Option<Self> {
        value.get(ELEMENT).and_then(Value::as_str).map(|id| Self(id.to_owned()))
    }
}

/// A line of the browser's console that is no mere remark.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) level: String,
    pub(crate) text: String,
}

pub(crate) struct Browser {
    driver: Child,
    profile: TempDir,
    http: reqwest::Client,
    /// `127.0.0.1:PORT` of chromedriver.
    address: String,
    session: String,
}

/// The program's path, or what to install.
fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&path));
    places.map(|place| place.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "the console is tested in a real browser, and {name} is missing: it is in the Debian package {package} \
             (apt-get install chromium chromium-driver)"
        )
    })
}

/// chromedriver on a port of its own choice.
fn start_driver() -> (Child, String) {
    let mut command = Command::new(program("chromedriver", "chromium-driver"));
    command.args(["--port=0", "--allowed-ips=127.0.0.1", "--log-level=WARNING"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut driver = command.spawn().unwrap();
    let ready = port_of(driver.stdout.take().unwrap());
    let Ok(port) = ready else {
        let ended = driver.kill().and_then(|()| driver.wait());
        panic!("chromedriver (Debian package chromium-driver) did not start: {ready:?} {ended:?}");
    };
    (driver, format!("127.0.0.1:{port}"))
}

/// The port that chromedriver says it listens on; all it says if it does not.
fn port_of(output: ChildStdout) -> Result<String, String> {
    let mut output = BufReader::new(output);
    let mut said = String::new();
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap_or(0) == 0 {
            return Err(said);
        }
        if let Some((_, port)) = line.trim().trim_end_matches('.').rsplit_once("successfully on port ") {
            let port = port.to_owned();
            // Nobody reads on, and the driver must not stop at a full pipe.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            return Ok(port);
        }
        said.push_str(&line);
    }
}

impl Browser {
    /// A browser that nobody has used before.
    pub(crate) async fn open() -> Self {
        let chromium = program("chromium", "chromium");
        let profile = tempfile::tempdir().unwrap();
        let (driver, address) = start_driver();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut browser = Self { driver, profile, http, address, session: String::new() };
        let switches: Vec<String> = SWITCHES
            .iter()
            .map(ToString::to_string)
            .chain([format!("--user-data-dir={}", browser.profile.path().display())])
            .collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": switches },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = browser.post("/session", &wanted).await.unwrap_or_else(|why| panic!("no browser: {why}"));
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.answer(self.http.post(format!("http://{}{path}", self.address)).json(body)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let reply = request.send().await.map_err(|error| format!("chromedriver: {error}"))?;
        let mut document: Value = reply.json().await.map_err(|error| format!("chromedriver: {error}"))?;
        let value = document["value"].take();
        match value.get("error").and_then(Value::as_str) {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or(""))),
            None => Ok(value),
        }
    }

    async fn command(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.post(&format!("/session/{}{path}", self.session), body).await
    }

    async fn asked(&self, path: &str) -> Result<Value, String> {
        self.answer(self.http.get(format!("http://{}/session/{}{path}", self.address, self.session))).await
    }

    /// A command of the Chrome DevTools protocol.
    pub(crate) async fn cdp(&self, name: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": name, "params": parameters });
        self.command("/goog/cdp/execute", &body).await.unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    // ---- pages

    pub(crate) async fn go(&self, url: &str) {
        self.command("/url", &json!({ "url": url })).await.unwrap_or_else(|why| panic!("{url}: {why}"));
    }

    pub(crate) async fn back(&self) {
        self.command("/back", &json!({})).await.unwrap();
    }

    pub(crate) async fn url(&self) -> String {
        self.asked("/url").await.unwrap().as_str().unwrap().to_owned()
    }

    /// Path and query.
    pub(crate) async fn path(&self) -> String {
        let url = self.url().await;
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned())
    }

    /// What a script's `return` gives; elements come and go as handles.
    pub(crate) async fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.try_script(script, arguments).await.unwrap_or_else(|why| panic!("{script}: {why}"))
    }

    async fn try_script(&self, script: &str, arguments: &[Value]) -> Result<Value, String> {
        self.command("/execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// What a script hands to its last argument, a function.
    pub(crate) async fn script_later(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.command("/execute/async", &body).await.unwrap_or_else(|why| panic!("{script}: {why}"))
    }

    /// Look again and again until the script gives something that is not `null`, `false` or `""`. A page that is just
    /// being replaced by another one is no error.
    pub(crate) async fn until(&self, what: &str, script: &str, arguments: &[Value]) -> Value {
        let started = Instant::now();
        loop {
            let seen = self.try_script(script, arguments).await;
            match &seen {
                Ok(value) if !matches!(value, Value::Null | Value::Bool(false)) && value != "" => {
                    return value.clone();
                }
                _ if started.elapsed() > PATIENCE => {
                    let (url, text) = (self.url().await, self.text("body").await);
                    panic!("waited in vain for {what} ({seen:?}) at {url}; the page says:\n{text}")
                }
                _ => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    // ---- things in the page

    /// The first element of this selector, once there is one.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.until(css, "return document.querySelector(arguments[0])", &[json!(css)]).await;
        Element::of(&found).unwrap()
    }

    /// The button or link with this name, as somebody sees or hears it, once it can be seen.
    pub(crate) async fn named(&self, name: &str) -> Element {
        const NAMED: &str = r#"
            const open = document.querySelector("dialog[open]") || document;
            const heard = e => { const clone = e.cloneNode(true); clone.querySelectorAll("[aria-hidden=true]").forEach(h => h.remove()); return clone.textContent; };
            const name = e => (e.getAttribute("aria-label") || heard(e)).replace(/\s+/g, " ").trim();
            const all = [...open.querySelectorAll("a[href], button, summary")];
            return all.find(e => name(e) === arguments[0] && e.checkVisibility() && e.getClientRects().length > 0) || null;
        "#;
        let found = self.until(&format!("the button or link {name:?}"), NAMED, &[json!(name)]).await;
        Element::of(&found).unwrap()
    }

    /// The field with this label.
    pub(crate) async fn field(&self, label: &str) -> Element {
        const FIELD: &str = r#"
            const open = document.querySelector("dialog[open]") || document;
            const plain = text => text.replace(/\*/g, "").replace(/\s+/g, " ").trim();
            const all = [...open.querySelectorAll("input, select, textarea")].filter(e => e.checkVisibility());
            const labels = e => e.getAttribute("aria-label") ? [e.getAttribute("aria-label")]
                : [...(e.labels || [])].map(l => (l.firstChild.textContent || ""));
            return all.find(e => labels(e).some(l => plain(l) === arguments[0])) || null;
        "#;
        let found = self.until(&format!("the field {label:?}"), FIELD, &[json!(label)]).await;
        Element::of(&found).unwrap()
    }

    /// A mouse click, at the place where the element is; refused if something lies over it.
    pub(crate) async fn click(&self, element: &Element) {
        let path = format!("/element/{}/click", element.0);
        self.command(&path, &json!({})).await.unwrap_or_else(|why| panic!("click: {why}"));
    }

    /// Click the button or link with this name.
    pub(crate) async fn press(&self, name: &str) {
        let element = self.named(name).await;
        self.click(&element).await;
    }

    /// Type into an element, key by key.
    pub(crate) async fn keys(&self, element: &Element, text: &str) {
        let path = format!("/element/{}/value", element.0);
        self.command(&path, &json!({ "text": text })).await.unwrap_or_else(|why| panic!("keys: {why}"));
    }

    /// Replace what is in the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let element = self.field(label).await;
        self.command(&format!("/element/{}/clear", element.0), &json!({})).await.unwrap();
        self.keys(&element, text).await;
    }

    /// Choose from the drop-down with this label, with the keyboard: the driver's click on an option leaves events out.
    pub(crate) async fn choose(&self, label: &str, option: &str) {
        let offered = self.options(label).await;
        assert!(offered.iter().any(|text| text == option), "{label} offers no {option:?} but {offered:?}");
        let element = self.field(label).await;
        self.keys(&element, option).await;
    }

    /// What the drop-down with this label offers.
    pub(crate) async fn options(&self, label: &str) -> Vec<String> {
        let element = self.field(label).await;
        let texts =
            self.script("return [...arguments[0].options].map(o => o.text)", &[element.handle()]).await;
        strings(&texts)
    }

    /// Whether a box or a choice is on.
    pub(crate) async fn is_ticked(&self, element: &Element) -> bool {
        self.script("return arguments[0].checked", &[element.handle()]).await == true
    }

    /// Whether a button cannot be pressed now.
    pub(crate) async fn is_disabled(&self, element: &Element) -> bool {
        self.script("return arguments[0].disabled", &[element.handle()]).await == true
    }

    /// What is behind a link, without leaving the page that is shown.
    pub(crate) async fn fetched(&self, link: &Element) -> String {
        let href = self.script("return arguments[0].href", &[link.handle()]).await;
        const FETCH: &str = r"
            const done = arguments[arguments.length - 1];
            fetch(URL).then(answer => answer.text()).then(done, () => done(null));
        ";
        let text = self.script_later(&FETCH.replace("URL", &href.to_string())).await;
        text.as_str().unwrap_or_else(|| panic!("{href} could not be read")).to_owned()
    }

    /// The rows of the table of this page and of the older ones behind it, a bar between their cells, without leaving the
    /// page that is shown.
    pub(crate) async fn rows_of_all_pages(&self, path: &str) -> Vec<String> {
        const ROWS: &str = r#"
            const done = arguments[arguments.length - 1];
            (async () => {
              const text = cell => cell.textContent.replace(/\s+/g, " ").trim();
              const rows = [];
              for (let next = PATH; next; ) {
                const page = new DOMParser().parseFromString(await (await fetch(next)).text(), "text/html");
                for (const row of page.querySelectorAll("main tbody tr")) rows.push([...row.cells].map(text).join(" | "));
                const older = [...page.querySelectorAll(".pager a")].find(link => link.textContent.trim() === "Older");
                next = older ? older.getAttribute("href") : null;
              }
              return rows;
            })().then(done, () => done(null));
        "#;
        let rows = self.script_later(&ROWS.replace("PATH", &json!(path).to_string())).await;
        assert!(rows.is_array(), "{path} could not be read: {rows}");
        strings(&rows)
    }

    pub(crate) async fn value(&self, label: &str) -> String {
        let element = self.field(label).await;
        self.script("return arguments[0].value", &[element.handle()]).await.as_str().unwrap().to_owned()
    }

    /// The text that is seen of the first element of this selector; nothing if there is none.
    pub(crate) async fn text(&self, css: &str) -> String {
        const TEXT: &str = "const e = document.querySelector(arguments[0]); return e ? e.innerText : ''";
        self.try_script(TEXT, &[json!(css)])
            .await
            .ok()
            .and_then(|t| t.as_str().map(ToOwned::to_owned))
            .unwrap_or_default()
    }

    /// The texts of all elements of this selector.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        const TEXTS: &str = r"return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.replace(/\s+/g, ' ').trim())";
        strings(&self.script(TEXTS, &[json!(css)]).await)
    }

    /// An attribute of the first element of this selector, once there is one.
    pub(crate) async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.find(css).await;
        let value = self
            .script("return arguments[0].getAttribute(arguments[1])", &[element.handle(), json!(name)])
            .await;
        value.as_str().map(ToOwned::to_owned)
    }

    /// Until the text is in the element of this selector.
    pub(crate) async fn sees(&self, css: &str, text: &str) {
        const SEES: &str = r"
            const text = e => e.innerText.replace(/\s+/g, ' ');
            return [...document.querySelectorAll(arguments[0])].some(e => text(e).includes(arguments[1]));
        ";
        self.until(&format!("{text:?} in {css}"), SEES, &[json!(css), json!(text)]).await;
    }

    /// Until the page has this title above its content.
    pub(crate) async fn on_page(&self, title: &str) {
        const TITLE: &str = "return document.readyState === 'complete' && document.querySelector('main h1')?.innerText === arguments[0]";
        self.until(&format!("the page {title:?}"), TITLE, &[json!(title)]).await;
    }

    // ---- the browser itself

    /// The size of what is seen of a page, whatever the window around it; narrower than a window can be, too.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(crate) async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": value },
            // Colours change at once, so that what is looked at is what stays.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// In pictures of whole pages they would take place that is not there.
    pub(crate) async fn hide_scrollbars(&self, hidden: bool) {
        self.cdp("Emulation.setScrollbarsHidden", json!({ "hidden": hidden })).await;
    }

    pub(crate) async fn allow_script(&self, allowed: bool) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed })).await;
    }

    /// Let pages of this origin read and write the clipboard without a question.
    pub(crate) async fn allow_clipboard(&self, origin: &str) {
        let permissions =
            json!({ "origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.cdp("Browser.grantPermissions", permissions).await;
    }

    /// What is on the clipboard.
    pub(crate) async fn clipboard(&self) -> Option<String> {
        const READ: &str = r#"
            const done = arguments[arguments.length - 1];
            navigator.clipboard.readText().then(done, () => done(null));
        "#;
        self.script_later(READ).await.as_str().map(ToOwned::to_owned)
    }

    /// PNG of what is seen, or of the whole page.
    pub(crate) async fn picture(&self, file: &Path, whole: bool) {
        let shot = self
            .cdp("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": whole }))
            .await;
        std::fs::write(file, BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// Warnings and errors on the browser's console since the last time: scripts that failed, what the content security
    /// policy refused, what could not be loaded.
    pub(crate) async fn complaints(&self) -> Vec<Complaint> {
        let log = self.command("/se/log", &json!({ "type": "browser" })).await.unwrap();
        let entries = log.as_array().cloned().unwrap_or_default();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("").to_owned();
        let all = entries.iter().map(|e| Complaint { level: text(e, "level"), text: text(e, "message") });
        all.filter(|complaint| matches!(complaint.level.as_str(), "SEVERE" | "WARNING")).collect()
    }

    /// The processes of this browser: those that were started with its profile, which nothing else has.
    fn processes(&self) -> Vec<String> {
        let profile = self.profile.path().to_string_lossy().into_owned();
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let ours = |id: &String| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&profile)
        };
        ids.filter(|id| id.bytes().all(|b| b.is_ascii_digit())).filter(ours).collect()
    }

    /// Ask the browser to close; an answer means that it has.
    fn close(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "DELETE /session/{} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.session, self.address
        )?;
        stream.read_exact(&mut [0; 12])
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.close();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        for id in self.processes() {
            let _ = Command::new("kill").args(["-s", "KILL", &id]).stderr(Stdio::null()).status();
        }
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(ToOwned::to_owned)).collect()
}

#[test]
#[should_panic(expected = "apt-get install chromium chromium-driver")]
fn a_missing_browser_is_asked_for_by_its_package() {
    program("no-such-browser", "chromium");
}
