//! Logs and plans of an application that has really provisioned.

use directory::{Context, Kind};
use http::{Method, StatusCode};
use provision::application::Template;
use web::inventory;

use super::super::{Browser, caller};
use super::Ground;

/// Two people, one of them provisioned on demand.
async fn provisioned() -> (Ground, String) {
    let ground = Ground::configured().await;
    let ada = ground.person("ada@contoso.example", "Ada", "Lovelace").await;
    ground.assign(Kind::User, &ada).await;
    let browser = ground.house.signed_in("app-admin").await;
    let got = browser.post(&ground.page("/on-demand"), &[("kind", "users"), ("object", &ada)]).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    (ground, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_filtered_read_and_taken_away() {
    let (ground, ada) = provisioned().await;
    let browser = ground.house.signed_in("reader").await;
    let page = ground.page("/logs");
    let got = browser.get(&page).await;
    assert!(
        got.text.contains("Ada Lovelace") && got.text.contains("Create") && got.text.contains("Success"),
        "{}",
        got.text
    );
    for (query, found) in [
        ("?status=success", true),
        ("?status=failure", false),
        ("?action=create&q=lovelace", true),
        ("?action=delete", false),
        ("?since=2026-03-01&until=2026-03-01", true),
        ("?until=2026-02-28", false),
        (&*format!("?object={ada}"), true),
        (&*format!("?user={ada}"), true),
        ("?user=ADA%40contoso.example", true),
        ("?user=ada%40contoso.example&action=delete", false),
        ("?cycle=none", false),
    ] {
        let got = browser.get(&format!("{page}{query}")).await;
        assert_eq!(got.text.contains("data-row"), found, "{query}");
        assert!(found || got.text.contains("No entry matches"), "{query}");
    }
    let number = browser
        .get(&page)
        .await
        .text
        .split(&format!("{page}/"))
        .filter_map(|rest| rest.split('"').next()?.parse::<u64>().ok())
        .next()
        .unwrap();
    for (tab, words) in [
        ("", "Determine if in scope"),
        ("?tab=trouble", "nothing to be done"),
        ("?tab=modified", "userName"),
        ("?tab=summary", "Change id"),
    ] {
        let got = browser.get(&format!("{page}/{number}{tab}")).await;
        assert!(got.text.contains(words), "{tab}: {}", got.text);
        assert!(!got.text.contains(&ground.secret), "{tab}");
    }
    let panel = browser
        .send(Method::GET, &format!("{page}/{number}"), &[("hx-request", "true")], String::new())
        .await;
    assert!(
        panel.text.contains("id=\"entry-title\"") && !panel.text.contains("<html"),
        "beside the list: {}",
        panel.text
    );
    for (form, start) in [
        ("csv", "\"ChangeId\""),
        ("csv-steps", "\"ChangeId\""),
        ("csv-modified", "\"ChangeId\""),
        ("ndjson", "{"),
    ] {
        let got = browser.get(&format!("{page}/download?format={form}")).await;
        assert!(got.text.starts_with(start), "{form}: {}", got.text);
        assert!(got.header("content-disposition").starts_with("attachment"), "{form}");
        assert!(!got.text.contains(&ground.secret), "{form}");
    }
    assert_eq!(browser.get(&format!("{page}/download?format=pdf")).await.status, StatusCode::BAD_REQUEST);
    everywhere(&ground, &browser, number).await;
}

/// Entra's filter by identity: suggested while one types, by user name or by a group's name.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_narrowed_to_a_user_who_is_suggested() {
    let (ground, _) = provisioned().await;
    let bob = ground.person("bob@contoso.example", "Bob", "Bell").await;
    ground.house.group("Adamant", &[&bob]).await;
    let browser = ground.house.signed_in("reader").await;
    let from = format!("/t/{}/logs/provisioning/identities", ground.house.contoso);
    for (typed, expect) in [
        ("", &["ada@contoso.example", "bob@contoso.example", "Adamant"][..]),
        ("ADA", &["ada@contoso.example", "Adamant"]),
        ("lovel", &["ada@contoso.example"]),
        ("nobody", &[]),
    ] {
        let got = browser.get(&format!("{from}?q={typed}")).await;
        let values: Vec<&str> =
            got.text.split("data-value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(values, expect, "{typed}: {}", got.text);
        assert!(!expect.is_empty() || got.text.contains("No user or group matches"));
    }
    let page = ground.page("/logs");
    let got = browser.get(&format!("{page}?user=ada%40contoso.example")).await;
    assert!(
        got.text.contains("data-row") && got.text.contains("Remove filter User or group: Ada Lovelace"),
        "{}",
        got.text
    );
    // Somebody with no entries, and a name that means nobody.
    let got = browser.get(&format!("{page}?user=bob%40contoso.example")).await;
    assert!(!got.text.contains("data-row") && got.text.contains("No entry matches"), "{}", got.text);
    let got = browser.get(&format!("{page}?user=lovel")).await;
    assert!(!got.text.contains("data-row"), "{}", got.text);
    assert!(got.text.contains("No user or group is called “lovel”"), "{}", got.text);
    assert!(
        got.text.contains("user=ada%40contoso.example"),
        "those who may be meant are linked: {}",
        got.text
    );
    let got = browser.get(&format!("{page}/download?format=csv&user=lovel")).await;
    assert!(!got.text.contains("Lovelace"), "{}", got.text);
    let got = browser.get(&format!("{page}/download?format=csv&user=ada%40contoso.example")).await;
    assert!(got.text.contains("Lovelace"), "{}", got.text);
    // Deleted, and not forgotten by the log.
    let stranger = ground.house.signed_in("other-admin").await;
    assert_eq!(stranger.get(&from).await.status, StatusCode::NOT_FOUND);
}

/// The same under Logs, and not under another application or tenant.
async fn everywhere(ground: &Ground, browser: &Browser<'_>, number: u64) {
    let all = format!("/t/{}/logs/provisioning", ground.house.contoso);
    let got = browser.get(&all).await;
    assert!(got.text.contains("Ada Lovelace") && got.text.contains("Any application"));
    assert_eq!(browser.get(&format!("{all}/{number}")).await.status, StatusCode::OK);
    assert!(browser.get(&format!("{all}/download?format=ndjson")).await.text.contains("Ada Lovelace"));
    let other =
        ground.house.app.provisioning.create_application(ground.house.cx(), "Other", Template::Scim).await;
    let other = format!("/t/{}/apps/{}/provisioning/logs", ground.house.contoso, other.unwrap().id);
    assert_eq!(browser.get(&format!("{other}/{number}")).await.status, StatusCode::NOT_FOUND);
    assert!(browser.get(&other).await.text.contains("Nothing has been provisioned yet"));
    let stranger = ground.house.signed_in("other-admin").await;
    let there = format!("/t/{}/logs/provisioning/{number}", ground.house.fabrikam);
    assert_eq!(stranger.get(&there).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_on_the_overview_and_its_entries_behind_it() {
    let ground = Ground::configured().await;
    for (login, given) in [("ada@contoso.example", "Ada"), ("bob@contoso.example", "Bob")] {
        let id = ground.person(login, given, "Lovelace").await;
        ground.assign(Kind::User, &id).await;
    }
    let provisioning = &ground.house.app.provisioning;
    provisioning.start(ground.house.cx(), &ground.application.id).await.unwrap();
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let (tenant, id) = (&ground.house.contoso, &ground.application.id);
    provisioning.run_job(tenant, id, "test", stop).await.unwrap();
    assert_eq!(ground.arrived().await.len(), 2);
    let browser = ground.house.signed_in("reader").await;
    let got = browser.get(&ground.page("")).await;
    for words in [
        "Initial cycle completed",
        "2 created",
        "Objects by state",
        "Actions per cycle",
        "The next cycle begins",
        "<caption>Actions per cycle</caption>",
    ] {
        assert!(got.text.contains(words), "{words}: {}", got.text);
    }
    let cycle = provisioning.status(tenant, id).await.unwrap().cycles[0].id.clone();
    let got = browser.get(&ground.page(&format!("/logs?cycle={cycle}"))).await;
    assert_eq!(got.text.matches("data-row").count(), 2, "{}", got.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_refuses_is_named_everywhere_and_its_secret_nowhere() {
    let (ground, ada) = provisioned().await;
    let key = ground.secret.split('_').nth(1).unwrap().to_owned();
    let cx = Context::new(ground.house.fabrikam.clone(), caller());
    ground.house.directory.revoke_key(cx, &key).await.unwrap();
    let browser = ground.house.signed_in("app-admin").await;
    let got = browser.post(&ground.page("/on-demand"), &[("kind", "users"), ("object", &ada)]).await;
    for words in ["Failure", "Test connection", "401", "create a new one"] {
        assert!(got.text.contains(words), "{words}: {}", got.text);
    }
    browser.post(&ground.page("/plan"), &[("everything", "yes")]).await;
    let page = settled(&ground, &browser).await;
    assert!(page.contains("It was not done.") && page.contains("401"), "{page}");
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let provisioning = &ground.house.app.provisioning;
    provisioning.start(ground.house.cx(), &ground.application.id).await.unwrap();
    provisioning.run_job(&ground.house.contoso, &ground.application.id, "test", stop).await.unwrap();
    let got = browser.get(&ground.page("")).await;
    assert!(got.text.contains("In quarantine: Credentials or compliance."), "{}", got.text);
    nowhere(&ground, &browser).await;
}

/// The secret is on no page of the tenant.
async fn nowhere(ground: &Ground, browser: &Browser<'_>) {
    let mut pages = 0;
    for route in
        inventory().iter().filter(|route| route.method == Method::GET && route.path.starts_with("/t/"))
    {
        for number in 1..4 {
            let path = route
                .path
                .replace("{tenant}", ground.house.contoso.as_ref())
                .replace("{id}", &ground.application.id)
                .replace("{kind}", "users")
                .replace("{number}", &number.to_string());
            let got = browser.get(&path).await;
            assert!(!got.text.contains(&ground.secret), "{path}");
            pages += usize::from(got.status == StatusCode::OK);
            if path.ends_with("/download") {
                let got = browser.get(&format!("{path}?format=ndjson")).await;
                assert!(!got.text.contains(&ground.secret), "{path}");
            }
            if !route.path.contains("{number}") {
                break;
            }
        }
    }
    assert!(pages > 30, "{pages}");
}

/// The page of plans once nothing is worked on any more.
async fn settled(ground: &Ground, browser: &Browser<'_>) -> String {
    loop {
        let got = browser.get(&ground.page("/plan")).await;
        if !got.text.contains("data-live") {
            return got.text;
        }
        // The stream ends when the work does.
        browser.get(&ground.page("/plan/events")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_looked_at_and_applied_by_its_hash() {
    let ground = Ground::configured().await;
    for (login, given) in [("ada@contoso.example", "Ada"), ("bob@contoso.example", "Bob")] {
        let id = ground.person(login, given, "Lovelace").await;
        ground.assign(Kind::User, &id).await;
    }
    let browser = ground.house.signed_in("app-admin").await;
    assert!(browser.get(&ground.page("/plan")).await.text.contains("No plan has been made yet"));
    assert_eq!(
        browser.post(&ground.page("/plan"), &[("everything", "yes")]).await.status,
        StatusCode::SEE_OTHER
    );
    let page = settled(&ground, &browser).await;
    assert!(page.contains("The plan is made.") && page.contains("2 create"), "{page}");
    assert!(ground.arrived().await.is_empty(), "nothing is sent");
    let plans =
        ground.house.app.provisioning.plans(&ground.house.contoso, &ground.application.id).await.unwrap();
    let plan = ground.page(&format!("/plan/{}", plans[0].id));
    let got = browser.get(&plan).await;
    assert!(got.text.contains("Ada Lovelace") && got.text.contains("Create 2"), "{}", got.text);
    assert!(!browser.get(&format!("{plan}?action=delete")).await.text.contains("Ada Lovelace"));
    let reader = ground.house.signed_in("reader").await;
    let seen = reader.get(&plan).await;
    assert!(seen.text.contains("Ada Lovelace") && !seen.text.contains("Apply plan"));
    assert_eq!(reader.post(&format!("{plan}/apply"), &[]).await.status, StatusCode::FORBIDDEN);

    let ask = browser.get(&format!("{plan}/apply")).await;
    assert!(ask.text.contains("Apply this plan?") && ask.text.contains("2 create"), "{}", ask.text);
    assert_eq!(browser.post(&format!("{plan}/apply"), &[]).await.status, StatusCode::SEE_OTHER);
    let page = settled(&ground, &browser).await;
    assert!(page.contains("The plan was applied."), "{page}");
    assert_eq!(ground.arrived().await.len(), 2);

    // Applied once, it is not what would be done now.
    browser.post(&format!("{plan}/apply"), &[]).await;
    let page = settled(&ground, &browser).await;
    assert!(page.contains("It was not done.") && page.contains("make a new plan"), "{page}");
    assert_eq!(browser.get(&ground.page("/plan/none")).await.status, StatusCode::NOT_FOUND);
}
