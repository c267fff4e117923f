//! Every page shows, whatever is in the tenant: nothing, much, or markup that wants to be code.

use axum::body::Body;
use directory::{KeyScope, Kind, NewKey, TenantId};
use http::{Method, Request, StatusCode};
use provision::application::{Details, Role};
use serde_json::json;
use store::LogEntry;
use web::inventory;

use super::headers::assert_quiet;
use super::{House, caller};

const PAYLOAD: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'";

async fn open_every_page(
    house: &House,
    tenant: &TenantId,
    ids: [&str; 7],
) -> Vec<(String, StatusCode, String)> {
    let browser = house.signed_in("global").await;
    let mut pages = Vec::new();
    for route in
        inventory().iter().filter(|route| route.method == Method::GET && route.path.starts_with("/t/"))
    {
        let [user, deleted_user, group, deleted_group, key, report, application] = ids;
        let id = match route.path {
            path if path.contains("/apps/") => application,
            "/t/{tenant}/users/{id}/purge" => deleted_user,
            "/t/{tenant}/groups/{id}/purge" => deleted_group,
            path if path.contains("/users/") => user,
            path if path.contains("/groups/") => group,
            path if path.contains("/keys/") => key,
            path if path.contains("/validator/") => report,
            _ => "none",
        };
        let path = route
            .path
            .replace("{tenant}", tenant.as_ref())
            .replace("{id}", id)
            .replace("{number}", "1")
            .replace("{kind}", "users")
            .replace("{role}", "r1");
        let path = if path.ends_with("/download") { path + "?format=json" } else { path };
        let got = browser.get(&path).await;
        assert!(!got.status.is_server_error(), "{path}: {}", got.text);
        // A file and a stream of events are no pages; suggestions are a part of one.
        let is_part = route.path.ends_with("/identities");
        let is_page = !is_part && !route.path.ends_with("/download") && !route.path.ends_with("/events");
        assert!(
            is_page
                || is_part
                || !got.header("content-type").starts_with("text/html")
                || !got.status.is_success()
        );
        if got.status == StatusCode::OK && is_page {
            assert_quiet(&got.text);
            assert!(got.text.starts_with("<!DOCTYPE html>") && got.text.ends_with("</html>"), "{path}");
            assert_eq!(got.text.matches("<h1").count(), 1, "{path} has one title");
            assert_eq!(got.text.matches("<main").count(), 1, "{path}");
        }
        pages.push((route.path.to_owned(), got.status, got.text));
    }
    assert!(pages.len() > 30, "the inventory lists the console");
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_an_empty_tenant_shows() {
    let house = House::new().await;
    let nobody = "0198c0de-0000-7000-8000-000000000001";
    for (path, status, _) in open_every_page(&house, &house.fabrikam, [nobody; 7]).await {
        let of_object = path.contains("{id}") || path.contains("{number}");
        let start = matches!(path.as_str(), "/t/{tenant}/logs" | "/t/{tenant}/config");
        let expect = if of_object {
            StatusCode::NOT_FOUND
        } else if start {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::OK
        };
        assert_eq!(status, expect, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_stored_becomes_markup() {
    let house = House::new().await;
    let user = json!({
        "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER],
        "userName": PAYLOAD, "displayName": PAYLOAD, "nickName": PAYLOAD, "title": PAYLOAD, "externalId": PAYLOAD,
        "name": { "givenName": PAYLOAD, "familyName": PAYLOAD, "formatted": PAYLOAD },
        "emails": [{ "value": PAYLOAD, "type": PAYLOAD, "display": PAYLOAD }],
        "addresses": [{ "formatted": PAYLOAD, "type": "work" }],
        "roles": [{ "value": PAYLOAD }],
        (scim::urn::ENTERPRISE_USER): { "department": PAYLOAD, "manager": { "value": PAYLOAD } },
    });
    let id = house.resource(Kind::User, user).await;
    let group = house.group(PAYLOAD, &[&id, PAYLOAD]).await;
    let deleted = house.user(&format!("gone {PAYLOAD}")).await;
    house.directory.delete(house.cx(), Kind::User, &deleted, directory::Precondition::None).await.unwrap();
    let disbanded = house.group(&format!("gone {PAYLOAD}"), &[&id]).await;
    house.directory.delete(house.cx(), Kind::Group, &disbanded, directory::Precondition::None).await.unwrap();
    let new = NewKey { name: PAYLOAD.into(), scopes: vec![KeyScope::Scim2], expires: None };
    let (key, value) = house.directory.create_key(house.cx(), new).await.unwrap();
    house.directory.create_operator(caller(), PAYLOAD, super::PASSWORD, Vec::new()).await.unwrap();
    house.directory.rename_tenant(house.cx(), PAYLOAD).await.unwrap();
    for (method, body) in
        [("PATCH", "{\"x\":\"</pre><script>alert(3)</script>\"}"), ("PUT", "<script>alert(4)</script>")]
    {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2/{}/Users/{id}?a=%3Cscript%3E", house.contoso))
            .header("host", "muster.example")
            .header("authorization", format!("Bearer {value}"))
            .header("content-type", "application/scim+json")
            .header("user-agent", "<script>alert(5)</script>")
            .body(Body::from(body))
            .unwrap();
        house.send(request).await;
    }
    house.directory.flush().await.unwrap();
    super::validator::keep(&house, "run-1", 1, &[(PAYLOAD, "deviation"), ("b", "pass")]).await;
    let application = full_application(&house, &id, &group).await;
    let ids = [id.as_str(), &deleted, &group, &disbanded, &key.id, "run-1", &application];
    for (path, status, text) in open_every_page(&house, &house.contoso, ids).await {
        let fine = matches!(status, StatusCode::OK | StatusCode::SEE_OTHER)
            || ["operators/{id}", "{plan}"].iter().any(|absent| path.contains(absent));
        assert!(fine, "{path}: {status}");
        if ["/logs/download", "/logs/provisioning/download"].iter().any(|file| path.ends_with(file)) {
            // Lines of JSON, as an attachment.
            continue;
        }
        for markup in ["<script>", "<img", "onerror=alert(2)>", "</script><"] {
            let scripts = text.replace("defer></script><", "");
            assert!(!scripts.contains(markup), "{path} has {markup}");
        }
    }
    let browser = house.signed_in("global").await;
    let search =
        browser.get(&format!("/t/{}/users?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", house.contoso)).await;
    assert_quiet(&search.text);
    assert!(search.text.contains("&lt;script&gt;"));
}

/// An application whose every text is the payload.
async fn full_application(house: &House, user: &str, group: &str) -> String {
    let made = house.application(PAYLOAD).await;
    let role = Role {
        id: "r1".into(),
        value: PAYLOAD.into(),
        display_name: PAYLOAD.into(),
        description: PAYLOAD.into(),
        enabled: true,
    };
    let details = Details { description: PAYLOAD.into(), roles: vec![role], ..made.details.clone() };
    let provisioning = &house.app.provisioning;
    provisioning.update_application(house.cx(), &made.id, PAYLOAD, details).await.unwrap();
    let objects = vec![(Kind::User, user.to_owned()), (Kind::Group, group.to_owned())];
    provisioning.assign(house.cx(), &made.id, objects, "r1").await.unwrap();
    let mut state = super::applications::quarantined();
    state["quarantine"]["message"] = json!(PAYLOAD);
    house.dress(&made, true, "Active", state).await;
    let entry = LogEntry {
        application: made.id.clone(),
        cycle: Some(PAYLOAD.into()),
        at: house.directory.now(),
        duration_us: 1,
        kind: Kind::User,
        action: "update".into(),
        status: "failure".into(),
        source_id: user.to_owned(),
        source_name: PAYLOAD.into(),
        target_id: Some(PAYLOAD.into()),
        code: Some(PAYLOAD.into()),
        summary: PAYLOAD.into(),
        actor: PAYLOAD.into(),
        document: json!({
            "steps": [{ "name": PAYLOAD, "kind": "import", "status": "failure", "description": PAYLOAD, "details": [[PAYLOAD, PAYLOAD]] }],
            "modified": [{ "name": PAYLOAD, "old": PAYLOAD, "new": { PAYLOAD: PAYLOAD } }],
            "recommendation": PAYLOAD,
        })
        .to_string(),
    };
    house.store.tenant(&house.contoso).write(move |w| w.append_provisioning_log(&entry)).await.unwrap();
    made.id
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_search_filter_sort_and_page_by_their_url() {
    let house = House::new().await;
    for index in 0..60 {
        let body = json!({ "schemas": [scim::urn::USER], "userName": format!("user{index:02}"), "active": index % 2 == 0 });
        house.resource(Kind::User, body).await;
    }
    let browser = house.signed_in("reader").await;
    let base = format!("/t/{}/users", house.contoso);
    for (query, rows, first) in [
        ("", 25, "user00"),
        ("?page=3", 10, "user50"),
        ("?size=100", 60, "user00"),
        ("?q=user1", 10, "user10"),
        ("?q=USER1&status=active", 5, "user10"),
        ("?status=inactive", 25, "user01"),
        ("?order=down", 25, "user59"),
        ("?sort=created&order=down", 25, "user59"),
        ("?q=%25", 0, ""),
        ("?page=0&size=7&sort=no&order=no&status=no", 25, "user00"),
    ] {
        let page = browser.get(&format!("{base}{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(page.text.matches("data-row").count(), rows, "{query}");
        let row = page.text.split_once("<tbody>").map_or("", |(_, rest)| rest.split_once("</tr>").unwrap().0);
        assert!(row.contains(first), "{query}: {row}");
    }
    let beyond = browser.get(&format!("{base}?page=9")).await;
    assert_eq!(beyond.location(), format!("{base}?page=3"));
    let part = browser
        .send(Method::GET, &format!("{base}?q=user1&status="), &[("hx-request", "true")], String::new())
        .await;
    assert_eq!(part.header("hx-replace-url"), format!("{base}?q=user1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_page_has_this_tenants_own_values() {
    let house = House::new().await;
    let browser = house.signed_in("global").await;
    for (tenant, other) in [(&house.contoso, &house.fabrikam), (&house.fabrikam, &house.contoso)] {
        let page = browser.get(&format!("/t/{tenant}/config/scim")).await.text;
        let base = format!("https://muster.example/scim/v2/{tenant}");
        for tail in ["", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
            assert!(page.contains(&format!(">{base}{tail}<")), "{tail}");
        }
        assert!(!page.contains(&format!("scim/v2/{other}")));
    }
    let unsecured = browser.get(&format!("/switch?tenant={}", house.fabrikam)).await;
    assert_eq!(unsecured.location(), format!("/t/{}", house.fabrikam));
    assert_eq!(
        browser.get("/").await.location(),
        format!("/t/{}", house.fabrikam),
        "the tenant looked at last"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_log_shows_what_was_asked_and_why_it_was_refused() {
    let house = House::new().await;
    let id = house.user("ada").await;
    let new = NewKey { name: "Entra".into(), scopes: vec![KeyScope::Scim2], expires: None };
    let (_, key) = house.directory.create_key(house.cx(), new).await.unwrap();
    for (method, body) in [
        (
            "PATCH",
            json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] }),
        ),
        (
            "PATCH",
            json!({ "schemas": [scim::urn::PATCH_OP], "Operations": [{ "op": "replace", "path": "emails[", "value": 1 }] }),
        ),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2/{}/Users/{id}", house.contoso))
            .header("host", "muster.example")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/scim+json")
            .body(Body::from(body.to_string()))
            .unwrap();
        house.send(request).await;
    }
    house.directory.flush().await.unwrap();
    let browser = house.signed_in("reader").await;
    let home = browser.get(&format!("/t/{}", house.contoso)).await.text;
    assert!(
        home.contains("12:00: 1 succeeded, 1 refused (4xx, 501), 0 failed (5xx)"),
        "the chart counts by hour"
    );
    assert!(home.contains("1 request was refused or failed in the last 24 hours, of 2."), "{home}");
    house.clock.advance(jiff::SignedDuration::from_hours(25));
    let browser = house.signed_in("reader").await;
    let home = browser.get(&format!("/t/{}", house.contoso)).await.text;
    assert!(home.contains("0 requests, by hour") && home.contains("Nothing needs attention."));
    let base = format!("/t/{}/logs/requests", house.contoso);
    let rows =
        async |query: &str| browser.get(&format!("{base}{query}")).await.text.matches("data-row").count();
    for (query, expect) in [
        ("", 2),
        ("?status=ok", 1),
        ("?status=refused", 1),
        ("?status=failed", 0),
        ("?method=PATCH", 2),
        ("?method=GET", 0),
        ("?quirk=op-case", 1),
        ("?quirk=boolean-string&status=ok", 1),
        ("?q=emails%5B", 1),
        ("?key=nothing", 0),
        (&format!("?resource={id}"), 2),
    ] {
        assert_eq!(rows(query).await, expect, "{query}");
    }
    let page = browser.get(&base).await.text;
    assert!(page.contains("op-case") && page.contains("boolean-string") && page.contains("Entra"));
    let one = browser.get(&format!("{base}/1")).await.text;
    assert!(one.contains("Operations") && !one.contains(&key));
    let audit = browser.get(&format!("/t/{}/logs/audit/verify", house.contoso)).await.text;
    assert!(audit.contains("The chain is whole."));
}

/// What a client asks for and the server does not offer is no failure of the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_501_counts_as_refused_and_is_found_there() {
    let house = House::new().await;
    let new = NewKey { name: "Entra".into(), scopes: vec![KeyScope::Scim2], expires: None };
    let (_, key) = house.directory.create_key(house.cx(), new).await.unwrap();
    let request = Request::builder()
        .method("POST")
        .uri(format!("/scim/v2/{}/Bulk", house.contoso))
        .header("host", "muster.example")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/scim+json")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(house.send(request).await.status, StatusCode::NOT_IMPLEMENTED);
    house.directory.flush().await.unwrap();
    let browser = house.signed_in("reader").await;
    let home = browser.get(&format!("/t/{}", house.contoso)).await.text;
    assert!(home.contains("12:00: 0 succeeded, 1 refused (4xx, 501), 0 failed (5xx)"), "{home}");
    for (query, expect) in [("refused", 1), ("failed", 0), ("ok", 0)] {
        let page = browser.get(&format!("/t/{}/logs/requests?status={query}", house.contoso)).await.text;
        assert_eq!(page.matches("data-row").count(), expect, "{query}");
    }
}

/// A manager is somebody, not an id.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_page_names_the_manager_and_leads_to_them() {
    let house = House::new().await;
    let boss = house.user("grace").await;
    let report = |login: &str, manager: &str| {
        json!({ "schemas": [scim::urn::USER, scim::urn::ENTERPRISE_USER], "userName": login,
            (scim::urn::ENTERPRISE_USER): { "manager": { "value": manager } } })
    };
    let ada = house.resource(Kind::User, report("ada", &boss)).await;
    let browser = house.signed_in("reader").await;
    let page = browser.get(&format!("/t/{}/users/{ada}", house.contoso)).await.text;
    let link = format!("<a href=\"/t/{}/users/{boss}\">grace</a>", house.contoso);
    assert!(page.contains(&link) && !page.contains("Value: "), "{page}");
    house.directory.delete(house.cx(), Kind::User, &boss, directory::Precondition::None).await.unwrap();
    let page = browser.get(&format!("/t/{}/users/{ada}", house.contoso)).await.text;
    assert!(!page.contains(&link), "{page}");
}

/// Nobody knows a colleague by an id.
#[tokio::test(flavor = "multi_thread")]
async fn history_and_audit_call_people_and_roles_by_their_names() {
    let house = House::new().await;
    let (ada, alan) = (house.user("ada@x.example").await, house.user("alan@x.example").await);
    let group = house.group("Rail", &[&ada, &alan]).await;
    house.directory.delete(house.cx(), Kind::User, &alan, directory::Precondition::None).await.unwrap();
    let browser = house.signed_in("global").await;
    let history = browser.get(&format!("/t/{}/groups/{group}/history", house.contoso)).await.text;
    for words in
        ["Members added", "2 (ada@x.example, alan@x.example)", "Members removed", "1 (alan@x.example)"]
    {
        assert!(history.contains(words), "{words}: {history}");
    }
    assert!(!history.contains(&format!("({ada}")) && !history.contains(&format!("({alan}")), "{history}");
    let gone = house.directory.tombstone(&house.contoso, Kind::User, &alan).await.unwrap();
    assert_eq!(gone.id, alan);
    let log = browser.get(&format!("/t/{}/logs/audit?q=alan", house.contoso)).await.text;
    let numbers = log.split("/logs/audit/").skip(1).filter_map(|rest| rest.split('"').next());
    let entry = numbers.map(str::to_owned).find(|number| number.parse::<u64>().is_ok()).unwrap();
    let entry = browser.get(&format!("/t/{}/logs/audit/{entry}", house.contoso)).await.text;
    assert!(entry.contains("1 (Rail)"), "{entry}");
    browser.sign_in("nobody of that name", "x").await;
    let system = browser.get(&format!("/t/{}/logs/system", house.contoso)).await;
    for words in ["Global Administrator in all tenants", "Reader in Contoso Ltd"] {
        assert!(system.text.contains(words), "{words}: {}", system.text);
    }
    assert!(!system.text.contains("role:"), "{}", system.text);
}
