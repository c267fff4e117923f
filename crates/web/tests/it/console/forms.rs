//! Users, groups, settings, operators: what forms do, and what they say when they cannot.

use directory::Kind;
use http::StatusCode;
use scim::projection::Projection;
use serde_json::{Value, json};

use super::{House, PASSWORD};

async fn user(house: &House, id: &str) -> Value {
    let found = house.directory.get(&house.contoso, Kind::User, id, &Projection::default()).await.unwrap();
    Value::Object(found.resource)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_edited_deactivated_deleted_and_restored() {
    let house = House::new().await;
    let browser = house.signed_in("app-admin").await;
    let base = format!("/t/{}/users", house.contoso);
    let fields = [
        ("userName", "ada@x.example"),
        ("displayName", "Ada Lovelace"),
        ("email", "ada@x.example"),
        ("department", "Mathematics"),
        ("active", "on"),
    ];
    let got = browser.post(&format!("{base}/new"), &fields).await;
    let page = got.location().to_owned();
    let id = page.rsplit('/').next().unwrap().to_owned();
    let shown = browser.get(&page).await;
    for word in ["Ada Lovelace created.", "ada@x.example", "Mathematics", "Active"] {
        assert!(shown.text.contains(word), "{word}");
    }
    assert!(!browser.get(&page).await.text.contains("created."), "a message is shown once");
    let form = browser.get(&format!("{page}/edit")).await;
    let version = form.field("version");
    let edited = [
        ("userName", "ada@x.example"),
        ("displayName", "Countess"),
        ("email", "countess@x.example"),
        ("title", "Dr"),
        ("active", "on"),
        ("version", version.as_str()),
    ];
    assert_eq!(browser.post(&format!("{page}/edit"), &edited).await.location(), page);
    let now = user(&house, &id).await;
    assert_eq!((&now["displayName"], &now["title"]), (&json!("Countess"), &json!("Dr")));
    assert_eq!(now["emails"], json!([{ "value": "countess@x.example", "type": "work", "primary": true }]));
    assert!(
        now.get(scim::urn::ENTERPRISE_USER).is_none_or(|e| e.get("department").is_none()),
        "emptied fields are removed"
    );
    let stale = browser.post(&format!("{page}/edit"), &edited).await;
    assert!(stale.status == StatusCode::PRECONDITION_FAILED || stale.location() == page, "{}", stale.status);
    assert!(browser.get(&format!("{page}/history")).await.text.contains("Countess"));
    browser.post(&format!("{page}/deactivate"), &[]).await;
    assert_eq!(user(&house, &id).await["active"], false);
    browser.post(&format!("{page}/activate"), &[]).await;
    assert_eq!(user(&house, &id).await["active"], true);
    assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.location(), base);
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
    assert!(browser.get(&format!("{base}/deleted")).await.text.contains("Countess"));
    assert_eq!(browser.post(&format!("{page}/restore"), &[]).await.location(), page);
    assert_eq!(browser.get(&page).await.status, StatusCode::OK);
    browser.post(&format!("{page}/delete"), &[]).await;
    assert!(browser.get(&format!("{page}/purge")).await.text.contains("cannot be undone"));
    browser.post(&format!("{page}/purge"), &[]).await;
    assert!(!browser.get(&format!("{base}/deleted")).await.text.contains("Countess"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_change_is_not_overwritten_unseen() {
    let house = House::new().await;
    let id = house.user("ada").await;
    let browser = house.signed_in("app-admin").await;
    let page = format!("/t/{}/users/{id}/edit", house.contoso);
    let version = browser.get(&page).await.field("version");
    let first = [("userName", "ada"), ("title", "First"), ("active", "on"), ("version", version.as_str())];
    assert_eq!(browser.post(&page, &first).await.status, StatusCode::SEE_OTHER);
    let second = [("userName", "ada"), ("title", "Second"), ("active", "on"), ("version", version.as_str())];
    let got = browser.post(&page, &second).await;
    assert_eq!(got.status, StatusCode::PRECONDITION_FAILED);
    assert!(got.text.contains("value=\"Second\""), "what was typed stays");
    assert_eq!(user(&house, &id).await["title"], "First");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_refused_keeps_what_was_typed_and_marks_the_field() {
    let house = House::new().await;
    house.user("taken").await;
    let browser = house.signed_in("app-admin").await;
    let page = format!("/t/{}/users/new", house.contoso);
    for (login, marked) in [("", "userName-error"), ("TAKEN", "userName-error")] {
        let got =
            browser.post(&page, &[("userName", login), ("title", "Kept \"title\""), ("active", "on")]).await;
        assert!(got.status.is_client_error(), "{login}");
        assert!(got.text.contains(&format!("id=\"{marked}\"")), "{login}: {}", got.text);
        assert!(got.text.contains("value=\"Kept &quot;title&quot;\""), "{login}");
        assert!(got.text.contains("aria-invalid=\"true\""));
    }
    assert_eq!(house.directory.statistics(&house.contoso).await.unwrap().users, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_edited_as_json() {
    let house = House::new().await;
    let id = house.user("ada").await;
    let browser = house.signed_in("app-admin").await;
    let page = format!("/t/{}/users/{id}/json", house.contoso);
    let form = browser.get(&page).await;
    assert!(form.text.contains("&quot;userName&quot;: &quot;ada&quot;"));
    let version = form.field("version");
    for (document, why) in [
        ("{", "JSON"),
        ("[]", "object"),
        (r#"{"userName":"a","userName":"b"}"#, "userName"),
        (r#"{"userName":7e999}"#, ""),
    ] {
        let got = browser.post(&page, &[("document", document), ("version", &version)]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{document}");
        assert!(got.text.contains(why), "{document}");
    }
    let document =
        json!({ "schemas": [scim::urn::USER], "userName": "ada", "nickName": "Countess" }).to_string();
    assert_eq!(
        browser.post(&page, &[("document", &document), ("version", &version)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(user(&house, &id).await["nickName"], "Countess");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_and_its_members() {
    let house = House::new().await;
    let (ada, alan) = (house.user("ada").await, house.user("alan").await);
    let browser = house.signed_in("app-admin").await;
    let base = format!("/t/{}/groups", house.contoso);
    let page = browser.post(&format!("{base}/new"), &[("displayName", "Rail")]).await.location().to_owned();
    assert!(browser.get(&page).await.text.contains("Rail created."));
    let picker = browser.get(&format!("{page}/members/add?q=ad")).await;
    assert!(picker.text.contains(&ada) && !picker.text.contains(&alan), "the search narrows");
    browser.post(&format!("{page}/members/add"), &[("member", &ada), ("member", &alan)]).await;
    let members = browser.get(&format!("{page}/members")).await;
    assert!(
        members.text.contains("2 members added.")
            && members.text.contains(&ada)
            && members.text.contains(&alan)
    );
    browser.post(&format!("{page}/members/remove"), &[("member", &ada)]).await;
    let members = browser.get(&format!("{page}/members")).await;
    assert!(!members.text.contains(&ada) && members.text.contains(&alan));
    let version = browser.get(&format!("{page}/edit")).await.field("version");
    browser.post(&format!("{page}/edit"), &[("displayName", "Road"), ("version", &version)]).await;
    assert!(browser.get(&page).await.text.contains("Road"));
    assert!(
        browser.get(&format!("{page}/delete")).await.text.contains("1 member"),
        "the question says how many"
    );
    browser.post(&format!("{page}/delete"), &[]).await;
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_group_is_restored_with_its_members_or_removed_for_good() {
    let house = House::new().await;
    let ada = house.user("ada").await;
    let id = house.group("Rail", &[&ada]).await;
    let browser = house.signed_in("app-admin").await;
    let base = format!("/t/{}/groups", house.contoso);
    let (page, deleted) = (format!("{base}/{id}"), format!("{base}/deleted"));
    assert!(browser.get(&deleted).await.text.contains("No deleted groups"));
    assert_eq!(browser.get(&format!("{page}/purge")).await.status, StatusCode::NOT_FOUND);
    assert!(browser.get(&format!("{page}/delete")).await.text.contains("under Deleted groups"));
    browser.post(&format!("{page}/delete"), &[]).await;
    let gone = browser.get(&deleted).await.text;
    assert!(gone.contains("<strong>Rail</strong>") && gone.contains(&format!("{page}/restore")), "{gone}");
    assert!(
        !browser.get(&format!("/t/{}/users/deleted", house.contoso)).await.text.contains("Rail"),
        "a group is not a user"
    );

    let namesake = house.group("Rail", &[]).await;
    assert_eq!(browser.post(&format!("{page}/restore"), &[]).await.location(), deleted);
    let refused = browser.get(&deleted).await.text;
    assert!(
        refused.contains("Rail") && refused.contains("displayName"),
        "the name was given away: {refused}"
    );
    browser.post(&format!("{base}/{namesake}/delete"), &[]).await;

    assert_eq!(browser.post(&format!("{page}/restore"), &[]).await.location(), page);
    let restored = browser.get(&format!("{page}/members")).await.text;
    assert!(restored.contains("Rail restored.") && restored.contains(&ada), "{restored}");

    browser.post(&format!("{page}/delete"), &[]).await;
    assert!(browser.get(&format!("{page}/purge")).await.text.contains("Removes 1 deleted group"));
    assert_eq!(browser.post(&format!("{page}/purge"), &[]).await.location(), deleted);
    assert_eq!(browser.post(&format!("{page}/restore"), &[]).await.status, StatusCode::NOT_FOUND);
    let reader = house.signed_in("reader").await;
    assert!(!reader.get(&deleted).await.text.contains("/restore"), "a reader is offered nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_paged_and_never_all_loaded() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for index in 0..120 {
        ids.push(house.user(&format!("user{index:03}")).await);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let group = house.group("All", &ids).await;
    let browser = house.signed_in("reader").await;
    let mut path = format!("/t/{}/groups/{group}/members", house.contoso);
    let mut seen = 0;
    for expect in [50, 50, 20] {
        let page = browser.get(&path).await.text;
        let rows = page.matches("data-row").count();
        assert_eq!(rows, expect);
        assert!(page.contains("120 members"));
        seen += rows;
        let next = page
            .split_once(">Next</a>")
            .map(|(before, _)| before.rsplit_once("href=\"").unwrap().1.trim_end_matches('"').to_owned());
        path = next.unwrap_or_default();
    }
    assert_eq!(seen, 120);
    let found = browser.get(&format!("/t/{}/groups/{group}/members?q=user07", house.contoso)).await.text;
    assert_eq!(found.matches("data-row").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_saved_or_their_field_is_marked() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let page = format!("/t/{}/config/limits", house.contoso);
    let form = |rate: &'static str, log: &'static str| {
        [
            ("rate_limit", rate),
            ("request_log_days", log),
            ("provisioning_log_days", "21"),
            ("restore_days", "7"),
            ("inactive_conflict", "reactivate"),
            ("unknown_members", "drop"),
        ]
    };
    for (rate, log, marked) in [
        ("x", "30", "rate_limit-error"),
        ("", "99999999", "request_log_days-error"),
        ("", "-1", "request_log_days-error"),
    ] {
        let got = browser.post(&page, &form(rate, log)).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{marked}");
        assert!(got.text.contains(&format!("id=\"{marked}\"")), "{marked}");
    }
    assert_eq!(browser.post(&page, &form("50", "14")).await.status, StatusCode::SEE_OTHER);
    let settings = house.directory.settings(&house.contoso).await.unwrap();
    assert_eq!(
        (settings.rate_limit, settings.request_log_days, settings.restore_days, settings.log_reads),
        (Some(50), 14, 7, false)
    );
    assert_eq!(settings.provisioning_log_days, 21);
    assert_eq!(settings.inactive_conflict, directory::InactiveConflict::Reactivate);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_made_changed_and_disabled() {
    let house = House::new().await;
    let browser = house.signed_in("global").await;
    let base = format!("/t/{}/config/operators", house.contoso);
    let got = browser
        .post(
            &format!("{base}/new"),
            &[("name", "new-one"), ("password", ""), ("role", "Reader"), ("tenant", house.contoso.as_ref())],
        )
        .await;
    let password =
        got.text.split_once("id=\"operator-password\">").unwrap().1.split_once('<').unwrap().0.to_owned();
    let new = house.browser();
    assert_eq!(new.sign_in("new-one", &password).await.status, StatusCode::SEE_OTHER);
    let operator = house.directory.operator_named("new-one").await.unwrap();
    let page = format!("{base}/{}", operator.id);
    browser
        .post(
            &format!("{page}/grant"),
            &[("role", "TenantAdministrator"), ("tenant", house.fabrikam.as_ref())],
        )
        .await;
    assert_eq!(new.get(&format!("/t/{}", house.fabrikam)).await.status, StatusCode::OK);
    browser
        .post(
            &format!("{page}/revoke"),
            &[("role", "TenantAdministrator"), ("tenant", house.fabrikam.as_ref())],
        )
        .await;
    assert_eq!(new.get(&format!("/t/{}", house.fabrikam)).await.status, StatusCode::NOT_FOUND);
    let got = browser
        .post(
            &format!("{page}/grant"),
            &[("role", "GlobalAdministrator"), ("tenant", house.contoso.as_ref())],
        )
        .await;
    assert_eq!(got.location(), page);
    assert!(browser.get(&page).await.text.contains("choose all tenants"));
    browser.post(&format!("{page}/disable"), &[("disabled", "1")]).await;
    assert_eq!(
        new.get(&format!("/t/{}", house.contoso)).await.status,
        StatusCode::SEE_OTHER,
        "signed out at once"
    );
    for (name, password, marked) in [
        ("", PASSWORD, "name-error"),
        ("new-one", PASSWORD, "name-error"),
        ("weak", "short", "password-error"),
    ] {
        let got = browser
            .post(
                &format!("{base}/new"),
                &[("name", name), ("password", password), ("role", "Reader"), ("tenant", "all")],
            )
            .await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{marked}");
        assert!(got.text.contains(&format!("id=\"{marked}\"")), "{name} {marked}");
    }
    assert!(
        browser
            .get(&format!("/t/{}/logs/system?verify=1", house.contoso))
            .await
            .text
            .contains("The chain is whole.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_whoever_knows_it() {
    let house = House::new().await;
    let browser = house.signed_in("reader").await;
    let page = format!("/t/{}/profile/password", house.contoso);
    let new = "another long passphrase";
    for (current, new, repeat, marked) in [
        ("wrong password here", new, new, "current-error"),
        (PASSWORD, new, "something different", "repeat-error"),
        (PASSWORD, "short", "short", "new-error"),
    ] {
        let got = browser.post(&page, &[("current", current), ("new", new), ("repeat", repeat)]).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{marked}");
        assert!(got.text.contains(&format!("id=\"{marked}\"")), "{marked}");
        assert!(!got.text.contains(current), "no password is echoed");
    }
    assert_eq!(
        browser.post(&page, &[("current", PASSWORD), ("new", new), ("repeat", new)]).await.location(),
        "/sign-in"
    );
    assert_eq!(browser.get(&format!("/t/{}", house.contoso)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.browser().sign_in("reader", new).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_deleted_only_by_its_name() {
    let house = House::new().await;
    let browser = house.signed_in("global").await;
    let page = format!("/t/{}/config/delete", house.fabrikam);
    assert_eq!(browser.post(&page, &[("confirmation", "Contoso Ltd")]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.post(&page, &[("confirmation", "Fabrikam GmbH")]).await.location(), "/");
    assert_eq!(browser.get(&format!("/t/{}", house.fabrikam)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get(&format!("/t/{}", house.contoso)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sessions_are_seen_and_ended() {
    let house = House::new().await;
    let (here, there) = (house.signed_in("reader").await, house.signed_in("reader").await);
    let somebody = house.signed_in("app-admin").await;
    let page = format!("/t/{}/profile", house.contoso);
    assert_eq!(here.get(&page).await.text.matches("This one").count(), 1);
    let got = here.post(&format!("{page}/sessions"), &[]).await;
    assert_eq!(got.location(), page);
    assert!(here.get(&page).await.text.contains("1 other session ended."));
    assert_eq!(there.get(&page).await.status, StatusCode::SEE_OTHER);
    assert_eq!(somebody.get(&page).await.status, StatusCode::OK, "nobody else's");
}
