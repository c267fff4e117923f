//! Who takes part: the company with its people, the identity provider, the administrator in the browser, and what they do
//! again and again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::post::Post;
use crate::client::{Client, encode, id_of, patch_body};
use crate::console_walk::stage::Stage;
use crate::server::{PATIENCE, Tenant};

pub(super) const APP: &str = "Visual Passcodes";

/// Given name, family name; the first is everybody's manager.
const PEOPLE: [(&str, &str); 10] = [
    ("Nadia", "Okafor"),
    ("Anders", "Brandt"),
    ("Bianca", "Castellanos"),
    ("Chloé", "Dubois"),
    ("Diego", "Eriksen"),
    ("Esra", "Fujimoto"),
    ("Farid", "Grant"),
    ("Małgorzata", "Haddad"),
    ("Sunita", "Almeida"),
    ("Tomás", "Lindqvist"),
];

pub(super) struct Walk {
    pub(super) stage: Stage,
    pub(super) post: Post,
    pub(super) company: Tenant,
    /// The identity provider, with a key of its administrator's own: the service's keys are others.
    pub(super) provider: Tenant,
    pub(super) bystander: Tenant,
    /// Keys that were given to the service, the newest last.
    pub(super) keys: Vec<Client>,
    pub(super) app: String,
    /// Ids in the company, by given name and by display name.
    pub(super) people: BTreeMap<String, String>,
    pub(super) groups: BTreeMap<String, String>,
}

pub(super) fn login(given: &str) -> String {
    let (_, family) = PEOPLE.iter().find(|(name, _)| *name == given).unwrap();
    let plain = |text: &str| text.to_lowercase().replace('é', "e").replace('ł', "l").replace('á', "a");
    format!("{}.{}@contoso.example", plain(given), plain(family))
}

fn person(index: usize, manager: Option<&String>) -> Value {
    let (given, family) = PEOPLE[index];
    let mut body = json!({
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER, scim::urn::DIRECTORY_USER],
        "userName": login(given),
        "displayName": format!("{given} {family}"),
        "active": true,
        "title": (["Site Engineer", "Surveyor", "Planner"][index % 3]),
        "preferredLanguage": "en-IE",
        "name": { "givenName": given, "familyName": family },
        "emails": [{ "type": "work", "value": login(given), "primary": true }],
        "phoneNumbers": [{ "type": "work", "value": format!("+353 21 555 01{index:02}") }],
        "addresses": [{ "type": "work", "streetAddress": format!("{} Quay St", index + 1), "locality": "Cork", "country": "IE" }],
        scim::urn::ENTERPRISE_USER: { "employeeNumber": (40_700 + index).to_string(), "department": "Works" },
        scim::urn::DIRECTORY_USER: { "mailNickname": format!("c-{index}") },
    });
    if let Some(manager) = manager {
        body[scim::urn::ENTERPRISE_USER]["manager"] = json!({ "value": manager });
    }
    body
}

impl Walk {
    pub(super) async fn begin() -> Self {
        let post = Post::open().await;
        let url = post.url();
        let arguments =
            ["--provision-allow", "127.0.0.0/8", "--smtp-url", &url, "--mail-from", "muster@contoso.example"];
        let stage = Stage::with(&arguments).await;
        let server = &stage.server;
        let (company, provider) = (server.tenant("Contoso"), server.tenant("Sign-in"));
        let bystander = server.tenant("Northwind");
        let (_, key) = server.key(&provider.id, &["--scope", "SCIM2"]);
        stage.operator("amaya", "global-administrator", &[]);
        stage.operator("rory", "reader", &[&company.id]);
        stage.operator("mira", "application-administrator", &[&company.id]);
        let mut walk = Self {
            stage,
            post,
            company,
            provider,
            bystander,
            keys: vec![key],
            app: String::new(),
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        walk.hire().await;
        walk.prepare().await;
        walk
    }

    async fn hire(&mut self) {
        let mut manager = None;
        for (index, (given, _)) in PEOPLE.iter().enumerate() {
            let id = id_of(
                &self.company.client.post("/Users", &person(index, manager.as_ref())).await.expect(201),
            );
            manager.get_or_insert_with(|| id.clone());
            self.people.insert((*given).to_owned(), id);
        }
        self.gather("Harbour Crew", &["Diego"], &[]).await;
        self.gather("Site Engineering", &["Nadia", "Anders", "Bianca", "Chloé"], &["Harbour Crew"]).await;
        self.gather("Sales", &["Małgorzata", "Sunita", "Tomás"], &[]).await;
    }

    async fn gather(&mut self, name: &str, people: &[&str], groups: &[&str]) {
        let ids = people
            .iter()
            .map(|given| &self.people[*given])
            .chain(groups.iter().map(|name| &self.groups[*name]));
        let members: Vec<Value> = ids.map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [scim::urn::GROUP], "displayName": name, "members": members });
        let id = id_of(&self.company.client.post("/Groups", &body).await.expect(201));
        self.groups.insert(name.to_owned(), id);
    }

    /// Mira administers applications of the company and looks after the identity provider; its reads are logged.
    async fn prepare(&self) {
        let browser = &self.stage.browser;
        self.stage.sign_in("amaya").await;
        self.stage.open(&format!("/t/{}/config/operators", self.company.id)).await;
        browser.press("mira").await;
        browser.on_page("mira").await;
        browser.choose("Role", "Tenant Administrator").await;
        browser.choose("In", "Sign-in").await;
        browser.press("Grant role").await;
        browser.sees("main", "Tenant Administrator in Sign-in").await;
        self.limit("").await;
        self.stage.sign_out("amaya").await;
    }

    /// Tenant Config → Limits and retention of the identity provider.
    pub(super) async fn limit(&self, per_second: &str) {
        let browser = &self.stage.browser;
        self.stage.open(&format!("/t/{}/config/limits", self.provider.id)).await;
        browser.on_page("Limits and retention").await;
        browser.fill("SCIM requests a second", per_second).await;
        let reads = browser.field("Log reads too").await;
        let on = browser.script("return document.querySelector('#log_reads-on').checked", &[]).await;
        if on == false {
            browser.click(&reads).await;
        }
        browser.press("Save").await;
        browser.find(".banner.ok").await;
    }

    // ---- pages

    pub(super) async fn open(&self, tail: &str) {
        self.stage.open(&format!("/t/{}/apps/{}{tail}", self.company.id, self.app)).await;
    }

    /// A line of the left panel of the application.
    pub(super) async fn panel(&self, tail: &str) {
        let css = format!("nav.panel a[href$='{}{tail}']", self.app);
        let line = self.stage.browser.find(&css).await;
        self.stage.browser.click(&line).await;
    }

    pub(super) async fn on(&self, page: &str) {
        self.stage.browser.on_page(&format!("{APP} | {page}")).await;
    }

    /// Everything that must hold of a page; and no page holds a key.
    pub(super) async fn look(&self, name: &str) {
        self.holds_no_key(name).await;
        self.stage.look(&format!("walk-{name}")).await;
    }

    pub(super) async fn look_at_refusal(&self, name: &str, status: u16) {
        self.holds_no_key(name).await;
        self.stage.inspector.look_at_refusal(&self.stage.browser, &format!("walk-{name}"), status).await;
    }

    async fn holds_no_key(&self, name: &str) {
        let source = self.stage.source().await;
        for client in &self.keys {
            assert!(!source.contains(&client.key), "{name} shows a key");
        }
    }

    pub(super) async fn ticked(&self, label: &str, on: bool) {
        let browser = &self.stage.browser;
        let field = browser.field(label).await;
        if browser.is_ticked(&field).await != on {
            browser.click(&field).await;
        }
    }

    // ---- beside the browser

    /// `muster app … --json`
    pub(super) fn command(&self, arguments: &[&str]) -> Value {
        let place = ["--tenant", &self.company.id, "--json"];
        self.stage.server.muster(&[&["app"], arguments, &place].concat()).json()
    }

    pub(super) fn status(&self) -> Value {
        self.command(&["status", APP])
    }

    pub(super) async fn until(&self, what: &str, is: impl AsyncFn() -> bool) {
        self.until_within(PATIENCE, what, is).await;
    }

    pub(super) async fn until_within(&self, patience: Duration, what: &str, is: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !is().await {
            assert!(began.elapsed() < patience, "waited in vain for {what}: {:#}", self.status());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What `act` begins, to its end.
    pub(super) async fn cycle(&self, act: impl AsyncFnOnce()) -> Value {
        self.cycle_within(PATIENCE, act).await
    }

    pub(super) async fn cycle_within(&self, patience: Duration, act: impl AsyncFnOnce()) -> Value {
        let before = self.status()["cycles"][0]["id"].clone();
        act().await;
        let ended = |newest: &Value| !newest["ended"].is_null() && newest["id"] != before;
        self.until_within(patience, "the end of a cycle", async || {
            let status = self.status();
            ended(&status["cycles"][0]) && status["running"] == false
        })
        .await;
        self.status()["cycles"][0].clone()
    }

    pub(super) async fn start(&self) {
        let browser = &self.stage.browser;
        self.open("/provisioning").await;
        browser.press("Start provisioning").await;
        browser.named("Stop provisioning").await;
        browser.sees(".banner.ok", "Provisioning started").await;
    }

    pub(super) async fn stop(&self) {
        let browser = &self.stage.browser;
        self.open("/provisioning").await;
        browser.press("Stop provisioning").await;
        browser.sees(".banner.ok", "Provisioning stopped").await;
    }

    /// Start provisioning, one cycle, Stop provisioning.
    pub(super) async fn one_cycle(&self) -> Value {
        let cycle = self.cycle(async || self.start().await).await;
        self.stop().await;
        cycle
    }

    /// Choose users or groups in the list of assignments and remove them.
    pub(super) async fn unassign(&self, names: &[&str]) {
        let browser = &self.stage.browser;
        self.open("/users").await;
        for name in names {
            self.ticked(&format!("Select {name}"), true).await;
        }
        browser.press("Remove selected").await;
        let verb = if names.len() == 1 { "Remove assignment" } else { "Remove assignments" };
        browser.press(verb).await;
        browser.sees(".banner.ok", "removed").await;
    }

    pub(super) async fn assign(&self, names: &[&str]) {
        let browser = &self.stage.browser;
        self.open("/users/add").await;
        browser.press("None Selected").await;
        for name in names {
            browser.fill("Search by name, user name or e-mail", name).await;
            browser.sees("#picker-results .count-line", "1 match").await;
            self.ticked(name, true).await;
        }
        browser.press("Select").await;
        browser.on_page("Add Assignment").await;
        browser.press("Assign").await;
        browser.sees(".banner.ok", &format!("assigned to {APP}")).await;
    }

    // ---- the tenants

    pub(super) async fn patch(&self, given: &str, operations: Value) {
        let path = format!("/Users/{}", self.people[given]);
        let reply = self.company.client.send("PATCH", &path, Some(&patch_body(&operations))).await;
        assert!(reply.status < 300, "{}", reply.text);
    }

    /// Who has this user name at the identity provider.
    pub(super) async fn at_provider(&self, user_name: &str) -> Option<Value> {
        let filter = encode(&format!("userName eq \"{user_name}\""));
        let list = self.provider.client.get(&format!("/Users?filter={filter}")).await.expect(200);
        assert!(list["totalResults"].as_u64().unwrap() < 2, "{list}");
        list["Resources"].get(0).cloned()
    }

    pub(super) async fn group_at_provider(&self, name: &str) -> Option<Value> {
        let filter = encode(&format!("displayName eq \"{name}\""));
        let list = self.provider.client.get(&format!("/Groups?filter={filter}")).await.expect(200);
        list["Resources"].get(0).cloned()
    }

    /// Item 36, as whoever lets people in at the identity provider asks: is there an active user of this name?
    pub(super) async fn lets_in(&self, user_name: &str) -> bool {
        let filter = encode(&format!("userName eq \"{user_name}\" and active eq true"));
        self.provider.client.get(&format!("/Users?filter={filter}")).await.expect(200)["totalResults"] == 1
    }

    pub(super) async fn users_at_provider(&self) -> u64 {
        self.provider.client.get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap()
    }

    /// Changes that the provider has carried out for the service's keys.
    pub(super) async fn writes(&self) -> usize {
        let mut count = 0;
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            count += self.requests(&format!("status=ok&method={method}")).await.len();
        }
        count
    }

    /// All rows of the provider's request log that the filters find, as it shows them.
    pub(super) async fn requests(&self, filters: &str) -> Vec<String> {
        let from = format!("/t/{}/logs/requests?{filters}", self.provider.id);
        self.stage.browser.rows_of_all_pages(&from).await
    }
}
