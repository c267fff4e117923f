//! A key that is revoked at the provider: quarantine, and the e-mail that says so (item 30).

use serde_json::json;

use super::cast::{APP, Walk};
use super::{connection, properties};

/// Without notifications nobody is written to; with them the reason reaches the address.
pub(super) async fn is_told_by_mail_if_wanted(walk: &mut Walk) {
    falls_into_it(walk).await;
    let browser = &walk.stage.browser;
    walk.open("/provisioning").await;
    browser.sees(".banner.bad", "In quarantine: Credentials or compliance").await;
    browser.sees(".banner.bad", "401").await;
    walk.look("provisioning-quarantine").await;
    recovers(walk).await;

    properties::notify(walk).await;
    falls_into_it(walk).await;
    walk.until("the e-mail", async || !walk.post.mails().is_empty()).await;
    let mails = walk.post.mails();
    assert_eq!(mails.len(), 1, "the first quarantine was not told: {mails:#?}");
    let to = format!("To: {}", properties::RECIPIENT);
    for part in [to.as_str(), APP, "401", &walk.app] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    assert!(!mails[0].contains("mst_"), "{}", mails[0]);
    recovers(walk).await;
}

async fn falls_into_it(walk: &Walk) {
    let browser = &walk.stage.browser;
    let key = walk.keys.last().unwrap().key.split('_').nth(1).unwrap();
    assert_eq!(walk.stage.server.muster(&["key", "revoke", key]).code, 0);
    walk.cycle(async || walk.start().await).await;
    walk.until("the quarantine", async || walk.status()["status"] == "Quarantine").await;
    // The page has got news by itself since; what the press of the button has led to is still told, until it is dismissed.
    browser.sees(".banner.bad", "In quarantine").await;
    browser.sees("[data-flash]", "Provisioning started").await;
    browser.press("Dismiss").await;
    browser.until("the message to go", "return !document.querySelector('[data-flash]')", &[]).await;
    browser.sees(".banner.bad", "In quarantine").await;
}

/// A new key, tested and saved; Restart provisioning lifts the quarantine.
async fn recovers(walk: &mut Walk) {
    let (_, key) = walk.stage.server.key(&walk.provider.id, &["--scope", "SCIM2"]);
    walk.keys.push(key);
    connection::gets_another_token(walk).await;
    let browser = &walk.stage.browser;
    let cycle = walk
        .cycle(async || {
            walk.open("/provisioning").await;
            // This part of the page renews itself; a handle to its button may be of the one before.
            const RESTART: &str =
                "document.querySelector(\".banner.bad form[action$='/restart']\").requestSubmit()";
            browser.find(".banner.bad form[action$='/restart']").await;
            browser.script(RESTART, &[]).await;
            browser
                .until("the quarantine to be lifted", "return !document.querySelector('.banner.bad')", &[])
                .await;
        })
        .await;
    assert_eq!(cycle["outcome"], "completed", "{cycle:#}");
    assert_eq!(walk.status()["quarantine"], json!(null));
    walk.stop().await;
}
