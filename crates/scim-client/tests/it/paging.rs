//! Pages from a target that counts wrongly, repeats itself or never ends.

use std::ops::Range;

use scim::message::SearchRequest;
use scim_client::{Failure, PageLimits};
use serde_json::json;

use crate::server::{Act, Received, Server, scim};

/// The ids of all pages, and how many requests it took.
async fn all(
    server: &Server,
    search: SearchRequest,
    limits: PageLimits,
) -> Result<(Vec<u64>, usize), Failure> {
    let mut pager = server.client().pages("/Users", search, limits);
    let mut ids = Vec::new();
    while let Some(page) = pager.next().await? {
        ids.extend(page.value.items.iter().map(|object| object.id.parse::<u64>().unwrap()));
    }
    assert!(pager.next().await?.is_none());
    Ok((ids, server.received().len()))
}

fn parameter(request: &Received, name: &str) -> Option<String> {
    let url = url::Url::parse(&format!("http://x{}", request.path)).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn list(ids: Range<u64>, total: Option<u64>, cursor: Option<&str>) -> Vec<Act> {
    let resources: Vec<_> = ids.map(|id| json!({ "id": id.to_string() })).collect();
    let mut body = json!({ "Resources": resources });
    if let Some(total) = total {
        body["totalResults"] = total.into();
    }
    if let Some(cursor) = cursor {
        body["nextCursor"] = cursor.into();
    }
    vec![Act::Send(scim("200 OK", &body.to_string()))]
}

/// A server of `size` users that gives at most `cap` a page and says that there are `total`.
async fn users(size: u64, cap: u64, total: Option<u64>) -> Server {
    Server::start(move |_, request| {
        let number =
            |name, default| parameter(request, name).map_or(default, |n: String| n.parse::<u64>().unwrap());
        let start = number("startIndex", 1) - 1;
        let count = number("count", 100).min(cap);
        list(start.min(size)..(start + count).min(size), total, None)
    })
    .await
}

fn count(count: i64) -> SearchRequest {
    SearchRequest { count: Some(count), ..SearchRequest::default() }
}

#[tokio::test]
async fn every_item_comes_once() {
    for (size, cap, total, requests) in [
        (0, 10, Some(0), 1),
        (25, 10, Some(25), 3),
        // Smaller pages than asked for.
        (25, 4, Some(25), 7),
        // Full last page: asked once more, because totals lie.
        (20, 10, Some(20), 3),
        (25, 10, Some(3), 3),
        (25, 10, Some(1_000_000), 4),
        (25, 10, None, 4),
    ] {
        let server = users(size, cap, total).await;
        let (ids, sent) = all(&server, count(10), PageLimits::default()).await.unwrap();
        assert_eq!(ids, (0..size).collect::<Vec<_>>(), "size {size} cap {cap} total {total:?}");
        assert_eq!(sent, requests, "size {size} cap {cap} total {total:?}");
    }
}

#[tokio::test]
async fn a_target_that_ignores_paging() {
    // More than asked for, all at once.
    let server = Server::start(|_, _| list(0..25, Some(25), None)).await;
    assert_eq!(all(&server, count(10), PageLimits::default()).await.unwrap(), ((0..25).collect(), 1));
    // By chance exactly a page: asked once more, and the same comes again.
    let server = Server::start(|_, _| list(0..10, Some(10), None)).await;
    assert_eq!(all(&server, count(10), PageLimits::default()).await.unwrap(), ((0..10).collect(), 2));
}

#[tokio::test]
async fn repeating_and_endless_lists_are_refused() {
    let server = Server::start(|_, _| list(0..10, Some(100), None)).await;
    assert_eq!(all(&server, count(10), PageLimits::default()).await.unwrap_err().code(), "BadResponse");
    assert_eq!(server.received().len(), 2);

    let endless =
        || Server::start(|number, _| list(number as u64 * 10..number as u64 * 10 + 10, Some(u64::MAX), None));
    let few = PageLimits { pages_max: 5, ..PageLimits::default() };
    let server = endless().await;
    assert_eq!(all(&server, count(10), few).await.unwrap_err().code(), "BadResponse");
    assert_eq!(server.received().len(), 6);
    let items = PageLimits { items_max: 30, ..PageLimits::default() };
    let server = endless().await;
    assert_eq!(all(&server, count(10), items).await.unwrap_err().code(), "BadResponse");
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn cursors_are_followed() {
    let by_cursor = || SearchRequest { cursor: Some(String::new()), ..count(10) };
    let server = Server::start(|_, request| match parameter(request, "cursor").unwrap().as_str() {
        "" => list(0..10, Some(25), Some("a&b")),
        "a&b" => list(10..10, None, Some("c")),
        "c" => list(10..20, None, None),
        other => panic!("cursor {other}"),
    })
    .await;
    assert_eq!(all(&server, by_cursor(), PageLimits::default()).await.unwrap(), ((0..20).collect(), 3));
    assert!(server.received().iter().all(|request| parameter(request, "startIndex").is_none()));

    let server = Server::start(|number, _| list(number as u64..number as u64 + 1, None, Some("again"))).await;
    let circle = all(&server, by_cursor(), PageLimits::default()).await;
    assert_eq!(circle.unwrap_err().code(), "BadResponse");
    assert_eq!(server.received().len(), 2);
}
