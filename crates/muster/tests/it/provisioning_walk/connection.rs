//! The provisioning configuration: Tenant URL, secret token, Test Connection, Create (items 15 to 20).

use serde_json::{Value, json};

use super::cast::{APP, Walk};
use super::stranger;

/// Items 15 and 16: Provisioning → + New configuration; the token is masked.
pub(super) async fn is_new_and_asks(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("").await;
    browser.on_page(APP).await;
    walk.panel("/provisioning").await;
    walk.on("Provisioning").await;
    browser.sees("main", "Provisioning is not configured").await;
    walk.look("provisioning-none").await;
    browser.press("New configuration").await;
    browser.on_page("New provisioning configuration").await;
    assert!(browser.options("Authentication method").await.contains(&"Bearer authentication".to_owned()));
    browser.choose("Authentication method", "Bearer authentication").await;
    assert_eq!(browser.attribute("#secret_token", "type").await.as_deref(), Some("password"));
    let create = browser.named("Create").await;
    assert!(browser.is_disabled(&create).await, "nothing has been tested yet");
    walk.look("configuration-new").await;
}

/// What is saved of it.
fn connection(walk: &Walk) -> Value {
    walk.command(&["show", APP])["config"]["connection"].clone()
}

async fn test(walk: &Walk, url: &str, token: &str) {
    let browser = &walk.stage.browser;
    browser.fill("Tenant URL", url).await;
    browser.fill("Secret token", token).await;
    browser.until("the last result to go", "return !document.querySelector('[data-result]')", &[]).await;
    browser.press("Test Connection").await;
    if url.contains("/silent") {
        browser.sees(".waiting", "Asking the target").await;
        walk.look("configuration-testing").await;
    }
    browser.find("[data-result]").await;
}

/// Item 19: each failure names its cause, Create stays disabled, and nothing is saved.
pub(super) async fn names_what_is_wrong_and_saves_nothing(walk: &Walk) {
    let browser = &walk.stage.browser;
    let key = &walk.keys[0];
    let other_tenant = key.base.replace(&walk.provider.id, &walk.bystander.id);
    let stranger = stranger::open().await;
    let gone = stranger::gone().await;
    let secure = key.base.replace("http://", "https://");
    for (name, url, token, cause) in [
        ("wrong-key", &*key.base, "mst_wrong", "401"),
        ("wrong-scope", &format!("{stranger}/forbidden"), &key.key, "403"),
        ("wrong-tenant", &other_tenant, &key.key, "401"),
        ("nobody-there", &format!("{gone}/scim"), &key.key, "refuse"),
        ("no-such-host", "http://nobody.invalid/scim", &key.key, "could not be resolved"),
        ("no-tls", &secure, &key.key, "TLS"),
        ("a-page", &stranger, &key.key, "a web page"),
        ("busy", &format!("{stranger}/busy"), &key.key, "429"),
        ("silent", &format!("{stranger}/silent"), &key.key, "did not answer in time"),
    ] {
        test(walk, url, token).await;
        browser.sees("[data-result] .banner.bad", "Test Connection failed").await;
        let said = browser.text("[data-result] .banner.bad").await;
        assert!(said.contains(cause), "{name} says {said:?}");
        let create = browser.named("Create").await;
        assert!(browser.is_disabled(&create).await, "{name}");
        if name == "silent" {
            assert!(
                said.contains("slow or overloaded") && said.contains("see its own log"),
                "what to do: {said}"
            );
        }
        if matches!(name, "wrong-key" | "a-page" | "silent") {
            walk.look(&format!("configuration-{name}")).await;
        }
    }
    assert_eq!(connection(walk), json!(null), "nothing is saved");
    assert_eq!(walk.requests("method=GET&status=ok").await.len(), 0, "nothing has passed yet");
}

/// Searches by user name that the provider has answered well, whether or not it found somebody.
async fn lookups(walk: &Walk) -> usize {
    let rows = walk.requests("method=GET&status=ok").await;
    rows.iter().filter(|row| row.contains("/Users?filter=userName")).count()
}

/// Items 17, 18 and 20: a real look-up of nobody; Create is enabled for what was tested and for nothing else.
pub(super) async fn is_created_after_a_test_of_what_is_typed(walk: &Walk) {
    let browser = &walk.stage.browser;
    let key = &walk.keys[0];
    for base in [key.base.clone(), format!("{}/", key.base)] {
        let before = lookups(walk).await;
        test(walk, &base, &key.key).await;
        browser.sees("[data-result] .banner.ok", "Test Connection passed").await;
        let create = browser.named("Create").await;
        assert!(!browser.is_disabled(&create).await);
        walk.until("the look-up in the provider's log", async || lookups(walk).await > before).await;
        browser.sees("[data-result] .checks", "Users").await;
        let answer = browser.script("return document.querySelector('[data-result]').textContent", &[]).await;
        assert!(answer.as_str().unwrap().contains("totalResults"), "the exchange is shown: {answer}");
        walk.look("configuration-passed").await;

        browser.fill("Tenant URL", "http://127.0.0.1:1/scim").await;
        let create = browser.named("Create").await;
        assert!(browser.is_disabled(&create).await, "another URL was not tested");
    }
    test(walk, &format!("{}/", key.base), &key.key).await;
    browser.sees("[data-result] .banner.ok", "Test Connection passed").await;
    browser.fill("Secret token", "mst_another").await;
    let create = browser.named("Create").await;
    assert!(browser.is_disabled(&create).await, "another token was not tested");
    // A button that is enabled by hand does not help: the server asks for the test.
    browser.script("document.querySelector('[data-needs-test]').disabled = false", &[]).await;
    browser.press("Create").await;
    browser.sees(".banner.bad", "Test Connection first").await;
    walk.look_at_refusal("configuration-refused", 400).await;
    assert_eq!(connection(walk), json!(null));

    test(walk, &format!("{}/", key.base), &key.key).await;
    browser.sees("[data-result] .banner.ok", "Test Connection passed").await;
    browser.press("Create").await;
    walk.on("Provisioning").await;
    browser.sees(".banner.ok", "Configuration created").await;
    browser.sees("main", "Not run").await;
    walk.look("provisioning-created").await;
    assert_ne!(connection(walk), json!(null));
    assert_eq!(walk.status()["cycles"], json!([]), "creating a configuration begins nothing");
    never_shown_again(walk).await;
}

/// Item 16: the token is on no page and, in the clear, in no file.
async fn never_shown_again(walk: &Walk) {
    let browser = &walk.stage.browser;
    let key = walk.keys[0].key.as_bytes();
    browser.press("Edit configuration").await;
    browser.on_page("Edit configuration").await;
    assert_eq!(browser.value("Secret token").await, "");
    browser.sees(".connection-form", "Leave it empty to keep it").await;
    walk.look("configuration-edit").await;
    for file in std::fs::read_dir(&walk.stage.server.data).unwrap() {
        let file = file.unwrap().path();
        let text = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
        assert!(!text.windows(key.len()).any(|window| window == key), "{} holds the token", file.display());
    }
}

/// Edit configuration with another token of the provider, tested and saved.
pub(super) async fn gets_another_token(walk: &Walk) {
    let browser = &walk.stage.browser;
    let key = walk.keys.last().unwrap();
    walk.open("/provisioning/configuration").await;
    browser.on_page("Edit configuration").await;
    browser.fill("Secret token", &key.key).await;
    browser.press("Test Connection").await;
    browser.sees("[data-result] .banner.ok", "Test Connection passed").await;
    browser.press("Save").await;
    browser.sees(".banner.ok", "Configuration saved").await;
}
