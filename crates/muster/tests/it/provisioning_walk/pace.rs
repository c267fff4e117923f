//! A target that asks for patience (item 34).

use serde_json::{Value, json};

use super::cast::{APP, Walk};
use super::mirror;
use crate::client::{id_of, user};

const CROWD: usize = 120;
/// Requests a second at the provider: few enough that the service meets 429, enough that the test ends.
const RATE: &str = "25";

/// Answers 429 of this server so far.
async fn throttled(walk: &Walk) -> u64 {
    let text =
        reqwest::get(format!("{}/metrics", walk.stage.server.url)).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("muster_rate_limited_total ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

pub(super) async fn of_the_target_is_kept_and_nobody_is_lost(walk: &Walk) {
    let company = &walk.company.client;
    let mut members = Vec::new();
    for number in 0..CROWD {
        let mut person = user(&format!("crew{number:03}@contoso.example"));
        person[scim::urn::DIRECTORY_USER] = json!({ "mailNickname": format!("crew-{number}") });
        person["name"] = json!({ "givenName": "Crew", "familyName": number.to_string() });
        members.push(json!({ "value": id_of(&company.post("/Users", &person).await.expect(201)) }));
    }
    let body = json!({ "schemas": [scim::urn::GROUP], "displayName": "Whole Crew", "members": members });
    company.post("/Groups", &body).await.expect(201);
    walk.assign(&["Whole Crew"]).await;
    walk.limit(RATE).await;
    let before = throttled(walk).await;
    let cycle = walk.cycle(async || walk.start().await).await;
    assert_eq!(cycle["outcome"], "completed", "{cycle:#}");
    walk.until("nothing held for later", async || walk.status()["held"]["objects"] == 0).await;
    walk.stop().await;
    assert!(throttled(walk).await > before, "the limit was met, or this proves nothing");
    walk.limit("0").await;
    mirror::must_agree(walk, "after a cycle at the target's pace").await;
    let failures = walk.command(&["logs", APP, "--status", "failure", "--text", "crew"]);
    assert!(failures.as_array().is_some_and(Vec::is_empty) || failures == Value::Null, "{failures:#}");
}
