//! Bad input: a clear SCIM error, and nothing changes.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use super::{House, group, patch_op, user};

#[tokio::test]
async fn bad_bodies() {
    let house = House::new().await;
    let id = house.new_user("ada").await;
    let (users, one) = ("/Users".to_owned(), format!("/Users/{id}"));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let many: Vec<_> =
        (0..1_001).map(|_| json!({ "op": "replace", "path": "active", "value": true })).collect();
    let table: Vec<(&str, &str, String, u16, Option<&str>)> = vec![
        ("POST", &users, String::new(), 400, Some("invalidSyntax")),
        ("POST", &users, "{".into(), 400, Some("invalidSyntax")),
        ("POST", &users, "[]".into(), 400, Some("invalidSyntax")),
        ("POST", &users, "null".into(), 400, Some("invalidSyntax")),
        ("POST", &users, "{} {}".into(), 400, Some("invalidSyntax")),
        ("POST", &users, deep, 400, Some("invalidSyntax")),
        ("POST", &users, r#"{"userName":"a","userName":"b"}"#.into(), 400, Some("invalidSyntax")),
        ("POST", &users, r#"{"userName":"a\u0000b"}"#.into(), 400, Some("invalidSyntax")),
        ("POST", &users, r#"{"userName":"a\ud800"}"#.into(), 400, Some("invalidSyntax")),
        ("POST", &users, r#"{"userName":1e999}"#.into(), 400, Some("invalidSyntax")),
        ("POST", &users, json!({ "displayName": "no name" }).to_string(), 400, Some("invalidValue")),
        ("POST", &users, json!({ "userName": {} }).to_string(), 400, Some("invalidValue")),
        (
            "POST",
            &users,
            json!({ "userName": "x", "active": "perhaps" }).to_string(),
            400,
            Some("invalidValue"),
        ),
        ("POST", &users, user("ada").to_string(), 409, Some("uniqueness")),
        ("POST", &users, user("ADA").to_string(), 409, Some("uniqueness")),
        ("PUT", &one, "{}".into(), 400, Some("invalidValue")),
        ("PUT", "/Users/nobody", user("x").to_string(), 404, None),
        ("PATCH", &one, "{}".into(), 400, Some("invalidSyntax")),
        ("PATCH", &one, patch_op(json!([])).to_string(), 400, Some("invalidSyntax")),
        (
            "PATCH",
            &one,
            patch_op(json!([{ "op": "move", "path": "active" }])).to_string(),
            400,
            Some("invalidSyntax"),
        ),
        ("PATCH", &one, patch_op(json!([{ "op": "remove" }])).to_string(), 400, Some("noTarget")),
        (
            "PATCH",
            &one,
            patch_op(json!([{ "op": "add", "path": "emails[", "value": 1 }])).to_string(),
            400,
            Some("invalidPath"),
        ),
        ("PATCH", &one, patch_op(many.into()).to_string(), 400, None),
        (
            "PATCH",
            "/Users/nobody",
            patch_op(json!([{ "op": "remove", "path": "title" }])).to_string(),
            404,
            None,
        ),
        (
            "PATCH",
            "/Groups/nobody",
            patch_op(json!([{ "op": "remove", "path": "externalId" }])).to_string(),
            404,
            None,
        ),
        ("POST", "/Groups", "{}".into(), 400, Some("invalidValue")),
        ("POST", "/Users/.search", "[]".into(), 400, Some("invalidSyntax")),
        (
            "POST",
            "/Users/.search",
            json!({ "filter": "nosuch eq 1" }).to_string(),
            400,
            Some("invalidFilter"),
        ),
        ("POST", "/Users/.search", json!({ "count": "x" }).to_string(), 400, Some("invalidValue")),
    ];
    for (method, path, body, status, scim_type) in table {
        let about = format!("{method} {path} {}", body.get(..80).unwrap_or(&body));
        let got =
            house.send(house.with_body(Method::from_bytes(method.as_bytes()).unwrap(), path, &body)).await;
        if scim_type.is_some() {
            got.assert_error(status, scim_type, &about);
        } else {
            assert_eq!(got.status, status, "{about}: {}", got.text);
            assert_eq!(got.json()["status"], status.to_string());
        }
    }
    let all = house.get("/Users").await.json();
    assert_eq!(all["totalResults"], 1, "nothing was created");
    assert_eq!(all["Resources"][0]["meta"]["version"], "W/\"1\"", "nothing was changed");
}

#[tokio::test]
async fn a_body_that_is_not_utf8() {
    let house = House::new().await;
    let request = house.request(Method::POST, "/Users").header("content-type", "application/json");
    let got = house.send(request.body(Body::from(&b"{\"userName\":\"\xff\"}"[..])).unwrap()).await;
    got.assert_error(400, Some("invalidSyntax"), "invalid UTF-8");
}

#[tokio::test]
async fn bad_queries() {
    let house = House::new().await;
    house.new_user("ada").await;
    let deep = format!("/Users?filter={}", "(".repeat(8_000));
    let table: &[(&str, u16, Option<&str>)] = &[
        ("/Users?filter=nosuch+eq+\"a\"", 400, Some("invalidFilter")),
        ("/Users?filter=userName+eq+\"ada\"+and+nosuch+eq+\"a\"", 400, Some("invalidFilter")),
        ("/Users?filter=userName", 400, Some("invalidFilter")),
        ("/Users?filter=userName+eq", 400, Some("invalidFilter")),
        (&deep, 400, Some("invalidFilter")),
        ("/Users?filter=userName+eq+\"a\"&filter=userName+eq+\"b\"", 400, Some("invalidValue")),
        ("/Users?count=1&Count=2", 400, Some("invalidValue")),
        ("/Users?aadOptscim062020&aadOptscim062020", 400, Some("invalidValue")),
        ("/Users?count=x", 400, Some("invalidValue")),
        ("/Users?startIndex=99999999999999999999", 400, Some("invalidValue")),
        ("/Users?sortOrder=up", 400, Some("invalidValue")),
        ("/Users?filter=%zz", 400, Some("invalidValue")),
        ("/Users?filter=%ff", 400, Some("invalidValue")),
        ("/Users?filter=%00", 400, Some("invalidValue")),
        ("/Users?attributes=userName&excludedAttributes=title", 400, Some("invalidValue")),
        ("/Users?cursor=nonsense", 400, Some("invalidCursor")),
    ];
    for (path, status, scim_type) in table {
        house.get(path).await.assert_error(*status, *scim_type, path.get(..60).unwrap_or(path));
    }
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let house = House::new().await;
    let id = house.new_user("ada").await;
    let one = format!("/Users/{id}");
    let deeper = format!("{one}/name");
    for path in [
        "/Nothing",
        "/users",
        "/Users/",
        "/Users/nobody",
        "/Groups/nobody",
        &format!("/Groups/{id}"),
        &deeper,
    ] {
        house.get(path).await.assert_error(404, None, path);
    }
    let table: &[(&str, &str, &str)] = &[
        ("DELETE", "/Users", "GET,HEAD,POST"),
        ("PUT", "/Users", "GET,HEAD,POST"),
        ("PATCH", "/Groups", "GET,HEAD,POST"),
        ("POST", &one, "DELETE,GET,HEAD,PATCH,PUT"),
        ("OPTIONS", &one, "DELETE,GET,HEAD,PATCH,PUT"),
        ("BREW", &one, "DELETE,GET,HEAD,PATCH,PUT"),
        ("POST", "/Schemas", "GET,HEAD"),
        ("PUT", "/ServiceProviderConfig", "GET,HEAD"),
        ("DELETE", "/ResourceTypes/User", "GET,HEAD"),
        ("GET", "/Users/.search", "POST"),
        ("POST", "", "GET,HEAD"),
        ("GET", "/Bulk", "POST"),
    ];
    for (method, path, allow) in table {
        let request = house.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
        let got = house.send(request.body(Body::empty()).unwrap()).await;
        got.assert_error(405, None, &format!("{method} {path}"));
        let mut allowed: Vec<&str> = got.header("allow").unwrap().split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), *allow, "{method} {path}");
    }
    for (method, path) in [("POST", "/Bulk"), ("GET", "/Me"), ("PATCH", "/Me"), ("DELETE", "/Me")] {
        let request = house.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
        house.send(request.body(Body::empty()).unwrap()).await.assert_error(501, None, path);
    }
}

/// `GET /Users/.search` must not be read as a user whose id is `.search`.
#[tokio::test]
async fn media_types() {
    let house = House::new().await;
    let send = async |headers: &[(&str, &str)], body: &str| {
        let mut request = house.request(Method::POST, "/Users");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        house.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[], 201),
        (&[("content-type", "application/json")], 201),
        (
            &[("content-type", "application/scim+json; charset=utf-8"), ("accept", "application/json, */*")],
            201,
        ),
        (&[("accept-charset", "iso-8859-1")], 201),
        (&[("content-encoding", "identity")], 201),
        (&[("content-type", "text/plain")], 415),
        (&[("content-type", "application/x-www-form-urlencoded")], 415),
        (&[("content-type", "application/json; charset=latin1")], 415),
        (&[("content-encoding", "gzip")], 415),
        (&[("accept", "text/html")], 406),
        (&[("accept", "application/scim+json;q=0")], 406),
    ];
    for (n, (headers, status)) in table.iter().enumerate() {
        let got = send(headers, &user(&format!("user{n}")).to_string()).await;
        if *status == 201 {
            assert_eq!(got.status, 201, "{headers:?}: {}", got.text);
        } else {
            got.assert_error(*status, None, &format!("{headers:?}"));
        }
    }
}

#[tokio::test]
async fn bodies_are_bounded_at_limit_plus_one() {
    const LIMIT: usize = scim::limits::BODY_BYTES;
    let house = House::new().await;
    let padded = |bytes: usize, name: &str| {
        let body = user(name).to_string();
        let padding = " ".repeat(bytes - body.len());
        body + &padding
    };
    assert_eq!(house.post("/Users", padded(LIMIT, "at")).await.status, 201);
    house.post("/Users", padded(LIMIT + 1, "above")).await.assert_error(413, None, "declared");
    // Without a Content-Length it is found out while reading.
    let streamed = house.request(Method::POST, "/Users").header("content-type", "application/json");
    let body = Body::new(http_body_util::BodyExt::boxed_unsync(Body::from(padded(LIMIT + 1, "above"))));
    house.send(streamed.body(body).unwrap()).await.assert_error(413, None, "streamed");
    let declared = house.request(Method::POST, "/Users").header("content-length", (LIMIT + 1).to_string());
    house.send(declared.body(Body::empty()).unwrap()).await.assert_error(413, None, "by the header alone");
    assert_eq!(house.get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn ambiguous_requests_are_refused_before_anything_is_looked_at() {
    let house = House::new().await;
    let bearer = format!("Bearer {}", house.key);
    let base = house.base();
    let send = async |uri: String, headers: Vec<(&str, &str)>| {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        house.send(request.body(Body::empty()).unwrap()).await
    };
    let host = ("host", "muster.example");
    let auth = ("authorization", bearer.as_str());
    let users = format!("{base}/Users");
    assert_eq!(send(users.clone(), vec![host, auth]).await.status, 200);
    for headers in [
        vec![auth],
        vec![host, host, auth],
        vec![host, auth, auth],
        vec![host, auth, ("authorization", "Bearer other")],
        vec![host, auth, ("content-length", "0"), ("content-length", "0")],
        vec![host, auth, ("content-length", "0"), ("transfer-encoding", "chunked")],
    ] {
        let about = format!("{headers:?}");
        send(users.clone(), headers).await.assert_error(400, None, &about);
    }
    send(format!("http://muster.example{users}"), vec![host, auth]).await.assert_error(
        400,
        None,
        "absolute form",
    );
    for path in ["//Users", "/Users/../Users", "/Users%2f", "/Users;a", "/Users/%2e%2e", "/%00", "/Users/%25"]
    {
        send(format!("{base}{path}"), vec![host, auth]).await.assert_error(400, None, path);
        send(format!("{base}{path}"), vec![host]).await.assert_error(400, None, path);
    }
    send(format!("{users}?x={}", "a".repeat(16 * 1024)), vec![host, auth])
        .await
        .assert_error(414, None, "long URL");
}

/// An unknown member id is not an error; a name that is taken is.
#[tokio::test]
async fn group_conflicts() {
    let house = House::new().await;
    assert_eq!(house.post("/Groups", group("Rail", &["nobody"])).await.status, 201);
    house.post("/Groups", group("RAIL", &[])).await.assert_error(409, Some("uniqueness"), "same name");
}
