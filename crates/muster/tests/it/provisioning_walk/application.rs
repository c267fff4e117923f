//! Enterprise apps: who may create an application, and how (items 12 to 14).

use super::cast::{APP, Walk};
use crate::console_walk::stage::PASSWORD;

/// Item 12: a lesser role sees applications and cannot create one, whatever it types into the address.
pub(super) async fn a_reader_only_reads(walk: &Walk) {
    let (browser, tenant) = (&walk.stage.browser, &walk.company.id);
    walk.stage.sign_in("rory").await;
    walk.stage.open(&format!("/t/{tenant}/apps")).await;
    browser.on_page("Enterprise apps").await;
    let offered = browser.texts("main a, main button").await;
    assert!(!offered.iter().any(|text| text.contains("New application")), "{offered:?}");
    walk.look("reader-applications").await;
    for page in ["apps/new", "apps/new/own"] {
        walk.stage.open(&format!("/t/{tenant}/{page}")).await;
        browser.on_page("Not allowed").await;
        walk.look_at_refusal("reader-refused", 403).await;
    }
    walk.stage.sign_out("rory").await;
}

/// Items 12 to 14: an Application Administrator can. The list has what came from the gallery, too.
pub(super) async fn is_created_beside_one_of_the_gallery(walk: &mut Walk) {
    let browser = &walk.stage.browser;
    walk.stage.open(&format!("/t/{}", walk.company.id)).await;
    browser.on_page("Sign in").await;
    browser.fill("Name", "mira").await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.press("Enterprise apps").await;
    browser.on_page("Enterprise apps").await;
    browser.sees("main", "No applications yet").await;
    walk.look("applications-none").await;
    one_of_the_gallery(walk).await;

    browser.press("Enterprise apps").await;
    browser.on_page("Enterprise apps").await;
    browser.press("New application").await;
    browser.on_page("Browse the gallery").await;
    walk.look("gallery").await;
    browser.press("Create your own application").await;
    browser.sees("dialog[open] h1", "Create your own application").await;
    let choice =
        browser.field("Integrate any other application you don't find in the gallery (Non-gallery)").await;
    assert!(browser.is_ticked(&choice).await);
    let add = browser.named("Add").await;
    assert!(browser.is_disabled(&add).await, "no application without a name");
    walk.look("application-new").await;
    browser.fill("What's the name of your app?", APP).await;
    assert!(!browser.is_disabled(&add).await);
    browser.press("Add").await;
    browser.on_page(APP).await;
    browser.sees(".banner.ok", "Visual Passcodes created").await;
    walk.look("application-new-created").await;
    let id = browser.text("#application-id").await;
    assert!(browser.path().await.ends_with(&id), "its management screen opens");

    browser.press("Enterprise apps").await;
    for (name, state) in [(APP, "Not configured"), ("Branch office", "Not configured")] {
        browser.sees("tbody tr", name).await;
        browser.sees("tbody tr", state).await;
    }
    walk.look("applications").await;
    walk.app = id;
}

async fn one_of_the_gallery(walk: &Walk) {
    let browser = &walk.stage.browser;
    browser.press("New application").await;
    browser.on_page("Browse the gallery").await;
    let card = browser.find("a.pick[href*='template=']").await;
    browser.click(&card).await;
    browser.fill("What's the name of your app?", "Branch office").await;
    browser.press("Add").await;
    browser.on_page("Branch office").await;
}
