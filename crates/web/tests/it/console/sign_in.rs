//! Getting in and out: passwords, cookies, sessions, forged forms.

use http::{Method, StatusCode};
use jiff::SignedDuration;

use super::{House, PASSWORD, encode};

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_opens_the_tenant() {
    let house = House::new().await;
    let browser = house.browser();
    let got = browser.sign_in("tenant-admin", PASSWORD).await;
    assert_eq!((got.status, got.location()), (StatusCode::SEE_OTHER, "/"));
    let start = browser.get("/").await;
    assert_eq!(start.location(), format!("/t/{}", house.contoso));
    let home = browser.get(start.location()).await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text.contains("Contoso Ltd") && !home.text.contains("Fabrikam"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_name_are_told_the_same() {
    let house = House::new().await;
    let mut told = Vec::new();
    for (name, password) in [("reader", "wrong password here"), ("nobody", PASSWORD), ("reader", "")] {
        let browser = house.browser();
        let got = browser.sign_in(name, password).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{name}");
        assert!(browser.session().is_none());
        assert!(got.text.contains(&format!("value=\"{name}\"")), "the name stays typed");
        assert!(!got.text.contains("wrong password here"), "the password does not");
        let banner =
            got.text.split_once("role=\"alert\"").unwrap().1.split_once("</div>").unwrap().0.to_owned();
        told.push(banner);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_cookie_is_the_browsers_alone() {
    let house = House::new().await;
    let browser = house.browser();
    let got = browser.sign_in("reader", PASSWORD).await;
    let cookie = got
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .find(|c| c.starts_with("__Host-muster="))
        .unwrap();
    for flag in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(cookie.split_once('=').unwrap().1.split(';').next().unwrap().len() >= 40, "at least 128 bits");
    let plain = House::at("http://localhost:8080").await;
    let browser = plain.browser();
    let got = browser.sign_in("reader", PASSWORD).await;
    let cookie = got
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .find(|c| c.starts_with("muster="))
        .unwrap();
    assert!(!cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_begins_a_new_session_and_ends_the_one_before() {
    let house = House::new().await;
    let browser = house.signed_in("reader").await;
    let first = browser.session().unwrap();
    browser.sign_in("reader", PASSWORD).await;
    let second = browser.session().unwrap();
    assert_ne!(first, second);
    browser.cookies.lock().insert("__Host-muster".to_owned(), first);
    assert_eq!(browser.get("/").await.location(), "/sign-in", "a session that was left is dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_on_the_server() {
    let house = House::new().await;
    let browser = house.signed_in("reader").await;
    let token = browser.session().unwrap();
    let got = browser.post("/sign-out", &[]).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert!(browser.session().is_none());
    browser.cookies.lock().insert("__Host-muster".to_owned(), token);
    let got = browser.get(&format!("/t/{}", house.contoso)).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_time() {
    for (idle, total, expect) in [(29, 1, true), (31, 1, false), (29, 25, false)] {
        let house = House::new().await;
        let browser = house.signed_in("reader").await;
        let mut alive = true;
        for _ in 0..total {
            house.clock.advance(SignedDuration::from_mins(idle));
            alive = browser.get(&format!("/t/{}", house.contoso)).await.status == StatusCode::OK;
        }
        assert_eq!(alive, expect, "{total} times {idle} minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_in_one_is_where_one_wanted_to_be_and_nowhere_else() {
    let house = House::new().await;
    let wanted = format!("/t/{}/users?q=a", house.contoso);
    let browser = house.browser();
    let got = browser.get(&wanted).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert!(got.location().starts_with("/sign-in?next=%2Ft%2F"), "{}", got.location());
    for (next, expect) in [
        (wanted.as_str(), wanted.as_str()),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/t/\r\nset-cookie: a=b", "/"),
    ] {
        let browser = house.browser();
        let form = browser.get("/sign-in").await;
        let fields = [
            ("csrf", form.field("csrf")),
            ("name", "reader".into()),
            ("password", PASSWORD.into()),
            ("next", next.into()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let got = browser.post_raw("/sign-in", &fields).await;
        assert_eq!(got.location(), expect, "{next}");
    }
}

/// What is wrong with a form, the headers that say where it comes from, its token.
type Forgery<'a> = (&'a str, Vec<(&'a str, &'a str)>, Option<&'a str>);

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_form_changes_nothing() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let csrf = browser.csrf().await;
    let other = house.signed_in("tenant-admin").await.csrf().await;
    let path = format!("/t/{}/users/new", house.contoso);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let ours = [("origin", "https://muster.example"), ("sec-fetch-site", "same-origin")];
    let cases: &[Forgery<'_>] = &[
        ("no token", vec![ours[0], ours[1]], None),
        ("an empty token", vec![ours[0], ours[1]], Some("")),
        ("the token of another session", vec![ours[0], ours[1]], Some(&other)),
        ("from another site", vec![("sec-fetch-site", "cross-site")], Some(&csrf)),
        ("from a sibling", vec![("sec-fetch-site", "same-site")], Some(&csrf)),
        ("from another origin", vec![("origin", "https://evil.example")], Some(&csrf)),
        ("from the null origin", vec![("origin", "null")], Some(&csrf)),
        ("from nowhere", vec![], Some(&csrf)),
        (
            "of the right name under another scheme's origin",
            vec![("origin", "https://muster.example.evil.example")],
            Some(&csrf),
        ),
    ];
    for (what, headers, token) in cases {
        let mut extra = vec![form];
        extra.extend_from_slice(headers);
        let mut fields = vec![("userName", "forged"), ("active", "on")];
        fields.extend(token.map(|token| ("csrf", token)));
        let got = browser.send(Method::POST, &path, &extra, encode(&fields)).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{what}");
    }
    let list = browser.get(&format!("/t/{}/users", house.contoso)).await;
    assert!(!list.text.contains("forged"));
    // The same form from our own page, as a browser without Fetch Metadata sends it, is taken.
    let fields = encode(&[("userName", "true-one"), ("active", "on"), ("csrf", &csrf)]);
    let got = browser.send(Method::POST, &path, &[form, ("origin", "https://muster.example")], fields).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_form_is_bound_to_the_browser_it_was_sent_to() {
    let house = House::new().await;
    let token = house.browser().get("/sign-in").await.field("csrf");
    let victim = house.browser();
    let fields = [("csrf", token.as_str()), ("name", "reader"), ("password", PASSWORD)];
    assert_eq!(victim.post_raw("/sign-in", &fields).await.status, StatusCode::FORBIDDEN, "no cookie");
    victim.get("/sign-in").await;
    assert_eq!(
        victim.post_raw("/sign-in", &fields).await.status,
        StatusCode::FORBIDDEN,
        "another browser's token"
    );
    assert!(victim.session().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn making_a_key_asks_for_the_password_again_after_a_while() {
    let house = House::new().await;
    let browser = house.signed_in("tenant-admin").await;
    let form = format!("/t/{}/keys/new", house.contoso);
    assert_eq!(browser.get(&form).await.status, StatusCode::OK);
    house.clock.advance(SignedDuration::from_mins(16));
    let got = browser.get(&form).await;
    assert!(got.location().starts_with("/sign-in?again=1&next=%2Ft%2F"), "{}", got.location());
    let fields = [("name", "Late"), ("scope", "SCIM2"), ("tenant", house.contoso.as_ref()), ("expiry", "90")];
    assert_eq!(browser.post(&form, &fields).await.status, StatusCode::SEE_OTHER);
    assert!(house.directory.keys(&house.contoso).await.unwrap().is_empty());
    let page = browser.get(got.location()).await;
    let again = |password: &'static str| {
        [
            ("csrf", page.field("csrf")),
            ("again", "1".into()),
            ("next", form.clone()),
            ("password", password.into()),
        ]
    };
    let send = async |password| {
        let fields = again(password);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post_raw("/sign-in", &fields).await
    };
    assert_eq!(send("something else entirely").await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(PASSWORD).await.location(), form);
    assert_eq!(browser.get(&form).await.status, StatusCode::OK);
}
