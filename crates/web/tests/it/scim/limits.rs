//! How often one may ask.

use std::net::SocketAddr;

use axum::body::Body;
use directory::Settings;
use http::Method;
use jiff::SignedDuration;
use web::{Network, Peer, WebOptions};

use super::{Got, House};

async fn statuses(house: &House, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(house.get("/ServiceProviderConfig").await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_tenant_has_so_many_requests_a_second() {
    let house = House::with(WebOptions { rate_limit: 3, ..WebOptions::default() }).await;
    assert_eq!(statuses(&house, 4).await, [200, 200, 200, 429]);
    let limited = house.get("/Users").await;
    limited.assert_error(429, None, "above the limit");
    assert_eq!(limited.header("retry-after"), Some("1"));
    house.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(statuses(&house, 4).await, [200, 200, 200, 429]);
}

#[tokio::test]
async fn the_tenants_own_setting_comes_first() {
    let house = House::with(WebOptions { rate_limit: 1, ..WebOptions::default() }).await;
    let set = async |rate_limit| {
        let settings = Settings { rate_limit, ..Settings::default() };
        house.directory.set_settings(house.context(), settings).await.unwrap();
    };
    set(Some(0)).await;
    assert_eq!(statuses(&house, 5).await, [200; 5]);
    set(Some(2)).await;
    assert_eq!(statuses(&house, 3).await, [200, 200, 429]);
}

#[tokio::test]
async fn a_tenant_is_not_slowed_by_requests_without_its_key() {
    let house = House::with(WebOptions { rate_limit: 1, failed_keys: 0, ..WebOptions::default() }).await;
    for _ in 0..5 {
        assert_eq!(from(&house, "192.0.2.1:1", &[], "wrong").await.status, 401);
    }
    assert_eq!(statuses(&house, 1).await, [200]);
}

async fn from(house: &House, peer: &str, forwarded: &[&str], key: &str) -> Got {
    let mut request = house.anonymous(Method::GET, &format!("{}/Users", house.base()));
    request = request
        .header("authorization", format!("Bearer {key}"))
        .extension(Peer(peer.parse::<SocketAddr>().unwrap()));
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    house.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn wrong_keys_are_counted_by_client_address() {
    let proxy: Network = "10.0.0.0/8".parse().unwrap();
    let options =
        WebOptions { failed_keys: 1, rate_limit: 0, trusted_proxies: vec![proxy], ..WebOptions::default() };
    let house = House::with(options).await;
    for _ in 0..3 {
        from(&house, "192.0.2.1:4000", &[], "wrong").await.assert_error(401, None, "within the burst");
    }
    let limited = from(&house, "192.0.2.1:4001", &[], "wrong").await;
    limited.assert_error(429, None, "above the burst");
    assert_eq!(limited.header("retry-after"), Some("1"));
    from(&house, "192.0.2.2:1", &[], "wrong").await.assert_error(401, None, "another address");
    from(&house, "10.0.0.1:1", &["192.0.2.1"], "wrong").await.assert_error(
        429,
        None,
        "the same through a proxy",
    );
    from(&house, "10.0.0.1:1", &["192.0.2.3"], "wrong").await.assert_error(
        401,
        None,
        "another through a proxy",
    );
    from(&house, "192.0.2.1:1", &["192.0.2.9"], "wrong").await.assert_error(
        429,
        None,
        "a forged header is not believed",
    );
    assert_eq!(from(&house, "192.0.2.1:1", &[], &house.key).await.status, 200, "a right key is not held up");
}
