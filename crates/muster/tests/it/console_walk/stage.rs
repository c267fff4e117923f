//! What the tests of the console begin with: a server, a browser, operators, and people in a tenant.

use serde_json::{Value, json};

use super::inspector::Inspector;
use crate::browser::Browser;
use crate::client::{Client, id_of};
use crate::server::{Server, muster_with};

pub(crate) const PASSWORD: &str = "slow green harbour 27";

/// The provider's first request for a person, as it is sent, and the person in it.
pub(crate) const CREATE: &str = include_str!("../../../../../fixtures/idp/entra/create-user.json");
pub(crate) const NADIA: &str = "Nadia Okafor";
pub(crate) const LOGIN: &str = "nadia.okafor@fabrikam.example";

/// A server, a browser that shows it, and whoever signs in.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) browser: Browser,
    pub(crate) inspector: Inspector,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A server with these arguments.
    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let server = Server::start(arguments);
        let browser = Browser::open().await;
        browser.resize(1280, 800).await;
        browser.dark(false).await;
        browser.allow_clipboard(&server.url).await;
        let inspector = Inspector::new(&server.url);
        Self { server, browser, inspector }
    }

    pub(crate) fn tenant(&self, name: &str) -> String {
        let made = self.server.muster(&["tenant", "create", name, "--json"]).json();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn operator(&self, name: &str, role: &str, tenants: &[&str]) {
        let mut arguments = vec!["operator", "create", name, "--role", role, "--password-stdin"];
        arguments.extend(tenants.iter().flat_map(|tenant| ["--tenant", tenant]));
        let made = muster_with(&self.server.data, &arguments, Some(PASSWORD));
        assert_eq!(made.code, 0, "{made:?}");
    }

    /// A key of the tenant, for what a test needs beside the walk.
    pub(crate) fn client(&self, tenant: &str) -> Client {
        self.server.key(tenant, &["--scope", "SCIM2"]).1
    }

    pub(crate) fn keys(&self, tenant: &str) -> usize {
        self.server.muster(&["key", "list", "--tenant", tenant, "--json"]).json().as_array().unwrap().len()
    }

    pub(crate) async fn open(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.server.url)).await;
    }

    pub(crate) async fn look(&self, name: &str) {
        self.inspector.look(&self.browser, name).await;
    }

    pub(crate) async fn sign_in(&self, name: &str) {
        self.open("/sign-in").await;
        self.browser.fill("Name", name).await;
        self.browser.fill("Password", PASSWORD).await;
        self.browser.press("Sign in").await;
        self.browser.sees(".account .name", name).await;
    }

    pub(crate) async fn sign_out(&self, name: &str) {
        self.browser.press(&format!("Account of {name}")).await;
        self.browser.press("Sign out").await;
        self.browser.on_page("Sign in").await;
    }

    /// Everything of the page, hidden things too.
    pub(crate) async fn source(&self) -> String {
        let source = self.browser.script("return document.documentElement.outerHTML", &[]).await;
        source.as_str().unwrap().to_owned()
    }
}

/// People beside Nadia, so that lists are lists.
pub(crate) async fn crowd(client: &Client) {
    const GIVEN: [&str; 8] = ["Anders", "Bianca", "Chloé", "Diego", "Esra", "Farid", "Małgorzata", "Sunita"];
    const FAMILY: [&str; 8] =
        ["Almeida", "Brandt", "Castellanos", "Dubois", "Eriksen", "Fujimoto", "Grant", "Haddad"];
    let all = GIVEN.iter().flat_map(|given| FAMILY.iter().map(move |family| (given, family)));
    for (number, (given, family)) in all.skip(1).enumerate() {
        let name = format!("{given} {family}");
        let login = format!("{}{family}@fabrikam.example", &given[..1]).to_lowercase();
        let user = json!({
            "schemas": [scim::urn::USER],
            "externalId": format!("e-{:04}", 4100 + number),
            "userName": login,
            "active": number % 9 != 4,
            "displayName": name,
            "name": { "givenName": given, "familyName": family, "formatted": name },
            "emails": [{ "primary": true, "type": "work", "value": login }],
        });
        client.post("/Users", &user).await.expect(201);
    }
}

/// A tenant with some of everything, errors too. Gives a user.
pub(crate) async fn populate(client: &Client) -> String {
    let fixture: Value = serde_json::from_str(CREATE).unwrap();
    crowd(client).await;
    let user = id_of(&client.post("/Users", &fixture["request"]).await.expect(201));
    client.post("/Users", &fixture["request"]).await.expect(409);
    client.get("/Users?filter=nonsense%20eq%20%22a%22").await.expect(400);
    client.with_key("mst_nothing").get("/Users").await.expect(401);
    let group = client.create_group("Site Engineering").await;
    let member = json!([{ "op": "Add", "path": "members", "value": [{ "value": user }] }]);
    client.patch(&format!("/Groups/{group}"), &member).await.expect(200);
    client.send("DELETE", "/Users/nobody", None).await.expect(404);
    let leaver = client.create_user("leaver@fabrikam.example").await;
    client.send("DELETE", &format!("/Users/{leaver}"), None).await.expect(204);
    user
}
