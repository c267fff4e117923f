//! What must hold of every page of the console, looked at in the browser: it fits a narrow screen, can be used without
//! eyes and with weak ones, in light and dark, and the browser has nothing to complain about. And its picture.

use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::browser::Browser;

/// A telephone held upright.
const NARROW: (u32, u32) = (360, 740);
const WIDE: (u32, u32) = (1280, 800);

/// Finds what is wrong for those who hear a page instead of seeing it. An open dialog is all there is of its page.
const ACCESSIBLE: &str = r#"
    const wrong = [];
    const scope = document.querySelector("dialog[open]") || document;
    const all = css => [...scope.querySelectorAll(css)].filter(e => !e.closest("dialog:not([open])"));
    const told = e => e.outerHTML.replace(/\s+/g, " ").slice(0, 160);
    const by = (e, name) => (e.getAttribute(name) || "").split(/\s+/).filter(Boolean).map(id => document.getElementById(id));
    const name = e => {
      const clone = e.cloneNode(true);
      clone.querySelectorAll("[aria-hidden=true]").forEach(hidden => hidden.remove());
      const named = by(e, "aria-labelledby").map(n => n ? n.textContent : "").join(" ");
      return (named || e.getAttribute("aria-label") || clone.textContent || e.title || "").trim();
    };
    if (!document.documentElement.lang) wrong.push("the page has no language");
    if (!document.title.trim()) wrong.push("the page has no title");
    if (document.querySelectorAll("main").length !== 1) wrong.push("there is not one main part");
    const first = all("h1").map(h => h.textContent);
    if (first.length !== 1) wrong.push("not one h1 but " + JSON.stringify(first));
    let level = scope === document ? 0 : 1;
    for (const h of all("h1, h2, h3, h4, h5, h6").filter(h => h.checkVisibility())) {
      const next = Number(h.tagName[1]);
      if (next > level + 1 && level > 0) wrong.push("a heading is skipped before " + told(h));
      level = next;
    }
    for (const e of all("input:not([type=hidden]):not([hidden]), select, textarea")) {
      if (!(e.labels && e.labels.length && name(e.labels[0])) && !name(e)) wrong.push("no label: " + told(e));
    }
    for (const e of all("button, a[href], summary, [role=button]")) if (!name(e)) wrong.push("no name: " + told(e));
    for (const e of all("img")) if (!e.hasAttribute("alt")) wrong.push("no alternative: " + told(e));
    for (const e of all("svg")) {
      if (e.getAttribute("aria-hidden") !== "true" && !(e.getAttribute("role") === "img" && name(e))) wrong.push("a picture without words: " + told(e));
    }
    for (const e of all("table")) {
      if (!e.caption && !name(e)) wrong.push("a table without caption: " + told(e));
      for (const th of e.querySelectorAll("th")) if (!th.textContent.trim()) wrong.push("an empty header: " + told(th));
    }
    const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
    const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
    if (twice.length) wrong.push("ids that are there twice: " + twice);
    for (const attribute of ["aria-describedby", "aria-labelledby", "aria-controls"]) {
      for (const e of all("[" + attribute + "]")) if (by(e, attribute).includes(null)) wrong.push(attribute + " leads nowhere: " + told(e));
    }
    for (const e of all("label[for]")) if (!document.getElementById(e.htmlFor)) wrong.push("a label of nothing: " + told(e));
    for (const e of all("[tabindex]")) if (e.tabIndex > 0) wrong.push("an order of its own: " + told(e));
    // WCAG 2.2, 2.5.8: targets of 24 by 24 pixels, except links in a line of text.
    for (const e of all("button, a.button, .menu a, .tabs a, a.chip, input:not([type=hidden]), select")) {
      const box = e.getBoundingClientRect();
      const small = e.matches("[type=checkbox], [type=radio]") ? 16 : 24;
      if (box.width && (box.width < small || box.height < small)) wrong.push("too small to hit, " + box.width + " by " + box.height + ": " + told(e));
    }
    return wrong;
"#;

/// Finds text that is too pale for its background (WCAG 2.2, 1.4.3: 4.5 to 1; 3 to 1 for large text).
const READABLE: &str = r#"
    const wrong = [];
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const paint = colours => {
      pen.clearRect(0, 0, 1, 1);
      for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
      return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set();
    while (texts.nextNode()) {
      const e = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || seen.has(e) || !e.checkVisibility() || e.closest("noscript, .sr, .skip, svg, [aria-disabled=true], option")) continue;
      if (document.querySelector("dialog[open]") && !e.closest("dialog[open]")) continue;
      seen.add(e);
      const style = getComputedStyle(e);
      const below = [];
      for (let at = e; at; at = at.parentElement) below.unshift(getComputedStyle(at).backgroundColor);
      const ground = paint(["Canvas", ...below]);
      const [a, b] = [light(ground), light(paint(["Canvas", ...below, style.color]))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) wrong.push(ratio.toFixed(2) + " to 1: " + e.outerHTML.replace(/\s+/g, " ").slice(0, 140));
    }
    return wrong;
"#;

/// What sticks out to the right, if the page scrolls sideways.
const FITS: &str = r#"
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const held = e => { for (let at = e.parentElement; at; at = at.parentElement) if (getComputedStyle(at).overflowX !== "visible") return true; return false; };
    const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > root.clientWidth && !held(e));
    return ["it is " + root.scrollWidth + " wide", ...out.slice(0, 5).map(e => e.outerHTML.replace(/\s+/g, " ").slice(0, 160))];
"#;

/// Show every text as if the server were at another address.
const ELSEWHERE: &str = r#"
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(arguments[0], arguments[1]);
    if (document.activeElement) document.activeElement.blur();
"#;

/// Looks at pages, and keeps their pictures if `MUSTER_SCREENSHOTS` names a folder for them. What is wrong is told all at
/// once by [`Inspector::verdict`].
pub(crate) struct Inspector {
    folder: Option<PathBuf>,
    wrong: Mutex<Vec<String>>,
    /// Where the server is; pictures show the address of the guide instead.
    url: String,
}

impl Inspector {
    pub(crate) fn new(url: &str) -> Self {
        let folder = std::env::var_os("MUSTER_SCREENSHOTS").map(PathBuf::from);
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
        }
        Self { folder, wrong: Mutex::default(), url: url.to_owned() }
    }

    /// Fails if anything was wrong with any page.
    pub(crate) fn verdict(&self) {
        let wrong = self.wrong();
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// What was wrong since the last time.
    pub(crate) fn wrong(&self) -> String {
        std::mem::take(&mut *self.wrong.lock().unwrap()).join("\n")
    }

    /// Everything that must hold of the page that is shown, which is to be clean on the browser's console too.
    pub(crate) async fn look(&self, browser: &Browser, name: &str) {
        self.look_and_expect(browser, name, None).await;
    }

    /// The same for an answer with an error status, which browsers note on their console.
    pub(crate) async fn look_at_refusal(&self, browser: &Browser, name: &str, status: u16) {
        self.look_and_expect(browser, name, Some(format!("responded with a status of {status}"))).await;
    }

    async fn look_and_expect(&self, browser: &Browser, name: &str, expected: Option<String>) {
        let complaints = browser.complaints().await;
        let is_expected = |text: &str| expected.as_deref().is_some_and(|expected| text.contains(expected));
        let others: Vec<String> = complaints
            .into_iter()
            .map(|c| c.text)
            .filter(|text| !is_expected(text) && !is_broken_off(text))
            .collect();
        self.note(name, "without complaints of the browser", &json!(others));
        self.note(name, "accessible", &browser.script(ACCESSIBLE, &[]).await);
        for dark in [false, true] {
            browser.dark(dark).await;
            let theme = if dark { "readable in dark" } else { "readable in light" };
            self.note(name, theme, &browser.script(READABLE, &[]).await);
        }
        browser.resize(NARROW.0, NARROW.1).await;
        self.note(name, "without sideways scrolling at 360 pixels", &browser.script(FITS, &[]).await);
        browser.dark(false).await;
        browser.resize(WIDE.0, WIDE.1).await;
        self.note(name, "without sideways scrolling at 1280 pixels", &browser.script(FITS, &[]).await);
        self.keep(browser, name).await;
    }

    fn note(&self, page: &str, what: &str, wrong: &Value) {
        let wrong =
            wrong.as_array().unwrap().iter().map(|line| format!("the page {page} is not {what}: {line}"));
        self.wrong.lock().unwrap().extend(wrong);
    }

    async fn keep(&self, browser: &Browser, name: &str) {
        let Some(folder) = &self.folder else { return };
        let file = |kind: &str| folder.join(format!("{name}-{kind}.png"));
        let other = "http://127.0.0.1:8080";
        browser.script(ELSEWHERE, &[json!(self.url), json!(other)]).await;
        browser.hide_scrollbars(true).await;
        for (dark, theme) in [(false, "light"), (true, "dark")] {
            browser.dark(dark).await;
            browser.resize(NARROW.0, NARROW.1).await;
            browser.picture(&file(&format!("{theme}-360")), true).await;
            browser.resize(WIDE.0, WIDE.1).await;
            browser.picture(&file(theme), false).await;
        }
        browser.dark(false).await;
        let height = browser.script("return document.documentElement.scrollHeight", &[]).await;
        browser.resize(WIDE.0, u32::try_from(height.as_u64().unwrap()).unwrap()).await;
        browser.picture(&file("light-whole"), false).await;
        browser.resize(WIDE.0, WIDE.1).await;
        browser.hide_scrollbars(false).await;
        browser.script(ELSEWHERE, &[json!(other), json!(self.url)]).await;
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.wrong.lock().map(|wrong| wrong.join("\n")).unwrap_or_default());
        }
    }
}

/// htmx notes on the console that it has broken off a request whose page was left, or that a newer one has replaced. A request
/// that fails is noted besides by what it failed of.
fn is_broken_off(text: &str) -> bool {
    text.contains("htmx:sendAbort") || text.contains("htmx:afterRequest,")
}
