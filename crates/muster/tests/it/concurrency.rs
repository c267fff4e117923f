//! Many clients at once: nothing is lost, nothing is done twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{Client, id_of, user};
use crate::server::Server;

/// Run `count` tasks at once and gather what they give.
async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..count {
        running.spawn(task(number));
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_members_added_by_32_clients_are_exactly_a_thousand() {
    const CLIENTS: usize = 32;
    const MEMBERS: usize = 1_000;
    let server = Server::start(&[]);
    let tenant = server.tenant("T");
    let group = tenant.client.create_group("All").await;
    let ids: Arc<Vec<String>> = Arc::new((0..MEMBERS).map(|n| format!("member-{n:04}")).collect());
    at_once(CLIENTS, |number| {
        let client = Client::new(&tenant.client.base, &tenant.client.key);
        let (ids, path) = (ids.clone(), format!("/Groups/{group}"));
        async move {
            for id in ids.iter().skip(number).step_by(CLIENTS) {
                let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": id }] }]);
                let reply = client.patch(&path, &add).await;
                assert!(matches!(reply.status, 200 | 204), "{}", reply.text);
            }
        }
    })
    .await;
    let body = tenant.client.get(&format!("/Groups/{group}")).await.expect(200);
    let members: Vec<_> =
        body["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap()).collect();
    let distinct: BTreeSet<_> = members.iter().copied().collect();
    assert_eq!((members.len(), distinct), (MEMBERS, ids.iter().map(String::as_str).collect()));
    // Each of the thousand was a change of its own.
    assert_eq!(body["meta"]["version"], format!("W/\"{}\"", MEMBERS + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_name_is_given_once() {
    let server = Server::start(&[]);
    let tenant = server.tenant("T");
    for round in 0..5 {
        let mut statuses = at_once(64, |number| {
            let client = tenant.client.clone();
            // The case differs; the name does not.
            let name = format!("Only.One.{round}@example.com");
            let name = if number % 2 == 0 { name.to_uppercase() } else { name };
            async move {
                let reply = client.post("/Users", &user(&name)).await;
                if reply.status == 409 {
                    assert_eq!(reply.body["scimType"], "uniqueness");
                }
                reply.status
            }
        })
        .await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201);
        assert_eq!(statuses[1..], [409; 63]);
    }
    let listed = tenant.client.get("/Users").await.expect(200);
    assert_eq!(listed["totalResults"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_with_the_same_if_match_one_wins() {
    let server = Server::start(&[]);
    let tenant = server.tenant("T");
    let id = id_of(&tenant.client.post("/Users", &user("cas@example.com")).await.expect(201));
    let path = format!("/Users/{id}");
    for round in 0..5 {
        let tag = tenant.client.get(&path).await.header("etag").to_owned();
        let answers = at_once(16, |number| {
            let (client, path, tag) = (tenant.client.clone(), path.clone(), tag.clone());
            async move {
                let mut body = user("cas@example.com");
                body["nickName"] = json!(format!("writer-{round}-{number}"));
                let headers = [("if-match", tag.as_str())];
                let reply = client.try_send("PUT", &path, &headers, Some(&body)).await.unwrap();
                (reply.status, number)
            }
        })
        .await;
        let winners: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 412)), "{answers:?}");
        let body = tenant.client.get(&path).await.expect(200);
        assert_eq!(body["nickName"], format!("writer-{round}-{}", winners[0].1));
    }
}

/// Each adds one to a number in the user: with If-Match and trying again, no addition is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_kept_by_if_match_is_exact() {
    const CLIENTS: usize = 8;
    const EACH: usize = 10;
    let server = Server::start(&[]);
    let tenant = server.tenant("T");
    let id = id_of(&tenant.client.post("/Users", &user("counter@example.com")).await.expect(201));
    at_once(CLIENTS, |_| {
        let (client, path) = (tenant.client.clone(), format!("/Users/{id}"));
        async move {
            for _ in 0..EACH {
                loop {
                    let current = client.get(&path).await;
                    let tag = current.header("etag").to_owned();
                    let count: u64 = current.body["nickName"].as_str().unwrap_or("0").parse().unwrap();
                    let value = (count + 1).to_string();
                    let body = crate::client::patch_body(
                        &json!([{ "op": "replace", "path": "nickName", "value": value }]),
                    );
                    let headers = [("if-match", tag.as_str())];
                    match client.try_send("PATCH", &path, &headers, Some(&body)).await.unwrap().status {
                        200 => break,
                        412 => {}
                        other => panic!("{other}"),
                    }
                }
            }
        }
    })
    .await;
    let body = tenant.client.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(body["nickName"], (CLIENTS * EACH).to_string());
}
