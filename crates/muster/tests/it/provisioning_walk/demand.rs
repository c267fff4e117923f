//! Provision on demand, and what the provider's own pages say of it (items 25 to 28).

use serde_json::json;

use super::cast::{Walk, login};
use crate::client::user;

/// Search, Select, Provision.
pub(super) async fn of(walk: &Walk, text: &str, name: &str) {
    let browser = &walk.stage.browser;
    walk.open("/provisioning").await;
    walk.panel("/provisioning/on-demand").await;
    walk.on("Provision on demand").await;
    let search = browser.field("Search a user or group").await;
    browser.keys(&search, text).await;
    browser.until("one match", "return document.querySelectorAll('tbody tr').length === 1", &[]).await;
    browser.press(&format!("Select {name}")).await;
    browser.sees("main form", name).await;
    // One application takes five within ten seconds, and says so.
    walk.until("a turn", async || {
        browser.script("window.before = true", &[]).await;
        browser.press("Provision").await;
        browser
            .until("the answer", "return !window.before && document.querySelector('main .banner')", &[])
            .await;
        browser.text("main .banner").await.contains(name)
    })
    .await;
    browser.complaints().await;
}

/// Items 25, 26 and 27.
pub(super) async fn provisions_one_user_step_by_step(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("/provisioning/on-demand").await;
    walk.look("on-demand").await;
    of(walk, "nadia", "Nadia Okafor").await;
    browser.sees(".banner.ok", "Success").await;
    let mut steps = browser.texts("ol.walk > li strong").await;
    // Looked for by more than one attribute.
    steps.dedup();
    assert_eq!(
        steps,
        ["Import", "Determine if in scope", "Match between source and target", "Perform action"],
        "the steps in their order"
    );
    let exchanges = browser.texts("details.exchange > summary").await;
    let (last, before) = exchanges.split_last().unwrap();
    assert!(last.starts_with("POST"), "{exchanges:?}");
    assert!(
        before.iter().all(|line| line.starts_with("GET")),
        "only the last step changes the target: {exchanges:?}"
    );
    browser.press("View details").await;
    walk.look("on-demand-created").await;

    let nadia = walk.at_provider(&login("Nadia")).await.unwrap();
    for (path, value) in [
        ("/userName", login("Nadia")),
        ("/displayName", "Nadia Okafor".to_owned()),
        ("/title", "Site Engineer".to_owned()),
        ("/emails/0/value", login("Nadia")),
        ("/name/formatted", "Nadia Okafor".to_owned()),
        ("/addresses/0/locality", "Cork".to_owned()),
        ("/externalId", "c-0".to_owned()),
        ("/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/employeeNumber", "40700".to_owned()),
    ] {
        assert_eq!(nadia.pointer(path), Some(&json!(value)), "{path}: {nadia}");
    }
    browser.press("Provision again").await;
    browser.sees("main .banner", "Nadia Okafor").await;
    assert_eq!(walk.users_at_provider().await, 1, "she is matched, not made twice");
    assert_eq!(walk.requests("method=POST").await.len(), 1);

    walk.stage.open(&format!("/t/{}/users", walk.provider.id)).await;
    browser.sees("tbody tr", "Nadia Okafor").await;
    browser.sees("tbody tr", &login("Nadia")).await;
    browser.sees("tbody tr", "Active").await;
    walk.look("provider-users").await;
    let elsewhere = walk.bystander.client.get("/Users?count=0").await.expect(200);
    assert_eq!(elsewhere["totalResults"], 0, "only in the tenant that was meant");
}

/// Items 23 and 26: neither assigned nor a direct member of what is assigned.
pub(super) async fn skips_who_is_out_of_scope(walk: &Walk) {
    let browser = &walk.stage.browser;
    let before = walk.users_at_provider().await;
    for (text, name) in [("farid", "Farid Grant"), ("diego", "Diego Eriksen")] {
        of(walk, text, name).await;
        browser.sees(".banner.info", "Skipped").await;
        browser.sees("ol.walk > li", "Determine if in scope").await;
        let said = browser.text("main .banner").await;
        assert!(said.contains("assigned"), "the reason is told: {said}");
    }
    walk.look("on-demand-skipped").await;
    assert_eq!(walk.users_at_provider().await, before, "nobody was made");
}

/// Item 28.
pub(super) async fn one_user_name_is_one_user_of_a_tenant(walk: &Walk) {
    let twin = user(&login("Nadia"));
    let refused = walk.provider.client.post("/Users", &twin).await.expect(409);
    assert_eq!(refused["scimType"], "uniqueness");
    walk.bystander.client.post("/Users", &twin).await.expect(201);
}
