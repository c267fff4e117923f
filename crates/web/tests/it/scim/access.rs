//! Who may call what: every route of the inventory with every kind of credential.

use axum::body::Body;
use directory::KeyScope;
use http::Method;
use jiff::SignedDuration;
use web::{Access, Route, WebOptions, inventory};

use super::{Got, House, caller, user};

/// A route's path with real ids in it.
fn path(house: &House, route: &Route) -> String {
    route.path.replace("{tenant}", house.tenant.as_str()).replace("{id}", "nobody")
}

async fn call(house: &House, method: &Method, path: &str, authorization: Option<&str>) -> Got {
    let mut request = house.anonymous(method.clone(), path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    house.send(request.body(Body::from("{}")).unwrap()).await
}

fn scim_routes() -> impl Iterator<Item = &'static Route> {
    inventory().iter().filter(|route| matches!(route.access, Access::ScimRead | Access::ScimWrite))
}

/// Paths and methods that no route has: the answers 404 and 405 are behind the key too.
fn beside_the_routes(house: &House) -> Vec<(Method, String)> {
    let base = house.base();
    vec![
        (Method::GET, format!("{base}/Nothing")),
        (Method::GET, format!("{base}/Users/a/b")),
        (Method::DELETE, format!("{base}/Users")),
        (Method::OPTIONS, format!("{base}/Users")),
        (Method::from_bytes(b"BREW").unwrap(), format!("{base}/Users")),
        (Method::POST, format!("{base}/Schemas")),
    ]
}

#[test]
fn the_inventory_says_who_may_call_each_route() {
    let mut seen = std::collections::HashSet::new();
    for route in inventory() {
        assert!(seen.insert((route.method.clone(), route.path)), "{route:?} is listed twice");
        let in_scim = route.path.starts_with("/scim");
        assert_eq!(in_scim, matches!(route.access, Access::ScimRead | Access::ScimWrite), "{route:?}");
        let reads = route.method == Method::GET || route.path.ends_with("/.search");
        assert_eq!(route.access == Access::ScimWrite, in_scim && !reads, "{route:?}");
    }
    let public: Vec<&str> =
        inventory().iter().filter(|r| r.access == Access::Public).map(|r| r.path).collect();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(public.contains(&path), "{path}");
    }
    assert_eq!(scim_routes().count(), 28, "a route was added or removed: is its access class right?");
}

/// The routers are made from the inventory; here each entry is found behind its path.
#[tokio::test]
async fn every_route_of_the_inventory_is_mounted() {
    let house = House::new().await;
    let bearer = format!("Bearer {}", house.key);
    for route in inventory() {
        let got = call(&house, &route.method, &path(&house, route), Some(&bearer)).await;
        let about = format!("{} {}: {} {}", route.method, route.path, got.status, got.text);
        assert_ne!(got.status, 405, "{about}");
        match route.access {
            Access::Operator => {
                // No session: to the sign-in page, or refused; never the page.
                assert!(got.status.is_redirection() || got.status.is_client_error(), "{about}");
            }
            Access::ScimRead | Access::ScimWrite if got.status == 404 => {
                assert!(route.path.ends_with("{id}"), "{about}")
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn no_route_answers_without_a_valid_key() {
    let house = House::new().await;
    let other = House::seeded(8, WebOptions::default()).await;
    house.new_user("ada").await;
    let (_, expiring) = house.new_key(&[KeyScope::Scim2]).await;
    let (revoked_id, revoked) = house.new_key(&[KeyScope::Scim2]).await;
    house.directory.revoke_key(house.context(), &revoked_id).await.unwrap();
    let elsewhere = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let of_other_tenant = {
        let key = directory::NewKey { name: "x".into(), scopes: vec![KeyScope::Scim2], expires: None };
        let cx = directory::Context::new(elsewhere, caller());
        house.directory.create_key(cx, key).await.unwrap().1
    };
    let truncated = &house.key[..house.key.len() - 1];
    let bearer = |key: &str| Some(format!("Bearer {key}"));
    let credentials: Vec<(&str, Option<String>)> = vec![
        ("none", None),
        ("empty", Some("Bearer ".into())),
        ("bare key", Some(house.key.clone())),
        ("other scheme", Some(format!("Basic {}", house.key))),
        ("null", bearer("null")),
        ("undefined", bearer("undefined")),
        ("garbage", bearer("garbage")),
        ("truncated", bearer(truncated)),
        ("longer", bearer(&format!("{}x", house.key))),
        ("two keys", bearer(&format!("{} {}", house.key, house.key))),
        ("revoked", bearer(&revoked)),
        ("of another tenant", bearer(&of_other_tenant)),
        ("of another server", bearer(&other.key)),
    ];
    let routes = scim_routes().map(|route| (route.method.clone(), path(&house, route)));
    let mut targets: Vec<(Method, String)> = routes.chain(beside_the_routes(&house)).collect();
    targets.extend(
        ["/scim", "/scim/", "/scim/v2", "/scim/v2/", "/scim/v1/x", "/scim/v2/nobody/Users"]
            .map(|p| (Method::GET, p.to_owned())),
    );
    for (method, path) in &targets {
        for (what, credential) in &credentials {
            let got = call(&house, method, path, credential.as_deref()).await;
            let about = format!("{method} {path} with {what}");
            got.assert_error(401, None, &about);
            let challenge = got.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer realm=\"scim\""), "{about}: {challenge}");
            let carried = credential.as_deref().is_some_and(|c| c.starts_with("Bearer ") && c.len() > 7);
            assert_eq!(challenge.contains("invalid_token"), carried, "{about}");
            assert!(!got.text.contains("ada"), "{about}");
        }
    }
    house.clock.advance(SignedDuration::from_hours(24 * 91));
    let got =
        call(&house, &Method::GET, &format!("{}/Users", house.base()), bearer(&expiring).as_deref()).await;
    got.assert_error(401, None, "expired");
}

/// To the byte the same: what a key is worth elsewhere, and which tenants there are, is nobody's business.
#[tokio::test]
async fn another_tenants_url_reveals_nothing() {
    let house = House::new().await;
    let existing = house.directory.create_tenant(caller(), "Contoso").await.unwrap().id;
    let bearer = format!("Bearer {}", house.key);
    let mut answers = Vec::new();
    for (path, credential) in [
        (format!("/scim/v2/{existing}/Users"), bearer.as_str()),
        ("/scim/v2/019a2f6e-0000-7000-8000-000000000001/Users".to_owned(), bearer.as_str()),
        ("/scim/v2/nobody/Users".to_owned(), bearer.as_str()),
        ("/scim".to_owned(), bearer.as_str()),
        (format!("{}/Users", house.base()), "Bearer mst_unknown"),
    ] {
        let mut got = call(&house, &Method::GET, &path, Some(credential)).await;
        got.headers.remove("x-request-id");
        answers.push((got.status, got.headers, got.text));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[tokio::test]
async fn a_reading_key_reads_and_does_not_write() {
    let house = House::new().await;
    house.new_user("ada").await;
    let (_, key) = house.new_key(&[KeyScope::Scim2Read]).await;
    let bearer = format!("Bearer {key}");
    for route in scim_routes() {
        let got = call(&house, &route.method, &path(&house, route), Some(&bearer)).await;
        let about = format!("{} {}: {}", route.method, route.path, got.text);
        match route.access {
            Access::ScimWrite => {
                got.assert_error(403, None, &about);
                assert!(got.header("www-authenticate").unwrap().contains("insufficient_scope"), "{about}");
            }
            _ => assert!([200, 404, 501].contains(&got.status.as_u16()), "{about}"),
        }
    }
    assert_eq!(house.get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn a_key_acts_until_it_is_revoked_and_not_after() {
    let house = House::new().await;
    let (id, key) = house.new_key(&[KeyScope::Scim2]).await;
    let (path, bearer) = (format!("{}/Users", house.base()), format!("Bearer {key}"));
    assert_eq!(call(&house, &Method::GET, &path, Some(&bearer)).await.status, 200);
    assert_eq!(
        call(&house, &Method::GET, &path, Some(&bearer.replace("Bearer", "bEARER"))).await.status,
        200
    );
    house.directory.revoke_key(house.context(), &id).await.unwrap();
    call(&house, &Method::GET, &path, Some(&bearer)).await.assert_error(401, None, "revoked");
}

/// Authentication comes before the body and the query are looked at: a filter bomb without a key is 401.
#[tokio::test]
async fn nothing_is_parsed_without_a_key() {
    let house = House::new().await;
    let base = house.base();
    for path in [format!("{base}/Users?filter={}", "(".repeat(8_000)), format!("{base}/Users?a=1&a=2")] {
        call(&house, &Method::GET, &path, None).await.assert_error(401, None, "query");
    }
    let bomb = house.anonymous(Method::POST, &format!("{base}/Users"));
    let bomb = bomb.header("content-type", "text/plain").body(Body::from("[".repeat(100_000))).unwrap();
    house.send(bomb).await.assert_error(401, None, "body");
    assert_eq!(house.post("/Users", user("still-here")).await.status, 201);
}

#[tokio::test]
async fn health_and_metrics_are_public_and_name_nobody() {
    let house = House::new().await;
    house.new_user("ada").await;
    house.get("/Nothing").await;
    let healthy = call(&house, &Method::GET, "/healthz", None).await;
    assert_eq!((healthy.status.as_u16(), healthy.text.as_str()), (200, "ok\n"));
    assert_eq!(call(&house, &Method::GET, "/readyz", None).await.status, 200);
    let metrics = call(&house, &Method::GET, "/metrics", None).await.text;
    for line in [
        r#"muster_requests_total{route="/scim/v2/{tenant}/Users",method="POST",status="201"} 1"#,
        r#"muster_requests_total{route="/healthz",method="GET",status="200"} 1"#,
        r#"muster_requests_total{route="/scim/{nowhere}",method="GET",status="404"} 1"#,
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains(house.tenant.as_str()) && !metrics.contains("ada"));
}

#[tokio::test]
async fn other_paths_are_not_scim() {
    let house = House::with(WebOptions::default()).await;
    let got = call(&house, &Method::GET, "/nothing-here", None).await;
    assert_eq!(got.status, 404);
}
