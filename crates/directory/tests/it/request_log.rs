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
    house.directory.record_error(&house.tenant, exchange(&house, "POST", 409)).await;
    for _ in 0..1_030 {
        house.directory.record_read(&house.tenant, || exchange(&house, "GET", 200));
    }
    assert_eq!(logged(&house).await, [("POST".to_owned(), 409)]);
    assert_eq!(
        (house.directory.left_out_reads(&house.tenant), house.directory.left_out_reads_in_all()),
        (6, 6)
    );
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
    house.directory.record_error(&house.tenant, exchange(&house, "POST", 409)).await;
    house.clock.advance(SignedDuration::from_hours(24 * 30 - 1));
    house.directory.record_error(&house.tenant, exchange(&house, "PUT", 400)).await;
    house.directory.clean_up().await.unwrap();
    assert_eq!(logged(&house).await.len(), 2);
    house.clock.advance(SignedDuration::from_hours(2));
    house.directory.clean_up().await.unwrap();
    assert_eq!(logged(&house).await, [("PUT".to_owned(), 400)]);
}

/// What the log says about requests answered with `status`: how many entries, and how many requests they stand for.
async fn accounted(house: &House, status: u16) -> (usize, u64) {
    let query = ExchangeQuery { limit: 500, ..ExchangeQuery::default() };
    let rows = house.directory.request_log(&house.tenant, query).await.unwrap();
    let of_status = rows.iter().map(|row| &row.exchange).filter(|e| e.status == status);
    let stands_for = |e: &Exchange| {
        let count = e.detail.as_deref().unwrap_or_default().rsplit('(').next().unwrap_or_default();
        1 + count.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
    };
    of_status.fold((0, 0), |(rows, requests), e| (rows + 1, requests + stands_for(e)))
}

fn refuse(house: &House, key: &str, status: u16) {
    house.directory.record_refusal(&house.tenant, Some(key), status, || Exchange {
        key_id: Some(key.to_owned()),
        detail: Some("wait".into()),
        ..exchange(house, "GET", status)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_is_accounted_for() {
    let house = house().await;
    for _ in 0..5_000 {
        refuse(&house, "key-a", 429);
    }
    for _ in 0..100 {
        refuse(&house, "key-b", 429);
    }
    for _ in 0..102 {
        refuse(&house, "key-a", 401);
    }
    assert_eq!(accounted(&house, 429).await, (0, 0), "they wait for the next second");
    house.directory.flush().await.unwrap();
    assert_eq!(accounted(&house, 429).await, (101 + 100, 5_100));
    assert_eq!(accounted(&house, 401).await, (101, 102));
    refuse(&house, "key-a", 429);
    house.directory.flush().await.unwrap();
    assert_eq!(accounted(&house, 429).await, (202, 5_101), "another second, another hundred");
    assert_eq!(house.directory.left_out_reads(&house.tenant), 0);
    let query = ExchangeQuery { text: Some("more request".into()), limit: 9, ..ExchangeQuery::default() };
    let rows = house.directory.request_log(&house.tenant, query).await.unwrap();
    let mut said: Vec<&str> = rows.iter().filter_map(|row| row.exchange.detail.as_deref()).collect();
    said.sort_unstable();
    let expected = [
        "wait (1 more request of this API key answered 401 came with it)",
        "wait (4899 more requests of this API key answered 429 came with it)",
    ];
    assert_eq!(said, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_fill_no_memory() {
    let house = house().await;
    for key in 0..20 {
        for _ in 0..90 {
            refuse(&house, &format!("key-{key}"), 429);
        }
    }
    house.directory.flush().await.unwrap();
    let query = ExchangeQuery { limit: 500, ..ExchangeQuery::default() };
    let newest = house.directory.request_log(&house.tenant, query).await.unwrap()[0].number;
    assert!(newest <= 1_024 + 20, "{newest} entries");
}

/// Errors that come while the writer has too much to do: late in the log, and all of them.
#[tokio::test(flavor = "multi_thread")]
async fn errors_outlast_a_busy_writer() {
    let house = house().await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let store = house.store.tenant(&house.tenant);
    let blocker = tokio::spawn(async move {
        let hold = move |_: &store::TenantWrite<'_>| {
            begun.send(()).unwrap();
            held.recv().map_err(|e| store::Error::Unavailable(e.to_string()))
        };
        store.write(hold).await.unwrap();
    });
    has_begun.recv().unwrap();
    // As many writes as may wait; polled once, each has its place in the queue.
    let mut waiting = Vec::new();
    loop {
        let tenant = house.store.tenant(&house.tenant);
        let mut write = Box::pin(async move { tenant.write(|_| Ok::<(), store::Error>(())).await });
        match std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx))).await {
            std::task::Poll::Pending => waiting.push(write),
            std::task::Poll::Ready(outcome) => break assert_eq!(outcome, Err(store::Error::Busy)),
        }
    }
    for _ in 0..150 {
        house.directory.record_error(&house.tenant, exchange(&house, "PATCH", 503)).await;
    }
    house.directory.flush().await.unwrap();
    assert_eq!(accounted(&house, 503).await, (0, 0), "there is no room to write, also not to flush");
    refuse(&house, "key-a", 429);
    release.send(()).unwrap();
    blocker.await.unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    house.directory.flush().await.unwrap();
    assert_eq!(accounted(&house, 503).await, (101, 150));
    assert_eq!(accounted(&house, 429).await, (1, 1));
}
