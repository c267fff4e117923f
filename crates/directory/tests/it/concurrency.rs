//! Many at once.

use std::sync::Arc;

use directory::{Kind, Precondition};
use serde_json::json;
use tokio::task::JoinSet;

use crate::house::{USER, house, object};

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_64_creates_of_one_name_one_succeeds() {
    let house = Arc::new(house().await);
    let mut tasks = JoinSet::new();
    for i in 0..64 {
        let house = Arc::clone(&house);
        tasks.spawn(async move {
            let name = if i % 2 == 0 { "Nadia" } else { "nADIA" };
            house
                .create(Kind::User, json!({ "schemas": [USER], "userName": name }))
                .await
                .map_err(|e| e.status())
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|o| **o == Err(409)).count(), 63);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn members_added_by_32_clients_are_all_there() {
    let house = Arc::new(house().await);
    let group = house.group("Rail", &["ghost-to-go"]).await;
    let mut tasks = JoinSet::new();
    for client in 0..32 {
        let (house, group) = (Arc::clone(&house), group.clone());
        tasks.spawn(async move {
            for i in (client..1_000).step_by(32) {
                let operations =
                    json!([{ "op": "Add", "path": "members", "value": [{ "value": format!("m-{i:04}") }] }]);
                house.patch(Kind::Group, &group, operations).await.unwrap();
                if i == 500 {
                    let operations =
                        json!([{ "op": "Remove", "path": "members", "value": [{ "value": "ghost-to-go" }] }]);
                    house.patch(Kind::Group, &group, operations).await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    let expected: Vec<String> = (0..1_000).map(|i| format!("m-{i:04}")).collect();
    assert_eq!(house.members(&group).await, expected);
    let found = house.get(Kind::Group, &group).await.unwrap();
    assert_eq!(found["meta"]["version"], "W/\"1002\"", "each change is one version");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_writers_that_read_one_version_one_wins() {
    let house = Arc::new(house().await);
    let id = house.user("nadia").await;
    let mut tasks = JoinSet::new();
    for i in 0..16 {
        let (house, id) = (Arc::clone(&house), id.clone());
        tasks.spawn(async move {
            let body = object(json!({ "schemas": [USER], "userName": "nadia", "title": format!("t{i}") }));
            let condition = Precondition::from_headers(Some("W/\"1\""), None).unwrap();
            house
                .directory
                .replace(house.cx(), Kind::User, &id, body, condition)
                .await
                .map_err(|e| e.status())
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|o| **o == Err(412)).count(), 15);
}
