//! Start provisioning: the initial cycle and those that follow (items 32, 33, 35, 36).

use serde_json::json;

use super::cast::{Walk, login};
use super::mirror;

/// Items 32 and 33; starting twice is harmless.
pub(super) async fn the_first_mirrors_the_company(walk: &Walk) {
    let browser = &walk.stage.browser;
    let before = walk.users_at_provider().await;
    assert_eq!(before, 3, "those of Provision on demand, no more");
    walk.open("").await;
    walk.panel("/provisioning").await;
    walk.on("Provisioning").await;
    walk.look("provisioning-before").await;
    let known = walk.status()["cycles"].as_array().unwrap().len();
    let cycle = walk
        .cycle(async || {
            browser.press("Start provisioning").await;
            browser.sees(".banner.ok", "Provisioning started").await;
            walk.look("provisioning-started").await;
            press_start_again(walk).await;
        })
        .await;
    assert_eq!((&cycle["kind"], &cycle["outcome"]), (&json!("initial"), &json!("completed")), "{cycle:#}");
    let cycles = walk.status()["cycles"].as_array().unwrap().clone();
    let initial = cycles[..cycles.len() - known].iter().filter(|cycle| cycle["kind"] == "initial").count();
    assert_eq!(initial, 1, "the second press began nothing: {cycles:#?}");
    mirror::must_agree(walk, "after the initial cycle").await;
    assert_eq!(walk.users_at_provider().await, 8);
    let nadia = walk.at_provider(&login("Nadia")).await.unwrap();
    assert_eq!(nadia["title"], "Site Engineer", "what the mapping leaves out is left alone (item 25)");
    browser.sees("main", "Last cycles").await;
    browser.sees("tbody", "Initial cycle").await;
    walk.look("provisioning-active").await;
    walk.stop().await;
    walk.look("provisioning-stopped").await;

    // Everything is looked at once more, and nothing is sent.
    let writes = walk.writes().await;
    let again = walk
        .cycle(async || {
            walk.open("/provisioning").await;
            browser.press("Restart provisioning").await;
            browser.sees("dialog[open]", "Restart provisioning?").await;
            walk.look("provisioning-restart").await;
            browser.press("Restart provisioning").await;
            browser.sees(".banner.ok", "Provisioning restarted").await;
        })
        .await;
    assert_eq!((&again["kind"], &again["outcome"]), (&json!("initial"), &json!("completed")), "{again:#}");
    assert_eq!(walk.writes().await, writes, "nothing differs, so nothing is sent");
    mirror::must_agree(walk, "after everything was looked at again").await;
}

/// The button of a page that somebody else still has open.
async fn press_start_again(walk: &Walk) {
    let browser = &walk.stage.browser;
    const AGAIN: &str = r#"
        const form = document.querySelector("form[action$='/provisioning/stop']");
        form.action = form.action.replace(/stop$/, "start");
        form.requestSubmit();
    "#;
    browser.script("window.before = true", &[]).await;
    browser.script(AGAIN, &[]).await;
    browser.until("the next page", "return !window.before && document.readyState === 'complete'", &[]).await;
    browser.sees(".banner.ok", "Provisioning started").await;
    assert_eq!(walk.status()["status"], "Active");
}

/// Item 35, while provisioning runs: each change reaches the provider, and only changes do.
pub(super) async fn the_next_sends_what_has_changed(walk: &Walk) {
    let ids = ["Anders", "Esra"].map(login);
    let anders = walk.at_provider(&ids[0]).await.unwrap()["id"].clone();
    let esra = walk.at_provider(&ids[1]).await.unwrap()["id"].clone();
    let of_esra = || async { walk.at_provider(&login("Esra")).await.unwrap() };

    walk.patch(
        "Anders",
        json!([
        { "op": "replace", "path": "userName", "value": "anders.holm@contoso.example" },
        { "op": "replace", "path": "displayName", "value": "Anders Holm" },
        { "op": "replace", "path": "name.familyName", "value": "Holm" }]),
    )
    .await;
    walk.patch("Bianca", json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "bianca@contoso.example" }]))
        .await;
    walk.patch("Chloé", json!([{ "op": "replace", "path": "active", "value": false }])).await;
    walk.unassign(&["Esra Fujimoto"]).await;
    let company = &walk.company.client;
    let (site, sales) = (&walk.groups["Site Engineering"], &walk.groups["Sales"]);
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "Site Works" }]);
    company.patch(&format!("/Groups/{site}"), &rename).await;
    let member = json!([{ "op": "add", "path": "members", "value": [{ "value": walk.people["Farid"] }] }]);
    company.patch(&format!("/Groups/{sales}"), &member).await;
    let path = format!("members[value eq \"{}\"]", walk.people["Chloé"]);
    company.patch(&format!("/Groups/{site}"), &json!([{ "op": "remove", "path": path }])).await;

    walk.until("the rename", async || {
        walk.at_provider("anders.holm@contoso.example").await.is_some_and(|a| a["id"] == anders)
    })
    .await;
    walk.until("the new address", async || {
        walk.at_provider(&login("Bianca")).await.unwrap()["emails"][0]["value"] == "bianca@contoso.example"
    })
    .await;
    walk.until("Chloé, inactive", async || {
        walk.at_provider(&login("Chloé")).await.unwrap()["active"] == false
    })
    .await;
    walk.until("Esra, inactive", async || of_esra().await["active"] == false).await;
    walk.until("the group's new name", async || walk.group_at_provider("Site Works").await.is_some()).await;
    walk.until("Farid, in scope through Sales", async || walk.at_provider(&login("Farid")).await.is_some())
        .await;
    walk.until("a mirrored company", async || mirror::differences(walk).await.is_empty()).await;
    inactive_is_seen(walk).await;

    walk.assign(&["Esra Fujimoto"]).await;
    walk.until("Esra, active again", async || of_esra().await["active"] == true).await;
    assert_eq!(of_esra().await["id"], esra, "the same account");
    assert!(walk.lets_in(&login("Esra")).await, "and let in again");

    hard_delete(walk).await;
}

/// Item 36, as far as the provider's pages go.
async fn inactive_is_seen(walk: &Walk) {
    let browser = &walk.stage.browser;
    let esra = walk.at_provider(&login("Esra")).await.unwrap();
    walk.stage.open(&format!("/t/{}/users/{}", walk.provider.id, esra["id"].as_str().unwrap())).await;
    browser.on_page("Esra Fujimoto").await;
    browser.sees(".head .lead", "Inactive").await;
    walk.look("provider-user-inactive").await;
    assert!(!walk.lets_in(&login("Esra")).await, "an inactive user is refused");
    assert!(!walk.lets_in(&login("Chloé")).await, "blocked in the company, so refused");
    assert!(walk.lets_in(&login("Nadia")).await, "nobody else is");
}

/// Deleted in the company: disabled. Deleted for good: deleted, 404 and gone from the list (items 35 and 36).
async fn hard_delete(walk: &Walk) {
    let browser = &walk.stage.browser;
    let farid = walk.at_provider(&login("Farid")).await.unwrap();
    let id = farid["id"].as_str().unwrap();
    let path = format!("/Users/{}", walk.people["Farid"]);
    walk.company.client.send("DELETE", &path, None).await.expect(204);
    walk.until("Farid, inactive", async || {
        walk.at_provider(&login("Farid")).await.is_some_and(|farid| farid["active"] == false)
    })
    .await;
    assert!(!walk.lets_in(&login("Farid")).await, "a deleted user is refused");
    walk.stage.operator("dara", "tenant-administrator", &[&walk.company.id]);
    walk.stage.sign_out("mira").await;
    walk.stage.sign_in("dara").await;
    walk.stage.open(&format!("/t/{}/users/{}/purge", walk.company.id, walk.people["Farid"])).await;
    let purge = browser.find("main form button.danger").await;
    browser.click(&purge).await;
    browser.find(".banner.ok").await;
    walk.stage.sign_out("dara").await;
    walk.stage.sign_in("mira").await;
    walk.until("Farid, gone", async || walk.at_provider(&login("Farid")).await.is_none()).await;
    walk.provider.client.get(&format!("/Users/{id}")).await.expect(404);
    assert!(!walk.lets_in(&login("Farid")).await, "nobody of this name is let in");
    let elsewhere = walk.bystander.client.get("/Users?count=0").await.expect(200);
    assert_eq!(elsewhere["totalResults"], 1, "no other tenant is touched");
    walk.stop().await;
}
