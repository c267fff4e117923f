//! Who may call what: every route of the Graph API with every kind of key.

use axum::body::Body;
use directory::KeyScope;
use http::{Method, Request};
use serde_json::{Value, json};
use web::{Access, Route, inventory};

use super::{Answered, CUSTOM, NOBODY, Stage};

fn routes() -> impl Iterator<Item = &'static Route> {
    inventory().iter().filter(|route| route.path.starts_with("/graph/"))
}

/// Below `/graph/`, with this application and this job in it.
fn path(route: &Route, application: &str, job: &str) -> String {
    let path = route.path.strip_prefix("/graph/").unwrap();
    let path = path.replace("{id}", application).replace("{job}", job).replace("{template}", CUSTOM);
    let path = path.replace("{objectConnection}", "objectConnections('x')");
    let path = path.replace("{assignment}", NOBODY).replace("{object}", NOBODY);
    path.replace("{entry}", "1").replace("{directory}", "customappsso")
}

fn is_of_an_application(route: &Route) -> bool {
    route.path.contains("{id}")
}

#[test]
fn every_route_has_an_access_class_of_the_graph_api() {
    for route in routes() {
        let asks = route.method == Method::GET || route.path.ends_with("/parseExpression");
        let fits = match route.access {
            Access::GraphRead | Access::GraphReadAll => asks,
            Access::GraphWrite => !asks && is_of_an_application(route),
            Access::GraphWriteAll => route.path.ends_with("/instantiate"),
            _ => false,
        };
        assert!(fits, "{route:?}");
    }
    assert_eq!(routes().count(), 114, "a route was added or removed: is its access class right?");
}

#[tokio::test]
async fn no_route_answers_without_a_good_key() {
    let stage = Stage::new().await;
    let scim = stage.new_key(&[KeyScope::Scim2]).await;
    let beside = [(Method::GET, "nothing".to_owned()), (Method::PUT, "v1.0/users".to_owned())];
    let asked = routes().map(|route| (route.method.clone(), path(route, NOBODY, NOBODY)));
    for (method, path) in asked.chain(beside) {
        for key in ["mst_unknown", "", &stage.key[1..]] {
            let got = stage.ask(key, method.clone(), &path, json!({})).await;
            got.refused(401, "InvalidAuthenticationToken");
            assert!(got.header("www-authenticate").starts_with("Bearer realm=\"graph\""), "{method} {path}");
        }
        stage.ask(&scim, method, &path, json!({})).await.refused(403, "Authorization_RequestDenied");
    }
    let request = Request::builder().uri("/graph/v1.0/users?$filter=((((").header("host", "muster.example");
    let got = stage.house.send(request.body(Body::empty()).unwrap()).await;
    got.refused(401, "InvalidAuthenticationToken");
}

#[tokio::test]
async fn a_reading_key_reads_and_changes_nothing() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await.rsplit('/').next().unwrap().to_owned();
    let key = stage.new_key(&[KeyScope::ProvisioningRead]).await;
    let before = stage.house.store.dump().await.unwrap();
    for route in routes() {
        let got = stage.ask(&key, route.method.clone(), &path(route, &application, &job), json!({})).await;
        match route.access {
            Access::GraphWrite | Access::GraphWriteAll => {
                got.refused(403, "Authorization_RequestDenied");
                assert!(got.header("www-authenticate").contains("insufficient_scope"), "{route:?}");
            }
            _ => assert!(matches!(got.status.as_u16(), 200 | 400 | 404), "{route:?}: {}", got.text),
        }
    }
    assert_eq!(stage.house.store.dump().await.unwrap(), before);
}

#[tokio::test]
async fn a_key_for_one_application_sees_that_one_only() {
    let stage = Stage::new().await;
    let (own, other) = (stage.application("Own").await, stage.application("Other").await);
    let other_job = stage.job(&other).await.rsplit('/').next().unwrap().to_owned();
    let key = stage.new_key(&[KeyScope::ProvisioningOf(own.clone())]).await;
    for list in ["v1.0/applications", "v1.0/servicePrincipals"] {
        let seen = stage.ask(&key, Method::GET, list, Value::Null).await.json_of(200);
        assert_eq!(super::ids(&seen), [own.as_str()], "{list}");
    }
    let rename = json!({ "description": "Ours" });
    let got = stage.ask(&key, Method::PATCH, &format!("v1.0/servicePrincipals/{own}"), rename).await;
    assert_eq!(got.status, 204, "{}", got.text);
    for route in routes() {
        let theirs = stage.ask(&key, route.method.clone(), &path(route, &other, &other_job), json!({})).await;
        match route.access {
            Access::GraphReadAll | Access::GraphWriteAll => {
                theirs.refused(403, "Authorization_RequestDenied");
            }
            _ if is_of_an_application(route) => {
                let nobodys = path(route, NOBODY, &other_job);
                let nobodys = stage.ask(&key, route.method.clone(), &nobodys, json!({})).await;
                let told = theirs.refused(404, "Request_ResourceNotFound");
                assert_eq!(told.replace(&other, NOBODY), nobodys.refused(404, "Request_ResourceNotFound"));
            }
            _ => assert!(matches!(theirs.status.as_u16(), 200 | 404), "{route:?}: {}", theirs.text),
        }
    }
}

/// Another tenant's application, users and jobs are as unknown as those that never were, word for word.
#[tokio::test]
async fn tenants_never_meet() {
    let stage = Stage::new().await;
    let application = stage.application("Passcodes").await;
    let job = stage.job(&application).await.rsplit('/').next().unwrap().to_owned();
    let user = stage.user("canary@contoso.example", json!({})).await;
    let key = stage.foreign_key(&[KeyScope::Provisioning]).await;
    let before = stage.house.store.dump().await.unwrap();
    for route in routes().filter(|route| route.access != Access::GraphWriteAll) {
        let ask = async |application: &str, user: &str| {
            let path = path(route, application, &job).replace(NOBODY, user);
            stage.ask(&key, route.method.clone(), &path, json!({})).await
        };
        let theirs = ask(&application, &user).await;
        assert!(!theirs.text.contains("canary") && !theirs.text.contains("Passcodes"), "{route:?}");
        if is_of_an_application(route) || route.path.contains("{object}") {
            let nobody = "019a2f6e-0000-7000-8000-00000000beef";
            let told = theirs.refused(404, "Request_ResourceNotFound");
            let unknown = ask(nobody, nobody).await.refused(404, "Request_ResourceNotFound");
            assert_eq!(told.replace(&application, nobody).replace(&user, nobody), unknown, "{route:?}");
        }
    }
    assert_eq!(stage.house.store.dump().await.unwrap(), before);
}

#[tokio::test]
async fn bodies_and_paths_have_the_limits_of_scim() {
    let stage = Stage::new().await;
    let path = format!("/graph/v1.0/applicationTemplates/{CUSTOM}/instantiate");
    let send = async |kind: &str, body: String| {
        let request = Request::builder().method("POST").uri(&path).header("host", "muster.example");
        let request =
            request.header("authorization", format!("Bearer {}", stage.key)).header("content-type", kind);
        stage.house.send(request.body(Body::from(body)).unwrap()).await
    };
    let json = "application/json";
    send(json, r#"{"displayName":"a","displayName":"b"}"#.into()).await.refused(400, "Request_BadRequest");
    send(json, "[".repeat(100)).await.refused(400, "Request_BadRequest");
    send(json, String::new()).await.refused(400, "Request_BadRequest");
    send(json, "[]".into()).await.refused(400, "Request_BadRequest");
    send(json, " ".repeat(1024 * 1024 + 1)).await.refused(413, "RequestEntityTooLarge");
    send("text/plain", "{}".into()).await.refused(415, "UnsupportedMediaType");
    for path in ["v1.0//users", "v1.0/users/..", "v1.0/users/%2f", "v2.0/users", "v1.0", "v1.0/nothing"] {
        let got = stage.ask(&stage.key, Method::GET, path, Value::Null).await;
        let code = if got.status == 404 { "Request_ResourceNotFound" } else { "Request_BadRequest" };
        got.refused(
            if path.contains("//") || path.contains("..") || path.contains('%') { 400 } else { 404 },
            code,
        );
    }
    let got = stage.ask(&stage.key, Method::DELETE, "v1.0/users", Value::Null).await;
    got.refused(405, "MethodNotAllowed");
    assert!(got.header("allow").contains("GET"));
}
