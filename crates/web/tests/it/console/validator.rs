//! The validator's pages: who may run it, where a run may go, a run from its beginning to its report.

use std::time::Duration;

use axum::body::Body;
use directory::{AuditQuery, KeyScope, NewKey, ValidationDocument, ValidationRow};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use web::{Limits, WebOptions};

use super::{Browser, Got, House};

/// A house that answers at a real address of this machine.
async fn listening(options: WebOptions) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = House::with(&format!("http://{}", listener.local_addr().unwrap()), options).await;
    let router = house.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    house
}

fn unhurried() -> WebOptions {
    WebOptions { rate_limit: 0, ..WebOptions::default() }
}

impl House {
    fn page(&self, tail: &str) -> String {
        format!("/t/{}/{tail}", self.contoso)
    }

    async fn actions(&self) -> Vec<(String, Option<String>, Value)> {
        let query = AuditQuery { limit: 500, ..AuditQuery::default() };
        let rows = self.directory.audit(&self.contoso, query).await.unwrap();
        rows.into_iter().rev().map(|row| (row.action, row.name, row.detail)).collect()
    }
}

/// The events of a run as they come, until `enough` of one.
async fn watch(house: &House, browser: &Browser<'_>, run: &str, enough: impl Fn(&str) -> bool) -> String {
    let cookie =
        browser.cookies.lock().iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("; ");
    loop {
        let request = Request::get(format!("{run}/events"))
            .header("host", super::HOST)
            .header("cookie", &cookie)
            .body(Body::empty())
            .unwrap();
        let response = house.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let event = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
            if enough(&event) {
                return event;
            }
        }
    }
}

async fn ended(house: &House, browser: &Browser<'_>, run: &str) {
    watch(house, browser, run, |event| event.starts_with("event: finished\n")).await;
}

fn started(got: &Got) -> String {
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
    assert!(got.location().contains("/validator/0"), "{}", got.location());
    got.location().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_errors_keeps_what_was_typed_but_the_token() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let page = house.page("validator/new");
    let fields = [
        ("target", "https://scim.example/v2?flag=1"),
        ("token", "s3cret token"),
        ("profile", "okta"),
        ("seed", "minus one"),
        ("keep", "yes"),
    ];
    let got = browser.post(&page, &fields).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert_eq!(got.field("target"), "https://scim.example/v2?flag=1");
    assert_eq!(got.field("seed"), "minus one");
    assert_eq!(got.field("token"), "", "a token is never sent back");
    assert!(!got.text.contains("s3cret"));
    assert!(got.text.contains("value=\"okta\" selected"));
    assert!(got.text.contains("name=\"keep\" value=\"yes\" checked"));
    for words in ["A token has no spaces", "Type a whole number", "type it again"] {
        assert!(got.text.contains(words), "{words}");
    }
    let empty = browser.post(&page, &[("profile", "mine")]).await;
    assert!(empty.text.contains("Type the URL of a SCIM endpoint"));
    assert!(empty.text.contains("Choose one of the profiles"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_target_is_public_https_or_refused() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    for (target, words) in [
        ("http://scim.example/v2", "begin with https://"),
        ("ftp://scim.example/v2", "not ftp:"),
        ("https://127.0.0.1/scim", "a loopback address"),
        ("https://[::1]/scim", "a loopback address"),
        ("https://[::ffff:127.0.0.1]/scim", "a loopback address"),
        ("https://2130706433/scim", "a loopback address"),
        ("https://10.1.2.3/scim", "a private address"),
        ("https://169.254.169.254/latest/meta-data", "a link-local address"),
        ("https://scim.example@127.0.0.1/", "user name or password"),
        ("https://scim.example:22/", "Port 22"),
        ("not a url", "cannot be read"),
    ] {
        let got =
            browser.post(&house.page("validator/new"), &[("target", target), ("token", "tttttttt")]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{target}");
        assert!(got.text.contains(words), "{target}: {words}");
    }
    assert!(house.actions().await.iter().all(|(action, ..)| !action.starts_with("validation")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let target = format!("https://localhost:{}/scim?code=q9z8", listener.local_addr().unwrap().port());
    let run = started(&browser.post(&house.page("validator/new"), &[("target", &target)]).await);
    ended(&house, &browser, &run).await;
    let page = browser.get(&run).await;
    assert!(
        page.text.contains("There is no report") && page.text.contains("loopback address"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("q9z8"), "a query may hold a secret");
    assert!(
        !page.text.contains("data-live") && !page.text.contains("http-equiv"),
        "it does not load itself for ever"
    );
    let nobody =
        std::future::poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_pending())).await;
    assert!(nobody, "no connection was made");
    let actions = house.actions().await;
    let (action, name, detail) = actions.last().unwrap();
    assert_eq!(action, "validation.fail");
    assert_eq!(name.as_deref(), target.strip_suffix("/scim?code=q9z8"), "the origin and no more");
    assert!(!detail.to_string().contains("q9z8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_to_allowed_networks_only() {
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    let house = listening(WebOptions { validator_networks: networks, ..unhurried() }).await;
    let browser = house.signed_in("tenant-admin").await;
    let page = house.page("validator/new");
    let got = browser.post(&page, &[("target", "http://192.0.2.1/scim")]).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST, "not in the networks");
    let got = browser.post(&page, &[("target", "http://8.8.8.8/scim")]).await;
    assert!(got.text.contains("begin with https://"), "public, and still in the clear");
    let got = browser.post(&page, &[("target", &house.directory.scim_base(&house.contoso))]).await;
    ended(&house, &browser, &started(&got)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenants_own_endpoint_is_validated_with_one_click() {
    let house = listening(unhurried()).await;
    house.user("ada").await;
    let browser = house.signed_in("tenant-admin").await;
    let ask = browser.get(&house.page("validator/own/new")).await;
    for words in
        ["1 API key", "The 1 user and 0 groups", "Deleted users", &*house.directory.scim_base(&house.contoso)]
    {
        assert!(ask.text.contains(words), "{words}");
    }
    let run = started(&browser.post(&house.page("validator/own/new"), &[]).await);

    // While it goes on: its page works without script, a second run is refused, anybody who may look may watch.
    let first = watch(&house, &browser, &run, |_| true).await;
    assert!(first.starts_with("event: progress\n"), "{first}");
    let page = browser.get(&run).await;
    assert!(page.text.contains("http-equiv=\"refresh\"") && page.text.contains("Stop the run"));
    let second = browser.post(&house.page("validator/own/new"), &[]).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.text.contains("A run of this tenant is under way"));
    let reader = house.signed_in("reader").await;
    assert!(!reader.get(&run).await.text.contains("Stop the run"));
    watch(&house, &reader, &run, |event| event.contains("Latest checks")).await;

    // Stopped, it cleans up and still has a report.
    assert_eq!(browser.post(&format!("{run}/stop"), &[]).await.status, StatusCode::SEE_OTHER);
    ended(&house, &browser, &run).await;
    let report = reader.get(&run).await;
    for words in ["The run was stopped", "By level", "MUST", "SARIF"] {
        assert!(report.text.contains(words), "{words}: {}", report.text);
    }
    assert!(!report.text.contains("still at the target"), "{}", report.text);
    let users = house.directory.statistics(&house.contoso).await.unwrap().users;
    assert_eq!(users, 1, "what was here, and nothing of the run");

    let keys = house.directory.keys(&house.contoso).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].revoked.is_some() && keys[0].expires.is_some());
    let actions = house.actions().await;
    let of_run: Vec<&str> = actions
        .iter()
        .map(|(a, ..)| a.as_str())
        .filter(|a| a.starts_with("validation") || a.starts_with("key"))
        .collect();
    assert_eq!(of_run, ["validation.start", "key.create", "key.revoke", "validation.finish"]);
    let rows = house.directory.validations(&house.contoso).await.unwrap();
    assert!(rows.len() == 1 && rows[0].cancelled && rows[0].requests > 0);
    for format in ["html", "json", "junit", "sarif", "md"] {
        let got = reader.get(&format!("{run}/download?format={format}")).await;
        assert_eq!(got.status, StatusCode::OK, "{format}");
        assert!(
            got.header("content-disposition").starts_with("attachment; filename=\"validator-"),
            "{format}"
        );
    }
    assert_eq!(reader.get(&format!("{run}/download?format=exe")).await.status, StatusCode::BAD_REQUEST);
}

/// The listener stays open for it: what is cleaned up is reached through it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_waits_until_runs_have_cleaned_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = House::with(&format!("http://{}", listener.local_addr().unwrap()), unhurried()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let limits = Limits { drain: Duration::from_secs(120), ..Limits::default() };
    let server = tokio::spawn(web::serve(listener, house.app.clone(), None, limits, async {
        let _ = stopped.await;
    }));
    house.user("ada").await;
    let browser = house.signed_in("tenant-admin").await;
    let run = started(&browser.post(&house.page("validator/own/new"), &[]).await);
    watch(&house, &browser, &run, |event| event.contains("Latest checks")).await;
    let counts = async || {
        let counts = house.directory.statistics(&house.contoso).await.unwrap();
        (counts.users, counts.groups)
    };
    while counts().await.0 < 5 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();

    assert_eq!(counts().await, (1, 0), "what was here, and nothing of the run");
    let rows = house.directory.validations(&house.contoso).await.unwrap();
    assert!(rows.len() == 1 && rows[0].cancelled, "its report is kept");
    let keys = house.directory.keys(&house.contoso).await.unwrap();
    assert!(keys.iter().all(|key| key.revoked.is_some()));
    let report = browser.get(&run).await;
    assert!(report.text.contains("The run was stopped") && !report.text.contains("still at the target"));
    let again = browser.post(&house.page("validator/own/new"), &[]).await;
    assert!(again.status == StatusCode::CONFLICT && again.text.contains("about to stop"), "{}", again.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_no_page_and_not_in_the_database() {
    let house =
        listening(WebOptions { validator_networks: vec!["127.0.0.0/8".parse().unwrap()], ..unhurried() })
            .await;
    let new = NewKey { name: "Target".into(), scopes: vec![KeyScope::Scim2], expires: None };
    let cx = directory::Context::new(house.fabrikam.clone(), super::caller());
    let token = house.directory.create_key(cx, new).await.unwrap().1;
    let browser = house.signed_in("tenant-admin").await;
    let target = house.directory.scim_base(&house.fabrikam);
    let fields = [("target", target.as_str()), ("token", &token), ("profile", "okta"), ("seed", "7")];
    let run = started(&browser.post(&house.page("validator/new"), &fields).await);
    watch(&house, &browser, &run, |event| event.contains("Latest checks")).await;
    assert!(!browser.get(&run).await.text.contains(&token));
    browser.post(&format!("{run}/stop"), &[]).await;
    ended(&house, &browser, &run).await;
    let dump = house.store.dump().await.unwrap();
    assert!(dump.contains("validation_document"), "there is a report");
    assert!(!dump.contains(&token));
    for tail in ["", "?verdict=all", "/download?format=html", "/download?format=json"] {
        let got = browser.get(&format!("{run}{tail}")).await;
        assert!(got.status == StatusCode::OK && !got.text.contains(&token), "{tail}");
    }
    // A report belongs to the tenant it was made in.
    let other = house.signed_in("other-admin").await;
    let elsewhere = run.replace(house.contoso.as_ref(), house.fabrikam.as_ref());
    for tail in ["", "/events", "/delete", "/download?format=json"] {
        assert_eq!(other.get(&format!("{elsewhere}{tail}")).await.status, StatusCode::NOT_FOUND, "{tail}");
    }
}

/// A kept report with these cases and verdicts.
pub(super) async fn keep(house: &House, id: &str, seed: u64, cases: &[(&str, &str)]) {
    let exchange = json!({
        "at": "2026-03-01T11:00:00Z", "method": "PATCH", "url": "https://scim.example/v2/Users/<1>", "requestHeaders": [],
        "requestBody": "{\"a\":\"<b>\"}", "status": 500, "responseBody": "<script>alert(1)</script>", "timings": { "totalUs": 5 },
    });
    let results: Vec<Value> = cases
        .iter()
        .map(|(id, verdict)| {
            let deviates = *verdict == "deviation";
            json!({
                "id": id, "title": format!("Title of {id}"), "theme": "patch", "level": "MUST", "clause": "RFC 7644 §3.5.2",
                "what": "", "verdict": verdict, "reason": "", "duration_ms": 3,
                "deviation": deviates.then(|| json!({
                    "expected": "200", "got": "<i>500", "clause": "RFC 7644 §3.5.2", "consequence": "Entra quarantines",
                    "minimal": null, "culprit": 0,
                })),
                "exchanges": if deviates { json!([{ "preparation": false, "exchange": exchange, "curl": "curl -X PATCH <url>" }]) } else { json!([]) },
            })
        })
        .collect();
    let body = json!({
        "started": "2026-03-01T11:00:00Z", "existing_users": 3, "created": 5, "deleted": 5, "left_over": [], "kept": false,
        "results": results,
    });
    let count = |kind: &str| cases.iter().filter(|(_, verdict)| *verdict == kind).count() as u64;
    let row = ValidationRow {
        id: id.into(),
        started: house.directory.now(),
        started_by: "operator:1 tenant-admin".into(),
        target: "https://scim.example/v2".into(),
        profile: "all".into(),
        seed,
        duration_ms: 61_000,
        requests: 9,
        deviations: count("deviation"),
        not_judged: count("could-not-judge"),
        passed: count("pass"),
        not_applicable: count("not-applicable"),
        cancelled: false,
    };
    let document = |form: &str, body: String| ValidationDocument { form: form.into(), body };
    let documents = vec![document("console", body.to_string()), document("json", "{}".to_owned())];
    house.directory.validation_finished(house.cx(), "https://scim.example", row, documents).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_each_deviation_with_its_proof() {
    let house = House::new().await;
    keep(&house, "run-1", 1, &[("a", "deviation"), ("b", "pass"), ("c", "not-applicable")]).await;
    let reader = house.signed_in("reader").await;
    let list = reader.get(&house.page("validator")).await;
    for words in ["https://scim.example/v2", "1 deviation", "1 passed", "by tenant-admin", "1 min 1 s"] {
        assert!(list.text.contains(words), "{words}");
    }
    assert!(
        !list.text.contains("Run the validator") && !list.text.contains(">Delete<"),
        "a reader only looks"
    );
    let page = house.page("validator/run-1");
    let report = reader.get(&page).await;
    for words in
        ["Title of a", "&lt;i&gt;500", "Entra quarantines", "curl -X PATCH &lt;url&gt;", "RFC 7644 §3.5.2"]
    {
        assert!(report.text.contains(words), "{words}");
    }
    assert!(!report.text.contains("<script>alert"));
    assert!(!report.text.contains("Title of b"), "deviations come first");
    let passed = reader.get(&format!("{page}?verdict=pass")).await;
    assert!(passed.text.contains("Title of b") && !passed.text.contains("Title of a"));
    let one = reader.get(&format!("{page}?check=a")).await;
    assert!(one.text.contains("Exchange 1 of 1"));
    assert_eq!(reader.get(&format!("{page}?check=none")).await.status, StatusCode::NOT_FOUND);
    let admin = house.signed_in("tenant-admin").await;
    let got = admin.post(&format!("{page}/delete"), &[]).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(admin.get(&page).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_reports_are_compared() {
    let house = House::new().await;
    keep(
        &house,
        "run-1",
        1,
        &[("a", "deviation"), ("b", "pass"), ("c", "pass"), ("d", "deviation"), ("e", "pass")],
    )
    .await;
    keep(&house, "run-2", 2, &[("a", "pass"), ("b", "deviation"), ("c", "pass"), ("d", "deviation")]).await;
    let reader = house.signed_in("reader").await;
    let got = reader.get(&house.page("validator/compare?before=run-1&after=run-2")).await;
    assert_eq!(got.status, StatusCode::OK);
    let after = |heading: &str| {
        let start = got.text.find(&format!("<h2>{heading}</h2>")).unwrap_or_else(|| panic!("no {heading}"));
        got.text[start..].split("</section>").next().unwrap().to_owned()
    };
    for (heading, title) in [
        ("Newly deviating", "Title of b"),
        ("Mended", "Title of a"),
        ("Still deviating", "Title of d"),
        ("In one run only", "Title of e"),
    ] {
        assert!(after(heading).contains(title), "{heading}");
    }
    assert!(!got.text.contains("Title of c"), "what is the same is counted only");
    assert!(got.text.contains("different seeds"));
    let unknown = reader.get(&house.page("validator/compare?before=run-1&after=run-9")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let method = reader.send(Method::POST, &house.page("validator/compare"), &[], String::new()).await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
}
