//! Who and what is synchronised: users and groups, attribute mapping (items 21 to 24).

use serde_json::json;

use super::cast::{APP, Walk, login};
use super::demand;

/// Item 21: nobody is assigned, and a cycle that is run now creates nobody. Item 32: before it is started none runs.
pub(super) async fn is_empty_and_a_cycle_creates_nobody(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("").await;
    walk.panel("/users").await;
    walk.on("Users and groups").await;
    browser.sees("main", "No users or groups assigned").await;
    walk.look("assignments-none").await;
    let cycle = walk.one_cycle().await;
    assert_eq!(cycle["outcome"], "completed", "{cycle:#}");
    assert_eq!(cycle["counts"], json!([]), "{cycle:#}");
    assert_eq!(walk.users_at_provider().await, 0);
    assert_eq!(walk.requests("method=POST").await.len(), 0);
}

/// Item 22; the group that is assigned has another group in it (item 23).
pub(super) async fn is_picked_selected_and_assigned(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("/users").await;
    browser.press("Add user/group").await;
    browser.on_page("Add Assignment").await;
    let assign = browser.named("Assign").await;
    assert!(browser.is_disabled(&assign).await, "nobody is selected");
    walk.look("assignment-add").await;
    pick(walk).await;
    // Leaving before Assign assigns nobody.
    walk.open("/users").await;
    browser.sees("main", "No users or groups assigned").await;
    assert_eq!(walk.command(&["assignments", APP])["assignments"], json!([]));

    browser.press("Add user/group").await;
    pick(walk).await;
    browser.press("Assign").await;
    walk.on("Users and groups").await;
    browser.sees(".banner.ok", "3 users and groups assigned").await;
    for name in ["Site Engineering", "Sales", "Esra Fujimoto"] {
        browser.sees("tbody tr", name).await;
    }
    assert_eq!(browser.texts("tbody tr").await.len(), 3);
    walk.look("assignments").await;
}

/// None Selected → the picker: search, tick, Select.
async fn pick(walk: &Walk) {
    let browser = &walk.stage.browser;
    browser.press("None Selected").await;
    browser.sees("dialog[open] h1", "Users and groups").await;
    walk.look("assignment-picker").await;
    for (text, name) in [("engin", "Site Engineering"), ("sal", "Sales"), ("esra", "Esra Fujimoto")] {
        browser.fill("Search by name, user name or e-mail", text).await;
        browser.until(
            "only what was looked for",
            "return [...document.querySelectorAll('#picker-results tbody label')].every(l => l.textContent.includes(arguments[0]))",
            &[json!(name)],
        )
        .await;
        walk.ticked(name, true).await;
        browser.sees("#picker-results .chosen", name).await;
    }
    browser.sees("#picker-results", "1 user and 2 groups selected").await;
    // A search that a later letter makes needless is broken off, which htmx notes.
    browser.complaints().await;
    walk.look("assignment-picked").await;
    browser.press("Select").await;
    browser.on_page("Add Assignment").await;
    browser.named("1 user and 2 groups selected").await;
    for name in ["Site Engineering", "Sales", "Esra Fujimoto"] {
        browser.sees(".chosen", name).await;
    }
    walk.look("assignment-selected").await;
}

/// Item 24: remove a row and Discard: still sent. Remove and Save: not sent, and what is there is left alone (item 25).
pub(super) async fn a_removed_attribute_is_sent_until_save(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("").await;
    walk.panel("/provisioning").await;
    walk.panel("/provisioning/mapping").await;
    walk.on("Attribute mapping").await;
    browser.sees("tbody", "Entra ID Users").await;
    browser.sees("tbody", "Entra ID Groups").await;
    walk.look("mapping").await;
    browser.press("Provision Microsoft Entra ID Groups").await;
    browser.on_page("Entra ID Groups").await;
    walk.look("mapping-groups").await;
    browser.back().await;
    browser.press("Provision Microsoft Entra ID Users").await;
    browser.on_page("Entra ID Users").await;
    assert_eq!(browser.texts("tbody tr").await.len(), 22);
    walk.look("mapping-users").await;
    let matching = browser.named("Remove userName").await;
    assert!(browser.is_disabled(&matching).await, "the matching attribute stays");

    browser.press("Remove title").await;
    browser.sees(".banner.warn", "not saved yet").await;
    browser.until("one row less", "return document.querySelectorAll('tbody tr').length === 21", &[]).await;
    walk.look("mapping-removed").await;
    browser.press("Discard").await;
    browser.until("all rows again", "return document.querySelectorAll('tbody tr').length === 22", &[]).await;
    demand::of(walk, "anders", "Anders Brandt").await;
    let anders = walk.at_provider(&login("Anders")).await.unwrap();
    assert_eq!(anders["title"], "Surveyor", "discarded, so still sent: {anders}");

    walk.open("/provisioning/mapping/users").await;
    browser.on_page("Entra ID Users").await;
    browser.press("Remove title").await;
    browser.sees(".banner.warn", "not saved yet").await;
    browser.press("Save").await;
    browser.on_page("Save changes?").await;
    walk.look("mapping-save").await;
    browser.press("Save").await;
    browser.sees(".banner.ok", "Mapping saved").await;
    demand::of(walk, "bianca", "Bianca Castellanos").await;
    let bianca = walk.at_provider(&login("Bianca")).await.unwrap();
    assert_eq!(bianca["title"], json!(null), "removed, so not sent: {bianca}");
    assert_eq!(bianca["displayName"], "Bianca Castellanos");
}
