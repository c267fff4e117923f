//! Users and groups through their lives.

use http::Method;
use serde_json::{Value, json};

use super::{House, ORIGIN, group, patch_op, user};

/// The life of a user as Entra drives it (default dialect).
#[tokio::test]
async fn a_user_is_created_found_changed_disabled_and_deleted() {
    let house = House::new().await;
    let probe = "/Users?filter=userName+eq+\"nadia.okafor%40fabrikam.example\"";
    let none = house.get(probe).await;
    assert_eq!(none.status, 200);
    assert_eq!(none.json()["totalResults"], 0);
    assert_eq!(none.json()["Resources"], json!([]));

    let mut body = user("nadia.okafor@fabrikam.example");
    body["externalId"] = "nokafor".into();
    let made = house.post("/Users", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.id();
    let location = format!("{ORIGIN}{}/Users/{id}", house.base());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.json()["meta"]["location"], location);
    assert_eq!(made.header("etag"), made.json()["meta"]["version"].as_str());
    assert_eq!(made.header("content-type"), Some("application/scim+json"));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert_eq!(made.header("x-content-type-options"), Some("nosniff"));
    assert!(made.header("x-request-id").is_some_and(|id| id.len() > 10));

    let found = house.get(probe).await.json();
    assert_eq!(found["totalResults"], 1);
    assert_eq!(found["Resources"][0]["id"], id.as_str());
    let path = format!("/Users/{id}");
    assert_eq!(house.get(&path).await.json(), made.json());

    let disable = patch_op(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let disabled = house.patch(&path, &disable).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text);
    assert_eq!(disabled.json()["active"], false);
    assert_eq!(house.get(probe).await.json()["Resources"][0]["active"], false);
    let again = house.patch(&path, &disable).await;
    assert_eq!(
        again.header("etag"),
        disabled.header("etag"),
        "a PATCH that changes nothing keeps the version"
    );

    body["active"] = true.into();
    let replaced = house.put(&path, &body).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    assert_ne!(replaced.header("etag"), disabled.header("etag"));

    let gone = house.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    house.get(&path).await.assert_error(404, None, "GET after DELETE");
    house.delete(&path).await.assert_error(404, None, "DELETE after DELETE");
    assert_eq!(house.get(probe).await.json()["totalResults"], 0);
    assert_eq!(house.post("/Users", &body).await.status, 201, "the name is free again");
}

#[tokio::test]
async fn a_group_gains_and_loses_members() {
    let house = House::new().await;
    let (a, b) = (house.new_user("a").await, house.new_user("b").await);
    let made = house.post("/Groups", group("Rail Engineers", &[])).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/Groups/{}", made.id());

    let add = patch_op(
        json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": a }, { "value": b }] }]),
    );
    let added = house.patch(&path, &add).await;
    assert_eq!(added.status, 200, "{}", added.text);
    assert_eq!(added.json()["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(house.get(&format!("/Users/{a}")).await.json()["groups"][0]["value"], made.id());

    let check = format!("/Groups?filter=id eq \"{}\" and members eq \"{a}\"", made.id()).replace(' ', "+");
    assert_eq!(house.get(&check).await.json()["totalResults"], 1);

    let remove = patch_op(json!([{ "op": "Remove", "path": "members", "value": [{ "value": a }] }]));
    let removed = house.patch(&path, &remove).await.json();
    assert_eq!(removed["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(removed["members"][0]["value"], b.as_str());

    let without = house.get(&format!("{path}?excludedAttributes=members")).await.json();
    assert_eq!(without.get("members"), None);
}

/// A PATCH of a large group answers 204, so that adding a member costs the same at any size; but what is asked for is given.
#[tokio::test]
async fn a_patch_of_a_large_group_answers_204() {
    let house = House::new().await;
    let ids: Vec<String> = (0..101).map(|n| format!("00000000-0000-7000-8000-{n:012}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let path = format!("/Groups/{}", house.post("/Groups", group("Everybody", &ids[..99])).await.id());
    let add = |id: &str| patch_op(json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]));
    assert_eq!(house.patch(&path, add(ids[99])).await.status, 200, "100 members");

    let large = house.patch(&path, add(ids[100])).await;
    assert_eq!((large.status.as_u16(), large.text.as_str()), (204, ""), "101 members");
    assert!(large.header("etag").is_some());
    assert_eq!(large.header("content-type"), None);

    // RFC 7644 §3.5.2: 200 when `attributes` is given.
    let named = house.patch(&format!("{path}?attributes=displayName"), add(ids[0])).await;
    assert_eq!(named.status, 200, "{}", named.text);
    assert_eq!(named.json()["displayName"], "Everybody");
    let members = house.patch(&format!("{path}?attributes=members"), add(ids[0])).await;
    assert_eq!(members.json()["members"].as_array().map(Vec::len), Some(101));
}

#[tokio::test]
async fn attributes_and_excluded_attributes_work_on_every_answer() {
    let house = House::new().await;
    let mut body = user("ada");
    body["displayName"] = "Ada".into();
    body["nickName"] = "A".into();
    let made = house.post("/Users?attributes=displayName", &body).await;
    assert_eq!(keys(&made.json()), ["displayName", "id", "schemas"]);
    assert!(made.header("location").is_some() && made.header("etag").is_some());
    let path = format!("/Users/{}", made.id());
    let got = house.get(&format!("{path}?attributes=userName")).await;
    assert_eq!(keys(&got.json()), ["id", "schemas", "userName"]);
    assert!(got.header("location").is_some());
    let put = house.put(&format!("{path}?excludedAttributes=nickName,meta"), &body).await.json();
    assert!(put.get("nickName").is_none() && put.get("meta").is_none() && put.get("displayName").is_some());
    let change = patch_op(json!([{ "op": "replace", "path": "nickName", "value": "B" }]));
    let patched = house.patch(&format!("{path}?attributes=nickName"), change).await.json();
    assert_eq!(keys(&patched), ["id", "nickName", "schemas"]);
    let listed = house.get("/Users?attributes=userName").await.json();
    assert_eq!(keys(&listed["Resources"][0]), ["id", "schemas", "userName"]);
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn queries_by_url_and_by_body_page_and_sort_alike() {
    let house = House::new().await;
    for name in ["c", "a", "b"] {
        house.new_user(name).await;
    }
    house.post("/Groups", group("g", &[])).await;
    let by_url = house.get("/Users?sortBy=userName&startIndex=2&count=1").await.json();
    assert_eq!(
        (&by_url["totalResults"], &by_url["startIndex"], &by_url["itemsPerPage"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(by_url["Resources"][0]["userName"], "b");
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "sortBy": "userName", "startIndex": 2, "count": 1,
    });
    let by_body = house.post("/Users/.search", &search).await;
    assert_eq!(by_body.status, 200, "{}", by_body.text);
    assert_eq!(by_body.json(), by_url);

    for path in ["", "/"] {
        let all = house.get(&format!("{path}?count=10")).await;
        assert_eq!(all.status, 200, "{}", all.text);
        assert_eq!(all.json()["totalResults"], 4, "the root lists both types");
    }
    let at_root = house.post("/.search", json!({ "filter": "meta.resourceType eq \"Group\"" })).await.json();
    assert_eq!(at_root["totalResults"], 1, "{at_root}");
    assert_eq!(house.post("/Groups/.search", json!({})).await.json()["totalResults"], 1);

    let first = house.get("/Users?cursor&count=2").await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = house.get(&format!("/Users?cursor={cursor}&count=2")).await.json();
    assert_eq!(second["Resources"].as_array().map(Vec::len), Some(1));
    assert_eq!(second.get("nextCursor"), None);
}

/// `aadOptscim062020` and other parameters that nobody knows are ignored.
#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let house = House::new().await;
    let id = house.new_user("ada").await;
    assert_eq!(
        house.get("/Users?aadOptscim062020&filter=userName+eq+\"ada\"").await.json()["totalResults"],
        1
    );
    assert_eq!(house.get(&format!("/Users/{id}?aadOptscim062020")).await.status, 200);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let house = House::new().await;
    let id = house.new_user("ada").await;
    let path = format!("/Users/{id}");
    let get = house.get(&path).await;
    let request = house.request(Method::HEAD, &path).body(axum::body::Body::empty()).unwrap();
    let head = house.send(request).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("etag"), get.header("etag"));
    assert_eq!(head.header("content-type"), get.header("content-type"));
}
