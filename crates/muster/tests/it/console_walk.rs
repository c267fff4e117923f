//! The console as somebody uses it, in a real browser, against the real binary.

mod applications;
mod every_page;
pub(crate) mod inspector;
pub(crate) mod stage;

use std::path::Path;

use serde_json::{Value, json};

use self::stage::{CREATE, LOGIN, NADIA, PASSWORD, Stage, crowd};
use crate::client::{Client, id_of, patch_body};

/// The tenants of the walk: two that the operator manages, one that they may only look at, one that they may not know of.
struct Tenants {
    fabrikam: String,
    litware: String,
    northwind: String,
}

async fn prepare(stage: &Stage) -> Tenants {
    let fabrikam = stage.tenant("Fabrikam");
    let contoso = stage.tenant("Contoso");
    let (litware, northwind) = (stage.tenant("Litware"), stage.tenant("Northwind"));
    stage.operator("amaya", "global-administrator", &[]);
    stage.operator("mira", "tenant-administrator", &[&fabrikam, &contoso]);
    stage.sign_in("amaya").await;
    stage.open(&format!("/t/{fabrikam}/config/operators")).await;
    stage.browser.press("mira").await;
    stage.browser.on_page("mira").await;
    stage.browser.choose("Role", "Reader").await;
    stage.browser.choose("In", "Litware").await;
    stage.browser.press("Grant role").await;
    stage.browser.sees("main", "Reader in Litware").await;
    stage.sign_out("amaya").await;
    Tenants { fabrikam, litware, northwind }
}

/// Sign in, make a key, connect a provider with it, follow a person through their life, sign out. Items 3 to 11, 27, 36
/// to 38 of the walk-through.
#[tokio::test(flavor = "multi_thread")]
async fn from_the_sign_in_to_a_provisioned_user_and_back() {
    let stage = Stage::new().await;
    let tenants = prepare(&stage).await;
    wrong_password_first(&stage).await;
    stage.browser.press("Home").await;
    stage.browser.on_page("Home").await;
    stage.look("home-first-steps").await;

    let key = create_key(&stage, &tenants).await;
    never_again(&stage, &tenants, &key).await;
    let client = scim_configuration(&stage, &tenants, &key).await;
    let nadia = provision(&stage, &client).await;
    deactivate(&stage, &client, &nadia).await;
    delete_and_restore(&stage, &client, &nadia).await;
    groups(&stage, &client, &nadia).await;
    logs(&stage).await;
    switch_tenant(&stage, &tenants).await;
    leave(&stage, &tenants).await;
    stage.inspector.verdict();
}

async fn wrong_password_first(stage: &Stage) {
    let browser = &stage.browser;
    stage.open("/").await;
    browser.on_page("Sign in").await;
    stage.look("sign-in").await;
    browser.fill("Name", "mira").await;
    browser.fill("Password", "not this one").await;
    browser.press("Sign in").await;
    browser.find(".banner.bad").await;
    assert_eq!(browser.value("Name").await, "mira", "what was typed is kept");
    assert_eq!(browser.value("Password").await, "");
    stage.inspector.look_at_refusal(browser, "sign-in-refused", 403).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees(".account .name", "mira").await;
    assert!(browser.path().await.starts_with("/t/"), "{}", browser.path().await);
}

/// Profile → Create New API Key. Gives the value.
async fn create_key(stage: &Stage, tenants: &Tenants) -> String {
    let browser = &stage.browser;
    stage.open(&format!("/t/{}", tenants.fabrikam)).await;
    browser.press("Profile").await;
    browser.on_page("Profile").await;
    stage.look("profile").await;
    browser.press("Create New API Key").await;
    browser.on_page("Create New API Key").await;
    stage.look("key-new").await;
    assert_eq!(
        browser.options("Tenant").await,
        ["Contoso", "Fabrikam"],
        "what this operator may manage, no more"
    );
    assert_eq!(
        browser.texts("fieldset label").await.iter().filter(|text| text.starts_with("SCIM2")).count(),
        2
    );

    no_key_without_a_name(stage, &tenants.fabrikam).await;
    no_key_for_another_tenant(stage, tenants).await;

    browser.choose("Tenant", "Fabrikam").await;
    browser.fill("Key Name", "Entra ID provisioning").await;
    let scope = browser.field("SCIM2").await;
    browser.click(&scope).await;
    browser.choose("Expires after", "90 days").await;
    browser.press("Create API Key").await;
    browser.on_page("API key created").await;
    let key = browser.text("#key-value").await;
    assert!(key.starts_with("mst_") && key.len() > 40 && !key.contains(char::is_whitespace), "{key:?}");
    assert_eq!(stage.keys(&tenants.fabrikam), 1);
    stage.look("key-shown-once").await;
    browser.press("Copy the API key").await;
    browser.sees("[data-copy=key-value]", "Copied").await;
    assert_eq!(browser.clipboard().await.as_deref(), Some(&*key));
    key
}

async fn no_key_without_a_name(stage: &Stage, tenant: &str) {
    let browser = &stage.browser;
    browser.press("Create API Key").await;
    let refused = browser.script("return document.querySelector('#name:invalid') !== null", &[]).await;
    assert_eq!(refused, true, "the browser itself asks for the name");
    // … and the server does, whatever the browser does.
    browser.script("document.querySelector('main form').noValidate = true", &[]).await;
    browser.press("Create API Key").await;
    browser.sees("#name-error", "Type a name").await;
    assert_eq!(browser.attribute("#name", "aria-invalid").await.as_deref(), Some("true"));
    stage.inspector.look_at_refusal(browser, "key-new-refused", 400).await;
    assert_eq!(stage.keys(tenant), 0);
}

/// A tenant outside the list is refused by the server, not only hidden.
async fn no_key_for_another_tenant(stage: &Stage, tenants: &Tenants) {
    let browser = &stage.browser;
    for other in [&tenants.litware, &tenants.northwind] {
        browser.fill("Key Name", "For somebody else").await;
        const CHANGE: &str = "document.querySelector('#tenant').selectedOptions[0].value = arguments[0]";
        browser.script(CHANGE, &[json!(other)]).await;
        browser.press("Create API Key").await;
        browser.sees("#tenant-error", "Choose a tenant that you may manage").await;
        assert_eq!(browser.value("Key Name").await, "For somebody else", "what was typed is kept");
        assert_eq!(stage.keys(other), 0);
        browser.complaints().await;
    }
}

/// The value is on the one page that answered the form, and nowhere else.
async fn never_again(stage: &Stage, tenants: &Tenants, key: &str) {
    let browser = &stage.browser;
    const GUARDED: &str = "const leaving = new Event('beforeunload', { cancelable: true }); window.dispatchEvent(leaving); return leaving.defaultPrevented";
    assert_eq!(browser.script(GUARDED, &[]).await, true, "the page is not left by accident");
    browser.press("I have copied the key").await;
    browser.on_page("API Keys").await;
    browser.sees("table", "Entra ID provisioning").await;
    stage.look("keys").await;
    assert!(!stage.source().await.contains(key));
    browser.back().await;
    assert!(!stage.source().await.contains(key), "the way back does not show it again");
    browser.complaints().await;
    for path in ["keys", "profile", "profile/keys/new", "logs/audit"] {
        stage.open(&format!("/t/{}/{path}", tenants.fabrikam)).await;
        assert!(!stage.source().await.contains(key), "{path}");
    }
    for file in std::fs::read_dir(&stage.server.data).unwrap() {
        let file = file.unwrap().path();
        assert!(!holds(&file, key), "{} holds the key", file.display());
    }
}

fn holds(file: &Path, text: &str) -> bool {
    file.is_file() && std::fs::read(file).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

/// Tenant Config → SCIM2 Configuration. Gives a client with what the page says.
async fn scim_configuration(stage: &Stage, tenants: &Tenants, key: &str) -> Client {
    let browser = &stage.browser;
    stage.open(&format!("/t/{}", tenants.fabrikam)).await;
    browser.press("Tenant Config").await;
    browser.press("SCIM2 Configuration").await;
    browser.on_page("SCIM2 Configuration").await;
    let base = browser.text("#base-url").await;
    assert_eq!(base, format!("{}/scim/v2/{}", stage.server.url, tenants.fabrikam));
    browser.press("Copy the SCIM2 Base URL").await;
    browser.sees("[data-copy=base-url]", "Copied").await;
    assert_eq!(browser.clipboard().await.as_deref(), Some(&*base), "what is copied is what is shown");
    assert_eq!(browser.texts("main input, main textarea").await.len(), 0, "the page is read-only");
    browser.until("the word to return", "return !document.body.innerText.includes('Copied')", &[]).await;
    stage.look("scim-configuration").await;

    let client = Client::new(&base, key);
    let detailed = || async { browser.texts("#url-config, #url-schemas, #url-types").await };
    assert!(detailed().await.iter().all(String::is_empty), "folded at first");
    browser.press("Detailed URLs").await;
    browser.sees("#url-config", "/ServiceProviderConfig").await;
    let urls = detailed().await;
    assert_eq!(
        urls,
        ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"].map(|path| format!("{base}{path}"))
    );
    for url in urls {
        let path = url.strip_prefix(&base).unwrap();
        client.get(path).await.expect(200);
        client.with_key("mst_nothing").get(path).await.expect(401);
    }
    stage.look("scim-configuration-detailed").await;
    client
}

/// A person arrives as the provider sends them; the console finds them while their name is typed.
async fn provision(stage: &Stage, client: &Client) -> String {
    let browser = &stage.browser;
    let fixture: Value = serde_json::from_str(CREATE).unwrap();
    crowd(client).await;
    let nadia = id_of(&client.post("/Users", &fixture["request"]).await.expect(201));
    client.post("/Users", &fixture["request"]).await.expect(409);

    browser.press("Users").await;
    browser.on_page("Users").await;
    browser.sees(".count-line", "64 users").await;
    stage.look("users").await;
    browser.script("window.sameDocument = true", &[]).await;
    let search = browser.field("Search by name, user name or e-mail").await;
    browser.keys(&search, "nadia").await;
    browser.sees(".count-line", "1 user").await;
    assert_eq!(browser.script("return window.sameDocument", &[]).await, true, "found without loading a page");
    assert!(browser.path().await.ends_with("/users?q=nadia"), "the search is in the address");
    assert_eq!(browser.texts("tbody a[data-row]").await, [NADIA]);
    stage.look("users-found").await;

    browser.press(NADIA).await;
    browser.on_page(NADIA).await;
    browser.sees(".head .lead", "Active").await;
    for text in [LOGIN, "Site Engineer", "+353 21 555 0101", "40771", "Works", "nokafor"] {
        browser.sees(".facts dd", text).await;
    }
    assert_eq!(browser.text("#object-id").await, nadia);
    stage.look("user").await;
    requests_of(stage).await;
    nadia
}

async fn requests_of(stage: &Stage) {
    let browser = &stage.browser;
    browser.press("Requests").await;
    browser.sees("tbody", "POST /Users").await;
    browser.sees("tbody", "Entra ID provisioning").await;
    browser.sees("tbody", "manager-string").await;
    stage.look("user-requests").await;
    browser.press("POST /Users").await;
    browser.sees(".facts", "201").await;
    browser.sees("pre.json", LOGIN).await;
    stage.look("request").await;
    browser.back().await;
}

/// The provider blocks Nadia, in its own spelling.
async fn deactivate(stage: &Stage, client: &Client, nadia: &str) {
    let browser = &stage.browser;
    let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let written = client.patch(&format!("/Users/{nadia}"), &operations).await.expect(200);
    assert_eq!(written["active"], false);
    browser.press("Overview").await;
    browser.sees(".head .lead", "Inactive").await;
    stage.look("user-inactive").await;
    browser.press("History").await;
    browser.sees(".timeline", "Entra ID provisioning").await;
    browser.sees(".timeline .after", "false").await;
    stage.look("user-history").await;
    browser.press("Requests").await;
    browser.sees("tbody", "boolean-string").await;
    browser.press(&format!("PATCH /Users/{nadia}")).await;
    browser.sees(".chip.quirk", "op-case").await;
    browser.sees("pre.json", "\"False\"").await;
    stage.look("request-with-quirks").await;
}

async fn delete_and_restore(stage: &Stage, client: &Client, nadia: &str) {
    let (browser, path) = (&stage.browser, format!("/Users/{nadia}"));
    let tenant = client.base.rsplit('/').next().unwrap();
    stage.open(&format!("/t/{tenant}/users/{nadia}")).await;
    browser.press("Delete").await;
    browser.sees("dialog[open]", "Deletes 1 user").await;
    stage.look("user-delete").await;
    browser.press("Cancel").await;
    browser.until("the dialog to close", "return !document.querySelector('dialog[open]')", &[]).await;
    client.get(&path).await.expect(200);
    browser.press("Delete").await;
    browser.press("Delete user").await;
    browser.on_page("Users").await;
    browser.sees(".banner.ok", "Nadia Okafor deleted").await;
    client.get(&path).await.expect(404);

    browser.press("Deleted users").await;
    browser.on_page("Deleted users").await;
    browser.sees("tbody", LOGIN).await;
    stage.look("users-deleted").await;
    browser.press("Restore").await;
    browser.on_page(NADIA).await;
    browser.sees(".banner.ok", "restored").await;
    let back = client.get(&path).await.expect(200);
    assert_eq!(
        (&back["id"], &back["userName"], &back["active"]),
        (&json!(nadia), &json!(LOGIN), &json!(false))
    );
}

/// Groups with more members than a page shows.
async fn groups(stage: &Stage, client: &Client, nadia: &str) {
    let browser = &stage.browser;
    let people = client.get("/Users?count=100&attributes=id").await.expect(200);
    let members: Vec<Value> =
        people["Resources"].as_array().unwrap().iter().map(|user| json!({ "value": user["id"] })).collect();
    assert_eq!(members.len(), 64);
    let group = client.create_group("Site Engineering").await;
    client.create_group("Quay St, Cork").await;
    let add = patch_body(&json!([{ "op": "Add", "path": "members", "value": members }]));
    client.send("PATCH", &format!("/Groups/{group}"), Some(&add)).await.expect(200);

    browser.press("Groups").await;
    browser.on_page("Groups").await;
    stage.look("groups").await;
    browser.press("Site Engineering").await;
    browser.on_page("Site Engineering").await;
    stage.look("group").await;
    browser.press("Members 64").await;
    browser.sees(".count-line", "64 members in all").await;
    assert_eq!(browser.texts("tbody tr").await.len(), 50, "a page of them, not all");
    stage.look("group-members").await;
    browser.press("Next").await;
    browser.until("the rest", "return document.querySelectorAll('tbody tr').length === 14", &[]).await;
    let search = browser.field("Search members by name").await;
    browser.keys(&search, "nadia").await;
    browser.until("one member", "return document.querySelectorAll('tbody tr').length === 1", &[]).await;
    browser.press(NADIA).await;
    browser.on_page(NADIA).await;
    assert!(browser.path().await.ends_with(nadia));
    browser.press("Groups 1").await;
    browser.sees("tbody", "Site Engineering").await;

    browser.press("Groups").await;
    browser.press("Quay St, Cork").await;
    browser.press("Delete").await;
    browser.press("Delete group").await;
    browser.sees(".banner.ok", "Quay St, Cork deleted").await;
    browser.press("Deleted groups").await;
    browser.on_page("Deleted groups").await;
    stage.look("groups-deleted").await;
    browser.press("Restore").await;
    browser.on_page("Quay St, Cork").await;
    browser.sees(".banner.ok", "restored").await;
}

async fn logs(stage: &Stage) {
    let browser = &stage.browser;
    browser.press("API Keys").await;
    browser.on_page("API Keys").await;
    // Its last use, at once, though the store hears of it once a minute.
    browser.sees("tbody", "127.0.0.1").await;
    stage.look("keys-used").await;
    browser.press("Logs").await;
    browser.on_page("Request log").await;
    stage.look("request-log").await;
    browser.choose("Filter by status", "Refused (4xx, 501)").await;
    browser.sees(".count-line", "Status: Refused (4xx, 501)").await;
    browser.sees("tbody", "409").await;
    browser.press("Audit log").await;
    browser.on_page("Audit log").await;
    browser.press("Verify the chain").await;
    browser.sees(".banner.ok", "The chain is whole.").await;
    stage.look("audit-log").await;
}

/// Where one only reads, nothing offers a change.
async fn switch_tenant(stage: &Stage, tenants: &Tenants) {
    let browser = &stage.browser;
    assert_eq!(browser.options("Switch tenant").await, ["Contoso", "Fabrikam", "Litware"]);
    browser.choose("Switch tenant", "Litware").await;
    // WCAG 3.2.2: choosing alone goes nowhere.
    browser.sees(".side .tenant-name", "Fabrikam").await;
    browser.press("Switch").await;
    browser.sees(".side .tenant-name", "Litware").await;
    browser.press("Tenant Config").await;
    browser.press("SCIM2 Configuration").await;
    browser.sees("#base-url", &tenants.litware).await;
    browser.press("Users").await;
    browser.on_page("Users").await;
    stage.look("users-none").await;
    let offered = browser.texts("main .actions a, main .actions button").await;
    assert!(!offered.iter().any(|text| text.contains("New user")), "{offered:?}");
    stage.open(&format!("/t/{}/users/new", tenants.litware)).await;
    browser.on_page("Not allowed").await;
    stage.inspector.look_at_refusal(browser, "not-allowed", 403).await;
    stage.open(&format!("/t/{}/users", tenants.northwind)).await;
    browser.on_page("Not found").await;
    stage.inspector.look_at_refusal(browser, "not-found", 404).await;
}

async fn leave(stage: &Stage, tenants: &Tenants) {
    let browser = &stage.browser;
    let users = format!("/t/{}/users", tenants.fabrikam);
    stage.open(&users).await;
    browser.sees("tbody", "fabrikam.example").await;
    let cookies = browser.cdp("Network.getCookies", json!({ "urls": [stage.server.url] })).await;
    let cookies: Vec<String> = cookies["cookies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{}={}", c["name"].as_str().unwrap(), c["value"].as_str().unwrap()))
        .collect();
    assert!(!cookies.is_empty());
    let with_cookies = |path: &str| replay(format!("{}{path}", stage.server.url), cookies.join("; "));
    assert_eq!(with_cookies(&users).await, 200);

    stage.sign_out("mira").await;
    browser.sees(".banner.ok", "You are signed out").await;
    stage.look("signed-out").await;
    assert_eq!(
        with_cookies(&users).await,
        303,
        "the session has ended on the server, not only in the browser"
    );
    browser.back().await;
    browser.until("the page to be loaded", "return document.readyState === 'complete'", &[]).await;
    assert!(!stage.source().await.contains("fabrikam.example"), "the way back shows nothing");
    for path in [&*users, &format!("/t/{}/profile", tenants.fabrikam), "/"] {
        stage.open(path).await;
        browser.on_page("Sign in").await;
    }
    // The sign-in leads to where one wanted to go.
    stage.open(&users).await;
    browser.fill("Name", "mira").await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.on_page("Users").await;
    assert_eq!(browser.path().await, users);
}

/// The status that somebody with these cookies gets.
async fn replay(url: String, cookies: String) -> u16 {
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    client.get(url).header("cookie", cookies).send().await.unwrap().status().as_u16()
}
