//! ETag, `If-Match`, `If-None-Match` (RFC 7644 §3.14).

use axum::body::Body;
use http::Method;
use serde_json::json;

use super::{Got, House, patch_op, user};

async fn conditional(
    house: &House,
    method: &str,
    path: &str,
    header: (&str, &str),
    body: Option<String>,
) -> Got {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = house.request(method, path).header(header.0, header.1);
    house.send(request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
}

#[tokio::test]
async fn a_read_is_answered_304_while_nothing_changed() {
    let house = House::new().await;
    let path = format!("/Users/{}", house.new_user("ada").await);
    let etag = house.get(&path).await.header("etag").unwrap().to_owned();
    for value in [etag.clone(), format!("W/\"999\", {etag}"), "*".to_owned()] {
        let same = conditional(&house, "GET", &path, ("if-none-match", &value), None).await;
        assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""), "{value}");
        assert_eq!(same.header("etag"), Some(etag.as_str()));
    }
    assert_eq!(conditional(&house, "GET", &path, ("if-none-match", "W/\"999\""), None).await.status, 200);
    let mismatch = conditional(&house, "GET", &path, ("if-match", "W/\"999\""), None).await;
    mismatch.assert_error(412, None, "GET with If-Match");
}

#[tokio::test]
async fn a_write_with_an_old_version_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let path = format!("/Users/{}", house.new_user("ada").await);
    let old = house.get(&path).await.header("etag").unwrap().to_owned();
    let rename = patch_op(json!([{ "op": "replace", "path": "displayName", "value": "Ada" }])).to_string();
    let renamed = conditional(&house, "PATCH", &path, ("if-match", &old), Some(rename.clone())).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    let other = patch_op(json!([{ "op": "replace", "path": "displayName", "value": "Eve" }])).to_string();
    for (method, body) in [("PATCH", Some(other)), ("PUT", Some(user("eve").to_string())), ("DELETE", None)] {
        let refused = conditional(&house, method, &path, ("if-match", &old), body).await;
        refused.assert_error(412, None, method);
    }
    assert_eq!(house.get(&path).await.json()["displayName"], "Ada");
    let bad = conditional(&house, "DELETE", &path, ("if-match", "\"a\"b\""), None).await;
    bad.assert_error(400, Some("invalidVers"), "If-Match that is no entity tag");
    assert_eq!(conditional(&house, "DELETE", &path, ("if-match", "*"), None).await.status, 204);
}
