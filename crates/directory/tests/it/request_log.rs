//! The request log: what commits with a write, what is buffered, what is left out.

use directory::{Exchange, ExchangeQuery, Kind, Precondition, Written};
use jiff::SignedDuration;
use serde_json::json;

use crate::house::{House, USER, house, object, refusal};

fn exchange(house: &House, method: &str, status: u16) -> Exchange {
    Exchange {
        at: house.directory.now(),
        request_id: "r-1".into(),
        method: method.into(),
        path: "/Users".into(),
        status,
        duration_us: 10,
        key_id: None,
        key_name: None,
        address: None,
        user_agent: None,
        resource_id: None,
        quirks: vec![],
        scim_type: None,
        detail: None,
        request_body: None,
        response_body: None,
    }
}

async fn logged(house: &House) -> Vec<(String, u16)> {
    let query = ExchangeQuery { limit: 500, ..ExchangeQuery::default() };
    let rows = house.directory.request_log(&house.tenant, query).await.unwrap();
    rows.into_iter().rev().map(|row| (row.exchange.method, row.exchange.status)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writes_entry_commits_with_it() {
    let house = house().await;
    let recorded = |method: &'static str| {
        let template = exchange(&house, method, 200);
        house.cx().recorded_by(Box::new(move |written: &Written| Exchange {
            resource_id: Some(written.id.clone()),
            response_body: Some(serde_json::Value::Object(written.resource.clone()).to_string()),
            ..template
        }))
    };
    let body = |name: &str| object(json!({ "schemas": [USER], "userName": name }));
    let created = house.directory.create(recorded("POST"), Kind::User, body("nadia")).await.unwrap();
    assert_eq!(
        refusal(house.directory.create(recorded("POST"), Kind::User, body("nadia")).await),
        (409, "uniqueness")
    );
    let request = |title: &str| {
        scim::patch::parse(json!({ "Operations": [{ "op": "replace", "path": "title", "value": title }] }))
            .unwrap()
    };
    for _ in 0..2 {
        house
            .directory
            .patch(recorded("PATCH"), Kind::User, &created.id, request("x"), Precondition::None)
            .await
            .unwrap();
    }
    house.directory.delete(recorded("DELETE"), Kind::User, &created.id, Precondition::None).await.unwrap();
    let ok = |method: &str| (method.to_owned(), 200);
    assert_eq!(
        logged(&house).await,
        [ok("POST"), ok("PATCH"), ok("PATCH"), ok("DELETE")],
        "also one that changed nothing"
    );
    let query = ExchangeQuery { resource_id: Some(created.id), limit: 1, ..ExchangeQuery::default() };
    let newest = house.directory.request_log(&house.tenant, query).await.unwrap().remove(0);
    let entry = house.directory.exchange(&house.tenant, newest.number).await.unwrap();
    assert!(
        entry.exchange.response_body.unwrap().contains("\"title\":\"x\""),
        "a delete's entry shows what was there"
    );
    assert_eq!(refusal(house.directory.exchange(&house.tenant, 999).await), (404, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_buffered_errors_are_not() {
    let house = house().await;
    house.directory.record_error(&house.tenant, exchange(&house, "POST", 409)).await.unwrap();
    for _ in 0..1_030 {
        house.directory.record_read(&house.tenant, || exchange(&house, "GET", 200));
    }
    assert_eq!(logged(&house).await, [("POST".to_owned(), 409)]);
    assert_eq!((house.directory.left_out_reads(&house.tenant), house.directory.dropped_exchanges()), (6, 6));
    house.directory.flush().await.unwrap();
    assert_eq!(logged(&house).await.len(), 500, "a page");
    let nowhere = directory::TenantId::parse("00000000-0000-7000-8000-000000000000").unwrap();
    house.directory.record_read(&nowhere, || exchange(&house, "GET", 200));
    house.directory.flush().await.unwrap();
    assert_eq!(house.directory.left_out_reads(&nowhere), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_go_after_their_time() {
    let house = house().await;
    house.directory.record_error(&house.tenant, exchange(&house, "POST", 409)).await.unwrap();
    house.clock.advance(SignedDuration::from_hours(24 * 30 - 1));
    house.directory.record_error(&house.tenant, exchange(&house, "PUT", 400)).await.unwrap();
    house.directory.clean_up().await.unwrap();
    assert_eq!(logged(&house).await.len(), 2);
    house.clock.advance(SignedDuration::from_hours(2));
    house.directory.clean_up().await.unwrap();
    assert_eq!(logged(&house).await, [("PUT".to_owned(), 400)]);
}
