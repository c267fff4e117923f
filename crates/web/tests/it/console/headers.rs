//! What every answer carries.

use http::StatusCode;

use super::House;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_kept_to_itself() {
    let house = House::new().await;
    let browser = house.signed_in("global").await;
    let guest = house.browser();
    let tenant = format!("/t/{}", house.contoso);
    let mut answers = vec![guest.get("/sign-in").await, guest.get("/nowhere").await, guest.get("/").await];
    for path in ["", "/users", "/users/none", "/nowhere", "/keys", "/logs/requests?status=x&before=y"] {
        answers.push(browser.get(&format!("{tenant}{path}")).await);
    }
    answers.push(browser.post_raw(&format!("{tenant}/users/new"), &[]).await);
    for got in answers {
        let policy = got.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("form-action 'self'")
                && policy.contains("base-uri 'none'")
        );
        assert!(!policy.contains("unsafe"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(got.header(name), value, "{name} of {}", got.status);
        }
        assert!(got.header("strict-transport-security").starts_with("max-age="));
        assert_quiet(&got.text);
    }
}

/// Nothing inline that the policy would have to allow.
pub(crate) fn assert_quiet(page: &str) {
    for forbidden in [" style=\"", "<style", " onclick=", " onload=", "javascript:", "<script>"] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_for_ever_and_named_by_their_content() {
    let house = House::new().await;
    let guest = house.browser();
    let page = house.signed_in("reader").await.get(&format!("/t/{}", house.contoso)).await;
    let links: Vec<&str> = page.text.split("\"").filter(|part| part.starts_with("/assets/")).collect();
    assert!(links.len() >= 4, "{links:?}");
    for link in links {
        let got = guest.get(link).await;
        assert_eq!(got.status, StatusCode::OK, "{link}");
        assert_eq!(got.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        let other = link.replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(guest.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(guest.get("/assets/..%2f..%2fCargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_is_small() {
    let house = House::new().await;
    let page = house.signed_in("reader").await.get(&format!("/t/{}", house.contoso)).await;
    let guest = house.browser();
    let mut bytes = page.text.len();
    for link in page.text.split("\"").filter(|part| part.starts_with("/assets/")) {
        bytes += guest.get(link).await.text.len();
    }
    assert!(bytes < 115_000, "{bytes} bytes for the first page");
}
