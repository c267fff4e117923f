//! Overview → Properties → the pencil: notification e-mails and accidental deletions prevention (item 29).

use serde_json::Value;

use super::cast::{APP, Walk};

pub(super) const RECIPIENT: &str = "ops@contoso.example";

const NOTIFY: &str = "Send an e-mail when provisioning goes into quarantine";
const GUARD: &str = "Hold back a cycle's deletes when there are more than the threshold";
const ADDRESS: &str = "Notification e-mail address";
const THRESHOLD: &str = "Threshold: deletes in a cycle";
const PERCENT: &str = "And percent of what is provisioned";

fn stored(walk: &Walk) -> Value {
    walk.command(&["show", APP])
}

async fn edit(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("/provisioning").await;
    walk.panel("/provisioning/properties").await;
    walk.on("Provisioning properties").await;
    browser.press("Edit properties").await;
    browser.on_page("Edit properties").await;
}

pub(super) async fn change_with_apply_and_not_without(walk: &Walk) {
    let browser = &walk.stage.browser;
    let before = stored(walk);
    edit(walk).await;
    walk.look("properties-edit").await;
    walk.ticked(NOTIFY, true).await;
    browser.fill(ADDRESS, RECIPIENT).await;
    // Leaving without Apply.
    walk.panel("/provisioning/properties").await;
    walk.on("Provisioning properties").await;
    assert_eq!(stored(walk), before);
    browser.sees(".facts", "Off").await;
    walk.look("properties").await;

    edit(walk).await;
    walk.ticked(NOTIFY, true).await;
    browser.press("Apply").await;
    browser.sees("#recipient-error", "Type the address").await;
    walk.look_at_refusal("properties-refused", 400).await;
    browser.fill(ADDRESS, "ops@@contoso").await;
    browser.press("Apply").await;
    browser.sees("#recipient-error", "address").await;
    assert_eq!(browser.value(ADDRESS).await, "ops@@contoso", "what was typed is kept");
    browser.complaints().await;
    assert_eq!(stored(walk), before);

    // Prevention of accidental deletions is on, notifications stay off for now.
    walk.ticked(NOTIFY, false).await;
    browser.fill(ADDRESS, "").await;
    walk.ticked(GUARD, true).await;
    walk.ticked("Push changes", true).await;
    browser.fill(THRESHOLD, "3").await;
    browser.fill(PERCENT, "").await;
    browser.press("Apply").await;
    walk.on("Provisioning properties").await;
    browser.sees(".banner.ok", "Properties saved").await;
    browser.sees(".facts", "more than 3 deletes in a cycle are held back").await;
    walk.look("properties-saved").await;
}

pub(super) async fn notify(walk: &Walk) {
    let browser = &walk.stage.browser;
    edit(walk).await;
    walk.ticked(NOTIFY, true).await;
    browser.fill(ADDRESS, RECIPIENT).await;
    browser.press("Apply").await;
    browser.sees(".banner.ok", "Properties saved").await;
    browser.sees(".facts", RECIPIENT).await;
}

pub(super) async fn threshold(walk: &Walk, count: u32) {
    let browser = &walk.stage.browser;
    edit(walk).await;
    browser.fill(THRESHOLD, &count.to_string()).await;
    browser.press("Apply").await;
    browser.sees(".banner.ok", "Properties saved").await;
}
