//! Who may open what: every route of the console's own inventory with every role.

use http::{Method, StatusCode};
use web::{Access, inventory};

use super::House;

/// Routes of the console that belong to a tenant, with ids filled in.
fn routes(
    house: &House,
    user: &str,
    group: &str,
    key: &str,
    operator: &str,
    application: &str,
) -> Vec<(Method, &'static str, String)> {
    let console = inventory().iter().filter(|route| route.path.starts_with("/t/"));
    console
        .map(|route| {
            assert_eq!(route.access, Access::Operator, "{}", route.path);
            let id = match route.path {
                path if path.contains("/apps/") => application,
                path if path.contains("/users/") => user,
                path if path.contains("/groups/") => group,
                path if path.contains("/keys/") => key,
                _ => operator,
            };
            let path = route
                .path
                .replace("{tenant}", house.contoso.as_ref())
                .replace("{id}", id)
                .replace("{number}", "1")
                .replace("{kind}", "users")
                .replace("{plan}", "none")
                .replace("{role}", "none");
            (route.method.clone(), route.path, path)
        })
        .collect()
}

/// The role a route of a tenant asks for, by its path: written down here once more, so that the table in the code is
/// checked by something else than itself.
fn asks(method: &Method, path: &str) -> &'static str {
    let tail = path.strip_prefix("/t/{tenant}").unwrap();
    let ends = |ends: &[&str]| ends.iter().any(|end| tail.ends_with(end));
    let changes = method == Method::POST
        || ends(&[
            "/new",
            "/edit",
            "/json",
            "/deactivate",
            "/delete",
            "/purge",
            "/add",
            "/revoke",
            "/rotate",
        ])
        || ends(&[
            "/own",
            "/restart",
            "/allow-deletes",
            "/configuration",
            "/restore",
            "/on-demand",
            "/apply",
        ]);
    match tail {
        _ if tail.starts_with("/config/operators") || tail.starts_with("/config/tenants") => "global",
        "/config/delete" | "/logs/system" => "global",
        _ if tail.starts_with("/profile/keys") => "tenant-admin",
        _ if tail.starts_with("/profile") => "reader",
        // Computes, and changes nothing.
        "/apps/{id}/provisioning/expression" => "reader",
        _ if !changes => "reader",
        _ if ["/users", "/groups", "/apps"].iter().any(|start| tail.starts_with(start)) => "app-admin",
        _ => "tenant-admin",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_opens_what_it_is_for_and_nothing_else() {
    const ORDER: [&str; 4] = ["reader", "app-admin", "tenant-admin", "global"];
    let house = House::new().await;
    let user = house.user("ada").await;
    let group = house.group("Rail", &[&user]).await;
    let key = key(&house).await;
    let operator = house.directory.operator_named("reader").await.unwrap().id;
    let application = house.application("Tracker").await.id;
    for (rank, role) in ORDER.iter().enumerate() {
        let browser = house.signed_in(role).await;
        for (method, template, path) in routes(&house, &user, &group, &key, &operator, &application) {
            let needed = ORDER.iter().position(|role| *role == asks(&method, template)).unwrap();
            if method == Method::POST && rank >= needed {
                // What is allowed is tried elsewhere; here it would delete what the next line looks at.
                continue;
            }
            let got = match method {
                Method::POST => browser.post(&path, &[("name", "x")]).await,
                _ => browser.get(&path).await,
            };
            let may = rank >= needed;
            if may {
                // A form of a Global Administrator's may say that there is nothing at the id; it is not forbidden.
                assert_ne!(got.status, StatusCode::FORBIDDEN, "{role} {method} {template}");
            } else {
                assert_eq!(got.status, StatusCode::FORBIDDEN, "{role} {method} {template}");
            }
        }
    }
}

async fn key(house: &House) -> String {
    let new =
        directory::NewKey { name: "Entra".into(), scopes: vec![directory::KeyScope::Scim2], expires: None };
    house.directory.create_key(house.cx(), new).await.unwrap().0.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_one_has_no_role_in_is_as_if_it_did_not_exist() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let group = house.group("Rail", &[&user]).await;
    let key = key(&house).await;
    let application = house.application("Tracker").await.id;
    let browser = house.signed_in("other-admin").await;
    let nowhere = "0198c0de-0000-7000-8000-000000000000";
    for (method, template, path) in routes(&house, &user, &group, &key, "none", &application) {
        let absent = path.replace(house.contoso.as_ref(), nowhere);
        let mut answers = Vec::new();
        for path in [path, absent] {
            let got = match method {
                Method::POST => browser.post(&path, &[("name", "x")]).await,
                _ => browser.get(&path).await,
            };
            assert_eq!(got.status, StatusCode::NOT_FOUND, "{method} {template}");
            assert!(!got.text.contains("Contoso"), "{method} {template}");
            let request_id = got.header("x-request-id").to_owned();
            answers.push(got.text.replace(&request_id, ""));
        }
        assert_eq!(answers[0], answers[1], "{method} {template}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_tenant_is_not_found_in_ones_own() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let group = house.group("Rail", &[&user]).await;
    let key = key(&house).await;
    let application = house.application("Tracker").await.id;
    let browser = house.signed_in("other-admin").await;
    for (method, template, path) in routes(&house, &user, &group, &key, "none", &application) {
        let tail = template.strip_prefix("/t/{tenant}").unwrap();
        let of_object = ["/users/{id}", "/groups/{id}", "/keys/{id}", "/apps/{id}"]
            .iter()
            .any(|start| tail.starts_with(start));
        if !of_object {
            continue;
        }
        let path = path.replace(house.contoso.as_ref(), house.fabrikam.as_ref());
        let fields = [
            ("name", "x"),
            ("userName", "x"),
            ("displayName", "x"),
            ("document", "{}"),
            ("member", user.as_str()),
        ];
        let got = match method {
            Method::POST => browser.post(&path, &fields).await,
            _ => browser.get(&path).await,
        };
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{method} {template}: {}", got.location());
    }
    assert!(house.directory.keys(&house.contoso).await.unwrap()[0].revoked.is_none());
    assert_eq!(house.app.provisioning.applications(&house.contoso).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_every_page_leads_to_the_sign_in() {
    let house = House::new().await;
    let guest = house.browser();
    for route in inventory().iter().filter(|route| route.access == Access::Operator) {
        let path = route
            .path
            .replace("{tenant}", house.contoso.as_ref())
            .replace("{id}", "x")
            .replace("{number}", "1");
        let got = match route.method {
            Method::POST => guest.post_raw(&path, &[("csrf", "x")]).await,
            _ => guest.get(&path).await,
        };
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{} {}", route.method, route.path);
        assert!(got.location().starts_with("/sign-in"), "{} {}", route.method, route.path);
        assert!(!got.text.contains("Contoso"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_no_buttons_for_what_they_may_not_do() {
    let house = House::new().await;
    let user = house.user("ada").await;
    let group = house.group("Rail", &[&user]).await;
    key(&house).await;
    let application = house.application("Tracker").await.id;
    let reader = house.signed_in("reader").await;
    let admin = house.signed_in("tenant-admin").await;
    for (path, words) in [
        ("users".to_owned(), vec!["New user"]),
        (format!("users/{user}"), vec![">Edit<", "Deactivate", ">Delete<"]),
        ("groups".to_owned(), vec!["New group"]),
        (format!("groups/{group}"), vec!["Add members", ">Delete<"]),
        (format!("groups/{group}/members"), vec!["Remove selected"]),
        ("keys".to_owned(), vec!["Create New API Key", "Revoke", "Rotate"]),
        ("config/basic".to_owned(), vec!["Rename"]),
        ("config/limits".to_owned(), vec![">Save<"]),
        ("profile".to_owned(), vec!["Create New API Key"]),
        ("apps".to_owned(), vec!["New application"]),
        (format!("apps/{application}"), vec!["Add user/group"]),
        (format!("apps/{application}/properties"), vec![">Save<", "Delete application"]),
        (format!("apps/{application}/users"), vec!["Add user/group"]),
        (format!("apps/{application}/roles"), vec!["Create app role"]),
        (format!("apps/{application}/provisioning"), vec!["Provision on demand"]),
    ] {
        let path = format!("/t/{}/{path}", house.contoso);
        let (seen, shown) = (reader.get(&path).await, admin.get(&path).await);
        for word in words {
            assert!(!seen.text.contains(word), "{path}: a reader sees {word}");
            assert!(shown.text.contains(word), "{path}: an administrator misses {word}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_taken_away_is_gone_with_the_next_request() {
    let house = House::new().await;
    let browser = house.signed_in("reader").await;
    let path = format!("/t/{}/users", house.contoso);
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    let reader = house.directory.operator_named("reader").await.unwrap();
    house.directory.revoke_role(super::caller(), &reader.id, reader.grants[0].clone()).await.unwrap();
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    house.directory.disable_operator(super::caller(), &reader.id, true).await.unwrap();
    assert_eq!(browser.get(&path).await.status, StatusCode::SEE_OTHER);
}
