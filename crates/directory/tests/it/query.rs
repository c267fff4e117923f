//! Queries: totals, paging both ways, order, the root, what is refused.

use directory::{Kind, Scope};
use jiff::SignedDuration;
use scim::message::SearchRequest;
use scim::sort::SortOrder;
use serde_json::json;

use crate::house::{House, USER, house, ids, refusal};

const USERS: Scope = Scope::Kind(Kind::User);
const GROUPS: Scope = Scope::Kind(Kind::Group);

/// Users u0…, with titles that alternate.
async fn people(house: &House, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 0..count {
        let title = if i % 2 == 0 { "Engineer" } else { "Driver" };
        let body = json!({ "schemas": [USER], "userName": format!("u{i}"), "title": title, "externalId": format!("e{i}") });
        ids.push(house.create(Kind::User, body).await.unwrap().id);
    }
    ids
}

fn page(filter: Option<&str>, start: Option<i64>, count: Option<i64>) -> SearchRequest {
    SearchRequest { filter: filter.map(str::to_owned), start_index: start, count, ..SearchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_index() {
    let house = house().await;
    let all = people(&house, 7).await;
    let engineers: Vec<String> = all.iter().step_by(2).cloned().collect();
    let title = Some("title eq \"ENGINEER\"");
    let named = Some("userName sw \"U\"");
    // Filter, startIndex, count; the startIndex answered, the ids, the total.
    type Case<'a> = (Option<&'a str>, Option<i64>, Option<i64>, u64, &'a [String], u64);
    let cases: &[Case<'_>] = &[
        (None, None, None, 1, &all, 7),
        (None, Some(-5), Some(3), 1, &all[..3], 7),
        (None, Some(6), Some(3), 6, &all[5..], 7),
        (None, Some(8), Some(3), 8, &[], 7),
        (None, Some(i64::MAX), Some(3), i64::MAX as u64, &[], 7),
        (None, None, Some(0), 1, &[], 7),
        (None, None, Some(-1), 1, &[], 7),
        (None, None, Some(i64::MAX), 1, &all, 7),
        (title, None, None, 1, &engineers, 4),
        (title, Some(2), Some(2), 2, &engineers[1..3], 4),
        (title, Some(9), None, 9, &[], 4),
        (title, None, Some(0), 1, &[], 4),
        (named, Some(3), Some(2), 3, &all[2..4], 7),
        (named, Some(7), Some(5), 7, &all[6..], 7),
        (Some("userName eq \"U3\""), None, None, 1, &all[3..4], 1),
        (Some("userName eq \"U3\""), Some(2), None, 2, &[], 1),
        (Some("externalId eq \"E3\""), None, None, 1, &[], 0),
        (Some("externalId eq \"e3\""), None, Some(0), 1, &[], 1),
        (Some("userName eq \"nobody\""), None, None, 1, &[], 0),
    ];
    for (filter, start, count, answered, expected, total) in cases {
        let list = house.search(USERS, page(*filter, *start, *count)).await.unwrap().list;
        let what = format!("{filter:?} {start:?} {count:?}");
        assert_eq!(ids(&list.resources), *expected, "{what}");
        assert_eq!((list.total_results, list.start_index), (*total, Some(*answered)), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_maximum_is_returned() {
    let house = house().await;
    let count = scim::limits::PAGE_DEFAULT + 1;
    people(&house, count).await;
    let list = house.search(USERS, page(None, None, None)).await.unwrap().list;
    assert_eq!((list.resources.len(), list.total_results), (count - 1, count as u64));
}

/// Follow a cursor to its end, doing something after each page.
async fn follow(
    house: &House,
    request: SearchRequest,
    mut after_page: impl AsyncFnMut(usize),
) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), Some(String::new()));
    for number in 0.. {
        let Some(at) = cursor else { break };
        let list =
            house.search(USERS, SearchRequest { cursor: Some(at), ..request.clone() }).await.unwrap().list;
        assert_eq!(list.start_index, None);
        found.extend(ids(&list.resources));
        cursor = list.next_cursor;
        after_page(number).await;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_are_stable_while_resources_come_and_go() {
    let filters = [None, Some("userName sw \"u\""), Some("title pr"), Some("not (title eq \"x\")")];
    let sorts = [None, Some("userName"), Some("title"), Some("meta.created"), Some("nickName")];
    for filter in filters {
        for sort_by in sorts {
            for order in [SortOrder::Ascending, SortOrder::Descending] {
                let house = house().await;
                let all = people(&house, 11).await;
                let request = SearchRequest {
                    filter: filter.map(str::to_owned),
                    sort_by: sort_by.map(str::to_owned),
                    sort_order: order,
                    count: Some(3),
                    ..SearchRequest::default()
                };
                // After each page one that was seen goes and one comes; every one that stays is seen once.
                let found = follow(&house, request, async |number| {
                    house
                        .create(
                            Kind::User,
                            json!({ "schemas": [USER], "userName": format!("v{number}"), "title": "T" }),
                        )
                        .await
                        .unwrap();
                    if number == 0 {
                        house.delete(Kind::User, &all[5]).await.unwrap();
                    }
                })
                .await;
                let what = format!("{filter:?} {sort_by:?} {order:?}");
                for (at, id) in all.iter().enumerate().filter(|(at, _)| *at != 5) {
                    assert_eq!(found.iter().filter(|f| *f == id).count(), 1, "{what}: u{at}");
                }
                let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
                assert_eq!(distinct.len(), found.len(), "{what}: nothing twice");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_full_is_last_only_when_nothing_follows() {
    let house = house().await;
    people(&house, 6).await;
    for (filter, total) in [(None, 6), (Some("title pr"), 6), (Some("title eq \"Driver\""), 3)] {
        let request = SearchRequest { cursor: Some(String::new()), ..page(filter, None, Some(3)) };
        let first = house.search(USERS, request.clone()).await.unwrap().list;
        assert_eq!(first.total_results, total, "{filter:?}");
        assert_eq!(first.next_cursor.is_some(), total > 3, "{filter:?}");
        if let Some(cursor) = first.next_cursor {
            let second =
                house.search(USERS, SearchRequest { cursor: Some(cursor), ..request }).await.unwrap().list;
            assert_eq!(
                (second.resources.len(), second.total_results, second.next_cursor),
                (3, total, None),
                "{filter:?}"
            );
        }
    }
    let request = SearchRequest { cursor: Some(String::new()), ..page(None, None, Some(0)) };
    let none = house.search(USERS, request).await.unwrap().list;
    assert_eq!((none.total_results, none.resources.len(), none.next_cursor), (6, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_of_others_are_refused() {
    let house = house().await;
    people(&house, 4).await;
    let request = SearchRequest { cursor: Some(String::new()), ..page(None, None, Some(2)) };
    let cursor = house.search(USERS, request.clone()).await.unwrap().list.next_cursor.unwrap();
    assert!(
        cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
        "RFC 9865 §2: unreserved characters"
    );
    let with = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = SearchRequest { cursor: Some(cursor.clone()), ..request.clone() };
        change(&mut request);
        request
    };
    let mut tampered = cursor.clone().into_bytes();
    tampered[10] = if tampered[10] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let cases = [
        (USERS, with(&|r| r.cursor = Some(tampered.clone())), "invalidCursor"),
        (USERS, with(&|r| r.cursor = Some("nonsense".into())), "invalidCursor"),
        (USERS, with(&|r| r.cursor = Some("AAAA".repeat(20))), "invalidCursor"),
        (USERS, with(&|r| r.filter = Some("title pr".into())), "invalidCursor"),
        (USERS, with(&|r| r.sort_by = Some("title".into())), "invalidCursor"),
        (GROUPS, with(&|_| {}), "invalidCursor"),
        (Scope::All, with(&|_| {}), "invalidCursor"),
        (USERS, with(&|r| r.count = Some(3)), "invalidCount"),
        (USERS, with(&|r| r.start_index = Some(1)), "invalidValue"),
    ];
    for (at, (scope, request, expected)) in cases.into_iter().enumerate() {
        assert_eq!(refusal(house.search(scope, request).await), (400, expected), "case {at}");
    }
    let other = house.directory.create_tenant(crate::house::caller(), "Contoso").await.unwrap().id;
    assert_eq!(refusal(house.directory.query(&other, USERS, with(&|_| {})).await), (400, "invalidCursor"));
    assert!(house.search(USERS, with(&|_| {})).await.is_ok());
    house.clock.advance(SignedDuration::from_secs(3_601));
    assert_eq!(refusal(house.search(USERS, with(&|_| {})).await), (400, "expiredCursor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn order() {
    let house = house().await;
    let mut made = std::collections::HashMap::new();
    for (name, title) in [("b", Some("Zoo")), ("C", None), ("a", Some("able")), ("d", Some("Zoo"))] {
        let mut body = json!({ "schemas": [USER], "userName": name });
        if let Some(title) = title {
            body["title"] = title.into();
        }
        made.insert(house.create(Kind::User, body).await.unwrap().id, name);
    }
    let cases = [
        ("userName", SortOrder::Ascending, "abCd"),
        ("userName", SortOrder::Descending, "dCba"),
        ("title", SortOrder::Ascending, "abdC"),
        // RFC 7644 §3.4.2.3: without a value last in ascending order, first in descending order.
        ("title", SortOrder::Descending, "Cbda"),
        ("id", SortOrder::Descending, "daCb"),
        ("meta.created", SortOrder::Ascending, "bCad"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", SortOrder::Ascending, "abCd"),
    ];
    for (sort_by, sort_order, expected) in cases {
        for (start, count) in [(1, 10), (2, 2), (4, 5)] {
            let request = SearchRequest {
                sort_by: Some(sort_by.into()),
                sort_order,
                ..page(None, Some(start), Some(count))
            };
            let list = house.search(USERS, request).await.unwrap().list;
            let found: String = ids(&list.resources).iter().map(|id| made[id]).collect();
            let expected: String = expected.chars().skip(start as usize - 1).take(count as usize).collect();
            assert_eq!((found, list.total_results), (expected, 4), "{sort_by} {sort_order:?} {start}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_holds_both_kinds() {
    let house = house().await;
    let nadia = house.user("nadia").await;
    let rail = house.group("Rail", &[&nadia]).await;
    let mira = house.user("mira").await;
    let cases: &[(&str, &[&String])] = &[
        ("id pr", &[&nadia, &mira, &rail]),
        ("userName eq \"nadia\"", &[&nadia]),
        ("displayName eq \"rail\"", &[&rail]),
        ("userName eq \"mira\" or displayName eq \"rail\"", &[&mira, &rail]),
        ("meta.resourceType eq \"User\"", &[&nadia, &mira]),
        ("meta.resourceType eq \"Group\" and id pr", &[&rail]),
        ("meta.resourceType eq \"user\"", &[]),
        ("not (meta.resourceType eq \"User\")", &[&rail]),
        ("userName eq \"nadia\" and displayName eq \"Rail\"", &[]),
        (&format!("members eq \"{nadia}\""), &[&rail]),
        (&format!("groups.value eq \"{rail}\" or id eq \"{rail}\""), &[&nadia, &rail]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        assert_eq!(house.find(Scope::All, filter).await.unwrap(), expected, "{filter}");
    }
    for unknown in [
        "nosuch eq \"x\"",
        "userName eq \"nadia\" or nosuch pr",
        "not (nosuch pr)",
        "members.nosuch eq \"x\"",
    ] {
        assert_eq!(refusal(house.find(Scope::All, unknown).await), (400, "invalidFilter"), "{unknown}");
    }
    let list = house.search(Scope::All, page(None, Some(2), Some(2))).await.unwrap().list;
    assert_eq!((ids(&list.resources), list.total_results), (vec![mira.clone(), rail.clone()], 3));
    let sorted = SearchRequest { sort_by: Some("displayName".into()), ..page(None, None, None) };
    let list = house.search(Scope::All, sorted).await.unwrap().list;
    assert_eq!(ids(&list.resources), [rail, nadia, mira]);
    let (mut found, mut cursor) = (0, Some(String::new()));
    while let Some(at) = cursor {
        let list = house
            .search(Scope::All, SearchRequest { cursor: Some(at), ..page(None, None, Some(1)) })
            .await
            .unwrap()
            .list;
        found += list.resources.len();
        cursor = list.next_cursor;
    }
    assert_eq!(found, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_queries() {
    let house = house().await;
    let filters = [
        "nosuch eq \"x\"",
        "userName eq \"bob\" and nosuch eq \"x\"",
        "displayName",
        "active gt true",
        "members eq \"x\"",
        "(",
    ];
    for filter in filters {
        assert_eq!(refusal(house.find(USERS, filter).await), (400, "invalidFilter"), "{filter}");
    }
    for sort_by in ["nosuch", "members", "a b", "name.nosuch"] {
        let request = SearchRequest { sort_by: Some(sort_by.into()), ..SearchRequest::default() };
        assert_eq!(refusal(house.search(USERS, request).await), (400, "invalidValue"), "{sort_by}");
    }
    let both = SearchRequest {
        attributes: vec!["id".into()],
        excluded_attributes: vec!["name".into()],
        ..SearchRequest::default()
    };
    assert_eq!(refusal(house.search(USERS, both).await).0, 400);
    let nowhere = directory::TenantId::parse("00000000-0000-7000-8000-000000000000").unwrap();
    assert_eq!(refusal(house.directory.query(&nowhere, USERS, SearchRequest::default()).await), (404, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_choose_what_is_shown() {
    let house = house().await;
    people(&house, 1).await;
    let request = SearchRequest { attributes: vec!["userName".into()], ..SearchRequest::default() };
    let list = house.search(USERS, request).await.unwrap().list;
    let keys: Vec<&str> = list.resources[0].keys().map(String::as_str).collect();
    assert!(keys.contains(&"id") && keys.contains(&"userName") && !keys.contains(&"title"), "{keys:?}");
}

/// What the indexes alone would get wrong.
#[tokio::test(flavor = "multi_thread")]
async fn the_edges_of_the_indexes() {
    let house = house().await;
    let mut made = Vec::new();
    for name in ["x", "x\u{10ffff}z", "y", "\u{10ffff}", "\u{10ffff}\u{10ffff}a", "\u{d7ff}a", "\u{e000}"] {
        let body = json!({ "schemas": [USER], "userName": name, "externalId": name });
        made.push(house.create(Kind::User, body).await.unwrap().id);
    }
    let emails = json!([{ "type": "work", "value": "a@x" }, { "type": "home", "value": "B@x" }]);
    let emails = json!([{ "op": "add", "path": "emails", "value": emails }]);
    house.patch(Kind::User, &made[6], emails).await.unwrap();
    house.patch(Kind::User, &made[0], json!([{ "op": "remove", "path": "active" }])).await.unwrap();
    house
        .patch(Kind::User, &made[2], json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .unwrap();
    let cases: &[(&str, &[usize])] = &[
        ("userName sw \"x\"", &[0, 1]),
        ("externalId sw \"x\"", &[0, 1]),
        ("userName sw \"\u{10ffff}\"", &[3, 4]),
        ("externalId sw \"\u{10ffff}\u{10ffff}\"", &[4]),
        ("externalId sw \"x\u{10ffff}\"", &[1]),
        ("externalId sw \"\u{d7ff}\"", &[5]),
        ("externalId sw \"\"", &[0, 1, 2, 3, 4, 5, 6]),
        ("externalId eq \"\"", &[]),
        ("emails[type eq \"work\" and value eq \"A@X\"]", &[6]),
        ("emails[type eq \"home\" and value eq \"a@x\"]", &[]),
        ("emails[type eq \"work\"].value eq \"b@x\"", &[]),
        ("emails[value eq \"a@x\" or value eq \"c@x\"]", &[6]),
        ("emails.value eq \"b@x\" and emails.type eq \"work\"", &[6]),
        ("active eq false", &[2]),
        ("active eq \"False\" and userName pr", &[2]),
        ("active ne true", &[0, 2]),
        ("active eq true and externalId sw \"x\"", &[1]),
        ("userName sw \"a_\"", &[]),
        ("userName sw \"%\"", &[]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<&str> = expected.iter().map(|&i| made[i].as_str()).collect();
        assert_eq!(house.find(USERS, filter).await.unwrap(), expected, "{filter}");
    }
}
