//! What the server says of itself.

use super::{House, ORIGIN};

#[tokio::test]
async fn discovery_lists_and_single_resources() {
    let house = House::new().await;
    let base = format!("{ORIGIN}{}", house.base());
    let config = house.get("/ServiceProviderConfig").await;
    assert_eq!(config.status, 200);
    assert_eq!(config.header("content-type"), Some("application/scim+json"));
    assert_eq!(config.json()["meta"]["location"], format!("{base}/ServiceProviderConfig"));
    assert_eq!(config.json()["bulk"]["supported"], false);
    for (list, count) in [("/Schemas", 5), ("/ResourceTypes", 2)] {
        let all = house.get(list).await.json();
        assert_eq!(all["totalResults"], count, "{list}");
        assert_eq!(all["startIndex"], 1);
        assert_eq!(all["itemsPerPage"], count);
        for resource in all["Resources"].as_array().unwrap() {
            let id = resource["id"].as_str().unwrap();
            assert_eq!(resource["meta"]["location"], format!("{base}{list}/{id}"));
            assert_eq!(house.get(&format!("{list}/{id}")).await.json(), *resource);
        }
        house.get(&format!("{list}/nothing")).await.assert_error(404, None, list);
        assert_eq!(
            house.get(&format!("{list}?startIndex=9&count=1&sortBy=id")).await.json(),
            all,
            "paging is ignored"
        );
    }
}

/// RFC 7644 §4
#[tokio::test]
async fn discovery_refuses_a_filter() {
    let house = House::new().await;
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/ResourceTypes/User"] {
        house.get(&format!("{path}?filter=id+pr")).await.assert_error(403, None, path);
    }
}
