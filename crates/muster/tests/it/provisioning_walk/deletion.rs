//! Accidental deletions prevention (item 31).

use serde_json::json;

use super::cast::{APP, Walk, login};
use super::{mirror, properties};

const SALES: [&str; 3] = ["Małgorzata", "Sunita", "Tomás"];

/// Three people and their group leave: one more than the threshold.
pub(super) async fn beyond_the_threshold_waits_for_somebody(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.unassign(&["Sales"]).await;
    let (writes, mails) = (walk.writes().await, walk.post.mails().len());
    walk.cycle(async || walk.start().await).await;
    walk.until("the quarantine", async || walk.status()["status"] == "Quarantine").await;
    assert_eq!(walk.writes().await, writes, "nothing was changed at the provider");
    for given in SALES {
        assert_eq!(walk.at_provider(&login(given)).await.unwrap()["active"], true, "{given}");
    }
    assert_eq!(walk.status()["staged_deletes"], 4);
    walk.until("the e-mail", async || walk.post.mails().len() > mails).await;
    let mail = walk.post.mails().pop().unwrap();
    assert!(mail.contains("4 objects would be disabled or deleted"), "{mail}");
    let staged = walk.command(&["logs", APP, "--action", "stagedDelete"]);
    assert_eq!(staged.as_array().unwrap().len(), 4, "{staged:#}");

    walk.open("/provisioning").await;
    browser.sees(".banner.bad", "Too many deletes").await;
    walk.look("provisioning-deletes-held").await;
    walk.open("/provisioning/logs?action=stagedDelete").await;
    assert_eq!(browser.texts("tbody tr").await.len(), 4);
    walk.look("logs-staged").await;
    walk.open("/provisioning").await;
    walk.cycle(async || {
        browser.press("Allow 4 deletes").await;
        browser.sees("dialog[open]", "Allow 4 users and groups to be disabled or deleted?").await;
        walk.look("deletes-allow").await;
        browser.press("Allow 4 deletes").await;
        browser.sees(".banner.ok", "allowed").await;
    })
    .await;
    gone(walk).await;

    // They come back as who they were; then as many as the threshold go by themselves.
    walk.stop().await;
    let before = walk.at_provider(&login(SALES[0])).await.unwrap()["id"].clone();
    walk.assign(&["Sales"]).await;
    walk.one_cycle().await;
    mirror::must_agree(walk, "after Sales came back").await;
    assert_eq!(walk.at_provider(&login(SALES[0])).await.unwrap()["id"], before);
    properties::threshold(walk, 4).await;
    walk.unassign(&["Sales"]).await;
    let cycle = walk.one_cycle().await;
    assert_eq!(cycle["outcome"], "completed", "{cycle:#}");
    assert_eq!(walk.status()["staged_deletes"], 0);
    gone(walk).await;
}

async fn gone(walk: &Walk) {
    walk.until("those who left, inactive", async || {
        for given in SALES {
            if walk.at_provider(&login(given)).await.unwrap()["active"] != json!(false) {
                return false;
            }
        }
        walk.group_at_provider("Sales").await.is_none()
    })
    .await;
    assert_eq!(walk.status()["quarantine"], json!(null));
    mirror::must_agree(walk, "after they left").await;
}
