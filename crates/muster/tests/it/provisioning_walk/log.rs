//! Provisioning logs: complete, searched, taken away, and without secrets (item 37).

use std::collections::BTreeMap;

use serde_json::Value;

use super::cast::{APP, Walk, login};

/// Every entry with what was sent and answered.
fn entries(walk: &Walk) -> Vec<Value> {
    let text = walk.stage.server.muster(&[
        "app",
        "logs",
        APP,
        "--tenant",
        &walk.company.id,
        "--ndjson",
        "--limit",
        "100000",
    ]);
    assert_eq!(text.code, 0, "{text:?}");
    text.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the log says was changed is what the provider says was asked of it, method by method.
pub(super) async fn of_the_target_agrees(walk: &Walk) {
    let entries = entries(walk);
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for exchange in
        entries.iter().flat_map(|entry| entry["document"]["exchanges"].as_array().into_iter().flatten())
    {
        let method = exchange["method"].as_str().unwrap();
        let good = exchange["status"].as_u64().is_some_and(|status| status < 300);
        if method != "GET" && good {
            *told.entry(method.to_owned()).or_default() += 1;
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let count = walk.requests(&format!("status=ok&method={method}")).await.len();
        if count > 0 {
            seen.insert(method.to_owned(), count);
        }
    }
    assert_eq!(told, seen, "told by the service, seen by the provider");
    let count = |action: &str, status: &str| {
        entries.iter().filter(|entry| entry["action"] == action && entry["status"] == status).count()
    };
    for (action, status) in [
        ("create", "success"),
        ("update", "success"),
        ("disable", "success"),
        ("delete", "success"),
        ("stagedDelete", "skipped"),
        ("other", "skipped"),
    ] {
        assert!(count(action, status) > 0, "no {action} with {status}");
    }
    assert_eq!(count("create", "success"), told["POST"], "one entry for each who was created");
}

/// By date, status, action and user; as a file.
pub(super) async fn is_searched_and_taken_away(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("/provisioning").await;
    walk.panel("/provisioning/logs").await;
    walk.on("Provisioning logs").await;
    walk.look("logs").await;
    browser.choose("Filter by action", "Disable").await;
    browser.sees(".count-line", "Action: Disable").await;
    browser.until(
        "only these",
        "return [...document.querySelectorAll('tbody tr')].every(row => row.cells[2].innerText === 'Disable')",
        &[],
    )
    .await;
    browser.choose("Filter by status", "Success").await;
    browser.sees(".count-line", "Status: Success").await;
    walk.look("logs-filtered").await;
    walk.open("/provisioning/logs?until=2001-01-01").await;
    browser.sees("main", "No entry matches").await;
    walk.look("logs-no-match").await;

    walk.open("/provisioning/logs").await;
    let search = browser.field("Search name, id, code, summary").await;
    browser.keys(&search, "nadia").await;
    browser.sees(".count-line", "Search: nadia").await;
    browser
        .until(
            "only hers",
            "return [...document.querySelectorAll('tbody tr')].every(row => row.innerText.includes('Nadia'))",
            &[],
        )
        .await;
    let rows = browser.texts("tbody tr").await;
    assert!(rows.iter().any(|row| row.contains("Create")), "{rows:?}");
    csv(walk, "nadia").await;

    of_one_user(walk).await;
    walk.open("/provisioning/logs?action=create&status=success&q=Esra").await;
    let entry = browser.attribute("tbody a[data-row]", "href").await.unwrap();
    walk.stage.open(&entry).await;
    browser.on_page("Esra Fujimoto").await;
    for step in ["Import", "Determine if in scope", "Match between source and target", "Perform action"] {
        browser.sees("ol.walk > li", step).await;
    }
    walk.look("log-entry").await;
    let modified = browser.find("main a[href$='tab=modified']").await;
    browser.click(&modified).await;
    browser.sees("main", &login("Esra")).await;
    walk.look("log-entry-modified").await;
    browser.press("Summary").await;
    browser.sees(".facts", "Source id").await;
    browser.sees(".facts", "Target id").await;
    walk.look("log-entry-summary").await;
    browser.press("Troubleshooting & recommendations").await;
    walk.look("log-entry-troubleshooting").await;
}

/// The filter by user: suggested while it is typed, chosen with the keyboard, taken away again.
async fn of_one_user(walk: &Walk) {
    let browser = &walk.stage.browser;
    walk.open("/provisioning/logs").await;
    let field = browser.field("Filter by user or group").await;
    browser.keys(&field, "chlo").await;
    browser.sees("#identities [role=option]", "Chloé Dubois").await;
    walk.look("logs-suggested").await;
    let field = browser.field("Filter by user or group").await;
    browser.keys(&field, "\u{E015}\u{E007}").await;
    browser.sees(".count-line", "User or group: Chloé Dubois").await;
    assert_eq!(browser.value("Filter by user or group").await, login("Chloé"));
    browser
        .until(
            "only hers",
            "const rows = [...document.querySelectorAll('tbody tr')]; return rows.length > 0 && rows.every(row => row.innerText.includes('Chloé'))",
            &[],
        )
        .await;
    assert!(browser.path().await.contains("user=chloe.dubois"), "{}", browser.path().await);
    walk.look("logs-of-user").await;
    browser.press("Remove filter User or group: Chloé Dubois").await;
    browser.until("no chip", "return !document.querySelector('main a.chip')", &[]).await;
    assert_eq!(browser.value("Filter by user or group").await, "");
}

/// The file has the rows that the page has.
async fn csv(walk: &Walk, text: &str) {
    let browser = &walk.stage.browser;
    let shown = browser.rows_of_all_pages(&browser.path().await).await.len();
    browser.press("Download").await;
    let link = browser.find(".downloads a[href*='format=csv']").await;
    let file = browser.fetched(&link).await;
    let lines: Vec<&str> = file.trim_end().split('\n').collect();
    assert!(lines[0].contains("\"ChangeId\""), "{}", lines[0]);
    assert_eq!(lines.len() - 1, shown, "{file}");
    assert!(lines[1..].iter().all(|line| line.to_lowercase().contains(text)), "{file}");
}

/// No key is in any log, on any page of it, or in what the server wrote.
pub(super) async fn of_nobody_holds_a_secret(walk: &Walk) {
    let place = ["--tenant", &walk.company.id];
    let audit = walk.stage.server.muster(&[&["audit", "list", "--json"], &place[..]].concat());
    let lines = walk
        .stage
        .server
        .muster(&[&["app", "logs", APP, "--ndjson", "--limit", "100000"], &place[..]].concat());
    let requests = walk.requests("").await.join("\n");
    for (what, text) in [
        ("the provisioning logs", lines.stdout),
        ("the audit log", audit.stdout),
        ("the server's own log", walk.stage.server.log()),
        ("the provider's request log", requests),
    ] {
        assert!(!text.is_empty() || what == "the server's own log", "{what} is empty");
        for client in &walk.keys {
            assert!(!text.contains(&client.key), "{what} holds a key");
        }
    }
    for path in ["/t/{}/logs/provisioning", "/t/{}/logs/audit", "/t/{}/apps"] {
        walk.stage.open(&path.replace("{}", &walk.company.id)).await;
        walk.look(&format!("last-{}", path.rsplit('/').next().unwrap())).await;
    }
}
