//! Tenants, settings, the audit chain, the console's lists and figures.

use directory::{
    AuditQuery, Context, Error, KeyScope, Kind, ListQuery, ListSort, NewKey, PublicUrl, Secret, Settings,
    Verdict,
};
use serde_json::json;

use crate::house::{USER, caller, house, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn tenants_come_and_go() {
    let house = house().await;
    let contoso = house.directory.create_tenant(caller(), " Contoso ").await.unwrap();
    assert_eq!(contoso.name, "Contoso");
    let names = |tenants: Vec<directory::Tenant>| tenants.into_iter().map(|t| t.name).collect::<Vec<_>>();
    assert_eq!(names(house.directory.tenants().await.unwrap()), ["Contoso", "Fabrikam"]);
    let cx = || Context::new(contoso.id.clone(), caller());
    assert_eq!(house.directory.rename_tenant(cx(), "Zava").await.unwrap().name, "Zava");
    assert_eq!(house.directory.tenant(&contoso.id).await.unwrap().name, "Zava");
    house.directory.delete_tenant(cx()).await.unwrap();
    assert_eq!(house.directory.tenant(&contoso.id).await, Err(Error::NoTenant));
    assert_eq!(refusal(house.directory.delete_tenant(cx()).await), (404, ""));
    assert_eq!(refusal(house.directory.settings(&contoso.id).await), (404, ""));
    for name in ["", " ", "a\u{0}b", &"x".repeat(101)] {
        assert_eq!(refusal(house.directory.create_tenant(caller(), name).await), (400, ""), "{name:?}");
    }
    let rows = house.directory.system_audit(AuditQuery { limit: 9, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(rows[0].action, "tenant.delete");
    assert_eq!(rows[0].name.as_deref(), Some("Zava"));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_audited_by_what_differs() {
    let house = house().await;
    let settings = Settings { restore_days: 7, rate_limit: Some(50), ..Settings::default() };
    house.directory.set_settings(house.cx(), settings.clone()).await.unwrap();
    assert_eq!(house.directory.settings(&house.tenant).await.unwrap(), settings);
    let before = house.dump().await;
    house.directory.set_settings(house.cx(), settings).await.unwrap();
    let too_long = Settings { request_log_days: 4_000, ..Settings::default() };
    assert_eq!(refusal(house.directory.set_settings(house.cx(), too_long).await), (400, ""));
    assert_eq!(house.dump().await, before);
    let row = house
        .directory
        .audit(&house.tenant, AuditQuery { limit: 1, ..AuditQuery::default() })
        .await
        .unwrap()
        .remove(0);
    assert_eq!(row.action, "settings.update");
    assert_eq!(
        row.detail,
        json!({ "rate_limit": { "before": null, "after": 50 }, "restore_days": { "before": 30, "after": 7 } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_whole_and_keeps_no_secret() {
    let house = house().await;
    let new = NewKey { name: "Entra".into(), scopes: vec![KeyScope::Scim2], expires: None };
    let (row, key) = house.directory.create_key(house.cx(), new).await.unwrap();
    house.directory.revoke_key(house.cx(), &row.id).await.unwrap();
    house.user("nadia").await;
    let rows =
        house.directory.audit(&house.tenant, AuditQuery { limit: 9, ..AuditQuery::default() }).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["user.create", "key.revoke", "key.create"]);
    assert!(!format!("{rows:?}").contains(key.rsplit('_').next().unwrap()));
    let Verdict::Intact { rows, head } = house.directory.verify_audit(&house.tenant).await.unwrap() else {
        panic!("broken")
    };
    assert_eq!((rows, head.len()), (3, 64));
    house.user("mira").await;
    let Verdict::Intact { head: later, .. } = house.directory.verify_audit(&house.tenant).await.unwrap()
    else {
        panic!("broken")
    };
    assert_ne!(head, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_lists_searches_and_counts() {
    let house = house().await;
    for (name, display, email) in [
        ("nadia", "Nadia Okafor", "n@x.example"),
        ("mira", "Mira Kovac", "Mira@x.example"),
        ("omar", "Omar", "o@x.example"),
    ] {
        let body = json!({ "schemas": [USER], "userName": name, "displayName": display, "emails": [{ "value": email }] });
        house.create(Kind::User, body).await.unwrap();
    }
    let query = |text: &str| ListQuery {
        text: text.into(),
        active: None,
        sort: ListSort::Name,
        descending: false,
        offset: 0,
        limit: 2,
    };
    for (text, expected, total) in [
        ("", &["mira", "nadia"][..], 3),
        ("NAD", &["nadia"], 1),
        ("mira@", &["mira"], 1),
        ("kov", &["mira"], 1),
        ("%", &[], 0),
        ("_", &[], 0),
    ] {
        let list = house.directory.list(&house.tenant, Kind::User, query(text)).await.unwrap();
        let names: Vec<&str> =
            list.rows.iter().map(|row| row.resource["userName"].as_str().unwrap()).collect();
        assert_eq!((names.as_slice(), list.total), (expected, total), "{text}");
    }
    let figures = house.directory.statistics(&house.tenant).await.unwrap();
    assert_eq!((figures.users, figures.active_users, figures.groups, figures.live_keys), (3, 3, 0, 0));
}

#[test]
fn public_urls() {
    for good in ["https://muster.example", "http://127.0.0.1:8080", "https://x.example/base/"] {
        assert!(PublicUrl::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "muster.example",
        "ftp://x",
        "https://",
        "https:///x",
        "https://u@x",
        "https://x/?q",
        "https://x y",
        "https://:80",
    ] {
        assert!(PublicUrl::parse(bad).is_err(), "{bad}");
    }
    let url = PublicUrl::parse("https://x.example:8443/base/").unwrap();
    assert_eq!((url.origin(), url.as_str()), ("https://x.example:8443", "https://x.example:8443/base"));
}

#[test]
fn the_master_secret_does_not_show() {
    let secret = Secret::new([0xab; 32]);
    assert_eq!(format!("{secret:?}"), "Secret");
    assert_eq!(secret.to_hex(), "ab".repeat(32));
    assert!(
        Secret::from_hex(&format!(" {}\n", "Ab".repeat(32))).is_some_and(|s| s.to_hex() == secret.to_hex())
    );
    for wrong in [String::new(), "ab".repeat(31), "ab".repeat(33), "zz".repeat(32), "é".repeat(32)] {
        assert!(Secret::from_hex(&wrong).is_none(), "{wrong}");
    }
}

#[test]
fn ids_are_in_the_order_of_creation() {
    let random = directory::Random::seeded(1);
    let mut now: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let mut last = String::new();
    for i in 0..5_000 {
        // Time stands still, goes on, and goes back.
        if i % 700 == 0 {
            now += jiff::SignedDuration::from_millis(if i % 1_400 == 0 { 3 } else { -2 });
        }
        let id = random.resource_id(now);
        assert!(id > last, "{id} after {last}");
        assert_eq!((id.len(), &id[14..15]), (36, "7"));
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        last = id;
    }
}

#[test]
fn ids_continue_after_one_that_is_there() {
    let made = directory::Random::seeded(1);
    let now: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let yesterday = now - jiff::SignedDuration::from_hours(24);
    for seed in 2..200 {
        let last = made.resource_id(now);
        let random = directory::Random::seeded(seed);
        random.continue_after(&last);
        random.continue_after("0190a6c0-0000-7000-8000-000000000000");
        random.continue_after("ffffffff-ffff-4fff-bfff-ffffffffffff");
        random.continue_after("not an id");
        let (next, then) = (random.resource_id(yesterday), random.resource_id(yesterday));
        assert!(last < next && next < then, "{last} {next} {then}");
        assert!(random.resource_id(now + jiff::SignedDuration::from_millis(1)) > then);
    }
}
