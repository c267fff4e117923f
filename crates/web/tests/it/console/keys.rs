//! Create New API Key: the tenants on offer, the value that is shown once.

use directory::{Grant, Role};
use http::StatusCode;

use super::{Browser, Got, House, caller};

async fn create(browser: &Browser<'_>, path: &str, name: &str, scope: &str, tenant: &str) -> Got {
    browser.post(path, &[("name", name), ("scope", scope), ("tenant", tenant), ("expiry", "90")]).await
}

fn value_of(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"key-value\">").expect("the value is on the page");
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_is_shown_once_and_never_again() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    for from in ["keys", "profile/keys"] {
        let form = format!("/t/{}/{from}/new", house.contoso);
        let got =
            create(&browser, &form, &format!("Entra from {from}"), "SCIM2", house.contoso.as_ref()).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
        assert_eq!(got.header("cache-control"), "no-store");
        let value = value_of(&got.text);
        assert!(value.starts_with("mst_"), "{value}");
        assert!(got.text.contains("only time it is shown"));
        let verified = house.directory.verify_key(&house.contoso, &value, None).await;
        assert!(verified.is_ok(), "what is shown is the key");
        let secret = value.rsplit('_').next().unwrap();
        for path in ["keys", "", "profile", "logs/audit", "logs/audit/1", "logs/audit/2", "config/scim"] {
            let page = browser.get(&format!("/t/{}/{path}", house.contoso).replace("//", "/")).await;
            let page = if page.status == StatusCode::NOT_FOUND {
                browser.get(&format!("/t/{}", house.contoso)).await
            } else {
                page
            };
            assert!(!page.text.contains(secret), "{path} shows the key");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drop_down_has_exactly_the_tenants_one_may_manage() {
    let house = House::new().await;
    let reader = house.directory.operator_named("tenant-admin").await.unwrap();
    let grant = Grant { role: Role::Reader, tenant: Some(house.fabrikam.clone()) };
    house.directory.grant_role(caller(), &reader.id, grant).await.unwrap();
    let browser = house.signed_in("tenant-admin").await;
    let page = browser.get(&format!("/t/{}/profile/keys/new", house.contoso)).await;
    let options = page
        .text
        .split_once("<select class=\"select\" id=\"tenant\"")
        .unwrap()
        .1
        .split_once("</select>")
        .unwrap()
        .0;
    assert!(options.contains("Contoso Ltd") && !options.contains("Fabrikam"), "{options}");
    // From a tenant where one only reads, the form offers the one that one manages.
    let page = browser.get(&format!("/t/{}/profile/keys/new", house.fabrikam)).await;
    assert_eq!(page.status, StatusCode::OK);
    let options = page.text.split_once("id=\"tenant\"").unwrap().1.split_once("</select>").unwrap().0;
    assert!(options.contains("Contoso Ltd") && !options.contains("Fabrikam"), "{options}");
    let global = house.signed_in("global").await;
    let page = global.get(&format!("/t/{}/profile/keys/new", house.contoso)).await;
    let options = page.text.split_once("id=\"tenant\"").unwrap().1.split_once("</select>").unwrap().0;
    assert!(options.contains("Contoso Ltd") && options.contains("Fabrikam GmbH"), "{options}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_outside_the_list_is_refused_by_the_server() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let form = format!("/t/{}/profile/keys/new", house.contoso);
    let nowhere = "0198c0de-0000-7000-8000-000000000000";
    for tenant in [house.fabrikam.as_ref(), nowhere, "x"] {
        let got = create(&browser, &form, "Sneaky", "SCIM2", tenant).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{tenant}");
        assert!(got.text.contains("value=\"Sneaky\""), "what was typed stays");
        assert!(!got.text.contains("mst_") && !got.text.contains("Fabrikam"));
    }
    assert!(house.directory.keys(&house.fabrikam).await.unwrap().is_empty());
    let reader = house.signed_in("reader").await;
    assert_eq!(reader.get(&form).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        create(&reader, &form, "Sneaky", "SCIM2", house.contoso.as_ref()).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(house.directory.keys(&house.contoso).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_lacks_something_makes_no_key_and_marks_the_field() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let form = format!("/t/{}/keys/new", house.contoso);
    let contoso = house.contoso.as_ref();
    for (name, scope, tenant, marked) in [
        ("", "SCIM2", contoso, "name-error"),
        ("Entra", "", contoso, "scope-error"),
        ("Entra", "ADMIN", contoso, "scope-error"),
        ("Entra", "SCIM2", "", "tenant-error"),
    ] {
        let got = create(&browser, &form, name, scope, tenant).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{marked}");
        assert!(got.text.contains(&format!("id=\"{marked}\"")), "{marked} in {}", got.text);
    }
    assert!(house.directory.keys(&house.contoso).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_and_revoked() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let base = format!("/t/{}/keys", house.contoso);
    let first = value_of(
        &create(&browser, &format!("{base}/new"), "Entra", "SCIM2", house.contoso.as_ref()).await.text,
    );
    let id = house.directory.keys(&house.contoso).await.unwrap()[0].id.clone();
    assert!(browser.get(&format!("{base}/{id}/rotate")).await.text.contains("Rotate Entra?"));
    let got = browser.post(&format!("{base}/{id}/rotate"), &[("overlap", "1")]).await;
    let second = value_of(&got.text);
    assert_ne!(first, second);
    for value in [&first, &second] {
        assert!(house.directory.verify_key(&house.contoso, value, None).await.is_ok(), "both work for a day");
    }
    let got = browser.post(&format!("{base}/{id}/revoke"), &[]).await;
    assert_eq!(got.location(), base);
    assert!(browser.get(&base).await.text.contains("Entra is revoked."));
    assert!(house.directory.verify_key(&house.contoso, &second, None).await.is_err());
    assert!(browser.get(&base).await.text.contains("Revoked"));
}
