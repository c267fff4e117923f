//! Provisioning of an application, page by page. The target is this server itself: Contoso is provisioned into Fabrikam over a
//! real connection.

use directory::{Context, KeyScope, Kind, ListQuery, ListSort, NewKey};
use http::StatusCode;
use provision::application::{Application, Template};
use provision::control::ResetScope;
use provision::graph_schema::Rules;
use serde_json::json;
use tokio::net::TcpListener;
use web::WebOptions;

use super::{Browser, Got, House, caller};

mod logs_and_plans;
mod mapping;
mod on_demand;

/// A house that answers at a real address of this machine, with an application.
pub(super) struct Ground {
    pub(super) house: House,
    pub(super) application: Application,
    /// An API key of Fabrikam.
    pub(super) secret: String,
}

impl Ground {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = WebOptions { rate_limit: 0, ..WebOptions::default() };
        let house = House::with(&format!("http://{}", listener.local_addr().unwrap()), options).await;
        let router = house.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let made = house.app.provisioning.create_application(house.cx(), "Fabrikam", Template::Scim).await;
        let key = NewKey { name: "Contoso".to_owned(), scopes: vec![KeyScope::Scim2], expires: None };
        let cx = Context::new(house.fabrikam.clone(), caller());
        let (_, secret) = house.directory.create_key(cx, key).await.unwrap();
        Self { house, application: made.unwrap(), secret }
    }

    /// The same with a configuration.
    pub(super) async fn configured() -> Self {
        let ground = Self::new().await;
        let browser = ground.house.signed_in("app-admin").await;
        let got = ground.create(&browser).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
        ground
    }

    pub(super) fn page(&self, tail: &str) -> String {
        let id = &self.application.id;
        format!("/t/{}/apps/{id}/provisioning{tail}", self.house.contoso)
    }

    pub(super) fn target(&self) -> String {
        self.house.directory.scim_base(&self.house.fabrikam)
    }

    pub(super) async fn test(&self, browser: &Browser<'_>, secret: &str) -> Got {
        let url = self.target();
        let fields = [
            ("authentication", "bearer"),
            ("tenant_url", &*url),
            ("secret_token", secret),
            ("in_flight", "4"),
        ];
        browser.post(&self.page("/configuration/test"), &fields).await
    }

    /// Test Connection, then Create, as a browser without script does.
    pub(super) async fn create(&self, browser: &Browser<'_>) -> Got {
        let tested = self.test(browser, &self.secret).await;
        assert_eq!(tested.status, StatusCode::OK, "{}", tested.text);
        let (url, ticket) = (self.target(), tested.field("ticket"));
        let fields =
            [("authentication", "bearer"), ("tenant_url", &*url), ("ticket", &*ticket), ("in_flight", "4")];
        browser.post(&self.page("/configuration"), &fields).await
    }

    pub(super) async fn rules(&self) -> Rules {
        self.job().await.rules
    }

    pub(super) async fn job(&self) -> provision::job::Job {
        self.house.app.provisioning.job(&self.house.contoso, &self.application.id).await.unwrap()
    }

    pub(super) async fn assign(&self, kind: Kind, id: &str) {
        let objects = vec![(kind, id.to_owned())];
        let cx = self.house.cx();
        self.house.app.provisioning.assign(cx, &self.application.id, objects, "").await.unwrap();
    }

    /// User names at the target.
    pub(super) async fn arrived(&self) -> Vec<String> {
        let query = ListQuery {
            text: String::new(),
            active: None,
            sort: ListSort::Name,
            descending: false,
            offset: 0,
            limit: 100,
        };
        let list = self.house.directory.list(&self.house.fabrikam, Kind::User, query).await.unwrap();
        list.rows.iter().map(|row| row.resource["userName"].as_str().unwrap().to_owned()).collect()
    }

    /// Somebody with a name and an address.
    pub(super) async fn person(&self, login: &str, given: &str, family: &str) -> String {
        let body = json!({
            "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
            "userName": login,
            "displayName": format!("{given} {family}"),
            "name": { "givenName": given, "familyName": family },
            "emails": [{ "type": "work", "value": login }],
            (scim::urn::ENTERPRISE_USER): { "department": "Legal" },
        });
        self.house.resource(Kind::User, body).await
    }
}

/// Whether the button with that label cannot be pressed.
fn is_disabled(page: &str, label: &str) -> bool {
    let end = page.find(&format!(">{label}</button>")).unwrap_or_else(|| panic!("no button {label}"));
    let start = page[..end].rfind("<button").unwrap();
    page[start..end].contains(" disabled")
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_configuration_there_is_one_thing_to_do() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let got = browser.get(&ground.page("")).await;
    assert!(
        got.text.contains("New configuration") && !got.text.contains("Start provisioning"),
        "{}",
        got.text
    );
    let form = browser.get(&ground.page("/configuration")).await;
    assert!(form.text.contains("<h1>New provisioning configuration</h1>"));
    assert!(is_disabled(&form.text, "Create") && !is_disabled(&form.text, "Test Connection"));
    for label in [
        "Bearer authentication",
        "OAuth 2.0 client credentials",
        "Basic authentication",
        "Tenant URL",
        "Secret token",
    ] {
        assert!(form.text.contains(label), "{label}");
    }
    let reader = ground.house.signed_in("reader").await;
    assert!(!reader.get(&ground.page("")).await.text.contains("New configuration"));
    assert_eq!(reader.get(&ground.page("/configuration")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(reader.post(&ground.page("/start"), &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_names_its_cause_and_saves_nothing() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let wrong = format!("{}x", ground.secret);
    let got = ground.test(&browser, &wrong).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.text.contains("Test Connection failed.") && got.text.contains("401"), "{}", got.text);
    assert!(is_disabled(&got.text, "Create"));
    assert_eq!(got.field("ticket"), "");
    assert_eq!(got.field("tenant_url"), ground.target(), "what was typed is kept");
    assert_eq!(got.field("secret_token"), "");
    assert!(!got.text.contains(&ground.secret), "a secret is never sent back");

    let nowhere = [
        ("authentication", "bearer"),
        ("tenant_url", "http://127.0.0.1:9/scim"),
        ("secret_token", "x"),
        ("in_flight", "4"),
    ];
    let got = browser.post(&ground.page("/configuration/test"), &nowhere).await;
    assert!(got.text.contains("Test Connection failed."), "{}", got.text);
    let inside = [
        ("authentication", "bearer"),
        ("tenant_url", "http://10.0.0.1/scim"),
        ("secret_token", "x"),
        ("in_flight", "4"),
    ];
    let got = browser.post(&ground.page("/configuration/test"), &inside).await;
    assert!(got.text.contains("Test Connection failed."), "{}", got.text);

    let empty = browser.post(&ground.page("/configuration/test"), &[("authentication", "bearer")]).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    assert!(empty.text.contains("Type the SCIM Base URL of the application."));
    assert!(ground.job().await.config.connection.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn create_takes_exactly_what_a_test_has_passed_for() {
    let ground = Ground::new().await;
    let browser = ground.house.signed_in("app-admin").await;
    let tested = ground.test(&browser, &ground.secret).await;
    assert!(tested.text.contains("Test Connection passed."), "{}", tested.text);
    assert!(!is_disabled(&tested.text, "Create"));
    assert!(!tested.text.contains(&ground.secret));
    let (url, ticket) = (ground.target(), tested.field("ticket"));
    let other = format!("{url}?aadOptscim062020");
    let page = ground.page("/configuration");
    let send = |url: &str, secret: &str, ticket: &str| {
        let fields: Vec<(String, String)> = [
            ("authentication", "bearer"),
            ("tenant_url", url),
            ("secret_token", secret),
            ("ticket", ticket),
            ("in_flight", "4"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let (browser, page) = (&browser, &page);
        async move {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            browser.post(page, &fields).await
        }
    };
    for (what, got) in [
        ("no test", send(&url, &ground.secret, "").await),
        ("another URL", send(&other, &ground.secret, &ticket).await),
        ("another URL, the secret of the test", send(&other, "", &ticket).await),
        ("another secret", send(&url, "mst_other", &ticket).await),
        ("a made-up ticket", send(&url, &ground.secret, "1772366400000.AAAA").await),
    ] {
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{what}: {}", got.text);
        assert!(got.text.contains("class=\"banner bad\""), "{what}");
        assert!(!got.text.contains(&ground.secret), "{what}");
        assert!(ground.job().await.config.connection.is_none(), "{what}");
    }
    // The secret of one operator's test is not another's.
    let stranger = ground.house.signed_in("tenant-admin").await;
    let fields =
        [("authentication", "bearer"), ("tenant_url", &*url), ("ticket", &*ticket), ("in_flight", "4")];
    assert_eq!(stranger.post(&page, &fields).await.status, StatusCode::BAD_REQUEST);

    let got = send(&url, "", &ticket).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
    assert_eq!(ground.job().await.config.connection.unwrap().tenant_url, url);
    let edit = browser.get(&page).await;
    assert!(
        edit.text.contains("<h1>Edit configuration</h1>") && edit.text.contains("Leave it empty to keep it")
    );
    assert!(!edit.text.contains(&ground.secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_edited_without_its_secret_and_moved_only_with_one() {
    let ground = Ground::configured().await;
    let browser = ground.house.signed_in("app-admin").await;
    let (url, page) = (ground.target(), ground.page("/configuration"));
    let pace =
        [("authentication", "bearer"), ("tenant_url", &*url), ("in_flight", "8"), ("per_second", "50")];
    let got = browser.post(&page, &pace).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER, "the pace needs no test: {}", got.text);
    assert_eq!(ground.job().await.config.connection.unwrap().pace.in_flight, 8);
    let moved =
        [("authentication", "bearer"), ("tenant_url", "https://elsewhere.example/scim"), ("in_flight", "8")];
    assert_eq!(browser.post(&page, &moved).await.status, StatusCode::BAD_REQUEST);
    let got = browser.post(&ground.page("/configuration/test"), &moved).await;
    assert!(got.text.contains("Test Connection failed.") && got.text.contains("secret"), "{}", got.text);
    assert_eq!(ground.job().await.config.connection.unwrap().tenant_url, url);
    // The stored secret is tested where it belongs.
    let same = [("authentication", "bearer"), ("tenant_url", &*url), ("in_flight", "8")];
    let got = browser.post(&ground.page("/configuration/test"), &same).await;
    assert!(got.text.contains("Test Connection passed."), "{}", got.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_started_stopped_and_restarted() {
    let ground = Ground::configured().await;
    let browser = ground.house.signed_in("app-admin").await;
    let got = browser.get(&ground.page("")).await;
    for words in [
        "Start provisioning",
        "Restart provisioning",
        "Provision on demand",
        "Users provisioned",
        "No cycle has run yet",
        "View technical information",
    ] {
        assert!(got.text.contains(words), "{words}");
    }
    assert!(!got.text.contains("data-live"), "nothing goes on");
    for _ in 0..2 {
        let got = browser.post(&ground.page("/start"), &[]).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "a second press is harmless");
    }
    let got = browser.get(&ground.page("")).await;
    assert!(got.text.contains("Stop provisioning") && got.text.contains("data-live"));
    let ask = browser.get(&ground.page("/restart")).await;
    assert!(
        ask.text.contains("Restart provisioning?") && ask.text.contains("0 objects are linked"),
        "{}",
        ask.text
    );
    assert_eq!(
        browser.post(&ground.page("/restart"), &[("watermark", "yes")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(browser.post(&ground.page("/stop"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get(&ground.page("")).await.text.contains("Start provisioning"));
    // Its events end when the page's buttons are not right any more.
    let events = browser.get(&ground.page("/events?state=active")).await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert!(events.text.contains("event: finished"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_explained_and_deletes_are_allowed_by_their_number() {
    let ground = Ground::configured().await;
    let (house, id) = (&ground.house, ground.application.id.clone());
    let state = json!({ "staged": 37, "lastBegan": "2026-03-01T10:00:00Z", "quarantine": {
        "reason": "TooManyDeletes", "message": "37 objects would be disabled or <b>deleted</b>",
        "currentBegan": "2026-03-01T10:00:00Z", "seriesBegan": "2026-03-01T10:00:00Z", "seriesCount": 1,
        "nextAttempt": "2026-03-01T16:00:00Z" } });
    house
        .store
        .tenant(&house.contoso)
        .write(move |write| {
            let mut row = write.job(&id)?.unwrap();
            row.schedule = "Active".to_owned();
            row.state = state.to_string();
            write.update_job(&row)
        })
        .await
        .unwrap();
    let browser = house.signed_in("app-admin").await;
    let got = browser.get(&ground.page("")).await;
    for words in [
        "In quarantine: Too many deletes.",
        "Allow 37 deletes",
        "&lt;b&gt;deleted",
        "Tried again",
        "in 4 hours",
    ] {
        assert!(got.text.contains(words), "{words}: {}", got.text);
    }
    let reader = house.signed_in("reader").await;
    assert!(!reader.get(&ground.page("")).await.text.contains("Allow 37 deletes"));
    let ask = browser.get(&ground.page("/allow-deletes")).await;
    assert!(ask.text.contains("Allow 37 users and groups to be disabled or deleted?"), "{}", ask.text);
    assert_eq!(browser.post(&ground.page("/allow-deletes"), &[]).await.status, StatusCode::SEE_OTHER);
    let job = ground.job().await;
    assert!(job.state.allow_deletes && job.state.quarantine.is_none());
    // Nothing is held back any more.
    browser.post(&ground.page("/allow-deletes"), &[]).await;
    let got = browser.get(&ground.page("")).await;
    assert!(got.text.contains("No deletes are held back any more"), "{}", got.text);
    let restarted =
        house.app.provisioning.restart(house.cx(), &ground.application.id, ResetScope::RESTART).await;
    assert!(!restarted.unwrap().state.allow_deletes);
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_change_with_apply_and_keep_what_was_typed_when_refused() {
    let ground = Ground::configured().await;
    let browser = ground.house.signed_in("app-admin").await;
    let page = ground.page("/properties/edit");
    let base = browser.get(&page).await.field("base");
    let fields = |address: &'static str, base: &str| {
        vec![
            ("base".to_owned(), base.to_owned()),
            ("notify".to_owned(), "yes".to_owned()),
            ("recipient".to_owned(), address.to_owned()),
            ("guard".to_owned(), "yes".to_owned()),
            ("count".to_owned(), "25".to_owned()),
            ("percent".to_owned(), String::new()),
            ("percent_from".to_owned(), "5".to_owned()),
            ("scope".to_owned(), "all".to_owned()),
            ("interval".to_owned(), "30".to_owned()),
            ("unit".to_owned(), "seconds".to_owned()),
            ("push".to_owned(), "yes".to_owned()),
        ]
    };
    let send = async |address: &'static str, base: &str| {
        let fields = fields(address, base);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        browser.post(&page, &fields).await
    };
    for (address, words) in [("", "Type the address"), ("not an address", "no e-mail address")] {
        let got = send(address, &base).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(got.text.contains(words), "{address}: {}", got.text);
        assert_eq!((got.field("recipient"), got.field("count")), (address.to_owned(), "25".to_owned()));
    }
    assert_eq!(ground.job().await.config.guard.count, 500, "nothing changes before Apply succeeds");
    assert_eq!(send("ops@contoso.example", &base).await.status, StatusCode::SEE_OTHER);
    let config = ground.job().await.config;
    assert_eq!(config.notification.recipient.as_deref(), Some("ops@contoso.example"));
    assert_eq!((config.guard.count, config.guard.percent, config.push), (25, None, true));
    assert_eq!(config.interval.to_string(), "PT30S");
    assert!(config.connection.is_some(), "the connection stays");
    let got = browser.get(&ground.page("/properties")).await;
    for words in ["ops@contoso.example", "25 deletes", "Sync all users and groups", "30 seconds"] {
        assert!(got.text.contains(words), "{words}");
    }
    // Whoever opened the page before is told.
    let got = send("late@contoso.example", &base).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert!(got.text.contains("Somebody else has changed the properties"));
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_are_tried_by_whoever_may_read() {
    let ground = Ground::new().await;
    ground.person("ada@contoso.example", "Ada", "Lovelace").await;
    let browser = ground.house.signed_in("reader").await;
    let page = ground.page("/expression");
    let got = browser.get(&page).await;
    assert!(got.text.contains("Ada Lovelace") && got.text.contains("Join(separator"), "{}", got.text);
    let send = async |expression: &str, functions: &str| {
        browser.post(&page, &[("expression", expression), ("kind", "users"), ("functions", functions)]).await
    };
    let got = send("ToUpper([surname])", "").await;
    assert!(got.text.contains(">LOVELACE<"), "{}", got.text);
    let got = send("ToUpper([surname]", "").await;
    assert!(got.text.contains("<mark>") && got.text.contains("column"), "{}", got.text);
    let got = send("Upper([<script>])", "replace").await;
    assert!(
        !got.text.contains("<script>]")
            && got.text.contains("Replace(")
            && !got.text.contains("Join(separator")
    );
    let got = send("x", "no such function").await;
    assert!(got.text.contains("No function matches"));
}
