//! Every page, whoever looks at it and with whatever browser.

use super::stage::{NADIA, Stage, populate};
use crate::client::id_of;

/// The links of the left menu, those below others too.
async fn menu(stage: &Stage, tenant: &str) -> Vec<String> {
    const LINKS: &str =
        "return [...document.querySelectorAll('.side .menu a')].map(a => a.getAttribute('href'))";
    let mut found: Vec<String> = Vec::new();
    let mut next = vec![format!("/t/{tenant}")];
    while let Some(path) = next.pop() {
        if found.contains(&path) {
            continue;
        }
        stage.open(&path).await;
        let links = stage.browser.script(LINKS, &[]).await;
        next.extend(links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()));
        found.push(path);
    }
    found
}

/// `/t/ID/config/scim` as `menu-config-scim`.
fn named(path: &str) -> String {
    let words: Vec<&str> = path.split('/').skip(3).collect();
    if words.is_empty() { "menu-home".to_owned() } else { format!("menu-{}", words.join("-")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_and_can_be_used_by_everybody() {
    let stage = Stage::new().await;
    let tenant = stage.tenant("Fabrikam");
    stage.tenant("Contoso");
    stage.operator("amaya", "global-administrator", &[]);
    stage.operator("mira", "tenant-administrator", &[&tenant]);
    let client = stage.client(&tenant);
    let user = populate(&client).await;
    stage.sign_in("amaya").await;
    let pages = menu(&stage, &tenant).await;
    assert!(pages.len() >= 16, "{pages:?}");
    stage.browser.complaints().await;
    for page in &pages {
        stage.open(page).await;
        stage.look(&named(page)).await;
    }
    let group = id_of(&client.get("/Groups").await.expect(200)["Resources"][0]);
    let key = client.key.split('_').nth(1).unwrap();
    for page in [
        "users/new",
        &format!("users/{user}/edit"),
        &format!("users/{user}/json"),
        &format!("users/{user}/groups"),
        &format!("users/{user}/deactivate"),
        "groups/new",
        &format!("groups/{group}/edit"),
        &format!("groups/{group}/delete"),
        &format!("groups/{group}/members/add"),
        &format!("groups/{group}/history"),
        "keys/new",
        &format!("keys/{key}/rotate"),
        &format!("keys/{key}/revoke"),
        "logs/requests?status=refused",
        "logs/audit/2",
        "config/operators/new",
        "config/tenants/new",
        "config/delete",
    ] {
        stage.open(&format!("/t/{tenant}/{page}")).await;
        let name = page
            .replace(&user, "one")
            .replace(&group, "one")
            .replace(key, "one")
            .replace(['/', '?', '='], "-");
        stage.look(&format!("page-{name}")).await;
    }
    stage.inspector.verdict();
}

/// No page needs script: neither htmx nor the console's own.
#[tokio::test(flavor = "multi_thread")]
async fn forms_and_searches_work_without_script() {
    let stage = Stage::new().await;
    let tenant = stage.tenant("Fabrikam");
    stage.operator("amaya", "global-administrator", &[]);
    let client = stage.client(&tenant);
    let user = populate(&client).await;
    let browser = &stage.browser;
    browser.allow_script(false).await;
    stage.sign_in("amaya").await;
    assert_eq!(browser.script("return document.documentElement.classList.contains('js')", &[]).await, false);

    browser.press("Groups").await;
    browser.press("New group").await;
    browser.on_page("New group").await;
    browser.fill("Display name", "Harbour Works").await;
    browser.press("Create group").await;
    browser.on_page("Harbour Works").await;
    let found = client.get("/Groups?filter=displayName%20eq%20%22harbour%20works%22").await.expect(200);
    assert_eq!(found["totalResults"], 1);

    browser.press("Users").await;
    browser.fill("Search by name, user name or e-mail", "nadia").await;
    browser.press("Search").await;
    browser.sees(".count-line", "1 user").await;
    browser.press(NADIA).await;
    browser.press("Delete").await;
    browser.on_page("Delete Nadia Okafor?").await;
    stage.inspector.look(browser, "without-script-delete").await;
    browser.press("Delete user").await;
    browser.sees(".banner.ok", "Nadia Okafor deleted").await;
    client.get(&format!("/Users/{user}")).await.expect(404);
    let copying = browser.texts("[data-copy]").await;
    assert!(copying.iter().all(String::is_empty), "no button that does nothing: {copying:?}");
    stage.inspector.verdict();
}

/// The checks find what they are for.
#[tokio::test(flavor = "multi_thread")]
async fn faults_are_noticed() {
    let stage = Stage::new().await;
    let add =
        |html: &str| format!("document.querySelector('main').insertAdjacentHTML('beforeend', {html:?})");
    let faults = [
        (add("<p style='color: red'>A style of its own</p>"), "Content Security Policy"),
        ("setTimeout(() => { throw new Error('a script failed') })".to_owned(), "a script failed"),
        (add("<h1>Another title</h1>"), "not one h1"),
        (add("<h4>Too deep</h4>"), "a heading is skipped"),
        (add("<input name='x' placeholder='X'>"), "no label"),
        (add("<button></button>"), "no name"),
        (add("<img src='/assets/none.png'>"), "no alternative"),
        (add("<p id='name'>Twice</p>"), "ids that are there twice: name"),
        ("document.documentElement.removeAttribute('lang')".to_owned(), "no language"),
        ("document.querySelector('h1').style.color = '#999'".to_owned(), "not readable in light"),
        ("document.querySelector('h1').style.color = '#333'".to_owned(), "not readable in dark"),
        (
            "document.querySelector('main').style.minWidth = '400px'".to_owned(),
            "not without sideways scrolling at 360",
        ),
    ];
    for (script, expected) in faults {
        stage.open("/sign-in").await;
        stage.browser.script(&script, &[]).await;
        stage.look("faulty").await;
        let wrong = stage.inspector.wrong();
        assert!(wrong.contains(expected), "{script}: {wrong}");
        stage.browser.complaints().await;
    }
}
